//! Direct methods (`service.md §7`).

use super::ApiError;
use super::client::hub;
use crate::logic::url_state::encode;
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// What the device answered.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct MethodResult {
    /// The device's own status, any integer.
    pub status: i64,
    /// The device's payload; null if it sent none.
    #[serde(default)]
    pub payload: Value,
}

/// Calls a method and waits for the answer. `payload` is absent from the request if `None`.
pub async fn invoke(
    id: &str,
    name: &str,
    payload: Option<&Value>,
    response_timeout: u32,
    connect_timeout: u32,
) -> Result<MethodResult, ApiError> {
    let mut body = json!({
        "methodName": name,
        "responseTimeoutInSeconds": response_timeout,
        "connectTimeoutInSeconds": connect_timeout,
    });
    if let (Some(object), Some(payload)) = (body.as_object_mut(), payload) {
        object.insert("payload".to_owned(), payload.clone());
    }
    hub(Method::POST, &format!("/twins/{}/methods", encode(id)))
        .json(&body)
        .read()
        .await
        .map(|answer| answer.value)
}
