//! Alerts and their rules (`device-management.md §5`).

use super::ApiError;
use super::client::own;
use crate::logic::alert_filter::AlertFilter;
use crate::logic::json_document::{is, whole, words, words_if_any};
use crate::logic::url_state::encode;
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// An alert.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Value")]
pub struct Alert {
    /// `a-17`.
    pub id: String,
    /// The name of its rule.
    pub rule: String,
    /// `info`, `warning`, `error`.
    pub severity: String,
    /// `open`, `acknowledged`, `snoozed`, `resolved`.
    pub state: String,
    /// Whether it needs a person.
    pub attention: bool,
    /// What it is about, by kind: `deviceId`, `jobId`, `endpoint`, a tag, …
    pub subject: Map<String, Value>,
    /// When it was opened.
    pub opened_at: String,
    /// When it was seen last.
    pub last_seen_at: String,
    /// How often.
    pub count: u64,
    /// One sentence.
    pub summary: String,
    /// What led to it, or what to do.
    pub hint: Option<String>,
    /// It comes and goes.
    pub flapping: bool,
    /// When it is open again.
    pub until: Option<String>,
    /// Who looks after it, or settled it.
    pub handled_by: Option<String>,
    /// When.
    pub handled_at: Option<String>,
    /// Devices of a group.
    pub device_count: Option<u64>,
    /// Some of them.
    pub devices: Vec<String>,
}

/// By hand: what is derived for a struct of this size is as large as a screen.
impl From<Value> for Alert {
    fn from(alert: Value) -> Self {
        let devices = alert.get("devices").and_then(Value::as_array);
        let devices = devices.into_iter().flatten().filter_map(Value::as_str);
        let subject = alert.get("subject").and_then(Value::as_object);
        Self {
            id: words(&alert, "id"),
            rule: words(&alert, "rule"),
            severity: words(&alert, "severity"),
            state: words(&alert, "state"),
            attention: is(&alert, "attention"),
            subject: subject.cloned().unwrap_or_default(),
            opened_at: words(&alert, "openedAt"),
            last_seen_at: words(&alert, "lastSeenAt"),
            count: whole(&alert, "count").unwrap_or(0),
            summary: words(&alert, "summary"),
            hint: words_if_any(&alert, "hint"),
            flapping: is(&alert, "flapping"),
            until: words_if_any(&alert, "until"),
            handled_by: words_if_any(&alert, "handledBy"),
            handled_at: words_if_any(&alert, "handledAt"),
            device_count: whole(&alert, "deviceCount"),
            devices: devices.map(str::to_owned).collect(),
        }
    }
}

/// A page of alerts, the newest first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AlertPage {
    /// Its alerts.
    pub items: Vec<Alert>,
    /// Where older ones begin; `None` at the end.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// What a person does about an alert.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Looks after it.
    Acknowledge,
    /// Wants to hear of it again at this time.
    Snooze(String),
    /// It is done.
    Resolve,
}

/// One page.
pub async fn page(filter: AlertFilter) -> Result<AlertPage, ApiError> {
    let path = format!("/alerts{}", filter.asked());
    Ok(own(Method::GET, &path).read().await?.value)
}

/// How many are open and need a person, and whether there are more than that.
pub async fn attention() -> Result<(usize, bool), ApiError> {
    let path = format!("/alerts{}", AlertFilter::default().asked());
    let page: AlertPage = own(Method::GET, &path).read().await?.value;
    Ok((page.items.len(), page.cursor.is_some()))
}

/// Changes one; answers how it stands then.
pub async fn change(id: &str, change: &Change) -> Result<Alert, ApiError> {
    let (verb, body) = match change {
        Change::Acknowledge => ("ack", json!({})),
        Change::Snooze(until) => ("snooze", json!({ "until": until })),
        Change::Resolve => ("resolve", json!({})),
    };
    let path = format!("/alerts/{}/{verb}", encode(id));
    Ok(own(Method::POST, &path).json(&body).read().await?.value)
}

#[derive(Deserialize)]
struct Rules {
    items: Vec<Value>,
}

/// All rules: those that are built in, then those that somebody made.
pub async fn rules() -> Result<Vec<Value>, ApiError> {
    let answer = own(Method::GET, "/alert-rules").read::<Rules>().await?;
    Ok(answer.value.items)
}

/// Makes or changes a rule.
pub async fn put_rule(id: &str, rule: &Value) -> Result<(), ApiError> {
    let path = format!("/alert-rules/{}", encode(id));
    own(Method::PUT, &path).json(rule).done().await
}

/// Deletes a rule of one's own, or makes another one as it is built in.
pub async fn delete_rule(id: &str) -> Result<(), ApiError> {
    let path = format!("/alert-rules/{}", encode(id));
    own(Method::DELETE, &path).done().await
}
