//! What twins were: changes that are kept, past versions, and the way back.

use super::ApiError;
use super::client::own;
use crate::logic::history_filter::HistoryFilter;
use crate::logic::url_state::{encode, write_query};
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// Changes asked for per page.
const PAGE: usize = 30;

/// One change.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Change {
    /// The version that it made.
    pub version: u64,
    /// When.
    pub time: String,
    /// Why: `service`, `device`, `job`, `configuration`.
    #[serde(default)]
    pub cause: String,
    /// Who.
    #[serde(default)]
    pub actor: Option<String>,
    /// Which sections it touched.
    #[serde(default)]
    pub sections: Vec<String>,
    /// What it did.
    #[serde(default)]
    pub patch: Value,
}

/// One page of changes, the newest first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChangePage {
    /// Its changes.
    pub items: Vec<Change>,
    /// Where older ones begin; `None` at the end.
    #[serde(default)]
    pub before: Option<u64>,
}

/// One page of changes of a device's twin.
pub async fn list(device: &str, section: &str, before: &str) -> Result<ChangePage, ApiError> {
    let query = write_query([
        ("section", section.to_owned()),
        ("before", before.to_owned()),
        ("top", PAGE.to_string()),
    ]);
    let path = format!("/twins/{}/history{query}", encode(device));
    Ok(own(Method::GET, &path).read().await?.value)
}

/// The page that a filter names.
pub async fn page(device: &str, filter: &HistoryFilter) -> Result<ChangePage, ApiError> {
    let before = filter.cursors.last().cloned().unwrap_or_default();
    list(device, &filter.section, &before).await
}

/// The twin as it was.
pub async fn past(device: &str, version: u64) -> Result<Value, ApiError> {
    let path = format!("/twins/{}/history/{version}", encode(device));
    Ok(own(Method::GET, &path).read().await?.value)
}

/// Makes tags and desired properties what they were, unless the twin has changed since `etag`.
pub async fn revert(device: &str, version: u64, etag: &str) -> Result<(), ApiError> {
    own(Method::POST, &format!("/twins/{}/revert", encode(device)))
        .if_match(etag)
        .json(&json!({ "version": version }))
        .done()
        .await
}
