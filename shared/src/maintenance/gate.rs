//! Conditions that a device's twin must fulfil (`device-management.md` §4.1, §4.2).

use super::geofence::Geofence;
use crate::query::ast::Expression;
use crate::query::evaluate::truth;
use crate::query::path::Path;
use crate::time::Timestamp;
use crate::writing::JsonText;
use serde_json::Value;

/// What becomes of a step where a gate cannot tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OnUnknown {
    Hold,
    Pass,
    Fail,
}

/// What a gate looks at.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Test {
    Condition(Expression),
    Place(Geofence),
}

/// A gate of a policy.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gate {
    pub(super) id: String,
    pub(super) test: Test,
    /// In seconds; what a device reported longer ago says nothing.
    pub(super) max_age: Option<i64>,
    pub(super) on_unknown: OnUnknown,
}

/// What a gate says of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Open,
    /// Why not.
    Closed(String),
    /// Why it cannot tell.
    Unknown(String),
}

const LOCATION: [&str; 3] = ["properties", "reported", "conditions"];

impl Gate {
    pub(super) fn answer(&self, twin: &Value, now: Timestamp) -> Answer {
        match &self.test {
            Test::Condition(condition) => self.of_condition(condition, twin, now),
            Test::Place(fence) => self.of_place(fence, twin, now),
        }
    }

    fn of_condition(&self, condition: &Expression, twin: &Value, now: Timestamp) -> Answer {
        let mut paths = Vec::new();
        condition.collect_paths(&mut paths);
        for path in &paths {
            if self.is_too_old(&path.names(), twin, now) {
                let name = path.names().last().copied().unwrap_or_default();
                return Answer::Unknown(self.too_old(name));
            }
        }
        match truth(condition, twin) {
            Some(true) => Answer::Open,
            Some(false) => Answer::Closed(described(&paths, twin)),
            None => Answer::Unknown(described(&paths, twin)),
        }
    }

    fn of_place(&self, fence: &Geofence, twin: &Value, now: Timestamp) -> Answer {
        let at = |value: &Value, name: &str| value.get(name).and_then(Value::as_f64);
        let place = |value: Option<&Value>| {
            let value = value?;
            Some((at(value, "lat")?, at(value, "lon")?))
        };
        let reported = twin.pointer("/properties/reported/conditions/location");
        let known = match place(reported) {
            Some(known) => {
                let [properties, section, conditions] = LOCATION;
                for name in ["lat", "lon"] {
                    let names = [properties, section, conditions, "location", name];
                    if self.is_too_old(&names, twin, now) {
                        return Answer::Unknown(self.too_old("location"));
                    }
                }
                Some(known)
            }
            // Where it was planned to be: nobody reports that, so it does not age.
            None => place(twin.pointer("/tags/location")),
        };
        match known {
            None => Answer::Unknown("location is not known".to_owned()),
            Some(place) if fence.accepts(place) => Answer::Open,
            Some(place) => {
                // Whole metres as a whole number: writing a float takes 12 kB of the worker.
                let metres = fence.distance(place).round() as i64;
                Answer::Closed(format!("location is {metres} m from the centre"))
            }
        }
    }

    fn too_old(&self, name: &str) -> String {
        let seconds = self.max_age.unwrap_or(0);
        format!("{name} was reported more than {seconds} s ago")
    }

    /// Whether a reported property was written too long ago. What is not there is not old.
    fn is_too_old(&self, names: &[&str], twin: &Value, now: Timestamp) -> bool {
        let (Some(max_age), ["properties", "reported", rest @ ..]) = (self.max_age, names) else {
            return false;
        };
        let Some(metadata) = twin.pointer("/properties/reported/$metadata") else {
            return false;
        };
        let leaf = rest
            .iter()
            .try_fold(metadata, |metadata, name| metadata.get(name));
        leaf.and_then(|leaf| leaf.get("$lastUpdated"))
            .and_then(Value::as_str)
            .and_then(Timestamp::parse)
            .is_some_and(|written| written.plus_seconds(max_age) < now)
    }
}

