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
    client::own(Method::POST, "/session")
        .expects_unauthorized()
        .json(&serde_json::json!({ "token": token }))
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
