//! The PUBLISH packet of one connection, encoded once; only the packet id and a sequence
//! number change from message to message.

use crate::error::SimError;
use bytes::{Bytes, BytesMut};
use shared::mqtt::encode;
use shared::mqtt::packet::Publish;

/// Digits of the sequence number.
const SEQUENCE_DIGITS: usize = 10;

/// An encoded packet with two places to fill in.
pub struct Template {
    bytes: Vec<u8>,
    packet_id_at: Option<usize>,
    sequence_at: Option<usize>,
}

impl Template {
    /// A telemetry packet of a device with so many bytes of payload. The payload is JSON
    /// with a sequence number if there is room for one, and the letter x otherwise.
    pub fn new(device_id: &str, payload: usize, qos: u8) -> Result<Self, SimError> {
        let before = "{\"sequence\":\"";
        let zeros = "0".repeat(SEQUENCE_DIGITS);
        let middle = "\",\"fill\":\"";
        let end = "\"}";
        let framing = before.len() + SEQUENCE_DIGITS + middle.len() + end.len();
        let (body, sequence_in_body) = match payload.checked_sub(framing) {
            Some(fill) => (
                format!("{before}{zeros}{middle}{}{end}", "x".repeat(fill)),
                Some(before.len()),
            ),
            None => ("x".repeat(payload), None),
        };
        let topic =
            format!("devices/{device_id}/messages/events/%24.ct=application%2Fjson&%24.ce=utf-8");
        let packet_id = (qos > 0).then_some(1);
        let message = Publish {
            topic: &topic,
            payload: body.as_bytes(),
            qos,
            packet_id,
            retain: false,
            dup: false,
        };
        let mut bytes = Vec::with_capacity(topic.len() + payload + 16);
        encode::publish(&mut bytes, &message)
            .map_err(|error| SimError::Usage(format!("the message cannot be encoded: {error}")))?;
        let body_at = bytes.len() - payload;
        Ok(Self {
            packet_id_at: packet_id.map(|_| body_at - 2),
            sequence_at: sequence_in_body.map(|offset| body_at + offset),
            bytes,
        })
    }

    /// The packet with its numbers filled in.
    pub fn fill(&self, packet_id: u16, sequence: u64) -> Bytes {
        let mut packet = BytesMut::from(self.bytes.as_slice());
        if let Some(at) = self.packet_id_at {
            packet[at..at + 2].copy_from_slice(&packet_id.to_be_bytes());
        }
        if let Some(at) = self.sequence_at {
            let mut rest = sequence;
            for digit in packet[at..at + SEQUENCE_DIGITS].iter_mut().rev() {
                *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
                rest /= 10;
            }
        }
        packet.freeze()
    }

    /// The packet id in an echo of such a packet; `None` if this is no echo.
    pub fn packet_id_of(&self, echo: &[u8]) -> Option<u16> {
        if echo.len() != self.bytes.len() {
            return None;
        }
        let at = self.packet_id_at?;
        Some(u16::from_be_bytes([echo[at], echo[at + 1]]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::mqtt::packet::{Limits, Packet};

    fn read(packet: &[u8]) -> (Option<u16>, Vec<u8>) {
        match shared::mqtt::decode(packet, &Limits::HUB).unwrap().unwrap() {
            (Packet::Publish(publish), length) => {
                assert_eq!(length, packet.len());
                (publish.packet_id, publish.payload.to_vec())
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn filled_packets_are_valid_and_carry_their_numbers() {
        let template = Template::new("load-0001", 100, 1).unwrap();
        let packet = template.fill(777, 1234567);
        let (packet_id, payload) = read(&packet);
        assert_eq!((packet_id, payload.len()), (Some(777), 100));
        let body: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(body["sequence"], "0001234567");
        assert_eq!(template.packet_id_of(&packet), Some(777));
        assert_eq!(template.packet_id_of(&packet[1..]), None);
    }

    #[test]
    fn small_and_unacknowledged_packets_are_valid_too() {
        for payload in [0, 1, 33, 34, 35, 127, 20_000] {
            assert_eq!(
                read(&Template::new("d", payload, 1).unwrap().fill(9, 1))
                    .1
                    .len(),
                payload
            );
            let (packet_id, body) = read(&Template::new("d", payload, 0).unwrap().fill(9, 1));
            assert_eq!((packet_id, body.len()), (None, payload));
        }
    }
}
