//! Retirement, archive and what comes after (`device-management.md` §7.1, R25–R27).

use serde_json::{Value, json};
use shared::http::Method;
use shared::sql::Sql;
use simulation::device::Habits;
use simulation::operator::Reply;
use simulation::packets::{ConnectFields, Wire};
use simulation::rest::Rest;
use simulation::scenario::over_seeds;
use simulation::{Faults, Simulation};

fn retire(hub: &mut Rest, id: &str, body: Value) -> Reply {
    hub.post(&format!("/api/v1/devices/{id}/retire"), body)
}

/// A device with a twin, a module and a message that nobody took.
fn furnish(hub: &mut Rest, id: &str) -> Value {
    let device = hub.put(&format!("/devices/{id}"), None, json!({})).body;
    let twin = json!({ "tags": { "site": "a" }, "properties": { "desired": { "rate": 5 } } });
    hub.patch(&format!("/twins/{id}"), twin);
    hub.put(&format!("/devices/{id}/modules/m"), None, json!({}));
    hub.post(&format!("/devices/{id}/messages/deviceBound"), json!("hi"));
    device
}

fn archive_path(operation: &Reply) -> String {
    operation.body["archive"].as_str().unwrap().to_owned()
}

#[test]
fn a_retired_device_is_archived_whole_and_gone() {
    let mut hub = Rest::default();
    let device = furnish(&mut hub, "pump");
    let operation = retire(&mut hub, "pump", json!({ "reason": "endOfLife" }));
    assert_eq!(operation.status, 202, "{:?}", operation.body);
    assert_eq!(operation.body["state"], "completed");
    assert_eq!(hub.get("/devices/pump").status, 404);
    assert_eq!(hub.get("/twins/pump").status, 404);
    assert_eq!(hub.get("/statistics/devices").body["totalDeviceCount"], 0);

    let entry = hub.get(&archive_path(&operation)).body;
    assert_eq!(entry["intact"], true);
    assert_eq!(entry["generationId"], device["generationId"]);
    let document = &entry["document"];
    assert_eq!(document["twin"]["tags"]["site"], "a");
    assert_eq!(document["twin"]["properties"]["desired"]["rate"], 5);
    assert!(document["twin"]["properties"]["desired"]["$metadata"]["rate"].is_object());
    assert_eq!(document["modules"][0]["moduleId"], "m");
    assert_eq!(document["purgedMessages"], 1);
    assert_eq!(document["actor"], "policy:iothubowner");
    let keys = &device["authentication"]["symmetricKey"];
    for key in [&keys["primaryKey"], &keys["secondaryKey"]] {
        assert!(!entry.to_string().contains(key.as_str().unwrap()));
    }
    // A day later it is still the same.
    hub.0.run(86_400_000);
    assert_eq!(hub.get(&archive_path(&operation)).body, entry);
    let id = operation.body["operationId"].as_str().unwrap().to_owned();
    let seen = hub.get(&format!("/api/v1/retirements/{id}"));
    assert_eq!(seen.body["state"], "completed");
    for unknown in ["9-1", "0-99", "x", "0-x"] {
        let reply = hub.get(&format!("/api/v1/retirements/{unknown}"));
        assert_eq!(reply.status, 404, "{unknown}");
    }
}

#[test]
fn a_document_that_was_changed_says_so_and_cannot_be_restored() {
    let mut hub = Rest::default();
    furnish(&mut hub, "pump");
    let operation = retire(&mut hub, "pump", json!({ "reason": "failure" }));
    let path = archive_path(&operation);
    for node in hub.0.world().nodes.values() {
        let _not_a_shard = node.actor.sql.execute(
            "UPDATE archive SET document = replace(document, '\"a\"', '\"b\"')",
            &[],
        );
    }
    assert_eq!(hub.get(&path).body["intact"], false);
    let restored = hub.post(&format!("{path}/restore"), Value::Null);
    assert_eq!(restored.status, 409);
}

