//! Tests of decoder, encoder and stream together.

mod malformed;
mod oracle;
mod stream;

use super::packet::{ConnAck, Connect, ConnectCode, Limits, Packet, Publish, Will};
use super::{decode, encode};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// A packet that owns its fields, since [`Packet`] borrows.
#[derive(Debug, Clone)]
pub(super) enum Owned {
    Connect {
        client_id: String,
        clean_session: bool,
        keep_alive: u16,
        login: Option<(String, Option<Vec<u8>>)>,
        will: Option<(String, Vec<u8>, u8, bool)>,
    },
    ConnAck(bool, u8),
    Publish {
        topic: String,
        payload: Vec<u8>,
        qos: u8,
        packet_id: u16,
        retain: bool,
        dup: bool,
    },
    Subscribe(u16, Vec<(String, u8)>),
    SubAck(u16, Vec<u8>),
    Unsubscribe(u16, Vec<String>),
    /// PUBACK, PUBREC, PUBREL, PUBCOMP, UNSUBACK.
    WithId(u8, u16),
    /// PINGREQ, PINGRESP, DISCONNECT.
    Bare(u8),
}

impl Owned {
    pub(super) fn packet(&self) -> Packet<'_> {
        match self {
            Self::Connect {
                client_id,
                clean_session,
                keep_alive,
                login,
                will,
            } => Packet::Connect(Connect {
                protocol_level: 4,
                client_id,
                clean_session: *clean_session,
                keep_alive: *keep_alive,
                user_name: login.as_ref().map(|(name, _)| name.as_str()),
                password: login.as_ref().and_then(|(_, password)| password.as_deref()),
                will: will.as_ref().map(|(topic, payload, qos, retain)| Will {
                    topic,
                    payload,
                    qos: *qos,
                    retain: *retain,
                }),
            }),
            Self::ConnAck(session_present, code) => {
                let code = ConnectCode::from_u8(*code).unwrap();
                let session_present = *session_present && code == ConnectCode::Accepted;
                Packet::ConnAck(ConnAck {
                    session_present,
                    code,
                })
            }
            Self::Publish {
                topic,
                payload,
                qos,
                packet_id,
                retain,
                dup,
            } => Packet::Publish(Publish {
                topic,
                payload,
                qos: *qos,
                packet_id: (*qos > 0).then_some(*packet_id),
                retain: *retain,
                dup: *dup && *qos > 0,
            }),
            Self::Subscribe(packet_id, filters) => Packet::Subscribe {
                packet_id: *packet_id,
                filters: filters
                    .iter()
                    .map(|(filter, qos)| (filter.as_str(), *qos))
                    .collect(),
            },
            Self::SubAck(packet_id, codes) => Packet::SubAck {
                packet_id: *packet_id,
                codes: codes.clone(),
            },
            Self::Unsubscribe(packet_id, filters) => Packet::Unsubscribe {
                packet_id: *packet_id,
                filters: filters.iter().map(String::as_str).collect(),
            },
            Self::WithId(0, id) => Packet::PubAck(*id),
            Self::WithId(1, id) => Packet::PubRec(*id),
            Self::WithId(2, id) => Packet::PubRel(*id),
            Self::WithId(3, id) => Packet::PubComp(*id),
            Self::WithId(_, id) => Packet::UnsubAck(*id),
            Self::Bare(0) => Packet::PingReq,
            Self::Bare(1) => Packet::PingResp,
            Self::Bare(_) => Packet::Disconnect,
        }
    }

    pub(super) fn encoded(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode::packet(&mut bytes, &self.packet()).unwrap();
        bytes
    }
}

fn text() -> impl Strategy<Value = String> {
    "[^\\x00]{0,20}"
}

fn filter() -> impl Strategy<Value = String> {
    "[^\\x00]{1,20}"
}

fn topic() -> impl Strategy<Value = String> {
    "[^\\x00+#]{1,40}"
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..40),
        vec(any::<u8>(), 100..300),
        vec(any::<u8>(), 16_380..16_390)
    ]
}

pub(super) fn any_packet() -> impl Strategy<Value = Owned> {
    let id = 1..=u16::MAX;
    let login = option::of((text(), option::of(vec(any::<u8>(), 0..60))));
    let will = option::of((text(), vec(any::<u8>(), 0..20), 0..3u8, any::<bool>()));
    prop_oneof![
        (text(), any::<bool>(), any::<u16>(), login, will).prop_map(
            |(client_id, clean_session, keep_alive, login, will)| Owned::Connect {
                client_id,
                clean_session,
                keep_alive,
                login,
                will
            }
        ),
        (any::<bool>(), 0..6u8).prop_map(|(present, code)| Owned::ConnAck(present, code)),
        (
            topic(),
            payload(),
            0..3u8,
            id.clone(),
            any::<bool>(),
            any::<bool>()
        )
            .prop_map(
                |(topic, payload, qos, packet_id, retain, dup)| Owned::Publish {
                    topic,
                    payload,
                    qos,
                    packet_id,
                    retain,
                    dup
                }
            ),
        (id.clone(), vec((filter(), 0..3u8), 1..6)).prop_map(|(id, f)| Owned::Subscribe(id, f)),
        (
            id.clone(),
            vec(prop_oneof![Just(0), Just(1), Just(2), Just(0x80)], 1..200)
        )
            .prop_map(|(id, codes)| Owned::SubAck(id, codes)),
        (id.clone(), vec(filter(), 1..6)).prop_map(|(id, f)| Owned::Unsubscribe(id, f)),
        (0..5u8, id).prop_map(|(kind, id)| Owned::WithId(kind, id)),
        (0..3u8).prop_map(Owned::Bare),
    ]
}

