//! A schema for tags: who is refused, who is warned, who is left alone
//! (`device-management.md` §7, R16).

use serde_json::{Value, json};
use simulation::operator::Reply;
use simulation::rest::Rest;

const SCHEMA: &str = "/api/v1/schemas/tags";
const WARNING: &str = "x-skerry-schema-warning";

fn sites() -> Value {
    json!({
        "type": "object",
        "required": ["site"],
        "properties": {
            "site": { "type": "string", "enum": ["oslo", "bergen"] },
            "floor": { "type": "integer", "minimum": 0, "maximum": 40 },
        },
    })
}

fn set(hub: &mut Rest, mode: &str) -> Reply {
    hub.put(SCHEMA, None, json!({ "mode": mode, "schema": sites() }))
}

fn tags(hub: &mut Rest, id: &str, tags: Value) -> Reply {
    hub.patch(&format!("/twins/{id}"), json!({ "tags": tags }))
}

fn message(reply: &Reply) -> &str {
    reply.body["Message"].as_str().unwrap_or_default()
}

#[test]
fn r16_enforced_rules_refuse_every_way_to_write_tags_that_break_them() {
    let mut hub = Rest::default();
    hub.put("/devices/pump", None, json!({}));
    assert_eq!(
        tags(&mut hub, "pump", json!({ "site": "oslo" })).status,
        200
    );
    assert_eq!(set(&mut hub, "enforce").status, 201);

    let refused = tags(&mut hub, "pump", json!({ "site": "paris" }));
    assert_eq!(refused.status, 400);
    assert_eq!(
        message(&refused),
        "ErrorCode:ArgumentInvalid;tags.site breaks the rule enum of the tag schema: \
         it is \"paris\", allowed are \"oslo\", \"bergen\"."
    );
    assert_eq!(tags(&mut hub, "pump", json!({ "floor": 41 })).status, 400);
    assert_eq!(tags(&mut hub, "pump", json!({ "site": null })).status, 400);
    assert_eq!(
        hub.put("/twins/pump", None, json!({})).status,
        400,
        "no site"
    );
    let twin = hub.get("/twins/pump").body;
    assert_eq!(
        (&twin["tags"], &twin["version"]),
        (&json!({ "site": "oslo" }), &json!(3))
    );

    let items = json!([
        { "id": "new", "tags": { "site": "paris" } },
        { "id": "pump", "importMode": "updateTwin", "tags": { "floor": -1 } },
        { "id": "good", "tags": { "site": "bergen", "floor": 3 } },
        { "id": "bare" },
    ]);
    let bulk = hub.post("/devices", items);
    assert_eq!(bulk.status, 400);
    let errors = bulk.body["errors"].as_array().unwrap();
    let places: Vec<(&str, &Value)> = errors
        .iter()
        .map(|error| (error["deviceId"].as_str().unwrap(), &error["errorCode"]))
        .collect();
    let invalid = json!(400_004);
    assert_eq!(places, [("new", &invalid), ("pump", &invalid)]);
    assert!(
        errors[1]["errorStatus"]
            .as_str()
            .unwrap()
            .contains("tags.floor")
    );
    assert_eq!(hub.get("/devices/new").status, 404);
    assert_eq!(hub.get("/devices/good").status, 200);
    assert_eq!(
        hub.get("/devices/bare").status,
        200,
        "it comes without tags"
    );

    let good = json!({ "site": "bergen", "floor": 40 });
    assert_eq!(tags(&mut hub, "pump", good).status, 200);
    let records = hub.get("/api/v1/audit?action=updateTwin").body;
    assert_eq!(records["records"][1]["result"], "ArgumentInvalid");
}

#[test]
fn what_does_not_change_tags_is_never_refused() {
    let mut hub = Rest::default();
    hub.put("/devices/old", None, json!({}));
    tags(&mut hub, "old", json!({ "site": "paris" }));
    set(&mut hub, "enforce");
    let desired = json!({ "properties": { "desired": { "rate": 1 } } });
    assert_eq!(hub.patch("/twins/old", desired).status, 200);
    // A client that sends back what it has read.
    let mut whole = hub.get("/twins/old").body;
    whole["properties"]["desired"]["rate"] = json!(2);
    assert_eq!(hub.put("/twins/old", None, whole).status, 200);
    assert_eq!(tags(&mut hub, "old", json!({ "other": 1 })).status, 400);
    let free = json!({ "tags": { "anything": 1 } });
    hub.put("/devices/old/modules/m", None, json!({}));
    let module = hub.patch("/twins/old/modules/m", free);
    assert_eq!(module.status, 200, "modules are free");
    assert_eq!(tags(&mut hub, "old", json!({ "site": "oslo" })).status, 200);
}

#[test]
fn a_warning_comes_with_the_answer_and_off_says_nothing() {
    let mut hub = Rest::default();
    hub.put("/devices/pump", None, json!({}));
    set(&mut hub, "warn");
    let warned = tags(&mut hub, "pump", json!({ "site": "paris" }));
    assert_eq!(warned.status, 200);
    assert!(
        warned
            .header(WARNING)
            .unwrap()
            .starts_with("tags.site breaks the rule enum")
    );
    assert_eq!(hub.get("/twins/pump").body["tags"]["site"], "paris");
    let items = json!([
        { "id": "a", "tags": { "site": "rome" } },
        { "id": "b", "tags": { "site": "oslo" } },
        { "id": "c", "tags": { "floor": 1 } },
    ]);
    let bulk = hub.post("/devices", items);
    assert_eq!((bulk.status, &bulk.body["warnings"]), (200, &json!([])));
    assert!(
        bulk.header(WARNING)
            .unwrap()
            .starts_with("2 of the items; first: tags.")
    );
    let good = tags(&mut hub, "pump", json!({ "site": "oslo" }));
    assert_eq!(good.header(WARNING), None);
    set(&mut hub, "off");
    let quiet = tags(&mut hub, "pump", json!({ "site": "rome" }));
    assert_eq!((quiet.status, quiet.header(WARNING)), (200, None));
}

