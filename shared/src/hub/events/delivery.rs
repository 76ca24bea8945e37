//! What each custom endpoint and subscription has got, and what it gets next
//! (`query-routing-events.md` §3.9, §5.2).
//!
//! An endpoint has a place in the log of routed messages, moved when its receiver has accepted
//! what was sent; so everything comes at least once and in order, and what is slow or down holds
//! up nobody else. One delivery to an endpoint is under way at a time. What is stored is one row
//! an endpoint; that something waits, and what is under way, is only in memory, since the log
//! says it again.

use super::document::{Place, document};
use super::letters;
use super::log::{End, Segment};
use super::routed;
use crate::delivery::{self, Delivered, Delivery, Way, format, storage};
use crate::error::{ErrorCode, HubError};
use crate::hub::segment::{Entry, Reader};
use crate::ipc::audit::{self, OperationNote};
use crate::ipc::hub::Settings;
use crate::ipc::routing::Endpoint;
use crate::ordered::OrderedMap;
use crate::reading;
use crate::routing::table::stamps_of;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Most bytes of events in one request, or in one block of a file.
const MAX_DELIVERY_BYTES: usize = 1_000_000;
/// Most segments looked at for one delivery.
const MAX_SEGMENTS: usize = 64;
/// The first pause after a failure, and the longest.
const FIRST_PAUSE_MILLISECONDS: i64 = 1_000;
const LONGEST_PAUSE_MILLISECONDS: i64 = 5 * 60 * 1_000;
/// A receiver that asks for a longer pause does not get it.
const LONGEST_RETRY_AFTER_SECONDS: u32 = 3_600;
/// Whoever fails for so long is dead.
const DEAD_AFTER_SECONDS: i64 = 3_600;

/// How an endpoint stands in a partition; a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Standing {
    /// It has everything up to here.
    position: i64,
    /// Failures in a row.
    attempts: u32,
    /// Not before.
    retry_at: Option<Timestamp>,
    /// Since when it fails.
    failing_since: Option<Timestamp>,
    /// People were told that it is dead.
    is_told: bool,
    /// The receiver wants nothing more.
    is_gone: bool,
    last_error: Option<String>,
    last_error_time: Option<Timestamp>,
    last_success: Option<Timestamp>,
    last_attempt: Option<Timestamp>,
    delivered: u64,
    dropped: u64,
    invalid: u64,
    bytes: u64,
    /// The file that is being written.
    file: Option<File>,
    /// The newest complete file, and how many of that name there were before.
    last_file: Option<(String, u32)>,
}

/// A file that is being written, block by block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct File {
    /// Without the number behind it.
    stem: String,
    number: u32,
    blocks: u32,
    bytes: u64,
    /// It has everything up to here.
    upto: i64,
    /// Nothing more goes into it.
    is_full: bool,
}

#[derive(Debug)]
struct Line {
    endpoint: Endpoint,
    standing: Standing,
    /// Since when something waits, if anything does.
    waiting_since: Option<Timestamp>,
    /// So many wait at least, and so many bytes.
    waiting: u64,
    waiting_bytes: u64,
    under_way: bool,
}

/// All endpoints.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    lines: OrderedMap<u32, Line>,
    secrets: Vec<(String, String)>,
    hub_name: String,
}

/// Events that go together.
struct Gathered {
    documents: Vec<Value>,
    lines: String,
    upto: i64,
    first: Timestamp,
    /// The log has nothing behind them.
    is_all: bool,
    bytes: usize,
    count: u64,
}

