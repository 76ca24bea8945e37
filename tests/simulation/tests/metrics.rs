//! Metrics and usage, counted by the real actors (`device-management.md` §9.2).

use serde_json::{Value, json};
use shared::ipc::Address;
use simulation::device::Habits;
use simulation::packets::{ConnectFields, Wire};
use simulation::rest::Rest;

fn metric(hub: &mut Rest, name: &str) -> u64 {
    let reply = hub.get("/api/v1/metrics");
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    let metrics = reply.body["metrics"].as_array().unwrap();
    let found = metrics.iter().find(|metric| metric["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}"))["value"]
        .as_u64()
        .unwrap()
}

/// A hub with a device that somebody drives by hand.
fn hub() -> (Rest, Wire) {
    let mut hub = Rest::default();
    let index = hub.0.create_device("pump", Habits::default());
    let key = hub.0.world().devices[index].key.clone();
    let fields = ConnectFields::new(&hub.0, "pump", &key);
    let (mut wire, _) = Wire::connected(&mut hub.0, &fields);
    wire.subscribe(
        &mut hub.0,
        &[("$iothub/methods/POST/#", 0), ("$iothub/twin/res/#", 0)],
    );
    (hub, wire)
}

#[test]
fn what_happens_is_counted_under_azures_names() {
    let (mut hub, mut wire) = hub();
    wire.publish(&mut hub.0, "devices/pump/messages/events/", b"1", Some(1));
    wire.publish(&mut hub.0, "devices/pump/messages/events/", b"2", Some(2));
    wire.publish(&mut hub.0, "$iothub/twin/GET/?$rid=1", b"", None);
    let report = "$iothub/twin/PATCH/properties/reported/?$rid=2";
    wire.publish(&mut hub.0, report, br#"{"a":1}"#, None);
    wire.publish(&mut hub.0, report, b"nonsense", None);
    assert_eq!(hub.get("/twins/pump").status, 200);
    assert_eq!(hub.get("/twins/nobody").status, 404);
    assert_eq!(
        hub.patch("/twins/pump", json!({ "tags": { "a": 1 } }))
            .status,
        200
    );
    let query = |text: &str| json!({ "query": text });
    assert_eq!(
        hub.post("/devices/query", query("SELECT * FROM devices"))
            .status,
        200
    );
    assert_eq!(hub.post("/devices/query", query("SELECT")).status, 400);
    let call = json!({ "methodName": "reboot", "responseTimeoutInSeconds": 5, "payload": "now" });
    assert_eq!(hub.post("/twins/pump/methods", call).status, 504);
    hub.0.run(2_000);
    for (name, value) in [
        ("d2c.telemetry.ingress.success", 2),
        ("dailyMessageQuotaUsed", 2),
        ("d2c.twin.read.success", 1),
        ("d2c.twin.update.success", 1),
        ("d2c.twin.update.failure", 1),
        ("d2c.twin.update.size", 7),
        ("c2d.twin.read.success", 1),
        ("c2d.twin.read.failure", 1),
        ("c2d.twin.update.success", 1),
        ("twinQueries.success", 1),
        ("twinQueries.failure", 1),
        ("c2d.methods.success", 0),
        ("c2d.methods.failure", 1),
        ("c2d.methods.requestSize", 5),
        ("totalDeviceCount", 1),
        ("connectedDeviceCount", 1),
    ] {
        assert_eq!(metric(&mut hub, name), value, "{name}");
    }
    assert!(metric(&mut hub, "deviceDataUsage") > 0);
    assert!(metric(&mut hub, "c2d.twin.read.size") > 100);
}

#[test]
fn counters_survive_a_crash_but_for_seconds() {
    let (mut hub, _wire) = hub();
    for _ in 0..3 {
        assert_eq!(hub.get("/twins/pump").status, 200);
    }
    hub.0.run(15_000);
    assert_eq!(hub.get("/twins/pump").status, 200);
    assert_eq!(metric(&mut hub, "c2d.twin.read.success"), 4);
    hub.0.world_mut().crash_process();
    hub.0.run(1_000);
    assert_eq!(metric(&mut hub, "c2d.twin.read.success"), 3);
}

#[test]
fn counting_costs_one_row_however_much_is_counted() {
    let (mut hub, _wire) = hub();
    hub.0.run(30_000);
    let shard = hub
        .0
        .world()
        .layout
        .shard_of(&simulation::stage::device("pump"));
    let written = |hub: &Rest| {
        hub.0.world().nodes[&Address::Registry(shard)]
            .actor
            .sql
            .rows_written()
    };
    let before = written(&hub);
    for _ in 0..50 {
        assert_eq!(hub.get("/twins/pump").status, 200);
    }
    hub.0.run(15_000);
    assert_eq!(written(&hub) - before, 1);
}

#[test]
fn usage_tells_what_is_taken_of_the_limits() {
    let (mut hub, _wire) = hub();
    for _ in 0..7 {
        hub.get("/twins/pump");
    }
    let reply = hub.get("/api/v1/usage");
    assert_eq!(reply.status, 200);
    let usage = reply.body;
    assert_eq!(usage["throttles"]["twinReads"]["lastMinute"], 7);
    assert_eq!(usage["throttles"]["newConnections"]["lastMinute"], 1);
    assert_eq!(usage["throttles"]["twinReads"]["perMinute"], 30_000);
    assert_eq!(usage["sockets"], json!({ "now": 1, "most": 1 }));
    assert!(usage["rowsWritten"].as_u64().unwrap() > 10);
    let objects = usage["storage"]["objects"].as_object().unwrap();
    assert!(
        objects.values().all(|bytes| bytes.as_u64() > Some(4_096)),
        "{objects:?}"
    );
    assert_eq!(usage["refusedCallers"], Value::Array(Vec::new()));
}
