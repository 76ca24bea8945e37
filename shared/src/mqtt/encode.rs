//! Packets to bytes. Every encoder appends to the caller's buffer, so that one buffer
//! serves a connection for life and several packets can share one frame.
//!
//! An encoder that returns an error has appended nothing.

use super::packet::{ConnAck, Connect, Packet, Publish};
use std::fmt;

/// Longest text or binary field of MQTT.
pub const MAX_FIELD_LENGTH: usize = 65_535;
/// Largest remaining length that four bytes can say.
pub const MAX_REMAINING_LENGTH: usize = 268_435_455;

/// Why a packet cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodeError {
    /// A text or binary field is over [`MAX_FIELD_LENGTH`].
    FieldTooLong,
    /// The packet is over [`MAX_REMAINING_LENGTH`].
    PacketTooLong,
    /// QoS above 0 without packet id, packet id 0, or QoS above 2.
    PacketId,
    /// SUBSCRIBE or UNSUBSCRIBE without a filter.
    NoTopicFilter,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::FieldTooLong => "a topic or other field is longer than MQTT's 65,535 bytes",
            Self::PacketTooLong => "the packet is longer than MQTT's 268,435,455 bytes",
            Self::PacketId => "the packet id does not fit the QoS",
            Self::NoTopicFilter => "at least one topic filter is needed",
        })
    }
}

impl std::error::Error for EncodeError {}

/// Any packet.
pub fn packet(out: &mut Vec<u8>, packet: &Packet<'_>) -> Result<(), EncodeError> {
    match packet {
        Packet::Connect(connect_packet) => return connect(out, connect_packet),
        // Answered, never sent: only its first fields exist.
        Packet::UnsupportedProtocolLevel(level) => {
            out.extend_from_slice(&[0x10, 7, 0, 4, b'M', b'Q', b'T', b'T', *level]);
        }
        Packet::ConnAck(answer) => connack(out, *answer),
        Packet::Publish(message) => return publish(out, message),
        Packet::PubAck(id) => puback(out, *id),
        Packet::PubRec(id) => with_packet_id(out, 0x50, *id),
        Packet::PubRel(id) => with_packet_id(out, 0x62, *id),
        Packet::PubComp(id) => with_packet_id(out, 0x70, *id),
        Packet::Subscribe { packet_id, filters } => return subscribe(out, *packet_id, filters),
        Packet::SubAck { packet_id, codes } => suback(out, *packet_id, codes),
        Packet::Unsubscribe { packet_id, filters } => {
            return unsubscribe(out, *packet_id, filters);
        }
        Packet::UnsubAck(id) => unsuback(out, *id),
        Packet::PingReq => pingreq(out),
        Packet::PingResp => pingresp(out),
        Packet::Disconnect => disconnect(out),
    }
    Ok(())
}

/// CONNECT.
pub fn connect(out: &mut Vec<u8>, connect: &Connect<'_>) -> Result<(), EncodeError> {
    let mut flags = u8::from(connect.clean_session) << 1;
    let mut length = 10 + field_length(connect.client_id.as_bytes())?;
    if let Some(will) = &connect.will {
        flags |= 4 | (will.qos & 0b11) << 3 | u8::from(will.retain) << 5;
        length += field_length(will.topic.as_bytes())? + field_length(will.payload)?;
    }
    if let Some(user_name) = connect.user_name {
        flags |= 0x80;
        length += field_length(user_name.as_bytes())?;
    }
    if let Some(password) = connect.password {
        flags |= 0x40;
        length += field_length(password)?;
    }
    header(out, 0x10, length)?;
    field(out, b"MQTT");
    out.push(connect.protocol_level);
    out.push(flags);
    out.extend_from_slice(&connect.keep_alive.to_be_bytes());
    field(out, connect.client_id.as_bytes());
    if let Some(will) = &connect.will {
        field(out, will.topic.as_bytes());
        field(out, will.payload);
    }
    if let Some(user_name) = connect.user_name {
        field(out, user_name.as_bytes());
    }
    if let Some(password) = connect.password {
        field(out, password);
    }
    Ok(())
}

/// CONNACK.
pub fn connack(out: &mut Vec<u8>, answer: ConnAck) {
    out.extend_from_slice(&[
        0x20,
        2,
        u8::from(answer.session_present),
        answer.code.as_u8(),
    ]);
}

/// PUBLISH.
pub fn publish(out: &mut Vec<u8>, message: &Publish<'_>) -> Result<(), EncodeError> {
    publish_in_parts(out, &[message.topic], message)
}