proptest! {
    #[test]
    fn every_packet_round_trips(owned in any_packet(), behind in vec(any::<u8>(), 0..8)) {
        let packet = owned.packet();
        let encoded = owned.encoded();
        let mut bytes = encoded.clone();
        bytes.extend_from_slice(&behind);
        let (decoded, length) = decode(&bytes, &Limits::HUB).unwrap().unwrap();
        prop_assert_eq!(length, encoded.len());
        prop_assert_eq!(decoded, packet);
    }

    #[test]
    fn every_proper_prefix_asks_for_more(owned in any_packet(), cut in any::<prop::sample::Index>()) {
        let encoded = owned.encoded();
        let prefix = &encoded[..cut.index(encoded.len())];
        prop_assert_eq!(decode(prefix, &Limits::HUB), Ok(None));
    }

    #[test]
    fn what_decodes_from_arbitrary_bytes_can_be_written_again(
        first in any::<u8>(),
        body in vec(any::<u8>(), 0..60),
    ) {
        let mut bytes = vec![first, body.len() as u8];
        bytes.extend_from_slice(&body);
        if let Ok(Some((packet, length))) = decode(&bytes, &Limits::HUB) {
            prop_assert_eq!(length, bytes.len());
            let mut again = Vec::new();
            encode::packet(&mut again, &packet).unwrap();
            if !matches!(packet, Packet::UnsupportedProtocolLevel(_)) {
                prop_assert_eq!(again, bytes);
            }
        }
    }

    #[test]
    fn a_damaged_packet_never_panics(
        owned in any_packet(),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = owned.encoded();
        let index = at.index(bytes.len());
        bytes[index] = byte;
        if let Ok(Some((packet, _))) = decode(&bytes, &Limits::HUB) {
            let mut again = Vec::new();
            prop_assert_eq!(encode::packet(&mut again, &packet), Ok(()));
        }
    }
}

#[test]
fn the_largest_telemetry_message_passes_and_the_limit_is_exact() {
    let payload = vec![b'x'; Limits::HUB.max_remaining_length - 3];
    let message = |payload| Publish {
        topic: "t",
        payload,
        qos: 0,
        packet_id: None,
        retain: false,
        dup: false,
    };
    let mut bytes = Vec::new();
    encode::publish(&mut bytes, &message(&payload)).unwrap();
    assert!(matches!(
        decode(&bytes, &Limits::HUB),
        Ok(Some((Packet::Publish(_), _)))
    ));

    let mut bytes = Vec::new();
    let too_long = [payload.as_slice(), b"x"].concat();
    encode::publish(&mut bytes, &message(&too_long)).unwrap();
    // Refused by the header alone, before any of the body arrives.
    assert_eq!(
        decode(&bytes[..4], &Limits::HUB),
        Err(super::MalformedPacket::PacketTooLarge)
    );
}

#[test]
fn encoders_refuse_what_mqtt_cannot_say_and_write_nothing() {
    let long = "x".repeat(65_536);
    let mut out = vec![7];
    let message = |topic, qos, packet_id| Publish {
        topic,
        payload: b"",
        qos,
        packet_id,
        retain: false,
        dup: false,
    };
    let refused = [
        encode::publish(&mut out, &message(long.as_str(), 0, None)),
        encode::publish(&mut out, &message("t", 1, None)),
        encode::publish(&mut out, &message("t", 1, Some(0))),
        encode::publish(&mut out, &message("t", 0, Some(1))),
        encode::subscribe(&mut out, 1, &[]),
        encode::subscribe(&mut out, 1, &[(&long, 0)]),
        encode::unsubscribe(&mut out, 1, &[]),
    ];
    assert!(refused.iter().all(Result::is_err), "{refused:?}");
    assert_eq!(out, [7]);
}

#[test]
fn a_password_never_reaches_debug_output() {
    let owned = Owned::Connect {
        client_id: "dev1".into(),
        clean_session: false,
        keep_alive: 60,
        login: Some((
            "h/dev1".into(),
            Some(b"SharedAccessSignature sig=abc".to_vec()),
        )),
        will: None,
    };
    let text = format!("{:?}", owned.packet());
    assert!(text.contains("dev1") && !text.contains("Shared"), "{text}");
}
