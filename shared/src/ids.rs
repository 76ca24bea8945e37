//! Names of things, checked once when they are made (`device.md` §2.2, `service.md` §4.2).
//!
//! A value of these types is always legal; code that holds one never checks again.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest device or module id, in ASCII characters.
pub const MAX_ID_LENGTH: usize = 128;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvalidId {
    /// Empty text.
    Empty,
    /// More than [`MAX_ID_LENGTH`] characters.
    TooLong,
    /// A character outside the documented set.
    Character(char),
    /// `.` and `..`, which URL parsers collapse (`service.md` §1).
    DotSegment,
}

impl fmt::Display for InvalidId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(formatter, "an id must not be empty"),
            Self::TooLong => write!(formatter, "an id has at most {MAX_ID_LENGTH} characters"),
            Self::Character(character) => {
                write!(
                    formatter,
                    "the character {character:?} is not allowed in an id"
                )
            }
            Self::DotSegment => write!(formatter, "'.' and '..' cannot be ids"),
        }
    }
}

fn check(text: &str) -> Result<(), InvalidId> {
    if text.is_empty() {
        return Err(InvalidId::Empty);
    }
    if text.len() > MAX_ID_LENGTH {
        return Err(InvalidId::TooLong);
    }
    if text == "." || text == ".." {
        return Err(InvalidId::DotSegment);
    }
    match text.chars().find(|character| !is_id_character(*character)) {
        Some(character) => Err(InvalidId::Character(character)),
        None => Ok(()),
    }
}

fn is_id_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || "-:.+%_#*?!(),=@;$'".contains(character)
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Checks the text against the legal characters and length.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                check(text)?;
                Ok(Self(text.to_owned()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = String;
            fn try_from(text: String) -> Result<Self, String> {
                check(&text).map_err(|error| error.to_string())?;
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

id_type!(
    /// A device id: 1–128 characters of the documented set, case-sensitive.
    DeviceId
);
id_type!(
    /// A module id: same grammar as a device id, unique within its device.
    ModuleId
);

/// Who speaks or is spoken to: a device, or one of its modules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identity {
    /// The device.
    pub device: DeviceId,
    /// The module of that device, if it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub module: Option<ModuleId>,
}

impl Identity {
    /// A device itself.
    pub fn device(device: DeviceId) -> Self {
        Self {
            device,
            module: None,
        }
    }

    /// The module id, or the empty text that stands for "the device itself" in SQL keys.
    pub fn module_key(&self) -> &str {
        self.module.as_ref().map_or("", ModuleId::as_str)
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.module {
            None => write!(formatter, "{}", self.device),
            Some(module) => write!(formatter, "{}/{module}", self.device),
        }
    }
}

/// Spreads ids, of devices above all, evenly over `count` registry shards or event partitions (FNV-1a).
///
/// Stable for ever: a stored hub depends on it. All modules of a device live with it.
pub fn placement(id: &str, count: u16) -> u16 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in id.bytes() {
        hash ^= u64::from(byte);
        hash = hash.wrapping_mul(0x0100_0000_01b3);
    }
    // The low bits of FNV mix poorly for short ids; fold the high half in.
    let folded = hash ^ (hash >> 32);
    u16::try_from(folded % u64::from(count.max(1))).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_documented_character_is_legal() {
        let all = "ABCxyz019-:.+%_#*?!(),=@;$'";
        assert_eq!(DeviceId::parse(all).map(String::from), Ok(all.to_owned()));
    }

    #[test]
    fn spaces_slashes_dots_and_length_are_refused() {
        assert_eq!(DeviceId::parse("a b"), Err(InvalidId::Character(' ')));
        assert_eq!(DeviceId::parse("a/b"), Err(InvalidId::Character('/')));
        assert_eq!(DeviceId::parse("ä"), Err(InvalidId::Character('ä')));
        assert_eq!(DeviceId::parse(".."), Err(InvalidId::DotSegment));
        assert_eq!(DeviceId::parse(""), Err(InvalidId::Empty));
        assert!(DeviceId::parse(&"a".repeat(128)).is_ok());
        assert_eq!(DeviceId::parse(&"a".repeat(129)), Err(InvalidId::TooLong));
    }

    #[test]
    fn placement_is_stable_and_even() {
        let pump = DeviceId::parse("pump-0001").unwrap();
        assert_eq!(placement(pump.as_str(), 4), placement(pump.as_str(), 4));
        let mut counts = [0u32; 4];
        for number in 0..10_000 {
            let id = DeviceId::parse(&format!("device-{number}")).unwrap();
            counts[usize::from(placement(id.as_str(), 4))] += 1;
        }
        assert!(
            counts.iter().all(|count| (2_000..3_000).contains(count)),
            "{counts:?}"
        );
    }
}
