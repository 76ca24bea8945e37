//! Which causes ended connections, or kept devices out, minute by minute
//! (`device-management.md` §9.1).
//!
//! Gathered in memory and written some seconds later, one row for each cause, however many
//! devices failed. What a crash takes is a few seconds of figures.

use super::{Context, Registry};
use crate::doctor::incident::Tally;
use crate::error::HubError;
use crate::hub::effects::Effects;
use crate::ids::DeviceId;
use crate::ipc::registry::{RegistryReply, RegistryResult};
use crate::json;
use crate::sql::{Row, Sql};
use crate::time::Timestamp;
use serde_json::Value;

pub(super) const SCHEMA: &str = "CREATE TABLE close_cause (
    minute INTEGER NOT NULL,
    cause TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    marks BLOB NOT NULL,
    beyond INTEGER NOT NULL,
    examples TEXT NOT NULL,
    PRIMARY KEY (minute, cause)
) WITHOUT ROWID";

/// How long figures stay in memory alone.
const PAUSE_SECONDS: i64 = 10;
/// Causes that are told apart at a time; the rest is one.
const MOST_CAUSES: usize = 64;
const OTHER: &str = "other";
/// How long they are kept.
const KEPT_MINUTES: i64 = 24 * 60;

const COLUMNS: &str = "first, last, marks, beyond, examples";

/// What is not written yet.
#[derive(Debug, Default)]
pub(super) struct Incidents {
    /// Minute, cause, devices: few, so a list will do.
    tallies: Vec<(i64, String, Tally)>,
    write_at: Option<Timestamp>,
}

impl Incidents {
    /// Counts a device.
    pub(super) fn note(&mut self, cause: String, device: &DeviceId, now: Timestamp) {
        let minute = now.seconds().div_euclid(60);
        let full = self.tallies.len() >= MOST_CAUSES;
        let mut place = self.place(minute, &cause);
        if place.is_none() && full {
            place = self.place(minute, OTHER);
        }
        match place.and_then(|place| self.tallies.get_mut(place)) {
            Some((.., tally)) => tally.note(device.as_str(), now),
            None => {
                let mut tally = Tally::default();
                tally.note(device.as_str(), now);
                let cause = if full { OTHER.to_owned() } else { cause };
                self.tallies.push((minute, cause, tally));
            }
        }
        self.write_at.get_or_insert(now.plus_seconds(PAUSE_SECONDS));
    }

    fn place(&self, minute: i64, cause: &str) -> Option<usize> {
        let mut tallies = self.tallies.iter();
        tallies.position(|(at, known, _)| *at == minute && known == cause)
    }

    /// Asks for the time to write.
    pub(super) fn arm(&self, effects: &mut Effects<RegistryResult>) {
        if let Some(at) = self.write_at {
            effects.wake_at(at);
        }
    }

    /// Writes what is due.
    pub(super) fn write_due(&mut self, now: Timestamp, sql: &dyn Sql) -> Result<(), HubError> {
        if self.write_at.is_none_or(|at| at > now) {
            return Ok(());
        }
        self.write(now, sql)
    }

    fn write(&mut self, now: Timestamp, sql: &dyn Sql) -> Result<(), HubError> {
        self.write_at = None;
        let tallies = std::mem::take(&mut self.tallies);
        if tallies.is_empty() {
            return Ok(());
        }
        sql.transaction(&mut || {
            for (minute, cause, tally) in &tallies {
                let rows = sql.query(
                    &format!("SELECT {COLUMNS} FROM close_cause WHERE minute = ? AND cause = ?"),
                    &[(*minute).into(), cause.as_str().into()],
                )?;
                let mut sum = rows.first().map(stored).unwrap_or_default();
                sum.merge(tally);
                let (marks, beyond) = sum.stored();
                sql.execute(
                    "INSERT OR REPLACE INTO close_cause \
                     (minute, cause, first, last, marks, beyond, examples) \
                     VALUES (?, ?, ?, ?, ?, ?, ?)",
                    &[
                        (*minute).into(),
                        cause.as_str().into(),
                        sum.first.into(),
                        sum.last.into(),
                        marks.into(),
                        beyond.into(),
                        sum.examples.into(),
                    ],
                )?;
            }
            sql.execute(
                "DELETE FROM close_cause WHERE minute < ?",
                &[(now.seconds().div_euclid(60) - KEPT_MINUTES).into()],
            )
        })
    }
}

fn stored(row: &Row) -> Tally {
    Tally::from_stored(
        row.integer(0).unwrap_or(0),
        row.integer(1).unwrap_or(0),
        row.blob(2).unwrap_or_default(),
        row.integer(3).unwrap_or(0).unsigned_abs(),
        row.text(4).unwrap_or_default(),
    )
}

impl Registry {
    /// The causes of the last so many minutes, each with what it did in this shard.
    pub(super) fn connection_incidents(
        &mut self,
        minutes: i64,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        self.incidents.write(context.now, context.sql)?;
        let since = context.now.seconds().div_euclid(60) - minutes;
        let rows = context.sql.query(
            &format!("SELECT {COLUMNS}, cause FROM close_cause WHERE minute > ? ORDER BY minute"),
            &[since.into()],
        )?;
        let mut causes: Vec<(String, Tally)> = Vec::new();
        for row in rows {
            let cause = row.required_text(5)?;
            match causes.iter_mut().find(|(known, _)| known == cause) {
                Some((_, sum)) => sum.merge(&stored(&row)),
                None => causes.push((cause.to_owned(), stored(&row))),
            }
        }
        let found = causes.into_iter().map(|(cause, tally)| {
            json!({
                "cause": cause,
                "first": tally.first,
                "last": tally.last,
                "devices": tally.devices(),
                "examples": tally.examples,
            })
        });
        Ok(RegistryReply::Explained(Value::Array(found.collect())))
    }
}
