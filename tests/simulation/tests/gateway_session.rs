//! Stored sessions, filters, and what closes a connection (`device.md` §2.5, §3, §9).

use shared::mqtt::encode;
use shared::mqtt::packet::Publish;
use simulation::device::Habits;
use simulation::packets::{ConnectFields, Owned, Wire};
use simulation::{Faults, Simulation};

fn hub() -> (Simulation, ConnectFields) {
    let mut simulation = Simulation::new(2, Faults::none());
    let device = simulation.create_device("pump-1", Habits::default());
    let key = simulation.world().devices[device].key.clone();
    let fields = ConnectFields::new(&simulation, "pump-1", &key);
    (simulation, fields)
}

fn events(simulation: &mut Simulation) -> Vec<serde_json::Value> {
    let operator = simulation.operator();
    simulation.finish(async move { operator.all_events().await })
}

const C2D: &str = "devices/pump-1/messages/devicebound/#";
const TELEMETRY: &str = "devices/pump-1/messages/events/";

#[test]
fn every_documented_filter_is_granted_and_every_other_refused() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    let good = [
        (C2D, 2),
        ("$iothub/twin/res/#", 0),
        ("$iothub/twin/PATCH/properties/desired/#", 1),
        ("$iothub/methods/POST/#", 0),
        ("$iothub/methods/POST/reboot/#", 1),
        ("devices/pump-1/messages/devicebound", 1),
        ("$iothub/twin/res", 0),
        ("$iothub/twin/PATCH/properties/desired", 0),
    ];
    assert_eq!(
        wire.subscribe(&mut simulation, &good),
        [1, 0, 1, 0, 1, 1, 0, 0]
    );
    let bad = [
        ("#", 0),
        ("foo/bar", 1),
        ("devices/pump-2/messages/devicebound/#", 1),
        ("+/twin/res/#", 0),
    ];
    assert_eq!(wire.subscribe(&mut simulation, &bad), [0x80; 4]);
    let mixed = [("nonsense", 0), ("$iothub/twin/res/#", 1)];
    assert_eq!(wire.subscribe(&mut simulation, &mixed), [0x80, 1]);
    assert!(!wire.is_closed(&simulation));
    let last = [
        ("$iothub/methods/POST/a/#", 0),
        ("$iothub/methods/POST/b/#", 0),
        ("$iothub/methods/POST/c/#", 0),
    ];
    assert_eq!(
        wire.subscribe(&mut simulation, &last),
        [0, 0, 0x80],
        "ten filters are kept"
    );
}

#[test]
fn filters_outlive_the_connection_unless_the_session_is_clean() {
    let (mut simulation, fields) = hub();
    let (mut wire, present) = Wire::connected(&mut simulation, &fields);
    assert!(!present, "nothing is stored yet");
    wire.subscribe(&mut simulation, &[("$iothub/twin/res/#", 0)]);
    wire.write(&mut simulation, encode::disconnect);
    let (mut wire, present) = Wire::connected(&mut simulation, &fields);
    assert!(present);
    wire.publish(&mut simulation, "$iothub/twin/GET/?$rid=a/b", b" ", None);
    let twin = wire.message(&simulation);
    assert_eq!(twin.topic, "$iothub/twin/res/200/?$rid=a/b");
    let clean = ConnectFields {
        clean_session: true,
        ..fields.clone()
    };
    let (mut wire, present) = Wire::connected(&mut simulation, &clean);
    assert!(!present);
    wire.publish(&mut simulation, "$iothub/twin/GET/?$rid=1", b"", Some(9));
    assert_eq!(wire.next(&simulation), Some(Owned::PubAck(9)));
    assert_eq!(wire.next(&simulation), None, "the filter is gone");
    wire.subscribe(&mut simulation, &[("$iothub/twin/res/#", 0)]);
    wire.write(&mut simulation, encode::disconnect);
    let (_, present) = Wire::connected(&mut simulation, &fields);
    assert!(!present, "a clean session leaves nothing behind");
}

#[test]
fn unsubscribe_is_always_acknowledged() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.subscribe(&mut simulation, &[("$iothub/twin/res/#", 0)]);
    for filter in ["$iothub/twin/res/#", "$iothub/twin/res/#", "nonsense"] {
        wire.write(&mut simulation, |out| {
            encode::unsubscribe(out, 3, &[filter]).unwrap()
        });
        assert_eq!(wire.next(&simulation), Some(Owned::UnsubAck(3)), "{filter}");
    }
    wire.publish(&mut simulation, "$iothub/twin/GET/?$rid=1", b"", None);
    assert_eq!(wire.next(&simulation), None);
}

