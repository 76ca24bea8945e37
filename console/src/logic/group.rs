//! Saved groups that show an issue: what the hub says of one, what a person writes, and what is
//! wrong with it. The hub judges conditions; only the name is judged here, to say it early.

use serde::Deserialize;
use serde_json::{Value, json};

/// Longest name of a group.
const MOST_NAME: usize = 64;

/// How bad it is to be in a group; the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something does not work.
    Error,
    /// Something soon will not.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// All of them, worst first.
    pub const ALL: [Self; 3] = [Self::Error, Self::Warning, Self::Info];

    /// The hub's word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }

    /// Reads the hub's word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }
}

/// A saved group.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(default)]
pub struct Group {
    /// Its name.
    pub id: String,
    /// Who is in it.
    pub condition: String,
    /// For people.
    pub description: Option<String>,
    /// `error`, `warning` or `info`; an ordinary group has none.
    pub severity: Option<String>,
    /// The query that tells who is in it and since when.
    pub watch: String,
    /// Guards the next change.
    pub etag: String,
    /// How many are in it, if that was counted.
    pub count: Option<u64>,
}

impl Group {
    /// How bad it is, if it shows an issue.
    pub fn severity(&self) -> Option<Severity> {
        self.severity.as_deref().and_then(Severity::from_name)
    }
}

/// What a person writes of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its name.
    pub id: String,
    /// Who is in it.
    pub condition: String,
    /// How bad that is.
    pub severity: Severity,
    /// For people; may be empty.
    pub description: String,
}

impl Draft {
    /// The document that the hub takes.
    pub fn body(&self) -> Value {
        let description = self.description.trim();
        json!({
            "condition": self.condition.trim(),
            "severity": self.severity.name(),
            "description": (!description.is_empty()).then_some(description),
        })
    }
}

/// What is wrong with a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameProblem {
    /// There is none.
    Empty,
    /// It is too long, or holds what the hub does not take.
    Illegal,
    /// Another group has it.
    Taken,
}

/// Judges the name of a new group.
pub fn name_problem(name: &str, taken: &[String]) -> Option<NameProblem> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    if name.is_empty() {
        Some(NameProblem::Empty)
    } else if name.len() > MOST_NAME || !name.bytes().all(legal) {
        Some(NameProblem::Illegal)
    } else if taken.iter().any(|known| known == name) {
        Some(NameProblem::Taken)
    } else {
        None
    }
}

/// A name that no group has: the wanted one, or one with a number.
pub fn free_name(wanted: &str, taken: &[String]) -> String {
    let numbered = (2..).map(|number| format!("{wanted}-{number}"));
    std::iter::once(wanted.to_owned())
        .chain(numbered)
        .find(|name| !taken.contains(name))
        .unwrap_or_else(|| wanted.to_owned())
}

/// Counts who fulfils a condition. It stands on a line of its own, so that the hub's complaints
/// about it count columns as the person who wrote it does.
pub fn count_query(condition: &str) -> String {
    format!("SELECT COUNT() AS n FROM devices WHERE\n{condition}")
}

/// Where the hub finds fault with a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Counted from one.
    pub line: u32,
    /// Counted from one.
    pub column: u32,
    /// The hub's words.
    pub reason: String,
}

/// Reads the place and the reason in the hub's complaint about a query; the condition stands
/// behind so many lines of it.
pub fn fault(text: &str, lines_before: u32) -> Option<Fault> {
    let (_, rest) = text.split_once(" at line ")?;
    let (line, rest) = rest.split_once(", column ")?;
    let (column, reason) = rest.split_once(": ")?;
    Some(Fault {
        line: line
            .parse::<u32>()
            .ok()?
            .saturating_sub(lines_before)
            .max(1),
        column: column.parse().ok()?,
        reason: reason.trim_end_matches('.').to_owned(),
    })
}

/// An issue that many fleets have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suggestion {
    /// A name for it.
    pub id: &'static str,
    /// Who has it.
    pub condition: &'static str,
    /// How bad it is.
    pub severity: Severity,
}

/// Those offered where no group shows an issue. Firmware is reported as the built-in patterns
/// `firmwareUpdate` and `firmware` have it (`device-management.md` §3).
pub const SUGGESTIONS: [Suggestion; 3] = [
    Suggestion {
        id: "firmware-failed",
        condition: "LOWER(properties.reported.iothubDM.firmwareUpdate.status) IN \
                    ['downloadfailed', 'applyfailed', 'error', 'rolledback'] OR \
                    LOWER(properties.reported.firmware.fwUpdateStatus) IN ['error', 'rolledback']",
        severity: Severity::Error,
    },
    Suggestion {
        id: "not-connected",
        condition: "connectionState = 'Disconnected' AND status = 'enabled'",
        severity: Severity::Warning,
    },
    Suggestion {
        id: "battery-low",
        condition: "properties.reported.battery.level < 20",
        severity: Severity::Warning,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_are_ordered_and_read_back() {
        assert!(Severity::ALL.is_sorted());
        for severity in Severity::ALL {
            assert_eq!(Severity::from_name(severity.name()), Some(severity));
        }
        assert_eq!(Severity::from_name("Error"), None);
    }

    #[test]
    fn a_group_is_read_and_written() {
        let group: Group = serde_json::from_value(json!({
            "id": "hot", "condition": "properties.reported.t > 70", "description": null,
            "severity": "error", "watch": "SELECT", "etag": "AAA=", "changedTime": "2026",
        }))
        .unwrap();
        assert_eq!(group.severity(), Some(Severity::Error));
        assert_eq!((group.count, group.description), (None, None));
        let plain: Group = serde_json::from_value(json!({ "id": "a", "severity": null })).unwrap();
        assert_eq!(plain.severity(), None);

        let draft = Draft {
            id: "hot".into(),
            condition: " a = 1\n".into(),
            severity: Severity::Info,
            description: "  ".into(),
        };
        let body = json!({ "condition": "a = 1", "severity": "info", "description": null });
        assert_eq!(draft.body(), body);
    }

    #[test]
    fn names_are_judged_as_the_hub_does() {
        let taken = ["hot".to_owned(), "hot-2".to_owned()];
        assert_eq!(name_problem("", &taken), Some(NameProblem::Empty));
        for illegal in ["a b", "펌프", "a/b", &"x".repeat(65)] {
            assert_eq!(name_problem(illegal, &taken), Some(NameProblem::Illegal));
        }
        assert_eq!(name_problem("hot", &taken), Some(NameProblem::Taken));
        assert_eq!(name_problem("a-b_c.9", &taken), None);
        assert_eq!(free_name("cold", &taken), "cold");
        assert_eq!(free_name("hot", &taken), "hot-3");
    }

    #[test]
    fn a_fault_is_told_in_lines_of_the_condition() {
        let text = "The query is invalid at line 3, column 5: foo is no function: see the list.";
        let wanted = |line| Fault {
            line,
            column: 5,
            reason: "foo is no function: see the list".into(),
        };
        assert_eq!(fault(text, 1), Some(wanted(2)));
        assert_eq!(fault(text, 0), Some(wanted(3)));
        assert_eq!(fault("Too many requests.", 1), None);
        assert_eq!(fault("at line x, column 2: y", 1), None);
        assert!(count_query("a = 1").ends_with("WHERE\na = 1"));
    }

    #[test]
    fn suggestions_have_names_that_the_hub_takes() {
        for suggestion in SUGGESTIONS {
            assert_eq!(name_problem(suggestion.id, &[]), None);
            assert!(!suggestion.condition.contains("  "));
        }
    }
}
