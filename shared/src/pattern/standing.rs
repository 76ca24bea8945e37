//! How far one device is, from its twin (`device-management.md` §3.1–3.6).
//!
//! Times are those of `$metadata`, when the hub stored a report: a device's own clock may be
//! wrong, and what it says in `startedRebootTime` and the like is not compared with ours.

use super::{Matching, Pattern, Phase, Trigger};
use crate::time::Timestamp;
use crate::twin::merge::LAST_UPDATED;
use serde_json::Value;

/// What is known of a device.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The object of the reported properties that has the status.
    pub area: &'a Value,
    /// Its part of `$metadata`.
    pub area_times: &'a Value,
    /// The desired section that starts the pattern, null if there is none.
    pub desired: &'a Value,
    /// Its part of `$metadata`.
    pub desired_times: &'a Value,
    /// Since when the device is connected.
    pub connected_since: Option<Timestamp>,
    /// When the pattern's method was last called; only asked for where [`depends_on_call`].
    pub called: Option<Timestamp>,
}

/// The record of a call and a report travel on different ways; the later one of the two may be
/// so much earlier.
const CALL_SLACK_SECONDS: i64 = 1;

/// How far a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Where it is.
    pub phase: Phase,
    /// Since when.
    pub since: Option<Timestamp>,
    /// It is there for longer than the pattern allows.
    pub stalled: bool,
}

/// The rule.
pub fn standing(pattern: &Pattern, facts: &Facts<'_>, now: Timestamp) -> Standing {
    let told = told(pattern, facts);
    let (phase, since) = match &pattern.trigger {
        Trigger::Desired { matching, .. } if !facts.desired.is_null() => {
            answered(matching, facts, told)
        }
        _ => told.unwrap_or((Phase::NotStarted, None)),
    };
    let timeout = i64::try_from(pattern.timeout_seconds).unwrap_or(i64::MAX);
    let stalled =
        phase.is_in_progress() && since.is_some_and(|since| since.plus_seconds(timeout) <= now);
    Standing {
        phase,
        since,
        stalled,
    }
}

type Told = (Phase, Option<Timestamp>);

/// What the device says by itself.
fn told(pattern: &Pattern, facts: &Facts<'_>) -> Option<Told> {
    let (_, name) = pattern.status_place();
    match facts.area.get(name) {
        Some(status) => {
            let phase = status
                .as_str()
                .map_or(Phase::Unknown, |text| pattern.phases.of(text));
            Some((phase, time(facts.area_times.get(name))))
        }
        None => match &pattern.trigger {
            Trigger::Method(_) => inferred(pattern, facts),
            Trigger::Desired { .. } => None,
        },
    }
}

/// Whether it matters when the pattern's method was called: of a device that reports no
/// status, but when something began or ended.
pub fn depends_on_call(pattern: &Pattern, area: &Value) -> bool {
    let (_, name) = pattern.status_place();
    matches!(pattern.trigger, Trigger::Method(_))
        && area.get(name).is_none()
        && (members(area, STARTED).next().is_some() || members(area, ENDED).next().is_some())
}

/// How members begin that say when something began (`startedRebootTime`), and when it ended
/// (`lastReboot`).
const STARTED: &str = "started";
const ENDED: &str = "last";

fn members<'a>(area: &'a Value, prefix: &'static str) -> impl Iterator<Item = &'a str> {
    let names = area.as_object().into_iter().flat_map(|area| area.keys());
    names
        .map(String::as_str)
        .filter(move |name| name.starts_with(prefix))
}

/// Of a device that reports no status, as Microsoft's samples (§3.2): it has succeeded if it
/// says so, or where a pattern is nothing but a restart is connected anew, since it was called.
/// Without a call the newer of beginning and end counts.
fn inferred(pattern: &Pattern, facts: &Facts<'_>) -> Option<Told> {
    let newest = |prefix: &'static str| {
        members(facts.area, prefix)
            .map(|name| time(facts.area_times.get(name)).unwrap_or(Timestamp::UNSET))
            .max()
    };
    let (started, ended) = (newest(STARTED), newest(ENDED));
    started.or(ended)?;
    let called = facts
        .called
        .map(|called| called.plus_seconds(-CALL_SLACK_SECONDS));
    if ended >= started && ended >= called {
        return Some((Phase::Succeeded, ended));
    }
    let restarts = pattern.phases.has(Phase::Rebooting);
    let only_restarts = restarts
        && ![Phase::Waiting, Phase::Downloading, Phase::Applying]
            .iter()
            .any(|phase| pattern.phases.has(*phase));
    if only_restarts && facts.connected_since > started.max(facts.called) {
        return Some((Phase::Succeeded, facts.connected_since));
    }
    if started < called {
        return Some((Phase::Waiting, facts.called));
    }
    let phase = if restarts {
        Phase::Rebooting
    } else {
        Phase::Applying
    };
    Some((phase, started))
}

/// What the device says, if that is about what is desired now; else it is waited for (§3.4).
fn answered(matching: &[Matching], facts: &Facts<'_>, told: Option<Told>) -> Told {
    let desired = time(Some(facts.desired_times));
    let waiting = (Phase::Waiting, desired);
    let Some((phase, since)) = told else {
        return waiting;
    };
    match agreement(matching, facts) {
        Some(true) => (phase, since),
        // It has done something else, or it was changed behind its back.
        Some(false) if phase == Phase::Succeeded => waiting,
        _ if since.is_some() && since < desired => waiting,
        _ => (phase, since),
    }
}

/// Whether the device has what is desired, as far as it tells.
fn agreement(matching: &[Matching], facts: &Facts<'_>) -> Option<bool> {
    let pairs = matching.iter().filter_map(|pair| {
        Some(at(facts.desired, &pair.desired)? == at(facts.area, &pair.reported)?)
    });
    pairs.reduce(|all, one| all && one)
}

fn at<'a>(value: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.')
        .try_fold(value, |value, name| value.get(name))
}

fn time(node: Option<&Value>) -> Option<Timestamp> {
    Timestamp::parse(node?.get(LAST_UPDATED)?.as_str()?)
}

#[cfg(test)]
#[path = "standing_tests.rs"]
mod tests;
