//! Configurations through REST, and what they make of twins, for tests.

use crate::operator::Reply;
use crate::rest::Rest;
use serde_json::{Value, json};
use shared::http::Backend;
use shared::ids::{DeviceId, Identity};
use shared::ipc::registry::{RegistryRequest, ReportTwin};

/// A hub that takes more configurations in a minute than a real one.
///
/// # Panics
/// If the hub does not agree.
pub fn hub() -> Rest {
    let mut hub = Rest::default();
    // Tests write more configurations in a minute than one may.
    let limits = json!({ "overrides": {
        "configurations": { "perMinute": 60_000, "burst": 1_000 },
    } });
    assert_eq!(hub.put("/api/v1/throttles", None, limits).status, 200);
    hub
}

/// A device with tags.
///
/// # Panics
/// If the hub does not agree.
pub fn device(hub: &mut Rest, id: &str, tags: Value) {
    assert_eq!(
        hub.put(&format!("/devices/{id}"), None, json!({})).status,
        200
    );
    let written = hub.patch(&format!("/twins/{id}"), json!({ "tags": tags }));
    assert_eq!(written.status, 200);
}

/// A configuration over devices; it is evaluated everywhere when this returns.
pub fn configure(hub: &mut Rest, id: &str, priority: u32, target: &str, content: Value) -> Reply {
    let body = json!({
        "id": id, "priority": priority, "targetCondition": target,
        "content": { "deviceContent": content },
    });
    let reply = hub.put(&format!("/configurations/{id}"), None, body);
    hub.0.run(2_000);
    reply
}

/// The same, and it was taken.
///
/// # Panics
/// If the hub does not agree.
pub fn configured(hub: &mut Rest, id: &str, priority: u32, target: &str, content: Value) {
    let reply = configure(hub, id, priority, target, content);
    assert_eq!(reply.status, 200, "{:?}", reply.body);
}

/// Changes some fields of a configuration, whatever its etag.
///
/// # Panics
/// If `fields` is no object.
pub fn change(hub: &mut Rest, id: &str, fields: Value) -> Reply {
    let path = format!("/configurations/{id}");
    let mut body = hub.get(&path).body;
    for (name, value) in fields.as_object().expect("as it should be") {
        body[name] = value.clone();
    }
    let reply = hub.put(&path, Some("*"), body);
    hub.0.run(2_000);
    reply
}

/// Desired properties without metadata, of a device or of `device/modules/module`.
///
/// # Panics
/// If the hub does not agree.
pub fn desired(hub: &mut Rest, id: &str) -> Value {
    let mut desired = hub.get(&format!("/twins/{id}")).body["properties"]["desired"].take();
    let members = desired.as_object_mut().expect("as it should be");
    members.remove("$metadata");
    members.remove("$version");
    desired
}

/// What a twin says of configurations; null if nothing.
pub fn marks(hub: &mut Rest, id: &str) -> Value {
    let mut twin = hub.get(&format!("/twins/{id}")).body;
    twin.get_mut("configurations")
        .map_or(Value::Null, Value::take)
}

/// The version of a twin.
///
/// # Panics
/// If the hub does not agree.
pub fn version(hub: &mut Rest, id: &str) -> u64 {
    hub.get(&format!("/twins/{id}")).body["version"]
        .as_u64()
        .expect("as it should be")
}

/// A mark.
pub fn applied() -> Value {
    json!({ "status": "Applied" })
}

/// A mark.
pub fn targeted() -> Value {
    json!({ "status": "Targeted" })
}

/// What a device reports.
///
/// # Panics
/// If the hub does not agree.
pub fn report(hub: &mut Rest, id: &str, patch: Value) {
    let backend = hub.0.hub();
    let identity = Identity::device(DeviceId::parse(id).expect("as it should be"));
    let shard = backend.layout().shard_of(&identity.device);
    let report = RegistryRequest::ReportTwin(ReportTwin {
        identity,
        patch: patch.to_string(),
        version: None,
    });
    let done = hub
        .0
        .finish(async move { backend.registry(shard, report).await });
    done.expect("as it should be");
}
