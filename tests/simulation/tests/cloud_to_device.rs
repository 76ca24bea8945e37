//! What back ends see of their messages to devices: outcomes in time, and those that died
//! (`device-management.md` §8, §10 R47; `query-routing-events.md` §4.7).

use serde_json::{Value, json};
use shared::auth::{audience, sas};
use shared::http::{Backend, Method, Request, Response, handle};
use shared::ids::{DeviceId, Identity};
use simulation::device::{HOST, Habits};
use simulation::operator::Reply;
use simulation::rest::Rest;

const LETTERS: &str = "/api/v1/devices/pump/dead-letters";

/// A hub with a device that never connects.
fn hub() -> (Rest, String) {
    let mut hub = Rest::default();
    let made = hub.put("/devices/pump", None, json!({}));
    assert_eq!(made.status, 200);
    let key = &made.body["authentication"]["symmetricKey"]["primaryKey"];
    (hub, key.as_str().unwrap().to_owned())
}

/// Sends a message whose body is its id; `seconds` is its life.
fn send(hub: &mut Rest, device: &str, id: &str, ack: &str, seconds: Option<i64>) -> Reply {
    let expiry = seconds.map(|seconds| hub.0.hub().now().plus_seconds(seconds).to_string());
    let mut headers = vec![
        ("iothub-messageid", id),
        ("iothub-ack", ack),
        ("iothub-app-level", "high"),
    ];
    headers.extend(expiry.iter().map(|text| ("iothub-expiry", text.as_str())));
    let target = format!("/devices/{device}/messages/deviceBound");
    hub.send(Method::Post, &target, &headers, json!(id))
}

/// A request of the device below its messages.
fn as_device(hub: &mut Rest, key: &str, method: Method, path: &str) -> Response {
    let backend = hub.0.hub();
    let identity = Identity::device(DeviceId::parse("pump").unwrap());
    let resource = audience::device_resource(HOST, &identity);
    let token = sas::sign(key, &resource, backend.now().plus_seconds(600), None).unwrap();
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let request = Request {
        method,
        path: format!("/devices/pump/messages/devicebound{path}"),
        query: query.to_owned(),
        headers: vec![("authorization".to_owned(), token)],
        body: Vec::new(),
        secure: true,
    };
    hub.0.finish(async move { handle(&backend, request).await })
}

/// Locks the next message; its lock.
fn receive(hub: &mut Rest, key: &str) -> Option<String> {
    let answer = as_device(hub, key, Method::Get, "");
    Some(answer.header("etag")?.trim_matches('"').to_owned())
}

fn letters(hub: &mut Rest) -> Vec<Value> {
    let reply = hub.get(LETTERS);
    assert_eq!(reply.status, 200, "{}", reply.body);
    reply.body["items"].as_array().unwrap().clone()
}

fn of_each<'a>(letters: &'a [Value], name: &str) -> Vec<&'a Value> {
    letters.iter().map(|letter| &letter[name]).collect()
}

#[test]
fn r47_short_expiry_tells_who_is_reachable() {
    let mut hub = Rest::default();
    hub.0.connected_device("online", Habits::default());
    assert_eq!(hub.put("/devices/offline", None, json!({})).status, 200);
    for device in ["online", "offline"] {
        assert_eq!(send(&mut hub, device, device, "full", Some(60)).status, 204);
    }
    // Expiry and 15 s, with a look every second as a back end would.
    let mut outcomes = Vec::new();
    for _ in 0..75 {
        hub.0.run(1_000);
        let batch = hub.get("/messages/serviceBound/feedback");
        if batch.status == 204 {
            continue;
        }
        let lock = batch.header("etag").unwrap().trim_matches('"').to_owned();
        for record in batch.body.as_array().unwrap() {
            let text = |name: &str| record[name].as_str().unwrap().to_owned();
            assert_eq!(text("originalMessageId"), text("deviceId"));
            outcomes.push((text("deviceId"), text("statusCode")));
        }
        let done = hub.delete(&format!("/messages/serviceBound/feedback/{lock}"), None);
        assert_eq!(done.status, 204);
    }
    let expected = [("online", "Success"), ("offline", "Expired")];
    assert_eq!(
        outcomes,
        expected.map(|(device, outcome)| (device.to_owned(), outcome.to_owned()))
    );
}

#[test]
fn every_way_to_die_leaves_a_letter_and_completing_none() {
    let (mut hub, key) = hub();
    for id in ["completed", "rejected", "abandoned"] {
        assert_eq!(send(&mut hub, "pump", id, "none", None).status, 204);
        let lock = receive(&mut hub, &key).unwrap();
        match id {
            "completed" => as_device(&mut hub, &key, Method::Delete, &format!("/{lock}")),
            "rejected" => as_device(&mut hub, &key, Method::Delete, &format!("/{lock}?reject")),
            _ => {
                let abandoned = |lock: &str| format!("/{lock}/abandon");
                let mut last = as_device(&mut hub, &key, Method::Post, &abandoned(&lock));
                while let Some(lock) = receive(&mut hub, &key) {
                    last = as_device(&mut hub, &key, Method::Post, &abandoned(&lock));
                }
                last
            }
        };
        hub.0.run(1_000);
    }
    send(&mut hub, "pump", "expired", "none", Some(60));
    hub.0.run(61_000);
    send(&mut hub, "pump", "purged", "none", None);
    assert_eq!(hub.delete("/devices/pump/commands", None).status, 200);

    let letters = letters(&mut hub);
    assert_eq!(
        of_each(&letters, "reason"),
        ["Purged", "Expired", "DeliveryCountExceeded", "Rejected"],
        "the newest first"
    );
    assert_eq!(
        of_each(&letters, "messageId"),
        ["purged", "expired", "abandoned", "rejected"]
    );
    assert_eq!(of_each(&letters, "deliveryCount"), [0, 0, 10, 0]);
    let expired = &letters[1];
    assert_eq!(expired["size"], "\"expired\"".len());
    assert_eq!(expired["properties"], json!({ "level": "high" }));
    let number = expired["sequenceNumber"].as_u64().unwrap();
    let whole = hub.get(&format!("{LETTERS}/{number}"));
    assert_eq!(whole.body, "expired");
    assert_eq!(whole.header("iothub-messageid"), Some("expired"));
    assert_eq!(whole.header("iothub-app-level"), Some("high"));
    for missing in ["999", "x", "-1"] {
        assert_eq!(hub.get(&format!("{LETTERS}/{missing}")).status, 404);
    }
    assert_eq!(hub.get("/api/v1/devices/nobody/dead-letters").status, 404);
}

