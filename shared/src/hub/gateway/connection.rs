//! One device connection: what is known of it, and how that survives hibernation.
//!
//! While the object is in memory this is the truth. When it is about to hibernate the
//! same facts go into the socket's attachment (at most 16 KiB), from where they return
//! with the next packet. A crash loses sockets and attachments alike, so neither holds
//! anything that must outlive one.

use crate::hub::effects::Token;
use crate::hub::segment::Sender;
use crate::ids::Identity;
use crate::ipc::ConnectionId;
use crate::ipc::gateway::InvokeMethod;
use crate::ipc::registry::{Connected, Delivery};
use crate::mqtt::stream::StreamDecoder;
use crate::mqtt::topic::Subscriptions;
use crate::reading;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// Names a socket within one life of the gateway object; never used twice.
pub type Slot = u32;

/// A device that only opened a socket must send CONNECT within this time (`device.md` §1).
pub(super) const CONNECT_MILLISECONDS: i64 = 60_000;
/// Longest silence that is tolerated: 29 min 27 s (`device.md` §2.6).
const MAX_SILENCE_MILLISECONDS: i64 = 1_767_000;
/// Completed cloud-to-device messages that a session remembers: more than a device can have
/// pending.
const MAX_REMEMBERED: usize = 64;
/// Largest attachment; a larger packet tail cannot be kept over a hibernation.
pub(super) const MAX_ATTACHMENT_BYTES: usize = 15_000;

/// How far a connection has come.
#[derive(Debug)]
pub(super) enum Phase {
    /// The socket is open, CONNECT has not come.
    Opened,
    /// The registry is being asked.
    Connecting(Box<Pending>),
    /// CONNACK 0 was sent.
    Established(Box<Session>),
}

/// What CONNECT said, until the registry has answered.
#[derive(Debug)]
pub(super) struct Pending {
    pub identity: Identity,
    pub keep_alive: u16,
    pub model_id: Option<String>,
    pub will: Option<Will>,
}

/// A last will, ready to be stored as telemetry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Will {
    pub bag: String,
    #[serde(with = "crate::ipc::base64_bytes")]
    pub body: Vec<u8>,
    pub retain: bool,
}

/// One connection.
#[derive(Debug)]
pub(super) struct Connection {
    pub id: ConnectionId,
    pub phase: Phase,
    /// The client certificate of the TLS connection, until CONNECT is decided.
    pub certificate: Option<String>,
    pub decoder: StreamDecoder,
    /// CONNECT, SUBSCRIBE or UNSUBSCRIBE is being decided: later packets wait.
    pub blocked: bool,
    pub opened: Timestamp,
    pub last_heard: Timestamp,
    /// When the registry was last told that the device is alive.
    pub last_reported: Timestamp,
    /// The attachment is older than this.
    pub dirty: bool,
    /// The packet for which the connection is being closed.
    pub offending: &'static str,
    /// Deliveries and method calls that came while the connection was blocked.
    pub held_deliveries: Vec<Delivery>,
    pub held_methods: Vec<(Token, InvokeMethod)>,
}

/// An authenticated MQTT session.
#[derive(Debug)]
pub(super) struct Session {
    pub identity: Identity,
    pub epoch: u64,
    pub partition: u16,
    pub sender: Sender,
    pub facts: SessionFacts,
    pub subscriptions: Subscriptions,
    pub silence: i64,
    pub expires: Option<Timestamp>,
    pub will: Option<Will>,
    pub next_packet_id: u16,
    /// Packet ids of cloud-to-device messages that wait for a PUBACK, and their numbers.
    pub in_flight: VecDeque<(u16, u64)>,
    /// Numbers that were completed lately. Not kept over a hibernation: by then nothing that
    /// could repeat them is on its way.
    recently_completed: VecDeque<u64>,
    pub next_request_id: u64,
    pub methods: Vec<MethodCall>,
    /// Last batch and last second in which this connection sent telemetry.
    pub batch_mark: u64,
    pub window_mark: u64,
    /// When the device last sent a message or asked for its twin; a ping is none.
    pub spoke: Option<Timestamp>,
}

/// Stamps of the session's telemetry; kept to rebuild [`Sender`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SessionFacts {
    pub generation_id: String,
    pub auth_method: String,
    pub model_id: String,
}

/// A direct method that the device has not answered.
#[derive(Debug)]
pub(super) struct MethodCall {
    pub request_id: u64,
    pub token: Token,
    pub deadline: Timestamp,
}

/// The attachment's JSON.
#[derive(Serialize, Deserialize)]
struct Attachment {
    id: ConnectionId,
    opened: Timestamp,
    heard: Timestamp,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    tail: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    session: Option<StoredSession>,
}

#[derive(Serialize, Deserialize)]
struct StoredSession {
    identity: Identity,
    epoch: u64,
    facts: SessionFacts,
    subscriptions: Subscriptions,
    silence: i64,
    expires: Option<Timestamp>,
    will: Option<Will>,
    next_packet_id: u16,
    in_flight: VecDeque<(u16, u64)>,
    next_request_id: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    spoke: Option<Timestamp>,
}

/// 1.5 times the client's keep-alive, at most the ceiling, which also stands for 0.
pub(super) fn silence_allowed(keep_alive: u16) -> i64 {
    match keep_alive {
        0 => MAX_SILENCE_MILLISECONDS,
        seconds => (i64::from(seconds) * 1500).min(MAX_SILENCE_MILLISECONDS),
    }
}

