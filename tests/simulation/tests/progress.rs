//! How far a fleet is (`device-management.md` §3.7, R22, R32): the roll-up agrees with direct
//! queries, names who is stalled, and is the same however devices are spread over shards.

use serde_json::{Value, json};
use simulation::configuring::{configured, device, hub, report};
use simulation::device::{Action, Habits};
use simulation::rest::Rest;
use simulation::scheduling;

fn progress(hub: &mut Rest, more: &str) -> Value {
    let reply = hub.get(&format!("/api/v1/progress?pattern={more}"));
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    reply.body
}

fn query(hub: &mut Rest, text: &str) -> Vec<Value> {
    let mut reply = hub.post("/devices/query", json!({ "query": text }));
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    std::mem::take(reply.body.as_array_mut().unwrap())
}

fn count(hub: &mut Rest, condition: &str) -> u64 {
    let text = format!("SELECT COUNT() AS n FROM devices WHERE {condition}");
    query(hub, &text)[0]["n"].as_u64().unwrap()
}

const STATUS: &str = "properties.reported.iothubDM.firmwareUpdate.status";

/// Words of firmware updates, and the phases that they stand for.
const WORDS: [(&str, &str); 9] = [
    ("waiting", "waiting"),
    ("downloading", "downloading"),
    ("downloadComplete", "downloading"),
    ("applying", "applying"),
    ("rebooting", "rebooting"),
    ("Succeeded", "succeeded"),
    ("downloadfailed", "failed"),
    ("Apply image failed", "failed"),
    ("brewing", "unknown"),
];

fn update(hub: &mut Rest, id: &str, status: &str) {
    report(
        hub,
        id,
        json!({ "iothubDM": { "firmwareUpdate": { "status": status } } }),
    );
}

/// A hundred devices in all phases at three sites; every tenth says nothing.
fn mixed() -> Rest {
    let mut hub = Rest::default();
    for number in 0..100 {
        let id = format!("pump-{number:03}");
        let site = ["oslo", "bergen", "tromso"][number % 3];
        device(&mut hub, &id, json!({ "site": site }));
        if number % 10 > 0 {
            update(&mut hub, &id, WORDS[number % WORDS.len()].0);
        }
    }
    hub
}

fn sum(phases: &Value) -> u64 {
    let phases = phases.as_object().unwrap();
    phases.values().map(|count| count.as_u64().unwrap()).sum()
}

#[test]
fn r32_the_roll_up_agrees_with_a_group_by_query() {
    let mut hub = mixed();
    let found = progress(&mut hub, "firmwareUpdate");
    let direct = format!("SELECT {STATUS} AS status, COUNT() AS n FROM devices GROUP BY {STATUS}");
    let mut wanted = json!({
        "waiting": 0, "downloading": 0, "applying": 0, "rebooting": 0, "succeeded": 0,
        "failed": 0, "stalled": 0, "unknown": 0, "notStarted": 0,
    });
    for group in query(&mut hub, &direct) {
        let status = group.get("status").and_then(Value::as_str);
        let phase = WORDS.iter().find(|(word, _)| Some(*word) == status);
        let phase = phase.map_or("notStarted", |(_, phase)| phase);
        wanted[phase] = json!(wanted[phase].as_u64().unwrap() + group["n"].as_u64().unwrap());
    }
    assert_eq!(found["phases"], wanted);
    assert_eq!(found["total"], 100);
    assert_eq!(sum(&wanted), 100);
    assert_eq!(found["groups"], json!([]));
    assert_eq!(found["stalled"], json!([]));
    assert!(found["asOf"].is_string());

    let by_site = progress(&mut hub, "firmwareUpdate&groupBy=tags.site");
    let groups = by_site["groups"].as_array().unwrap();
    let keys: Vec<&Value> = groups.iter().map(|group| &group["key"]).collect();
    assert_eq!(keys, ["bergen", "oslo", "tromso"]);
    for group in groups {
        let site = group["key"].as_str().unwrap();
        let here = format!("tags.site = '{site}'");
        assert_eq!(group["total"], count(&mut hub, &here), "{site}");
        let of = format!("firmwareUpdate&where=tags.site%20=%20'{site}'");
        let narrowed = progress(&mut hub, &of);
        assert_eq!(narrowed["phases"], group["phases"], "{site}");
        assert_eq!(narrowed["total"], group["total"]);
        let failed = format!("{here} AND {STATUS} IN ['downloadfailed', 'Apply image failed']");
        assert_eq!(group["phases"]["failed"], count(&mut hub, &failed));
    }
}

