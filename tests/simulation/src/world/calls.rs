//! Calls between actors, and what an actor's output leads to.

use super::{START, World};
use crate::actor::{Answer, Input, Output, Request};
use crate::network::{CallNumber, Caller, Event, Lane, PendingCall, unreachable};
use shared::delivery::{Delivered, Delivery};
use shared::hub::effects::{Outcome, Outgoing};
use shared::ipc::Address;
use shared::ipc::events::EventsRequest;
use shared::ipc::gateway::GatewayRequest;
use shared::ipc::hub::HubRequest;
use shared::ipc::registry::RegistryRequest;
use shared::time::Timestamp;

impl World {
    /// Makes a call.
    pub fn call(&mut self, caller: Caller, to: Address, request: Request) -> CallNumber {
        let request = request.travelled();
        let lost = match caller {
            Caller::Actor { .. } => self.faults.lost_call,
            _ => self.faults.lost_client_call,
        };
        let call = self.network.next_call();
        let lane = match caller {
            Caller::Actor { address, .. } => Lane::Actors(address, to),
            _ => Lane::Client(call),
        };
        let is_lost = self.fault_random.chance(lost);
        let answer_lost = is_lost && self.fault_random.chance(500);
        if matches!(caller, Caller::Actor { .. })
            && is_idempotent(&request)
            && self.fault_random.chance(self.faults.duplicate)
        {
            let twin = self.network.next_call();
            let pending = PendingCall {
                caller: Caller::Nobody,
                to,
                request: request.clone(),
                answer_lost: false,
                delivered: false,
            };
            self.network.calls.insert(twin, pending);
            self.network.send(lane, Event::Deliver(twin));
        }
        if is_lost && !answer_lost {
            let answer = unreachable(&request);
            self.network
                .send(Lane::Client(call), Event::Answered(call, answer));
        } else {
            self.network.send(lane, Event::Deliver(call));
        }
        let pending = PendingCall {
            caller,
            to,
            request,
            answer_lost,
            delivered: false,
        };
        self.network.calls.insert(call, pending);
        call
    }

    pub(super) fn deliver(&mut self, call: CallNumber) {
        let Some(pending) = self.network.calls.get_mut(&call) else {
            return;
        };
        pending.delivered = true;
        let (to, request) = (pending.to, pending.request.clone());
        let before = self
            .nodes
            .get(&to)
            .map(|node| self.ledger.before(&node.actor, &request));
        if let Some(node) = self.nodes.get_mut(&to) {
            node.waiting.insert(call);
        }
        let output = self.run(to, Input::Request(call, request));
        if let (Some(before), Some(node)) = (before, self.nodes.get(&to)) {
            self.ledger
                .after(&node.actor, &before, output.answer.as_ref());
        }
        self.apply(to, output, Some(call));
    }

    /// A callee answers.
    fn reply(&mut self, from: Address, call: CallNumber, answer: Answer) {
        let known = self
            .nodes
            .get_mut(&from)
            .is_some_and(|node| node.waiting.remove(&call));
        if !known {
            self.ledger
                .violation(format!("{from:?} answered call {call} twice, or unasked"));
            return;
        }
        let Some(pending) = self.network.calls.get(&call) else {
            return;
        };
        let answer = if pending.answer_lost {
            unreachable(&pending.request)
        } else {
            answer.travelled()
        };
        self.network
            .send(Lane::Client(call), Event::Answered(call, answer));
    }

    pub(super) fn answered(&mut self, call: CallNumber, answer: Answer) {
        let Some(pending) = self.network.calls.remove(&call) else {
            return;
        };
        match pending.caller {
            Caller::Nobody => {}
            Caller::Client => {
                self.results.insert(call, answer);
                self.stirred = true;
            }
            Caller::Actor {
                address,
                life,
                correlation,
            } => {
                let Some(node) = self.nodes.get_mut(&address) else {
                    return;
                };
                if node.life != life {
                    return;
                }
                node.outstanding -= 1;
                let outcome = match answer {
                    Answer::Registry(result) => Outcome::Registry(result),
                    Answer::Gateway(result) => Outcome::Gateway(result),
                    Answer::Events(result) => Outcome::Events(result),
                    Answer::Appended(result) => Outcome::Appended(result),
                    Answer::Hub(result) => Outcome::Hub(result),
                };
                let output = self.run(address, Input::Outcome(correlation, outcome));
                self.apply(address, output, None);
            }
        }
    }

