//! What a client session is told to be, and what it tells its owner.

use crate::ids::Identity;
use crate::mqtt::encode::EncodeError;
use crate::mqtt::malformed::MalformedPacket;
use crate::mqtt::packet::ConnectCode;
use crate::mqtt::property_bag::MessageProperties;
use crate::mqtt::user_name::UserName;
use std::fmt;
use std::time::Duration;

/// The `api-version` of the newest SDKs (`device.md` §2.2).
pub const API_VERSION: &str = "2021-04-12";

/// How a device connects.
#[derive(Debug, Clone)]
pub struct ClientOptions {
    /// `{h}` of the connection string; not necessarily where the socket goes.
    pub host_name: String,
    /// Who connects.
    pub identity: Identity,
    /// `DeviceClientType`, such as `skerry-device-sim/0.1.0`.
    pub client_type: String,
    /// DTMI, if the device has a model.
    pub model_id: Option<String>,
    /// Seconds; 0 turns it off.
    pub keep_alive: u16,
    /// Forget the stored session. SDKs never do.
    pub clean_session: bool,
    /// Published by the hub when the connection is lost.
    pub will: Option<WillMessage>,
    /// How long the hub may take to answer CONNECT, PINGREQ and twin requests.
    pub answer_timeout: Duration,
}

impl ClientOptions {
    /// What SDKs do: keep the session, ping after 60 s, no will.
    pub fn new(host_name: &str, identity: Identity, client_type: &str) -> Self {
        Self {
            host_name: host_name.to_owned(),
            identity,
            client_type: client_type.to_owned(),
            model_id: None,
            keep_alive: 60,
            clean_session: false,
            will: None,
            answer_timeout: Duration::from_secs(30),
        }
    }

    /// The MQTT user name (`device.md` §2.2).
    pub fn user_name(&self) -> String {
        UserName {
            host_name: self.host_name.clone(),
            identity: self.identity.clone(),
            api_version: Some(API_VERSION.to_owned()),
            client_type: Some(self.client_type.clone()),
            model_id: self.model_id.clone(),
        }
        .to_text()
    }
}

/// A last message on the device's telemetry topic (`device.md` §2.7).
#[derive(Debug, Clone)]
pub struct WillMessage {
    /// Encoded property bag; may be empty.
    pub bag: String,
    /// The body.
    pub payload: Vec<u8>,
    /// 0 or 1.
    pub qos: u8,
}

/// Something the hub did. Latencies run from the call that sent the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// CONNACK 0.
    Connected {
        /// The hub still has the session and its filters.
        session_present: bool,
        /// Since CONNECT.
        latency: Duration,
    },
    /// CONNACK with another code; the hub closes.
    Refused(ConnectCode),
    /// SUBACK.
    Subscribed {
        /// Of the SUBSCRIBE.
        packet_id: u16,
        /// One per filter: granted QoS or 0x80.
        codes: Vec<u8>,
    },
    /// UNSUBACK.
    Unsubscribed {
        /// Of the UNSUBSCRIBE.
        packet_id: u16,
    },
    /// PUBACK of telemetry: the hub has stored it.
    Acknowledged {
        /// As given to `publish_telemetry`.
        tag: u64,
        /// Since the PUBLISH.
        latency: Duration,
    },
    /// A cloud-to-device message.
    CloudToDevice {
        /// To be acknowledged when handled; `None` for QoS 0.
        packet_id: Option<u16>,
        /// Sent before.
        redelivered: bool,
        /// From the topic's bag.
        properties: MessageProperties,
        /// The body.
        payload: Vec<u8>,
    },
    /// Desired properties changed.
    DesiredChanged {
        /// The new `$version`.
        version: u64,
        /// The patch, JSON with `$version`.
        body: Vec<u8>,
    },
    /// A direct method was called; answer with `respond_method`.
    MethodCalled {
        /// The method.
        name: String,
        /// Given back in the response.
        request_id: String,
        /// JSON, or empty.
        payload: Vec<u8>,
    },
    /// The twin that `get_twin` asked for.
    TwinReceived {
        /// As `get_twin` returned it.
        request_id: u64,
        /// JSON with `desired` and `reported`.
        body: Vec<u8>,
        /// Since the request.
        latency: Duration,
    },
    /// A report was accepted.
    TwinReported {
        /// As `report_twin` returned it.
        request_id: u64,
        /// The new reported `$version`.
        version: Option<u64>,
        /// Since the request.
        latency: Duration,
    },
    /// A twin request was refused.
    TwinFailed {
        /// As the request returned it.
        request_id: u64,
        /// 300 or above.
        status: u16,
        /// JSON with `errorCode` and `message`.
        body: Vec<u8>,
    },
    /// A twin request got no answer within the answer timeout.
    TwinTimedOut {
        /// As the request returned it.
        request_id: u64,
    },
}

/// Why a session cannot go on, or a call cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientError {
    /// The call needs a session that CONNACK has opened.
    NotConnected,
    /// All 65,535 packet ids, or all twin requests, are waiting for an answer.
    TooManyOutstanding,
    /// A topic or field is too long.
    Encode(EncodeError),
    /// The hub sent bytes that are not MQTT: close.
    Malformed(MalformedPacket),
    /// The hub sent a packet that does not fit here: close.
    Unexpected(&'static str),
    /// The hub did not send this in time: close.
    NoAnswer(&'static str),
}

impl fmt::Display for ClientError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConnected => formatter.write_str("the MQTT session is not open"),
            Self::TooManyOutstanding => {
                formatter.write_str("too many messages or requests wait for an answer of the hub")
            }
            Self::Encode(error) => error.fmt(formatter),
            Self::Malformed(error) => write!(formatter, "the hub sent malformed MQTT: {error}"),
            Self::Unexpected(what) => write!(formatter, "the hub sent an unexpected {what}"),
            Self::NoAnswer(what) => write!(formatter, "the hub sent no {what} in time"),
        }
    }
}

impl std::error::Error for ClientError {}

impl From<EncodeError> for ClientError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<MalformedPacket> for ClientError {
    fn from(error: MalformedPacket) -> Self {
        Self::Malformed(error)
    }
}
