//! Requests that wait for another person's approval (`device-management.md` §6): kept as they
//! were made, and carried out as they were made, by whom they were made.

use super::access::{ask, find, list, not_found};
use super::{Failure, settings};
use crate::auth::Action;
use crate::error::{ErrorCode, HubError};
use crate::http::access_operation::Decision;
use crate::http::authorize::{Caller, forbidden};
use crate::http::backend::Backend;
use crate::http::error::new_uuid;
use crate::http::json;
use crate::http::message::{Body, Method, Request, Response};
use crate::ipc::access::{AccessVerb, member};
use crate::ipc::hub::Settings;
use crate::ipc::registry::Precondition;
use crate::json;
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// Largest body of a request that can wait.
const MAX_BODY: usize = 256 * 1024;
/// Headers that change what a request does.
const HEADERS: [&str; 2] = ["if-match", "content-type"];
/// How much of an answer is kept.
const MAX_OUTCOME: usize = 8 * 1024;
/// Longest note of who decides, in characters.
const MAX_NOTE: usize = 512;

/// Whether a caller may decide about what others ask for.
fn decides(caller: &Caller) -> bool {
    caller.can(Action::RunDisruptiveJobs) && caller.scope.is_none()
}

/// Keeps a request that its caller may not make alone: 202. `why` tells what is needed.
pub async fn request<B: Backend>(
    backend: &B,
    request: &Request,
    why: &HubError,
) -> Result<Response, Failure> {
    let body = std::str::from_utf8(&request.body).ok();
    let body = body.filter(|body| body.len() <= MAX_BODY).ok_or_else(|| {
        forbidden("This needs somebody else's approval and is too large to wait for it.")
    })?;
    let headers = HEADERS.iter().filter_map(|name| {
        let value = request.header(name)?;
        Some(((*name).to_owned(), json!(value)))
    });
    let document = json!({
        "id": new_uuid(backend),
        "reason": why.message,
        "request": {
            "method": request.method.as_str(),
            "path": request.path,
            "query": request.query,
            "headers": headers.collect::<Map<_, _>>(),
            "body": body,
        },
    });
    let made = ask(
        backend,
        AccessVerb::RequestApproval,
        document,
        Precondition::None,
    )
    .await?;
    let answer = json!({
        "approvalId": member(&made, "id"),
        "state": member(&made, "state"),
        "reason": member(&made, "reason"),
        "expiresAt": member(&made, "expiresAt"),
    });
    let place = format!(
        "/api/v1/approvals/{}",
        member(&made, "id").as_str().unwrap_or_default()
    );
    Ok(Response::json(202, &answer).with_header("location", place))
}

/// `GET /api/v1/approvals`
pub async fn list_approvals<B: Backend>(backend: &B, caller: &Caller) -> Result<Response, Failure> {
    list(
        backend,
        "approval",
        if decides(caller) { "" } else { &caller.actor },
    )
    .await
}

/// One that the caller may know of.
async fn known<B: Backend>(backend: &B, caller: &Caller, id: &str) -> Result<Value, Failure> {
    let found = find(backend, "approval", id).await?.filter(|approval| {
        let is_own = approval.get("requestedBy").and_then(Value::as_str) == Some(&caller.actor);
        is_own || decides(caller)
    });
    found.ok_or_else(|| not_found("request for approval", id))
}

/// `GET /api/v1/approvals/{id}`
pub async fn get<B: Backend>(backend: &B, caller: &Caller, id: &str) -> Result<Response, Failure> {
    Ok(Response::json(200, &known(backend, caller, id).await?))
}

/// `POST /api/v1/approvals/{id}/approve|reject|withdraw` with `{"note"?}`. Of an approved one also
/// the request that has to run now, and as whom.
pub async fn decide<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
    id: &str,
    decision: Decision,
) -> Result<(Value, Option<(Request, Caller)>), Failure> {
    let approval = known(backend, caller, id).await?;
    if decision != Decision::Withdraw && !decides(caller) {
        return Err(forbidden("Only a supervisor or an admin may decide about this.").into());
    }
    let body = match request.body.is_empty() {
        true => Map::new(),
        false => json::parse_object(&request.body)?,
    };
    let note = json::text_member(&body, "note")?.map(str::trim);
    let note = note.filter(|note| !note.is_empty());
    if note.is_some_and(|note| note.chars().count() > MAX_NOTE) {
        let text = format!("note has at most {MAX_NOTE} characters.");
        return Err(HubError::invalid(text).into());
    }
    // Judged before anything is decided: who has asked must still be somebody.
    let run = match decision {
        Decision::Approve => {
            let settings = settings(backend).await?;
            Some((
                recorded(&approval)?,
                requester(&approval, &settings, backend.now())?,
            ))
        }
        _ => None,
    };
    let state = match decision {
        Decision::Approve => "approved",
        Decision::Reject => "rejected",
        Decision::Withdraw => "withdrawn",
    };
    let wanted = json!({ "id": id, "state": state, "note": note });
    let decided = ask(
        backend,
        AccessVerb::DecideApproval,
        wanted,
        Precondition::None,
    )
    .await?;
    Ok((decided, run))
}

/// The request as it was made.
fn recorded(approval: &Value) -> Result<Request, HubError> {
    let text = |name: &str| {
        let value = approval.pointer(&format!("/request/{name}"));
        value.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let headers = approval
        .pointer("/request/headers")
        .and_then(Value::as_object);
    let headers = headers
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())));
    let method = Method::parse(&text("method"));
    if method == Method::Other {
        return Err(HubError::internal("a recorded request without a verb"));
    }
    Ok(Request {
        method,
        path: text("path"),
        query: text("query"),
        headers: headers.collect(),
        body: text("body").into_bytes(),
        secure: true,
    })
}

/// Who has asked, with the role that they have now.
fn requester(approval: &Value, settings: &Settings, now: Timestamp) -> Result<Caller, HubError> {
    let actor = approval.get("requestedBy").and_then(Value::as_str);
    let (kind, name) = actor
        .and_then(|actor| actor.split_once(':'))
        .unwrap_or_default();
    let grant = settings.access.holder(kind, name, now);
    let grant = grant.ok_or_else(|| {
        HubError::new(
            ErrorCode::InvalidOperation,
            format!("{name}, who has asked for this, has no access any more; reject it."),
        )
    })?;
    Ok(Caller {
        is_approved: true,
        ..Caller::of(grant, kind, now.plus_seconds(60))
    })
}

/// Keeps what came of an approved request, and shows it.
pub async fn close<B: Backend>(
    backend: &B,
    id: &str,
    outcome: &Result<Response, Failure>,
) -> Result<Response, Failure> {
    let outcome = match outcome {
        Ok(response) => {
            let body = match &response.body {
                Body::Bytes(bytes) if bytes.len() <= MAX_OUTCOME => {
                    String::from_utf8_lossy(bytes).into_owned()
                }
                _ => String::new(),
            };
            json!({ "status": response.status, "body": body })
        }
        Err(failure) => json!({
            "status": failure.error.code.status(),
            "error": failure.error.code.name(),
            "body": failure.error.message,
        }),
    };
    let wanted = json!({ "id": id, "outcome": outcome });
    let closed = ask(
        backend,
        AccessVerb::CloseApproval,
        wanted,
        Precondition::None,
    )
    .await?;
    Ok(Response::json(200, &closed))
}
