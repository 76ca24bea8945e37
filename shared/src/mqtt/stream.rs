//! A byte stream cut into WebSocket messages at arbitrary places (`device.md` §1).
//!
//! Bytes are copied only when a packet spans frames. The kept tail can be stored and put
//! back, so that a connection survives the hibernation of its gateway.

use super::decode::{FixedHeader, decode};
use super::malformed::MalformedPacket;
use super::packet::{Limits, Packet};
use std::ops::ControlFlow;

/// Most bytes of a fixed header.
const MAX_HEADER_LENGTH: usize = 5;

/// Finds packets in frames.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StreamDecoder {
    /// Bytes not yet handed out: the start of a packet, or more after a `Break` or a hold.
    tail: Vec<u8>,
    /// The first byte of the packet that was read last, for who asks after an error.
    first_byte: u8,
}

impl StreamDecoder {
    /// At the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Continues a stream whose tail was stored.
    pub fn from_tail(tail: Vec<u8>) -> Self {
        Self {
            tail,
            first_byte: 0,
        }
    }

    /// After an error of [`Self::feed`]: the type of the packet that is at fault.
    pub fn broken_kind(&self) -> u8 {
        self.first_byte >> 4
    }

    /// The bytes not yet handed out.
    pub fn tail(&self) -> &[u8] {
        &self.tail
    }

    /// The bytes not yet handed out, for storage.
    pub fn into_tail(self) -> Vec<u8> {
        self.tail
    }

    /// Hands every complete packet to `on_packet`, oldest first.
    ///
    /// `Break` stops behind that packet; what follows is kept, and comes with the next
    /// call, which may have an empty frame. After an error the stream is of no use.
    pub fn feed(
        &mut self,
        frame: &[u8],
        limits: &Limits,
        on_packet: &mut dyn FnMut(Packet<'_>) -> ControlFlow<()>,
    ) -> Result<(), MalformedPacket> {
        let mut rest = frame;
        if !self.tail.is_empty() {
            // Only packets held back are complete here; a spanning one follows them.
            let (consumed, flow) = drain(&self.tail, limits, &mut self.first_byte, on_packet)?;
            self.tail.drain(..consumed);
            if flow.is_break() {
                return self.hold(rest, limits);
            }
            if !self.tail.is_empty() {
                self.first_byte = self.tail.first().copied().unwrap_or(0);
                rest = self.complete_tail(rest, limits)?;
                let Some((packet, consumed)) = decode(&self.tail, limits)? else {
                    return Ok(());
                };
                debug_assert_eq!(consumed, self.tail.len());
                let flow = on_packet(packet);
                self.forget_tail();
                if flow.is_break() {
                    return self.hold(rest, limits);
                }
            }
        }
        let (consumed, flow) = drain(rest, limits, &mut self.first_byte, on_packet)?;
        let rest = rest.get(consumed..).unwrap_or_default();
        if flow.is_break() {
            return self.hold(rest, limits);
        }
        self.tail.extend_from_slice(rest);
        Ok(())
    }

    /// Keeps a frame without looking at it, for the time in which CONNECT is answered.
    /// What is kept never exceeds the largest packet.
    pub fn hold(&mut self, frame: &[u8], limits: &Limits) -> Result<(), MalformedPacket> {
        let capacity = limits
            .max_remaining_length
            .saturating_add(MAX_HEADER_LENGTH);
        if self.tail.len().saturating_add(frame.len()) > capacity {
            return Err(MalformedPacket::TooMuchBeforeConnAck);
        }
        self.tail.extend_from_slice(frame);
        Ok(())
    }

    /// Moves just the missing bytes of the tail's packet into the tail; returns what is left.
    fn complete_tail<'a>(
        &mut self,
        frame: &'a [u8],
        limits: &Limits,
    ) -> Result<&'a [u8], MalformedPacket> {
        let mut rest = frame;
        loop {
            let missing = match FixedHeader::read(&self.tail, limits)? {
                Some(header) => header.packet_length().saturating_sub(self.tail.len()),
                None => 1,
            };
            if missing == 0 || rest.is_empty() {
                return Ok(rest);
            }
            let (taken, left) = rest.split_at(missing.min(rest.len()));
            self.tail.extend_from_slice(taken);
            rest = left;
        }
    }

    /// Empties the tail; gives large buffers back, since most connections never span again.
    fn forget_tail(&mut self) {
        if self.tail.capacity() > 4096 {
            self.tail = Vec::new();
        } else {
            self.tail.clear();
        }
    }
}

/// Hands out the complete packets at the start of `bytes`; returns how many bytes they took.
fn drain(
    bytes: &[u8],
    limits: &Limits,
    first_byte: &mut u8,
    on_packet: &mut dyn FnMut(Packet<'_>) -> ControlFlow<()>,
) -> Result<(usize, ControlFlow<()>), MalformedPacket> {
    let mut consumed = 0;
    while let Some(rest) = bytes.get(consumed..)
        && let Some(first) = rest.first()
    {
        *first_byte = *first;
        let Some((packet, length)) = decode(rest, limits)? else {
            break;
        };
        consumed += length;
        if on_packet(packet).is_break() {
            return Ok((consumed, ControlFlow::Break(())));
        }
    }
    Ok((consumed, ControlFlow::Continue(())))
}
