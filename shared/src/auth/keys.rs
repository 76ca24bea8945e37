//! Symmetric keys of identities and policies (`service.md` §4.2).
//!
//! Random bytes come in as arguments. A key never appears in an error or a `Debug` form.

use crate::error::HubError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Shortest key in bytes.
pub const MIN_KEY_BYTES: usize = 16;
/// Longest key in bytes.
pub const MAX_KEY_BYTES: usize = 64;
/// Length of a key that the hub makes.
pub const GENERATED_KEY_BYTES: usize = 32;

/// Primary and secondary key in base64, exactly as the owner gave them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyPair {
    /// Tried first.
    #[serde(rename = "primaryKey")]
    pub primary: String,
    /// Tried second, so that keys can be rolled without an outage.
    #[serde(rename = "secondaryKey")]
    pub secondary: String,
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("KeyPair(masked)")
    }
}

impl KeyPair {
    /// Two new keys.
    pub fn generate(random: &[[u8; GENERATED_KEY_BYTES]; 2]) -> Self {
        let [primary, secondary] = random;
        Self {
            primary: key_text(primary),
            secondary: key_text(secondary),
        }
    }

    /// The keys of a create or update: both, checked, or `None` if neither was given.
    /// The empty text and `null` both mean "not given" (`service.md` §4.2).
    pub fn given(primary: Option<&str>, secondary: Option<&str>) -> Result<Option<Self>, HubError> {
        let primary = primary.filter(|key| !key.is_empty());
        let secondary = secondary.filter(|key| !key.is_empty());
        match (primary, secondary) {
            (None, None) => Ok(None),
            (Some(primary), Some(secondary)) => {
                check_key("primaryKey", primary)?;
                check_key("secondaryKey", secondary)?;
                Ok(Some(Self {
                    primary: primary.to_owned(),
                    secondary: secondary.to_owned(),
                }))
            }
            _ => Err(HubError::invalid("Either no keys or both keys can be set")),
        }
    }

    /// The same keys in each other's place.
    pub fn swapped(self) -> Self {
        Self {
            primary: self.secondary,
            secondary: self.primary,
        }
    }
}

/// The text form of key bytes.
pub fn key_text(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Refuses what is not base64 of 16–64 bytes; `field` is the name to show.
pub fn check_key(field: &str, key: &str) -> Result<(), HubError> {
    // Far longer than 64 bytes of base64: not worth decoding.
    let too_long = key.len() > 4 * MAX_KEY_BYTES;
    let bytes = if too_long {
        None
    } else {
        match STANDARD.decode(key) {
            Ok(bytes) => Some(bytes),
            Err(_) => {
                return Err(HubError::invalid(format!(
                    "{field} is not base64; give base64 of {MIN_KEY_BYTES} to {MAX_KEY_BYTES} bytes."
                )));
            }
        }
    };
    match bytes {
        Some(bytes) if (MIN_KEY_BYTES..=MAX_KEY_BYTES).contains(&bytes.len()) => Ok(()),
        _ => Err(HubError::invalid(format!(
            "Invalid device key length: {field} must be base64 of {MIN_KEY_BYTES} to \
             {MAX_KEY_BYTES} bytes."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_limits_hold_to_the_byte() {
        for (length, legal) in [
            (0, false),
            (15, false),
            (16, true),
            (32, true),
            (64, true),
            (65, false),
            (10_000, false),
        ] {
            let key = key_text(&vec![7; length]);
            assert_eq!(check_key("primaryKey", &key).is_ok(), legal, "{length}");
        }
    }

    #[test]
    fn both_or_neither() {
        let key = key_text(&[1; 32]);
        let other = key_text(&[2; 16]);
        let pair = KeyPair::given(Some(&key), Some(&other)).unwrap().unwrap();
        assert_eq!(
            (pair.primary.as_str(), pair.secondary.as_str()),
            (key.as_str(), other.as_str())
        );
        assert_eq!(KeyPair::given(None, None).unwrap(), None);
        assert_eq!(KeyPair::given(Some(""), None).unwrap(), None);
        assert_eq!(KeyPair::given(Some(""), Some("")).unwrap(), None);
        for (primary, secondary) in [(Some(key.as_str()), None), (Some(""), Some(key.as_str()))] {
            let error = KeyPair::given(primary, secondary).unwrap_err();
            assert_eq!(error.code.number(), 400_004);
            assert!(
                error.message.contains("Either no keys or both keys"),
                "{error}"
            );
        }
    }

    #[test]
    fn errors_name_the_field_and_hide_the_key() {
        let good = key_text(&[1; 32]);
        let error = KeyPair::given(Some(&good), Some("hunter2 is no base64")).unwrap_err();
        assert!(error.message.contains("secondaryKey"), "{error}");
        assert!(!error.message.contains("hunter2"), "{error}");
        let error = KeyPair::given(Some("c2hvcnQ="), Some(&good)).unwrap_err();
        assert!(
            error.message.contains("Invalid device key length"),
            "{error}"
        );
        assert!(!error.message.contains("c2hvcnQ="), "{error}");
    }

    #[test]
    fn generated_keys_are_the_given_bytes_and_never_shown() {
        let pair = KeyPair::generate(&[[1; 32], [2; 32]]);
        assert_eq!(pair.primary, key_text(&[1; 32]));
        assert_eq!(pair.secondary, key_text(&[2; 32]));
        assert!(check_key("primaryKey", &pair.primary).is_ok());
        assert!(!format!("{pair:?}").contains(&pair.primary));
        assert_eq!(pair.clone().swapped().primary, pair.secondary);
    }
}
