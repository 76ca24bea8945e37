//! Tables of a registry shard.
//!
//! Sessions live beside the identity because connecting changes both at once and must be
//! one row write; twins are larger and change at other times. Documents are JSONB, which
//! SQLite searches without parsing. `WITHOUT ROWID` keeps one write per changed row where rows
//! are small.

use super::{
    archive, configuration_copy, dead_letters, history, incidents, job_events, job_holds, job_rows,
    liveness, query_indexes, retirement, revocation, roll_up, signals, transfer, uploads,
};
use crate::hub::{audit, counters, operations, outbox};

/// Migration steps, oldest first; never change one that was released.
pub const STEPS: &[&[&str]] = &[
    FIRST,
    CENSUS,
    audit::SCHEMA,
    &[retirement::SCHEMA, revocation::SCHEMA, archive::SCHEMA],
    &[transfer::SCHEMA],
    &[operations::SCHEMA],
    TWIN_BY_NUMBER,
    &[query_indexes::SCHEMA],
    configuration_copy::SCHEMA,
    job_rows::SCHEMA,
    &[history::SCHEMA],
    &[job_holds::SCHEMA],
    &[roll_up::CALLS],
    &[job_events::SCHEMA],
    uploads::SCHEMA,
    &[dead_letters::SCHEMA],
    &[
        "ALTER TABLE identity ADD COLUMN closes TEXT NOT NULL DEFAULT ''",
        incidents::SCHEMA,
    ],
    &[counters::SCHEMA],
    liveness::SCHEMA,
    signals::SCHEMA,
];

/// Twins are longer than what a row without a number may hold within its page, so each took
/// a page of its own beside it, and a scan read them all.
const TWIN_BY_NUMBER: &[&str] = &[
    "CREATE TABLE twin_by_number (
        number INTEGER PRIMARY KEY,
        device_id TEXT NOT NULL,
        module_id TEXT NOT NULL DEFAULT '',
        etag INTEGER NOT NULL,
        version INTEGER NOT NULL,
        tags BLOB NOT NULL,
        desired BLOB NOT NULL,
        reported BLOB NOT NULL,
        UNIQUE (device_id, module_id)
    )",
    "INSERT INTO twin_by_number \
     (device_id, module_id, etag, version, tags, desired, reported) \
     SELECT device_id, module_id, etag, version, tags, desired, reported \
     FROM twin ORDER BY device_id, module_id",
    "DROP TABLE twin",
    "ALTER TABLE twin_by_number RENAME TO twin",
];

const FIRST: &[&str] = &[
    "CREATE TABLE identity (
        device_id TEXT NOT NULL,
        module_id TEXT NOT NULL DEFAULT '',
        generation_id TEXT NOT NULL,
        etag INTEGER NOT NULL,
        status TEXT NOT NULL,
        status_reason TEXT,
        status_updated INTEGER,
        authentication TEXT NOT NULL,
        iot_edge INTEGER NOT NULL DEFAULT 0,
        device_scope TEXT,
        parent_scope TEXT,
        managed_by TEXT,
        model_id TEXT,
        next_sequence INTEGER NOT NULL DEFAULT 1,
        epoch INTEGER NOT NULL DEFAULT 0,
        gateway INTEGER,
        connection TEXT,
        state_updated INTEGER,
        last_activity INTEGER,
        persistent INTEGER NOT NULL DEFAULT 0,
        subscriptions TEXT NOT NULL DEFAULT '[]',
        session TEXT NOT NULL DEFAULT '{}',
        PRIMARY KEY (device_id, module_id)
    ) WITHOUT ROWID",
    "CREATE TABLE twin (
        device_id TEXT NOT NULL,
        module_id TEXT NOT NULL DEFAULT '',
        etag INTEGER NOT NULL,
        version INTEGER NOT NULL,
        tags BLOB NOT NULL,
        desired BLOB NOT NULL,
        reported BLOB NOT NULL,
        PRIMARY KEY (device_id, module_id)
    ) WITHOUT ROWID",
    "CREATE TABLE message (
        device_id TEXT NOT NULL,
        sequence INTEGER NOT NULL,
        properties TEXT NOT NULL,
        ack TEXT NOT NULL,
        body BLOB NOT NULL,
        enqueued INTEGER NOT NULL,
        expires INTEGER NOT NULL,
        delivery_count INTEGER NOT NULL DEFAULT 0,
        sent_epoch INTEGER,
        lock_token TEXT,
        locked_until INTEGER,
        PRIMARY KEY (device_id, sequence)
    ) WITHOUT ROWID",
    "CREATE TABLE feedback (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        device_id TEXT NOT NULL,
        record TEXT NOT NULL,
        expires INTEGER NOT NULL,
        lock_token TEXT,
        locked_until INTEGER,
        delivery_count INTEGER NOT NULL DEFAULT 0
    )",
    "CREATE TABLE settings (version INTEGER NOT NULL, document TEXT NOT NULL)",
    outbox::SCHEMA,
];

/// Sessions carry the gateway's census at their beginning; `gateway` has the newest that
/// this shard has heard of.
const CENSUS: &[&str] = &[
    "ALTER TABLE identity ADD COLUMN census INTEGER NOT NULL DEFAULT 0",
    "CREATE TABLE gateway (number INTEGER PRIMARY KEY, census INTEGER NOT NULL)",
];
