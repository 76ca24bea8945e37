//! What needs a person (`device-management.md` §5): the rules, and how much each matters.
//!
//! An alert is for what nobody else looks after; everything else is state on a dashboard.
//! Nothing may be raised here that goes away by itself.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Why an alert is raised: the name of a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rule(Cow<'static, str>);

impl Rule {
    /// A configuration does not get through to the devices that it is for.
    pub const CONFIGURATION_DRIFT: Self = Self::known("configurationDrift");
    /// A certificate ends soon.
    pub const CREDENTIAL_EXPIRING: Self = Self::known("credentialExpiring");
    /// An endpoint of routes has taken nothing for long.
    pub const ENDPOINT_DEAD: Self = Self::known("endpointDead");
    /// A device was silent for longer than it should be.
    pub const HEARTBEAT_MISSED: Self = Self::known("heartbeatMissed");
    /// A policy held devices of a job until their time was over.
    pub const HOLD_EXPIRED: Self = Self::known("holdExpired");
    /// A rollout stopped itself.
    pub const JOB_ABORTED: Self = Self::known("jobAborted");
    /// Messages that a route should have delivered are lost.
    pub const MESSAGES_DROPPED: Self = Self::known("messagesDropped");
    /// A device failed what it was asked to do, or does not come to an end with it.
    pub const OPERATION_FAILED: Self = Self::known("operationFailed");
    /// Somebody did something in spite of a maintenance policy.
    pub const OVERRIDE_USED: Self = Self::known("overrideUsed");
    /// What may be done in a day is nearly used up.
    pub const QUOTA_NEAR: Self = Self::known("quotaNear");
    /// A device is refused again and again.
    pub const RECONNECT_FAILING: Self = Self::known("reconnectFailing");
    /// A rollout waits for somebody to let the next wave begin.
    pub const ROLLOUT_PAUSED: Self = Self::known("rolloutPaused");
    /// Somebody wanted to override what keeps people safe.
    pub const SAFETY_BLOCKED: Self = Self::known("safetyBlocked");
    /// An object of the hub holds nearly as much as it can.
    pub const STORAGE_NEAR_FULL: Self = Self::known("storageNearFull");

    /// The rules that are always there.
    pub const ALL: [Self; 14] = [
        Self::CONFIGURATION_DRIFT,
        Self::CREDENTIAL_EXPIRING,
        Self::ENDPOINT_DEAD,
        Self::HEARTBEAT_MISSED,
        Self::HOLD_EXPIRED,
        Self::JOB_ABORTED,
        Self::MESSAGES_DROPPED,
        Self::OPERATION_FAILED,
        Self::OVERRIDE_USED,
        Self::QUOTA_NEAR,
        Self::RECONNECT_FAILING,
        Self::ROLLOUT_PAUSED,
        Self::SAFETY_BLOCKED,
        Self::STORAGE_NEAR_FULL,
    ];

    const fn known(name: &'static str) -> Self {
        Self(Cow::Borrowed(name))
    }

    /// A rule that somebody made.
    pub fn custom(name: &str) -> Self {
        Self(Cow::Owned(name.to_owned()))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        match self.name() {
            "endpointDead" | "jobAborted" | "messagesDropped" | "operationFailed" => {
                Severity::Error
            }
            "overrideUsed" | "rolloutPaused" => Severity::Info,
            _ => Severity::Warning,
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