#[test]
fn telemetry_is_acknowledged_after_it_is_stored_and_stamped() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    let bag = "%24.mid=m%201&a%20b=x%2Fy&%24.cdid=spoofed";
    wire.publish(
        &mut simulation,
        &format!("{TELEMETRY}{bag}"),
        b"\x00\x01",
        Some(11),
    );
    assert_eq!(wire.next(&simulation), Some(Owned::PubAck(11)));
    wire.publish(&mut simulation, "devices/pump-1/messages/events", b"", None);
    assert_eq!(wire.next(&simulation), None, "QoS 0 has no answer");
    wire.write(&mut simulation, |out| {
        let message = Publish {
            topic: TELEMETRY,
            payload: b"x",
            qos: 1,
            packet_id: Some(12),
            retain: true,
            dup: true,
        };
        encode::publish(out, &message).unwrap();
    });
    assert_eq!(wire.next(&simulation), Some(Owned::PubAck(12)));
    let stored = events(&mut simulation);
    assert_eq!(stored.len(), 3);
    let first = &stored[0];
    assert_eq!(first["bodyBase64"], "AAE=");
    assert_eq!(first["systemProperties"]["message-id"], "m 1");
    assert_eq!(
        first["systemProperties"]["iothub-connection-device-id"],
        "pump-1"
    );
    let method = first["systemProperties"]["iothub-connection-auth-method"]
        .as_str()
        .unwrap();
    assert!(method.contains(r#""scope":"device""#), "{method}");
    assert_eq!(
        first["systemProperties"]["iothub-connection-auth-generation-id"]
            .as_str()
            .unwrap()
            .len(),
        18
    );
    assert_eq!(
        first["applicationProperties"],
        serde_json::json!({ "a b": "x/y" })
    );
    assert!(stored[1].get("body").is_none() && stored[1].get("bodyBase64").is_none());
    assert_eq!(stored[2]["applicationProperties"]["mqtt-retain"], "true");
    assert_eq!(stored[2]["applicationProperties"]["mqtt-dup"], "true");
}

#[test]
fn no_acknowledgement_without_storage() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    for node in simulation.world_mut().nodes.values_mut() {
        if matches!(node.actor.address, shared::ipc::Address::Events(_)) {
            node.actor.sql.set_broken(true);
        }
    }
    wire.publish(&mut simulation, TELEMETRY, b"1", Some(1));
    simulation.run(5_000);
    assert_eq!(wire.next(&simulation), None);
    assert!(
        wire.is_closed(&simulation),
        "the device learns that it must send again"
    );
    for node in simulation.world_mut().nodes.values_mut() {
        node.actor.sql.set_broken(false);
    }
    assert_eq!(events(&mut simulation).len(), 0);
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.publish(&mut simulation, TELEMETRY, b"1", Some(1));
    assert_eq!(wire.next(&simulation), Some(Owned::PubAck(1)));
}

#[test]
fn the_largest_message_fits_and_a_byte_more_closes() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.publish(&mut simulation, TELEMETRY, &vec![7; 262_144], Some(1));
    simulation.run(20_000);
    assert_eq!(wire.next(&simulation), Some(Owned::PubAck(1)));
    let with_property = format!("{TELEMETRY}a=b");
    wire.publish(&mut simulation, &with_property, &vec![7; 262_142], Some(2));
    simulation.run(20_000);
    assert_eq!(wire.next(&simulation), Some(Owned::PubAck(2)));
    wire.publish(&mut simulation, &with_property, &vec![7; 262_143], Some(3));
    simulation.run(20_000);
    assert!(wire.is_closed(&simulation));
    assert_eq!(events(&mut simulation).len(), 2);
}

/// Whether these bytes make the hub close without a word.
fn closes(simulation: &mut Simulation, fields: &ConnectFields, bytes: &[u8]) -> bool {
    let (mut wire, _) = Wire::connected(simulation, fields);
    wire.send(simulation, bytes);
    assert_eq!(wire.next(simulation), None);
    wire.is_closed(simulation)
}

