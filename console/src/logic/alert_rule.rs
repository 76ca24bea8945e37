//! An alert rule while it is being written: which fields it has, and the document that the hub
//! gets. What makes sense is decided by the hub.

use super::json_document::text;
use serde_json::{Map, Value, json};

/// Rules of which a hub's operators have set nothing are built in; the others are theirs.
pub fn is_custom(rule: &Value) -> bool {
    text(rule, "type") == "query"
}

/// Numbers that only some rules have, in the order in which they are asked for.
pub const NUMBERS: [&str; 5] = [
    "forSeconds",
    "heartbeatSeconds",
    "failures",
    "windowSeconds",
    "objectBytes",
];

/// The number of a rule as it is typed; none if the rule has no such number.
pub fn number(rule: &Value, name: &str) -> Option<String> {
    rule.get(name)?.as_u64().map(|number| number.to_string())
}

/// A number that was typed.
pub fn typed(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// What is written in a form.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Draft {
    /// Its name.
    pub id: String,
    /// Whether it raises alerts.
    pub enabled: bool,
    /// The hub's word.
    pub severity: String,
    /// Tag by which devices are grouped.
    pub group_by: String,
    /// What is true of a twin; of rules of one's own.
    pub condition: Option<String>,
    /// What is said of a device; of rules of one's own.
    pub summary: String,
    /// Numbers by name, as typed.
    pub numbers: Vec<(&'static str, String)>,
}

impl Draft {
    /// The document; none while a number is not one.
    pub fn document(&self) -> Option<Value> {
        let mut document = Map::new();
        document.insert("enabled".to_owned(), json!(self.enabled));
        document.insert("severity".to_owned(), json!(self.severity));
        document.insert("groupBy".to_owned(), json!(self.group_by.trim()));
        for (name, number) in &self.numbers {
            document.insert((*name).to_owned(), json!(typed(number)?));
        }
        if let Some(condition) = &self.condition {
            document.insert("condition".to_owned(), json!(condition));
            if !self.summary.trim().is_empty() {
                document.insert("summary".to_owned(), json!(self.summary.trim()));
            }
        }
        Some(Value::Object(document))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_is_a_document_once_its_numbers_are() {
        let rule = json!({ "id": "reconnectFailing", "type": "builtIn", "failures": 5 });
        assert!(!is_custom(&rule));
        assert_eq!(number(&rule, "failures").as_deref(), Some("5"));
        assert_eq!(number(&rule, "objectBytes"), None);
        let mut draft = Draft {
            id: "reconnectFailing".into(),
            enabled: true,
            severity: "error".into(),
            group_by: " site ".into(),
            numbers: vec![("failures", "x".into())],
            ..Draft::default()
        };
        assert_eq!(draft.document(), None);
        draft.numbers = vec![("failures", " 7 ".into())];
        assert_eq!(
            draft.document(),
            Some(json!({ "enabled": true, "severity": "error", "groupBy": "site", "failures": 7 }))
        );
    }

    #[test]
    fn a_rule_of_ones_own_says_what_is_true() {
        let draft = Draft {
            condition: Some("tags.a = 1".into()),
            summary: "hot".into(),
            ..Draft::default()
        };
        let document = draft.document().unwrap();
        assert_eq!(document["condition"], "tags.a = 1");
        assert_eq!(document["summary"], "hot");
    }
}
