//! Configurations as an operator sees them (`service.md` §11): who gets what and who wins; R20
//! (the rollout), R21 (configurations) and R30.

use serde_json::{Value, json};
use simulation::configuring::{
    applied, change, configured, desired, device, hub, marks, report, targeted, version,
};
use simulation::device::{Action, Habits};

fn firmware(version: &str) -> Value {
    json!({ "properties.desired.firmware": {
        "fwVersion": version,
        "fwPackageURI": format!("https://packages.example.net/{version}.bin"),
        "fwPackageCheckValue": "sha256:0a1b",
    } })
}

#[test]
fn r20_fifty_chillers_are_all_applied() {
    let mut hub = hub();
    for number in 0..55 {
        let kind = if number < 50 { "chiller" } else { "pump" };
        device(&mut hub, &format!("d{number}"), json!({ "type": kind }));
    }
    let body = json!({
        "id": "fw-28", "priority": 20, "labels": { "owner": "ops" }, "schemaVersion": "1.0",
        "targetCondition": "tags.type = 'chiller'",
        "content": { "deviceContent": firmware("2.8.5") },
        "metrics": { "queries": { "current": "SELECT deviceId FROM devices WHERE \
            configurations.[[fw-28]].status = 'Applied' AND \
            properties.reported.firmware.fwUpdateStatus = 'current'" } },
    });
    let made = hub.put("/configurations/fw-28", None, body);
    assert_eq!(made.status, 200, "{:?}", made.body);
    assert_eq!(made.body["systemMetrics"]["results"], json!({}));
    assert_eq!(made.body["metrics"]["results"], json!({}));
    hub.0.run(2_000);
    for number in 0..55 {
        let id = format!("d{number}");
        let expected = if number < 50 {
            json!({ "fw-28": applied() })
        } else {
            Value::Null
        };
        assert_eq!(marks(&mut hub, &id), expected, "{id}");
        let wanted = if number < 50 { "2.8.5" } else { "" };
        let found = desired(&mut hub, &id)["firmware"]["fwVersion"].clone();
        assert_eq!(found.as_str().unwrap_or_default(), wanted, "{id}");
    }
    report(
        &mut hub,
        "d7",
        json!({ "firmware": { "fwUpdateStatus": "current" } }),
    );
    report(
        &mut hub,
        "d52",
        json!({ "firmware": { "fwUpdateStatus": "current" } }),
    );
    let read = hub.get("/configurations/fw-28");
    assert_eq!(
        read.body["systemMetrics"],
        json!({
            "results": { "targetedCount": 50, "appliedCount": 50 },
            "queries": {
                "targetedCount": "select deviceId from devices where tags.type = 'chiller'",
                "appliedCount": "select deviceId from devices where \
                                 configurations.[[fw-28]].status = 'Applied'",
            },
        })
    );
    assert_eq!(read.body["metrics"]["results"], json!({ "current": 1 }));
    assert_eq!(read.body["labels"], json!({ "owner": "ops" }));
    assert_eq!(read.body["schemaVersion"], "1.0");
    let list = hub.get("/configurations?top=5").body;
    assert_eq!(list[0], read.body);
}

#[test]
fn r21_configuration_reaches_the_same_end_state_as_single_writes() {
    let mut hub = hub();
    for id in ["by-hand", "by-configuration"] {
        device(&mut hub, id, json!({ "way": id }));
    }
    let wanted = json!({ "mode": { "set": 21, "fan": "auto" } });
    let body = json!({ "properties": { "desired": wanted } });
    assert_eq!(hub.patch("/twins/by-hand", body).status, 200);
    let content = json!({ "properties.desired.mode": wanted["mode"] });
    configured(
        &mut hub,
        "mode",
        1,
        "tags.way = 'by-configuration'",
        content,
    );
    let one = desired(&mut hub, "by-hand");
    assert_eq!(one, desired(&mut hub, "by-configuration"));
    assert_eq!(one, wanted);
    // The outcome of each device.
    let query =
        "SELECT deviceId, configurations FROM devices WHERE is_defined(configurations.mode)";
    let rows = hub.post("/devices/query", json!({ "query": query })).body;
    let row = json!([{ "deviceId": "by-configuration", "configurations": { "mode": applied() } }]);
    assert_eq!(rows, row);
}

