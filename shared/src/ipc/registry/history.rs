//! The past of twins: what is asked of a shard.

use super::Precondition;
use crate::ids::Identity;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Changes, newest first; or with `version` a document; or with `against` too a difference.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReadHistory {
    /// Whose.
    pub identity: Identity,
    /// The twin at this version.
    pub version: Option<u64>,
    /// What leads from this version to `version`.
    pub against: Option<u64>,
    /// Changes not earlier than this.
    pub from: Option<Timestamp>,
    /// Changes earlier than this.
    pub to: Option<Timestamp>,
    /// Only versions before this one.
    pub before: Option<u64>,
    /// Marks of sections of `twin::difference`, of which a change must touch one.
    pub sections: i64,
    /// At most so many.
    pub top: usize,
}

/// Writes tags and desired properties as they were.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RevertTwin {
    /// Whose.
    pub identity: Identity,
    /// `If-Match` on the twin as it is.
    pub precondition: Precondition,
    /// As they were at this version.
    pub version: u64,
}
