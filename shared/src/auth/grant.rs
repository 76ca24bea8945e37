//! What people with accounts and API tokens were granted (`device-management.md` §6): a role,
//! and optionally the twin condition of the devices that it is about.
//!
//! The HTTP side has all of them with the settings, so that neither a session nor a token takes
//! a call to be judged. Nothing of it can be turned into a password or a token.

use super::role::Role;
use super::signature::{secrets_match, sha256_hex};
use crate::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

/// What API tokens begin with: whoever finds one in a log knows what it is.
const TOKEN_PREFIX: &str = "skerry_";
/// Random bytes of a token.
pub const TOKEN_BYTES: usize = 32;
/// Longest text that is looked at as a token.
const MAX_TOKEN_LENGTH: usize = 256;
/// Longest twin condition.
pub const MAX_SCOPE: usize = 512;
/// From how many devices on a job needs an approval.
pub const DEFAULT_APPROVAL_THRESHOLD: u64 = 100;

/// A role that a person or an API token has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// The account's name, or the token's id.
    pub id: String,
    /// The name that the record shows.
    pub name: String,
    /// What may be done.
    pub role: Role,
    /// Behind `WHERE`: which devices there are for the holder; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// Sessions that began before are over, since something of the account has changed.
    pub since: Timestamp,
    /// When a token ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// SHA-256 of a token, in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_hash: Option<String>,
}

impl Grant {
    fn is_good(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// A session that was ended before its time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSession {
    /// Its id.
    pub id: String,
    /// When it would have ended; afterwards nobody needs to know of it.
    pub expires: Timestamp,
}

/// Everything that was granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grants {
    /// Accounts that may sign in, in order of name.
    #[serde(default)]
    pub accounts: Vec<Grant>,
    /// API tokens.
    #[serde(default)]
    pub tokens: Vec<Grant>,
    /// Sessions that were ended.
    #[serde(default)]
    pub ended: Vec<EndedSession>,
    /// A job on more devices than this needs an approval of those who may not do it alone.
    #[serde(default = "default_threshold")]
    pub approval_threshold: u64,
}

fn default_threshold() -> u64 {
    DEFAULT_APPROVAL_THRESHOLD
}

impl Default for Grants {
    fn default() -> Self {
        Self {
            accounts: Vec::new(),
            tokens: Vec::new(),
            ended: Vec::new(),
            approval_threshold: DEFAULT_APPROVAL_THRESHOLD,
        }
    }
}

impl Grants {
    /// The grant of an account.
    pub fn account(&self, name: &str) -> Option<&Grant> {
        self.accounts.iter().find(|account| account.id == name)
    }

    /// What somebody has now whom the record calls `kind:name`.
    pub fn holder(&self, kind: &str, name: &str, now: Timestamp) -> Option<&Grant> {
        match kind {
            "person" => self.account(name),
            "token" => {
                let mut tokens = self.tokens.iter();
                tokens.find(|token| token.name == name && token.is_good(now))
            }
            _ => None,
        }
    }

    /// Whether a session was ended before its time.
    pub fn has_ended(&self, session: &str) -> bool {
        self.ended.iter().any(|ended| ended.id == session)
    }

    /// The grant of an API token as it was shown once.
    pub fn token(&self, text: &str, now: Timestamp) -> Option<&Grant> {
        if !is_token(text) {
            return None;
        }
        let hash = token_hash(text);
        let mut found = None;
        // All of them are compared, each in constant time.
        for grant in &self.tokens {
            let kept = grant.token_hash.as_deref().unwrap_or_default();
            if secrets_match(hash.as_bytes(), kept.as_bytes()) {
                found = Some(grant);
            }
        }
        found.filter(|grant| grant.is_good(now))
    }
}

/// Whether a text could be an API token.
pub fn is_token(text: &str) -> bool {
    text.len() <= MAX_TOKEN_LENGTH && text.starts_with(TOKEN_PREFIX)
}

/// The text of a new token.
pub fn token_text(random: &[u8; TOKEN_BYTES]) -> String {
    format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(random))
}

/// What is kept of a token.
pub fn token_hash(text: &str) -> String {
    sha256_hex(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants(until: Option<Timestamp>) -> (String, Grants) {
        let text = token_text(&[9; TOKEN_BYTES]);
        let token = Grant {
            id: "t1".to_owned(),
            name: "ci".to_owned(),
            role: Role::Operator,
            scope: None,
            since: Timestamp::from_milliseconds(0),
            until,
            token_hash: Some(token_hash(&text)),
        };
        let tokens = vec![
            Grant {
                token_hash: None,
                ..token.clone()
            },
            token,
        ];
        (
            text,
            Grants {
                tokens,
                ..Grants::default()
            },
        )
    }

    #[test]
    fn a_token_is_good_until_it_ends_and_no_other_text_is() {
        let end = Timestamp::from_milliseconds(5_000);
        let (text, grants) = grants(Some(end));
        let before = end.plus_milliseconds(-1);
        assert_eq!(grants.token(&text, before).unwrap().name, "ci");
        assert_eq!(grants.token(&text, end), None);
        for other in ["", "skerry_", &text[1..], &format!("{text}A")] {
            assert_eq!(grants.token(other, before), None, "{other}");
        }
        let (text, grants) = super::tests::grants(None);
        assert!(grants.token(&text, end.plus_seconds(1_000_000)).is_some());
    }

    #[test]
    fn what_is_kept_holds_no_token() {
        let (text, grants) = grants(None);
        let kept = serde_json::to_string(&grants).unwrap();
        assert!(!kept.contains(&text) && !kept.contains(TOKEN_PREFIX));
        let read: Grants = serde_json::from_str(&kept).unwrap();
        assert_eq!(read, grants);
        let none: Grants = serde_json::from_str("{}").unwrap();
        assert_eq!(none, Grants::default());
    }
}
