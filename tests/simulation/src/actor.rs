//! One actor with its storage: takes an input, gives back what it wants done.
//!
//! The same for all four kinds, so that whoever runs them need not tell them apart. It adds
//! nothing to what the actors decide; it plays the part of a Durable Object's shell.

use crate::sqlite::Sqlite;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::delivery::{Delivered, Delivery};
use shared::error::HubError;
use shared::hub::administration::Hub;
use shared::hub::effects::{Call, Correlation, Effects, Outcome, Outgoing, Token};
use shared::hub::events::Events;
use shared::hub::gateway::{Gateway, GatewayEffects, Slot, Sockets};
use shared::hub::registry::Registry;
use shared::ipc::events::EventsResult;
use shared::ipc::gateway::GatewayResult;
use shared::ipc::hub::{HubRequest, HubResult};
use shared::ipc::registry::RegistryResult;
use shared::ipc::{Address, ConnectionId, Layout, encoding};
use shared::time::Timestamp;
use std::collections::BTreeSet;

/// What an actor holds in memory and loses in a crash.
#[derive(Debug)]
enum Memory {
    Gateway(Box<Gateway>),
    Registry(Box<Registry>),
    Events(Box<Events>),
    Hub(Box<Hub>),
}

/// A request to any actor.
#[derive(Debug, Clone)]
pub enum Request {
    /// As actors send them to each other.
    Actor(Outgoing),
    /// To the hub object, from the HTTP side.
    Hub(HubRequest),
}

/// An answer of any actor.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Of a registry shard.
    Registry(RegistryResult),
    /// Of a gateway.
    Gateway(GatewayResult),
    /// Of a partition.
    Events(EventsResult),
    /// Of a partition to a segment.
    Appended(Result<(), HubError>),
    /// Of the hub object.
    Hub(HubResult),
}

/// As it is behind a call between two objects.
fn travelled<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let bytes = encoding::to_bytes(value).expect("a call can be written");
    encoding::from_bytes(&bytes).expect("a call can be read")
}

impl Request {
    /// As its receiver reads it.
    pub fn travelled(self) -> Self {
        match self {
            Self::Actor(Outgoing::Registry(request)) => {
                Self::Actor(Outgoing::Registry(travelled(&request)))
            }
            Self::Actor(Outgoing::Gateway(request)) => {
                Self::Actor(Outgoing::Gateway(travelled(&request)))
            }
            Self::Actor(Outgoing::Events(request)) => {
                Self::Actor(Outgoing::Events(travelled(&request)))
            }
            Self::Actor(Outgoing::Hub(request)) => Self::Actor(Outgoing::Hub(travelled(&request))),
            Self::Actor(Outgoing::Append(segment)) => Self::Actor(Outgoing::Append(segment)),
            Self::Hub(request) => Self::Hub(travelled(&request)),
        }
    }
}

impl Answer {
    /// As whoever asked reads it.
    pub fn travelled(self) -> Self {
        match self {
            Self::Registry(result) => Self::Registry(travelled(&result)),
            Self::Gateway(result) => Self::Gateway(travelled(&result)),
            Self::Events(result) => Self::Events(travelled(&result)),
            Self::Appended(result) => Self::Appended(result),
            Self::Hub(result) => Self::Hub(travelled(&result)),
        }
    }
}

/// Something that happens to an actor.
#[derive(Debug)]
pub enum Input {
    /// Somebody asks.
    Request(Token, Request),
    /// A call of its own has ended.
    Outcome(Correlation, Outcome),
    /// The volatile timer.
    Timer,
    /// The durable alarm.
    Alarm,
    /// What came of a delivery (partitions only).
    Delivered(Box<Delivery>, Delivered),
    /// A device opened a socket (gateways only, like all below).
    Opened(Slot, ConnectionId, Option<String>),
    /// Bytes of a device.
    Frame(Slot, Vec<u8>),
    /// A text message of a device.
    Text(Slot),
    /// A socket is gone.
    Closed(Slot),
}

/// What an input led to.
#[derive(Debug, Default)]
pub struct Output {
    /// The direct answer to a request.
    pub answer: Option<Answer>,
    /// Calls to make.
    pub calls: Vec<Call>,
    /// Answers to callers that waited.
    pub replies: Vec<(Token, Answer)>,
    /// Volatile wake-up.
    pub timer: Option<Timestamp>,
    /// Durable wake-up.
    pub alarm: Option<Timestamp>,
    /// Deliveries to those outside.
    pub deliveries: Vec<Delivery>,
    /// Packets to devices, each a WebSocket message.
    pub frames: Vec<(Slot, Vec<u8>)>,
    /// Sockets to close.
    pub closes: Vec<(Slot, u16)>,
    /// Attachments to set.
    pub attachments: Vec<(Slot, String)>,
}

