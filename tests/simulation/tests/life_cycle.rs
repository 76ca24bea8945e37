//! Steps of a device's life: discovery, blocking, parents
//! (`device-management.md` §10 R18, R43; `service.md` §4.2).

use serde_json::{Value, json};
use shared::auth::{audience, sas};
use shared::http::{Backend, Method, Request, handle};
use shared::ids::{DeviceId, Identity, ModuleId};
use simulation::device::{Action, HOST, Habits};
use simulation::operator::Reply;
use simulation::rest::Rest;

/// A request of a device, with its own key; the status.
fn as_device(hub: &mut Rest, identity: &Identity, key: &str, method: Method, path: &str) -> u16 {
    let backend = hub.0.hub();
    let resource = audience::device_resource(HOST, identity);
    let token = sas::sign(key, &resource, backend.now().plus_seconds(600), None).unwrap();
    let request = Request {
        method,
        path: path.to_owned(),
        query: "api-version=2021-04-12".to_owned(),
        headers: vec![("authorization".to_owned(), token)],
        body: b"{}".to_vec(),
        secure: true,
    };
    hub.0
        .finish(async move { handle(&backend, request).await })
        .status
}

#[test]
fn r18_what_a_device_reports_on_its_first_connect_is_found_at_once() {
    let mut hub = Rest::default();
    let query = json!({ "query": "SELECT deviceId FROM devices WHERE IS_DEFINED(properties.reported.count)" });
    let device = hub.0.connected_device("pump", Habits::default());
    assert_eq!(hub.post("/devices/query", query.clone()).body, json!([]));
    hub.0.world_mut().tell_device(device, 0, Action::Report);
    let reported = hub.0.run_until(1_000, |world| {
        !world.devices[device].diary.reported.is_empty()
    });
    assert!(reported, "the report was taken");
    assert_eq!(
        hub.post("/devices/query", query).body,
        json!([{ "deviceId": "pump" }])
    );
}

#[test]
fn r43_a_disabled_device_loses_every_session_and_every_endpoint_until_it_is_enabled() {
    let mut hub = Rest::default();
    let device = hub.0.connected_device("pump", Habits::default());
    let device_key = hub.0.world().devices[device].key.clone();
    let made = hub.put("/devices/pump/modules/m", None, json!({})).body;
    let module_key = made["authentication"]["symmetricKey"]["primaryKey"]
        .as_str()
        .unwrap()
        .to_owned();
    let of_device = Identity::device(DeviceId::parse("pump").unwrap());
    let of_module = Identity {
        module: ModuleId::parse("m").ok(),
        ..of_device.clone()
    };
    let module = hub
        .0
        .world_mut()
        .add_device(of_module.clone(), &module_key, Habits::default());
    hub.0.world_mut().tell_device(module, 0, Action::Connect);
    assert!(
        hub.0
            .run_until(60_000, |world| world.devices[module].is_ready())
    );
    hub.post("/devices/pump/messages/deviceBound", json!("hi"));
    let calls = |hub: &mut Rest| {
        [
            as_device(
                hub,
                &of_device,
                &device_key,
                Method::Post,
                "/devices/pump/messages/events",
            ),
            as_device(
                hub,
                &of_device,
                &device_key,
                Method::Get,
                "/devices/pump/messages/devicebound",
            ),
            as_device(
                hub,
                &of_device,
                &device_key,
                Method::Delete,
                "/devices/pump/messages/devicebound/lock",
            ),
            as_device(
                hub,
                &of_device,
                &device_key,
                Method::Post,
                "/devices/pump/messages/devicebound/lock/abandon",
            ),
            as_device(
                hub,
                &of_module,
                &module_key,
                Method::Post,
                "/devices/pump/modules/m/messages/events",
            ),
        ]
    };
    assert_eq!(calls(&mut hub)[0], 204);
    assert_eq!(calls(&mut hub)[4], 204);

    let mut document = hub.get("/devices/pump").body;
    document["status"] = json!("disabled");
    document["statusReason"] = json!("compromised");
    assert_eq!(
        hub.put("/devices/pump", Some("*"), document.clone()).status,
        200
    );
    assert_eq!(calls(&mut hub), [404; 5], "refused at once");
    let closed = hub.0.run_until(5_000, |world| {
        !world.devices[device].is_ready() && !world.devices[module].is_ready()
    });
    assert!(closed, "within 5 s");
    hub.0.run(30_000);
    for number in [device, module] {
        assert!(
            !hub.0.world().devices[number].is_ready(),
            "and it stays out"
        );
    }
    let twin = hub.get("/twins/pump").body;
    assert_eq!(
        (&twin["status"], &twin["statusReason"]),
        (&json!("disabled"), &json!("compromised"))
    );
    assert_eq!(twin["connectionState"], "Disconnected");
    assert_eq!(
        hub.patch("/twins/pump", json!({ "tags": { "case": 7 } }))
            .status,
        200
    );

    document["status"] = json!("enabled");
    document["statusReason"] = Value::Null;
    assert_eq!(hub.put("/devices/pump", Some("*"), document).status, 200);
    assert_eq!(calls(&mut hub)[0], 204, "with the same key");
    assert_eq!(calls(&mut hub)[4], 204);
    let back = hub.0.run_until(60_000, |world| {
        world.devices[device].is_ready() && world.devices[module].is_ready()
    });
    assert!(back, "both come back by themselves");
}

