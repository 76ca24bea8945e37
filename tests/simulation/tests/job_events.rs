//! Events of scheduled jobs and of devices within them (`query-routing-events.md` §4.6).

use serde_json::{Value, json};
use simulation::configuring;
use simulation::device::Habits;
use simulation::maintaining::{HOUR, policy, reboot_job};
use simulation::rest::Rest;
use simulation::scheduling::{self, count, devices, faults};
use simulation::{Faults, Simulation};

const SOURCE: &str = "deviceJobLifecycleEvents";

fn route(hub: &mut Rest) {
    let reply = hub.put(
        "/api/v1/routes/jobs",
        None,
        json!({ "source": "DeviceJobLifecycleEvents" }),
    );
    assert_eq!(reply.status, 201, "{:?}", reply.body);
}

/// Everything that was told of jobs.
fn told(hub: &mut Rest) -> Vec<Value> {
    let page = hub
        .get(&format!(
            "/api/v1/events?from=earliest&max=1000&source={SOURCE}"
        ))
        .body;
    page["events"].as_array().expect("events").clone()
}

/// Which operations were told of a device, or of the job itself.
fn operations(events: &[Value], device: Option<&str>) -> Vec<String> {
    let of = |event: &&Value| event.get("deviceId").and_then(Value::as_str) == device;
    let operation = |event: &Value| {
        let name = &event["applicationProperties"]["opType"];
        name.as_str().expect("an operation").to_owned()
    };
    events.iter().filter(of).map(operation).collect()
}

fn update(seconds: i64) -> Value {
    json!({
        "type": "scheduleUpdateTwin",
        "updateTwin": { "etag": "*", "tags": { "ring": "b" } },
        "queryCondition": "*",
        "maxExecutionTimeInSeconds": seconds,
    })
}

#[test]
fn a_job_tells_of_itself_and_of_each_device() {
    let mut hub = Rest::default();
    devices(&mut hub, 3);
    hub.put("/jobs/v2/before", None, update(300));
    scheduling::end(&mut hub, "before");
    route(&mut hub);
    hub.put("/jobs/v2/all", None, update(300));
    let done = scheduling::end(&mut hub, "all");
    hub.0.run(5_000);
    let events = told(&mut hub);
    assert_eq!(
        operations(&events, None),
        ["jobScheduled", "jobStarted", "jobCompleted"]
    );
    for device in ["d0", "d1", "d2"] {
        assert_eq!(operations(&events, Some(device)), ["deviceJobCompleted"]);
    }
    for event in &events {
        let properties = &event["applicationProperties"];
        assert_eq!(properties["jobId"], "all", "{event}");
        assert_eq!(properties["hubName"], "sim");
        assert_eq!(
            properties["iothub-message-schema"],
            "deviceJobLifecycleNotification"
        );
        assert_eq!(properties.get("deviceId"), event.get("deviceId"));
        assert_eq!(event["systemProperties"]["correlation-id"], "job:all");
    }
    let whole = |name: &str| {
        let of = |event: &&Value| event["applicationProperties"]["opType"] == name;
        events.iter().find(of).expect("an event")["body"].clone()
    };
    // As REST shows the job, and as a query shows a device's part.
    assert_eq!(whole("jobCompleted"), done);
    let rows = hub.post(
        "/devices/query",
        json!({ "query": "SELECT * FROM devices.jobs WHERE jobId = 'all' AND deviceId = 'd1'" }),
    );
    let of = |event: &&Value| event.get("deviceId") == Some(&json!("d1"));
    assert_eq!(
        rows.body[0],
        events.iter().find(of).expect("an event")["body"]
    );
}

#[test]
fn holds_failures_and_ends_by_hand_are_told() {
    let mut hub = Rest::default();
    route(&mut hub);
    policy(
        &mut hub,
        "power",
        json!({ "gates": [{ "id": "mains", "expr": "properties.reported.conditions.power = 'mains'" }] }),
    );
    hub.0.connected_device("ready", Habits::default());
    hub.0.connected_device("never", Habits::default());
    let silent = Habits {
        ignores_methods: 1_000,
        ..Habits::default()
    };
    hub.0.connected_device("silent", silent);
    reboot_job(&mut hub, "reboot", "reboot", 24 * 3600);
    for device in ["ready", "never", "silent"] {
        let events = told(&mut hub);
        assert_eq!(operations(&events, Some(device)), ["deviceJobHeld"]);
    }
    for device in ["ready", "silent"] {
        configuring::report(
            &mut hub,
            device,
            json!({ "conditions": { "power": "mains" } }),
        );
    }
    hub.0.run(60_000);
    let events = told(&mut hub);
    assert_eq!(
        operations(&events, Some("ready")),
        ["deviceJobHeld", "deviceJobReleased", "deviceJobCompleted"]
    );
    assert_eq!(
        operations(&events, Some("silent")),
        ["deviceJobHeld", "deviceJobReleased", "deviceJobFailed"]
    );
    let canceled = hub.post("/jobs/v2/reboot/cancel?force=true", json!({}));
    assert_eq!(canceled.status, 200, "{:?}", canceled.body);
    hub.0.run(HOUR);
    let events = told(&mut hub);
    assert_eq!(
        operations(&events, Some("never")),
        ["deviceJobHeld", "deviceJobCanceled"]
    );
    assert_eq!(
        operations(&events, None),
        ["jobScheduled", "jobStarted", "jobCancelled"]
    );
}

#[test]
fn without_its_route_nothing_is_told_any_more() {
    let mut hub = Rest::default();
    route(&mut hub);
    devices(&mut hub, 3);
    hub.put("/jobs/v2/first", None, update(300));
    scheduling::end(&mut hub, "first");
    hub.0.run(5_000);
    let before = told(&mut hub);
    assert_eq!(before.len(), 6);
    assert_eq!(hub.delete("/api/v1/routes/jobs", None).status, 204);
    hub.put("/jobs/v2/second", None, update(300));
    scheduling::end(&mut hub, "second");
    route(&mut hub);
    hub.0.run(5_000);
    assert_eq!(
        told(&mut hub),
        before,
        "what happened meanwhile is not told"
    );
}

#[test]
fn each_is_told_once_whatever_happens() {
    for seed in 1..=8 {
        let mut hub = Rest(Simulation::new(seed, Faults::none()));
        devices(&mut hub, 150);
        route(&mut hub);
        hub.0.world_mut().set_faults(faults());
        for _ in 0..50 {
            if [200, 409].contains(&hub.put("/jobs/v2/all", None, update(3_600)).status) {
                break;
            }
            hub.0.run(100);
        }
        let done = scheduling::end(&mut hub, "all");
        hub.0.world_mut().set_faults(Faults::none());
        hub.0.run(60_000);
        assert_eq!(count(&done, "succeededCount"), 150, "seed {seed}");
        let events = told(&mut hub);
        assert_eq!(
            operations(&events, None),
            ["jobScheduled", "jobStarted", "jobCompleted"],
            "seed {seed}"
        );
        for number in 0..150 {
            let device = format!("d{number}");
            assert_eq!(
                operations(&events, Some(&device)),
                ["deviceJobCompleted"],
                "seed {seed}, {device}"
            );
        }
    }
}
