//! How many devices of a group may be out of service at a time (`device-management.md` §4.2).
//!
//! What a group is, and how large it is, is asked here; who has a place in it is kept by the
//! hub object.

use crate::query::path::Path;
use crate::query::{parse_condition, quoted};
use crate::writing::JsonText;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most devices of a group at work.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Most {
    /// So many.
    Count(u64),
    /// So many percent of the group, rounded up.
    Percent(f64),
}

impl Most {
    /// How many devices that is, at least one.
    pub fn of(self, size: u64) -> u64 {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => (size as f64 * percent / 100.0).ceil() as u64,
        }
        .max(1)
    }
}

/// A place that a device needs before it is touched.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wish {
    /// Policy and group.
    pub key: String,
    /// The policy.
    pub policy: String,
    /// How many places there are.
    pub most: Most,
    /// Who is in the group, as a query says it.
    pub condition: String,
}

/// `maxConcurrent` of a policy.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Concurrency {
    pub(super) most: Most,
    /// As it is written, and read.
    group_by: Option<(String, Path)>,
}

impl Concurrency {
    pub(super) fn new(most: Most, group_by: Option<&str>) -> Result<Self, String> {
        let group_by = group_by
            .map(|text| {
                // The only way to a path of the language is a condition with one.
                let condition = parse_condition(&format!("IS_DEFINED({text})"))
                    .map_err(|error| error.to_string())?;
                let mut paths = Vec::new();
                condition.collect_paths(&mut paths);
                match paths.as_slice() {
                    [path] => Ok((text.to_owned(), (*path).clone())),
                    _ => Err("it must be one path, such as tags.line".to_owned()),
                }
            })
            .transpose()?;
        Ok(Self { most, group_by })
    }

    /// The place that a device with this twin needs.
    pub(super) fn wish(&self, policy: &str, target: &str, twin: &Value) -> Wish {
        let (group, condition) = match &self.group_by {
            None => (String::new(), None),
            Some((text, path)) => match path.resolve(twin) {
                Some(Value::String(value)) => {
                    (value.clone(), Some(format!("{text} = {}", quoted(value))))
                }
                Some(value @ (Value::Number(_) | Value::Bool(_))) => {
                    (value.json_text(), Some(format!("{text} = {value}")))
                }
                // Whoever is in no group is in the one of all who are in none.
                _ => (String::new(), Some(format!("NOT IS_DEFINED({text})"))),
            },
        };
        let condition = match (target.trim(), condition) {
            ("*", None) => String::new(),
            ("*", Some(condition)) => condition,
            (target, None) => target.to_owned(),
            (target, Some(condition)) => format!("({target}) AND {condition}"),
        };
        Wish {
            key: format!("{policy}\n{group}"),
            policy: policy.to_owned(),
            most: self.most,
            condition,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn a_share_is_rounded_up_and_never_nothing() {
        assert_eq!(Most::Percent(10.0).of(20), 2);
        assert_eq!(Most::Percent(10.0).of(21), 3);
        assert_eq!(Most::Percent(10.0).of(0), 1);
        assert_eq!(Most::Count(4).of(2), 4);
    }

    #[test]
    fn a_group_has_a_name_and_a_condition_that_finds_it() {
        let lines = Concurrency::new(Most::Count(1), Some("tags.line")).unwrap();
        for (twin, group, condition) in [
            (
                json!({ "tags": { "line": "it's \\ one" } }),
                "it's \\ one",
                "tags.line = 'it\\'s \\\\ one'",
            ),
            (json!({ "tags": { "line": 7 } }), "7", "tags.line = 7"),
            (json!({ "tags": {} }), "", "NOT IS_DEFINED(tags.line)"),
        ] {
            let wish = lines.wish("p", "*", &twin);
            assert_eq!(
                (wish.key, wish.condition.as_str()),
                (format!("p\n{group}"), condition)
            );
            let read = parse_condition(condition).unwrap();
            assert!(crate::query::matches(Some(&read), &twin), "{condition}");
        }
        let narrower = lines.wish("p", "tags.a = 1", &json!({ "tags": { "line": true } }));
        assert_eq!(narrower.condition, "(tags.a = 1) AND tags.line = true");
        assert!(Concurrency::new(Most::Count(1), Some("1 = 1")).is_err());
        assert!(Concurrency::new(Most::Count(1), Some("a) OR (b")).is_err());
    }
}
