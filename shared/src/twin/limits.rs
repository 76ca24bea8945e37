//! What may stand in a twin section (`device.md` §5.4, `service.md` §6.3).
//!
//! A violation is one sentence that names the property's path, the offending
//! value or length, and the limit. Nothing here changes a document. Recursion is
//! bounded by [`MAX_DEPTH`], so [`check_patch`] must run before any other walk
//! over a document that came from outside.

use crate::error::HubError;
use serde_json::{Map, Number, Value};
use std::fmt::Write as _;

/// Longest key in bytes of UTF-8.
pub const MAX_KEY_BYTES: usize = 1024;
/// Longest string value in bytes of UTF-8.
pub const MAX_STRING_BYTES: usize = 4096;
/// Most objects and arrays inside one another; a scalar may sit in the last.
pub const MAX_DEPTH: usize = 10;
/// Smallest whole number.
pub const MIN_INTEGER: i64 = -4_503_599_627_370_496;
/// Largest whole number.
pub const MAX_INTEGER: i64 = 4_503_599_627_370_495;
/// Largest `tags`, counted by [`counted_size`].
pub const MAX_TAGS_SIZE: usize = 8 * 1024;
/// Largest `properties.desired` or `properties.reported`, counted by [`counted_size`].
pub const MAX_PROPERTIES_SIZE: usize = 32 * 1024;

/// How much of a key or value an error message repeats.
const SHOWN_CHARACTERS: usize = 64;

/// The three sections of a twin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SectionName {
    /// Back-end data that devices never see.
    Tags,
    /// What the back end wants.
    Desired,
    /// What the device says.
    Reported,
}

impl SectionName {
    /// The section's path in the twin.
    pub fn path(self) -> &'static str {
        match self {
            Self::Tags => "tags",
            Self::Desired => "properties.desired",
            Self::Reported => "properties.reported",
        }
    }

    /// The section's largest counted size.
    pub fn max_size(self) -> usize {
        match self {
            Self::Tags => MAX_TAGS_SIZE,
            Self::Desired | Self::Reported => MAX_PROPERTIES_SIZE,
        }
    }

    /// The service plane accepts the empty key, the device plane does not
    /// (`service.md` §6.3, `device.md` §5.4).
    fn accepts_empty_key(self) -> bool {
        self != Self::Reported
    }
}

/// Checks everything but the size: keys, strings, depth, numbers, arrays.
///
/// A `null` outside arrays is legal, since in a patch it deletes.
pub fn check_patch(section: SectionName, patch: &Map<String, Value>) -> Result<(), HubError> {
    let mut walk = Walk {
        section,
        path: Vec::with_capacity(MAX_DEPTH),
    };
    walk.object(patch, false)
}

/// Checks the size of a whole section, after a merge.
pub fn check_size(section: SectionName, properties: &Map<String, Value>) -> Result<(), HubError> {
    let size = counted_size(properties);
    if size <= section.max_size() {
        return Ok(());
    }
    Err(HubError::invalid(format!(
        "{} would have a size of {size} bytes; at most {} are allowed.",
        section.path(),
        section.max_size()
    )))
}

/// The size of a section: bytes of all keys and strings without control characters,
/// 8 per number, 4 per boolean, nothing for structure.
pub fn counted_size(properties: &Map<String, Value>) -> usize {
    properties
        .iter()
        .map(|(key, value)| text_size(key) + value_size(value))
        .sum()
}

fn value_size(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 4,
        Value::Number(_) => 8,
        Value::String(text) => text_size(text),
        Value::Array(items) => items.iter().map(value_size).sum(),
        Value::Object(properties) => counted_size(properties),
    }
}

fn text_size(text: &str) -> usize {
    text.len()
        - text
            .chars()
            .filter(|character| character.is_control())
            .map(char::len_utf8)
            .sum::<usize>()
}

/// One step of the path to the value being checked.
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

struct Walk<'a> {
    section: SectionName,
    path: Vec<Step<'a>>,
}