#[test]
fn a_letter_is_sent_again_with_a_fresh_life() {
    let (mut hub, key) = hub();
    send(&mut hub, "pump", "m", "full", Some(60));
    hub.0.run(61_000);
    let number = letters(&mut hub)[0]["sequenceNumber"].clone();
    let again = format!("{LETTERS}/{number}/resend");
    let past = hub.post(&again, json!({ "expiryTime": "2020-01-01T00:00:00Z" }));
    assert_eq!(past.status, 400);
    assert_eq!(letters(&mut hub).len(), 1, "it is still there");
    let until = hub.0.hub().now().plus_seconds(90);
    let sent = hub.post(&again, json!({ "expiryTime": until.to_string() }));
    assert_eq!(sent.status, 200, "{}", sent.body);
    assert_ne!(sent.body["sequenceNumber"], number);
    assert!(letters(&mut hub).is_empty());
    assert_eq!(hub.post(&again, Value::Null).status, 404);

    let queued = hub.get("/api/v1/devices/pump/c2d").body["items"][0].clone();
    assert_eq!(queued["messageId"], "m");
    assert_eq!(queued["ack"], "full");
    assert_eq!(queued["properties"], json!({ "level": "high" }));
    assert_eq!(queued["expiryTime"], until.to_string());
    let lock = receive(&mut hub, &key).unwrap();
    let rejected = format!("/{lock}?reject");
    assert_eq!(
        as_device(&mut hub, &key, Method::Delete, &rejected).status,
        204
    );
    // With the default life, and no expiry of its own.
    let number = letters(&mut hub)[0]["sequenceNumber"].clone();
    let sent = hub.post(&format!("{LETTERS}/{number}/resend"), Value::Null);
    assert_eq!(sent.status, 200, "{}", sent.body);
    let answer = as_device(&mut hub, &key, Method::Get, "");
    let life = hub.0.hub().now().plus_seconds(3600);
    let expiry = answer.header("iothub-expiry").unwrap();
    assert!(expiry <= life.to_string().as_str() && expiry > until.to_string().as_str());

    let record = hub.get("/api/v1/audit?action=resendDeadLetter").body;
    let actions = of_each(record["records"].as_array().unwrap(), "result");
    assert_eq!(actions, ["ok", "GenericNotFound", "ok", "ArgumentInvalid"]);
}

#[test]
fn a_full_queue_takes_no_letter_back() {
    let (mut hub, _) = hub();
    send(&mut hub, "pump", "m", "none", None);
    hub.delete("/devices/pump/commands", None);
    for number in 0..50 {
        assert_eq!(
            send(&mut hub, "pump", &number.to_string(), "none", None).status,
            204
        );
    }
    let number = letters(&mut hub)[0]["sequenceNumber"].clone();
    let refused = hub.post(&format!("{LETTERS}/{number}/resend"), Value::Null);
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.header("iothub-errorcode"),
        Some("DeviceMaximumQueueDepthExceeded")
    );
    assert_eq!(letters(&mut hub).len(), 1);
}

#[test]
fn the_newest_fifty_are_kept_for_seven_days_and_go_with_the_device() {
    let (mut hub, _) = hub();
    for number in 0..60 {
        send(&mut hub, "pump", &number.to_string(), "none", None);
        hub.delete("/devices/pump/commands", None);
    }
    let kept = letters(&mut hub);
    assert_eq!(kept.len(), 50);
    assert_eq!(
        (&kept[0]["messageId"], &kept[49]["messageId"]),
        (&json!("59"), &json!("10"))
    );

    let first = format!("{LETTERS}/{}", kept[0]["sequenceNumber"]);
    assert_eq!(hub.delete(&first, None).status, 204);
    assert_eq!(hub.delete(&first, None).status, 404);
    let all = hub.delete(LETTERS, None);
    assert_eq!((all.status, &all.body["deleted"]), (200, &json!(49)));
    assert!(letters(&mut hub).is_empty());

    send(&mut hub, "pump", "old", "none", None);
    hub.delete("/devices/pump/commands", None);
    hub.0.run(7 * 24 * 3_600_000 - 1_000);
    assert_eq!(letters(&mut hub).len(), 1);
    hub.0.run(2_000);
    assert!(letters(&mut hub).is_empty());

    send(&mut hub, "pump", "last", "none", None);
    hub.delete("/devices/pump/commands", None);
    assert_eq!(letters(&mut hub).len(), 1);
    assert_eq!(hub.delete("/devices/pump", Some("*")).status, 204);
    assert_eq!(hub.put("/devices/pump", None, json!({})).status, 200);
    assert!(letters(&mut hub).is_empty());
}
