//! Automatic device management (`service.md` §11): what configurations write into twins, whom
//! they are for, which of them wins, and what is said about it.
//!
//! Pure rules: [`content`] reads what is written, [`target`] whom it is for, [`merge`] decides
//! path by path, [`marks`] are what a twin keeps of it, [`explain`] tells people, [`document`]
//! is what REST shows. It must never know where twins come from or when they are looked at;
//! that is `hub::registry`'s.

pub mod content;
pub mod document;
pub mod explain;
pub mod marks;
pub mod merge;
pub mod target;

use crate::error::{ErrorCode, HubError};
use crate::time::Timestamp;
use content::{Family, Leaf};
use serde_json::Value;
use std::cmp::Ordering;
use target::Target;

/// A configuration as it is evaluated.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// Its name.
    pub id: String,
    /// The highest wins a path.
    pub priority: i64,
    /// Of equal priorities the newest wins.
    pub created: Timestamp,
    /// Rises with each change that may change a twin.
    pub revision: u64,
    /// What kind of twins it writes.
    pub family: Family,
    /// Whom it is for.
    pub target: Target,
    /// What it writes.
    pub leaves: Vec<Leaf>,
    /// Whether maintenance policies are asked before a device gets it.
    pub is_disruptive: bool,
}

impl Configuration {
    /// Reads a stored document.
    pub fn read(document: &Value) -> Result<Self, HubError> {
        let text = |name: &str| document.get(name).and_then(Value::as_str);
        let (family, leaves) = content::read(document.get("content").unwrap_or(&Value::Null))?;
        Ok(Self {
            id: text("id").unwrap_or_default().to_owned(),
            priority: document
                .get("priority")
                .and_then(Value::as_i64)
                .unwrap_or(0),
            created: text("createdTimeUtc")
                .and_then(Timestamp::parse)
                .unwrap_or(Timestamp::UNSET),
            revision: document
                .get("revision")
                .and_then(Value::as_u64)
                .unwrap_or(0),
            family,
            target: Target::read(family, text("targetCondition").unwrap_or_default())?,
            leaves,
            is_disruptive: document.get("isDisruptive") == Some(&Value::Bool(true)),
        })
    }

    /// The order in which configurations get their paths: the winner first.
    pub fn rank(&self, other: &Self) -> Ordering {
        other
            .priority
            .cmp(&self.priority)
            .then(other.created.cmp(&self.created))
            .then(self.id.cmp(&other.id))
    }
}

/// Checks a configuration's name.
pub fn check_id(id: &str) -> Result<(), HubError> {
    let legal =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-+%_*!'".contains(&byte);
    if (1..=128).contains(&id.len()) && id.bytes().all(legal) {
        return Ok(());
    }
    Err(HubError::invalid(
        "The id of a configuration has 1 to 128 lower-case letters, digits or characters of -+%_*!'.",
    ))
}

/// The error for content that cannot be written.
fn invalid_content(text: impl Into<String>) -> HubError {
    HubError::new(ErrorCode::InvalidConfigurationContent, text)
}

#[cfg(test)]
#[path = "configuration_tests.rs"]
mod tests;