#[test]
fn violations_are_counted_and_listed_in_pages_whatever_the_mode() {
    let mut hub = Rest::default();
    for number in 0..7 {
        let id = format!("pump-{number}");
        hub.put(&format!("/devices/{id}"), None, json!({}));
        let site = if number == 3 { "oslo" } else { "paris" };
        tags(&mut hub, &id, json!({ "site": site }));
    }
    hub.put("/devices/bare", None, json!({}));
    let path = format!("{SCHEMA}/violations");
    assert_eq!(hub.get(&path).status, 404, "no schema");
    set(&mut hub, "off");
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = hub.get(&format!("{path}?top=3&after={after}"));
        assert_eq!((page.status, &page.body["count"]), (200, &json!(7)));
        for item in page.body["items"].as_array().unwrap() {
            seen.push(item["deviceId"].as_str().unwrap().to_owned());
            assert!(
                item["violation"]
                    .as_str()
                    .unwrap()
                    .starts_with("tags.site breaks")
            );
        }
        match page.body["next"].as_str() {
            Some(next) => next.clone_into(&mut after),
            None => break,
        }
    }
    let expected = [
        "bare", "pump-0", "pump-1", "pump-2", "pump-4", "pump-5", "pump-6",
    ];
    assert_eq!(seen, expected);
    assert_eq!(hub.get(&format!("{path}?top=0")).status, 400);
    assert_eq!(hub.get(&format!("{path}?after=a%20b")).status, 400);
}

#[test]
fn the_schema_has_an_etag_and_is_in_the_record() {
    let mut hub = Rest::default();
    assert_eq!(hub.get(SCHEMA).status, 404);
    let body = json!({ "mode": "warn", "schema": sites() });
    let early = hub.put(SCHEMA, Some("*"), body.clone());
    assert_eq!(early.status, 412, "there is none to replace");
    let first = hub.put(SCHEMA, None, body.clone());
    assert_eq!((first.status, &first.body), (201, &body));
    let etag = first.header("etag").unwrap().to_owned();
    let read = hub.get(SCHEMA);
    assert_eq!(
        (&read.body, read.header("etag")),
        (&body, Some(etag.as_str()))
    );
    let second = hub.put(
        SCHEMA,
        Some(&etag),
        json!({ "mode": "enforce", "schema": {} }),
    );
    assert_eq!(second.status, 200);
    assert_ne!(second.header("etag"), Some(etag.as_str()));
    assert_eq!(hub.put(SCHEMA, Some(&etag), body).status, 412);
    assert_eq!(hub.delete(SCHEMA, Some(&etag)).status, 412);
    for (body, said) in [
        (json!({ "mode": "strict", "schema": {} }), "mode"),
        (json!({ "mode": "warn" }), "schema"),
        (
            json!({ "mode": "warn", "schema": { "pattern": "x" } }),
            "schema.pattern",
        ),
    ] {
        let refused = hub.put(SCHEMA, None, body);
        assert_eq!(refused.status, 400);
        assert!(message(&refused).contains(said), "{}", message(&refused));
    }
    assert_eq!(hub.get(SCHEMA).body["mode"], "enforce");
    assert_eq!(hub.delete(SCHEMA, None).status, 204);
    assert_eq!(hub.delete(SCHEMA, None).status, 404);
    let records = hub.get("/api/v1/audit?action=putTagSchema").body;
    let records = records["records"].as_array().unwrap();
    let results: Vec<&Value> = records.iter().map(|record| &record["result"]).collect();
    let ok = json!("ok");
    let stale = json!("PreconditionFailed");
    assert_eq!(
        results,
        [&json!("ArgumentInvalid"), &stale, &ok, &ok, &stale]
    );
    assert_eq!(records[2]["before"]["mode"], "warn");
    assert_eq!(records[2]["after"]["mode"], "enforce");
}

fn retire(hub: &mut Rest, id: &str, body: Value) -> Reply {
    hub.post(&format!("/api/v1/devices/{id}/retire"), body)
}

#[test]
fn a_restoration_is_refused_and_a_replacement_never_is() {
    let mut hub = Rest::default();
    for id in ["lost", "worn"] {
        hub.put(&format!("/devices/{id}"), None, json!({}));
        tags(&mut hub, id, json!({ "site": "paris" }));
    }
    let lost = retire(&mut hub, "lost", json!({ "reason": "lost" }));
    set(&mut hub, "enforce");
    let path = format!("{}/restore", lost.body["archive"].as_str().unwrap());
    let refused = hub.post(&path, Value::Null);
    assert_eq!(refused.status, 400, "{:?}", refused.body);
    assert_eq!(hub.get("/devices/lost").status, 404, "nothing of it stays");
    set(&mut hub, "warn");
    let restored = hub.post(&path, Value::Null);
    assert_eq!(restored.status, 200);
    assert!(restored.header(WARNING).is_some());

    set(&mut hub, "enforce");
    let body = json!({ "mode": "replace", "reason": "upgrade", "replacementId": "fresh" });
    assert_eq!(retire(&mut hub, "worn", body).status, 202);
    hub.0.run(20_000);
    let twin = hub.get("/twins/fresh").body;
    assert_eq!(twin["tags"]["site"], "paris");
    assert_eq!(twin["tags"]["replaces"]["deviceId"], "worn");
}
