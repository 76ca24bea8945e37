//! How often somebody may try to sign in: attempts that failed are counted by name, by source
//! and by both, so that neither one name nor one source can be tried without end, and nobody is
//! locked out by the attempts of others alone for long.

use super::{find, text};
use crate::error::{ErrorCode, HubError};
use crate::ipc::hub::{HubReply, HubResult};
use crate::json;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::Value;

pub(super) const SCHEMA: &str = "CREATE TABLE sign_in_attempt (
    name TEXT PRIMARY KEY,
    until INTEGER NOT NULL,
    failures INTEGER NOT NULL
) WITHOUT ROWID";

/// How long attempts count.
const WINDOW_SECONDS: i64 = 15 * 60;
/// Most of one source for one name, of one source, and for one name.
const MOST: [i64; 3] = [10, 50, 100];

/// What attempts are counted by. A source that the platform does not tell counts as one.
fn names(asked: &Value, id: &str) -> [String; 3] {
    let source = text(asked, "source");
    [
        format!("both/{source}/{id}"),
        format!("source/{source}"),
        format!("name/{id}"),
    ]
}

/// Counts an attempt as one that fails, before its password is looked at; who passes takes it
/// back. So attempts at the same time count too.
pub(super) fn begin(now: Timestamp, asked: &Value, sql: &dyn Sql) -> HubResult {
    let time = now.milliseconds();
    sql.execute(
        "DELETE FROM sign_in_attempt WHERE until <= ?",
        &[time.into()],
    )?;
    let id = text(asked, "id");
    let names = names(asked, id);
    for (name, most) in names.iter().zip(MOST) {
        let rows = sql.query(
            "SELECT until, failures FROM sign_in_attempt WHERE name = ?",
            &[name.as_str().into()],
        )?;
        let Some(row) = rows.first() else { continue };
        if row.integer(1).unwrap_or(0) >= most {
            let left = row.integer(0).unwrap_or(time) - time;
            let mut error = HubError::new(
                ErrorCode::ThrottlingException,
                format!(
                    "Too many attempts to sign in have failed; try again in {} minutes.",
                    (left + 59_999) / 60_000
                ),
            );
            error.retry_after = u32::try_from((left + 999) / 1_000).unwrap_or(1).max(1);
            return Err(error);
        }
    }
    let until = now.plus_seconds(WINDOW_SECONDS).milliseconds();
    for name in names {
        sql.execute(
            "INSERT INTO sign_in_attempt (name, until, failures) VALUES (?, ?, 1) \
             ON CONFLICT (name) DO UPDATE SET failures = failures + 1",
            &[name.into(), until.into()],
        )?;
    }
    let known = find(sql, "account", id)?;
    let enabled = known.filter(|known| known.get("isEnabled") == Some(&Value::Bool(true)));
    let hash = enabled.and_then(|mut known| known.remove("passwordHash"));
    Ok(HubReply::Access(json!({ "passwordHash": hash })))
}

/// Takes the attempts of somebody who has shown the right password back.
pub(super) fn passed(asked: &Value, id: &str, sql: &dyn Sql) -> Result<(), HubError> {
    let [both, source, name] = names(asked, id);
    sql.execute("DELETE FROM sign_in_attempt WHERE name = ?", &[both.into()])?;
    for name in [source, name] {
        sql.execute(
            "UPDATE sign_in_attempt SET failures = failures - 1 WHERE name = ?",
            &[name.into()],
        )?;
    }
    Ok(())
}
