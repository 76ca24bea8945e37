//! Message properties as HTTP headers (`device.md` §7, `service.md` §8.1).
//!
//! Names of application properties keep to the documented set. Values may be any printable
//! ASCII: that is what a header can carry, and a documented one (a creation time) has colons.

use crate::error::HubError;
use crate::mqtt::property_bag::{MessageProperties, SystemProperty, is_valid_message_id};

/// Before the name of an application property.
const APPLICATION_PREFIX: &str = "iothub-app-";

/// Collects the properties among header names and values; other headers are ignored.
pub fn read<'a>(
    pairs: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<MessageProperties, HubError> {
    let mut properties = MessageProperties::default();
    for (name, value) in pairs {
        let lower = name.to_ascii_lowercase();
        if lower.starts_with(APPLICATION_PREFIX) {
            let own = name.get(APPLICATION_PREFIX.len()..).unwrap_or_default();
            if own.is_empty() || !own.bytes().all(is_name_byte) {
                return Err(HubError::invalid(format!(
                    "The property name {own:?} is not legal: use ASCII letters, digits and ! # $ % & ' * + - . ^ _ ` | ~."
                )));
            }
            check_value(own, value)?;
            properties.set_application(own, value);
        } else if let Some(property) = SystemProperty::from_header(&lower) {
            check_value(&lower, value)?;
            if property == SystemProperty::MessageId && !is_valid_message_id(value) {
                return Err(HubError::invalid(
                    "iothub-messageid has at most 128 ASCII letters, digits and - : . + % _ # * ? ! ( ) , = @ ; $ '.",
                ));
            }
            properties.set(property, value);
        }
    }
    Ok(properties)
}

/// The headers that carry these properties to a device.
pub fn headers(properties: &MessageProperties) -> Vec<(String, &str)> {
    let system = properties
        .system
        .iter()
        .filter_map(|(property, value)| Some((property.header()?.to_owned(), value.as_str())));
    // A name from elsewhere that cannot be a header is left out rather than breaking the answer.
    let application = properties
        .application
        .iter()
        .filter(|(name, _)| !name.is_empty() && name.bytes().all(is_name_byte))
        .map(|(name, value)| {
            (
                format!("{APPLICATION_PREFIX}{}", name.to_ascii_lowercase()),
                value.as_str(),
            )
        });
    system.chain(application).collect()
}

fn check_value(name: &str, value: &str) -> Result<(), HubError> {
    if value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        Ok(())
    } else {
        Err(HubError::invalid(format!(
            "The value of {name} may hold printable ASCII only; escape other text."
        )))
    }
}

/// `device.md` §3.3; also exactly what a header name may hold.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Result<MessageProperties, HubError> {
        read(pairs.iter().copied())
    }

    #[test]
    fn system_and_application_headers_are_told_apart() {
        let properties = of(&[
            ("iothub-messageid", "m-1"),
            ("IoTHub-App-level", "critical"),
            ("iothub-contenttype", "application/json; charset=utf-8"),
            (
                "iothub-app-iothub-creation-time-utc",
                "2026-03-01T10:00:00Z",
            ),
            ("dt-subject", "thermostat"),
            ("authorization", "SharedAccessSignature secret"),
            ("iothub-operation", "d2c"),
        ])
        .unwrap();
        assert_eq!(
            properties.system,
            [
                (SystemProperty::MessageId, "m-1".to_owned()),
                (
                    SystemProperty::ContentType,
                    "application/json; charset=utf-8".to_owned()
                ),
                (SystemProperty::Subject, "thermostat".to_owned()),
            ]
        );
        assert_eq!(properties.application("level"), Some("critical"));
        assert_eq!(
            properties.application("iothub-creation-time-utc"),
            Some("2026-03-01T10:00:00Z")
        );
        assert_eq!(properties.application.len(), 2);
    }

    #[test]
    fn illegal_names_values_and_ids_are_refused_by_name() {
        for (pair, named) in [
            (("iothub-app-", "x"), "property name"),
            (("iothub-app-a b", "x"), "a b"),
            (("iothub-app-a/b", "x"), "a/b"),
            (("iothub-app-town", "Köln"), "town"),
            (("iothub-messageid", "a b"), "iothub-messageid"),
            (("iothub-messageid", &"m".repeat(129)), "iothub-messageid"),
        ] {
            let error = of(&[pair]).unwrap_err();
            assert!(error.message.contains(named), "{}", error.message);
        }
        assert!(of(&[("iothub-messageid", &"m".repeat(128))]).is_ok());
    }

    #[test]
    fn what_was_read_is_written_back() {
        let pairs = [("iothub-correlationid", "c"), ("iothub-app-level", "high")];
        let properties = of(&pairs).unwrap();
        let written: Vec<_> = headers(&properties);
        assert_eq!(written, pairs.map(|(name, value)| (name.to_owned(), value)));
    }
}
