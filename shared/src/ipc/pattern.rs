//! Messages about device-management patterns (`device-management.md` §3.1).

use crate::pattern::Pattern;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A pattern as the hub object has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeptPattern {
    /// The pattern.
    pub pattern: Pattern,
    /// Whether it is always there.
    pub built_in: bool,
    /// Unquoted.
    pub etag: String,
    /// Of the last change; a built-in one may never have been changed.
    #[serde(default)]
    pub changed_time: Option<Timestamp>,
}
