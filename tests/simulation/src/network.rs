//! Everything that is on its way: calls, answers, packets, wake-ups.
//!
//! A queue in virtual time. What one party sends to another arrives in the order in which
//! it was sent; between different pairs anything may overtake anything.

use crate::actor::{Answer, Request};
use crate::device::Action;
use crate::random::Random;
use shared::delivery::{Delivered, Delivery};
use shared::error::{ErrorCode, HubError};
use shared::hub::effects::{Correlation, Outgoing};
use shared::hub::gateway::Slot;
use shared::ipc::Address;
use std::collections::BTreeMap;

/// Names a call while anybody knows of it; also the token of the callee.
pub type CallNumber = u64;

/// Who made a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Caller {
    /// An actor, in one of its lives.
    Actor {
        /// Which.
        address: Address,
        /// Which life.
        life: u64,
        /// How it knows the call.
        correlation: Correlation,
    },
    /// The HTTP side.
    Client,
    /// A duplicate: nobody listens to its answer.
    Nobody,
}

/// A call under way.
#[derive(Debug, Clone)]
pub struct PendingCall {
    /// Who asked.
    pub caller: Caller,
    /// Who is asked.
    pub to: Address,
    /// What; taken when it is delivered.
    pub request: Request,
    /// The answer will be lost.
    pub answer_lost: bool,
    /// The callee has it.
    pub delivered: bool,
}

/// Something that will happen.
#[derive(Debug)]
pub enum Event {
    /// A call reaches its callee.
    Deliver(CallNumber),
    /// A caller learns what came of its call.
    Answered(CallNumber, Answer),
    /// A volatile timer.
    Timer(Address, u64),
    /// A durable alarm; `true`: the second time.
    Alarm(Address, bool),
    /// A device's socket is accepted.
    Opened(Slot),
    /// Bytes reach the hub.
    ToHub(Slot, Vec<u8>),
    /// The hub learns that a socket is gone.
    HubSawClose(Slot),
    /// A packet reaches a device.
    ToDevice(Slot, Vec<u8>),
    /// A device learns that its socket is gone.
    DeviceSawClose(Slot),
    /// A device does something.
    Device(usize, Action),
    /// A partition, in one of its lives, learns what came of a delivery.
    Delivered(Address, u64, Box<Delivery>, Delivered),
    /// A sleeping client wakes up.
    Wake(u64),
    /// The next fault of a kind.
    Fault(FaultKind),
}

/// Faults that come by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// An actor crashes.
    Crash,
    /// The process crashes.
    ProcessCrash,
    /// An idle actor is evicted.
    Evict,
    /// A device loses its network.
    DeviceDrop,
}

/// One direction between two parties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Calls between actors.
    Actors(Address, Address),
    /// Calls of the HTTP side; every request is a client of its own, so nothing is in order.
    Client(CallNumber),
    /// From a device.
    ToHub(Slot),
    /// To a device.
    ToDevice(Slot),
}

/// The queue.
#[derive(Debug)]
pub struct Network {
    /// Microseconds of virtual time.
    pub now: i64,
    queue: BTreeMap<(i64, u64), Event>,
    lanes: BTreeMap<Lane, i64>,
    order: u64,
    random: Random,
    /// Thousandths of messages that are slow.
    pub slow: u32,
    /// Calls by number.
    pub calls: BTreeMap<CallNumber, PendingCall>,
    last_call: CallNumber,
}

impl Network {
    /// Nothing is on its way.
    pub fn new(random: Random) -> Self {
        Self {
            now: 0,
            queue: BTreeMap::new(),
            lanes: BTreeMap::new(),
            order: 0,
            random,
            slow: 0,
            calls: BTreeMap::new(),
            last_call: 0,
        }
    }

    /// Something happens at a moment (not before now).
    pub fn at(&mut self, moment: i64, event: Event) {
        self.order += 1;
        self.queue.insert((moment.max(self.now), self.order), event);
    }

    /// How long a message takes.
    pub fn latency(&mut self) -> i64 {
        if self.random.chance(self.slow) {
            self.random.between(5_000, 500_000)
        } else {
            self.random.between(50, 5_000)
        }
    }

    /// Something is sent: it arrives after what was sent there before.
    pub fn send(&mut self, lane: Lane, event: Event) {
        let latency = self.latency();
        let moment = self.now + latency;
        let moment = self
            .lanes
            .get(&lane)
            .map_or(moment, |before| moment.max(before + 1));
        self.lanes.insert(lane, moment);
        self.at(moment, event);
    }

    /// A number for a new call.
    pub fn next_call(&mut self) -> CallNumber {
        self.last_call += 1;
        self.last_call
    }

    /// The next thing that happens, if it does before `limit`; time moves there.
    pub fn next(&mut self, limit: i64) -> Option<Event> {
        let ((moment, _), _) = self.queue.first_key_value()?;
        if *moment > limit {
            return None;
        }
        let ((moment, _), event) = self.queue.pop_first()?;
        self.now = moment;
        Some(event)
    }

    /// Takes everything off the queue that `lost` says is lost.
    pub fn lose(
        &mut self,
        mut lost: impl FnMut(&Event, &BTreeMap<CallNumber, PendingCall>) -> bool,
    ) {
        let calls = std::mem::take(&mut self.calls);
        self.queue.retain(|_, event| !lost(event, &calls));
        self.calls = calls;
        if self.lanes.len() > 10_000 {
            let now = self.now;
            self.lanes.retain(|_, last| *last >= now);
        }
    }
}

/// What a caller gets when the other side could not be reached, or its answer was lost.
pub fn unreachable(request: &Request) -> Answer {
    let error = || HubError::new(ErrorCode::ServiceUnavailable, "lost on the way");
    match request {
        Request::Actor(Outgoing::Registry(_)) => Answer::Registry(Err(error())),
        Request::Actor(Outgoing::Gateway(_)) => Answer::Gateway(Err(error())),
        Request::Actor(Outgoing::Events(_)) => Answer::Events(Err(error())),
        Request::Actor(Outgoing::Append(_)) => Answer::Appended(Err(error())),
        Request::Actor(Outgoing::Hub(_)) | Request::Hub(_) => Answer::Hub(Err(error())),
    }
}
