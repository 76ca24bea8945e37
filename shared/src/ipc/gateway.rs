//! Messages to a `Gateway` and its answers.

use super::{ConnectionId, registry::Delivery};
use crate::error::HubError;
use crate::ids::Identity;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a gateway can be asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum GatewayRequest {
    /// How often operations may run, of a version of the settings → `Done`. Only a newer one
    /// replaces what is known.
    ApplyThrottles {
        /// Of the settings.
        version: u64,
        /// Those of the whole hub.
        throttles: super::hub::ThrottleSettings,
    },
    /// Come to life, and report what a crash has taken → `Done`.
    Wake,
    /// Counters, sockets, throttles, rows written, size → `Report`
    Report,
    /// Close a connection: taken over, disabled, deleted, keys changed → `Done`.
    Close {
        /// Which.
        connection: ConnectionId,
        /// The stable word of `registry::Disconnected::reason`.
        reason: String,
    },
    /// Desired properties changed: tell the device if it subscribed → `Done`. May be lost.
    DesiredChanged {
        /// Whose.
        connection: ConnectionId,
        /// New `$version`.
        version: u64,
        /// The patch with `$version`, or the whole section after a replacement.
        body: Value,
    },
    /// Cloud-to-device messages to send → `Done`.
    Deliver {
        /// To whom.
        connection: ConnectionId,
        /// In order.
        deliveries: Vec<Delivery>,
    },
    /// When devices last sent a message → `LastMessages`, in the same order.
    LastMessages(Vec<ConnectionId>),
    /// Call a direct method → `MethodResult`. Answered later: never put into a batch.
    InvokeMethod(InvokeMethod),
}

impl GatewayRequest {
    /// Whether the answer may come later than the call; such requests travel alone.
    pub fn may_wait(&self) -> bool {
        matches!(self, Self::InvokeMethod(_))
    }
}

/// A direct method call (`device.md` §6).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvokeMethod {
    /// Whom; must still be the one on that connection.
    pub identity: Identity,
    /// Where.
    pub connection: ConnectionId,
    /// Method name, checked by the HTTP side.
    pub method: String,
    /// JSON text of the payload; empty when absent.
    pub payload: String,
    /// When to give up.
    pub deadline: Timestamp,
}

/// Answers of a gateway.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum GatewayReply {
    /// It happened, or there was nothing left to do.
    Done,
    /// The device answered.
    MethodResult {
        /// The device's status.
        status: i32,
        /// The device's payload; null when it sent none.
        payload: Value,
    },
    /// When each device last sent a message on its connection; none if it has sent nothing, or
    /// is not here.
    LastMessages(Vec<Option<Timestamp>>),
    /// The connection is not here (any more): look the device up again.
    Gone,
    /// What the gateway says of itself.
    Report(Value),
}

/// A gateway's whole answer. Method errors: `DeviceNotOnline`, `GatewayTimeout`,
/// `DeviceConnectionClosedRemotely`, `DeviceMaximumInflightMethodExceeded`.
pub type GatewayResult = Result<GatewayReply, HubError>;
