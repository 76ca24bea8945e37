//! How many devices scheduled jobs touch a second (`device-management.md` §1.3.5).
//!
//! Each shard has its part of the hub's rate, for all jobs together. A bucket is memory only:
//! after a crash some more devices may be touched at once.

use super::Registry;
use crate::throttle::{self, Bucket, Limit, OperationClass};
use crate::time::Timestamp;

/// The shard's part of the rate; none as long as the hub has no settings.
#[derive(Debug, Default)]
pub(super) struct Pace(Option<Bucket>);

impl Pace {
    /// Takes the rate of new settings.
    fn set(&mut self, limit: Limit) {
        self.0.get_or_insert_with(|| Bucket::new(limit)).set(limit);
    }

    /// Whether devices may be touched now: at most so many.
    pub(super) fn allowance(&self, most: u32, now: Timestamp) -> u32 {
        let available = self.0.as_ref().map(|bucket| bucket.available(now));
        let available = available.unwrap_or_else(|| u64::from(most));
        u32::try_from(available).map_or(most, |available| available.min(most))
    }

    /// So many were touched.
    pub(super) fn touched(&mut self, count: usize, now: Timestamp) {
        if let Some(bucket) = &mut self.0 {
            // No more than was allowed; and what was done is done.
            let _allowed = bucket.take(now, count as u64);
        }
    }

    /// When one may be touched again.
    pub(super) fn next(&self, now: Timestamp) -> Timestamp {
        let wait = self.0.as_ref().map_or(0, |bucket| bucket.wait(now));
        now.plus_milliseconds(wait.max(1))
    }
}

impl Registry {
    /// Takes the pace of jobs from the settings.
    pub(super) fn pace_jobs(&mut self) {
        let Some(settings) = &self.settings else {
            return;
        };
        let shards = u64::from(settings.layout.shards.max(1));
        let limit = throttle::limit(&settings.throttles, OperationClass::JobDeviceOperations);
        self.jobs.pace.set(Limit {
            per_minute: limit.per_minute.div_ceil(shards),
            burst: limit.burst.div_ceil(shards),
        });
    }
}
