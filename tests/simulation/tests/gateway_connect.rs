//! CONNECT, its codes, keep-alive, token expiry and wills (`device.md` §1, §2).

use serde_json::json;
use shared::auth::{audience, sas};
use shared::http::Method;
use shared::ids::{DeviceId, Identity};
use shared::mqtt::encode;
use shared::mqtt::packet::ConnectCode;
use simulation::device::{HOST, Habits};
use simulation::packets::{ConnectFields, Owned, Wire};
use simulation::{Faults, Simulation};

fn hub() -> (Simulation, ConnectFields) {
    let mut simulation = Simulation::new(1, Faults::none());
    let device = simulation.create_device("pump-1", Habits::default());
    let key = simulation.world().devices[device].key.clone();
    let fields = ConnectFields::new(&simulation, "pump-1", &key);
    (simulation, fields)
}

/// The CONNACK code; a refusal also closes the socket.
fn code(simulation: &mut Simulation, fields: &ConnectFields) -> u8 {
    let mut wire = Wire::open(simulation);
    wire.send(simulation, &fields.bytes());
    let answer = wire.connack(simulation);
    assert!(!answer.session_present);
    assert_eq!(
        wire.is_closed(simulation),
        answer.code != ConnectCode::Accepted
    );
    if answer.code == ConnectCode::Accepted {
        wire.write(simulation, encode::disconnect);
    }
    answer.code as u8
}

fn token(
    simulation: &Simulation,
    key: &str,
    resource: &str,
    seconds: i64,
    policy: Option<&str>,
) -> String {
    let expiry = simulation.world().wall().plus_seconds(seconds);
    sas::sign(key, resource, expiry, policy).unwrap()
}

fn pump() -> Identity {
    Identity::device(DeviceId::parse("pump-1").unwrap())
}

fn connection_state(simulation: &mut Simulation) -> String {
    let operator = simulation.operator();
    let reply = simulation.finish(async move { operator.get("/devices/pump-1").await });
    reply.body["connectionState"].as_str().unwrap().to_owned()
}

