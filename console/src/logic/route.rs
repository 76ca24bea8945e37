//! Routes: what is written in a form, and what the hub says of a condition that is tried.

use super::json_document::text;
use serde_json::{Value, json};

/// Where routes take messages from.
pub const SOURCES: [&str; 6] = [
    "DeviceMessages",
    "TwinChangeEvents",
    "DeviceLifecycleEvents",
    "DeviceJobLifecycleEvents",
    "DigitalTwinChangeEvents",
    "DeviceConnectionStateEvents",
];

/// The endpoint that is always there.
pub const BUILT_IN: &str = "events";

/// A message to try a condition with, to begin with.
pub const SAMPLE: &str = r#"{
  "body": { "temperature": 92 },
  "appProperties": { "level": "critical" },
  "twin": { "tags": { "site": "s1" } }
}"#;

/// The endpoint of a route.
pub fn endpoint(route: &Value) -> &str {
    let first = route.pointer("/endpointNames/0").and_then(Value::as_str);
    first.unwrap_or(BUILT_IN)
}

/// Whether a route is switched on.
pub fn is_enabled(route: &Value) -> bool {
    route.get("isEnabled").and_then(Value::as_bool) != Some(false)
}

/// Names of the endpoints that routes may name.
pub fn endpoint_names(routing: &Value) -> Vec<String> {
    let sorts = routing.get("endpoints").and_then(Value::as_object);
    let all = sorts
        .into_iter()
        .flat_map(|sorts| sorts.values())
        .filter_map(Value::as_array)
        .flatten();
    let named = all.map(|endpoint| text(endpoint, "name").to_owned());
    std::iter::once(BUILT_IN.to_owned()).chain(named).collect()
}

/// A route as the hub takes it.
pub fn document(source: &str, condition: &str, endpoint: &str, enabled: bool) -> Value {
    let condition = condition.trim();
    json!({
        "source": source,
        "condition": if condition.is_empty() { "true" } else { condition },
        "endpointNames": [endpoint],
        "isEnabled": enabled,
    })
}

/// What the hub is asked to try: a route with a sample message. None while the sample is no JSON
/// object.
pub fn trial(source: &str, condition: &str, sample: &str) -> Option<Value> {
    let sample: Value = serde_json::from_str(sample).ok()?;
    let members = sample.as_object()?;
    let body = members.get("body").map(Value::to_string);
    Some(json!({
        "message": {
            "body": body,
            "appProperties": members.get("appProperties"),
            "systemProperties": { "contentType": "application/json", "contentEncoding": "utf-8" },
        },
        "twin": members.get("twin"),
        "route": document(source, condition, BUILT_IN, true),
    }))
}

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The sample takes the route.
    Takes,
    /// It does not.
    Leaves,
    /// The condition can say neither, which counts as no.
    Undefined,
    /// The condition does not compile: line, column, why.
    Wrong(u64, u64, String),
}

/// Reads the hub's answer to a trial.
pub fn outcome(answer: &Value) -> Outcome {
    let errors = answer.pointer("/details/compilationErrors");
    let error = errors
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .find(|error| text(error, "severity") == "error");
    if let Some(error) = error {
        let place = |name: &str| {
            let place = error.pointer(&format!("/location/start/{name}"));
            place.and_then(Value::as_u64).unwrap_or(1)
        };
        let why = text(error, "message").trim_end_matches('.').to_owned();
        return Outcome::Wrong(place("line"), place("column"), why);
    }
    match text(answer, "result") {
        "true" => Outcome::Takes,
        "false" => Outcome::Leaves,
        _ => Outcome::Undefined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_are_found_wherever_they_stand() {
        let routing = json!({ "endpoints": {
            "webhooks": [{ "name": "erp" }], "storageContainers": [], "queues": [{ "name": "q" }],
        } });
        let mut names = endpoint_names(&routing);
        assert_eq!(names.remove(0), "events");
        names.sort();
        assert_eq!(names, ["erp", "q"]);
        assert_eq!(endpoint(&json!({ "endpointNames": ["erp"] })), "erp");
        assert_eq!(endpoint(&json!({})), "events");
        assert!(is_enabled(&json!({})));
    }

    #[test]
    fn a_trial_has_the_body_as_text() {
        let trial = trial("DeviceMessages", "$body.temperature > 90", SAMPLE).unwrap();
        assert_eq!(trial["message"]["body"], r#"{"temperature":92}"#);
        assert_eq!(trial["twin"]["tags"]["site"], "s1");
        assert_eq!(trial["route"]["condition"], "$body.temperature > 90");
        assert_eq!(super::trial("DeviceMessages", "true", "[1]"), None);
        assert_eq!(
            document("DeviceMessages", " ", "erp", false)["condition"],
            "true"
        );
    }

    #[test]
    fn answers_are_read() {
        let fine =
            |result: &str| json!({ "result": result, "details": { "compilationErrors": [] } });
        assert_eq!(outcome(&fine("true")), Outcome::Takes);
        assert_eq!(outcome(&fine("false")), Outcome::Leaves);
        assert_eq!(outcome(&fine("undefined")), Outcome::Undefined);
        let error = json!({ "message": "Syntax error.", "severity": "error",
            "location": { "start": { "line": 1, "column": 10 }, "end": {} } });
        let warning = json!({ "message": "Careful.", "severity": "warning" });
        let answer =
            json!({ "result": "undefined", "details": { "compilationErrors": [warning, error] } });
        assert_eq!(
            outcome(&answer),
            Outcome::Wrong(1, 10, "Syntax error".to_owned())
        );
    }
}
