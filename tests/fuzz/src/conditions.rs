//! Conditions of routes (`shared::routing`, `query-routing-events.md` §3.6).

use serde_json::{Value, json};
use shared::routing::condition::MAX_CONDITION_CHARACTERS;
use shared::routing::{CompilationError, Condition, Message, Outcome, SOURCES};
use std::borrow::Cow;
use std::sync::LazyLock;

/// Errors and warnings lie in the text; an accepted text means the same in parentheses and with
/// space around it, and names all that it looks at.
pub fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    for source in SOURCES {
        match Condition::compile(text, source) {
            Ok(condition) => {
                in_text(text, condition.warnings());
                accepted(text, source, &condition);
            }
            Err(errors) => {
                assert!(!errors.is_empty(), "{text:?} is refused without a reason");
                assert!(errors.iter().all(|error| !error.is_warning));
                in_text(text, &errors);
            }
        }
    }
}

fn in_text(text: &str, findings: &[CompilationError]) {
    let lines: Vec<usize> = text.split('\n').map(|line| line.chars().count()).collect();
    for CompilationError { start, end, .. } in findings {
        let (start, end) = ((start.line, start.column), (end.line, end.column));
        assert!(start < end, "{text:?}: {start:?} to {end:?}");
        for (line, column) in [start, end] {
            // One behind the last character, and the end of what should stand there.
            let length = lines.get(line as usize - 1).copied();
            let length = length.unwrap_or_else(|| panic!("{text:?} has no line {line}"));
            assert!(
                column >= 1 && column as usize <= length + 2,
                "{text:?}: column {column}"
            );
        }
    }
}

fn accepted(text: &str, source: &str, condition: &Condition) {
    let outcome = condition.evaluate(&Full);
    if condition.is_always() {
        assert_eq!(outcome, Outcome::True, "{text:?}");
    }
    if !condition.reads_body() && !condition.reads_twin() {
        assert_eq!(
            condition.evaluate(&Full),
            condition.evaluate(&PropertiesOnly),
            "{text:?}"
        );
    }
    let spaced = format!(" \n{text}\t/* ) */ ");
    let closed = format!("({text})");
    // Nothing in parentheses is no condition, while nothing alone is one.
    let has_content = Condition::compile(&closed, source).is_ok();
    for again in [Some(spaced), has_content.then_some(closed)]
        .into_iter()
        .flatten()
    {
        if again.chars().count() > MAX_CONDITION_CHARACTERS {
            continue;
        }
        let compiled = Condition::compile(&again, source);
        let compiled = compiled.unwrap_or_else(|errors| panic!("{again:?}: {errors:?}"));
        assert_eq!(
            compiled.evaluate(&Full),
            outcome,
            "{text:?} and {again:?} differ"
        );
        assert_eq!(
            compiled.warnings().len(),
            condition.warnings().len(),
            "{again:?}"
        );
        assert_eq!(
            (compiled.reads_body(), compiled.reads_twin()),
            (condition.reads_body(), condition.reads_twin())
        );
    }
}

/// A message that has something wherever it is asked for a property.
struct Full;

/// The same without body and twin.
struct PropertiesOnly;

static BODY: LazyLock<Value> = LazyLock::new(
    || json!({"a": 1, "b": "x", "n": null, "t": true, "o": {"x": [1, [2]]}, "A": "2"}),
);
static TWIN: LazyLock<Value> = LazyLock::new(
    || json!({"tags": {"a": 1}, "properties": {"desired": {"b": "x"}, "reported": {}}}),
);

impl Message for Full {
    fn application(&self, name: &str) -> Option<Cow<'_, str>> {
        PropertiesOnly::property(name)
    }
    fn system(&self, name: &str) -> Option<Cow<'_, str>> {
        PropertiesOnly::property(name)
    }
    fn body(&self) -> Option<&Value> {
        Some(&BODY)
    }
    fn twin(&self) -> Option<&Value> {
        Some(&TWIN)
    }
}

impl PropertiesOnly {
    /// Long names have none, and every other value is a number.
    fn property(name: &str) -> Option<Cow<'static, str>> {
        (name.len() < 8).then(|| match name.len() % 2 {
            0 => Cow::Owned(name.len().to_string()),
            _ => Cow::Owned(name.to_lowercase()),
        })
    }
}

impl Message for PropertiesOnly {
    fn application(&self, name: &str) -> Option<Cow<'_, str>> {
        Self::property(name)
    }
    fn system(&self, name: &str) -> Option<Cow<'_, str>> {
        Self::property(name)
    }
    fn body(&self) -> Option<&Value> {
        None
    }
    fn twin(&self) -> Option<&Value> {
        None
    }
}