#[test]
fn what_is_not_in_the_contract_closes_without_an_answer() {
    let (mut simulation, fields) = hub();
    let publish = |topic: &str, qos: u8| {
        let mut bytes = Vec::new();
        let packet_id = (qos > 0).then_some(5);
        let message = Publish {
            topic,
            payload: b"{}",
            qos,
            packet_id,
            retain: false,
            dup: false,
        };
        encode::publish(&mut bytes, &message).unwrap();
        bytes
    };
    let cases = [
        ("QoS 2", publish(TELEMETRY, 2)),
        ("unknown topic", publish("foo/bar", 1)),
        (
            "another device",
            publish("devices/pump-2/messages/events/", 1),
        ),
        (
            "a module that it is not",
            publish("devices/pump-1/modules/m/messages/events/", 1),
        ),
        (
            "desired by the device",
            publish("$iothub/twin/PATCH/properties/desired/?$rid=1", 1),
        ),
        ("twin GET without id", publish("$iothub/twin/GET/", 1)),
        (
            "unknown $iothub topic",
            publish("$iothub/nonsense/?$rid=1", 1),
        ),
        ("malformed bag", publish(&format!("{TELEMETRY}=v"), 1)),
        (
            "method status",
            publish("$iothub/methods/res/abc/?$rid=1", 1),
        ),
        ("PUBREL", vec![0x62, 2, 0, 1]),
        ("PUBREC", vec![0x50, 2, 0, 1]),
        ("SUBACK", vec![0x90, 3, 0, 1, 0]),
        ("empty SUBSCRIBE", vec![0x82, 2, 0, 1]),
        ("QoS 3", vec![0x82, 6, 0, 1, 0, 1, b'a', 3]),
        ("wrong flags", vec![0x80, 6, 0, 1, 0, 1, b'a', 0]),
        ("packet type 0", vec![0x00, 0]),
        ("packet type 15", vec![0xf0, 0]),
        ("remaining length", vec![0x30, 0xff, 0xff, 0xff, 0xff, 0x01]),
        ("too large to be true", vec![0x30, 0xff, 0xff, 0xff, 0x7f]),
    ];
    for (name, bytes) in cases {
        assert!(closes(&mut simulation, &fields, &bytes), "{name}");
    }
    assert!(
        !closes(&mut simulation, &fields, &[0x40, 2, 9, 9]),
        "an unknown PUBACK is ignored"
    );
    assert_eq!(events(&mut simulation).len(), 0);
}

#[test]
fn twin_requests_are_answered_as_the_sdks_expect() {
    let (mut simulation, fields) = hub();
    let (mut wire, _) = Wire::connected(&mut simulation, &fields);
    wire.subscribe(&mut simulation, &[("$iothub/twin/res/#", 1)]);
    let reported = "$iothub/twin/PATCH/properties/reported/";
    wire.publish(
        &mut simulation,
        &format!("{reported}?$rid=r1"),
        b"{\"a\":1}",
        Some(4),
    );
    assert_eq!(wire.next(&simulation), Some(Owned::PubAck(4)));
    let answer = wire.message(&simulation);
    assert_eq!(
        (answer.topic.as_str(), answer.qos),
        ("$iothub/twin/res/204/?$rid=r1&$version=2", 0)
    );
    assert!(answer.payload.is_empty());
    wire.publish(&mut simulation, &format!("{reported}?$rid=r2"), b"[]", None);
    let answer = wire.message(&simulation);
    assert_eq!(answer.topic, "$iothub/twin/res/400/?$rid=r2");
    let body: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
    assert!(
        body["errorCode"].as_u64().unwrap() >= 400_000 && body["message"].is_string(),
        "{body}"
    );
    wire.publish(&mut simulation, reported, b"{\"a\":2}", Some(6));
    assert_eq!(wire.next(&simulation), Some(Owned::PubAck(6)));
    assert_eq!(
        wire.next(&simulation),
        None,
        "without an id it is applied and not answered"
    );
    wire.publish(&mut simulation, "$iothub/twin/GET/?$rid=r3", b" ", None);
    let answer = wire.message(&simulation);
    let twin: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
    assert_eq!(
        twin,
        serde_json::json!({ "desired": { "$version": 1 }, "reported": { "a": 2, "$version": 3 } })
    );
}
