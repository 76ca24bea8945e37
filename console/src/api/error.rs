//! What can go wrong with a call, in the terms a screen shows.

use crate::logic::error_envelope;

/// A failed call.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiError {
    /// The hub did not answer at all: no network, or the hub is down.
    Unreachable,
    /// The hub refused, with its own words.
    Refused {
        /// HTTP status.
        status: u16,
        /// Stable name or number of the error (`service.md §12.3`), if given.
        code: Option<String>,
        /// The hub's sentence.
        text: String,
        /// The id to quote when asking for help.
        tracking_id: Option<String>,
    },
    /// It was not done: somebody else has to approve it first.
    Waits,
    /// An answer that this console does not understand; the text says where.
    Unreadable(String),
}

impl ApiError {
    /// From an error response.
    pub fn from_response(status: u16, body: &str, code_header: Option<String>) -> Self {
        let parsed = error_envelope::parse(body).unwrap_or_default();
        let text = if parsed.text.is_empty() {
            body.chars().take(300).collect()
        } else {
            parsed.text
        };
        Self::Refused {
            status,
            code: code_header.or(parsed.code),
            text,
            tracking_id: parsed.tracking_id,
        }
    }

    /// HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }
}
