//! `/api/v1/session`: who is signed in.

use super::{ApiError, client};
use gloo_net::http::Method;
use serde::Deserialize;

/// The signed-in person.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Name shown in the top bar.
    pub name: String,
    /// `viewer`, `operator`, `supervisor` or `admin` (`device-management.md §6`).
    pub role: String,
    /// When the session ends.
    #[serde(default)]
    pub expires_at: Option<String>,
    /// Behind `WHERE`: the devices that there are for the person; `None`: all.
    #[serde(default)]
    pub scope: Option<String>,
    /// Whether there is a password that can be changed.
    #[serde(default)]
    pub has_account: bool,
}

/// The current session; a 401 answer means nobody is signed in.
pub async fn current() -> Result<Option<Session>, ApiError> {
    match client::own(Method::GET, "/session")
        .expects_unauthorized()
        .read()
        .await
    {
        Ok(answer) => Ok(Some(answer.value)),
        Err(error) if error.status() == Some(401) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Redeems a one-time token.
pub async fn sign_in(token: &str) -> Result<Session, ApiError> {
    begin(&serde_json::json!({ "token": token })).await
}

/// Signs in to an account.
pub async fn sign_in_by_name(name: &str, password: &str) -> Result<Session, ApiError> {
    begin(&serde_json::json!({ "name": name, "password": password })).await
}

/// Sets another password; every session of the account ends.
pub async fn change_password(current: &str, password: &str) -> Result<(), ApiError> {
    client::own(Method::POST, "/session/password")
        .json(&serde_json::json!({ "current": current, "password": password }))
        .done()
        .await
}

async fn begin(shown: &serde_json::Value) -> Result<Session, ApiError> {
    client::own(Method::POST, "/session")
        .expects_unauthorized()
        .json(shown)
        .read()
        .await
        .map(|answer| answer.value)
}

/// Ends the session.
pub async fn sign_out() -> Result<(), ApiError> {
    client::own(Method::DELETE, "/session")
        .expects_unauthorized()
        .done()
        .await
}
