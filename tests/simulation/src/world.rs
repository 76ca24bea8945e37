//! The hub in one process: actors, sockets, devices and virtual time, stepped by a seed.
//!
//! One event at a time, nothing at once: what an actor does in one event is atomic, as in a
//! Durable Object, and everything between two events may be lost as the fault plan says.

use crate::actor::{Actor, Answer, Input, Output, Request, earlier};
use crate::device::{Action, Device, Habits, Wishes};
use crate::faults::Faults;
use crate::ledger::Ledger;
use crate::network::{CallNumber, Caller, Event, FaultKind, Lane, Network, PendingCall, unreachable};
use crate::random::Random;
use crate::sockets::{Socket, SocketTable};
use shared::hub::effects::{Outcome, Outgoing};
use shared::hub::gateway::Slot;
use shared::ids::Identity;
use shared::ipc::events::EventsRequest;
use shared::ipc::gateway::GatewayRequest;
use shared::ipc::registry::RegistryRequest;
use shared::ipc::{Address, ConnectionId, Layout};
use shared::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// 2026-03-01T00:00:00Z: when every simulation begins.
pub const START: i64 = 1_772_323_200_000;

/// An actor and what its shell knows.
#[derive(Debug)]
pub struct Node {
    /// The actor.
    pub actor: Actor,
    /// Which life; outcomes and timers of earlier ones are void.
    life: u64,
    timer: Option<i64>,
    alarm: Option<i64>,
    /// Milliseconds that its clock is ahead.
    skew: i64,
    /// Requests that it will answer later.
    waiting: BTreeSet<CallNumber>,
    /// Calls of this life that are under way.
    outstanding: u64,
}

/// A socket that a test drives by hand.
#[derive(Debug, Default)]
pub struct RawSocket {
    /// Packets from the hub.
    pub inbox: Vec<Vec<u8>>,
    /// The hub has closed it.
    pub closed: bool,
}

/// Everything.
#[derive(Debug)]
pub struct World {
    /// What is on its way.
    pub network: Network,
    /// How many of each.
    pub layout: Layout,
    /// What goes wrong.
    pub faults: Faults,
    /// Actors by address.
    pub nodes: BTreeMap<Address, Node>,
    /// Device sockets.
    pub sockets: SocketTable,
    /// Simulated devices.
    pub devices: Vec<Device>,
    /// Sockets driven by hand.
    pub raw: BTreeMap<Slot, RawSocket>,
    /// What was seen.
    pub ledger: Ledger,
    /// Answers that clients have not picked up.
    pub results: BTreeMap<CallNumber, Answer>,
    /// Sleeps that are over.
    pub awake: BTreeSet<u64>,
    /// Whether a client has something to go on with.
    pub stirred: bool,
    /// Chance of everything but latencies.
    pub random: Random,
    fault_random: Random,
    trace: bool,
    sleeps: u64,
    /// How often a gateway was taken out of memory.
    pub evictions: u64,
    /// How often an actor lost its memory.
    pub crashes: u64,
}

impl World {
    /// A hub that was never started.
    pub fn new(seed: u64, layout: Layout, faults: Faults) -> Self {
        let mut random = Random::new(seed);
        let mut network = Network::new(random.fork());
        network.slow = faults.slow;
        let mut fault_random = random.fork();
        let addresses = (0..layout.gateways)
            .map(Address::Gateway)
            .chain((0..layout.shards).map(Address::Registry))
            .chain((0..layout.partitions).map(Address::Events))
            .chain([Address::Hub]);
        let nodes = addresses
            .map(|address| {
                let node = Node {
                    actor: Actor::new(address, layout),
                    life: 0,
                    timer: None,
                    alarm: None,
                    skew: fault_random.between(-faults.skew, faults.skew),
                    waiting: BTreeSet::new(),
                    outstanding: 0,
                };
                (address, node)
            })
            .collect();
        let mut world = Self {
            network,
            layout,
            faults: Faults::none(),
            nodes,
            sockets: SocketTable::default(),
            devices: Vec::new(),
            raw: BTreeMap::new(),
            ledger: Ledger::default(),
            results: BTreeMap::new(),
            awake: BTreeSet::new(),
            stirred: false,
            random,
            fault_random,
            trace: std::env::var_os("SKERRY_TRACE").is_some(),
            sleeps: 0,
            evictions: 0,
            crashes: 0,
        };
        world.set_faults(faults);
        world
    }

