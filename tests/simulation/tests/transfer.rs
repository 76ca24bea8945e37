//! Import and export jobs through REST down to storage (`service.md` §5), over steps that are
//! lost and shards that cannot be reached.

use serde_json::{Value, json};
use shared::blob::BlobStore;
use shared::http::Backend;
use shared::ipc::Address;
use simulation::rest::Rest;
use simulation::{Faults, Simulation};
use std::collections::BTreeMap;

/// A container of the hub's own store: its URL, with all rights.
fn container(hub: &mut Rest, name: &str) -> String {
    let order = json!({ "container": name, "rights": "racwdl", "endpoint": "https://localhost" });
    let reply = hub.post("/api/v1/blobs/sas", order);
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    reply.body["url"].as_str().unwrap().to_owned()
}

fn write(hub: &mut Rest, container: &str, name: &str, text: String) {
    let handle = hub.0.hub();
    let key = format!("blob/{container}/{name}");
    hub.0.finish(async move {
        let blobs = handle.blobs();
        let length = text.len() as u64;
        let content = blobs.content(text.into_bytes());
        blobs
            .write(&key, content, length, &Default::default())
            .await
            .unwrap();
    });
}

fn read(hub: &mut Rest, container: &str, name: &str) -> Option<String> {
    let handle = hub.0.hub();
    let key = format!("blob/{container}/{name}");
    hub.0.finish(async move {
        let blobs = handle.blobs();
        let found = blobs.properties(&key).await.unwrap()?;
        let bytes = blobs.read(&key, &found.etag, None).await.unwrap()?;
        Some(String::from_utf8(bytes).unwrap())
    })
}

fn start(hub: &mut Rest, order: Value) -> String {
    let reply = hub.post("/jobs/create", order);
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    assert_eq!(reply.body["status"], "enqueued");
    reply.body["jobId"].as_str().unwrap().to_owned()
}

fn step(hub: &mut Rest, lost: bool) -> bool {
    let handle = hub.0.hub();
    hub.0
        .finish(async move { handle.transfer_step(lost).await })
}

fn run(hub: &mut Rest, id: &str) -> Value {
    for _ in 0..1_000 {
        if !step(hub, false) {
            let job = hub.get(&format!("/jobs/{id}")).body;
            assert_eq!(
                job["progress"] == 100,
                job["status"] == "completed",
                "{job}"
            );
            return job;
        }
    }
    panic!("the job never ends");
}

fn device(number: usize) -> String {
    json!({ "id": format!("d{number}"), "status": "enabled", "tags": { "number": number } })
        .to_string()
}

#[test]
fn a_file_is_imported_and_what_is_wrong_is_logged() {
    let mut hub = Rest::default();
    let files = container(&mut hub, "files");
    hub.put("/devices/there", None, json!({}));
    let mut lines: Vec<String> = (0..2_000).map(device).collect();
    lines.insert(7, "Keys were left out.".into());
    lines.insert(
        100,
        json!({ "id": "there", "status": "enabled", "importMode": "create" }).to_string(),
    );
    lines.insert(200, "{\"id\":".into());
    lines.insert(
        300,
        json!({ "id": "gone", "importMode": "delete" }).to_string(),
    );
    lines.insert(400, json!({ "id": "silent" }).to_string());
    lines.push(json!({ "id": "d1", "moduleId": "m" }).to_string());
    write(&mut hub, "files", "devices.txt", lines.join("\n"));
    let id = start(
        &mut hub,
        json!({ "type": "import", "inputBlobContainerUri": files, "outputBlobContainerUri": files }),
    );

    let second = hub.post(
        "/jobs/create",
        json!({ "type": "export", "outputBlobContainerUri": files }),
    );
    assert_eq!(
        (second.status, &second.body["Message"]),
        (403, &second.body["Message"])
    );
    assert!(
        second.body["Message"]
            .as_str()
            .unwrap()
            .contains("JobQuotaExceeded"),
        "{:?}",
        second.body
    );

    let job = run(&mut hub, &id);
    assert_eq!(
        (&job["status"], &job["failureReason"]),
        (&json!("completed"), &Value::Null),
        "{job}"
    );
    assert_eq!(
        (&job["succeededCount"], &job["failedCount"]),
        (&json!(2_001), &json!(4)),
        "{job}"
    );
    assert_eq!(
        hub.get("/statistics/devices").body["totalDeviceCount"],
        2_001
    );
    assert_eq!(hub.get("/twins/d1999").body["tags"]["number"], 1_999);
    assert_eq!(hub.get("/devices/d1/modules/m").status, 200);

    let log = read(&mut hub, "files", "importErrors.log").unwrap();
    let errors: Vec<(u64, u64)> = log
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|entry| {
            (
                entry["line"].as_u64().unwrap(),
                entry["errorCode"].as_u64().unwrap(),
            )
        })
        .collect();
    let mut sorted = errors.clone();
    sorted.sort();
    assert_eq!(
        sorted,
        [
            (101, 409_001),
            (201, 400_012),
            (301, 404_001),
            (401, 400_004)
        ],
        "{log}"
    );
    let records = hub.get("/api/v1/audit?deviceId=d5").body;
    assert!(records.to_string().contains("createDevice"), "{records}");
}

