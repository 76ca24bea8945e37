//! Alert rules and what keeps alerts few (`device-management.md` §5).

use serde_json::{Value, json};
use shared::http::message::Body;
use shared::http::{Backend, Method};
use simulation::alarming::{MINUTE, alerts, device, items, overdue, publish, rule, tag};
use simulation::configuring;
use simulation::device::Action;
use simulation::maintaining::policy;
use simulation::rest::Rest;
use std::cell::RefCell;
use std::rc::Rc;

fn leave(hub: &mut Rest, device: usize) {
    let mut world = hub.0.world_mut();
    world.devices[device].habits.reconnects = false;
    world.tell_device(device, 0, Action::Leave);
}

#[test]
fn a_condition_of_an_operator_is_an_alert_for_as_long_as_it_is_true() {
    let mut hub = Rest::default();
    for id in ["a", "b", "c"] {
        configuring::device(&mut hub, id, json!({ "site": "s1" }));
    }
    configuring::report(&mut hub, "a", json!({ "temperature": 90 }));
    let hot = json!({ "condition": "properties.reported.temperature > 80", "severity": "error",
        "forSeconds": 30, "groupBy": "", "summary": "too hot" });
    let stored = rule(&mut hub, "hot", hot);
    assert_eq!(stored["type"], "query");
    assert_eq!(stored["enabled"], true);
    // One was so before there was a rule, one becomes so, one is so for a moment only.
    configuring::report(&mut hub, "b", json!({ "temperature": 81 }));
    configuring::report(&mut hub, "c", json!({ "temperature": 85 }));
    hub.0.run(20_000);
    assert!(alerts(&mut hub, "").is_empty(), "it has not lasted");
    configuring::report(&mut hub, "c", json!({ "temperature": 70 }));
    hub.0.run(20_000);
    let open = alerts(&mut hub, "rule=hot");
    let subjects: Vec<&Value> = open
        .iter()
        .map(|alert| &alert["subject"]["deviceId"])
        .collect();
    assert_eq!(subjects.len(), 2, "{open:?}");
    assert!(subjects.contains(&&json!("a")) && subjects.contains(&&json!("b")));
    assert_eq!(open[0]["severity"], "error");
    let summary = open[0]["summary"].as_str().expect("a text");
    assert!(summary.ends_with(": too hot"), "{summary}");
    // It recovers, which needs nobody; a moment later it is over.
    configuring::report(&mut hub, "a", json!({ "temperature": 20 }));
    hub.0.run(5_000);
    let recovering = alerts(&mut hub, "rule=hot&attention=false");
    assert_eq!(recovering.len(), 1);
    assert_eq!(recovering[0]["state"], "open");
    hub.0.run(30_000);
    let over = alerts(&mut hub, "state=resolved");
    assert_eq!(over.len(), 1);
    assert_eq!(over[0]["subject"]["deviceId"], "a");
    assert_eq!(over[0]["handledBy"], "auto");
    // Without the rule there is no alert.
    assert_eq!(hub.delete("/api/v1/alert-rules/hot", None).status, 204);
    hub.0.run(5_000);
    assert!(alerts(&mut hub, "state=open").is_empty());
    configuring::report(&mut hub, "b", json!({ "temperature": 99 }));
    hub.0.run(MINUTE);
    assert!(alerts(&mut hub, "state=open").is_empty());
    // A device that is gone is no alert either.
    let hot = json!({ "condition": "properties.reported.temperature > 80", "forSeconds": 30 });
    rule(&mut hub, "hot", hot);
    hub.0.run(MINUTE);
    assert_eq!(alerts(&mut hub, "state=open").len(), 1);
    assert_eq!(hub.delete("/devices/b", Some("*")).status, 204);
    hub.0.run(MINUTE);
    assert!(alerts(&mut hub, "state=open").is_empty());
}

