//! Everyday traffic of a few devices and their operators, and what must come of it.

use crate::device::{Action, Habits};
use crate::random::Random;
use crate::simulation::Simulation;
use crate::world::World;
use serde_json::json;
use shared::http::Backend;
use std::cell::RefCell;
use std::rc::Rc;

/// What operators were told.
#[derive(Debug, Default)]
pub struct Told {
    /// Cloud-to-device messages that were certainly queued: device number, message id.
    pub queued: Vec<(usize, String)>,
    /// Method calls: the number of the call, the status, the call in the answer.
    pub methods: Vec<(i64, u16, Option<i64>)>,
    /// Calls that were started.
    pub called: Vec<i64>,
    /// Desired versions that writes were answered with, per device.
    pub desired: Vec<(usize, u64)>,
    /// Answers that nobody expects.
    pub surprises: Vec<String>,
}

/// How often operators and devices do what, in thousandths of their steps.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mix {
    /// Telemetry.
    pub publish: u32,
    /// Reported patches.
    pub report: u32,
    /// Desired patches.
    pub desired: u32,
    /// Direct methods.
    pub method: u32,
    /// Cloud-to-device messages.
    pub message: u32,
    /// The device leaves on purpose and comes back.
    pub leave: u32,
    /// The device's network fails.
    pub drop: u32,
}

impl Mix {
    /// Some of everything.
    pub fn all() -> Self {
        Self {
            publish: 500,
            report: 80,
            desired: 120,
            method: 100,
            message: 120,
            leave: 15,
            drop: 15,
        }
    }
}

/// Starts traffic for a device: `steps` steps, one about every `pace` milliseconds.
pub fn start(
    simulation: &mut Simulation,
    device: usize,
    mix: Mix,
    steps: u32,
    pace: u32,
    told: &Rc<RefCell<Told>>,
) {
    let (hub, operator, told) = (simulation.hub(), simulation.operator(), told.clone());
    let mut random = simulation.world_mut().random.fork();
    let id = simulation.world().devices[device]
        .identity
        .device
        .as_str()
        .to_owned();
    simulation.spawn(async move {
        for step in 0..steps {
            hub.sleep(u32::try_from(random.below(u64::from(pace) * 2)).unwrap_or(1))
                .await;
            let number = i64::from(step) + i64::try_from(device).unwrap_or(0) * 100_000;
            let mut choice = i64::try_from(random.below(1000)).unwrap_or(0);
            let mut is = |share: u32| {
                choice -= i64::from(share);
                choice < 0 && choice >= -i64::from(share)
            };
            if is(mix.publish) {
                hub.0.borrow_mut().tell_device(device, 0, Action::Publish);
            } else if is(mix.report) {
                hub.0.borrow_mut().tell_device(device, 0, Action::Report);
            } else if is(mix.desired) {
                let reply = operator.set_desired(&id, json!({ "step": number })).await;
                match reply.body["properties"]["desired"]["$version"].as_u64() {
                    Some(version) => told.borrow_mut().desired.push((device, version)),
                    None if reply.is_certain() => {
                        told.borrow_mut()
                            .surprises
                            .push(format!("desired: {reply:?}"));
                    }
                    None => {}
                }
            } else if is(mix.method) {
                call_method(&operator, &id, number, &mut random, &told).await;
            } else if is(mix.message) {
                let mid = format!("{id}-{number}");
                let reply = operator
                    .send_message(&id, &mid, &[("iothub-ack", "full")])
                    .await;
                match reply.status {
                    204 => told.borrow_mut().queued.push((device, mid)),
                    403 => {}
                    _ if reply.is_certain() => {
                        told.borrow_mut()
                            .surprises
                            .push(format!("message: {reply:?}"));
                    }
                    _ => {}
                }
            } else if is(mix.leave) {
                hub.0.borrow_mut().tell_device(device, 0, Action::Leave);
            } else if is(mix.drop) {
                let told = random.chance(500);
                hub.0.borrow_mut().drop_device(device, told);
            }
        }
    });
}

async fn call_method(
    operator: &crate::operator::Operator,
    id: &str,
    number: i64,
    random: &mut Random,
    told: &Rc<RefCell<Told>>,
) {
    told.borrow_mut().called.push(number);
    let connect = random.between(0, 5);
    let reply = operator
        .call_method(id, number, 5 + random.between(0, 5), connect)
        .await;
    let code = reply
        .header("iothub-errorcode")
        .unwrap_or_default()
        .to_owned();
    let fine = match reply.status {
        200 => reply.body["payload"]["call"] == json!(number),
        404 => code == "DeviceNotOnline" || code == "DeviceConnectionClosedRemotely",
        504 => code == "GatewayTimeout",
        status => status >= 500,
    };
    if !fine {
        told.borrow_mut()
            .surprises
            .push(format!("method {number}: {reply:?}"));
    }
    let payload = reply.body["payload"]["call"].as_i64();
    told.borrow_mut()
        .methods
        .push((number, reply.status, payload));
}

/// Habits that differ from device to device.
pub fn habits(random: &mut Random) -> Habits {
    Habits {
        keep_alive: u16::try_from(random.between(5, 60)).unwrap_or(60),
        ignores_messages: if random.chance(300) { 200 } else { 0 },
        ignores_methods: if random.chance(300) { 200 } else { 0 },
        breaks_on_method: if random.chance(300) { 100 } else { 0 },
        devicebound_qos: 1,
        ..Habits::default()
    }
}

/// Settles the run and checks what operators were told, besides everything else.
///
/// # Panics
/// If something that was promised did not happen.
pub fn check(simulation: &mut Simulation, told: &Rc<RefCell<Told>>) {
    let count = simulation.world().devices.len();
    simulation.calm_down();
    let mut problems = undelivered(&simulation.world(), &told.borrow(), true);
    for device in 0..count {
        // From now on everything is acknowledged, or it could not drain.
        simulation.world_mut().devices[device]
            .habits
            .ignores_messages = 0;
    }
    simulation.check();
    let told = told.borrow();
    problems.extend(told.surprises.iter().cloned());
    let world = simulation.world();
    problems.extend(undelivered(&world, &told, false));
    for call in &told.called {
        let answers = told
            .methods
            .iter()
            .filter(|(number, ..)| number == call)
            .count();
        if answers != 1 {
            problems.push(format!("method call {call} was resolved {answers} times"));
        }
        let executions: usize = world
            .devices
            .iter()
            .map(|device| {
                device
                    .diary
                    .methods
                    .iter()
                    .filter(|known| *known == call)
                    .count()
            })
            .sum();
        let answered = told
            .methods
            .iter()
            .any(|(number, status, _)| number == call && *status == 200);
        if executions > 1 || (answered && executions == 0) {
            problems.push(format!(
                "method call {call} ran {executions} times, answered: {answered}"
            ));
        }
    }
    let mut versions = told.desired.clone();
    versions.sort_unstable();
    for pair in versions.windows(2) {
        if pair[0] == pair[1] {
            problems.push(format!("desired version {} was given twice", pair[0].1));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// Messages that never came. A device that leaves messages unacknowledged may fill its
/// window, so before it starts over only the others must have everything.
fn undelivered(world: &World, told: &Told, before_starting_over: bool) -> Vec<String> {
    let mut problems = Vec::new();
    for (device, mid) in &told.queued {
        let device = &world.devices[*device];
        let excused = before_starting_over && device.habits.ignores_messages > 0;
        if !excused
            && !device
                .diary
                .received
                .iter()
                .any(|message| message.message_id == *mid)
        {
            problems.push(format!("message {mid} was queued and not delivered"));
        }
    }
    problems
}
