//! What the hub object is told and asked of alerts.

use crate::alert::Rule;
use crate::ids::DeviceId;
use crate::ipc::stored::Stored;
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
    /// Or what else: its kind, such as `endpoint`, and its name.
    #[serde(default)]
    pub other: Option<(String, String)>,
    /// One sentence.
    pub summary: String,
    /// What led to it, or what to do.
    pub hint: Option<String>,
    /// It is over; nothing happens if there is no such alert.
    #[serde(default)]
    pub cleared: bool,
    /// A tag of the device and its value, by which many alerts become one.
    #[serde(default)]
    pub group: Option<(String, String)>,
    /// When it was so; the hub object's own time if nobody says.
    #[serde(default)]
    pub at: Option<Timestamp>,
}

impl RaiseAlert {
    /// About the whole hub.
    pub fn new(rule: Rule, summary: String) -> Self {
        Self {
            rule,
            device: None,
            job: None,
            other: None,
            summary,
            hint: None,
            cleared: false,
            group: None,
            at: None,
        }
    }

    /// The same about a device.
    #[must_use]
    pub fn of_device(mut self, device: DeviceId) -> Self {
        self.device = Some(device);
        self
    }

    /// The same about a job.
    #[must_use]
    pub fn of_job(mut self, id: &str) -> Self {
        self.job = Some(id.to_owned());
        self
    }

    /// The same about something else, such as an `endpoint`.
    #[must_use]
    pub fn of(mut self, kind: &str, name: &str) -> Self {
        self.other = Some((kind.to_owned(), name.to_owned()));
        self
    }

    /// The same with what led to it, or what to do.
    #[must_use]
    pub fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }

    /// What the alert was about is over.
    #[must_use]
    pub fn cleared(mut self) -> Self {
        self.cleared = true;
        self
    }
}

/// What an object has seen, in the order in which it wrote it into its outbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AlertReport {
    /// Which object; numbers are its own.
    pub origin: String,
    /// By rising numbers. What the hub object has heard already, it skips.
    pub alerts: Vec<(u64, Stored<Vec<RaiseAlert>>)>,
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
    /// Only what changed behind this revision, in the order of the changes.
    #[serde(default)]
    pub since: Option<u64>,
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
