//! Who else may use the hub (`device-management.md` §6): accounts, sessions, API tokens and
//! requests that wait for an approval, each a document under its kind and id.
//!
//! Whatever decides about a session or a token is in the settings too, for the HTTP side; they
//! are made anew from the documents with every change. A hash of a password leaves this room
//! only towards a sign-in.

mod accounts;
mod approvals;
mod attempts;
mod sessions;
mod tokens;

use super::{Hub, check_precondition};
use crate::auth::Grants;
use crate::error::{ErrorCode, HubError};
use crate::hub::settings;
use crate::ipc::access::{AccessVerb, member};
use crate::ipc::hub::{HubReply, HubResult};
use crate::ipc::registry::Precondition;
use crate::json;
use crate::reading;
use crate::sql::{Row, Sql};
use crate::time::Timestamp;
use crate::writing::JsonText;
use serde_json::{Map, Value};

/// `ends`: when a document is of no more use; 0: never.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE access (
        kind TEXT NOT NULL,
        id TEXT NOT NULL,
        ends INTEGER NOT NULL,
        document TEXT NOT NULL,
        PRIMARY KEY (kind, id)
    ) WITHOUT ROWID",
    attempts::SCHEMA,
];

/// Most documents of one answer.
const MOST_LISTED: i64 = 1_000;
/// Members that are never shown.
const SECRET: [&str; 2] = ["passwordHash", "tokenHash"];

type Document = Map<String, Value>;

fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn read(row: &Row, column: usize) -> Result<Document, HubError> {
    reading::from_str(row.required_text(column)?)
        .map_err(|error| HubError::internal(format!("stored access: {error}")))
}

fn find(sql: &dyn Sql, kind: &str, id: &str) -> Result<Option<Document>, HubError> {
    let rows = sql.query(
        "SELECT document FROM access WHERE kind = ? AND id = ?",
        &[kind.into(), id.into()],
    )?;
    rows.first().map(|row| read(row, 0)).transpose()
}

fn all(sql: &dyn Sql, kind: &str) -> Result<Vec<Document>, HubError> {
    let rows = sql.query(
        "SELECT document FROM access WHERE kind = ? ORDER BY id LIMIT ?",
        &[kind.into(), MOST_LISTED.into()],
    )?;
    rows.iter().map(|row| read(row, 0)).collect()
}

fn count(sql: &dyn Sql, kind: &str) -> Result<i64, HubError> {
    let rows = sql.query("SELECT count(*) FROM access WHERE kind = ?", &[kind.into()])?;
    Ok(rows.first().and_then(|row| row.integer(0)).unwrap_or(0))
}

/// Keeps a document under its kind and the id in it.
fn put(
    sql: &dyn Sql,
    kind: &str,
    ends: Option<Timestamp>,
    document: &Document,
) -> Result<(), HubError> {
    let id = document.get("id").and_then(Value::as_str);
    sql.execute(
        "INSERT OR REPLACE INTO access (kind, id, ends, document) VALUES (?, ?, ?, ?)",
        &[
            kind.into(),
            id.unwrap_or_default().into(),
            ends.map_or(0, Timestamp::milliseconds).into(),
            document.json_text().into(),
        ],
    )
}

fn delete(sql: &dyn Sql, kind: &str, id: &str) -> Result<(), HubError> {
    sql.execute(
        "DELETE FROM access WHERE kind = ? AND id = ?",
        &[kind.into(), id.into()],
    )
}

/// As it is shown and recorded.
fn shown(mut document: Document) -> Value {
    document.retain(|name, _| !SECRET.contains(&name.as_str()));
    Value::Object(document)
}

/// What the record shows of a document.
pub(super) fn summary(sql: &dyn Sql, kind: &str, id: &str) -> Result<Value, HubError> {
    Ok(find(sql, kind, id)?.map_or(Value::Null, shown))
}

fn full(what: &str, most: i64) -> HubError {
    HubError::new(
        ErrorCode::IotHubQuotaExceeded,
        format!("A hub has at most {most} {what}; remove one first."),
    )
}

fn missing(what: &str, id: &str) -> HubError {
    HubError::new(
        ErrorCode::GenericNotFound,
        format!("There is no {what} {id}."),
    )
}

impl Hub {
    /// Carries out a request about access. `by`: who asks.
    pub(super) fn access(
        &mut self,
        now: Timestamp,
        verb: AccessVerb,
        asked: &Value,
        precondition: &Precondition,
        by: &str,
        sql: &dyn Sql,
    ) -> HubResult {
        self.required()?;
        sql.execute(
            "DELETE FROM access WHERE ends > 0 AND ends <= ?",
            &[now.milliseconds().into()],
        )?;
        let answer = match verb {
            AccessVerb::List => return list(now, asked, sql),
            AccessVerb::PutAccount => accounts::put(now, asked, precondition, sql)?,
            AccessVerb::DeleteAccount => accounts::delete_one(now, asked, precondition, sql)?,
            AccessVerb::SetPassword => accounts::set_password(now, asked, sql)?,
            AccessVerb::BeginSignIn => return attempts::begin(now, asked, sql),
            AccessVerb::StartSession => return sessions::start(now, asked, sql),
            AccessVerb::EndSession => sessions::end(now, asked, sql)?,
            AccessVerb::CreateToken => tokens::create(now, asked, by, sql)?,
            AccessVerb::DeleteToken => tokens::delete_one(asked, sql)?,
            AccessVerb::UseToken => return tokens::used(now, asked, sql),
            AccessVerb::RequestApproval => return approvals::request(now, asked, by, sql),
            AccessVerb::DecideApproval => return approvals::decide(now, asked, by, sql),
            AccessVerb::CloseApproval => return approvals::close(asked, sql),
            AccessVerb::PutThreshold => {
                json!({ "approvalThreshold": member(asked, "approvalThreshold") })
            }
        };
        let threshold = asked.get("approvalThreshold").and_then(Value::as_u64);
        self.keep_grants(threshold, sql)?;
        Ok(HubReply::Access(answer))
    }

    /// Makes what the HTTP side judges by anew. Nobody else has to hear of it.
    fn keep_grants(&mut self, threshold: Option<u64>, sql: &dyn Sql) -> Result<(), HubError> {
        let known = self.required()?;
        let grants = Grants {
            accounts: accounts::grants(sql)?,
            tokens: tokens::grants(sql)?,
            ended: sessions::ended(sql)?,
            approval_threshold: threshold.unwrap_or(known.access.approval_threshold),
        };
        if grants == known.access {
            return Ok(());
        }
        let mut new = known.clone();
        new.version += 1;
        new.access = grants;
        settings::store(&mut self.settings, new, sql)
    }
}

fn list(now: Timestamp, asked: &Value, sql: &dyn Sql) -> HubResult {
    let (kind, id, name) = (text(asked, "kind"), text(asked, "id"), text(asked, "name"));
    let mut found = if id.is_empty() {
        all(sql, kind)?
    } else {
        find(sql, kind, id)?.into_iter().collect()
    };
    let owner = if kind == "approval" {
        "requestedBy"
    } else {
        "name"
    };
    found.retain(|document| {
        let is_theirs = document.get(owner).and_then(Value::as_str) == Some(name);
        !document.contains_key("ended") && (name.is_empty() || is_theirs)
    });
    let shown = found.into_iter().map(shown);
    let shown: Vec<Value> = if kind == "approval" {
        shown
            .map(|document| approvals::as_of(now, document))
            .collect()
    } else {
        shown.collect()
    };
    Ok(HubReply::Access(Value::Array(shown)))
}
