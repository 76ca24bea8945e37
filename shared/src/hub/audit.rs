//! The record of who changed what (`device-management.md` §6): append-only, and chained by
//! hashes, so that a record that was changed or taken out is found.
//!
//! Each object that owns state keeps its own chain and writes a record in the same
//! transaction as the change it tells of. It must never hold a key or another secret.

use crate::auth::signature::sha256_hex;
use crate::error::HubError;
use crate::ids::{DeviceId, ModuleId};
use crate::ipc::audit::{AuditEntry, AuditProof, Cause, ChainPlace};
use crate::json;
use crate::sql::{Row, Sql, SqlValue};
use crate::time::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// The chain, and where it begins once old records were dropped.
pub const SCHEMA: &[&str] = &[
    "CREATE TABLE audit (
        number INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        actor TEXT NOT NULL,
        action TEXT NOT NULL,
        device_id TEXT NOT NULL,
        record TEXT NOT NULL,
        hash TEXT NOT NULL
    )",
    "CREATE TABLE audit_start (number INTEGER NOT NULL, hash TEXT NOT NULL)",
];

/// How long records are kept.
const KEPT_DAYS: i64 = 400;
/// Most records of a chain: at 1 KiB each a tenth of what an object can store.
const MOST_RECORDS: u64 = 1_000_000;
/// Old records are dropped so many at a time, every so many new ones.
const DROP_EVERY: u64 = 1_000;
/// Of the table, and how many rows the limit of 100 parameters lets into one statement.
const COLUMNS: usize = 7;
const MOST_IN_ONE_STATEMENT: usize = 100 / COLUMNS;
/// Larger documents are left out, and the record says so.
const MAX_DOCUMENT_BYTES: usize = 32 * 1024;
/// Most records in one page.
pub const MAX_TOP: u32 = 500;
/// Records recomputed in one call.
const STRETCH: i64 = 5_000;
/// What stands for the hash before the first record.
const GENESIS: &str = "";

/// Appends records, in order, each with who is behind it.
pub fn append(
    sql: &dyn Sql,
    now: Timestamp,
    entries: &[(&Cause, &AuditEntry)],
) -> Result<(), HubError> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut newest = last(sql)?;
    for part in entries.chunks(MOST_IN_ONE_STATEMENT) {
        let mut parameters = Vec::with_capacity(part.len() * COLUMNS);
        for (cause, entry) in part {
            newest = link(&newest, now, cause, entry, &mut parameters)?;
        }
        let row = "(?, ?, ?, ?, ?, ?, ?)";
        let rows = vec![row; part.len()].join(", ");
        sql.execute(
            &format!(
                "INSERT INTO audit (number, at, actor, action, device_id, record, hash) \
                 VALUES {rows}"
            ),
            &parameters,
        )?;
    }
    let written = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    let before = newest.number.saturating_sub(written);
    if before / DROP_EVERY != newest.number / DROP_EVERY {
        drop_old(sql, now, newest.number)?;
    }
    Ok(())
}

/// Adds the columns of the record that follows on `before`, and says where it is.
fn link(
    before: &ChainPlace,
    now: Timestamp,
    cause: &Cause,
    entry: &AuditEntry,
    parameters: &mut Vec<SqlValue>,
) -> Result<ChainPlace, HubError> {
    let record = record(now, cause, entry)?;
    let device = entry
        .target
        .as_ref()
        .map_or("", |target| target.device.as_str());
    let link = Link {
        number: before.number + 1,
        at: now.milliseconds(),
        actor: &cause.actor,
        action: &entry.action,
        device,
        record: &record,
    };
    let hash = link.hash(&before.hash)?;
    parameters.extend([
        link.number.into(),
        link.at.into(),
        link.actor.into(),
        link.action.into(),
        link.device.into(),
    ]);
    let number = link.number;
    parameters.extend([record.into(), hash.as_str().into()]);
    Ok(ChainPlace { number, hash })
}

/// A record as it is stored and hashed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Record<'a> {
    time: Timestamp,
    actor: &'a str,
    action: &'a str,
    result: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    device_id: Option<&'a DeviceId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    module_id: Option<&'a ModuleId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    #[serde(skip_serializing_if = "Value::is_null")]
    before: &'a Value,
    #[serde(skip_serializing_if = "Value::is_null")]
    after: &'a Value,
}

