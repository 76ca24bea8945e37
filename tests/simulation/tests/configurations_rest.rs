//! The paths of configurations (`service.md` §11.2): preconditions, refusals, records and
//! events; and who set what of a device.

use serde_json::{Value, json};
use simulation::configuring::hub;
use simulation::operator::Reply;
use simulation::rest::Rest;

fn content(value: u8) -> Value {
    json!({ "deviceContent": { "properties.desired.a": value } })
}

fn put(hub: &mut Rest, id: &str, etag: Option<&str>, body: Value) -> Reply {
    let reply = hub.put(&format!("/configurations/{id}"), etag, body);
    hub.0.run(2_000);
    reply
}

fn code(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.header("iothub-errorcode").unwrap_or(""))
}

fn all(priority: u32, value: u8) -> Value {
    json!({ "priority": priority, "targetCondition": "*", "content": content(value) })
}

#[test]
fn a_put_without_a_precondition_only_creates_and_with_one_only_changes() {
    let mut hub = hub();
    assert_eq!(
        code(&hub.get("/configurations/c")),
        (404, "ConfigurationNotFound")
    );
    for etag in ["*", "\"*\"", "MQ=="] {
        let early = put(&mut hub, "c", Some(etag), all(1, 1));
        assert_eq!(code(&early), (404, "ConfigurationNotFound"));
    }
    let mut body = all(1, 1);
    body["etag"] = json!("*");
    let made = put(&mut hub, "c", None, body);
    assert_eq!(made.status, 200);
    let etag = made.body["etag"].as_str().unwrap().to_owned();
    let quoted = format!("\"{etag}\"");
    assert_eq!(made.header("etag"), Some(quoted.as_str()));
    assert_eq!(
        code(&put(&mut hub, "c", None, all(2, 1))),
        (409, "ConfigurationAlreadyExists")
    );
    let changed = put(&mut hub, "c", Some(&etag), all(2, 1));
    assert_eq!(
        (changed.status, &changed.body["priority"]),
        (200, &json!(2))
    );
    assert_ne!(changed.body["etag"], etag);
    assert_eq!(changed.body["createdTimeUtc"], made.body["createdTimeUtc"]);
    assert_ne!(
        changed.body["lastUpdatedTimeUtc"],
        made.body["lastUpdatedTimeUtc"]
    );
    for stale in [etag.as_str(), &quoted] {
        assert_eq!(
            code(&put(&mut hub, "c", Some(stale), all(3, 1))),
            (412, "PreconditionFailed")
        );
        assert_eq!(hub.delete("/configurations/c", Some(stale)).status, 412);
    }
    let newest = format!("\"{}\"", changed.body["etag"].as_str().unwrap());
    assert_eq!(put(&mut hub, "c", Some(&newest), all(3, 1)).status, 200);
    assert_eq!(put(&mut hub, "c", Some("\"*\""), all(4, 1)).status, 200);
    assert_eq!(hub.delete("/configurations/c", None).status, 204);
    assert_eq!(
        code(&hub.delete("/configurations/c", None)),
        (404, "ConfigurationNotFound")
    );
    let again = put(&mut hub, "c", None, all(1, 1));
    assert_ne!(again.body["etag"], etag, "no etag comes twice");
}

#[test]
fn content_never_changes_and_the_record_says_so() {
    let mut hub = hub();
    hub.put("/devices/pump", None, json!({}));
    put(&mut hub, "c", None, all(1, 1));
    let ignored = put(&mut hub, "c", Some("*"), all(2, 9));
    assert_eq!(
        (ignored.status, &ignored.body["content"]),
        (200, &content(1))
    );
    let kept = put(
        &mut hub,
        "c",
        Some("*"),
        json!({ "targetCondition": "*", "priority": 3 }),
    );
    assert_eq!((kept.status, &kept.body["content"]), (200, &content(1)));
    assert_eq!(hub.get("/twins/pump").body["properties"]["desired"]["a"], 1);
    let records = hub.get("/api/v1/audit?action=putConfiguration").body["records"].take();
    let warnings: Vec<bool> = records
        .as_array()
        .unwrap()
        .iter()
        .map(|record| record["after"].get("warning").is_some())
        .collect();
    assert_eq!(warnings, [false, true, false], "{records}");
    hub.delete("/configurations/c", None);
    let records = hub.get("/api/v1/audit?action=deleteConfiguration").body["records"].take();
    assert_eq!(records[0]["before"]["id"], "c");
    assert_eq!(records[0]["result"], "ok");
}