/// PUBLISH whose topic is the concatenation of `topic_parts` (`message.topic` is not used),
/// so that a sender with a fixed prefix need not build the topic first.
pub fn publish_in_parts(
    out: &mut Vec<u8>,
    topic_parts: &[&str],
    message: &Publish<'_>,
) -> Result<(), EncodeError> {
    if message.qos > 2 || (message.qos > 0) != message.packet_id.is_some_and(|id| id != 0) {
        return Err(EncodeError::PacketId);
    }
    let topic_length = topic_parts.iter().map(|part| part.len()).sum::<usize>();
    let encoded_topic_length =
        u16::try_from(topic_length).map_err(|_| EncodeError::FieldTooLong)?;
    let first_byte =
        0x30 | u8::from(message.dup) << 3 | message.qos << 1 | u8::from(message.retain);
    let id_length = if message.packet_id.is_some() { 2 } else { 0 };
    header(
        out,
        first_byte,
        2 + topic_length + id_length + message.payload.len(),
    )?;
    out.extend_from_slice(&encoded_topic_length.to_be_bytes());
    for part in topic_parts {
        out.extend_from_slice(part.as_bytes());
    }
    if let Some(id) = message.packet_id {
        out.extend_from_slice(&id.to_be_bytes());
    }
    out.extend_from_slice(message.payload);
    Ok(())
}

/// PUBACK.
pub fn puback(out: &mut Vec<u8>, packet_id: u16) {
    with_packet_id(out, 0x40, packet_id);
}

/// SUBSCRIBE.
pub fn subscribe(
    out: &mut Vec<u8>,
    packet_id: u16,
    filters: &[(&str, u8)],
) -> Result<(), EncodeError> {
    let mut length = 2;
    for (filter, _) in filters {
        length += field_length(filter.as_bytes())? + 1;
    }
    if filters.is_empty() {
        return Err(EncodeError::NoTopicFilter);
    }
    header(out, 0x82, length)?;
    out.extend_from_slice(&packet_id.to_be_bytes());
    for (filter, qos) in filters {
        field(out, filter.as_bytes());
        out.push(*qos);
    }
    Ok(())
}

/// SUBACK, one code per filter of the SUBSCRIBE. A SUBSCRIBE that the decoder let through
/// always fits.
pub fn suback(out: &mut Vec<u8>, packet_id: u16, codes: &[u8]) {
    out.push(0x90);
    remaining_length(out, 2 + codes.len());
    out.extend_from_slice(&packet_id.to_be_bytes());
    out.extend_from_slice(codes);
}

/// UNSUBSCRIBE.
pub fn unsubscribe(out: &mut Vec<u8>, packet_id: u16, filters: &[&str]) -> Result<(), EncodeError> {
    let mut length = 2;
    for filter in filters {
        length += field_length(filter.as_bytes())?;
    }
    if filters.is_empty() {
        return Err(EncodeError::NoTopicFilter);
    }
    header(out, 0xa2, length)?;
    out.extend_from_slice(&packet_id.to_be_bytes());
    for filter in filters {
        field(out, filter.as_bytes());
    }
    Ok(())
}

/// UNSUBACK.
pub fn unsuback(out: &mut Vec<u8>, packet_id: u16) {
    with_packet_id(out, 0xb0, packet_id);
}

/// PINGREQ.
pub fn pingreq(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0xc0, 0]);
}

/// PINGRESP.
pub fn pingresp(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0xd0, 0]);
}

/// DISCONNECT.
pub fn disconnect(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0xe0, 0]);
}

fn with_packet_id(out: &mut Vec<u8>, first_byte: u8, packet_id: u16) {
    let [high, low] = packet_id.to_be_bytes();
    out.extend_from_slice(&[first_byte, 2, high, low]);
}

/// Writes the fixed header and makes room for the rest.
fn header(out: &mut Vec<u8>, first_byte: u8, length: usize) -> Result<(), EncodeError> {
    if length > MAX_REMAINING_LENGTH {
        return Err(EncodeError::PacketTooLong);
    }
    out.reserve(length + 5);
    out.push(first_byte);
    remaining_length(out, length);
    Ok(())
}

fn remaining_length(out: &mut Vec<u8>, mut length: usize) {
    loop {
        let low = (length & 0x7f) as u8;
        length >>= 7;
        if length == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn field_length(bytes: &[u8]) -> Result<usize, EncodeError> {
    if bytes.len() > MAX_FIELD_LENGTH {
        return Err(EncodeError::FieldTooLong);
    }
    Ok(bytes.len() + 2)
}

/// A field whose length [`field_length`] has checked.
fn field(out: &mut Vec<u8>, bytes: &[u8]) {
    let length = u16::try_from(bytes.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
}
