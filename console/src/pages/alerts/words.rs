//! What severities, states and rules are called, and how they look.

use crate::api::alerts::Alert;
use crate::components::badge::Tone;
use crate::i18n::{Word, count, t, word, wording};
use crate::logic::alert_filter::Show;
use leptos::prelude::*;

/// The hub's words, the worst first.
pub const SEVERITIES: [&str; 3] = ["error", "warning", "info"];

/// The words for a choice of alerts.
pub fn show(show: Show) -> Signal<String> {
    match show {
        Show::Attention => wording(word!(alerts.show_attention)),
        Show::Unresolved => wording(word!(alerts.show_unresolved)),
        Show::Resolved => wording(word!(alerts.show_resolved)),
        Show::All => wording(word!(alerts.show_all)),
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
pub fn rule(id: &str) -> Option<Word> {
    Some(match id {
        "configurationDrift" => word!(alerts.configuration_drift),
        "credentialExpiring" => word!(alerts.credential_expiring),
        "endpointDead" => word!(alerts.endpoint_dead),
        "heartbeatMissed" => word!(alerts.heartbeat_missed),
        "holdExpired" => word!(alerts.hold_expired),
        "jobAborted" => word!(alerts.job_aborted),
        "messagesDropped" => word!(alerts.messages_dropped),
        "operationFailed" => word!(alerts.operation_failed),
        "overrideUsed" => word!(alerts.override_used),
        "quotaNear" => word!(alerts.quota_near),
        "reconnectFailing" => word!(alerts.reconnect_failing),
        "rolloutPaused" => word!(alerts.rollout_paused),
        "safetyBlocked" => word!(alerts.safety_blocked),
        "storageNearFull" => word!(alerts.storage_near_full),
        _ => return None,
    })
}
