//! Module identities over REST, down to storage (`service.md` §4.4).

use serde_json::{Value, json};
use simulation::operator::Reply;
use simulation::rest::Rest;

fn modules(hub: &mut Rest, device: &str) -> Vec<String> {
    let reply = hub.get(&format!("/devices/{device}/modules"));
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    let list = reply.body.as_array().unwrap();
    list.iter()
        .map(|module| module["moduleId"].as_str().unwrap().to_owned())
        .collect()
}

fn code(reply: &Reply) -> (u16, &str) {
    (
        reply.status,
        reply.header("iothub-errorcode").unwrap_or_default(),
    )
}

#[test]
fn a_module_has_its_own_identity_keys_and_twin() {
    let mut hub = Rest::default();
    hub.put("/devices/d", None, json!({}));
    let created = hub.put(
        "/devices/d/modules/m",
        None,
        json!({ "managedBy": "someone" }),
    );
    assert_eq!(created.status, 200, "{:?}", created.body);
    let body = &created.body;
    assert_eq!(body["deviceId"], "d");
    assert_eq!(body["moduleId"], "m");
    assert_eq!(body["managedBy"], "someone");
    assert!(body.get("status").is_none() && body.get("capabilities").is_none());
    assert_eq!(
        created.header("etag"),
        Some(format!("\"{}\"", body["etag"].as_str().unwrap()).as_str())
    );
    let key = &body["authentication"]["symmetricKey"]["primaryKey"];
    let own = hub.get("/devices/d").body["authentication"]["symmetricKey"]["primaryKey"].clone();
    assert_ne!(*key, own);
    assert_eq!(hub.get("/devices/d/modules/m").body, *body);
    let twin = hub.get("/twins/d/modules/m").body;
    assert_eq!(
        (&twin["moduleId"], &twin["version"]),
        (&json!("m"), &json!(2))
    );
}

#[test]
fn preconditions_are_those_of_devices() {
    let mut hub = Rest::default();
    hub.put("/devices/d", None, json!({}));
    let path = "/devices/d/modules/m";
    let absent = hub.put(path, Some("*"), json!({}));
    assert_eq!(code(&absent), (404, "ModuleNotFound"));
    let first = hub.put(path, None, json!({ "managedBy": "x" })).body;
    let again = hub.put(path, None, json!({}));
    assert_eq!(code(&again), (409, "ModuleAlreadyExistsOnDevice"));
    assert_eq!(again.body["errorCode"], 409_301, "the flat form");
    assert_eq!(
        again.body["message"],
        "Device d in IotHub sim already contains Module m."
    );
    let etag = first["etag"].as_str().unwrap().to_owned();
    let second = hub.put(path, Some(&etag), json!({}));
    assert_eq!(second.status, 200);
    assert_eq!(second.body["managedBy"], Value::Null, "omitted is cleared");
    assert_ne!(second.body["authentication"], first["authentication"]);
    assert_eq!(
        code(&hub.put(path, Some(&etag), json!({}))),
        (412, "PreconditionFailed")
    );
    assert_eq!(code(&hub.delete(path, None)), (412, "PreconditionFailed"));
    assert_eq!(
        code(&hub.delete(path, Some(&etag))),
        (412, "PreconditionFailed")
    );
    assert_eq!(hub.delete(path, Some("\"*\"")).status, 204);
    assert_eq!(code(&hub.get(path)), (404, "ModuleNotFound"));
    assert_eq!(code(&hub.delete(path, Some("*"))), (404, "ModuleNotFound"));
    assert_eq!(
        code(&hub.get("/twins/d/modules/m")),
        (404, "DeviceNotFound"),
        "a missing module twin has the device's error"
    );
}

#[test]
fn a_missing_device_is_named_as_such() {
    let mut hub = Rest::default();
    for reply in [
        hub.put("/devices/d/modules/m", None, json!({})),
        hub.get("/devices/d/modules/m"),
        hub.get("/devices/d/modules"),
        hub.delete("/devices/d/modules/m", Some("*")),
    ] {
        assert_eq!(code(&reply), (404, "DeviceNotFound"));
    }
}

