//! Devices that fall silent, and the alerts of that, for tests.

use crate::device::{Action, HOST, Habits};
use crate::rest::Rest;
use serde_json::{Value, json};
use shared::auth::{audience, sas};
use shared::http::{Backend, Method, Request, handle};
use shared::ids::{DeviceId, Identity};

/// A minute, in milliseconds.
pub const MINUTE: i64 = 60_000;

/// A device that goes on for as long as a test.
pub fn habits() -> Habits {
    Habits {
        token_seconds: 30 * 86_400,
        ..Habits::default()
    }
}

/// Sets tags.
///
/// # Panics
/// If the hub does not agree.
pub fn tag(hub: &mut Rest, id: &str, tags: Value) {
    let reply = hub.patch(&format!("/twins/{id}"), json!({ "tags": tags }));
    assert_eq!(reply.status, 200, "{:?}", reply.body);
}

/// A device that is connected and should send something every so many seconds.
///
/// # Panics
/// If the hub does not agree.
pub fn device(hub: &mut Rest, id: &str, seconds: i64) -> usize {
    let device = hub.0.connected_device(id, habits());
    tag(hub, id, json!({ "heartbeatSeconds": seconds }));
    device
}

/// Has a device send a message.
pub fn publish(hub: &mut Rest, device: usize) {
    hub.0.world_mut().tell_device(device, 0, Action::Publish);
}

/// The primary key of a device.
///
/// # Panics
/// If the hub does not agree.
pub fn key_of(hub: &mut Rest, id: &str) -> String {
    let device = hub.get(&format!("/devices/{id}")).body;
    let key = device["authentication"]["symmetricKey"]["primaryKey"].as_str();
    key.expect("a key").to_owned()
}

/// Sends an empty message over HTTPS; the status.
///
/// # Panics
/// If the key is no key.
pub fn post_nothing(hub: &mut Rest, id: &str, key: &str) -> u16 {
    let backend = hub.0.hub();
    let identity = Identity::device(DeviceId::parse(id).expect("a legal id"));
    let resource = audience::device_resource(HOST, &identity);
    let expiry = backend.now().plus_seconds(600);
    let token = sas::sign(key, &resource, expiry, None).expect("a key");
    let request = Request {
        method: Method::Post,
        path: format!("/devices/{id}/messages/events"),
        query: "api-version=2021-04-12".to_owned(),
        headers: vec![("authorization".to_owned(), token)],
        body: Vec::new(),
        secure: true,
    };
    hub.0
        .finish(async move { handle(&backend, request).await })
        .status
}

/// Items of a list.
///
/// # Panics
/// If the hub does not agree.
pub fn items(hub: &mut Rest, target: &str) -> Vec<Value> {
    let reply = hub.get(target);
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    reply.body["items"].as_array().expect("items").clone()
}

/// Alerts, newest first.
pub fn alerts(hub: &mut Rest, filter: &str) -> Vec<Value> {
    items(hub, &format!("/api/v1/alerts?{filter}"))
}

/// Ids of devices that are overdue.
pub fn overdue(hub: &mut Rest) -> Vec<Value> {
    let items = items(hub, "/api/v1/heartbeats?overdue=true&top=1000");
    items.iter().map(|item| item["deviceId"].clone()).collect()
}

/// Changes an alert rule.
///
/// # Panics
/// If the hub does not agree.
pub fn rule(hub: &mut Rest, id: &str, document: Value) -> Value {
    let reply = hub.put(&format!("/api/v1/alert-rules/{id}"), None, document);
    assert!([200, 201].contains(&reply.status), "{:?}", reply.body);
    // Shards have it a moment later.
    hub.0.run(1_500);
    reply.body
}
