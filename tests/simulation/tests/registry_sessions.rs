//! Sessions of a shard: what an older one says is ignored (`device.md` §2.5, §2.6, §8).

use serde_json::json;
use shared::hub::effects::Outgoing;
use shared::ids::{Identity, ModuleId};
use shared::ipc::ConnectionId;
use shared::ipc::gateway::GatewayRequest;
use shared::ipc::registry::{
    AckMode, CompleteDelivery, ConnectRequest, Connected, DeleteDevice, Disconnected, Precondition,
    PutDevice, PutModule, RegistryReply, RegistryRequest, SendMessage, UpdateSession,
};
use shared::mqtt::property_bag::MessageProperties;
use simulation::device::HOST;
use simulation::stage::{Stage, device, identity};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";
const C2D: &str = "devices/a/messages/devicebound/#";

fn put(stage: &mut Stage, precondition: Precondition, status: &str) {
    let keys = json!({ "primaryKey": KEY, "secondaryKey": KEY });
    let body = json!({ "status": status, "authentication": { "symmetricKey": keys } });
    let entropy = stage.random.bytes(80);
    stage.asked(RegistryRequest::PutDevice(PutDevice {
        device: device("a"),
        precondition,
        body,
        entropy,
        missing_scopes: Vec::new(),
    }));
}

fn stage() -> Stage {
    let mut stage = Stage::registry();
    put(&mut stage, Precondition::None, "enabled");
    stage.settle_calls();
    stage
}

fn connect(stage: &mut Stage, who: &Identity, connection: &str) -> Connected {
    let resource = shared::auth::audience::device_resource(HOST, who);
    let token = shared::auth::sas::sign(KEY, &resource, stage.now.plus_seconds(600), None).unwrap();
    let request = ConnectRequest {
        identity: who.clone(),
        host_name: HOST.to_owned(),
        password: Some(token),
        certificate: None,
        gateway: 0,
        connection: ConnectionId(connection.to_owned()),
        census: 0,
        clean_session: false,
        keep_alive: 60,
        model_id: None,
        client_type: None,
        api_version: None,
    };
    match stage.asked(RegistryRequest::Connect(Box::new(request))) {
        RegistryReply::Connected(connected) => *connected,
        other => panic!("{other:?}"),
    }
}