#[test]
fn r30_a_device_that_was_away_applies_the_newest() {
    let mut hub = hub();
    let number = hub.0.connected_device(
        "pump",
        Habits {
            reconnects: false,
            ..Habits::default()
        },
    );
    hub.patch("/twins/pump", json!({ "tags": { "site": "s1" } }));
    hub.0.world_mut().drop_device(number, true);
    hub.0.run(5_000);
    let known = hub.0.world().devices[number].diary.desired;
    configured(
        &mut hub,
        "hz-1",
        1,
        "tags.site = 's1'",
        json!({ "properties.desired.hz": 1 }),
    );
    configured(
        &mut hub,
        "hz-2",
        2,
        "tags.site = 's1'",
        json!({ "properties.desired.hz": 2 }),
    );
    hub.0.run(5_000);
    assert_eq!(
        hub.0.world().devices[number].diary.desired,
        known,
        "it is away"
    );
    hub.0.world_mut().tell_device(number, 0, Action::Connect);
    assert!(
        hub.0
            .run_until(60_000, |world| world.devices[number].is_ready())
    );
    let twin = hub.0.world().devices[number].diary.twin.clone().unwrap();
    assert_eq!(twin["hz"], 2);
    report(
        &mut hub,
        "pump",
        json!({ "configuration": { "status": "Success", "hz": 2 } }),
    );
    let query = "SELECT COUNT() AS n FROM devices WHERE configurations.[[hz-2]].status = 'Applied' \
                 AND properties.reported.configuration.status = 'Success'";
    let rows = hub.post("/devices/query", json!({ "query": query })).body;
    assert_eq!(rows, json!([{ "n": 1 }]));
    // A connected device hears of the next one by itself.
    let before = hub.0.world().devices[number].diary.desired.unwrap();
    configured(
        &mut hub,
        "hz-3",
        3,
        "tags.site = 's1'",
        json!({ "properties.desired.hz": 3 }),
    );
    assert_eq!(
        hub.0.world().devices[number].diary.desired,
        Some(before + 1)
    );
}

#[test]
fn the_highest_priority_wins_each_path_and_the_newest_a_tie() {
    let mut hub = hub();
    device(&mut hub, "pump", json!({}));
    let content = |value: u8, own: &str| json!({ "properties.desired.shared.x": value, format!("properties.desired.{own}"): value });
    configured(&mut hub, "old", 5, "*", content(1, "old"));
    configured(&mut hub, "new", 5, "*", content(2, "new"));
    assert_eq!(
        desired(&mut hub, "pump"),
        json!({ "shared": { "x": 2 }, "old": 1, "new": 2 })
    );
    configured(
        &mut hub,
        "low",
        1,
        "*",
        json!({ "properties.desired.shared": { "x": 3 } }),
    );
    configured(&mut hub, "nobody", 9, "", content(4, "nobody"));
    assert_eq!(
        marks(&mut hub, "pump"),
        json!({ "new": applied(), "old": applied(), "low": targeted() })
    );
    let counted = hub.get("/configurations/low").body;
    assert_eq!(
        counted["systemMetrics"]["results"],
        json!({ "targetedCount": 1, "appliedCount": 0 })
    );
    assert_eq!(
        change(&mut hub, "low", json!({ "priority": 6 })).status,
        200
    );
    assert_eq!(desired(&mut hub, "pump")["shared"], json!({ "x": 3 }));
    assert_eq!(marks(&mut hub, "pump")["low"], applied());
    let nobody = hub.get("/configurations/nobody").body;
    assert_eq!(nobody["systemMetrics"]["queries"]["targetedCount"], "");
    assert_eq!(nobody["systemMetrics"]["results"]["targetedCount"], 0);
}

