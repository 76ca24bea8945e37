//! The record of changes: complete, honest about refusals, without secrets, and impossible to
//! change unnoticed (`device-management.md` §6).

use serde_json::{Value, json};
use shared::http::Method;
use shared::ipc::Address;
use shared::sql::Sql;
use simulation::operator::Reply;
use simulation::{Faults, Simulation};

struct Hub(Simulation);

impl Hub {
    fn new() -> Self {
        Self(Simulation::new(1, Faults::none()))
    }

    fn ask(&mut self, method: Method, target: &str, etag: Option<&str>, body: Value) -> Reply {
        let operator = self.0.operator();
        let (target, etag) = (target.to_owned(), etag.map(str::to_owned));
        self.0.finish(async move {
            let headers: Vec<(&str, &str)> = etag
                .iter()
                .map(|etag| ("if-match", etag.as_str()))
                .collect();
            let body = match body {
                Value::Null => Vec::new(),
                body => body.to_string().into_bytes(),
            };
            operator.send(method, &target, &headers, body).await
        })
    }

    fn records(&mut self, filter: &str) -> Vec<Value> {
        let reply = self.ask(
            Method::Get,
            &format!("/api/v1/audit?{filter}"),
            None,
            Value::Null,
        );
        assert_eq!(reply.status, 200, "{:?}", reply.body);
        reply.body["records"].as_array().unwrap().clone()
    }

    /// The newest record.
    fn last(&mut self) -> Value {
        self.0.run(10);
        self.records("top=1").remove(0)
    }

    fn verify(&mut self) -> Value {
        let reply = self.ask(Method::Get, "/api/v1/audit/verify", None, Value::Null);
        assert_eq!(reply.status, 200);
        reply.body
    }

    /// Runs SQL in the shard that holds the device `d`, behind everybody's back.
    fn tamper(&mut self, statement: &str) {
        let id = shared::ids::DeviceId::parse("d").unwrap();
        let world = self.0.world();
        let shard = Address::Registry(world.layout.shard_of(&id));
        world.nodes[&shard]
            .actor
            .sql
            .execute(statement, &[])
            .unwrap();
    }
}

#[test]
fn every_change_says_who_what_before_and_after() {
    let mut hub = Hub::new();
    let put = hub.ask(Method::Put, "/devices/d", None, json!({}));
    let record = hub.last();
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
    hub.ask(Method::Put, "/devices/d", Some("*"), disabled);
    let record = hub.last();
    assert_eq!(record["action"], "updateDevice");
    assert_eq!(record["before"]["status"], "enabled");
    assert_eq!(record["after"]["statusReason"], "stolen");
    assert_eq!(record["after"]["credentialsChanged"], true, "new keys");

    let patch =
        json!({ "tags": { "site": "a" }, "properties": { "desired": { "x": { "y": 2 } } } });
    hub.ask(Method::Patch, "/twins/d", None, patch);
    let more = json!({ "properties": { "desired": { "x": { "y": 3, "z": 1 } } } });
    hub.ask(Method::Patch, "/twins/d", None, more);
    let record = hub.last();
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

    hub.ask(Method::Put, "/devices/d/modules/m", None, json!({}));
    let record = hub.last();
    assert_eq!(
        (&record["action"], &record["moduleId"]),
        (&json!("createModule"), &json!("m"))
    );

    hub.ask(
        Method::Post,
        "/devices/d/messages/deviceBound",
        None,
        json!("hi"),
    );
    assert_eq!(hub.last()["action"], "sendMessage");
    hub.ask(Method::Delete, "/devices/d/commands", None, Value::Null);
    assert_eq!(hub.last()["before"], json!({ "messages": 1 }));

    let route = json!({ "source": "TwinChangeEvents" });
    hub.ask(Method::Put, "/api/v1/routes/r", None, route);
    let record = hub.last();
    assert_eq!(
        (&record["action"], &record["chain"]),
        (&json!("putRoute"), &json!("hub"))
    );
    assert_eq!(record["after"]["source"], "TwinChangeEvents");

    hub.ask(Method::Delete, "/devices/d", Some("*"), Value::Null);
    hub.0.run(10);
    let gone: Vec<Value> = hub.records("action=deleteDevice&deviceId=d");
    assert_eq!(gone.len(), 1);
    assert_eq!(gone[0]["before"]["statusReason"], "stolen");
    assert_eq!(hub.records("action=deleteModule").len(), 1);
    assert_eq!(hub.verify()["intact"], true);
}

#[test]
fn refusals_are_recorded_with_their_reason() {
    let mut hub = Hub::new();
    hub.ask(Method::Put, "/devices/d", None, json!({}));
    hub.ask(Method::Put, "/devices/d", None, json!({}));
    let record = hub.last();
    assert_eq!(
        (&record["action"], &record["result"]),
        (&json!("putDevice"), &json!("DeviceAlreadyExists"))
    );
    let stale = json!({ "tags": { "a": 1 } });
    hub.ask(Method::Patch, "/twins/d", Some("AAAAAAAAAAM="), stale);
    assert_eq!(hub.last()["result"], "PreconditionFailed");
    let items = json!([{ "id": "d", "importMode": "create" }, { "id": "e" }]);
    hub.ask(Method::Post, "/devices", None, items);
    hub.0.run(10);
    assert_eq!(
        hub.records("action=applyItem")[0]["result"],
        "DeviceAlreadyExists"
    );
    assert_eq!(hub.records("action=createDevice&deviceId=e").len(), 1);
}