impl Output {
    fn take<Reply>(&mut self, effects: Effects<Reply>, wrap: impl Fn(Reply) -> Answer) {
        self.calls.extend(effects.calls);
        self.replies.extend(
            effects
                .replies
                .into_iter()
                .map(|(token, reply)| (token, wrap(reply))),
        );
        self.timer = earlier(self.timer, effects.timer);
        self.alarm = earlier(self.alarm, effects.alarm);
    }

    fn take_gateway(&mut self, out: GatewayEffects) {
        let mut start = 0;
        for (slot, end) in out.frames {
            self.frames.push((slot, out.bytes[start..end].to_vec()));
            start = end;
        }
        assert_eq!(start, out.bytes.len(), "every byte belongs to a frame");
        self.closes.extend(out.closes);
        self.attachments.extend(out.attachments);
        self.take(out.common, Answer::Gateway);
    }
}

/// The earlier of two optional moments.
pub fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

/// An actor.
#[derive(Debug)]
pub struct Actor {
    /// Who it is.
    pub address: Address,
    /// Its durable half.
    pub sql: Sqlite,
    layout: Layout,
    memory: Option<Memory>,
    /// The process is new: a gateway opened now looks for lost sockets.
    fresh: bool,
    /// Sockets that the gateway has been shown in this life.
    seen: BTreeSet<Slot>,
    /// Segments whose answer comes later.
    appending: BTreeSet<Token>,
}

impl Actor {
    /// An actor with an empty database that was never opened.
    pub fn new(address: Address, layout: Layout) -> Self {
        Self {
            address,
            sql: Sqlite::new(),
            layout,
            memory: None,
            fresh: true,
            seen: BTreeSet::new(),
            appending: BTreeSet::new(),
        }
    }

    /// Loses its memory. After a crash its sockets are gone too; after an eviction they stay.
    pub fn forget(&mut self, crash: bool) {
        self.memory = None;
        self.appending.clear();
        self.seen.clear();
        self.fresh |= crash;
    }

    /// Whether it is in memory.
    pub fn is_loaded(&self) -> bool {
        self.memory.is_some()
    }

    /// Whether it was ever opened.
    pub fn has_tables(&self) -> bool {
        self.sql
            .number("SELECT count(*) FROM sqlite_master", &[])
            .unwrap_or(0)
            > 0
    }

    /// Whether it has nothing under way that only memory holds.
    pub fn is_idle(&self) -> bool {
        match &self.memory {
            Some(Memory::Gateway(gateway)) => gateway.is_idle(),
            _ => true,
        }
    }

    fn open(&mut self, now: Timestamp, sockets: &dyn Sockets, output: &mut Output) {
        if self.memory.is_some() {
            return;
        }
        let sql = &self.sql;
        let memory = match self.address {
            Address::Gateway(number) => {
                let mut out = GatewayEffects::default();
                let gateway =
                    Gateway::open(number, self.layout, self.fresh, now, sql, sockets, &mut out);
                output.take_gateway(out);
                gateway.map(|gateway| Memory::Gateway(Box::new(gateway)))
            }
            Address::Registry(shard) => Registry::open(shard, sql).map(|registry| {
                Memory::Registry(Box::new(registry.with_zones(crate::zones::rules())))
            }),
            Address::Events(partition) => {
                Events::open(partition, sql).map(|events| Memory::Events(Box::new(events)))
            }
            Address::Hub => Hub::open(sql).map(|hub| Memory::Hub(Box::new(hub))),
        };
        self.fresh = false;
        self.memory = Some(memory.unwrap_or_else(|error| panic!("{:?}: {error}", self.address)));
    }

    /// The hub object, opened.
    pub fn hub(&mut self, now: Timestamp, sockets: &dyn Sockets) -> (&mut Hub, &Sqlite) {
        let mut output = Output::default();
        self.open(now, sockets, &mut output);
        match self.memory.as_mut() {
            Some(Memory::Hub(hub)) => (hub, &self.sql),
            other => panic!("{other:?} is not the hub object"),
        }
    }

