//! Twins as storage keeps them, shown without being parsed.
//!
//! What is read in bulk (exports, whole documents of a query) goes from the row to the answer
//! as text: between them nobody looks inside.

use super::section::{METADATA, VERSION};
use crate::error::HubError;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// The text of a JSON object, member by member.
#[derive(Debug)]
pub struct ObjectText {
    text: String,
    failed: Option<serde_json::Error>,
}

impl Default for ObjectText {
    fn default() -> Self {
        Self::new()
    }
}

impl ObjectText {
    /// Without members.
    pub fn new() -> Self {
        Self {
            text: "{".to_owned(),
            failed: None,
        }
    }

    /// Adds a member whose value is JSON text already. Names are ours: nothing is escaped.
    pub fn text(&mut self, name: &'static str, value: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
        self.text.push_str(value);
    }

    /// Adds a member.
    pub fn member(&mut self, name: &'static str, value: &Value) {
        match serde_json::to_string(value) {
            Ok(value) => self.text(name, &value),
            Err(error) => self.failed = Some(error),
        }
    }

    /// The whole.
    pub fn finish(mut self) -> Result<Box<RawValue>, HubError> {
        self.text.push('}');
        match self.failed {
            Some(error) => Err(error),
            None => RawValue::from_string(self.text),
        }
        .map_err(|error| HubError::internal(format!("a stored twin: {error}")))
    }
}

/// A `Section` as `serde` wrote it.
#[derive(Deserialize)]
struct StoredSection<'a> {
    #[serde(borrow)]
    properties: &'a RawValue,
    #[serde(borrow)]
    metadata: &'a RawValue,
    version: u64,
}

/// The stored documents of one twin, as JSON text.
#[derive(Debug, Clone, Copy)]
pub struct StoredTwin<'a> {
    /// `Twin::tags`
    pub tags: &'a str,
    /// `Twin::desired`
    pub desired: &'a str,
    /// `Twin::reported`
    pub reported: &'a str,
}

impl StoredTwin<'_> {
    /// `properties` as the service sees them: what `Twin::service_sections` says of them.
    pub fn properties(&self) -> Result<String, HubError> {
        let mut text =
            String::with_capacity(self.desired.len() + self.reported.len() + 2 * METADATA.len());
        text.push_str("{\"desired\":");
        push_service_form(&mut text, self.desired)?;
        text.push_str(",\"reported\":");
        push_service_form(&mut text, self.reported)?;
        text.push('}');
        Ok(text)
    }
}

/// What `Section::service_form` says.
fn push_service_form(text: &mut String, section: &str) -> Result<(), HubError> {
    let section: StoredSection<'_> = serde_json::from_str(section)
        .map_err(|error| HubError::internal(format!("a stored twin: {error}")))?;
    let properties = section.properties.get().trim_end();
    let members = properties.strip_suffix('}').unwrap_or(properties);
    text.push_str(members);
    if members.trim_end().len() > 1 {
        text.push(',');
    }
    text.push('"');
    text.push_str(METADATA);
    text.push_str("\":");
    text.push_str(section.metadata.get());
    text.push_str(",\"");
    text.push_str(VERSION);
    text.push_str("\":");
    text.push_str(&section.version.to_string());
    text.push('}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::time::Timestamp;
    use crate::twin::{Twin, TwinPatch};

    fn written(value: &impl serde::Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }

    fn check(twin: &Twin) {
        let tags = written(&twin.tags);
        let (desired, reported) = (written(&twin.desired), written(&twin.reported));
        let stored = StoredTwin {
            tags: &tags,
            desired: &desired,
            reported: &reported,
        };
        let mut object = ObjectText::new();
        object.text("tags", stored.tags);
        object.text("properties", &stored.properties().unwrap());
        let shown = written(&twin.service_sections());
        assert_eq!(object.finish().unwrap().get(), shown);
    }

    #[test]
    fn a_stored_twin_is_shown_as_a_parsed_one() {
        let now = Timestamp::from_milliseconds(1_700_000_000_000);
        check(&Twin::new());
        let initial = json!({ "tags": { "a": "ä\"}" }, "properties": { "desired": {
            "b": { "c": [1.50, {}, "}"] }, "metadata": { "version": 7 }, "e": {} } } });
        let mut twin = Twin::create(&TwinPatch::parse(&initial).unwrap(), now).unwrap();
        check(&twin);
        let report = json!({ "version": "\\\"", "properties": { "x": null, "y": {} } });
        twin.patch_reported(&report, None, now).unwrap();
        check(&twin);
        twin.patch_reported(&json!({ "version": null, "properties": null }), None, now)
            .unwrap();
        check(&twin);
    }

    #[test]
    fn what_is_no_section_is_an_error() {
        let twin = StoredTwin {
            tags: "{}",
            desired: "{}",
            reported: "{}",
        };
        assert!(twin.properties().is_err());
        let mut object = ObjectText::new();
        object.text("tags", "{");
        assert!(object.finish().is_err());
    }
}