#[test]
fn no_record_holds_a_key() {
    let mut hub = Hub::new();
    let key = "c2VjcmV0LXNlY3JldC1zZWNyZXQ=";
    let body =
        json!({ "authentication": { "symmetricKey": { "primaryKey": key, "secondaryKey": key } } });
    hub.ask(Method::Put, "/devices/d", None, body.clone());
    let item = json!([{ "id": "e", "authentication": body["authentication"] }]);
    hub.ask(Method::Post, "/devices", None, item);
    let own = hub.ask(Method::Put, "/devices/d", Some("*"), json!({}));
    let made = own.body["authentication"]["symmetricKey"]["primaryKey"]
        .as_str()
        .unwrap()
        .to_owned();
    let request = json!({ "policyKey": "both", "devices": [{ "id": "e" }] });
    let rolled = hub.ask(Method::Post, "/devices/keys/regenerate", None, request);
    let rolled = rolled.body["rotatedKeys"][0]["primaryKey"]
        .as_str()
        .unwrap()
        .to_owned();
    hub.ask(Method::Delete, "/devices/d", Some("*"), Value::Null);
    let all = Value::Array(hub.records("")).to_string();
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
        let mut hub = Hub::new();
        hub.ask(Method::Put, "/devices/d", None, json!({}));
        for step in 0..5 {
            let reason = json!({ "statusReason": format!("step {step}") });
            hub.ask(Method::Put, "/devices/d", Some("*"), reason);
        }
        assert_eq!(hub.verify()["intact"], true);
        hub.tamper(statement);
        let proof = hub.verify();
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
    let mut hub = Hub::new();
    hub.ask(Method::Put, "/devices/d", None, json!({}));
    let heads = |hub: &mut Hub| {
        let proof = hub.verify();
        let chains = proof["chains"].as_array().unwrap().clone();
        chains
            .iter()
            .map(|chain| chain["head"].clone())
            .collect::<Vec<_>>()
    };
    let before = heads(&mut hub);
    assert_eq!(before, heads(&mut hub));
    hub.tamper("DELETE FROM audit");
    assert_ne!(before, heads(&mut hub));
}

#[test]
fn pages_give_each_record_once_and_filters_hold() {
    let mut hub = Hub::new();
    for number in 0..23 {
        hub.ask(Method::Put, &format!("/devices/d{number}"), None, json!({}));
        if number == 11 {
            hub.0.run(5_000);
        }
    }
    let all = hub.records("top=500");
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let target = format!("/api/v1/audit?top=5&cursor={cursor}");
        let reply = hub.ask(Method::Get, &target, None, Value::Null);
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
    assert_eq!(hub.records("deviceId=d7").len(), 1);
    let since = times[10].to_owned();
    assert_eq!(
        hub.records(&format!("since={since}")).len() + hub.records(&format!("until={since}")).len(),
        23
    );
    assert_eq!(hub.records("actor=person:Ada").len(), 0);
    for wrong in ["top=0", "top=501", "since=yesterday", "cursor=!"] {
        let reply = hub.ask(
            Method::Get,
            &format!("/api/v1/audit?{wrong}"),
            None,
            Value::Null,
        );
        assert_eq!(reply.status, 400, "{wrong}");
    }
}

#[test]
fn a_method_call_is_recorded_before_anybody_knows_its_outcome() {
    let mut hub = Hub::new();
    let habits = simulation::device::Habits::default();
    hub.0.connected_device("d", habits);
    let operator = hub.0.operator();
    let reply = hub
        .0
        .finish(async move { operator.call_method("d", 1, 10, 10).await });
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    let record = hub.last();
    assert_eq!(
        (&record["action"], &record["result"]),
        (&json!("invokeMethod"), &json!("requested"))
    );
    assert_eq!(record["after"], json!({ "methodName": "reboot" }));
}

#[test]
fn a_change_and_its_record_are_one() {
    let mut hub = Hub::new();
    hub.ask(Method::Put, "/devices/d", None, json!({}));
    // The record cannot be written: then nothing changes either.
    hub.tamper("ALTER TABLE audit RENAME TO elsewhere");
    let reply = hub.ask(
        Method::Put,
        "/devices/d",
        Some("*"),
        json!({ "statusReason": "x" }),
    );
    assert_eq!(reply.status, 500);
    hub.tamper("ALTER TABLE elsewhere RENAME TO audit");
    let device = hub.ask(Method::Get, "/devices/d", None, Value::Null).body;
    assert_eq!(device["statusReason"], Value::Null);
}
