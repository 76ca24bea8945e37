//! The MQTT user name of IoT Hub: host, identity and facts about the client (`device.md` §2.2).

use crate::ids::{DeviceId, Identity, InvalidId, ModuleId};
use crate::percent;
use std::fmt;

/// Longest kept `DeviceClientType`, in characters; the rest is cut off.
pub const MAX_CLIENT_TYPE_LENGTH: usize = 512;
/// Longest kept `api-version`, in characters; the rest is cut off.
pub const MAX_API_VERSION_LENGTH: usize = 64;
/// Longest model id, as DTDL limits it.
pub const MAX_MODEL_ID_LENGTH: usize = 2048;
/// Longest host name, as DNS limits it.
const MAX_HOST_NAME_LENGTH: usize = 253;

/// What a user name says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserName {
    /// `{h}`, as the client wrote it.
    pub host_name: String,
    /// Who connects.
    pub identity: Identity,
    /// `api-version`; optional, any value.
    pub api_version: Option<String>,
    /// `DeviceClientType`: SDK and version.
    pub client_type: Option<String>,
    /// `model-id`: the DTMI of the device's model.
    pub model_id: Option<String>,
}

/// Why a user name cannot be read: the hub answers CONNACK 3 (`device.md` §2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidUserName {
    /// Not `{host}/{device}…`.
    Form,
    /// The host part is empty or too long.
    HostName,
    /// The device id is not an id.
    DeviceId(InvalidId),
    /// The module id is not an id.
    ModuleId(InvalidId),
    /// More segments than host, device, module and query.
    TooManySegments,
    /// The model id is too long.
    ModelId,
}

impl fmt::Display for InvalidUserName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Form => formatter.write_str(
                "the user name must be {host name}/{device id}/?api-version=2021-04-12",
            ),
            Self::HostName => formatter.write_str("the user name must begin with the hub's host name"),
            Self::DeviceId(error) => write!(formatter, "the device id in the user name: {error}"),
            Self::ModuleId(error) => write!(formatter, "the module id in the user name: {error}"),
            Self::TooManySegments => formatter.write_str(
                "the user name has too many '/': it is {host name}/{device id}[/{module id}]/?{query}, and '/' in a query value is %2F",
            ),
            Self::ModelId => write!(formatter, "the model id in the user name has over {MAX_MODEL_ID_LENGTH} characters"),
        }
    }
}

impl std::error::Error for InvalidUserName {}

impl UserName {
    /// Reads all forms that clients of any age send.
    pub fn parse(text: &str) -> Result<Self, InvalidUserName> {
        let (host_name, rest) = text.split_once('/').ok_or(InvalidUserName::Form)?;
        if host_name.is_empty() || host_name.len() > MAX_HOST_NAME_LENGTH {
            return Err(InvalidUserName::HostName);
        }
        let (device, rest) = match rest.split_once('/') {
            Some((device, rest)) => (device, Some(rest)),
            None => (rest, None),
        };
        let device = DeviceId::parse(device).map_err(InvalidUserName::DeviceId)?;
        let (module, query) = rest.map_or((None, ""), split_module_and_query);
        let module = match module {
            Some(module) if module.contains('/') => return Err(InvalidUserName::TooManySegments),
            Some(module) => Some(ModuleId::parse(module).map_err(InvalidUserName::ModuleId)?),
            None => None,
        };
        let model_id = query_value(query, "model-id");
        if model_id
            .as_ref()
            .is_some_and(|id| id.len() > MAX_MODEL_ID_LENGTH)
        {
            return Err(InvalidUserName::ModelId);
        }
        Ok(Self {
            host_name: host_name.to_owned(),
            identity: Identity { device, module },
            api_version: query_value(query, "api-version")
                .map(|text| cut(text, MAX_API_VERSION_LENGTH)),
            client_type: query_value(query, "DeviceClientType")
                .map(|text| cut(text, MAX_CLIENT_TYPE_LENGTH)),
            model_id: model_id.filter(|id| !id.is_empty()),
        })
    }

