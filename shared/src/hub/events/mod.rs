//! One partition of the event log behind the built-in endpoint
//! (`query-routing-events.md` §4.1, §5.1).
//!
//! Appending is the hot path: one row per batch, nothing else written, nothing decoded but
//! lengths. What was answered is stored. Reading never removes anything.

mod document;
mod log;
mod read;
mod readers;

use super::effects::{Correlation, Effects, Outcome, Token};
use super::outbox::Outbox;
use super::{segment, settings};
use crate::error::{ErrorCode, HubError};
use crate::ipc::alert::RaiseAlert;
use crate::ipc::events::{EventsReply, EventsRequest, EventsResult, HubEvent, PartitionInfo};
use crate::ipc::hub::{Retention, Settings};
use crate::sql::Sql;
use crate::time::Timestamp;
use log::End;
use read::Waiting;

pub use log::MAX_SEGMENT_BYTES;

/// How often old segments are looked for.
const TRIM_MILLISECONDS: i64 = 10 * 60 * 1000;

/// A partition. Memory holds the end of the log and the readers that wait for more.
#[derive(Debug)]
pub struct Events {
    partition: u16,
    settings: Option<Settings>,
    end: End,
    waiting: Vec<Waiting>,
    streams: readers::Streams,
    /// An alarm for trimming was asked for since this object was opened.
    trim_armed: bool,
    outbox: Outbox,
    correlations: Correlation,
}

impl Events {
    /// Opens the partition: brings its tables up to date and finds the end of the log.
    pub fn open(partition: u16, sql: &dyn Sql) -> Result<Self, HubError> {
        crate::sql::migrate(sql, log::STEPS)?;
        Ok(Self {
            partition,
            settings: settings::load(sql)?,
            end: log::end(sql)?,
            waiting: Vec::new(),
            streams: readers::Streams::new(),
            trim_armed: false,
            outbox: Outbox::default(),
            correlations: 0,
        })
    }

    /// Stores a gateway's segment. `Ok` means stored.
    pub fn append(
        &mut self,
        now: Timestamp,
        data: Vec<u8>,
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) -> Result<(), HubError> {
        self.end = log::append(sql, self.end, now, data)?;
        self.after_append(now, sql, effects);
        Ok(())
    }

    /// Handles a request. `None`: the answer comes later as an effect for `token`.
    pub fn handle(
        &mut self,
        now: Timestamp,
        token: Token,
        request: EventsRequest,
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) -> Option<EventsResult> {
        let reply = match request {
            EventsRequest::AppendHubEvents { origin, events } => {
                let reply = self.append_hub_events(now, &origin, &events, sql);
                self.after_append(now, sql, effects);
                reply
            }
            EventsRequest::Read(read) => return self.read(now, token, read, sql, effects),
            EventsRequest::Info => self.info(sql).map(EventsReply::Info),
            EventsRequest::Checkpoint {
                group,
                sequence_number,
                force,
            } => checkpoint(sql, &group, sequence_number, force).map(|()| EventsReply::Done),
            EventsRequest::ForgetGroup(group) => sql
                .execute(
                    "DELETE FROM checkpoint WHERE consumer_group = ?",
                    &[group.into()],
                )
                .map(|()| EventsReply::Done),
            EventsRequest::ApplySettings(new) => {
                settings::store(&mut self.settings, *new, sql).map(|()| EventsReply::Done)
            }
        };
        Some(reply)
    }

    fn append_hub_events(
        &mut self,
        now: Timestamp,
        origin: &str,
        events: &[(u64, HubEvent)],
        sql: &dyn Sql,
    ) -> EventsResult {
        let rows = sql.query(
            "SELECT high_water FROM origin WHERE name = ?",
            &[origin.into()],
        )?;
        let known = rows
            .first()
            .and_then(|row| row.integer(0))
            .unwrap_or(0)
            .unsigned_abs();
        let mut data = Vec::new();
        let mut highest = known;
        for (number, event) in events {
            if *number <= known {
                continue;
            }
            let json = serde_json::to_string(event)
                .map_err(|error| HubError::internal(error.to_string()))?;
            let device = event.identity.as_ref().map(|identity| &identity.device);
            let device = device.map_or("", |device| device.as_str());
            segment::encode_hub_event(&mut data, device, &json);
            highest = highest.max(*number);
        }
        if highest == known {
            return Ok(EventsReply::Done);
        }
        let mut end = self.end;
        sql.transaction(&mut || {
            end = log::append(sql, end, now, std::mem::take(&mut data))?;
            sql.execute(
                "INSERT INTO origin (name, high_water) VALUES (?, ?) \
                 ON CONFLICT (name) DO UPDATE SET high_water = excluded.high_water",
                &[origin.into(), highest.into()],
            )
        })?;
        self.end = end;
        Ok(EventsReply::Done)
    }

