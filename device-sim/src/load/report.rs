//! What a load run counts, and the line of figures at its end.

use crate::cli::LoadMode;
use crate::fleet::statistics::Count;
use crate::latency::Latencies;
use clap::ValueEnum;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counters of a load run; messages count only while it is being measured.
pub struct Tally {
    measuring: AtomicBool,
    /// Messages sent, or connects tried.
    pub sent: Count,
    /// Messages acknowledged, or connects that succeeded.
    pub acknowledged: Count,
    /// Connections with at least one acknowledgement: a hub must not serve some and starve others.
    pub served: Count,
    /// Connections that failed.
    pub errors: Count,
    /// From sending to the acknowledgement.
    pub latencies: Latencies,
    last_error: Mutex<Option<String>>,
}

impl Tally {
    /// All zero, not measuring.
    pub fn new() -> Self {
        Self {
            measuring: AtomicBool::new(false),
            sent: Count::default(),
            acknowledged: Count::default(),
            served: Count::default(),
            errors: Count::default(),
            latencies: Latencies::new(),
            last_error: Mutex::new(None),
        }
    }

    /// Switches the measuring on or off.
    pub fn measure(&self, on: bool) {
        self.measuring.store(on, Ordering::Relaxed);
    }

    /// Whether what happens now counts.
    pub fn measuring(&self) -> bool {
        self.measuring.load(Ordering::Relaxed)
    }

    /// One connection failed; the latest reason is kept.
    pub fn failed(&self, why: impl std::fmt::Display) {
        self.errors.add();
        *self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(why.to_string());
    }

    /// The latest reason.
    pub fn last_error(&self) -> Option<String> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The line of figures.
    pub fn figures(&self, mode: LoadMode, connections: u32, measured: Duration) -> Value {
        let seconds = measured.as_secs_f64();
        let per_second = if seconds > 0.0 {
            self.acknowledged.get() as f64 / seconds
        } else {
            0.0
        };
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        let mut figures = json!({
            "mode": mode.to_possible_value().map(|value| value.get_name().to_owned()),
            "connections": connections,
            "messages": self.sent.get(),
            "acked": self.acknowledged.get(),
            "seconds": round(seconds),
            "perSecond": round(per_second),
            "p50Ms": self.latencies.milliseconds(0.5),
            "p99Ms": self.latencies.milliseconds(0.99),
            "errors": self.errors.get(),
        });
        if matches!(mode, LoadMode::Telemetry | LoadMode::RawEcho) {
            figures["served"] = json!(self.served.get());
        }
        if let Some(error) = self.last_error() {
            figures["lastError"] = Value::String(error);
        }
        figures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_per_measured_second() {
        let tally = Tally::new();
        tally.sent.add_many(120);
        tally.acknowledged.add_many(100);
        tally.latencies.record(Duration::from_millis(4));
        tally.failed("gone");
        let figures = tally.figures(LoadMode::RawEcho, 3, Duration::from_secs(2));
        assert_eq!(figures["mode"], "raw-echo");
        assert_eq!(figures["perSecond"], 50.0);
        assert_eq!(
            (figures["messages"].as_u64(), figures["acked"].as_u64()),
            (Some(120), Some(100))
        );
        assert_eq!(
            (figures["errors"].as_u64(), figures["lastError"].as_str()),
            (Some(1), Some("gone"))
        );
    }
}
