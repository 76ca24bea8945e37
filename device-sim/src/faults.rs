//! Faults that devices suffer on purpose, seeded so that a run repeats.
//!
//! Decides who suffers what and when; carries nothing out.

use crate::duration::parse_duration;
use crate::random::{Purpose, stream};
use rand::{Rng, RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::time::Duration;

/// A share of the devices and how hard it strikes them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share {
    /// Part of the devices, 0 to 1.
    pub part: f64,
    /// Longest delay, period or clock error.
    pub size: Duration,
}

/// The `--fault` option.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FaultPlan {
    /// Chance, per telemetry message, that the link is cut without DISCONNECT.
    pub drop: f64,
    /// Devices that take up to `size` before they react to anything.
    pub slow: Option<Share>,
    /// Devices that lose their link every `size`.
    pub flap: Option<Share>,
    /// Devices whose clock is wrong by up to `size`, either way.
    pub clock_skew: Option<Share>,
    /// Chance that a firmware update fails at one of its steps.
    pub update: f64,
}

/// How a firmware update will end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdateFate {
    /// The new version runs.
    Succeeds,
    /// The package cannot be fetched.
    DownloadFails,
    /// The image cannot be written.
    ApplyFails,
    /// The new version does not start and the old one is restored.
    RollsBack,
}

/// Reads `drop=0.01,slow=0.1:2s,flap=0.05:20s,clock-skew=0.02:10m,update=0.1`.
pub fn parse_fault_plan(text: &str) -> Result<FaultPlan, String> {
    let mut plan = FaultPlan::default();
    for item in text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
    {
        let (name, value) = item
            .split_once('=')
            .ok_or_else(|| format!("{item:?} has no '='; write for example drop=0.01"))?;
        let (part, size) = match value.split_once(':') {
            Some((part, size)) => (part, Some(parse_duration(size)?)),
            None => (value, None),
        };
        let part: f64 = part
            .parse()
            .ok()
            .filter(|part| (0.0..=1.0).contains(part))
            .ok_or_else(|| format!("{name}={value}: a share lies between 0 and 1"))?;
        let share = |default: u64| {
            Some(Share {
                part,
                size: size.unwrap_or(Duration::from_secs(default)),
            })
        };
        match name {
            "drop" | "update" if size.is_some() => {
                return Err(format!(
                    "{name} takes only a probability, such as {name}=0.01"
                ));
            }
            "drop" => plan.drop = part,
            "update" => plan.update = part,
            "slow" => plan.slow = share(2),
            "flap" => plan.flap = share(20),
            "clock-skew" => plan.clock_skew = share(600),
            _ => {
                return Err(format!(
                    "{name:?} is no fault; known are drop, slow, flap, clock-skew and update"
                ));
            }
        }
    }
    Ok(plan)
}

/// The faults of one device.
#[derive(Debug, Clone)]
pub struct DeviceFaults {
    drop: f64,
    drop_stream: ChaCha8Rng,
    update: f64,
    update_stream: ChaCha8Rng,
    slow_stream: ChaCha8Rng,
    slow: Option<Duration>,
    /// How often the link flaps.
    pub flap: Option<Duration>,
    /// What the device's clock shows beyond the true time, in milliseconds.
    pub clock_skew_milliseconds: i64,
}

impl DeviceFaults {
    /// What a plan means for one device.
    pub fn new(plan: &FaultPlan, seed: u64, device: usize) -> Self {
        let mut generator = stream(seed, device, Purpose::Faults);
        // Every value is drawn whether it is needed or not: switching one fault on leaves the others as they were.
        let chosen = [
            generator.random::<f64>(),
            generator.random(),
            generator.random(),
        ];
        let offset: f64 = generator.random_range(-1.0..=1.0);
        let seeds = [
            generator.next_u64(),
            generator.next_u64(),
            generator.next_u64(),
        ];
        let strikes = |share: Option<Share>, drawn: f64| {
            share
                .filter(|share| drawn < share.part)
                .map(|share| share.size)
        };
        let skew = strikes(plan.clock_skew, chosen[2])
            .unwrap_or_default()
            .as_secs_f64()
            * 1000.0
            * offset;
        Self {
            drop: plan.drop,
            drop_stream: ChaCha8Rng::seed_from_u64(seeds[0]),
            update: plan.update,
            update_stream: ChaCha8Rng::seed_from_u64(seeds[1]),
            slow_stream: ChaCha8Rng::seed_from_u64(seeds[2]),
            slow: strikes(plan.slow, chosen[0]),
            flap: strikes(plan.flap, chosen[1]),
            clock_skew_milliseconds: skew as i64,
        }
    }

