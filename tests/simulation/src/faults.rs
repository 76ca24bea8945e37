//! What goes wrong in a run, and how often.
//!
//! A plan only; the world carries it out with chances drawn from the run's seed.

/// Likelihoods in thousandths, times in milliseconds of virtual time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// A call between actors is lost, or its answer is: the caller gets an error.
    pub lost_call: u32,
    /// The same for calls of the HTTP side.
    pub lost_client_call: u32,
    /// A call to an idempotent receiver comes twice.
    pub duplicate: u32,
    /// A message takes up to half a second instead of a few milliseconds.
    pub slow: u32,
    /// Mean time between crashes of single actors; 0: never.
    pub crash_every: i64,
    /// Mean time between crashes of the whole process; 0: never.
    pub process_crash_every: i64,
    /// Mean time between attempts to evict an idle actor; 0: never.
    pub evict_every: i64,
    /// Every actor is evicted as soon as it is idle.
    pub evict_at_once: bool,
    /// An alarm fires twice.
    pub alarm_twice: u32,
    /// An alarm fires up to two seconds late.
    pub alarm_late: u32,
    /// How far actors' clocks may be apart.
    pub skew: i64,
    /// Mean time between network failures of devices; 0: never.
    pub device_drop_every: i64,
}

impl Faults {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self::default()
    }

    /// Some of everything.
    pub fn all() -> Self {
        Self {
            lost_call: 15,
            lost_client_call: 15,
            duplicate: 60,
            slow: 30,
            crash_every: 4_000,
            process_crash_every: 25_000,
            evict_every: 700,
            evict_at_once: false,
            alarm_twice: 100,
            alarm_late: 200,
            skew: 400,
            device_drop_every: 6_000,
        }
    }
}
