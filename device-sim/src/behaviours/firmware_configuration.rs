//! Firmware update by configuration (`device-management.md` §3.6):
//! current → downloading → verifying → applying → rebooting → current; any failure → error → rolledback.

use super::Action;
use super::firmware::{Firmware, Package};
use super::procedure::{Procedure, Situation};
use crate::faults::UpdateFate;
use serde_json::{Map, Value, json};
use shared::time::Timestamp;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Downloading,
    Verifying,
    Applying,
    Rebooting,
    /// Reported; the old version is being restored.
    Failed,
    Ended,
}

/// What a desired `firmware` section asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Nothing, or nothing that can be understood.
    None,
    /// The version that runs already.
    AlreadyCurrent,
    /// Something that cannot be done, and why.
    Impossible(String),
    /// A new version.
    Install(Package),
}

impl Request {
    /// Reads the desired section.
    pub fn parse(section: Option<&Value>, firmware: &Firmware) -> Self {
        let Some(section) = section
            .and_then(Value::as_object)
            .filter(|section| !section.is_empty())
        else {
            return Self::None;
        };
        let version = section.get("fwVersion");
        if version.and_then(Value::as_str) == Some(firmware.version.as_str()) {
            return Self::AlreadyCurrent;
        }
        match Package::parse(
            section.get("fwPackageURI"),
            version,
            section.get("fwPackageCheckValue"),
        ) {
            Ok(package) => Self::Install(package),
            Err(why) => Self::Impossible(why),
        }
    }
}

/// The report for a request that starts nothing.
pub fn report_without_update(request: &Request, firmware: &Firmware) -> Option<Action> {
    let (status, text) = match request {
        Request::None | Request::Install(_) => return None,
        Request::AlreadyCurrent => ("current", format!("already running {}", firmware.version)),
        Request::Impossible(why) => ("error", why.clone()),
    };
    Some(report(
        status,
        &text,
        [
            ("currentFwVersion", json!(firmware.version)),
            ("pendingFwVersion", Value::Null),
        ],
    ))
}

fn report<const N: usize>(status: &str, text: &str, more: [(&str, Value); N]) -> Action {
    let mut section = Map::new();
    section.insert("fwUpdateStatus".to_owned(), json!(status));
    section.insert("fwUpdateSubstatus".to_owned(), json!(text));
    section.extend(
        more.into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    Action::Report(json!({"firmware": section}))
}

/// An update under way.
pub struct FirmwareConfiguration {
    package: Package,
    fate: UpdateFate,
    phase: Phase,
    due: Option<Timestamp>,
}

impl FirmwareConfiguration {
    /// Begins downloading.
    pub fn start(package: Package, situation: &Situation<'_>, actions: &mut Vec<Action>) -> Self {
        actions.push(report(
            "downloading",
            "fetching the package",
            [
                ("currentFwVersion", json!(situation.firmware.version)),
                ("pendingFwVersion", json!(package.version)),
                ("lastFwUpdateStartTime", json!(situation.now)),
                ("lastFwUpdateEndTime", Value::Null),
            ],
        ));
        Self {
            package,
            fate: situation.fate,
            phase: Phase::Downloading,
            due: Some(situation.after_steps(1.5)),
        }
    }

    fn go_on(&mut self, phase: Phase, due: Option<Timestamp>) {
        self.phase = phase;
        self.due = due;
    }

    fn fail(&mut self, why: &str, situation: &Situation<'_>, actions: &mut Vec<Action>) {
        actions.push(report("error", why, []));
        self.go_on(Phase::Failed, Some(situation.after_steps(0.5)));
    }
}

impl Procedure for FirmwareConfiguration {
    fn due(&self) -> Option<Timestamp> {
        self.due
    }

    fn on_due(&mut self, situation: &mut Situation<'_>, actions: &mut Vec<Action>) {
        match self.phase {
            Phase::Downloading if self.fate == UpdateFate::DownloadFails => {
                self.fail("the package server did not answer", situation, actions);
            }
            Phase::Downloading => {
                actions.push(report("verifying", "comparing the check value", []));
                self.go_on(Phase::Verifying, Some(situation.after_steps(0.5)));
            }
            Phase::Verifying if self.package.damaged => {
                self.fail(
                    "the check value does not fit the package",
                    situation,
                    actions,
                );
            }
            Phase::Verifying => {
                actions.push(report("applying", "writing the image", []));
                self.go_on(Phase::Applying, Some(situation.after_steps(1.0)));
            }
            Phase::Applying if self.fate == UpdateFate::ApplyFails => {
                self.fail(
                    "the image does not fit the flash memory",
                    situation,
                    actions,
                );
            }
            Phase::Applying => {
                actions.push(report("rebooting", "starting the new image", []));
                actions.push(Action::GoOffline(situation.step * 2));
                self.go_on(Phase::Rebooting, None);
            }
            Phase::Failed => {
                actions.push(report(
                    "rolledback",
                    "the former version runs",
                    [
                        ("currentFwVersion", json!(situation.firmware.version)),
                        ("pendingFwVersion", Value::Null),
                        ("lastFwUpdateEndTime", json!(situation.now)),
                    ],
                ));
                self.go_on(Phase::Ended, None);
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
            return;
        }
        if self.fate == UpdateFate::RollsBack {
            return self.fail("the new image did not start", situation, actions);
        }
        situation.firmware.version.clone_from(&self.package.version);
        actions.push(report(
            "current",
            "updated",
            [
                ("currentFwVersion", json!(self.package.version)),
                ("pendingFwVersion", Value::Null),
                ("lastFwUpdateEndTime", json!(situation.now)),
            ],
        ));
        actions.push(Action::Report(
            json!({"deviceInfo": {"swVersion": self.package.version}}),
        ));
        self.go_on(Phase::Ended, None);
    }

    fn finished(&self) -> bool {
        self.phase == Phase::Ended
    }

    fn name(&self) -> &'static str {
        "a firmware update"
    }
}
