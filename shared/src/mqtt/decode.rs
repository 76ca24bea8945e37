//! Bytes to packets: MQTT 3.1.1, strictly, without copying (`device.md` §9).
//!
//! The only allocations are the filter lists of SUBSCRIBE and UNSUBSCRIBE and the codes
//! of SUBACK; a PUBLISH borrows everything.

use super::malformed::MalformedPacket;
use super::packet::{ConnAck, Connect, ConnectCode, Limits, Packet, Publish, Will};

/// The fixed header of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FixedHeader {
    /// Type and flags.
    first_byte: u8,
    /// Bytes of the header itself: 2–5.
    length: usize,
    /// Bytes behind the header.
    remaining_length: usize,
}

impl FixedHeader {
    /// Bytes of the whole packet.
    pub(super) fn packet_length(self) -> usize {
        self.length + self.remaining_length
    }

    /// Reads the header at the start of `bytes`; `None` while it is incomplete. Refuses as
    /// soon as a byte is seen that cannot be right, so that nothing is buffered for it.
    pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Option<Self>, MalformedPacket> {
        let Some((&first_byte, rest)) = bytes.split_first() else {
            return Ok(None);
        };
        check_flags(first_byte)?;
        let mut remaining_length = 0;
        for (index, &byte) in rest.iter().take(4).enumerate() {
            remaining_length |= usize::from(byte & 0x7f) << (7 * index);
            if remaining_length > limits.max_remaining_length {
                return Err(MalformedPacket::PacketTooLarge);
            }
            if byte & 0x80 == 0 {
                return Ok(Some(Self {
                    first_byte,
                    length: index + 2,
                    remaining_length,
                }));
            }
        }
        if rest.len() >= 4 {
            Err(MalformedPacket::RemainingLengthEncoding)
        } else {
            Ok(None)
        }
    }
}

fn check_flags(first_byte: u8) -> Result<(), MalformedPacket> {
    let flags = first_byte & 0x0f;
    let expected = match first_byte >> 4 {
        0 | 15 => return Err(MalformedPacket::PacketType),
        3 if flags & 0b0110 == 0b0110 => return Err(MalformedPacket::QualityOfService),
        3 if flags & 0b1110 == 0b1000 => {
            return Err(MalformedPacket::DuplicateWithoutAcknowledgement);
        }
        3 => return Ok(()),
        6 | 8 | 10 => 0b0010,
        _ => 0,
    };
    if flags == expected {
        Ok(())
    } else {
        Err(MalformedPacket::FixedHeaderFlags)
    }
}

/// Reads one packet from the start of `bytes`, with the number of bytes it took.
/// `None`: more bytes are needed.
pub fn decode<'a>(
    bytes: &'a [u8],
    limits: &Limits,
) -> Result<Option<(Packet<'a>, usize)>, MalformedPacket> {
    let Some(header) = FixedHeader::read(bytes, limits)? else {
        return Ok(None);
    };
    let Some(body) = bytes.get(header.length..header.packet_length()) else {
        return Ok(None);
    };
    let packet = decode_body(header.first_byte, Fields { rest: body }, limits)?;
    Ok(Some((packet, header.packet_length())))
}

fn decode_body<'a>(
    first_byte: u8,
    mut fields: Fields<'a>,
    limits: &Limits,
) -> Result<Packet<'a>, MalformedPacket> {
    // First, because it is most of all traffic.
    if first_byte >> 4 == 3 {
        return publish(first_byte, fields).map(Packet::Publish);
    }
    let packet = match first_byte >> 4 {
        1 => match connect(&mut fields)? {
            Ok(connect) => Packet::Connect(connect),
            Err(level) => return Ok(Packet::UnsupportedProtocolLevel(level)),
        },
        2 => Packet::ConnAck(connack(&mut fields)?),
        4 => Packet::PubAck(fields.packet_id()?),
        5 => Packet::PubRec(fields.packet_id()?),
        6 => Packet::PubRel(fields.packet_id()?),
        7 => Packet::PubComp(fields.packet_id()?),
        8 => subscribe(&mut fields, limits)?,
        9 => suback(&mut fields)?,
        10 => unsubscribe(&mut fields, limits)?,
        11 => Packet::UnsubAck(fields.packet_id()?),
        12 => Packet::PingReq,
        13 => Packet::PingResp,
        14 => Packet::Disconnect,
        _ => return Err(MalformedPacket::PacketType),
    };
    fields.end()?;
    Ok(packet)
}

