//! The codec against an independent one, that of `rumqttc`: what one writes the other reads
//! and writes again to the same bytes.

use super::{Owned, any_packet};
use crate::mqtt::decode;
use crate::mqtt::packet::{Limits, Packet};
use proptest::prelude::*;
use rumqttc::mqttbytes::v4;

const MAX: usize = 1 << 20;

/// A buffer of the type that the other codec wants.
fn buffer<B: Default + Extend<u8>>(bytes: &[u8]) -> B {
    let mut buffer = B::default();
    buffer.extend(bytes.iter().copied());
    buffer
}

/// What the other codec cannot represent: it keeps passwords as text and loses empty
/// log-ins, and cannot tell "no password" from an empty one.
fn representable(owned: Owned) -> Owned {
    match owned {
        Owned::Connect {
            client_id,
            clean_session,
            keep_alive,
            login,
            will,
        } => Owned::Connect {
            client_id,
            clean_session,
            keep_alive,
            login: login.map(|(name, password)| {
                let hex: String = password
                    .unwrap_or_default()
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                (format!("u{name}"), Some(format!("p{hex}").into_bytes()))
            }),
            will,
        },
        other => other,
    }
}

fn assert_same(packet: &Packet<'_>, other: &v4::Packet) {
    match (packet, other) {
        (Packet::Connect(ours), v4::Packet::Connect(theirs)) => {
            assert_eq!(ours.client_id, theirs.client_id);
            assert_eq!(ours.clean_session, theirs.clean_session);
            assert_eq!(ours.keep_alive, theirs.keep_alive);
            assert_eq!(
                ours.user_name.zip(ours.password),
                theirs
                    .login
                    .as_ref()
                    .map(|login| (login.username.as_str(), login.password.as_bytes()))
            );
            assert_eq!(
                ours.will
                    .map(|will| (will.topic, will.payload, will.qos, will.retain)),
                theirs.last_will.as_ref().map(|will| {
                    (
                        will.topic.as_str(),
                        will.message.as_ref(),
                        will.qos as u8,
                        will.retain,
                    )
                })
            );
        }
        (Packet::ConnAck(ours), v4::Packet::ConnAck(theirs)) => {
            assert_eq!(ours.session_present, theirs.session_present);
            assert_eq!(ours.code.as_u8(), theirs.code as u8);
        }
        (Packet::Publish(ours), v4::Packet::Publish(theirs)) => {
            assert_eq!(ours.topic, theirs.topic);
            assert_eq!(ours.payload, theirs.payload.as_ref());
            assert_eq!(ours.qos, theirs.qos as u8);
            assert_eq!(ours.packet_id.unwrap_or(0), theirs.pkid);
            assert_eq!((ours.retain, ours.dup), (theirs.retain, theirs.dup));
        }
        (Packet::PubAck(ours), v4::Packet::PubAck(theirs)) => assert_eq!(*ours, theirs.pkid),
        (Packet::PubRec(ours), v4::Packet::PubRec(theirs)) => assert_eq!(*ours, theirs.pkid),
        (Packet::PubRel(ours), v4::Packet::PubRel(theirs)) => assert_eq!(*ours, theirs.pkid),
        (Packet::PubComp(ours), v4::Packet::PubComp(theirs)) => assert_eq!(*ours, theirs.pkid),
        (Packet::UnsubAck(ours), v4::Packet::UnsubAck(theirs)) => assert_eq!(*ours, theirs.pkid),
        (Packet::Subscribe { packet_id, filters }, v4::Packet::Subscribe(theirs)) => {
            assert_eq!(*packet_id, theirs.pkid);
            let theirs: Vec<_> = theirs
                .filters
                .iter()
                .map(|filter| (filter.path.as_str(), filter.qos as u8))
                .collect();
            assert_eq!(*filters, theirs);
        }
        (Packet::SubAck { packet_id, codes }, v4::Packet::SubAck(theirs)) => {
            assert_eq!(
                (*packet_id, codes.len()),
                (theirs.pkid, theirs.return_codes.len())
            );
        }
        (Packet::Unsubscribe { packet_id, filters }, v4::Packet::Unsubscribe(theirs)) => {
            assert_eq!(*packet_id, theirs.pkid);
            assert_eq!(*filters, theirs.topics);
        }
        (Packet::PingReq, v4::Packet::PingReq)
        | (Packet::PingResp, v4::Packet::PingResp)
        | (Packet::Disconnect, v4::Packet::Disconnect) => {}
        (ours, theirs) => panic!("{ours:?} is not {theirs:?}"),
    }
}

proptest! {
    #[test]
    fn both_codecs_agree(owned in any_packet().prop_map(representable)) {
        let encoded = owned.encoded();
        let theirs = v4::Packet::read(&mut buffer(&encoded), MAX).unwrap();
        assert_same(&owned.packet(), &theirs);

        let mut written = buffer(&[]);
        theirs.write(&mut written, MAX).unwrap();
        let written: &[u8] = written.as_ref();
        prop_assert_eq!(written, encoded.as_slice());
        let (ours, length) = decode(written, &Limits::HUB).unwrap().unwrap();
        prop_assert_eq!(length, written.len());
        prop_assert_eq!(ours, owned.packet());
    }
}
