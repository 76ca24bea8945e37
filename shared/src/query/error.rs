//! Why a query text is refused (`query-routing-events.md` §1.11).
//!
//! A refusal always says where and what to do; it never holds anything of the fleet.

use crate::error::{ErrorCode, HubError};
use std::fmt;

/// Longest query text, in characters (`query-routing-events.md` §1.9).
pub const MAX_QUERY_CHARACTERS: usize = 8192;

/// A place in a query text, both counted from one, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Lines end with LF.
    pub line: u32,
    /// Within the line.
    pub column: u32,
}

impl Position {
    /// The first character of a text.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// Why a text is no query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueryError {
    /// More than [`MAX_QUERY_CHARACTERS`].
    TooLong,
    /// Something at a place.
    Invalid {
        /// Where.
        position: Position,
        /// What, without a full stop.
        reason: String,
    },
}

impl QueryError {
    /// A refusal at a place.
    pub fn at(position: Position, reason: impl Into<String>) -> Self {
        Self::Invalid {
            position,
            reason: reason.into(),
        }
    }
}

impl fmt::Display for QueryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(
                formatter,
                "A query may have at most {MAX_QUERY_CHARACTERS} characters."
            ),
            Self::Invalid { position, reason } => write!(
                formatter,
                "The query is invalid at line {}, column {}: {reason}.",
                position.line, position.column
            ),
        }
    }
}

impl std::error::Error for QueryError {}

impl From<QueryError> for HubError {
    fn from(error: QueryError) -> Self {
        let code = match error {
            QueryError::TooLong => ErrorCode::PreconditionFailed,
            QueryError::Invalid { .. } => ErrorCode::ArgumentInvalid,
        };
        Self::new(code, error.to_string())
    }
}
