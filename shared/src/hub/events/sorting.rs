//! Sorts what comes in by where routes send it (`query-routing-events.md` §3.1, §3.3).
//!
//! What goes to the built-in endpoint and to nobody else is stored as it came, in the one row
//! that it takes anyway; a batch of which that is true as a whole is not even copied. Where no
//! route, subscription or enrichment speaks of telemetry, nothing is looked at.

use super::Events;
use super::document::{Place, hub_event};
use super::twins::{SenderTwins, sender};
use super::view::TelemetryView;
use super::{log, routed};
use crate::error::{ErrorCode, HubError};
use crate::hub::segment::{self, Entry, Reader};
use crate::ids::{DeviceId, Identity};
use crate::ipc::audit;
use crate::ipc::events::HubEvent;
use crate::json;
use crate::reading;
use crate::routing::EventMessage;
use crate::routing::table::{BUILT_IN_MASK, Decision, TELEMETRY, Table, source};
use crate::sql::Sql;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::borrow::Cow;
use std::rc::Rc;

/// A message has no more, its properties included (§4.1).
const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// A row of sorted records is closed at so many bytes.
const ROW_BYTES: usize = 1_000_000;

/// What messages came to. Kept in the row of an endpoint that nobody has, when old segments are
/// looked for; what a crash takes is the last minutes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Tally {
    pub orphaned: u64,
    pub fallback: u64,
    /// Telemetry that is not in the log of the built-in endpoint.
    pub elsewhere: u64,
    /// A route whose condition was undefined, and when.
    pub undefined: Option<(String, Timestamp)>,
    /// When there was last a record of each.
    #[serde(skip)]
    noted: [Option<Timestamp>; 3],
}

/// Records that come with messages are at least so far apart (§3.6).
const NOTE_SECONDS: i64 = 60;

impl Tally {
    pub(super) fn load(sql: &dyn Sql) -> Result<Self, HubError> {
        let rows = sql.query("SELECT standing FROM delivery WHERE endpoint = 0", &[])?;
        let text = rows.first().and_then(|row| row.text(0)).unwrap_or("{}");
        Ok(reading::from_str(text).unwrap_or_default())
    }

    pub(super) fn store(&self, sql: &dyn Sql) -> Result<(), HubError> {
        if self.orphaned + self.fallback + self.elsewhere == 0 {
            return Ok(());
        }
        let text =
            serde_json::to_string(self).map_err(|error| HubError::internal(error.to_string()))?;
        sql.execute(
            "INSERT INTO delivery (endpoint, standing) VALUES (0, ?) \
             ON CONFLICT (endpoint) DO UPDATE SET standing = excluded.standing \
             WHERE standing <> excluded.standing",
            &[text.into()],
        )
    }
}

/// Records by where they go.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// For the built-in endpoint, in rows.
    built_in: Rows,
    /// For all others.
    routed: Rows,
    /// Endpoints for which a message was too large with its enrichments.
    too_large: u64,
}

/// Rows of records: bytes, endpoints, how many.
#[derive(Debug, Default)]
struct Rows(Vec<(Vec<u8>, u64, u64)>);

impl Rows {
    /// Where the next record goes.
    fn row(&mut self, endpoints: u64) -> Option<&mut Vec<u8>> {
        let has_room = self.0.last().is_some_and(|row| row.0.len() < ROW_BYTES);
        if !has_room {
            self.0.push((Vec::new(), 0, 0));
        }
        let (row, all, count) = self.0.last_mut()?;
        *all |= endpoints;
        *count += 1;
        Some(row)
    }
}

