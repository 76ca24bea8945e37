//! Identities of a shard (`service.md` §4.1–§4.3, §4.5, §4.7).

use serde_json::{Value, json};
use shared::error::{ErrorCode, HubError};
use shared::hub::effects::Outgoing;
use shared::ipc::events::EventsRequest;
use shared::ipc::registry::{
    DeleteDevice, Document, Precondition, PutDevice, RegistryReply, RegistryRequest,
};
use simulation::stage::{Stage, device};

fn put(
    stage: &mut Stage,
    id: &str,
    precondition: Precondition,
    body: Value,
) -> Result<Document, HubError> {
    let entropy = stage.random.bytes(80);
    let request = PutDevice {
        device: device(id),
        precondition,
        body,
        entropy,
        missing_scopes: Vec::new(),
    };
    match stage.ask(RegistryRequest::PutDevice(request))? {
        RegistryReply::Device(document) => Ok(document),
        other => panic!("{other:?}"),
    }
}

fn create(stage: &mut Stage, id: &str) -> Document {
    put(stage, id, Precondition::None, json!({})).expect("created")
}

fn delete(
    stage: &mut Stage,
    id: &str,
    precondition: Precondition,
) -> Result<RegistryReply, HubError> {
    stage.ask(RegistryRequest::DeleteDevice(DeleteDevice {
        device: device(id),
        precondition,
    }))
}

fn etag(text: &str) -> Precondition {
    Precondition::Etag(text.to_owned())
}

fn code<T: std::fmt::Debug>(result: Result<T, HubError>) -> ErrorCode {
    result.expect_err("refused").code
}

#[test]
fn a_new_device_has_every_field_of_the_contract() {
    let mut stage = Stage::registry();
    let document = create(&mut stage, "pump-7");
    let body = &document.body;
    assert_eq!(body["deviceId"], "pump-7");
    assert_eq!(body["etag"], json!(document.etag));
    assert_eq!(body["generationId"].as_str().map(str::len), Some(18));
    assert_eq!(body["connectionState"], "Disconnected");
    assert_eq!(body["status"], "enabled");
    assert_eq!(body["statusReason"], Value::Null);
    assert_eq!(body["cloudToDeviceMessageCount"], 0);
    assert_eq!(body["capabilities"], json!({ "iotEdge": false }));
    for time in [
        "connectionStateUpdatedTime",
        "statusUpdatedTime",
        "lastActivityTime",
    ] {
        assert!(
            body[time]
                .as_str()
                .unwrap()
                .starts_with("0001-01-01T00:00:00"),
            "{time}"
        );
    }
    let authentication = &body["authentication"];
    assert_eq!(authentication["type"], "sas");
    let (one, two) = (
        authentication["symmetricKey"]["primaryKey"]
            .as_str()
            .unwrap(),
        authentication["symmetricKey"]["secondaryKey"]
            .as_str()
            .unwrap(),
    );
    assert_eq!((one.len(), two.len()), (44, 44), "32 bytes each");
    assert_ne!(one, two);
    assert!(body.get("deviceScope").is_none());
}

#[test]
fn preconditions_of_put() {
    let mut stage = Stage::registry();
    assert_eq!(
        code(put(&mut stage, "a", Precondition::Any, json!({}))),
        ErrorCode::DeviceNotFound
    );
    assert_eq!(
        code(put(&mut stage, "a", etag("x"), json!({}))),
        ErrorCode::DeviceNotFound
    );
    let first = create(&mut stage, "a");
    let again = put(
        &mut stage,
        "a",
        Precondition::None,
        json!({ "etag": first.etag }),
    );
    assert_eq!(code(again), ErrorCode::DeviceAlreadyExists);
    let second = put(&mut stage, "a", etag(&first.etag), json!({})).expect("the etag matches");
    assert_ne!(first.etag, second.etag);
    let stale = put(&mut stage, "a", etag(&first.etag), json!({}));
    assert_eq!(code(stale), ErrorCode::PreconditionFailed);
    put(&mut stage, "a", Precondition::Any, json!({})).expect("unconditional");
}