/// What a twin has where a condition looks: `inUse is true, batteryPercent is not known`.
fn described(paths: &[&Path], twin: &Value) -> String {
    let mut said: Vec<String> = Vec::new();
    for path in paths {
        let name = path.names().last().copied().unwrap_or_default().to_owned();
        let text = match path.resolve(twin) {
            None => format!("{name} is not known"),
            Some(value) => {
                let mut value = value.json_text();
                value.truncate(value.floor_char_boundary(MAX_SHOWN));
                format!("{name} is {value}")
            }
        };
        if !said.contains(&text) && said.len() < MAX_VALUES {
            said.push(text);
        }
    }
    if said.is_empty() {
        return "the condition is not fulfilled".to_owned();
    }
    said.join(", ")
}

/// Values of a reason, and bytes of each.
const MAX_VALUES: usize = 4;
const MAX_SHOWN: usize = 40;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::query::parse_condition;

    fn gate(condition: &str, max_age: Option<i64>) -> Gate {
        Gate {
            id: "g".to_owned(),
            test: Test::Condition(parse_condition(condition).unwrap()),
            max_age,
            on_unknown: OnUnknown::Hold,
        }
    }

    fn now() -> Timestamp {
        Timestamp::parse("2026-03-01T12:00:00Z").unwrap()
    }

    fn reporting(conditions: Value) -> Value {
        json!({ "tags": {}, "properties": { "reported": {
            "conditions": conditions,
            "$metadata": { "conditions": {
                "inUse": { "$lastUpdated": "2026-03-01T11:50:00Z" },
                "location": {
                    "lat": { "$lastUpdated": "2026-03-01T11:50:00Z" },
                    "lon": { "$lastUpdated": "2026-03-01T11:50:00Z" },
                },
            } },
        } } })
    }

    #[test]
    fn a_gate_says_why_and_knows_what_it_does_not_know() {
        let idle = "properties.reported.conditions.inUse = false";
        let answer = |age, conditions| gate(idle, age).answer(&reporting(conditions), now());
        assert_eq!(answer(None, json!({ "inUse": false })), Answer::Open);
        assert_eq!(
            answer(None, json!({ "inUse": true })),
            Answer::Closed("inUse is true".to_owned())
        );
        assert_eq!(
            answer(None, json!({})),
            Answer::Unknown("inUse is not known".to_owned())
        );
        assert_eq!(answer(Some(600), json!({ "inUse": false })), Answer::Open);
        assert_eq!(
            answer(Some(599), json!({ "inUse": false })),
            Answer::Unknown("inUse was reported more than 599 s ago".to_owned())
        );
    }

    #[test]
    fn places_are_reported_or_planned() {
        let fence = Geofence {
            center: (63.43, 10.39),
            radius_meters: 500.0,
            inside: true,
        };
        let gate = Gate {
            test: Test::Place(fence),
            ..gate("true = true", Some(900))
        };
        let here = json!({ "location": { "lat": 63.431, "lon": 10.391 } });
        let there = json!({ "location": { "lat": 63.45, "lon": 10.39 } });
        assert_eq!(gate.answer(&reporting(here.clone()), now()), Answer::Open);
        assert!(matches!(gate.answer(&reporting(there), now()),
            Answer::Closed(why) if why.contains("2224 m")));
        let strict = Gate {
            max_age: Some(60),
            ..gate.clone()
        };
        assert!(matches!(
            strict.answer(&reporting(here), now()),
            Answer::Unknown(_)
        ));
        let mut planned = reporting(json!({}));
        assert!(matches!(gate.answer(&planned, now()), Answer::Unknown(_)));
        planned["tags"]["location"] = json!({ "lat": 63.43, "lon": 10.39 });
        assert_eq!(gate.answer(&planned, now()), Answer::Open);
    }
}
