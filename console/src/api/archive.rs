//! Archived devices (`device-management.md §7.1`).

use super::ApiError;
use super::client::own;
use crate::logic::archive_filter::ArchiveFilter;
use crate::logic::url_state::{encode, write_query};
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::Value;

/// Entries asked for per page.
pub const PAGE: usize = 50;

/// One archived device.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ArchiveEntry {
    /// The id it had.
    pub device_id: String,
    /// Which of the devices with that id it was.
    pub generation_id: String,
    /// When it was archived.
    #[serde(default)]
    pub archived_time: Option<String>,
    /// Checksum of the document as it was written.
    pub sha256: String,
    /// Whether the document still has that checksum; `None` for a tombstone.
    #[serde(default)]
    pub intact: Option<bool>,
    /// When the document was erased.
    #[serde(default)]
    pub erased_time: Option<String>,
    /// All that is kept of it; null once erased.
    #[serde(default)]
    pub document: Value,
}

impl ArchiveEntry {
    /// A text field of the document; empty if absent.
    pub fn text(&self, name: &str) -> String {
        self.document
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    }

    /// Whether only the tombstone is left.
    pub fn erased(&self) -> bool {
        self.document.is_null()
    }
}

/// One page of the archive, by device id.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ArchivePage {
    /// Its entries.
    pub items: Vec<ArchiveEntry>,
    /// Where the next page begins; `None` on the last.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// One page.
pub async fn page(filter: ArchiveFilter) -> Result<ArchivePage, ApiError> {
    let query = write_query([
        ("deviceId", filter.device),
        ("top", PAGE.to_string()),
        ("cursor", filter.cursors.last().cloned().unwrap_or_default()),
    ]);
    own(Method::GET, &format!("/archive/devices{query}"))
        .read()
        .await
        .map(|answer| answer.value)
}

fn path(id: &str, generation: &str) -> String {
    format!("/archive/devices/{}/{}", encode(id), encode(generation))
}

/// One entry.
pub async fn entry(id: &str, generation: &str) -> Result<ArchiveEntry, ApiError> {
    own(Method::GET, &path(id, generation))
        .read()
        .await
        .map(|answer| answer.value)
}

/// Brings the device back: disabled, with new credentials.
pub async fn restore(id: &str, generation: &str) -> Result<(), ApiError> {
    own(Method::POST, &format!("{}/restore", path(id, generation)))
        .done()
        .await
}

/// Erases the document for good.
pub async fn erase(id: &str, generation: &str) -> Result<(), ApiError> {
    own(Method::DELETE, &path(id, generation)).done().await
}
