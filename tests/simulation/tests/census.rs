//! What becomes of sessions whose sockets a crash took (`device.md` §2.6).

use serde_json::{Value, json};
use shared::hub::effects::Outgoing;
use shared::ipc::registry::{
    Census, ConnectRequest, Precondition, PutDevice, RegistryReply, RegistryRequest,
};
use shared::ipc::{Address, ConnectionId};
use simulation::device::{HOST, Habits};
use simulation::packets::{ConnectFields, Wire};
use simulation::stage::{Stage, device, identity};
use simulation::{Faults, Simulation};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";

fn create(stage: &mut Stage, id: &str) {
    let keys = json!({ "primaryKey": KEY, "secondaryKey": KEY });
    let entropy = stage.random.bytes(80);
    stage.asked(RegistryRequest::PutDevice(PutDevice {
        device: device(id),
        precondition: Precondition::None,
        body: json!({ "authentication": { "symmetricKey": keys } }),
        entropy,
        missing_scopes: Vec::new(),
    }));
}

fn connect(
    stage: &mut Stage,
    id: &str,
    gateway: u16,
    connection: &str,
    census: u64,
) -> RegistryReply {
    let resource = shared::auth::audience::device_resource(HOST, &identity(id));
    let token = shared::auth::sas::sign(KEY, &resource, stage.now.plus_seconds(600), None).unwrap();
    stage.asked(RegistryRequest::Connect(Box::new(ConnectRequest {
        identity: identity(id),
        host_name: HOST.to_owned(),
        password: Some(token),
        certificate: None,
        gateway,
        connection: ConnectionId(connection.to_owned()),
        census,
        clean_session: false,
        keep_alive: 60,
        model_id: None,
        client_type: None,
        api_version: None,
    })))
}

fn census(stage: &mut Stage, gateway: u16, number: u64, live: &[&str]) {
    stage.asked(RegistryRequest::Census(Census {
        gateway,
        number,
        live: live
            .iter()
            .map(|id| ConnectionId((*id).to_owned()))
            .collect(),
    }));
}

fn facts(stage: &mut Stage, id: &str) -> Value {
    match stage.asked(RegistryRequest::GetConnection(identity(id))) {
        RegistryReply::Connection(facts) => facts,
        other => panic!("{other:?}"),
    }
}

fn is_connected(stage: &mut Stage, id: &str) -> bool {
    facts(stage, id)["connectionState"] == "Connected"
}

#[test]
fn only_older_sessions_of_that_gateway_that_are_not_named_end() {
    let mut stage = Stage::registry();
    for id in ["lost", "live", "newer", "elsewhere"] {
        create(&mut stage, id);
    }
    connect(&mut stage, "lost", 0, "c1", 1);
    connect(&mut stage, "live", 0, "c2", 1);
    connect(&mut stage, "newer", 0, "c3", 2);
    connect(&mut stage, "elsewhere", 1, "c4", 1);
    census(&mut stage, 0, 2, &["c2"]);
    assert!(!is_connected(&mut stage, "lost"));
    assert_eq!(
        facts(&mut stage, "lost")["lastDisconnectReason"],
        "gatewayRestarted"
    );
    for id in ["live", "newer", "elsewhere"] {
        assert!(is_connected(&mut stage, id), "{id}");
    }
}

#[test]
fn a_connect_from_before_the_crash_is_refused() {
    let mut stage = Stage::registry();
    create(&mut stage, "a");
    census(&mut stage, 0, 5, &[]);
    let reply = connect(&mut stage, "a", 0, "c1", 4);
    assert!(
        matches!(&reply, RegistryReply::Refused(refused) if refused.code == 3),
        "{reply:?}"
    );
    // The shard remembers it, and other gateways count for themselves.
    stage.actor.forget(false);
    let reply = connect(&mut stage, "a", 0, "c1", 4);
    assert!(matches!(reply, RegistryReply::Refused(_)), "{reply:?}");
    let reply = connect(&mut stage, "a", 1, "c2", 0);
    assert!(matches!(reply, RegistryReply::Connected(_)), "{reply:?}");
}

#[test]
fn an_older_census_that_arrives_late_ends_nothing_newer() {
    let mut stage = Stage::registry();
    create(&mut stage, "a");
    census(&mut stage, 0, 7, &[]);
    connect(&mut stage, "a", 0, "c1", 7);
    census(&mut stage, 0, 6, &[]);
    assert!(is_connected(&mut stage, "a"));
    let reply = connect(&mut stage, "a", 0, "c2", 6);
    assert!(matches!(reply, RegistryReply::Refused(_)), "7 still counts");
}

fn state(simulation: &mut Simulation, id: &str) -> Value {
    let operator = simulation.operator();
    let target = format!("/devices/{id}");
    let reply = simulation.finish(async move { operator.get(&target).await });
    reply.body["connectionState"].clone()
}

/// An object that is reset within a living process: its sockets are gone, nobody is told, and
/// nothing says that the process is new.
#[test]
fn a_reset_that_nobody_notices_is_found_by_the_alarm() {
    let mut simulation = Simulation::new(1, Faults::none());
    let device = simulation.create_device("pump-1", Habits::default());
    let key = simulation.world().devices[device].key.clone();
    let fields = ConnectFields::new(&simulation, "pump-1", &key);
    let (wire, _) = Wire::connected(&mut simulation, &fields);
    simulation.run(30_000);
    assert_eq!(state(&mut simulation, "pump-1"), "Connected");
    {
        let mut world = simulation.world_mut();
        let socket = world.sockets.open.remove(&wire.slot).unwrap();
        let node = world
            .nodes
            .get_mut(&Address::Gateway(socket.gateway))
            .unwrap();
        node.actor.forget(false);
    }
    // Keep-alive is 60 s, so the alarm comes within 90.
    simulation.run(100_000);
    assert_eq!(state(&mut simulation, "pump-1"), "Disconnected");
}

#[test]
fn an_idle_gateway_does_not_take_censuses_for_ever() {
    let mut simulation = Simulation::new(1, Faults::none());
    let device = simulation.create_device("pump-1", Habits::default());
    let key = simulation.world().devices[device].key.clone();
    let fields = ConnectFields::new(&simulation, "pump-1", &key);
    let (wire, _) = Wire::connected(&mut simulation, &fields);
    wire.drop_network(&mut simulation, true);
    simulation.run(600_000);
    let before = censuses(&simulation);
    simulation.run(7_200_000);
    assert_eq!(censuses(&simulation), before);
}

fn censuses(simulation: &Simulation) -> i64 {
    let world = simulation.world();
    let numbers = world.nodes.iter().filter_map(|(address, node)| {
        let Address::Gateway(_) = address else {
            return None;
        };
        if !node.actor.has_tables() {
            return None;
        }
        node.actor.sql.number("SELECT max(number) FROM census", &[])
    });
    numbers.sum()
}

#[test]
fn a_gateway_tells_every_shard_when_the_process_is_new() {
    let mut stage = Stage::gateway();
    stage.request(simulation::actor::Request::Actor(Outgoing::Gateway(
        shared::ipc::gateway::GatewayRequest::Wake,
    )));
    let told: Vec<Address> = stage.output.calls.iter().map(|call| call.to).collect();
    assert_eq!(told, [Address::Registry(0)]);
}
