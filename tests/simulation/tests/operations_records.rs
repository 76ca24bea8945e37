//! What is written down when a device cannot connect (`device-management.md` §9.1, R33).

use serde_json::{Value, json};
use shared::http::Method;
use simulation::device::Habits;
use simulation::packets::{ConnectFields, Wire};
use simulation::rest::Rest;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";

fn refused(hub: &mut Rest, id: &str) {
    let fields = ConnectFields::new(&hub.0, id, KEY);
    let mut wire = Wire::open(&mut hub.0);
    wire.send(&mut hub.0, &fields.bytes());
    hub.0.run(1_000);
    assert_eq!(wire.connack(&hub.0).code as u8, 5);
}

fn records(hub: &mut Rest, filter: &str) -> Vec<Value> {
    let reply = hub.get(&format!("/api/v1/operations?{filter}"));
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    reply.body["records"].as_array().unwrap().clone()
}

#[test]
fn r33_a_refused_connect_leaves_an_error_record() {
    let mut hub = Rest::default();
    refused(&mut hub, "stranger");
    hub.put("/devices/pump", None, json!({}));
    refused(&mut hub, "pump");
    let all = records(&mut hub, "category=Connections&level=Error");
    assert_eq!(all.len(), 2);
    let found = records(&mut hub, "deviceId=stranger");
    assert_eq!(found.len(), 1);
    let record = &found[0];
    assert_eq!(record["operationName"], "deviceConnect");
    assert_eq!(record["resultType"], "401003");
    assert_eq!(record["resultDescription"], "no such identity");
    assert_eq!(record["protocol"], "Mqtt");
    assert!(records(&mut hub, "category=Routes").is_empty());
    let other = records(&mut hub, "deviceId=pump&format=resourceLog");
    let special: Value = serde_json::from_str(other[0]["properties"].as_str().unwrap()).unwrap();
    assert_eq!(special["deviceId"], "pump");
    let legacy = records(&mut hub, "deviceId=pump&format=legacy");
    assert_eq!(legacy[0]["statusCode"], "401003");
}

#[test]
fn a_storm_is_counted_and_not_written() {
    let mut hub = Rest::default();
    for _ in 0..200 {
        refused(&mut hub, "stranger");
    }
    let written = records(&mut hub, "top=500");
    assert!((60..=500).contains(&written.len()), "{}", written.len());
    hub.0.run(60_000);
    refused(&mut hub, "stranger");
    let all = records(&mut hub, "top=500");
    let suppressed: u64 = all
        .iter()
        .map(|record| record["suppressed"].as_f64().unwrap() as u64)
        .sum();
    assert_eq!(
        all.len() as u64 + suppressed,
        201,
        "each is told of or counted"
    );
    let first = hub.get("/api/v1/operations?top=10");
    let cursor = first.body["cursor"].as_str().unwrap().to_owned();
    let second = records(&mut hub, &format!("top=10&cursor={cursor}"));
    assert_eq!(second, all[10..20]);
}

#[test]
fn each_category_has_its_errors() {
    let mut hub = Rest::default();
    hub.0.connected_device("pump", Habits::default());
    // A method that nobody answers, since nobody is there.
    hub.put("/devices/away", None, json!({}));
    let body = json!({ "methodName": "reboot", "responseTimeoutInSeconds": 5 });
    assert_eq!(hub.post("/twins/away/methods", body).status, 404);
    // A query that is none, an etag of yesterday, a job of a kind that does not exist.
    let query = json!({ "query": "SELECT * FRM devices" });
    assert_eq!(hub.post("/devices/query", query).status, 400);
    let etag = Some("\"AAAAAAAAAAk=\"");
    let stale = hub.ask(
        Method::Patch,
        "/twins/pump",
        etag,
        json!({ "tags": { "a": 1 } }),
    );
    assert_eq!(stale.status, 412);
    let job = hub.put("/jobs/v2/wrong", None, json!({ "type": "wrong" }));
    assert_eq!(job.status, 400);
    // A message that nobody fetches.
    let sent = hub.send(
        Method::Post,
        "/devices/away/messages/deviceBound",
        &[
            ("iothub-expiry", "2026-03-01T00:01:00Z"),
            ("iothub-messageid", "m-1"),
        ],
        json!("x"),
    );
    assert_eq!(sent.status, 204, "{:?}", sent.body);
    hub.0.run(120_000);
    for (category, operation, code, device) in [
        ("DirectMethods", "send", "404103", json!("away")),
        ("TwinQueries", "query", "400004", Value::Null),
        ("C2DTwinOperations", "update", "412001", json!("pump")),
        ("JobsOperations", "createJob", "400004", Value::Null),
        ("C2DCommands", "messageExpired", "400003", json!("away")),
    ] {
        let found = records(&mut hub, &format!("category={category}&level=Error"));
        let [record] = found.as_slice() else {
            panic!("{category}: {found:?}")
        };
        assert_eq!(record["operationName"], operation);
        assert_eq!(record["resultType"], code, "{record}");
        assert_eq!(record["deviceId"], device, "{record}");
        assert!(!record["resultDescription"].as_str().unwrap().is_empty());
    }
    let expired = records(&mut hub, "category=C2DCommands");
    assert_eq!(expired[0]["messageId"], "m-1");
}

#[test]
fn jobs_are_told_of_from_beginning_to_end() {
    let mut hub = Rest::default();
    hub.0.connected_device("pump", Habits::default());
    let order = json!({
        "type": "scheduleUpdateTwin",
        "updateTwin": { "etag": "*", "tags": { "site": "north" } },
        "queryCondition": "deviceId = 'pump'",
    });
    assert_eq!(hub.put("/jobs/v2/tags", None, order).status, 200);
    hub.0.run(60_000);
    let told = records(&mut hub, "category=JobsOperations");
    let names: Vec<&str> = told
        .iter()
        .map(|record| record["operationName"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["jobCompleted", "createJob"], "newest first");
    assert_eq!(told[0]["jobId"], "tags");
    assert_eq!(told[0]["level"], "Information");
    assert_eq!(told[0]["resultType"], "200");
    let until = told[1]["time"].as_str().unwrap().to_owned();
    let before = records(&mut hub, &format!("category=JobsOperations&to={until}"));
    assert!(before.is_empty());
}

#[test]
fn a_gateway_tells_of_those_whom_it_turns_away_itself() {
    let mut hub = Rest::default();
    let index = hub.0.create_device("pump", Habits::default());
    let key = hub.0.world().devices[index].key.clone();
    let other = ConnectFields {
        client_id: "somebody".into(),
        ..ConnectFields::new(&hub.0, "pump", &key)
    };
    let mut wire = Wire::open(&mut hub.0);
    wire.send(&mut hub.0, &other.bytes());
    hub.0.run(1_000);
    let found = records(&mut hub, "deviceId=pump");
    assert_eq!(found.len(), 1);
    assert_eq!(
        found[0]["resultDescription"],
        "the client id is not the device id of the user name"
    );
}