#[test]
fn what_is_not_good_is_refused_with_its_code() {
    let mut hub = hub();
    let with = |field: &str, value: Value| {
        let mut body = all(1, 1);
        body[field] = value;
        body
    };
    let two = json!({ "deviceContent": {}, "moduleContent": {} });
    let queries: serde_json::Map<_, _> = (0..6)
        .map(|n| (format!("m{n}"), json!("SELECT deviceId FROM devices")))
        .collect();
    for (id, body, expected) in [
        ("Upper", all(1, 1), "ArgumentInvalid"),
        ("a.b", all(1, 1), "ArgumentInvalid"),
        ("c", with("id", json!("other")), "ArgumentInvalid"),
        ("c", with("priority", json!(-1)), "ArgumentInvalid"),
        ("c", with("priority", json!(1.5)), "ArgumentInvalid"),
        (
            "c",
            with("content", json!(null)),
            "InvalidConfigurationContent",
        ),
        ("c", with("content", two), "InvalidConfigurationContent"),
        (
            "c",
            with("content", json!("x")),
            "InvalidConfigurationContent",
        ),
        (
            "c",
            with("targetCondition", json!("tags.")),
            "InvalidConfigurationTargetCondition",
        ),
        (
            "c",
            with("targetCondition", json!(1)),
            "InvalidConfigurationTargetCondition",
        ),
        (
            "c",
            with("metrics", json!({ "queries": { "m": "SELECT" } })),
            "InvalidConfigurationCustomMetricsQuery",
        ),
        (
            "c",
            with("metrics", json!({ "queries": queries })),
            "InvalidConfigurationCustomMetricsQuery",
        ),
    ] {
        let refused = put(&mut hub, id, None, body.clone());
        assert_eq!(code(&refused), (400, expected), "{body}");
    }
    assert_eq!(hub.get("/configurations").body, json!([]));
    assert_eq!(hub.get("/configurations?top=0").status, 400);
}

