//! Who set which leaf of a twin's desired properties, who lost, and why
//! (`GET /api/v1/devices/{id}/effective-configuration`, a path of our own).

use super::Configuration;
use super::content::{Leaf, flatten};
use super::marks::Marks;
use super::merge::{Decision, at};
use crate::json;
use serde_json::{Map, Value};

/// The matching configurations in the order of their ranks.
pub fn configurations(ranked: &[&Configuration], marks: &Marks) -> Value {
    let list = ranked.iter().map(|configuration| {
        json!({
            "id": configuration.id,
            "priority": configuration.priority,
            "createdTimeUtc": configuration.created,
            "status": marks.get(&configuration.id).and_then(|mark| mark.get("status")),
        })
    });
    Value::Array(list.collect())
}

/// Every leaf of one twin's desired properties, and those that somebody wants there. A leaf
/// without `configuration` was set by nobody of them.
pub fn leaves(
    decisions: &[Decision<'_>],
    namespace: Option<&str>,
    desired: &Map<String, Value>,
) -> Value {
    let is_here = |leaf: &Leaf| namespace.is_none_or(|wanted| leaf.namespace() == wanted);
    let mut entries = Vec::new();
    for (number, decision) in decisions.iter().enumerate() {
        if decision.lost_to.is_some() || !is_here(decision.leaf) {
            continue;
        }
        let lost = decisions
            .iter()
            .filter(|other| other.lost_to == Some(number));
        let lost: Vec<Value> = lost.map(|other| loser(decision, other)).collect();
        let mut entry = json!({
            "path": path(decision.leaf),
            "configuration": decision.configuration.id,
            "wanted": decision.leaf.value,
            "lost": lost,
        });
        if let (Value::Object(entry), Some(value)) = (&mut entry, at(desired, decision.leaf.path()))
        {
            entry.insert("value".to_owned(), value.clone());
        }
        entries.push(entry);
    }
    let mut own = Vec::new();
    flatten(
        vec![String::new()],
        &Value::Object(desired.clone()),
        &mut own,
    );
    for leaf in own {
        let is_set = |decision: &Decision<'_>| {
            decision.lost_to.is_none()
                && is_here(decision.leaf)
                && leaf.path().starts_with(decision.leaf.path())
        };
        if !leaf.path().is_empty() && !decisions.iter().any(is_set) {
            entries.push(json!({
                "path": path(&leaf),
                "configuration": null,
                "value": leaf.value,
            }));
        }
    }
    Value::Array(entries)
}

fn loser(winner: &Decision<'_>, loser: &Decision<'_>) -> Value {
    let (won, lost) = (winner.configuration, loser.configuration);
    let reason = if won.priority != lost.priority {
        "priority"
    } else if won.created != lost.created {
        "createdTimeUtc"
    } else {
        "id"
    };
    json!({
        "configuration": lost.id,
        "path": path(loser.leaf),
        "wanted": loser.leaf.value,
        "reason": reason,
    })
}

fn path(leaf: &Leaf) -> String {
    format!("properties.desired.{}", leaf.path().join("."))
}
