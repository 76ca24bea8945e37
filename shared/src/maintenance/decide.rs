//! Whether a step may reach a device now (`device-management.md` §4.3).

use super::concurrency::Wish;
use super::gate::{Answer, OnUnknown};
use super::policy::Policy;
use super::window::standing;
use super::zones::Zones;
use super::{OnHoldTimeout, Step};
use crate::json;
use crate::sorting;
use crate::time::Timestamp;
use serde_json::Value;

/// A device that reports this must not be touched, whatever anybody wants.
const INTERLOCK: &str = "/properties/reported/conditions/safetyInterlock";
/// The name of the interlock where gates have theirs.
pub const INTERLOCK_GATE: &str = "safetyInterlock";

/// Why a step waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hold {
    /// Which policy; empty for the interlock, which is of the hub.
    pub policy: String,
    /// Which part of it: `window`, `blackout`, or a gate's id.
    pub gate: String,
    /// What is in the way.
    pub reason: String,
    /// When that will be over, where only the time decides.
    pub next_check: Option<Timestamp>,
    /// How long the policy lets a device wait, and what comes then.
    pub timeout: Option<(i64, OnHoldTimeout)>,
}

impl Hold {
    /// As rows of jobs show it.
    pub fn document(&self, since: Timestamp) -> Value {
        let mut document = json!({
            "policy": self.policy,
            "gate": self.gate,
            "reason": self.reason,
            "since": since.second_text(),
        });
        if let (Some(next), Value::Object(members)) = (self.next_check, &mut document) {
            members.insert("nextCheck".to_owned(), json!(next.second_text()));
        }
        document
    }

    /// Whether nobody may override it.
    pub fn is_interlock(&self) -> bool {
        self.policy.is_empty()
    }
}

/// What becomes of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may go.
    Go,
    /// It waits.
    Hold(Hold),
    /// It must not go, and never will: a gate that cannot tell wants it so.
    Fail(Hold),
}

/// All policies of a hub.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Policies(Vec<Policy>);

impl Policies {
    /// Reads stored documents. One that only a newer hub understands holds nothing.
    pub fn read(documents: &[Value]) -> Self {
        let mut policies: Vec<Policy> = documents
            .iter()
            .filter_map(|document| Policy::read(document).ok())
            .collect();
        sorting::sort_by(&mut policies, |one, other| {
            let rank = |policy: &Policy| (std::cmp::Reverse(policy.priority), policy.id.clone());
            rank(one).cmp(&rank(other))
        });
        Self(policies)
    }

    /// Whether one has a say in such a step, on some device.
    pub fn name_step(&self, step: &Step<'_>) -> bool {
        self.0.iter().any(|policy| policy.names(step))
    }

    /// The places that a device needs for a step that may go.
    pub fn wishes(&self, step: &Step<'_>, twin: &Value) -> Vec<Wish> {
        let about = self.0.iter().filter(|policy| policy.is_about(step, twin));
        let wishes = about.filter_map(|policy| {
            let most = policy.max_concurrent.as_ref()?;
            Some(most.wish(&policy.id, &policy.target_text, twin))
        });
        wishes.collect()
    }

    /// Whether a maintenance window of the device with this twin is open: of a policy that has
    /// windows, since others are open always.
    pub fn window_is_open(&self, twin: &Value, now: Timestamp, zones: &dyn Zones) -> bool {
        let zone = twin.pointer("/tags/timezone").and_then(Value::as_str);
        self.0.iter().any(|policy| {
            !policy.windows.is_empty()
                && policy.targets(twin)
                && standing(&policy.windows, zone, now, zones)
                    .is_ok_and(|found| found.open_until.is_some())
        })
    }

    /// Whether one names this direct method.
    pub fn name_method(&self, method: &str) -> bool {
        self.0.iter().any(|policy| policy.names_method(method))
    }

    /// Decides about a step for the device with this twin: all policies must agree.
    /// `is_overridden`: somebody who may do so wants it in spite of them.
    pub fn decide(
        &self,
        step: &Step<'_>,
        twin: &Value,
        is_overridden: bool,
        now: Timestamp,
        zones: &dyn Zones,
    ) -> Verdict {
        let about: Vec<&Policy> = self
            .0
            .iter()
            .filter(|policy| policy.is_about(step, twin))
            .collect();
        if (step.is_disruptive || !about.is_empty())
            && twin.pointer(INTERLOCK) == Some(&Value::Bool(true))
        {
            return Verdict::Hold(Hold {
                policy: String::new(),
                gate: INTERLOCK_GATE.to_owned(),
                reason: "the device reports that it must not be touched".to_owned(),
                next_check: None,
                timeout: None,
            });
        }
        if is_overridden {
            return Verdict::Go;
        }
        let mut held = None;
        for policy in about {
            match policy.verdict(step, twin, now, zones) {
                Verdict::Go => {}
                Verdict::Fail(hold) => return Verdict::Fail(hold),
                // The first is the one to show; a later one may still fail it.
                Verdict::Hold(hold) => {
                    held.get_or_insert(hold);
                }
            }
        }
        held.map_or(Verdict::Go, Verdict::Hold)
    }
}

