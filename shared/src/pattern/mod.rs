//! Device-management patterns (`device-management.md` §3): what starts one, where a device
//! reports how far it is, and which phase each of its words stands for.
//!
//! Pure rules: [`check`] reads what operators define, [`builtin`] has the patterns that are
//! always there, [`standing`] tells the phase of one device from its twin, [`totals`] adds up
//! a fleet, [`wire`] is how parts of that travel. It must never know where twins come from, or who asks.

pub mod builtin;
pub mod check;
pub mod standing;
pub mod totals;
pub mod wire;

use crate::json;
use crate::letter_case;
use serde_json::{Map, Value};

/// A pattern. Between actors and at rest it is its [`Pattern::document`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// Its name.
    pub id: String,
    /// What starts it.
    pub trigger: Trigger,
    /// Where devices report the status, below `properties.reported`.
    pub status_path: String,
    /// Whether the device cannot do its work meanwhile.
    pub disruptive: bool,
    /// How long a device may stay in one phase before it counts as stalled.
    pub timeout_seconds: u64,
    /// Which words stand for which phase.
    pub phases: Phases,
}

/// What starts a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// A direct method of that name.
    Method(String),
    /// A change of desired properties.
    Desired {
        /// Below `properties.desired`.
        path: String,
        /// Members of that section that the device repeats beside its status once it has what
        /// they ask for.
        matching: Vec<Matching>,
    },
}

/// Two members that are equal once a device has what is desired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matching {
    /// In the desired section.
    pub desired: String,
    /// Beside the status.
    pub reported: String,
}

/// Words of devices with their phases; they match in any case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Phases(pub Vec<(Phase, String)>);

impl Phases {
    /// The phase of a device's word.
    pub fn of(&self, text: &str) -> Phase {
        let wanted = letter_case::lower(text);
        self.0
            .iter()
            .find(|(_, word)| letter_case::lower(word) == wanted)
            .map_or(Phase::Unknown, |(phase, _)| *phase)
    }

    /// Whether there is a word for a phase.
    pub fn has(&self, wanted: Phase) -> bool {
        self.0.iter().any(|(phase, _)| *phase == wanted)
    }
}

/// How far a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// Those that words can stand for, in the order of an operation.
    pub const OF_WORDS: [Self; 6] = [
        Self::Waiting,
        Self::Downloading,
        Self::Applying,
        Self::Rebooting,
        Self::Succeeded,
        Self::Failed,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Downloading => "downloading",
            Self::Applying => "applying",
            Self::Rebooting => "rebooting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NotStarted => "notStarted",
        }
    }

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

    /// As REST shows it.
    pub fn document(&self) -> Value {
        let trigger = match &self.trigger {
            Trigger::Method(method) => json!({ "method": method }),
            Trigger::Desired { path, matching } => {
                let pairs: Vec<Value> = matching
                    .iter()
                    .map(|pair| json!({ "desired": pair.desired, "reported": pair.reported }))
                    .collect();
                json!({ "desired": path, "match": pairs })
            }
        };
        let mut phases = Map::new();
        for (phase, word) in &self.phases.0 {
            let words = phases.entry(phase.name()).or_insert_with(|| json!([]));
            if let Value::Array(words) = words {
                words.push(json!(word));
            }
        }
        json!({
            "id": self.id,
            "trigger": trigger,
            "statusPath": self.status_path,
            "disruptive": self.disruptive,
            "timeoutSeconds": self.timeout_seconds,
            "phases": phases,
        })
    }
}
