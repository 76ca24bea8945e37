//! Merge patches between two documents (`device.md §5.3`): what to send so that the hub's copy
//! becomes the edited one, and how to carry an edit over to a document that moved meanwhile.

use serde_json::{Map, Value};

/// A leaf that differs.
#[derive(Debug, Clone, PartialEq)]
pub struct LeafChange {
    /// Keys from the top.
    pub path: Vec<String>,
    /// Value before; `None` if the leaf was not there.
    pub before: Option<Value>,
    /// Value after; `None` if the leaf is gone.
    pub after: Option<Value>,
}

/// The patch that turns `old` into `new`. A null in `new` means "not there", as everywhere in
/// twins. An empty object: nothing to do.
pub fn between(old: &Value, new: &Value) -> Value {
    let empty = Map::new();
    let old = old.as_object().unwrap_or(&empty);
    let new = new.as_object().unwrap_or(&empty);
    Value::Object(objects(old, new))
}

fn objects(old: &Map<String, Value>, new: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (key, value) in new {
        match (old.get(key), value) {
            (None, Value::Null) => {}
            (Some(_), Value::Null) => {
                patch.insert(key.clone(), Value::Null);
            }
            (Some(before), after) if before == after => {}
            (Some(Value::Object(before)), Value::Object(after)) => {
                let inner = objects(before, after);
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
            (_, after) => {
                patch.insert(key.clone(), without_nulls(after));
            }
        }
    }
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    patch
}

fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.iter()
                .filter(|(_, v)| !v.is_null())
                .map(|(k, v)| (k.clone(), without_nulls(v)))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// The document after a patch.
pub fn apply(document: &Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else {
        return patch.clone();
    };
    let mut result = document.as_object().cloned().unwrap_or_default();
    for (key, change) in changes {
        if change.is_null() {
            result.shift_remove(key);
        } else {
            let before = result.get(key).cloned().unwrap_or(Value::Null);
            result.insert(key.clone(), apply(&before, change));
        }
    }
    Value::Object(result)
}

/// The leaves that differ, in the order of the new document, removed ones last per level.
pub fn leaf_changes(old: &Value, new: &Value) -> Vec<LeafChange> {
    let mut out = Vec::new();
    walk(Some(old), Some(new), &mut Vec::new(), &mut out);
    out
}

fn walk(
    old: Option<&Value>,
    new: Option<&Value>,
    path: &mut Vec<String>,
    out: &mut Vec<LeafChange>,
) {
    if old == new {
        return;
    }
    let (old_map, new_map) = (
        old.and_then(Value::as_object),
        new.and_then(Value::as_object),
    );
    let nested = old_map.is_some_and(|m| !m.is_empty()) || new_map.is_some_and(|m| !m.is_empty());
    if !nested || (old.is_some() && old_map.is_none()) || (new.is_some() && new_map.is_none()) {
        out.push(LeafChange {
            path: path.clone(),
            before: old.cloned(),
            after: new.cloned(),
        });
        return;
    }
    let empty = Map::new();
    let (old_map, new_map) = (old_map.unwrap_or(&empty), new_map.unwrap_or(&empty));
    let removed = old_map.keys().filter(|key| !new_map.contains_key(*key));
    for key in new_map.keys().chain(removed) {
        path.push(key.clone());
        walk(old_map.get(key), new_map.get(key), path, out);
        path.pop();
    }
}

/// An edit carried over to a newer document.
#[derive(Debug, Clone, PartialEq)]
pub struct Rebased {
    /// The newer document with the edit on top.
    pub document: Value,
    /// Leaves that both sides changed to different values; the edit's value stands in `document`.
    pub conflicts: Vec<Vec<String>>,
}

/// Three-way: what `mine` changed since `base` is put on top of `theirs`.
pub fn rebase(base: &Value, mine: &Value, theirs: &Value) -> Rebased {
    let my_changes = leaf_changes(base, mine);
    let conflicts = leaf_changes(base, theirs)
        .into_iter()
        .filter(|their| {
            my_changes.iter().any(|my| {
                let shared = my.path.len().min(their.path.len());
                my.path[..shared] == their.path[..shared]
                    && (my.path != their.path || my.after != their.after)
            })
        })
        .map(|their| their.path)
        .collect();
    Rebased {
        document: apply(theirs, &between(base, mine)),
        conflicts,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn patch_holds_only_what_changed() {
        let old = json!({"a": {"b": 1, "c": 2}, "d": 3, "e": [1]});
        let new = json!({"a": {"b": 1, "c": 5}, "e": [1, 2], "f": {"g": true}});
        assert_eq!(
            between(&old, &new),
            json!({"a": {"c": 5}, "e": [1, 2], "f": {"g": true}, "d": null})
        );
    }

    #[test]
    fn applying_the_patch_gives_the_new_document() {
        let documents = [
            json!({}),
            json!({"a": 1}),
            json!({"a": {"b": {"c": 1}}}),
            json!({"a": {"b": 2}, "x": [1, {"y": 2}]}),
            json!({"a": {}, "x": "s"}),
        ];
        for old in &documents {
            for new in &documents {
                let patch = between(old, new);
                assert_eq!(&apply(old, &patch), new, "{old} -> {new} by {patch}");
                assert_eq!(patch == json!({}), old == new);
            }
        }
    }

    #[test]
    fn null_in_the_edit_means_remove() {
        let old = json!({"a": 1});
        assert_eq!(
            between(&old, &json!({"a": null, "b": null})),
            json!({"a": null})
        );
        assert_eq!(
            between(&json!({}), &json!({"b": {"c": null}})),
            json!({"b": {}})
        );
    }

    #[test]
    fn leaf_changes_name_paths_and_values() {
        let changes = leaf_changes(
            &json!({"a": {"b": 1}, "z": 0}),
            &json!({"a": {"b": 2, "c": 3}}),
        );
        let seen: Vec<String> = changes.iter().map(|c| c.path.join(".")).collect();
        assert_eq!(seen, ["a.b", "a.c", "z"]);
        assert_eq!(changes[0].before, Some(json!(1)));
        assert_eq!(changes[2].after, None);
    }

    #[test]
    fn rebase_keeps_both_edits_when_they_do_not_touch() {
        let rebased = rebase(
            &json!({"a": 1, "b": 1}),
            &json!({"a": 2, "b": 1}),
            &json!({"a": 1, "b": 5, "c": 7}),
        );
        assert_eq!(rebased.document, json!({"a": 2, "b": 5, "c": 7}));
        assert!(rebased.conflicts.is_empty());
    }

    #[test]
    fn rebase_names_what_both_changed() {
        let rebased = rebase(
            &json!({"a": {"x": 1}}),
            &json!({"a": {"x": 2}}),
            &json!({"a": {"x": 3}}),
        );
        assert_eq!(rebased.conflicts, [["a", "x"]]);
        assert_eq!(rebased.document, json!({"a": {"x": 2}}));
        let removed = rebase(&json!({"a": {"x": 1}}), &json!({}), &json!({"a": {"x": 3}}));
        assert_eq!(removed.conflicts, [["a", "x"]]);
        let same = rebase(&json!({"a": 1}), &json!({"a": 2}), &json!({"a": 2}));
        assert!(same.conflicts.is_empty());
    }
}