    /// Changes the plan; what is due by the old one still happens if the new one allows it.
    pub fn set_faults(&mut self, faults: Faults) {
        let old = std::mem::replace(&mut self.faults, faults);
        self.network.slow = faults.slow;
        for kind in [FaultKind::Crash, FaultKind::ProcessCrash, FaultKind::Evict, FaultKind::DeviceDrop] {
            if every(&old, kind) == 0 {
                self.plan_fault(kind);
            }
        }
    }

    /// The wall clock of clients and devices.
    pub fn wall(&self) -> Timestamp {
        Timestamp::from_milliseconds(START + self.network.now / 1000)
    }

    fn clock(&self, address: Address) -> Timestamp {
        let skew = self.nodes.get(&address).map_or(0, |node| node.skew);
        self.wall().plus_milliseconds(skew)
    }

    /// Adds a device; it connects when told to.
    pub fn add_device(&mut self, identity: Identity, key: &str, habits: Habits) -> usize {
        let random = self.random.fork();
        self.devices.push(Device::new(identity, key, habits, random));
        self.devices.len() - 1
    }

    /// Has a device do something soon.
    pub fn tell_device(&mut self, device: usize, delay: i64, action: Action) {
        let moment = self.network.now + delay;
        self.network.at(moment, Event::Device(device, action));
    }

    /// Handles the next event if it comes before `limit` (microseconds); false if none does.
    pub fn step(&mut self, limit: i64) -> bool {
        let Some(event) = self.network.next(limit) else {
            self.network.now = self.network.now.max(limit);
            return false;
        };
        if self.trace {
            eprintln!("{:>12} {}", self.network.now, shorten(&format!("{event:?}"), &self.network.calls, &event));
        }
        match event {
            Event::Deliver(call) => self.deliver(call),
            Event::Answered(call, answer) => self.answered(call, answer),
            Event::Timer(address, life) => self.timer(address, life),
            Event::Alarm(address, again) => self.alarm(address, again),
            Event::Opened(slot) => self.socket_opened(slot),
            Event::ToHub(slot, bytes) => self.to_hub(slot, bytes),
            Event::HubSawClose(slot) => self.hub_saw_close(slot),
            Event::ToDevice(slot, bytes) => self.to_device(slot, bytes),
            Event::DeviceSawClose(slot) => self.device_saw_close(slot),
            Event::Device(device, action) => self.device_acts(device, &action),
            Event::Wake(sleep) => {
                self.awake.insert(sleep);
                self.stirred = true;
            }
            Event::Fault(kind) => self.fault(kind),
        }
        if self.faults.evict_at_once {
            let all: Vec<Address> = self.nodes.keys().copied().collect();
            for address in all {
                self.evict(address);
            }
        }
        true
    }

    // --- calls -----------------------------------------------------------------

