//! A configuration as it is stored and shown (`service.md` §11.1): fields of the back end, times,
//! etag, and the queries that count for it.

use super::content::{EDGE_AGENT, Family};
use crate::error::{ErrorCode, HubError};
use crate::json;
use crate::query::parse;
use serde_json::{Map, Value};

/// Most queries of a back end's own.
const MAX_QUERIES: usize = 5;

/// Checks the queries of a back end's own metrics.
pub fn check_metrics(queries: &Map<String, Value>) -> Result<(), HubError> {
    let refused =
        |text: String| HubError::new(ErrorCode::InvalidConfigurationCustomMetricsQuery, text);
    if queries.len() > MAX_QUERIES {
        return Err(refused(format!(
            "A configuration has at most {MAX_QUERIES} custom metrics."
        )));
    }
    for (name, query) in queries {
        let Some(text) = query.as_str() else {
            return Err(refused(format!("The query of {name:?} must be a text.")));
        };
        parse(text).map_err(|error| refused(format!("{name:?}: {error}")))?;
    }
    Ok(())
}

/// The queries that count targets for everybody, by the metric's name.
pub fn system_queries(document: &Value) -> Map<String, Value> {
    let text = |name: &str| document.get(name).and_then(Value::as_str).unwrap_or("");
    let (id, condition) = (text("id"), text("targetCondition").trim());
    let content = document.get("content");
    let family = Family::ALL
        .iter()
        .find(|(name, _)| content.is_some_and(|content| content.get(name).is_some()))
        .map_or(Family::Devices, |(_, family)| *family);
    let applied = format!("configurations.[[{id}]].status = 'Applied'");
    let devices = "select deviceId from devices";
    let targeted = match (family, condition) {
        (_, "") => String::new(),
        (Family::Devices, "*") => devices.to_owned(),
        (Family::Devices, condition) => format!("{devices} where {condition}"),
        (Family::Modules, condition) => format!("select deviceId {condition}"),
        (Family::Edge, "*") => format!("{devices} where capabilities.iotEdge = true"),
        (Family::Edge, condition) => {
            // A comment would hide the parenthesis.
            let end = if condition.contains("--") { "\n" } else { "" };
            format!("{devices} where capabilities.iotEdge = true and ({condition}{end})")
        }
    };
    let mut queries = Map::new();
    let mut add = |name: &str, query: String| {
        queries.insert(name.to_owned(), Value::String(query));
    };
    add("targetedCount", targeted);
    match family {
        Family::Devices => add("appliedCount", format!("{devices} where {applied}")),
        Family::Modules => add("appliedCount", format!("{devices}.modules where {applied}")),
        Family::Edge => {
            let agents = format!("{devices}.modules where moduleId = '{EDGE_AGENT}' and {applied}");
            let code = "properties.reported.lastDesiredStatus.code";
            let current =
                "properties.desired.$version = properties.reported.lastDesiredVersion and";
            add(
                "reportedSuccessfulCount",
                format!("{agents} and {current} {code} = 200"),
            );
            add(
                "reportedFailedCount",
                format!("{agents} and {current} {code} != 200"),
            );
            add("appliedCount", agents);
        }
    }
    queries
}

/// The document for REST, with what its queries have counted.
pub fn shown(
    document: &Value,
    system_results: Map<String, Value>,
    results: Map<String, Value>,
) -> Value {
    let field = |name: &str| document.get(name).cloned().unwrap_or_default();
    let queries = document
        .pointer("/metrics/queries")
        .cloned()
        .unwrap_or_else(|| json!({}));
    json!({
        "id": field("id"),
        "schemaVersion": field("schemaVersion"),
        "labels": field("labels"),
        "content": field("content"),
        "targetCondition": field("targetCondition"),
        "createdTimeUtc": field("createdTimeUtc"),
        "lastUpdatedTimeUtc": field("lastUpdatedTimeUtc"),
        "priority": field("priority"),
        "systemMetrics": { "results": system_results, "queries": system_queries(document) },
        "metrics": { "results": results, "queries": queries },
        "etag": field("etag"),
    })
}

/// What shards need of it.
pub fn evaluated(document: &Value) -> Value {
    let mut part = Map::new();
    for name in [
        "id",
        "priority",
        "createdTimeUtc",
        "revision",
        "content",
        "targetCondition",
    ] {
        part.insert(
            name.to_owned(),
            document.get(name).cloned().unwrap_or_default(),
        );
    }
    if is_disruptive(document) {
        part.insert("isDisruptive".to_owned(), json!(true));
    }
    Value::Object(part)
}

/// Whether its label says that it puts devices out of service
/// (`device-management.md` §4.2).
pub fn is_disruptive(document: &Value) -> bool {
    let label = document.pointer("/labels/disruptive");
    label == Some(&Value::Bool(true)) || label.and_then(Value::as_str) == Some("true")
}