fn edge(hub: &mut Rest, id: &str) -> String {
    let made = hub.put(
        &format!("/devices/{id}"),
        None,
        json!({ "capabilities": { "iotEdge": true } }),
    );
    made.body["deviceScope"].as_str().unwrap().to_owned()
}

fn code(reply: &Reply) -> (u16, &str) {
    let message = reply.body["Message"].as_str().unwrap_or_default();
    (reply.status, message.split(';').next().unwrap_or_default())
}

#[test]
fn a_parent_must_be_an_edge_device_of_this_hub_in_whichever_shard() {
    let mut hub = Rest::default();
    let refused = (400, "ErrorCode:InvalidDeviceScope");
    for number in 0..6 {
        let scope = edge(&mut hub, &format!("edge-{number}"));
        let leaf = hub.put(
            &format!("/devices/leaf-{number}"),
            None,
            json!({ "deviceScope": scope }),
        );
        assert_eq!(leaf.status, 200, "{:?}", leaf.body);
        assert_eq!(leaf.body["parentScopes"], json!([scope]));
    }
    let parent = edge(&mut hub, "parent");
    hub.put("/devices/plain", None, json!({ "deviceScope": parent }));
    for scope in [
        "ms-azure-iot-edge://nobody-1",
        "ms-azure-iot-edge://plain-1",
        "ms-azure-iot-edge://parent-1",
        "ms-azure-iot-edge://-",
        "parent",
    ] {
        let leaf = hub.put("/devices/leaf", None, json!({ "deviceScope": scope }));
        assert_eq!(code(&leaf), refused, "{scope}");
        let nested = json!({ "capabilities": { "iotEdge": true }, "parentScopes": [scope] });
        assert_eq!(
            code(&hub.put("/devices/leaf", None, nested)),
            refused,
            "{scope}"
        );
    }
    assert_eq!(hub.get("/devices/leaf").status, 404);
    let nested = json!({ "capabilities": { "iotEdge": true }, "parentScopes": [parent] });
    assert_eq!(hub.put("/devices/nested", None, nested).status, 200);
    // Its own parent.
    let mut own = hub.get("/devices/parent").body;
    own["parentScopes"] = json!([parent]);
    assert_eq!(code(&hub.put("/devices/parent", Some("*"), own)), refused);

    let items = json!([
        { "id": "bulk-good", "deviceScope": parent },
        { "id": "bulk-bad", "deviceScope": "ms-azure-iot-edge://nobody-1" },
    ]);
    let bulk = hub.post("/devices", items);
    assert_eq!(bulk.body["errors"].as_array().unwrap().len(), 1);
    assert_eq!(bulk.body["errors"][0]["errorCode"], 400_028);

    // A child whose parent has gone can still be written as it is, and be detached.
    hub.delete("/devices/parent", Some("*"));
    let child = hub.get("/devices/plain").body;
    assert_eq!(
        hub.put("/devices/plain", Some("*"), child.clone()).status,
        200
    );
    assert_eq!(
        code(&hub.put("/devices/late", None, json!({ "deviceScope": parent }))),
        refused
    );
    let mut alone = child;
    alone["deviceScope"] = json!("");
    let alone = hub.put("/devices/plain", Some("*"), alone);
    assert_eq!((alone.status, alone.body.get("deviceScope")), (200, None));
}