impl Policy {
    fn verdict(&self, step: &Step<'_>, twin: &Value, now: Timestamp, zones: &dyn Zones) -> Verdict {
        let hold = |gate: &str, reason: String, next: Option<Timestamp>| Hold {
            policy: self.id.clone(),
            gate: gate.to_owned(),
            reason,
            next_check: next,
            timeout: self.hold_timeout,
        };
        if !self.windows.is_empty() {
            let zone = twin.pointer("/tags/timezone").and_then(Value::as_str);
            let found = match standing(&self.windows, zone, now, zones) {
                Ok(found) => found,
                Err(why) => return Verdict::Hold(hold("window", why, None)),
            };
            let needed = self.min_remaining.unwrap_or(step.seconds);
            match found.open_until {
                None => {
                    let why = "no maintenance window is open".to_owned();
                    return Verdict::Hold(hold("window", why, found.opens));
                }
                Some(end) if now.plus_seconds(needed) > end => {
                    let why = format!("the window closes in less than {needed} s");
                    return Verdict::Hold(hold("window", why, found.opens.or(Some(end))));
                }
                Some(_) => {}
            }
        }
        let blackout = self
            .blackouts
            .iter()
            .find(|blackout| (blackout.from..blackout.to).contains(&now));
        if let Some(blackout) = blackout {
            let why = blackout.reason.clone();
            return Verdict::Hold(hold("blackout", why, Some(blackout.to)));
        }
        for gate in &self.gates {
            let verdict = match (gate.answer(twin, now), gate.on_unknown) {
                (Answer::Open, _) | (Answer::Unknown(_), OnUnknown::Pass) => continue,
                (Answer::Closed(why), _) | (Answer::Unknown(why), OnUnknown::Hold) => {
                    Verdict::Hold(hold(&gate.id, why, None))
                }
                (Answer::Unknown(why), OnUnknown::Fail) => Verdict::Fail(hold(&gate.id, why, None)),
            };
            return verdict;
        }
        Verdict::Go
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Action, NoZones, check};
    use super::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    fn policies(documents: &[Value]) -> Policies {
        for document in documents {
            check(document, time("2026-03-01T00:00:00Z"), &NoZones).unwrap();
        }
        Policies::read(documents)
    }

