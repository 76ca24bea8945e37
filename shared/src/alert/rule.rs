//! Rules of alerts, and what operators set of them (`device-management.md` §5).
//!
//! A rule that is always there is known by its name; others are conditions over twins that
//! somebody wrote. What is set travels with the hub's settings as it is shown.

use super::Severity;
use crate::error::HubError;
use crate::json;
use crate::query::parse_condition;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::borrow::Cow;

/// How long something lasts before it is an alert, and how long it is over before that is.
const FOR_SECONDS: i64 = 120;
/// The tag by whose value devices are grouped.
const GROUP_BY: &str = "site";
/// Failed logins in so many seconds that make `reconnectFailing`.
const FAILURES: i64 = 5;
const WINDOW_SECONDS: i64 = 600;
/// What an object of the platform may hold, in bytes, and the least that a rule may say.
const OBJECT_BYTES: u64 = 10 * 1024 * 1024 * 1024;
const LEAST_OBJECT_BYTES: u64 = 100_000_000;
/// The longest time that a rule may name.
const MAX_SECONDS: i64 = 30 * 24 * 3600;
/// Longest id, tag name, summary, condition, in bytes.
const MAX_ID: usize = 64;
const MAX_TAG: usize = 128;
const MAX_SUMMARY: usize = 256;
const MAX_CONDITION: usize = 8_192;

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

    /// How bad it is, unless somebody says otherwise.
    pub fn severity(&self) -> Severity {
        match self.name() {
            "endpointDead" | "jobAborted" | "messagesDropped" | "operationFailed" => {
                Severity::Error
            }
            "overrideUsed" | "rolloutPaused" => Severity::Info,
            _ => Severity::Warning,
        }
    }

    /// Whether it is about something that happens once, and not about something that lasts.
    pub fn is_event(&self) -> bool {
        matches!(
            self.name(),
            "endpointDead"
                | "holdExpired"
                | "jobAborted"
                | "messagesDropped"
                | "overrideUsed"
                | "rolloutPaused"
                | "safetyBlocked"
        )
    }
}

/// A rule as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSettings {
    /// Which.
    pub rule: Rule,
    /// Whether it raises alerts.
    pub enabled: bool,
    /// How bad it is.
    pub severity: Severity,
    /// How long something lasts before it is an alert, and is over before that is.
    pub for_seconds: i64,
    /// By the values of which tag devices are grouped; empty: not at all.
    pub group_by: String,
    /// `heartbeatMissed`: how often devices send something that say nothing of it themselves;
    /// 0: they need not.
    pub heartbeat_seconds: i64,
    /// `reconnectFailing`: so many failed logins
    pub failures: i64,
    /// within so many seconds.
    pub window_seconds: i64,
    /// `storageNearFull`: what an object may hold, in bytes.
    pub object_bytes: u64,
    /// Of a rule that somebody made: what is true of a twin.
    pub condition: Option<String>,
    /// What is said about a device of which it is.
    pub summary: Option<String>,
}

impl RuleSettings {
    /// What is said by default.
    pub fn of(rule: Rule) -> Self {
        Self {
            enabled: true,
            severity: rule.severity(),
            for_seconds: if rule.is_event() { 0 } else { FOR_SECONDS },
            group_by: GROUP_BY.to_owned(),
            heartbeat_seconds: 0,
            failures: FAILURES,
            window_seconds: WINDOW_SECONDS,
            object_bytes: OBJECT_BYTES,
            condition: None,
            summary: None,
            rule,
        }
    }

