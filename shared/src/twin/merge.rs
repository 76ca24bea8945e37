//! The merge-patch rule and the `$metadata` mirror (`device.md` §5.3, §5.5).
//!
//! Objects merge, `null` deletes, everything else replaces whole. The mirror has
//! one node per key of the document; an array is one node. A key that a patch
//! writes counts as changed even if the value is equal, as `$version` does.
//! Nothing here checks limits: callers run [`super::limits::check_patch`] first,
//! which also bounds the recursion.

use crate::time::Timestamp;
use serde_json::{Map, Value};

/// When a node was last written.
pub const LAST_UPDATED: &str = "$lastUpdated";
/// By which `$version` a node of the desired section was last written.
pub const LAST_UPDATED_VERSION: &str = "$lastUpdatedVersion";

/// Time and version that a write leaves on the nodes that it touches.
#[derive(Debug, Clone)]
pub struct Stamp {
    last_updated: String,
    version: Option<u64>,
}

impl Stamp {
    /// A stamp; reported nodes carry no version.
    pub fn new(now: Timestamp, version: Option<u64>) -> Self {
        Self {
            last_updated: now.to_string(),
            version,
        }
    }

    /// A node without children.
    pub fn node(&self) -> Map<String, Value> {
        let mut node = Map::new();
        self.write(&mut node);
        node
    }

    /// Renews a node; its children stay.
    pub fn write(&self, node: &mut Map<String, Value>) {
        node.insert(
            LAST_UPDATED.to_owned(),
            Value::from(self.last_updated.as_str()),
        );
        if let Some(version) = self.version {
            node.insert(LAST_UPDATED_VERSION.to_owned(), Value::from(version));
        }
    }
}

/// Merges `patch` into a document that has no `$metadata` (tags).
pub fn merge(document: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (key, value) in patch {
        match value {
            Value::Null => {
                // `remove` would move the last key here; the document keeps its order.
                document.shift_remove(key);
            }
            Value::Object(inner) => match document.get_mut(key) {
                Some(Value::Object(existing)) => merge(existing, inner),
                _ => {
                    document.insert(key.clone(), Value::Object(without_nulls(inner)));
                }
            },
            other => {
                document.insert(key.clone(), other.clone());
            }
        }
    }
}

/// Merges `patch` into `document` and keeps `mirror` in step; says whether anything was written.
///
/// A deletion of an absent key and an empty object for an existing object write nothing.
pub fn merge_stamped(
    document: &mut Map<String, Value>,
    mirror: &mut Map<String, Value>,
    patch: &Map<String, Value>,
    stamp: &Stamp,
) -> bool {
    let mut written = false;
    for (key, value) in patch {
        match value {
            Value::Null => {
                written |= document.shift_remove(key).is_some();
                mirror.shift_remove(key);
            }
            Value::Object(inner) => {
                if let Some(Value::Object(existing)) = document.get_mut(key) {
                    let node = child(mirror, key, existing, stamp);
                    if let Value::Object(node) = node {
                        written |= merge_stamped(existing, node, inner, stamp);
                    }
                } else {
                    let created = without_nulls(inner);
                    mirror.insert(key.clone(), Value::Object(mirror_of(&created, stamp)));
                    document.insert(key.clone(), Value::Object(created));
                    written = true;
                }
            }
            other => {
                mirror.insert(key.clone(), Value::Object(stamp.node()));
                document.insert(key.clone(), other.clone());
                written = true;
            }
        }
    }
    if written {
        stamp.write(mirror);
    }
    written
}

/// The mirror's node of an object; made anew if stored data lacks it.
fn child<'a>(
    mirror: &'a mut Map<String, Value>,
    key: &str,
    object: &Map<String, Value>,
    stamp: &Stamp,
) -> &'a mut Value {
    let node = mirror.entry(key).or_insert(Value::Null);
    if !node.is_object() {
        *node = Value::Object(mirror_of(object, stamp));
    }
    node
}

/// A mirror in which every node carries the same stamp.
pub fn mirror_of(document: &Map<String, Value>, stamp: &Stamp) -> Map<String, Value> {
    let mut mirror = stamp.node();
    for (key, value) in document {
        let node = match value {
            Value::Object(inner) => mirror_of(inner, stamp),
            _ => stamp.node(),
        };
        mirror.insert(key.clone(), Value::Object(node));
    }
    mirror
}

/// The part of `mirror` that belongs to the keys of `patch`, for change events.
pub fn mirror_part(mirror: &Map<String, Value>, patch: &Map<String, Value>) -> Map<String, Value> {
    let mut part = Map::new();
    for name in [LAST_UPDATED, LAST_UPDATED_VERSION] {
        if let Some(value) = mirror.get(name) {
            part.insert(name.to_owned(), value.clone());
        }
    }
    for (key, value) in patch {
        let Some(Value::Object(node)) = mirror.get(key) else {
            continue; // deleted by the patch
        };
        let node = match value {
            Value::Object(inner) => mirror_part(node, inner),
            _ => node.clone(),
        };
        part.insert(key.clone(), Value::Object(node));
    }
    part
}

/// A copy without the members that are `null`, at every level of objects (not inside arrays).
pub fn without_nulls(object: &Map<String, Value>) -> Map<String, Value> {
    object
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| {
            let value = match value {
                Value::Object(inner) => Value::Object(without_nulls(inner)),
                other => other.clone(),
            };
            (key.clone(), value)
        })
        .collect()
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