    fn reboot() -> Step<'static> {
        Step {
            action: Action::Method("reboot"),
            is_disruptive: true,
            seconds: 600,
        }
    }

    fn night(id: &str, priority: i64) -> Value {
        json!({
            "id": id,
            "priority": priority,
            "targetCondition": "tags.site = 'a'",
            "appliesTo": ["method:reboot"],
            "windows": [{ "days": ["sat"], "start": "01:00", "durationMinutes": 180 }],
            "blackouts": [{
                "from": "2026-03-14T00:00:00Z", "to": "2026-03-15T00:00:00Z", "reason": "audit",
            }],
            "gates": [
                { "id": "idle", "expr": "properties.reported.conditions.inUse = false" },
                { "id": "cheap", "onUnknown": "pass",
                  "expr": "NOT (properties.reported.conditions.network.metered = true)" },
            ],
        })
    }

    fn twin(conditions: Value) -> Value {
        json!({ "tags": { "site": "a" }, "properties": { "reported": { "conditions": conditions } } })
    }

    fn held(verdict: Verdict) -> (String, String) {
        match verdict {
            Verdict::Hold(hold) => (hold.policy, hold.gate),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn windows_then_blackouts_then_gates() {
        let policies = policies(&[night("night", 1)]);
        let idle = twin(json!({ "inUse": false }));
        let decide =
            |twin: &Value, now| policies.decide(&reboot(), twin, false, time(now), &NoZones);
        let gate = |twin: &Value, now| held(decide(twin, now)).1;
        assert_eq!(decide(&idle, "2026-03-07T01:00:00Z"), Verdict::Go);
        assert_eq!(gate(&idle, "2026-03-06T12:00:00Z"), "window");
        // Ten minutes are needed, and there are nine.
        assert_eq!(decide(&idle, "2026-03-07T03:50:00Z"), Verdict::Go);
        assert_eq!(gate(&idle, "2026-03-07T03:51:00Z"), "window");
        assert_eq!(gate(&idle, "2026-03-14T02:00:00Z"), "blackout");
        assert_eq!(gate(&twin(json!({})), "2026-03-07T01:00:00Z"), "idle");
        let metered = twin(json!({ "inUse": false, "network": { "metered": true } }));
        assert_eq!(gate(&metered, "2026-03-07T01:00:00Z"), "cheap");
    }

    #[test]
    fn a_policy_is_about_its_targets_and_steps_only() {
        let policies = policies(&[night("night", 1)]);
        let now = time("2026-03-06T12:00:00Z");
        let decide =
            |step: &Step<'_>, twin: &Value| policies.decide(step, twin, false, now, &NoZones);
        let elsewhere = json!({ "tags": { "site": "b" } });
        assert_eq!(decide(&reboot(), &elsewhere), Verdict::Go);
        let blink = Step {
            action: Action::Method("blink"),
            ..reboot()
        };
        assert_eq!(decide(&blink, &twin(json!({}))), Verdict::Go);
        assert!(policies.name_method("reboot") && !policies.name_method("blink"));
    }

    #[test]
    fn all_must_agree_and_the_first_by_priority_is_shown() {
        let mut open = night("open", 9);
        open["windows"] = json!([]);
        let policies = policies(&[night("low", 1), night("high", 5), open]);
        let now = time("2026-03-06T12:00:00Z");
        let idle = twin(json!({ "inUse": false }));
        let verdict = policies.decide(&reboot(), &idle, false, now, &NoZones);
        assert_eq!(held(verdict).0, "high");
    }

    #[test]
    fn an_override_passes_everything_but_the_interlock() {
        let policies = policies(&[night("night", 1)]);
        let now = time("2026-03-06T12:00:00Z");
        let decide = |twin: &Value| policies.decide(&reboot(), twin, true, now, &NoZones);
        assert_eq!(decide(&twin(json!({}))), Verdict::Go);
        let locked = twin(json!({ "safetyInterlock": true }));
        assert_eq!(
            held(decide(&locked)),
            (String::new(), INTERLOCK_GATE.to_owned())
        );
        // Even where there is no policy.
        let verdict = Policies::default().decide(&reboot(), &locked, true, now, &NoZones);
        assert_eq!(held(verdict).1, INTERLOCK_GATE);
    }

    #[test]
    fn what_cannot_be_told_may_fail() {
        let mut strict = night("strict", 1);
        strict["windows"] = json!([]);
        strict["gates"] = json!([
            { "id": "idle", "expr": "properties.reported.conditions.inUse = false", "onUnknown": "fail" },
        ]);
        let policies = policies(&[strict]);
        let now = time("2026-03-06T12:00:00Z");
        let verdict = policies.decide(&reboot(), &twin(json!({})), false, now, &NoZones);
        assert!(matches!(verdict, Verdict::Fail(hold) if hold.gate == "idle"));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place() {
        for (member, value, part) in [
            ("appliesTo", json!([]), "appliesTo"),
            ("appliesTo", json!(["reboot"]), "method:NAME"),
            (
                "windows",
                json!([{ "start": "25:00", "durationMinutes": 5 }]),
                "windows.start",
            ),
            (
                "windows",
                json!([{ "start": "01:00", "durationMinutes": 0 }]),
                "1 to 10080",
            ),
            (
                "windows",
                json!([{ "start": "01:00", "durationMinutes": 5, "timezone": "Mars" }]),
                "Mars",
            ),
            (
                "windows",
                json!([{ "start": "01:00", "durationMinutes": 5, "days": ["caturday"] }]),
                "days",
            ),
            (
                "blackouts",
                json!([{ "from": "2026-03-14T00:00:00Z", "to": "2026-03-14T00:00:00Z" }]),
                "later",
            ),
            ("gates", json!([{ "id": "g", "expr": "a =" }]), "gates.expr"),
            ("gates", json!([{ "id": "g" }]), "geofence"),
            (
                "gates",
                json!([{ "id": "g", "geofence": { "center": [91, 0], "radiusMeters": 5 } }]),
                "latitudes",
            ),
            ("targetCondition", json!("tags.a ="), "targetCondition"),
            ("holdTimeoutSeconds", json!(-1), "holdTimeoutSeconds"),
            ("color", json!("red"), "color"),
            ("id", json!("No Good"), "id"),
        ] {
            let mut document = night("night", 1);
            document[member] = value;
            let error = check(&document, time("2026-03-01T00:00:00Z"), &NoZones).unwrap_err();
            assert!(error.message.contains(part), "{member}: {}", error.message);
        }
    }
}