    /// The form that current SDKs send.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}/{}/?", self.host_name, self.identity);
        let values = [
            ("api-version", &self.api_version),
            ("DeviceClientType", &self.client_type),
            ("model-id", &self.model_id),
        ];
        let mut separator = "";
        for (name, value) in values {
            if let Some(value) = value {
                text.push_str(separator);
                text.push_str(name);
                text.push('=');
                percent::encode_into(&mut text, value);
                separator = "&";
            }
        }
        text
    }

    /// Whether a client id names the same identity; ordinal (`device.md` §2.1).
    pub fn matches_client_id(&self, client_id: &str) -> bool {
        match &self.identity.module {
            None => client_id == self.identity.device.as_str(),
            Some(module) => client_id.split_once('/').is_some_and(|(device, rest)| {
                device == self.identity.device.as_str() && rest == module.as_str()
            }),
        }
    }
}

/// Splits what follows `{h}/{d}/`. The query is the last segment if it starts with `?`, or
/// begins at the segment that holds one of its well-known keys; so a `/` that a client
/// forgot to escape in its type does no harm.
fn split_module_and_query(rest: &str) -> (Option<&str>, &str) {
    let mut start = 0;
    for segment in rest.split('/') {
        let end = start + segment.len();
        let is_last = end == rest.len();
        if segment.contains("api-version=")
            || segment.contains("DeviceClientType=")
            || (is_last && segment.starts_with('?'))
        {
            let (before, query) = rest.split_at(start);
            let module = before.strip_suffix('/').filter(|module| !module.is_empty());
            return (module, query.strip_prefix('?').unwrap_or(query));
        }
        start = end + 1;
    }
    let module = rest.strip_suffix('/').unwrap_or(rest);
    (Some(module).filter(|module| !module.is_empty()), "")
}

/// The first value of a key, percent-decoded; `+` stays.
fn query_value(query: &str, key: &str) -> Option<String> {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(name, _)| *name == key)
        .map(|(_, value)| percent::decode_leniently(value).into_owned())
}

