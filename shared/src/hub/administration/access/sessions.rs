//! Sessions of the console: who is signed in, from where, until when. The cookie itself is
//! judged by the HTTP side; what is kept here lets people see their sessions and end them.

use super::{accounts, all, attempts, find, put as keep, shown, text};
use crate::auth::grant::EndedSession;
use crate::error::{ErrorCode, HubError};
use crate::ipc::hub::{HubReply, HubResult};
use crate::json;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// Sessions of accounts that have not run out yet, ended ones included: the HTTP side has to know
/// of these. Whoever has the hub's own link gets in nevertheless.
const MOST: usize = 1_000;
/// The same of one account, lest one keep all others out.
const MOST_OF_ONE: usize = 100;

fn time(document: &Value, name: &str) -> Timestamp {
    Timestamp::parse(text(document, name)).unwrap_or_else(|| Timestamp::from_milliseconds(0))
}

pub(super) fn start(now: Timestamp, asked: &Value, sql: &dyn Sql) -> HubResult {
    let name = text(asked, "name");
    let is_account = asked.get("account") == Some(&Value::Bool(true));
    let mut role = json!("admin");
    if is_account {
        let account = find(sql, "account", name)?;
        let passed = asked.get("passed") == Some(&Value::Bool(true));
        let Some(account) = account.filter(|_| passed) else {
            return Err(HubError::new(
                ErrorCode::IotHubUnauthorizedAccess,
                "The name or the password is wrong.",
            ));
        };
        attempts::passed(asked, name, sql)?;
        check_room(name, sql)?;
        role = json!(accounts::role(&account));
        accounts::signed_in(now, account, sql)?;
    }
    let mut document = Map::new();
    for name in ["id", "name", "source", "userAgent", "issued", "expires"] {
        if let Some(value) = asked.get(name).filter(|value| !value.is_null()) {
            document.insert(name.to_owned(), value.clone());
        }
    }
    document.insert("role".into(), role);
    keep(sql, "session", Some(time(asked, "expires")), &document)?;
    Ok(HubReply::Access(shown(document)))
}

fn check_room(name: &str, sql: &dyn Sql) -> Result<(), HubError> {
    let sessions = all(sql, "session")?;
    let is_theirs =
        |session: &&Map<String, Value>| session.get("name").and_then(Value::as_str) == Some(name);
    if sessions.len() < MOST && sessions.iter().filter(is_theirs).count() < MOST_OF_ONE {
        return Ok(());
    }
    Err(HubError::new(
        ErrorCode::ThrottlingException,
        "Too many sessions were begun; wait until some have run out.",
    ))
}

/// Whether there was one.
pub(super) fn end(now: Timestamp, asked: &Value, sql: &dyn Sql) -> Result<Value, HubError> {
    let (id, owner) = (text(asked, "id"), asked.get("name"));
    let known = find(sql, "session", id)?.filter(|session| {
        !session.contains_key("ended") && (owner.is_none() || session.get("name") == owner)
    });
    let Some(mut session) = known else {
        return Ok(Value::Bool(false));
    };
    session.insert("ended".into(), json!(now.to_string()));
    let expires = time(&Value::Object(session.clone()), "expires");
    keep(sql, "session", Some(expires), &session)?;
    Ok(Value::Bool(true))
}

pub(super) fn end_all_of(now: Timestamp, name: &str, sql: &dyn Sql) -> Result<(), HubError> {
    for session in all(sql, "session")? {
        if session.get("name").and_then(Value::as_str) == Some(name) {
            end(now, &Value::Object(session), sql)?;
        }
    }
    Ok(())
}

/// Those that were ended and have not run out.
pub(super) fn ended(sql: &dyn Sql) -> Result<Vec<EndedSession>, HubError> {
    let mut sessions = all(sql, "session")?;
    sessions.retain(|session| session.contains_key("ended"));
    let ended = sessions.into_iter().map(|session| {
        let session = Value::Object(session);
        EndedSession {
            id: text(&session, "id").to_owned(),
            expires: time(&session, "expires"),
        }
    });
    Ok(ended.collect())
}
