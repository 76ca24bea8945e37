//! A gateway: device WebSockets and the MQTT sessions on them (`device.md` §1–§6, §9).
//!
//! It speaks MQTT and knows what is in flight; whether a device may connect, what it is
//! subscribed to for good and what waits for it, the registry decides. It must never
//! acknowledge what is not stored, nor send anything before CONNACK.

mod calls;
mod census;
mod connect;
mod connection;
mod deadlines;
mod deliveries;
mod ending;
mod methods;
mod packets;
mod subscribe;
mod telemetry;
mod throttles;
mod twin;

use super::counters::{self, Counters};
use super::effects::{Call, Correlation, Effects, Outgoing, Token};
use crate::error::HubError;
use crate::ids::Identity;
use crate::ipc::gateway::{GatewayReply, GatewayRequest, GatewayResult};
use crate::ipc::registry::RegistryRequest;
use crate::ipc::{Address, ConnectionId, Layout};
use crate::json;
use crate::mqtt::packet::Publish;
use crate::sql::Sql;
use crate::throttle::Throttles;
use crate::time::Timestamp;
use calls::PendingCall;
use census::Census;
use connection::{Connection, Phase, Session};
use std::collections::{BTreeMap, HashMap};
use telemetry::Batcher;

pub use connection::Slot;

const STEPS: &[&[&str]] = &[
    &["CREATE TABLE connection (
        id TEXT PRIMARY KEY,
        device_id TEXT NOT NULL,
        module_id TEXT NOT NULL
    ) WITHOUT ROWID"],
    // A row for each connection was two commits more than connecting needs; see `census`.
    &["DROP TABLE connection", census::SCHEMA],
    &[throttles::SCHEMA],
    &[counters::SCHEMA],
];

/// The sockets that exist outside of the actor's memory.
pub trait Sockets {
    /// A live socket by its connection, with its attachment (empty if none was set).
    fn find(&self, connection: &ConnectionId) -> Option<(Slot, String)>;
    /// All live sockets with their attachments.
    fn all(&self) -> Vec<(Slot, String)>;
}

/// What a gateway wants done.
#[derive(Debug, Default)]
pub struct GatewayEffects {
    /// Calls, replies, wake-ups.
    pub common: Effects<GatewayResult>,
    /// Packets to send, one WebSocket message each: the socket, and where its packet ends
    /// in `bytes`. In order.
    pub frames: Vec<(Slot, usize)>,
    /// The packets, one behind the other.
    pub bytes: Vec<u8>,
    /// Sockets to close after the frames are sent, with the close code.
    pub closes: Vec<(Slot, u16)>,
    /// Attachments to set.
    pub attachments: Vec<(Slot, String)>,
    /// Lines for the log, JSON each. Never a secret, never a body.
    pub log: Vec<String>,
}

impl GatewayEffects {
    /// Queues one packet, written by `encode`.
    fn send(&mut self, slot: Slot, encode: impl FnOnce(&mut Vec<u8>)) {
        encode(&mut self.bytes);
        self.frames.push((slot, self.bytes.len()));
    }

    fn publish(&mut self, slot: Slot, message: &Publish<'_>) {
        let before = self.bytes.len();
        if crate::mqtt::encode::publish(&mut self.bytes, message).is_ok() {
            self.frames.push((slot, self.bytes.len()));
        } else {
            self.bytes.truncate(before);
        }
    }
}

/// A gateway. Everything in it is either in the sockets' attachments too, or concerns
/// something under way, which keeps the object awake.
#[derive(Debug)]
pub struct Gateway {
    number: u16,
    layout: Layout,
    connections: HashMap<Slot, Connection>,
    slots: HashMap<ConnectionId, Slot>,
    batchers: Vec<Batcher>,
    calls: HashMap<Correlation, PendingCall>,
    correlations: Correlation,
    census: Census,
    /// What its devices may do; the hub's other holders have buckets of their own.
    throttles: Throttles,
    counters: Counters,
    /// The most connections that there were at a time in this life.
    most_connections: usize,
    /// Deadlines of direct methods.
    method_deadlines: BTreeMap<(Timestamp, u64), Slot>,
    /// Connections whose attachment is to be written, and when.
    dirty: Vec<Slot>,
    flush_at: Option<Timestamp>,
    /// Every live socket is in `connections`.
    all_loaded: bool,
}

