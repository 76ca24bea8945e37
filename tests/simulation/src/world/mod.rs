//! The hub in one process: actors, sockets, devices and virtual time, stepped by a seed.
//!
//! One event at a time, nothing at once: what an actor does in one event is atomic, as in a
//! Durable Object, and everything between two events may be lost as the fault plan says.

mod calls;
mod connections;
mod crashes;

use crate::actor::{Actor, Answer, Input, earlier};
use crate::device::{Action, Device, Habits};
use crate::faults::Faults;
use crate::ledger::Ledger;
use crate::network::{CallNumber, Event, FaultKind, Network, PendingCall};
use crate::random::Random;
use crate::receivers::Receivers;
use crate::sockets::SocketTable;
use shared::blob::memory::MemoryBlobStore;
use shared::hub::gateway::Slot;
use shared::ids::Identity;
use shared::ipc::{Address, Layout};
use shared::throttle::Throttles;
use shared::time::Timestamp;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

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
    /// The content of blobs.
    pub blobs: Rc<MemoryBlobStore>,
    /// What is left of the body that a request reads as it comes.
    pub body: VecDeque<Vec<u8>>,
    /// The buckets of the HTTP side.
    pub throttles: Rc<RefCell<Throttles>>,
    /// Those outside of the hub.
    pub receivers: Receivers,
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
            blobs: Rc::default(),
            body: VecDeque::new(),
            throttles: Rc::default(),
            receivers: Receivers::default(),
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
        for kind in [
            FaultKind::Crash,
            FaultKind::ProcessCrash,
            FaultKind::Evict,
            FaultKind::DeviceDrop,
        ] {
            if crashes::every(&old, kind) == 0 {
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
        self.devices
            .push(Device::new(identity, key, habits, random));
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
            eprintln!(
                "{:>12} {}",
                self.network.now,
                shorten(&format!("{event:?}"), &self.network.calls, &event)
            );
        }
        match event {
            Event::Deliver(call) => self.deliver(call),
            Event::Answered(call, answer) => self.answered(call, answer),
            Event::Timer(address, life) => self.timer(address, life),
            Event::Alarm(address, again) => self.alarm(address, again),
            Event::Opened(slot) => self.socket_opened(slot),
            Event::ToHub(slot, bytes) => self.hub_gets(slot, bytes),
            Event::HubSawClose(slot) => self.hub_saw_close(slot),
            Event::ToDevice(slot, bytes) => self.device_gets(slot, bytes),
            Event::DeviceSawClose(slot) => self.device_saw_close(slot),
            Event::Device(device, action) => self.device_acts(device, &action),
            Event::Delivered(address, life, delivery, outcome) => {
                self.delivered(address, life, delivery, outcome);
            }
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

    fn timer(&mut self, address: Address, life: u64) {
        let now = self.network.now;
        let Some(node) = self.nodes.get_mut(&address) else {
            return;
        };
        if node.life != life || node.timer.is_none_or(|at| at > now) {
            return;
        }
        node.timer = None;
        let output = self.run(address, Input::Timer);
        self.apply(address, output, None);
    }

    fn alarm(&mut self, address: Address, again: bool) {
        let now = self.network.now;
        let Some(node) = self.nodes.get_mut(&address) else {
            return;
        };
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

    /// A name for a sleep of so many milliseconds.
    pub fn sleep(&mut self, milliseconds: u32) -> u64 {
        self.sleeps += 1;
        let moment = self.network.now + i64::from(milliseconds) * 1000;
        self.network.at(moment, Event::Wake(self.sleeps));
        self.sleeps
    }

    /// The soonest wake-up of an actor, for tests.
    pub fn wake_up(&self, address: Address) -> Option<i64> {
        self.nodes
            .get(&address)
            .and_then(|node| earlier(node.timer, node.alarm))
    }
}

fn shorten(text: &str, calls: &BTreeMap<CallNumber, PendingCall>, event: &Event) -> String {
    let mut text = text.to_owned();
    if let Event::Deliver(call) = event
        && let Some(pending) = calls.get(call)
    {
        text = format!(
            "{text} {:?} -> {:?}: {:?}",
            pending.caller, pending.to, pending.request
        );
    }
    text.chars().take(1500).collect()
}
