//! Devices that should send something at least so often (`device-management.md` §8).

use serde_json::{Value, json};
use shared::ipc::Address;
use simulation::alarming::{
    MINUTE, alerts, device, habits, items, key_of, overdue, post_nothing, publish, rule, tag,
};
use simulation::configuring;
use simulation::device::Action;
use simulation::rest::Rest;
use simulation::{Faults, Simulation};

fn heartbeats(hub: &mut Rest, filter: &str) -> Vec<Value> {
    items(hub, &format!("/api/v1/heartbeats?{filter}"))
}

#[test]
fn r45_a_device_that_stops_its_heartbeat_is_overdue_though_it_is_connected() {
    let mut hub = Rest::default();
    let pump = device(&mut hub, "pump", 60);
    hub.0.connected_device("other", habits());
    for _ in 0..10 {
        publish(&mut hub, pump);
        hub.0.run(MINUTE);
        assert!(overdue(&mut hub).is_empty());
    }
    let known = heartbeats(&mut hub, "");
    assert_eq!(known.len(), 1, "{known:?}");
    assert_eq!(known[0]["expectedSeconds"], 60);
    assert_eq!(known[0]["overdue"], false);
    // Its last message was a minute ago; it stays connected, and pings.
    hub.0.run(70_000);
    assert_eq!(overdue(&mut hub), ["pump"]);
    let late = heartbeats(&mut hub, "overdue=true");
    let silent = late[0]["silentSeconds"].as_i64().expect("a number");
    assert!((120..140).contains(&silent), "{late:?}");
    assert!(heartbeats(&mut hub, "overdue=false").is_empty());
    let twin = hub.get("/twins/pump").body;
    assert_eq!(twin["connectionState"], "Connected");
    hub.0.run(3 * MINUTE);
    let open = alerts(&mut hub, "state=open");
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["rule"], "heartbeatMissed");
    assert_eq!(open[0]["severity"], "warning");
    assert_eq!(open[0]["attention"], true);
    assert_eq!(open[0]["subject"]["deviceId"], "pump");
    assert_eq!(open[0]["count"], 1);
    let summary = open[0]["summary"].as_str().expect("a text");
    assert!(summary.starts_with("pump silent for 2 m"), "{summary}");
    assert!(summary.ends_with("(expected every 1 m)"), "{summary}");
    // One message, and it is alive.
    publish(&mut hub, pump);
    hub.0.run(40_000);
    assert!(overdue(&mut hub).is_empty());
    hub.0.run(30_000);
    publish(&mut hub, pump);
    hub.0.run(MINUTE);
    publish(&mut hub, pump);
    hub.0.run(MINUTE);
    assert!(alerts(&mut hub, "state=open").is_empty());
    assert_eq!(alerts(&mut hub, "state=resolved").len(), 1);
}

#[test]
fn reports_and_empty_messages_over_https_count() {
    let mut hub = Rest::default();
    let reporter = device(&mut hub, "reporter", 60);
    configuring::device(&mut hub, "poster", json!({ "heartbeatSeconds": 60 }));
    let key = key_of(&mut hub, "poster");
    for round in 0..8 {
        hub.0.world_mut().tell_device(reporter, 0, Action::Report);
        assert_eq!(post_nothing(&mut hub, "poster", &key), 204);
        hub.0.run(MINUTE);
        assert!(overdue(&mut hub).is_empty(), "round {round}");
    }
    // What the hub remembers survives.
    hub.0.world_mut().crash_process();
    hub.0.run(30_000);
    assert!(overdue(&mut hub).is_empty());
    hub.0.run(MINUTE);
    assert_eq!(overdue(&mut hub), ["poster"]);
    // The other one has asked for its twin when it came back.
    hub.0.run(MINUTE);
    assert_eq!(overdue(&mut hub), ["poster", "reporter"]);
    assert_eq!(post_nothing(&mut hub, "poster", "d3Jvbmcga2V5"), 401);
    assert_eq!(post_nothing(&mut hub, "poster", &key), 204);
    hub.0.run(10_000);
    assert_eq!(overdue(&mut hub), ["reporter"]);
}

