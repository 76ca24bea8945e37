//! What severities, states and rules are called, and how they look.

use crate::api::alerts::Alert;
use crate::components::badge::Tone;
use crate::i18n::{Texts, count, t, wording};
use crate::logic::alert_filter::Show;
use leptos::prelude::*;

/// The hub's words, the worst first.
pub const SEVERITIES: [&str; 3] = ["error", "warning", "info"];

/// The words for a choice of alerts.
pub fn show(show: Show) -> Signal<String> {
    match show {
        Show::Attention => wording(|t| t.alerts.show_attention),
        Show::Unresolved => wording(|t| t.alerts.show_unresolved),
        Show::Resolved => wording(|t| t.alerts.show_resolved),
        Show::All => wording(|t| t.alerts.show_all),
    }
}

/// The word for a severity. Tracked.
pub fn severity(name: &str) -> &'static str {
    let words = &t().alerts;
    match name {
        "error" => words.severity_error,
        "warning" => words.severity_warning,
        _ => words.severity_info,
    }
}

/// How a severity looks.
pub fn tone(name: &str) -> Tone {
    match name {
        "error" => Tone::Bad,
        "warning" => Tone::Warn,
        _ => Tone::Info,
    }
}

/// The word for how an alert stands. Tracked.
pub fn state(alert: &Alert) -> &'static str {
    let words = &t().alerts;
    match alert.state.as_str() {
        "acknowledged" => words.state_acknowledged,
        "snoozed" => words.state_snoozed,
        "resolved" => words.state_resolved,
        // It is over as far as the hub can see, and not for long enough.
        _ if !alert.attention && alert.severity != "info" => words.recovering,
        _ => words.state_open,
    }
}

/// `3 devices`. Tracked.
pub fn devices(n: u64) -> String {
    count(n, t().alerts.devices_one, t().alerts.devices_other)
}

/// What a rule that is built in is about; none for one that somebody made.
pub fn rule(id: &str) -> Option<fn(&'static Texts) -> &'static str> {
    Some(match id {
        "configurationDrift" => |t| t.alerts.configuration_drift,
        "credentialExpiring" => |t| t.alerts.credential_expiring,
        "endpointDead" => |t| t.alerts.endpoint_dead,
        "heartbeatMissed" => |t| t.alerts.heartbeat_missed,
        "holdExpired" => |t| t.alerts.hold_expired,
        "jobAborted" => |t| t.alerts.job_aborted,
        "messagesDropped" => |t| t.alerts.messages_dropped,
        "operationFailed" => |t| t.alerts.operation_failed,
        "overrideUsed" => |t| t.alerts.override_used,
        "quotaNear" => |t| t.alerts.quota_near,
        "reconnectFailing" => |t| t.alerts.reconnect_failing,
        "rolloutPaused" => |t| t.alerts.rollout_paused,
        "safetyBlocked" => |t| t.alerts.safety_blocked,
        "storageNearFull" => |t| t.alerts.storage_near_full,
        _ => return None,
    })
}
