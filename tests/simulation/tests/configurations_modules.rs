//! Configurations of modules and of edge devices, and content that is applied once
//! (`service.md` §11.1, §11.2).

use serde_json::{Value, json};
use simulation::configuring::{desired, marks};
use simulation::rest::Rest;

fn put(hub: &mut Rest, id: &str, priority: u32, target: &str, content: Value) {
    let body = json!({ "priority": priority, "targetCondition": target, "content": content });
    let reply = hub.put(&format!("/configurations/{id}"), None, body);
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    hub.0.run(2_000);
}

fn edge(hub: &mut Rest, id: &str) {
    let body = json!({ "capabilities": { "iotEdge": true } });
    assert_eq!(hub.put(&format!("/devices/{id}"), None, body).status, 200);
}

#[test]
fn modules_are_targets_by_their_own_twins() {
    let mut hub = Rest::default();
    hub.put("/devices/pump", None, json!({}));
    hub.put("/devices/pump/modules/m", None, json!({}));
    let content = json!({ "moduleContent": { "properties.desired.hz": 5 } });
    let target = "from devices.modules where tags.kind = 'a'";
    put(&mut hub, "m", 1, target, content);
    assert_eq!(desired(&mut hub, "pump/modules/m"), json!({}));
    let written = hub
        .patch("/twins/pump/modules/m", json!({ "tags": { "kind": "a" } }))
        .body;
    assert_eq!(
        written["configurations"],
        json!({ "m": { "status": "Applied" } })
    );
    assert_eq!(written["properties"]["desired"]["hz"], 5);
    assert_eq!(marks(&mut hub, "pump"), Value::Null);
    let counted = hub.get("/configurations/m").body;
    assert_eq!(
        counted["systemMetrics"]["results"],
        json!({ "targetedCount": 1, "appliedCount": 1 })
    );
    // A module that is a target as soon as it is there.
    let any = json!({ "moduleContent": { "properties.desired.any": 1 } });
    put(
        &mut hub,
        "any",
        1,
        "from devices.modules where deviceId = 'pump'",
        any,
    );
    hub.put("/devices/pump/modules/n", None, json!({}));
    assert_eq!(desired(&mut hub, "pump/modules/n"), json!({ "any": 1 }));
    edge(&mut hub, "gateway");
    let agents = json!({ "moduleContent": { "properties.desired.agent": 1 } });
    put(
        &mut hub,
        "agents",
        1,
        "from devices.modules where moduleId = '$edgeAgent'",
        agents,
    );
    assert_eq!(
        desired(&mut hub, "gateway/modules/%24edgeAgent"),
        json!({ "agent": 1 })
    );
    edge(&mut hub, "later");
    assert_eq!(
        desired(&mut hub, "later/modules/%24edgeAgent"),
        json!({ "agent": 1 })
    );
}

