//! Bulk requests down to storage: nine modes, and items that fail alone (`service.md` §4.6).

use serde_json::{Value, json};
use simulation::operator::Reply;
use simulation::rest::Rest;

fn bulk(hub: &mut Rest, items: Value) -> Reply {
    hub.post("/devices", items)
}

/// The error code of one item; 0 if it was applied.
fn apply(hub: &mut Rest, item: Value) -> u64 {
    let reply = bulk(hub, json!([item]));
    let error = &reply.body["errors"][0]["errorCode"];
    assert_eq!(reply.status == 200, error.is_null(), "{:?}", reply.body);
    error.as_u64().unwrap_or(0)
}

fn item(mode: &str) -> Value {
    json!({ "id": "d", "importMode": mode, "status": "disabled", "statusReason": mode })
}

fn with(mut item: Value, name: &str, value: &Value) -> Value {
    item[name] = value.clone();
    item
}

#[test]
fn every_mode_on_an_absent_device() {
    for (mode, code) in [
        ("create", 0),
        ("createOrUpdate", 0),
        ("createOrUpdateIfMatchETag", 0),
        ("update", 404_001),
        ("delete", 404_001),
        ("updateTwin", 404_001),
        // Nothing can match an etag that is not given.
        ("updateIfMatchETag", 412_001),
        ("deleteIfMatchETag", 412_001),
        ("updateTwinIfMatchETag", 412_001),
        ("upsert", 400_004),
    ] {
        let mut hub = Rest::default();
        assert_eq!(apply(&mut hub, item(mode)), code, "{mode}");
        let exists = hub.get("/devices/d").status == 200;
        assert_eq!(exists, code == 0, "{mode}");
    }
    let mut hub = Rest::default();
    let named = with(item("UPDATEIFMATCHETAG"), "etag", &json!("MA=="));
    assert_eq!(apply(&mut hub, named), 404_001, "names in any case");
}

#[test]
fn every_mode_on_a_present_device() {
    let stale = json!("c3RhbGU=");
    for (mode, etag, code) in [
        ("create", None, 409_001),
        ("update", None, 0),
        ("createOrUpdate", None, 0),
        ("updateIfMatchETag", Some(false), 412_001),
        ("updateIfMatchETag", Some(true), 0),
        ("createOrUpdateIfMatchETag", Some(false), 412_001),
        ("createOrUpdateIfMatchETag", Some(true), 0),
        ("createOrUpdateIfMatchETag", None, 412_001),
    ] {
        let mut hub = Rest::default();
        let before = hub.put("/devices/d", None, json!({})).body;
        let mut item = item(mode);
        match etag {
            Some(true) => {
                let quoted = format!("\"{}\"", before["etag"].as_str().unwrap());
                item = with(item, "eTag", &json!(quoted));
            }
            Some(false) => item = with(item, "eTag", &stale),
            None => {}
        }
        assert_eq!(apply(&mut hub, item), code, "{mode}");
        let after = hub.get("/devices/d").body;
        if code == 0 {
            assert_eq!(after["statusReason"], mode);
            assert_eq!(after["generationId"], before["generationId"]);
            assert_ne!(after["etag"], before["etag"]);
        } else {
            assert_eq!(after, before, "{mode}");
        }
    }
}

#[test]
fn deleting_in_bulk() {
    let mut hub = Rest::default();
    let etag = hub.put("/devices/d", None, json!({})).body["etag"].clone();
    let delete = json!({ "id": "d", "importMode": "deleteIfMatchETag" });
    assert_eq!(
        apply(&mut hub, with(delete.clone(), "eTag", &json!("c3RhbGU="))),
        412_001
    );
    assert_eq!(apply(&mut hub, with(delete.clone(), "eTag", &etag)), 0);
    assert_eq!(hub.get("/devices/d").status, 404);
    hub.put("/devices/d", None, json!({}));
    assert_eq!(
        apply(&mut hub, with(delete, "eTag", &json!("*"))),
        0,
        "a wildcard"
    );
    hub.put("/devices/d", None, json!({}));
    assert_eq!(
        apply(&mut hub, json!({ "id": "d", "importMode": "delete" })),
        0
    );
}

#[test]
fn a_new_device_begins_with_the_twin_it_is_given() {
    let mut hub = Rest::default();
    let new = json!({
        "id": "d",
        "importMode": "create",
        "tags": { "site": "s1" },
        "properties": { "desired": { "t": 1, "$version": 9 }, "reported": { "r": 1 } },
    });
    assert_eq!(apply(&mut hub, new), 0);
    let twin = hub.get("/twins/d").body;
    assert_eq!(twin["tags"], json!({ "site": "s1" }));
    assert_eq!(twin["properties"]["desired"]["t"], 1);
    assert!(twin["properties"]["reported"].get("r").is_none());
    // A twin that breaks a rule keeps the device from being created.
    let mut bad = json!({ "id": "e", "importMode": "create" });
    bad["tags"] = json!({ "a.b": 1 });
    assert_ne!(apply(&mut hub, bad), 0);
    assert_eq!(hub.get("/devices/e").status, 404);
}

