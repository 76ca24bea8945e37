//! Maintenance policies through REST, for tests.

use crate::rest::Rest;
use crate::scheduling;
use serde_json::{Value, json};

/// An hour, in milliseconds.
pub const HOUR: i64 = 3_600_000;
/// A day, in milliseconds.
pub const DAY: i64 = 24 * HOUR;

/// Keeps a policy about reboots, firmware and disruptive twin updates; its etag. Shards have it then.
///
/// # Panics
/// If the hub does not agree.
pub fn policy(hub: &mut Rest, id: &str, mut document: Value) -> String {
    document["appliesTo"] = json!([
        "method:reboot",
        "method:firmwareUpdate",
        "twinUpdate:disruptive"
    ]);
    document["minRemainingSeconds"] = json!(0);
    let reply = hub.put(
        &format!("/api/v1/maintenance-policies/{id}"),
        None,
        document,
    );
    assert!([200, 201].contains(&reply.status), "{:?}", reply.body);
    // Shards have it a moment later.
    hub.0.run(1_000);
    reply.body["etag"]
        .as_str()
        .expect("as it should be")
        .to_owned()
}

/// Saturdays from one to four o'clock in Oslo.
pub fn night() -> Value {
    json!({ "windows": [
        { "days": ["sat"], "start": "01:00", "durationMinutes": 180, "timezone": "Europe/Oslo" },
    ] })
}

/// Calls a method on all devices by a job.
///
/// # Panics
/// If the hub does not agree.
pub fn reboot_job(hub: &mut Rest, id: &str, method: &str, seconds: i64) {
    let job = json!({
        "type": "scheduleDeviceMethod",
        "cloudToDeviceMethod": { "methodName": method, "payload": { "call": 1 }, "responseTimeoutInSeconds": 10 },
        "queryCondition": "*",
        "maxExecutionTimeInSeconds": seconds,
    });
    let reply = hub.put(&format!("/jobs/v2/{id}"), None, job);
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    hub.0.run(2_000);
}

/// How often a method of a device was called.
pub fn calls(hub: &Rest, device: usize) -> usize {
    hub.0.world().devices[device].diary.methods.len()
}

/// The first row of a job.
///
/// # Panics
/// If the hub does not agree.
pub fn row(hub: &mut Rest, job: &str) -> Value {
    scheduling::rows(hub, job).remove(0)
}

/// What the device `d` reports of its conditions.
///
/// # Panics
/// If the hub does not agree.
pub fn report(hub: &mut Rest, conditions: Value) {
    crate::configuring::report(hub, "d", json!({ "conditions": conditions }));
}

/// Calls a method of the device `d`: status and body of the answer.
///
/// # Panics
/// If the hub does not agree.
pub fn call(hub: &mut Rest, method: &str, headers: &[(&str, &str)]) -> (u16, Value) {
    let reply = hub.send(
        shared::http::Method::Post,
        "/twins/d/methods",
        headers,
        json!({ "methodName": method, "payload": { "call": 1 }, "responseTimeoutInSeconds": 10 }),
    );
    (reply.status, reply.body)
}
