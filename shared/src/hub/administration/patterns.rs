//! Patterns of device management (`device-management.md` §3.1): the built-in ones, and those
//! that operators defined or changed, which alone are stored.
//!
//! Only kept here; how far devices are is asked of the shards each time.

use super::{check_name, check_precondition};
use crate::error::{ErrorCode, HubError};
use crate::ipc::hub::{HubReply, HubResult};
use crate::ipc::registry::Precondition;
use crate::ipc::scheduled_job::{JobKind, JobOrder};
use crate::json;
use crate::pattern::check::{self, MAX_PATTERNS};
use crate::pattern::{Trigger, builtin};
use crate::sorting;
use crate::sql::{Row, Sql};
use crate::time::Timestamp;
use crate::twin::etag::etag_text;
use serde_json::Value;

/// `etag` rises, and begins at the time, so that a pattern that was made anew never repeats
/// one.
pub(super) const SCHEMA: &str = "CREATE TABLE pattern (
    id TEXT PRIMARY KEY,
    document TEXT NOT NULL,
    etag INTEGER NOT NULL,
    changed INTEGER NOT NULL
) WITHOUT ROWID";

/// Of a built-in pattern that was never changed.
const UNCHANGED: u64 = 1;

/// As REST shows it.
fn shown(mut document: Value, etag: u64, changed: Option<Timestamp>) -> Value {
    if let Value::Object(members) = &mut document {
        let id = members.get("id").and_then(Value::as_str);
        let built_in = id.is_some_and(|id| builtin::IDS.contains(&id));
        members.insert("builtIn".to_owned(), json!(built_in));
        members.insert("etag".to_owned(), json!(etag_text(etag)));
        if changed.is_some() {
            members.insert("changedTime".to_owned(), json!(changed));
        }
    }
    document
}

fn read(row: &Row) -> Result<Value, HubError> {
    let document = serde_json::from_str(row.required_text(0)?)
        .map_err(|error| HubError::internal(format!("stored pattern: {error}")))?;
    let changed = row.integer(2).map(Timestamp::from_milliseconds);
    Ok(shown(document, etag_of(row), changed))
}

fn text<'a>(document: &'a Value, name: &str) -> Option<&'a str> {
    document.get(name).and_then(Value::as_str)
}

fn etag_of(row: &Row) -> u64 {
    row.integer(1).unwrap_or(0).unsigned_abs()
}

/// Whom a PUT is about.
pub(super) fn id_of(given: &Value) -> &str {
    text(given, "id").unwrap_or_default()
}

/// All patterns in order of id, or one of them.
pub(super) fn list(sql: &dyn Sql, id: Option<&str>) -> Result<Vec<Value>, HubError> {
    let wanted = id.map(str::to_owned);
    let rows = sql.query(
        "SELECT document, etag, changed FROM pattern WHERE ? IS NULL OR id = ? ORDER BY id",
        &[wanted.clone().into(), wanted.into()],
    )?;
    let mut patterns = Vec::with_capacity(rows.len() + builtin::IDS.len());
    for row in &rows {
        patterns.push(read(row)?);
    }
    for name in builtin::IDS {
        let is_wanted = id.is_none_or(|id| id == name);
        if is_wanted
            && patterns.iter().all(|known| text(known, "id") != Some(name))
            && let Some(pattern) = builtin::pattern(name)
        {
            patterns.push(shown(pattern.document(), UNCHANGED, None));
        }
    }
    sorting::sort_by(&mut patterns, |one, other| {
        text(one, "id").cmp(&text(other, "id"))
    });
    Ok(patterns)
}

/// Adds or changes a pattern.
pub(super) fn put(
    now: Timestamp,
    given: &Value,
    precondition: &Precondition,
    sql: &dyn Sql,
) -> HubResult {
    let pattern = check::read(given)?;
    check_name("A pattern's id", &pattern.id, 64)?;
    let known = list(sql, Some(&pattern.id))?;
    let known = known.first();
    check_precondition(precondition, known.and_then(|known| text(known, "etag")))?;
    let rows = sql.query("SELECT id, etag FROM pattern", &[])?;
    let stored = rows.iter().find(|row| row.text(0) == Some(&pattern.id));
    if stored.is_none() && rows.len() >= MAX_PATTERNS {
        return Err(HubError::new(
            ErrorCode::IotHubQuotaExceeded,
            format!("A hub has at most {MAX_PATTERNS} patterns of its own; delete one first."),
        ));
    }
    let document = pattern.document();
    let document =
        serde_json::to_string(&document).map_err(|error| HubError::internal(error.to_string()))?;
    let time = now.milliseconds();
    let next = stored.map_or(0, |row| etag_of(row) + 1);
    let next = next.max(time.unsigned_abs());
    sql.execute(
        "INSERT INTO pattern (id, document, etag, changed) VALUES (?, ?, ?, ?) \
         ON CONFLICT (id) DO UPDATE SET document = excluded.document, etag = excluded.etag, \
         changed = excluded.changed",
        &[
            pattern.id.as_str().into(),
            document.into(),
            next.into(),
            time.into(),
        ],
    )?;
    Ok(HubReply::Stored {
        is_new: known.is_none(),
        etag: etag_text(next),
    })
}

/// Deletes one that operators defined.
pub(super) fn delete(id: &str, precondition: &Precondition, sql: &dyn Sql) -> HubResult {
    check::check_deletable(id)?;
    let known = list(sql, Some(id))?;
    if let Some(known) = known.first() {
        check_precondition(precondition, text(known, "etag"))?;
        sql.execute("DELETE FROM pattern WHERE id = ?", &[id.into()])?;
    }
    Ok(HubReply::Changed(!known.is_empty()))
}

/// The pattern that a job's step starts on a device.
pub(super) fn started_by(order: &JobOrder, sql: &dyn Sql) -> Result<Option<Value>, HubError> {
    let method = order.body.get("methodName").and_then(Value::as_str);
    let desired = order.body.pointer("/properties/desired");
    let starts = |pattern: &Value| match check::read(pattern).map(|read| read.trigger) {
        Ok(Trigger::Method(name)) => {
            order.kind == JobKind::DeviceMethod && method == Some(name.as_str())
        }
        Ok(Trigger::Desired { path, .. }) => {
            order.kind == JobKind::UpdateTwin
                && path
                    .split('.')
                    .try_fold(desired, |value, name| Some(value?.get(name)))
                    .flatten()
                    .is_some()
        }
        Err(_) => false,
    };
    Ok(list(sql, None)?.into_iter().find(starts))
}
