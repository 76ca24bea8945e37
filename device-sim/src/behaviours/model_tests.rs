//! Whole devices under virtual time: what an operator would see, in order.

use super::command::Command;
use super::model::{FleetSettings, Model};
use super::telemetry::Profile;
use super::{Action, Message};
use crate::faults::{FaultPlan, parse_fault_plan};
use serde_json::{Value, json};
use shared::time::Timestamp;
use std::time::Duration;

/// A device, its clock and the hub's side of its twin.
struct Bench {
    model: Model,
    now: Timestamp,
    reported: Value,
    log: Vec<Action>,
}

fn settings(faults: FaultPlan) -> FleetSettings {
    FleetSettings {
        seed: 1,
        profile: Profile::Mixed,
        prefix: None,
        interval: Duration::from_secs(5),
        heartbeat: Duration::from_secs(60),
        step: Duration::from_secs(2),
        faults,
    }
}

impl Bench {
    fn new(index: usize, faults: FaultPlan) -> Self {
        let now = Timestamp::from_milliseconds(1_700_000_000_000);
        let model = Model::new(&settings(faults), index, now);
        let mut bench = Self {
            model,
            now,
            reported: json!({}),
            log: Vec::new(),
        };
        bench.connect(&json!({"$version": 1}));
        bench
    }

    fn take(&mut self, actions: Vec<Action>) {
        for action in actions {
            if let Action::Report(patch) = &action {
                json_patch::merge(&mut self.reported, patch);
            }
            self.log.push(action);
        }
    }

    fn connect(&mut self, desired: &Value) {
        let mut actions = Vec::new();
        self.model.on_connected(self.now, &mut actions);
        assert_eq!(actions, [Action::GetTwin]);
        actions.clear();
        let twin = json!({"desired": desired, "reported": self.reported});
        self.model.on_twin(self.now, &twin, &mut actions);
        self.take(actions);
    }

    fn call(&mut self, name: &str, payload: Value) -> (i32, Value) {
        let mut actions = Vec::new();
        self.model
            .on_method(self.now, name, &payload, "r1", &mut actions);
        let Some(Action::Answer {
            status, payload, ..
        }) = actions.first().cloned()
        else {
            panic!("a method is answered first: {actions:?}");
        };
        self.take(actions);
        (status, payload)
    }

    fn push(&mut self, patch: Value) {
        let mut actions = Vec::new();
        self.model.on_desired(self.now, &patch, &mut actions);
        self.take(actions);
    }

    /// Lets time pass until the device goes offline, or for so many seconds.
    fn pass(&mut self, seconds: i64) -> Option<Duration> {
        let end = self.now.plus_seconds(seconds);
        while self.model.due() <= end {
            self.now = self.model.due().max(self.now);
            let mut actions = Vec::new();
            self.model.on_due(self.now, &mut actions);
            let offline = actions.iter().find_map(|action| match action {
                Action::GoOffline(duration) => Some(*duration),
                _ => None,
            });
            self.take(actions);
            if offline.is_some() {
                return offline;
            }
        }
        self.now = end;
        None
    }

    fn statuses(&self, pointer: &str) -> Vec<String> {
        let reports = self.log.iter().filter_map(|action| match action {
            Action::Report(report) => report.pointer(pointer)?.as_str().map(str::to_owned),
            _ => None,
        });
        let mut statuses: Vec<String> = reports.collect();
        statuses.dedup();
        statuses
    }

    fn messages(&self) -> Vec<&Message> {
        self.log
            .iter()
            .filter_map(|action| {
                if let Action::Send(message) = action {
                    Some(message)
                } else {
                    None
                }
            })
            .collect()
    }
}

#[test]
fn a_new_device_introduces_itself_once() {
    let mut bench = Bench::new(0, FaultPlan::default());
    assert_eq!(
        bench.reported["firmware"],
        json!({"currentFwVersion": "2.7.0", "fwUpdateStatus": "current"})
    );
    assert_eq!(bench.reported["telemetryConfig"]["interval"], 5);
    assert!(
        bench.reported["capabilities"]["methods"]
            .as_array()
            .unwrap()
            .contains(&json!("reboot"))
    );
    assert!(bench.reported["conditions"]["location"]["lat"].is_f64());
    let before = bench.log.len();
    bench.connect(&json!({"$version": 1}));
    assert_eq!(bench.log.len(), before, "a reconnect repeats nothing");
}

