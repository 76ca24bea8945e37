//! Seeded random streams: the same seed and device give the same run on every machine.
//!
//! Each purpose draws from a stream of its own, so that adding a draw to one behaviour does
//! not shift what another one does.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// What a stream decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Which faults a device has, and when they strike.
    Faults = 1,
    /// Telemetry values.
    Telemetry = 2,
    /// Back-off jitter and start offsets.
    Timing = 3,
    /// What the device looks like: site, line, model, conditions.
    Character = 4,
}

/// The stream of one device for one purpose.
pub fn stream(seed: u64, device: usize, purpose: Purpose) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    // ChaCha has 2^64 independent streams under one seed: eight purposes per device.
    let device = u64::try_from(device).unwrap_or(u64::MAX >> 3);
    generator.set_stream(device << 3 | purpose as u64);
    generator
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_repeat_and_differ() {
        let first = |seed, device, purpose| stream(seed, device, purpose).next_u64();
        assert_eq!(first(1, 7, Purpose::Faults), first(1, 7, Purpose::Faults));
        assert_ne!(first(1, 7, Purpose::Faults), first(2, 7, Purpose::Faults));
        assert_ne!(first(1, 7, Purpose::Faults), first(1, 8, Purpose::Faults));
        assert_ne!(first(1, 7, Purpose::Faults), first(1, 7, Purpose::Timing));
    }
}
