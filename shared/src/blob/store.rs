//! The port to whatever keeps the content: the platform's object store in the worker, a map
//! in tests and simulation. Keys come from [`super::name`] and [`super::block`].
//!
//! Content goes through as the implementation's own streams; nobody here looks into it.

use crate::ordered::OrderedMap;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Headers that belong to the content and come back with it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ContentHeaders {
    /// `Content-Type`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// `Content-Encoding`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_encoding: Option<String>,
    /// `Content-Language`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_language: Option<String>,
    /// `Content-Disposition`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content_disposition: Option<String>,
    /// `Cache-Control`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_control: Option<String>,
}

/// What is known of stored content without reading it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Properties {
    /// Bytes.
    pub size: u64,
    /// Changes with the content; unquoted.
    pub etag: String,
    /// When it was written, in milliseconds.
    pub modified: i64,
    /// MD5 in base64, if the store knows it.
    #[serde(default)]
    pub md5: Option<String>,
    /// The content's headers.
    #[serde(default)]
    pub headers: ContentHeaders,
    /// `x-ms-meta-…`, without the prefix.
    #[serde(default)]
    pub metadata: OrderedMap<String, String>,
}

impl Properties {
    /// When it was written.
    pub fn modified(&self) -> Timestamp {
        Timestamp::from_milliseconds(self.modified)
    }
}

/// What must hold at the very moment of a write.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Expected {
    /// Nothing.
    #[default]
    Anything,
    /// Nothing is there.
    Absent,
    /// This version is there.
    Version(String),
}

/// How to write.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes {
    /// The content's headers.
    pub headers: ContentHeaders,
    /// Metadata.
    pub metadata: OrderedMap<String, String>,
    /// MD5 of the content in base64, checked by the store.
    pub md5: Option<String>,
    /// The condition.
    pub expected: Expected,
}

/// A block on its way into a blob.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Where it lies.
    pub key: String,
    /// The version that was looked at.
    pub etag: String,
}

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The whole key.
    pub key: String,
    /// What is known of it.
    pub properties: Properties,
}

/// Entries in the order of their keys.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Page {
    /// At most as many as asked for, perhaps fewer.
    pub entries: Vec<Entry>,
    /// Whether others follow.
    pub more: bool,
}

/// Why the store did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// What was expected to be there, or not, was not so. Nothing was written.
    Unexpected,
    /// The content is not that of the digest. Nothing was written.
    WrongDigest,
    /// Anything else, for the log: never with content or a query.
    Failed(String),
}

/// The port.
#[allow(async_fn_in_trait)] // futures stay on one thread, as everywhere in workerd
pub trait BlobStore {
    /// Content that comes in, not yet read.
    type Incoming;
    /// Content on its way out, not yet read.
    type Outgoing;

    /// Content of these bytes.
    fn content(&self, bytes: Vec<u8>) -> Self::Incoming;
    /// Content that went out, to be read here after all.
    fn taken_back(&self, content: Self::Outgoing) -> Self::Incoming;
    /// Reads small content; `None` if it has more bytes.
    async fn collect(
        &self,
        content: Self::Incoming,
        limit: usize,
    ) -> Result<Option<Vec<u8>>, StoreError>;
    /// What is known of a key.
    async fn properties(&self, key: &str) -> Result<Option<Properties>, StoreError>;
    /// Opens this version, whole or `(start, length)`; `None` if it is not there any more.
    async fn read(
        &self,
        key: &str,
        etag: &str,
        part: Option<(u64, u64)>,
    ) -> Result<Option<Self::Outgoing>, StoreError>;
    /// Replaces what is there: all of it becomes visible at once, or nothing.
    async fn write(
        &self,
        key: &str,
        content: Self::Incoming,
        length: u64,
        attributes: &Attributes,
    ) -> Result<Properties, StoreError>;
    /// Writes the parts one behind the other, `length` bytes in all; visible at once, or not.
    /// [`StoreError::Unexpected`] also if a part is not there in this version any more.
    async fn join(
        &self,
        key: &str,
        parts: &[Part],
        length: u64,
        attributes: &Attributes,
    ) -> Result<Properties, StoreError>;
    /// Deletes what is there of at most 1,000 keys.
    async fn delete(&self, keys: &[String]) -> Result<(), StoreError>;
    /// Keys with the prefix behind `after`; at most 1,000.
    async fn list(&self, prefix: &str, after: Option<&str>, limit: u32)
    -> Result<Page, StoreError>;
}
