//! Scheduled jobs through REST down to storage (`service.md` §10, `device-management.md` §1,
//! rows R02, R03 and R21).

use serde_json::{Value, json};
use shared::ipc::Address;
use simulation::device::{Action, Habits};
use simulation::rest::Rest;
use simulation::scheduling::{self, count, counters_are_those_of_the_rows, devices, look};
use simulation::{Faults, Simulation};

fn rest(seed: u64) -> Rest {
    Rest(Simulation::new(seed, Faults::none()))
}

fn connect(hub: &mut Rest, count: usize, silent: usize) -> Vec<usize> {
    (0..count)
        .map(|number| {
            let habits = Habits {
                ignores_methods: if number < silent { 1_000 } else { 0 },
                ..Habits::default()
            };
            hub.0.connected_device(&format!("d{number}"), habits)
        })
        .collect()
}

fn schedule(hub: &mut Rest, id: &str, job: Value) -> Value {
    let reply = hub.put(&format!("/jobs/v2/{id}"), None, job);
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    assert_eq!(reply.body["status"], "queued");
    reply.body
}

fn update(condition: &str) -> Value {
    json!({
        "type": "scheduleUpdateTwin",
        "updateTwin": { "etag": "*", "tags": { "ring": "b" }, "properties": { "desired": { "interval": 60 } } },
        "queryCondition": condition,
        "maxExecutionTimeInSeconds": 300,
    })
}

fn method(condition: &str, seconds: i64) -> Value {
    json!({
        "type": "scheduleDeviceMethod",
        "cloudToDeviceMethod": { "methodName": "reboot", "payload": { "call": 7 }, "responseTimeoutInSeconds": 10 },
        "queryCondition": condition,
        "maxExecutionTimeInSeconds": seconds,
    })
}

fn job(hub: &mut Rest, id: &str) -> Value {
    look(hub, id).unwrap()
}

/// Lets time pass until the job is over.
fn end(hub: &mut Rest, id: &str) -> Value {
    let ended = scheduling::end(hub, id);
    counters_are_those_of_the_rows(hub, id);
    ended
}

fn statistics(job: &Value) -> [u64; 3] {
    ["deviceCount", "succeededCount", "failedCount"].map(|name| count(job, name))
}

fn query(hub: &mut Rest, text: &str) -> Vec<Value> {
    let reply = hub.post("/devices/query", json!({ "query": text }));
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    assert_eq!(reply.header("x-ms-item-type"), Some("DeviceJob"));
    reply.body.as_array().unwrap().clone()
}

fn calls(hub: &Rest, device: usize) -> usize {
    hub.0.world().devices[device].diary.methods.len()
}

#[test]
fn r02_one_job_changes_every_twin_once() {
    let mut hub = rest(1);
    devices(&mut hub, 400);
    let created = schedule(&mut hub, "all", update("*"));
    assert_eq!(created["updateTwin"]["tags"]["ring"], "b");
    let done = end(&mut hub, "all");
    assert_eq!(done["status"], "completed");
    assert_eq!(statistics(&done), [400, 400, 0]);
    for number in [0, 17, 399] {
        let twin = hub.get(&format!("/twins/d{number}")).body;
        assert_eq!(twin["tags"], json!({ "number": number, "ring": "b" }));
        assert_eq!(twin["properties"]["desired"]["interval"], 60);
        assert_eq!(twin["properties"]["desired"]["$version"], 2);
    }
    // Every device has its row, in pages.
    let mut rows = Vec::new();
    let mut target = "/api/v1/jobs/all/devices?status=completed&top=70".to_owned();
    loop {
        let page = hub.get(&target).body;
        rows.extend(page["devices"].as_array().unwrap().clone());
        let Some(cursor) = page["cursor"].as_str() else {
            break;
        };
        target = format!("/api/v1/jobs/all/devices?status=completed&top=70&cursor={cursor}");
    }
    let mut ids: Vec<&str> = rows
        .iter()
        .filter_map(|row| row["deviceId"].as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 400);
    assert_eq!(rows[0]["outcome"], json!({}));
    // The record names the job and each device once.
    let audit = hub.get("/api/v1/audit?action=updateTwin&top=500").body;
    let records = audit["records"].as_array().unwrap();
    let named = records.iter().map(|record| {
        assert_eq!(record["requestId"], "job:all");
        assert_eq!(record["actor"], "policy:iothubowner");
        record["after"]["deviceIds"].as_array().unwrap().len()
    });
    assert_eq!(named.sum::<usize>(), 400);
    // Devices that come later are not part of it.
    devices_later_are_left_alone(&mut hub);
}