#[test]
fn open_sessions_close_and_old_credentials_stay_refused() {
    let mut hub = Rest::default();
    let number = hub.0.create_device("pump", Habits::default());
    let key = hub.0.world().devices[number].key.clone();
    let fields = ConnectFields::new(&hub.0, "pump", &key);
    let (wire, _) = Wire::connected(&mut hub.0, &fields);
    let operation = retire(&mut hub, "pump", json!({ "reason": "compromised" }));
    assert_eq!(operation.status, 202);
    hub.0.run(5_000);
    assert!(wire.is_closed(&hub.0), "within five seconds");

    let code = |hub: &mut Rest| {
        let mut wire = Wire::open(&mut hub.0);
        wire.send(&mut hub.0, &fields.bytes());
        wire.connack(&hub.0).code as u8
    };
    assert_eq!(code(&mut hub), 5);
    // Created again: new keys, another generation; the old key stays worthless.
    let again = hub.put("/devices/pump", None, json!({}));
    assert_eq!(again.status, 200);
    assert_ne!(again.body["generationId"], operation.body["generationId"]);
    assert_eq!(code(&mut hub), 5);
    // And it cannot be given back on purpose.
    hub.delete("/devices/pump", Some("*"));
    let keys = json!({ "primaryKey": key, "secondaryKey": key });
    let body = json!({ "authentication": { "symmetricKey": keys } });
    let refused = hub.put("/devices/pump", None, body.clone());
    assert_eq!(refused.status, 400, "{:?}", refused.body);
    assert_eq!(hub.put("/devices/other", None, body).status, 200);
}

