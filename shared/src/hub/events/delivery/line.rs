//! One endpoint in a partition: how it stands, when something is due for it, and what that is.

use super::gathering::{MAX_DELIVERY_BYTES, gather};
use crate::delivery::{self, Delivery, Way, format, storage};
use crate::error::HubError;
use crate::hub::events::routed;
use crate::ipc::routing::Endpoint;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Whoever fails for so long is dead.
const DEAD_AFTER_SECONDS: i64 = 3_600;

/// How an endpoint stands in a partition; a row.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Standing {
    /// It has everything up to here.
    pub(super) position: i64,
    /// Failures in a row.
    pub(super) attempts: u32,
    /// Not before.
    pub(super) retry_at: Option<Timestamp>,
    /// Since when it fails.
    pub(super) failing_since: Option<Timestamp>,
    /// People were told that it is dead.
    pub(super) is_told: bool,
    /// The receiver wants nothing more.
    pub(super) is_gone: bool,
    pub(super) last_error: Option<String>,
    pub(super) last_error_time: Option<Timestamp>,
    pub(super) last_success: Option<Timestamp>,
    pub(super) last_attempt: Option<Timestamp>,
    pub(super) delivered: u64,
    pub(super) dropped: u64,
    pub(super) invalid: u64,
    pub(super) bytes: u64,
    /// The file that is being written.
    pub(super) file: Option<File>,
    /// The newest complete file, and how many of that name there were before.
    pub(super) last_file: Option<(String, u32)>,
}

/// A file that is being written, block by block.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct File {
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

/// An endpoint, how it stands, and what waits for it.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) endpoint: Endpoint,
    pub(super) standing: Standing,
    /// Since when something waits, if anything does.
    pub(super) waiting_since: Option<Timestamp>,
    /// So many wait at least, and so many bytes.
    pub(super) waiting: u64,
    pub(super) waiting_bytes: u64,
    pub(super) under_way: bool,
}

/// States of an endpoint (§3.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::hub::events) enum State {
    Unknown,
    /// It takes messages, but not these.
    Invalid,
    Healthy,
    Unhealthy,
    Dead,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Invalid | Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Dead => "dead",
        }
    }
}

impl Standing {
    pub(super) fn is_dead(&self, now: Timestamp) -> bool {
        self.is_gone
            || self
                .failing_since
                .is_some_and(|since| since.plus_seconds(DEAD_AFTER_SECONDS) <= now)
    }

    pub(super) fn fail(&mut self, now: Timestamp, code: &str, why: &str) {
        self.last_error = Some(format!("{code}: {why}"));
        self.last_error_time = Some(now);
    }
}

impl Line {
    pub(super) fn state(&self, now: Timestamp) -> State {
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

    pub(super) fn due(&self) -> Option<Timestamp> {
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
    pub(super) fn request(
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
    pub(super) fn file_step(
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
    pub(super) fn moved_on(&mut self, delivery: &Delivery) {
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
    pub(super) fn look_ahead(&mut self, sql: &dyn Sql) -> Result<(), HubError> {
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

/// Keeps how an endpoint stands.
pub(super) fn store(standing: &Standing, endpoint: u32, sql: &dyn Sql) -> Result<(), HubError> {
    let text =
        serde_json::to_string(standing).map_err(|error| HubError::internal(error.to_string()))?;
    sql.execute(
        "INSERT INTO delivery (endpoint, standing) VALUES (?, ?) \
         ON CONFLICT (endpoint) DO UPDATE SET standing = excluded.standing",
        &[i64::from(endpoint).into(), text.into()],
    )
}
