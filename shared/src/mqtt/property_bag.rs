//! Message properties and their form in topics: reading a device's bag (`device.md` §3.2)
//! and writing one for a device (§4.1).
//!
//! [`measure`] checks a bag without allocating, for the telemetry path; [`parse`] builds
//! [`MessageProperties`]. A device can never set what the hub stamps: `$.cdid` and
//! `$.cmid` are dropped.

use crate::percent;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

macro_rules! system_properties {
    ($($(#[$doc:meta])* $name:ident = $key:literal, $event:literal, $header:expr;)*) => {
        /// A property that IoT Hub knows by itself.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum SystemProperty {
            $($(#[$doc])* #[serde(rename = $event)] $name,)*
        }

        impl SystemProperty {
            /// All of them, in the order in which they are written to bags.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The key in a bag, such as `$.mid`.
            pub fn bag_key(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }

            /// From the decoded key of a bag; case-sensitive.
            pub fn from_bag_key(key: &str) -> Option<Self> {
                match key { $($key => Some(Self::$name),)* _ => None }
            }

            /// The name in events, such as `message-id`.
            pub fn event_name(self) -> &'static str {
                match self { $(Self::$name => $event,)* }
            }

            /// From the name in events.
            pub fn from_event_name(name: &str) -> Option<Self> {
                match name { $($event => Some(Self::$name),)* _ => None }
            }

            /// The HTTPS header, such as `iothub-messageid`, if there is one.
            pub fn header(self) -> Option<&'static str> {
                match self { $(Self::$name => $header,)* }
            }
        }
    };
}

system_properties! {
    /// Chosen by the sender; see [`is_valid_message_id`].
    MessageId = "$.mid", "message-id", Some("iothub-messageid");
    /// Of the message that is answered.
    CorrelationId = "$.cid", "correlation-id", Some("iothub-correlationid");
    /// Who caused it.
    UserId = "$.uid", "user-id", Some("iothub-userid");
    /// Destination.
    To = "$.to", "to", Some("iothub-to");
    /// When the message ends.
    AbsoluteExpiryTime = "$.exp", "absolute-expiry-time", Some("iothub-expiry");
    /// Media type of the body.
    ContentType = "$.ct", "content-type", Some("iothub-contenttype");
    /// Character encoding of the body.
    ContentEncoding = "$.ce", "content-encoding", Some("iothub-contentencoding");
    /// When the device made the message.
    CreationTime = "$.ctime", "iothub-creation-time-utc", Some("iothub-creationtimeutc");
    /// Output of an Edge module.
    OutputName = "$.on", "iothub-outputname", None;
    /// Marks security messages.
    InterfaceId = "$.ifid", "iothub-interface-id", Some("iothub-interface-id");
    /// Component of a Plug and Play device.
    Subject = "$.sub", "dt-subject", Some("dt-subject");
    /// Schema of the body.
    MessageSchema = "$.schema", "iothub-message-schema", Some("iothub-messageschema");
    /// Distributed tracing: id.
    DiagnosticId = "$.diagid", "Diagnostic-Id", None;
    /// Distributed tracing: context.
    DiagnosticContext = "$.diagctx", "Correlation-Context", None;
}

impl SystemProperty {
    /// From an HTTPS header's name, in any case.
    pub fn from_header(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|property| {
            property
                .header()
                .is_some_and(|header| header.eq_ignore_ascii_case(name))
        })
    }
}

/// Keys that only the hub may set; what a device says there is dropped.
const STAMPED_KEYS: [&str; 2] = ["$.cdid", "$.cmid"];

/// Why a text is not a property bag: the hub closes the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidBag {
    /// `=value`.
    EmptyKey,
    /// `&&` or a leading `&`.
    EmptyItem,
}

impl fmt::Display for InvalidBag {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::EmptyKey => "the property bag has a value without a key ('=value')",
            Self::EmptyItem => "the property bag has an empty item ('&&' or a leading '&')",
        })
    }
}

impl std::error::Error for InvalidBag {}

/// System and application properties, each name at most once, in the order of arrival.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageProperties {
    /// Those that IoT Hub knows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub system: Vec<(SystemProperty, String)>,
    /// All others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub application: Vec<(String, String)>,
}

impl MessageProperties {
    /// A system property's value.
    pub fn get(&self, property: SystemProperty) -> Option<&str> {
        self.system
            .iter()
            .find(|(name, _)| *name == property)
            .map(|(_, value)| value.as_str())
    }

    /// An application property's value; names are case-sensitive.
    pub fn application(&self, name: &str) -> Option<&str> {
        self.application
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Sets a system property, replacing an earlier value.
    pub fn set(&mut self, property: SystemProperty, value: impl Into<String>) {
        let value = value.into();
        match self.system.iter_mut().find(|(name, _)| *name == property) {
            Some((_, old)) => *old = value,
            None => self.system.push((property, value)),
        }
    }

    /// Sets an application property, replacing an earlier value.
    pub fn set_application(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, value) = (name.into(), value.into());
        match self.application.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => self.application.push((name, value)),
        }
    }

    /// What counts towards a message's size besides its body (`device.md` §3.3): values of
    /// system properties, names and values of application properties.
    pub fn property_size(&self) -> usize {
        self.system
            .iter()
            .map(|(_, value)| value.len())
            .sum::<usize>()
            + self
                .application
                .iter()
                .map(|(name, value)| name.len() + value.len())
                .sum::<usize>()
    }

    /// Writes a bag as a device's SDK does: system keys as `%24.…` first, all escaped.
    pub fn write_bag(&self, out: &mut String) {
        let start = out.len();
        for (property, value) in &self.system {
            write_item(out, start, property.bag_key(), value);
        }
        for (name, value) in &self.application {
            write_item(out, start, name, value);
        }
    }
}

