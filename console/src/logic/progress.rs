//! How far devices are with an operation: what is asked for, and what the hub's answer says.

use super::url_state::{query_value, write_query};
use serde_json::Value;

/// Phases in the order in which they are shown, with the class of their part of a bar.
pub const PHASES: [(&str, &str); 9] = [
    ("succeeded", "part-ok"),
    ("rebooting", "part-info"),
    ("applying", "part-info"),
    ("downloading", "part-info"),
    ("waiting", "part-neutral"),
    ("stalled", "part-bad"),
    ("failed", "part-bad"),
    ("unknown", "part-neutral"),
    ("notStarted", "part-faint"),
];

/// What is shown, as it stands in the address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// The pattern's id.
    pub pattern: String,
    /// Of which devices; empty: of all.
    pub condition: String,
    /// By which path they are grouped; empty: not at all.
    pub group_by: String,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            pattern: "firmwareUpdate".to_owned(),
            condition: String::new(),
            group_by: "tags.site".to_owned(),
        }
    }
}

impl Asked {
    /// Reads a query string.
    pub fn read(search: &str) -> Self {
        let usual = Self::default();
        let or = |name: &str, usual: String| query_value(search, name).unwrap_or(usual);
        Self {
            pattern: or("pattern", usual.pattern),
            condition: or("where", usual.condition),
            group_by: or("groupBy", usual.group_by),
        }
    }

    /// The query string that reads back as this.
    pub fn write(&self) -> String {
        let usual = Self::default();
        let unless = |value: &String, usual: &String| {
            if value == usual {
                String::new()
            } else {
                value.clone()
            }
        };
        write_query([
            ("pattern", unless(&self.pattern, &usual.pattern)),
            ("where", self.condition.clone()),
            ("groupBy", unless(&self.group_by, &usual.group_by)),
        ])
    }

    /// What the hub is asked, behind the path.
    pub fn query(&self) -> String {
        write_query([
            ("pattern", self.pattern.clone()),
            ("where", self.condition.clone()),
            ("groupBy", self.group_by.clone()),
        ])
    }
}

/// Devices by phase.
pub fn parts(counts: &Value) -> Vec<(&'static str, u64)> {
    let all = PHASES.iter();
    all.map(|(phase, class)| (*class, count(counts, phase)))
        .collect()
}

/// Devices in one phase.
pub fn count(counts: &Value, phase: &str) -> u64 {
    let phases = counts.get("phases").and_then(|phases| phases.get(phase));
    phases.and_then(Value::as_u64).unwrap_or(0)
}

/// Devices in all.
pub fn total(counts: &Value) -> u64 {
    counts.get("total").and_then(Value::as_u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_address_reads_back() {
        assert_eq!(Asked::default().write(), "");
        let asked = Asked {
            pattern: "reboot".into(),
            condition: "tags.a = 'x & y'".into(),
            group_by: "tags.line".into(),
        };
        assert_eq!(Asked::read(&asked.write()), asked);
        assert_eq!(
            Asked::default().query(),
            "?pattern=firmwareUpdate&groupBy=tags.site"
        );
    }

    #[test]
    fn counts_are_read() {
        let counts = json!({ "total": 5, "phases": { "succeeded": 3, "failed": 2 } });
        assert_eq!(total(&counts), 5);
        assert_eq!(count(&counts, "failed"), 2);
        assert_eq!(count(&counts, "waiting"), 0);
        assert_eq!(parts(&counts)[0], ("part-ok", 3));
    }
}