fn cut(mut text: String, length: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(length) {
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(text: &str) -> UserName {
        UserName::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn every_form_of_the_contract() {
        for (text, identity, api_version) in [
            (
                "h/d/?api-version=2019-10-01&DeviceClientType=x",
                "d",
                Some("2019-10-01"),
            ),
            (
                "h/d/m/?api-version=2019-10-01&DeviceClientType=x",
                "d/m",
                Some("2019-10-01"),
            ),
            (
                "h/d/api-version=2016-11-14&DeviceClientType=x",
                "d",
                Some("2016-11-14"),
            ),
            ("h/d/m/api-version=2016-11-14", "d/m", Some("2016-11-14")),
            (
                "h/d/DeviceClientType=x&api-version=2016-11-14",
                "d",
                Some("2016-11-14"),
            ),
            ("h/d", "d", None),
            ("h/d/", "d", None),
            ("h/d/m", "d/m", None),
            ("h/d/m/", "d/m", None),
            ("h/d/?", "d", None),
            // '?' is legal in an id, so only the last segment may be a query by it alone.
            ("h/d/?m/?api-version=1", "d/?m", Some("1")),
            ("h/d/?x=y&api-version=&api-version=2", "d", Some("")),
        ] {
            let name = parse(text);
            assert_eq!(name.host_name, "h", "{text}");
            assert_eq!(name.identity.to_string(), identity, "{text}");
            assert_eq!(name.api_version.as_deref(), api_version, "{text}");
        }
    }

    #[test]
    fn captured_user_names_of_sdks() {
        let python = parse(
            "myhub.azure-devices.net/dev1/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0%28python%203.11%29",
        );
        assert_eq!(
            python.client_type.as_deref(),
            Some("azure-iot-device-iothub-py/2.14.0(python 3.11)")
        );
        let node = parse(
            "myhub.azure-devices.net/dev1/?api-version=2021-04-12&model-id=dtmi:com:example:Thermostat;1&DeviceClientType=azure-iot-device%2F1.18.4%20(node%20v20.1%3B%20x64)",
        );
        assert_eq!(
            node.model_id.as_deref(),
            Some("dtmi:com:example:Thermostat;1")
        );
        assert_eq!(
            node.client_type.as_deref(),
            Some("azure-iot-device/1.18.4 (node v20.1; x64)")
        );
    }

    #[test]
    fn a_forgotten_escape_in_the_query_does_no_harm() {
        let name = parse("h/d/?api-version=2021-04-12&DeviceClientType=my+sdk/1.0");
        assert_eq!(name.identity.to_string(), "d");
        assert_eq!(name.client_type.as_deref(), Some("my+sdk/1.0"));
    }

    #[test]
    fn what_cannot_be_read_says_why() {
        for (text, error) in [
            ("", InvalidUserName::Form),
            ("h", InvalidUserName::Form),
            ("/d", InvalidUserName::HostName),
            ("h/", InvalidUserName::DeviceId(InvalidId::Empty)),
            ("h//m", InvalidUserName::DeviceId(InvalidId::Empty)),
            (
                "h/a b",
                InvalidUserName::DeviceId(InvalidId::Character(' ')),
            ),
            (
                "h/d/m m/?api-version=1",
                InvalidUserName::ModuleId(InvalidId::Character(' ')),
            ),
            ("h/d/m/n", InvalidUserName::TooManySegments),
            ("h/d/m/n/?api-version=1", InvalidUserName::TooManySegments),
        ] {
            assert_eq!(UserName::parse(text), Err(error), "{text}");
        }
        let long_host = format!("{}/d", "h".repeat(254));
        assert_eq!(UserName::parse(&long_host), Err(InvalidUserName::HostName));
        let long_model = format!("h/d/?model-id={}", "m".repeat(2049));
        assert_eq!(UserName::parse(&long_model), Err(InvalidUserName::ModelId));
    }

    #[test]
    fn long_client_facts_are_cut_at_a_character() {
        let name = parse(&format!(
            "h/d/?DeviceClientType={}&api-version={}",
            "é".repeat(600),
            "1".repeat(99)
        ));
        assert_eq!(name.client_type.map(|text| text.chars().count()), Some(512));
        assert_eq!(name.api_version.map(|text| text.len()), Some(64));
    }

    #[test]
    fn client_ids_are_compared_ordinally() {
        assert!(parse("h/d").matches_client_id("d"));
        assert!(parse("h/d/m").matches_client_id("d/m"));
        for wrong in ["D/m", "d", "d/m/", "d/m/x", "", "dm"] {
            assert!(!parse("h/d/m").matches_client_id(wrong), "{wrong}");
        }
        assert!(!parse("h/d").matches_client_id("d/"));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            device in "[A-Za-z0-9:+%_#*!(),@;$'-]{1,20}",
            module in prop::option::of("[A-Za-z0-9:+%_#*!(),@;$'-]{1,20}"),
            client_type in ".{0,40}",
            model_id in prop::option::of("dtmi:[a-z:]{1,20};1"),
        ) {
            let name = UserName {
                host_name: "hub.example".to_owned(),
                identity: Identity {
                    device: DeviceId::parse(&device).unwrap(),
                    module: module.map(|module| ModuleId::parse(&module).unwrap()),
                },
                api_version: Some("2021-04-12".to_owned()),
                client_type: Some(client_type),
                model_id,
            };
            let text = name.to_text();
            let client_id = name.identity.to_string();
            prop_assert!(name.matches_client_id(&client_id));
            prop_assert_eq!(UserName::parse(&text), Ok(name));
        }

        #[test]
        fn no_text_makes_it_panic(text in "(h|/|\\?|api-version=|model-id=|DeviceClientType=|&|%|é|.){0,15}") {
            let _ = UserName::parse(&text);
        }
    }
}
