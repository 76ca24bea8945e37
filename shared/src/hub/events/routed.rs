//! The log of what goes to custom endpoints and subscriptions, beside the one of the built-in
//! endpoint.
//!
//! One row per batch, whoever gets what: each record says so itself (`segment::Routed`), and the
//! row has all of it in one mask. Endpoints have a place in this log each (`super::delivery`);
//! reading removes nothing.

use super::log::{self, End, Segment};
use crate::error::HubError;
use crate::sql::Sql;
use crate::time::Timestamp;

/// Tables of this log and of what is done with it.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE routed (
        first INTEGER PRIMARY KEY,
        last INTEGER NOT NULL,
        enqueued INTEGER NOT NULL,
        start_offset INTEGER NOT NULL,
        end_offset INTEGER NOT NULL,
        data BLOB NOT NULL,
        endpoints INTEGER NOT NULL
    )",
    "CREATE TABLE delivery (endpoint INTEGER PRIMARY KEY, standing TEXT NOT NULL)",
    "CREATE TABLE dead_letter (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        endpoint INTEGER NOT NULL,
        at INTEGER NOT NULL,
        reason TEXT NOT NULL,
        place TEXT NOT NULL,
        enqueued INTEGER NOT NULL,
        data BLOB NOT NULL
    )",
];

/// Where the log ends.
pub(super) fn end(sql: &dyn Sql) -> Result<End, HubError> {
    log::end_of(sql, "routed")
}

/// Stores records as one row. `endpoints` has the bits of all of them.
pub(super) fn append(
    sql: &dyn Sql,
    end: End,
    now: Timestamp,
    data: Vec<u8>,
    endpoints: u64,
) -> Result<End, HubError> {
    let Some(new) = end.behind(now, &data)? else {
        return Ok(end);
    };
    let enqueued = new.enqueued.unwrap_or(now);
    sql.execute(
        "INSERT INTO routed (first, last, enqueued, start_offset, end_offset, data, endpoints) \
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        &[
            (end.sequence + 1).into(),
            new.sequence.into(),
            enqueued.milliseconds().into(),
            end.offset.into(),
            new.offset.into(),
            data.into(),
            endpoints.into(),
        ],
    )?;
    Ok(new)
}

/// The next segment behind `position` that has something for these endpoints.
pub(super) fn next(
    sql: &dyn Sql,
    position: i64,
    endpoints: u64,
) -> Result<Option<Segment>, HubError> {
    let rows = sql.query(
        "SELECT first, last, enqueued, start_offset, data FROM routed \
         WHERE first >= coalesce((SELECT max(first) FROM routed WHERE first <= ?), 0) \
         AND last > ? AND endpoints & ? <> 0 ORDER BY first LIMIT 1",
        &[(position + 1).into(), position.into(), endpoints.into()],
    )?;
    rows.first().map(log::read).transpose()
}

/// The oldest sequence number that is kept; `None` when nothing is.
pub(super) fn beginning(sql: &dyn Sql) -> Result<Option<i64>, HubError> {
    let rows = sql.query("SELECT first FROM routed ORDER BY first LIMIT 1", &[])?;
    Ok(rows.first().and_then(|row| row.integer(0)))
}

/// Deletes what everybody has, up to `delivered`, and what retention no longer covers; the
/// newest segment always stays.
pub(super) fn trim(
    sql: &dyn Sql,
    end: End,
    delivered: i64,
    oldest: Timestamp,
    max_bytes: i64,
) -> Result<(), HubError> {
    sql.execute(
        "DELETE FROM routed WHERE (last <= ? OR enqueued < ? OR end_offset <= ?) \
         AND first < (SELECT max(first) FROM routed)",
        &[
            delivered.into(),
            oldest.milliseconds().into(),
            (end.offset - max_bytes).into(),
        ],
    )
}
