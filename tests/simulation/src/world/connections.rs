//! Device sockets from both ends, and the devices behind them.

use super::{RawSocket, World};
use crate::actor::Input;
use crate::device::{Action, Device, Wishes};
use crate::network::{Event, Lane};
use crate::sockets::Socket;
use shared::hub::gateway::Slot;
use shared::ipc::{Address, ConnectionId};
use shared::time::Timestamp;

impl World {
    /// A device (or a test, without one) opens a socket; the gateway is chosen by chance.
    pub fn open_socket(&mut self, device: Option<usize>) -> Slot {
        let slot = self.sockets.next_slot();
        let gateway =
            u16::try_from(self.random.below(u64::from(self.layout.gateways))).unwrap_or(0);
        let connection = ConnectionId(format!("{:016x}", self.random.bits()));
        self.sockets.open.insert(
            slot,
            Socket {
                gateway,
                device,
                connection,
                attachment: String::new(),
                closing: false,
                abandoned: false,
            },
        );
        if device.is_none() {
            self.raw.insert(slot, RawSocket::default());
        }
        self.network.send(Lane::ToHub(slot), Event::Opened(slot));
        slot
    }

    /// Bytes leave a device, cut into frames at arbitrary places.
    pub fn send_cut(&mut self, slot: Slot, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.random.chance(50) {
                self.network
                    .send(Lane::ToHub(slot), Event::ToHub(slot, Vec::new()));
            }
            let whole = self.random.chance(600);
            let most = if whole {
                rest.len()
            } else {
                rest.len().min(40)
            };
            let length = if whole {
                most
            } else {
                1 + usize::try_from(self.random.below(most as u64)).unwrap_or(0)
            };
            let (frame, more) = rest.split_at(length.min(rest.len()));
            self.network
                .send(Lane::ToHub(slot), Event::ToHub(slot, frame.to_vec()));
            rest = more;
        }
    }

    /// A device closes its end; `told` says whether the hub will hear of it.
    pub fn close_socket(&mut self, slot: Slot, told: bool) {
        if let Some(socket) = self.sockets.open.get_mut(&slot) {
            socket.abandoned = true;
            if told {
                self.network
                    .send(Lane::ToHub(slot), Event::HubSawClose(slot));
            }
        }
    }

    fn gateway_of(&self, slot: Slot) -> Option<Address> {
        self.sockets
            .open
            .get(&slot)
            .map(|socket| Address::Gateway(socket.gateway))
    }

    pub(super) fn socket_opened(&mut self, slot: Slot) {
        let Some(gateway) = self.gateway_of(slot) else {
            return;
        };
        let Some(connection) = self
            .sockets
            .open
            .get(&slot)
            .map(|socket| socket.connection.clone())
        else {
            return;
        };
        let output = self.run(gateway, Input::Opened(slot, connection, None));
        self.apply(gateway, output, None);
        let Some(device) = self
            .sockets
            .open
            .get(&slot)
            .and_then(|socket| socket.device)
        else {
            return;
        };
        self.with_device(device, |device, now, wall, wishes| {
            if device.slot == Some(slot) {
                device.opened(now, wall, slot, wishes);
            }
        });
    }

    pub(super) fn hub_gets(&mut self, slot: Slot, bytes: Vec<u8>) {
        let Some(gateway) = self.gateway_of(slot) else {
            return;
        };
        if self
            .sockets
            .open
            .get(&slot)
            .is_some_and(|socket| socket.closing)
        {
            return;
        }
        let output = self.run(gateway, Input::Frame(slot, bytes));
        self.apply(gateway, output, None);
    }

    pub(super) fn hub_saw_close(&mut self, slot: Slot) {
        let Some(gateway) = self.gateway_of(slot) else {
            return;
        };
        let output = self.run(gateway, Input::Closed(slot));
        self.sockets.open.remove(&slot);
        self.apply(gateway, output, None);
    }

    pub(super) fn device_gets(&mut self, slot: Slot, bytes: Vec<u8>) {
        if let Some(raw) = self.raw.get_mut(&slot) {
            raw.inbox.push(bytes);
            return;
        }
        let Some(device) = self.owner(slot) else {
            return;
        };
        self.with_device(device, |device, now, _, wishes| {
            device.frame(now, slot, &bytes, wishes)
        });
    }

    /// The device that still holds this socket.
    fn owner(&self, slot: Slot) -> Option<usize> {
        self.devices
            .iter()
            .position(|device| device.slot == Some(slot))
    }

    pub(super) fn device_saw_close(&mut self, slot: Slot) {
        if let Some(raw) = self.raw.get_mut(&slot) {
            raw.closed = true;
        }
        if let Some(device) = self.owner(slot) {
            self.with_device(device, |device, _, _, wishes| {
                device.diary.closed.push(slot);
                device.lost(wishes);
            });
        }
        self.close_socket(slot, true);
    }

    pub(super) fn device_acts(&mut self, device: usize, action: &Action) {
        if *action == Action::Connect {
            if self
                .devices
                .get(device)
                .is_some_and(|device| device.slot.is_none())
            {
                let slot = self.open_socket(Some(device));
                self.devices[device].slot = Some(slot);
            }
            return;
        }
        self.with_device(device, |device, now, _, wishes| {
            device.act(now, action, wishes)
        });
    }

    fn with_device(
        &mut self,
        number: usize,
        act: impl FnOnce(&mut Device, i64, Timestamp, &mut Wishes),
    ) {
        let (now, wall) = (self.network.now, self.wall());
        let mut wishes = Wishes::default();
        let Some(device) = self.devices.get_mut(number) else {
            return;
        };
        act(device, now, wall, &mut wishes);
        let slot = device.slot;
        if let Some(slot) = slot {
            self.send_cut(slot, &wishes.bytes);
        }
        if wishes.close
            && let Some(slot) = slot
        {
            self.devices[number].lost(&mut wishes);
            self.close_socket(slot, true);
        }
        for (delay, action) in wishes.later {
            self.tell_device(number, delay, action);
        }
    }

    /// A device's network fails; the hub may or may not notice at once.
    pub fn drop_device(&mut self, number: usize, told: bool) {
        let Some(slot) = self.devices.get(number).and_then(|device| device.slot) else {
            return;
        };
        self.close_socket(slot, told);
        self.with_device(number, |device, _, _, wishes| device.lost(wishes));
    }
}
