//! One partition of the event log behind the built-in endpoint
//! (`query-routing-events.md` §4.1, §5.1).
//!
//! Appending is the hot path: one row per batch, nothing else written, nothing decoded but
//! lengths, unless a route asks to look (`sorting`). What was answered is stored. Reading never
//! removes anything. What goes to custom endpoints is in a log of its own (`routed`), from which
//! each gets it at its pace (`delivery`).

mod delivery;
mod document;
mod letters;
mod log;
mod read;
mod readers;
mod routed;
mod sorting;
mod twins;
mod view;

use super::effects::{Correlation, Effects, Outcome, Token};
use super::operations::Operations;
use super::outbox::Outbox;
use super::usage::UsageTeller;
use super::{records, settings};
use crate::alert::Rule;
use crate::delivery::{Delivered, Delivery};
use crate::error::{ErrorCode, HubError};
use crate::ipc::alert::RaiseAlert;
use crate::ipc::audit::{OperationNote, note};
use crate::ipc::events::{EventsReply, EventsRequest, EventsResult, HubEvent, PartitionInfo};
use crate::ipc::hub::{Retention, Settings, Usage};
use crate::ipc::stored::Stored;
use crate::json;
use crate::routing::table::Table;
use crate::sql::Sql;
use crate::time::Timestamp;
use delivery::{Deliveries, State, Turn};
use log::End;
use read::Waiting;
use sorting::{Sorted, Tally};
use std::rc::Rc;
use twins::{SenderTwins, Twins};

pub use log::MAX_SEGMENT_BYTES;

/// How often old segments are looked for.
const TRIM_MILLISECONDS: i64 = 10 * 60 * 1000;

/// A delivery that is due so soon keeps the object awake; for a later one it is woken.
const AWAKE_MILLISECONDS: i64 = 10_000;
/// A delivery whose object was lost is found so much later.
const LOST_MILLISECONDS: i64 = 5_000;

/// A partition. Memory holds the end of the log and the readers that wait for more.
#[derive(Debug)]
pub struct Events {
    partition: u16,
    settings: Option<Settings>,
    /// Of the settings; none as long as there are none.
    table: Option<Rc<Table>>,
    end: End,
    routed_end: End,
    twins: Twins,
    deliveries: Deliveries,
    tally: Tally,
    operations: Operations,
    waiting: Vec<Waiting>,
    streams: readers::Streams,
    /// An alarm for trimming was asked for since this object was opened.
    trim_armed: bool,
    outbox: Outbox,
    usage: UsageTeller,
    correlations: Correlation,
}

impl Events {
    /// Opens the partition: brings its tables up to date and finds the end of the log.
    pub fn open(partition: u16, sql: &dyn Sql) -> Result<Self, HubError> {
        crate::sql::migrate(sql, log::STEPS)?;
        let settings = settings::load(sql)?;
        let routed_end = routed::end(sql)?;
        let mut deliveries = Deliveries::default();
        if let Some(settings) = &settings {
            deliveries.apply(settings, routed_end, sql)?;
        }
        Ok(Self {
            partition,
            table: settings.as_ref().map(Table::new).map(Rc::new),
            settings,
            end: log::end(sql)?,
            routed_end,
            twins: Twins::default(),
            deliveries,
            tally: Tally::load(sql)?,
            operations: Operations::default(),
            waiting: Vec::new(),
            streams: readers::Streams::new(),
            trim_armed: false,
            outbox: Outbox::default(),
            usage: UsageTeller::default(),
            correlations: 0,
        })
    }

    /// Stores a gateway's segment. `Ok` means stored; `None`: the answer comes later as an effect
    /// for `token`.
    pub fn append(
        &mut self,
        now: Timestamp,
        token: Token,
        data: Vec<u8>,
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) -> Option<EventsResult> {
        let stored = match self.with_twins(now, token, data, effects) {
            Ok(Some((data, twins))) => self.append_now(now, data, &twins, sql, effects),
            Ok(None) => return None,
            Err(error) => Err(error),
        };
        Some(stored.map(|()| EventsReply::Done))
    }

