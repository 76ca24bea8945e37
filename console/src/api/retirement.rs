//! Retiring devices (`device-management.md §7.1`).

use super::ApiError;
use super::client::own;
use crate::logic::url_state::encode;
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::Value;

/// How a retirement stands.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retirement {
    /// Names it.
    pub operation_id: String,
    /// The device.
    pub device_id: String,
    /// Which of the devices with that id.
    pub generation_id: String,
    /// The device that takes its place.
    #[serde(default)]
    pub replacement_id: Option<String>,
    /// `waitingForDeletion`, `copyingToReplacement` or `completed`.
    pub state: String,
    /// When the identity is deleted.
    #[serde(default)]
    pub deletion_time: Option<String>,
}

/// Retires a device.
pub async fn retire(id: &str, body: &Value) -> Result<Retirement, ApiError> {
    own(Method::POST, &format!("/devices/{}/retire", encode(id)))
        .json(body)
        .read()
        .await
        .map(|answer| answer.value)
}

/// How a retirement stands now.
pub async fn get(operation_id: &str) -> Result<Retirement, ApiError> {
    own(
        Method::GET,
        &format!("/retirements/{}", encode(operation_id)),
    )
    .read()
    .await
    .map(|answer| answer.value)
}