#[test]
fn rules_are_listed_changed_and_recorded() {
    let mut hub = Rest::default();
    let rules = items(&mut hub, "/api/v1/alert-rules");
    let ids: Vec<&str> = rules
        .iter()
        .filter_map(|rule| rule["id"].as_str())
        .collect();
    for id in ["heartbeatMissed", "endpointDead", "quotaNear", "jobAborted"] {
        assert!(ids.contains(&id), "{ids:?}");
    }
    let path = "/api/v1/alert-rules/heartbeatMissed";
    assert_eq!(hub.get(path).body["forSeconds"], 120);
    let changed = hub.put(path, None, json!({ "forSeconds": 5, "severity": "error" }));
    assert_eq!(changed.status, 200, "{:?}", changed.body);
    let etag = changed.header("etag").expect("an etag").to_owned();
    assert_eq!(hub.put(path, Some("\"bm8=\""), json!({})).status, 412);
    assert_eq!(
        hub.put(path, Some(&etag), json!({ "forSeconds": 6 }))
            .status,
        200
    );
    assert_eq!(hub.get(path).body["severity"], "warning");
    assert_eq!(hub.delete(path, None).status, 204);
    assert_eq!(hub.delete(path, None).status, 404);
    assert_eq!(hub.get(path).body["forSeconds"], 120);
    assert_eq!(hub.get("/api/v1/alert-rules/hot").status, 404);
    for (id, body, part) in [
        ("hot", json!({ "condition": "tags.a >" }), "condition"),
        ("hot", json!({}), ""),
        (
            "hot",
            json!({ "condition": "tags.a = 1", "id": "cold" }),
            "id",
        ),
        (
            "hot",
            json!({ "condition": "tags.a = 1", "forSeconds": -1 }),
            "forSeconds",
        ),
        (
            "hot",
            json!({ "condition": "tags.a = 1", "groupBy": "a'b" }),
            "groupBy",
        ),
        (
            "jobAborted",
            json!({ "condition": "tags.a = 1" }),
            "condition",
        ),
    ] {
        let reply = hub.put(&format!("/api/v1/alert-rules/{id}"), None, body.clone());
        assert_eq!(reply.status, 400, "{body}: {:?}", reply.body);
        let text = reply.body["Message"].as_str().expect("a text");
        assert!(text.contains(part), "{text}");
    }
    let audit = hub.get("/api/v1/audit?top=100").body;
    let actions: Vec<&Value> = audit["records"]
        .as_array()
        .expect("records")
        .iter()
        .map(|record| &record["action"])
        .collect();
    for action in ["putAlertRule", "deleteAlertRule"] {
        assert!(actions.contains(&&json!(action)), "{actions:?}");
    }
}

#[test]
fn a_fifth_of_a_small_site_is_an_alert_of_the_site() {
    let mut hub = Rest::default();
    let mut pumps = Vec::new();
    for number in 0..12 {
        let site = if number < 10 { "small" } else { "other's" };
        let id = format!("pump-{number}");
        let pump = device(&mut hub, &id, 30);
        tag(&mut hub, &id, json!({ "site": site }));
        pumps.push(pump);
    }
    // One of ten is a device; two of two are a site.
    for round in 0..40 {
        for (number, pump) in pumps.iter().enumerate() {
            if number > 0 && number < 10 || round < 2 {
                publish(&mut hub, *pump);
            }
        }
        hub.0.run(10_000);
    }
    let open = alerts(&mut hub, "state=open");
    assert_eq!(open.len(), 2, "{open:?}");
    let lone = open
        .iter()
        .find(|alert| alert["subject"]["deviceId"] == "pump-0");
    assert_eq!(lone.expect("its own")["subject"]["site"], "small");
    let site = open
        .iter()
        .find(|alert| alert["subject"]["deviceId"].is_null());
    let site = site.expect("one of the site");
    assert_eq!(site["subject"], json!({ "site": "other's" }));
    assert_eq!(site["deviceCount"], 2);
    assert_eq!(site["devices"], json!(["pump-10", "pump-11"]));
    assert_eq!(alerts(&mut hub, "state=open&subject=small").len(), 1);
    // A second one of ten: the site, and the one of before is a part of it.
    for _ in 0..40 {
        for pump in &pumps[2..10] {
            publish(&mut hub, *pump);
        }
        hub.0.run(10_000);
    }
    let open = alerts(&mut hub, "state=open&subject=small");
    // They failed at different times, so they are two alerts.
    assert_eq!(open.len(), 2, "{open:?}");
    // With its last device the alert of a site is over.
    for _ in 0..20 {
        for pump in &pumps {
            publish(&mut hub, *pump);
        }
        hub.0.run(10_000);
    }
    assert!(alerts(&mut hub, "state=open").is_empty());
}