#[test]
fn a_hub_has_a_hundred() {
    let mut hub = hub();
    let mut body = all(1, 1);
    body["targetCondition"] = json!("");
    for number in 0..100 {
        let made = hub.put(&format!("/configurations/c{number}"), None, body.clone());
        assert_eq!(made.status, 200);
    }
    let refused = hub.put("/configurations/more", None, body.clone());
    assert_eq!(code(&refused), (413, "ConfigurationCountLimitExceeded"));
    assert_eq!(hub.put("/configurations/c7", Some("*"), body).status, 200);
    assert_eq!(
        hub.get("/configurations/").body.as_array().unwrap().len(),
        100
    );
    assert_eq!(
        hub.get("/configurations?top=3")
            .body
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn all_together_are_bounded() {
    let mut hub = hub();
    let large: Vec<String> = (0..7).map(|_| "x".repeat(4096)).collect();
    let body = json!({ "content": { "deviceContent": { "properties.desired.a": large } } });
    let mut made = 0;
    let refused = loop {
        let reply = hub.put(&format!("/configurations/c{made}"), None, body.clone());
        if reply.status != 200 {
            break reply;
        }
        made += 1;
    };
    assert_eq!(code(&refused), (413, "ConfigurationCountLimitExceeded"));
    assert!((30..40).contains(&made), "{made}");
}

#[test]
fn queries_are_tested_without_an_error() {
    let mut hub = hub();
    let test = |hub: &mut Rest, body: Value| {
        let reply = hub.post("/configurations/testQueries", body);
        assert_eq!(reply.status, 200);
        reply.body
    };
    let fine = json!({ "targetConditionError": null, "customMetricQueryErrors": {} });
    for condition in [
        "*",
        "",
        "tags.a = 1",
        "from devices.modules where moduleId = 'm'",
    ] {
        let query = "SELECT deviceId FROM devices WHERE configurations.[[c]].status = 'Applied'";
        let body = json!({ "targetCondition": condition, "customMetricQueries": { "m": query } });
        assert_eq!(test(&mut hub, body), fine, "{condition}");
    }
    let body = json!({ "targetCondition": "tags.", "customMetricQueries": { "m": "SELECT", "n": "SELECT * FROM devices" } });
    let found = test(&mut hub, body);
    assert!(
        found["targetConditionError"]
            .as_str()
            .unwrap()
            .contains("line 1")
    );
    assert!(found["customMetricQueryErrors"]["m"].is_string());
    assert!(found["customMetricQueryErrors"].get("n").is_none());
}

#[test]
fn a_write_of_a_configuration_has_its_record_and_its_event() {
    let mut hub = hub();
    let route = json!({ "source": "TwinChangeEvents", "isEnabled": true, "condition": "true" });
    let routed = hub.put("/api/v1/routes/twins", None, route);
    assert!(routed.status < 300, "{:?}", routed.body);
    hub.put("/devices/pump", None, json!({}));
    put(&mut hub, "c", None, all(1, 1));
    hub.patch("/twins/pump", json!({ "tags": { "x": 1 } }));
    hub.0.run(10_000);
    let records = hub
        .get("/api/v1/audit?deviceId=pump&action=updateTwin")
        .body["records"]
        .take();
    let record = &records[1];
    assert_eq!(record["actor"], "configuration:c");
    assert_eq!(record["before"], json!({ "desired": {}, "version": 2 }));
    assert_eq!(
        record["after"],
        json!({ "desired": { "a": 1 }, "version": 3, "configurations": ["c"] })
    );
    let operator = hub.0.operator();
    let events = hub.0.finish(async move { operator.all_events().await });
    let ours: Vec<&Value> = events
        .iter()
        .filter(|event| event.to_string().contains("configuration:c"))
        .collect();
    assert_eq!(ours.len(), 1, "{events:?}");
    let text = ours[0].to_string();
    assert!(
        text.contains("updateTwin") && text.contains("twinChangeNotification"),
        "{text}"
    );
    assert_eq!(hub.get("/api/v1/audit/verify").status, 200);
}

#[test]
fn who_set_what_can_be_asked() {
    let mut hub = hub();
    hub.put("/devices/pump", None, json!({}));
    let by_hand = json!({ "properties": { "desired": { "hand": 1 } } });
    hub.patch("/twins/pump", by_hand);
    put(&mut hub, "low", None, all(1, 1));
    put(&mut hub, "old", None, all(5, 2));
    put(&mut hub, "new", None, all(5, 3));
    put(
        &mut hub,
        "not",
        None,
        json!({ "content": content(4), "targetCondition": "tags.x = 1" }),
    );
    let drift = json!({ "properties": { "desired": { "a": 9 } } });
    hub.patch("/twins/pump", drift);
    let found = hub.get("/api/v1/devices/pump/effective-configuration").body;
    let ids: Vec<&Value> = found["configurations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["id"])
        .collect();
    assert_eq!(ids, ["new", "old", "low"]);
    assert_eq!(found["configurations"][1]["status"], "Targeted");
    let path = "properties.desired.a";
    assert_eq!(
        found["desired"],
        json!([
            {
                "path": path, "configuration": "new", "wanted": 3, "value": 9,
                "lost": [
                    { "configuration": "old", "path": path, "wanted": 2, "reason": "createdTimeUtc" },
                    { "configuration": "low", "path": path, "wanted": 1, "reason": "priority" },
                ],
            },
            { "path": "properties.desired.hand", "configuration": null, "value": 1 },
        ])
    );
    assert_eq!(
        hub.get("/api/v1/devices/none/effective-configuration")
            .status,
        404
    );
}

#[test]
fn twenty_a_minute() {
    let mut hub = Rest::default();
    let mut refused = 0;
    for _ in 0..25 {
        refused += usize::from(hub.get("/configurations/none").status == 429);
    }
    assert!((4..=5).contains(&refused), "{refused}");
}
