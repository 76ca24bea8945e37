//! Configurations of many devices (`service.md` §11), and what they do to one.

use super::ApiError;
use super::client::{hub, own};
use super::query;
use crate::logic::configuration::{Settings, count_query};
use crate::logic::json_document::{part, whole, words, words_if_any};
use crate::logic::url_state::encode;
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::ordered::OrderedMap;
use shared::sorting::sort_by;

/// Queries and what they counted.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics {
    /// Counted at the moment of the answer, by name.
    pub results: OrderedMap<String, u64>,
    /// The queries by name.
    pub queries: OrderedMap<String, String>,
}

/// One configuration.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(from = "Value")]
pub struct Configuration {
    /// Its id.
    pub id: String,
    /// What its author said about its form.
    pub schema_version: Option<String>,
    /// The higher one wins.
    pub priority: u32,
    /// Whom it is about.
    pub target_condition: String,
    /// For people; null if there are none.
    pub labels: Option<OrderedMap<String, Value>>,
    /// What it writes.
    pub content: Value,
    /// When it was made.
    pub created_time_utc: Option<String>,
    /// When it was last changed.
    pub last_updated_time_utc: Option<String>,
    /// What the hub counts.
    pub system_metrics: Metrics,
    /// What its author counts.
    pub metrics: Metrics,
    /// Guards the next change.
    pub etag: String,
}

/// The members of a part of a document that are of one kind.
fn members<T>(
    document: &Value,
    name: &str,
    read: fn(&Value) -> Option<T>,
) -> OrderedMap<String, T> {
    let mut members = OrderedMap::default();
    let part = document.get(name).and_then(Value::as_object);
    for (name, value) in part.into_iter().flatten() {
        if let Some(value) = read(value) {
            members.insert(name.clone(), value);
        }
    }
    members
}

impl Metrics {
    fn of_document(document: &Value) -> Self {
        Self {
            results: members(document, "results", Value::as_u64),
            queries: members(document, "queries", |value| {
                value.as_str().map(str::to_owned)
            }),
        }
    }
}

/// By hand: what is derived for a struct of this size is as large as a screen.
impl From<Value> for Configuration {
    fn from(document: Value) -> Self {
        let metrics = |name| {
            document
                .get(name)
                .map(Metrics::of_document)
                .unwrap_or_default()
        };
        let priority = whole(&document, "priority").unwrap_or(0);
        let labels = document.get("labels").filter(|labels| labels.is_object());
        Self {
            id: words(&document, "id"),
            schema_version: words_if_any(&document, "schemaVersion"),
            priority: u32::try_from(priority).unwrap_or(u32::MAX),
            target_condition: words(&document, "targetCondition"),
            labels: labels.map(|_| members(&document, "labels", |value| Some(value.clone()))),
            created_time_utc: words_if_any(&document, "createdTimeUtc"),
            last_updated_time_utc: words_if_any(&document, "lastUpdatedTimeUtc"),
            system_metrics: metrics("systemMetrics"),
            metrics: metrics("metrics"),
            etag: words(&document, "etag"),
            content: part(&document, "content"),
        }
    }
}

impl Configuration {
    /// How many it is about; `None` if that was not counted.
    pub fn targeted(&self) -> Option<u64> {
        self.system_metrics.results.get("targetedCount").copied()
    }

    /// How many have it; `None` if that was not counted.
    pub fn applied(&self) -> Option<u64> {
        self.system_metrics.results.get("appliedCount").copied()
    }

    /// What may be changed of it.
    pub fn settings(&self) -> Settings {
        let labels = self.labels.iter().flatten();
        Settings {
            priority: self.priority,
            condition: self.target_condition.clone(),
            labels: labels
                .map(|(name, value)| (name.clone(), crate::logic::configuration::value_text(value)))
                .collect(),
            metrics: self.metrics.queries.clone(),
        }
    }
}

/// What the hub says about a condition and queries before they are used.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Verdict {
    /// What is wrong with the condition.
    pub target_condition_error: Option<String>,
    /// What is wrong with queries, by name.
    pub custom_metric_query_errors: OrderedMap<String, String>,
    /// How many the condition picks now.
    #[serde(skip)]
    pub count: Option<u64>,
}

/// Who set a leaf of a device's desired properties.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Leaf {
    /// Where it is.
    pub path: String,
    /// The configuration that has it; nobody of them if absent.
    #[serde(default)]
    pub configuration: Option<String>,
    /// What that wants there.
    #[serde(default)]
    pub wanted: Value,
    /// What is there.
    #[serde(default)]
    pub value: Option<Value>,
    /// Who else wants it.
    #[serde(default)]
    pub lost: Vec<Loser>,
}

/// A configuration that does not have a leaf it wants.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Loser {
    /// Its id.
    pub configuration: String,
    /// What it wants.
    #[serde(default)]
    pub wanted: Value,
    /// `priority`, `createdTimeUtc` or `id`.
    pub reason: String,
}

/// A configuration whose condition a twin fulfils.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Matching {
    /// Its id.
    pub id: String,
    /// Its priority.
    #[serde(default)]
    pub priority: u32,
    /// `Applied` or `Targeted`.
    #[serde(default)]
    pub status: Option<String>,
}

/// What configurations do to one twin.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Effective {
    /// Those that match, the strongest first.
    pub configurations: Vec<Matching>,
    /// Every leaf.
    pub desired: Vec<Leaf>,
    /// The same of modules, by id.
    pub modules: OrderedMap<String, Effective>,
}

/// All of them, the highest priority first.
pub async fn list() -> Result<Vec<Configuration>, ApiError> {
    let answer = hub(Method::GET, "/configurations?top=100").read().await?;
    let mut all: Vec<Configuration> = answer.value;
    sort_by(&mut all, |one, other| {
        let newest = other.created_time_utc.cmp(&one.created_time_utc);
        other.priority.cmp(&one.priority).then(newest)
    });
    Ok(all)
}

/// One of them.
pub async fn get(id: &str) -> Result<Configuration, ApiError> {
    let answer = hub(Method::GET, &path(id)).read().await?;
    Ok(answer.value)
}

/// Creates one; with an entity tag changes it.
pub async fn put(id: &str, body: &Value, etag: Option<&str>) -> Result<Configuration, ApiError> {
    let mut call = hub(Method::PUT, &path(id)).json(body);
    if let Some(etag) = etag {
        call = call.if_match(etag);
    }
    Ok(call.read().await?.value)
}

/// Deletes one.
pub async fn delete(id: &str, etag: &str) -> Result<(), ApiError> {
    hub(Method::DELETE, &path(id)).if_match(etag).done().await
}

/// Tries a condition and queries, and counts whom the condition picks.
pub async fn test(
    condition: &str,
    metrics: &OrderedMap<String, String>,
) -> Result<Verdict, ApiError> {
    let body = json!({ "targetCondition": condition, "customMetricQueries": metrics });
    let answer = hub(Method::POST, "/configurations/testQueries")
        .json(&body)
        .read()
        .await?;
    let mut verdict: Verdict = answer.value;
    if verdict.target_condition_error.is_none() {
        verdict.count = Some(match count_query(condition) {
            Some(query) => query::count(&query).await?,
            None => 0,
        });
    }
    Ok(verdict)
}

/// What configurations do to a device.
pub async fn effective(device: &str) -> Result<Effective, ApiError> {
    let path = format!("/devices/{}/effective-configuration", encode(device));
    Ok(own(Method::GET, &path).read().await?.value)
}

fn path(id: &str) -> String {
    format!("/configurations/{}", encode(id))
}
