//! The stored log of one partition: segments in order, each a row.
//!
//! Sequence numbers count events, offsets count bytes; both only rise. The newest segment
//! is never deleted, since the next numbers follow from it.

use crate::error::HubError;
use crate::hub::{operations, outbox, segment};
use crate::sql::{Row, Sql};
use crate::time::Timestamp;

/// Migration steps, oldest first; never change one that was released.
pub const STEPS: &[&[&str]] = &[
    FIRST,
    &[outbox::SCHEMA],
    super::routed::SCHEMA,
    &[operations::SCHEMA],
];

const FIRST: &[&str] = &[
    "CREATE TABLE segment (
        first INTEGER PRIMARY KEY,
        last INTEGER NOT NULL,
        enqueued INTEGER NOT NULL,
        start_offset INTEGER NOT NULL,
        end_offset INTEGER NOT NULL,
        data BLOB NOT NULL
    )",
    "CREATE TABLE checkpoint (consumer_group TEXT PRIMARY KEY, sequence INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE origin (name TEXT PRIMARY KEY, high_water INTEGER NOT NULL) WITHOUT ROWID",
    "CREATE TABLE settings (version INTEGER NOT NULL, document TEXT NOT NULL)",
];

/// Largest segment, so that a row stays below workerd's 2 MB.
pub const MAX_SEGMENT_BYTES: usize = 1_500_000;

/// Where the log ends; derived from the newest row, kept to spare a read per append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    pub sequence: i64,
    pub offset: i64,
    pub enqueued: Option<Timestamp>,
}

/// A row with its events.
#[derive(Debug, Clone)]
pub(super) struct Segment {
    pub first: i64,
    pub last: i64,
    pub enqueued: Timestamp,
    pub start_offset: i64,
    pub data: Vec<u8>,
}

impl End {
    /// The end behind a segment that is appended now; itself does not move. `None`: the
    /// segment is empty.
    pub(super) fn behind(self, now: Timestamp, data: &[u8]) -> Result<Option<Self>, HubError> {
        let count = i64::try_from(segment::count(data)?).unwrap_or(i64::MAX);
        if count == 0 {
            return Ok(None);
        }
        if data.len() > MAX_SEGMENT_BYTES {
            return Err(HubError::new(
                crate::error::ErrorCode::MessageTooLarge,
                format!(
                    "A batch has {} bytes; at most {MAX_SEGMENT_BYTES} fit.",
                    data.len()
                ),
            ));
        }
        let bytes = i64::try_from(data.len()).unwrap_or(i64::MAX);
        Ok(Some(Self {
            sequence: self.sequence + count,
            offset: self.offset + bytes,
            // Clocks may step back; times in the log do not.
            enqueued: Some(self.time(now)),
        }))
    }

    /// When something that is appended now is said to have come.
    pub(super) fn time(self, now: Timestamp) -> Timestamp {
        self.enqueued.map_or(now, |last| last.max(now))
    }
}

pub(super) fn end(sql: &dyn Sql) -> Result<End, HubError> {
    end_of(sql, "segment")
}

/// Where a table of segments ends.
pub(super) fn end_of(sql: &dyn Sql, table: &str) -> Result<End, HubError> {
    let rows = sql.query(
        &format!("SELECT last, end_offset, enqueued FROM {table} ORDER BY first DESC LIMIT 1"),
        &[],
    )?;
    Ok(match rows.first() {
        None => End {
            sequence: 0,
            offset: 0,
            enqueued: None,
        },
        Some(row) => End {
            sequence: row.integer(0).unwrap_or(0),
            offset: row.integer(1).unwrap_or(0),
            enqueued: row.integer(2).map(Timestamp::from_milliseconds),
        },
    })
}

/// Sequence number and offset where the kept log begins; `None` when it is empty.
pub(super) fn beginning(sql: &dyn Sql) -> Result<Option<(i64, i64)>, HubError> {
    let rows = sql.query(
        "SELECT first, start_offset FROM segment ORDER BY first LIMIT 1",
        &[],
    )?;
    Ok(rows
        .first()
        .and_then(|row| Some((row.integer(0)?, row.integer(1)?))))
}

