//! Routes, fallback, enrichments: what goes where (`query-routing-events.md` §3).

use serde_json::{Value, json};
use shared::http::Backend;
use shared::hub::segment::{self, Record};
use shared::ids::DeviceId;
use simulation::receivers::Mood;
use simulation::rest::Rest;

const RECEIVER: &str = "https://alarms.example";

/// A device's message, as a gateway appends it.
fn send(hub: &mut Rest, device: &str, bag: &str, body: &str) {
    let mut batch = Vec::new();
    let bag = format!("$.ct=application%2Fjson&$.ce=utf-8&{bag}");
    let record = Record {
        device,
        bag: bag.trim_end_matches('&'),
        body: body.as_bytes(),
        generation_id: "1",
        auth_method: "{}",
        ..Record::default()
    };
    segment::encode(&mut batch, &record);
    let handle = hub.0.hub();
    let partition = handle
        .layout()
        .partition_of(&DeviceId::parse(device).unwrap());
    hub.0
        .finish(async move { handle.append(partition, batch).await })
        .expect("stored");
}

fn built_in(hub: &mut Rest) -> Vec<Value> {
    let page = hub.get("/api/v1/events?from=earliest&max=1000").body;
    page["events"].as_array().expect("events").clone()
}

fn bodies(events: &[Value]) -> Vec<Value> {
    events.iter().map(|event| event["body"].clone()).collect()
}

/// What the receiver has taken, once everything is sent.
fn received(hub: &mut Rest) -> Vec<Value> {
    hub.0.run(10_000);
    hub.0.world_mut().receivers.at(RECEIVER).events()
}

fn with_receiver() -> Rest {
    let hub = Rest::default();
    hub.0.world_mut().receivers.at(RECEIVER).mood = Mood::Up;
    hub
}

fn put_routing(hub: &mut Rest, routing: Value) -> Value {
    let reply = hub.put("/api/v1/routing", None, json!({ "routing": routing }));
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body
}

fn webhook() -> Value {
    json!({"webhooks": [{"name": "alarms", "url": "https://alarms.example/in", "batch": {"maxSeconds": 1}}]})
}

#[test]
fn a_route_takes_what_it_wants_and_the_rest_falls_back() {
    let mut hub = with_receiver();
    let shown = put_routing(
        &mut hub,
        json!({
            "endpoints": webhook(),
            "routes": [
                {"name": "hot", "source": "DeviceMessages", "condition": "$body.t > 90", "endpointNames": ["alarms"]},
                {"name": "also-hot", "source": "DeviceMessages", "condition": "level = 'critical'", "endpointNames": ["ALARMS"]},
            ],
        }),
    );
    assert_eq!(
        shown["routing"]["endpoints"]["webhooks"][0]["status"],
        "active"
    );
    assert_eq!(shown["routing"]["fallbackRoute"]["isEnabled"], true);
    send(&mut hub, "pump-1", "", "{\"t\":93}");
    send(&mut hub, "pump-1", "", "{\"t\":20}");
    // Two routes to one endpoint deliver once.
    send(&mut hub, "pump-1", "LEVEL=critical", "{\"t\":95}");
    send(&mut hub, "pump-1", "", "no json");
    let alarms = received(&mut hub);
    assert_eq!(bodies(&alarms), [json!({"t": 93}), json!({"t": 95})]);
    assert_eq!(
        alarms[1]["applicationProperties"],
        json!({"LEVEL": "critical"})
    );
    assert_eq!(
        alarms[0]["systemProperties"]["iothub-message-source"],
        "Telemetry"
    );
    let rest = built_in(&mut hub);
    assert_eq!(rest.len(), 2);
    assert_eq!(rest[0]["body"], json!({"t": 20}));
    assert_eq!(rest[1]["sequenceNumber"], 2, "numbers have no gaps");
}

#[test]
fn without_a_fallback_what_nobody_wants_is_counted_as_orphaned() {
    let mut hub = with_receiver();
    put_routing(&mut hub, json!({"fallbackRoute": {"isEnabled": false}}));
    send(&mut hub, "pump-1", "", "{}");
    assert!(built_in(&mut hub).is_empty());
    let health = hub.get("/api/v1/routing/endpoints/health").body;
    assert_eq!(health["orphaned"], 1);
    put_routing(
        &mut hub,
        json!({"fallbackRoute": {"condition": "keep = 'yes'"}}),
    );
    send(&mut hub, "pump-1", "keep=no", "1");
    send(&mut hub, "pump-1", "keep=yes", "2");
    assert_eq!(bodies(&built_in(&mut hub)), [json!(2)]);
}

