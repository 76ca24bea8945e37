//! Import and export jobs: one at a time, kept for thirty days (`service.md` §5.1).
//!
//! The hub object keeps where each job stands; `crate::transfer` does the steps. A result of
//! a step that did not begin where the job stands now is dropped.

use crate::error::{ErrorCode, HubError};
use crate::ipc::audit::Cause;
use crate::ipc::hub::{HubReply, HubResult};
use crate::ipc::transfer::{
    Direction, Stepped, Transfer, TransferCursor, TransferOrder, TransferStatus,
};
use crate::json;
use crate::reading;
use crate::sql::{Row, Sql};
use crate::time::Timestamp;
use crate::transfer::progress;
use serde_json::Value;

pub(super) const SCHEMA: &str = "CREATE TABLE transfer (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    is_over INTEGER NOT NULL,
    started INTEGER NOT NULL,
    document TEXT NOT NULL
)";

/// How long a job that is over can be seen.
const HISTORY_SECONDS: i64 = 30 * 24 * 3600;
/// A step that fails so often in a row ends the job.
const MAX_ATTEMPTS: u32 = 8;
/// The longest pause between two attempts.
const LONGEST_PAUSE_SECONDS: i64 = 30;

/// Begins a job, unless one is under way.
pub(super) fn create(
    now: Timestamp,
    id: String,
    order: TransferOrder,
    cause: Option<&Cause>,
    sql: &dyn Sql,
) -> HubResult {
    if current(sql)?.is_some() {
        return Err(HubError::new(
            ErrorCode::JobQuotaExceeded,
            "Job quota has been exceeded",
        ));
    }
    sql.execute(
        "DELETE FROM transfer WHERE is_over = 1 AND started < ?",
        &[now.plus_seconds(-HISTORY_SECONDS).milliseconds().into()],
    )?;
    let mut job = Transfer {
        number: 0,
        id,
        status: TransferStatus::Enqueued,
        started: now,
        ended: None,
        failure: None,
        attempts: 0,
        order,
        cursor: TransferCursor::default(),
        cause: cause.cloned().unwrap_or(Cause {
            actor: "hub".to_owned(),
            role: None,
            source: None,
            request_id: String::new(),
        }),
    };
    sql.execute(
        "INSERT INTO transfer (id, is_over, started, document) VALUES (?, 0, ?, '')",
        &[job.id.as_str().into(), now.milliseconds().into()],
    )?;
    let rows = sql.query("SELECT max(number) FROM transfer", &[])?;
    job.number = rows
        .first()
        .and_then(|row| row.integer(0))
        .unwrap_or(0)
        .unsigned_abs();
    store(&job, sql)?;
    Ok(HubReply::Jobs(vec![document(&job)]))
}

/// All jobs that can be seen, the newest first.
pub(super) fn list(sql: &dyn Sql) -> HubResult {
    let rows = sql.query(
        "SELECT document FROM transfer ORDER BY number DESC LIMIT 1000",
        &[],
    )?;
    let jobs = rows.iter().map(|row| read(row).map(|job| document(&job)));
    Ok(HubReply::Jobs(jobs.collect::<Result<_, _>>()?))
}

/// One job.
pub(super) fn get(id: &str, sql: &dyn Sql) -> HubResult {
    Ok(HubReply::Jobs(vec![document(&find(id, sql)?)]))
}

/// Ends a job where it stands. One that is over stays as it is.
pub(super) fn cancel(now: Timestamp, id: &str, sql: &dyn Sql) -> HubResult {
    let mut job = find(id, sql)?;
    if !job.status.is_over() {
        end(&mut job, TransferStatus::Cancelled, now);
        store(&job, sql)?;
    }
    Ok(HubReply::Jobs(vec![document(&job)]))
}

/// The job that is under way.
pub(super) fn current(sql: &dyn Sql) -> Result<Option<Transfer>, HubError> {
    let rows = sql.query(
        "SELECT document FROM transfer WHERE is_over = 0 LIMIT 1",
        &[],
    )?;
    rows.first().map(read).transpose()
}

