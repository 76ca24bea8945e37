//! Telemetry profiles: what a device measures, as JSON.
//!
//! Values follow seeded curves, so the same run sends the same numbers.

use crate::fleet::character::Kind;
use crate::random::{Purpose, stream};
use clap::ValueEnum;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};
use shared::time::Timestamp;

/// The `--profile` option.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Pumps, chillers, meters and doors, each with its own curve.
    Mixed,
    /// A temperature that swings once in ten minutes.
    Sine,
    /// A power reading that wanders, and the energy it adds up to.
    RandomWalk,
    /// A door: silent until it opens, closes or is left open.
    Events,
}

/// One measurement.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The body.
    pub body: Value,
    /// Application property `level`, set when a reading is out of its range.
    pub alert: Option<&'static str>,
}

/// The sensors of one device.
#[derive(Debug, Clone)]
pub struct Sensors {
    kind: Kind,
    generator: ChaCha8Rng,
    phase: f64,
    wander: f64,
    energy: f64,
    open: bool,
    last: Option<Timestamp>,
}

/// One swing of the sine curves.
const SWING_SECONDS: f64 = 600.0;

impl Sensors {
    /// The sensors of a device.
    pub fn new(seed: u64, device: usize, kind: Kind) -> Self {
        let mut generator = stream(seed, device, Purpose::Telemetry);
        Self {
            kind,
            phase: generator.random_range(0.0..std::f64::consts::TAU),
            wander: generator.random_range(-1.0..1.0),
            energy: generator.random_range(1_000.0..90_000.0),
            open: false,
            last: None,
            generator,
        }
    }

    /// Measures; `None` when a device that speaks only of events has nothing to say.
    pub fn measure(&mut self, now: Timestamp) -> Option<Sample> {
        let seconds = (now.milliseconds() as f64) / 1000.0;
        let elapsed_hours = self.last.map_or(0.0, |last| {
            (now.milliseconds() - last.milliseconds()).max(0) as f64 / 3_600_000.0
        });
        self.last = Some(now);
        let swing = (seconds / SWING_SECONDS * std::f64::consts::TAU + self.phase).sin();
        // Pulled back to the middle, so that a walk of any length stays in its range.
        self.wander = self.wander * 0.95 + self.generator.random_range(-0.3..0.3);
        let noise: f64 = self.generator.random_range(-0.05..0.05);
        let mut body = Map::new();
        body.insert("time".to_owned(), json!(now));
        let mut alert = None;
        match self.kind {
            Kind::Chiller => {
                let supply = 6.0 + swing + noise;
                put(&mut body, "temperature", supply);
                put(
                    &mut body,
                    "returnTemperature",
                    11.5 + swing * 0.6 + self.wander,
                );
                put(&mut body, "humidity", 46.0 + swing * -8.0 + noise * 10.0);
                alert = (supply > 7.02).then_some("warning");
            }
            Kind::Pump => {
                let vibration = 1.8 + self.wander.abs() + noise;
                put(&mut body, "pressure", 4.2 + 0.4 * swing + noise);
                put(&mut body, "flow", 120.0 + 15.0 * swing + 5.0 * self.wander);
                put(&mut body, "vibration", vibration);
                body.insert("running".to_owned(), json!(true));
                alert = (vibration > 3.2).then_some("warning");
            }
            Kind::Meter => {
                let power = (12.0 + 6.0 * self.wander).max(0.0);
                self.energy += power * elapsed_hours;
                put(&mut body, "power", power);
                put(&mut body, "energy", self.energy);
                put(&mut body, "voltage", 230.0 + noise * 40.0);
            }
            Kind::Door => {
                let drawn: f64 = self.generator.random();
                let event = match (self.open, drawn) {
                    (false, drawn) if drawn < 0.25 => "opened",
                    (true, drawn) if drawn < 0.6 => "closed",
                    (true, drawn) if drawn > 0.95 => "leftOpen",
                    _ => return None,
                };
                self.open = event != "closed";
                body.insert("event".to_owned(), json!(event));
                body.insert("open".to_owned(), json!(self.open));
                alert = (event == "leftOpen").then_some("alarm");
            }
        }
        Some(Sample {
            body: Value::Object(body),
            alert,
        })
    }
}

fn put(body: &mut Map<String, Value>, name: &str, value: f64) {
    body.insert(name.to_owned(), json!((value * 100.0).round() / 100.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(seed: u64, kind: Kind) -> Vec<Option<Sample>> {
        let mut sensors = Sensors::new(seed, 3, kind);
        let start = Timestamp::from_milliseconds(1_700_000_000_000);
        (0..500)
            .map(|step| sensors.measure(start.plus_seconds(step * 5)))
            .collect()
    }

    fn numbers(samples: &[Option<Sample>], name: &str) -> Vec<f64> {
        samples
            .iter()
            .flatten()
            .filter_map(|sample| sample.body[name].as_f64())
            .collect()
    }

    #[test]
    fn the_same_seed_measures_the_same() {
        for kind in [Kind::Pump, Kind::Chiller, Kind::Meter, Kind::Door] {
            assert_eq!(run(1, kind), run(1, kind));
            assert_ne!(run(1, kind), run(2, kind));
        }
    }

    #[test]
    fn a_temperature_swings_within_its_range() {
        let values = numbers(&run(1, Kind::Chiller), "temperature");
        assert_eq!(values.len(), 500);
        let (low, high) = values.iter().fold((f64::MAX, f64::MIN), |(low, high), v| {
            (low.min(*v), high.max(*v))
        });
        assert!(
            low > 4.9 && low < 5.2 && high > 6.8 && high < 7.1,
            "{low} {high}"
        );
    }

    #[test]
    fn energy_never_shrinks_and_power_stays_positive() {
        let samples = run(4, Kind::Meter);
        let energy = numbers(&samples, "energy");
        assert!(energy.windows(2).all(|pair| pair[0] <= pair[1]));
        assert!(energy.last() > energy.first());
        assert!(
            numbers(&samples, "power")
                .iter()
                .all(|power| (0.0..100.0).contains(power))
        );
    }

    #[test]
    fn a_door_alternates_and_is_silent_between() {
        let samples = run(1, Kind::Door);
        assert!(samples.iter().any(Option::is_none));
        let events: Vec<&str> = samples
            .iter()
            .flatten()
            .filter_map(|sample| sample.body["event"].as_str())
            .collect();
        let moves: Vec<&str> = events
            .into_iter()
            .filter(|event| *event != "leftOpen")
            .collect();
        assert!(moves.len() > 20);
        assert!(moves.windows(2).all(|pair| pair[0] != pair[1]), "{moves:?}");
    }
}
