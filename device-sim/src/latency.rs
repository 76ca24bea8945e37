//! Latencies in constant memory, for p50 and p99.

use hdrhistogram::Histogram;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Longest latency that is told apart from longer ones: ten minutes, in microseconds.
const LONGEST: u64 = 600_000_000;

/// A histogram that tasks share.
pub struct Latencies {
    histogram: Mutex<Histogram<u64>>,
}

impl Latencies {
    /// An empty one, exact to three digits.
    pub fn new() -> Self {
        let histogram = Histogram::new_with_max(LONGEST, 3).or_else(|_| Histogram::new(3));
        // Only bounds that make no sense are refused, and these are constants.
        let histogram = histogram.unwrap_or_else(|error| unreachable!("constant bounds: {error}"));
        Self {
            histogram: Mutex::new(histogram),
        }
    }

    /// Adds one.
    pub fn record(&self, latency: Duration) {
        let microseconds = u64::try_from(latency.as_micros()).unwrap_or(LONGEST);
        self.histogram
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .saturating_record(microseconds);
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.histogram
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .reset();
    }

    /// The given quantile in milliseconds, two decimals; 0 when nothing was recorded.
    pub fn milliseconds(&self, quantile: f64) -> f64 {
        let histogram = self
            .histogram
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        (histogram.value_at_quantile(quantile) as f64 / 10.0).round() / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_what_was_recorded() {
        let latencies = Latencies::new();
        assert_eq!(latencies.milliseconds(0.5), 0.0);
        for milliseconds in 1..=1000 {
            latencies.record(Duration::from_millis(milliseconds));
        }
        assert!((latencies.milliseconds(0.5) - 500.0).abs() <= 1.0);
        assert!((latencies.milliseconds(0.99) - 990.0).abs() <= 1.5);
        latencies.record(Duration::from_secs(100_000));
        assert!(latencies.milliseconds(1.0) >= 599_000.0);
        latencies.clear();
        assert_eq!(latencies.milliseconds(0.99), 0.0);
    }
}
