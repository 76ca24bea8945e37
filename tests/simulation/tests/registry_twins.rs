//! Twins of a shard (`service.md` §6, `device.md` §5).

use serde_json::{Value, json};
use shared::error::{ErrorCode, HubError};
use shared::hub::effects::Outgoing;
use shared::ipc::ConnectionId;
use shared::ipc::events::EventsRequest;
use shared::ipc::gateway::GatewayRequest;
use shared::ipc::registry::{
    ConnectRequest, Connected, Document, Precondition, PutDevice, RegistryReply, RegistryRequest,
    ReportTwin, UpdateSession, WriteTwin,
};
use simulation::device::HOST;
use simulation::stage::{Stage, device, identity};

fn stage() -> Stage {
    let mut stage = Stage::registry();
    let entropy = stage.random.bytes(80);
    let put = PutDevice {
        device: device("a"),
        precondition: Precondition::None,
        body: json!({}),
        entropy,
        missing_scopes: Vec::new(),
    };
    stage.asked(RegistryRequest::PutDevice(put));
    stage.settle_calls();
    stage
}

fn get(stage: &mut Stage) -> Document {
    match stage.asked(RegistryRequest::GetTwin(identity("a"))) {
        RegistryReply::Twin(document) => document,
        other => panic!("{other:?}"),
    }
}

fn write(
    stage: &mut Stage,
    precondition: Precondition,
    body: Value,
    replace: bool,
) -> Result<Document, HubError> {
    let request = WriteTwin {
        identity: identity("a"),
        precondition,
        body,
        replace,
    };
    match stage.ask(RegistryRequest::WriteTwin(request))? {
        RegistryReply::Twin(document) => Ok(document),
        other => panic!("{other:?}"),
    }
}

fn patch(stage: &mut Stage, body: Value) -> Result<Document, HubError> {
    write(stage, Precondition::None, body, false)
}

fn report(stage: &mut Stage, text: &str, version: Option<u64>) -> Result<u64, HubError> {
    let request = ReportTwin {
        identity: identity("a"),
        patch: text.to_owned(),
        version,
    };
    match stage.ask(RegistryRequest::ReportTwin(request))? {
        RegistryReply::Reported { version } => Ok(version),
        other => panic!("{other:?}"),
    }
}

fn connect(stage: &mut Stage, filters: &[&str]) -> Connected {
    let RegistryReply::Device(document) = stage.asked(RegistryRequest::GetDevice(device("a")))
    else {
        panic!("no device")
    };
    let key = document.body["authentication"]["symmetricKey"]["primaryKey"]
        .as_str()
        .unwrap()
        .to_owned();
    let resource = shared::auth::audience::device_resource(HOST, &identity("a"));
    let token = shared::auth::sas::sign(&key, &resource, stage.now.plus_seconds(60), None).unwrap();
    let request = ConnectRequest {
        identity: identity("a"),
        host_name: HOST.to_owned(),
        password: Some(token),
        certificate: None,
        gateway: 0,
        connection: ConnectionId("c1".to_owned()),
        census: 0,
        clean_session: false,
        keep_alive: 60,
        model_id: None,
        client_type: None,
        api_version: None,
    };
    let RegistryReply::Connected(connected) =
        stage.asked(RegistryRequest::Connect(Box::new(request)))
    else {
        panic!("refused")
    };
    stage.asked(RegistryRequest::UpdateSession(UpdateSession {
        identity: identity("a"),
        epoch: connected.epoch,
        subscribe: filters
            .iter()
            .map(|filter| ((*filter).to_owned(), 0))
            .collect(),
        unsubscribe: Vec::new(),
    }));
    stage.settle_calls();
    *connected
}

fn pushes(stage: &Stage) -> Vec<(u64, Value)> {
    stage
        .output
        .calls
        .iter()
        .filter_map(|call| match &call.request {
            Outgoing::Gateway(GatewayRequest::DesiredChanged { version, body, .. }) => {
                Some((*version, body.clone()))
            }
            _ => None,
        })
        .collect()
}

