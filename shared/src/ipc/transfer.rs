//! Import and export jobs as the hub object keeps them and as their steps see them
//! (`service.md` §5).

use crate::ipc::audit::Cause;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Direction {
    /// From a container into the registry.
    Import,
    /// From the registry into a container.
    Export,
}

/// What somebody asked for. The places are secrets: they hold signatures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransferOrder {
    /// Which way.
    pub direction: Direction,
    /// URL of the container to read from, with its signature; imports only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input: Option<String>,
    /// URL of the container to write into, with its signature.
    pub output: String,
    /// The file with the identities, in `input` or `output`.
    pub devices_blob: String,
    /// The file with the configurations, if they take part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configurations_blob: Option<String>,
    /// Leave keys out of an export.
    #[serde(default)]
    pub exclude_keys: bool,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TransferStatus {
    /// Not begun.
    Enqueued,
    /// Under way.
    Running,
    /// Done.
    Completed,
    /// Given up; the failure says why.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl TransferStatus {
    /// Whether nothing more will happen.
    pub fn is_over(self) -> bool {
        !matches!(self, Self::Enqueued | Self::Running)
    }
}

/// How far a job has come. A step begins here and ends with the next one; a step that was
/// lost is done again from the same place.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TransferCursor {
    /// The version of the file that is imported; another one ends the job.
    pub etag: Option<String>,
    /// Bytes of that file.
    pub size: u64,
    /// Bytes of it that have been applied.
    pub position: u64,
    /// Lines of it that have been looked at.
    pub lines: u64,
    /// The shard that is exported.
    pub shard: u16,
    /// Device and module behind which the export of the shard goes on.
    pub after: Option<(String, String)>,
    /// How many devices there were when an export began.
    pub total: u64,
    /// Items applied, or identities written.
    pub done: u64,
    /// Lines that were refused.
    pub failed: u64,
    /// Blocks of the output that have been written.
    pub blocks: u32,
    /// Text that waits for the next block: of an import's log.
    pub pending: String,
    /// The identities are through; what is left is the end.
    pub is_ending: bool,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transfer {
    /// Rises from job to job.
    pub number: u64,
    /// As clients know it.
    pub id: String,
    /// Where it stands.
    pub status: TransferStatus,
    /// When it was asked for.
    pub started: Timestamp,
    /// When it was over.
    pub ended: Option<Timestamp>,
    /// Why it failed.
    pub failure: Option<String>,
    /// Steps that failed in a row.
    #[serde(default)]
    pub attempts: u32,
    /// What was asked for.
    pub order: TransferOrder,
    /// How far it has come.
    pub cursor: TransferCursor,
    /// Who asked.
    pub cause: Cause,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stepped {
    /// The job stands here now.
    On(TransferCursor),
    /// It is done.
    Completed(TransferCursor),
    /// It may work later.
    Again(String),
    /// It will never work.
    Failed(String),
}
