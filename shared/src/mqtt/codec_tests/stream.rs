//! The same packets, however the bytes are cut into frames (`device.md` §1).

use super::{Owned, any_packet};
use crate::mqtt::packet::{Limits, Packet};
use crate::mqtt::{MalformedPacket, StreamDecoder, encode};
use proptest::collection::vec;
use proptest::prelude::*;
use std::ops::ControlFlow;

/// Feeds a frame and appends every packet, written again, to `seen`.
fn feed(decoder: &mut StreamDecoder, frame: &[u8], seen: &mut Vec<Vec<u8>>) {
    decoder
        .feed(frame, &Limits::HUB, &mut |packet| {
            let mut bytes = Vec::new();
            encode::packet(&mut bytes, &packet).unwrap();
            seen.push(bytes);
            ControlFlow::Continue(())
        })
        .unwrap();
}

fn sequence() -> Vec<Vec<u8>> {
    [
        Owned::Connect {
            client_id: "dev1".into(),
            clean_session: false,
            keep_alive: 180,
            login: Some((
                "h/dev1/?api-version=2021-04-12".into(),
                Some(b"token".to_vec()),
            )),
            will: None,
        },
        Owned::Bare(0),
        Owned::Publish {
            topic: "devices/dev1/messages/events/".into(),
            payload: vec![b'x'; 150],
            qos: 1,
            packet_id: 1,
            retain: false,
            dup: false,
        },
        Owned::WithId(0, 1),
        Owned::Subscribe(2, vec![("$iothub/twin/res/#".into(), 0)]),
    ]
    .iter()
    .map(Owned::encoded)
    .collect()
}

#[test]
fn every_split_into_two_and_three_frames_gives_the_same_packets() {
    let packets = sequence();
    let bytes = packets.concat();
    for first in 0..=bytes.len() {
        for second in first..=bytes.len() {
            let mut decoder = StreamDecoder::new();
            let mut seen = Vec::new();
            feed(&mut decoder, &bytes[..first], &mut seen);
            // Hibernation between any two frames loses nothing.
            decoder = StreamDecoder::from_tail(decoder.into_tail());
            feed(&mut decoder, &bytes[first..second], &mut seen);
            feed(&mut decoder, &bytes[second..], &mut seen);
            assert_eq!(seen, packets, "split at {first} and {second}");
            assert!(decoder.tail().is_empty());
        }
    }
}

#[test]
fn byte_by_byte_with_empty_frames_between() {
    let packets = sequence();
    let mut decoder = StreamDecoder::new();
    let mut seen = Vec::new();
    for byte in packets.concat() {
        feed(&mut decoder, &[], &mut seen);
        feed(&mut decoder, &[byte], &mut seen);
    }
    assert_eq!(seen, packets);
}

#[test]
fn break_keeps_the_rest_for_the_next_call() {
    let packets = sequence();
    let bytes = packets.concat();
    for cut in 0..=bytes.len() {
        let mut decoder = StreamDecoder::new();
        let mut seen = Vec::new();
        // One packet per call, however many the frame holds.
        let frames = [&bytes[..cut], &bytes[cut..]]
            .into_iter()
            .chain([&[] as &[u8]; 6]);
        for frame in frames {
            decoder
                .feed(frame, &Limits::HUB, &mut |packet| {
                    let mut bytes = Vec::new();
                    encode::packet(&mut bytes, &packet).unwrap();
                    seen.push(bytes);
                    ControlFlow::Break(())
                })
                .unwrap();
        }
        assert_eq!(seen, packets, "cut at {cut}");
        assert!(decoder.tail().is_empty());
    }
}

#[test]
fn held_frames_come_later_and_are_bounded() {
    let packets = sequence();
    let mut decoder = StreamDecoder::new();
    for packet in &packets {
        decoder.hold(packet, &Limits::HUB).unwrap();
    }
    let mut seen = Vec::new();
    feed(&mut decoder, &[], &mut seen);
    assert_eq!(seen, packets);

    let limits = Limits {
        max_remaining_length: 100,
        ..Limits::HUB
    };
    assert_eq!(decoder.hold(&[0xc0; 105], &limits), Ok(()));
    assert_eq!(
        decoder.hold(&[0xc0], &limits),
        Err(MalformedPacket::TooMuchBeforeConnAck)
    );
}

#[test]
fn packets_before_a_malformed_one_are_still_handed_out() {
    let mut decoder = StreamDecoder::new();
    let mut seen = 0;
    let result = decoder.feed(&[0xc0, 0, 0x00], &Limits::HUB, &mut |packet| {
        assert_eq!(packet, Packet::PingReq);
        seen += 1;
        ControlFlow::Continue(())
    });
    assert_eq!((result, seen), (Err(MalformedPacket::PacketType), 1));
}

#[test]
fn an_oversized_packet_is_refused_before_it_is_buffered() {
    let mut decoder = StreamDecoder::new();
    let mut nothing = |_: Packet<'_>| ControlFlow::Continue(());
    assert_eq!(
        decoder.feed(&[0x30, 0xff], &Limits::HUB, &mut nothing),
        Ok(())
    );
    let rest = [&[0xff, 0xff, 0x01][..], &[0; 4000]].concat();
    assert_eq!(
        decoder.feed(&rest, &Limits::HUB, &mut nothing),
        Err(MalformedPacket::PacketTooLarge)
    );
    assert!(decoder.tail().len() < 6);
}

#[test]
fn a_whole_frame_is_never_copied() {
    let frame = sequence().concat();
    let mut decoder = StreamDecoder::new();
    let range = frame.as_ptr_range();
    decoder
        .feed(&frame, &Limits::HUB, &mut |packet| {
            if let Packet::Publish(message) = packet {
                assert!(range.contains(&message.payload.as_ptr()));
            }
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(decoder.into_tail().capacity(), 0);
}

proptest! {
    #[test]
    fn any_packets_survive_any_cuts(
        owned in vec(any_packet(), 1..6),
        cuts in vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let packets: Vec<_> = owned.iter().map(Owned::encoded).collect();
        let bytes = packets.concat();
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let mut decoder = StreamDecoder::new();
        let mut seen = Vec::new();
        for pair in cuts.windows(2) {
            feed(&mut decoder, &bytes[pair[0]..pair[1]], &mut seen);
        }
        prop_assert_eq!(seen, packets);
        prop_assert!(decoder.tail().is_empty());
    }

    #[test]
    fn arbitrary_frames_never_panic_and_never_pile_up(
        frames in vec(vec(any::<u8>(), 0..50), 0..20),
    ) {
        let limits = Limits { max_remaining_length: 64, ..Limits::HUB };
        let mut decoder = StreamDecoder::new();
        for frame in frames {
            let result =
                decoder.feed(&frame, &limits, &mut |_| ControlFlow::Continue(()));
            prop_assert!(decoder.tail().len() <= 64 + 5);
            if result.is_err() {
                break;
            }
        }
    }
}