#[test]
fn enrichments_are_stamped_for_their_endpoints_alone() {
    let mut hub = with_receiver();
    hub.put("/devices/pump-1", None, json!({"deviceId": "pump-1"}));
    hub.patch("/twins/pump-1", json!({"tags": {"site": "s1"}}));
    put_routing(
        &mut hub,
        json!({
            "endpoints": webhook(),
            "routes": [
                {"name": "all", "source": "DeviceMessages", "endpointNames": ["alarms"]},
                {"name": "stay", "source": "DeviceMessages", "endpointNames": ["events"]},
            ],
            "enrichments": [
                {"key": "site", "value": "$twin.tags.site", "endpointNames": ["alarms"]},
                {"key": "hub", "value": "$iothubname", "endpointNames": ["alarms", "events"]},
                {"key": "line", "value": "$twin.tags.line", "endpointNames": ["events"]},
            ],
        }),
    );
    send(&mut hub, "pump-1", "SITE=mine&a=b", "{}");
    // A device that is gone has no twin.
    send(&mut hub, "ghost", "", "{}");
    let alarms = received(&mut hub);
    let of = |events: &[Value], device: &str| {
        let event = events.iter().find(|event| event["deviceId"] == device);
        event.expect("its event")["applicationProperties"].clone()
    };
    assert_eq!(
        of(&alarms, "pump-1"),
        json!({"site": "s1", "a": "b", "hub": "sim"})
    );
    assert_eq!(
        of(&alarms, "ghost"),
        json!({"site": "$twin.tags.site", "hub": "sim"})
    );
    let stay = built_in(&mut hub);
    assert_eq!(
        of(&stay, "pump-1"),
        json!({"SITE": "mine", "a": "b", "hub": "sim", "line": "$twin.tags.line"})
    );
}

#[test]
fn a_condition_on_the_twin_sees_a_change_within_a_second() {
    let mut hub = with_receiver();
    hub.put("/devices/pump-1", None, json!({"deviceId": "pump-1"}));
    put_routing(
        &mut hub,
        json!({
            "endpoints": webhook(),
            "routes": [{"name": "watched", "source": "DeviceMessages",
                "condition": "$twin.tags.watched = true", "endpointNames": ["alarms"]}],
        }),
    );
    send(&mut hub, "pump-1", "", "1");
    hub.patch("/twins/pump-1", json!({"tags": {"watched": true}}));
    hub.0.run(1_000);
    send(&mut hub, "pump-1", "", "2");
    assert_eq!(bodies(&received(&mut hub)), [json!(2)]);
    assert_eq!(bodies(&built_in(&mut hub)), [json!(1)]);
}

/// R48, with a receiver outside (R44).
#[test]
fn r48_lifecycle_events_only_through_a_route() {
    let mut hub = with_receiver();
    hub.put("/devices/before", None, json!({"deviceId": "before"}));
    hub.delete("/devices/before", Some("*"));
    assert!(built_in(&mut hub).is_empty());
    put_routing(
        &mut hub,
        json!({
            "endpoints": webhook(),
            "routes": [
                {"name": "mine", "source": "DeviceLifecycleEvents", "condition": "deviceId = 'pump-9'", "endpointNames": ["alarms"]},
            ],
        }),
    );
    hub.put("/devices/other", None, json!({"deviceId": "other"}));
    hub.put("/devices/pump-9", None, json!({"deviceId": "pump-9"}));
    hub.patch("/twins/pump-9", json!({"tags": {"site": "s1"}}));
    hub.delete("/devices/pump-9", Some("*"));
    let events = received(&mut hub);
    let properties = |event: &Value, name: &str| event["applicationProperties"][name].clone();
    assert_eq!(events.len(), 2, "{events:#?}");
    assert_eq!(properties(&events[0], "opType"), "createDeviceIdentity");
    assert_eq!(properties(&events[1], "opType"), "deleteDeviceIdentity");
    for event in &events {
        assert_eq!(
            properties(event, "iothub-message-schema"),
            "deviceLifecycleNotification"
        );
        assert_eq!(properties(event, "deviceId"), "pump-9");
        assert_eq!(event["source"], "deviceLifecycleEvents");
        assert_eq!(event["body"]["deviceId"], "pump-9");
    }
    assert_eq!(events[0]["body"]["version"], 2);
    assert_eq!(
        events[1]["body"]["tags"],
        json!({"site": "s1"}),
        "the last twin"
    );
    assert!(built_in(&mut hub).is_empty());
}

