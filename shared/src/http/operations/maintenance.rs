//! What maintenance policies say of a device, and who may pass them over (`device-management.md` §4).

use super::{Failure, ask_shard, unexpected};
use crate::auth::Action;
use crate::error::HubError;
use crate::http::authorize::{Caller, forbidden};
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::ids::DeviceId;
use crate::ipc::registry::{ExplainMaintenance, RegistryReply, RegistryRequest};
use crate::percent;

/// Says that somebody wants a step in spite of the policies, and why.
pub const OVERRIDE: &str = "x-hub-override";
/// How long the reason is, in characters.
const REASON: std::ops::RangeInclusive<usize> = 10..=256;

/// `GET /api/v1/devices/{id}/maintenance?method=`: whether the method may be called now, and
/// what each policy that has a say in it says.
pub async fn explain<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
) -> Result<Response, Failure> {
    let method = request.filled_parameter("method").ok_or_else(|| {
        HubError::invalid("method must be there: the direct method that you want to call.")
    })?;
    let explain = RegistryRequest::ExplainMaintenance(ExplainMaintenance {
        device: device.clone(),
        method: method.into_owned(),
    });
    match ask_shard(backend, &device, explain).await? {
        RegistryReply::Explained(explained) => Ok(Response::json(200, &explained)),
        _ => Err(unexpected("the registry")),
    }
}

/// Why the caller wants a step in spite of the policies, if they do, and may.
pub(super) fn overriding(request: &Request, caller: &Caller) -> Result<Option<String>, HubError> {
    let Some(reason) = request.header(OVERRIDE) else {
        return Ok(None);
    };
    // As RFC 8187 has it, for words that no header may hold as they are.
    let decoded = reason.strip_prefix("utf-8''").map(percent::decode);
    let reason = match &decoded {
        Some(decoded) => decoded.as_deref().unwrap_or_default(),
        None => reason,
    };
    if !REASON.contains(&reason.chars().count()) {
        return Err(HubError::invalid(format!(
            "X-Hub-Override must hold the reason, with {} to {} characters.",
            REASON.start(),
            REASON.end()
        )));
    }
    if !caller.can(Action::OverridePolicies) {
        return Err(forbidden(
            "Your role does not allow to override maintenance policies.",
        ));
    }
    Ok(Some(reason.to_owned()))
}