#[test]
fn firmware_by_method_walks_all_steps_over_a_reboot() {
    let mut bench = Bench::new(0, FaultPlan::default());
    let package = json!({"fwPackageUri": "https://files.test/fw.bin", "version": "2.8.5"});
    assert_eq!(
        bench.call("firmwareUpdate", package.clone()),
        (200, json!("Firmware update started."))
    );
    assert_eq!(bench.call("firmwareUpdate", package).0, 409);
    assert!(bench.pass(60).is_some(), "it reboots");
    bench.connect(&json!({"$version": 1}));
    assert_eq!(
        bench.statuses("/iothubDM/firmwareUpdate/status"),
        [
            "waiting",
            "downloading",
            "downloadComplete",
            "applying",
            "applyComplete",
            "rebooting",
            "succeeded"
        ]
    );
    assert_eq!(
        bench.reported["iothubDM"]["firmwareUpdate"]["currentFwVersion"],
        "2.8.5"
    );
    assert_eq!(bench.reported["firmware"]["currentFwVersion"], "2.8.5");
    assert_eq!(
        bench.reported["iothubDM"]["firmwareUpdate"]["progress"],
        100
    );
    assert_eq!(
        bench.call("reboot", Value::Null).0,
        200,
        "free for the next operation"
    );
}

#[test]
fn every_failing_update_ends_in_a_failure_and_keeps_the_version() {
    let plan = parse_fault_plan("update=1").unwrap();
    let mut ends = std::collections::BTreeSet::new();
    for index in 0..24 {
        let mut bench = Bench::new(index, plan);
        bench.call(
            "firmwareUpdate",
            json!({"fwPackageUri": "https://files.test/fw-9.9.bin"}),
        );
        if bench.pass(60).is_some() {
            bench.connect(&json!({"$version": 1}));
        }
        let end = bench
            .statuses("/iothubDM/firmwareUpdate/status")
            .pop()
            .unwrap();
        assert!(
            bench.reported["iothubDM"]["firmwareUpdate"]["error"]["message"].is_string(),
            "{end}"
        );
        assert_eq!(bench.reported["firmware"]["currentFwVersion"], "2.7.0");
        ends.insert(end);
    }
    assert_eq!(
        ends.into_iter().collect::<Vec<_>>(),
        ["applyFailed", "downloadFailed", "rolledback"]
    );
}

#[test]
fn firmware_by_configuration_walks_its_steps() {
    let mut bench = Bench::new(1, FaultPlan::default());
    let firmware = json!({"fwVersion": "3.0", "fwPackageURI": "https://files.test/a", "fwPackageCheckValue": "12ab"});
    bench.push(json!({"firmware": firmware, "$version": 2}));
    assert!(bench.pass(60).is_some());
    bench.connect(&json!({"firmware": firmware, "$version": 2}));
    bench.pass(60);
    assert_eq!(
        bench.statuses("/firmware/fwUpdateStatus"),
        [
            "current",
            "downloading",
            "verifying",
            "applying",
            "rebooting",
            "current"
        ]
    );
    assert_eq!(bench.reported["firmware"]["currentFwVersion"], "3.0");
    assert!(bench.reported["firmware"].get("pendingFwVersion").is_none());
}

#[test]
fn a_damaged_package_is_an_error_then_rolled_back_and_not_tried_again() {
    let mut bench = Bench::new(1, FaultPlan::default());
    let firmware = json!({"fwVersion": "3.0", "fwPackageURI": "https://files.test/a", "fwPackageCheckValue": "bad"});
    bench.push(json!({"firmware": firmware, "$version": 2}));
    assert_eq!(bench.pass(120), None);
    bench.connect(&json!({"firmware": firmware, "$version": 2}));
    bench.pass(120);
    assert_eq!(
        bench.statuses("/firmware/fwUpdateStatus"),
        ["current", "downloading", "verifying", "error", "rolledback"]
    );
    bench.push(json!({"firmware": {"fwPackageURI": "http://files.test/a"}, "$version": 3}));
    assert_eq!(
        bench.statuses("/firmware/fwUpdateStatus").pop().as_deref(),
        Some("error")
    );
}

