//! When policies hold jobs and direct methods (`device-management.md` §4, rows R07 to R12 and R14).

use serde_json::{Value, json};
use simulation::configuring;
use simulation::device::Habits;
use simulation::maintaining::{DAY, HOUR, call, calls, night, policy, reboot_job, report, row};
use simulation::rest::Rest;
use simulation::scheduling::{self, count, counters_are_those_of_the_rows, look};

#[test]
fn r07_a_job_waits_for_the_maintenance_window() {
    let mut hub = Rest::default();
    policy(&mut hub, "night", night());
    // From Sunday the first of March 2026 to Friday noon.
    hub.0.run(5 * DAY + 11 * HOUR);
    let early = hub.0.connected_device("d", Habits::default());
    reboot_job(&mut hub, "reboot", "reboot", 30 * 24 * 3600);
    let held = row(&mut hub, "reboot");
    assert_eq!(held["status"], "pending");
    assert_eq!(held["hold"]["policy"], "night");
    assert_eq!(held["hold"]["gate"], "window");
    assert_eq!(held["hold"]["nextCheck"], "2026-03-07T00:00:00Z");
    assert_eq!(count(&look(&mut hub, "reboot").unwrap(), "pendingCount"), 1);
    // Saturday 01:00 in Oslo is midnight in UTC.
    hub.0.run(13 * HOUR - 60_000);
    assert_eq!(calls(&hub, early), 0);
    hub.0.run(70_000);
    assert_eq!(calls(&hub, early), 1);
    let done = scheduling::end(&mut hub, "reboot");
    assert_eq!(count(&done, "succeededCount"), 1);
    counters_are_those_of_the_rows(&mut hub, "reboot");
    // Half past three, and whoever comes after four waits for the next week.
    hub.0.run(3 * HOUR + 60_000);
    reboot_job(&mut hub, "late", "reboot", 24 * 3600);
    hub.0.run(HOUR);
    assert_eq!(calls(&hub, early), 1);
    assert_eq!(
        row(&mut hub, "late")["hold"]["nextCheck"],
        "2026-03-14T00:00:00Z"
    );
}

#[test]
fn r07_a_window_keeps_to_the_clock_on_the_wall_over_a_change_of_it() {
    let mut hub = Rest::default();
    // On the 29th of March clocks in Oslo jump from two to three.
    let window =
        json!({ "days": ["sun"], "start": "03:00", "durationMinutes": 60, "timezone": "device" });
    policy(&mut hub, "sunday", json!({ "windows": [window] }));
    hub.0.run(27 * DAY + 23 * HOUR);
    let device = hub.0.connected_device("d", Habits::default());
    hub.patch("/twins/d", json!({ "tags": { "timezone": "Europe/Oslo" } }));
    reboot_job(&mut hub, "reboot", "reboot", 24 * 3600);
    assert_eq!(
        row(&mut hub, "reboot")["hold"]["nextCheck"],
        "2026-03-29T01:00:00Z"
    );
    hub.0.run(2 * HOUR - 60_000);
    assert_eq!(
        calls(&hub, device),
        0,
        "three o'clock in winter would be two in UTC"
    );
    hub.0.run(60_000);
    assert_eq!(calls(&hub, device), 1);
}

#[test]
fn r08_power_gates_a_firmware_job_until_the_device_has_it() {
    let mut hub = Rest::default();
    let device = hub.0.connected_device("d", Habits::default());
    policy(
        &mut hub,
        "power",
        json!({ "gates": [{
        "id": "power",
        "expr": "properties.reported.conditions.power.source = 'mains' OR \
                 properties.reported.conditions.power.batteryPercent >= 50",
        "maxAgeSeconds": 3600,
    }] }),
    );
    report(
        &mut hub,
        json!({ "power": { "source": "battery", "batteryPercent": 30 } }),
    );
    reboot_job(&mut hub, "update", "firmwareUpdate", 3600);
    hub.0.run(120_000);
    assert_eq!(calls(&hub, device), 0);
    let held = row(&mut hub, "update");
    assert_eq!(held["hold"]["gate"], "power");
    let reason = held["hold"]["reason"].as_str().unwrap();
    assert!(reason.contains("batteryPercent is 30"), "{reason}");
    report(&mut hub, json!({ "power": { "source": "mains" } }));
    hub.0.run(2_000);
    assert_eq!(calls(&hub, device), 1, "within two seconds");
    let done = scheduling::end(&mut hub, "update");
    assert_eq!(count(&done, "succeededCount"), 1);
}