/// Stores a segment as one row and returns the new end.
pub(super) fn append(
    sql: &dyn Sql,
    end: End,
    now: Timestamp,
    data: Vec<u8>,
) -> Result<End, HubError> {
    let Some(new) = end.behind(now, &data)? else {
        return Ok(end);
    };
    let enqueued = new.enqueued.unwrap_or(now);
    sql.execute(
        "INSERT INTO segment (first, last, enqueued, start_offset, end_offset, data) \
         VALUES (?, ?, ?, ?, ?, ?)",
        &[
            (end.sequence + 1).into(),
            new.sequence.into(),
            enqueued.milliseconds().into(),
            end.offset.into(),
            new.offset.into(),
            data.into(),
        ],
    )?;
    Ok(new)
}

/// The first segments that hold events behind `sequence`.
pub(super) fn after(sql: &dyn Sql, sequence: i64, limit: i64) -> Result<Vec<Segment>, HubError> {
    // The segment that holds the next event is the last one that begins at or before it.
    let rows = sql.query(
        "SELECT first, last, enqueued, start_offset, data FROM segment \
         WHERE first >= coalesce((SELECT max(first) FROM segment WHERE first <= ?), 0) \
         AND last > ? ORDER BY first LIMIT ?",
        &[(sequence + 1).into(), sequence.into(), limit.into()],
    )?;
    rows.iter().map(read).collect()
}

pub(super) fn read(row: &Row) -> Result<Segment, HubError> {
    let missing = || HubError::internal("a stored segment lacks a column");
    Ok(Segment {
        first: row.integer(0).ok_or_else(missing)?,
        last: row.integer(1).ok_or_else(missing)?,
        enqueued: Timestamp::from_milliseconds(row.integer(2).ok_or_else(missing)?),
        start_offset: row.integer(3).ok_or_else(missing)?,
        data: row.blob(4).ok_or_else(missing)?.to_vec(),
    })
}

/// The sequence number behind which events of `time` and later begin.
pub(super) fn before_time(sql: &dyn Sql, time: Timestamp, end: End) -> Result<i64, HubError> {
    let rows = sql.query(
        "SELECT first FROM segment WHERE enqueued >= ? ORDER BY first LIMIT 1",
        &[time.milliseconds().into()],
    )?;
    Ok(rows
        .first()
        .and_then(|row| row.integer(0))
        .map_or(end.sequence, |first| first - 1))
}

/// The sequence number of the event at or before an offset.
pub(super) fn at_offset(sql: &dyn Sql, offset: i64, end: End) -> Result<i64, HubError> {
    let rows = sql.query(
        "SELECT first, last, enqueued, start_offset, data FROM segment \
         WHERE start_offset <= ? AND end_offset > ? ORDER BY first LIMIT 1",
        &[offset.into(), offset.into()],
    )?;
    let Some(row) = rows.first() else {
        return Ok(if offset >= end.offset {
            end.sequence
        } else {
            0
        });
    };
    let segment = read(row)?;
    let mut reader = segment::Reader::new(&segment.data);
    let (mut sequence, mut position) = (segment.first - 1, segment.start_offset);
    // An event's offset is where it begins, so the last one that begins at or before it.
    while position <= offset && reader.next().is_some() {
        sequence += 1;
        let read = segment.data.len() - reader.remaining();
        position = segment.start_offset + i64::try_from(read).unwrap_or(i64::MAX);
    }
    Ok(sequence)
}

/// The offset of the newest event; 0 if there never was one.
pub(super) fn newest_offset(sql: &dyn Sql) -> Result<i64, HubError> {
    let rows = sql.query(
        "SELECT first, last, enqueued, start_offset, data FROM segment ORDER BY first DESC LIMIT 1",
        &[],
    )?;
    let Some(row) = rows.first() else {
        return Ok(0);
    };
    let segment = read(row)?;
    let mut reader = segment::Reader::new(&segment.data);
    let mut newest = 0;
    loop {
        let consumed = segment.data.len() - reader.remaining();
        if reader.next().transpose()?.is_none() {
            return Ok(segment.start_offset + i64::try_from(newest).unwrap_or(0));
        }
        newest = consumed;
    }
}

/// Deletes what retention no longer covers; the newest segment always stays.
pub(super) fn trim(
    sql: &dyn Sql,
    end: End,
    oldest: Timestamp,
    max_bytes: i64,
) -> Result<(), HubError> {
    let from_offset = end.offset - max_bytes;
    sql.execute(
        "DELETE FROM segment WHERE (enqueued < ? OR end_offset <= ?) \
         AND first < (SELECT max(first) FROM segment)",
        &[oldest.milliseconds().into(), from_offset.into()],
    )
}
