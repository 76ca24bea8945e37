//! Device twins (`service.md §6`).

use super::ApiError;
use super::client::{Answer, hub};
use crate::logic::url_state::encode;
use gloo_net::http::Method;
use serde_json::{Value, json};

/// The part of a twin that a service may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// `properties.desired`.
    Desired,
    /// `tags`.
    Tags,
}

/// A twin as read, with the tag that guards the next write.
#[derive(Debug, Clone, PartialEq)]
pub struct Twin {
    /// The whole object.
    pub raw: Value,
    /// Entity tag; moves on tag and desired writes only.
    pub etag: String,
}

impl Twin {
    fn new(answer: Answer<Value>) -> Self {
        let body_tag = answer
            .value
            .get("etag")
            .and_then(Value::as_str)
            .map(str::to_owned);
        let etag = answer.etag.or(body_tag).unwrap_or_else(|| "*".to_owned());
        Self {
            raw: answer.value,
            etag,
        }
    }

    /// A writable section with the hub's own fields.
    pub fn section(&self, section: Section) -> &Value {
        let pointer = match section {
            Section::Desired => "/properties/desired",
            Section::Tags => "/tags",
        };
        self.raw.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// What the device reported, with the hub's own fields.
    pub fn reported(&self) -> &Value {
        self.raw
            .pointer("/properties/reported")
            .unwrap_or(&Value::Null)
    }
}

/// The version of a section; tags have none.
pub fn version(section: &Value) -> Option<u64> {
    section.get("$version").and_then(Value::as_u64)
}

/// Reads a twin.
pub async fn get(id: &str) -> Result<Twin, ApiError> {
    hub(Method::GET, &path(id)).read().await.map(Twin::new)
}

/// Merges a patch into one section; the hub refuses it with 412 if the twin moved since.
pub async fn patch(
    id: &str,
    section: Section,
    change: &Value,
    etag: &str,
) -> Result<Twin, ApiError> {
    let body = match section {
        Section::Desired => json!({ "properties": { "desired": change } }),
        Section::Tags => json!({ "tags": change }),
    };
    hub(Method::PATCH, &path(id))
        .if_match(etag)
        .json(&body)
        .read()
        .await
        .map(Twin::new)
}

fn path(id: &str) -> String {
    format!("/twins/{}", encode(id))
}