#[test]
fn conditions_on_what_the_hub_tells_look_at_body_and_twin() {
    let mut hub = with_receiver();
    put_routing(
        &mut hub,
        json!({
            "endpoints": webhook(),
            "routes": [{"name": "fast", "source": "TwinChangeEvents", "endpointNames": ["alarms"],
                "condition": "$body.properties.desired.every > 10 AND $twin.tags.site = 's1'"}],
        }),
    );
    for (device, site) in [("pump-1", "s1"), ("pump-2", "s2")] {
        hub.put(
            &format!("/devices/{device}"),
            None,
            json!({"deviceId": device}),
        );
        hub.patch(&format!("/twins/{device}"), json!({"tags": {"site": site}}));
        for every in [5, 20] {
            let change = json!({"properties": {"desired": {"every": every}}});
            hub.patch(&format!("/twins/{device}"), change);
        }
    }
    let events = received(&mut hub);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["deviceId"], "pump-1");
    assert_eq!(events[0]["body"]["properties"]["desired"]["every"], 20);
}

#[test]
fn routes_and_messages_can_be_tried() {
    let mut hub = with_receiver();
    let route = |condition: &str| {
        json!({"message": {"body": "{\"t\":93}", "systemProperties": {"contentType": "application/json", "contentEncoding": "utf-8"}},
            "route": {"name": "hot", "source": "DeviceMessages", "condition": condition, "endpointNames": ["events"], "isEnabled": true}})
    };
    let reply = hub.post("/api/v1/routing/test", route("$body.t > 90"));
    assert_eq!(
        reply.body,
        json!({"result": "true", "details": {"compilationErrors": []}})
    );
    let reply = hub.post("/api/v1/routing/test", route("severity <= 2"));
    assert_eq!(
        reply.body["details"]["compilationErrors"][0]["severity"],
        "error"
    );
    put_routing(
        &mut hub,
        json!({"routes": [{"name": "hot", "source": "DeviceMessages", "condition": "$body.t > 90"}]}),
    );
    let all = |t: i64| {
        json!({"routingSource": "DeviceMessages", "message": {"body": json!({"t": t}).to_string(),
        "systemProperties": {"contentType": "application/json", "contentEncoding": "utf-8"}}})
    };
    let named = |reply: Value| reply["routes"][0]["properties"]["name"].clone();
    assert_eq!(
        named(hub.post("/api/v1/routing/test-all", all(95)).body),
        "hot"
    );
    assert_eq!(
        named(hub.post("/api/v1/routing/test-all", all(5)).body),
        "$fallback"
    );
}

#[test]
fn a_refused_document_says_why_and_changes_nothing() {
    let mut hub = with_receiver();
    let before = hub.get("/api/v1/routing");
    for (routing, said) in [
        (
            json!({"routes": [{"name": "r", "source": "DeviceMessages", "condition": "level <= 2"}]}),
            "'<='",
        ),
        (
            json!({"routes": [{"name": "r", "source": "DeviceMessages", "endpointNames": ["alarms"]}]}),
            "alarms",
        ),
        (
            json!({"routes": [{"name": "r", "source": "DeviceMessages"}, {"name": "R", "source": "DeviceMessages"}]}),
            "Two",
        ),
        (
            json!({"endpoints": {"webhooks": [{"name": "events", "url": "https://a.example/"}]}}),
            "reserved",
        ),
        (
            json!({"endpoints": {"webhooks": [{"name": "a", "url": "https://10.0.0.1/"}]}}),
            "address",
        ),
        (
            json!({"endpoints": {"webhooks": [{"name": "a", "url": "http://a.example/"}]}}),
            "https",
        ),
        (
            json!({"endpoints": {"webhooks": [{"name": "a", "url": "https://printer.local/"}]}}),
            "private",
        ),
        (
            json!({"endpoints": {"webhooks": [{"name": "a", "url": "https://a.example/", "secretRef": "s"}]}}),
            "secret",
        ),
        (
            json!({"endpoints": {"eventHubs": [{"name": "a"}]}}),
            "eventHubs",
        ),
        (
            json!({"endpoints": {"storageContainers": [{"name": "a", "containerName": "box", "encoding": "avro"}]}}),
            "Avro",
        ),
        (
            json!({"endpoints": {"storageContainers": [{"name": "a", "containerName": "box", "fileNameFormat": "{iothub}"}]}}),
            "{partition}",
        ),
        (
            json!({"enrichments": [{"key": "a b", "value": "x", "endpointNames": ["events"]}]}),
            "a b",
        ),
    ] {
        let reply = hub.put("/api/v1/routing", None, json!({ "routing": routing }));
        assert_eq!(reply.status, 400, "{routing}");
        let text = reply.body.to_string();
        assert!(text.contains(said), "{text} does not speak of {said}");
    }
    assert_eq!(hub.get("/api/v1/routing").body, before.body);
    let etag = before.header("etag").expect("an etag").to_owned();
    assert_eq!(
        hub.put("/api/v1/routing", Some(&etag), json!({})).status,
        200
    );
    assert_eq!(
        hub.put("/api/v1/routing", Some(&etag), json!({})).status,
        412
    );
}

