//! Continuation tokens of queries (`query-routing-events.md` §1.9).
//!
//! `base64url(JSON).base64url(HMAC-SHA256)`. The signature covers the query's text, so a
//! token goes on with its own query only, and nobody can make the hub compare with a value
//! of their choosing. It grants nothing by itself: every page is authorised anew. The key
//! is derived from the hub's session key; a token of any other purpose never fits.

use crate::auth::signature::{hmac_sha256, secrets_match};
use crate::error::HubError;
use crate::query::{Place, SortValue};
use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

/// Longest token: it travels in a header.
const MAX_LENGTH: usize = 8192;
/// How long a token is good.
const LIFETIME_SECONDS: i64 = 24 * 3600;
/// Makes the key of these tokens from the session key.
const KEY_PURPOSE: &[u8] = b"skerry query continuation key 1\n";

/// Where a query goes on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Continuation {
    /// Behind what.
    pub position: Position,
    /// How many results `TOP` still allows.
    #[serde(default)]
    pub remaining: Option<u64>,
    /// When the page before was made.
    pub issued: Timestamp,
}

/// The last result of the page before, or a place where no result was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Position {
    /// Of results of single documents.
    Place(Place),
    /// Of groups.
    Group(SortValue),
}

impl Continuation {
    /// As it stands in the header.
    pub fn issue(&self, session_key: &[u8], query: &str) -> Result<String, HubError> {
        let json = serde_json::to_vec(self)
            .map_err(|error| HubError::internal(format!("a token cannot be written: {error}")))?;
        let content = URL_SAFE_NO_PAD.encode(json);
        let signature = sign(session_key, &content, query)
            .ok_or_else(|| HubError::internal("the session key is empty"))?;
        let token = format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature));
        if token.len() > MAX_LENGTH {
            return Err(HubError::invalid(
                "The values that ORDER BY or GROUP BY names are too long to go on behind them; \
                 name something shorter.",
            ));
        }
        Ok(token)
    }

    /// Reads the token of the page before. One error for everything that is wrong with it.
    pub fn verify(
        token: &str,
        session_key: &[u8],
        query: &str,
        now: Timestamp,
    ) -> Result<Self, HubError> {
        Self::read(token, session_key, query)
            .filter(|read| now < read.issued.plus_seconds(LIFETIME_SECONDS))
            .ok_or_else(|| {
                HubError::invalid(
                    "The continuation token is not one of this query, or is older than a day; \
                     start the query again.",
                )
            })
    }

    fn read(token: &str, session_key: &[u8], query: &str) -> Option<Self> {
        if token.len() > MAX_LENGTH {
            return None;
        }
        let (content, signature) = token.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let expected = sign(session_key, content, query)?;
        if !secrets_match(&signature, &expected) {
            return None;
        }
        crate::reading::value(&URL_SAFE_NO_PAD.decode(content).ok()?).ok()
    }
}

/// The content has no line break, so where it ends and the query begins is certain.
fn sign(session_key: &[u8], content: &str, query: &str) -> Option<[u8; 32]> {
    let key = hmac_sha256(session_key, &[KEY_PURPOSE])?;
    hmac_sha256(&key, &[content.as_bytes(), b"\n", query.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::DocumentKey;

    const KEY: [u8; 32] = [7; 32];
    const QUERY: &str = "SELECT * FROM devices";

    fn now() -> Timestamp {
        Timestamp::from_milliseconds(1_700_000_000_000)
    }

    fn token(value: SortValue) -> Continuation {
        let key = DocumentKey {
            device: "pump-7".into(),
            module: String::new(),
        };
        Continuation {
            position: Position::Place(Place { value, key }),
            remaining: Some(5),
            issued: now(),
        }
    }

    #[test]
    fn a_token_reads_back_with_its_own_query_and_key_for_a_day() {
        let original = token(SortValue::Number(0.1 + 0.2));
        let text = original.issue(&KEY, QUERY).unwrap();
        let read = |key: &[u8], query: &str, now| Continuation::verify(&text, key, query, now);
        assert_eq!(read(&KEY, QUERY, now()).unwrap(), original);
        assert!(read(&KEY, QUERY, now().plus_seconds(86_399)).is_ok());
        assert!(read(&KEY, QUERY, now().plus_seconds(86_400)).is_err());
        assert!(read(&KEY, "SELECT * FROM devices ", now()).is_err());
        assert!(read(&[8; 32], QUERY, now()).is_err());
        assert!(read(b"", QUERY, now()).is_err());
    }

    #[test]
    fn no_altered_token_is_read() {
        let text = token(SortValue::Absent).issue(&KEY, QUERY).unwrap();
        for index in 0..text.len() {
            let mut bytes = text.clone().into_bytes();
            bytes[index] = if bytes[index] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(bytes).unwrap();
            assert!(
                Continuation::verify(&forged, &KEY, QUERY, now()).is_err(),
                "{index}"
            );
        }
        for forged in ["", ".", "a.b", &text[1..]] {
            assert!(Continuation::verify(forged, &KEY, QUERY, now()).is_err());
        }
    }

    #[test]
    fn what_fits_no_header_is_an_error_that_says_so() {
        let error = token(SortValue::Text("x".repeat(9000)))
            .issue(&KEY, QUERY)
            .unwrap_err();
        assert!(error.message.contains("shorter"));
    }
}