/// Appends `key=value`, escaped, behind an `&` if the bag that began at `start` has items.
pub(super) fn write_item(out: &mut String, start: usize, key: &str, value: &str) {
    if out.len() > start {
        out.push('&');
    }
    percent::encode_into(out, key);
    out.push('=');
    percent::encode_into(out, value);
}

/// Checks a bag and counts its property size without allocating.
///
/// A name given twice counts twice here but once in [`MessageProperties::property_size`]:
/// never too little, so a message that fits by this measure fits.
pub fn measure(bag: &str) -> Result<usize, InvalidBag> {
    let mut size = 0;
    for item in items(bag) {
        let (key, value) = item?;
        match system_key(key) {
            Key::System(_) => size += percent::decoded_length(value),
            Key::Stamped => {}
            Key::Application => {
                size += percent::decoded_length(key) + percent::decoded_length(value);
            }
        }
    }
    Ok(size)
}

/// Reads a bag. Of a name given twice the last value wins; `name` without `=` is empty.
pub fn parse(bag: &str) -> Result<MessageProperties, InvalidBag> {
    let mut system: Vec<(SystemProperty, String)> = Vec::new();
    let mut application: Vec<(Cow<'_, str>, &str)> = Vec::new();
    for item in items(bag) {
        let (key, value) = item?;
        match system_key(key) {
            Key::System(property) => {
                let value = percent::decode_leniently(value).into_owned();
                match system.iter_mut().find(|(name, _)| *name == property) {
                    Some((_, old)) => *old = value,
                    None => system.push((property, value)),
                }
            }
            Key::Stamped => {}
            Key::Application => application.push((percent::decode_leniently(key), value)),
        }
    }
    Ok(MessageProperties {
        system,
        application: last_of_each_name(application),
    })
}

/// Never quadratic: a bag may hold thousands of names.
fn last_of_each_name(items: Vec<(Cow<'_, str>, &str)>) -> Vec<(String, String)> {
    let mut positions = BTreeMap::new();
    let mut result: Vec<(String, String)> = Vec::with_capacity(items.len());
    for (name, value) in items {
        let value = percent::decode_leniently(value).into_owned();
        match positions
            .get(name.as_ref())
            .and_then(|&position: &usize| result.get_mut(position))
        {
            Some((_, old)) => *old = value,
            None => {
                positions.insert(name.clone(), result.len());
                result.push((name.into_owned(), value));
            }
        }
    }
    result
}

enum Key {
    System(SystemProperty),
    Stamped,
    Application,
}

/// Recognises `$.x`, `%24.x` and other escaped spellings.
fn system_key(raw: &str) -> Key {
    let dollar = raw.strip_prefix("%24").or_else(|| raw.strip_prefix('$'));
    let Some(name) = dollar else {
        return Key::Application;
    };
    // Longest known name is `.schema`: build the key in place instead of on the heap.
    let mut buffer = [0u8; 12];
    let mut length = 1;
    if let Some(first) = buffer.first_mut() {
        *first = b'$';
    }
    for byte in percent::decoded_bytes(name) {
        let Some(place) = buffer.get_mut(length) else {
            return Key::Application;
        };
        *place = byte;
        length += 1;
    }
    let Some(Ok(key)) = buffer.get(..length).map(std::str::from_utf8) else {
        return Key::Application;
    };
    match SystemProperty::from_bag_key(key) {
        Some(property) => Key::System(property),
        None if STAMPED_KEYS.contains(&key) => Key::Stamped,
        None => Key::Application,
    }
}

/// The raw keys and values of a bag. A trailing `&`, which hand-written clients send, is
/// no item.
fn items(bag: &str) -> impl Iterator<Item = Result<(&str, &str), InvalidBag>> {
    let bag = bag.strip_prefix('?').unwrap_or(bag);
    let separated = bag.strip_suffix('&').unwrap_or(bag);
    let separated = if bag.is_empty() {
        None
    } else {
        Some(separated.split('&'))
    };
    separated.into_iter().flatten().map(|item| {
        let (key, value) = item.split_once('=').unwrap_or((item, ""));
        match (key.is_empty(), item.is_empty()) {
            (_, true) => Err(InvalidBag::EmptyItem),
            (true, false) => Err(InvalidBag::EmptyKey),
            (false, false) => Ok((key, value)),
        }
    })
}

/// Whether a text may be a message id where the rule is enforced (`device.md` §3.3):
/// at most 128 ASCII letters, digits and ``- : . + % _ # * ? ! ( ) , = @ ; $ '``.
pub fn is_valid_message_id(text: &str) -> bool {
    text.len() <= 128
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-:.+%_#*?!(),=@;$'".contains(&byte))
}

#[cfg(test)]
#[path = "property_bag_tests.rs"]
mod tests;
