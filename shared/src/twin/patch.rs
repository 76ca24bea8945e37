//! Reading the body of a twin write from the service plane (`service.md` §6.2).
//!
//! Clients send whole twins back, so everything that only the hub may write is
//! skipped in silence: identity fields, `etag`, `reported`, `$metadata`, `$version`.

use super::limits::{self, SectionName};
use super::merge::without_nulls;
use super::section::{METADATA, VERSION};
use crate::error::HubError;
use serde_json::{Map, Value};

/// What a body says about one section.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum SectionPatch {
    /// The section is not mentioned.
    #[default]
    Absent,
    /// The section is `null`: empty it.
    Clear,
    /// The section's (partial) content; inside it `null` deletes.
    Content(Map<String, Value>),
}

impl SectionPatch {
    /// The merge patch to apply to `current`; `None` if there is nothing to do.
    pub(super) fn against(&self, current: &Map<String, Value>) -> Option<Map<String, Value>> {
        match self {
            Self::Absent => None,
            Self::Content(content) if content.is_empty() => None,
            Self::Content(content) => Some(content.clone()),
            Self::Clear => Some(
                current
                    .keys()
                    .map(|key| (key.clone(), Value::Null))
                    .collect(),
            ),
        }
    }

    /// The whole section that a replacement asks for; `null` members are dropped.
    pub(super) fn whole(&self) -> Map<String, Value> {
        match self {
            Self::Absent | Self::Clear => Map::new(),
            Self::Content(content) => without_nulls(content),
        }
    }
}

/// A legal write of tags and desired properties: checked when it is made, sizes excepted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TwinPatch {
    tags: SectionPatch,
    desired: SectionPatch,
}

impl TwinPatch {
    /// Reads a REST body: outer names case-insensitively, the last of equal names wins.
    pub fn parse(body: &Value) -> Result<Self, HubError> {
        let Value::Object(body) = body else {
            return Err(HubError::invalid(format!(
                "The body of a twin write is {}; send an object with tags and properties.desired.",
                kind_of(body)
            )));
        };
        let tags = section_patch(SectionName::Tags, member(body, "tags"))?;
        let desired = match member(body, "properties") {
            None | Some(Value::Null) => SectionPatch::Absent,
            Some(Value::Object(properties)) => {
                section_patch(SectionName::Desired, member(properties, "desired"))?
            }
            Some(other) => {
                return Err(HubError::invalid(format!(
                    "properties is {}; it must be an object.",
                    kind_of(other)
                )));
            }
        };
        Ok(Self { tags, desired })
    }

    /// A write of sections that did not come as a REST body (jobs, configurations, import).
    pub fn from_sections(tags: SectionPatch, desired: SectionPatch) -> Result<Self, HubError> {
        for (name, patch) in [(SectionName::Tags, &tags), (SectionName::Desired, &desired)] {
            if let SectionPatch::Content(content) = patch {
                limits::check_patch(name, content)?;
            }
        }
        Ok(Self { tags, desired })
    }

    /// What is to happen to the tags.
    pub fn tags(&self) -> &SectionPatch {
        &self.tags
    }

    /// What is to happen to the desired properties.
    pub fn desired(&self) -> &SectionPatch {
        &self.desired
    }
}

fn section_patch(name: SectionName, value: Option<&Value>) -> Result<SectionPatch, HubError> {
    match value {
        None => Ok(SectionPatch::Absent),
        Some(Value::Null) => Ok(SectionPatch::Clear),
        Some(Value::Object(content)) => {
            let content: Map<String, Value> = content
                .iter()
                .filter(|(key, _)| !matches!(key.as_str(), METADATA | VERSION))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect();
            limits::check_patch(name, &content)?;
            Ok(SectionPatch::Content(content))
        }
        Some(other) => Err(HubError::invalid(format!(
            "{} is {}; it must be an object, or null to empty it.",
            name.path(),
            kind_of(other)
        ))),
    }
}

fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object
        .iter()
        .rev()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// The kind of a JSON value, for messages.
pub(super) fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    fn content(value: Value) -> SectionPatch {
        SectionPatch::Content(value.as_object().unwrap().clone())
    }

    #[test]
    fn a_whole_twin_sent_back_keeps_only_what_the_back_end_may_write() {
        let patch = TwinPatch::parse(&json!({
            "deviceId": "pump-7", "etag": "AAAAAAAAAAE=", "version": 9, "status": "disabled",
            "tags": {"site": "s1"},
            "properties": {
                "desired": {"hz": 5, "$metadata": {"$lastUpdated": "x"}, "$version": 4},
                "reported": {"hz": 1, "$version": 77}
            }
        }))
        .unwrap();
        assert_eq!(patch.tags(), &content(json!({"site": "s1"})));
        assert_eq!(patch.desired(), &content(json!({"hz": 5})));
    }

    #[test]
    fn outer_names_are_case_insensitive_and_inner_names_are_not() {
        let patch = TwinPatch::parse(&json!({
            "Tags": {"Site": 1}, "PROPERTIES": {"Desired": {"A": 1, "a": 2}}
        }))
        .unwrap();
        assert_eq!(patch.tags(), &content(json!({"Site": 1})));
        assert_eq!(patch.desired(), &content(json!({"A": 1, "a": 2})));
    }

    #[test]
    fn null_clears_and_a_missing_section_is_absent() {
        let patch = TwinPatch::parse(&json!({"tags": null})).unwrap();
        assert_eq!(patch.tags(), &SectionPatch::Clear);
        assert_eq!(patch.desired(), &SectionPatch::Absent);
        let patch = TwinPatch::parse(&json!({"properties": {"desired": null}})).unwrap();
        assert_eq!(patch.desired(), &SectionPatch::Clear);
        assert_eq!(TwinPatch::parse(&json!({})).unwrap(), TwinPatch::default());
    }

    #[test]
    fn a_section_that_is_no_object_is_refused_by_name() {
        for (body, name) in [
            (json!([]), "body"),
            (json!(null), "body"),
            (json!({"tags": 3}), "tags"),
            (json!({"properties": "x"}), "properties"),
            (json!({"properties": {"desired": []}}), "properties.desired"),
        ] {
            let error = TwinPatch::parse(&body).unwrap_err();
            assert_eq!(error.code.number(), 400_004, "{body}");
            assert!(error.message.contains(name), "{}", error.message);
        }
    }

    #[test]
    fn only_the_two_known_dollar_names_are_skipped_and_only_at_the_top() {
        for body in [
            json!({"tags": {"$other": 1}}),
            json!({"tags": {"a": {"$version": 1}}}),
            json!({"properties": {"desired": {"a": {"$metadata": {}}}}}),
        ] {
            assert!(TwinPatch::parse(&body).is_err(), "{body}");
        }
    }

    #[test]
    fn sections_from_inside_the_hub_are_checked_too() {
        let refused =
            TwinPatch::from_sections(SectionPatch::Absent, content(json!({"a b": 1}))).unwrap_err();
        assert!(
            refused.message.contains("properties.desired"),
            "{}",
            refused.message
        );
    }
}