impl Deliveries {
    /// Takes over who there is. New endpoints begin behind the newest message.
    pub(super) fn apply(
        &mut self,
        settings: &Settings,
        end: End,
        sql: &dyn Sql,
    ) -> Result<(), HubError> {
        self.hub_name = settings.hub_name().to_owned();
        self.secrets.clone_from(&settings.routing.secrets);
        let known = &settings.routing.endpoints;
        let gone: Vec<u32> = self
            .lines
            .keys()
            .copied()
            .filter(|id| !known.iter().any(|endpoint| endpoint.id == *id))
            .collect();
        for id in gone {
            self.lines.remove(&id);
        }
        let stored = sql.query("SELECT endpoint, standing FROM delivery", &[])?;
        for row in &stored {
            let id = row.integer(0).unwrap_or(0);
            // 0 is no endpoint: see `sorting::Tally`.
            if id != 0 && !known.iter().any(|endpoint| i64::from(endpoint.id) == id) {
                sql.execute("DELETE FROM delivery WHERE endpoint = ?", &[id.into()])?;
                sql.execute("DELETE FROM dead_letter WHERE endpoint = ?", &[id.into()])?;
            }
        }
        for endpoint in known {
            if let Some(line) = self.lines.get_mut(&endpoint.id) {
                if line.endpoint != *endpoint {
                    // Whoever mended it wants to see it tried.
                    line.standing.retry_at = None;
                    line.standing.is_gone = false;
                    line.endpoint = endpoint.clone();
                    store(&line.standing, endpoint.id, sql)?;
                }
                continue;
            }
            let id = i64::from(endpoint.id);
            let row = stored.iter().find(|row| row.integer(0) == Some(id));
            let standing = match row {
                Some(row) => reading::from_str(row.required_text(1)?)
                    .map_err(|error| HubError::internal(format!("a standing: {error}")))?,
                None => {
                    let standing = Standing {
                        position: end.sequence,
                        ..Standing::default()
                    };
                    store(&standing, endpoint.id, sql)?;
                    standing
                }
            };
            let waits = routed::next(sql, standing.position, endpoint.mask())?;
            let line = Line {
                endpoint: endpoint.clone(),
                waiting_since: waits.map(|segment| segment.enqueued),
                waiting: 0,
                waiting_bytes: 0,
                standing,
                under_way: false,
            };
            self.lines.insert(endpoint.id, line);
        }
        Ok(())
    }

    /// Something was appended for these endpoints.
    pub(super) fn appended(&mut self, now: Timestamp, endpoints: u64, count: u64, bytes: u64) {
        for line in self.lines.values_mut() {
            if line.endpoint.mask() & endpoints != 0 {
                line.waiting_since.get_or_insert(now);
                line.waiting += count;
                line.waiting_bytes += bytes;
            }
        }
    }

    /// Messages were too large for these endpoints with what was to be stamped on them.
    pub(super) fn were_too_large(&mut self, endpoints: u64) {
        for line in self.lines.values_mut() {
            if line.endpoint.mask() & endpoints != 0 {
                line.standing.invalid += 1;
            }
        }
    }

    /// When the next delivery is due.
    pub(super) fn next_due(&self) -> Option<Timestamp> {
        self.lines.values().filter_map(Line::due).min()
    }

    /// Where everybody is who still wants something; `None`: there is nobody.
    pub(super) fn delivered_up_to(&self) -> Option<i64> {
        self.lines.values().map(|line| line.standing.position).min()
    }

    /// The next delivery that is due.
    pub(super) fn next(
        &mut self,
        now: Timestamp,
        partition: u16,
        sql: &dyn Sql,
    ) -> Result<Option<Delivery>, HubError> {
        loop {
            let due = self
                .lines
                .values_mut()
                .find(|line| line.due().is_some_and(|due| due <= now));
            let Some(line) = due else {
                return Ok(None);
            };
            let delivery = if line.endpoint.is_pushed() {
                let secret = self
                    .secrets
                    .iter()
                    .find(|(name, _)| *name == line.endpoint.secret_ref)
                    .map(|(_, value)| value.as_str());
                line.request(now, partition, &self.hub_name, secret, sql)?
            } else {
                line.file_step(partition, &self.hub_name, sql)?
            };
            if delivery.is_some() {
                line.under_way = true;
                return Ok(delivery);
            }
            // There was nothing after all.
            line.waiting_since = None;
            line.waiting = 0;
            line.waiting_bytes = 0;
        }
    }