impl Session {
    pub(super) fn new(pending: Pending, connected: &Connected, partition: u16) -> Self {
        let facts = SessionFacts {
            generation_id: connected.generation_id.clone(),
            auth_method: connected.auth_method.clone(),
            model_id: pending.model_id.unwrap_or_default(),
        };
        Self {
            sender: sender(&pending.identity, &facts),
            identity: pending.identity,
            epoch: connected.epoch,
            partition,
            facts,
            subscriptions: connected.subscriptions.clone().into(),
            silence: silence_allowed(pending.keep_alive),
            expires: connected.expires,
            will: pending.will,
            next_packet_id: 1,
            in_flight: VecDeque::new(),
            recently_completed: VecDeque::new(),
            next_request_id: 1,
            methods: Vec::new(),
            batch_mark: 0,
            window_mark: 0,
            spoke: None,
        }
    }

    /// Whether a cloud-to-device message was sent on this connection already.
    pub(super) fn has_sent(&self, number: u64) -> bool {
        self.in_flight.iter().any(|(_, sent)| *sent == number)
            || self.recently_completed.contains(&number)
    }

    /// Remembers that a cloud-to-device message is done with.
    pub(super) fn note_completed(&mut self, number: u64) {
        if self.recently_completed.len() >= MAX_REMEMBERED {
            self.recently_completed.pop_front();
        }
        self.recently_completed.push_back(number);
    }

    /// A packet id that no unacknowledged message has.
    pub(super) fn take_packet_id(&mut self) -> u16 {
        loop {
            let id = self.next_packet_id;
            self.next_packet_id = if id == u16::MAX { 1 } else { id + 1 };
            if !self.in_flight.iter().any(|(used, _)| *used == id) {
                return id;
            }
        }
    }
}

fn sender(identity: &Identity, facts: &SessionFacts) -> Sender {
    Sender::new(
        identity.device.as_str(),
        identity.module_key(),
        &facts.generation_id,
        &facts.auth_method,
        &facts.model_id,
    )
}

impl Connection {
    pub(super) fn new(id: ConnectionId, now: Timestamp) -> Self {
        Self {
            id,
            phase: Phase::Opened,
            certificate: None,
            decoder: StreamDecoder::new(),
            blocked: false,
            opened: now,
            last_heard: now,
            last_reported: now,
            dirty: false,
            offending: "",
            held_deliveries: Vec::new(),
            held_methods: Vec::new(),
        }
    }

    pub(super) fn session(&self) -> Option<&Session> {
        match &self.phase {
            Phase::Established(session) => Some(session),
            _ => None,
        }
    }

    pub(super) fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.phase {
            Phase::Established(session) => Some(session),
            _ => None,
        }
    }

    /// When the hub closes it unless something is heard before.
    pub(super) fn deadline(&self) -> Timestamp {
        match &self.phase {
            Phase::Established(session) => {
                let silent = self.last_heard.plus_milliseconds(session.silence);
                session
                    .expires
                    .map_or(silent, |expires| expires.min(silent))
            }
            _ => self.opened.plus_milliseconds(CONNECT_MILLISECONDS),
        }
    }

    /// The attachment's text; `None` if it does not fit or a decision is under way (then
    /// the object is awake anyway).
    pub(super) fn attachment(&self) -> Option<String> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let session = match &self.phase {
            Phase::Opened => None,
            Phase::Connecting(_) => return None,
            Phase::Established(session) => Some(StoredSession {
                identity: session.identity.clone(),
                epoch: session.epoch,
                facts: session.facts.clone(),
                subscriptions: session.subscriptions.clone(),
                silence: session.silence,
                expires: session.expires,
                will: session.will.clone(),
                next_packet_id: session.next_packet_id,
                in_flight: session.in_flight.clone(),
                next_request_id: session.next_request_id,
                spoke: session.spoke,
            }),
        };
        let attachment = Attachment {
            id: self.id.clone(),
            opened: self.opened,
            heard: self.last_heard,
            tail: STANDARD.encode(self.decoder.tail()),
            certificate: self.certificate.clone(),
            session,
        };
        serde_json::to_string(&attachment)
            .ok()
            .filter(|text| text.len() <= MAX_ATTACHMENT_BYTES)
    }

    /// Rebuilds a connection after hibernation; `None` for one that was closed.
    pub(super) fn from_attachment(
        text: &str,
        partition_of: impl Fn(&Identity) -> u16,
    ) -> Option<Self> {
        use base64::{Engine, engine::general_purpose::STANDARD};
        let attachment: Attachment = reading::from_str(text).ok()?;
        let phase = match attachment.session {
            None => Phase::Opened,
            Some(stored) => Phase::Established(Box::new(Session {
                partition: partition_of(&stored.identity),
                sender: sender(&stored.identity, &stored.facts),
                identity: stored.identity,
                epoch: stored.epoch,
                facts: stored.facts,
                subscriptions: stored.subscriptions,
                silence: stored.silence,
                expires: stored.expires,
                will: stored.will,
                next_packet_id: stored.next_packet_id,
                in_flight: stored.in_flight,
                recently_completed: VecDeque::new(),
                next_request_id: stored.next_request_id,
                methods: Vec::new(),
                batch_mark: 0,
                window_mark: 0,
                spoke: stored.spoke,
            })),
        };
        Some(Self {
            phase,
            certificate: attachment.certificate,
            decoder: StreamDecoder::from_tail(STANDARD.decode(attachment.tail).ok()?),
            last_heard: attachment.heard,
            last_reported: attachment.heard,
            ..Self::new(attachment.id, attachment.opened)
        })
    }
}