#[test]
fn r32_who_stays_in_a_phase_is_stalled_and_named_with_its_phase() {
    let mut hub = mixed();
    hub.0.run(3_500_000);
    // Some move on in the last moment.
    update(&mut hub, "pump-001", "applying");
    update(&mut hub, "pump-002", "Succeeded");
    hub.0.run(200_000);
    let found = progress(&mut hub, "firmwareUpdate");
    let in_progress: Vec<&str> = WORDS[..5].iter().map(|(word, _)| *word).collect();
    let text = format!(
        "SELECT deviceId, {STATUS} AS status FROM devices WHERE {STATUS} IN {in_progress:?} \
         AND deviceId != 'pump-001'"
    )
    .replace('"', "'");
    let wanted = query(&mut hub, &text);
    let stalled = found["stalled"].as_array().unwrap();
    assert_eq!(found["phases"]["stalled"], wanted.len());
    assert!(wanted.len() > 20);
    for (stalled, wanted) in stalled.iter().zip(&wanted) {
        let word = wanted["status"].as_str().unwrap();
        let phase = WORDS.iter().find(|(known, _)| *known == word).unwrap().1;
        assert_eq!(stalled["deviceId"], wanted["deviceId"]);
        assert_eq!(stalled["phase"], phase);
        assert!(stalled["since"].is_string());
    }
    assert_eq!(stalled.len(), wanted.len());
    for phase in ["waiting", "downloading", "rebooting"] {
        assert_eq!(found["phases"][phase], 0, "{phase}");
    }
    assert_eq!(found["phases"]["applying"], 1);
    assert_eq!(sum(&found["phases"]), 100);
    // The first one that reported is the oldest.
    assert_eq!(found["oldestInProgress"], stalled[0]);
}

#[test]
fn slices_of_large_shards_add_up() {
    let mut hub = Rest::default();
    hub.put("/api/v1/throttles", None, json!({ "units": 10 }));
    scheduling::devices(&mut hub, 9_000);
    update(&mut hub, "d17", "applying");
    update(&mut hub, "d8999", "applying");
    let found = progress(
        &mut hub,
        "firmwareUpdate&groupBy=properties.reported.iothubDM.firmwareUpdate.status",
    );
    assert_eq!(found["total"], 9_000);
    assert_eq!(found["phases"]["notStarted"], 8_998);
    let groups = found["groups"].as_array().unwrap();
    assert_eq!(
        (&groups[0]["key"], &groups[0]["total"]),
        (&json!("applying"), &json!(2))
    );
    assert_eq!(
        (groups[1].get("key"), &groups[1]["total"]),
        (None, &json!(8_998))
    );
    let half = progress(&mut hub, "firmwareUpdate&where=tags.number%20%3C%204500");
    assert_eq!(
        (&half["total"], &half["phases"]["applying"]),
        (&json!(4_500), &json!(1))
    );
    // Each number is a group of its own.
    let refused = hub.get("/api/v1/progress?pattern=reboot&groupBy=tags.number");
    assert_eq!(refused.status, 400);
    assert!(
        refused.body["Message"]
            .as_str()
            .unwrap()
            .contains("1000 different values")
    );
}

#[test]
fn what_is_asked_for_badly_is_refused_with_a_reason() {
    let mut hub = Rest::default();
    for (asked, status, said) in [
        ("", 400, "pattern must name one"),
        ("?pattern=nothing", 404, "There is no pattern nothing"),
        ("?pattern=reboot&where=tags.", 400, "line 1"),
        ("?pattern=reboot&where=1=1)%20OR%20(1=1", 400, "line 1"),
        ("?pattern=reboot&groupBy=tags.a,tags.b", 400, "line 1"),
        (
            "?pattern=reboot&groupBy=tags.a%20ORDER%20BY%20tags.a",
            400,
            "one path",
        ),
    ] {
        for path in ["/api/v1/progress", "/api/v1/progress/stream"] {
            let refused = hub.get(&format!("{path}{asked}"));
            assert_eq!(refused.status, status, "{asked}: {:?}", refused.body);
            let message = refused.body["Message"].as_str().unwrap();
            assert!(message.contains(said), "{asked}: {message}");
        }
    }
}

#[test]
fn r28_a_sample_without_status_has_rebooted_once_it_is_back() {
    let mut hub = Rest::default();
    let pump = hub.0.connected_device("pump", Habits::default());
    hub.0.run(2_000);
    report(
        &mut hub,
        "pump",
        json!({ "iothubDM": { "reboot": { "startedRebootTime": "2001-01-01T00:00:00Z" } } }),
    );
    let phases = |hub: &mut Rest| progress(hub, "reboot")["phases"].take();
    assert_eq!(phases(&mut hub)["rebooting"], 1);
    hub.0.world_mut().tell_device(pump, 0, Action::Leave);
    hub.0.run(30_000);
    assert_eq!(
        hub.get("/devices/pump").body["connectionState"],
        "Connected"
    );
    assert_eq!(phases(&mut hub)["succeeded"], 1, "connected anew");
}

