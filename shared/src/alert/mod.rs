//! What needs a person (`device-management.md` §5): the rules, and how much each matters.
//!
//! An alert is for what nobody else looks after; everything else is state on a dashboard.
//! Nothing may be raised here that goes away by itself. [`rule`] has the rules and what
//! operators set of them; [`engine`] says when something that is so becomes an alert, and when
//! it is over. Neither stores anything or knows a device.

pub mod engine;
pub mod rule;

use serde::{Deserialize, Serialize};

pub use rule::Rule;

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

/// All states but `resolved`, where alerts are asked for.
pub const UNRESOLVED: &str = "unresolved";

/// States of an alert, as they are named, and what else can be asked for.
pub const STATES: [&str; 5] = ["open", "acknowledged", "snoozed", "resolved", UNRESOLVED];