#[test]
fn a_device_in_maintenance_is_an_alert_only_once_that_is_over() {
    let mut hub = Rest::default();
    let pump = device(&mut hub, "d", 30);
    // The simulation begins on a Sunday at midnight.
    let window =
        json!({ "windows": [{ "days": ["sun"], "start": "00:00", "durationMinutes": 20 }] });
    policy(&mut hub, "night", window);
    publish(&mut hub, pump);
    leave(&mut hub, pump);
    hub.0.run(10 * MINUTE);
    assert_eq!(overdue(&mut hub), ["d"], "everybody can see it");
    assert!(alerts(&mut hub, "").is_empty());
    hub.0.run(15 * MINUTE);
    assert_eq!(alerts(&mut hub, "state=open&attention=true").len(), 1);
}

#[test]
fn a_device_that_reboots_may_be_silent_for_as_long_as_that_takes() {
    let mut hub = Rest::default();
    let pump = device(&mut hub, "d", 30);
    publish(&mut hub, pump);
    let rebooting = json!({ "iothubDM": { "reboot": { "status": "rebooting" } } });
    configuring::report(&mut hub, "d", rebooting);
    leave(&mut hub, pump);
    hub.0.run(14 * MINUTE);
    assert!(alerts(&mut hub, "").is_empty());
    // A quarter of an hour is enough: it is stalled, and silent.
    hub.0.run(5 * MINUTE);
    let open = alerts(&mut hub, "state=open");
    let mut rules: Vec<&str> = open
        .iter()
        .filter_map(|alert| alert["rule"].as_str())
        .collect();
    rules.sort_unstable();
    assert_eq!(rules, ["heartbeatMissed", "operationFailed"]);
}

#[test]
fn a_rule_that_is_switched_off_raises_nothing() {
    let mut hub = Rest::default();
    let pump = device(&mut hub, "d", 30);
    publish(&mut hub, pump);
    leave(&mut hub, pump);
    hub.0.run(5 * MINUTE);
    assert_eq!(alerts(&mut hub, "state=open").len(), 1);
    rule(&mut hub, "heartbeatMissed", json!({ "enabled": false }));
    hub.0.run(5 * MINUTE);
    assert!(alerts(&mut hub, "state=open").is_empty());
    assert_eq!(overdue(&mut hub), ["d"]);
    // Switched on again it is what it was.
    rule(&mut hub, "heartbeatMissed", json!({ "forSeconds": 10 }));
    hub.0.run(2 * MINUTE);
    assert_eq!(alerts(&mut hub, "state=open").len(), 1);
}

#[test]
fn who_resolves_an_alert_by_hand_has_peace_until_it_happens_again() {
    let mut hub = Rest::default();
    let pump = device(&mut hub, "d", 30);
    publish(&mut hub, pump);
    hub.0.run(5 * MINUTE);
    let open = alerts(&mut hub, "state=open");
    let id = open[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(
        hub.post(&format!("/api/v1/alerts/{id}/resolve"), Value::Null)
            .status,
        200
    );
    hub.0.run(10 * MINUTE);
    assert!(alerts(&mut hub, "state=open").is_empty());
    for _ in 0..20 {
        publish(&mut hub, pump);
        hub.0.run(20_000);
    }
    hub.0.run(5 * MINUTE);
    let open = alerts(&mut hub, "state=open");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["count"], 2, "it is the same one that is back");
}

/// Events of a stream: id, name, alert.
type Events = Rc<RefCell<Vec<(u64, String, Value)>>>;

fn follow(hub: &mut Rest, last: Option<u64>) -> Events {
    let (operator, backend) = (hub.0.operator(), hub.0.hub());
    let last = last.map(|last| last.to_string());
    let response = hub.0.finish(async move {
        let headers: Vec<(&str, &str)> = last
            .iter()
            .map(|last| ("last-event-id", last.as_str()))
            .collect();
        let path = "/api/v1/alerts/stream";
        operator
            .respond(Method::Get, path, &headers, Vec::new())
            .await
    });
    assert_eq!(response.status, 200);
    let Body::EventStream(mut stream) = response.body else {
        panic!("no stream");
    };
    let events = Events::default();
    let told = events.clone();
    hub.0.spawn(async move {
        while let Some(chunk) = stream.next(&backend).await {
            let chunk = String::from_utf8(chunk).expect("events are text");
            for block in chunk.split_terminator("\n\n") {
                let field = |name: &str| {
                    let mut fields = block.lines().filter_map(|line| line.split_once(": "));
                    fields
                        .find(|(known, _)| *known == name)
                        .map(|(_, value)| value.to_owned())
                };
                let (Some(id), Some(event), Some(data)) =
                    (field("id"), field("event"), field("data"))
                else {
                    continue;
                };
                let alert = serde_json::from_str(&data).expect("data is JSON");
                let id = id.parse().expect("a number");
                told.borrow_mut().push((id, event, alert));
            }
        }
    });
    events
}

