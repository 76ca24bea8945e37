//! What a simulated device remembers; the checks compare it with what the hub holds.

use serde_json::Value;
use shared::hub::gateway::Slot;
use shared::mqtt::packet::ConnectCode;
use std::collections::BTreeMap;

/// A cloud-to-device message as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// `$.mid`.
    pub message_id: String,
    /// On which connection.
    pub slot: Slot,
    /// DUP.
    pub redelivered: bool,
}

/// What a device remembers.
#[derive(Debug, Default)]
pub struct Diary {
    /// Tags in order of publishing, and whether a PUBACK came.
    pub telemetry: BTreeMap<u64, bool>,
    /// Cloud-to-device messages in order.
    pub received: Vec<Received>,
    /// Method calls: the `call` number in the payload.
    pub methods: Vec<i64>,
    /// The newest desired section that it knows of: `$version`.
    pub desired: Option<u64>,
    /// The whole desired section of the last twin GET.
    pub twin: Option<Value>,
    /// CONNACK codes other than 0.
    pub refusals: Vec<ConnectCode>,
    /// Connections that got CONNACK 0, with session present.
    pub sessions: Vec<(Slot, bool)>,
    /// Sockets that the hub closed.
    pub closed: Vec<Slot>,
    /// Reported patches that the hub accepted: the new `$version`.
    pub reported: Vec<u64>,
    /// Rules of the protocol that the hub broke.
    pub complaints: Vec<String>,
}