#[test]
fn lost_steps_and_lost_calls_apply_each_line_once() {
    for seed in 0..20 {
        let faults = Faults {
            lost_client_call: 60,
            ..Faults::none()
        };
        let mut hub = Rest(Simulation::new(seed, Faults::none()));
        let files = container(&mut hub, "files");
        let count = 3_000;
        // A line that is applied twice shows: the second time it finds the device, and is refused.
        let lines: Vec<String> = (0..count)
            .map(|number| {
                json!({ "id": format!("d{number}"), "status": "enabled", "importMode": "create",
                    "tags": { "text": "x".repeat(200) } })
                .to_string()
            })
            .collect();
        write(&mut hub, "files", "devices.txt", lines.join("\r\n"));
        let id = start(
            &mut hub,
            json!({ "type": "import", "inputBlobContainerUri": files, "outputBlobContainerUri": files }),
        );
        hub.0.world_mut().set_faults(faults);
        let mut turns = 0;
        loop {
            turns += 1;
            assert!(turns < 500, "seed {seed}: the job never ends");
            let more = step(&mut hub, turns % 3 == 0);
            if turns % 5 == 0 {
                let victim = if turns % 2 == 0 {
                    Address::Hub
                } else {
                    Address::Registry((turns % 4) as u16)
                };
                hub.0.world_mut().crash(victim);
            }
            if !more {
                break;
            }
        }
        hub.0.world_mut().set_faults(Faults::none());
        let job = hub.get(&format!("/jobs/{id}")).body;
        assert_eq!(job["status"], "completed", "seed {seed}: {job}");
        assert_eq!(
            (&job["succeededCount"], &job["failedCount"]),
            (&json!(count), &json!(0)),
            "seed {seed}: {job}"
        );
        assert_eq!(
            hub.get("/statistics/devices").body["totalDeviceCount"],
            count
        );
        assert_eq!(
            read(&mut hub, "files", "importErrors.log").as_deref(),
            Some("")
        );
    }
}

#[test]
fn an_export_holds_everything_and_can_be_imported_elsewhere() {
    let mut hub = Rest::default();
    let files = container(&mut hub, "files");
    let mut created = BTreeMap::new();
    for number in 0..450 {
        let id = format!("d{number}");
        let body = json!({ "status": if number % 7 == 0 { "disabled" } else { "enabled" } });
        created.insert(
            id.clone(),
            hub.put(&format!("/devices/{id}"), None, body).body,
        );
        if number % 50 == 0 {
            hub.put(
                &format!("/devices/{id}/modules/m"),
                None,
                json!({ "managedBy": "me" }),
            );
            hub.patch(
                &format!("/twins/{id}"),
                json!({ "tags": { "n": number }, "properties": { "desired": { "t": 1 } } }),
            );
        }
    }
    hub.put(
        "/devices/edge",
        None,
        json!({ "capabilities": { "iotEdge": true } }),
    );
    hub.patch(
        "/twins/edge/modules/$edgeAgent",
        json!({ "properties": { "desired": { "a": 1 } } }),
    );
    let id = start(
        &mut hub,
        json!({ "type": "export", "outputBlobContainerUri": files, "outputBlobName": "fleet/all.txt" }),
    );
    let job = run(&mut hub, &id);
    assert_eq!(job["status"], "completed", "{job}");
    let text = read(&mut hub, "files", "fleet/all.txt").unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 450 + 9 + 1 + 2);
    for line in lines
        .iter()
        .filter(|line| line["moduleId"].is_null() && line["id"] != "edge")
    {
        let before = &created[line["id"].as_str().unwrap()];
        assert_eq!(line["authentication"], before["authentication"]);
        assert_eq!(
            (&line["status"], &line["eTag"]),
            (&before["status"], &before["etag"])
        );
    }

    let mut other = Rest(Simulation::new(2, Faults::none()));
    let there = container(&mut other, "files");
    write(&mut other, "files", "devices.txt", text);
    let id = start(
        &mut other,
        json!({ "type": "import", "inputBlobContainerUri": there, "outputBlobContainerUri": there }),
    );
    let job = run(&mut other, &id);
    assert_eq!(
        (&job["status"], &job["failedCount"]),
        (&json!("completed"), &json!(0)),
        "{job} {:?}",
        read(&mut other, "files", "importErrors.log")
    );
    for target in ["/devices/d7", "/devices/d50/modules/m"] {
        assert_eq!(
            hub.get(target).body["authentication"],
            other.get(target).body["authentication"],
            "{target}"
        );
        assert_eq!(
            hub.get(target).body["status"],
            other.get(target).body["status"],
            "{target}"
        );
    }
    for target in ["/twins/d50", "/twins/edge/modules/$edgeAgent"] {
        let strip = |mut body: Value| {
            body["properties"]["desired"]
                .as_object_mut()
                .unwrap()
                .retain(|name, _| !name.starts_with('$'));
            (body["tags"].clone(), body["properties"]["desired"].clone())
        };
        assert_eq!(
            strip(hub.get(target).body),
            strip(other.get(target).body),
            "{target}"
        );
    }
}