#[test]
fn twins_are_merged_in_bulk() {
    let mut hub = Rest::default();
    let new = json!({ "id": "d", "tags": { "a": 1, "b": 1 } });
    assert_eq!(apply(&mut hub, new), 0);
    let update = json!({
        "id": "d",
        "importMode": "updateTwin",
        "tags": { "a": null, "c": 1 },
        "properties": { "desired": { "x": 1 } },
    });
    assert_eq!(apply(&mut hub, update.clone()), 0);
    let twin = hub.get("/twins/d").body;
    assert_eq!(twin["tags"], json!({ "b": 1, "c": 1 }));
    assert_eq!(twin["properties"]["desired"]["x"], 1);
    let checked = with(update, "importMode", &json!("updateTwinIfMatchETag"));
    let checked = with(checked, "tags", &json!({ "d": 1 }));
    assert_eq!(
        apply(
            &mut hub,
            with(checked.clone(), "twinETag", &json!("AAAAAAAAAAE="))
        ),
        412_001
    );
    assert_eq!(apply(&mut hub, with(checked, "twinETag", &twin["etag"])), 0);
    assert_eq!(hub.get("/twins/d").body["tags"]["d"], 1);
}

#[test]
fn what_fails_leaves_the_others_applied() {
    let mut hub = Rest::default();
    let reply = bulk(
        &mut hub,
        json!([
            { "id": "a", "importMode": "create" },
            { "id": "b", "importMode": "update" },
            { "id": "a", "moduleId": "m", "importMode": "create" },
            { "id": "nobody", "moduleId": "m", "importMode": "create" },
            { "id": "a", "moduleId": "$edgeHub", "importMode": "create" },
            { "id": "c", "importMode": "create", "authentication": { "symmetricKey": { "primaryKey": "x" } } },
        ]),
    );
    assert_eq!(reply.status, 400);
    let codes: Vec<u64> = reply.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| error["errorCode"].as_u64().unwrap())
        .collect();
    assert_eq!(codes, [404_001, 404_001, 401_100, 400_004]);
    assert_eq!(hub.get("/devices/a/modules/m").status, 200);
    assert_eq!(hub.get("/devices/c").status, 404);
}

#[test]
fn keys_are_made_anew_for_many() {
    let mut hub = Rest::default();
    bulk(
        &mut hub,
        json!([
            { "id": "a" },
            { "id": "a", "moduleId": "m" },
            { "id": "x", "authentication": { "type": "certificateAuthority" } },
        ]),
    );
    let keys = |reply: &Reply| reply.body["authentication"]["symmetricKey"].clone();
    let device = hub.get("/devices/a");
    let module = keys(&hub.get("/devices/a/modules/m"));
    let request = json!({ "policyKey": "primaryKey", "devices": [{ "id": "a" }, { "id": "a", "moduleId": "m" }] });
    let reply = hub.post("/devices/keys/regenerate", request);
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    assert_eq!(reply.body["rotatedKeys"].as_array().unwrap().len(), 2);
    let after = hub.get("/devices/a");
    assert_ne!(keys(&after)["primaryKey"], keys(&device)["primaryKey"]);
    assert_eq!(keys(&after)["secondaryKey"], keys(&device)["secondaryKey"]);
    assert_eq!(
        reply.body["rotatedKeys"][0]["primaryKey"],
        keys(&after)["primaryKey"]
    );
    assert_ne!(after.body["etag"], device.body["etag"]);
    assert_ne!(
        keys(&hub.get("/devices/a/modules/m"))["primaryKey"],
        module["primaryKey"]
    );

    let some = json!({ "policyKey": "both", "devices": [{ "id": "a" }, { "id": "x" }, { "id": "nobody" }] });
    let reply = hub.post("/devices/keys/regenerate", some);
    assert_eq!(reply.status, 207);
    let errors = reply.body["errors"].as_array().unwrap();
    assert_eq!(errors[0]["errorCode"], 400_036, "it has no keys");
    assert_eq!(errors[1]["errorCode"], 404_001);

    let none = json!({ "policyKey": "both", "devices": [{ "id": "x" }] });
    let reply = hub.post("/devices/keys/regenerate", none);
    assert_eq!(reply.status, 400);
    let wrong = json!({ "policyKey": "third", "devices": [{ "id": "a" }] });
    let reply = hub.post("/devices/keys/regenerate", wrong);
    assert_eq!(reply.header("iothub-errorcode"), Some("InvalidPolicyKey"));
}
