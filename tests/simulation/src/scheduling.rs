//! Scheduled jobs through REST, for tests: what is asked of each answer about one.

use crate::Faults;
use crate::rest::Rest;
use serde_json::{Value, json};

/// Makes devices `d0`, `d1`, … that never connect, with their number as a tag.
///
/// # Panics
/// If the hub does not agree.
pub fn devices(hub: &mut Rest, count: usize) {
    let ids: Vec<usize> = (0..count).collect();
    for chunk in ids.chunks(100) {
        let items: Vec<Value> = chunk
            .iter()
            .map(|number| {
                json!({
                    "id": format!("d{number}"), "importMode": "create", "status": "enabled",
                    "tags": { "number": number },
                })
            })
            .collect();
        let reply = hub.post("/devices", json!(items));
        assert_eq!(reply.status, 200, "{:?}", reply.body);
    }
}

/// One of a job's counters.
///
/// # Panics
/// If it is not there.
pub fn count(job: &Value, name: &str) -> u64 {
    job["deviceJobStatistics"][name]
        .as_u64()
        .expect("a counter")
}

/// A job as it is now. `None`: the hub cannot say at the moment.
pub fn look(hub: &mut Rest, id: &str) -> Option<Value> {
    let reply = hub.get(&format!("/jobs/v2/{id}"));
    (reply.status == 200).then_some(reply.body)
}

/// Lets time pass until the job is over. Which devices it is about must not change any more
/// once one of them was touched.
///
/// # Panics
/// If it never ends, or if that changes.
pub fn end(hub: &mut Rest, id: &str) -> Value {
    end_within(hub, id, 500_000)
}

/// The same for a job that takes this long, in milliseconds.
///
/// # Panics
/// If it does not end, or if the devices change.
pub fn end_within(hub: &mut Rest, id: &str, milliseconds: i64) -> Value {
    let mut settled = None;
    for _ in 0..2_000 {
        if let Some(found) = look(hub, id) {
            let touched = ["succeededCount", "runningCount"].map(|name| count(&found, name));
            let devices = count(&found, "deviceCount");
            if settled.is_some() || touched != [0, 0] {
                assert_eq!(*settled.get_or_insert(devices), devices, "{found}");
            }
            if ["completed", "failed", "cancelled"]
                .contains(&found["status"].as_str().unwrap_or_default())
            {
                return found;
            }
        }
        hub.0.run(milliseconds / 2_000);
    }
    panic!("{id} never ends: {:?}", look(hub, id));
}

/// All rows of a job.
///
/// # Panics
/// If the hub does not answer.
pub fn rows(hub: &mut Rest, job: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut target = format!("/api/v1/jobs/{job}/devices?top=100");
    loop {
        let page = hub.get(&target).body;
        rows.extend(page["devices"].as_array().expect("a page of rows").clone());
        let Some(cursor) = page["cursor"].as_str() else {
            return rows;
        };
        target = format!("/api/v1/jobs/{job}/devices?top=100&cursor={cursor}");
    }
}

/// The counters of a job are those of its rows, which is another way to the same numbers.
///
/// # Panics
/// If they differ, or if the hub does not answer.
pub fn counters_are_those_of_the_rows(hub: &mut Rest, id: &str) {
    let job = look(hub, id).expect("a calm hub answers");
    let all = rows(hub, id);
    let rows = |status: &str| all.iter().filter(|row| row["status"] == status).count() as u64;
    assert_eq!(rows("completed"), count(&job, "succeededCount"), "{job}");
    assert_eq!(rows("running"), count(&job, "runningCount"), "{job}");
    assert_eq!(rows("pending"), count(&job, "pendingCount"), "{job}");
    assert_eq!(rows("canceled"), count(&job, "canceledCount"), "{job}");
    let failed = count(&job, "failedCount") - count(&job, "canceledCount");
    assert_eq!(rows("failed"), failed, "{job}");
    assert_eq!(all.len() as u64, count(&job, "deviceCount"), "{job}");
}

/// What jobs have to survive: calls get lost and come twice, actors and processes crash.
pub fn faults() -> Faults {
    Faults {
        lost_call: 60,
        duplicate: 200,
        slow: 50,
        crash_every: 1_500,
        process_crash_every: 9_000,
        evict_every: 500,
        alarm_twice: 200,
        alarm_late: 200,
        skew: 200,
        ..Faults::none()
    }
}
