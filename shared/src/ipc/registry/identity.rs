//! Identities and twins: reading, writing, many at a time.

use crate::ids::{DeviceId, Identity, ModuleId};
use crate::ipc::base64_bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

/// Plain list (`service.md` §4.5).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListDevices {
    /// At most so many.
    pub top: u32,
}

/// The console's list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct BrowseDevices {
    /// Part of the id, case-insensitive.
    pub search: Option<String>,
    /// `enabled` or `disabled`.
    pub status: Option<String>,
    /// Connected or not.
    pub connected: Option<bool>,
    /// Only ids after this one.
    pub after: Option<String>,
    /// At most so many.
    pub top: u32,
    /// Rows only: who reads on has been told the counts, which cost more than the rows.
    #[serde(default)]
    pub uncounted: bool,
}

/// A shard's part of a page.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DevicePage {
    /// Items in order of id.
    pub items: Vec<Value>,
    /// Whether this shard has more behind the last item.
    pub more: bool,
    /// How many match in this shard.
    pub total: u64,
    /// How many of them do not come after the id asked for.
    #[serde(default)]
    pub before: u64,
}

/// `If-Match` as understood by the HTTP side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Precondition {
    /// No header.
    None,
    /// `*` or `"*"`.
    Any,
    /// This etag, unquoted.
    Etag(String),
}

/// Create or replace an identity (`service.md` §4.1).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PutDevice {
    /// From the path.
    pub device: DeviceId,
    /// `If-Match`.
    pub precondition: Precondition,
    /// The REST body, an object.
    pub body: Value,
    /// Random bytes for keys and generation: [`IDENTITY_ENTROPY`].
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
    /// Scopes in the body that no edge device has, as far as the sender has found.
    #[serde(default)]
    pub missing_scopes: Vec<String>,
}

/// Random bytes that one new identity needs: two keys of 32 bytes, and what tells its
/// generation from others of the same millisecond.
pub const IDENTITY_ENTROPY: usize = 80;

/// Create or replace a module (`service.md` §4.4).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PutModule {
    /// From the path.
    pub device: DeviceId,
    /// From the path.
    pub module: ModuleId,
    /// `If-Match`.
    pub precondition: Precondition,
    /// The REST body, an object.
    pub body: Value,
    /// As in [`PutDevice::entropy`].
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// Delete a module.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteModule {
    /// The module.
    pub identity: Identity,
    /// `If-Match`.
    pub precondition: Precondition,
}

/// Items of a bulk request or an import, in order (`service.md` §4.6).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ApplyItems {
    /// Each with its identity, which the sender has read from the item.
    pub items: Vec<(Identity, Value)>,
    /// [`IDENTITY_ENTROPY`] bytes for each item.
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
    /// As in [`PutDevice::missing_scopes`].
    #[serde(default)]
    pub missing_scopes: Vec<String>,
}

/// A part of an import's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ImportItems {
    /// The job's number, which rises from job to job.
    pub job: u64,
    /// Where the part ends in the file, in bytes: rises from part to part.
    pub end: u64,
    /// Its items for this shard.
    pub apply: ApplyItems,
}

/// A page of an export.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ExportLines {
    /// Device and module behind which it begins.
    pub after: Option<(String, String)>,
    /// Whether keys are in the lines.
    pub with_keys: bool,
}

/// Identities and twins as a file has them (`service.md` §5.2).
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Lines {
    /// The lines, without their ends: text that nobody reads on its way.
    pub lines: Vec<Box<RawValue>>,
    /// How many devices they hold.
    pub count: u64,
    /// Where the next page begins; `None`: this was the last one.
    pub last: Option<(String, String)>,
}

/// What an item would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Planned {
    /// A new identity.
    Create,
    /// A changed identity, maybe with its twin.
    Update,
    /// A changed twin alone.
    UpdateTwin,
    /// One less.
    Delete,
}

/// Which keys are made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PolicyKey {
    /// The first.
    PrimaryKey,
    /// The second.
    SecondaryKey,
    /// Both.
    Both,
}

/// New keys for many identities.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RegenerateKeys {
    /// Which.
    pub policy_key: PolicyKey,
    /// Whose.
    pub identities: Vec<Identity>,
    /// [`IDENTITY_ENTROPY`] bytes for each identity.
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// Delete an identity.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeleteDevice {
    /// From the path.
    pub device: DeviceId,
    /// `If-Match`.
    pub precondition: Precondition,
}

/// PATCH or PUT of a twin by the service.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WriteTwin {
    /// Whose.
    pub identity: Identity,
    /// `If-Match`.
    pub precondition: Precondition,
    /// The REST body.
    pub body: Value,
    /// PUT instead of PATCH.
    pub replace: bool,
}

/// Counts of a shard, exact at all times.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Devices.
    pub total: u64,
    /// With status enabled.
    pub enabled: u64,
    /// With status disabled.
    pub disabled: u64,
    /// With a session now.
    pub connected: u64,
    /// Never had a session.
    pub never_connected: u64,
}
