//! What is about to happen to a device, as policies see it (`device-management.md` §4.2).

use crate::ipc::scheduled_job::{JobKind, JobOrder};
use crate::pattern::{Pattern, Trigger, builtin};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Something that puts a device out of service for a while, as its pattern says
/// (`device-management.md` §3.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disruption {
    /// The direct method that starts it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    method: Option<String>,
    /// The desired property that starts it: names with dots between them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    desired: Option<String>,
    /// How long it takes at most.
    seconds: i64,
}

impl Disruption {
    /// What a pattern says of it.
    pub fn of(pattern: &Pattern) -> Option<Self> {
        let (method, desired) = match &pattern.trigger {
            Trigger::Method(name) => (Some(name.clone()), None),
            Trigger::Desired { path, .. } => (None, Some(path.clone())),
        };
        pattern.disruptive.then(|| Self {
            method,
            desired,
            seconds: i64::try_from(pattern.timeout_seconds).unwrap_or(i64::MAX),
        })
    }

    /// Those of the built-in patterns.
    pub fn built_in() -> Vec<Self> {
        let patterns = builtin::IDS.iter().filter_map(|id| builtin::pattern(id));
        patterns.filter_map(|pattern| Self::of(&pattern)).collect()
    }

    fn is_started_by(&self, desired: &Value) -> bool {
        let Some(path) = &self.desired else {
            return false;
        };
        path.split('.')
            .try_fold(desired, |value, name| value.get(name))
            .is_some()
    }
}

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
    pub fn method(name: &'a str, disruptions: &[Disruption]) -> Self {
        let known = disruptions
            .iter()
            .find(|known| known.method.as_deref() == Some(name));
        Self::new(Action::Method(name), known)
    }

    /// What a job does to each of its devices.
    pub fn of_job(order: &'a JobOrder, disruptions: &[Disruption]) -> Self {
        match order.kind {
            JobKind::DeviceMethod => {
                let name = order.body.get("methodName").and_then(Value::as_str);
                Self::method(name.unwrap_or_default(), disruptions)
            }
            JobKind::UpdateTwin => {
                let desired = order.body.pointer("/properties/desired");
                let known = disruptions
                    .iter()
                    .find(|known| desired.is_some_and(|desired| known.is_started_by(desired)));
                Self::new(Action::TwinUpdate, known)
            }
        }
    }

    /// What a configuration writes that is labelled `disruptive`.
    pub fn disruptive_configuration() -> Self {
        Self {
            is_disruptive: true,
            ..Self::new(Action::Configuration, None)
        }
    }

    fn new(action: Action<'a>, disruption: Option<&Disruption>) -> Self {
        Self {
            action,
            is_disruptive: disruption.is_some(),
            seconds: disruption.map_or(0, |known| known.seconds),
        }
    }
}
