//! Reboot (`device-management.md` §3.2): the start is reported before the device goes down,
//! the end once it is back.

use super::Action;
use super::procedure::{Procedure, Situation};
use serde_json::{Value, json};
use shared::time::Timestamp;

/// A reboot under way.
pub struct Reboot {
    finished: bool,
}

impl Reboot {
    /// Begins: reports and goes down.
    pub fn start(situation: &Situation<'_>, actions: &mut Vec<Action>) -> Self {
        actions.push(Action::Report(json!({"iothubDM": {"reboot":
            {"status": "rebooting", "startedRebootTime": situation.now}}})));
        actions.push(Action::GoOffline(situation.step * 2));
        Self { finished: false }
    }
}

impl Procedure for Reboot {
    fn due(&self) -> Option<Timestamp> {
        None
    }

    fn on_due(&mut self, _: &mut Situation<'_>, _: &mut Vec<Action>) {}

    fn on_reconnected(
        &mut self,
        situation: &mut Situation<'_>,
        _: &Value,
        actions: &mut Vec<Action>,
    ) {
        actions.push(Action::Report(json!({"iothubDM": {"reboot":
            {"status": "succeeded", "lastReboot": situation.now}}})));
        self.finished = true;
    }

    fn finished(&self) -> bool {
        self.finished
    }

    fn name(&self) -> &'static str {
        "a reboot"
    }
}
