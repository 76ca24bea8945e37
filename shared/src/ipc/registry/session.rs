//! Sessions and what happens in them: connecting, filters, reported twins, deliveries.

use crate::ids::Identity;
use crate::ipc::{ConnectionId, base64_bytes};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// MQTT CONNECT as the shard needs it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ConnectRequest {
    /// From client id and user name, which agree.
    pub identity: Identity,
    /// `{h}` of the user name.
    pub host_name: String,
    /// The SAS token.
    pub password: Option<String>,
    /// The client certificate of the TLS connection, as `ClientCertificate::to_text`.
    #[serde(default)]
    pub certificate: Option<String>,
    /// The asking gateway.
    pub gateway: u16,
    /// The asking connection.
    pub connection: ConnectionId,
    /// The gateway's last census.
    #[serde(default)]
    pub census: u64,
    /// MQTT clean session.
    pub clean_session: bool,
    /// Seconds, as the client asked.
    pub keep_alive: u16,
    /// DTMI of the device's model.
    pub model_id: Option<String>,
    /// `DeviceClientType`, cut to 512 characters.
    pub client_type: Option<String>,
    /// `api-version`.
    pub api_version: Option<String>,
}

/// Which connections of a gateway live.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Census {
    /// Which gateway.
    pub gateway: u16,
    /// Rises with every census of that gateway. Sessions whose CONNECT carried this number
    /// or a higher one began later and are none of its business.
    pub number: u64,
    /// Connections of the shard's devices.
    pub live: Vec<ConnectionId>,
}

/// The session that a successful CONNECT resumes or begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Connected {
    /// Rises with every connection of this identity; reports with a lower one are ignored.
    pub epoch: u64,
    /// MQTT session present.
    pub session_present: bool,
    /// Stored filters with granted QoS.
    pub subscriptions: Vec<(String, u8)>,
    /// Stamped on telemetry.
    pub generation_id: String,
    /// JSON text stamped on telemetry.
    pub auth_method: String,
    /// When the token ends, skew included: the gateway closes then. `None`: never.
    pub expires: Option<Timestamp>,
    /// Cloud-to-device messages to send right after CONNACK.
    pub deliveries: Vec<Delivery>,
}

/// Why a CONNECT is refused; `code` is the CONNACK code (`device.md` §2.4).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refused {
    /// CONNACK return code.
    pub code: u8,
    /// For the log and the connection doctor, never for the device.
    pub reason: String,
}

/// Devices that should send something at least so often.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListHeartbeats {
    /// Only those that are overdue, or are not.
    pub overdue: Option<bool>,
    /// Only ids after this one.
    pub after: Option<String>,
    /// At most so many.
    pub top: u32,
}

/// The end of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Disconnected {
    /// Whose.
    pub identity: Identity,
    /// Which connection.
    pub connection: ConnectionId,
    /// Of which session; `None` if the gateway lost it in a crash (then `connection` decides).
    pub epoch: Option<u64>,
    /// Stable word: `clientDisconnected`, `connectionLost`, `keepAliveExpired`, `tokenExpired`,
    /// `takenOver`, `qosNotSupported`, …; `doctor::reason` has them all.
    pub reason: String,
    /// The packet that broke a rule; empty where none did.
    #[serde(default)]
    pub packet: String,
    /// When the device was last heard.
    pub last_activity: Timestamp,
    /// When it last sent a message, `UNSET` if it sent none; `None`: nobody knows.
    #[serde(default)]
    pub last_message: Option<Timestamp>,
}

/// Changes to the filters of a session.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UpdateSession {
    /// Whose.
    pub identity: Identity,
    /// Of which session.
    pub epoch: u64,
    /// Filters with granted QoS.
    pub subscribe: Vec<(String, u8)>,
    /// Filters to drop.
    pub unsubscribe: Vec<String>,
}

/// A device's reported patch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReportTwin {
    /// Whose.
    pub identity: Identity,
    /// The JSON text as the device sent it.
    pub patch: String,
    /// `$version` precondition.
    pub version: Option<u64>,
}

/// A PUBACK.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CompleteDelivery {
    /// Whose.
    pub identity: Identity,
    /// Of which session.
    pub epoch: u64,
    /// The message.
    pub sequence_number: u64,
}

/// A cloud-to-device message on its way over MQTT.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// Unique per device queue.
    pub sequence_number: u64,
    /// The whole topic (`device.md` §4.1).
    pub topic: String,
    /// The payload.
    #[serde(with = "base64_bytes")]
    pub body: Vec<u8>,
    /// Sent before on an earlier connection: DUP=1.
    pub redelivered: bool,
}

/// Where is it, and does it take methods?
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Locate {
    /// Who.
    pub identity: Identity,
    /// Wait until then for it to be online with the methods filter.
    pub until: Timestamp,
    /// Which method is to be called: maintenance policies may hold it.
    #[serde(default)]
    pub method: String,
    /// Why they are not asked.
    #[serde(default)]
    pub overrides: Option<String>,
}

/// A session's place.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Location {
    /// The gateway.
    pub gateway: u16,
    /// The connection.
    pub connection: ConnectionId,
}
