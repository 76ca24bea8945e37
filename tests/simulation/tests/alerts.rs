//! Alerts: what needs a person, and what they do about it (`device-management.md` §5).

use serde_json::{Value, json};
use simulation::device::Habits;
use simulation::maintaining::{call, night, policy, reboot_job, report};
use simulation::rest::Rest;
use simulation::scheduling;

const WANTS: [(&str, &str); 1] = [("x-hub-override", "the plant manager asked for it")];

fn alerts(hub: &mut Rest, filter: &str) -> Vec<Value> {
    let reply = hub.get(&format!("/api/v1/alerts?{filter}"));
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    reply.body["items"].as_array().expect("items").clone()
}

fn change(hub: &mut Rest, id: &Value, verb: &str, body: Value) -> (u16, Value) {
    let id = id.as_str().expect("an id");
    let reply = hub.post(&format!("/api/v1/alerts/{id}/{verb}"), body);
    (reply.status, reply.body)
}

/// A hub with a device whose safety interlock somebody wants to override.
fn blocked() -> Rest {
    let mut hub = Rest::default();
    hub.0.connected_device("d", Habits::default());
    policy(&mut hub, "night", night());
    report(&mut hub, json!({ "safetyInterlock": true }));
    assert_eq!(call(&mut hub, "reboot", &WANTS).0, 409);
    hub
}

#[test]
fn r11_an_override_that_safety_refuses_is_an_alert() {
    let mut hub = blocked();
    let open = alerts(&mut hub, "attention=true");
    let [alert] = open.as_slice() else {
        panic!("{open:?}")
    };
    assert_eq!(alert["rule"], "safetyBlocked");
    assert_eq!(alert["severity"], "warning");
    assert_eq!(alert["state"], "open");
    assert_eq!(alert["subject"], json!({ "deviceId": "d" }));
    assert_eq!(alert["links"], json!({ "device": "/api/v1/devices/d" }));
    assert_eq!(alert["hint"], WANTS[0].1);
    assert_eq!(alert["count"], 1);
    // Once more is no second alert.
    hub.0.run(60_000);
    assert_eq!(call(&mut hub, "reboot", &WANTS).0, 409);
    let again = alerts(&mut hub, "rule=safetyBlocked&subject=d");
    assert_eq!(again.len(), 1);
    assert_eq!(
        (&again[0]["id"], &again[0]["count"]),
        (&alert["id"], &json!(2))
    );
    assert_eq!(again[0]["openedAt"], alert["openedAt"]);
    assert!(again[0]["lastSeenAt"].as_str() > alert["lastSeenAt"].as_str());
    // One that passes is to be known, and calls nobody.
    report(&mut hub, json!({ "safetyInterlock": false }));
    assert_eq!(call(&mut hub, "reboot", &WANTS).0, 200);
    let known = alerts(&mut hub, "severity=info");
    assert_eq!(known.len(), 1);
    assert_eq!(known[0]["rule"], "overrideUsed");
    assert_eq!(known[0]["attention"], false);
    // Who is refused for another reason, and who overrides nothing, raises none.
    assert_eq!(call(&mut hub, "reboot", &[]).0, 409);
    assert_eq!(alerts(&mut hub, "").len(), 2);
}

