//! Merge patches between documents, and the way back from a change.
//!
//! Twins hold no `null` outside arrays (`device.md` §5.5), so a merge patch can say every
//! difference exactly. Nothing here knows what is kept, or for how long.

use super::document::Twin;
use super::merge::merge;
use serde_json::{Map, Value};

/// A change touched the tags.
pub const TAGS: i64 = 1;
/// A change touched the desired properties.
pub const DESIRED: i64 = 2;
/// A change touched the reported properties.
pub const REPORTED: i64 = 4;

/// The sections with their names and marks.
pub const SECTIONS: [(&str, i64); 3] =
    [("tags", TAGS), ("desired", DESIRED), ("reported", REPORTED)];

/// The way back over one accepted change.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Undo {
    /// Marks of the sections whose versions moved.
    pub sections: i64,
    /// Merge patches from after to before, by section; only those that say something.
    pub patch: Map<String, Value>,
}

impl Undo {
    /// A section was written: what it holds now, and held before.
    pub fn note(&mut self, section: i64, now: &Map<String, Value>, before: &Map<String, Value>) {
        self.sections |= section;
        let patch = difference(now, before);
        let name = SECTIONS.iter().find(|(_, mark)| *mark == section);
        if let (Some((name, _)), false) = (name, patch.is_empty()) {
            self.patch.insert((*name).to_owned(), Value::Object(patch));
        }
    }
}

/// The merge patch that makes `to` of `from`; empty if they are equal.
pub fn difference(from: &Map<String, Value>, to: &Map<String, Value>) -> Map<String, Value> {
    let mut patch = Map::new();
    for (key, old) in from {
        match (old, to.get(key)) {
            (_, None) => {
                patch.insert(key.clone(), Value::Null);
            }
            (Value::Object(old), Some(Value::Object(new))) => {
                let inner = difference(old, new);
                if !inner.is_empty() {
                    patch.insert(key.clone(), Value::Object(inner));
                }
            }
            (old, Some(new)) if old == new => {}
            (_, Some(new)) => {
                patch.insert(key.clone(), new.clone());
            }
        }
    }
    for (key, new) in to {
        if !from.contains_key(key) {
            patch.insert(key.clone(), new.clone());
        }
    }
    patch
}

impl Twin {
    /// What to do with this twin to make it `to`, in the sections marked.
    pub fn difference(&self, to: &Self, sections: i64) -> Map<String, Value> {
        let mut patches = Map::new();
        for (name, mark) in SECTIONS {
            if sections & mark != 0 {
                let patch = difference(self.content(mark), to.content(mark));
                if !patch.is_empty() {
                    patches.insert(name.to_owned(), Value::Object(patch));
                }
            }
        }
        patches
    }

    /// Goes back over one change. `$metadata` stays as it is: it is not kept.
    pub fn undo(&mut self, undo: &Undo) {
        for (name, mark) in SECTIONS {
            if let Some(Value::Object(patch)) = undo.patch.get(name) {
                merge(self.content_mut(mark), patch);
            }
        }
        self.version = self.version.saturating_sub(1);
        if undo.sections & (TAGS | DESIRED) != 0 {
            self.etag = self.etag.saturating_sub(1);
        }
        if undo.sections & DESIRED != 0 {
            self.desired.version = self.desired.version.saturating_sub(1);
        }
        if undo.sections & REPORTED != 0 {
            self.reported.version = self.reported.version.saturating_sub(1);
        }
    }

    fn content(&self, mark: i64) -> &Map<String, Value> {
        match mark {
            TAGS => &self.tags,
            DESIRED => &self.desired.properties,
            _ => &self.reported.properties,
        }
    }

    fn content_mut(&mut self, mark: i64) -> &mut Map<String, Value> {
        match mark {
            TAGS => &mut self.tags,
            DESIRED => &mut self.desired.properties,
            _ => &mut self.reported.properties,
        }
    }
}

#[cfg(test)]
#[path = "difference_tests.rs"]
mod tests;
