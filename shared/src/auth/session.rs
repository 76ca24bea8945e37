//! The console's session cookie: a signed statement of who signed in, as what, until when.
//!
//! The value is `base64url(JSON).base64url(HMAC-SHA256)`. It holds no secret, but is
//! one: whoever has it is that person. The signature is checked before anything of
//! the content is read.

use super::role::Role;
use super::signature::{hmac_sha256, secrets_match};
use crate::error::{ErrorCode, HubError};
use crate::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest cookie value that is looked at.
///
/// The longest legal name and id, every character escaped in JSON, fit.
pub const MAX_COOKIE_BYTES: usize = 3072;
/// Longest name of a person, in bytes.
pub const MAX_NAME_BYTES: usize = 128;
/// Shortest session key.
pub const MIN_SESSION_KEY_BYTES: usize = 32;

/// Keeps a session's signature from being valid for anything else signed with the same key.
const PURPOSE: &[u8] = b"skerry console session 1\n";

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The person, as the console shows it.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// When the session began.
    pub issued: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// Tells sessions apart, for signing out and the audit log.
    pub id: String,
    /// Of an account; its grant says what may be done, not the role in here, which is what it
    /// was when the session began. Others began with the link that the launcher shows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub account: bool,
}

/// Why a cookie is not a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionRefusal {
    /// Not of the form of a session.
    Malformed,
    /// Not signed with this hub's key.
    WrongSignature,
    /// Over.
    Expired,
}

impl fmt::Display for SessionRefusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Malformed => "the session cookie is malformed; sign in again",
            Self::WrongSignature => "the session cookie is not from this hub; sign in again",
            Self::Expired => "the session has ended; sign in again",
        })
    }
}

impl std::error::Error for SessionRefusal {}

impl From<SessionRefusal> for HubError {
    fn from(refusal: SessionRefusal) -> Self {
        Self::new(ErrorCode::IotHubUnauthorizedAccess, refusal.to_string())
    }
}

impl Session {
    /// The cookie's value.
    pub fn issue(&self, session_key: &[u8]) -> Result<String, HubError> {
        if session_key.len() < MIN_SESSION_KEY_BYTES {
            return Err(HubError::internal("the session key is too short"));
        }
        if self.name.is_empty()
            || self.name.len() > MAX_NAME_BYTES
            || self.id.len() > MAX_NAME_BYTES
        {
            return Err(HubError::invalid(format!(
                "A session's name has 1 to {MAX_NAME_BYTES} bytes, its id at most as many."
            )));
        }
        let json = serde_json::to_vec(self)
            .map_err(|error| HubError::internal(format!("a session cannot be written: {error}")))?;
        let content = URL_SAFE_NO_PAD.encode(json);
        let signature = hmac_sha256(session_key, &[PURPOSE, content.as_bytes()])
            .ok_or_else(|| HubError::internal("the session key is empty"))?;
        Ok(format!("{content}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// Reads a cookie's value.
    pub fn verify(value: &str, session_key: &[u8], now: Timestamp) -> Result<Self, SessionRefusal> {
        if value.len() > MAX_COOKIE_BYTES {
            return Err(SessionRefusal::Malformed);
        }
        let (content, signature) = value.split_once('.').ok_or(SessionRefusal::Malformed)?;
        let signature = URL_SAFE_NO_PAD
            .decode(signature)
            .map_err(|_| SessionRefusal::Malformed)?;
        if session_key.len() < MIN_SESSION_KEY_BYTES {
            return Err(SessionRefusal::WrongSignature);
        }
        let expected = hmac_sha256(session_key, &[PURPOSE, content.as_bytes()])
            .ok_or(SessionRefusal::WrongSignature)?;
        if !secrets_match(&signature, &expected) {
            return Err(SessionRefusal::WrongSignature);
        }
        let json = URL_SAFE_NO_PAD
            .decode(content)
            .map_err(|_| SessionRefusal::Malformed)?;
        let session: Self = crate::reading::value(&json).map_err(|_| SessionRefusal::Malformed)?;
        if now >= session.expires {
            return Err(SessionRefusal::Expired);
        }
        Ok(session)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 32] = [7; 32];

    fn session() -> Session {
        let issued = Timestamp::from_milliseconds(1_700_000_000_000);
        Session {
            name: "Ada \"한국\"".to_owned(),
            role: Role::Operator,
            issued,
            expires: issued.plus_seconds(3600),
            id: "0011aa".to_owned(),
            account: true,
        }
    }

    #[test]
    fn a_session_reads_back_until_it_ends() {
        let session = session();
        let value = session.issue(&KEY).unwrap();
        assert!(
            value
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
        );
        let last = session.expires.plus_milliseconds(-1);
        assert_eq!(Session::verify(&value, &KEY, last), Ok(session.clone()));
        assert_eq!(
            Session::verify(&value, &KEY, session.expires),
            Err(SessionRefusal::Expired)
        );
    }

    #[test]
    fn any_changed_character_is_noticed() {
        let session = session();
        let value = session.issue(&KEY).unwrap();
        for position in 0..value.len() {
            let mut bytes = value.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(
                Session::verify(&changed, &KEY, session.issued).is_err(),
                "{position}"
            );
        }
    }

    #[test]
    fn another_key_another_form_and_no_signature_are_refused() {
        let session = session();
        let value = session.issue(&KEY).unwrap();
        let now = session.issued;
        assert_eq!(
            Session::verify(&value, &[8; 32], now),
            Err(SessionRefusal::WrongSignature)
        );
        assert_eq!(
            Session::verify(&value, &[], now),
            Err(SessionRefusal::WrongSignature)
        );
        let (content, _) = value.split_once('.').unwrap();
        assert_eq!(
            Session::verify(&format!("{content}."), &KEY, now),
            Err(SessionRefusal::WrongSignature)
        );
        assert_eq!(
            Session::verify(content, &KEY, now),
            Err(SessionRefusal::Malformed)
        );
        assert_eq!(
            Session::verify("", &KEY, now),
            Err(SessionRefusal::Malformed)
        );
        assert_eq!(
            Session::verify(&"a.".repeat(1537), &KEY, now),
            Err(SessionRefusal::Malformed)
        );
    }

    #[test]
    fn a_signature_made_for_something_else_does_not_count() {
        let session = session();
        let content = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&session).unwrap());
        let mac = hmac_sha256(&KEY, &[content.as_bytes()]).unwrap();
        let forged = format!("{content}.{}", URL_SAFE_NO_PAD.encode(mac));
        assert_eq!(
            Session::verify(&forged, &KEY, session.issued),
            Err(SessionRefusal::WrongSignature)
        );
    }

    #[test]
    fn what_could_not_be_read_again_is_not_issued() {
        assert!(session().issue(&[7; 31]).is_err());
        assert!(
            Session {
                name: String::new(),
                ..session()
            }
            .issue(&KEY)
            .is_err()
        );
        assert!(
            Session {
                name: "n".repeat(129),
                ..session()
            }
            .issue(&KEY)
            .is_err()
        );
        let text = "\u{1}".repeat(MAX_NAME_BYTES);
        let longest = Session {
            name: text.clone(),
            id: text,
            ..session()
        };
        let value = longest.issue(&KEY).unwrap();
        assert_eq!(Session::verify(&value, &KEY, longest.issued), Ok(longest));
    }
}
