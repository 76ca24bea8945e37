//! API tokens: for scripts, with a role instead of the rights of a policy.

use super::{accounts, all, count, delete, find, full, missing, put as keep, shown, text};
use crate::auth::Grant;
use crate::error::HubError;
use crate::ipc::hub::{HubReply, HubResult};
use crate::json;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// Tokens of a hub.
const MOST: i64 = 200;

pub(super) fn create(
    now: Timestamp,
    asked: &Value,
    by: &str,
    sql: &dyn Sql,
) -> Result<Value, HubError> {
    if count(sql, "token")? >= MOST {
        return Err(full("API tokens", MOST));
    }
    // The record and requests for approval name a token by this.
    let name = text(asked, "name");
    if all(sql, "token")?
        .iter()
        .any(|token| token.get("name").and_then(Value::as_str) == Some(name))
    {
        let text = format!("There is an API token {name} already; choose another name.");
        return Err(HubError::invalid(text));
    }
    let mut document = Map::new();
    for name in ["id", "name", "role", "scope", "until", "tokenHash"] {
        if let Some(value) = asked.get(name).filter(|value| !value.is_null()) {
            document.insert(name.to_owned(), value.clone());
        }
    }
    document.insert("since".into(), json!(now.to_string()));
    document.insert("createdBy".into(), json!(by));
    let until = Timestamp::parse(text(asked, "until"));
    keep(sql, "token", until, &document)?;
    Ok(shown(document))
}

pub(super) fn delete_one(asked: &Value, sql: &dyn Sql) -> Result<Value, HubError> {
    let id = text(asked, "id");
    find(sql, "token", id)?.ok_or_else(|| missing("API token", id))?;
    delete(sql, "token", id)?;
    Ok(Value::Bool(true))
}

/// Notes that a token was used; about the day of it is enough, so few of the uses are told.
pub(super) fn used(now: Timestamp, asked: &Value, sql: &dyn Sql) -> HubResult {
    if let Some(mut document) = find(sql, "token", text(asked, "id"))? {
        document.insert("lastUsedAt".into(), json!(now.to_string()));
        let until = document.get("until").and_then(Value::as_str);
        keep(sql, "token", until.and_then(Timestamp::parse), &document)?;
    }
    Ok(HubReply::Access(Value::Null))
}

pub(super) fn grants(sql: &dyn Sql) -> Result<Vec<Grant>, HubError> {
    all(sql, "token")?.iter().map(accounts::grant).collect()
}