fn record(now: Timestamp, cause: &Cause, entry: &AuditEntry) -> Result<String, HubError> {
    let target = entry.target.as_ref();
    let mut record = Record {
        time: now,
        actor: &cause.actor,
        action: &entry.action,
        result: &entry.result,
        request_id: &cause.request_id,
        device_id: target.map(|target| &target.device),
        module_id: target.and_then(|target| target.module.as_ref()),
        role: cause.role.as_deref(),
        source: cause.source.as_deref(),
        before: &entry.before,
        after: &entry.after,
    };
    let whole = text(&record)?;
    if whole.len() <= MAX_DOCUMENT_BYTES {
        return Ok(whole);
    }
    let (before, after) = (bounded(&entry.before)?, bounded(&entry.after)?);
    (record.before, record.after) = (&before, &after);
    text(&record)
}

fn text<T: Serialize>(value: &T) -> Result<String, HubError> {
    serde_json::to_string(value).map_err(|error| HubError::internal(error.to_string()))
}

fn bounded(value: &Value) -> Result<Value, HubError> {
    let size = text(value)?.len();
    Ok(if size <= MAX_DOCUMENT_BYTES {
        value.clone()
    } else {
        json!({ "omitted": "too large", "bytes": size })
    })
}

/// What a hash covers, besides the hash before it.
struct Link<'a> {
    number: u64,
    at: i64,
    actor: &'a str,
    action: &'a str,
    device: &'a str,
    record: &'a str,
}

impl Link<'_> {
    fn hash(&self, before: &str) -> Result<String, HubError> {
        let parts = text(&(
            before,
            self.number,
            self.at,
            self.actor,
            self.action,
            self.device,
            self.record,
        ))?;
        Ok(sha256_hex(parts.as_bytes()))
    }
}

fn place(row: &Row) -> Result<ChainPlace, HubError> {
    Ok(ChainPlace {
        number: row.integer(0).unwrap_or(0).unsigned_abs(),
        hash: row.required_text(1)?.to_owned(),
    })
}

/// Where the kept part of the chain begins: behind this record.
fn start(sql: &dyn Sql) -> Result<ChainPlace, HubError> {
    let rows = sql.query("SELECT number, hash FROM audit_start LIMIT 1", &[])?;
    rows.first().map(place).transpose().map(|found| {
        found.unwrap_or(ChainPlace {
            number: 0,
            hash: GENESIS.to_owned(),
        })
    })
}

fn last(sql: &dyn Sql) -> Result<ChainPlace, HubError> {
    let rows = sql.query(
        "SELECT number, hash FROM audit ORDER BY number DESC LIMIT 1",
        &[],
    )?;
    match rows.first() {
        Some(row) => place(row),
        None => start(sql),
    }
}

/// Drops what is too old or too much, and remembers the last hash of it.
fn drop_old(sql: &dyn Sql, now: Timestamp, newest: u64) -> Result<(), HubError> {
    let oldest_kept = now.plus_seconds(-KEPT_DAYS * 86_400).milliseconds();
    let rows = sql.query(
        "SELECT number, hash FROM audit WHERE at < ? OR number <= ? \
         ORDER BY number DESC LIMIT 1",
        &[
            oldest_kept.into(),
            newest.saturating_sub(MOST_RECORDS).into(),
        ],
    )?;
    let Some(row) = rows.first() else {
        return Ok(());
    };
    let place = place(row)?;
    sql.execute("DELETE FROM audit_start", &[])?;
    sql.execute(
        "INSERT INTO audit_start (number, hash) VALUES (?, ?)",
        &[place.number.into(), place.hash.into()],
    )?;
    sql.execute(
        "DELETE FROM audit WHERE number <= ?",
        &[place.number.into()],
    )
}

/// Recomputes a stretch of the chain behind `after`, or from its beginning.
pub fn check(sql: &dyn Sql, after: Option<ChainPlace>) -> Result<AuditProof, HubError> {
    let mut before = match after {
        Some(place) => place,
        None => start(sql)?,
    };
    let rows = sql.query(
        "SELECT number, hash, at, actor, action, device_id, record FROM audit \
         WHERE number > ? ORDER BY number LIMIT ?",
        &[before.number.into(), STRETCH.into()],
    )?;
    let mut proof = AuditProof {
        done: rows.len() < usize::try_from(STRETCH).unwrap_or(usize::MAX),
        ..AuditProof::default()
    };
    for row in &rows {
        let found = place(row)?;
        let link = Link {
            number: before.number + 1,
            at: row.integer(2).unwrap_or(0),
            actor: row.required_text(3)?,
            action: row.required_text(4)?,
            device: row.required_text(5)?,
            record: row.required_text(6)?,
        };
        if found.number != link.number || found.hash != link.hash(&before.hash)? {
            proof.broken = Some(link.number);
            proof.done = true;
            break;
        }
        proof.checked += 1;
        before = found;
    }
    proof.last = Some(before);
    Ok(proof)
}
