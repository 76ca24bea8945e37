//! Why a text is no condition, and what about it looks like a mistake
//! (`query-routing-events.md` §3.9).

use crate::error::HubError;
use crate::json;
use crate::query::error::Position;
use serde_json::Value;

/// Most that is said about one text.
pub(super) const MAX_ERRORS: usize = 20;

/// Something about a condition, with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompilationError {
    /// What.
    pub message: String,
    /// Whether the condition compiles all the same.
    pub is_warning: bool,
    /// The first character, counted from one.
    pub start: Position,
    /// Behind the last character.
    pub end: Position,
}

impl CompilationError {
    /// As the test calls show it.
    pub fn to_json(&self) -> Value {
        let place = |position: Position| json!({"line": position.line, "column": position.column});
        json!({
            "message": self.message,
            "severity": if self.is_warning { "warning" } else { "error" },
            "location": {"start": place(self.start), "end": place(self.end)},
        })
    }
}

/// The refusal of something that has this condition; `what` begins a sentence, as in
/// `The condition of the route hot`.
pub fn refusal(what: &str, errors: &[CompilationError]) -> HubError {
    let mut text = format!("{what} is invalid.");
    for error in errors {
        let Position { line, column } = error.start;
        text.push_str(&format!(" Line {line}, column {column}: {}", error.message));
        if !text.ends_with('.') {
            text.push('.');
        }
    }
    HubError::invalid(text)
}
