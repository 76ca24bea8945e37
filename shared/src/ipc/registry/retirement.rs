//! Retirement and the archive.

use crate::ids::DeviceId;
use crate::ipc::base64_bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Why a device is retired (`device-management.md` §7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetireReason {
    /// It broke.
    Failure,
    /// A better one takes its place.
    Upgrade,
    /// Its time is over.
    EndOfLife,
    /// Nobody knows where it is.
    Lost,
    /// Somebody else may have its credentials.
    Compromised,
}

impl RetireReason {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Failure,
        Self::Upgrade,
        Self::EndOfLife,
        Self::Lost,
        Self::Compromised,
    ];

    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Upgrade => "upgrade",
            Self::EndOfLife => "endOfLife",
            Self::Lost => "lost",
            Self::Compromised => "compromised",
        }
    }
}

/// Whether another device takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetireMode {
    /// No.
    Retire,
    /// Yes.
    Replace,
}

impl RetireMode {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Retire => "retire",
            Self::Replace => "replace",
        }
    }
}

/// Takes a device out of service for good.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Retire {
    /// Which.
    pub device: DeviceId,
    /// Whether another one takes over.
    pub mode: RetireMode,
    /// Which, in mode `replace`.
    pub replacement: Option<DeviceId>,
    /// Why.
    pub reason: RetireReason,
    /// How long the blocked identity stays.
    pub delete_after_seconds: i64,
    /// [`IDENTITY_ENTROPY`] bytes, should the replacement have to be created.
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// A device that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Predecessor {
    /// Its id.
    pub device_id: DeviceId,
    /// Its generation.
    pub generation_id: String,
}

/// A device takes the place of another one; written to outboxes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Succeed {
    /// Who takes over.
    pub replacement: DeviceId,
    /// From whom.
    pub predecessor: Predecessor,
    /// Its tags.
    pub tags: Map<String, Value>,
    /// Its desired properties.
    pub desired: Map<String, Value>,
    /// [`IDENTITY_ENTROPY`] bytes, should it have to be created.
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// Names an archived device; also a place in the list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchivedDevice {
    /// Its id.
    pub device_id: DeviceId,
    /// Its generation.
    pub generation_id: String,
}

/// Archived devices in order of id and generation.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ListArchive {
    /// Only behind this one.
    pub after: Option<ArchivedDevice>,
    /// Only generations of this device.
    pub device: Option<DeviceId>,
    /// Only those whose last twin fulfils this; whoever asks has checked it.
    #[serde(default)]
    pub condition: Option<String>,
    /// At most so many.
    pub top: u32,
}

/// A shard's part of a page.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ArchivePage {
    /// In order.
    pub items: Vec<Value>,
    /// Where to go on, unless this shard has no more.
    #[serde(default)]
    pub scanned_to: Option<ArchivedDevice>,
}

/// Creates an archived device again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Restore {
    /// Which.
    pub from: ArchivedDevice,
    /// [`IDENTITY_ENTROPY`] bytes for the device and for each module it may have.
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}
