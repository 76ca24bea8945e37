//! Events of the log that go to an endpoint together.

use crate::delivery::storage;
use crate::error::HubError;
use crate::hub::events::document::{Place, document};
use crate::hub::events::log::Segment;
use crate::hub::events::routed;
use crate::hub::segment::{Entry, Reader};
use crate::ipc::routing::Endpoint;
use crate::routing::table::stamps_of;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::Value;

/// Most bytes of events in one request, or in one block of a file.
pub(super) const MAX_DELIVERY_BYTES: usize = 1_000_000;
/// An event of more bytes may be too large for a queue; it travels alone, since others would
/// come back with it.
const LARGE_FOR_QUEUE: usize = 60_000;
/// Most segments looked at for one delivery.
const MAX_SEGMENTS: usize = 64;

/// Events that go together.
pub(super) struct Gathered {
    pub(super) documents: Vec<Value>,
    pub(super) lines: String,
    pub(super) upto: i64,
    pub(super) first: Timestamp,
    /// The log has nothing behind them.
    pub(super) is_all: bool,
    pub(super) bytes: usize,
    pub(super) count: u64,
}

impl Gathered {
    fn add(&mut self, endpoint: &Endpoint, segment: &Segment, entry: &Entry<'_>, event: Value) {
        if self.count == 0 {
            self.first = segment.enqueued;
        }
        self.count += 1;
        if endpoint.is_pushed() {
            self.documents.push(event);
            return;
        }
        let raw: &[u8] = match entry {
            Entry::Telemetry(record) => record.body,
            Entry::HubEvent { .. } => &[],
        };
        self.lines.push_str(&storage::line(&event, raw));
    }
}

/// Events for an endpoint behind `from`: so many at most, and hardly more bytes.
pub(super) fn gather(
    endpoint: &Endpoint,
    partition: u16,
    from: i64,
    most: usize,
    most_bytes: usize,
    sql: &dyn Sql,
) -> Result<Gathered, HubError> {
    let most_bytes = most_bytes.min(MAX_DELIVERY_BYTES);
    let mut gathered = Gathered {
        documents: Vec::new(),
        lines: String::new(),
        upto: from,
        first: Timestamp::UNSET,
        is_all: false,
        bytes: 0,
        count: 0,
    };
    for _ in 0..MAX_SEGMENTS {
        let Some(segment) = routed::next(sql, gathered.upto, endpoint.mask())? else {
            gathered.is_all = true;
            break;
        };
        let mut reader = Reader::new(&segment.data);
        let mut sequence = segment.first - 1;
        loop {
            let before = reader.remaining();
            let Some(entry) = reader.next() else {
                break;
            };
            let entry = entry?;
            sequence += 1;
            if sequence <= gathered.upto {
                continue;
            }
            let own = reader.routed();
            if own.endpoints & endpoint.mask() != 0 {
                let is_large =
                    endpoint.queue().is_some() && before - reader.remaining() > LARGE_FOR_QUEUE;
                if gathered.bytes >= most_bytes
                    || gathered.documents.len() >= most
                    || (is_large && gathered.count > 0)
                {
                    return Ok(gathered);
                }
                let consumed = i64::try_from(segment.data.len() - before).unwrap_or(0);
                let offset = segment.start_offset + consumed;
                let place = Place::routed(partition, sequence, offset, segment.enqueued);
                let stamps = stamps_of(own.stamps, endpoint.mask());
                if let Some(event) = document(&entry, place, &stamps) {
                    gathered.add(endpoint, &segment, &entry, event);
                    gathered.bytes += before - reader.remaining();
                    if is_large {
                        gathered.upto = sequence;
                        return Ok(gathered);
                    }
                }
            }
            gathered.upto = sequence;
        }
    }
    Ok(gathered)
}
