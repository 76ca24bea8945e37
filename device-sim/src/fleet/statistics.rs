//! What a running fleet counts, for the display and the final summary.

use crate::latency::Latencies;
use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

/// A counter or gauge; exactness between counters is not promised while the fleet runs.
#[derive(Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// So many more.
    pub fn add_many(&self, count: usize) {
        self.0
            .fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// One less; only for gauges, after `add`.
    pub fn remove(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// The value.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// All counters of a fleet.
pub struct Statistics {
    /// Devices with an open MQTT session now.
    pub connected: Count,
    /// Devices that are connected and have read their twin on this connection.
    pub in_sync: Count,
    /// Per desired expectation: devices that meet it.
    pub meeting: Vec<Count>,
    /// Sessions opened.
    pub connects: Count,
    /// Attempts that CONNACK refused.
    pub refused: Count,
    /// Attempts that ended before CONNACK.
    pub unreachable: Count,
    /// Sessions that the hub or the network ended.
    pub lost: Count,
    /// Sessions ended by a fault on purpose.
    pub faults: Count,
    /// Sessions ended to go down or to renew a token.
    pub planned: Count,
    /// Messages published, heartbeats included.
    pub sent: Count,
    /// Messages acknowledged.
    pub acknowledged: Count,
    /// Messages whose acknowledgement was outstanding when a session ended.
    pub unacknowledged: Count,
    /// Messages not sent since too many were outstanding.
    pub skipped: Count,
    /// Heartbeats among the messages.
    pub heartbeats: Count,
    /// Desired changes pushed to devices.
    pub desired: Count,
    /// Twins read.
    pub twins: Count,
    /// Reports confirmed.
    pub reports: Count,
    /// Twin requests that the hub refused.
    pub twin_errors: Count,
    /// Methods answered.
    pub methods: Count,
    /// Cloud-to-device messages acknowledged.
    pub commands: Count,
    /// From publish to acknowledgement.
    pub acknowledgement: Latencies,
    /// From CONNECT to CONNACK.
    pub connect: Latencies,
    last_failure: Mutex<Option<String>>,
}

/// The counters at one moment.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    pub devices: usize,
    pub connected: u64,
    pub in_sync: u64,
    pub connects: u64,
    pub refused: u64,
    pub unreachable: u64,
    pub lost: u64,
    pub faults: u64,
    pub planned: u64,
    pub sent: u64,
    pub acked: u64,
    pub unacknowledged: u64,
    pub skipped: u64,
    pub heartbeats: u64,
    pub desired_received: u64,
    pub twins_read: u64,
    pub reports: u64,
    pub twin_errors: u64,
    pub methods: u64,
    pub commands: u64,
    pub ack_p50_ms: f64,
    pub ack_p99_ms: f64,
    pub connect_p50_ms: f64,
    pub connect_p99_ms: f64,
    pub last_failure: Option<String>,
}

impl Statistics {
    /// All zero.
    pub fn new(expectations: usize) -> Self {
        let zero = Count::default;
        Self {
            connected: zero(),
            in_sync: zero(),
            meeting: (0..expectations).map(|_| zero()).collect(),
            connects: zero(),
            refused: zero(),
            unreachable: zero(),
            lost: zero(),
            faults: zero(),
            planned: zero(),
            sent: zero(),
            acknowledged: zero(),
            unacknowledged: zero(),
            skipped: zero(),
            heartbeats: zero(),
            desired: zero(),
            twins: zero(),
            reports: zero(),
            twin_errors: zero(),
            methods: zero(),
            commands: zero(),
            acknowledgement: Latencies::new(),
            connect: Latencies::new(),
            last_failure: Mutex::new(None),
        }
    }

    /// Remembers the latest thing that went wrong, for the person who watches.
    pub fn failed(&self, device_id: &str, what: impl std::fmt::Display) {
        *self
            .last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(format!("{device_id}: {what}"));
    }

    /// The counters now.
    pub fn snapshot(&self, devices: usize) -> Snapshot {
        Snapshot {
            devices,
            connected: self.connected.get(),
            in_sync: self.in_sync.get(),
            connects: self.connects.get(),
            refused: self.refused.get(),
            unreachable: self.unreachable.get(),
            lost: self.lost.get(),
            faults: self.faults.get(),
            planned: self.planned.get(),
            sent: self.sent.get(),
            acked: self.acknowledged.get(),
            unacknowledged: self.unacknowledged.get(),
            skipped: self.skipped.get(),
            heartbeats: self.heartbeats.get(),
            desired_received: self.desired.get(),
            twins_read: self.twins.get(),
            reports: self.reports.get(),
            twin_errors: self.twin_errors.get(),
            methods: self.methods.get(),
            commands: self.commands.get(),
            ack_p50_ms: self.acknowledgement.milliseconds(0.5),
            ack_p99_ms: self.acknowledgement.milliseconds(0.99),
            connect_p50_ms: self.connect.milliseconds(0.5),
            connect_p99_ms: self.connect.milliseconds(0.99),
            last_failure: self
                .last_failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
        }
    }
}