/// What one input may use.
struct Context<'a> {
    now: Timestamp,
    sql: &'a dyn Sql,
    out: &'a mut GatewayEffects,
}

impl Gateway {
    /// Opens the gateway. `fresh` says that the process is new, so that sockets may have
    /// been lost without a trace: the shards are told which are left.
    pub fn open(
        number: u16,
        layout: Layout,
        fresh: bool,
        now: Timestamp,
        sql: &dyn Sql,
        sockets: &dyn Sockets,
        out: &mut GatewayEffects,
    ) -> Result<Self, HubError> {
        crate::sql::migrate(sql, STEPS)?;
        let mut gateway = Self {
            number,
            layout,
            connections: HashMap::new(),
            slots: HashMap::new(),
            batchers: (0..layout.partitions.max(1))
                .map(|_| Batcher::new())
                .collect(),
            calls: HashMap::new(),
            correlations: 0,
            census: Census::load(sql)?,
            throttles: throttles::load(layout, sql)?,
            counters: Counters::load(sql)?,
            most_connections: 0,
            method_deadlines: BTreeMap::new(),
            dirty: Vec::new(),
            flush_at: None,
            all_loaded: false,
        };
        if fresh {
            gateway.take_census(&mut Context { now, sql, out }, sockets)?;
        }
        Ok(gateway)
    }

    /// A device opened a socket. `connection` is random and names it for ever; `certificate`
    /// is the client certificate of its TLS connection, as `ClientCertificate::to_text`.
    pub fn opened(
        &mut self,
        now: Timestamp,
        slot: Slot,
        connection: ConnectionId,
        certificate: Option<String>,
        sql: &dyn Sql,
        out: &mut GatewayEffects,
    ) {
        let mut context = Context { now, sql, out };
        self.slots.insert(connection.clone(), slot);
        let mut opened = Connection::new(connection, now);
        opened.certificate = certificate;
        self.connections.insert(slot, opened);
        self.most_connections = self.most_connections.max(self.connections.len());
        self.heard(slot, &mut context);
        self.arm(&mut context);
    }

    /// Takes a socket back into memory after hibernation. Needed before [`Gateway::frame`]
    /// and [`Gateway::closed`] for sockets that this object has not seen in this life.
    ///
    /// Does nothing for a socket that is in memory already: what memory knows is newer.
    pub fn adopt(&mut self, slot: Slot, attachment: &str) {
        if self.connections.contains_key(&slot) {
            return;
        }
        let layout = self.layout;
        let connection = Connection::from_attachment(attachment, |identity| {
            layout.partition_of(&identity.device)
        });
        if let Some(connection) = connection {
            if let Some(old) = self.slots.insert(connection.id.clone(), slot) {
                self.connections.remove(&old);
            }
            self.connections.insert(slot, connection);
        }
    }

    /// A binary WebSocket message of a device.
    pub fn frame(
        &mut self,
        now: Timestamp,
        slot: Slot,
        bytes: &[u8],
        sql: &dyn Sql,
        out: &mut GatewayEffects,
    ) {
        let mut context = Context { now, sql, out };
        self.feed(slot, bytes, &mut context);
        self.send_due(&mut context);
        self.arm(&mut context);
    }

    /// A text message: not MQTT (`device.md` §1).
    pub fn text(&mut self, now: Timestamp, slot: Slot, sql: &dyn Sql, out: &mut GatewayEffects) {
        let mut context = Context { now, sql, out };
        self.close(slot, "protocolError", &mut context);
        self.send_due(&mut context);
        self.arm(&mut context);
    }

    /// The socket is gone.
    pub fn closed(&mut self, now: Timestamp, slot: Slot, sql: &dyn Sql, out: &mut GatewayEffects) {
        let mut context = Context { now, sql, out };
        self.end(slot, "connectionLost", &mut context);
        self.send_due(&mut context);
        self.arm(&mut context);
    }

