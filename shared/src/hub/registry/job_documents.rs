//! `FROM devices.jobs`: one document per job and device (`query-routing-events.md` §2).
//!
//! In order of job, then device: that is the key of the rows. A document's key carries the
//! job where others have the device, and the device where others have the module.

use super::query::BATCH;
use crate::error::HubError;
use crate::json;
use crate::query::ast::{Comparison, Expression, Literal};
use crate::query::plan::Prefilter;
use crate::query::{DocumentKey, Query, Sections};
use crate::sql::{Row, Sql, SqlValue};
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// A prefilter names `identity.device_id` and `identity.status`; here they are the job's.
const SELECT: &str = "SELECT job.id, identity.device_id, job.type, identity.status, job.started, \
    job.deadline, identity.created, identity.updated, identity.outcome, identity.error, identity.hold \
    FROM job JOIN job_device AS identity ON identity.job = job.number WHERE 1";

/// Rows behind a key, as far as a prefilter lets them through.
pub(super) fn read_rows(
    sql: &dyn Sql,
    query: &Query,
    _sections: Sections,
    prefilter: Option<&Prefilter>,
    after: Option<&DocumentKey>,
) -> Result<Vec<Row>, HubError> {
    let mut statement = SELECT.to_owned();
    let mut parameters: Vec<SqlValue> = Vec::new();
    if let Some(job) = query.condition.as_ref().and_then(job_of) {
        statement.push_str(" AND job.id = ?");
        parameters.push(job.into());
    }
    if let Some(after) = after {
        statement.push_str(" AND job.id >= ? AND (job.id > ? OR identity.device_id > ?)");
        for part in [&after.device, &after.device, &after.module] {
            parameters.push(part.as_str().into());
        }
    }
    if let Some(prefilter) = prefilter {
        statement.push_str(" AND ");
        statement.push_str(&prefilter.sql);
        parameters.extend(prefilter.parameters.iter().cloned());
    }
    statement.push_str(" ORDER BY job.id, identity.device_id LIMIT ?");
    parameters.push(i64::from(BATCH).into());
    sql.query(&statement, &parameters)
}

/// The document with this key.
pub(super) fn read_one(sql: &dyn Sql, key: &DocumentKey) -> Result<Option<Value>, HubError> {
    let statement = format!("{SELECT} AND job.id = ? AND identity.device_id = ?");
    let rows = sql.query(
        &statement,
        &[key.device.as_str().into(), key.module.as_str().into()],
    )?;
    let document = rows.first().map(read_document).transpose()?;
    Ok(document.map(|(_, document)| document))
}

/// The job that a condition surely asks for: nothing is said about texts that are not plain.
fn job_of(condition: &Expression) -> Option<&str> {
    match condition {
        Expression::All(members) => members.iter().find_map(job_of),
        Expression::Compare(Comparison::Equal, left, right) => {
            match (left.as_ref(), right.as_ref()) {
                (Expression::Path(path), Expression::Literal(Literal::Text(job)))
                | (Expression::Literal(Literal::Text(job)), Expression::Path(path))
                    if path.steps.len() == 1 && path.names() == ["jobId"] =>
                {
                    Some(job)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

/// A row as the document that a query shows, and its key.
pub(super) fn read_document(row: &Row) -> Result<(DocumentKey, Value), HubError> {
    let key = DocumentKey {
        device: row.required_text(0)?.to_owned(),
        module: row.required_text(1)?.to_owned(),
    };
    let time = |column: usize| {
        json!(Timestamp::from_milliseconds(
            row.integer(column).unwrap_or(0)
        ))
    };
    let stored = |column: usize| -> Result<Option<Value>, HubError> {
        let parsed = row.text(column).map(serde_json::from_str).transpose();
        parsed.map_err(|error| HubError::internal(format!("a stored outcome: {error}")))
    };
    let mut outcome = Map::new();
    if let Some(response) = stored(8)? {
        outcome.insert("deviceMethodResponse".to_owned(), response);
    }
    let mut document = json!({
        "deviceId": key.module,
        "jobId": key.device,
        "jobType": row.text(2),
        "status": row.text(3),
        "startTimeUtc": time(4),
        "endTimeUtc": time(5),
        "createdDateTimeUtc": time(6),
        "lastUpdatedDateTimeUtc": time(7),
        "outcome": outcome,
    });
    if let (Some(error), Value::Object(document)) = (stored(9)?, &mut document) {
        document.insert("error".to_owned(), error);
    }
    if row.text(3) == Some("pending")
        && let Some(hold) = stored(10)?
        && let Value::Object(document) = &mut document
    {
        document.insert("hold".to_owned(), hold);
    }
    Ok((key, document))
}