#[test]
fn a_stream_tells_what_opens_changes_and_ends_and_goes_on_where_it_was() {
    let mut hub = Rest::default();
    let pumps = [device(&mut hub, "a", 30), device(&mut hub, "b", 30)];
    publish(&mut hub, pumps[0]);
    for _ in 0..15 {
        publish(&mut hub, pumps[1]);
        hub.0.run(20_000);
    }
    let events = follow(&mut hub, None);
    hub.0.run(2_000);
    let names = |events: &Events| -> Vec<(String, Value)> {
        let events = events.borrow();
        let told = events
            .iter()
            .map(|(_, name, alert)| (name.clone(), alert["subject"]["deviceId"].clone()));
        told.collect()
    };
    assert_eq!(names(&events), [("opened".to_owned(), json!("a"))]);
    assert!(events.borrow()[0].2.get("revision").is_none());
    let id = events.borrow()[0].2["id"]
        .as_str()
        .expect("an id")
        .to_owned();
    let acked = hub.post(&format!("/api/v1/alerts/{id}/ack"), Value::Null);
    assert_eq!(acked.status, 200);
    hub.0.run(2_000);
    assert_eq!(
        names(&events).last(),
        Some(&("changed".to_owned(), json!("a")))
    );
    // Somebody wants to hear of it again in a minute, and does.
    let until = json!({ "until": hub.0.hub().now().plus_seconds(60) });
    let snoozed = hub.post(&format!("/api/v1/alerts/{id}/snooze"), until);
    assert_eq!(snoozed.status, 200);
    let states = |events: &Events| -> Vec<Value> {
        let events = events.borrow();
        events
            .iter()
            .map(|(.., alert)| alert["state"].clone())
            .collect()
    };
    hub.0.run(2_000);
    assert_eq!(states(&events).last(), Some(&json!("snoozed")));
    hub.0.run(62_000);
    assert_eq!(states(&events).last(), Some(&json!("open")));
    let last = events.borrow().last().expect("an event").0;
    // Meanwhile nobody follows.
    hub.0.run(5 * MINUTE);
    for _ in 0..20 {
        publish(&mut hub, pumps[0]);
        hub.0.run(20_000);
    }
    let again = follow(&mut hub, Some(last));
    hub.0.run(2_000);
    let told = names(&again);
    assert!(
        told.contains(&("opened".to_owned(), json!("b"))),
        "{told:?}"
    );
    assert!(
        told.contains(&("resolved".to_owned(), json!("a"))),
        "{told:?}"
    );
    assert_eq!(told.len(), 2, "{told:?}");
    let refused = hub.send(
        Method::Get,
        "/api/v1/alerts/stream",
        &[("last-event-id", "x")],
        Value::Null,
    );
    assert_eq!(refused.status, 400);
}

#[test]
fn r15_a_failed_firmware_step_is_counted_at_once_and_an_alert_when_it_stays() {
    let mut hub = Rest::default();
    configuring::device(&mut hub, "d", json!({ "site": "s1" }));
    let failed = json!({ "iothubDM": { "firmwareUpdate": { "status": "applyFailed" } } });
    configuring::report(&mut hub, "d", failed);
    let progress = hub.get("/api/v1/progress?pattern=firmwareUpdate").body;
    assert_eq!(progress["phases"]["failed"], 1, "{progress}");
    hub.0.run(130_000);
    let open = alerts(&mut hub, "attention=true");
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["rule"], "operationFailed");
    assert_eq!(open[0]["severity"], "error");
    let again = json!({ "iothubDM": { "firmwareUpdate": { "status": "downloading" } } });
    configuring::report(&mut hub, "d", again);
    hub.0.run(130_000);
    assert!(alerts(&mut hub, "state=open").is_empty());
}

#[test]
fn a_hub_where_nothing_is_wrong_does_not_wake_up_for_alerts() {
    let mut hub = Rest::default();
    let pump = device(&mut hub, "d", 600);
    for _ in 0..10 {
        publish(&mut hub, pump);
        hub.0.run(5 * MINUTE);
    }
    let world = hub.0.world();
    assert_eq!(world.wake_up(shared::ipc::Address::Hub), None);
}
