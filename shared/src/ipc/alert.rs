//! What the hub object is told and asked of alerts.

use crate::alert::Rule;
use crate::ids::DeviceId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that needs a person, or that they should know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RaiseAlert {
    /// Why.
    pub rule: Rule,
    /// Which device it is about; one alert of a rule is open for each.
    pub device: Option<DeviceId>,
    /// Or which job.
    pub job: Option<String>,
    /// One sentence.
    pub summary: String,
    /// What led to it, or what to do.
    pub hint: Option<String>,
}

/// Which alerts to list, the newest first.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ListAlerts {
    /// Only this one.
    pub id: Option<u64>,
    /// `open`, `acknowledged`, `snoozed` or `resolved`.
    pub state: Option<String>,
    /// `info`, `warning` or `error`.
    pub severity: Option<String>,
    /// A rule's name.
    pub rule: Option<String>,
    /// Of this device or job.
    pub subject: Option<String>,
    /// Whether they need a person.
    pub attention: Option<bool>,
    /// Only alerts with smaller numbers.
    pub before: Option<u64>,
    /// At most so many.
    pub limit: u32,
}

/// What a person does about an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum AlertChange {
    /// Somebody looks after it; open again after this time, if there is one.
    Acknowledge(Option<Timestamp>),
    /// Nobody has to look before this time.
    Snooze(Timestamp),
    /// It is done.
    Resolve,
}
