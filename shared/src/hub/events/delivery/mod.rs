//! What each custom endpoint and subscription has got, and what it gets next
//! (`query-routing-events.md` §3.9, §5.2).
//!
//! An endpoint has a place in the log of routed messages, moved when its receiver has accepted
//! what was sent; so everything comes at least once and in order, and what is slow or down holds
//! up nobody else. One delivery to an endpoint is under way at a time. What is stored is one row
//! an endpoint; that something waits, and what is under way, is only in memory, since the log
//! says it again.

use super::letters;
use super::log::End;
use super::routed;
use crate::delivery::{Delivered, Delivery};
use crate::error::{ErrorCode, HubError};
use crate::ipc::audit::{self, OperationNote};
use crate::ipc::hub::Settings;
use crate::json;
use crate::ordered::OrderedMap;
use crate::reading;
use crate::sql::Sql;
use crate::time::Timestamp;
pub(super) use line::State;
use line::{Line, Standing, store};
use serde_json::Value;

mod gathering;
mod line;

/// The first pause after a failure, and the longest.
const FIRST_PAUSE_MILLISECONDS: i64 = 1_000;
const LONGEST_PAUSE_MILLISECONDS: i64 = 5 * 60 * 1_000;
/// A receiver that asks for a longer pause does not get it.
const LONGEST_RETRY_AFTER_SECONDS: u32 = 3_600;

/// All endpoints.
#[derive(Debug, Default)]
pub(super) struct Deliveries {
    lines: OrderedMap<u32, Line>,
    secrets: Vec<(String, String)>,
    hub_name: String,
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