    /// What came of a delivery.
    pub(super) fn delivered(
        &mut self,
        now: Timestamp,
        partition: u16,
        delivery: &Delivery,
        outcome: &Delivered,
        sql: &dyn Sql,
    ) -> Result<Option<Turn>, HubError> {
        let Some(line) = self.lines.get_mut(&delivery.endpoint) else {
            return Ok(None);
        };
        line.under_way = false;
        let invalid = line.endpoint.is_pushed() && matches!(outcome.status, 400 | 413 | 422);
        let standing = &mut line.standing;
        standing.last_attempt = Some(now);
        if outcome.is_accepted() || invalid {
            if invalid {
                let reason = format!("status {}", outcome.status);
                standing.fail(now, "InvalidMessage", &reason);
                standing.invalid += delivery.count;
                letters::keep(now, &line.endpoint, delivery, &reason, sql)?;
            } else {
                standing.last_success = Some(now);
                standing.delivered += delivery.count;
            }
            standing.attempts = 0;
            standing.retry_at = None;
            let failed = standing.failing_since.take().is_some();
            let was_dead = std::mem::take(&mut standing.is_told);
            line.moved_on(delivery);
            line.look_ahead(sql)?;
            store(&line.standing, delivery.endpoint, sql)?;
            let state = if invalid {
                State::Invalid
            } else {
                State::Healthy
            };
            return Ok((failed || invalid).then(|| Turn::of(line, state, was_dead)));
        }
        let (code, why) = match (&outcome.failure, outcome.status) {
            (Some(why), _) if why.contains("in time") => ("Timeout", why.clone()),
            (Some(why), _) => ("Transient", why.clone()),
            (None, 401 | 403) => ("Unauthorized", format!("status {}", outcome.status)),
            (None, 404) => ("NotFound", "status 404".to_owned()),
            (None, 429) => ("Throttled", "status 429".to_owned()),
            (None, status) => ("Transient", format!("status {status}")),
        };
        standing.fail(now, code, &why);
        let is_first = standing.failing_since.is_none();
        standing.failing_since.get_or_insert(now);
        standing.is_gone = outcome.status == 410;
        standing.attempts = standing.attempts.saturating_add(1);
        let seed = u64::from(delivery.endpoint) * 31 + u64::from(partition);
        let pause = match outcome.retry_after {
            Some(seconds) => i64::from(seconds.min(LONGEST_RETRY_AFTER_SECONDS)) * 1_000,
            None => pause(standing.attempts, seed),
        };
        standing.retry_at = Some(now.plus_milliseconds(pause.max(FIRST_PAUSE_MILLISECONDS)));
        let is_new = standing.is_dead(now) && !standing.is_told;
        standing.is_told |= is_new;
        store(&line.standing, delivery.endpoint, sql)?;
        Ok(match (is_new, is_first) {
            (true, _) => Some(Turn::of(line, State::Dead, false)),
            (_, true) => Some(Turn::of(line, State::Unhealthy, false)),
            _ => None,
        })
    }

    /// The log begins at `first` now: who had not got further has lost something. Answers who
    /// and how much.
    pub(super) fn trimmed(
        &mut self,
        first: i64,
        sql: &dyn Sql,
    ) -> Result<Vec<(String, u64)>, HubError> {
        let mut lost = Vec::new();
        for (id, line) in self.lines.iter_mut() {
            if line.waiting_since.is_none() || line.standing.position + 1 >= first {
                continue;
            }
            // Not all of them were for this endpoint; nobody can tell any more.
            let dropped = (first - 1 - line.standing.position).unsigned_abs();
            line.standing.dropped += dropped;
            line.standing.position = first - 1;
            line.standing.file = None;
            store(&line.standing, *id, sql)?;
            lost.push((line.endpoint.name.clone(), dropped));
        }
        Ok(lost)
    }

    /// How every endpoint stands, for `GET /api/v1/routing/endpoints/health`.
    pub(super) fn health(&self, now: Timestamp) -> Vec<Value> {
        let standings = self.lines.values().map(|line| {
            let standing = &line.standing;
            json!({
                "id": line.endpoint.id,
                "isStorage": !line.endpoint.is_pushed(),
                "healthStatus": line.state(now).name(),
                "lastKnownError": standing.last_error,
                "lastKnownErrorTime": standing.last_error_time,
                "lastSuccessfulSendAttemptTime": standing.last_success,
                "lastSendAttemptTime": standing.last_attempt,
                "nextAttemptTime": standing.retry_at.filter(|_| standing.attempts > 0),
                "waitingSince": line.waiting_since,
                "delivered": standing.delivered,
                "dropped": standing.dropped,
                "invalid": standing.invalid,
                "bytes": standing.bytes,
                "isGone": standing.is_gone,
            })
        });
        standings.collect()
    }
}

/// A change that people want to hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Turn {
    /// Of which endpoint.
    pub endpoint: String,
    /// How it stands now.
    pub state: State,
    /// People were told that it was dead.
    pub was_dead: bool,
    /// What is known.
    pub why: String,
}

impl Turn {
    fn of(line: &Line, state: State, was_dead: bool) -> Self {
        Self {
            endpoint: line.endpoint.name.clone(),
            state,
            was_dead,
            why: line.standing.last_error.clone().unwrap_or_default(),
        }
    }

    /// As an operations record (`device-management.md` §9.1).
    pub fn note(&self) -> OperationNote {
        let (operation, code) = match self.state {
            State::Dead => ("EndpointDead", Some(ErrorCode::ServiceUnavailable)),
            State::Unhealthy => ("EndpointUnhealthy", Some(ErrorCode::ServiceUnavailable)),
            State::Invalid => ("InvalidMessage", Some(ErrorCode::ArgumentInvalid)),
            State::Unknown | State::Healthy => ("EndpointHealthy", None),
        };
        let why = code.map_or("", |_| self.why.as_str());
        let details = json!({ "endpointName": self.endpoint });
        audit::note("Routes", operation, code, why, None, details)
    }
}

