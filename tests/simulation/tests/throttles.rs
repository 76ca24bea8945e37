//! Throttles with devices behind them (`service.md` §16, `device-management.md` §10 R42).

use serde_json::{Value, json};
use simulation::device::{Action, Habits};
use simulation::operator::Reply;
use simulation::rest::Rest;
use std::cell::RefCell;
use std::rc::Rc;

const THROTTLES: &str = "/api/v1/throttles";
/// Registry calls of a second that are allowed, and how many come in the storm.
const ALLOWED: usize = 10;
const STORM: usize = 10 * ALLOWED;
const SECONDS: usize = 20;
const MESSAGES_PER_SECOND: usize = 5;

fn limit(hub: &mut Rest, class: &str, per_minute: usize, burst: usize) -> Reply {
    let limit = json!({ "perMinute": per_minute, "burst": burst });
    hub.put(THROTTLES, None, json!({ "overrides": { class: limit } }))
}

/// A device sends for some seconds while so many registry calls a second come in: the longest
/// it waited for an acknowledgement, in microseconds, and what the calls were answered.
fn telemetry_beside(hub: &mut Rest, device: usize, calls: usize) -> (i64, Vec<Reply>) {
    let replies = Rc::new(RefCell::new(Vec::new()));
    let mut longest = 0;
    let now = |hub: &Rest| hub.0.world().network.now;
    for _ in 0..SECONDS * MESSAGES_PER_SECOND {
        let begun = now(hub);
        let published = hub.0.world().devices[device].diary.telemetry.len();
        for _ in 0..calls / MESSAGES_PER_SECOND {
            let (operator, replies) = (hub.0.operator(), replies.clone());
            hub.0.spawn(async move {
                let reply = operator.get("/devices/pump").await;
                replies.borrow_mut().push(reply);
            });
        }
        hub.0.world_mut().tell_device(device, 0, Action::Publish);
        let acknowledged = hub.0.run_until(10_000, |world| {
            let diary = &world.devices[device].diary;
            diary.telemetry.len() > published && world.devices[device].is_settled()
        });
        assert!(acknowledged, "a message got no PUBACK within ten seconds");
        longest = longest.max(now(hub) - begun);
        let rest = 1_000_000 / MESSAGES_PER_SECOND as i64 - (now(hub) - begun);
        hub.0.run(rest.max(0) / 1_000);
    }
    hub.0.run(10_000);
    assert_eq!(hub.0.unfinished(), 0, "every call is answered");
    let replies = replies.borrow_mut().drain(..).collect();
    (longest, replies)
}

#[test]
fn r42_registry_storm_is_throttled_and_telemetry_is_not() {
    let mut hub = Rest::default();
    let device = hub.0.connected_device("pump", Habits::default());
    let set = limit(&mut hub, "identityRegistry", 60 * ALLOWED, ALLOWED);
    assert_eq!(set.status, 200, "{:?}", set.body);
    let (quiet, calls) = telemetry_beside(&mut hub, device, ALLOWED / 2);
    assert!(
        calls.iter().all(|reply| reply.status == 200),
        "half the rate is never refused"
    );
    hub.0.run(60_000);
    let (in_storm, calls) = telemetry_beside(&mut hub, device, STORM);
    let passed = calls.iter().filter(|reply| reply.status == 200).count();
    let allowed = ALLOWED * (SECONDS + 1);
    assert!(
        (allowed * 9 / 10..=allowed + ALLOWED).contains(&passed),
        "{passed} of {} passed, {allowed} were allowed",
        calls.len()
    );
    for refused in calls.iter().filter(|reply| reply.status != 200) {
        assert_eq!(refused.status, 429, "{:?}", refused.body);
        assert_eq!(
            refused.header("iothub-errorcode"),
            Some("ThrottlingException")
        );
        let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&wait), "{wait}");
    }
    // Latencies are drawn anew for each packet, hence not equal.
    assert!(
        in_storm <= 2 * quiet,
        "telemetry waited {in_storm} µs in the storm, {quiet} µs without"
    );
    let diary = &hub.0.world().devices[device].diary;
    assert_eq!(diary.telemetry.len(), 2 * SECONDS * MESSAGES_PER_SECOND);
    assert_eq!(diary.sessions.len(), 1, "it stayed connected");
}

#[test]
fn who_waits_as_long_as_it_is_told_is_served() {
    let mut hub = Rest::default();
    hub.put("/devices/pump", None, json!({}));
    limit(&mut hub, "queries", 6, 1);
    let query = json!({ "query": "SELECT deviceId FROM devices" });
    assert_eq!(hub.post("/devices/query", query.clone()).status, 200);
    let refused = hub.post("/devices/query", query.clone());
    assert_eq!(refused.status, 429);
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    hub.0.run((wait - 2) * 1_000);
    assert_eq!(hub.post("/devices/query", query.clone()).status, 429);
    hub.0.run(2_000);
    assert_eq!(hub.post("/devices/query", query).status, 200);
}

#[test]
fn devices_are_throttled_by_what_was_set_also_after_a_crash() {
    let mut hub = Rest::default();
    let device = hub.0.connected_device("pump", Habits::default());
    assert_eq!(limit(&mut hub, "twinUpdates", 1, 2).status, 200);
    hub.0.run(5_000);
    let report = |hub: &mut Rest| {
        for _ in 0..10 {
            hub.0.world_mut().tell_device(device, 0, Action::Report);
            hub.0.run(200);
        }
        hub.0.world().devices[device].diary.reported.len()
    };
    assert_eq!(report(&mut hub), 2);
    hub.0.world_mut().crash_process();
    hub.0.run(60_000);
    assert!(hub.0.world().devices[device].is_ready(), "it is back");
    // The buckets are memory and full again; their limits are stored.
    let after = report(&mut hub);
    assert!((3..=4).contains(&after), "{after}");
    let stored: Value = hub.get(THROTTLES).body;
    assert_eq!(stored["overrides"]["twinUpdates"]["perMinute"], 1);
}
