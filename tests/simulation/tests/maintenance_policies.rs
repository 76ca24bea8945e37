//! Policies themselves (`device-management.md` §4.2): how they are kept, whom else they hold, and
//! what devices get of them.

use serde_json::json;
use simulation::device::Habits;
use simulation::maintaining::{HOUR, call, calls, night, policy, reboot_job, report, row};
use simulation::rest::Rest;
use simulation::scheduling::{self, count};

#[test]
fn a_policy_that_goes_lets_devices_go_and_one_that_is_impatient_ends_them() {
    let mut hub = Rest::default();
    let device = hub.0.connected_device("d", Habits::default());
    let etag = policy(&mut hub, "night", night());
    reboot_job(&mut hub, "first", "reboot", 24 * 3600);
    assert_eq!(calls(&hub, device), 0);
    let path = "/api/v1/maintenance-policies/night";
    assert_eq!(hub.delete(path, Some("\"wrong\"")).status, 412);
    assert_eq!(hub.delete(path, Some(&format!("\"{etag}\""))).status, 204);
    hub.0.run(2_000);
    assert_eq!(calls(&hub, device), 1);
    let mut impatient = night();
    impatient["holdTimeoutSeconds"] = json!(300);
    policy(&mut hub, "night", impatient);
    reboot_job(&mut hub, "second", "reboot", 24 * 3600);
    let done = scheduling::end(&mut hub, "second");
    assert_eq!(count(&done, "failedCount"), 1);
    assert_eq!(
        row(&mut hub, "second")["error"]["code"],
        "MaintenanceHoldExpired"
    );
    assert_eq!(calls(&hub, device), 1);
}

#[test]
fn policies_are_kept_with_etags_and_wrong_ones_are_refused() {
    let mut hub = Rest::default();
    let first = policy(&mut hub, "night", night());
    let path = "/api/v1/maintenance-policies/night";
    let read = hub.get(path);
    assert_eq!(
        (read.body["etag"].as_str(), read.header("etag")),
        (Some(first.as_str()), Some(format!("\"{first}\"").as_str()))
    );
    let stale = hub.put(path, Some("\"x\""), read.body.clone());
    assert_eq!(stale.status, 412);
    let mut unknown = night();
    unknown["windows"][0]["timezone"] = json!("Europe/Atlantis");
    unknown["appliesTo"] = json!(["*"]);
    let refused = hub.put(path, None, unknown);
    assert_eq!(refused.status, 400);
    assert!(
        refused.body["Message"]
            .as_str()
            .unwrap()
            .contains("Europe/Atlantis"),
        "{:?}",
        refused.body
    );
    assert_eq!(
        hub.get("/api/v1/maintenance-policies").body["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(hub.get("/api/v1/maintenance-policies/none").status, 404);
    assert_eq!(
        hub.delete("/api/v1/maintenance-policies/none", None).status,
        404
    );
    // A crash of everything loses nothing.
    hub.0.start_over();
    assert_eq!(hub.get(path).body, read.body);
}

#[test]
fn a_disruptive_configuration_waits_as_well() {
    let mut hub = Rest::default();
    scheduling::devices(&mut hub, 2);
    let freeze = json!({
        "appliesTo": ["configuration:disruptive"],
        "targetCondition": "tags.number = 0",
        "blackouts": [{
            "from": "2026-03-01T00:00:00Z", "to": "2026-03-01T01:00:00Z", "reason": "freeze",
        }],
    });
    assert_eq!(
        hub.put("/api/v1/maintenance-policies/freeze", None, freeze)
            .status,
        201
    );
    hub.0.run(1_000);
    for (id, labels) in [
        ("firmware", json!({ "disruptive": "true" })),
        ("colour", json!({})),
    ] {
        let configuration = json!({
            "id": id,
            "labels": labels,
            "content": { "deviceContent": { format!("properties.desired.{id}"): 2 } },
            "targetCondition": "*",
            "priority": 1,
        });
        assert_eq!(
            hub.put(&format!("/configurations/{id}"), None, configuration)
                .status,
            200
        );
    }
    hub.0.run(5_000);
    let has = |hub: &mut Rest, device: &str| {
        let twin = hub.get(&format!("/twins/{device}")).body;
        let desired = &twin["properties"]["desired"];
        ["firmware", "colour"]
            .map(|name| (desired[name] == 2, !twin["configurations"][name].is_null()))
    };
    assert_eq!(has(&mut hub, "d0"), [(false, false), (true, true)]);
    assert_eq!(has(&mut hub, "d1"), [(true, true), (true, true)]);
    // Every five minutes all are looked at again.
    hub.0.run(HOUR + 360_000);
    assert_eq!(has(&mut hub, "d0"), [(true, true), (true, true)]);
}

#[test]
fn a_policy_can_be_pushed_to_its_devices() {
    let mut hub = Rest::default();
    scheduling::devices(&mut hub, 2);
    let mut document = night();
    document["targetCondition"] = json!("tags.number = 0");
    document["pushToDevice"] = json!(true);
    policy(&mut hub, "night", document.clone());
    hub.0.run(5_000);
    let pushed = |hub: &mut Rest, device: &str| {
        hub.get(&format!("/twins/{device}")).body["properties"]["desired"]["maintenance"].clone()
    };
    let first = pushed(&mut hub, "d0");
    assert_eq!(
        (&first["policyId"], &first["windows"], &first["blackouts"]),
        (&json!("night"), &night()["windows"], &json!([]))
    );
    assert!(pushed(&mut hub, "d1").is_null());
    document["windows"][0]["start"] = json!("02:00");
    policy(&mut hub, "night", document);
    hub.0.run(5_000);
    let second = pushed(&mut hub, "d0");
    assert_eq!(second["windows"][0]["start"], "02:00");
    assert!(
        second["version"].as_u64() > first["version"].as_u64(),
        "{second}"
    );
    let stored = hub.get("/api/v1/maintenance-policies/night").body;
    assert_eq!(stored["version"], second["version"]);
}

#[test]
fn a_pattern_of_ones_own_can_be_disruptive() {
    let mut hub = Rest::default();
    let device = hub.0.connected_device("d", Habits::default());
    report(&mut hub, json!({ "safetyInterlock": true }));
    assert_eq!(
        call(&mut hub, "calibrate", &[]).0,
        200,
        "nobody said that it interrupts"
    );
    let pattern = json!({
        "trigger": { "method": "calibrate" },
        "statusPath": "calibration.status",
        "disruptive": true,
        "timeoutSeconds": 60,
        "phases": { "applying": ["measuring"], "succeeded": ["calibrated"], "failed": ["out of range"] },
    });
    assert_eq!(
        hub.put("/api/v1/patterns/calibrate", None, pattern).status,
        201
    );
    let (status, body) = call(&mut hub, "calibrate", &[]);
    assert_eq!(status, 409, "{body}");
    let explained = hub
        .get("/api/v1/devices/d/maintenance?method=calibrate")
        .body;
    assert_eq!(explained["isDisruptive"], true);
    assert_eq!(hub.delete("/api/v1/patterns/calibrate", None).status, 204);
    assert_eq!(call(&mut hub, "calibrate", &[]).0, 200);
    assert_eq!(calls(&hub, device), 2);
}
