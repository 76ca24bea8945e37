//! What an actor wants done, and how the outcome comes back.

use crate::error::HubError;
use crate::ipc::Address;
use crate::ipc::events::{EventsRequest, EventsResult};
use crate::ipc::gateway::{GatewayRequest, GatewayResult};
use crate::ipc::hub::{HubRequest, HubResult};
use crate::ipc::registry::{RegistryRequest, RegistryResult};
use crate::time::Timestamp;
use std::rc::Rc;

/// Names a waiting caller; chosen by whoever runs the actor, unique while it waits.
pub type Token = u64;

/// Names a call that an actor made; comes back with the outcome.
pub type Correlation = u64;

/// A request to another actor.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// To a registry shard.
    Registry(RegistryRequest),
    /// To a gateway.
    Gateway(GatewayRequest),
    /// To an events partition.
    Events(EventsRequest),
    /// To the hub object.
    Hub(Box<HubRequest>),
    /// A telemetry segment for an events partition.
    Append(Rc<Vec<u8>>),
}

/// What came of an [`Outgoing`]: the other actor's answer, or an error if it could not be
/// reached (then it is unknown whether it acted).
#[derive(Debug, Clone)]
pub enum Outcome {
    /// Of a registry shard.
    Registry(RegistryResult),
    /// Of a gateway.
    Gateway(GatewayResult),
    /// Of an events partition.
    Events(EventsResult),
    /// Of the hub object.
    Hub(HubResult),
    /// The segment is stored, or not.
    Appended(Result<(), HubError>),
}

/// A call to carry out.
#[derive(Debug, Clone)]
pub struct Call {
    /// Whom to call.
    pub to: Address,
    /// What to say.
    pub request: Outgoing,
    /// How to name the outcome.
    pub correlation: Correlation,
}

/// Everything one input led to, besides its direct answer. `Reply` is the actor's result type.
#[derive(Debug)]
pub struct Effects<Reply> {
    /// Calls to other actors; order matters per address.
    pub calls: Vec<Call>,
    /// Answers to callers that were kept waiting.
    pub replies: Vec<(Token, Reply)>,
    /// Wake the actor then if it is still in memory; keeps the object from hibernating.
    pub timer: Option<Timestamp>,
    /// Wake the actor then, whatever happened in between (a durable alarm).
    pub alarm: Option<Timestamp>,
}

impl<Reply> Default for Effects<Reply> {
    fn default() -> Self {
        Self {
            calls: Vec::new(),
            replies: Vec::new(),
            timer: None,
            alarm: None,
        }
    }
}

impl<Reply> Effects<Reply> {
    /// Asks for a volatile wake-up; the earliest wins.
    pub fn wake_at(&mut self, at: Timestamp) {
        self.timer = Some(self.timer.map_or(at, |earlier| earlier.min(at)));
    }

    /// Asks for a durable wake-up; the earliest wins.
    pub fn alarm_at(&mut self, at: Timestamp) {
        self.alarm = Some(self.alarm.map_or(at, |earlier| earlier.min(at)));
    }
}
