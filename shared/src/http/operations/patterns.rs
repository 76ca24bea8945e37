//! The registry of device-management patterns (`device-management.md` §3.1).

use super::{Failure, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::http::precondition::if_match;
use crate::ipc::hub::{HubReply, HubRequest};
use crate::ipc::pattern::KeptPattern;
use crate::pattern::{Pattern, check};
use serde_json::{Value, json};

/// All patterns, or the one with that id.
pub(super) async fn read<B: Backend>(
    backend: &B,
    id: Option<String>,
) -> Result<Vec<KeptPattern>, Failure> {
    match backend.hub(HubRequest::ListPatterns(id)).await? {
        HubReply::Patterns(patterns) => Ok(patterns),
        _ => Err(unexpected("the hub")),
    }
}

/// One pattern that must be there.
pub(super) async fn required<B: Backend>(backend: &B, id: String) -> Result<KeptPattern, Failure> {
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

fn document(pattern: &Pattern, built_in: bool, etag: &str, changed: Value) -> Value {
    let mut document = json!(pattern);
    if let Value::Object(members) = &mut document {
        members.insert("builtIn".to_owned(), json!(built_in));
        members.insert("etag".to_owned(), json!(etag));
        if !changed.is_null() {
            members.insert("changedTime".to_owned(), changed);
        }
    }
    document
}

fn shown(kept: &KeptPattern) -> Value {
    let changed = json!(kept.changed_time);
    document(&kept.pattern, kept.built_in, &kept.etag, changed)
}

/// `GET /api/v1/patterns`
pub async fn list<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let patterns = read(backend, None).await?;
    let items: Vec<Value> = patterns.iter().map(shown).collect();
    Ok(Response::json(200, &json!({ "items": items })))
}

/// `GET /api/v1/patterns/{id}`
pub async fn get<B: Backend>(backend: &B, id: String) -> Result<Response, Failure> {
    let kept = required(backend, id).await?;
    Ok(Response::json(200, &shown(&kept)).with_etag(&kept.etag))
}

/// `PUT /api/v1/patterns/{id}`: 201 for a new one, else 200
pub async fn put<B: Backend>(
    backend: &B,
    request: &Request,
    id: String,
) -> Result<Response, Failure> {
    let pattern = Box::new(check::read(&request.body, &id)?);
    let change = HubRequest::PutPattern(pattern.clone(), if_match(request));
    let HubReply::Stored { is_new, etag } = backend.hub(change).await? else {
        return Err(unexpected("the hub"));
    };
    let built_in = check::check_deletable(&id).is_err();
    let body = document(&pattern, built_in, &etag, Value::Null);
    let status = if is_new { 201 } else { 200 };
    Ok(Response::json(status, &body).with_etag(&etag))
}

/// `DELETE /api/v1/patterns/{id}`
pub async fn delete<B: Backend>(
    backend: &B,
    request: &Request,
    id: String,
) -> Result<Response, Failure> {
    let change = HubRequest::DeletePattern(id.clone(), if_match(request));
    match backend.hub(change).await? {
        HubReply::Changed(true) => Ok(Response::empty(204)),
        HubReply::Changed(false) => Err(not_found(&id).into()),
        _ => Err(unexpected("the hub")),
    }
}
