//! The session against hand-made packets of a hub.

mod iothub;
mod time;

use super::*;
use crate::ids::DeviceId;
use crate::mqtt::decode;
use crate::mqtt::packet::{ConnAck, ConnectCode, Packet};
use crate::mqtt::topic::{DeviceTopic, parse_publish};
use crate::mqtt::user_name::UserName;

const SECOND: Duration = Duration::from_secs(1);

fn at(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn options() -> ClientOptions {
    let identity = Identity::device(DeviceId::parse("dev1").unwrap());
    ClientOptions::new("hub.example", identity, "skerry-device-sim/0.1.0")
}

/// The client's bytes as packets, handed to the check one by one.
fn read_all(bytes: &[u8], check: &mut dyn FnMut(Packet<'_>)) {
    let mut rest = bytes;
    while let Some((packet, length)) = decode(rest, &Limits::HUB).unwrap() {
        check(packet);
        rest = &rest[length..];
    }
    assert!(rest.is_empty());
}

fn frame(packet: &Packet<'_>) -> Vec<u8> {
    let mut bytes = Vec::new();
    encode::packet(&mut bytes, packet).unwrap();
    bytes
}

fn message(topic: &str, payload: &[u8], qos: u8, packet_id: Option<u16>, dup: bool) -> Vec<u8> {
    frame(&Packet::Publish(Publish {
        topic,
        payload,
        qos,
        packet_id,
        retain: false,
        dup,
    }))
}

fn accepted(session_present: bool) -> Vec<u8> {
    frame(&Packet::ConnAck(ConnAck {
        session_present,
        code: ConnectCode::Accepted,
    }))
}

/// A session whose CONNECT was accepted at second 0.
fn connected_with(options: ClientOptions) -> ClientSession {
    let mut session = ClientSession::new(options);
    session
        .connect(at(0), Some("token"), &mut Vec::new())
        .unwrap();
    let mut events = Vec::new();
    session
        .handle_frame(at(0), &accepted(false), &mut events)
        .unwrap();
    assert_eq!(session.state(), ClientState::Connected);
    session
}

fn connected() -> ClientSession {
    connected_with(options())
}

fn events_of(session: &mut ClientSession, now: Duration, frame: &[u8]) -> Vec<ClientEvent> {
    let mut events = Vec::new();
    session.handle_frame(now, frame, &mut events).unwrap();
    events
}

#[test]
fn connect_says_what_sdks_say() {
    let mut session = ClientSession::new(ClientOptions {
        model_id: Some("dtmi:com:example:Pump;1".to_owned()),
        will: Some(WillMessage {
            bag: "a=1".to_owned(),
            payload: b"gone".to_vec(),
            qos: 1,
        }),
        ..options()
    });
    let mut out = Vec::new();
    session
        .connect(at(1), Some("SharedAccessSignature sr=x"), &mut out)
        .unwrap();
    let mut seen = 0;
    read_all(&out, &mut |packet| {
        let Packet::Connect(connect) = packet else {
            panic!("{packet:?}")
        };
        assert_eq!(
            (connect.client_id, connect.clean_session, connect.keep_alive),
            ("dev1", false, 60)
        );
        assert_eq!(
            connect.user_name,
            Some(
                "hub.example/dev1/?api-version=2021-04-12&DeviceClientType=skerry-device-sim%2F0.1.0&model-id=dtmi%3Acom%3Aexample%3APump%3B1"
            )
        );
        let name = UserName::parse(connect.user_name.unwrap()).unwrap();
        assert!(name.matches_client_id(connect.client_id));
        assert_eq!(connect.password, Some(&b"SharedAccessSignature sr=x"[..]));
        let will = connect.will.unwrap();
        assert_eq!(
            (will.topic, will.payload, will.qos),
            ("devices/dev1/messages/events/a=1", &b"gone"[..], 1)
        );
        seen += 1;
    });
    assert_eq!((seen, session.state()), (1, ClientState::Connecting));
    assert_eq!(
        events_of(&mut session, at(3), &accepted(true)),
        [ClientEvent::Connected {
            session_present: true,
            latency: 2 * SECOND
        }]
    );
}

#[test]
fn a_refusal_closes_the_session() {
    let mut session = ClientSession::new(options());
    session.connect(at(0), None, &mut Vec::new()).unwrap();
    let refusal = frame(&Packet::ConnAck(ConnAck {
        session_present: false,
        code: ConnectCode::NotAuthorized,
    }));
    assert_eq!(
        events_of(&mut session, at(0), &refusal),
        [ClientEvent::Refused(ConnectCode::NotAuthorized)]
    );
    assert_eq!(session.state(), ClientState::Closed);
    assert_eq!(
        session.get_twin(at(0), &mut Vec::new()),
        Err(ClientError::NotConnected)
    );
}

#[test]
fn telemetry_is_tracked_until_it_is_acknowledged() {
    let mut session = connected();
    let mut out = Vec::new();
    for tag in 100..103 {
        session
            .publish_telemetry(at(1), "a=1", b"{}", 1, tag, &mut out)
            .unwrap();
    }
    session
        .publish_telemetry(at(1), "", b"{}", 0, 999, &mut out)
        .unwrap();
    let mut ids = Vec::new();
    read_all(&out, &mut |packet| {
        let Packet::Publish(message) = packet else {
            panic!("{packet:?}")
        };
        let bag = if message.qos == 1 { "a=1" } else { "" };
        assert_eq!(
            parse_publish(message.topic, session.identity()),
            Ok(DeviceTopic::Telemetry { bag })
        );
        ids.extend(message.packet_id);
    });
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(
        session.unacknowledged().collect::<Vec<_>>(),
        [100, 101, 102]
    );

    // Out of order, and two in one frame that is cut in the middle of the second.
    let acks = [frame(&Packet::PubAck(2)), frame(&Packet::PubAck(1))].concat();
    let acknowledged = |tag, latency| ClientEvent::Acknowledged { tag, latency };
    assert_eq!(
        events_of(&mut session, at(4), &acks[..6]),
        [acknowledged(101, 3 * SECOND)]
    );
    assert_eq!(
        events_of(&mut session, at(5), &acks[6..]),
        [acknowledged(100, 4 * SECOND)]
    );
    assert_eq!(session.outstanding(), 1);

    // A lost connection leaves it known, so that its owner can send it again.
    session.connection_lost();
    assert_eq!(session.unacknowledged().collect::<Vec<_>>(), [102]);
    session.connect(at(9), None, &mut Vec::new()).unwrap();
    assert_eq!(session.outstanding(), 0);
}

#[test]
fn an_acknowledgement_nobody_waits_for_is_an_error() {
    let mut session = connected();
    session
        .publish_telemetry(at(0), "", b"", 1, 1, &mut Vec::new())
        .unwrap();
    let ack = frame(&Packet::PubAck(1));
    assert_eq!(events_of(&mut session, at(0), &ack).len(), 1);
    assert_eq!(
        session.handle_frame(at(0), &ack, &mut Vec::new()),
        Err(ClientError::Unexpected("PUBACK"))
    );
    assert_eq!(session.state(), ClientState::Closed);
}

#[test]
fn packet_ids_wrap_around_and_skip_those_in_use() {
    let mut session = connected();
    let mut out = Vec::new();
    session
        .publish_telemetry(at(0), "", b"", 1, 7, &mut out)
        .unwrap();
    for _ in 0..65_534 {
        out.clear();
        session
            .publish_telemetry(at(0), "", b"", 1, 0, &mut out)
            .unwrap();
        let Ok(Some((Packet::Publish(message), _))) = decode(&out, &Limits::HUB) else {
            panic!()
        };
        let ack = frame(&Packet::PubAck(message.packet_id.unwrap()));
        assert_eq!(events_of(&mut session, at(0), &ack).len(), 1);
    }
    // 65,535 was the last; 1 is still in use.
    assert_eq!(
        session.subscribe(at(0), &[("$iothub/twin/res/#", 0)], &mut out),
        Ok(2)
    );
    assert_eq!(session.unacknowledged().collect::<Vec<_>>(), [7]);
}

#[test]
fn filters_are_asked_for_and_given_up() {
    let mut session = connected();
    let mut out = Vec::new();
    let first = session
        .subscribe(at(0), &[("$iothub/twin/res/#", 0), ("foo", 1)], &mut out)
        .unwrap();
    let second = session.unsubscribe(at(0), &["foo"], &mut out).unwrap();
    let mut seen = Vec::new();
    read_all(&out, &mut |packet| seen.push(format!("{packet:?}")));
    assert_eq!(
        seen,
        [
            "Subscribe { packet_id: 1, filters: [(\"$iothub/twin/res/#\", 0), (\"foo\", 1)] }",
            "Unsubscribe { packet_id: 2, filters: [\"foo\"] }"
        ]
    );
    let suback = frame(&Packet::SubAck {
        packet_id: first,
        codes: vec![0, 0x80],
    });
    assert_eq!(
        events_of(&mut session, at(0), &suback),
        [ClientEvent::Subscribed {
            packet_id: 1,
            codes: vec![0, 0x80]
        }]
    );
    assert_eq!(
        events_of(&mut session, at(0), &frame(&Packet::UnsubAck(second))),
        [ClientEvent::Unsubscribed { packet_id: 2 }]
    );
}

#[test]
fn a_confused_hub_is_left() {
    for (bytes, error) in [
        (
            frame(&Packet::PingReq),
            ClientError::Unexpected("packet that only clients send"),
        ),
        (
            frame(&Packet::PingResp),
            ClientError::Unexpected("PINGRESP"),
        ),
        (accepted(false), ClientError::Unexpected("second CONNACK")),
        (
            vec![0x00],
            ClientError::Malformed(crate::mqtt::MalformedPacket::PacketType),
        ),
        (
            message("foo", b"", 0, None, false),
            ClientError::Unexpected("topic"),
        ),
    ] {
        let mut session = connected();
        assert_eq!(
            session.handle_frame(at(0), &bytes, &mut Vec::new()),
            Err(error)
        );
        assert_eq!(session.state(), ClientState::Closed);
    }
}

#[test]
fn leaving_says_disconnect_once() {
    let mut session = connected();
    let mut out = Vec::new();
    session.disconnect(&mut out);
    session.disconnect(&mut out);
    assert_eq!(out, frame(&Packet::Disconnect));
}

#[test]
fn acknowledged_telemetry_allocates_nothing() {
    let mut session = connected();
    let (mut out, mut events) = (Vec::with_capacity(4096), Vec::with_capacity(64));
    let mut round = |session: &mut ClientSession, rounds: u16| {
        for _ in 0..rounds {
            out.clear();
            events.clear();
            session
                .publish_telemetry(at(0), "a=1", &[b'x'; 100], 1, 5, &mut out)
                .unwrap();
            // The packet id stands behind the topic.
            let topic_length = usize::from(u16::from_be_bytes([out[3], out[4]]));
            let id = [out[5 + topic_length], out[6 + topic_length]];
            session
                .handle_frame(at(0), &[0x40, 2, id[0], id[1]], &mut events)
                .unwrap();
            assert_eq!(events.len(), 1);
        }
    };
    round(&mut session, 1);
    let counted = allocation_counter::measure(|| round(&mut session, 100));
    assert_eq!(counted.count_total, 0);
}
