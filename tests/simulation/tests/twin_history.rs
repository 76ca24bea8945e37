//! The past of twins: every version is found again, for as long as the settings say, and one
//! can go back to it.

use serde_json::{Value, json};
use shared::ipc::registry::{
    DeleteDevice, Precondition, PutDevice, ReadHistory, RegistryReply, RegistryRequest, ReportTwin,
    WriteTwin,
};
use simulation::actor::Input;
use simulation::rest::Rest;
use simulation::stage::{Stage, device, identity};

fn put(stage: &mut Stage) {
    let entropy = stage.random.bytes(80);
    stage.asked(RegistryRequest::PutDevice(PutDevice {
        device: device("a"),
        precondition: Precondition::None,
        body: json!({}),
        entropy,
        missing_scopes: Vec::new(),
    }));
    stage.settle_calls();
}

fn write(stage: &mut Stage, body: Value) {
    stage.asked(RegistryRequest::WriteTwin(WriteTwin {
        identity: identity("a"),
        precondition: Precondition::None,
        body,
        replace: false,
    }));
    stage.settle_calls();
}

fn report(stage: &mut Stage, patch: Value) {
    stage.asked(RegistryRequest::ReportTwin(ReportTwin {
        identity: identity("a"),
        patch: patch.to_string(),
        version: None,
    }));
    stage.settle_calls();
}

fn wanted(version: Option<u64>) -> RegistryRequest {
    RegistryRequest::ReadHistory(ReadHistory {
        identity: identity("a"),
        version,
        against: None,
        from: None,
        to: None,
        before: None,
        sections: 7,
        top: 1000,
    })
}

fn items(stage: &mut Stage) -> Vec<Value> {
    let RegistryReply::History(body) = stage.asked(wanted(None)) else {
        panic!("no history")
    };
    body["items"].as_array().unwrap().clone()
}

fn rows(stage: &Stage) -> i64 {
    let count = "SELECT count(*) FROM twin_history";
    stage.actor.sql.number(count, &[]).unwrap()
}

#[test]
fn versions_survive_a_crash_and_the_limit_holds_without_deletions() {
    let mut stage = Stage::registry();
    put(&mut stage);
    for number in 0..150 {
        report(&mut stage, json!({ "n": number }));
    }
    stage.actor.forget(true);
    assert_eq!(rows(&stage), 100);
    let items = items(&mut stage);
    assert_eq!(items.len(), 100);
    assert_eq!(items[0]["version"], 152);
    assert_eq!(items[0]["cause"], "device");
    assert_eq!(items[0]["patch"], json!({ "reported": { "n": 149 } }));
    let RegistryReply::History(past) = stage.asked(wanted(Some(60))) else {
        panic!("no document")
    };
    assert_eq!(
        past["properties"]["reported"],
        json!({ "n": 57, "$version": 59 })
    );
    assert!(stage.ask(wanted(Some(51))).is_err());
}

#[test]
fn a_change_costs_one_small_row() {
    let mut stage = Stage::registry();
    put(&mut stage);
    let cost = |stage: &mut Stage| {
        let before = stage.actor.sql.rows_written();
        for number in 0..100 {
            let patch = json!({ "temperature": number, "state": { "mode": "auto" } });
            report(stage, patch);
        }
        stage.actor.sql.rows_written() - before
    };
    let with = cost(&mut stage);
    let bytes = "SELECT sum(length(device_id) + length(module_id) + length(origin) + \
        length(undo) + ifnull(length(actor), 0) + 20) FROM twin_history";
    let bytes = stage.actor.sql.number(bytes, &[]).unwrap();
    let mut settings = simulation::stage::settings();
    settings.version = 2;
    settings.twin_history.changes = 0;
    stage.asked(RegistryRequest::ApplySettings(Box::new(settings)));
    let without = cost(&mut stage);
    println!(
        "a report: {} more rows, {} bytes",
        (with - without) as f64 / 100.0,
        bytes / 100
    );
    assert_eq!(with - without, 100, "one row for each change");
    assert!(bytes / 100 < 120);
    assert!(items(&mut stage).is_empty(), "off: nothing is shown");
}

#[test]
fn what_is_too_old_or_whose_device_is_gone_is_deleted() {
    let mut stage = Stage::registry();
    put(&mut stage);
    write(&mut stage, json!({ "tags": { "site": "oslo" } }));
    stage.wait(8 * 86_400_000);
    write(&mut stage, json!({ "tags": { "site": "bergen" } }));
    assert_eq!(items(&mut stage).len(), 1, "too old to be shown");
    stage.input(Input::Alarm);
    assert_eq!(rows(&stage), 1);
    stage.asked(RegistryRequest::DeleteDevice(DeleteDevice {
        device: device("a"),
        precondition: Precondition::Any,
    }));
    assert_eq!(rows(&stage), 0);
}

#[test]
fn a_revert_is_a_write_of_tags_and_desired_properties_alone() {
    let mut hub = Rest::default();
    hub.put("/devices/pump", None, json!({}));
    let first =
        json!({ "tags": { "site": "oslo" }, "properties": { "desired": { "a": { "b": 1 } } } });
    let third = hub.patch("/twins/pump", first);
    let then =
        json!({ "tags": { "site": null }, "properties": { "desired": { "a": { "c": 2 } } } });
    hub.patch("/twins/pump", then);
    let history = hub.get("/api/v1/twins/pump/history?section=tags");
    assert_eq!(history.status, 200, "{:?}", history.body);
    assert_eq!(history.body["items"][0]["cause"], "service");
    assert_eq!(
        history.body["items"][0]["patch"]["tags"],
        json!({ "site": null })
    );
    let actor = history.body["items"][0]["actor"].as_str().unwrap();
    assert!(actor.starts_with("policy:"), "{actor}");
    let difference = hub.get("/api/v1/twins/pump/history/4?against=3").body;
    assert_eq!(
        difference["patch"],
        json!({ "tags": { "site": null }, "desired": { "a": { "c": 2 } } })
    );
    let etag = third.body["etag"].as_str().unwrap().to_owned();
    let revert = "/api/v1/twins/pump/revert";
    let post = shared::http::Method::Post;
    let late = hub.ask(
        post,
        revert,
        Some(&format!("\"{etag}\"")),
        json!({ "version": 3 }),
    );
    assert_eq!(late.status, 412);
    let back = hub.post(revert, json!({ "version": 3 }));
    assert_eq!(back.status, 200, "{:?}", back.body);
    assert_eq!(back.body["tags"], json!({ "site": "oslo" }));
    assert_eq!(back.body["properties"]["desired"]["a"], json!({ "b": 1 }));
    assert_eq!(back.body["version"], 5);
    assert_eq!(hub.post(revert, json!({ "version": 99 })).status, 404);
    assert_eq!(hub.post(revert, json!({})).status, 400);
    let record = hub.get("/api/v1/audit?action=revertTwin");
    assert!(
        record.body.to_string().contains("revertTwin"),
        "{:?}",
        record.body
    );
    let bad = json!({ "seconds": 1, "changes": 5000 });
    assert_eq!(hub.put("/api/v1/twin-history", None, bad).status, 400);
    let off = hub.put(
        "/api/v1/twin-history",
        None,
        json!({ "seconds": 0, "changes": 0 }),
    );
    assert_eq!(off.body, json!({ "seconds": 0, "changes": 0 }));
}
