//! What actors say to each other and what the HTTP side says to them.
//!
//! Shapes only: no rule lives here. Enums are externally tagged, so that one JSON
//! text per hop is enough. Everything must stay readable by the version before and
//! after it, since outboxes survive a deploy: new fields get `#[serde(default)]`.

pub mod access;
pub mod alert;
pub mod audit;
pub mod device_group;
pub mod encoding;
pub mod events;
pub mod file_upload;
pub mod gateway;
pub mod hub;
pub mod query;
pub mod registry;
pub mod routing;
pub mod scheduled_job;
pub mod stored;
pub mod transfer;

use crate::ids::{DeviceId, placement};
use serde::{Deserialize, Serialize};

/// How many objects of each kind a hub has; fixed when the hub is created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// Objects that hold device connections.
    pub gateways: u16,
    /// Objects that hold identities and twins.
    pub shards: u16,
    /// Objects that hold the event log.
    pub partitions: u16,
}

impl Layout {
    /// The registry shard of a device.
    pub fn shard_of(&self, device: &DeviceId) -> u16 {
        placement(device.as_str(), self.shards)
    }

    /// The event partition of a device.
    pub fn partition_of(&self, device: &DeviceId) -> u16 {
        placement(device.as_str(), self.partitions)
    }
}

/// An actor, by kind and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Address {
    /// Holds device WebSockets.
    Gateway(u16),
    /// Holds identities, twins and queues.
    Registry(u16),
    /// Holds one partition of the event log.
    Events(u16),
    /// Holds hub-wide settings; off the hot path.
    Hub,
}

/// Names one connection for ever: the gateway's random 64-bit number in hex.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectionId(pub String);

impl std::fmt::Display for ConnectionId {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Bytes as base64 inside a JSON message.
pub mod base64_bytes {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use serde::{Deserialize, Deserializer, Serializer};

    /// Writes the bytes as base64.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    /// Reads base64.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        STANDARD.decode(text).map_err(serde::de::Error::custom)
    }
}