fn events(stage: &Stage) -> Vec<(String, Value)> {
    let told = stage
        .output
        .calls
        .iter()
        .flat_map(|call| match &call.request {
            Outgoing::Events(EventsRequest::AppendHubEvents { events, .. }) => events.clone(),
            _ => Vec::new(),
        });
    told.map(|(_, event)| event.read().unwrap())
        .map(|event| (event.operation, event.body))
        .collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, HubError>) -> ErrorCode {
    result.expect_err("refused").code
}

#[test]
fn a_twin_exists_with_its_identity() {
    let mut stage = stage();
    let twin = get(&mut stage);
    assert_eq!(twin.etag, "AAAAAAAAAAE=");
    let body = &twin.body;
    assert_eq!(body["version"], 2);
    assert_eq!(body["properties"]["desired"]["$version"], 1);
    assert_eq!(body["properties"]["reported"]["$version"], 1);
    assert_eq!(body["tags"], json!({}));
    assert_eq!(body["status"], "enabled");
    assert_eq!(body["authenticationType"], "sas");
    assert_eq!(body["modelId"], "");
    assert!(body.get("generationId").is_none());
}

#[test]
fn patches_merge_and_versions_rise() {
    let mut stage = stage();
    let first = patch(&mut stage, json!({ "tags": { "site": "s1" }, "properties": { "desired": { "a": 1, "b": { "c": [1] } } } })).unwrap();
    assert_eq!(first.body["version"], 3);
    assert_eq!(first.body["properties"]["desired"]["$version"], 2);
    let second = patch(
        &mut stage,
        json!({ "properties": { "desired": { "a": null, "b": { "c": [2, 3] } } } }),
    )
    .unwrap();
    let desired = &second.body["properties"]["desired"];
    assert_eq!(desired["$version"], 3);
    assert!(desired.get("a").is_none());
    assert_eq!(desired["b"]["c"], json!([2, 3]));
    assert_eq!(second.body["tags"], json!({ "site": "s1" }));
    assert_ne!(second.etag, first.etag);
    assert_eq!(get(&mut stage).body, second.body);
}

#[test]
fn preconditions_of_twin_writes() {
    let mut stage = stage();
    let first = get(&mut stage);
    let body = || json!({ "tags": { "x": 1 } });
    let etag = |text: &str| Precondition::Etag(text.to_owned());
    write(&mut stage, etag(&first.etag), body(), false).expect("the etag matches");
    assert_eq!(
        code(write(&mut stage, etag(&first.etag), body(), false)),
        ErrorCode::PreconditionFailed
    );
    assert_eq!(
        code(write(&mut stage, etag(&first.etag), body(), true)),
        ErrorCode::PreconditionFailed
    );
    write(&mut stage, Precondition::Any, body(), true).expect("unconditional");
}

