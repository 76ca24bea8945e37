//! Who has a place in a group of which few devices may be out of service at a time
//! (`device-management.md` §4.2), over all shards and jobs.
//!
//! A place is a row before the device's shard hears of it, so that a crash gives none twice;
//! it is taken back when the shard says that the device is done.

use super::Hub;
use super::scheduled_jobs::ScheduledJob;
use crate::error::HubError;
use crate::ids::DeviceId;
use crate::ipc::scheduled_job::{HeldPlace, JobPart, Places};
use crate::maintenance::{Most, Wish};
use crate::ordered::OrderedMap;
use crate::sorting;
use crate::sql::Sql;
use crate::time::Timestamp;

pub(super) const SCHEMA: &str = "CREATE TABLE job_place (
    device_id TEXT NOT NULL,
    key TEXT NOT NULL,
    job INTEGER NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (device_id, key)
) WITHOUT ROWID";

/// How long the size of a group is believed.
const SIZE_SECONDS: i64 = 60;
/// Sizes that are remembered.
const MOST_SIZES: usize = 10_000;

/// How large a group is.
#[derive(Debug, Clone, Default)]
struct Size {
    by_shard: OrderedMap<u16, u64>,
    counted: Option<Timestamp>,
}

/// What a life of the hub object remembers of places.
#[derive(Debug, Default)]
pub(super) struct PlaceBook {
    /// Of the round under way: job, shard, device, and what it needs.
    wishes: Vec<(u64, u16, String, Vec<Wish>)>,
    /// For the next round, by job and shard.
    granted: OrderedMap<(u64, u16), Vec<String>>,
    /// The same of the round that begins.
    sent: OrderedMap<(u64, u16), Vec<String>>,
    /// Who else has a place, by shard.
    held: OrderedMap<u16, Vec<HeldPlace>>,
    sizes: OrderedMap<String, Size>,
    /// Groups to be counted in the next round.
    counted: OrderedMap<String, Wish>,
}

impl Hub {
    /// A round begins: what was given since the last one is told now, or never.
    pub(super) fn begin_places(&mut self, sql: &dyn Sql) -> Result<(), HubError> {
        let layout = self.required()?.layout;
        let book = &mut self.places;
        book.wishes.clear();
        book.held.clear();
        book.sent = std::mem::take(&mut book.granted);
        // Who hears of a place with this round has not begun.
        let fresh = sorting::set(book.sent.values().flatten());
        for row in &sql.query("SELECT DISTINCT device_id, job FROM job_place", &[])? {
            let device = row.required_text(0)?.to_owned();
            if fresh.contains(&device) {
                continue;
            }
            let id = DeviceId::parse(&device)
                .map_err(|error| HubError::internal(format!("a stored device id: {error}")))?;
            let job = row.integer(1).unwrap_or(0).unsigned_abs();
            let held = book.held.or_default(layout.shard_of(&id));
            held.push(HeldPlace { device, job });
        }
        Ok(())
    }

    /// What a shard has to hear with its first step of a round (`with_all`), and with each.
    pub(super) fn places_for(
        &mut self,
        job: &ScheduledJob,
        shard: u16,
        with_all: bool,
    ) -> Option<Box<Places>> {
        let mut places = Places {
            granted: self
                .places
                .sent
                .remove(&(job.number, shard))
                .unwrap_or_default(),
            ..Places::default()
        };
        if with_all {
            places.counted = self.places.counted.values().cloned().collect();
            places.held = self.places.held.remove(&shard).unwrap_or_default();
        }
        let is_empty =
            places.granted.is_empty() && places.held.is_empty() && places.counted.is_empty();
        (!is_empty).then(|| Box::new(places))
    }

    /// Takes from an answer what is about places.
    pub(super) fn hear_of_places(
        &mut self,
        job: u64,
        shard: u16,
        part: &JobPart,
        now: Timestamp,
        sql: &dyn Sql,
    ) -> Result<(), HubError> {
        for device in &part.left {
            let gone = "DELETE FROM job_place WHERE device_id = ?";
            sql.execute(gone, &[device.as_str().into()])?;
        }
        for (key, size) in &part.sizes {
            let known = self.places.sizes.or_default(key.clone());
            known.by_shard.insert(shard, *size);
            known.counted = Some(now);
        }
        let wishes = part.wishes.iter().cloned();
        self.places
            .wishes
            .extend(wishes.map(|(device, wishes)| (job, shard, device, wishes)));
        Ok(())
    }

    /// Gives places to those who asked first, as far as there are any; whether the next round
    /// has something to do.
    pub(super) fn give_places(&mut self, now: Timestamp, sql: &dyn Sql) -> Result<bool, HubError> {
        self.places.counted.clear();
        let wishes = std::mem::take(&mut self.places.wishes);
        if wishes.is_empty() {
            return Ok(false);
        }
        let shards = usize::from(self.required()?.layout.shards);
        if self.places.sizes.len() > MOST_SIZES {
            self.places.sizes.clear();
        }
        let mut gave = false;
        for (job, shard, device, wishes) in wishes {
            let mut has_room = true;
            for wish in &wishes {
                let most = match wish.most {
                    Most::Count(_) => Some(wish.most.of(0)),
                    Most::Percent(_) => {
                        let known = self.places.sizes.get(&wish.key);
                        let is_fresh = known
                            .and_then(|known| known.counted)
                            .is_some_and(|at| at.plus_seconds(SIZE_SECONDS) > now);
                        if !is_fresh {
                            self.places.counted.insert(wish.key.clone(), wish.clone());
                        }
                        known
                            .filter(|known| known.by_shard.len() == shards)
                            .map(|known| wish.most.of(known.by_shard.values().sum()))
                    }
                };
                let rows = sql.query(
                    "SELECT count(*), coalesce(max(device_id = ?), 0) FROM job_place \
                     WHERE key = ?",
                    &[device.as_str().into(), wish.key.as_str().into()],
                )?;
                let number = |column: usize| rows.first().and_then(|row| row.integer(column));
                let (taken, is_own) = (number(0).unwrap_or(0).unsigned_abs(), number(1) == Some(1));
                has_room &= is_own || most.is_some_and(|most| taken < most);
            }
            if !has_room {
                continue;
            }
            for wish in &wishes {
                sql.execute(
                    "INSERT INTO job_place (device_id, key, job, since) VALUES (?, ?, ?, ?) \
                     ON CONFLICT (device_id, key) DO UPDATE SET job = excluded.job",
                    &[
                        device.as_str().into(),
                        wish.key.as_str().into(),
                        job.into(),
                        now.milliseconds().into(),
                    ],
                )?;
            }
            gave = true;
            let granted = self.places.granted.or_default((job, shard));
            granted.push(device);
        }
        Ok(gave || !self.places.counted.is_empty())
    }
}
