//! The packets of MQTT 3.1.1, borrowed from the bytes they were read from.
//!
//! Shapes only. What a packet means for a hub is decided elsewhere.

/// Bounds that the decoder enforces before anything is buffered (`device.md` §9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest accepted remaining length, in bytes.
    pub max_remaining_length: usize,
    /// Most topic filters in one SUBSCRIBE or UNSUBSCRIBE.
    pub max_topic_filters: usize,
}

impl Limits {
    /// What the hub accepts from a device: 256 KiB of message, and its topic.
    pub const HUB: Self = Self {
        max_remaining_length: 330_000,
        max_topic_filters: 100,
    };
}

impl Default for Limits {
    fn default() -> Self {
        Self::HUB
    }
}

/// One control packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Packet<'a> {
    /// A client introduces itself.
    Connect(Connect<'a>),
    /// A CONNECT of another protocol level: answer CONNACK 1 and close. The rest of the
    /// packet was not read, because its layout depends on the level.
    UnsupportedProtocolLevel(u8),
    /// The answer to CONNECT.
    ConnAck(ConnAck),
    /// A message, in either direction.
    Publish(Publish<'a>),
    /// A QoS 1 message arrived.
    PubAck(u16),
    /// First answer to a QoS 2 message. IoT Hub knows no QoS 2: the hub closes.
    PubRec(u16),
    /// Second step of QoS 2: the hub closes.
    PubRel(u16),
    /// Last step of QoS 2: the hub closes.
    PubComp(u16),
    /// A client asks for topics.
    Subscribe {
        /// Repeated in the SUBACK.
        packet_id: u16,
        /// Topic filters with the requested QoS (0–2), at least one.
        filters: Vec<(&'a str, u8)>,
    },
    /// The answer to SUBSCRIBE.
    SubAck {
        /// Of the SUBSCRIBE.
        packet_id: u16,
        /// One per filter: granted QoS, or 0x80.
        codes: Vec<u8>,
    },
    /// A client no longer asks for topics.
    Unsubscribe {
        /// Repeated in the UNSUBACK.
        packet_id: u16,
        /// Topic filters, at least one.
        filters: Vec<&'a str>,
    },
    /// The answer to UNSUBSCRIBE.
    UnsubAck(u16),
    /// "I am still here."
    PingReq,
    /// "So am I."
    PingResp,
    /// The client leaves on purpose: its will is dropped.
    Disconnect,
}

impl Packet<'_> {
    /// The number of its type, as in the high half of its first byte.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Publish(_) => 3,
            Self::Connect(_) | Self::UnsupportedProtocolLevel(_) => 1,
            Self::ConnAck(_) => 2,
            Self::PubAck(_) => 4,
            Self::PubRec(_) => 5,
            Self::PubRel(_) => 6,
            Self::PubComp(_) => 7,
            Self::Subscribe { .. } => 8,
            Self::SubAck { .. } => 9,
            Self::Unsubscribe { .. } => 10,
            Self::UnsubAck(_) => 11,
            Self::PingReq => 12,
            Self::PingResp => 13,
            Self::Disconnect => 14,
        }
    }
}

/// The name of a packet type, for people.
pub fn packet_name(kind: u8) -> &'static str {
    const NAMES: [&str; 16] = [
        "type-0",
        "CONNECT",
        "CONNACK",
        "PUBLISH",
        "PUBACK",
        "PUBREC",
        "PUBREL",
        "PUBCOMP",
        "SUBSCRIBE",
        "SUBACK",
        "UNSUBSCRIBE",
        "UNSUBACK",
        "PINGREQ",
        "PINGRESP",
        "DISCONNECT",
        "type-15",
    ];
    NAMES.get(usize::from(kind)).copied().unwrap_or_default()
}

/// CONNECT of protocol level 4.
#[derive(Clone, PartialEq, Eq)]
pub struct Connect<'a> {
    /// Always 4; other levels come as [`Packet::UnsupportedProtocolLevel`].
    pub protocol_level: u8,
    /// The client id; may be empty.
    pub client_id: &'a str,
    /// Forget the stored session.
    pub clean_session: bool,
    /// Seconds; 0 turns it off.
    pub keep_alive: u16,
    /// The user name.
    pub user_name: Option<&'a str>,
    /// The password; never without a user name.
    pub password: Option<&'a [u8]>,
    /// Published when the connection ends without DISCONNECT.
    pub will: Option<Will<'a>>,
}

impl std::fmt::Debug for Connect<'_> {
    /// Leaves the password out: it is a credential, and this text may reach a log.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Connect")
            .field("protocol_level", &self.protocol_level)
            .field("client_id", &self.client_id)
            .field("clean_session", &self.clean_session)
            .field("keep_alive", &self.keep_alive)
            .field("user_name", &self.user_name)
            .field("password", &self.password.map(|_| "(hidden)"))
            .field("will", &self.will)
            .finish()
    }
}

/// A last will.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Will<'a> {
    /// Where to.
    pub topic: &'a str,
    /// What.
    pub payload: &'a [u8],
    /// 0–2.
    pub qos: u8,
    /// The retain flag.
    pub retain: bool,
}

/// CONNACK.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnAck {
    /// The hub still had the client's session.
    pub session_present: bool,
    /// Accepted, or why not.
    pub code: ConnectCode,
}

/// The return code of a CONNACK; IoT Hub's use of them is in `device.md` §2.4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum ConnectCode {
    /// Welcome.
    Accepted = 0,
    /// The protocol level is not 4.
    UnacceptableProtocolVersion = 1,
    /// Never sent by the hub.
    IdentifierRejected = 2,
    /// Disabled device, overload, internal error, unreadable user name.
    ServerUnavailable = 3,
    /// Never sent by the hub.
    BadUserNameOrPassword = 4,
    /// Every failure of authentication.
    NotAuthorized = 5,
}

impl ConnectCode {
    /// The byte on the wire.
    pub fn as_u8(self) -> u8 {
        self as u8
    }

    /// From the byte on the wire; 6 and above are reserved.
    pub fn from_u8(code: u8) -> Option<Self> {
        match code {
            0 => Some(Self::Accepted),
            1 => Some(Self::UnacceptableProtocolVersion),
            2 => Some(Self::IdentifierRejected),
            3 => Some(Self::ServerUnavailable),
            4 => Some(Self::BadUserNameOrPassword),
            5 => Some(Self::NotAuthorized),
            _ => None,
        }
    }
}

/// PUBLISH.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Publish<'a> {
    /// Never empty, without wildcards.
    pub topic: &'a str,
    /// The application's bytes; may be empty.
    pub payload: &'a [u8],
    /// 0, 1, or 2, for which the hub closes the connection (`device.md` §3.3).
    pub qos: u8,
    /// Present exactly when `qos` is not 0.
    pub packet_id: Option<u16>,
    /// The retain flag.
    pub retain: bool,
    /// Sent before.
    pub dup: bool,
}
