//! The conditions that maintenance gates look at (`device-management.md` §4.1).

use crate::fleet::character::{Character, Kind};
use crate::random::{Purpose, stream};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// How often they may change.
pub const PERIOD_SECONDS: i64 = 60;

/// A device's surroundings.
#[derive(Debug, Clone)]
pub struct Conditions {
    generator: ChaCha8Rng,
    in_use: bool,
    signal: i64,
    battery: i64,
}

impl Conditions {
    /// The surroundings at the start.
    pub fn new(seed: u64, device: usize) -> Self {
        // Behind the draws that the device's character takes from the same stream.
        let mut generator = stream(seed, device, Purpose::Character);
        generator.set_word_pos(1 << 20);
        let in_use = generator.random_bool(0.4);
        let (signal, battery) = (
            generator.random_range(55..=95),
            generator.random_range(40..=100),
        );
        Self {
            generator,
            in_use,
            signal,
            battery,
        }
    }

    /// Everything, for the first report.
    pub fn whole(&self, character: &Character) -> Value {
        let (source, network) = match character.kind {
            Kind::Door => ("battery", "lpwan"),
            Kind::Meter => ("mains", "cellular"),
            Kind::Pump | Kind::Chiller => ("mains", "ethernet"),
        };
        let round = |degrees: f64| (degrees * 100_000.0).round() / 100_000.0;
        json!({
            "power": {"source": source, "batteryPercent": self.battery},
            "network": {"type": network, "metered": network == "cellular", "signalPercent": self.signal},
            "inUse": self.in_use,
            "location": {"lat": round(character.position.0), "lon": round(character.position.1), "accuracyMeters": 25},
            "safetyInterlock": false,
        })
    }

    /// Lets a minute pass; what changed, if anything did.
    pub fn pass(&mut self) -> Option<Value> {
        let (flips, signal) = (
            self.generator.random_bool(0.15),
            self.generator.random_range(55..=95),
        );
        self.in_use ^= flips;
        let moved = (signal - self.signal).abs() > 20;
        if moved {
            self.signal = signal;
        }
        match (flips, moved) {
            (false, false) => None,
            (true, false) => Some(json!({"inUse": self.in_use})),
            (false, true) => Some(json!({"network": {"signalPercent": self.signal}})),
            (true, true) => {
                Some(json!({"inUse": self.in_use, "network": {"signalPercent": self.signal}}))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_repeat_with_the_seed_and_do_happen() {
        let run = |seed| {
            let mut conditions = Conditions::new(seed, 1);
            (0..100).map(|_| conditions.pass()).collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        assert!(run(1).iter().any(Option::is_some));
        assert!(run(1).iter().any(Option::is_none));
    }
}