    /// Makes a call.
    pub fn call(&mut self, caller: Caller, to: Address, request: Request) -> CallNumber {
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
            self.network.send(Lane::Client(call), Event::Answered(call, answer));
        } else {
            self.network.send(lane, Event::Deliver(call));
        }
        let pending = PendingCall { caller, to, request, answer_lost, delivered: false };
        self.network.calls.insert(call, pending);
        call
    }

    fn deliver(&mut self, call: CallNumber) {
        let Some(pending) = self.network.calls.get_mut(&call) else { return };
        pending.delivered = true;
        let (to, request) = (pending.to, pending.request.clone());
        let before = self.nodes.get(&to).map(|node| self.ledger.before(&node.actor, &request));
        if let Some(node) = self.nodes.get_mut(&to) {
            node.waiting.insert(call);
        }
        let output = self.run(to, Input::Request(call, request));
        if let (Some(before), Some(node)) = (before, self.nodes.get(&to)) {
            self.ledger.after(&node.actor, &before, output.answer.as_ref());
        }
        self.apply(to, output, Some(call));
    }

    /// A callee answers.
    fn reply(&mut self, from: Address, call: CallNumber, answer: Answer) {
        let known = self.nodes.get_mut(&from).is_some_and(|node| node.waiting.remove(&call));
        if !known {
            self.ledger.violation(format!("{from:?} answered call {call} twice, or unasked"));
            return;
        }
        let Some(pending) = self.network.calls.get(&call) else { return };
        let answer = if pending.answer_lost { unreachable(&pending.request) } else { answer };
        self.network.send(Lane::Client(call), Event::Answered(call, answer));
    }

    fn answered(&mut self, call: CallNumber, answer: Answer) {
        let Some(pending) = self.network.calls.remove(&call) else { return };
        match pending.caller {
            Caller::Nobody => {}
            Caller::Client => {
                self.results.insert(call, answer);
                self.stirred = true;
            }
            Caller::Actor { address, life, correlation } => {
                let Some(node) = self.nodes.get_mut(&address) else { return };
                if node.life != life {
                    return;
                }
                node.outstanding -= 1;
                let outcome = match answer {
                    Answer::Registry(result) => Outcome::Registry(result),
                    Answer::Gateway(result) => Outcome::Gateway(result),
                    Answer::Events(result) => Outcome::Events(result),
                    Answer::Appended(result) => Outcome::Appended(result),
                    Answer::Hub(_) => return,
                };
                let output = self.run(address, Input::Outcome(correlation, outcome));
                self.apply(address, output, None);
            }
        }
    }

    fn run(&mut self, address: Address, input: Input) -> Output {
        let now = self.clock(address);
        let number = if let Address::Gateway(number) = address { number } else { 0 };
        let Some(node) = self.nodes.get_mut(&address) else { return Output::default() };
        node.actor.handle(now, input, &self.sockets.of(number))
    }

    fn apply(&mut self, address: Address, output: Output, asked: Option<CallNumber>) {
        let now = self.network.now;
        let Some(node) = self.nodes.get_mut(&address) else { return };
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
                let late = if late { self.fault_random.between(0, 2_000_000) } else { 0 };
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
                    self.network.send(Lane::ToDevice(slot), Event::ToDevice(slot, bytes));
                }
                _ => {}
            }
        }
        for (slot, _) in output.closes {
            if let Some(socket) = self.sockets.open.get_mut(&slot)
                && !socket.closing
            {
                socket.closing = true;
                self.network.send(Lane::ToDevice(slot), Event::DeviceSawClose(slot));
            }
        }
        for call in output.calls {
            if let Some(node) = self.nodes.get_mut(&address) {
                node.outstanding += 1;
            }
            let caller = Caller::Actor { address, life, correlation: call.correlation };
            self.call(caller, call.to, Request::Actor(call.request));
        }
        if let (Some(call), Some(answer)) = (asked, output.answer) {
            self.reply(address, call, answer);
        }
        for (token, answer) in output.replies {
            self.reply(address, token, answer);
        }
    }

    // --- wake-ups ---------------------------------------------------------------

    fn timer(&mut self, address: Address, life: u64) {
        let now = self.network.now;
        let Some(node) = self.nodes.get_mut(&address) else { return };
        if node.life != life || node.timer.is_none_or(|at| at > now) {
            return;
        }
        node.timer = None;
        let output = self.run(address, Input::Timer);
        self.apply(address, output, None);
    }

    fn alarm(&mut self, address: Address, again: bool) {
        let now = self.network.now;
        let Some(node) = self.nodes.get_mut(&address) else { return };
        if !again && node.alarm.is_none_or(|at| at > now) {
            return;
        }
        if !again {
            node.alarm = None;
        }
        let output = self.run(address, Input::Alarm);
        self.apply(address, output, None);
        if !again && self.fault_random.chance(self.faults.alarm_twice) {
            let wait = self.fault_random.between(1, 50_000);
            self.network.at(now + wait, Event::Alarm(address, true));
        }
    }

    // --- sockets ----------------------------------------------------------------

    /// A device (or a test, without one) opens a socket; the gateway is chosen by chance.
    pub fn open_socket(&mut self, device: Option<usize>) -> Slot {
        let slot = self.sockets.next_slot();
        let gateway = u16::try_from(self.random.below(u64::from(self.layout.gateways))).unwrap_or(0);
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
                self.network.send(Lane::ToHub(slot), Event::ToHub(slot, Vec::new()));
            }
            let whole = self.random.chance(600);
            let most = if whole { rest.len() } else { rest.len().min(40) };
            let length = if whole { most } else { 1 + usize::try_from(self.random.below(most as u64)).unwrap_or(0) };
            let (frame, more) = rest.split_at(length.min(rest.len()));
            self.network.send(Lane::ToHub(slot), Event::ToHub(slot, frame.to_vec()));
            rest = more;
        }
    }

    /// A device closes its end; `told` says whether the hub will hear of it.
    pub fn close_socket(&mut self, slot: Slot, told: bool) {
        if let Some(socket) = self.sockets.open.get_mut(&slot) {
            socket.abandoned = true;
            if told {
                self.network.send(Lane::ToHub(slot), Event::HubSawClose(slot));
            }
        }
    }

    fn gateway_of(&self, slot: Slot) -> Option<Address> {
        self.sockets.open.get(&slot).map(|socket| Address::Gateway(socket.gateway))
    }

    fn socket_opened(&mut self, slot: Slot) {
        let Some(gateway) = self.gateway_of(slot) else { return };
        let Some(connection) = self.sockets.open.get(&slot).map(|socket| socket.connection.clone())
        else {
            return;
        };
        let output = self.run(gateway, Input::Opened(slot, connection));
        self.apply(gateway, output, None);
        let Some(device) = self.sockets.open.get(&slot).and_then(|socket| socket.device) else { return };
        self.with_device(device, |device, now, wall, wishes| {
            if device.slot == Some(slot) {
                device.opened(now, wall, slot, wishes);
            }
        });
    }

    fn to_hub(&mut self, slot: Slot, bytes: Vec<u8>) {
        let Some(gateway) = self.gateway_of(slot) else { return };
        if self.sockets.open.get(&slot).is_some_and(|socket| socket.closing) {
            return;
        }
        let output = self.run(gateway, Input::Frame(slot, bytes));
        self.apply(gateway, output, None);
    }

    fn hub_saw_close(&mut self, slot: Slot) {
        let Some(gateway) = self.gateway_of(slot) else { return };
        let output = self.run(gateway, Input::Closed(slot));
        self.sockets.open.remove(&slot);
        self.apply(gateway, output, None);
    }

    fn to_device(&mut self, slot: Slot, bytes: Vec<u8>) {
        if let Some(raw) = self.raw.get_mut(&slot) {
            raw.inbox.push(bytes);
            return;
        }
        let Some(device) = self.owner(slot) else { return };
        self.with_device(device, |device, now, _, wishes| device.frame(now, slot, &bytes, wishes));
    }

    /// The device that still holds this socket.
    fn owner(&self, slot: Slot) -> Option<usize> {
        self.devices.iter().position(|device| device.slot == Some(slot))
    }

    fn device_saw_close(&mut self, slot: Slot) {
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

    // --- devices ----------------------------------------------------------------

    fn device_acts(&mut self, device: usize, action: &Action) {
        if *action == Action::Connect {
            if self.devices.get(device).is_some_and(|device| device.slot.is_none()) {
                let slot = self.open_socket(Some(device));
                self.devices[device].slot = Some(slot);
            }
            return;
        }
        self.with_device(device, |device, now, _, wishes| device.act(now, action, wishes));
    }

    fn with_device(
        &mut self,
        number: usize,
        act: impl FnOnce(&mut Device, i64, Timestamp, &mut Wishes),
    ) {
        let (now, wall) = (self.network.now, self.wall());
        let mut wishes = Wishes::default();
        let Some(device) = self.devices.get_mut(number) else { return };
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
        let Some(slot) = self.devices.get(number).and_then(|device| device.slot) else { return };
        self.close_socket(slot, told);
        self.with_device(number, |device, _, _, wishes| device.lost(wishes));
    }

    // --- faults -----------------------------------------------------------------

    fn plan_fault(&mut self, kind: FaultKind) {
        let mean = every(&self.faults, kind);
        if mean > 0 {
            let wait = self.fault_random.between(0, mean * 2_000);
            let moment = self.network.now + wait;
            self.network.at(moment, Event::Fault(kind));
        }
    }

    fn fault(&mut self, kind: FaultKind) {
        if every(&self.faults, kind) == 0 {
            return;
        }
        let nodes = self.nodes.len() as u64;
        let chosen = usize::try_from(self.fault_random.below(nodes)).unwrap_or(0);
        let address = self.nodes.keys().copied().nth(chosen).expect("there are nodes");
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
        let Some(node) = self.nodes.get_mut(&address) else { return };
        self.crashes += u64::from(node.actor.is_loaded());
        node.actor.forget(true);
        node.life += 1;
        node.timer = None;
        node.outstanding = 0;
        // Whoever waits for it learns that it is gone.
        for call in std::mem::take(&mut node.waiting) {
            if let Some(pending) = self.network.calls.get(&call) {
                let answer = unreachable(&pending.request);
                self.network.send(Lane::Client(call), Event::Answered(call, answer));
            }
        }
        // What it had sent arrives or does not.
        let random = &mut self.fault_random;
        self.network.lose(|event, calls| match event {
            Event::Deliver(call) => {
                let caller = calls.get(call).map(|pending| pending.caller);
                matches!(caller, Some(Caller::Actor { address: from, .. }) if from == address)
                    && random.chance(500)
            }
            _ => false,
        });
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
                self.network.send(Lane::ToDevice(slot), Event::DeviceSawClose(slot));
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
                if let Some(PendingCall { caller: Caller::Client, request, .. }) = calls.get(call) {
                    clients.push((*call, unreachable(request)));
                }
                true
            }
            Event::Answered(call, _) => {
                !matches!(calls.get(call), Some(PendingCall { caller: Caller::Client, .. }))
            }
            Event::ToHub(..) => true,
            _ => false,
        });
        for (call, answer) in clients {
            self.network.send(Lane::Client(call), Event::Answered(call, answer));
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
        let Some(node) = self.nodes.get_mut(&address) else { return false };
        let kept = node.timer.is_some()
            || node.outstanding > 0
            || !node.waiting.is_empty()
            || !node.actor.is_loaded();
        if kept {
            return false;
        }
        if !node.actor.is_idle() {
            self.ledger.violation(format!("{address:?} is not idle, but nothing will wake it"));
            return false;
        }
        node.actor.forget(false);
        node.life += 1;
        self.evictions += u64::from(matches!(address, Address::Gateway(_)));
        true
    }

    /// A name for a sleep of so many milliseconds.
    pub fn sleep(&mut self, milliseconds: u32) -> u64 {
        self.sleeps += 1;
        let moment = self.network.now + i64::from(milliseconds) * 1000;
        self.network.at(moment, Event::Wake(self.sleeps));
        self.sleeps
    }

    /// The soonest wake-up of an actor, for tests.
    pub fn wake_up(&self, address: Address) -> Option<i64> {
        self.nodes.get(&address).and_then(|node| earlier(node.timer, node.alarm))
    }
}