#[test]
fn a_device_may_stay_blocked_for_a_while() {
    let mut hub = Rest::default();
    furnish(&mut hub, "pump");
    let operation = retire(
        &mut hub,
        "pump",
        json!({ "reason": "lost", "deleteAfter": "PT1H" }),
    );
    assert_eq!(operation.body["state"], "waitingForDeletion");
    let blocked = hub.get("/devices/pump").body;
    assert_eq!(
        (&blocked["status"], &blocked["statusReason"]),
        (&json!("disabled"), &json!("retired: lost"))
    );
    assert_eq!(
        blocked["authentication"]["symmetricKey"]["primaryKey"],
        Value::Null
    );
    // Asked again it is the same operation, and nothing is archived twice.
    let again = retire(
        &mut hub,
        "pump",
        json!({ "reason": "lost", "deleteAfter": "PT1H" }),
    );
    assert_eq!(again.body["operationId"], operation.body["operationId"]);
    assert_eq!(
        hub.get("/api/v1/archive/devices").body["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    hub.0.run(3_590_000);
    assert_eq!(hub.get("/devices/pump").status, 200);
    hub.0.run(20_000);
    assert_eq!(hub.get("/devices/pump").status, 404);
}

#[test]
fn a_successor_that_was_created_meanwhile_is_left_alone() {
    let mut hub = Rest::default();
    furnish(&mut hub, "pump");
    retire(
        &mut hub,
        "pump",
        json!({ "reason": "lost", "deleteAfter": "PT1H" }),
    );
    hub.delete("/devices/pump", Some("*"));
    let next = hub.put("/devices/pump", None, json!({})).body;
    hub.0.run(4_000_000);
    assert_eq!(
        hub.get("/devices/pump").body["generationId"],
        next["generationId"]
    );
}

fn replace(reason: &str, replacement: &str) -> Value {
    json!({ "mode": "replace", "replacementId": replacement, "reason": reason })
}

#[test]
fn a_replacement_takes_over_tags_and_desired_properties() {
    for exists in [false, true] {
        let mut hub = Rest::default();
        let device = furnish(&mut hub, "pump");
        if exists {
            hub.put("/devices/pump-b", None, json!({}));
            let own = json!({ "tags": { "serial": 7 } });
            hub.patch("/twins/pump-b", own);
        }
        let operation = retire(&mut hub, "pump", replace("upgrade", "pump-b"));
        hub.0.run(1_000);
        let id = operation.body["operationId"].as_str().unwrap().to_owned();
        let seen = hub.get(&format!("/api/v1/retirements/{id}"));
        assert_eq!(seen.body["state"], "completed");
        let twin = hub.get("/twins/pump-b").body;
        assert_eq!(twin["tags"]["site"], "a");
        assert_eq!(
            twin["tags"]["replaces"],
            json!({ "deviceId": "pump", "generationId": device["generationId"] })
        );
        assert_eq!(twin["properties"]["desired"]["rate"], 5);
        let new = hub.get("/devices/pump-b").body;
        if exists {
            assert_eq!(twin["tags"]["serial"], 7, "its own tags stay");
            assert_eq!(new["status"], "enabled");
        } else {
            assert_eq!(new["status"], "disabled", "until it is installed");
            assert_ne!(new["authentication"], device["authentication"]);
        }
    }
}

#[test]
fn a_restored_device_has_its_twin_and_new_credentials() {
    let mut hub = Rest::default();
    let device = furnish(&mut hub, "pump");
    let operation = retire(&mut hub, "pump", json!({ "reason": "failure" }));
    let path = format!("{}/restore", archive_path(&operation));
    let restored = hub.post(&path, Value::Null);
    assert_eq!(restored.status, 200, "{:?}", restored.body);
    assert_eq!(restored.body["status"], "disabled");
    assert_ne!(restored.body["authentication"], device["authentication"]);
    assert_ne!(restored.body["generationId"], device["generationId"]);
    let twin = hub.get("/twins/pump").body;
    assert_eq!(twin["tags"]["site"], "a");
    assert_eq!(twin["properties"]["desired"]["rate"], 5);
    assert_eq!(hub.get("/devices/pump/modules/m").status, 200);
    let twice = hub.post(&path, Value::Null);
    assert_eq!(twice.status, 409, "it exists");
}

#[test]
fn erasing_leaves_a_tombstone() {
    let mut hub = Rest::default();
    furnish(&mut hub, "pump");
    let operation = retire(&mut hub, "pump", json!({ "reason": "failure" }));
    let path = archive_path(&operation);
    let sum = hub.get(&path).body["sha256"].clone();
    assert_eq!(hub.delete(&path, Some("*")).status, 204);
    let stone = hub.get(&path).body;
    assert_eq!((&stone["document"], &stone["sha256"]), (&Value::Null, &sum));
    assert!(stone["erasedTime"].is_string());
    let restored = hub.post(&format!("{path}/restore"), Value::Null);
    assert_eq!(restored.status, 409);
}

#[test]
fn the_archive_is_read_in_pages() {
    let mut hub = Rest::default();
    for number in 0..7 {
        furnish(&mut hub, &format!("pump-{number}"));
        retire(
            &mut hub,
            &format!("pump-{number}"),
            json!({ "reason": "failure" }),
        );
    }
    furnish(&mut hub, "pump-3");
    retire(&mut hub, "pump-3", json!({ "reason": "failure" }));
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = hub.get(&format!("/api/v1/archive/devices?top=3&cursor={cursor}"));
        let items = page.body["items"].as_array().unwrap().clone();
        seen.extend(items.iter().map(|item| {
            (
                item["deviceId"].as_str().unwrap().to_owned(),
                item["generationId"].as_str().unwrap().to_owned(),
            )
        }));
        match page.body["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen.len(), 8);
    assert!(seen.is_sorted());
    let both = hub.get("/api/v1/archive/devices?deviceId=pump-3").body;
    assert_eq!(both["items"].as_array().unwrap().len(), 2);
}

/// All ids that a condition finds in the archive, page by page.
fn found(hub: &mut Rest, condition: &str, top: u32) -> Vec<String> {
    let condition = condition.replace(' ', "%20").replace('=', "%3D");
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let target = format!("/api/v1/archive/devices?where={condition}&top={top}&cursor={cursor}");
        let page = hub.get(&target);
        assert_eq!(page.status, 200, "{:?}", page.body);
        for item in page.body["items"].as_array().unwrap() {
            ids.push(item["deviceId"].as_str().unwrap().to_owned());
        }
        match page.body["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return ids,
        }
    }
}

#[test]
fn the_archive_is_searched_in_the_query_language() {
    let mut hub = Rest::default();
    for number in 0..9 {
        let id = format!("pump-{number}");
        furnish(&mut hub, &id);
        let site = json!({ "tags": { "site": if number % 2 == 0 { "even" } else { "odd" } } });
        hub.patch(&format!("/twins/{id}"), site);
        let reason = if number < 3 { "lost" } else { "failure" };
        retire(&mut hub, &id, json!({ "reason": reason }));
    }
    furnish(&mut hub, "alive");
    let odd = ["pump-1", "pump-3", "pump-5", "pump-7"];
    for top in [1, 2, 100] {
        assert_eq!(found(&mut hub, "tags.site = 'odd'", top), odd);
    }
    assert_eq!(
        found(&mut hub, "tags.site = 'odd' AND reason = 'lost'", 10),
        ["pump-1"]
    );
    let rate =
        "properties.desired.rate = 5 AND status = 'enabled' AND deviceId IN ['pump-2', 'alive']";
    assert_eq!(found(&mut hub, rate, 10), ["pump-2"]);
    assert_eq!(
        found(&mut hub, "is_defined(tags.nothing)", 10),
        Vec::<String>::new()
    );
    let path = hub.get("/api/v1/archive/devices?deviceId=pump-1").body;
    let generation = path["items"][0]["generationId"]
        .as_str()
        .unwrap()
        .to_owned();
    hub.delete(
        &format!("/api/v1/archive/devices/pump-1/{generation}"),
        Some("*"),
    );
    assert_eq!(
        found(&mut hub, "tags.site = 'odd'", 10),
        odd[1..],
        "a tombstone tells nothing"
    );
    let wrong = hub.get("/api/v1/archive/devices?where=tags.site%20%3D");
    assert_eq!(wrong.status, 400);
    assert!(
        wrong.body["Message"]
            .as_str()
            .unwrap()
            .contains("line 1, column 12")
    );
}

/// Work per request is bounded, so a condition that nothing fulfils takes several requests.
#[test]
fn a_large_archive_is_searched_bit_by_bit() {
    let mut hub = Rest::default();
    furnish(&mut hub, "pump");
    retire(&mut hub, "pump", json!({ "reason": "lost" }));
    for node in hub.0.world().nodes.values() {
        let _not_a_shard = node.actor.sql.execute(
            "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1200) \
             INSERT INTO archive (device_id, generation_id, at, document, sha256) \
             SELECT 'copy-' || n, generation_id, at, \
             CASE n WHEN 999 THEN replace(document, '\"a\"', '\"z\"') ELSE document END, sha256 \
             FROM archive, n",
            &[],
        );
    }
    let first = hub
        .get("/api/v1/archive/devices?where=tags.site%20%3D%20'z'")
        .body;
    assert_eq!(first["items"].as_array().unwrap().len(), 0);
    assert!(first["cursor"].is_string(), "it goes on");
    assert_eq!(found(&mut hub, "tags.site = 'z'", 100), ["copy-999"]);
    assert_eq!(found(&mut hub, "tags.site = 'a'", 100).len(), 1200);
}

#[test]
fn what_makes_no_sense_is_refused_and_changes_nothing() {
    let mut hub = Rest::default();
    furnish(&mut hub, "pump");
    for body in [
        json!({}),
        json!({ "reason": "bored" }),
        json!({ "reason": "lost", "mode": "scrap" }),
        json!({ "reason": "lost", "mode": "replace" }),
        json!({ "reason": "lost", "replacementId": "pump-b" }),
        json!({ "reason": "lost", "deleteAfter": "tomorrow" }),
        json!({ "reason": "lost", "deleteAfter": "P9999D" }),
        replace("lost", "pump"),
        replace("lost", "not legal"),
    ] {
        let reply = retire(&mut hub, "pump", body.clone());
        assert_eq!(reply.status, 400, "{body}");
    }
    assert_eq!(hub.get("/devices/pump").body["status"], "enabled");
    assert_eq!(
        retire(&mut hub, "nobody", json!({ "reason": "lost" })).status,
        404
    );
}

/// With lost calls and crashes at every moment, a retirement that was accepted ends as if
/// nothing had happened: archived once, deleted, and the replacement in its place.
#[test]
fn retirements_survive_lost_calls_and_crashes() {
    over_seeds("retirements_survive_lost_calls_and_crashes", 60, |seed| {
        let faults = Faults {
            lost_call: 150,
            lost_client_call: 100,
            crash_every: 800,
            process_crash_every: 5_000,
            ..Faults::all()
        };
        let mut simulation = Simulation::new(seed, faults);
        let operator = simulation.operator();
        let accepted = simulation.finish(async move {
            operator.create_device("pump").await;
            let mut accepted = None;
            for _ in 0..30 {
                let body = replace("failure", "pump-b");
                let reply = operator
                    .json(Method::Post, "/api/v1/devices/pump/retire", &body)
                    .await;
                match reply.status {
                    202 => {
                        accepted = Some(reply.body);
                        break;
                    }
                    // The answer to an earlier try got lost: the device is gone already.
                    404 => break,
                    _ => {}
                }
            }
            accepted
        });
        simulation.calm_down();
        let operator = simulation.operator();
        let (gone, items, twin) = simulation.finish(async move {
            (
                operator.get("/devices/pump").await.status,
                operator.get("/api/v1/archive/devices").await.body["items"].clone(),
                operator.get("/twins/pump-b").await.body,
            )
        });
        assert_eq!(gone, 404, "{accepted:?}");
        let items = items.as_array().unwrap();
        assert_eq!(items.len(), 1, "archived once");
        assert_eq!(items[0]["intact"], true);
        assert_eq!(
            twin["tags"]["replaces"]["generationId"],
            items[0]["generationId"]
        );
        assert_eq!(twin["version"], 2, "taken over once");
    });
}