#[test]
fn r09_a_direct_method_is_refused_while_the_device_is_in_use() {
    let mut hub = Rest::default();
    let device = hub.0.connected_device("d", Habits::default());
    policy(
        &mut hub,
        "plant",
        json!({ "gates": [{
        "id": "idle", "expr": "properties.reported.conditions.inUse = false",
    }] }),
    );
    report(&mut hub, json!({ "inUse": true }));
    let (status, body) = call(&mut hub, "reboot", &[]);
    assert_eq!(status, 409, "{body}");
    let text = body["Message"].as_str().unwrap();
    assert!(
        text.contains("OperationNotAllowedInCurrentState;Held by policy plant gate idle"),
        "{text}"
    );
    assert_eq!(call(&mut hub, "blink", &[]).0, 200, "others pass untouched");
    let explained = hub.get("/api/v1/devices/d/maintenance?method=reboot").body;
    assert_eq!(
        (&explained["verdict"], &explained["hold"]["gate"]),
        (&json!("hold"), &json!("idle"))
    );
    report(&mut hub, json!({ "inUse": false }));
    assert_eq!(call(&mut hub, "reboot", &[]).0, 200);
    assert_eq!(calls(&hub, device), 2);
}

#[test]
fn r10_a_place_that_is_wrong_or_old_holds_a_step() {
    let mut hub = Rest::default();
    let device = hub.0.connected_device("d", Habits::default());
    policy(
        &mut hub,
        "site",
        json!({ "gates": [{
        "id": "place",
        "geofence": { "center": [63.43, 10.39], "radiusMeters": 500, "inside": true },
        "maxAgeSeconds": 600,
    }] }),
    );
    report(
        &mut hub,
        json!({ "location": { "lat": 63.448, "lon": 10.39 } }),
    );
    reboot_job(&mut hub, "reboot", "reboot", 7200);
    let held = row(&mut hub, "reboot");
    assert_eq!(held["hold"]["gate"], "place");
    assert!(
        held["hold"]["reason"].as_str().unwrap().contains("2002 m"),
        "{held}"
    );
    // It says nothing for longer than the gate believes it.
    hub.0.run(700_000);
    let held = row(&mut hub, "reboot");
    assert!(
        held["hold"]["reason"]
            .as_str()
            .unwrap()
            .contains("more than 600 s ago"),
        "{held}"
    );
    assert_eq!(calls(&hub, device), 0);
    report(
        &mut hub,
        json!({ "location": { "lat": 63.4301, "lon": 10.3901 } }),
    );
    hub.0.run(2_000);
    assert_eq!(calls(&hub, device), 1);
}