#[test]
fn preconditions_of_delete() {
    let mut stage = Stage::registry();
    assert_eq!(
        code(delete(&mut stage, "a", Precondition::Any)),
        ErrorCode::DeviceNotFound
    );
    assert_eq!(
        code(delete(&mut stage, "a", Precondition::None)),
        ErrorCode::PreconditionFailed
    );
    let first = create(&mut stage, "a");
    assert_eq!(
        code(delete(&mut stage, "a", Precondition::None)),
        ErrorCode::PreconditionFailed
    );
    assert_eq!(
        code(delete(&mut stage, "a", etag("x"))),
        ErrorCode::PreconditionFailed
    );
    delete(&mut stage, "a", etag(&first.etag)).expect("the etag matches");
    assert_eq!(
        code(delete(&mut stage, "a", Precondition::Any)),
        ErrorCode::DeviceNotFound
    );
    stage.wait(10);
    let again = create(&mut stage, "a");
    assert_ne!(again.body["generationId"], first.body["generationId"]);
}

#[test]
fn put_replaces_everything() {
    let mut stage = Stage::registry();
    let keys = json!({ "symmetricKey": { "primaryKey": "AAECAwQFBgcICQoLDA0ODw==", "secondaryKey": "DwECAwQFBgcICQoLDA0ODw==" } });
    let body = json!({ "status": "disabled", "statusReason": "broken", "authentication": keys });
    let first = put(&mut stage, "a", Precondition::None, body).unwrap();
    assert_eq!(
        first.body["authentication"]["symmetricKey"],
        keys["symmetricKey"]
    );
    assert_eq!(first.body["status"], "disabled");
    let second = put(&mut stage, "a", Precondition::Any, json!({})).unwrap();
    assert_eq!(second.body["status"], "enabled");
    assert_eq!(second.body["statusReason"], Value::Null);
    assert_ne!(
        second.body["authentication"], first.body["authentication"],
        "new keys are minted"
    );
    assert_eq!(
        second.body["statusUpdatedTime"],
        "2026-03-01T00:00:00.0000000Z"
    );
    assert_eq!(second.body["generationId"], first.body["generationId"]);
}

#[test]
fn authentication_is_checked() {
    let mut stage = Stage::registry();
    let key = "AAECAwQFBgcICQoLDA0ODw==";
    let sha1 = "a".repeat(40);
    let bad = [
        json!({ "symmetricKey": { "primaryKey": key, "secondaryKey": null } }),
        json!({ "symmetricKey": { "primaryKey": "AAEC", "secondaryKey": "AAEC" } }),
        json!({ "symmetricKey": { "primaryKey": "no base64!", "secondaryKey": key } }),
        json!({ "type": "none" }),
        json!({ "type": "nonsense" }),
        json!({ "type": "selfSigned", "x509Thumbprint": { "primaryThumbprint": "xyz" } }),
        json!({ "type": "selfSigned", "x509Thumbprint": { "primaryThumbprint": sha1, "secondaryThumbprint": "b".repeat(64) } }),
        json!({ "type": "selfSigned", "symmetricKey": { "primaryKey": key, "secondaryKey": key } }),
        json!({ "x509Thumbprint": { "primaryThumbprint": sha1 }, "symmetricKey": { "primaryKey": key, "secondaryKey": key } }),
        json!("sas"),
    ];
    for authentication in bad {
        let refused = put(
            &mut stage,
            "a",
            Precondition::None,
            json!({ "authentication": authentication }),
        );
        assert_eq!(
            code(refused),
            ErrorCode::ArgumentInvalid,
            "{authentication}"
        );
    }
    let generated = [
        json!(null),
        json!({}),
        json!({ "type": "sas", "symmetricKey": {} }),
        json!({ "type": "sas", "symmetricKey": { "primaryKey": "", "secondaryKey": "" } }),
        json!({ "type": "sas", "symmetricKey": null }),
    ];
    for (number, authentication) in generated.into_iter().enumerate() {
        let id = format!("sas-{number}");
        let made = put(
            &mut stage,
            &id,
            Precondition::None,
            json!({ "authentication": authentication }),
        )
        .unwrap();
        assert!(made.body["authentication"]["symmetricKey"]["primaryKey"].is_string());
    }
    let body = json!({ "authentication": { "x509Thumbprint": { "primaryThumbprint": sha1 } } });
    let x509 = put(&mut stage, "x509", Precondition::None, body).unwrap();
    assert_eq!(x509.body["authentication"]["type"], "selfSigned");
    assert_eq!(
        x509.body["authentication"]["symmetricKey"]["primaryKey"],
        Value::Null
    );
    let bare = json!({ "authentication": { "type": "selfSigned" } });
    put(&mut stage, "bare", Precondition::None, bare).expect("no thumbprint is accepted");
}