/// What came of a step that began at `from`. Answers when the next one may begin; `None`: the
/// job is over, or has gone on without this step.
pub(super) fn stepped(
    now: Timestamp,
    from: &Transfer,
    stepped: Stepped,
    sql: &dyn Sql,
) -> Result<Option<Timestamp>, HubError> {
    let Some(mut job) = current(sql)? else {
        return Ok(None);
    };
    if job.number != from.number || job.cursor != from.cursor {
        return Ok(None);
    }
    job.status = TransferStatus::Running;
    let mut next = Some(now);
    match stepped {
        Stepped::On(cursor) => {
            job.cursor = cursor;
            job.attempts = 0;
        }
        Stepped::Completed(cursor) => {
            job.cursor = cursor;
            end(&mut job, TransferStatus::Completed, now);
            next = None;
        }
        Stepped::Failed(why) => {
            job.failure = Some(why);
            end(&mut job, TransferStatus::Failed, now);
            next = None;
        }
        Stepped::Again(why) => {
            job.attempts = job.attempts.saturating_add(1);
            if job.attempts >= MAX_ATTEMPTS {
                job.failure = Some(why);
                end(&mut job, TransferStatus::Failed, now);
                next = None;
            } else {
                let pause = (1_i64 << job.attempts.min(8)).min(LONGEST_PAUSE_SECONDS);
                next = Some(now.plus_seconds(pause));
            }
        }
    }
    store(&job, sql)?;
    Ok(next)
}

/// A job that is over needs its secrets no more.
fn end(job: &mut Transfer, status: TransferStatus, now: Timestamp) {
    job.status = status;
    job.ended = Some(now);
    job.order.input = None;
    job.order.output = String::new();
    job.cursor.pending = String::new();
}

fn find(id: &str, sql: &dyn Sql) -> Result<Transfer, HubError> {
    let rows = sql.query("SELECT document FROM transfer WHERE id = ?", &[id.into()])?;
    let job = rows.first().map(read).transpose()?;
    job.ok_or_else(|| HubError::new(ErrorCode::JobNotFound, format!("There is no job {id}.")))
}

fn read(row: &Row) -> Result<Transfer, HubError> {
    reading::from_str(row.required_text(0)?)
        .map_err(|error| HubError::internal(format!("a stored job: {error}")))
}

fn store(job: &Transfer, sql: &dyn Sql) -> Result<(), HubError> {
    let text = serde_json::to_string(job).map_err(|error| HubError::internal(error.to_string()))?;
    sql.execute(
        "UPDATE transfer SET is_over = ?, document = ? WHERE number = ?",
        &[
            job.status.is_over().into(),
            text.into(),
            i64::try_from(job.number).unwrap_or(i64::MAX).into(),
        ],
    )
}

/// A job as REST shows it: without its places, which are secrets. What was done and refused
/// is ours.
pub(super) fn document(job: &Transfer) -> Value {
    let progress = match job.status {
        TransferStatus::Completed => 100,
        _ => progress(job.order.direction, &job.cursor),
    };
    json!({
        "jobId": job.id,
        "startTimeUtc": job.started,
        "endTimeUtc": job.ended,
        "type": job.order.direction,
        "status": job.status,
        "progress": progress,
        "inputBlobName": (job.order.direction == Direction::Import).then_some(&job.order.devices_blob),
        "outputBlobName": match job.order.direction {
            Direction::Import => crate::transfer::LOG_BLOB,
            Direction::Export => job.order.devices_blob.as_str(),
        },
        "includeConfigurations": job.order.configurations_blob.is_some(),
        "configurationsBlobName": job.order.configurations_blob,
        "excludeKeysInExport": job.order.exclude_keys,
        "failureReason": job.failure,
        "succeededCount": job.cursor.done,
        "failedCount": job.cursor.failed,
    })
}
