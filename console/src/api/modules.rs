//! Module identities of a device (`service.md §4.4`).

use super::ApiError;
use super::client::{Answer, hub};
use super::devices::Identity;
use crate::logic::url_state::encode;
use gloo_net::http::Method;
use serde_json::{Value, json};

/// The modules of a device.
pub async fn list(device: &str) -> Result<Vec<Identity>, ApiError> {
    let path = format!("/devices/{}/modules", encode(device));
    let all = hub(Method::GET, &path).read::<Vec<Value>>().await?.value;
    Ok(all
        .into_iter()
        .map(|value| {
            Identity::new(Answer {
                value,
                etag: None,
                continuation: None,
            })
        })
        .collect())
}

/// Creates a module; the hub makes its keys.
pub async fn create(device: &str, module: &str, managed_by: &str) -> Result<Identity, ApiError> {
    let mut body = json!({ "deviceId": device, "moduleId": module });
    if let (Some(members), false) = (body.as_object_mut(), managed_by.is_empty()) {
        members.insert("managedBy".to_owned(), json!(managed_by));
    }
    hub(Method::PUT, &path(device, module))
        .json(&body)
        .read()
        .await
        .map(Identity::new)
}

/// Deletes a module with its twin.
pub async fn delete(device: &str, module: &str, etag: &str) -> Result<(), ApiError> {
    hub(Method::DELETE, &path(device, module))
        .if_match(etag)
        .done()
        .await
}

fn path(device: &str, module: &str) -> String {
    format!("/devices/{}/modules/{}", encode(device), encode(module))
}