    fn append_now(
        &mut self,
        now: Timestamp,
        data: Vec<u8>,
        twins: &SenderTwins,
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) -> Result<(), HubError> {
        self.store_telemetry(now, data, twins, sql)?;
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
                let applied = self.apply_settings(*new, sql);
                self.plan(now, effects);
                applied.map(|()| EventsReply::Done)
            }
            EventsRequest::EndpointHealth => Ok(EventsReply::Document(self.endpoint_health(now))),
            EventsRequest::ReadRecords(wanted) => {
                let chain = format!("events-{}", self.partition);
                records::read(sql, &chain, &wanted).map(EventsReply::Audit)
            }
            EventsRequest::ListDeadLetters { endpoint, after } => {
                letters::list(self.partition, endpoint, after, sql)
                    .map(|letters| EventsReply::Document(json!(letters)))
            }
            EventsRequest::TakeDeadLetters {
                endpoint,
                number,
                resend,
            } => {
                let taken = self.take_dead_letters(now, endpoint, number, resend, sql);
                self.plan(now, effects);
                taken.map(|count| EventsReply::Document(json!(count)))
            }
        };
        Some(reply)
    }

    fn append_hub_events(
        &mut self,
        now: Timestamp,
        origin: &str,
        events: &[(u64, Stored<HubEvent>)],
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
        let mut sorted = Sorted::default();
        let mut highest = known;
        for (number, stored) in events {
            if *number <= known {
                continue;
            }
            let event = stored.read()?;
            let json = sorting::without_twin(&event, stored.text())?;
            self.sort_hub_event(now, &event, &json, &mut sorted, sql);
            highest = highest.max(*number);
        }
        if highest == known {
            return Ok(EventsReply::Done);
        }
        self.keep(now, sorted, sql, &mut || {
            sql.execute(
                "INSERT INTO origin (name, high_water) VALUES (?, ?) \
                 ON CONFLICT (name) DO UPDATE SET high_water = excluded.high_water",
                &[origin.into(), highest.into()],
            )
        })?;
        Ok(EventsReply::Done)
    }

    fn apply_settings(&mut self, new: Settings, sql: &dyn Sql) -> Result<(), HubError> {
        settings::store(&mut self.settings, new, sql)?;
        if let Some(settings) = &self.settings {
            self.table = Some(Rc::new(Table::new(settings)));
            self.deliveries.apply(settings, self.routed_end, sql)?;
        }
        Ok(())
    }

    fn after_append(&mut self, now: Timestamp, sql: &dyn Sql, effects: &mut Effects<EventsResult>) {
        if !self.trim_armed {
            self.trim_armed = true;
            effects.alarm_at(now.plus_milliseconds(TRIM_MILLISECONDS));
        }
        self.serve_waiting(now, sql, effects);
        self.plan(now, effects);
    }

    /// Sees to it that the next delivery is not forgotten.
    fn plan(&self, now: Timestamp, effects: &mut Effects<EventsResult>) {
        let Some(due) = self.deliveries.next_due() else {
            return;
        };
        if due <= now.plus_milliseconds(AWAKE_MILLISECONDS) {
            effects.wake_at(due);
        }
        effects.alarm_at(due.plus_milliseconds(LOST_MILLISECONDS));
    }

    /// The next delivery that is due, for `crate::delivery::carry_out`. Whoever runs the
    /// partition asks after every input, until there is none.
    pub fn next_delivery(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) -> Result<Option<Delivery>, HubError> {
        let next = self.deliveries.next(now, self.partition, sql)?;
        if next.is_none() {
            self.plan(now, effects);
        }
        Ok(next)
    }

    /// What came of a delivery.
    pub fn delivered(
        &mut self,
        now: Timestamp,
        delivery: &Delivery,
        outcome: &Delivered,
        sql: &dyn Sql,
        effects: &mut Effects<EventsResult>,
    ) -> Result<(), HubError> {
        let turn = self
            .deliveries
            .delivered(now, self.partition, delivery, outcome, sql)?;
        if let Some(turn) = turn {
            let note = turn.note();
            self.operations.note(&note, now, sql);
            if let Some(alert) = alert_of(&turn) {
                self.alert(now, &[alert], sql, effects)?;
            }
        }
        self.plan(now, effects);
        Ok(())
    }

    fn endpoint_health(&self, now: Timestamp) -> serde_json::Value {
        json!({
            "endpoints": self.deliveries.health(now),
            "orphaned": self.tally.orphaned,
            "fallback": self.tally.fallback,
            "elsewhere": self.tally.elsewhere,
            "undefinedRoute": self.tally.undefined,
        })
    }

    /// Sends dead letters again, or forgets them; answers how many.
    fn take_dead_letters(
        &mut self,
        now: Timestamp,
        endpoint: u32,
        number: Option<u64>,
        resend: bool,
        sql: &dyn Sql,
    ) -> Result<u64, HubError> {
        let known = self.settings.as_ref().and_then(|settings| {
            let mut known = settings.routing.endpoints.iter();
            known.find(|known| known.id == endpoint)
        });
        let Some(endpoint) = known else {
            return Ok(0);
        };
        let mut end = self.routed_end;
        let mut count = 0;
        let mut bytes = 0;
        sql.transaction(&mut || {
            let (taken, data) = letters::take(endpoint, number, sql)?;
            count = taken;
            bytes = data.len() as u64;
            if resend && taken > 0 {
                end = routed::append(sql, end, now, data, endpoint.mask())?;
            }
            Ok(())
        })?;
        self.routed_end = end;
        if resend && count > 0 {
            self.deliveries.appended(now, endpoint.mask(), count, bytes);
        }
        Ok(count)
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
        self.outbox
            .send(now, &origin, &mut self.correlations, sql, effects)
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
        if self.twin_told(now, correlation, outcome, sql, effects) {
            return Ok(());
        }
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
        let delivered = self.deliveries.delivered_up_to();
        let delivered = delivered.unwrap_or(self.routed_end.sequence);
        routed::trim(sql, self.routed_end, delivered, oldest, bytes)?;
        self.tally.store(sql)?;
        let begin = routed::beginning(sql)?.unwrap_or(self.routed_end.sequence + 1);
        let lost = self.deliveries.trimmed(begin, sql)?;
        for (endpoint, count) in &lost {
            let details = json!({ "endpointName": endpoint, "count": count });
            let note = dropped(details);
            self.operations.note(&note, now, sql);
        }
        let lost: Vec<RaiseAlert> = lost.into_iter().map(lost_alert).collect();
        self.alert(now, &lost, sql, effects)?;
        // A single, newest segment is left for good; it needs no further alarm.
        let rows = sql.query(
            "SELECT max((SELECT count(*) FROM (SELECT 1 FROM segment LIMIT 2)), \
             (SELECT count(*) FROM (SELECT 1 FROM routed LIMIT 2)))",
            &[],
        )?;
        self.trim_armed = rows.first().and_then(|row| row.integer(0)).unwrap_or(0) > 1;
        if self.trim_armed {
            effects.alarm_at(now.plus_milliseconds(TRIM_MILLISECONDS));
        }
        self.plan(now, effects);
        if self.usage.is_due(now) {
            let usage = self.usage(now, sql)?;
            self.usage.tell(usage, &mut self.correlations, effects);
        }
        self.send_outbox(now, sql, effects)
    }

    /// What the hub object hears of this partition.
    fn usage(&self, now: Timestamp, sql: &dyn Sql) -> Result<Usage, HubError> {
        let day = now.day();
        let before = log::before_time(sql, Timestamp::of_day(day), self.end)?;
        Ok(Usage {
            object: format!("events-{}", self.partition),
            bytes: sql.usage().1,
            day,
            messages: (self.end.sequence - before).unsigned_abs(),
        })
    }

    fn info(&self, sql: &dyn Sql) -> Result<PartitionInfo, HubError> {
        let (first, start) =
            log::beginning(sql)?.unwrap_or((self.end.sequence + 1, self.end.offset));
        let (rows_written, database_bytes) = sql.usage();
        Ok(PartitionInfo {
            id: self.partition,
            begin_sequence_number: first.unsigned_abs(),
            last_sequence_number: self.end.sequence.unsigned_abs(),
            last_offset: log::newest_offset(sql)?.to_string(),
            last_enqueued_time: self.end.enqueued,
            bytes: (self.end.offset - start).unsigned_abs(),
            total_bytes: self.end.offset.unsigned_abs(),
            database_bytes,
            rows_written,
        })
    }
}

