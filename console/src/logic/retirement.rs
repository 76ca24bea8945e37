//! The plan of a retirement: what a person may ask for, and the request that says it
//! (`device-management.md §7.1`).

use super::device_rules::{IdProblem, check_device_id};
use serde_json::{Value, json};

/// Why devices are retired, by the hub's names.
pub const REASONS: [&str; 5] = ["endOfLife", "failure", "upgrade", "lost", "compromised"];

/// The longest time that a blocked identity may stay.
pub const MOST_DAYS: u32 = 3_660;

/// What a person chose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// The device.
    pub device: String,
    /// One of [`REASONS`].
    pub reason: String,
    /// Whether another device takes its place.
    pub replaces: bool,
    /// That other device.
    pub replacement: String,
    /// Whether the identity stays for a while, blocked.
    pub waits: bool,
    /// For how many days, as typed.
    pub days: String,
}

/// Why a plan cannot be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlanProblem {
    /// The replacement's id is not legal.
    Replacement(IdProblem),
    /// A device cannot take its own place.
    Itself,
    /// Not a number of days from 1 to [`MOST_DAYS`].
    Days,
}

impl Plan {
    /// What is wrong with the replacement.
    pub fn replacement_problem(&self) -> Option<PlanProblem> {
        if !self.replaces {
            return None;
        }
        if self.replacement == self.device {
            return Some(PlanProblem::Itself);
        }
        check_device_id(&self.replacement)
            .err()
            .map(PlanProblem::Replacement)
    }

    /// The days to wait; `None` if what was typed is no such number.
    pub fn days(&self) -> Option<u32> {
        let days = self.days.trim().parse().ok()?;
        (1..=MOST_DAYS).contains(&days).then_some(days)
    }

    /// What is wrong with the waiting time.
    pub fn days_problem(&self) -> Option<PlanProblem> {
        (self.waits && self.days().is_none()).then_some(PlanProblem::Days)
    }

    /// The body of the request; `None` while something is wrong.
    pub fn body(&self) -> Option<Value> {
        if self.replacement_problem().is_some()
            || self.days_problem().is_some()
            || !REASONS.contains(&self.reason.as_str())
        {
            return None;
        }
        let mut body = json!({
            "mode": if self.replaces { "replace" } else { "retire" },
            "reason": self.reason,
        });
        if let Some(members) = body.as_object_mut() {
            if self.replaces {
                members.insert("replacementId".to_owned(), json!(self.replacement));
            }
            if let Some(days) = self.days().filter(|_| self.waits) {
                members.insert("deleteAfter".to_owned(), json!(format!("P{days}D")));
            }
        }
        Some(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        Plan {
            device: "pump".into(),
            reason: "lost".into(),
            days: "30".into(),
            ..Plan::default()
        }
    }

    #[test]
    fn the_plainest_plan_names_mode_and_reason_only() {
        assert_eq!(
            plan().body(),
            Some(json!({ "mode": "retire", "reason": "lost" }))
        );
        let mut unexplained = plan();
        unexplained.reason = "bored".into();
        assert_eq!(unexplained.body(), None);
    }

    #[test]
    fn a_replacement_must_be_another_legal_device() {
        let mut plan = plan();
        plan.replaces = true;
        assert_eq!(
            plan.replacement_problem(),
            Some(PlanProblem::Replacement(IdProblem::Empty))
        );
        plan.replacement = "pump".into();
        assert_eq!(plan.replacement_problem(), Some(PlanProblem::Itself));
        assert_eq!(plan.body(), None);
        plan.replacement = "pump-b".into();
        assert_eq!(
            plan.body(),
            Some(json!({ "mode": "replace", "reason": "lost", "replacementId": "pump-b" }))
        );
    }

    #[test]
    fn waiting_takes_a_number_of_days() {
        let mut plan = plan();
        plan.waits = true;
        assert_eq!(plan.body().unwrap()["deleteAfter"], "P30D");
        for wrong in ["", "0", "-1", "3661", "1.5", "soon"] {
            plan.days = wrong.into();
            assert_eq!(plan.days_problem(), Some(PlanProblem::Days), "{wrong}");
            assert_eq!(plan.body(), None);
        }
        plan.waits = false;
        assert!(
            plan.body().is_some(),
            "what is not asked for does not count"
        );
    }
}
