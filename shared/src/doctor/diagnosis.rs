//! What is wrong with a device's connections, and what to do.

use super::ends::End;
use super::reason::{self, Kind};
use crate::json;
use crate::time::Timestamp;
use serde_json::Value;

/// Within such a time, ends that come together are one trouble.
const CLOSE_TOGETHER_SECONDS: i64 = 600;
/// So many of them are one.
const TAKE_OVERS: usize = 3;
const FLAPS: usize = 5;
/// A session that a clash ends is not longer.
const SHORT_SECONDS: i64 = 120;
/// What is older does not count any more.
const RECENT_SECONDS: i64 = 24 * 3600;

/// What is known of a device.
#[derive(Debug, Clone)]
pub struct Known<'a> {
    /// The time.
    pub now: Timestamp,
    /// Whether it may connect.
    pub enabled: bool,
    /// Whether it is connected.
    pub connected: bool,
    /// When its newest session began; `None`: it was never connected.
    pub session_since: Option<Timestamp>,
    /// Ends of its sessions, the newest first.
    pub ends: &'a [End<'a>],
    /// The newest connects that were refused, the newest first: when and why.
    pub refusals: &'a [(Timestamp, String)],
}

/// What there can be to say: a code, what stands before the particulars, and what to do.
const FINDINGS: [(&str, &str, &str); 12] = [
    (
        "disabled",
        "The device is disabled, so it cannot connect",
        "Set its status to enabled when it may connect again.",
    ),
    (
        "identityClash",
        "Two clients use this id; take-overs within ten minutes: ",
        "Find the second program or device with this id and key, stop it or give it an identity of its own, then make new keys.",
    ),
    (
        "wrongCredential",
        "The device was refused: ",
        "Compare host name, device id and key with the registry's, and the device's clock with the time.",
    ),
    (
        "tokenExpires",
        "A session ended and was not renewed in time: ",
        "Have the device connect again before its token ends; SDKs do so when they have the key, not just a token.",
    ),
    (
        "certificateExpires",
        "A session ended and was not renewed in time: ",
        "Give the device a new certificate before the old one ends.",
    ),
    (
        "protocolError",
        "The hub closed the connection: ",
        "Correct what the device sends; README.md names topics and rules.",
    ),
    (
        "throttled",
        "The hub closed the connection: ",
        "Send less often, or several readings in one message, or raise d2cSends in the throttles.",
    ),
    (
        "keepAlive",
        "Sessions that ended in silence: ",
        "Look at power, radio and NAT timeouts on the way; a shorter keep-alive keeps the way open.",
    ),
    (
        "flapping",
        "Ends of connections within ten minutes: ",
        "See in lastCloses what ends it, and have the device wait longer before each new try.",
    ),
    (
        "healthy",
        "The device is connected, and nothing points to trouble",
        "",
    ),
    (
        "neverConnected",
        "The device was never connected, and no try was seen",
        "Check that it is on, reaches host and port, and trusts the hub's certificate: what fails before MQTT is not seen here.",
    ),
    (
        "notConnected",
        "The device is not connected: ",
        "Unless it left on purpose, check power and network, and that its program connects again.",
    ),
];

/// What there is to say, the gravest first; never empty.
pub fn diagnose(known: &Known<'_>) -> Vec<Value> {
    let mut found = Vec::new();
    let mut say = |code, particulars: &str| found.extend(finding(code, particulars));
    let recent = known.now.plus_seconds(-RECENT_SECONDS);
    let newest = known.ends.iter();
    let ends: Vec<&End<'_>> = newest.filter(|end| end.time >= recent).collect();
    if !known.enabled {
        say("disabled", "");
    }
    let clash = crowded(&ends, &|end| {
        reason::kind(end.reason) == Kind::TakenOver && end.seconds <= SHORT_SECONDS
    });
    if clash >= TAKE_OVERS {
        say("identityClash", &clash.to_string());
    }
    // A refusal from before the newest session is over: the device came in since.
    let refused = known.refusals.iter().find(|(at, why)| {
        *at >= recent && known.session_since.is_none_or(|since| *at > since) && is_credential(why)
    });
    if let Some((_, why)) = refused {
        let whose = if known.connected {
            ", while another client is connected"
        } else {
            ""
        };
        say("wrongCredential", &[why, whose].concat());
    }
    for (kind, code) in [
        (Kind::Expired, "tokenExpires"),
        (Kind::Protocol, "protocolError"),
        (Kind::Throttled, "throttled"),
    ] {
        if let Some(end) = last_of(&ends, kind) {
            let code = if end.reason == "certificateExpired" {
                "certificateExpires"
            } else {
                code
            };
            say(code, &reason::detail(end.reason, end.packet));
        }
    }
    let silent = |end: &&End<'_>| reason::kind(end.reason) == Kind::Silent;
    let silences = ends.iter().filter(|end| silent(end)).count();
    if silences >= 2 || (!known.connected && ends.first().is_some_and(silent)) {
        say("keepAlive", &silences.to_string());
    }
    let flaps = crowded(&ends, &|_| true);
    if flaps >= FLAPS && clash < TAKE_OVERS {
        say("flapping", &flaps.to_string());
    }
    if found.is_empty() {
        found.extend(match known.ends.first() {
            _ if known.connected => finding("healthy", ""),
            Some(end) => finding("notConnected", &reason::detail(end.reason, end.packet)),
            None => finding("neverConnected", ""),
        });
    }
    found
}

fn finding(code: &str, particulars: &str) -> Option<Value> {
    let mut findings = FINDINGS.iter();
    let (_, summary, hint) = findings.find(|(known, ..)| *known == code)?;
    let summary = [*summary, particulars, "."].concat();
    Some(json!({ "code": code, "summary": summary, "hint": hint }))
}

/// The newest end of a kind.
fn last_of<'a>(ends: &[&'a End<'a>], kind: Kind) -> Option<&'a End<'a>> {
    let mut ends = ends.iter().copied();
    ends.find(|end| reason::kind(end.reason) == kind)
}

/// The most of such ends within ten minutes.
fn crowded(ends: &[&End<'_>], counts: &dyn Fn(&End<'_>) -> bool) -> usize {
    let times: Vec<i64> = ends
        .iter()
        .filter(|end| counts(end))
        .map(|end| end.time.seconds())
        .collect();
    let within = |last: &i64| {
        let first = last - CLOSE_TOGETHER_SECONDS;
        let near = times.iter().filter(|time| (first..=*last).contains(*time));
        near.count()
    };
    times.iter().map(within).max().unwrap_or(0)
}

/// Whether a refusal is about who asks; others go away by themselves or are told elsewhere.
fn is_credential(why: &str) -> bool {
    !matches!(why, DISABLED | RESTARTED)
}

/// Why a disabled device is refused.
pub const DISABLED: &str = "the device is disabled";
/// Why a device is refused whose gateway restarted meanwhile.
pub const RESTARTED: &str = "the gateway has restarted since";
