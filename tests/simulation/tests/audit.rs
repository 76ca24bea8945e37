//! The record of changes: complete, honest about refusals, without secrets, and impossible to
//! change unnoticed (`device-management.md` §6).

use serde_json::{Value, json};
use shared::http::Method;
use shared::ipc::Address;
use shared::sql::Sql;
use simulation::rest::Rest;

fn records(hub: &mut Rest, filter: &str) -> Vec<Value> {
    let reply = hub.get(&format!("/api/v1/audit?{filter}"));
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    reply.body["records"].as_array().unwrap().clone()
}

/// The newest record.
fn last(hub: &mut Rest) -> Value {
    hub.0.run(10);
    records(hub, "top=1").remove(0)
}

fn verify(hub: &mut Rest) -> Value {
    let reply = hub.get("/api/v1/audit/verify");
    assert_eq!(reply.status, 200);
    reply.body
}

/// Runs SQL in the shard that holds the device `d`, behind everybody's back.
fn tamper(hub: &mut Rest, statement: &str) {
    let id = shared::ids::DeviceId::parse("d").unwrap();
    let world = hub.0.world();
    let shard = Address::Registry(world.layout.shard_of(&id));
    world.nodes[&shard]
        .actor
        .sql
        .execute(statement, &[])
        .unwrap();
}

#[test]
fn every_change_says_who_what_before_and_after() {
    let mut hub = Rest::default();
    let put = hub.put("/devices/d", None, json!({}));
    let record = last(&mut hub);
    assert_eq!(record["action"], "createDevice");
    assert_eq!(record["actor"], "policy:iothubowner");
    assert_eq!(record["result"], "ok");
    assert_eq!(
        record["requestId"],
        put.header("x-ms-request-id").unwrap(),
        "the answer names its record"
    );
    assert!(record["before"].is_null());
    assert_eq!(record["after"]["deviceId"], "d");

    let disabled = json!({ "status": "disabled", "statusReason": "stolen" });
    hub.put("/devices/d", Some("*"), disabled);
    let record = last(&mut hub);
    assert_eq!(record["action"], "updateDevice");
    assert_eq!(record["before"]["status"], "enabled");
    assert_eq!(record["after"]["statusReason"], "stolen");
    assert_eq!(record["after"]["credentialsChanged"], true, "new keys");

    let patch =
        json!({ "tags": { "site": "a" }, "properties": { "desired": { "x": { "y": 2 } } } });
    hub.patch("/twins/d", patch);
    let more = json!({ "properties": { "desired": { "x": { "y": 3, "z": 1 } } } });
    hub.patch("/twins/d", more);
    let record = last(&mut hub);
    assert_eq!(record["action"], "updateTwin");
    assert_eq!(record["before"]["desired"], json!({ "x": { "y": 2 } }));
    assert_eq!(
        record["after"]["desired"],
        json!({ "x": { "y": 3, "z": 1 } })
    );
    assert!(
        record["before"].get("tags").is_none(),
        "only what it is about"
    );

    hub.put("/devices/d/modules/m", None, json!({}));
    let record = last(&mut hub);
    assert_eq!(
        (&record["action"], &record["moduleId"]),
        (&json!("createModule"), &json!("m"))
    );

    hub.post("/devices/d/messages/deviceBound", json!("hi"));
    assert_eq!(last(&mut hub)["action"], "sendMessage");
    hub.delete("/devices/d/commands", None);
    assert_eq!(last(&mut hub)["before"], json!({ "messages": 1 }));

    let route = json!({ "source": "TwinChangeEvents" });
    hub.put("/api/v1/routes/r", None, route);
    let record = last(&mut hub);
    assert_eq!(
        (&record["action"], &record["chain"]),
        (&json!("putRoute"), &json!("hub"))
    );
    assert_eq!(record["after"]["source"], "TwinChangeEvents");

    hub.delete("/devices/d", Some("*"));
    hub.0.run(10);
    let gone: Vec<Value> = records(&mut hub, "action=deleteDevice&deviceId=d");
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0]["before"]["statusReason"], "stolen");
    assert_eq!(records(&mut hub, "action=deleteModule").len(), 1);
    assert_eq!(verify(&mut hub)["intact"], true);
}

#[test]
fn refusals_are_recorded_with_their_reason() {
    let mut hub = Rest::default();
    hub.put("/devices/d", None, json!({}));
    hub.put("/devices/d", None, json!({}));
    let record = last(&mut hub);
    assert_eq!(
        (&record["action"], &record["result"]),
        (&json!("putDevice"), &json!("DeviceAlreadyExists"))
    );
    let stale = json!({ "tags": { "a": 1 } });
    hub.ask(Method::Patch, "/twins/d", Some("AAAAAAAAAAM="), stale);
    assert_eq!(last(&mut hub)["result"], "PreconditionFailed");
    let items = json!([{ "id": "d", "importMode": "create" }, { "id": "e" }]);
    hub.post("/devices", items);
    hub.0.run(10);
    assert_eq!(
        records(&mut hub, "action=applyItem")[0]["result"],
        "DeviceAlreadyExists"
    );
    assert_eq!(records(&mut hub, "action=createDevice&deviceId=e").len(), 1);
}

