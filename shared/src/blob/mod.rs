//! The hub's own blob store, under the verbs of Azure Blob Storage: a place for import and
//! export jobs, file uploads and archives without an Azure account (`service.md` §5.2,
//! `device.md` §7).
//!
//! `/blobs/{container}/{blob}` with a signed, scoped query is the only way in: a URL says
//! what may be done, with what, until when. Content passes through as the platform's own
//! streams; this room must never hold a whole blob, and never logs or repeats a query.

mod address;
pub mod block;
mod condition;
pub mod error;
mod listing;
pub mod memory;
pub mod name;
pub(crate) mod operation;
mod range;
mod reading;
mod serve;
pub mod signed_url;
pub mod store;
mod upload;
mod xml;

#[cfg(test)]
#[path = "serve_tests.rs"]
mod serve_tests;
#[cfg(test)]
#[path = "upload_tests.rs"]
mod upload_tests;

pub use address::{Address, open};
pub use name::{BlobName, ContainerName};
pub use serve::{BlobResponse, Body, create_container, handle};
pub use signed_url::{Grant, Permissions};
pub use store::BlobStore;

/// The first segment of every path of the store: what Azure's clients take for the account.
pub const ROOT: &str = "/blobs";
/// Largest body of a single Put Blob.
pub const MAX_PUT_BYTES: u64 = 256 * MIB;
/// Largest block. Cloudflare's smaller plans let no larger body through either.
pub const MAX_BLOCK_BYTES: u64 = 100 * MIB;
/// Most blocks of a blob. Joining reads each with one call, of which a request has 1,000.
pub const MAX_BLOCKS: usize = 960;
/// Largest blob that is joined of blocks: what the platform's store takes in one write is a
/// little below 5 GiB.
pub const MAX_BLOB_BYTES: u64 = 4096 * MIB;
/// How long a block waits to become part of a blob, as on Azure.
pub const BLOCK_LIFE_SECONDS: i64 = 7 * 24 * 3600;

const MIB: u64 = 1024 * 1024;

/// Whether a raw path belongs to the store: its bodies are not read before they are asked for.
pub fn is_blob_path(raw_path: &str) -> bool {
    raw_path
        .strip_prefix(ROOT)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
