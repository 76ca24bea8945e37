//! JSON values as texts.
//!
//! Not by `Display`, which brings a second writer along, one for people too.

use serde_json::{Map, Value};

/// A value as JSON, without spaces.
pub trait JsonText {
    /// The text.
    fn json_text(&self) -> String;
}

impl JsonText for Map<String, Value> {
    fn json_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl JsonText for Value {
    fn json_text(&self) -> String {
        // Writing a value into memory cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}
