//! Scheduled jobs while calls get lost, come twice and actors crash, and rollouts in waves
//! (`device-management.md` §1.3.7, §4.6).

use serde_json::{Value, json};
use simulation::device::Habits;
use simulation::rest::Rest;
use simulation::scheduling::{
    count, counters_are_those_of_the_rows, devices, end, faults, look, rows,
};
use simulation::{Faults, Simulation};

/// Asks until the answer is certain.
fn surely_put(hub: &mut Rest, id: &str, body: &Value) {
    for _ in 0..50 {
        let reply = hub.put(&format!("/jobs/v2/{id}"), None, body.clone());
        if reply.status == 200 || reply.status == 409 {
            return;
        }
        hub.0.run(100);
    }
    panic!("{id} cannot be created");
}

fn seeds() -> Vec<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    match number("SKERRY_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("SKERRY_SEEDS").unwrap_or(12)).collect(),
    }
}

#[test]
fn each_twin_is_changed_once_whatever_happens() {
    for seed in seeds() {
        let mut hub = Rest(Simulation::new(seed, Faults::none()));
        devices(&mut hub, 600);
        hub.0.world_mut().set_faults(faults());
        let update = json!({
            "type": "scheduleUpdateTwin",
            "updateTwin": { "etag": "*", "properties": { "desired": { "interval": seed } } },
            "queryCondition": "*",
            "maxExecutionTimeInSeconds": 3_600,
        });
        surely_put(&mut hub, "all", &update);
        let done = end(&mut hub, "all");
        hub.0.world_mut().set_faults(Faults::none());
        hub.0.run(30_000);
        assert_eq!(done["status"], "completed", "seed {seed}: {done}");
        assert_eq!(count(&done, "succeededCount"), 600, "seed {seed}");
        counters_are_those_of_the_rows(&mut hub, "all");
        for number in 0..600 {
            let twin = hub.get(&format!("/twins/d{number}")).body;
            let desired = &twin["properties"]["desired"];
            assert_eq!(desired["interval"], seed, "seed {seed}: {twin}");
            assert_eq!(desired["$version"], 2, "seed {seed}: {twin}");
        }
    }
}

#[test]
fn no_method_is_called_twice_and_none_after_the_end() {
    for seed in seeds() {
        let mut hub = Rest(Simulation::new(seed, Faults::none()));
        for number in 0..20 {
            let habits = Habits {
                ignores_methods: if number % 5 == 0 { 500 } else { 0 },
                ..Habits::default()
            };
            hub.0.connected_device(&format!("d{number}"), habits);
        }
        hub.0.world_mut().set_faults(Faults {
            device_drop_every: 300,
            ..faults()
        });
        let method = json!({
            "type": "scheduleDeviceMethod",
            "cloudToDeviceMethod": { "methodName": "reboot", "payload": { "call": 1 }, "responseTimeoutInSeconds": 5 },
            "queryCondition": "*",
            "maxExecutionTimeInSeconds": 600,
        });
        surely_put(&mut hub, "calls", &method);
        hub.0.run(if seed % 2 == 0 { 200 } else { 5_000 });
        let forced = seed % 2 == 0;
        if forced {
            hub.post("/jobs/v2/calls/cancel?force=true", Value::Null);
        }
        let done = end(&mut hub, "calls");
        hub.0.world_mut().set_faults(Faults::none());
        hub.0.run(60_000);
        let calls = |hub: &Rest| -> Vec<usize> {
            let world = hub.0.world();
            world
                .devices
                .iter()
                .map(|device| device.diary.methods.len())
                .collect()
        };
        let after = calls(&hub);
        assert!(
            after.iter().all(|calls| *calls <= 1),
            "seed {seed}: {after:?}"
        );
        let rows = rows(&mut hub, "calls");
        assert!(
            rows.iter()
                .all(|row| row["status"] != "pending" && row["status"] != "running"),
            "seed {seed}: {rows:?}"
        );
        // Who answered was called, and who was canceled was not.
        for (number, calls) in after.iter().enumerate() {
            let id = format!("d{number}");
            let Some(row) = rows.iter().find(|row| row["deviceId"] == id.as_str()) else {
                continue;
            };
            if row["status"] == "completed" {
                assert_eq!(*calls, 1, "seed {seed}: {row}");
            }
            if row["status"] == "canceled" {
                assert_eq!(*calls, 0, "seed {seed}: {row}");
            }
        }
        for device in 0..20 {
            hub.0.world_mut().drop_device(device, true);
        }
        hub.0.run(30_000);
        assert_eq!(calls(&hub), after, "seed {seed}: {done}");
        counters_are_those_of_the_rows(&mut hub, "calls");
        if let Some(now) = look(&mut hub, "calls") {
            assert_eq!(count(&now, "deviceCount"), rows.len() as u64, "seed {seed}");
        }
    }
}

