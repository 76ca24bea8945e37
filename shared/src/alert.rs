//! What needs a person (`device-management.md` §5): the rules, and how much each matters.
//!
//! An alert is for what nobody else looks after; everything else is state on a dashboard.
//! Nothing may be raised here that goes away by itself.

use serde::{Deserialize, Serialize};

/// Why an alert is raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Rule {
    /// A policy held devices of a job until their time was over.
    HoldExpired,
    /// A rollout stopped itself.
    JobAborted,
    /// Somebody did something in spite of a maintenance policy.
    OverrideUsed,
    /// A rollout waits for somebody to let the next wave begin.
    RolloutPaused,
    /// Somebody wanted to override what keeps people safe.
    SafetyBlocked,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::HoldExpired,
        Self::JobAborted,
        Self::OverrideUsed,
        Self::RolloutPaused,
        Self::SafetyBlocked,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::HoldExpired => "holdExpired",
            Self::JobAborted => "jobAborted",
            Self::OverrideUsed => "overrideUsed",
            Self::RolloutPaused => "rolloutPaused",
            Self::SafetyBlocked => "safetyBlocked",
        }
    }

    /// How bad it is.
    pub fn severity(self) -> Severity {
        match self {
            Self::JobAborted => Severity::Error,
            Self::HoldExpired | Self::SafetyBlocked => Severity::Warning,
            Self::OverrideUsed | Self::RolloutPaused => Severity::Info,
        }
    }
}

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Severity {
    /// To be known.
    Info,
    /// To be looked at.
    Warning,
    /// To be mended.
    Error,
}

impl Severity {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Info, Self::Warning, Self::Error];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// The inverse of [`Severity::name`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == text)
    }

    /// Whether it is pushed to people; the rest is listed.
    pub fn needs_attention(self) -> bool {
        self >= Self::Warning
    }
}

/// States of an alert, as they are named.
pub const STATES: [&str; 4] = ["open", "acknowledged", "snoozed", "resolved"];