fn every(faults: &Faults, kind: FaultKind) -> i64 {
    match kind {
        FaultKind::Crash => faults.crash_every,
        FaultKind::ProcessCrash => faults.process_crash_every,
        FaultKind::Evict => faults.evict_every,
        FaultKind::DeviceDrop => faults.device_drop_every,
    }
}

/// Receivers that must not mind hearing twice.
fn is_idempotent(request: &Request) -> bool {
    match request {
        Request::Actor(Outgoing::Gateway(request)) => matches!(request, GatewayRequest::Close { .. }),
        Request::Actor(Outgoing::Events(request)) => matches!(
            request,
            EventsRequest::AppendHubEvents { .. } | EventsRequest::ApplySettings(_)
        ),
        Request::Actor(Outgoing::Registry(request)) => matches!(
            request,
            RegistryRequest::ApplySettings(_)
                | RegistryRequest::Disconnected(_)
                | RegistryRequest::Activity(_)
        ),
        _ => false,
    }
}

fn shorten(text: &str, calls: &BTreeMap<CallNumber, PendingCall>, event: &Event) -> String {
    let mut text = text.to_owned();
    if let Event::Deliver(call) = event
        && let Some(pending) = calls.get(call)
    {
        text = format!("{text} {:?} -> {:?}: {:?}", pending.caller, pending.to, pending.request);
    }
    text.chars().take(400).collect()
}