fn devices_later_are_left_alone(hub: &mut Rest) {
    hub.put("/devices/late", None, json!({}));
    hub.0.run(5_000);
    assert_eq!(hub.get("/twins/late").body["tags"], json!({}));
}

#[test]
fn r03_a_method_job_tells_of_each_device() {
    let mut hub = rest(2);
    let connected = connect(&mut hub, 40, 3);
    schedule(&mut hub, "reboot", method("*", 600));
    let done = end(&mut hub, "reboot");
    assert_eq!(done["status"], "completed");
    assert_eq!(statistics(&done), [40, 37, 3]);
    let failed = query(
        &mut hub,
        "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'reboot' AND devices.jobs.status = 'failed'",
    );
    let mut ids: Vec<&str> = failed
        .iter()
        .filter_map(|row| row["deviceId"].as_str())
        .collect();
    ids.sort_unstable();
    assert_eq!(ids, ["d0", "d1", "d2"]);
    assert_eq!(failed[0]["error"]["code"], "GatewayTimeout");
    assert_eq!(failed[0]["jobType"], "scheduleDeviceMethod");
    let row = &query(&mut hub, "SELECT * FROM devices.jobs WHERE deviceId = 'd9'")[0];
    assert_eq!(row["outcome"]["deviceMethodResponse"]["status"], 200);
    assert!(connected.iter().all(|device| calls(&hub, *device) == 1));
}

#[test]
fn offline_devices_are_called_the_moment_they_connect_until_the_deadline() {
    let mut hub = rest(3);
    let late = hub.0.create_device("late", Habits::default());
    hub.0.create_device("never", Habits::default());
    schedule(&mut hub, "wake", method("*", 120));
    hub.0.run(20_000);
    assert_eq!(
        job(&mut hub, "wake")["deviceJobStatistics"]["pendingCount"],
        2
    );
    hub.0.world_mut().tell_device(late, 0, Action::Connect);
    hub.0.run(3_000);
    assert_eq!(calls(&hub, late), 1);
    let done = end(&mut hub, "wake");
    assert_eq!(done["status"], "completed");
    assert_eq!(statistics(&done), [2, 1, 1]);
    let row = &query(
        &mut hub,
        "SELECT * FROM devices.jobs WHERE status = 'failed'",
    )[0];
    assert_eq!(row["deviceId"], "never");
    assert_eq!(row["error"]["code"], "JobRunPreconditionFailed");
}

#[test]
fn r21_each_way_leads_to_the_same_twins() {
    let mut hub = rest(4);
    connect(&mut hub, 2, 0);
    hub.patch(
        "/twins/d0",
        json!({ "tags": { "ring": "b" }, "properties": { "desired": { "interval": 60 } } }),
    );
    schedule(&mut hub, "one", update("deviceId = 'd1'"));
    assert_eq!(statistics(&end(&mut hub, "one")), [1, 1, 0]);
    let twin = |hub: &mut Rest, id: &str| {
        let twin = hub.get(&format!("/twins/{id}")).body;
        (
            twin["tags"].clone(),
            twin["properties"]["desired"]["interval"].clone(),
        )
    };
    assert_eq!(twin(&mut hub, "d0"), twin(&mut hub, "d1"));
    schedule(&mut hub, "broadcast", method("*", 60));
    assert_eq!(statistics(&end(&mut hub, "broadcast")), [2, 2, 0]);
    assert_eq!(query(&mut hub, "SELECT * FROM devices.jobs").len(), 3);
}