#[test]
fn an_export_without_keys_begins_with_a_sentence() {
    let mut hub = Rest::default();
    let files = container(&mut hub, "files");
    hub.put("/devices/d", None, json!({}));
    let id = start(
        &mut hub,
        json!({ "type": "export", "outputBlobContainerUri": files, "excludeKeysInExport": true, "includeConfigurations": true }),
    );
    assert_eq!(run(&mut hub, &id)["excludeKeysInExport"], true);
    let text = read(&mut hub, "files", "devices.txt").unwrap();
    let (first, rest) = text.split_once('\n').unwrap();
    assert!(!first.starts_with('{'));
    let line: Value = serde_json::from_str(rest).unwrap();
    assert_eq!(
        line["authentication"]["symmetricKey"],
        json!({ "primaryKey": null, "secondaryKey": null })
    );
    let configurations = read(&mut hub, "files", "configurations.txt");
    assert_eq!(configurations.as_deref(), Some(""), "there are none");
}

#[test]
fn a_cancelled_job_stops_and_the_next_one_may_begin() {
    let mut hub = Rest::default();
    let files = container(&mut hub, "files");
    let lines: Vec<String> = (0..9_000).map(device).collect();
    write(&mut hub, "files", "devices.txt", lines.join("\n"));
    let order = json!({ "type": "import", "inputBlobContainerUri": files, "outputBlobContainerUri": files });
    let id = start(&mut hub, order.clone());
    step(&mut hub, false);
    assert!(step(&mut hub, false));
    let running = hub.get(&format!("/jobs/{id}")).body;
    assert_eq!(running["status"], "running");
    assert!(
        (1..100).contains(&running["progress"].as_u64().unwrap()),
        "{running}"
    );
    for _ in 0..2 {
        assert_eq!(hub.delete(&format!("/jobs/{id}"), None).status, 204);
    }
    assert!(!step(&mut hub, false));
    let imported = hub.get("/statistics/devices").body["totalDeviceCount"]
        .as_u64()
        .unwrap();
    assert!((1..9_000).contains(&imported), "{imported}");
    let ended = hub.get(&format!("/jobs/{id}")).body;
    assert_eq!(ended["status"], "cancelled");
    assert!(!ended.to_string().contains("sig="));

    let next = start(&mut hub, order);
    run(&mut hub, &next);
    assert_eq!(
        hub.get("/statistics/devices").body["totalDeviceCount"],
        9_000
    );
    let history = hub.get("/jobs").body;
    let ids: Vec<&str> = history
        .as_array()
        .unwrap()
        .iter()
        .map(|job| job["jobId"].as_str().unwrap())
        .collect();
    assert_eq!(ids, [next.as_str(), id.as_str()]);
    assert_eq!(hub.get("/jobs/nope").status, 404);
    assert_eq!(hub.delete("/jobs/nope", None).status, 404);
}

#[test]
fn storage_that_refuses_is_found_at_once() {
    let mut hub = Rest::default();
    let files = container(&mut hub, "files");
    let order = json!({ "container": "files", "rights": "rcw", "endpoint": "https://localhost" });
    let no_delete = hub.post("/api/v1/blobs/sas", order).body["url"]
        .as_str()
        .unwrap()
        .to_owned();
    for (order, text) in [
        (
            json!({ "type": "export", "outputBlobContainerUri": files.replace("sig=", "sig=A") }),
            "Unauthorized to write to output blob container",
        ),
        (
            json!({ "type": "export", "outputBlobContainerUri": no_delete }),
            "Unauthorized to delete from output blob container",
        ),
        (
            json!({ "type": "import", "inputBlobContainerUri": files, "outputBlobContainerUri": files }),
            "Failed to read devices blob from the input container",
        ),
        (
            json!({ "type": "export", "outputBlobContainerUri": "https://10.0.0.1/x?sig=1" }),
            "The hub sends nothing to",
        ),
    ] {
        let reply = hub.post("/jobs/create", order);
        let message = reply.body["Message"].as_str().unwrap();
        assert_eq!(reply.status, 400, "{message}");
        assert!(
            message.contains("BlobContainerValidationError") && message.contains(text),
            "{message}"
        );
        assert!(!message.contains("sig="), "{message}");
    }
    for order in [
        json!({ "type": "move" }),
        json!({ "type": "export" }),
        json!({ "type": "export", "outputBlobContainerUri": "files" }),
        json!({ "type": "import", "outputBlobContainerUri": files }),
        json!({ "type": "export", "outputBlobContainerUri": files, "outputBlobName": "../x" }),
        json!({ "type": "export", "outputBlobContainerUri": files, "storageAuthenticationType": "identityBased" }),
    ] {
        let reply = hub.post("/jobs/create", order.clone());
        assert_eq!(reply.status, 400, "{order}");
    }
    assert_eq!(hub.get("/jobs").body, json!([]));
}

