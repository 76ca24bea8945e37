//! Twin, methods, cloud-to-device messages.

use super::*;
use crate::ids::ModuleId;
use crate::mqtt::property_bag::{MessageProperties, SystemProperty};
use crate::mqtt::topic::{
    desired_topic, devicebound_topic, method_call_topic, twin_response_topic,
};

#[test]
fn twin_requests_find_their_answers() {
    let mut session = connected();
    let mut out = Vec::new();
    let get = session.get_twin(at(1), &mut out).unwrap();
    let report = session.report_twin(at(1), br#"{"a":1}"#, &mut out).unwrap();
    let refused = session.report_twin(at(1), b"[]", &mut out).unwrap();
    let mut topics = Vec::new();
    read_all(&out, &mut |packet| {
        let Packet::Publish(message) = packet else {
            panic!("{packet:?}")
        };
        topics.push(
            match parse_publish(message.topic, session.identity()).unwrap() {
                DeviceTopic::TwinGet { request_id } => ("get", request_id.unwrap().to_owned()),
                DeviceTopic::TwinReport {
                    request_id,
                    version: None,
                } => ("report", request_id.unwrap().to_owned()),
                other => panic!("{other:?}"),
            },
        );
    });
    assert_eq!(
        topics,
        [
            ("get", "1".into()),
            ("report", "2".into()),
            ("report", "3".into())
        ]
    );

    let answer = |id: u64, status, version, body| {
        message(
            &twin_response_topic(status, &id.to_string(), version),
            body,
            0,
            None,
            false,
        )
    };
    assert_eq!(
        events_of(&mut session, at(2), &answer(report, 204, Some(5), b"")),
        [ClientEvent::TwinReported {
            request_id: report,
            version: Some(5),
            latency: SECOND
        }]
    );
    assert_eq!(
        events_of(&mut session, at(2), &answer(get, 200, None, b"{}")),
        [ClientEvent::TwinReceived {
            request_id: get,
            body: b"{}".to_vec(),
            latency: SECOND
        }]
    );
    assert_eq!(
        events_of(
            &mut session,
            at(2),
            &answer(refused, 400, None, b"{\"errorCode\":400004}")
        ),
        [ClientEvent::TwinFailed {
            request_id: refused,
            status: 400,
            body: b"{\"errorCode\":400004}".to_vec()
        }]
    );
    // A second answer to the same request says nothing new.
    assert_eq!(
        events_of(&mut session, at(2), &answer(get, 200, None, b"{}")),
        []
    );
}

#[test]
fn the_hub_can_call_and_send() {
    let identity = Identity {
        device: DeviceId::parse("dev1").unwrap(),
        module: Some(ModuleId::parse("m").unwrap()),
    };
    let mut as_module = connected_with(ClientOptions {
        identity,
        ..options()
    });
    let mut session = connected();
    let call = message(
        &method_call_topic("reboot", "1f"),
        b"{\"in\":5}",
        0,
        None,
        false,
    );
    let called = [ClientEvent::MethodCalled {
        name: "reboot".into(),
        request_id: "1f".into(),
        payload: b"{\"in\":5}".to_vec(),
    }];
    assert_eq!(events_of(&mut session, at(0), &call), called);
    assert_eq!(events_of(&mut as_module, at(0), &call), called);
    let mut out = Vec::new();
    session
        .respond_method(at(0), "1f", -3, b"null", &mut out)
        .unwrap();
    read_all(&out, &mut |packet| {
        let Packet::Publish(message) = packet else {
            panic!("{packet:?}")
        };
        assert_eq!(
            parse_publish(message.topic, &options().identity),
            Ok(DeviceTopic::MethodResponse {
                status: -3,
                request_id: "1f"
            })
        );
        assert_eq!(message.payload, b"null");
    });

    let desired = message(&desired_topic(4), b"{\"$version\":4}", 0, None, false);
    assert_eq!(
        events_of(&mut session, at(0), &desired),
        [ClientEvent::DesiredChanged {
            version: 4,
            body: b"{\"$version\":4}".to_vec()
        }]
    );

    let mut properties = MessageProperties::default();
    properties.set(SystemProperty::MessageId, "m 1");
    let topic = devicebound_topic(&options().identity.device, &properties, None).unwrap();
    let c2d = message(&topic, b"hello", 1, Some(77), true);
    let events = events_of(&mut session, at(0), &c2d);
    let [
        ClientEvent::CloudToDevice {
            packet_id: Some(77),
            redelivered: true,
            properties,
            payload,
        },
    ] = events.as_slice()
    else {
        panic!("{events:?}")
    };
    assert_eq!(properties.get(SystemProperty::MessageId), Some("m 1"));
    assert_eq!(payload, b"hello");
    out.clear();
    session.acknowledge(at(0), 77, &mut out).unwrap();
    assert_eq!(out, frame(&Packet::PubAck(77)));
    // Another device's message would be a grave error of the hub.
    let other = message("devices/dev2/messages/devicebound/a=1", b"", 0, None, false);
    assert_eq!(
        session.handle_frame(at(0), &other, &mut Vec::new()),
        Err(ClientError::Unexpected("topic"))
    );
}
