//! Registry statistics (`service.md` §4.7): exact, summed over the shards.

use super::{Failure, ask_all_shards, unexpected};
use crate::http::backend::Backend;
use crate::http::message::Response;
use crate::ipc::registry::{RegistryReply, RegistryRequest, Statistics};
use crate::json;

/// `GET /statistics/devices`
pub async fn devices<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let sum = total(backend).await?;
    Ok(Response::json(
        200,
        &json!({
            "totalDeviceCount": sum.total,
            "enabledDeviceCount": sum.enabled,
            "disabledDeviceCount": sum.disabled,
        }),
    ))
}

/// `GET /statistics/service`
pub async fn service<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let sum = total(backend).await?;
    Ok(Response::json(
        200,
        &json!({ "connectedDeviceCount": sum.connected }),
    ))
}

/// Counts of the whole hub.
pub async fn total<B: Backend>(backend: &B) -> Result<Statistics, Failure> {
    let mut sum = Statistics::default();
    for reply in ask_all_shards(backend, &RegistryRequest::Statistics).await? {
        let RegistryReply::Statistics(part) = reply else {
            return Err(unexpected("the registry"));
        };
        sum.total += part.total;
        sum.enabled += part.enabled;
        sum.disabled += part.disabled;
        sum.connected += part.connected;
        sum.never_connected += part.never_connected;
    }
    Ok(sum)
}
