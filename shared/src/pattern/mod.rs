//! Device-management patterns (`device-management.md` §3): what starts one, where a device
//! reports how far it is, and which phase each of its words stands for.
//!
//! Pure rules: [`check`] reads what operators define, [`builtin`] has the patterns that are
//! always there, [`standing`] tells the phase of one device from its twin, [`totals`] adds up
//! a fleet. It must never know where twins come from, or who asks.

pub mod builtin;
pub mod check;
pub mod standing;
pub mod totals;

use serde::{Deserialize, Serialize};

/// A pattern as REST shows it and as it crosses actors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pattern {
    /// Its name.
    #[serde(default)]
    pub id: String,
    /// What starts it.
    pub trigger: Trigger,
    /// Where devices report the status, below `properties.reported`.
    pub status_path: String,
    /// Whether the device cannot do its work meanwhile.
    #[serde(default)]
    pub disruptive: bool,
    /// How long a device may stay in one phase before it counts as stalled.
    #[serde(default = "default_timeout")]
    pub timeout_seconds: u64,
    /// Which words stand for which phase.
    pub phases: Phases,
}

fn default_timeout() -> u64 {
    3600
}

/// What starts a pattern: exactly one of the two.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trigger {
    /// A direct method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// A path below `properties.desired`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<String>,
    /// Members of the desired section that the device repeats beside its status once it has
    /// done what they ask for, each with the name under which it does.
    #[serde(default, rename = "match", skip_serializing_if = "Vec::is_empty")]
    pub matching: Vec<Matching>,
}

/// Two members that are equal once a device has what is desired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    /// In the desired section.
    pub desired: String,
    /// Beside the status.
    pub reported: String,
}

/// Words of devices by phase; they match in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Phases {
    /// It will begin.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
    /// It fetches what it needs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub downloading: Vec<String>,
    /// It does what was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub applying: Vec<String>,
    /// It is going down and will come back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rebooting: Vec<String>,
    /// It is done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub succeeded: Vec<String>,
    /// It was not done.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
}

impl Phases {
    /// All words with their phases.
    pub fn words(&self) -> impl Iterator<Item = (Phase, &str)> {
        let lists = [
            (Phase::Waiting, &self.waiting),
            (Phase::Downloading, &self.downloading),
            (Phase::Applying, &self.applying),
            (Phase::Rebooting, &self.rebooting),
            (Phase::Succeeded, &self.succeeded),
            (Phase::Failed, &self.failed),
        ];
        lists
            .into_iter()
            .flat_map(|(phase, words)| words.iter().map(move |word| (phase, word.as_str())))
    }

    /// The phase of a device's word.
    pub fn of(&self, text: &str) -> Phase {
        let wanted = text.to_lowercase();
        self.words()
            .find(|(_, word)| word.to_lowercase() == wanted)
            .map_or(Phase::Unknown, |(phase, _)| phase)
    }
}

/// How far a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Phase {
    /// It will begin.
    Waiting,
    /// It fetches what it needs.
    Downloading,
    /// It does what was asked for.
    Applying,
    /// It is going down and will come back.
    Rebooting,
    /// It is done.
    Succeeded,
    /// It was not done.
    Failed,
    /// The device says something that the pattern does not know.
    Unknown,
    /// The device says nothing.
    NotStarted,
}

impl Phase {
    /// Whether something should still happen.
    pub fn is_in_progress(self) -> bool {
        matches!(
            self,
            Self::Waiting | Self::Downloading | Self::Applying | Self::Rebooting
        )
    }
}

impl Pattern {
    /// The names from the root of the reported properties to the object that has the status,
    /// and the status's own name.
    pub fn status_place(&self) -> (Vec<&str>, &str) {
        let mut names: Vec<&str> = self.status_path.split('.').collect();
        let status = names.pop().unwrap_or_default();
        (names, status)
    }
}
