//! Operations records: what went wrong between devices, back ends and the hub, for people who
//! look for the reason (`device-management.md` §9.1).
//!
//! Each object that owns state keeps its own. Whoever can reach the hub can cause a record, so
//! they are few: what comes faster is only counted, and the next record says how much that was.
//! A record that cannot be written must change nothing else.

use crate::error::HubError;
use crate::ipc::audit::OperationNote;
use crate::json;
use crate::sql::Sql;
use crate::throttle::{Bucket, Limit};
use crate::time::Timestamp;
use crate::writing::JsonText;
use serde_json::Value;

/// The table.
pub const SCHEMA: &str = "CREATE TABLE operation (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    category TEXT NOT NULL,
    level TEXT NOT NULL,
    device_id TEXT NOT NULL,
    record TEXT NOT NULL
)";

/// Records of an object that are written at once, and in a minute.
const RATE: Limit = Limit {
    per_minute: 120,
    burst: 60,
};
/// How long they are kept, and how many.
const KEPT_SECONDS: i64 = 7 * 24 * 3600;
const MOST_RECORDS: u64 = 20_000;
/// Old ones are dropped every so many new ones.
const DROP_EVERY: u64 = 100;

/// What is remembered between two records.
#[derive(Debug)]
pub struct Operations {
    bucket: Bucket,
    /// What the last records do not tell of.
    suppressed: u64,
}

impl Default for Operations {
    fn default() -> Self {
        Self {
            bucket: Bucket::new(RATE),
            suppressed: 0,
        }
    }
}

impl Operations {
    /// Writes a record, unless there were too many.
    pub fn note(&mut self, note: &OperationNote, now: Timestamp, sql: &dyn Sql) {
        if self.bucket.take(now, 1).is_err() {
            self.suppressed = self.suppressed.saturating_add(1);
            return;
        }
        if append(sql, now, note, self.suppressed).is_ok() {
            self.suppressed = 0;
        }
    }
}

fn append(
    sql: &dyn Sql,
    now: Timestamp,
    note: &OperationNote,
    suppressed: u64,
) -> Result<(), HubError> {
    let mut record = note.clone();
    if let Value::Object(record) = &mut record {
        record.insert("time".into(), json!(now));
        record.insert("suppressed".into(), json!(suppressed));
    }
    let text = |name: &str| note.get(name).and_then(Value::as_str).unwrap_or_default();
    let rows = sql.query("SELECT max(number) FROM operation", &[])?;
    let newest = rows.first().and_then(|row| row.integer(0)).unwrap_or(0);
    let number = newest.unsigned_abs() + 1;
    sql.execute(
        "INSERT INTO operation (number, at, category, level, device_id, record) \
         VALUES (?, ?, ?, ?, ?, ?)",
        &[
            number.into(),
            now.milliseconds().into(),
            text("category").into(),
            text("level").into(),
            text("deviceId").into(),
            record.json_text().into(),
        ],
    )?;
    if number.is_multiple_of(DROP_EVERY) {
        sql.execute(
            "DELETE FROM operation WHERE at < ? OR number <= ?",
            &[
                now.plus_seconds(-KEPT_SECONDS).milliseconds().into(),
                number.saturating_sub(MOST_RECORDS).into(),
            ],
        )?;
    }
    Ok(())
}
