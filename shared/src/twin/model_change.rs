//! A change of a twin as a digital twin's JSON Patch (`query-routing-events.md` §4.5).
//!
//! Another look at what a change of a twin tells anyway; only twins with a model have one.

use super::document::{REPLACE_TWIN, TwinChange};
use crate::json;
use serde_json::{Map, Value};

/// Marks a component among properties, with the value `c`.
const MARKER: &str = "__t";

/// The operations, in order; empty if the change touched no property.
pub fn json_patch(change: &TwinChange) -> Vec<Value> {
    let mut operations = Vec::new();
    let properties = change.event_body.get("properties");
    for section in ["desired", "reported"] {
        // Replacing a twin leaves alone what its device reports.
        if section == "reported" && change.event_op == REPLACE_TWIN {
            continue;
        }
        let Some(Value::Object(changed)) = properties.and_then(|all| all.get(section)) else {
            continue;
        };
        let before = change.undo.patch.get(section).and_then(Value::as_object);
        let metadata = changed.get("$metadata").and_then(Value::as_object);
        add(&mut operations, section, "", changed, metadata, before);
    }
    operations
}

fn add(
    operations: &mut Vec<Value>,
    section: &str,
    place: &str,
    changed: &Map<String, Value>,
    metadata: Option<&Map<String, Value>>,
    before: Option<&Map<String, Value>>,
) {
    let inside = |part: Option<&Map<String, Value>>, name: &str| -> Option<Map<String, Value>> {
        part?.get(name)?.as_object().cloned()
    };
    for (name, value) in changed {
        if name.starts_with('$') || name == MARKER {
            continue;
        }
        let about = inside(metadata, name);
        let pointer = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
        if let Value::Object(component) = value
            && component.get(MARKER).and_then(Value::as_str) == Some("c")
        {
            // The way back deletes what was not there before: the whole component, if it is new.
            let mut earlier = inside(before, name);
            if before.and_then(|before| before.get(name)) == Some(&Value::Null) {
                let all = component.keys();
                earlier = Some(all.map(|name| (name.clone(), Value::Null)).collect());
            }
            add(
                operations,
                section,
                &pointer,
                component,
                about.as_ref(),
                earlier.as_ref(),
            );
            continue;
        }
        let is_new = before.and_then(|before| before.get(name)) == Some(&Value::Null);
        let mut told = Map::new();
        let updated = about.as_ref().and_then(|about| about.get("$lastUpdated"));
        told.insert("lastUpdateTime".to_owned(), json!(updated));
        let is_reported = section == "reported";
        let mut shown = value;
        if is_reported {
            if let (Some(own), Some(_)) = (value.get("value"), value.get("ac")) {
                shown = own;
                for (short, long) in [
                    ("ac", "ackCode"),
                    ("av", "ackVersion"),
                    ("ad", "ackDescription"),
                ] {
                    if let Some(said) = value.get(short) {
                        told.insert(long.to_owned(), said.clone());
                    }
                }
            }
        } else {
            told.insert("desiredValue".to_owned(), value.clone());
            let version = about
                .as_ref()
                .and_then(|about| about.get("$lastUpdatedVersion"));
            told.insert("desiredVersion".to_owned(), json!(version));
        }
        let op = if is_new { "add" } else { "replace" };
        let (at, name) = pointer.rsplit_once('/').unwrap_or(("", &pointer));
        let of_metadata = format!("{at}/$metadata/{name}");
        if value.is_null() {
            operations.push(json!({ "op": "remove", "path": of_metadata }));
        } else {
            operations.push(json!({ "op": op, "path": of_metadata, "value": told }));
        }
        if is_reported {
            operations.push(if value.is_null() {
                json!({ "op": "remove", "path": pointer })
            } else {
                json!({ "op": op, "path": pointer, "value": shown })
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;
    use crate::twin::Twin;

    const NOW: &str = "2026-03-01T10:01:40.1281138Z";

    fn reported(twin: &mut Twin, body: Value) -> Vec<Value> {
        let now = Timestamp::parse(NOW).unwrap();
        json_patch(&twin.patch_reported(&body, None, now).unwrap())
    }

    #[test]
    fn a_first_value_is_added_and_a_later_one_replaced() {
        let mut twin = Twin::new();
        let time = json!({"lastUpdateTime": Timestamp::parse(NOW).unwrap()});
        let patch = |op: &str, value: Value| {
            vec![
                json!({"op": op, "path": "/$metadata/maxTemp", "value": time}),
                json!({"op": op, "path": "/maxTemp", "value": value}),
            ]
        };
        assert_eq!(
            reported(&mut twin, json!({"maxTemp": 42.1})),
            patch("add", json!(42.1))
        );
        assert_eq!(
            reported(&mut twin, json!({"maxTemp": 43})),
            patch("replace", json!(43))
        );
        assert_eq!(
            reported(&mut twin, json!({"maxTemp": null})),
            [
                json!({"op": "remove", "path": "/$metadata/maxTemp"}),
                json!({"op": "remove", "path": "/maxTemp"}),
            ]
        );
    }

    #[test]
    fn a_component_has_paths_of_its_own() {
        let mut twin = Twin::new();
        let told = reported(&mut twin, json!({"thermostat1": {"__t": "c", "temp": 5}}));
        let paths: Vec<&Value> = told.iter().map(|operation| &operation["path"]).collect();
        assert_eq!(paths, ["/thermostat1/$metadata/temp", "/thermostat1/temp"]);
        assert_eq!(told[1]["op"], "add");
    }

    #[test]
    fn an_acknowledgement_is_about_the_property() {
        let mut twin = Twin::new();
        let told = reported(
            &mut twin,
            json!({"target": {"value": 3, "ac": 200, "av": 2}}),
        );
        assert_eq!(told[0]["value"]["ackCode"], 200);
        assert_eq!(told[1]["value"], 3);
    }
}