#[test]
fn a_person_acknowledges_snoozes_and_resolves() {
    let mut hub = blocked();
    let id = alerts(&mut hub, "")[0]["id"].clone();
    let (status, alert) = change(&mut hub, &id, "ack", Value::Null);
    assert_eq!((status, &alert["state"]), (200, &json!("acknowledged")));
    assert_eq!(alert["handledBy"], "policy:iothubowner");
    assert!(alerts(&mut hub, "state=open").is_empty());

    let until = json!({ "until": "2026-03-01T02:00:00Z" });
    let (status, alert) = change(&mut hub, &id, "snooze", until.clone());
    assert_eq!((status, &alert["state"]), (200, &json!("snoozed")));
    assert_eq!(alert["until"], "2026-03-01T02:00:00.0000000Z");
    hub.0.run(119 * 60_000);
    assert_eq!(alerts(&mut hub, "state=snoozed").len(), 1);
    assert_eq!(alerts(&mut hub, "state=unresolved").len(), 1);
    hub.0.run(2 * 60_000);
    assert_eq!(alerts(&mut hub, "state=open").len(), 1, "its time is over");

    let (status, alert) = change(&mut hub, &id, "resolve", Value::Null);
    assert_eq!((status, &alert["state"]), (200, &json!("resolved")));
    assert_eq!(change(&mut hub, &id, "ack", Value::Null).0, 405);
    // What happens then is a new one.
    assert_eq!(call(&mut hub, "reboot", &WANTS).0, 409);
    let all = alerts(&mut hub, "");
    assert_eq!(all.len(), 2, "{all:?}");
    assert_ne!(all[0]["id"], id);
    // The record has what was done and by whom.
    let audit = hub.get("/api/v1/audit?top=100").body;
    let done: Vec<&Value> = audit["records"]
        .as_array()
        .expect("records")
        .iter()
        .filter(|record| {
            record["after"]["rule"] == "safetyBlocked"
                || record["before"]["rule"] == "safetyBlocked"
        })
        .map(|record| &record["action"])
        .collect();
    for action in ["acknowledgeAlert", "snoozeAlert", "resolveAlert"] {
        assert!(done.contains(&&json!(action)), "{audit}");
    }
}

#[test]
fn what_makes_no_sense_is_refused() {
    let mut hub = blocked();
    let id = alerts(&mut hub, "")[0]["id"].clone();
    for (verb, body) in [
        ("snooze", Value::Null),
        ("snooze", json!({ "until": "2026-02-01T00:00:00Z" })),
        ("ack", json!({ "until": "2027-03-01T00:00:00Z" })),
        ("ack", json!({ "until": "soon" })),
    ] {
        let (status, refusal) = change(&mut hub, &id, verb, body);
        assert_eq!(status, 400, "{refusal}");
        assert!(
            refusal["Message"]
                .as_str()
                .expect("a text")
                .contains("until")
        );
    }
    assert_eq!(change(&mut hub, &json!("a-77"), "ack", Value::Null).0, 404);
    assert_eq!(change(&mut hub, &json!("first"), "ack", Value::Null).0, 400);
    for filter in [
        "state=closed",
        "severity=bad",
        "rule=x",
        "attention=1",
        "cursor=x",
    ] {
        let reply = hub.get(&format!("/api/v1/alerts?{filter}"));
        assert_eq!(reply.status, 400, "{filter}: {:?}", reply.body);
    }
}

fn rollout(silent: bool) -> (Rest, Value) {
    let mut hub = Rest::default();
    for number in 0..20 {
        let habits = Habits {
            ignores_methods: if silent { 1_000 } else { 0 },
            ..Habits::default()
        };
        hub.0.connected_device(&format!("d{number}"), habits);
    }
    let job = json!({
        "type": "scheduleDeviceMethod",
        "cloudToDeviceMethod": { "methodName": "ping", "payload": {}, "responseTimeoutInSeconds": 5 },
        "queryCondition": "*",
        "maxExecutionTimeInSeconds": 3_600,
        "rollout": {
            "waves": [{ "percent": 50 }, { "percent": 100 }],
            "waveSuccessPercent": 95,
            "abort": { "failedPercent": 10, "minDevices": 3 },
            "pauseBetweenWaves": "manual",
        },
    });
    let reply = hub.put("/jobs/v2/firmware", None, job);
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    (hub, reply.body)
}

