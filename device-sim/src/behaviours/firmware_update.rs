//! Firmware update by direct method (`device-management.md` §3.5): every step is reported,
//! the device reboots in the middle.

use super::Action;
use super::firmware::{Package, error};
use super::procedure::{Procedure, Situation};
use crate::faults::UpdateFate;
use serde_json::{Value, json};
use shared::time::Timestamp;

/// How many times the progress of a download is reported.
const DOWNLOAD_REPORTS: u32 = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    Downloading { reports: u32 },
    DownloadComplete,
    Applying,
    ApplyComplete,
    Rebooting,
    Ended,
}

/// An update under way.
pub struct FirmwareUpdate {
    package: Package,
    fate: UpdateFate,
    phase: Phase,
    due: Option<Timestamp>,
}

fn report(status: Value) -> Action {
    Action::Report(json!({"iothubDM": {"firmwareUpdate": status}}))
}

impl FirmwareUpdate {
    /// Begins with the report `waiting`; the leftovers of an earlier update are cleared.
    pub fn start(package: Package, situation: &Situation<'_>, actions: &mut Vec<Action>) -> Self {
        actions.push(report(json!({
            "status": "waiting", "fwPackageUri": package.uri, "error": null, "startedWaitingTime": situation.now,
            "progress": null, "startedDownloadingTime": null, "downloadCompleteTime": null,
            "startedApplyingImage": null,
        })));
        Self {
            package,
            fate: situation.fate,
            phase: Phase::Waiting,
            due: Some(situation.after_steps(0.5)),
        }
    }

    fn go_on(&mut self, phase: Phase, due: Option<Timestamp>) {
        self.phase = phase;
        self.due = due;
    }
}

impl Procedure for FirmwareUpdate {
    fn due(&self) -> Option<Timestamp> {
        self.due
    }

    fn on_due(&mut self, situation: &mut Situation<'_>, actions: &mut Vec<Action>) {
        let now = situation.now;
        match self.phase {
            Phase::Waiting => {
                actions.push(report(
                    json!({"status": "downloading", "startedDownloadingTime": now, "progress": 0}),
                ));
                self.go_on(
                    Phase::Downloading { reports: 1 },
                    Some(situation.after_steps(0.5)),
                );
            }
            Phase::Downloading { reports }
                if reports > DOWNLOAD_REPORTS / 2 && self.fate == UpdateFate::DownloadFails =>
            {
                let why = error(504, "The package server did not answer.");
                actions.push(report(json!({"status": "downloadFailed", "error": why})));
                self.go_on(Phase::Ended, None);
            }
            Phase::Downloading { reports } if reports < DOWNLOAD_REPORTS => {
                actions.push(report(
                    json!({"progress": reports * 100 / DOWNLOAD_REPORTS}),
                ));
                self.go_on(
                    Phase::Downloading {
                        reports: reports + 1,
                    },
                    Some(situation.after_steps(0.5)),
                );
            }
            Phase::Downloading { .. } if self.package.damaged => {
                let why = error(422, "The check value does not fit the package.");
                actions.push(report(json!({"status": "downloadFailed", "error": why})));
                self.go_on(Phase::Ended, None);
            }
            Phase::Downloading { .. } => {
                actions.push(report(json!({"status": "downloadComplete", "downloadCompleteTime": now, "progress": 100})));
                self.go_on(Phase::DownloadComplete, Some(situation.after_steps(0.25)));
            }
            Phase::DownloadComplete => {
                actions.push(report(
                    json!({"status": "applying", "startedApplyingImage": now}),
                ));
                self.go_on(Phase::Applying, Some(situation.after_steps(1.0)));
            }
            Phase::Applying if self.fate == UpdateFate::ApplyFails => {
                let why = error(507, "The image does not fit the flash memory.");
                actions.push(report(json!({"status": "applyFailed", "error": why})));
                self.go_on(Phase::Ended, None);
            }
            Phase::Applying => {
                actions.push(report(
                    json!({"status": "applyComplete", "lastFirmwareUpdate": now}),
                ));
                self.go_on(Phase::ApplyComplete, Some(situation.after_steps(0.25)));
            }
            Phase::ApplyComplete => {
                actions.push(report(json!({"status": "rebooting"})));
                actions.push(Action::GoOffline(situation.step * 2));
                self.go_on(Phase::Rebooting, None);
            }
            Phase::Rebooting | Phase::Ended => self.due = None,
        }
    }

    fn on_reconnected(
        &mut self,
        situation: &mut Situation<'_>,
        _: &Value,
        actions: &mut Vec<Action>,
    ) {
        if self.phase != Phase::Rebooting {
            // The link broke in the middle of another step: the device itself never stopped.
            return;
        }
        if self.fate == UpdateFate::RollsBack {
            let why = error(
                500,
                "The new firmware did not start; the old one was restored.",
            );
            actions.push(report(json!({
                "status": "rolledback", "currentFwVersion": situation.firmware.version, "error": why,
            })));
        } else {
            situation.firmware.version.clone_from(&self.package.version);
            actions.push(report(json!({
                "status": "succeeded", "currentFwVersion": self.package.version, "lastFirmwareUpdate": situation.now,
            })));
            actions.push(Action::Report(json!({
                "firmware": {"currentFwVersion": self.package.version, "fwUpdateStatus": "current"},
                "deviceInfo": {"swVersion": self.package.version},
            })));
        }
        self.go_on(Phase::Ended, None);
    }

    fn finished(&self) -> bool {
        self.phase == Phase::Ended
    }

    fn name(&self) -> &'static str {
        "a firmware update"
    }
}
