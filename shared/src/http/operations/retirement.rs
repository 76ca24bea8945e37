//! Retirement of a device (`device-management.md` §7.1).

use super::devices::entropy;
use super::{Failure, ask_shard, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::json::{self, Object};
use crate::http::message::{Request, Response};
use crate::http::scope;
use crate::ids::DeviceId;
use crate::ipc::registry::{RegistryReply, RegistryRequest, Retire, RetireMode, RetireReason};
use crate::time::duration_seconds;

/// The blocked identity may stay at most ten years.
const LONGEST_WAIT_SECONDS: i64 = 3_660 * 86_400;

/// `POST /api/v1/devices/{id}/retire`: 202 with the operation
pub async fn retire<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
    device: DeviceId,
) -> Result<Response, Failure> {
    let retire = wanted(&request.body, device.clone(), entropy(backend, 1))?;
    // It gets the twin of this one.
    if let Some(replacement) = &retire.replacement {
        scope::check_other(backend, caller, replacement).await?;
    }
    let request = RegistryRequest::Retire(Box::new(retire));
    match ask_shard(backend, &device, request).await? {
        RegistryReply::Retirement(document) => Ok(Response::json(202, &document)),
        _ => Err(unexpected("the registry")),
    }
}

fn wanted(body: &[u8], device: DeviceId, entropy: Vec<u8>) -> Result<Retire, HubError> {
    let body = json::parse_object(body)?;
    let mode = match json::text_member(&body, "mode")? {
        None | Some("retire") => RetireMode::Retire,
        Some("replace") => RetireMode::Replace,
        Some(_) => return Err(HubError::invalid("mode must be retire or replace.")),
    };
    let replacement = json::text_member(&body, "replacementId")?
        .map(DeviceId::parse)
        .transpose()
        .map_err(|error| HubError::invalid(format!("replacementId is not legal: {error}.")))?;
    match (mode, &replacement) {
        (RetireMode::Replace, None) => {
            return Err(HubError::invalid("mode replace needs a replacementId."));
        }
        (RetireMode::Retire, Some(_)) => {
            return Err(HubError::invalid("A replacementId needs the mode replace."));
        }
        _ => {}
    }
    Ok(Retire {
        device,
        mode,
        replacement,
        reason: reason(&body)?,
        delete_after_seconds: delete_after(&body)?,
        entropy,
    })
}

fn reason(body: &Object) -> Result<RetireReason, HubError> {
    let given = json::text_member(body, "reason")?.unwrap_or_default();
    RetireReason::ALL
        .into_iter()
        .find(|reason| reason.name() == given)
        .ok_or_else(|| {
            let names = RetireReason::ALL.map(RetireReason::name);
            HubError::invalid(format!("reason must be one of {}.", names.join(", ")))
        })
}

fn delete_after(body: &Object) -> Result<i64, HubError> {
    let Some(text) = json::text_member(body, "deleteAfter")? else {
        return Ok(0);
    };
    duration_seconds(text)
        .filter(|seconds| *seconds <= LONGEST_WAIT_SECONDS)
        .ok_or_else(|| {
            HubError::invalid(
                "deleteAfter must be a duration of at most ten years, such as P30D or PT12H.",
            )
        })
}

/// `GET /api/v1/retirements/{operation id}`
pub async fn get<B: Backend>(backend: &B, id: &str) -> Result<Response, Failure> {
    let not_found = || HubError::new(ErrorCode::JobNotFound, "There is no such retirement.");
    let (shard, number) = id.split_once('-').ok_or_else(not_found)?;
    let shard: u16 = shard.parse().map_err(|_| not_found())?;
    let number: i64 = number.parse().map_err(|_| not_found())?;
    if shard >= backend.layout().shards {
        return Err(not_found().into());
    }
    let request = RegistryRequest::GetRetirement(number);
    match backend.registry(shard, request).await? {
        RegistryReply::Retirement(document) => Ok(Response::json(200, &document)),
        _ => Err(unexpected("the registry")),
    }
}
