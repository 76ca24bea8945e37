//! How a scheduled job stands, and what may be done to it now (`device-management.md` §1, §4.6).

use super::json_document::whole;
use serde_json::Value;

/// Devices of a job by state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// All.
    pub device_count: u64,
    /// Those that failed, and those that were taken out.
    pub failed_count: u64,
    /// Those that answered or were written.
    pub succeeded_count: u64,
    /// Those whose method is under way.
    pub running_count: u64,
    /// Those not touched yet.
    pub pending_count: u64,
    /// Those taken out.
    pub canceled_count: u64,
}

impl Counts {
    /// Those of the hub's document.
    pub fn of_document(document: &Value) -> Self {
        let n = |name| whole(document, name).unwrap_or(0);
        Self {
            device_count: n("deviceCount"),
            failed_count: n("failedCount"),
            succeeded_count: n("succeededCount"),
            running_count: n("runningCount"),
            pending_count: n("pendingCount"),
            canceled_count: n("canceledCount"),
        }
    }

    /// Devices in a state of `job_filter::ROW_STATES`.
    pub fn of(&self, state: &str) -> u64 {
        match state {
            "completed" => self.succeeded_count,
            // The hub counts those taken out as failed, so that its four counters sum.
            "failed" => self.failed_count.saturating_sub(self.canceled_count),
            "canceled" => self.canceled_count,
            "running" => self.running_count,
            "pending" => self.pending_count,
            _ => 0,
        }
    }

    /// Devices with which the job is done.
    pub fn ended(&self) -> u64 {
        self.succeeded_count + self.failed_count
    }
}

/// One wave of a rollout.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Wave {
    /// Which share of all devices it ends with.
    pub percent: f64,
    /// Its devices.
    pub device_count: u64,
    /// Those that succeeded.
    pub succeeded_count: u64,
    /// Those that failed or answered that they did not do it.
    pub unsuccessful_count: u64,
    /// Those taken out.
    pub canceled_count: u64,
}

/// How far a rollout is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rollout {
    /// The wave that is under way, from 1.
    pub wave: usize,
    /// All of them.
    pub waves: Vec<Wave>,
}

impl Rollout {
    /// That of the hub's document.
    pub fn of_document(document: &Value) -> Self {
        let waves = document.get("waves").and_then(Value::as_array);
        let waves = waves.into_iter().flatten().map(|wave| {
            let n = |name| whole(wave, name).unwrap_or(0);
            Wave {
                percent: wave.get("percent").and_then(Value::as_f64).unwrap_or(0.0),
                device_count: n("deviceCount"),
                succeeded_count: n("succeededCount"),
                unsuccessful_count: n("unsuccessfulCount"),
                canceled_count: n("canceledCount"),
            }
        });
        let wave = whole(document, "wave").unwrap_or(0);
        Self {
            wave: usize::try_from(wave).unwrap_or(usize::MAX),
            waves: waves.collect(),
        }
    }

    /// Whether a wave follows the one under way.
    pub fn has_next(&self) -> bool {
        self.wave < self.waves.len()
    }
}

/// Whether a job of this status goes on.
pub fn is_under_way(status: &str) -> bool {
    matches!(status, "queued" | "scheduled" | "running")
}

/// Something that can be done to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Ends it.
    Stop,
    /// Touches no further device for now.
    Pause,
    /// Goes on.
    Resume,
    /// Begins the next wave.
    NextWave,
    /// Once more for those that failed.
    Retry,
}

/// Why something cannot be done to a job now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// It has not begun.
    NotBegun,
    /// It is over.
    Over,
    /// It is not over yet.
    UnderWay,
    /// No device failed.
    NothingFailed,
    /// No device of the wave has succeeded yet.
    WaveBegins,
}

/// What stands against an action. `failures` are devices that would take part once more, as far
/// as that is known.
pub fn obstacle(
    action: Action,
    status: &str,
    rollout: Option<&Rollout>,
    failures: Option<u64>,
) -> Option<Obstacle> {
    match action {
        Action::Stop => (!is_under_way(status)).then_some(Obstacle::Over),
        Action::Pause | Action::Resume | Action::NextWave => match status {
            "running" => (action == Action::NextWave && !wave_has_success(rollout))
                .then_some(Obstacle::WaveBegins),
            "queued" | "scheduled" => Some(Obstacle::NotBegun),
            _ => Some(Obstacle::Over),
        },
        Action::Retry if is_under_way(status) => Some(Obstacle::UnderWay),
        Action::Retry => (failures == Some(0)).then_some(Obstacle::NothingFailed),
    }
}

fn wave_has_success(rollout: Option<&Rollout>) -> bool {
    rollout
        .and_then(|rollout| rollout.waves.get(rollout.wave.saturating_sub(1)))
        .is_some_and(|wave| wave.succeeded_count > 0)
}

#[cfg(test)]
mod tests {
    use super::super::job_filter::ROW_STATES;
    use super::*;

    #[test]
    fn the_states_of_devices_sum_to_all() {
        let counts = Counts {
            device_count: 10,
            failed_count: 4,
            succeeded_count: 3,
            running_count: 1,
            pending_count: 2,
            canceled_count: 1,
        };
        let sum: u64 = ROW_STATES.iter().map(|state| counts.of(state)).sum();
        assert_eq!(sum, counts.device_count);
        assert_eq!((counts.of("failed"), counts.ended()), (3, 7));
        assert_eq!(counts.of("other"), 0);
    }

    #[test]
    fn what_can_be_done_follows_the_state() {
        let of = |action, status, failures| obstacle(action, status, None, failures);
        assert_eq!(of(Action::Stop, "queued", None), None);
        assert_eq!(of(Action::Stop, "completed", None), Some(Obstacle::Over));
        assert_eq!(of(Action::Pause, "running", None), None);
        assert_eq!(
            of(Action::Pause, "scheduled", None),
            Some(Obstacle::NotBegun)
        );
        assert_eq!(of(Action::Resume, "cancelled", None), Some(Obstacle::Over));
        assert_eq!(
            of(Action::Retry, "running", Some(4)),
            Some(Obstacle::UnderWay)
        );
        assert_eq!(of(Action::Retry, "completed", Some(4)), None);
        assert_eq!(of(Action::Retry, "completed", None), None);
        assert_eq!(
            of(Action::Retry, "completed", Some(0)),
            Some(Obstacle::NothingFailed)
        );
    }

    #[test]
    fn a_wave_is_followed_once_it_has_a_success() {
        let mut rollout = Rollout::of_document(&serde_json::json!({
            "wave": 1,
            "waves": [{ "percent": 5, "deviceCount": 2 }, { "percent": 100.0, "deviceCount": 9 }],
        }));
        assert!(rollout.has_next());
        let next = |rollout: &Rollout| obstacle(Action::NextWave, "running", Some(rollout), None);
        assert_eq!(next(&rollout), Some(Obstacle::WaveBegins));
        rollout.waves[0].succeeded_count = 2;
        assert_eq!(next(&rollout), None);
        rollout.wave = 2;
        assert!(!rollout.has_next());
    }
}