#[test]
fn retention_and_message_lifetimes_can_be_set() {
    let mut hub = Rest::default();
    let default = hub.get("/api/v1/messaging").body;
    assert_eq!(default["events"]["retentionTimeInDays"], 1);
    let wanted =
        json!({"events": {"retentionTimeInDays": 2}, "cloudToDevice": {"maxDeliveryCount": 3}});
    let set = hub.put("/api/v1/messaging", None, wanted).body;
    assert_eq!(set["events"]["retentionTimeInDays"], 2);
    assert_eq!(set["cloudToDevice"]["maxDeliveryCount"], 3);
    assert_eq!(set["cloudToDevice"]["defaultTtlSeconds"], 3600);
    for bad in [
        json!({"events": {"retentionTimeInDays": 8}}),
        json!({"cloudToDevice": {"feedbackLockSeconds": 4}}),
    ] {
        assert_eq!(hub.put("/api/v1/messaging", None, bad).status, 400);
    }
    send(&mut hub, "pump-1", "", "1");
    hub.0.run(30 * 3600 * 1000);
    send(&mut hub, "pump-1", "", "2");
    assert_eq!(
        bodies(&built_in(&mut hub)),
        [json!(1), json!(2)],
        "longer than a day"
    );
    hub.0.run(30 * 3600 * 1000);
    assert_eq!(bodies(&built_in(&mut hub)), [json!(2)]);
}

#[test]
fn what_happens_to_routed_messages_is_in_records_and_metrics() {
    let mut hub = with_receiver();
    put_routing(
        &mut hub,
        json!({
            "endpoints": webhook(),
            "routes": [{"name": "odd", "source": "DeviceMessages", "condition": "$body.t > 90", "endpointNames": ["alarms"]}],
            "fallbackRoute": {"isEnabled": false},
        }),
    );
    hub.0.world_mut().receivers.at(RECEIVER).mood = Mood::Says(503, None);
    send(&mut hub, "pump-1", "", "{\"t\":95}");
    send(&mut hub, "pump-1", "", "{}");
    send(&mut hub, "pump-1", "", "{}");
    hub.0.run(3_000);
    hub.0.world_mut().receivers.at(RECEIVER).mood = Mood::Up;
    hub.0.run(20_000);
    let records = hub.get("/api/v1/operations?category=Routes").body;
    let records = records["records"].as_array().expect("records");
    let names: Vec<&str> = records
        .iter()
        .rev()
        .map(|record| record["operationName"].as_str().expect("a name"))
        .collect();
    // Of what comes with messages there is one record a minute.
    assert_eq!(
        names,
        [
            "OrphanedMessage",
            "UndefinedRouteEvaluation",
            "EndpointUnhealthy",
            "EndpointHealthy"
        ]
    );
    assert_eq!(records[2]["routeName"], "odd");
    assert_eq!(records[1]["endpointName"], "alarms");
    let metrics = hub.get("/api/v1/metrics").body;
    let metrics = metrics["metrics"].as_array().expect("metrics");
    let value = |name: &str| {
        let found = metrics.iter().find(|metric| metric["name"] == name);
        found.expect(name)["value"].as_u64()
    };
    assert_eq!(value("d2c.telemetry.ingress.success"), Some(3));
    assert_eq!(value("d2c.telemetry.egress.orphaned"), Some(2));
    assert_eq!(value("RoutingDeliveries"), Some(1));
}
