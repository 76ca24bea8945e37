//! How often operations may run (`service.md §16`).

use super::ApiError;
use super::client::own;
use crate::logic::limits::{Change, Limits};
use gloo_net::http::Method;
use serde_json::Value;

/// The limits and what is left of them.
pub async fn get() -> Result<Limits, ApiError> {
    let answer = own(Method::GET, "/throttles").read::<Value>().await?;
    Ok(Limits::read(&answer.value))
}

/// What the hub uses (`device-management.md §9`).
pub async fn usage() -> Result<Value, ApiError> {
    Ok(own(Method::GET, "/usage").read().await?.value)
}

/// Changes one thing of what stands there now, not of what was on screen.
pub async fn change(change: &Change) -> Result<Limits, ApiError> {
    let settings = get().await?.after(change);
    let answer = own(Method::PUT, "/throttles")
        .json(&settings)
        .read::<Value>()
        .await?;
    Ok(Limits::read(&answer.value))
}
