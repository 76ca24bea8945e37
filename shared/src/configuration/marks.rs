//! What a twin keeps of the configurations that it is a target of (`service.md` §11.3.3):
//! `Targeted` or `Applied`, and at which revision it was evaluated.
//!
//! A twin whose marks name exactly the matching configurations at their revisions has been
//! evaluated: whatever somebody wrote since stays (`service.md` §11.3.5).

use super::Configuration;
use super::merge::Decision;
use crate::json;
use serde_json::{Map, Value};

/// It has a path.
pub const APPLIED: &str = "Applied";
/// It matches, but has no path.
pub const TARGETED: &str = "Targeted";

/// Marks by name of the configuration.
pub type Marks = Map<String, Value>;

/// Whether a twin was evaluated for just these configurations.
pub fn are_current(marks: &Marks, matching: &[&Configuration]) -> bool {
    marks.len() == matching.len()
        && matching.iter().all(|configuration| {
            marks
                .get(&configuration.id)
                .and_then(|mark| mark.get("revision"))
                .and_then(Value::as_u64)
                == Some(configuration.revision)
        })
}

/// The marks of ranked configurations; `written` is false if the twin could not take what they
/// say.
pub fn of(ranked: &[&Configuration], decisions: &[Decision<'_>], written: bool) -> Marks {
    let mut marks = Marks::new();
    for (rank, configuration) in ranked.iter().enumerate() {
        let mut own = decisions.iter().filter(|decision| decision.rank == rank);
        // Who writes nothing has lost nothing.
        let applied = written
            && match own.next() {
                None => true,
                Some(first) => {
                    first.lost_to.is_none() || own.any(|decision| decision.lost_to.is_none())
                }
            };
        let status = if applied { APPLIED } else { TARGETED };
        let mark = json!({ "status": status, "revision": configuration.revision });
        marks.insert(configuration.id.clone(), mark);
    }
    marks
}

/// As twins show them.
pub fn shown(marks: &Marks) -> Value {
    let mut shown = Map::new();
    for (id, mark) in marks {
        shown.insert(id.clone(), json!({ "status": mark.get("status") }));
    }
    Value::Object(shown)
}