fn reason(simulation: &mut Simulation) -> String {
    let operator = simulation.operator();
    let reply =
        simulation.finish(async move { operator.get("/api/v1/devices/pump-1/connection").await });
    reply.body["lastDisconnectReason"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn good_credentials_are_accepted_in_every_form_of_user_name() {
    let (mut simulation, fields) = hub();
    for user_name in [
        format!("{HOST}/pump-1/?api-version=2021-04-12&DeviceClientType=x"),
        format!("{HOST}/pump-1/api-version=2016-11-14&DeviceClientType=x"),
        format!("{HOST}/pump-1/DeviceClientType=x&api-version=2016-11-14"),
        format!("{HOST}/pump-1"),
        format!("{HOST}/pump-1/"),
    ] {
        let fields = ConnectFields {
            user_name: user_name.clone(),
            ..fields.clone()
        };
        assert_eq!(code(&mut simulation, &fields), 0, "{user_name}");
    }
}

#[test]
fn bad_credentials_are_refused_with_5() {
    let (mut simulation, fields) = hub();
    let resource = audience::device_resource(HOST, &pump());
    let key = simulation.world().devices[0].key.clone();
    let wrong = "DwECAwQFBgcICQoLDA0ODw==";
    let unknown = ConnectFields::new(&simulation, "pump-2", &key);
    let cases = [
        (
            "no password",
            ConnectFields {
                password: None,
                ..fields.clone()
            },
        ),
        (
            "nonsense",
            ConnectFields {
                password: Some("nonsense".into()),
                ..fields.clone()
            },
        ),
        (
            "wrong key",
            ConnectFields {
                password: Some(token(&simulation, wrong, &resource, 60, None)),
                ..fields.clone()
            },
        ),
        (
            "expired",
            ConnectFields {
                password: Some(token(&simulation, &key, &resource, -301, None)),
                ..fields.clone()
            },
        ),
        (
            "another device's token",
            ConnectFields {
                password: unknown.password.clone(),
                ..fields.clone()
            },
        ),
        ("unknown device", unknown),
        (
            "client id differs",
            ConnectFields {
                client_id: "pump-2".into(),
                ..fields.clone()
            },
        ),
        (
            "not this hub",
            ConnectFields {
                user_name: "other.example/pump-1/".into(),
                ..fields.clone()
            },
        ),
        (
            "unknown module",
            ConnectFields {
                client_id: "pump-1/m".into(),
                user_name: format!("{HOST}/pump-1/m/?api-version=2021-04-12"),
                ..fields.clone()
            },
        ),
    ];
    for (name, fields) in cases {
        assert_eq!(code(&mut simulation, &fields), 5, "{name}");
    }
    let within_skew = token(&simulation, &key, &resource, -290, None);
    assert_eq!(
        code(
            &mut simulation,
            &ConnectFields {
                password: Some(within_skew),
                ..fields
            }
        ),
        0
    );
}

#[test]
fn policies_connect_devices_if_they_may() {
    let (mut simulation, fields) = hub();
    let settings = simulation.finish({
        let hub = simulation.hub();
        async move { shared::http::Backend::settings(&hub).await }
    });
    let settings = settings.unwrap().unwrap();
    for (name, expected) in [
        ("device", 0),
        ("iothubowner", 0),
        ("service", 5),
        ("registryReadWrite", 5),
    ] {
        let policy = settings
            .policies
            .iter()
            .find(|policy| policy.name == name)
            .unwrap();
        let password = token(
            &simulation,
            &policy.keys().secondary,
            &audience::hub_resource(HOST),
            60,
            Some(name),
        );
        let fields = ConnectFields {
            password: Some(password),
            ..fields.clone()
        };
        assert_eq!(code(&mut simulation, &fields), expected, "{name}");
    }
}

#[test]
fn other_codes() {
    let (mut simulation, fields) = hub();
    let unreadable = ConnectFields {
        user_name: HOST.into(),
        ..fields.clone()
    };
    assert_eq!(code(&mut simulation, &unreadable), 3);
    let mut old = fields.bytes();
    let level = old
        .windows(5)
        .position(|window| window == b"MQTT\x04")
        .unwrap()
        + 4;
    old[level] = 5;
    let mut wire = Wire::open(&mut simulation);
    wire.send(&mut simulation, &old);
    assert_eq!(wire.connack(&simulation).code as u8, 1);
    assert!(wire.is_closed(&simulation));
    let operator = simulation.operator();
    let disabled = json!({ "status": "disabled", "authentication": { "symmetricKey": {
        "primaryKey": simulation.world().devices[0].key, "secondaryKey": simulation.world().devices[0].key } } });
    let reply = simulation.finish(async move {
        operator
            .json_if_match(Method::Put, "/devices/pump-1", "*", &disabled)
            .await
    });
    assert_eq!(reply.status, 200);
    assert_eq!(code(&mut simulation, &fields), 3, "disabled");
    let bad = ConnectFields {
        password: Some("nonsense".into()),
        ..fields
    };
    assert_eq!(code(&mut simulation, &bad), 5, "a stranger learns nothing");
}

#[test]
fn connect_comes_first_once_and_within_a_minute() {
    let (mut simulation, fields) = hub();
    let mut early = Wire::open(&mut simulation);
    early.write(&mut simulation, encode::pingreq);
    assert!(early.is_closed(&simulation));
    assert_eq!(early.next(&simulation), None, "no answer before CONNACK");
    let (mut twice, _) = Wire::connected(&mut simulation, &fields);
    twice.send(&mut simulation, &fields.bytes());
    assert!(twice.is_closed(&simulation));
    let slow = Wire::open(&mut simulation);
    simulation.run(58_000);
    assert!(!slow.is_closed(&simulation));
    simulation.run(3_000);
    assert!(slow.is_closed(&simulation));
}

#[test]
fn packets_behind_connect_wait_for_connack() {
    let (mut simulation, fields) = hub();
    let mut wire = Wire::open(&mut simulation);
    let mut bytes = fields.bytes();
    encode::pingreq(&mut bytes);
    encode::subscribe(&mut bytes, 5, &[("$iothub/twin/res/#", 1)]).unwrap();
    encode::pingreq(&mut bytes);
    wire.send(&mut simulation, &bytes);
    assert_eq!(wire.connack(&simulation).code as u8, 0);
    assert_eq!(wire.next(&simulation), Some(Owned::PingResp));
    assert_eq!(wire.next(&simulation), Some(Owned::SubAck(5, vec![1])));
    assert_eq!(wire.next(&simulation), Some(Owned::PingResp));
}

#[test]
fn the_newest_connection_wins_and_its_session_goes_on() {
    let (mut simulation, fields) = hub();
    let (mut old, _) = Wire::connected(&mut simulation, &fields);
    old.subscribe(&mut simulation, &[("$iothub/twin/res/#", 0)]);
    let (new, present) = Wire::connected(&mut simulation, &fields);
    assert!(present);
    assert!(old.is_closed(&simulation));
    assert!(!new.is_closed(&simulation));
    assert_eq!(connection_state(&mut simulation), "Connected");
    new.drop_network(&mut simulation, true);
    assert_eq!(connection_state(&mut simulation), "Disconnected");
    assert_eq!(reason(&mut simulation), "connectionLost");
}

#[test]
fn silence_ends_a_connection_after_one_and_a_half_keep_alives() {
    let (mut simulation, fields) = hub();
    let fields = ConnectFields {
        keep_alive: 20,
        ..fields
    };
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    for _ in 0..5 {
        simulation.run(25_000);
        assert!(!wire.is_closed(&simulation));
        wire.write(&mut simulation, encode::pingreq);
        assert_eq!(wire.next(&simulation), Some(Owned::PingResp));
    }
    simulation.run(29_000);
    assert!(!wire.is_closed(&simulation));
    simulation.run(1_500);
    assert!(wire.is_closed(&simulation));
    assert_eq!(reason(&mut simulation), "keepAliveExpired");
    assert_eq!(connection_state(&mut simulation), "Disconnected");
}

#[test]
fn without_keep_alive_the_ceiling_counts() {
    let (mut simulation, fields) = hub();
    let resource = audience::device_resource(HOST, &pump());
    let key = simulation.world().devices[0].key.clone();
    let password = token(&simulation, &key, &resource, 86_400, None);
    for keep_alive in [0, 65_535] {
        let fields = ConnectFields {
            keep_alive,
            password: Some(password.clone()),
            ..fields.clone()
        };
        let (wire, _) = Wire::connected(&mut simulation, &fields);
        simulation.run(1_766_000);
        assert!(!wire.is_closed(&simulation));
        simulation.run(2_000);
        assert!(wire.is_closed(&simulation));
    }
}

#[test]
fn the_end_of_the_token_ends_the_connection() {
    let (mut simulation, fields) = hub();
    let resource = audience::device_resource(HOST, &pump());
    let key = simulation.world().devices[0].key.clone();
    let password = Some(token(&simulation, &key, &resource, 100, None));
    let fields = ConnectFields { password, ..fields };
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    for _ in 0..19 {
        simulation.run(20_000);
        wire.write(&mut simulation, encode::pingreq);
    }
    assert!(!wire.is_closed(&simulation), "five minutes of skew");
    simulation.run(20_000);
    assert!(wire.is_closed(&simulation));
    assert_eq!(reason(&mut simulation), "tokenExpired");
    assert_eq!(code(&mut simulation, &fields), 5);
}

fn events(simulation: &mut Simulation) -> Vec<serde_json::Value> {
    let operator = simulation.operator();
    simulation.finish(async move { operator.all_events().await })
}

#[test]
fn a_will_is_telemetry_unless_the_device_said_goodbye() {
    let (mut simulation, fields) = hub();
    let will = |topic: &str| Some((topic.to_owned(), b"gone".to_vec()));
    let topic = "devices/pump-1/messages/events/why=will";
    let fields = ConnectFields {
        will: will(topic),
        ..fields
    };
    let (mut polite, _) = Wire::connected(&mut simulation, &fields);
    polite.write(&mut simulation, encode::disconnect);
    assert!(polite.is_closed(&simulation));
    assert_eq!(reason(&mut simulation), "clientDisconnected");
    assert_eq!(events(&mut simulation).len(), 0);
    let (broken, _) = Wire::connected(&mut simulation, &fields);
    broken.drop_network(&mut simulation, true);
    let (_taken_over, _) = Wire::connected(&mut simulation, &fields);
    let (_newest, _) = Wire::connected(&mut simulation, &fields);
    simulation.run(1_000);
    let stored = events(&mut simulation);
    assert_eq!(stored.len(), 2, "lost and taken over");
    for event in stored {
        assert_eq!(event["applicationProperties"]["iothub-MessageType"], "Will");
        assert_eq!(event["applicationProperties"]["why"], "will");
        assert_eq!(event["bodyBase64"], "Z29uZQ==");
    }
    for topic in [
        "devices/pump-2/messages/events/",
        "$iothub/twin/GET/?$rid=1",
        "anything",
    ] {
        assert_eq!(
            code(
                &mut simulation,
                &ConnectFields {
                    will: will(topic),
                    ..fields.clone()
                }
            ),
            5,
            "{topic}"
        );
    }
}
