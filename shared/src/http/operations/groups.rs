//! Saved groups with their live counts (`device-management.md` §7).
//!
//! A count is a query of this moment over all shards, and costs as much as one. Who wants to
//! follow a group takes the query in `watch` to a stream.

use super::{Failure, deleted, unexpected};
use crate::alert::Severity;
use crate::error::{ErrorCode, HubError};
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::http::precondition::if_match;
use crate::http::query_pages;
use crate::ipc::device_group::DeviceGroup;
use crate::ipc::hub::{HubReply, HubRequest};
use crate::json;
use crate::query::since::watch_query;
use serde_json::Value;

/// A list stops counting after so many documents, so that one request cannot scan without
/// end; each group costs a little whatever it scans.
const MAX_SCANNED: u64 = 200_000;
const COST_OF_GROUP: u64 = 2_000;

async fn read<B: Backend>(backend: &B, id: Option<String>) -> Result<Vec<DeviceGroup>, Failure> {
    match backend.hub(HubRequest::ListDeviceGroups(id)).await? {
        HubReply::DeviceGroups(groups) => Ok(groups),
        _ => Err(unexpected("the hub")),
    }
}

fn not_found(id: &str) -> HubError {
    HubError::new(
        ErrorCode::GenericNotFound,
        format!("There is no group {id}."),
    )
}

fn document(group: &DeviceGroup, count: Option<u64>) -> Value {
    let mut document = json!(group);
    if let Value::Object(members) = &mut document {
        members.insert("watch".to_owned(), watch_query(&group.condition).into());
        if let Some(count) = count {
            members.insert("count".to_owned(), count.into());
        }
    }
    document
}

fn severity(text: &str) -> Result<Severity, HubError> {
    Severity::parse(text).ok_or_else(|| {
        HubError::invalid(
            "severity must be error, warning or info; a group without one is no issue.",
        )
    })
}

/// `GET /api/v1/groups`; with `?count=true` the counts as far as they can be had
pub async fn list<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let groups = read(backend, None).await?;
    let counts = request
        .parameter("count")
        .is_some_and(|text| text == "true");
    let mut scanned = if counts { 0 } else { MAX_SCANNED };
    let mut items = Vec::with_capacity(groups.len());
    for group in &groups {
        let mut count = None;
        if scanned < MAX_SCANNED {
            let cost =
                query_pages::count(backend, &group.condition, caller.scope.as_deref()).await?;
            scanned += cost.scanned + COST_OF_GROUP;
            count = Some(cost.matched);
        }
        items.push(document(group, count));
    }
    Ok(Response::json(200, &json!({ "items": items })))
}

/// `GET /api/v1/groups/{id}` with its count
pub async fn get<B: Backend>(
    backend: &B,
    caller: &Caller,
    id: String,
) -> Result<Response, Failure> {
    let groups = read(backend, Some(id.clone())).await?;
    let group = groups.first().ok_or_else(|| not_found(&id))?;
    let scope = caller.scope.as_deref();
    let count = query_pages::count(backend, &group.condition, scope)
        .await?
        .matched;
    Ok(Response::json(200, &document(group, Some(count))).with_etag(&group.etag))
}

/// `PUT /api/v1/groups/{id}`: 201 for a new one, else 200
pub async fn put<B: Backend>(
    backend: &B,
    request: &Request,
    id: String,
) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let text = |name| json::text_member(&body, name);
    if text("id")?.is_some_and(|named| named != id) {
        return Err(HubError::invalid("id in the body is not the id of the path.").into());
    }
    let mut group = DeviceGroup {
        id,
        condition: text("condition")?
            .ok_or_else(|| HubError::invalid("condition must be there: what stands behind WHERE."))?
            .to_owned(),
        description: text("description")?.map(str::to_owned),
        severity: text("severity")?.map(severity).transpose()?,
        etag: String::new(),
        changed_time: None,
    };
    let change = HubRequest::PutDeviceGroup(group.clone(), if_match(request));
    match backend.hub(change).await? {
        HubReply::Stored { is_new, etag } => {
            group.etag = etag;
            let status = if is_new { 201 } else { 200 };
            Ok(Response::json(status, &document(&group, None)).with_etag(&group.etag))
        }
        _ => Err(unexpected("the hub")),
    }
}

/// `DELETE /api/v1/groups/{id}`
pub async fn delete<B: Backend>(
    backend: &B,
    request: &Request,
    id: String,
) -> Result<Response, Failure> {
    let change = HubRequest::DeleteDeviceGroup(id.clone(), if_match(request));
    deleted(backend.hub(change).await?, || not_found(&id))
}