    /// A partition learns what came of a delivery, unless it has died meanwhile.
    pub(super) fn delivered(
        &mut self,
        address: Address,
        life: u64,
        delivery: Box<Delivery>,
        outcome: Delivered,
    ) {
        let Some(node) = self.nodes.get_mut(&address) else {
            return;
        };
        if node.life != life {
            return;
        }
        node.outstanding -= 1;
        let output = self.run(address, Input::Delivered(delivery, outcome));
        self.apply(address, output, None);
    }

    pub(super) fn run(&mut self, address: Address, input: Input) -> Output {
        let now = self.clock(address);
        let number = if let Address::Gateway(number) = address {
            number
        } else {
            0
        };
        let Some(node) = self.nodes.get_mut(&address) else {
            return Output::default();
        };
        node.actor.handle(now, input, &self.sockets.of(number))
    }

    pub(super) fn apply(&mut self, address: Address, output: Output, asked: Option<CallNumber>) {
        let now = self.network.now;
        let Some(node) = self.nodes.get_mut(&address) else {
            return;
        };
        let (life, skew) = (node.life, node.skew);
        let moment = |at: Timestamp| ((at.milliseconds() - skew - START) * 1000).max(now);
        if let Some(at) = output.timer {
            let at = moment(at);
            if node.timer.is_none_or(|known| at < known) {
                node.timer = Some(at);
                self.network.at(at, Event::Timer(address, life));
            }
        }
        if let Some(at) = output.alarm {
            let at = moment(at);
            if node.alarm.is_none_or(|known| at < known) {
                node.alarm = Some(at);
                let late = self.fault_random.chance(self.faults.alarm_late);
                let late = if late {
                    self.fault_random.between(0, 2_000_000)
                } else {
                    0
                };
                self.network.at(at + late, Event::Alarm(address, false));
            }
        }
        for (slot, attachment) in output.attachments {
            assert!(attachment.len() <= 16 * 1024, "an attachment fits");
            if let Some(socket) = self.sockets.open.get_mut(&slot) {
                socket.attachment = attachment;
            }
        }
        for (slot, bytes) in output.frames {
            self.ledger.sent(slot, &bytes);
            match self.sockets.open.get(&slot) {
                Some(socket) if !socket.closing => {
                    self.network
                        .send(Lane::ToDevice(slot), Event::ToDevice(slot, bytes));
                }
                _ => {}
            }
        }
        for (slot, _) in output.closes {
            if let Some(socket) = self.sockets.open.get_mut(&slot)
                && !socket.closing
            {
                socket.closing = true;
                self.network
                    .send(Lane::ToDevice(slot), Event::DeviceSawClose(slot));
            }
        }
        for delivery in output.deliveries {
            if let Some(node) = self.nodes.get_mut(&address) {
                node.outstanding += 1;
            }
            let (outcome, wait) = self.receivers.deliver(self.wall(), &delivery);
            let known = Event::Delivered(address, life, Box::new(delivery), outcome);
            self.network.at(now + wait * 1000, known);
        }
        for call in output.calls {
            if let Some(node) = self.nodes.get_mut(&address) {
                node.outstanding += 1;
            }
            let caller = Caller::Actor {
                address,
                life,
                correlation: call.correlation,
            };
            self.call(caller, call.to, Request::Actor(call.request));
        }
        if let (Some(call), Some(answer)) = (asked, output.answer) {
            self.reply(address, call, answer);
        }
        for (token, answer) in output.replies {
            self.reply(address, token, answer);
        }
    }
}

/// Receivers that must not mind hearing twice.
fn is_idempotent(request: &Request) -> bool {
    match request {
        Request::Actor(Outgoing::Gateway(request)) => {
            matches!(request, GatewayRequest::Close { .. })
        }
        Request::Actor(Outgoing::Events(request)) => matches!(
            request,
            EventsRequest::AppendHubEvents { .. } | EventsRequest::ApplySettings(_)
        ),
        Request::Actor(Outgoing::Registry(request)) => matches!(
            request,
            RegistryRequest::ApplySettings(_)
                | RegistryRequest::ApplyConfigurations(_)
                | RegistryRequest::Disconnected(_)
                | RegistryRequest::Activity(_)
                | RegistryRequest::StepJob(_)
        ),
        Request::Actor(Outgoing::Hub(request)) => {
            matches!(**request, HubRequest::ReportAlerts(_))
        }
        _ => false,
    }
}
