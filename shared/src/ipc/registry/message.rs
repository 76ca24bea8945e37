//! Cloud-to-device messages, and devices over HTTPS.

use crate::ids::{DeviceId, Identity};
use crate::ipc::base64_bytes;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A cloud-to-device message to queue.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SendMessage {
    /// To whom.
    pub device: DeviceId,
    /// System and application properties.
    pub properties: crate::mqtt::property_bag::MessageProperties,
    /// `none`, `positive`, `negative`, `full`.
    pub ack: AckMode,
    /// Payload.
    #[serde(with = "base64_bytes")]
    pub body: Vec<u8>,
    /// `iothub-expiry`, already checked to be a time.
    pub expiry: Option<Timestamp>,
}

/// What is asked of the messages of a device that died.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AskDeadLetters {
    /// Whose.
    pub device: DeviceId,
    /// Which; all if not said.
    pub number: Option<u64>,
    /// What.
    pub verb: DeadLetterVerb,
    /// Of the message that is sent again, already checked to be a time.
    pub expiry: Option<Timestamp>,
}

/// What to do with messages that died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DeadLetterVerb {
    /// Show them.
    Read,
    /// Put one into the queue again.
    Resend,
    /// Forget them.
    Delete,
}

impl DeadLetterVerb {
    /// For the record.
    pub fn action(self) -> &'static str {
        match self {
            Self::Read => "readDeadLetters",
            Self::Resend => "resendDeadLetter",
            Self::Delete => "deleteDeadLetters",
        }
    }
}

/// Which outcomes of a message are reported back (`device.md` §4.2).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AckMode {
    /// Never.
    #[default]
    None,
    /// When completed.
    Positive,
    /// When expired, rejected, given up or purged.
    Negative,
    /// Both.
    Full,
}

impl AckMode {
    /// As in `iothub-ack`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Positive => "positive",
            Self::Negative => "negative",
            Self::Full => "full",
        }
    }
}

/// A device over HTTPS, with its credentials; checked in the same block as the operation.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AsDevice {
    /// From the path.
    pub identity: Identity,
    /// The `Authorization` header.
    pub authorization: Option<String>,
    /// The client certificate of the TLS connection, as `ClientCertificate::to_text`.
    #[serde(default)]
    pub certificate: Option<String>,
    /// What it asks.
    pub operation: DeviceOperation,
    /// Random bytes for a lock token: at least 16.
    #[serde(with = "base64_bytes")]
    pub entropy: Vec<u8>,
}

/// HTTPS operations of a device (`device.md` §7).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum DeviceOperation {
    /// Only check the credentials → `Authorized`.
    Authorize,
    /// Lock the next message → `Received`.
    Receive,
    /// → `Done`
    Complete(String),
    /// → `Done`
    Reject(String),
    /// → `Done`
    Abandon(String),
    /// Opens an upload of a file to the blob of this name → `Upload`.
    BeginUpload(String),
    /// Ends one → `Done`; or `Upload`, if somebody is to be told and nobody has looked at the
    /// blob: it is to be looked at and this asked again.
    EndUpload(EndUpload),
}

/// What a device says of an upload of a file.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EndUpload {
    /// Which.
    pub correlation: String,
    /// Whether it worked.
    pub success: bool,
    /// What the blob store says of it: its URL without a signature, when it was written, how
    /// many bytes it has.
    pub seen: Option<(String, Timestamp, u64)>,
}

/// A file upload that is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenUpload {
    /// Names it.
    pub correlation: String,
    /// Where the file goes.
    pub container: String,
    /// As which blob.
    pub blob: String,
    /// Until when.
    pub expires: Timestamp,
}

/// What telemetry of this device is stamped with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeviceAuthorization {
    /// The identity's generation.
    pub generation_id: String,
    /// JSON text.
    pub auth_method: String,
    /// The model id announced over MQTT, if any.
    pub model_id: Option<String>,
}

/// A locked message for HTTPS.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReceivedMessage {
    /// Unquoted GUID.
    pub lock_token: String,
    /// Unique per device queue.
    pub sequence_number: u64,
    /// When it was queued.
    pub enqueued: Timestamp,
    /// When it ends.
    pub expiry: Timestamp,
    /// Explicit abandons so far.
    pub delivery_count: u32,
    /// Ack mode.
    pub ack: AckMode,
    /// System and application properties.
    pub properties: crate::mqtt::property_bag::MessageProperties,
    /// Payload.
    #[serde(with = "base64_bytes")]
    pub body: Vec<u8>,
}