    /// Reads a document, and refuses what makes no sense.
    pub fn read(document: &Map<String, Value>) -> Result<Self, HubError> {
        let text = |name: &str, most: usize| match document.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.len() <= most => Ok(Some(text.as_str())),
            Some(_) => Err(wrong(&format!("{name} is a text of at most {most} bytes"))),
        };
        let whole = |name: &str, least: i64, otherwise: i64| match document.get(name) {
            None | Some(Value::Null) => Ok(otherwise),
            Some(value) => value
                .as_i64()
                .filter(|number| (least..=MAX_SECONDS).contains(number))
                .ok_or_else(|| {
                    wrong(&format!(
                        "{name} is a whole number from {least} to {MAX_SECONDS}"
                    ))
                }),
        };
        let id = text("id", MAX_ID)?.unwrap_or_default();
        let known = Rule::ALL.into_iter().find(|rule| rule.name() == id);
        let is_known = known.is_some();
        let legal = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if id.is_empty() || !id.bytes().all(legal) {
            return Err(wrong("id has 1 to 64 letters, digits and hyphens"));
        }
        let mut rule = Self::of(known.unwrap_or_else(|| Rule::custom(id)));
        let members = [
            ("id", true),
            ("etag", true),
            ("type", true),
            ("enabled", true),
            ("severity", true),
            ("forSeconds", true),
            ("groupBy", true),
            ("condition", !is_known),
            ("summary", !is_known),
            ("heartbeatSeconds", id == "heartbeatMissed"),
            ("failures", id == "reconnectFailing"),
            ("windowSeconds", id == "reconnectFailing"),
            ("objectBytes", id == "storageNearFull"),
        ];
        let fits = |name: &str| members.contains(&(name, true));
        if let Some(other) = document.keys().find(|name| !fits(name)) {
            // A threshold that is silently not applied is worse than none.
            return Err(wrong(&format!("it has no member {other:?}")));
        }
        let kind = text("type", MAX_ID)?;
        if kind.is_some_and(|kind| (kind == "query") == is_known) {
            return Err(wrong(
                "type is query for a rule with a condition, else builtIn",
            ));
        }
        if let Some(enabled) = document.get("enabled") {
            let enabled = enabled.as_bool();
            rule.enabled = enabled.ok_or_else(|| wrong("enabled is true or false"))?;
        }
        if let Some(severity) = text("severity", MAX_ID)? {
            rule.severity = Severity::parse(severity)
                .ok_or_else(|| wrong("severity is info, warning or error"))?;
        }
        rule.for_seconds = whole("forSeconds", 0, rule.for_seconds)?;
        if let Some(group_by) = text("groupBy", MAX_TAG)? {
            let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"._".contains(&byte);
            if !group_by.bytes().all(legal) {
                return Err(wrong("groupBy is the name of a tag, such as site"));
            }
            rule.group_by = group_by.to_owned();
        }
        rule.heartbeat_seconds = whole("heartbeatSeconds", 0, 0)?;
        rule.failures = whole("failures", 1, FAILURES)?;
        rule.window_seconds = whole("windowSeconds", 1, WINDOW_SECONDS)?;
        if let Some(bytes) = document.get("objectBytes") {
            let bytes = bytes.as_u64();
            rule.object_bytes = bytes
                .filter(|bytes| (LEAST_OBJECT_BYTES..=OBJECT_BYTES).contains(bytes))
                .ok_or_else(|| {
                    wrong(&format!(
                        "objectBytes is a whole number from {LEAST_OBJECT_BYTES} to {OBJECT_BYTES}"
                    ))
                })?;
        }
        rule.summary = text("summary", MAX_SUMMARY)?.map(str::to_owned);
        if !is_known {
            let condition = text("condition", MAX_CONDITION)?.unwrap_or_default();
            parse_condition(condition).map_err(|error| wrong(&format!("condition: {error}")))?;
            rule.condition = Some(condition.to_owned());
        }
        Ok(rule)
    }

    /// As REST shows it.
    pub fn document(&self) -> Value {
        let id = self.rule.name();
        let mut document = Map::new();
        let mut put = |name: &str, value: Value| document.insert(name.to_owned(), value);
        let kind = match self.condition {
            Some(_) => "query",
            None => "builtIn",
        };
        put("id", json!(id));
        put("type", json!(kind));
        put("enabled", json!(self.enabled));
        put("severity", json!(self.severity.name()));
        put("forSeconds", json!(self.for_seconds));
        put("groupBy", json!(self.group_by));
        if id == Rule::HEARTBEAT_MISSED.name() {
            put("heartbeatSeconds", json!(self.heartbeat_seconds));
        }
        if id == Rule::RECONNECT_FAILING.name() {
            put("failures", json!(self.failures));
            put("windowSeconds", json!(self.window_seconds));
        }
        if id == Rule::STORAGE_NEAR_FULL.name() {
            put("objectBytes", json!(self.object_bytes));
        }
        if let Some(condition) = &self.condition {
            put("condition", json!(condition));
        }
        if let Some(summary) = &self.summary {
            put("summary", json!(summary));
        }
        Value::Object(document)
    }
}