#[test]
fn who_has_left_or_never_came_falls_silent_too() {
    let mut hub = Rest::default();
    configuring::device(&mut hub, "never", json!({ "heartbeatSeconds": 30 }));
    let pump = device(&mut hub, "pump", 60);
    hub.0.world_mut().devices[pump].habits.reconnects = false;
    publish(&mut hub, pump);
    hub.0.run(20_000);
    hub.0.world_mut().tell_device(pump, 0, Action::Leave);
    hub.0.run(45_000);
    assert_eq!(overdue(&mut hub), ["never"]);
    hub.0.run(MINUTE);
    assert_eq!(overdue(&mut hub), ["never", "pump"]);
    // Coming back says nothing yet; a message does.
    hub.0.world_mut().tell_device(pump, 0, Action::Connect);
    hub.0.run(5_000);
    // The device asks for its twin, as SDKs do after each connect.
    assert_eq!(overdue(&mut hub), ["never"]);
}

#[test]
fn the_interval_is_the_tag_of_the_device_or_else_of_the_rule() {
    let mut hub = Rest::default();
    let missed = rule(
        &mut hub,
        "heartbeatMissed",
        json!({ "heartbeatSeconds": 60 }),
    );
    assert_eq!(missed["forSeconds"], 120);
    // Of what was never there nobody expects anything.
    configuring::device(&mut hub, "never", json!({}));
    hub.0.connected_device("plain", habits());
    let slow = device(&mut hub, "slow", 3_600);
    tag(&mut hub, "slow", json!({ "heartbeatSeconds": 3_600 }));
    hub.0.connected_device("exempt", habits());
    tag(&mut hub, "exempt", json!({ "heartbeatSeconds": 0 }));
    publish(&mut hub, slow);
    hub.0.run(150_000);
    assert_eq!(overdue(&mut hub), ["plain"]);
    let known: Vec<Value> = heartbeats(&mut hub, "")
        .iter()
        .map(|item| json!([item["deviceId"], item["expectedSeconds"]]))
        .collect();
    assert_eq!(known, [json!(["plain", 60]), json!(["slow", 3_600])]);
    // A tag that changes counts at once, and begins anew.
    tag(&mut hub, "slow", json!({ "heartbeatSeconds": 10 }));
    hub.0.run(15_000);
    assert_eq!(overdue(&mut hub), ["plain"]);
    hub.0.run(10_000);
    assert_eq!(overdue(&mut hub), ["plain", "slow"]);
    tag(&mut hub, "slow", json!({ "heartbeatSeconds": null }));
    assert_eq!(
        hub.delete("/api/v1/alert-rules/heartbeatMissed", None)
            .status,
        204
    );
    hub.0.run(5_000);
    assert!(overdue(&mut hub).is_empty());
    assert!(heartbeats(&mut hub, "").is_empty());
    hub.0.run(10 * MINUTE);
    assert!(alerts(&mut hub, "state=open").is_empty());
}

#[test]
fn nobody_is_alerted_of_devices_that_are_disabled_or_deleted() {
    let mut hub = Rest::default();
    for id in ["off", "gone", "retired"] {
        device(&mut hub, id, 30);
    }
    hub.0.run(70_000);
    assert_eq!(overdue(&mut hub).len(), 3);
    let body = json!({ "deviceId": "off", "status": "disabled" });
    assert_eq!(hub.put("/devices/off", Some("*"), body).status, 200);
    assert_eq!(hub.delete("/devices/gone", Some("*")).status, 204);
    let body = json!({ "mode": "retire", "reason": "failure", "deleteAfter": "P1D" });
    let retired = hub.post("/api/v1/devices/retired/retire", body);
    assert_eq!(retired.status, 202, "{:?}", retired.body);
    hub.0.run(5 * MINUTE);
    assert!(overdue(&mut hub).is_empty());
    assert!(alerts(&mut hub, "state=open").is_empty());
    // Who is enabled again has its time.
    let body = json!({ "deviceId": "off", "status": "enabled" });
    assert_eq!(hub.put("/devices/off", Some("*"), body).status, 200);
    hub.0.run(50_000);
    assert!(overdue(&mut hub).is_empty());
}

