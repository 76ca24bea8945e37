//! A token bucket as a value.

use crate::time::Timestamp;

/// An operation in the bucket's own unit: what one operation a minute gains in a minute of
/// milliseconds. So all of it is whole numbers, and no rounding adds up.
const OPERATION: u64 = 60_000;
/// A clock that is set back further than this was wrong before; anything less is jitter.
const JITTER_MILLISECONDS: i64 = 60_000;

/// How often, and how many at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limit {
    /// Operations a minute in the long run.
    pub per_minute: u64,
    /// Operations at once after a rest.
    pub burst: u64,
}

impl Limit {
    fn capacity(self) -> u64 {
        self.burst.saturating_mul(OPERATION)
    }
}

/// A bucket that is full at first, loses what is taken and fills up at the limit's rate.
///
/// It remembers what is missing rather than what is there. More than it holds can be taken
/// only when it is full, and is then owed, so that a large request passes some time and still
/// pays.
#[derive(Debug, Clone, Default)]
pub struct Bucket {
    limit: Limit,
    /// Missing at `last`, in units of 1/60,000 operation.
    missing: u64,
    /// In milliseconds.
    last: i64,
    refused: u64,
    recent: Recent,
}

/// What was taken and refused lately, by minutes and by periods of five minutes.
#[derive(Debug, Clone, Default)]
struct Recent {
    minute: i64,
    taken: u64,
    taken_before: u64,
    period: i64,
    refused: [u32; PERIODS],
}

/// Five minutes each: an hour.
const PERIODS: usize = 12;
const MINUTE: i64 = 60_000;
const PERIOD: i64 = 5 * MINUTE;

impl Recent {
    /// Forgets what is over.
    fn move_on(&mut self, now: Timestamp) {
        let minute = now.milliseconds().div_euclid(MINUTE);
        if minute != self.minute {
            self.taken_before = if minute == self.minute + 1 {
                self.taken
            } else {
                0
            };
            self.taken = 0;
            self.minute = minute;
            let period = now.milliseconds().div_euclid(PERIOD);
            let passed = usize::try_from(period - self.period).unwrap_or(PERIODS);
            if passed > 0 {
                let passed = passed.min(PERIODS);
                self.refused.rotate_right(passed);
                for count in self.refused.iter_mut().take(passed) {
                    *count = 0;
                }
                self.period = period;
            }
        }
    }
}

impl Bucket {
    /// A full one.
    pub fn new(limit: Limit) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Another limit; the bucket is full again if it is really another.
    pub fn set(&mut self, limit: Limit) {
        if limit != self.limit {
            self.limit = limit;
            self.missing = 0;
        }
    }

    fn missing_at(&self, now: Timestamp) -> u64 {
        let elapsed = now.milliseconds() - self.last;
        let filled = u64::try_from(elapsed)
            .unwrap_or(0)
            .saturating_mul(self.limit.per_minute);
        self.missing.saturating_sub(filled)
    }

    /// Takes so many operations, all or none; refused, it says after how many seconds they
    /// would pass if nobody else came.
    pub fn take(&mut self, now: Timestamp, cost: u64) -> Result<(), u32> {
        self.missing = self.missing_at(now);
        let behind = self.last - now.milliseconds();
        if !(0..JITTER_MILLISECONDS).contains(&behind) {
            self.last = now.milliseconds();
        }
        self.recent.move_on(now);
        let operations = cost;
        let cost = cost.saturating_mul(OPERATION);
        let most_missing = self.limit.capacity().saturating_sub(cost);
        if self.missing <= most_missing {
            self.missing += cost;
            self.recent.taken += operations;
            return Ok(());
        }
        self.refused += 1;
        let [newest, ..] = &mut self.recent.refused;
        *newest = newest.saturating_add(1);
        // The rest of a jitter has to pass as well before the bucket fills again.
        let wait = (self.missing - most_missing)
            .div_ceil(self.limit.per_minute.max(1))
            .saturating_add(u64::try_from(behind.clamp(0, JITTER_MILLISECONDS)).unwrap_or(0));
        Err(u32::try_from(wait.div_ceil(1_000)).unwrap_or(u32::MAX))
    }

    /// Puts back what was taken for nothing.
    pub fn give_back(&mut self, cost: u64) {
        self.missing = self.missing.saturating_sub(cost.saturating_mul(OPERATION));
    }

    /// How many operations would pass at once now.
    pub fn available(&self, now: Timestamp) -> u64 {
        self.limit.capacity().saturating_sub(self.missing_at(now)) / OPERATION
    }

    /// After how many milliseconds one operation would pass.
    pub fn wait(&self, now: Timestamp) -> i64 {
        let most_missing = self.limit.capacity().saturating_sub(OPERATION);
        let wait = self.missing_at(now).saturating_sub(most_missing);
        i64::try_from(wait.div_ceil(self.limit.per_minute.max(1))).unwrap_or(i64::MAX)
    }

    /// Operations that passed in the last minute, about, and how often it refused in the last
    /// hour.
    pub fn recent(&self, now: Timestamp) -> (u64, u64) {
        let mut recent = self.recent.clone();
        recent.move_on(now);
        let passed = now.milliseconds().rem_euclid(MINUTE).unsigned_abs();
        let left = MINUTE.unsigned_abs() - passed;
        let before = recent.taken_before * left / MINUTE.unsigned_abs();
        let refused = recent.refused.iter().copied().map(u64::from).sum();
        (recent.taken + before, refused)
    }

    /// How many times it refused.
    pub fn refused(&self) -> u64 {
        self.refused
    }
}
