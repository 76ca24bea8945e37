//! The frame of long operations that survive a reboot: at most one runs at a time.

use super::Action;
use super::firmware::Firmware;
use crate::faults::UpdateFate;
use serde_json::Value;
use shared::time::Timestamp;
use std::time::Duration;

/// What a running operation may look at and change.
pub struct Situation<'a> {
    /// The device's clock.
    pub now: Timestamp,
    /// How long one step takes.
    pub step: Duration,
    /// The firmware that runs.
    pub firmware: &'a mut Firmware,
    /// How an update that starts now will end.
    pub fate: UpdateFate,
}

impl Situation<'_> {
    /// The moment so many steps from now.
    pub fn after_steps(&self, steps: f64) -> Timestamp {
        let milliseconds = self.step.mul_f64(steps).as_millis();
        self.now
            .plus_milliseconds(i64::try_from(milliseconds).unwrap_or(i64::MAX))
    }
}

/// An operation of several steps.
pub trait Procedure: Send {
    /// When its next step is due; none while it waits for the reconnect, or has ended.
    fn due(&self) -> Option<Timestamp>;
    /// Takes the step that is due.
    fn on_due(&mut self, situation: &mut Situation<'_>, actions: &mut Vec<Action>);
    /// The device is back and has read its twin.
    fn on_reconnected(
        &mut self,
        situation: &mut Situation<'_>,
        reported: &Value,
        actions: &mut Vec<Action>,
    );
    /// Whether nothing remains to be done.
    fn finished(&self) -> bool;
    /// What it is, for the answer to a method that has to wait: "a firmware update".
    fn name(&self) -> &'static str;
}