    fn after_append(&mut self, now: Timestamp, sql: &dyn Sql, effects: &mut Effects<EventsResult>) {
        if !self.trim_armed {
            self.trim_armed = true;
            effects.alarm_at(now.plus_milliseconds(TRIM_MILLISECONDS));
        }
        self.serve_waiting(now, sql, effects);
    }

    /// Tells the hub object of something that needs a person, or that it is over: surely, and
    /// each report once.
    pub fn alert(
        &mut self,
        now: Timestamp,
        alerts: &[RaiseAlert],
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) -> Result<(), HubError> {
        Outbox::put_alerts(sql, alerts)?;
        self.send_outbox(now, sql, effects)
    }

    fn send_outbox(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) -> Result<(), HubError> {
        let origin = format!("events-{}", self.partition);
        let correlations = &mut self.correlations;
        let mut next = || {
            *correlations += 1;
            *correlations
        };
        self.outbox.send(now, &origin, &mut next, sql, effects)
    }

    /// The outcome of a call that this partition made.
    pub fn finished(
        &mut self,
        now: Timestamp,
        correlation: Correlation,
        outcome: &Outcome,
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) -> Result<(), HubError> {
        let delivered = matches!(outcome, Outcome::Hub(Ok(_)));
        let ours = self.outbox.finished(correlation, delivered, sql)?;
        // A failed call is repeated by the alarm, not at once, lest it spin.
        if ours && delivered && Outbox::has_rows(sql)? {
            self.send_outbox(now, sql, effects)?;
        }
        Ok(())
    }

    /// A volatile timer fired: readers that waited long enough get an empty page.
    pub fn timer(&mut self, now: Timestamp, effects: &mut Effects<EventsResult>) {
        self.expire_waiting(now, effects);
    }

    /// A durable alarm fired: what retention no longer covers is deleted, and what nobody has
    /// confirmed is sent again.
    pub fn alarm(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) -> Result<(), HubError> {
        let retention = self
            .settings
            .as_ref()
            .map_or(Retention::default(), |settings| settings.retention);
        let oldest = now.plus_seconds(-i64::from(retention.days) * 86_400);
        let bytes = i64::try_from(retention.bytes).unwrap_or(i64::MAX);
        log::trim(sql, self.end, oldest, bytes)?;
        // A single, newest segment is left for good; it needs no further alarm.
        let rows = sql.query("SELECT count(*) FROM (SELECT 1 FROM segment LIMIT 2)", &[])?;
        self.trim_armed = rows.first().and_then(|row| row.integer(0)).unwrap_or(0) > 1;
        if self.trim_armed {
            effects.alarm_at(now.plus_milliseconds(TRIM_MILLISECONDS));
        }
        self.send_outbox(now, sql, effects)
    }

    fn info(&self, sql: &dyn Sql) -> Result<PartitionInfo, HubError> {
        let (first, start) =
            log::beginning(sql)?.unwrap_or((self.end.sequence + 1, self.end.offset));
        Ok(PartitionInfo {
            id: self.partition,
            begin_sequence_number: first.unsigned_abs(),
            last_sequence_number: self.end.sequence.unsigned_abs(),
            last_offset: log::newest_offset(sql)?.to_string(),
            last_enqueued_time: self.end.enqueued,
            bytes: (self.end.offset - start).unsigned_abs(),
        })
    }
}

fn checkpoint(sql: &dyn Sql, group: &str, sequence: u64, force: bool) -> Result<(), HubError> {
    if let Some(stored) = read::stored_checkpoint(sql, group)?
        && sequence < stored.unsigned_abs()
        && !force
    {
        return Err(HubError::new(
            ErrorCode::GenericConflict,
            format!(
                "Consumer group {group:?} is at {stored} already; send \"force\": true to move it back to {sequence}."
            ),
        ));
    }
    sql.execute(
        "INSERT INTO checkpoint (consumer_group, sequence) VALUES (?, ?) \
         ON CONFLICT (consumer_group) DO UPDATE SET sequence = excluded.sequence",
        &[group.into(), sequence.into()],
    )
}