impl Sorted {
    /// Adds a record by its decision. `size` is the message's own.
    fn add(
        &mut self,
        record: &[u8],
        size: usize,
        mut endpoints: u64,
        stamps: &dyn Fn(u64) -> String,
    ) {
        let mut text = stamps(endpoints);
        if size + text.len() > MAX_MESSAGE_BYTES && !text.is_empty() {
            let stamped = crate::routing::table::stamped(&text);
            self.too_large |= stamped & endpoints;
            endpoints &= !stamped;
            text = stamps(endpoints);
        }
        if endpoints & BUILT_IN_MASK != 0
            && let Some(row) = self.built_in.row(BUILT_IN_MASK)
        {
            if !text.is_empty() {
                segment::encode_routed(row, BUILT_IN_MASK, &text);
            }
            row.extend_from_slice(record);
        }
        let others = endpoints & !BUILT_IN_MASK;
        if others != 0
            && let Some(row) = self.routed.row(others)
        {
            segment::encode_routed(row, others, &text);
            row.extend_from_slice(record);
        }
    }
}

impl Events {
    /// Stores telemetry where it goes.
    pub(super) fn store_telemetry(
        &mut self,
        now: Timestamp,
        data: Vec<u8>,
        twins: &SenderTwins,
        sql: &dyn Sql,
    ) -> Result<(), HubError> {
        let Some(table) = self.table.clone().filter(|table| !table.is_plain()) else {
            self.end = log::append(sql, self.end, now, data)?;
            return Ok(());
        };
        let enqueued = self.end.time(now);
        let mut sorted = Sorted::default();
        // So far every record goes to the built-in endpoint alone.
        let mut is_as_it_came = true;
        let mut reader = Reader::new(&data);
        loop {
            let start = data.len() - reader.remaining();
            let Some(entry) = reader.next() else { break };
            let entry = entry?;
            let end = data.len() - reader.remaining();
            let Entry::Telemetry(record) = entry else {
                continue;
            };
            let twin = if twins.is_empty() {
                None
            } else {
                twins.get(&sender(record.device, record.module))
            };
            let twin = twin.map(Rc::as_ref).filter(|twin| !twin.is_null());
            let view = TelemetryView::new(&record, enqueued, twin);
            let decision = table.decide(TELEMETRY, &view);
            if view.has_unreadable_body() {
                self.note(2, now, sql, "RouteEvaluationError", record.device, "");
            }
            self.count(now, &table, decision, record.device, sql);
            self.tally.elsewhere += u64::from(decision.endpoints & BUILT_IN_MASK == 0);
            let stamps = |endpoints| table.stamps(TELEMETRY, endpoints, twin);
            if is_as_it_came
                && decision.endpoints == BUILT_IN_MASK
                && stamps(BUILT_IN_MASK).is_empty()
            {
                continue;
            }
            if is_as_it_came {
                is_as_it_came = false;
                let before = data.get(..start).unwrap_or_default();
                let count = segment::count(before)?;
                if count > 0 {
                    sorted
                        .built_in
                        .0
                        .push((before.to_vec(), BUILT_IN_MASK, count));
                }
            }
            let raw = data.get(start..end).unwrap_or_default();
            let size = record.bag.len() + record.body.len();
            sorted.add(raw, size, decision.endpoints, &stamps);
        }
        if is_as_it_came {
            self.end = log::append(sql, self.end, now, data)?;
            return Ok(());
        }
        self.keep(now, sorted, sql, &mut || Ok(()))
    }

    /// Sorts an event that the hub itself makes.
    pub(super) fn sort_hub_event(
        &mut self,
        now: Timestamp,
        event: &HubEvent,
        json: &str,
        sorted: &mut Sorted,
        sql: &dyn Sql,
    ) {
        let device = event.identity.as_ref().map(|identity| &identity.device);
        let device = device.map_or("", |device| device.as_str());
        let mut record = Vec::with_capacity(json.len() + device.len() + 8);
        segment::encode_hub_event(&mut record, device, json);
        let Some(table) = self.table.clone() else {
            sorted.add(&record, 0, BUILT_IN_MASK, &|_| String::new());
            return;
        };
        let Some(source) = source(&event.source) else {
            return;
        };
        let place = Place {
            partition: self.partition,
            sequence: 0,
            offset: 0,
            enqueued: self.end.time(now),
            is_routed: false,
        };
        let document = hub_event(event, place);
        let twin = event.twin.as_ref();
        let view = EventMessage::new(&document, twin);
        let decision = table.decide(source, &view);
        self.count(now, &table, decision, device, sql);
        let stamps = |endpoints| table.stamps(source, endpoints, twin);
        sorted.add(&record, json.len(), decision.endpoints, &stamps);
    }