#[test]
fn whoever_enters_or_leaves_a_target_is_evaluated_at_once() {
    let mut hub = hub();
    configured(
        &mut hub,
        "all",
        1,
        "*",
        json!({ "properties.desired.hz": 1 }),
    );
    let s1 = json!({ "properties.desired": { "hz": 2, "own": true } });
    configured(
        &mut hub,
        "s1",
        2,
        "tags.site = 's1' AND status = 'enabled'",
        s1,
    );
    // With its creation, and in the answer of the write that makes it a target.
    hub.put("/devices/pump", None, json!({}));
    assert_eq!(desired(&mut hub, "pump"), json!({ "hz": 1 }));
    let enters = hub
        .patch("/twins/pump", json!({ "tags": { "site": "s1" } }))
        .body;
    assert_eq!(enters["properties"]["desired"]["hz"], 2);
    assert_eq!(
        enters["configurations"],
        json!({ "all": targeted(), "s1": applied() })
    );
    let leaves = hub
        .patch("/twins/pump", json!({ "tags": { "site": "s2" } }))
        .body;
    assert_eq!(leaves["configurations"], json!({ "all": applied() }));
    assert_eq!(
        desired(&mut hub, "pump"),
        json!({ "hz": 1, "own": true }),
        "nobody else sets it"
    );
    // What a device reports, and the identity, count too.
    let reporting = json!({ "properties.desired.hot": 1 });
    configured(&mut hub, "hot", 3, "properties.reported.t > 80", reporting);
    report(&mut hub, "pump", json!({ "t": 81 }));
    assert_eq!(desired(&mut hub, "pump")["hot"], 1);
    report(&mut hub, "pump", json!({ "t": 79 }));
    assert_eq!(marks(&mut hub, "pump"), json!({ "all": applied() }));
    hub.patch("/twins/pump", json!({ "tags": { "site": "s1" } }));
    hub.put("/devices/pump", Some("*"), json!({ "status": "disabled" }));
    assert_eq!(marks(&mut hub, "pump"), json!({ "all": applied() }));
    let items = json!([{ "id": "bulk", "tags": { "site": "s1" } }]);
    assert_eq!(hub.post("/devices", items).status, 200);
    assert_eq!(desired(&mut hub, "bulk"), json!({ "hz": 2, "own": true }));
}

#[test]
fn what_is_deleted_leaves_its_values_and_the_next_takes_its_paths() {
    let mut hub = hub();
    device(&mut hub, "pump", json!({}));
    configured(
        &mut hub,
        "low",
        1,
        "*",
        json!({ "properties.desired.a": 1 }),
    );
    let high = json!({ "properties.desired": { "a": 2, "b": 2 } });
    configured(&mut hub, "high", 2, "*", high);
    assert_eq!(desired(&mut hub, "pump"), json!({ "a": 2, "b": 2 }));
    assert_eq!(hub.delete("/configurations/high", None).status, 204);
    hub.0.run(2_000);
    assert_eq!(desired(&mut hub, "pump"), json!({ "a": 1, "b": 2 }));
    assert_eq!(marks(&mut hub, "pump"), json!({ "low": applied() }));
    assert_eq!(hub.delete("/configurations/low", None).status, 204);
    hub.0.run(2_000);
    assert_eq!(desired(&mut hub, "pump"), json!({ "a": 1, "b": 2 }));
    assert_eq!(marks(&mut hub, "pump"), Value::Null);
}

#[test]
fn null_takes_a_path_away() {
    let mut hub = hub();
    device(&mut hub, "pump", json!({}));
    let body = json!({ "properties": { "desired": { "old": { "x": 1, "y": 2 } } } });
    hub.patch("/twins/pump", body);
    configured(
        &mut hub,
        "clean",
        1,
        "*",
        json!({ "properties.desired.old.x": null }),
    );
    assert_eq!(desired(&mut hub, "pump"), json!({ "old": { "y": 2 } }));
    assert_eq!(marks(&mut hub, "pump"), json!({ "clean": applied() }));
}

#[test]
fn a_revert_enters_a_target_like_any_other_write() {
    let mut hub = hub();
    device(&mut hub, "pump", json!({ "site": "s1" }));
    let there = version(&mut hub, "pump");
    hub.patch("/twins/pump", json!({ "tags": { "site": "s2" } }));
    let content = json!({ "properties.desired.hz": 2 });
    configured(&mut hub, "c", 1, "tags.site = 's1'", content);
    assert_eq!(desired(&mut hub, "pump"), json!({}));
    let back = hub.post("/api/v1/twins/pump/revert", json!({ "version": there }));
    assert_eq!(back.status, 200, "{:?}", back.body);
    assert_eq!(
        back.body["properties"]["desired"]["hz"], 2,
        "{:?}",
        back.body
    );
    assert_eq!(marks(&mut hub, "pump"), json!({ "c": applied() }));
    let record = hub.get("/api/v1/audit?action=revertTwin").body;
    assert_eq!(record["records"].as_array().unwrap().len(), 1);
}
