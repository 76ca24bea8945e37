//! Maintenance policies, and what they say of a device (`device-management.md` §4).

use super::{Failure, ask_shard, deleted, unexpected};
use crate::auth::Action;
use crate::error::{ErrorCode, HubError};
use crate::http::authorize::{Caller, forbidden};
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::http::precondition::if_match;
use crate::ids::DeviceId;
use crate::ipc::hub::{HubReply, HubRequest};
use crate::ipc::registry::{ExplainMaintenance, RegistryReply, RegistryRequest};
use crate::maintenance::check;
use serde_json::{Value, json};

/// Says that somebody wants a step in spite of the policies, and why.
pub const OVERRIDE: &str = "x-hub-override";
/// How long the reason is, in characters.
const REASON: std::ops::RangeInclusive<usize> = 10..=256;

/// From the hub object itself: the mirror has no policies.
async fn read<B: Backend>(backend: &B) -> Result<Vec<Value>, Failure> {
    match backend.hub(HubRequest::GetSettings).await? {
        HubReply::Settings(settings) => Ok(settings.maintenance),
        _ => Err(unexpected("the hub")),
    }
}

fn not_found(id: &str) -> HubError {
    HubError::new(
        ErrorCode::GenericNotFound,
        format!("There is no maintenance policy {id}."),
    )
}

fn answer(status: u16, policy: &Value) -> Response {
    let etag = policy.get("etag").and_then(Value::as_str);
    Response::json(status, policy).with_etag(etag.unwrap_or_default())
}

/// `GET /api/v1/maintenance-policies`
pub async fn list<B: Backend>(backend: &B) -> Result<Response, Failure> {
    Ok(Response::json(
        200,
        &json!({ "items": read(backend).await? }),
    ))
}

/// `GET /api/v1/maintenance-policies/{id}`
pub async fn get<B: Backend>(backend: &B, id: &str) -> Result<Response, Failure> {
    let policies = read(backend).await?;
    let is_it = |policy: &&Value| policy.get("id").and_then(Value::as_str) == Some(id);
    let policy = policies.iter().find(is_it).ok_or_else(|| not_found(id))?;
    Ok(answer(200, policy))
}

/// `PUT /api/v1/maintenance-policies/{id}`: 201 for a new one, else 200
pub async fn put<B: Backend>(
    backend: &B,
    request: &Request,
    id: String,
) -> Result<Response, Failure> {
    let mut body = json::parse_object(&request.body)?;
    if json::text_member(&body, "id")?.is_some_and(|named| named != id) {
        return Err(HubError::invalid("id in the body is not the id of the path.").into());
    }
    body.insert("id".to_owned(), json!(id));
    // Made by the hub.
    body.remove("etag");
    body.remove("version");
    let document = Value::Object(body);
    check(&document, backend.now(), backend.zones().as_ref())?;
    let change = HubRequest::PutMaintenancePolicy(Box::new(document), if_match(request));
    match backend.hub(change).await? {
        HubReply::Policy { is_new, policy } => Ok(answer(if is_new { 201 } else { 200 }, &policy)),
        _ => Err(unexpected("the hub")),
    }
}

/// `DELETE /api/v1/maintenance-policies/{id}`
pub async fn delete<B: Backend>(
    backend: &B,
    request: &Request,
    id: String,
) -> Result<Response, Failure> {
    let change = HubRequest::DeleteMaintenancePolicy(id.clone(), if_match(request));
    deleted(backend.hub(change).await?, || not_found(&id))
}

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
    if !REASON.contains(&reason.chars().count()) {
        return Err(HubError::invalid(format!(
            "X-Hub-Override must hold the reason, with {} to {} characters.",
            REASON.start(),
            REASON.end()
        )));
    }
    let session = caller.session.as_ref();
    if session.is_some_and(|session| !session.role.can(Action::OverridePolicies)) {
        return Err(forbidden(
            "Your role does not allow to override maintenance policies.",
        ));
    }
    Ok(Some(reason.to_owned()))
}