#[test]
fn reports_leave_the_etag_alone() {
    let mut stage = stage();
    let before = get(&mut stage);
    assert_eq!(report(&mut stage, r#"{"b":{"c":2}}"#, None), Ok(2));
    assert_eq!(
        report(&mut stage, r#"{"b":{"c":2}}"#, None),
        Ok(3),
        "even without a change"
    );
    let after = get(&mut stage);
    assert_eq!(after.etag, before.etag);
    assert_eq!(after.body["properties"]["reported"]["b"], json!({ "c": 2 }));
    assert_eq!(after.body["version"], 4);
    let RegistryReply::DeviceTwin(view) = stage.asked(RegistryRequest::DeviceTwin(identity("a")))
    else {
        panic!("no twin")
    };
    assert_eq!(
        view,
        json!({ "desired": { "$version": 1 }, "reported": { "b": { "c": 2 }, "$version": 3 } })
    );
}

#[test]
fn bad_reports_are_refused_and_change_nothing() {
    let mut stage = stage();
    let before = get(&mut stage).body;
    for text in [
        "",
        "nonsense",
        "[1]",
        "7",
        r#"{"$version":4}"#,
        r#"{"a.b":1}"#,
        r#"{"a":[null]}"#,
    ] {
        let status = report(&mut stage, text, None)
            .expect_err(text)
            .code
            .status();
        assert_eq!(status, 400, "{text}");
    }
    assert_eq!(
        code(report(&mut stage, "{}", Some(9))),
        ErrorCode::PreconditionFailed
    );
    assert_eq!(get(&mut stage).body, before);
    let unknown = ReportTwin {
        identity: identity("b"),
        patch: "{}".to_owned(),
        version: None,
    };
    assert_eq!(
        code(stage.ask(RegistryRequest::ReportTwin(unknown))),
        ErrorCode::DeviceNotFound
    );
}

#[test]
fn only_subscribed_connected_devices_are_told_of_desired_changes() {
    let mut stage = stage();
    let change = json!({ "properties": { "desired": { "hz": 5, "old": null } } });
    patch(&mut stage, change.clone()).unwrap();
    assert_eq!(pushes(&stage), [], "not connected");
    connect(&mut stage, &["$iothub/twin/res/#"]);
    patch(&mut stage, change.clone()).unwrap();
    assert_eq!(pushes(&stage), [], "not subscribed");
    stage.settle_calls();
    connect(&mut stage, &["$iothub/twin/PATCH/properties/desired/#"]);
    patch(&mut stage, change).unwrap();
    assert_eq!(
        pushes(&stage),
        [(4, json!({ "hz": 5, "old": null, "$version": 4 }))],
        "the patch itself"
    );
    write(
        &mut stage,
        Precondition::Any,
        json!({ "properties": { "desired": { "x": 1 } } }),
        true,
    )
    .unwrap();
    assert_eq!(
        pushes(&stage),
        [(5, json!({ "x": 1, "$version": 5 }))],
        "the whole section"
    );
    patch(&mut stage, json!({ "tags": { "a": 1 } })).unwrap();
    assert_eq!(pushes(&stage), [], "tags are none of its business");
    report(&mut stage, "{}", None).unwrap();
    assert_eq!(pushes(&stage), []);
}

#[test]
fn changes_are_told_to_the_log() {
    let mut stage = stage();
    patch(
        &mut stage,
        json!({ "properties": { "desired": { "interval": 60 } } }),
    )
    .unwrap();
    let told = events(&stage);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].0, "updateTwin");
    assert_eq!(told[0].1["version"], 3);
    assert_eq!(told[0].1["properties"]["desired"]["interval"], 60);
    assert_eq!(told[0].1["properties"]["desired"]["$version"], 2);
    stage.settle_calls();
    write(&mut stage, Precondition::Any, json!({ "tags": {} }), true).unwrap();
    assert_eq!(events(&stage)[0].0, "replaceTwin");
    stage.settle_calls();
    report(&mut stage, r#"{"t":1}"#, None).unwrap();
    assert_eq!(events(&stage)[0].0, "updateTwin");
}

#[test]
fn events_wait_in_the_outbox_until_the_partition_has_them() {
    let mut stage = stage();
    patch(&mut stage, json!({ "tags": { "n": 1 } })).unwrap();
    let first = stage.output.calls.remove(0);
    assert!(stage.output.alarm.is_some(), "somebody will look after it");
    // While the first is under way the next one waits: a high-water mark must never skip.
    patch(&mut stage, json!({ "tags": { "n": 2 } })).unwrap();
    assert_eq!(events(&stage), []);
    let lost = shared::hub::effects::Outcome::Events(Err(HubError::internal("lost")));
    stage.input(simulation::actor::Input::Outcome(first.correlation, lost));
    assert_eq!(events(&stage), [], "not at once, lest it spin");
    stage.actor.forget(true);
    stage.wait(5_000);
    stage.input(simulation::actor::Input::Alarm);
    let tags: Vec<Value> = events(&stage)
        .into_iter()
        .map(|(_, body)| body["tags"]["n"].clone())
        .collect();
    assert_eq!(tags, [json!(1), json!(2)], "in order");
    stage.settle_calls();
    assert_eq!(
        stage.actor.sql.number("SELECT count(*) FROM outbox", &[]),
        Some(0)
    );
}
