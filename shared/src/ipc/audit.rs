//! Who caused a change, and how the record of changes is read.

use crate::ids::Identity;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// On whose behalf something is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// `policy:<name>` of a SAS token, `person:<name>` of a console session.
    pub actor: String,
    /// The person's role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// Where from, as far as the platform says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The `x-ms-request-id` of the answer.
    pub request_id: String,
}

/// Something that was done, or was refused, on somebody's behalf.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditEntry {
    /// `createDevice`, `updateTwin`, `invokeMethod`, `putRoute`, …
    pub action: String,
    /// The identity that it is about; none for the hub's own things.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Identity>,
    /// `ok`, `requested` where the outcome is not awaited, or the name of an error.
    pub result: String,
    /// What it was before; keys masked.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub before: Value,
    /// What it is now; keys masked.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub after: Value,
}

/// What to read from one chain of records, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadAudit {
    /// Only records before this number.
    pub before: Option<u64>,
    /// At most so many.
    pub top: u32,
    /// Only of this device and its modules.
    pub device_id: Option<String>,
    /// Only of this actor.
    pub actor: Option<String>,
    /// Only this action.
    pub action: Option<String>,
    /// Not earlier.
    pub since: Option<Timestamp>,
    /// Earlier than this.
    pub until: Option<Timestamp>,
}

/// What to read of one shard's operations records, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadOperations {
    /// Only records before this number.
    pub before: Option<u64>,
    /// At most so many.
    pub top: u32,
    /// Only of this device and its modules.
    pub device_id: Option<String>,
    /// Only this category.
    pub category: Option<String>,
    /// Only this level.
    pub level: Option<String>,
    /// Not earlier.
    pub since: Option<Timestamp>,
}

/// Records of one chain, newest first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AuditPage {
    /// As in the answer of `GET /api/v1/audit`.
    pub records: Vec<Value>,
    /// Whether older ones match too.
    pub more: bool,
}

/// A place in a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainPlace {
    /// The record's number.
    pub number: u64,
    /// Its hash in hex.
    pub hash: String,
}

/// A stretch of a chain, recomputed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditProof {
    /// Records that were recomputed in this stretch.
    pub checked: u64,
    /// The last of them that is right; go on behind it.
    pub last: Option<ChainPlace>,
    /// The number of the first record that is missing or was changed.
    pub broken: Option<u64>,
    /// Whether the chain ends here.
    pub done: bool,
}
