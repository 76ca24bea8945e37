//! The one place that reads the clock.
//!
//! Time runs evenly from the moment the program started, whatever the system's clock does
//! meanwhile, so that latencies and deadlines never jump.

use shared::time::Timestamp;
use std::sync::OnceLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

fn origin() -> (Instant, i64) {
    static ORIGIN: OnceLock<(Instant, i64)> = OnceLock::new();
    *ORIGIN.get_or_init(|| {
        let since_epoch = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        (
            Instant::now(),
            i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX),
        )
    })
}

/// Time since the program started.
pub fn elapsed() -> Duration {
    origin().0.elapsed()
}

/// The true date and time.
pub fn now() -> Timestamp {
    let (started, milliseconds) = origin();
    let passed = i64::try_from(started.elapsed().as_millis()).unwrap_or(i64::MAX);
    Timestamp::from_milliseconds(milliseconds).plus_milliseconds(passed)
}