#[test]
fn r11_nothing_overrides_the_safety_interlock() {
    let mut hub = Rest::default();
    let device = hub.0.connected_device("d", Habits::default());
    policy(&mut hub, "night", night());
    let wants = [("x-hub-override", "the plant manager asked for it")];
    assert_eq!(call(&mut hub, "reboot", &[]).0, 409, "no window");
    assert_eq!(
        call(&mut hub, "reboot", &[("x-hub-override", "short")]).0,
        400
    );
    assert_eq!(call(&mut hub, "reboot", &wants).0, 200);
    report(&mut hub, json!({ "safetyInterlock": true }));
    let (status, body) = call(&mut hub, "reboot", &wants);
    assert_eq!(status, 409, "{body}");
    assert!(
        body["Message"]
            .as_str()
            .unwrap()
            .contains("safetyInterlock"),
        "{body}"
    );
    assert_eq!(calls(&hub, device), 1);
    hub.0.run(2_000);
    let records = hub.get("/api/v1/audit?action=overrideMaintenance").body;
    let results: Vec<(&Value, &Value)> = records["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| (&record["result"], &record["deviceId"]))
        .collect();
    assert_eq!(results.len(), 2, "{records}");
    assert!(
        results.iter().any(|(result, _)| *result == "ok"),
        "{records}"
    );
    assert!(
        results
            .iter()
            .any(|(result, _)| *result == "OperationNotAllowedInCurrentState"),
        "{records}"
    );
    // A job that overrides is held all the same, and no policy is named for it.
    let job = json!({
        "type": "scheduleDeviceMethod",
        "cloudToDeviceMethod": { "methodName": "reboot", "payload": { "call": 1 } },
        "queryCondition": "*",
        "maxExecutionTimeInSeconds": 600,
    });
    let reply = hub.send(shared::http::Method::Put, "/jobs/v2/forced", &wants, job);
    assert_eq!(reply.body["override"], wants[0].1);
    hub.0.run(5_000);
    assert_eq!(row(&mut hub, "forced")["hold"]["gate"], "safetyInterlock");
    let done = scheduling::end_within(&mut hub, "forced", 2_000_000);
    assert_eq!(count(&done, "failedCount"), 1);
    assert_eq!(
        row(&mut hub, "forced")["error"]["code"],
        "MaintenanceHoldExpired"
    );
    assert_eq!(calls(&hub, device), 1);
}

#[test]
fn r14_a_freeze_holds_disruptive_jobs_and_an_override_is_in_the_record() {
    let mut hub = Rest::default();
    scheduling::devices(&mut hub, 3);
    policy(
        &mut hub,
        "freeze",
        json!({ "blackouts": [{
        "from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z", "reason": "year-end freeze",
    }] }),
    );
    let update = |condition: &str, desired: Value| {
        json!({
            "type": "scheduleUpdateTwin",
            "updateTwin": { "properties": { "desired": desired } },
            "queryCondition": condition,
            "maxExecutionTimeInSeconds": 3 * 24 * 3600,
        })
    };
    let firmware = update(
        "tags.number < 2",
        json!({ "firmware": { "fwVersion": "2" } }),
    );
    for (id, job) in [
        ("firmware", firmware.clone()),
        ("harmless", update("*", json!({ "interval": 5 }))),
    ] {
        assert_eq!(hub.put(&format!("/jobs/v2/{id}"), None, job).status, 200);
    }
    assert_eq!(
        count(&scheduling::end(&mut hub, "harmless"), "succeededCount"),
        3
    );
    assert_eq!(
        count(&look(&mut hub, "firmware").unwrap(), "pendingCount"),
        2
    );
    let held = row(&mut hub, "firmware");
    assert_eq!(held["hold"]["reason"], "year-end freeze");
    // One device is needed now.
    let mut one = firmware;
    one["queryCondition"] = json!("deviceId = 'd0'");
    let why = [("x-hub-override", "a leak that must be fixed today")];
    let reply = hub.send(shared::http::Method::Put, "/jobs/v2/urgent", &why, one);
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    assert_eq!(
        count(&scheduling::end(&mut hub, "urgent"), "succeededCount"),
        1
    );
    let records = hub.get("/api/v1/audit?action=createJob").body.to_string();
    assert!(
        records.contains("a leak that must be fixed today"),
        "{records}"
    );
    // The freeze ends at midnight.
    let done = scheduling::end_within(&mut hub, "firmware", 2 * DAY);
    assert_eq!(count(&done, "succeededCount"), 2);
    counters_are_those_of_the_rows(&mut hub, "firmware");
}

#[test]
fn r12_few_devices_of_a_line_are_out_of_service_at_a_time() {
    let mut hub = Rest::default();
    let devices: Vec<usize> = (0..20)
        .map(|number| {
            hub.0
                .connected_device(&format!("d{number}"), Habits::default())
        })
        .collect();
    for number in 0..20 {
        let tags = json!({ "tags": { "line": "it's seven" } });
        assert_eq!(hub.patch(&format!("/twins/d{number}"), tags).status, 200);
    }
    policy(
        &mut hub,
        "line",
        json!({ "maxConcurrent": { "percent": 10, "groupBy": "tags.line" } }),
    );
    let job = |id: &str, condition: &str| {
        let body = json!({
            "type": "scheduleDeviceMethod",
            "cloudToDeviceMethod": { "methodName": "reboot", "payload": { "call": 1 } },
            "queryCondition": condition,
            "maxExecutionTimeInSeconds": 24 * 3600,
        });
        (format!("/jobs/v2/{id}"), body)
    };
    // Two jobs share the places.
    for (id, condition) in [
        ("some", "tags.line = 'it\\'s seven' AND deviceId < 'd15'"),
        ("rest", "deviceId >= 'd15'"),
    ] {
        let (path, body) = job(id, condition);
        assert_eq!(hub.put(&path, None, body).status, 200);
    }
    hub.0.run(5_000);
    let called = |hub: &Rest| -> Vec<usize> {
        (0..20)
            .filter(|number| calls(hub, devices[*number]) > 0)
            .collect()
    };
    let mut done: Vec<usize> = Vec::new();
    while done.len() < 20 {
        let now: Vec<usize> = called(&hub)
            .into_iter()
            .filter(|number| !done.contains(number))
            .collect();
        assert!(now.len() <= 2, "{now:?} besides {done:?}");
        assert!(!now.is_empty(), "nobody goes on after {done:?}");
        for number in &now {
            configuring::report(
                &mut hub,
                &format!("d{number}"),
                json!({ "iothubDM": { "reboot": { "status": "rebooting" } } }),
            );
        }
        hub.0.run(90_000);
        let still: Vec<usize> = called(&hub)
            .into_iter()
            .filter(|number| !done.contains(number))
            .collect();
        assert!(still.len() <= 2, "{still:?} besides {done:?}");
        let first = now[0];
        configuring::report(
            &mut hub,
            &format!("d{first}"),
            json!({ "iothubDM": { "reboot": { "status": "succeeded" } } }),
        );
        done.push(first);
        hub.0.run(31_000);
    }
    for id in ["some", "rest"] {
        let ended = scheduling::end(&mut hub, id);
        assert_eq!(count(&ended, "failedCount"), 0);
        counters_are_those_of_the_rows(&mut hub, id);
    }
    assert!(devices.iter().all(|device| calls(&hub, *device) == 1));
}