    /// Handles a request. `None`: the answer comes later as an effect for `token`.
    pub fn handle(
        &mut self,
        now: Timestamp,
        token: Token,
        request: GatewayRequest,
        sql: &dyn Sql,
        sockets: &dyn Sockets,
        out: &mut GatewayEffects,
    ) -> Option<GatewayResult> {
        let mut context = Context { now, sql, out };
        let answer = match request {
            GatewayRequest::Wake => Some(Ok(GatewayReply::Done)),
            GatewayRequest::Report => Some(Ok(self.report(sockets, &context))),
            GatewayRequest::ApplyThrottles { version, throttles } => {
                Some(self.apply_throttles(version, &throttles, sql))
            }
            GatewayRequest::Close { connection, reason } => {
                if let Some(slot) = self.find(&connection, sockets) {
                    self.close(slot, &reason, &mut context);
                }
                Some(Ok(GatewayReply::Done))
            }
            GatewayRequest::DesiredChanged {
                connection,
                version,
                body,
            } => {
                let slot = self.find(&connection, sockets);
                Some(Ok(self.desired_changed(slot, version, &body, &mut context)))
            }
            GatewayRequest::Deliver {
                connection,
                deliveries,
            } => {
                let slot = self.find(&connection, sockets);
                Some(Ok(self.accept_deliveries(slot, deliveries, &mut context)))
            }
            GatewayRequest::LastMessages(connections) => {
                Some(Ok(self.last_messages(&connections, sockets)))
            }
            GatewayRequest::InvokeMethod(invocation) => {
                let slot = self.find(&invocation.connection, sockets);
                self.invoke_method(slot, token, invocation, &mut context)
            }
        };
        self.send_due(&mut context);
        self.arm(&mut context);
        answer
    }

    /// What this gateway says of itself.
    fn report(&self, sockets: &dyn Sockets, context: &Context<'_>) -> GatewayReply {
        let (rows_written, bytes) = context.sql.usage();
        let now = sockets.all().len();
        GatewayReply::Report(json!({
            "counters": self.counters.document(),
            "rowsWritten": rows_written,
            "bytes": bytes,
            "sockets": now,
            "mostSockets": self.most_connections.max(now),
            "throttles": self.throttles.usage(context.now),
        }))
    }

    /// The slot of a connection, loaded from its attachment if need be.
    fn find(&mut self, connection: &ConnectionId, sockets: &dyn Sockets) -> Option<Slot> {
        if let Some(slot) = self.slots.get(connection) {
            return Some(*slot);
        }
        if self.all_loaded {
            return None;
        }
        let (slot, attachment) = sockets.find(connection)?;
        self.adopt(slot, &attachment);
        self.slots.get(connection).copied()
    }

    fn session_mut(&mut self, slot: Slot) -> Option<&mut Session> {
        self.connections
            .get_mut(&slot)
            .and_then(Connection::session_mut)
    }

    /// Notes that the device is alive and its attachment out of date.
    fn heard(&mut self, slot: Slot, context: &mut Context<'_>) {
        let Some(connection) = self.connections.get_mut(&slot) else {
            return;
        };
        connection.last_heard = context.now;
        if !connection.dirty {
            connection.dirty = true;
            self.dirty.push(slot);
        }
    }

    fn call(
        &mut self,
        to: Address,
        request: Outgoing,
        pending: PendingCall,
        context: &mut Context<'_>,
    ) {
        self.correlations += 1;
        self.calls.insert(self.correlations, pending);
        context.out.common.calls.push(Call {
            to,
            request,
            correlation: self.correlations,
        });
    }

    /// Asks the identity's registry shard.
    fn ask(
        &mut self,
        identity: &Identity,
        request: RegistryRequest,
        pending: PendingCall,
        context: &mut Context<'_>,
    ) {
        let to = Address::Registry(self.layout.shard_of(&identity.device));
        self.call(to, Outgoing::Registry(request), pending, context);
    }

    /// Whether nothing is under way that hibernation would lose.
    pub fn is_idle(&self) -> bool {
        self.calls.is_empty()
            && self.method_deadlines.is_empty()
            && self.flush_at.is_none()
            && !self.counters.is_unwritten()
            && self.batchers.iter().all(Batcher::is_empty)
    }
}

/// Whether a connection waits for a decision of the registry.
fn is_connecting(connection: &Connection) -> bool {
    matches!(connection.phase, Phase::Connecting(_)) || connection.blocked
}
