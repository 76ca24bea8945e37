//! Who caused a change, and how the record of changes is read.

use crate::error::ErrorCode;
use crate::ids::Identity;
use crate::json;
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

/// What an object is to write into its operations records (`device-management.md` §9.1): an
/// object with the members of a record but time and number. It holds no secret and no body.
pub type OperationNote = Value;

/// A note of something that failed, or without a code of something worth to be known. `details`
/// has more members of the record, if it is an object.
pub fn note(
    category: &str,
    operation: &str,
    code: Option<ErrorCode>,
    description: &str,
    identity: Option<&Identity>,
    details: Value,
) -> OperationNote {
    let mut note = json!({
        "category": category,
        "operationName": operation,
        "level": if code.is_some() { "Error" } else { "Information" },
        "resultType": code.map_or(200, ErrorCode::number).to_string(),
        "resultDescription": description,
        "deviceId": identity.map(|identity| identity.device.as_str()),
        "moduleId": identity.and_then(|identity| identity.module.as_ref()),
    });
    if let (Value::Object(note), Value::Object(details)) = (&mut note, details) {
        note.extend(details);
    }
    note
}

/// What to read of one object's records, newest first: `of` (`audit` or `operation`), `top`,
/// and as far as they are there `before` or `after` (numbers; behind a number oldest first),
/// `deviceId`, `actor`, `action`, `category`, `level`, `since` and `until` (milliseconds),
/// `last` (only of the newest so many). A plain document, since every type that travels costs
/// the worker a reader.
pub type ReadRecords = Value;

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