#[test]
fn a_heartbeat_costs_no_row_of_the_registry() {
    let mut hub = Rest::default();
    let pump = device(&mut hub, "pump", 10);
    publish(&mut hub, pump);
    hub.0.run(5_000);
    let written = |hub: &Rest| -> u64 {
        let world = hub.0.world();
        let shards = world
            .nodes
            .values()
            .filter(|node| matches!(node.actor.address, Address::Registry(_)));
        shards.map(|node| node.actor.sql.rows_written()).sum()
    };
    let before = written(&hub);
    for _ in 0..60 {
        publish(&mut hub, pump);
        hub.0.run(10_000);
    }
    assert!(overdue(&mut hub).is_empty());
    // In ten minutes of it nothing but the hints at its last activity, which all devices cause.
    let rows = written(&hub) - before;
    assert!(rows <= 2, "{rows} rows");
}

#[test]
fn crashes_and_lost_calls_neither_accuse_a_device_nor_forget_one() {
    for seed in 1..4 {
        let faults = Faults {
            lost_call: 100,
            crash_every: 40_000,
            evict_every: 10_000,
            ..Faults::none()
        };
        let mut hub = Rest(Simulation::new(seed, Faults::none()));
        let pumps: Vec<usize> = (0..5)
            .map(|number| device(&mut hub, &format!("pump-{number}"), 60))
            .collect();
        hub.0.world_mut().set_faults(faults);
        for _ in 0..30 {
            for pump in &pumps {
                publish(&mut hub, *pump);
            }
            hub.0.run(20_000);
            assert!(hub.0.world().results.is_empty());
        }
        hub.0.world_mut().set_faults(Faults::none());
        hub.0.run(10_000);
        assert!(overdue(&mut hub).is_empty(), "seed {seed}");
        assert!(alerts(&mut hub, "").is_empty(), "seed {seed}");
        hub.0.world_mut().set_faults(faults);
        hub.0.run(90_000);
        hub.0.world_mut().set_faults(Faults::none());
        // Devices whose connection was lost have asked for their twin since.
        hub.0.run(6 * MINUTE);
        assert_eq!(overdue(&mut hub).len(), 5, "seed {seed}");
        let open = alerts(&mut hub, "state=open");
        assert_eq!(open.len(), 5, "seed {seed}: {open:?}");
        assert!(open.iter().all(|alert| alert["count"] == 1), "{open:?}");
    }
}

#[test]
fn a_page_of_heartbeats_goes_on_behind_its_last_device() {
    let mut hub = Rest::default();
    for number in 0..7 {
        let tags = json!({ "heartbeatSeconds": 60 });
        configuring::device(&mut hub, &format!("d{number}"), tags);
    }
    let mut seen = Vec::new();
    let mut target = "/api/v1/heartbeats?top=3".to_owned();
    loop {
        let page = hub.get(&target).body;
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 3);
        seen.extend(items.iter().map(|item| item["deviceId"].clone()));
        match page["cursor"].as_str() {
            Some(cursor) => target = format!("/api/v1/heartbeats?top=3&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen, ["d0", "d1", "d2", "d3", "d4", "d5", "d6"]);
    assert_eq!(hub.get("/api/v1/heartbeats?overdue=1").status, 400);
    assert_eq!(hub.get("/api/v1/heartbeats?cursor=x!").status, 400);
}
