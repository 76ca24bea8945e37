//! What is about to happen to a device, as policies see it (`device-management.md` §4.2).

use crate::ipc::scheduled_job::{JobKind, JobOrder};
use serde_json::Value;

/// Direct methods that put a device out of service for a while, and for how many seconds
/// (`device-management.md` §3.2, §3.3, §3.5).
const DISRUPTIVE_METHODS: [(&str, i64); 3] = [
    ("reboot", 600),
    ("factoryReset", 600),
    ("firmwareUpdate", 3600),
];
/// Desired properties that do the same (§3.6).
const DISRUPTIVE_PROPERTIES: [(&str, i64); 1] = [("firmware", 3600)];

/// The kinds of steps that policies tell apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action<'a> {
    /// A direct method.
    Method(&'a str),
    /// A write of the twin by a job.
    TwinUpdate,
    /// What a configuration writes.
    Configuration,
}

/// A step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step<'a> {
    /// What.
    pub action: Action<'a>,
    /// Whether the device will be out of service for a while.
    pub is_disruptive: bool,
    /// How long it takes, in seconds: a window must stay open for so long.
    pub seconds: i64,
}

impl<'a> Step<'a> {
    /// A direct method.
    pub fn method(name: &'a str) -> Self {
        let known = DISRUPTIVE_METHODS.iter().find(|(known, _)| *known == name);
        Self::new(Action::Method(name), known.map(|(_, seconds)| *seconds))
    }

    /// What a job does to each of its devices.
    pub fn of_job(order: &'a JobOrder) -> Self {
        match order.kind {
            JobKind::DeviceMethod => Self::method(
                order
                    .body
                    .get("methodName")
                    .and_then(Value::as_str)
                    .unwrap_or_default(),
            ),
            JobKind::UpdateTwin => {
                let desired = order.body.pointer("/properties/desired");
                let known = DISRUPTIVE_PROPERTIES
                    .iter()
                    .find(|(name, _)| desired.is_some_and(|desired| desired.get(name).is_some()));
                Self::new(Action::TwinUpdate, known.map(|(_, seconds)| *seconds))
            }
        }
    }

    /// What a configuration writes that is labelled `disruptive`.
    pub fn disruptive_configuration() -> Self {
        Self::new(Action::Configuration, Some(0))
    }

    fn new(action: Action<'a>, disrupts_for: Option<i64>) -> Self {
        Self {
            action,
            is_disruptive: disrupts_for.is_some(),
            seconds: disrupts_for.unwrap_or(0),
        }
    }
}