#[test]
fn a_rollout_that_stops_is_an_alert_until_it_is_retried() {
    let (mut hub, _) = rollout(true);
    let done = scheduling::end(&mut hub, "firmware");
    assert_eq!(done["status"], "cancelled");
    let open = alerts(&mut hub, "attention=true");
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["rule"], "jobAborted");
    assert_eq!(open[0]["severity"], "error");
    assert_eq!(open[0]["subject"], json!({ "jobId": "firmware" }));
    let why = done["failureReason"].as_str().expect("a reason");
    assert!(open[0]["summary"].as_str().expect("a text").contains(why));
    hub.0.run(60_000);
    let retried = hub.post("/api/v1/jobs/firmware/retry", Value::Null);
    assert_eq!(retried.status, 200, "{:?}", retried.body);
    let settled = alerts(&mut hub, "rule=jobAborted&state=resolved");
    assert_eq!(settled.len(), 1);
    assert_eq!(settled[0]["handledBy"], "auto");
}

#[test]
fn a_rollout_that_waits_for_somebody_says_so_until_it_goes_on() {
    let (mut hub, _) = rollout(false);
    hub.0.run(60_000);
    let open = alerts(&mut hub, "state=open&rule=rolloutPaused");
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["attention"], false);
    let resumed = hub.post("/api/v1/jobs/firmware/resume", Value::Null);
    assert_eq!(resumed.status, 200);
    assert!(alerts(&mut hub, "state=open").is_empty());
    assert_eq!(scheduling::end(&mut hub, "firmware")["status"], "completed");
    assert!(alerts(&mut hub, "state=open").is_empty());
}

#[test]
fn devices_that_were_held_too_long_are_an_alert_of_their_job() {
    let mut hub = Rest::default();
    for number in 0..5 {
        hub.0
            .connected_device(&format!("d{number}"), Habits::default());
    }
    let gate = json!({ "id": "mains", "expr": "properties.reported.conditions.power = 'mains'" });
    policy(&mut hub, "power", json!({ "gates": [gate] }));
    reboot_job(&mut hub, "reboot", "reboot", 300);
    assert!(alerts(&mut hub, "").is_empty());
    let done = scheduling::end(&mut hub, "reboot");
    assert_eq!(scheduling::count(&done, "failedCount"), 5);
    hub.0.run(5_000);
    let open = alerts(&mut hub, "state=open");
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["rule"], "holdExpired");
    assert_eq!(open[0]["subject"], json!({ "jobId": "reboot" }));
    assert!(
        open[0]["summary"]
            .as_str()
            .expect("a text")
            .contains("5 devices")
    );
    let retried = hub.post("/api/v1/jobs/reboot/retry", Value::Null);
    assert_eq!(retried.status, 200, "{:?}", retried.body);
    assert!(alerts(&mut hub, "state=open").is_empty());
    scheduling::end(&mut hub, "reboot");
    hub.0.run(5_000);
    assert_eq!(
        alerts(&mut hub, "state=open").len(),
        1,
        "they were held again"
    );
}

#[test]
fn a_stop_by_hand_needs_nobody() {
    let (mut hub, _) = rollout(false);
    hub.0.run(60_000);
    hub.post("/jobs/v2/firmware/cancel?force=true", json!({}));
    hub.0.run(60_000);
    assert!(alerts(&mut hub, "state=open").is_empty());
}

#[test]
fn pages_go_on_where_the_last_one_ended() {
    let mut hub = blocked();
    for number in 0..130 {
        let device = format!("e{number}");
        hub.0.connected_device(&device, Habits::default());
        let reply = hub.send(
            shared::http::Method::Post,
            &format!("/twins/{device}/methods"),
            &WANTS,
            json!({ "methodName": "reboot", "payload": { "call": 1 }, "responseTimeoutInSeconds": 5 }),
        );
        assert_eq!(reply.status, 200, "{:?}", reply.body);
    }
    let first = hub.get("/api/v1/alerts").body;
    let cursor = first["cursor"].as_str().expect("there are more");
    let second = hub.get(&format!("/api/v1/alerts?cursor={cursor}")).body;
    assert!(second["cursor"].is_null());
    let ids = [&first, &second].map(|page| page["items"].as_array().expect("items").len());
    assert_eq!(ids, [100, 31]);
    assert_eq!(first["items"][0]["subject"]["deviceId"], "e129");
    assert_eq!(second["items"][30]["rule"], "safetyBlocked");
}
