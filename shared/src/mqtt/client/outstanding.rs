//! Packets and twin requests that wait for an answer of the hub.

use std::collections::VecDeque;
use std::time::Duration;

/// Most twin requests that wait at once.
const MAX_REQUESTS: usize = 256;
/// Packet ids are 1–65,535.
const MAX_PACKETS: usize = 65_535;

/// What a packet id was given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Awaited {
    /// PUBACK of telemetry with this tag.
    Telemetry(u64),
    /// SUBACK.
    Subscribe,
    /// UNSUBACK.
    Unsubscribe,
}

#[derive(Debug, Clone, Copy)]
struct Sent {
    packet_id: u16,
    awaited: Awaited,
    at: Duration,
}

/// Packet ids in use, oldest first. Answers come nearly always in that order, so looking
/// one up is one comparison.
#[derive(Debug, Clone, Default)]
pub(super) struct OutstandingPackets {
    last_packet_id: u16,
    sent: VecDeque<Sent>,
}

impl OutstandingPackets {
    pub(super) fn len(&self) -> usize {
        self.sent.len()
    }

    pub(super) fn clear(&mut self) {
        self.sent.clear();
    }

    /// The next free id, not yet taken. `None`: all are in use.
    pub(super) fn free_id(&self) -> Option<u16> {
        if self.sent.len() >= MAX_PACKETS {
            return None;
        }
        let mut id = self.last_packet_id;
        loop {
            id = id.checked_add(1).unwrap_or(1);
            if !self.sent.iter().any(|sent| sent.packet_id == id) {
                return Some(id);
            }
        }
    }

    /// Takes an id that [`free_id`](Self::free_id) returned.
    pub(super) fn take(&mut self, packet_id: u16, awaited: Awaited, at: Duration) {
        self.last_packet_id = packet_id;
        self.sent.push_back(Sent {
            packet_id,
            awaited,
            at,
        });
    }

    /// Gives an id back; what it was for and when it was sent.
    pub(super) fn answered(&mut self, packet_id: u16) -> Option<(Awaited, Duration)> {
        let index = self
            .sent
            .iter()
            .position(|sent| sent.packet_id == packet_id)?;
        self.sent.remove(index).map(|sent| (sent.awaited, sent.at))
    }

    /// Tags of unacknowledged telemetry, oldest first.
    pub(super) fn telemetry(&self) -> impl Iterator<Item = u64> {
        self.sent.iter().filter_map(|sent| match sent.awaited {
            Awaited::Telemetry(tag) => Some(tag),
            _ => None,
        })
    }
}

/// What a twin request asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TwinRequest {
    Get,
    Report,
}

/// Twin requests by id, oldest first. Ids never repeat in the life of a session object, so
/// an answer to a request of an earlier connection is never taken for another.
#[derive(Debug, Clone, Default)]
pub(super) struct OutstandingRequests {
    last_id: u64,
    sent: VecDeque<(u64, TwinRequest, Duration)>,
}

impl OutstandingRequests {
    pub(super) fn clear(&mut self) {
        self.sent.clear();
    }

    /// `None`: too many wait.
    pub(super) fn free_id(&self) -> Option<u64> {
        (self.sent.len() < MAX_REQUESTS).then(|| self.last_id.wrapping_add(1))
    }

    pub(super) fn take(&mut self, id: u64, request: TwinRequest, at: Duration) {
        self.last_id = id;
        self.sent.push_back((id, request, at));
    }

    pub(super) fn answered(&mut self, id: u64) -> Option<(TwinRequest, Duration)> {
        let index = self.sent.iter().position(|(sent, ..)| *sent == id)?;
        self.sent
            .remove(index)
            .map(|(_, request, at)| (request, at))
    }

    /// When the oldest was sent.
    pub(super) fn oldest(&self) -> Option<Duration> {
        self.sent.front().map(|(.., at)| *at)
    }

    /// Forgets and returns the oldest one if it was sent at or before `limit`.
    pub(super) fn expire(&mut self, limit: Duration) -> Option<u64> {
        if self.oldest()? > limit {
            return None;
        }
        self.sent.pop_front().map(|(id, ..)| id)
    }
}
