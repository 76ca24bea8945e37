//! Spreads connects over time, so that a fleet does not storm a hub that just came back.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Hands out starting moments, evenly spaced.
pub struct Pace {
    gap: Duration,
    next: Mutex<Duration>,
}

impl Pace {
    /// So many per second.
    pub fn new(per_second: u32) -> Self {
        Self {
            gap: Duration::from_secs(1) / per_second.max(1),
            next: Mutex::new(Duration::ZERO),
        }
    }

    /// Reserves the next free moment and returns how long it is until then.
    pub fn reserve(&self, now: Duration) -> Duration {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let moment = now.max(*next);
        *next = moment + self.gap;
        moment - now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crowd_is_spread_and_a_single_one_is_not_kept() {
        let pace = Pace::new(100);
        let now = Duration::from_secs(5);
        let waits: Vec<u128> = (0..4).map(|_| pace.reserve(now).as_millis()).collect();
        assert_eq!(waits, [0, 10, 20, 30]);
        assert_eq!(pace.reserve(Duration::from_secs(9)), Duration::ZERO);
    }
}