#[test]
fn no_record_holds_a_key() {
    let mut hub = Rest::default();
    let key = "c2VjcmV0LXNlY3JldC1zZWNyZXQ=";
    let body =
        json!({ "authentication": { "symmetricKey": { "primaryKey": key, "secondaryKey": key } } });
    hub.put("/devices/d", None, body.clone());
    let item = json!([{ "id": "e", "authentication": body["authentication"] }]);
    hub.post("/devices", item);
    let own = hub.put("/devices/d", Some("*"), json!({}));
    let made = own.body["authentication"]["symmetricKey"]["primaryKey"]
        .as_str()
        .unwrap()
        .to_owned();
    let request = json!({ "policyKey": "both", "devices": [{ "id": "e" }] });
    let rolled = hub.post("/devices/keys/regenerate", request);
    let rolled = rolled.body["rotatedKeys"][0]["primaryKey"]
        .as_str()
        .unwrap()
        .to_owned();
    hub.delete("/devices/d", Some("*"));
    let all = Value::Array(records(&mut hub, "")).to_string();
    for secret in [key, &made, &rolled] {
        assert!(!all.contains(secret), "{all}");
    }
    assert!(all.contains("masked") && all.contains("regenerateKeysOfDevice"));
}

#[test]
fn whoever_changes_or_removes_a_record_is_found_out() {
    for (statement, broken) in [
        (
            "UPDATE audit SET record = replace(record, 'step 1', 'step 9') WHERE number = 3",
            3,
        ),
        (
            "UPDATE audit SET actor = 'policy:service' WHERE number = 2",
            2,
        ),
        ("UPDATE audit SET at = at + 1 WHERE number = 4", 4),
        ("DELETE FROM audit WHERE number = 3", 3),
        ("DELETE FROM audit WHERE number = 1", 1),
    ] {
        let mut hub = Rest::default();
        hub.put("/devices/d", None, json!({}));
        for step in 0..5 {
            let reason = json!({ "statusReason": format!("step {step}") });
            hub.put("/devices/d", Some("*"), reason);
        }
        assert_eq!(verify(&mut hub)["intact"], true);
        tamper(&mut hub, statement);
        let proof = verify(&mut hub);
        assert_eq!(proof["intact"], false, "{statement}");
        let chains = proof["chains"].as_array().unwrap();
        let found = chains
            .iter()
            .find(|chain| chain["intact"] == false)
            .unwrap();
        assert_eq!(found["brokenAt"], broken, "{statement}");
    }
}

#[test]
fn what_is_cut_off_at_the_end_shows_in_the_head() {
    let mut hub = Rest::default();
    hub.put("/devices/d", None, json!({}));
    let heads = |hub: &mut Rest| {
        let proof = verify(hub);
        let chains = proof["chains"].as_array().unwrap().clone();
        chains
            .iter()
            .map(|chain| chain["head"].clone())
            .collect::<Vec<_>>()
    };
    let before = heads(&mut hub);
    assert_eq!(before, heads(&mut hub));
    tamper(&mut hub, "DELETE FROM audit");
    assert_ne!(before, heads(&mut hub));
}

#[test]
fn pages_give_each_record_once_and_filters_hold() {
    let mut hub = Rest::default();
    for number in 0..23 {
        hub.put(&format!("/devices/d{number}"), None, json!({}));
        if number == 11 {
            hub.0.run(5_000);
        }
    }
    let all = records(&mut hub, "top=500");
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let target = format!("/api/v1/audit?top=5&cursor={cursor}");
        let reply = hub.get(&target);
        seen.extend(reply.body["records"].as_array().unwrap().clone());
        match reply.body["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(seen, all);
    assert_eq!(all.len(), 23);
    let times: Vec<&str> = all
        .iter()
        .map(|record| record["time"].as_str().unwrap())
        .collect();
    assert!(times.is_sorted_by(|one, next| one >= next), "newest first");
    assert_eq!(records(&mut hub, "deviceId=d7").len(), 1);
    let since = times[10].to_owned();
    assert_eq!(
        records(&mut hub, &format!("since={since}")).len()
            + records(&mut hub, &format!("until={since}")).len(),
        23
    );
    assert_eq!(records(&mut hub, "actor=person:Ada").len(), 0);
    for wrong in ["top=0", "top=501", "since=yesterday", "cursor=!"] {
        let reply = hub.get(&format!("/api/v1/audit?{wrong}"));
        assert_eq!(reply.status, 400, "{wrong}");
    }
}

#[test]
fn a_method_call_is_recorded_before_anybody_knows_its_outcome() {
    let mut hub = Rest::default();
    let habits = simulation::device::Habits::default();
    hub.0.connected_device("d", habits);
    let operator = hub.0.operator();
    let reply = hub
        .0
        .finish(async move { operator.call_method("d", 1, 10, 10).await });
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    let record = last(&mut hub);
    assert_eq!(
        (&record["action"], &record["result"]),
        (&json!("invokeMethod"), &json!("requested"))
    );
    assert_eq!(record["after"], json!({ "methodName": "reboot" }));
}

#[test]
fn a_change_and_its_record_are_one() {
    let mut hub = Rest::default();
    hub.put("/devices/d", None, json!({}));
    // The record cannot be written: then nothing changes either.
    tamper(&mut hub, "ALTER TABLE audit RENAME TO elsewhere");
    let reply = hub.put("/devices/d", Some("*"), json!({ "statusReason": "x" }));
    assert_eq!(reply.status, 500);
    tamper(&mut hub, "ALTER TABLE elsewhere RENAME TO audit");
    let device = hub.get("/devices/d").body;
    assert_eq!(device["statusReason"], Value::Null);
}