#[test]
fn other_fields_are_checked() {
    let mut stage = Stage::registry();
    let bad = [
        json!({ "deviceId": "b" }),
        json!({ "status": "sleepy" }),
        json!({ "statusReason": "x".repeat(129) }),
        json!({ "capabilities": { "iotEdge": "yes" } }),
        json!({ "status": 1 }),
    ];
    for body in bad {
        assert_eq!(
            code(put(&mut stage, "a", Precondition::None, body)),
            ErrorCode::ArgumentInvalid
        );
    }
    let text = put(&mut stage, "a", Precondition::None, json!("text"));
    assert_eq!(code(text), ErrorCode::IotHubFormatError);
    let fine = json!({ "deviceId": "a", "status": "Enabled", "statusReason": "x".repeat(128), "etag": "zzz",
        "generationId": "1", "connectionState": "Connected", "lastActivityTime": "2020-01-01T00:00:00Z" });
    let made = put(&mut stage, "a", Precondition::None, fine).unwrap();
    assert_eq!(made.body["connectionState"], "Disconnected");
    assert_ne!(made.body["generationId"], "1");
}

#[test]
fn edge_devices_have_a_scope_that_stays() {
    let mut stage = Stage::registry();
    let edge = json!({ "capabilities": { "iotEdge": true }, "deviceScope": "mine" });
    let made = put(&mut stage, "edge", Precondition::None, edge).unwrap();
    let scope = made.body["deviceScope"].as_str().unwrap().to_owned();
    assert!(scope.starts_with("ms-azure-iot-edge://edge-"), "{scope}");
    let without = json!({ "capabilities": { "iotEdge": true } });
    assert_eq!(
        code(put(&mut stage, "edge", Precondition::Any, without)),
        ErrorCode::ArgumentInvalid
    );
    let with = json!({ "capabilities": { "iotEdge": true }, "deviceScope": scope });
    put(&mut stage, "edge", Precondition::Any, with).expect("unchanged");
    let leaf = put(
        &mut stage,
        "leaf",
        Precondition::None,
        json!({ "deviceScope": scope }),
    )
    .unwrap();
    assert_eq!(leaf.body["parentScopes"], json!([scope]));
}

#[test]
fn deleting_takes_twin_and_messages_with_it() {
    let mut stage = Stage::registry();
    create(&mut stage, "a");
    delete(&mut stage, "a", Precondition::Any).unwrap();
    for table in ["identity", "twin", "message", "feedback"] {
        let statement = format!("SELECT count(*) FROM {table}");
        assert_eq!(stage.actor.sql.number(&statement, &[]), Some(0), "{table}");
    }
}

#[test]
fn create_and_delete_are_told_to_the_log_but_updates_are_not() {
    let mut stage = Stage::registry();
    let told = |stage: &mut Stage| -> Vec<(String, Value)> {
        let events = stage
            .output
            .calls
            .iter()
            .flat_map(|call| match &call.request {
                Outgoing::Events(EventsRequest::AppendHubEvents { events, .. }) => events.clone(),
                other => panic!("{other:?}"),
            });
        let told = events
            .map(|(_, event)| event.read().unwrap())
            .map(|event| (event.operation, event.body))
            .collect();
        stage.settle_calls();
        told
    };
    create(&mut stage, "a");
    let events = told(&mut stage);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0, "createDeviceIdentity");
    assert_eq!(events[0].1["version"], 2);
    assert_eq!(events[0].1["properties"]["desired"]["$version"], 1);
    put(
        &mut stage,
        "a",
        Precondition::Any,
        json!({ "status": "disabled" }),
    )
    .unwrap();
    assert_eq!(told(&mut stage), []);
    delete(&mut stage, "a", Precondition::Any).unwrap();
    assert_eq!(told(&mut stage)[0].0, "deleteDeviceIdentity");
}