#[test]
fn a_reboot_is_reported_before_and_after() {
    let mut bench = Bench::new(0, FaultPlan::default());
    assert_eq!(
        bench.call("reboot", Value::Null),
        (200, json!("Reboot started"))
    );
    assert!(
        matches!(bench.log.last(), Some(Action::GoOffline(_))),
        "the report comes before the link goes"
    );
    bench.now = bench.now.plus_seconds(5);
    bench.connect(&json!({"$version": 1}));
    assert_eq!(
        bench.statuses("/iothubDM/reboot/status"),
        ["rebooting", "succeeded"]
    );
    let reboot = &bench.reported["iothubDM"]["reboot"];
    assert!(reboot["lastReboot"].as_str() > reboot["startedRebootTime"].as_str());
}

#[test]
fn a_factory_reset_clears_everything_else() {
    let mut bench = Bench::new(0, FaultPlan::default());
    let id = bench.model.character.device_id.clone();
    assert_eq!(
        bench.call("factoryReset", json!({"confirm": "other"})).0,
        400
    );
    assert!(bench.reported.get("deviceInfo").is_some());
    assert_eq!(
        bench.call("factoryReset", json!({"confirm": id})),
        (200, json!("Factory reset started"))
    );
    bench.connect(&json!({"$version": 1}));
    let reset = &bench.reported["iothubDM"]["factoryReset"];
    assert_eq!(reset["status"], "succeeded");
    assert_eq!(
        bench.reported.as_object().unwrap().len(),
        1,
        "{}",
        bench.reported
    );
    bench.pass(61);
    assert!(
        bench.reported.get("deviceInfo").is_some(),
        "it introduces itself again later"
    );
}

#[test]
fn silence_is_broken_by_heartbeats() {
    let mut bench = Bench::new(0, FaultPlan::default());
    bench.push(json!({"telemetryConfig": {"configId": "slow", "interval": 86_400}, "$version": 2}));
    bench.pass(2);
    let before = bench.messages().len();
    bench.pass(600);
    let messages = bench.messages().split_off(before);
    assert!((5..=10).contains(&messages.len()), "{}", messages.len());
    for message in messages {
        assert!(message.body.is_empty());
        assert_eq!(message.properties, [("heartbeat", "1".to_owned())]);
    }
}

#[test]
fn telemetry_follows_the_configured_interval_and_ids_never_repeat() {
    let mut bench = Bench::new(0, FaultPlan::default());
    bench.pass(100);
    let before = bench.messages().len();
    assert!((19..=21).contains(&before), "{before}");
    bench.push(json!({"telemetryConfig": {"interval": 1}, "$version": 2}));
    bench.pass(100);
    let ids: std::collections::HashSet<&str> = bench
        .messages()
        .iter()
        .map(|one| one.message_id.as_str())
        .collect();
    assert_eq!(ids.len(), bench.messages().len());
    assert!(
        (95..=101).contains(&(ids.len() - before)),
        "{}",
        ids.len() - before
    );
}

#[test]
fn commands_are_remembered_and_a_missed_push_is_fetched() {
    let mut bench = Bench::new(0, FaultPlan::default());
    let mut actions = Vec::new();
    let command = Command {
        message_id: Some("m-1".to_owned()),
        body: b"open".to_vec(),
    };
    bench.model.on_command(bench.now, &command, &mut actions);
    bench.take(actions);
    assert_eq!(bench.reported["lastCommand"]["messageId"], "m-1");
    bench.push(json!({"a": 1, "$version": 7}));
    assert_eq!(bench.log.last(), Some(&Action::GetTwin));
}

#[test]
fn a_run_repeats_with_its_seed() {
    let run = || {
        let mut bench = Bench::new(2, parse_fault_plan("drop=0.2,flap=0.5:30s").unwrap());
        bench.pass(300);
        bench.log
    };
    assert_eq!(run(), run());
    assert!(
        run()
            .iter()
            .any(|action| matches!(action, Action::Send(message) if message.cut_link))
    );
}