#[test]
fn configurations_go_with_the_registry() {
    let mut hub = Rest::default();
    let files = container(&mut hub, "files");
    hub.put("/devices/d", None, json!({}));
    for (id, priority) in [("heating", 1), ("lights", 2)] {
        let reply = hub.put(
            &format!("/configurations/{id}"),
            None,
            json!({
                "id": id,
                "labels": { "team": "b" },
                "content": { "deviceContent": { format!("properties.desired.{id}"): priority } },
                "targetCondition": "tags.site = 'a'",
                "priority": priority,
                "metrics": { "queries": { "all": "SELECT deviceId FROM devices" } },
            }),
        );
        assert_eq!(reply.status, 200, "{:?}", reply.body);
    }
    let export =
        json!({ "type": "export", "outputBlobContainerUri": files, "includeConfigurations": true });
    let id = start(&mut hub, export);
    assert_eq!(run(&mut hub, &id)["status"], "completed");
    let text = read(&mut hub, "files", "configurations.txt").unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2, "{text}");
    // As Azure writes them.
    assert_eq!(lines[0]["Id"], "heating");
    assert_eq!(
        lines[1]["Content"]["DeviceContent"]["properties.desired.lights"],
        2
    );

    let mut other = Rest::default();
    let files = container(&mut other, "files");
    let existing = json!({
        "id": "lights",
        "content": { "deviceContent": { "properties.desired.lights": 7 } },
        "targetCondition": "tags.site = 'z'",
        "priority": 9,
    });
    assert_eq!(
        other.put("/configurations/lights", None, existing).status,
        200
    );
    for (name, line) in [
        (
            "devices.txt",
            json!({ "id": "d", "status": "enabled", "tags": { "site": "a" } }),
        ),
        ("configurations.txt", json!({ "Id": "BAD", "Content": {} })),
    ] {
        let mut file = format!("{line}\n");
        if name == "configurations.txt" {
            file.push_str("no object\n{\n");
            file.push_str(&text);
        }
        write(&mut other, "files", name, file);
    }
    let import = json!({
        "type": "import",
        "inputBlobContainerUri": files,
        "outputBlobContainerUri": files,
        "includeConfigurations": true,
    });
    for _ in 0..2 {
        let id = start(&mut other, import.clone());
        let job = run(&mut other, &id);
        assert_eq!(job["status"], "completed", "{job}");
        assert_eq!(job["failedCount"], 3, "{job}");
        let heating = other.get("/configurations/heating").body;
        assert_eq!(
            (
                &heating["priority"],
                &heating["labels"],
                &heating["targetCondition"]
            ),
            (
                &json!(1),
                &json!({ "team": "b" }),
                &json!("tags.site = 'a'")
            )
        );
        assert_eq!(heating["metrics"]["results"]["all"], 1);
        let lights = other.get("/configurations/lights").body;
        assert_eq!(lights["priority"], 2, "updated");
        let lamps = &lights["content"]["deviceContent"]["properties.desired.lights"];
        assert_eq!(*lamps, 7, "content stays");
        let log = read(&mut other, "files", "importErrors.log").unwrap();
        let refused: Vec<Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .map(|line: Value| json!([line["line"], line["configurationId"]]))
            .collect();
        assert_eq!(
            refused,
            [json!([1, "BAD"]), json!([3, null]), json!([5, "lights"])],
            "{log}"
        );
    }
    // What was imported reaches devices, and somebody did it.
    let twin = other.get("/twins/d").body;
    assert_eq!(
        twin["configurations"]["heating"]["status"], "Applied",
        "{twin}"
    );
    let records = other.get("/api/v1/audit?action=putConfiguration").body;
    let actors: Vec<&Value> = records["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| &record["actor"])
        .collect();
    assert!(
        !actors.is_empty() && actors.iter().all(|actor| !actor.is_null()),
        "{records}"
    );
}