    /// Whether the link is cut after this telemetry message.
    pub fn drops(&mut self) -> bool {
        self.drop > 0.0 && self.drop_stream.random_bool(self.drop)
    }

    /// How long this device hesitates before it reacts.
    pub fn hesitation(&mut self) -> Option<Duration> {
        self.slow
            .map(|longest| longest.mul_f64(self.slow_stream.random_range(0.1..=1.0)))
    }

    /// How the next firmware update ends.
    pub fn update_fate(&mut self) -> UpdateFate {
        let fails = self.update_stream.random_bool(self.update);
        match (fails, self.update_stream.random_range(0..3)) {
            (false, _) => UpdateFate::Succeeds,
            (true, 0) => UpdateFate::DownloadFails,
            (true, 1) => UpdateFate::ApplyFails,
            (true, _) => UpdateFate::RollsBack,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_plan() {
        let plan =
            parse_fault_plan("drop=0.01, slow=0.1:500ms,flap=0.5,clock-skew=1:10m,update=0.2")
                .unwrap();
        assert_eq!(plan.drop, 0.01);
        assert_eq!(
            plan.slow,
            Some(Share {
                part: 0.1,
                size: Duration::from_millis(500)
            })
        );
        assert_eq!(
            plan.flap,
            Some(Share {
                part: 0.5,
                size: Duration::from_secs(20)
            })
        );
        assert_eq!(plan.update, 0.2);
    }

    #[test]
    fn refuses_unknown_names_and_shares() {
        for (text, why) in [
            ("crash=0.1", "known are"),
            ("drop", "'='"),
            ("drop=2", "between 0 and 1"),
            ("drop=NaN", "between 0 and 1"),
            ("drop=0.1:5s", "only a probability"),
            ("slow=0.1:xyz", "of time"),
        ] {
            let message = parse_fault_plan(text).unwrap_err();
            assert!(message.contains(why), "{text}: {message}");
        }
    }

    fn history(plan: &FaultPlan, seed: u64, device: usize) -> String {
        let mut faults = DeviceFaults::new(plan, seed, device);
        let drops: Vec<bool> = (0..200).map(|_| faults.drops()).collect();
        let fates: Vec<UpdateFate> = (0..20).map(|_| faults.update_fate()).collect();
        format!(
            "{drops:?} {fates:?} {:?} {:?} {}",
            faults.hesitation(),
            faults.flap,
            faults.clock_skew_milliseconds
        )
    }

    #[test]
    fn the_same_seed_repeats_and_another_differs() {
        let plan =
            parse_fault_plan("drop=0.2,slow=0.5,flap=0.5,clock-skew=0.5,update=0.5").unwrap();
        for device in 0..50 {
            assert_eq!(history(&plan, 42, device), history(&plan, 42, device));
        }
        assert_ne!(history(&plan, 42, 0), history(&plan, 43, 0));
        assert_ne!(history(&plan, 42, 0), history(&plan, 42, 1));
    }

    #[test]
    fn one_fault_does_not_move_the_others() {
        let few = parse_fault_plan("flap=0.3,clock-skew=0.5").unwrap();
        let more = parse_fault_plan("flap=0.3,clock-skew=0.5,drop=0.5,slow=1").unwrap();
        for device in 0..100 {
            let (few, more) = (
                DeviceFaults::new(&few, 1, device),
                DeviceFaults::new(&more, 1, device),
            );
            assert_eq!(few.flap, more.flap);
            assert_eq!(few.clock_skew_milliseconds, more.clock_skew_milliseconds);
        }
    }

    #[test]
    fn shares_strike_about_as_many_devices_as_asked() {
        let plan = parse_fault_plan("flap=0.25,clock-skew=0.1:10m").unwrap();
        let all: Vec<DeviceFaults> = (0..2000)
            .map(|device| DeviceFaults::new(&plan, 5, device))
            .collect();
        let flapping = all.iter().filter(|faults| faults.flap.is_some()).count();
        let skewed = all
            .iter()
            .filter(|faults| faults.clock_skew_milliseconds != 0)
            .count();
        assert!((400..600).contains(&flapping), "{flapping}");
        assert!((140..260).contains(&skewed), "{skewed}");
        assert!(
            all.iter()
                .all(|faults| faults.clock_skew_milliseconds.abs() <= 600_000)
        );
    }
}
