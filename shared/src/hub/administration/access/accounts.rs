//! Accounts of people: name, role, scope, password.

use super::{
    Document, all, attempts, check_precondition, count, delete, find, full, missing, put as keep,
    shown, text,
};
use crate::auth::{Grant, Role};
use crate::error::HubError;
use crate::hub::administration::check_name;
use crate::hub::administration::sign_in::BY_LINK;
use crate::ipc::access::{member, set};
use crate::ipc::registry::Precondition;
use crate::json;
use crate::reading;
use crate::sql::Sql;
use crate::time::Timestamp;
use crate::twin::etag::{etag_text, parse_etag_text};
use crate::writing::JsonText;
use serde_json::Value;

/// Accounts of a hub.
const MOST: i64 = 200;

fn etag(document: &Document) -> Option<&str> {
    document.get("etag").and_then(Value::as_str)
}

pub(super) fn put(
    now: Timestamp,
    asked: &Value,
    precondition: &Precondition,
    sql: &dyn Sql,
) -> Result<Value, HubError> {
    let id = text(asked, "id");
    check_name("An account's name", id, 64)?;
    if id.eq_ignore_ascii_case(BY_LINK) {
        return Err(HubError::invalid(format!(
            "{BY_LINK} is who signs in with the hub's link; choose another name."
        )));
    }
    let known = find(sql, "account", id)?;
    check_precondition(precondition, known.as_ref().and_then(etag))?;
    let is_new = known.is_none();
    if is_new && count(sql, "account")? >= MOST {
        return Err(full("accounts", MOST));
    }
    let hash = asked.get("passwordHash").filter(|hash| hash.is_string());
    if is_new && hash.is_none() {
        return Err(HubError::invalid("A new account needs a password."));
    }
    let mut document = known.unwrap_or_default();
    let counter = etag(&document).and_then(parse_etag_text).unwrap_or(0) + 1;
    let was_enabled = document.get("isEnabled") == Some(&Value::Bool(true));
    let is_enabled = asked.get("isEnabled") != Some(&Value::Bool(false));
    let time = now.to_string();
    if is_new {
        document.insert("id".into(), json!(id));
        document.insert("name".into(), json!(id));
        document.insert("createdAt".into(), json!(time));
        // A name that was used before must not bring its old sessions back.
        document.insert("since".into(), json!(time));
    }
    if is_enabled && !was_enabled {
        document.insert("since".into(), json!(time));
    }
    document.insert("role".into(), member(asked, "role"));
    document.remove("scope");
    if let Some(scope) = asked.get("scope").filter(|scope| scope.is_string()) {
        document.insert("scope".into(), scope.clone());
    }
    document.insert("isEnabled".into(), json!(is_enabled));
    document.insert(
        "etag".into(),
        json!(etag_text(counter.max(now.milliseconds().unsigned_abs()))),
    );
    if let Some(hash) = hash {
        with_password(&mut document, hash, &time);
    }
    keep(sql, "account", None, &document)?;
    let mut answer = shown(document);
    set(&mut answer, "isNew", json!(is_new));
    Ok(answer)
}

/// Whoever knew the old password must not stay signed in.
fn with_password(document: &mut Document, hash: &Value, time: &str) {
    document.insert("passwordHash".into(), hash.clone());
    document.insert("passwordChangedAt".into(), json!(time));
    document.insert("since".into(), json!(time));
}

pub(super) fn set_password(
    now: Timestamp,
    asked: &Value,
    sql: &dyn Sql,
) -> Result<Value, HubError> {
    let id = text(asked, "id");
    let mut document = find(sql, "account", id)?.ok_or_else(|| missing("account", id))?;
    // The current password was right.
    attempts::passed(asked, id, sql)?;
    with_password(
        &mut document,
        &member(asked, "passwordHash"),
        &now.to_string(),
    );
    keep(sql, "account", None, &document)?;
    Ok(shown(document))
}

/// Notes that somebody has signed in.
pub(super) fn signed_in(
    now: Timestamp,
    mut document: Document,
    sql: &dyn Sql,
) -> Result<(), HubError> {
    document.insert("lastSignInAt".into(), json!(now.to_string()));
    keep(sql, "account", None, &document)
}

pub(super) fn delete_one(
    now: Timestamp,
    asked: &Value,
    precondition: &Precondition,
    sql: &dyn Sql,
) -> Result<Value, HubError> {
    let id = text(asked, "id");
    let known = find(sql, "account", id)?.ok_or_else(|| missing("account", id))?;
    check_precondition(precondition, etag(&known))?;
    delete(sql, "account", id)?;
    super::sessions::end_all_of(now, id, sql)?;
    Ok(Value::Bool(true))
}

/// Those that may sign in.
pub(super) fn grants(sql: &dyn Sql) -> Result<Vec<Grant>, HubError> {
    let mut accounts = all(sql, "account")?;
    accounts.retain(|account| account.get("isEnabled") == Some(&Value::Bool(true)));
    accounts.iter().map(grant).collect()
}

/// What a document says of who may do what.
pub(super) fn grant(document: &Document) -> Result<Grant, HubError> {
    reading::from_str(&document.json_text())
        .map_err(|error| HubError::internal(format!("a stored grant: {error}")))
}

/// The role as it stands in a document.
pub(super) fn role(document: &Document) -> Option<Role> {
    document
        .get("role")
        .and_then(Value::as_str)
        .and_then(Role::parse)
}