#[test]
fn r30_configurations_of_devices_that_have_not_answered_are_waited_for() {
    let mut hub = hub();
    let says =
        |id: &str, status: &str| json!({ "telemetryConfig": { "configId": id, "status": status } });
    for number in 0..3 {
        let id = format!("pump-{number}");
        device(&mut hub, &id, json!({}));
        report(&mut hub, &id, says("c-8", "Success"));
    }
    assert_eq!(
        progress(&mut hub, "configuration")["phases"]["succeeded"],
        3
    );
    hub.0.run(1_000);
    let content =
        json!({ "properties.desired.telemetryConfig": { "configId": "c-9", "interval": 60 } });
    configured(&mut hub, "nine", 1, "deviceId != 'pump-2'", content);
    let found = progress(&mut hub, "configuration");
    assert_eq!(
        (&found["phases"]["waiting"], &found["phases"]["succeeded"]),
        (&json!(2), &json!(1))
    );
    report(&mut hub, "pump-0", says("c-9", "Success"));
    report(&mut hub, "pump-1", says("c-9", "Error"));
    let found = progress(&mut hub, "configuration");
    assert_eq!(
        (&found["phases"]["failed"], &found["phases"]["succeeded"]),
        (&json!(1), &json!(2))
    );
    let direct = "SELECT properties.reported.telemetryConfig.status AS status, COUNT() AS n FROM devices \
                  WHERE properties.desired.telemetryConfig.configId = 'c-9' \
                  GROUP BY properties.reported.telemetryConfig.status";
    assert_eq!(
        query(&mut hub, direct),
        [
            json!({ "status": "Error", "n": 1 }),
            json!({ "status": "Success", "n": 1 })
        ]
    );
}

#[test]
fn r22_the_fleet_report_agrees_with_direct_queries() {
    let mut hub = mixed();
    hub.put(
        "/devices/edge",
        None,
        json!({ "capabilities": { "iotEdge": true } }),
    );
    hub.put("/devices/off", None, json!({ "status": "disabled" }));
    hub.0.connected_device("here", Habits::default());
    let content = json!({ "properties.desired.a": 1 });
    configured(&mut hub, "north", 1, "tags.site = 'tromso'", content);
    let job = json!({
        "type": "scheduleUpdateTwin", "queryCondition": "tags.site = 'oslo'",
        "updateTwin": { "etag": "*", "tags": { "ring": "b" } },
    });
    assert_eq!(hub.put("/jobs/v2/ring-b", None, job.clone()).status, 200);
    scheduling::end(&mut hub, "ring-b");
    let mut later = job;
    later["startTime"] = json!("2026-03-05T00:00:00Z");
    assert_eq!(hub.put("/jobs/v2/later", None, later).status, 200);

    let found = hub.get("/api/v1/reports/fleet").body;
    let devices = &found["devices"];
    assert_eq!(devices["total"], 103);
    assert_eq!(
        devices["connected"],
        count(&mut hub, "connectionState = 'Connected'")
    );
    assert_eq!(devices["connected"], 1);
    assert_eq!(devices["disabled"], count(&mut hub, "status = 'disabled'"));
    assert_eq!(devices["disabled"], 1);
    assert_eq!(devices["edge"], 1);
    let mut jobs = json!({});
    for job in hub.get("/jobs/v2/query").body.as_array().unwrap() {
        let status = job["status"].as_str().unwrap();
        jobs[status] = json!(jobs[status].as_u64().unwrap_or(0) + 1);
    }
    assert_eq!(found["jobs"], jobs);
    assert_eq!(jobs.as_object().unwrap().len(), 2, "{jobs}");
    let tromso = count(&mut hub, "tags.site = 'tromso'");
    assert_eq!(
        found["configurations"],
        json!([{ "id": "north", "targeted": tromso, "applied": tromso }])
    );
    let patterns = found["patterns"].as_array().unwrap();
    assert_eq!(patterns.len(), 5);
    for pattern in patterns {
        let id = pattern["id"].as_str().unwrap();
        let alone = progress(&mut hub, id);
        assert_eq!(
            (&pattern["phases"], &pattern["total"]),
            (&alone["phases"], &alone["total"]),
            "{id}"
        );
    }
}

#[test]
fn r28_a_report_from_before_the_call_is_not_the_end_of_it() {
    let mut hub = Rest::default();
    hub.0.connected_device("pump", Habits::default());
    hub.0.run(2_000);
    report(
        &mut hub,
        "pump",
        json!({ "iothubDM": { "reboot": { "lastReboot": "2001-01-01T00:00:00Z" } } }),
    );
    let phases = |hub: &mut Rest| progress(hub, "reboot")["phases"].take();
    assert_eq!(phases(&mut hub)["succeeded"], 1);
    hub.0.run(60_000);
    let mut call = |name: &str| {
        let body = json!({ "methodName": name, "payload": null, "responseTimeoutInSeconds": 10 });
        assert_eq!(hub.post("/twins/pump/methods", body).status, 200);
        hub.0.run(2_000);
        phases(&mut hub)
    };
    assert_eq!(call("ping")["succeeded"], 1, "of another method");
    assert_eq!(call("reboot")["waiting"], 1);
    assert_eq!(call("ping")["waiting"], 1);
    report(
        &mut hub,
        "pump",
        json!({ "iothubDM": { "reboot": { "lastReboot": "2001-01-01T00:00:00Z" } } }),
    );
    assert_eq!(phases(&mut hub)["succeeded"], 1);
}