fn publish(first_byte: u8, mut fields: Fields<'_>) -> Result<Publish<'_>, MalformedPacket> {
    let qos = first_byte >> 1 & 0b11;
    let topic = fields.text()?;
    if topic.is_empty() {
        return Err(MalformedPacket::EmptyTopic);
    }
    if topic.bytes().any(|byte| byte == b'+' || byte == b'#') {
        return Err(MalformedPacket::WildcardInTopic);
    }
    let packet_id = if qos == 0 {
        None
    } else {
        Some(fields.packet_id()?)
    };
    Ok(Publish {
        topic,
        payload: fields.rest,
        qos,
        packet_id,
        retain: first_byte & 1 != 0,
        dup: first_byte & 0b1000 != 0,
    })
}

/// The inner error is a protocol level other than 4.
fn connect<'a>(fields: &mut Fields<'a>) -> Result<Result<Connect<'a>, u8>, MalformedPacket> {
    if fields.binary()? != b"MQTT" {
        return Err(MalformedPacket::ProtocolName);
    }
    let protocol_level = fields.byte()?;
    if protocol_level != 4 {
        return Ok(Err(protocol_level));
    }
    let flags = fields.byte()?;
    if flags & 1 != 0 {
        return Err(MalformedPacket::ConnectReservedFlag);
    }
    let (has_user_name, has_password) = (flags & 0x80 != 0, flags & 0x40 != 0);
    if has_password && !has_user_name {
        return Err(MalformedPacket::PasswordWithoutUserName);
    }
    let (will_retain, will_qos, has_will) = (flags & 0x20 != 0, flags >> 3 & 0b11, flags & 4 != 0);
    if will_qos == 3 || (!has_will && (will_retain || will_qos != 0)) {
        return Err(MalformedPacket::WillFlags);
    }
    let keep_alive = fields.number()?;
    let client_id = fields.text()?;
    let will = if has_will {
        let (topic, payload) = (fields.text()?, fields.binary()?);
        Some(Will {
            topic,
            payload,
            qos: will_qos,
            retain: will_retain,
        })
    } else {
        None
    };
    let user_name = if has_user_name {
        Some(fields.text()?)
    } else {
        None
    };
    let password = if has_password {
        Some(fields.binary()?)
    } else {
        None
    };
    Ok(Ok(Connect {
        protocol_level,
        client_id,
        clean_session: flags & 2 != 0,
        keep_alive,
        user_name,
        password,
        will,
    }))
}

fn connack(fields: &mut Fields<'_>) -> Result<ConnAck, MalformedPacket> {
    let flags = fields.byte()?;
    let code = ConnectCode::from_u8(fields.byte()?).ok_or(MalformedPacket::ConnAckFlags)?;
    if flags > 1 || (flags == 1 && code != ConnectCode::Accepted) {
        return Err(MalformedPacket::ConnAckFlags);
    }
    Ok(ConnAck {
        session_present: flags == 1,
        code,
    })
}

fn subscribe<'a>(fields: &mut Fields<'a>, limits: &Limits) -> Result<Packet<'a>, MalformedPacket> {
    let packet_id = fields.packet_id()?;
    let mut filters = Vec::new();
    while !fields.rest.is_empty() {
        check_filter_count(filters.len(), limits)?;
        let filter = fields.filter()?;
        let qos = fields.byte()?;
        if qos > 2 {
            return Err(MalformedPacket::QualityOfService);
        }
        filters.push((filter, qos));
    }
    if filters.is_empty() {
        return Err(MalformedPacket::NoTopicFilter);
    }
    Ok(Packet::Subscribe { packet_id, filters })
}

fn unsubscribe<'a>(
    fields: &mut Fields<'a>,
    limits: &Limits,
) -> Result<Packet<'a>, MalformedPacket> {
    let packet_id = fields.packet_id()?;
    let mut filters = Vec::new();
    while !fields.rest.is_empty() {
        check_filter_count(filters.len(), limits)?;
        filters.push(fields.filter()?);
    }
    if filters.is_empty() {
        return Err(MalformedPacket::NoTopicFilter);
    }
    Ok(Packet::Unsubscribe { packet_id, filters })
}

fn check_filter_count(count: usize, limits: &Limits) -> Result<(), MalformedPacket> {
    if count < limits.max_topic_filters {
        Ok(())
    } else {
        Err(MalformedPacket::TooManyTopicFilters)
    }
}

fn suback<'a>(fields: &mut Fields<'a>) -> Result<Packet<'a>, MalformedPacket> {
    let packet_id = fields.packet_id()?;
    let codes = std::mem::take(&mut fields.rest);
    if codes.is_empty() {
        return Err(MalformedPacket::Truncated);
    }
    if codes.iter().any(|code| !matches!(code, 0..=2 | 0x80)) {
        return Err(MalformedPacket::SubAckCode);
    }
    Ok(Packet::SubAck {
        packet_id,
        codes: codes.to_vec(),
    })
}

/// What is left of a packet's body.
struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    fn byte(&mut self) -> Result<u8, MalformedPacket> {
        let (&byte, rest) = self.rest.split_first().ok_or(MalformedPacket::Truncated)?;
        self.rest = rest;
        Ok(byte)
    }

    fn number(&mut self) -> Result<u16, MalformedPacket> {
        let (bytes, rest) = self
            .rest
            .split_first_chunk()
            .ok_or(MalformedPacket::Truncated)?;
        self.rest = rest;
        Ok(u16::from_be_bytes(*bytes))
    }

    fn packet_id(&mut self) -> Result<u16, MalformedPacket> {
        match self.number()? {
            0 => Err(MalformedPacket::PacketIdZero),
            id => Ok(id),
        }
    }

    /// Bytes behind a two-byte length.
    fn binary(&mut self) -> Result<&'a [u8], MalformedPacket> {
        let length = usize::from(self.number()?);
        let (bytes, rest) = self
            .rest
            .split_at_checked(length)
            .ok_or(MalformedPacket::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn text(&mut self) -> Result<&'a str, MalformedPacket> {
        let text = std::str::from_utf8(self.binary()?).map_err(|_| MalformedPacket::Utf8)?;
        if text.as_bytes().contains(&0) {
            return Err(MalformedPacket::NullCharacter);
        }
        Ok(text)
    }

    fn filter(&mut self) -> Result<&'a str, MalformedPacket> {
        match self.text()? {
            "" => Err(MalformedPacket::EmptyTopic),
            filter => Ok(filter),
        }
    }

    fn end(&self) -> Result<(), MalformedPacket> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(MalformedPacket::TrailingBytes)
        }
    }
}
