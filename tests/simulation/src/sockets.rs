//! Device sockets as workerd keeps them: outside of any actor's memory.
//!
//! They survive the eviction of their gateway with their attachment, and die with its crash.

use shared::hub::gateway::{Slot, Sockets};
use shared::ipc::ConnectionId;
use std::collections::BTreeMap;

/// One WebSocket.
#[derive(Debug)]
pub struct Socket {
    /// Whose end it is on the hub's side.
    pub gateway: u16,
    /// Which simulated device opened it; none for one that a test drives by hand.
    pub device: Option<usize>,
    /// Its tag.
    pub connection: ConnectionId,
    /// What the gateway attached.
    pub attachment: String,
    /// The gateway has closed it; the device has not answered yet.
    pub closing: bool,
    /// The device's end is gone; the hub may not know.
    pub abandoned: bool,
}

/// All sockets of a hub.
#[derive(Debug, Default)]
pub struct SocketTable {
    /// By slot; slots are never used twice.
    pub open: BTreeMap<Slot, Socket>,
    last: Slot,
}

impl SocketTable {
    /// A slot that nobody had.
    pub fn next_slot(&mut self) -> Slot {
        self.last += 1;
        self.last
    }

    /// The sockets of one gateway.
    pub fn of(&self, gateway: u16) -> GatewaySockets<'_> {
        GatewaySockets {
            table: self,
            gateway,
        }
    }
}

/// What one gateway sees.
#[derive(Debug)]
pub struct GatewaySockets<'a> {
    table: &'a SocketTable,
    gateway: u16,
}

impl Sockets for GatewaySockets<'_> {
    fn find(&self, connection: &ConnectionId) -> Option<(Slot, String)> {
        self.table
            .open
            .iter()
            .find(|(_, socket)| socket.gateway == self.gateway && socket.connection == *connection)
            .map(|(slot, socket)| (*slot, socket.attachment.clone()))
    }

    fn all(&self) -> Vec<(Slot, String)> {
        self.table
            .open
            .iter()
            .filter(|(_, socket)| socket.gateway == self.gateway)
            .map(|(slot, socket)| (*slot, socket.attachment.clone()))
            .collect()
    }
}