#[test]
fn edge_content_goes_to_the_modules_of_edge_devices_in_layers() {
    let mut hub = Rest::default();
    edge(&mut hub, "gateway");
    hub.put("/devices/pump", None, json!({}));
    let base = json!({ "modulesContent": {
        "$edgeAgent": { "properties.desired": { "modules": {}, "schemaVersion": "1.1" } },
        "$edgeHub": { "properties.desired": { "routes": { "up": "FROM /* INTO $upstream" } } },
        "filter": { "properties.desired.limit": 10 },
    } });
    put(&mut hub, "base", 1, "*", base);
    let layer = json!({ "modulesContent": {
        "$edgeAgent": { "properties.desired.modules.filter": { "version": "2" } },
        "$edgeHub": { "properties.desired.routes.extra": "FROM /x INTO $upstream" },
        "filter": { "properties.desired.limit": 20 },
    } });
    put(&mut hub, "layer", 2, "tags.layer = 1", layer);
    assert_eq!(
        desired(&mut hub, "gateway/modules/filter"),
        json!({ "limit": 10 })
    );
    assert_eq!(
        hub.get("/devices/gateway/modules/filter").body["managedBy"],
        "iotEdge"
    );
    assert_eq!(marks(&mut hub, "pump"), Value::Null, "it is no edge device");
    hub.patch("/twins/gateway", json!({ "tags": { "layer": 1 } }));
    assert_eq!(
        desired(&mut hub, "gateway/modules/%24edgeAgent"),
        json!({ "modules": { "filter": { "version": "2" } }, "schemaVersion": "1.1" })
    );
    assert_eq!(
        desired(&mut hub, "gateway/modules/%24edgeHub"),
        json!({ "routes": { "up": "FROM /* INTO $upstream", "extra": "FROM /x INTO $upstream" } })
    );
    assert_eq!(
        desired(&mut hub, "gateway/modules/filter"),
        json!({ "limit": 20 })
    );
    let applied = json!({ "status": "Applied" });
    let both = json!({ "layer": applied, "base": applied });
    assert_eq!(marks(&mut hub, "gateway"), both);
    assert_eq!(
        marks(&mut hub, "gateway/modules/filter"),
        json!({ "layer": applied, "base": { "status": "Targeted" } })
    );
    let counted = hub.get("/configurations/base").body["systemMetrics"]["results"].take();
    assert_eq!(
        counted,
        json!({
            "targetedCount": 1, "appliedCount": 1,
            "reportedSuccessfulCount": 0, "reportedFailedCount": 0,
        })
    );
    let explained = hub
        .get("/api/v1/devices/gateway/effective-configuration")
        .body;
    let limit = &explained["modules"]["filter"]["desired"][0];
    assert_eq!(
        (&limit["configuration"], &limit["value"]),
        (&json!("layer"), &json!(20))
    );
    assert_eq!(limit["lost"][0]["configuration"], "base");
    // Leaving, and being no edge device any more.
    hub.patch("/twins/gateway", json!({ "tags": { "layer": null } }));
    assert_eq!(
        desired(&mut hub, "gateway/modules/filter"),
        json!({ "limit": 10 })
    );
    assert_eq!(
        marks(&mut hub, "gateway/modules/filter"),
        json!({ "base": applied })
    );
    let plain = hub.put(
        "/devices/gateway",
        Some("*"),
        json!({ "capabilities": { "iotEdge": false } }),
    );
    assert_eq!(plain.status, 200, "{:?}", plain.body);
    assert_eq!(marks(&mut hub, "gateway"), Value::Null);
    assert_eq!(marks(&mut hub, "gateway/modules/filter"), Value::Null);
}

#[test]
fn content_is_applied_once_to_an_edge_device() {
    let mut hub = Rest::default();
    hub.put("/devices/pump", None, json!({}));
    edge(&mut hub, "gateway");
    let agent = json!({ "properties.desired": { "modules": { "a": 1, "b": 2 } } });
    let content = json!({
        "modulesContent": { "$edgeAgent": agent, "custom": { "properties.desired.x.y": 1 } },
        "deviceContent": { "properties.desired.z": 1 },
    });
    let path = |id: &str| format!("/devices/{id}/applyConfigurationContent");
    let refused = hub.post(&path("pump"), content.clone());
    assert_eq!(refused.status, 400);
    assert!(
        refused
            .body
            .to_string()
            .contains("Not an Azure IoT Edge device")
    );
    assert_eq!(hub.post(&path("none"), content.clone()).status, 404);
    assert_eq!(hub.post(&path("gateway"), content).status, 204);
    assert_eq!(
        desired(&mut hub, "gateway/modules/%24edgeAgent"),
        json!({ "modules": { "a": 1, "b": 2 } })
    );
    assert_eq!(
        desired(&mut hub, "gateway/modules/custom"),
        json!({ "x": { "y": 1 } })
    );
    assert_eq!(desired(&mut hub, "gateway"), json!({ "z": 1 }));
    // What the new content does not have goes: a module must not stay on the device.
    let next = json!({ "modulesContent": {
        "$edgeAgent": { "properties.desired": { "modules": { "b": 3 } } },
    } });
    assert_eq!(hub.post(&path("gateway"), next).status, 204);
    assert_eq!(
        desired(&mut hub, "gateway/modules/%24edgeAgent"),
        json!({ "modules": { "b": 3 } })
    );
    let bad = json!({ "modulesContent": { "$edgeAgent": { "tags": {} } } });
    let refused = hub.post(&path("gateway"), bad);
    assert_eq!(
        refused.header("iothub-errorcode"),
        Some("InvalidConfigurationContent")
    );
    assert_eq!(marks(&mut hub, "gateway/modules/%24edgeAgent"), Value::Null);
    assert_eq!(hub.get("/configurations").body, json!([]));
}