fn update(stage: &mut Stage, who: &Identity, epoch: u64, add: &[&str], drop: &[&str]) -> Vec<u64> {
    let reply = stage.asked(RegistryRequest::UpdateSession(UpdateSession {
        identity: who.clone(),
        epoch,
        subscribe: add.iter().map(|filter| ((*filter).to_owned(), 1)).collect(),
        unsubscribe: drop.iter().map(|filter| (*filter).to_owned()).collect(),
    }));
    match reply {
        RegistryReply::Deliveries(deliveries) => deliveries
            .iter()
            .map(|delivery| delivery.sequence_number)
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn send(stage: &mut Stage) {
    stage.asked(RegistryRequest::SendMessage(Box::new(SendMessage {
        device: device("a"),
        properties: MessageProperties::default(),
        ack: AckMode::None,
        body: Vec::new(),
        expiry: None,
    })));
}

fn complete(stage: &mut Stage, epoch: u64, sequence_number: u64) {
    let done = CompleteDelivery {
        identity: identity("a"),
        epoch,
        sequence_number,
    };
    stage.asked(RegistryRequest::CompleteDelivery(done));
}

fn pending(stage: &Stage) -> i64 {
    stage
        .actor
        .sql
        .number("SELECT count(*) FROM message", &[])
        .unwrap()
}

fn is_connected(stage: &mut Stage) -> bool {
    match stage.asked(RegistryRequest::GetDevice(device("a"))) {
        RegistryReply::Device(document) => document.body["connectionState"] == "Connected",
        other => panic!("{other:?}"),
    }
}

fn disconnect(stage: &mut Stage, connection: &str, epoch: Option<u64>) {
    stage.asked(RegistryRequest::Disconnected(Disconnected {
        identity: identity("a"),
        connection: ConnectionId(connection.to_owned()),
        epoch,
        reason: "connectionLost".to_owned(),
        packet: String::new(),
        last_activity: stage.now,
        last_message: None,
    }));
}

fn closed(stage: &Stage) -> Vec<(String, String)> {
    stage
        .output
        .calls
        .iter()
        .filter_map(|call| match &call.request {
            Outgoing::Gateway(GatewayRequest::Close { connection, reason }) => {
                Some((connection.0.clone(), reason.clone()))
            }
            _ => None,
        })
        .collect()
}

#[test]
fn the_end_of_an_older_session_does_not_end_the_newest() {
    let mut stage = stage();
    let old = connect(&mut stage, &identity("a"), "c1");
    let new = connect(&mut stage, &identity("a"), "c2");
    assert_eq!(closed(&stage), [("c1".to_owned(), "takenOver".to_owned())]);
    assert!(new.epoch > old.epoch);
    disconnect(&mut stage, "c1", Some(old.epoch));
    disconnect(&mut stage, "c1", None);
    disconnect(&mut stage, "c2", Some(old.epoch));
    assert!(is_connected(&mut stage));
    disconnect(&mut stage, "c2", None);
    assert!(
        !is_connected(&mut stage),
        "a gateway after a crash knows only the connection"
    );
}

#[test]
fn an_older_session_changes_no_filters_and_completes_nothing() {
    let mut stage = stage();
    let old = connect(&mut stage, &identity("a"), "c1");
    update(&mut stage, &identity("a"), old.epoch, &[C2D], &[]);
    send(&mut stage);
    let new = connect(&mut stage, &identity("a"), "c2");
    assert_eq!(new.deliveries.len(), 1);
    assert!(new.session_present && new.deliveries[0].redelivered);
    update(&mut stage, &identity("a"), old.epoch, &[], &[C2D]);
    complete(&mut stage, old.epoch, 1);
    assert_eq!(pending(&stage), 1);
    complete(&mut stage, new.epoch, 1);
    assert_eq!(pending(&stage), 0);
    assert_eq!(
        connect(&mut stage, &identity("a"), "c3")
            .subscriptions
            .len(),
        1
    );
}

#[test]
fn a_session_of_a_deleted_device_is_not_one_of_its_successor() {
    let mut stage = stage();
    let old = connect(&mut stage, &identity("a"), "c1");
    update(&mut stage, &identity("a"), old.epoch, &[C2D], &[]);
    stage.asked(RegistryRequest::DeleteDevice(DeleteDevice {
        device: device("a"),
        precondition: Precondition::Any,
    }));
    assert_eq!(
        closed(&stage),
        [("c1".to_owned(), "deviceDeleted".to_owned())]
    );
    stage.wait(50);
    put(&mut stage, Precondition::None, "enabled");
    let new = connect(&mut stage, &identity("a"), "c2");
    assert!(!new.session_present);
    assert_ne!(new.epoch, old.epoch);
    update(&mut stage, &identity("a"), new.epoch, &[C2D], &[]);
    send(&mut stage);
    complete(&mut stage, old.epoch, 1);
    assert_eq!(pending(&stage), 1, "nobody acknowledged it in this life");
}

fn add_module(stage: &mut Stage) -> Identity {
    let keys = json!({ "primaryKey": KEY, "secondaryKey": KEY });
    let entropy = stage.random.bytes(80);
    stage.asked(RegistryRequest::PutModule(PutModule {
        device: device("a"),
        module: ModuleId::parse("m").unwrap(),
        precondition: Precondition::None,
        body: json!({ "authentication": { "symmetricKey": keys } }),
        entropy,
    }));
    stage.settle_calls();
    Identity {
        device: device("a"),
        module: ModuleId::parse("m").ok(),
    }
}

#[test]
fn a_module_s_session_leaves_the_device_s_messages_alone() {
    let mut stage = stage();
    let module = add_module(&mut stage);
    let own = connect(&mut stage, &identity("a"), "c1");
    update(&mut stage, &identity("a"), own.epoch, &[C2D], &[]);
    let other = connect(&mut stage, &module, "c2");
    assert_eq!(closed(&stage), [], "neither disturbs the other");
    assert_eq!(own.epoch, other.epoch, "the test is about equal epochs");
    send(&mut stage);
    let twins = "$iothub/twin/res/#";
    update(&mut stage, &module, other.epoch, &[twins], &[]);
    update(&mut stage, &module, other.epoch, &[], &[twins]);
    complete(&mut stage, own.epoch, 1);
    assert_eq!(pending(&stage), 0, "the device's PUBACK still counts");
}

#[test]
fn disabling_a_device_closes_its_modules_too() {
    let mut stage = stage();
    let module = add_module(&mut stage);
    connect(&mut stage, &identity("a"), "c1");
    connect(&mut stage, &module, "c2");
    stage.settle_calls();
    put(&mut stage, Precondition::Any, "disabled");
    let mut closed = closed(&stage);
    closed.sort();
    let expected = [("c1", "deviceDisabled"), ("c2", "deviceDisabled")];
    assert_eq!(
        closed,
        expected.map(|(one, two)| (one.to_owned(), two.to_owned()))
    );
}
