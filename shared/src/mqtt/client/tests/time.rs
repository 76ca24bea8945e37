//! Keep-alive and timeouts.

use super::*;
use crate::mqtt::topic::twin_response_topic;

#[test]
fn an_idle_session_pings_and_a_silent_hub_is_given_up() {
    let mut session = connected();
    let (mut out, mut events) = (Vec::new(), Vec::new());
    assert_eq!(session.next_deadline(), Some(at(60)));
    session.tick(at(59), &mut out, &mut events).unwrap();
    assert!(out.is_empty());
    // Anything sent postpones the ping.
    session
        .publish_telemetry(at(59), "", b"", 0, 0, &mut Vec::new())
        .unwrap();
    session.tick(at(60), &mut out, &mut events).unwrap();
    assert!(out.is_empty());
    session.tick(at(119), &mut out, &mut events).unwrap();
    assert_eq!(out, frame(&Packet::PingReq));
    assert_eq!(
        events_of(&mut session, at(120), &frame(&Packet::PingResp)),
        []
    );
    assert_eq!(session.next_deadline(), Some(at(119 + 60)));

    out.clear();
    session.tick(at(180), &mut out, &mut events).unwrap();
    assert_eq!(out, frame(&Packet::PingReq));
    assert_eq!(session.next_deadline(), Some(at(210)));
    session.tick(at(209), &mut out, &mut events).unwrap();
    assert_eq!(
        session.tick(at(210), &mut out, &mut events),
        Err(ClientError::NoAnswer("PINGRESP"))
    );
    assert_eq!(session.state(), ClientState::Closed);
    assert!(events.is_empty());
}

#[test]
fn connect_and_twin_requests_time_out() {
    let mut session = ClientSession::new(options());
    session.connect(at(0), None, &mut Vec::new()).unwrap();
    let (mut out, mut events) = (Vec::new(), Vec::new());
    assert_eq!(session.next_deadline(), Some(at(30)));
    assert_eq!(session.tick(at(29), &mut out, &mut events), Ok(()));
    assert_eq!(
        session.tick(at(30), &mut out, &mut events),
        Err(ClientError::NoAnswer("CONNACK"))
    );

    let mut session = connected();
    let early = session.get_twin(at(1), &mut out).unwrap();
    let late = session.get_twin(at(5), &mut out).unwrap();
    assert_eq!(session.next_deadline(), Some(at(31)));
    session.tick(at(31), &mut out, &mut events).unwrap();
    assert_eq!(events, [ClientEvent::TwinTimedOut { request_id: early }]);
    let answer = message(
        &twin_response_topic(200, &late.to_string(), None),
        b"{}",
        0,
        None,
        false,
    );
    assert_eq!(events_of(&mut session, at(31), &answer).len(), 1);
}

#[test]
fn a_new_connection_owes_no_answer_to_an_old_ping() {
    let mut session = connected();
    let (mut out, mut events) = (Vec::new(), Vec::new());
    session.tick(at(60), &mut out, &mut events).unwrap();
    assert_eq!(out, frame(&Packet::PingReq));
    session.connection_lost();
    session.connect(at(70), None, &mut out).unwrap();
    session
        .handle_frame(at(70), &accepted(true), &mut events)
        .unwrap();
    assert_eq!(session.next_deadline(), Some(at(130)));
    assert_eq!(session.tick(at(100), &mut out, &mut events), Ok(()));
}
