//! What somebody may not do alone: the request is kept as it was made, and another person lets
//! it run or does not (`device-management.md` §6).

use super::{Document, all, count, delete, find, missing, put as keep, shown, text};
use crate::error::{ErrorCode, HubError};
use crate::ipc::access::{member, set};
use crate::ipc::hub::{HubReply, HubResult};
use crate::json;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::Value;

/// Requests that are kept, decided ones included.
const MOST: i64 = 500;
/// How long somebody has to decide.
const WAIT_SECONDS: i64 = 24 * 3600;
/// How long requests are kept.
const KEPT_SECONDS: i64 = 30 * 86_400;

fn kept_until(document: &Document) -> Option<Timestamp> {
    let requested = document.get("requestedAt").and_then(Value::as_str);
    let requested = requested.and_then(Timestamp::parse)?;
    Some(requested.plus_seconds(KEPT_SECONDS))
}

/// A request as it stands now: nobody may have decided in time.
pub(super) fn as_of(now: Timestamp, mut document: Value) -> Value {
    let expires = Timestamp::parse(text(&document, "expiresAt"));
    if text(&document, "state") == "pending" && expires.is_some_and(|expires| expires <= now) {
        set(&mut document, "state", json!("expired"));
    }
    document
}

pub(super) fn request(now: Timestamp, asked: &Value, by: &str, sql: &dyn Sql) -> HubResult {
    make_room(now, sql)?;
    let Value::Object(document) = asked else {
        return Err(HubError::internal("an approval without a document"));
    };
    let mut document = document.clone();
    document.insert("state".into(), json!("pending"));
    document.insert("requestedBy".into(), json!(by));
    document.insert("requestedAt".into(), json!(now.to_string()));
    let expires = now.plus_seconds(WAIT_SECONDS);
    document.insert("expiresAt".into(), json!(expires.to_string()));
    keep(sql, "approval", kept_until(&document), &document)?;
    Ok(HubReply::Access(shown(document)))
}

/// The oldest of those that wait no more goes for a new one.
fn make_room(now: Timestamp, sql: &dyn Sql) -> Result<(), HubError> {
    if count(sql, "approval")? < MOST {
        return Ok(());
    }
    let known = all(sql, "approval")?.into_iter();
    let known = known.map(|document| as_of(now, Value::Object(document)));
    let oldest = known
        .filter(|document| text(document, "state") != "pending")
        .min_by(|one, other| text(one, "requestedAt").cmp(text(other, "requestedAt")));
    match oldest {
        Some(oldest) => delete(sql, "approval", text(&oldest, "id")),
        None => Err(HubError::new(
            ErrorCode::IotHubQuotaExceeded,
            format!("{MOST} requests wait for an approval already; some must be decided first."),
        )),
    }
}

pub(super) fn decide(now: Timestamp, asked: &Value, by: &str, sql: &dyn Sql) -> HubResult {
    let id = text(asked, "id");
    let known = find(sql, "approval", id)?.ok_or_else(|| missing("request for approval", id))?;
    let mut document = as_of(now, Value::Object(known));
    let state = text(&document, "state");
    if state != "pending" {
        return Err(HubError::new(
            ErrorCode::InvalidOperation,
            format!("This request is {state} already."),
        ));
    }
    let decision = text(asked, "state");
    let is_own = text(&document, "requestedBy") == by;
    if decision == "withdrawn" && !is_own {
        let text = "Only who has asked may withdraw a request; reject it instead.";
        return Err(HubError::new(ErrorCode::Forbidden, text));
    }
    if decision == "approved" && is_own {
        let text = "Somebody else has to approve what you have asked for.";
        return Err(HubError::new(ErrorCode::Forbidden, text));
    }
    set(&mut document, "state", json!(decision));
    set(&mut document, "decidedBy", json!(by));
    set(&mut document, "decidedAt", json!(now.to_string()));
    if let Some(note) = asked.get("note").filter(|note| note.is_string()) {
        set(&mut document, "note", note.clone());
    }
    store(document, sql)
}

/// What came of a request that was approved.
pub(super) fn close(asked: &Value, sql: &dyn Sql) -> HubResult {
    let id = text(asked, "id");
    let known = find(sql, "approval", id)?.ok_or_else(|| missing("request for approval", id))?;
    let mut document = Value::Object(known);
    set(&mut document, "outcome", member(asked, "outcome"));
    store(document, sql)
}

fn store(document: Value, sql: &dyn Sql) -> HubResult {
    let Value::Object(document) = document else {
        return Err(HubError::internal("an approval without a document"));
    };
    keep(sql, "approval", kept_until(&document), &document)?;
    Ok(HubReply::Access(shown(document)))
}
