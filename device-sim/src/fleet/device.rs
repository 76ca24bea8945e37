//! The life of one device: connect, stay, come back with growing pauses.

use super::Fleet;
use super::connection::{Connection, Ending};
use super::stop::Stop;
use crate::behaviours::model::{FleetSettings, Model};
use crate::clock;
use crate::hub::identities::Credential;
use crate::random::{Purpose, stream};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use shared::ids::{DeviceId, Identity};
use std::sync::Arc;
use std::time::Duration;

/// Longest pause between two attempts.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// A session that lasted so long counts as healthy: the next pause is short again.
const HEALTHY: Duration = Duration::from_secs(10);

/// Pauses between attempts: doubling, with jitter, so that devices do not come back in step.
pub struct Backoff {
    generator: ChaCha8Rng,
    failures: u32,
}

impl Backoff {
    /// The pauses of one device.
    pub fn new(seed: u64, device: usize) -> Self {
        let mut generator = stream(seed, device, Purpose::Timing);
        // Behind the draws that the device's behaviour takes from the same stream.
        generator.set_word_pos(1 << 20);
        Self {
            generator,
            failures: 0,
        }
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        let longest = Duration::from_millis(500)
            .saturating_mul(1 << self.failures.min(10))
            .min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        longest.mul_f64(self.generator.random_range(0.5..=1.0))
    }

    /// A session was healthy.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

/// Runs a device until `stop` turns true.
pub async fn run(
    fleet: Arc<Fleet>,
    settings: Arc<FleetSettings>,
    index: usize,
    credential: Credential,
    mut stop: Stop,
) {
    let device = match DeviceId::parse(&credential.device_id) {
        Ok(device) => device,
        Err(error) => return fleet.statistics.failed(&credential.device_id, error),
    };
    let model = Model::new(&settings, index, clock::now());
    let mut backoff = Backoff::new(settings.seed, index);
    let mut connection = Connection::new(
        fleet.clone(),
        Identity::device(device),
        credential.key,
        model,
    );
    loop {
        if pause(fleet.pace.reserve(clock::elapsed()), &mut stop).await {
            return;
        }
        let started = clock::elapsed();
        let ending = connection.run(&mut stop).await;
        if clock::elapsed().saturating_sub(started) >= HEALTHY {
            backoff.reset();
        }
        let wait = match ending {
            Ending::Stopped => return,
            Ending::Renewal => Duration::ZERO,
            Ending::Offline(duration) => {
                backoff.reset();
                duration
            }
            Ending::Fault | Ending::Lost | Ending::Refused | Ending::Unreachable => backoff.pause(),
        };
        if pause(wait, &mut stop).await {
            return;
        }
    }
}

/// Waits; true if the fleet stops meanwhile.
async fn pause(wait: Duration, stop: &mut Stop) -> bool {
    tokio::select! {
        biased;
        () = stop.requested() => true,
        () = tokio::time::sleep(wait) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_minute_with_jitter_and_shrink_after_success() {
        let mut backoff = Backoff::new(1, 1);
        let pauses: Vec<Duration> = (0..12).map(|_| backoff.pause()).collect();
        assert!(pauses[0] <= Duration::from_millis(500));
        assert!(pauses[4] > pauses[0] * 4);
        assert!(pauses.iter().all(|pause| *pause <= LONGEST_PAUSE));
        assert!(pauses[11] >= LONGEST_PAUSE / 2);
        backoff.reset();
        assert!(backoff.pause() <= Duration::from_millis(500));
        let mut other = Backoff::new(1, 2);
        assert_ne!(pauses[0], other.pause(), "devices are out of step");
    }
}
