//! Which configuration gets which path (`service.md` §11.3.2).
//!
//! The one of the highest rank takes its leaves first. Another's leaf loses if it stands at,
//! below or above one that is taken; an empty object only says that there is an object, and
//! takes nothing from who writes into it. Nothing here writes a twin.

use super::Configuration;
use super::content::Leaf;
use crate::json;
use crate::sorting;
use serde_json::{Map, Value};

/// Who made an inner node of the tree of taken places; no name of a property has a `$`.
const OWNER: &str = "$";

/// What was decided about one leaf.
#[derive(Debug, Clone)]
pub struct Decision<'a> {
    /// The position of its configuration in the order of ranks.
    pub rank: usize,
    /// Whose it is.
    pub configuration: &'a Configuration,
    /// What it writes.
    pub leaf: &'a Leaf,
    /// The decision that took its place, if it lost.
    pub lost_to: Option<usize>,
}

/// Puts configurations in the order of their ranks, the highest first.
pub fn ranked(mut matching: Vec<&Configuration>) -> Vec<&Configuration> {
    sorting::sort_by(&mut matching, |one, other| one.rank(other));
    matching
}

/// Decides about every leaf of ranked configurations. `module`: only leaves for it and those
/// for no module in particular, which are about one twin then.
pub fn decide<'a>(ranked: &[&'a Configuration], module: Option<&str>) -> Vec<Decision<'a>> {
    let mut taken = Map::new();
    let mut decisions = Vec::new();
    for (rank, configuration) in ranked.iter().copied().enumerate() {
        for leaf in &configuration.leaves {
            let place = match module {
                None => leaf.place.as_slice(),
                Some(module) if ["", module].contains(&leaf.namespace()) => leaf.path(),
                Some(_) => continue,
            };
            let lost_to = take(&mut taken, place, &leaf.value, decisions.len());
            decisions.push(Decision {
                rank,
                configuration,
                leaf,
                lost_to,
            });
        }
    }
    decisions
}

/// Takes a place in the tree, or says whose it is.
fn take(
    taken: &mut Map<String, Value>,
    place: &[String],
    value: &Value,
    number: usize,
) -> Option<usize> {
    let (last, way) = place.split_last()?;
    let mut node = taken;
    for step in way {
        match node
            .entry(step.as_str())
            .or_insert_with(|| json!({ OWNER: number }))
        {
            Value::Object(inner) => node = inner,
            owner => return owner_of(owner),
        }
    }
    let is_empty = is_empty_object(value);
    match node.get(last) {
        Some(Value::Object(_)) if is_empty => None,
        Some(Value::Object(inner)) => inner.get(OWNER).and_then(owner_of),
        Some(owner) => owner_of(owner),
        None => {
            let mark = if is_empty {
                json!({ OWNER: number })
            } else {
                json!(number)
            };
            node.insert(last.clone(), mark);
            None
        }
    }
}

fn owner_of(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|number| number.try_into().ok())
}

fn is_empty_object(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

/// A place that leaves of one configuration say two things about.
pub fn contradiction(leaves: &[Leaf]) -> Option<&[String]> {
    let mut taken = Map::new();
    leaves
        .iter()
        .find(|leaf| take(&mut taken, &leaf.place, &leaf.value, 0).is_some())
        .map(Leaf::path)
}

/// The merge patch that brings the winners of one twin into its desired properties: only what
/// is not there already.
pub fn patch<'a>(
    winners: impl Iterator<Item = &'a Leaf>,
    desired: &Map<String, Value>,
) -> Map<String, Value> {
    let mut patch = Map::new();
    for leaf in winners {
        let current = at(desired, leaf.path());
        let is_there = match (&leaf.value, current) {
            (Value::Null, current) => current.is_none(),
            (value, Some(Value::Object(_))) if is_empty_object(value) => true,
            (value, current) => current == Some(value),
        };
        if !is_there {
            insert(&mut patch, leaf.path(), &leaf.value);
        }
    }
    patch
}

/// What a document has at a path.
pub fn at<'a>(document: &'a Map<String, Value>, path: &[String]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(document.get(first)?, |value, name| value.get(name.as_str()))
}

/// Puts a value into a tree; what stands in its way is replaced, an empty object replaces no
/// other.
pub fn insert(tree: &mut Map<String, Value>, path: &[String], value: &Value) {
    let Some((last, way)) = path.split_last() else {
        return;
    };
    let mut node = tree;
    for step in way {
        let next = node.entry(step.as_str()).or_insert(Value::Null);
        if !next.is_object() {
            *next = Value::Object(Map::new());
        }
        let Value::Object(inner) = next else {
            return;
        };
        node = inner;
    }
    if !(is_empty_object(value) && node.get(last).is_some_and(Value::is_object)) {
        node.insert(last.clone(), value.clone());
    }
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