#[test]
fn ids_types_and_the_limit() {
    let mut hub = Rest::default();
    hub.put("/devices/d", None, json!({}));
    for (path, body) in [
        ("/devices/d/modules/$mine", json!({})),
        ("/devices/d/modules/a b", json!({})),
        ("/devices/d/modules/m", json!({ "moduleId": "other" })),
        ("/devices/d/modules/m", json!({ "deviceId": "other" })),
    ] {
        let reply = hub.put(path, None, body);
        assert_eq!(code(&reply), (400, "ArgumentInvalid"), "{path}");
    }
    let none = hub.put(
        "/devices/d/modules/none",
        None,
        json!({ "authentication": { "type": "none" } }),
    );
    assert_eq!(none.body["authentication"]["type"], "sas");
    for number in 1..50 {
        let path = format!("/devices/d/modules/m{number}");
        assert_eq!(hub.put(&path, None, json!({})).status, 200, "{number}");
    }
    let one_more = hub.put("/devices/d/modules/m50", None, json!({}));
    assert_eq!(code(&one_more), (413, "TooManyModulesOnDevice"));
    assert_eq!(modules(&mut hub, "d").len(), 50);
    hub.delete("/devices/d/modules/m7", Some("*"));
    assert_eq!(
        hub.put("/devices/d/modules/m50", None, json!({})).status,
        200
    );
}

#[test]
fn an_edge_device_has_its_system_modules_as_long_as_it_is_one() {
    let mut hub = Rest::default();
    let edge = json!({ "capabilities": { "iotEdge": true } });
    let device = hub.put("/devices/e", None, edge.clone()).body;
    assert_eq!(modules(&mut hub, "e"), ["$edgeAgent", "$edgeHub"]);
    let agent = hub.get("/devices/e/modules/$edgeAgent").body;
    assert_eq!(agent["managedBy"], "iotEdge");
    assert_eq!(agent["authentication"]["type"], "none");
    assert_eq!(
        code(&hub.delete("/devices/e/modules/$edgeHub", Some("*"))),
        (401, "SystemModuleModifyUnauthorizedAccess")
    );
    assert_eq!(
        code(&hub.put("/devices/e/modules/$edgeHub", Some("*"), json!({}))),
        (400, "ArgumentInvalid")
    );
    // Sent back as it is, it stays; as a leaf it loses them; and gets them again.
    let mut same = edge.clone();
    same["deviceScope"] = device["deviceScope"].clone();
    assert_eq!(hub.put("/devices/e", Some("*"), same).status, 200);
    assert_eq!(modules(&mut hub, "e"), ["$edgeAgent", "$edgeHub"]);
    hub.put("/devices/e", Some("*"), json!({}));
    assert_eq!(modules(&mut hub, "e"), [""; 0]);
    let again = json!({ "deviceScope": "", "capabilities": { "iotEdge": true } });
    assert_eq!(hub.put("/devices/e", Some("*"), again).status, 200);
    assert_eq!(modules(&mut hub, "e"), ["$edgeAgent", "$edgeHub"]);
}

#[test]
fn a_device_takes_its_modules_along_and_each_end_is_an_event() {
    let mut hub = Rest::default();
    let route = json!({ "source": "DeviceLifecycleEvents" });
    hub.put("/api/v1/routes/lifecycle", None, route);
    hub.put("/devices/d", None, json!({}));
    hub.put("/devices/d/modules/m", None, json!({}));
    let counts = hub.get("/statistics/devices").body;
    assert_eq!(counts["totalDeviceCount"], 1, "modules are no devices");
    hub.delete("/devices/d", Some("*"));
    assert_eq!(
        code(&hub.get("/devices/d/modules")),
        (404, "DeviceNotFound")
    );
    hub.put("/devices/d", None, json!({}));
    assert_eq!(
        modules(&mut hub, "d"),
        [""; 0],
        "nothing is left for the next d"
    );
    hub.0.run(10_000);
    let operator = hub.0.operator();
    let events = hub.0.finish(async move { operator.all_events().await });
    let seen: Vec<(&str, Option<&str>)> = events
        .iter()
        .map(|event| {
            let properties = &event["applicationProperties"];
            (
                properties["opType"].as_str().unwrap(),
                properties["moduleId"].as_str(),
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("createDeviceIdentity", None),
            ("createDeviceIdentity", Some("m")),
            ("deleteDeviceIdentity", None),
            ("deleteDeviceIdentity", Some("m")),
            ("createDeviceIdentity", None),
        ]
    );
}
