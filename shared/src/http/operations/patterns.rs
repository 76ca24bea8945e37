//! The registry of device-management patterns (`device-management.md` §3.1).

use super::{Failure, deleted, document_answer, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::http::precondition::if_match;
use crate::ipc::hub::{HubReply, HubRequest};
use crate::json;
use crate::pattern::check;
use serde_json::Value;

/// All patterns, or the one with that id.
pub(super) async fn read<B: Backend>(
    backend: &B,
    id: Option<String>,
) -> Result<Vec<Value>, Failure> {
    match backend.hub(HubRequest::ListPatterns(id)).await? {
        HubReply::Patterns(patterns) => Ok(patterns),
        _ => Err(unexpected("the hub")),
    }
}

/// One pattern that must be there.
pub(super) async fn required<B: Backend>(backend: &B, id: String) -> Result<Value, Failure> {
    let patterns = read(backend, Some(id.clone())).await?;
    let found = patterns.into_iter().next();
    found.ok_or_else(|| not_found(&id).into())
}

fn not_found(id: &str) -> HubError {
    HubError::new(
        ErrorCode::GenericNotFound,
        format!("There is no pattern {id}; GET /api/v1/patterns lists them."),
    )
}

/// `GET /api/v1/patterns`
pub async fn list<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let items = read(backend, None).await?;
    Ok(Response::json(200, &json!({ "items": items })))
}

/// `GET /api/v1/patterns/{id}`
pub async fn get<B: Backend>(backend: &B, id: String) -> Result<Response, Failure> {
    Ok(document_answer(200, &required(backend, id).await?))
}

/// `PUT /api/v1/patterns/{id}`: 201 for a new one, else 200
pub async fn put<B: Backend>(
    backend: &B,
    request: &Request,
    id: String,
) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    if json::text_member(&body, "id")?.is_some_and(|named| named != id) {
        return Err(HubError::invalid("id in the body is not the id of the path.").into());
    }
    let mut pattern = check::read(&Value::Object(body))?;
    pattern.id.clone_from(&id);
    let document = pattern.document();
    let change = HubRequest::PutPattern(Box::new(document), if_match(request));
    let HubReply::Stored { is_new, .. } = backend.hub(change).await? else {
        return Err(unexpected("the hub"));
    };
    let status = if is_new { 201 } else { 200 };
    Ok(document_answer(status, &required(backend, id).await?))
}

/// `DELETE /api/v1/patterns/{id}`
pub async fn delete<B: Backend>(
    backend: &B,
    request: &Request,
    id: String,
) -> Result<Response, Failure> {
    let change = HubRequest::DeletePattern(id.clone(), if_match(request));
    deleted(backend.hub(change).await?, || not_found(&id))
}
