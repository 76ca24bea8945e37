//! Dead letters: messages that a receiver called invalid, for people to look at and to send
//! again (`query-routing-events.md` §5.2).
//!
//! A letter keeps the record as it lay in the log, with its enrichments. Sent again, it goes to
//! the end of the log, for the same endpoint alone.

use super::document::{Place, document};
use super::routed;
use crate::delivery::Delivery;
use crate::error::HubError;
use crate::hub::segment::{self, Entry, Reader};
use crate::ipc::routing::Endpoint;
use crate::json;
use crate::routing::table::stamps_of;
use crate::sql::{Row, Sql};
use crate::time::Timestamp;
use crate::writing::JsonText;
use serde_json::Value;

/// Letters of a partition; beyond them the oldest go.
const MOST: i64 = 10_000;
/// Letters in one answer, or sent again with one request.
const MAX_PAGE: i64 = 100;

/// Keeps what a delivery had for its endpoint.
pub(super) fn keep(
    now: Timestamp,
    endpoint: &Endpoint,
    delivery: &Delivery,
    reason: &str,
    sql: &dyn Sql,
) -> Result<(), HubError> {
    let mut position = delivery.from;
    while position < delivery.upto {
        let Some(segment) = routed::next(sql, position, endpoint.mask())? else {
            break;
        };
        let mut reader = Reader::new(&segment.data);
        let mut sequence = segment.first - 1;
        loop {
            let before = segment.data.len() - reader.remaining();
            let Some(entry) = reader.next() else {
                break;
            };
            sequence += 1;
            let (entry, own) = (entry?, reader.routed());
            let is_inside = position < sequence && sequence <= delivery.upto;
            if !is_inside || own.endpoints & endpoint.mask() == 0 {
                continue;
            }
            let mut data = Vec::new();
            segment::encode_routed(&mut data, endpoint.mask(), own.stamps);
            encode(&mut data, &entry);
            let offset = segment.start_offset + i64::try_from(before).unwrap_or(0);
            sql.execute(
                "INSERT INTO dead_letter (endpoint, at, reason, place, enqueued, data) \
                 VALUES (?, ?, ?, ?, ?, ?)",
                &[
                    i64::from(endpoint.id).into(),
                    now.milliseconds().into(),
                    reason.into(),
                    format!("{sequence}:{offset}").into(),
                    segment.enqueued.milliseconds().into(),
                    data.into(),
                ],
            )?;
        }
        position = segment.last.min(delivery.upto);
    }
    sql.execute(
        "DELETE FROM dead_letter WHERE number <= (SELECT max(number) FROM dead_letter) - ?",
        &[MOST.into()],
    )
}

fn encode(data: &mut Vec<u8>, entry: &Entry<'_>) {
    match entry {
        Entry::Telemetry(record) => segment::encode(data, record),
        Entry::HubEvent { device, json } => segment::encode_hub_event(data, device, json),
    }
}

/// A page behind a number, the oldest first, with the events as the receiver got them.
pub(super) fn list(
    partition: u16,
    endpoint: u32,
    after: u64,
    sql: &dyn Sql,
) -> Result<Vec<Value>, HubError> {
    let rows = sql.query(
        "SELECT number, at, reason, place, enqueued, data, endpoint FROM dead_letter \
         WHERE endpoint = ? AND number > ? ORDER BY number LIMIT ?",
        &[i64::from(endpoint).into(), after.into(), MAX_PAGE.into()],
    )?;
    rows.iter().map(|row| letter(partition, row)).collect()
}

fn letter(partition: u16, row: &Row) -> Result<Value, HubError> {
    let data = row.blob(5).unwrap_or_default();
    let enqueued = Timestamp::from_milliseconds(row.integer(4).unwrap_or(0));
    let mut place = row.required_text(3)?.split(':');
    let mut number = || place.next().and_then(|text| text.parse::<i64>().ok());
    let (sequence, offset) = (number().unwrap_or(0), number().unwrap_or(0));
    let mut reader = Reader::new(data);
    let entry = reader.next().transpose()?;
    let own = reader.routed();
    let event = entry.and_then(|entry| {
        let stamps = stamps_of(own.stamps, own.endpoints);
        let place = Place::routed(partition, sequence, offset, enqueued);
        document(&entry, place, &stamps)
    });
    Ok(json!({
        "id": format!("{partition}:{}", row.integer(0).unwrap_or(0)),
        "time": Timestamp::from_milliseconds(row.integer(1).unwrap_or(0)),
        "reason": row.required_text(2)?,
        "event": event,
    }))
}

/// Takes letters out, to be sent again or to be forgotten: the one of that number, or the oldest
/// hundred. What is to be sent again comes as a segment for the endpoint.
pub(super) fn take(
    endpoint: &Endpoint,
    number: Option<u64>,
    sql: &dyn Sql,
) -> Result<(u64, Vec<u8>), HubError> {
    let rows = sql.query(
        "DELETE FROM dead_letter WHERE number IN (SELECT number FROM dead_letter \
         WHERE endpoint = ? AND (number = ? OR ?) ORDER BY number LIMIT ?) \
         RETURNING number, data",
        &[
            i64::from(endpoint.id).into(),
            number.unwrap_or(0).into(),
            number.is_none().into(),
            MAX_PAGE.into(),
        ],
    )?;
    let mut letters: Vec<(i64, &[u8])> = rows
        .iter()
        .map(|row| (row.integer(0).unwrap_or(0), row.blob(1).unwrap_or_default()))
        .collect();
    crate::sorting::sort_by(&mut letters, |one, other| one.0.cmp(&other.0));
    let mut data = Vec::new();
    for (_, record) in &letters {
        let mut reader = Reader::new(record);
        if let Some(Ok(entry)) = reader.next() {
            // The endpoint may have another bit by now.
            let stamps = masked(reader.routed().stamps, endpoint.mask());
            segment::encode_routed(&mut data, endpoint.mask(), &stamps);
            encode(&mut data, &entry);
        }
    }
    Ok((letters.len() as u64, data))
}

fn masked(stamps: &str, endpoint: u64) -> String {
    let known = stamps_of(stamps, u64::MAX);
    if known.is_empty() {
        return String::new();
    }
    let all: Vec<Value> = known
        .into_iter()
        .map(|(name, value)| json!([name, value, endpoint]))
        .collect();
    Value::Array(all).json_text()
}