/// What people hear of an endpoint.
fn alert_of(turn: &Turn) -> Option<RaiseAlert> {
    let name = &turn.endpoint;
    match turn.state {
        State::Dead => {}
        State::Healthy if turn.was_dead => {
            let alert = RaiseAlert::new(Rule::ENDPOINT_DEAD, String::new());
            return Some(alert.of("endpoint", name).cleared());
        }
        _ => return None,
    }
    let summary = format!("The endpoint {name} takes nothing any more.");
    let hint = format!(
        "Last error: {}. Its events are kept, and tried again, until retention ends.",
        turn.why
    );
    let alert = RaiseAlert::new(Rule::ENDPOINT_DEAD, summary);
    Some(alert.of("endpoint", name).hint(&hint))
}

/// Messages that no receiver will get.
fn dropped(details: serde_json::Value) -> OperationNote {
    let code = Some(ErrorCode::ServiceUnavailable);
    let why = "Retention ended before the endpoint had taken them.";
    note("Routes", "DroppedMessage", code, why, None, details)
}

fn lost_alert((name, count): (String, u64)) -> RaiseAlert {
    let summary = format!("Up to {count} events for the endpoint {name} are lost.");
    RaiseAlert::new(Rule::MESSAGES_DROPPED, summary)
        .of("endpoint", &name)
        .hint("Retention ended before its receiver had taken them.")
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
