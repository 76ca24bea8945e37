//! Operations records: what went wrong between devices and the hub, for people who look for
//! the reason (`device-management.md` §9.1). So far of the category `Connections`.
//!
//! Whoever can reach the hub can cause a record, so they are few: what comes faster is only
//! counted, and the next record says how much that was. A record that cannot be written must
//! change nothing else.

use super::{Context, Registry};
use crate::error::{ErrorCode, HubError};
use crate::ids::Identity;
use crate::ipc::audit::{AuditPage, ReadOperations};
use crate::ipc::registry::{ConnectRequest, RegistryReply, RegistryRequest};
use crate::sql::{Row, Sql, SqlValue};
use crate::throttle::{Bucket, Limit};
use crate::time::Timestamp;
use serde_json::{Value, json};

pub(super) const SCHEMA: &str = "CREATE TABLE operation (
    number INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    category TEXT NOT NULL,
    level TEXT NOT NULL,
    device_id TEXT NOT NULL,
    record TEXT NOT NULL
)";

/// Records of a shard that are written at once, and in a minute.
const RATE: Limit = Limit {
    per_minute: 120,
    burst: 60,
};
/// How long they are kept, and how many.
const KEPT_SECONDS: i64 = 7 * 24 * 3600;
const MOST_RECORDS: u64 = 20_000;
/// Old ones are dropped every so many new ones.
const DROP_EVERY: u64 = 100;

const CONNECTIONS: &str = "Connections";
const ERROR: &str = "Error";

/// What is remembered between two records.
#[derive(Debug)]
pub(super) struct Operations {
    bucket: Bucket,
    /// Refusals that the last records do not tell of.
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
    /// Notes that somebody could not connect as this identity.
    pub(super) fn note_refused(
        &mut self,
        identity: &Identity,
        protocol: &str,
        why: &str,
        now: Timestamp,
        sql: &dyn Sql,
    ) {
        if self.bucket.take(now, 1).is_err() {
            self.suppressed = self.suppressed.saturating_add(1);
            return;
        }
        let code = ErrorCode::IotHubUnauthorized;
        let record = json!({
            "time": now,
            "category": CONNECTIONS,
            "operationName": "deviceConnect",
            "level": ERROR,
            "resultType": code.number().to_string(),
            "resultDescription": why,
            "deviceId": identity.device,
            "moduleId": identity.module,
            "protocol": protocol,
            "suppressed": self.suppressed,
        });
        if append(sql, now, identity, &record).is_ok() {
            self.suppressed = 0;
        }
    }
}

fn append(
    sql: &dyn Sql,
    now: Timestamp,
    identity: &Identity,
    record: &Value,
) -> Result<(), HubError> {
    let rows = sql.query("SELECT max(number) FROM operation", &[])?;
    let newest = rows.first().and_then(|row| row.integer(0)).unwrap_or(0);
    let number = newest.unsigned_abs() + 1;
    let text =
        serde_json::to_string(record).map_err(|error| HubError::internal(error.to_string()))?;
    sql.execute(
        "INSERT INTO operation (number, at, category, level, device_id, record) \
         VALUES (?, ?, ?, ?, ?, ?)",
        &[
            number.into(),
            now.milliseconds().into(),
            CONNECTIONS.into(),
            ERROR.into(),
            identity.device.as_str().into(),
            text.into(),
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

/// Who tries to do something over HTTPS as a device.
pub(super) fn attempt(request: &RegistryRequest) -> Option<Identity> {
    match request {
        RegistryRequest::AsDevice(request) => Some(request.identity.clone()),
        _ => None,
    }
}

impl Registry {
    /// Connects, or notes why not.
    pub(super) fn connect_or_note(
        &mut self,
        request: &ConnectRequest,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let reply = self.connect(request, context)?;
        if let RegistryReply::Refused(refused) = &reply {
            let (now, sql) = (context.now, context.sql);
            self.operations
                .note_refused(&request.identity, "Mqtt", &refused.reason, now, sql);
        }
        Ok(reply)
    }
}

/// A page of a shard's records, newest first.
pub(super) fn read(
    sql: &dyn Sql,
    shard: u16,
    wanted: &ReadOperations,
) -> Result<AuditPage, HubError> {
    let mut statement = String::from("SELECT number, record FROM operation WHERE 1");
    let mut parameters: Vec<SqlValue> = Vec::new();
    let conditions: [(&str, Option<SqlValue>); 5] = [
        (" AND number < ?", wanted.before.map(SqlValue::from)),
        (" AND device_id = ?", text(&wanted.device_id)),
        (" AND category = ?", text(&wanted.category)),
        (" AND level = ?", text(&wanted.level)),
        (
            " AND at >= ?",
            wanted.since.map(|since| since.milliseconds().into()),
        ),
    ];
    for (condition, parameter) in conditions {
        if let Some(parameter) = parameter {
            statement.push_str(condition);
            parameters.push(parameter);
        }
    }
    statement.push_str(" ORDER BY number DESC LIMIT ?");
    parameters.push(i64::from(wanted.top.saturating_add(1)).into());
    let rows = sql.query(&statement, &parameters)?;
    let top = usize::try_from(wanted.top).unwrap_or(usize::MAX);
    let records = rows.iter().take(top).map(|row| document(shard, row));
    Ok(AuditPage {
        records: records.collect::<Result<_, _>>()?,
        more: rows.len() > top,
    })
}

fn text(value: &Option<String>) -> Option<SqlValue> {
    value.as_deref().map(SqlValue::from)
}

fn document(shard: u16, row: &Row) -> Result<Value, HubError> {
    let mut record: Value = serde_json::from_str(row.required_text(1)?)
        .map_err(|error| HubError::internal(format!("an operations record: {error}")))?;
    if let Value::Object(record) = &mut record {
        record.insert("chain".into(), json!(format!("registry-{shard}")));
        record.insert("number".into(), json!(row.integer(0)));
    }
    Ok(record)
}
