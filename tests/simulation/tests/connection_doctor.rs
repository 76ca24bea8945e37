//! Why devices are not connected, and what is said about it (`device-management.md` §9.1).

use serde_json::{Value, json};
use shared::auth::{audience, sas};
use shared::http::Method;
use shared::ids::{DeviceId, Identity};
use shared::mqtt::encode;
use shared::mqtt::packet::Publish;
use simulation::device::{HOST, Habits};
use simulation::packets::{ConnectFields, Wire};
use simulation::rest::Rest;

/// Writes a packet.
type Encode = Box<dyn Fn(&mut Vec<u8>)>;

/// A hub with a device that is not connected.
fn hub() -> (Rest, ConnectFields) {
    let mut hub = Rest::default();
    let fields = device(&mut hub, "pump");
    (hub, fields)
}

fn device(hub: &mut Rest, id: &str) -> ConnectFields {
    let index = hub.0.create_device(id, Habits::default());
    let key = hub.0.world().devices[index].key.clone();
    ConnectFields::new(&hub.0, id, &key)
}

fn connection(hub: &mut Rest, id: &str) -> Value {
    let reply = hub.get(&format!("/api/v1/devices/{id}/connection"));
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    reply.body
}

fn codes(connection: &Value) -> Vec<&str> {
    let found = connection["diagnosis"].as_array().expect("a diagnosis");
    found
        .iter()
        .map(|found| found["code"].as_str().unwrap())
        .collect()
}

fn incidents(hub: &mut Rest) -> Vec<Value> {
    let reply = hub.get("/api/v1/connection-incidents?minutes=60");
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    reply.body["items"].as_array().unwrap().clone()
}

#[test]
fn two_clients_of_one_id_are_a_clash() {
    let (mut hub, fields) = hub();
    assert_eq!(codes(&connection(&mut hub, "pump")), ["neverConnected"]);
    for _ in 0..3 {
        Wire::connected(&mut hub.0, &fields);
        hub.0.run(5_000);
    }
    let told = connection(&mut hub, "pump");
    assert_eq!(codes(&told), ["healthy"], "twice may be a network");
    Wire::connected(&mut hub.0, &fields);
    let told = connection(&mut hub, "pump");
    assert_eq!(codes(&told), ["identityClash"]);
    assert_eq!(told["deviceId"], "pump");
    assert_eq!(told["connectionState"], "Connected");
    let closes = told["lastCloses"].as_array().unwrap();
    assert_eq!(closes.len(), 3);
    for close in closes {
        assert_eq!(close["reason"], "takenOver");
        assert!(
            (4..8).contains(&close["sessionSeconds"].as_i64().unwrap()),
            "{close}"
        );
        assert_eq!(close["packet"], Value::Null);
    }
    let found = incidents(&mut hub);
    assert_eq!(found[0]["cause"], "takenOver");
    assert_eq!(found[0]["devices"], 1);
    assert_eq!(found[0]["examples"], json!(["pump"]));
}

#[test]
fn the_packet_and_the_rule_that_it_breaks_are_named() {
    let (mut hub, fields) = hub();
    let publish = |topic: &'static str, qos| {
        move |out: &mut Vec<u8>| {
            let message = Publish {
                topic,
                payload: b"x",
                qos,
                packet_id: (qos > 0).then_some(7),
                retain: false,
                dup: false,
            };
            encode::publish(out, &message).expect("fits");
        }
    };
    let cases: [(Encode, &str, &str, &str); 6] = [
        (
            Box::new(publish("devices/pump/messages/events/", 2)),
            "PUBLISH",
            "qosNotSupported",
            "PUBLISH: QoS 2 is not supported",
        ),
        (
            Box::new(publish("plant/pump", 1)),
            "PUBLISH",
            "unknownTopic",
            "PUBLISH: no such topic",
        ),
        (
            Box::new(|out| out.extend([0x50, 2, 0, 1])),
            "PUBREC",
            "protocolError",
            "PUBREC: it belongs to QoS 2",
        ),
        (
            Box::new(|out| out.extend([0x82, 2, 0, 1])),
            "SUBSCRIBE",
            "noTopicFilter",
            "SUBSCRIBE: ",
        ),
        (
            Box::new(|out| out.extend([0xa0, 2, 0, 1])),
            "UNSUBSCRIBE",
            "fixedHeaderFlags",
            "UNSUBSCRIBE: the flags",
        ),
        (
            Box::new(|out| out.extend([0xf0, 0])),
            "type-15",
            "packetType",
            "type-15: ",
        ),
    ];
    for (encode, packet, reason, detail) in &cases {
        let (mut wire, _) = Wire::connected(&mut hub.0, &fields);
        // What was good before is not blamed.
        wire.write(&mut hub.0, encode::pingreq);
        wire.write(&mut hub.0, encode);
        assert!(wire.is_closed(&hub.0), "{reason}");
        let told = connection(&mut hub, "pump");
        let last = &told["lastCloses"][0];
        assert_eq!(last["packet"], *packet, "{last}");
        assert_eq!(last["reason"], *reason);
        let text = last["detail"].as_str().unwrap();
        assert!(text.starts_with(detail), "{text}");
        assert!(codes(&told).contains(&"protocolError"), "{told}");
    }
    let reply = hub.get("/api/v1/operations?category=Connections&deviceId=pump");
    let records = reply.body["records"].as_array().unwrap();
    assert_eq!(records.len(), cases.len());
    let record = records.last().unwrap();
    assert_eq!(record["operationName"], "deviceDisconnect");
    assert_eq!(record["packet"], "PUBLISH");
    assert_eq!(record["reason"], "qosNotSupported");
    assert!(!incidents(&mut hub).is_empty());
}

