//! Rollouts whose devices are done when their pattern says so (`device-management.md` §4.6, rows
//! R20 and R31).

use serde_json::{Value, json};
use simulation::configuring;
use simulation::device::Habits;
use simulation::rest::Rest;
use simulation::scheduling::{self, count, counters_are_those_of_the_rows, look, rows};

const DEVICES: usize = 30;

/// Devices that answer methods, and a rollout of firmware to all of them, half of them first.
fn rollout(hub: &mut Rest, body: Value) -> Vec<usize> {
    let devices = (0..DEVICES)
        .map(|number| {
            hub.0
                .connected_device(&format!("d{number}"), Habits::default())
        })
        .collect();
    let mut job = json!({
        "queryCondition": "*",
        "maxExecutionTimeInSeconds": 7200,
        "rollout": {
            "waves": [{ "percent": 50 }, { "percent": 100 }],
            "waveSuccessPercent": 100,
            "abort": { "failedPercent": 20, "minDevices": 3 },
            "pauseBetweenWaves": "PT0S",
        },
    });
    for (name, value) in body.as_object().unwrap() {
        job[name] = value.clone();
    }
    assert_eq!(hub.put("/jobs/v2/firmware", None, job).status, 200);
    hub.0.run(10_000);
    devices
}

fn by_method() -> Value {
    json!({
        "type": "scheduleDeviceMethod",
        "cloudToDeviceMethod": { "methodName": "firmwareUpdate", "payload": { "call": 1 } },
    })
}

fn report(hub: &mut Rest, device: &str, status: &str) {
    let patch = json!({ "iothubDM": { "firmwareUpdate": { "status": status } } });
    configuring::report(hub, device, patch);
}

/// Who is in a state of the job.
fn who(hub: &mut Rest, status: &str) -> Vec<String> {
    let all = rows(hub, "firmware");
    let found = all.iter().filter(|row| row["status"] == status);
    found
        .map(|row| row["deviceId"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_wave_has_succeeded_when_its_devices_say_so() {
    let mut hub = Rest::default();
    let devices = rollout(&mut hub, by_method());
    let first = who(&mut hub, "running");
    assert!((5..25).contains(&first.len()), "{first:?}");
    for device in &first {
        report(&mut hub, device, "downloading");
    }
    // They have all answered, and none has its new firmware.
    hub.0.run(120_000);
    assert_eq!(who(&mut hub, "running"), first);
    for device in &first {
        report(&mut hub, device, "succeeded");
    }
    hub.0.run(65_000);
    assert_eq!(who(&mut hub, "completed"), first);
    let second = who(&mut hub, "running");
    assert_eq!(first.len() + second.len(), DEVICES);
    for device in &second {
        report(&mut hub, device, "succeeded");
    }
    let done = scheduling::end(&mut hub, "firmware");
    assert_eq!(done["status"], "completed");
    assert_eq!(count(&done, "succeededCount"), DEVICES as u64);
    counters_are_those_of_the_rows(&mut hub, "firmware");
    let calls = |device: &usize| hub.0.world().devices[*device].diary.methods.len();
    assert!(devices.iter().all(|device| calls(device) == 1));
}

#[test]
fn how_an_earlier_run_ended_says_nothing() {
    let mut hub = Rest::default();
    let early = hub.0.connected_device("d0", Habits::default());
    report(&mut hub, "d0", "error");
    let mut job = by_method();
    job["queryCondition"] = json!("*");
    job["rollout"] = json!({ "waves": [{ "percent": 100 }], "waveSuccessPercent": 100 });
    assert_eq!(hub.put("/jobs/v2/firmware", None, job).status, 200);
    hub.0.run(5_000);
    assert_eq!(hub.0.world().devices[early].diary.methods.len(), 1);
    assert_eq!(who(&mut hub, "running"), ["d0"]);
    report(&mut hub, "d0", "succeeded");
    let done = scheduling::end(&mut hub, "firmware");
    assert_eq!(
        rows(&mut hub, "firmware")[0]["error"],
        Value::Null,
        "{done}"
    );
}

#[test]
fn r20_a_bad_version_stops_at_the_first_wave_and_touches_no_other() {
    let mut hub = Rest::default();
    let devices = rollout(&mut hub, by_method());
    let first = who(&mut hub, "running");
    for device in first.iter().take(3) {
        report(&mut hub, device, "error");
    }
    let done = scheduling::end(&mut hub, "firmware");
    assert_eq!(done["status"], "cancelled");
    assert!(
        done["failureReason"].as_str().unwrap().contains("3 of 3"),
        "{done}"
    );
    let all = rows(&mut hub, "firmware");
    let code = |row: &Value| row["error"]["code"].as_str().unwrap_or_default().to_owned();
    let codes: Vec<String> = all.iter().map(code).collect();
    assert_eq!(
        codes.iter().filter(|code| *code == "PatternFailed").count(),
        3
    );
    let unfinished = codes
        .iter()
        .filter(|code| *code == "PatternNotFinished")
        .count();
    assert_eq!(unfinished, first.len() - 3);
    assert_eq!(
        count(&done, "canceledCount"),
        (DEVICES - first.len()) as u64
    );
    counters_are_those_of_the_rows(&mut hub, "firmware");
    hub.0.run(60_000);
    let called = devices
        .iter()
        .filter(|device| !hub.0.world().devices[**device].diary.methods.is_empty());
    assert_eq!(called.count(), first.len(), "nobody of the second wave");
}

#[test]
fn devices_that_say_nothing_have_failed_and_a_crash_forgets_none() {
    let mut hub = Rest::default();
    rollout(&mut hub, by_method());
    let first = who(&mut hub, "running");
    hub.0.start_over();
    assert_eq!(who(&mut hub, "running"), first, "they have answered before");
    // The pattern gives them an hour.
    hub.0.run(3_000_000);
    assert_eq!(look(&mut hub, "firmware").unwrap()["status"], "running");
    let done = scheduling::end_within(&mut hub, "firmware", 2_000_000);
    assert_eq!(done["status"], "cancelled");
    let silent = rows(&mut hub, "firmware")
        .iter()
        .filter(|row| row["error"]["code"] == "PatternTimedOut")
        .count();
    assert!(silent >= 3, "{silent}");
    counters_are_those_of_the_rows(&mut hub, "firmware");
}

#[test]
fn desired_firmware_is_awaited_as_well() {
    let mut hub = Rest::default();
    let desired = json!({ "firmware": { "fwVersion": "2.0" } });
    rollout(
        &mut hub,
        json!({
            "type": "scheduleUpdateTwin",
            "updateTwin": { "properties": { "desired": desired } },
        }),
    );
    let first = who(&mut hub, "running");
    assert!(!first.is_empty() && first.len() < DEVICES);
    let current = json!({ "firmware": { "currentFwVersion": "2.0", "fwUpdateStatus": "current" } });
    for wave in 0..2 {
        for device in who(&mut hub, "running") {
            configuring::report(&mut hub, &device, current.clone());
        }
        hub.0.run(65_000);
        if wave == 0 {
            assert_eq!(who(&mut hub, "completed"), first);
        }
    }
    let done = scheduling::end(&mut hub, "firmware");
    assert_eq!(count(&done, "succeededCount"), DEVICES as u64);
    counters_are_those_of_the_rows(&mut hub, "firmware");
}