    /// Writes everything, and what `besides` writes, in one transaction.
    pub(super) fn keep(
        &mut self,
        now: Timestamp,
        sorted: Sorted,
        sql: &dyn Sql,
        besides: &mut dyn FnMut() -> Result<(), HubError>,
    ) -> Result<(), HubError> {
        let (mut end, mut routed_end) = (self.end, self.routed_end);
        let mut built_in = Some(sorted.built_in.0);
        let counts: Vec<(u64, u64, u64)> = sorted
            .routed
            .0
            .iter()
            .map(|(row, endpoints, count)| (*endpoints, *count, row.len() as u64))
            .collect();
        let mut others = Some(sorted.routed.0);
        sql.transaction(&mut || {
            for (row, _, _) in built_in.take().into_iter().flatten() {
                end = log::append(sql, end, now, row)?;
            }
            for (row, endpoints, _) in others.take().into_iter().flatten() {
                routed_end = routed::append(sql, routed_end, now, row, endpoints)?;
            }
            besides()
        })?;
        self.end = end;
        self.routed_end = routed_end;
        for (endpoints, count, bytes) in counts {
            self.deliveries.appended(now, endpoints, count, bytes);
        }
        if sorted.too_large != 0 {
            self.deliveries.were_too_large(sorted.too_large);
        }
        Ok(())
    }

    fn count(
        &mut self,
        now: Timestamp,
        table: &Table,
        decision: Decision,
        device: &str,
        sql: &dyn Sql,
    ) {
        self.tally.orphaned += u64::from(decision.is_orphaned);
        self.tally.fallback += u64::from(decision.is_fallback);
        if decision.is_orphaned {
            self.note(0, now, sql, "OrphanedMessage", device, "");
        }
        if let Some(place) = decision.undefined {
            let route = table.route_name(place);
            if self.note(1, now, sql, "UndefinedRouteEvaluation", device, route) {
                self.tally.undefined = Some((route.to_owned(), now));
            }
        }
    }

    /// Writes a record of the kind at a place, unless there was one lately; whether it did.
    fn note(
        &mut self,
        place: usize,
        now: Timestamp,
        sql: &dyn Sql,
        operation: &str,
        device: &str,
        route: &str,
    ) -> bool {
        let Some(noted) = self.tally.noted.get_mut(place) else {
            return false;
        };
        if noted.is_some_and(|at| at.plus_seconds(NOTE_SECONDS) > now) {
            return false;
        }
        *noted = Some(now);
        let identity = DeviceId::parse(device).ok().map(Identity::device);
        let code = (operation == "RouteEvaluationError").then_some(ErrorCode::IotHubFormatError);
        let details = json!({ "routeName": route });
        let note = audit::note("Routes", operation, code, "", identity.as_ref(), details);
        self.operations.note(&note, now, sql);
        true
    }
}

/// The twin beside an event in an outbox is for conditions; nobody reads it in the log.
pub(super) fn without_twin<'a>(event: &HubEvent, text: &'a str) -> Result<Cow<'a, str>, HubError> {
    if event.twin.is_none() {
        return Ok(Cow::Borrowed(text));
    }
    let mut stored = event.clone();
    stored.twin = None::<Value>;
    serde_json::to_string(&stored)
        .map(Cow::Owned)
        .map_err(|error| HubError::internal(error.to_string()))
}