#[test]
fn expiry_and_silence_are_told_apart_from_a_goodbye() {
    let (mut hub, fields) = hub();
    let (mut polite, _) = Wire::connected(&mut hub.0, &fields);
    polite.write(&mut hub.0, encode::disconnect);
    let told = connection(&mut hub, "pump");
    assert_eq!(told["lastCloses"][0]["reason"], "clientDisconnected");
    assert_eq!(codes(&told), ["notConnected"]);
    assert!(
        incidents(&mut hub).is_empty(),
        "who says goodbye has no trouble"
    );

    let (_silent, _) = Wire::connected(&mut hub.0, &fields);
    hub.0.run(95_000);
    let told = connection(&mut hub, "pump");
    assert_eq!(told["lastCloses"][0]["reason"], "keepAliveExpired");
    assert_eq!(codes(&told), ["keepAlive"]);

    let identity = Identity::device(DeviceId::parse("pump").unwrap());
    let resource = audience::device_resource(HOST, &identity);
    let expiry = hub.0.world().wall().plus_seconds(100);
    let key = hub.0.world().devices[0].key.clone();
    let short = ConnectFields {
        password: Some(sas::sign(&key, &resource, expiry, None).unwrap()),
        keep_alive: 600,
        ..fields
    };
    let (wire, _) = Wire::connected(&mut hub.0, &short);
    hub.0.run(410_000);
    assert!(wire.is_closed(&hub.0));
    let told = connection(&mut hub, "pump");
    assert_eq!(told["lastCloses"][0]["reason"], "tokenExpired");
    let length = told["lastCloses"][0]["sessionSeconds"].as_i64().unwrap();
    assert!((398..=405).contains(&length), "{length}");
    assert!(codes(&told).contains(&"tokenExpires"));
}

#[test]
fn who_is_refused_hears_why() {
    let (mut hub, fields) = hub();
    let wrong = ConnectFields::new(&hub.0, "pump", "DwECAwQFBgcICQoLDA0ODw==");
    let mut wire = Wire::open(&mut hub.0);
    wire.send(&mut hub.0, &wrong.bytes());
    assert_eq!(wire.connack(&hub.0).code as u8, 5);
    let told = connection(&mut hub, "pump");
    assert_eq!(codes(&told), ["wrongCredential"]);
    assert_eq!(told["refusals"].as_array().unwrap().len(), 1);
    assert_eq!(told["refusals"][0]["resultType"], "401003");
    let summary = told["diagnosis"][0]["summary"].as_str().unwrap();
    assert!(
        summary.contains("signature was made with another key"),
        "{summary}"
    );
    // It has the right key now: what was before is over.
    hub.0.run(1_000);
    Wire::connected(&mut hub.0, &fields);
    assert_eq!(codes(&connection(&mut hub, "pump")), ["healthy"]);
    let device = hub.get("/devices/pump").body;
    let body = json!({ "status": "disabled", "authentication": device["authentication"] });
    let reply = hub.ask(Method::Put, "/devices/pump", Some("*"), body);
    assert_eq!(reply.status, 200);
    hub.0.run(1_000);
    let mut wire = Wire::open(&mut hub.0);
    wire.send(&mut hub.0, &fields.bytes());
    assert_eq!(wire.connack(&hub.0).code as u8, 3);
    let told = connection(&mut hub, "pump");
    assert_eq!(codes(&told), ["disabled"]);
    assert_eq!(told["lastCloses"][0]["reason"], "deviceDisabled");
    assert_eq!(told["refusals"][0]["resultType"], "403012");
}

#[test]
fn many_devices_with_one_trouble_are_one_incident() {
    let mut hub = Rest::default();
    let all: Vec<ConnectFields> = (0..40)
        .map(|n| device(&mut hub, &format!("d{n}")))
        .collect();
    for fields in &all {
        let (wire, _) = Wire::connected(&mut hub.0, fields);
        wire.drop_network(&mut hub.0, true);
    }
    // Once more: they are no more devices for that.
    for fields in &all {
        let (wire, _) = Wire::connected(&mut hub.0, fields);
        wire.drop_network(&mut hub.0, true);
    }
    hub.0.run(20_000);
    let found = incidents(&mut hub);
    assert_eq!(found.len(), 1, "{found:?}");
    let incident = &found[0];
    assert_eq!(incident["cause"], "connectionLost");
    assert_eq!(incident["devices"], 40);
    assert_eq!(incident["examples"].as_array().unwrap().len(), 5);
    assert!(incident["first"].as_str() < incident["last"].as_str());
    assert!(incident["hint"].as_str().unwrap().contains("network"));
    // What was written is there after a crash, and over after an hour.
    hub.0.world_mut().crash_process();
    assert_eq!(incidents(&mut hub)[0]["devices"], 40);
    hub.0.run(62 * 60_000);
    assert!(incidents(&mut hub).is_empty());
    assert_eq!(
        hub.get("/api/v1/connection-incidents?minutes=0").status,
        400
    );
}
