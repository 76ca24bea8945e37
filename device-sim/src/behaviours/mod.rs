//! What a device does, without any I/O: inputs and the time in, [`Action`]s out.
//!
//! Each behaviour is one file and follows one pattern of `device-management.md` §3. All
//! times are the device's own clock, which may be wrong on purpose.

pub mod command;
pub mod conditions;
pub mod configuration;
pub mod desired;
pub mod factory_reset;
pub mod firmware;
pub mod firmware_configuration;
pub mod firmware_update;
pub mod methods;
pub mod model;
#[cfg(test)]
mod model_tests;
pub mod procedure;
pub mod reboot;
pub mod telemetry;

use serde_json::Value;
use std::time::Duration;

/// A message to the cloud.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// The body; empty for a heartbeat.
    pub body: Vec<u8>,
    /// Whether the body is JSON.
    pub json: bool,
    /// Unique id, so that a reader can count what arrived.
    pub message_id: String,
    /// Application properties.
    pub properties: Vec<(&'static str, String)>,
    /// A fault: the link is cut right after this message was written.
    pub cut_link: bool,
}

/// What a device wants its connection to do.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Merge this into the reported properties. Kept until the hub confirms it, over
    /// reconnects too, and in order.
    Report(Value),
    /// Send telemetry or a heartbeat.
    Send(Message),
    /// Answer a direct method.
    Answer {
        /// The call that is answered.
        request_id: String,
        /// Status, as HTTP uses them.
        status: i32,
        /// Result.
        payload: Value,
    },
    /// Ask for the whole twin.
    GetTwin,
    /// Go down for so long, once all reports so far are confirmed.
    GoOffline(Duration),
    /// A fault: cut the link at once, without a word.
    CutLink,
}
