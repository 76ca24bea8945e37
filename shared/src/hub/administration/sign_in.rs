//! One-time sign-in: a random token in a link, kept only as a hash, good once and for an hour.

use crate::error::{ErrorCode, HubError};
use crate::ipc::hub::{HubReply, HubResult};
use crate::sql::Sql;
use crate::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Who signs in with a link. No account has this name: sessions and the record go by names.
pub(super) const BY_LINK: &str = "administrator";
/// How long a link is good.
const LIFETIME_SECONDS: i64 = 3600;
/// Longest token that is hashed.
const MAX_TOKEN_LENGTH: usize = 128;

fn hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}

/// Makes a token of random bytes and remembers its hash.
pub(super) fn issue(now: Timestamp, random: &[u8], sql: &dyn Sql) -> Result<String, HubError> {
    let token = URL_SAFE_NO_PAD.encode(random);
    sql.execute(
        "DELETE FROM sign_in WHERE expires <= ?",
        &[now.milliseconds().into()],
    )?;
    sql.execute(
        "INSERT INTO sign_in (token_hash, expires) VALUES (?, ?)",
        &[
            hash(&token).into(),
            now.plus_seconds(LIFETIME_SECONDS).milliseconds().into(),
        ],
    )?;
    Ok(token)
}

/// Trades a token for a person; it is gone afterwards. Looking up a hash leaks nothing
/// about other tokens through time.
pub(super) fn redeem(now: Timestamp, token: &str, sql: &dyn Sql) -> HubResult {
    let refused = || {
        HubError::new(
            ErrorCode::IotHubUnauthorizedAccess,
            "This sign-in link was used already or is too old; start the hub again for a new one.",
        )
    };
    if token.len() > MAX_TOKEN_LENGTH {
        return Err(refused());
    }
    let hash = hash(token);
    let rows = sql.query(
        "SELECT expires FROM sign_in WHERE token_hash = ? LIMIT 1",
        &[hash.as_str().into()],
    )?;
    let expires = rows
        .first()
        .and_then(|row| row.integer(0))
        .ok_or_else(refused)?;
    sql.execute("DELETE FROM sign_in WHERE token_hash = ?", &[hash.into()])?;
    if expires <= now.milliseconds() {
        return Err(refused());
    }
    Ok(HubReply::SignedIn {
        name: BY_LINK.to_owned(),
        role: "admin".to_owned(),
    })
}