    /// Lets it handle an input.
    pub fn handle(&mut self, now: Timestamp, input: Input, sockets: &dyn Sockets) -> Output {
        let mut output = Output::default();
        self.open(now, sockets, &mut output);
        let sql = &self.sql;
        match self.memory.as_mut().expect("opened above") {
            Memory::Gateway(gateway) => {
                let mut out = GatewayEffects::default();
                gateway_input(
                    gateway,
                    now,
                    input,
                    sql,
                    sockets,
                    &mut self.seen,
                    &mut out,
                    &mut output,
                );
                output.take_gateway(out);
            }
            Memory::Registry(registry) => {
                let mut effects = Effects::default();
                match input {
                    Input::Request(token, Request::Actor(Outgoing::Registry(request))) => {
                        output.answer = registry
                            .handle(now, token, request, sql, &mut effects)
                            .map(Answer::Registry);
                    }
                    Input::Outcome(correlation, outcome) => registry
                        .finished(now, correlation, &outcome, sql, &mut effects)
                        .expect("storage works"),
                    Input::Timer => registry
                        .timer(now, sql, &mut effects)
                        .expect("storage works"),
                    Input::Alarm => registry
                        .alarm(now, sql, &mut effects)
                        .expect("storage works"),
                    other => panic!("a registry got {other:?}"),
                }
                output.take(effects, Answer::Registry);
            }
            Memory::Events(events) => {
                let mut effects = Effects::default();
                match input {
                    Input::Request(token, Request::Actor(Outgoing::Append(data))) => {
                        let stored = events.append(now, token, data.to_vec(), sql, &mut effects);
                        if stored.is_none() {
                            self.appending.insert(token);
                        }
                        output.answer = stored.map(|stored| Answer::Appended(stored.map(|_| ())));
                    }
                    Input::Delivered(delivery, outcome) => events
                        .delivered(now, &delivery, &outcome, sql, &mut effects)
                        .expect("storage works"),
                    Input::Request(token, Request::Actor(Outgoing::Events(request))) => {
                        output.answer = events
                            .handle(now, token, request, sql, &mut effects)
                            .map(Answer::Events);
                    }
                    Input::Outcome(correlation, outcome) => events
                        .finished(now, correlation, &outcome, sql, &mut effects)
                        .expect("storage works"),
                    Input::Timer => events.timer(now, &mut effects),
                    Input::Alarm => events.alarm(now, sql, &mut effects).expect("storage works"),
                    other => panic!("a partition got {other:?}"),
                }
                while let Some(delivery) = events
                    .next_delivery(now, sql, &mut effects)
                    .expect("storage works")
                {
                    output.deliveries.push(delivery);
                }
                output.take(effects, Answer::Events);
                for (token, answer) in &mut output.replies {
                    if self.appending.remove(token)
                        && let Answer::Events(stored) = answer
                    {
                        *answer = Answer::Appended(stored.clone().map(|_| ()));
                    }
                }
            }
            Memory::Hub(hub) => {
                let mut effects = Effects::default();
                match input {
                    Input::Request(token, Request::Hub(request)) => {
                        output.answer = hub
                            .handle(now, token, request, sql, &mut effects)
                            .map(Answer::Hub);
                    }
                    Input::Request(token, Request::Actor(Outgoing::Hub(request))) => {
                        output.answer = hub
                            .handle(now, token, *request, sql, &mut effects)
                            .map(Answer::Hub);
                    }
                    Input::Outcome(correlation, outcome) => hub
                        .finished(now, correlation, &outcome, sql, &mut effects)
                        .expect("storage works"),
                    Input::Timer => hub.timer(now, sql, &mut effects).expect("storage works"),
                    Input::Alarm => hub.alarm(now, sql, &mut effects).expect("storage works"),
                    other => panic!("the hub object got {other:?}"),
                }
                output.take(effects, Answer::Hub);
            }
        }
        output
    }
}

#[allow(clippy::too_many_arguments)] // the shell's whole state, in one place
fn gateway_input(
    gateway: &mut Gateway,
    now: Timestamp,
    input: Input,
    sql: &Sqlite,
    sockets: &dyn Sockets,
    seen: &mut BTreeSet<Slot>,
    out: &mut GatewayEffects,
    output: &mut Output,
) {
    if let Input::Frame(slot, _) | Input::Text(slot) | Input::Closed(slot) = &input
        && seen.insert(*slot)
        && let Some((_, attachment)) = sockets.all().into_iter().find(|(known, _)| known == slot)
    {
        gateway.adopt(*slot, &attachment);
    }
    match input {
        Input::Request(token, Request::Actor(Outgoing::Gateway(request))) => {
            output.answer = gateway
                .handle(now, token, request, sql, sockets, out)
                .map(Answer::Gateway);
        }
        Input::Outcome(correlation, outcome) => {
            gateway.finished(now, correlation, outcome, sql, out)
        }
        Input::Timer => gateway.timer(now, sql, out),
        Input::Alarm => gateway
            .alarm(now, sql, sockets, out)
            .expect("storage works"),
        Input::Opened(slot, connection, certificate) => {
            seen.insert(slot);
            gateway.opened(now, slot, connection, certificate, sql, out);
        }
        Input::Frame(slot, bytes) => gateway.frame(now, slot, &bytes, sql, out),
        Input::Text(slot) => gateway.text(now, slot, sql, out),
        Input::Closed(slot) => gateway.closed(now, slot, sql, out),
        other => panic!("a gateway got {other:?}"),
    }
}