#[test]
fn jobs_are_told_apart_by_state() {
    let mut hub = rest(5);
    devices(&mut hub, 3);
    assert_eq!(
        hub.get("/jobs/v2/none").body,
        json!({ "type": "unknown", "status": "unknown" })
    );
    assert_eq!(hub.post("/jobs/v2/none/cancel", Value::Null).status, 404);

    let mut later = update("*");
    let start = hub.0.world().wall().plus_seconds(3_600);
    later["startTime"] = json!(start);
    schedule(&mut hub, "later", later.clone());
    assert_eq!(hub.put("/jobs/v2/later", None, later.clone()).status, 409);
    hub.0.run(1_000);
    assert_eq!(job(&mut hub, "later")["status"], "scheduled");
    let cancelled = hub.post("/jobs/v2/later/cancel", Value::Null);
    assert_eq!(
        (cancelled.status, &cancelled.body["status"]),
        (200, &json!("cancelled"))
    );
    assert_eq!(hub.post("/jobs/v2/later/cancel", Value::Null).status, 405);

    // The condition fails the job, not the request.
    schedule(&mut hub, "broken", update("tags.site = "));
    let failed = end(&mut hub, "broken");
    assert_eq!(failed["status"], "failed");
    assert!(failed["failureReason"].is_string(), "{failed}");

    schedule(&mut hub, "empty", update("tags.number = 99"));
    assert_eq!(statistics(&end(&mut hub, "empty")), [0, 0, 0]);

    let listed = hub.get("/jobs/v2/query?jobType=scheduleUpdateTwin&pageSize=2");
    assert_eq!(listed.header("x-ms-item-type"), Some("JobResponse"));
    let ids = |reply: &Value| -> Vec<String> {
        let jobs = reply.as_array().unwrap().iter();
        jobs.map(|job| job["jobId"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&listed.body), ["empty", "broken"]);
    let token = listed.header("x-ms-continuation").unwrap().to_owned();
    let rest = hub.get(&format!("/jobs/v2/query?continuationToken={token}"));
    assert_eq!(ids(&rest.body), ["later"]);
    assert_eq!(rest.header("x-ms-continuation"), None);
    let failed = hub.get("/jobs/v2/query?jobStatus=failed");
    assert_eq!(ids(&failed.body), ["broken"]);
    assert_eq!(hub.get("/jobs/v2/query?jobStatus=odd").body, json!([]));

    let too_late = hub.0.world().wall().plus_seconds(169 * 3_600);
    for (part, value) in [
        ("type", json!("rebootDevice")),
        ("updateTwin", Value::Null),
        ("updateTwin", json!({ "etag": "x" })),
        ("startTime", json!("soon")),
        ("startTime", json!(too_late)),
        ("maxExecutionTimeInSeconds", json!(-1)),
        ("queryCondition", Value::Null),
        ("rollout", json!({ "waves": [{ "percent": 50 }] })),
    ] {
        let mut wrong = update("*");
        wrong[part] = value;
        let reply = hub.put("/jobs/v2/wrong", None, wrong);
        assert_eq!(reply.status, 400, "{part}: {:?}", reply.body);
    }
}

#[test]
fn a_forced_end_is_an_end() {
    let mut hub = rest(6);
    let connected = connect(&mut hub, 2, 0);
    let late = hub.0.create_device("late", Habits::default());
    schedule(&mut hub, "stop", method("*", 3_600));
    hub.0.run(5_000);
    assert_eq!(hub.post("/jobs/v2/stop/cancel", Value::Null).status, 405);
    let stopped = hub.post("/jobs/v2/stop/cancel?force=true", Value::Null);
    assert_eq!(
        (stopped.status, &stopped.body["status"]),
        (200, &json!("cancelled"))
    );
    assert_eq!(stopped.body["deviceJobStatistics"]["canceledCount"], 1);
    hub.0.world_mut().tell_device(late, 0, Action::Connect);
    hub.0.run(10_000);
    assert_eq!(calls(&hub, late), 0);
    assert!(connected.iter().all(|device| calls(&hub, *device) == 1));
    let rows = query(
        &mut hub,
        "SELECT * FROM devices.jobs WHERE status = 'canceled'",
    );
    assert_eq!(rows[0]["deviceId"], "late");
    let audit = hub.get("/api/v1/audit?action=cancelJob").body;
    assert_eq!(audit["records"].as_array().unwrap().len(), 2, "{audit}");
}

#[test]
fn a_paused_job_touches_nobody_until_it_is_resumed() {
    let mut hub = rest(7);
    let late = hub.0.create_device("late", Habits::default());
    let out = hub.0.create_device("out", Habits::default());
    schedule(&mut hub, "rest", method("*", 3_600));
    hub.0.run(3_000);
    assert_eq!(hub.post("/api/v1/jobs/rest/pause", Value::Null).status, 200);
    let cancelled = hub.post("/api/v1/jobs/rest/devices/out/cancel", Value::Null);
    assert_eq!(cancelled.status, 204, "{:?}", cancelled.body);
    for device in [late, out] {
        hub.0.world_mut().tell_device(device, 0, Action::Connect);
    }
    hub.0.run(10_000);
    assert_eq!(calls(&hub, late), 0);
    assert_eq!(
        hub.post("/api/v1/jobs/rest/resume", Value::Null).status,
        200
    );
    let done = end(&mut hub, "rest");
    assert_eq!((calls(&hub, late), calls(&hub, out)), (1, 0));
    assert_eq!(done["deviceJobStatistics"]["canceledCount"], 1);
    let again = hub.post("/api/v1/jobs/rest/devices/out/cancel", Value::Null);
    assert_eq!(again.status, 405);
}

#[test]
fn a_retry_is_for_those_that_failed() {
    let mut hub = rest(8);
    let connected = connect(&mut hub, 4, 1);
    schedule(&mut hub, "again", method("*", 60));
    assert_eq!(statistics(&end(&mut hub, "again")), [4, 3, 1]);
    hub.0.world_mut().devices[connected[0]]
        .habits
        .ignores_methods = 0;
    let retried = hub.post("/api/v1/jobs/again/retry", Value::Null);
    assert_eq!(
        (retried.status, &retried.body["status"]),
        (200, &json!("running"))
    );
    let done = end(&mut hub, "again");
    assert_eq!(statistics(&done), [4, 4, 0]);
    assert_eq!(calls(&hub, connected[0]), 2);
    assert!(
        connected[1..]
            .iter()
            .all(|device| calls(&hub, *device) == 1)
    );
}

#[test]
fn devices_that_go_or_are_disabled_fail() {
    let mut hub = rest(9);
    devices(&mut hub, 4);
    hub.put("/devices/d1", Some("*"), json!({ "status": "disabled" }));
    schedule(&mut hub, "calls", method("*", 3_600));
    hub.0.run(3_000);
    assert_eq!(hub.delete("/devices/d0", Some("*")).status, 204);
    let codes = |hub: &mut Rest| -> Vec<String> {
        let rows = query(
            hub,
            "SELECT * FROM devices.jobs WHERE jobId = 'calls' AND status = 'failed'",
        );
        rows.iter()
            .map(|row| format!("{} {}", row["deviceId"], row["error"]["code"]))
            .collect()
    };
    assert_eq!(
        codes(&mut hub),
        ["\"d0\" \"DeviceNotFound\"", "\"d1\" \"DeviceDisabled\""]
    );
    hub.0.run(40_000);
    assert_eq!(
        job(&mut hub, "calls")["deviceJobStatistics"]["pendingCount"],
        2
    );
}

#[test]
fn ten_jobs_run_and_a_hundred_wait() {
    let mut hub = rest(10);
    devices(&mut hub, 1);
    for number in 0..10 {
        schedule(&mut hub, &format!("running-{number}"), method("*", 3_600));
    }
    hub.0.run(3_000);
    for number in 0..100 {
        schedule(&mut hub, &format!("waiting-{number}"), update("*"));
    }
    let refused = hub.put("/jobs/v2/more", None, update("*"));
    assert_eq!(refused.status, 429, "{:?}", refused.body);
    assert!(
        refused.body["Message"]
            .as_str()
            .unwrap()
            .contains("ThrottlingMaxActiveJobCountExceeded")
    );
    assert_eq!(job(&mut hub, "waiting-0")["status"], "queued");
    hub.post("/jobs/v2/running-0/cancel?force=true", Value::Null);
    assert_eq!(end(&mut hub, "waiting-99")["status"], "completed");
}

#[test]
fn rows_and_jobs_go_after_thirty_days() {
    let mut hub = rest(11);
    devices(&mut hub, 5);
    schedule(&mut hub, "old", update("*"));
    end(&mut hub, "old");
    hub.0.run(31 * 24 * 3_600 * 1_000);
    schedule(&mut hub, "new", update("*"));
    end(&mut hub, "new");
    hub.0.run(5_000);
    assert_eq!(job(&mut hub, "old")["status"], "unknown");
    assert_eq!(
        query(&mut hub, "SELECT * FROM devices.jobs WHERE jobId = 'old'").len(),
        0
    );
    assert!(hub.0.world().nodes[&Address::Hub].actor.is_loaded());
}

#[test]
fn jobs_touch_no_more_devices_a_second_than_they_may() {
    let mut hub = rest(31);
    devices(&mut hub, 150);
    for number in 0..50 {
        hub.0
            .connected_device(&format!("c{number}"), Habits::default());
    }
    let slow = json!({ "overrides": { "jobDeviceOperations": { "perMinute": 600, "burst": 20 } } });
    let reply = hub.put("/api/v1/throttles", None, slow);
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    hub.0.run(30_000);
    // One of each kind: they share the rate of ten a second.
    schedule(&mut hub, "all", update("tags.number >= 0"));
    schedule(&mut hub, "calls", method("STARTSWITH(deviceId, 'c')", 300));
    let mut touched = Vec::new();
    for second in 1..60_u64 {
        hub.0.run(1_000);
        let done = ["all", "calls"].map(|id| {
            let job = job(&mut hub, id);
            count(&job, "succeededCount") + count(&job, "runningCount")
        });
        let done = done[0] + done[1];
        // What was there at once, rounded up by each shard, and ten a second.
        assert!(
            done <= 20 + 4 + 10 * (second + 1),
            "second {second}: {done}"
        );
        touched.push(done);
        if done == 200 {
            break;
        }
    }
    assert_eq!(touched.last(), Some(&200), "{touched:?}");
    assert!(touched.len() >= 16, "{touched:?}");
    for id in ["all", "calls"] {
        assert_eq!(end(&mut hub, id)["status"], "completed");
    }
}
