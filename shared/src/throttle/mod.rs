//! Throttles: how often an operation of each class may run (`service.md` §16).
//!
//! A pure rule over values: time is an argument, nothing is stored and nothing waits. Whoever
//! holds [`Throttles`] asks before it acts; where they are held is said in the architecture.
//! Nothing here knows an operation, a caller or a connection.

mod bucket;
mod class;
#[cfg(test)]
mod tests;

pub use bucket::{Bucket, Limit};
pub use class::{METHOD_METER_BYTES, OperationClass};

use crate::error::{ErrorCode, HubError};
use crate::ipc::hub::ThrottleSettings;
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// Most units of a hub, and the largest rate or burst that can be set.
const MAX_UNITS: u64 = 10_000;
const MAX_LIMIT: u64 = 1_000_000_000;

/// Messages a day of one S3 unit, as Azure sells it; shown and not enforced.
const DAILY_QUOTA: u64 = 300_000_000;

/// Messages that a hub may take in a day, by its units.
pub fn daily_quota(settings: &ThrottleSettings) -> u64 {
    DAILY_QUOTA.saturating_mul(settings.units)
}

/// The limit of a class for the whole hub.
pub fn limit(settings: &ThrottleSettings, class: OperationClass) -> Limit {
    let overridden = settings
        .overrides
        .iter()
        .find(|other| other.class == class.name());
    match overridden {
        Some(other) => Limit {
            per_minute: other.per_minute,
            burst: other.burst,
        },
        None => {
            let per_minute = class.per_minute() * settings.units;
            Limit {
                per_minute,
                burst: per_minute * class.burst_seconds() / 60,
            }
        }
    }
}

/// Refuses settings that no bucket can hold.
pub fn check(settings: &ThrottleSettings) -> Result<(), HubError> {
    if !(1..=MAX_UNITS).contains(&settings.units) {
        return Err(HubError::invalid(format!(
            "units must be a whole number from 1 to {MAX_UNITS}."
        )));
    }
    for (index, other) in settings.overrides.iter().enumerate() {
        let name = &other.class;
        let twice = settings.overrides.iter().skip(index + 1);
        if !OperationClass::ALL.iter().any(|class| class.name() == name)
            || twice.clone().any(|later| later.class == *name)
        {
            return Err(HubError::invalid(format!(
                "{name:?} is no class of operations, or stands there twice; GET tells their names."
            )));
        }
        let legal = 1..=MAX_LIMIT;
        if !legal.contains(&other.per_minute) || !legal.contains(&other.burst) {
            return Err(HubError::invalid(format!(
                "perMinute and burst of {name} must be whole numbers from 1 to {MAX_LIMIT}."
            )));
        }
    }
    Ok(())
}

/// One bucket for each class.
#[derive(Debug, Default)]
pub struct Throttles {
    /// Of the settings that the limits come from.
    version: Option<u64>,
    buckets: [Bucket; OperationClass::ALL.len()],
    /// Who was refused, and how often.
    callers: Vec<(String, u64)>,
}

/// So many callers are told apart.
const MOST_CALLERS: usize = 50;

impl Throttles {
    /// Takes over newer settings; an older copy may still be around. `holders` is among how
    /// many the hub's rate is divided.
    ///
    /// Callers spread over holders by chance, so each gets a quarter more than its part, and
    /// the whole burst: who stays below the hub's rate is not refused.
    pub fn configure(&mut self, version: u64, settings: &ThrottleSettings, holders: u16) {
        if self.version >= Some(version) {
            return;
        }
        self.version = Some(version);
        let holders = u64::from(holders);
        for (class, bucket) in OperationClass::ALL.iter().zip(&mut self.buckets) {
            let mut limit = limit(settings, *class);
            if holders > 1 {
                limit.per_minute = (limit.per_minute * 5).div_ceil(holders * 4);
            }
            bucket.set(limit);
        }
    }

    /// Takes so many operations out of a class's bucket, all or none; refused, it says after
    /// how many seconds it is worth to try again.
    pub fn take(&mut self, class: OperationClass, now: Timestamp, cost: u64) -> Result<(), u32> {
        self.buckets
            .get_mut(class as usize)
            .map_or(Ok(()), |bucket| bucket.take(now, cost))
    }

    /// Gives back what was taken for somebody who had no right to it.
    pub fn give_back(&mut self, class: OperationClass, cost: u64) {
        if let Some(bucket) = self.buckets.get_mut(class as usize) {
            bucket.give_back(cost);
        }
    }

    /// Notes who was refused.
    pub fn note_refused(&mut self, caller: &str) {
        match self.callers.iter_mut().find(|(name, _)| name == caller) {
            Some((_, times)) => *times += 1,
            None => {
                self.callers.push((caller.to_owned(), 1));
                self.callers.truncate(MOST_CALLERS);
            }
        }
    }

    /// Who was refused since this process began, and how often.
    pub fn refused_callers(&self) -> &[(String, u64)] {
        &self.callers
    }

    /// For each class that was used: operations of the last minute, and refusals of the last
    /// hour and ever.
    pub fn usage(&self, now: Timestamp) -> Value {
        let mut classes = Map::new();
        for (class, bucket) in OperationClass::ALL.iter().zip(&self.buckets) {
            let (taken, refused) = bucket.recent(now);
            if taken + bucket.refused() > 0 {
                let counted = [taken, refused, bucket.refused()];
                classes.insert(class.name().to_owned(), Value::from(counted.to_vec()));
            }
        }
        Value::Object(classes)
    }

    /// The bucket of a class.
    pub fn bucket(&self, class: OperationClass) -> Option<&Bucket> {
        self.buckets.get(class as usize)
    }
}

/// The error for a class that is used up (`service.md` §12.4).
pub fn refusal(class: OperationClass, seconds: u32) -> HubError {
    let mut error = HubError::new(
        ErrorCode::ThrottlingException,
        format!(
            "The request has been throttled. Wait {seconds} seconds and try again. Operation type: {}",
            class.name()
        ),
    );
    error.retry_after = seconds;
    error
}
