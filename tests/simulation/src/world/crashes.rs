//! Faults that come by themselves: crashes, evictions, lost networks.

use super::World;
use crate::actor::Request;
use crate::faults::Faults;
use crate::network::{Caller, Event, FaultKind, Lane, PendingCall, unreachable};
use shared::hub::effects::Outgoing;
use shared::hub::gateway::Slot;
use shared::ipc::Address;
use shared::ipc::gateway::GatewayRequest;

impl World {
    pub(super) fn plan_fault(&mut self, kind: FaultKind) {
        let mean = every(&self.faults, kind);
        if mean > 0 {
            let wait = self.fault_random.between(0, mean * 2_000);
            let moment = self.network.now + wait;
            self.network.at(moment, Event::Fault(kind));
        }
    }

    pub(super) fn fault(&mut self, kind: FaultKind) {
        if every(&self.faults, kind) == 0 {
            return;
        }
        let nodes = self.nodes.len() as u64;
        let chosen = usize::try_from(self.fault_random.below(nodes)).unwrap_or(0);
        let address = self
            .nodes
            .keys()
            .copied()
            .nth(chosen)
            .expect("there are nodes");
        match kind {
            FaultKind::Crash => self.crash(address),
            FaultKind::ProcessCrash => self.crash_process(),
            FaultKind::Evict => {
                self.evict(address);
            }
            FaultKind::DeviceDrop => {
                let device = self.fault_random.below(self.devices.len() as u64);
                let told = self.fault_random.chance(600);
                self.drop_device(usize::try_from(device).unwrap_or(0), told);
            }
        }
        self.plan_fault(kind);
    }

    /// An actor loses its memory in the middle of everything.
    pub fn crash(&mut self, address: Address) {
        let Some(node) = self.nodes.get_mut(&address) else {
            return;
        };
        self.crashes += u64::from(node.actor.is_loaded());
        node.actor.forget(true);
        node.life += 1;
        node.timer = None;
        node.outstanding = 0;
        // Whoever waits for it learns that it is gone.
        for call in std::mem::take(&mut node.waiting) {
            if let Some(pending) = self.network.calls.get(&call) {
                let answer = unreachable(&pending.request);
                self.network
                    .send(Lane::Client(call), Event::Answered(call, answer));
            }
        }
        // What it had sent arrives or does not; what was sent to it finds its next life, or
        // comes back as an error.
        let random = &mut self.fault_random;
        let mut failed = Vec::new();
        self.network.lose(|event, calls| {
            let Event::Deliver(call) = event else {
                return false;
            };
            let Some(pending) = calls.get(call) else {
                return false;
            };
            let from_it =
                matches!(pending.caller, Caller::Actor { address: from, .. } if from == address);
            if (from_it || pending.to == address) && random.chance(500) {
                failed.push((*call, unreachable(&pending.request)));
                return true;
            }
            false
        });
        for (call, answer) in failed {
            self.network
                .send(Lane::Client(call), Event::Answered(call, answer));
        }
        if let Address::Gateway(gateway) = address {
            let lost: Vec<Slot> = self
                .sockets
                .open
                .iter()
                .filter(|(_, socket)| socket.gateway == gateway)
                .map(|(slot, _)| *slot)
                .collect();
            for slot in lost {
                self.sockets.open.remove(&slot);
                self.network
                    .send(Lane::ToDevice(slot), Event::DeviceSawClose(slot));
            }
        }
    }

    /// kill -9: everything in memory and on its way is gone, and the launcher starts again.
    pub fn crash_process(&mut self) {
        let addresses: Vec<Address> = self.nodes.keys().copied().collect();
        for address in &addresses {
            self.crash(*address);
        }
        let mut clients = Vec::new();
        self.network.lose(|event, calls| match event {
            Event::Deliver(call) => {
                if let Some(PendingCall {
                    caller: Caller::Client,
                    request,
                    ..
                }) = calls.get(call)
                {
                    clients.push((*call, unreachable(request)));
                }
                true
            }
            Event::Answered(call, _) => !matches!(
                calls.get(call),
                Some(PendingCall {
                    caller: Caller::Client,
                    ..
                })
            ),
            Event::ToHub(..) => true,
            _ => false,
        });
        for (call, answer) in clients {
            self.network
                .send(Lane::Client(call), Event::Answered(call, answer));
        }
        // The launcher brings gateways to life, so that they look for what they lost.
        for address in addresses {
            if matches!(address, Address::Gateway(_)) {
                let request = Request::Actor(Outgoing::Gateway(GatewayRequest::Wake));
                let call = self.network.next_call();
                let pending = PendingCall {
                    caller: Caller::Nobody,
                    to: address,
                    request,
                    answer_lost: false,
                    delivered: false,
                };
                self.network.calls.insert(call, pending);
                self.network.send(Lane::Client(call), Event::Deliver(call));
            }
        }
    }

    /// Takes an actor out of memory if nothing keeps it there; whether it did.
    pub fn evict(&mut self, address: Address) -> bool {
        let Some(node) = self.nodes.get_mut(&address) else {
            return false;
        };
        let kept = node.timer.is_some()
            || node.outstanding > 0
            || !node.waiting.is_empty()
            || !node.actor.is_loaded();
        let is_gateway = matches!(address, Address::Gateway(_));
        if is_gateway && node.outstanding > 0 && node.actor.is_loaded() && node.actor.is_idle() {
            self.ledger.violation(format!(
                "{address:?} calls itself idle while calls are under way"
            ));
        }
        if kept {
            return false;
        }
        if !node.actor.is_idle() {
            self.ledger
                .violation(format!("{address:?} is not idle, but nothing will wake it"));
            return false;
        }
        node.actor.forget(false);
        node.life += 1;
        self.evictions += u64::from(is_gateway);
        true
    }
}

pub(super) fn every(faults: &Faults, kind: FaultKind) -> i64 {
    match kind {
        FaultKind::Crash => faults.crash_every,
        FaultKind::ProcessCrash => faults.process_crash_every,
        FaultKind::Evict => faults.evict_every,
        FaultKind::DeviceDrop => faults.device_drop_every,
    }
}