impl<'a> Walk<'a> {
    fn object(&mut self, object: &'a Map<String, Value>, in_array: bool) -> Result<(), HubError> {
        for (key, value) in object {
            self.key(key)?;
            self.path.push(Step::Key(key));
            self.value(value, in_array)?;
            self.path.pop();
        }
        Ok(())
    }

    fn value(&mut self, value: &'a Value, in_array: bool) -> Result<(), HubError> {
        match value {
            Value::Null if in_array => Err(self.violation(
                "is null, which is not allowed in an array nor in an object inside an array.",
            )),
            Value::Null | Value::Bool(_) => Ok(()),
            Value::Number(number) => self.number(number),
            Value::String(text) if text.len() > MAX_STRING_BYTES => Err(self.violation(&format!(
                "is a string of {} bytes; at most {MAX_STRING_BYTES} are allowed.",
                text.len()
            ))),
            Value::String(_) => Ok(()),
            Value::Object(object) => {
                self.depth()?;
                self.object(object, in_array)
            }
            Value::Array(items) => {
                self.depth()?;
                for (index, item) in items.iter().enumerate() {
                    self.path.push(Step::Index(index));
                    self.value(item, true)?;
                    self.path.pop();
                }
                Ok(())
            }
        }
    }

    fn key(&self, key: &str) -> Result<(), HubError> {
        if key.is_empty() && !self.section.accepts_empty_key() {
            return Err(self.violation("holds an empty key; a key has 1 to 1024 bytes."));
        }
        if key.len() > MAX_KEY_BYTES {
            return Err(self.violation(&format!(
                "holds the key '{}' of {} bytes; at most {MAX_KEY_BYTES} are allowed.",
                shown(key),
                key.len()
            )));
        }
        match key.chars().find(|character| is_forbidden(*character)) {
            None => Ok(()),
            Some(character) => Err(self.violation(&format!(
                "holds the key '{}' with the character {character:?}; control characters, '.', \
                 '$', '#' and space are not allowed.",
                shown(key)
            ))),
        }
    }

    fn number(&self, number: &Number) -> Result<(), HubError> {
        let legal = if let Some(integer) = number.as_i64() {
            (MIN_INTEGER..=MAX_INTEGER).contains(&integer)
        } else {
            // Above i64 it is surely too large; a float has no such limit.
            !number.is_u64()
        };
        if legal {
            return Ok(());
        }
        Err(self.violation(&format!(
            "is {number}; whole numbers from {MIN_INTEGER} to {MAX_INTEGER} are allowed."
        )))
    }

    /// Called when a container is entered; its own key or index is already on the path.
    fn depth(&self) -> Result<(), HubError> {
        if self.path.len() <= MAX_DEPTH {
            return Ok(());
        }
        Err(self.violation(&format!(
            "is nested {} levels deep; at most {MAX_DEPTH} are allowed.",
            self.path.len()
        )))
    }

    fn violation(&self, what: &str) -> HubError {
        let mut path = self.section.path().to_owned();
        for step in &self.path {
            match step {
                Step::Key(key) => {
                    path.push('.');
                    path.push_str(&shown(key));
                }
                // Writing to a String cannot fail.
                Step::Index(index) => {
                    let _ = write!(path, "[{index}]");
                }
            }
        }
        HubError::invalid(format!("{path} {what}"))
    }
}

fn is_forbidden(character: char) -> bool {
    // `is_control` is exactly C0, DEL and C1.
    character.is_control() || matches!(character, '.' | '$' | '#' | ' ')
}

/// A key short and harmless enough for a message.
fn shown(key: &str) -> String {
    let mut text: String = key
        .chars()
        .take(SHOWN_CHARACTERS)
        .map(|character| {
            if character.is_control() {
                '\u{fffd}'
            } else {
                character
            }
        })
        .collect();
    if key.chars().nth(SHOWN_CHARACTERS).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