/// States of an endpoint (§3.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Unknown,
    /// It takes messages, but not these.
    Invalid,
    Healthy,
    Unhealthy,
    Dead,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Invalid | Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Dead => "dead",
        }
    }
}

impl Standing {
    fn is_dead(&self, now: Timestamp) -> bool {
        self.is_gone
            || self
                .failing_since
                .is_some_and(|since| since.plus_seconds(DEAD_AFTER_SECONDS) <= now)
    }

    fn fail(&mut self, now: Timestamp, code: &str, why: &str) {
        self.last_error = Some(format!("{code}: {why}"));
        self.last_error_time = Some(now);
    }
}

impl Line {
    fn state(&self, now: Timestamp) -> State {
        let standing = &self.standing;
        if standing.is_dead(now) {
            State::Dead
        } else if standing.failing_since.is_some() {
            State::Unhealthy
        } else if standing.last_attempt.is_some() {
            State::Healthy
        } else {
            State::Unknown
        }
    }

    fn due(&self) -> Option<Timestamp> {
        let endpoint = &self.endpoint;
        if self.under_way || self.standing.is_gone || !endpoint.is_validated {
            return None;
        }
        let since = self.waiting_since?;
        if self.standing.attempts > 0 {
            return Some(self.standing.retry_at.unwrap_or(since));
        }
        let is_full = if endpoint.is_pushed() {
            self.waiting >= u64::from(endpoint.max_events)
        } else {
            self.standing.file.is_some() || self.waiting_bytes >= endpoint.max_bytes
        };
        Some(if is_full {
            since
        } else {
            since.plus_seconds(i64::from(endpoint.max_seconds))
        })
    }

    /// Its next request, if there is anything for it.
    fn request(
        &self,
        now: Timestamp,
        partition: u16,
        hub_name: &str,
        secret: Option<&str>,
        sql: &dyn Sql,
    ) -> Result<Option<Delivery>, HubError> {
        let most = usize::try_from(self.endpoint.max_events.max(1)).unwrap_or(1);
        let from = self.standing.position;
        let gathered = gather(
            &self.endpoint,
            partition,
            from,
            most,
            MAX_DELIVERY_BYTES,
            sql,
        )?;
        if gathered.documents.is_empty() {
            return Ok(None);
        }
        let body = format::body(&self.endpoint.format, hub_name, gathered.documents)?;
        let name = format!("{}:{partition}:{from}", self.endpoint.id);
        let content_type = format::content_type(&self.endpoint.format);
        Ok(Some(Delivery {
            endpoint: self.endpoint.id,
            from,
            upto: gathered.upto,
            count: gathered.count,
            way: Way::Post {
                url: self.endpoint.url.clone(),
                headers: delivery::headers(content_type, &name, secret, now, &body),
                body,
            },
        }))
    }

    /// The next block of its file, or the end of it.
    fn file_step(
        &mut self,
        partition: u16,
        hub_name: &str,
        sql: &dyn Sql,
    ) -> Result<Option<Delivery>, HubError> {
        let file = self.standing.file.clone();
        let container = self.endpoint.container.clone();
        let from = file
            .as_ref()
            .map_or(self.standing.position, |file| file.upto);
        let written = file.as_ref().map_or(0, |file| file.bytes);
        let room = self.endpoint.max_bytes.saturating_sub(written).max(1);
        let room = usize::try_from(room).unwrap_or(usize::MAX);
        let gathered = match &file {
            Some(file) if file.is_full => None,
            _ => Some(gather(
                &self.endpoint,
                partition,
                from,
                usize::MAX,
                room,
                sql,
            )?)
            .filter(|gathered| gathered.count > 0),
        };
        let name = |file: &File| match file.number {
            0 => file.stem.clone(),
            more => format!("{}-{}", file.stem, more + 1),
        };
        let (file, gathered) = match (file, gathered) {
            (None, None) => return Ok(None),
            (Some(file), None) => {
                return Ok(Some(Delivery {
                    endpoint: self.endpoint.id,
                    from: self.standing.position,
                    upto: file.upto,
                    count: 0,
                    way: Way::Join {
                        container,
                        name: name(&file),
                        blocks: file.blocks,
                    },
                }));
            }
            (Some(file), Some(gathered)) => (file, gathered),
            (None, Some(gathered)) => {
                let format = match self.endpoint.file_name_format.as_str() {
                    "" => storage::DEFAULT_NAME_FORMAT,
                    format => format,
                };
                let stem = storage::file_name(format, hub_name, partition, gathered.first, 0);
                let number = match &self.standing.last_file {
                    Some((last, number)) if *last == stem => number + 1,
                    _ => 0,
                };
                let file = File {
                    stem,
                    number,
                    upto: from,
                    ..File::default()
                };
                (file, gathered)
            }
        };
        let is_last = gathered.is_all || gathered.bytes >= room;
        let is_whole = file.blocks == 0 && is_last;
        let delivery = Delivery {
            endpoint: self.endpoint.id,
            from,
            upto: gathered.upto,
            count: gathered.count,
            way: Way::Write {
                container,
                name: name(&file),
                block: (!is_whole).then_some(file.blocks),
                content: gathered.lines.into_bytes(),
                is_last,
            },
        };
        // Its name is remembered; what is under way counts when it has come through.
        self.standing.file = Some(file);
        Ok(Some(delivery))
    }