/// The id in a stored document.
pub fn id_of(document: &Value) -> &str {
    let id = document.get("id").and_then(Value::as_str);
    id.unwrap_or_default()
}

/// A rule as it stands among the stored documents; none if there is no such rule.
pub fn find(stored: &[Value], id: &str) -> Option<RuleSettings> {
    let own = stored.iter().find(|document| id_of(document) == id);
    match own.and_then(Value::as_object) {
        Some(document) => RuleSettings::read(document).ok(),
        None => {
            let known = Rule::ALL.into_iter().find(|rule| rule.name() == id);
            known.map(RuleSettings::of)
        }
    }
}

/// All rules: those that are always there, then those that somebody made, each in order of
/// name.
pub fn all(stored: &[Value]) -> Vec<RuleSettings> {
    let known = Rule::ALL.map(|rule| rule.name().to_owned());
    let made = stored.iter().map(id_of).filter(|id| {
        let is_known = known.iter().any(|known| known == id);
        !is_known
    });
    let ids = known.iter().map(String::as_str).chain(made);
    ids.filter_map(|id| find(stored, id)).collect()
}

/// All rules as REST shows them: what is stored of each, and what holds by default.
pub fn shown(stored: &[Value]) -> Vec<Value> {
    let etag_of = |id: &str| {
        let own = stored.iter().find(|own| id_of(own) == id);
        own.and_then(|own| own.get("etag")).cloned()
    };
    let show = |rule: &RuleSettings| {
        let mut document = rule.document();
        if let (Some(etag), Value::Object(members)) = (etag_of(rule.rule.name()), &mut document) {
            members.insert("etag".to_owned(), etag);
        }
        document
    };
    all(stored).iter().map(show).collect()
}

fn wrong(why: &str) -> HubError {
    HubError::invalid(format!("The alert rule is not valid: {why}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(document: Value) -> Result<RuleSettings, HubError> {
        RuleSettings::read(document.as_object().unwrap())
    }

    #[test]
    fn what_is_shown_is_read_again() {
        let own = json!({ "id": "hot", "condition": "tags.a > 1", "severity": "error",
            "forSeconds": 5, "groupBy": "", "summary": "too hot" });
        let stored = [
            own,
            json!({ "id": "heartbeatMissed", "heartbeatSeconds": 60, "enabled": false }),
        ];
        let rules = all(&stored);
        assert_eq!(rules.len(), Rule::ALL.len() + 1);
        for rule in &rules {
            assert_eq!(read(rule.document()).unwrap(), *rule);
        }
        let missed = find(&stored, "heartbeatMissed").unwrap();
        assert_eq!((missed.heartbeat_seconds, missed.enabled), (60, false));
        assert_eq!(missed.for_seconds, 120);
        assert_eq!(find(&stored, "jobAborted").unwrap().for_seconds, 0);
        assert_eq!(find(&stored, "hot").unwrap().severity, Severity::Error);
        assert!(find(&stored, "cold").is_none());
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place() {
        for (document, part) in [
            (json!({ "id": "a b", "condition": "tags.a = 1" }), "id has"),
            (json!({ "id": "hot" }), ""),
            (json!({ "id": "hot", "condition": "tags.a >" }), ""),
            (
                json!({ "id": "hot", "condition": "tags.a = 1", "failures": 3 }),
                "failures",
            ),
            (
                json!({ "id": "jobAborted", "condition": "tags.a = 1" }),
                "condition",
            ),
            (json!({ "id": "jobAborted", "type": "query" }), "type"),
            (json!({ "id": "jobAborted", "severity": "bad" }), "severity"),
            (json!({ "id": "jobAborted", "enabled": 1 }), "enabled"),
            (
                json!({ "id": "jobAborted", "forSeconds": -1 }),
                "forSeconds",
            ),
            (
                json!({ "id": "reconnectFailing", "failures": 0 }),
                "failures",
            ),
            (json!({ "id": "jobAborted", "groupBy": 7 }), "groupBy"),
            (
                json!({ "id": "storageNearFull", "objectBytes": 1000 }),
                "objectBytes",
            ),
        ] {
            let error = read(document.clone()).unwrap_err();
            assert!(
                error.message.contains(part),
                "{document}: {}",
                error.message
            );
        }
    }
}
