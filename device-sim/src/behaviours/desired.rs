//! The device's copy of its desired properties: whole at a GET, patched by pushes.
//!
//! Pushes may be lost by contract (`device.md` §5.3); a gap in the versions asks for a GET.

use serde_json::{Map, Value};

/// What to do after a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The copy is up to date.
    Applied,
    /// Old news: a push that the last GET held already.
    Stale,
    /// A push was missed: read the whole twin.
    Gap,
}

/// The desired properties as the device knows them.
#[derive(Debug, Clone, Default)]
pub struct Desired {
    properties: Map<String, Value>,
    version: u64,
}

impl Desired {
    /// The properties without `$version`.
    pub fn properties(&self) -> &Map<String, Value> {
        &self.properties
    }

    /// Takes the whole section of a GET; true if it is newer than the copy.
    pub fn replace(&mut self, section: &Value) -> bool {
        let version = version_of(section);
        let newer = version != self.version;
        self.version = version;
        self.properties = section.as_object().cloned().unwrap_or_default();
        self.properties.retain(|key, _| !key.starts_with('$'));
        newer
    }

    /// Merges a push.
    pub fn patch(&mut self, patch: &Value) -> Outcome {
        let version = version_of(patch);
        if version <= self.version {
            return Outcome::Stale;
        }
        if version != self.version + 1 {
            return Outcome::Gap;
        }
        self.version = version;
        if let Some(patch) = patch.as_object() {
            merge(&mut self.properties, patch);
        }
        self.properties.retain(|key, _| !key.starts_with('$'));
        Outcome::Applied
    }

    /// The value at a dotted path.
    pub fn at(&self, path: &str) -> Option<&Value> {
        let mut segments = path.split('.');
        let mut value = self.properties.get(segments.next()?)?;
        for segment in segments {
            value = value.get(segment)?;
        }
        Some(value)
    }
}

fn version_of(section: &Value) -> u64 {
    section
        .get("$version")
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

/// JSON merge patch: objects recursively, `null` deletes, everything else replaces.
fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match value {
            Value::Null => {
                target.shift_remove(key);
            }
            Value::Object(inner) => {
                let slot = target.entry(key.clone()).or_insert(Value::Null);
                if !slot.is_object() {
                    *slot = Value::Object(Map::new());
                }
                if let Value::Object(object) = slot {
                    merge(object, inner);
                }
            }
            _ => {
                target.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn pushes_merge_in_order() {
        let mut desired = Desired::default();
        assert!(desired.replace(&json!({"a": {"b": 1, "c": 2}, "gone": 1, "$version": 4})));
        let push =
            json!({"a": {"b": 5}, "gone": null, "new": {"x": null, "y": [1]}, "$version": 5});
        assert_eq!(desired.patch(&push), Outcome::Applied);
        assert_eq!(
            Value::Object(desired.properties().clone()),
            json!({"a": {"b": 5, "c": 2}, "new": {"y": [1]}})
        );
        assert_eq!(desired.at("a.b"), Some(&json!(5)));
        assert_eq!(desired.at("a.z.q"), None);
    }

    #[test]
    fn a_gap_and_old_news_are_noticed() {
        let mut desired = Desired::default();
        desired.replace(&json!({"$version": 4}));
        assert_eq!(desired.patch(&json!({"a": 1, "$version": 6})), Outcome::Gap);
        assert_eq!(
            desired.patch(&json!({"a": 1, "$version": 4})),
            Outcome::Stale
        );
        assert_eq!(desired.at("a"), None);
    }
}