    /// The receiver has what was sent.
    fn moved_on(&mut self, delivery: &Delivery) {
        let standing = &mut self.standing;
        match &delivery.way {
            Way::Post { body, .. } => {
                standing.position = delivery.upto;
                standing.bytes += body.len() as u64;
            }
            Way::Write {
                block: Some(_),
                content,
                is_last,
                ..
            } => {
                standing.bytes += content.len() as u64;
                if let Some(file) = &mut standing.file {
                    file.is_full = *is_last;
                    file.blocks += 1;
                    file.bytes += content.len() as u64;
                    file.upto = delivery.upto;
                }
            }
            Way::Write { content, .. } => {
                standing.bytes += content.len() as u64;
                standing.position = delivery.upto;
                standing.last_file = standing.file.take().map(|file| (file.stem, file.number));
            }
            Way::Join { .. } => {
                standing.position = delivery.upto;
                standing.last_file = standing.file.take().map(|file| (file.stem, file.number));
            }
        }
    }

    /// Whether something waits behind what it has.
    fn look_ahead(&mut self, sql: &dyn Sql) -> Result<(), HubError> {
        let position = self.standing.position;
        self.waiting = 0;
        self.waiting_bytes = 0;
        let mask = self.endpoint.mask();
        let next = routed::next(sql, position, mask)?;
        self.waiting_since = next.as_ref().map(|segment| segment.enqueued);
        if let Some(segment) = next {
            // Enough to tell whether a request is full already.
            self.waiting = (segment.last - position.max(segment.first - 1)).unsigned_abs();
            self.waiting_bytes = segment.data.len() as u64;
        }
        Ok(())
    }
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

/// The pause before the next attempt: doubled with each, with up to a quarter of chance that is
/// the same whenever it is computed again.
fn pause(attempts: u32, seed: u64) -> i64 {
    let doubled = FIRST_PAUSE_MILLISECONDS
        .checked_shl(attempts.saturating_sub(1).min(20))
        .unwrap_or(LONGEST_PAUSE_MILLISECONDS)
        .min(LONGEST_PAUSE_MILLISECONDS);
    let chance = seed
        .wrapping_add(u64::from(attempts))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        >> 48;
    let quarter = doubled / 4 * i64::try_from(chance).unwrap_or(0) / 65_536;
    (doubled - quarter).max(FIRST_PAUSE_MILLISECONDS)
}

/// Events for an endpoint behind `from`: so many at most, and hardly more bytes.
fn gather(
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
                if gathered.bytes >= most_bytes || gathered.documents.len() >= most {
                    return Ok(gathered);
                }
                let consumed = i64::try_from(segment.data.len() - before).unwrap_or(0);
                let offset = segment.start_offset + consumed;
                let place = Place::routed(partition, sequence, offset, segment.enqueued);
                let stamps = stamps_of(own.stamps, endpoint.mask());
                if let Some(event) = document(&entry, place, &stamps) {
                    gathered.add(endpoint, &segment, &entry, event);
                    gathered.bytes += before - reader.remaining();
                }
            }
            gathered.upto = sequence;
        }
    }
    Ok(gathered)
}

fn store(standing: &Standing, endpoint: u32, sql: &dyn Sql) -> Result<(), HubError> {
    let text =
        serde_json::to_string(standing).map_err(|error| HubError::internal(error.to_string()))?;
    sql.execute(
        "INSERT INTO delivery (endpoint, standing) VALUES (?, ?) \
         ON CONFLICT (endpoint) DO UPDATE SET standing = excluded.standing",
        &[i64::from(endpoint).into(), text.into()],
    )
}
