//! One broken packet for each reason to close a connection (`device.md` §9).

use crate::mqtt::packet::{Limits, Packet};
use crate::mqtt::{MalformedPacket, decode};

/// CONNECT with these flags and this rest behind the keep-alive.
fn connect(name: &[u8], level: u8, flags: u8, rest: &[u8]) -> Vec<u8> {
    let mut body = vec![0, name.len() as u8];
    body.extend_from_slice(name);
    body.extend_from_slice(&[level, flags, 0, 60]);
    body.extend_from_slice(rest);
    let mut bytes = vec![0x10, body.len() as u8];
    bytes.append(&mut body);
    bytes
}

#[test]
fn every_reason_is_found_and_named() {
    let many_filters = {
        let mut body = vec![0, 1];
        for _ in 0..101 {
            body.extend_from_slice(&[0, 1, b'a', 0]);
        }
        let mut bytes = vec![
            0x82,
            (body.len() & 0x7f) as u8 | 0x80,
            (body.len() >> 7) as u8,
        ];
        bytes.append(&mut body);
        bytes
    };
    use MalformedPacket as M;
    let cases: Vec<(M, Vec<u8>)> = vec![
        (M::PacketType, vec![0x00]),
        (M::PacketType, vec![0xf0, 0]),
        (M::FixedHeaderFlags, vec![0x11]),
        (M::FixedHeaderFlags, vec![0x80]),
        (M::FixedHeaderFlags, vec![0x60, 2, 0, 1]),
        (M::FixedHeaderFlags, vec![0xc1, 0]),
        (
            M::RemainingLengthEncoding,
            vec![0x30, 0x80, 0x80, 0x80, 0x80],
        ),
        (M::PacketTooLarge, vec![0x30, 0xff, 0xff, 0x7f]),
        (M::PacketTooLarge, vec![0x30, 0xff, 0xff, 0xff]),
        (M::Truncated, vec![0x40, 1, 0]),
        (M::Truncated, vec![0x30, 3, 0, 9, b'a']),
        (M::Truncated, vec![0x82, 5, 0, 1, 0, 1, b'a']),
        (M::Truncated, vec![0x10, 0]),
        (M::TrailingBytes, vec![0x40, 3, 0, 1, 0]),
        (M::TrailingBytes, vec![0xc0, 1, 0]),
        (M::TrailingBytes, connect(b"MQTT", 4, 2, &[0, 0, 9])),
        (M::Utf8, vec![0x30, 4, 0, 2, 0xc3, 0x28]),
        (M::Utf8, vec![0x30, 5, 0, 3, 0xed, 0xa0, 0x80]),
        (M::NullCharacter, vec![0x30, 4, 0, 2, b'a', 0]),
        (M::ProtocolName, connect(b"MQIsdp", 3, 2, &[0, 0])),
        (M::ProtocolName, connect(b"mqtt", 4, 2, &[0, 0])),
        (M::ConnectReservedFlag, connect(b"MQTT", 4, 3, &[0, 0])),
        (
            M::PasswordWithoutUserName,
            connect(b"MQTT", 4, 0x42, &[0, 0, 0, 0]),
        ),
        (M::WillFlags, connect(b"MQTT", 4, 0x1e, &[0, 0, 0, 0, 0, 0])),
        (M::WillFlags, connect(b"MQTT", 4, 0x22, &[0, 0])),
        (M::WillFlags, connect(b"MQTT", 4, 0x0a, &[0, 0])),
        (M::ConnAckFlags, vec![0x20, 2, 2, 0]),
        (M::ConnAckFlags, vec![0x20, 2, 0, 6]),
        (M::ConnAckFlags, vec![0x20, 2, 1, 5]),
        (M::QualityOfService, vec![0x36, 5]),
        (M::QualityOfService, vec![0x82, 6, 0, 1, 0, 1, b'a', 3]),
        (
            M::DuplicateWithoutAcknowledgement,
            vec![0x38, 3, 0, 1, b'a'],
        ),
        (M::EmptyTopic, vec![0x30, 2, 0, 0]),
        (M::EmptyTopic, vec![0x82, 5, 0, 1, 0, 0, 0]),
        (M::EmptyTopic, vec![0xa2, 4, 0, 1, 0, 0]),
        (M::WildcardInTopic, vec![0x30, 4, 0, 2, b'a', b'#']),
        (M::WildcardInTopic, vec![0x30, 4, 0, 2, b'+', b'a']),
        (M::PacketIdZero, vec![0x40, 2, 0, 0]),
        (M::PacketIdZero, vec![0x32, 5, 0, 1, b'a', 0, 0]),
        (M::PacketIdZero, vec![0x82, 6, 0, 0, 0, 1, b'a', 0]),
        (M::NoTopicFilter, vec![0x82, 2, 0, 1]),
        (M::NoTopicFilter, vec![0xa2, 2, 0, 1]),
        (M::TooManyTopicFilters, many_filters),
        (M::SubAckCode, vec![0x90, 3, 0, 1, 3]),
    ];
    for (reason, bytes) in &cases {
        assert_eq!(
            decode(bytes, &Limits::HUB).map(|_| ()),
            Err(*reason),
            "{bytes:02x?}"
        );
    }
    // The one that a decoder of single packets cannot see is tested with the stream.
    let seen = |reason: &M| cases.iter().any(|(case, _)| case == reason);
    let unseen: Vec<_> = M::ALL.iter().filter(|reason| !seen(reason)).collect();
    assert_eq!(unseen, [&M::TooMuchBeforeConnAck]);
}

#[test]
fn codes_and_texts_are_distinct() {
    let mut codes: Vec<_> = MalformedPacket::ALL
        .iter()
        .map(|reason| reason.code())
        .collect();
    let mut texts: Vec<_> = MalformedPacket::ALL
        .iter()
        .map(|reason| reason.text())
        .collect();
    codes.sort_unstable();
    codes.dedup();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(
        (codes.len(), texts.len()),
        (MalformedPacket::ALL.len(), MalformedPacket::ALL.len())
    );
}

#[test]
fn other_protocol_levels_can_be_answered() {
    // MQTT 5 has properties behind the keep-alive, which this decoder must not trip over.
    let version_5 = connect(
        b"MQTT",
        5,
        2,
        &[5, 0x11, 0, 0, 0, 10, 0, 4, b'd', b'e', b'v', b'1'],
    );
    for (level, bytes) in [(5, version_5), (3, connect(b"MQTT", 3, 2, &[0, 0]))] {
        let length = bytes.len();
        assert_eq!(
            decode(&bytes, &Limits::HUB),
            Ok(Some((Packet::UnsupportedProtocolLevel(level), length)))
        );
    }
}

#[test]
fn a_length_with_superfluous_bytes_is_legal() {
    // MQTT 3.1.1, unlike 5, does not demand the shortest form.
    assert_eq!(
        decode(&[0xc0, 0x80, 0x00], &Limits::HUB),
        Ok(Some((Packet::PingReq, 3)))
    );
}