/// A rollout of a method whose devices all stay silent.
fn rollout(pause: Option<&str>) -> Value {
    let mut job = json!({
        "type": "scheduleDeviceMethod",
        "cloudToDeviceMethod": { "methodName": "ping", "payload": { "call": 1 }, "responseTimeoutInSeconds": 5 },
        "queryCondition": "*",
        "maxExecutionTimeInSeconds": 3_600,
        "rollout": {
            "waves": [{ "percent": 25 }, { "percent": 60 }, { "percent": 100 }],
            "waveSuccessPercent": 95,
            "abort": { "failedPercent": 10, "minDevices": 3 },
        },
    });
    if let Some(pause) = pause {
        job["rollout"]["pauseBetweenWaves"] = json!(pause);
    }
    job
}

fn fleet(hub: &mut Rest, count: usize, silent: bool) {
    for number in 0..count {
        let habits = Habits {
            ignores_methods: if silent { 1_000 } else { 0 },
            ..Habits::default()
        };
        hub.0.connected_device(&format!("d{number}"), habits);
    }
}

fn called(hub: &Rest) -> usize {
    let world = hub.0.world();
    world
        .devices
        .iter()
        .filter(|device| !device.diary.methods.is_empty())
        .count()
}

#[test]
fn a_bad_rollout_stops_at_wave_one_and_touches_nobody_else() {
    for seed in [1, 2, 3] {
        let mut hub = Rest(Simulation::new(seed, Faults::none()));
        fleet(&mut hub, 40, true);
        if seed > 1 {
            hub.0.world_mut().set_faults(Faults {
                crash_every: 0,
                process_crash_every: 0,
                ..faults()
            });
        }
        surely_put(&mut hub, "bad", &rollout(None));
        let done = end(&mut hub, "bad");
        hub.0.world_mut().set_faults(Faults::none());
        hub.0.run(60_000);
        assert_eq!(done["status"], "cancelled", "{done}");
        assert!(
            done["failureReason"].as_str().unwrap().contains("failed"),
            "{done}"
        );
        let first = done["rollout"]["waves"][0]["deviceCount"].as_u64().unwrap();
        assert!(first > 0 && first < 25, "{done}");
        assert!(called(&hub) as u64 <= first, "seed {seed}: {done}");
        let now = look(&mut hub, "bad").unwrap();
        assert_eq!(count(&now, "deviceCount"), 40);
        assert!(count(&now, "canceledCount") >= 40 - first, "{now}");
        let later = &now["rollout"]["waves"][1];
        assert_eq!(later["canceledCount"], later["deviceCount"], "{now}");
    }
}

#[test]
fn waves_follow_each_other_when_they_succeed() {
    let mut hub = Rest(Simulation::new(4, Faults::none()));
    fleet(&mut hub, 40, false);
    surely_put(&mut hub, "good", &rollout(None));
    let done = end(&mut hub, "good");
    assert_eq!(done["status"], "completed", "{done}");
    assert_eq!(count(&done, "succeededCount"), 40);
    assert_eq!(done["rollout"]["wave"], 3);

    surely_put(&mut hub, "timed", &rollout(Some("PT10M")));
    hub.0.run(300_000);
    assert_eq!(look(&mut hub, "timed").unwrap()["rollout"]["wave"], 1);
    hub.0.run(400_000);
    assert_eq!(look(&mut hub, "timed").unwrap()["rollout"]["wave"], 2);

    surely_put(&mut hub, "manual", &rollout(Some("manual")));
    for wave in 1..=2 {
        hub.0.run(60_000);
        assert_eq!(look(&mut hub, "manual").unwrap()["rollout"]["wave"], wave);
        assert_eq!(
            hub.post("/api/v1/jobs/manual/resume", Value::Null).status,
            200
        );
    }
    assert_eq!(end(&mut hub, "manual")["status"], "completed");
}
