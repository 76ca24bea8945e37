//! Configurations as people write them, checked before the hub is asked (`service.md` §11.1).

use serde_json::{Map, Value, json};
use shared::ordered::OrderedMap;

/// Metrics of a back end's own, at most.
pub const MOST_METRICS: usize = 5;

/// Whether the hub takes this id.
pub fn is_configuration_id(id: &str) -> bool {
    let legal =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-+%_*!'".contains(&byte);
    (1..=128).contains(&id.len()) && id.bytes().all(legal)
}

/// A priority.
pub fn priority(text: &str) -> Option<u32> {
    text.trim().parse().ok()
}

/// Counts whom a target condition picks now; `None` for an empty one, which picks nobody.
pub fn count_query(condition: &str) -> Option<String> {
    let condition = condition.trim();
    let of_modules = condition
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("from "));
    match condition {
        "" => None,
        "*" => Some("SELECT COUNT() AS n FROM devices".to_owned()),
        _ if of_modules => Some(format!("SELECT COUNT() AS n {condition}")),
        _ => Some(format!(
            "SELECT COUNT() AS n FROM devices WHERE {condition}"
        )),
    }
}

/// What is wrong with content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentProblem {
    /// Not exactly one of the families.
    Family,
    /// A key that is no path of desired properties.
    Key,
    /// Nothing in it.
    Empty,
}

/// Whether content is one family whose keys are paths of desired properties.
pub fn check_content(content: &Value) -> Option<ContentProblem> {
    let Value::Object(families) = content else {
        return Some(ContentProblem::Family);
    };
    let mut members = families.iter();
    let (Some((family, part)), None) = (members.next(), members.next()) else {
        return Some(ContentProblem::Family);
    };
    let Value::Object(part) = part else {
        return Some(ContentProblem::Family);
    };
    match family.as_str() {
        "deviceContent" | "moduleContent" => check_keys(part),
        "modulesContent" => part
            .values()
            .find_map(|keys| match keys {
                Value::Object(keys) => check_keys(keys),
                _ => Some(ContentProblem::Key),
            })
            .or_else(|| part.is_empty().then_some(ContentProblem::Empty)),
        _ => Some(ContentProblem::Family),
    }
}

fn check_keys(keys: &Map<String, Value>) -> Option<ContentProblem> {
    if keys.is_empty() {
        return Some(ContentProblem::Empty);
    }
    let is_path = |key: &String| {
        key == "properties.desired"
            || key
                .strip_prefix("properties.desired.")
                .is_some_and(|path| !path.is_empty())
    };
    (!keys.keys().all(is_path)).then_some(ContentProblem::Key)
}

/// What may be changed of a configuration.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// The higher one wins.
    pub priority: u32,
    /// Whom it is about.
    pub condition: String,
    /// For people.
    pub labels: OrderedMap<String, String>,
    /// Queries by the name of the metric.
    pub metrics: OrderedMap<String, String>,
}

impl Settings {
    /// As a document, for a difference that people read.
    pub fn document(&self) -> Value {
        json!({
            "priority": self.priority,
            "targetCondition": self.condition,
            "labels": self.labels,
            "metrics": self.metrics,
        })
    }

    /// The body of `PUT /configurations/{id}`.
    pub fn body(&self, id: &str, schema: Option<&str>, content: &Value) -> Value {
        json!({
            "id": id,
            "schemaVersion": schema,
            "priority": self.priority,
            "targetCondition": self.condition,
            "labels": self.labels,
            "content": content,
            "metrics": { "queries": self.metrics },
        })
    }
}

/// A text that names itself, such as a value in a table: a text without quotes, all else as JSON.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_priorities_are_those_of_the_hub() {
        assert!(is_configuration_id("fw-28"));
        for bad in ["", "FW", "a b", "a.b"] {
            assert!(!is_configuration_id(bad), "{bad}");
        }
        assert_eq!(priority(" 20 "), Some(20));
        assert_eq!(priority("-1"), None);
        assert_eq!(priority("1.5"), None);
    }

    #[test]
    fn conditions_are_counted_where_they_belong() {
        assert_eq!(count_query("  "), None);
        assert_eq!(
            count_query("*").as_deref(),
            Some("SELECT COUNT() AS n FROM devices")
        );
        assert_eq!(
            count_query("tags.a = 1").as_deref(),
            Some("SELECT COUNT() AS n FROM devices WHERE tags.a = 1")
        );
        assert_eq!(
            count_query("FROM devices.modules WHERE moduleId = 'm'").as_deref(),
            Some("SELECT COUNT() AS n FROM devices.modules WHERE moduleId = 'm'")
        );
    }

    #[test]
    fn content_is_one_family_of_desired_paths() {
        let check = |content: Value| check_content(&content);
        assert_eq!(
            check(json!({ "deviceContent": { "properties.desired.fw": { "v": 2 } } })),
            None
        );
        assert_eq!(
            check(json!({ "modulesContent": { "$edgeAgent": { "properties.desired": {} } } })),
            None
        );
        assert_eq!(
            check(json!({ "deviceContent": { "properties.reported.a": 1 } })),
            Some(ContentProblem::Key)
        );
        assert_eq!(
            check(json!({ "deviceContent": {} })),
            Some(ContentProblem::Empty)
        );
        for wrong in [
            json!({}),
            json!([]),
            json!({ "other": {} }),
            json!({ "deviceContent": {}, "moduleContent": {} }),
        ] {
            assert_eq!(check(wrong), Some(ContentProblem::Family));
        }
    }

    #[test]
    fn bodies_hold_everything() {
        let settings = Settings {
            priority: 20,
            condition: "*".to_owned(),
            labels: OrderedMap::from([("ring".to_owned(), "b".to_owned())]),
            metrics: OrderedMap::from([(
                "all".to_owned(),
                "SELECT deviceId FROM devices".to_owned(),
            )]),
        };
        let content = json!({ "deviceContent": { "properties.desired.fw": 1 } });
        let body = settings.body("fw-28", Some("2.0"), &content);
        assert_eq!(
            body["metrics"]["queries"]["all"],
            "SELECT deviceId FROM devices"
        );
        assert_eq!(body["schemaVersion"], "2.0");
        assert_eq!(body["content"], content);
        assert_eq!(settings.document()["labels"]["ring"], "b");
        assert_eq!(value_text(&json!("a")), "a");
        assert_eq!(value_text(&json!({ "a": 1 })), "{\"a\":1}");
    }
}
