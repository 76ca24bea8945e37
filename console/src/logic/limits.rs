//! Throttles as the hub tells them, and the settings that change one thing and keep the rest:
//! the hub takes all settings at once.

use serde_json::{Map, Value, json};

/// Most units of a hub.
pub const MOST_UNITS: u64 = 10_000;

/// The largest rate or burst.
pub const MOST_RATE: u64 = 1_000_000_000;

/// How one class stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// The hub's name of the class.
    pub class: String,
    /// Operations a minute.
    pub per_minute: u64,
    /// Operations at once.
    pub burst: u64,
    /// Operations possible now; `None` where the hub does not count in one place.
    pub available: Option<u64>,
    /// Operations refused since the hub started.
    pub refused: Option<u64>,
    /// Whether it was set, and so does not follow the units.
    pub is_set: bool,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limits {
    /// Units: what every class that was not set is multiplied by.
    pub units: u64,
    /// The classes.
    pub rates: Vec<Rate>,
}

impl Limits {
    /// Reads the hub's document; what is missing counts as not there.
    pub fn read(document: &Value) -> Self {
        let set = document.get("overrides").and_then(Value::as_object);
        let rates = document.get("rates").and_then(Value::as_object);
        let rates = rates.into_iter().flatten().map(|(class, rate)| Rate {
            class: class.clone(),
            per_minute: whole(rate, "perMinute").unwrap_or(0),
            burst: whole(rate, "burst").unwrap_or(0),
            available: whole(rate, "available"),
            refused: whole(rate, "refused"),
            is_set: set.is_some_and(|set| set.contains_key(class)),
        });
        Self {
            units: whole(document, "units").unwrap_or(1),
            rates: rates.collect(),
        }
    }

    /// One class.
    pub fn rate(&self, class: &str) -> Option<&Rate> {
        self.rates.iter().find(|rate| rate.class == class)
    }

    /// Whether anything differs from what a new hub has.
    pub fn is_changed(&self) -> bool {
        self.units != 1 || self.rates.iter().any(|rate| rate.is_set)
    }

    /// The settings after a change.
    pub fn after(&self, change: &Change) -> Value {
        let mut units = self.units;
        let mut set: Map<String, Value> = self
            .rates
            .iter()
            .filter(|rate| rate.is_set)
            .map(|rate| (rate.class.clone(), limit(rate.per_minute, rate.burst)))
            .collect();
        match change {
            Change::Units(n) => units = *n,
            Change::Set {
                class,
                per_minute,
                burst,
            } => {
                set.insert(class.clone(), limit(*per_minute, *burst));
            }
            Change::Follow(class) => {
                set.remove(class);
            }
            Change::Defaults => {
                units = 1;
                set.clear();
            }
        }
        json!({ "units": units, "overrides": set })
    }
}

fn limit(per_minute: u64, burst: u64) -> Value {
    json!({ "perMinute": per_minute, "burst": burst })
}

fn whole(document: &Value, name: &str) -> Option<u64> {
    let value = document.get(name)?;
    value
        .as_u64()
        .or_else(|| value.as_f64().map(|float| float.max(0.0) as u64))
}

/// One change of the settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Other units.
    Units(u64),
    /// A limit of its own for a class.
    Set {
        /// The class.
        class: String,
        /// Operations a minute.
        per_minute: u64,
        /// Operations at once.
        burst: u64,
    },
    /// A class follows the units again.
    Follow(String),
    /// Everything as on a new hub.
    Defaults,
}

/// A whole number from 1 to `most`, as it was typed; digits may be grouped.
pub fn typed(text: &str, most: u64) -> Option<u64> {
    let digits: String = text
        .trim()
        .chars()
        .filter(|c| !matches!(c, ',' | ' '))
        .collect();
    digits.parse().ok().filter(|n| (1..=most).contains(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::read(&json!({
            "units": 2,
            "overrides": { "queries": { "perMinute": 60, "burst": 10 } },
            "rates": {
                "queries": { "perMinute": 60, "burst": 10, "available": 3.0, "refused": 7 },
                "newConnections": { "perMinute": 720_000, "burst": 120_000 },
            },
        }))
    }

    #[test]
    fn the_document_is_read() {
        let limits = limits();
        let queries = limits.rate("queries").unwrap();
        assert_eq!((queries.available, queries.refused), (Some(3), Some(7)));
        assert!(queries.is_set);
        let connections = limits.rate("newConnections").unwrap();
        assert_eq!(connections.available, None);
        assert!(!connections.is_set);
        assert!(limits.is_changed());
        assert!(!Limits::read(&json!({ "units": 1, "overrides": {}, "rates": {} })).is_changed());
    }

    #[test]
    fn a_change_keeps_the_rest() {
        let limits = limits();
        let queries = json!({ "perMinute": 60, "burst": 10 });
        assert_eq!(
            limits.after(&Change::Units(5)),
            json!({ "units": 5, "overrides": { "queries": queries } })
        );
        let set = Change::Set {
            class: "jobs".into(),
            per_minute: 5,
            burst: 1,
        };
        assert_eq!(
            limits.after(&set),
            json!({ "units": 2, "overrides": {
                "queries": queries, "jobs": { "perMinute": 5, "burst": 1 },
            } })
        );
        assert_eq!(
            limits.after(&Change::Follow("queries".into())),
            json!({ "units": 2, "overrides": {} })
        );
        assert_eq!(
            limits.after(&Change::Defaults),
            json!({ "units": 1, "overrides": {} })
        );
    }

    #[test]
    fn typed_numbers_are_whole_and_bounded() {
        assert_eq!(typed(" 1,000 ", MOST_UNITS), Some(1_000));
        for wrong in ["", "0", "-1", "1.5", "10001", "many"] {
            assert_eq!(typed(wrong, MOST_UNITS), None, "{wrong}");
        }
    }
}
