//! One concern at a time, over many seeds, each with the faults that threaten it most.

use shared::ids::{DeviceId, Identity};
use shared::ipc::Address;
use simulation::device::{Action, Habits};
use simulation::scenario::over_seeds;
use simulation::traffic::{self, Mix, Told};
use simulation::{Faults, Simulation};
use std::cell::RefCell;
use std::rc::Rc;

fn told() -> Rc<RefCell<Told>> {
    Rc::new(RefCell::new(Told::default()))
}

fn crash_some(simulation: &Simulation, which: fn(Address) -> bool) {
    let addresses: Vec<Address> = simulation
        .world()
        .nodes
        .keys()
        .copied()
        .filter(|address| which(*address))
        .collect();
    for address in addresses {
        simulation.world_mut().crash(address);
    }
}

#[test]
fn take_over() {
    over_seeds("take_over", 40, |seed| {
        let faults = Faults {
            lost_call: 20,
            duplicate: 200,
            slow: 100,
            evict_every: 500,
            ..Faults::none()
        };
        let mut simulation = Simulation::new(seed, faults);
        let first = simulation.create_device("pump-1", Habits::default());
        let key = simulation.world().devices[first].key.clone();
        let identity = Identity::device(DeviceId::parse("pump-1").unwrap());
        // Several devices with the same identity, as after a copied disk image.
        for number in 0..4 {
            let habits = Habits {
                reconnects: false,
                ..Habits::default()
            };
            let rival = simulation
                .world_mut()
                .add_device(identity.clone(), &key, habits);
            let delay = simulation.world_mut().random.between(0, 40_000) * (number + 1);
            simulation
                .world_mut()
                .tell_device(rival, delay, Action::Connect);
        }
        simulation.run(60_000);
        simulation.world_mut().set_faults(Faults::none());
        simulation.run(60_000);
        let operator = simulation.operator();
        let state = simulation.finish(async move { operator.get("/devices/pump-1").await });
        let world = simulation.world();
        let live: Vec<usize> = world
            .devices
            .iter()
            .enumerate()
            .filter(|(_, device)| device.is_ready())
            .map(|(number, _)| number)
            .collect();
        assert!(live.len() <= 1, "{live:?} are all connected");
        assert_eq!(
            world.sockets.open.len(),
            live.len(),
            "the others are closed"
        );
        let connected = state.body["connectionState"] == "Connected";
        assert_eq!(
            connected,
            live.len() == 1,
            "{:?}",
            state.body["connectionState"]
        );
        assert!(
            world.ledger.violations.is_empty(),
            "{:?}",
            world.ledger.violations
        );
    });
}

#[test]
fn telemetry_survives_crashes_before_and_after_the_acknowledgement() {
    over_seeds(
        "telemetry_survives_crashes_before_and_after_the_acknowledgement",
        60,
        |seed| {
            let mut simulation = Simulation::new(
                seed,
                Faults {
                    slow: 50,
                    ..Faults::none()
                },
            );
            for number in 0..3 {
                simulation.connected_device(&format!("pump-{number}"), Habits::default());
            }
            let mut acknowledged = 0;
            for round in 0..12 {
                for device in 0..3 {
                    for step in 0..10 {
                        let delay = simulation.world_mut().random.between(0, 20_000) + step;
                        simulation
                            .world_mut()
                            .tell_device(device, delay, Action::Publish);
                    }
                }
                // Somewhere between publishing, storing, acknowledging and hearing of it.
                let moment = simulation.world_mut().random.between(0, 30);
                simulation.run(moment);
                match round % 4 {
                    0 => crash_some(&simulation, |address| matches!(address, Address::Events(_))),
                    1 => crash_some(&simulation, |address| {
                        matches!(address, Address::Gateway(_))
                    }),
                    2 => simulation.world_mut().crash_process(),
                    _ => {}
                }
                acknowledged = simulation.world().ledger.acknowledgements;
                simulation.run(3_000);
            }
            assert!(acknowledged > 100, "the run was worth its while");
            simulation.check();
        },
    );
}

#[test]
fn desired_changes_arrive_in_the_end() {
    over_seeds("desired_changes_arrive_in_the_end", 40, |seed| {
        let faults = Faults {
            lost_call: 150,
            slow: 100,
            crash_every: 2_000,
            device_drop_every: 3_000,
            ..Faults::none()
        };
        let mut simulation = Simulation::new(seed, faults);
        let told = told();
        for number in 0..3 {
            let device = simulation.create_device(&format!("pump-{number}"), Habits::default());
            simulation
                .world_mut()
                .tell_device(device, 0, Action::Connect);
            let mix = Mix {
                desired: 700,
                report: 300,
                ..Mix::default()
            };
            traffic::start(&mut simulation, device, mix, 60, 200, &told);
        }
        simulation.run(30_000);
        traffic::check(&mut simulation, &told);
        assert!(told.borrow().desired.len() > 30);
    });
}

#[test]
fn methods_resolve_once_with_every_failure() {
    over_seeds("methods_resolve_once_with_every_failure", 40, |seed| {
        let faults = Faults {
            lost_call: 20,
            lost_client_call: 50,
            slow: 50,
            crash_every: 3_000,
            evict_every: 300,
            device_drop_every: 3_000,
            ..Faults::none()
        };
        let mut simulation = Simulation::new(seed, faults);
        let told = told();
        for number in 0..3 {
            let habits = Habits {
                ignores_methods: 150,
                breaks_on_method: 100,
                ..Habits::default()
            };
            let device = simulation.create_device(&format!("pump-{number}"), habits);
            simulation
                .world_mut()
                .tell_device(device, 0, Action::Connect);
            for _ in 0..3 {
                let mix = Mix {
                    method: 1000,
                    ..Mix::default()
                };
                traffic::start(&mut simulation, device, mix, 15, 500, &told);
            }
        }
        simulation.run(60_000);
        // Steps of parallel callers share their numbers: only count that all got answers.
        simulation.check();
        let told = told.borrow();
        assert_eq!(told.methods.len(), told.called.len());
        assert!(told.surprises.is_empty(), "{:?}", told.surprises);
        assert!(
            told.methods
                .iter()
                .filter(|(_, status, _)| *status == 200)
                .count()
                > 10
        );
    });
}

#[test]
fn cloud_to_device_messages_are_redelivered_until_completed() {
    over_seeds(
        "cloud_to_device_messages_are_redelivered_until_completed",
        60,
        |seed| {
            let faults = Faults {
                lost_call: 60,
                duplicate: 100,
                slow: 80,
                crash_every: 2_500,
                process_crash_every: 15_000,
                evict_every: 400,
                device_drop_every: 3_000,
                ..Faults::none()
            };
            let mut simulation = Simulation::new(seed, faults);
            let told = told();
            for number in 0..3 {
                let ignores_messages = if number == 0 { 300 } else { 0 };
                let habits = Habits {
                    ignores_messages,
                    ..Habits::default()
                };
                let device = simulation.create_device(&format!("pump-{number}"), habits);
                simulation
                    .world_mut()
                    .tell_device(device, 0, Action::Connect);
                let mix = Mix {
                    message: 900,
                    leave: 50,
                    drop: 50,
                    ..Mix::default()
                };
                traffic::start(&mut simulation, device, mix, 60, 250, &told);
            }
            simulation.run(30_000);
            traffic::check(&mut simulation, &told);
            let world = simulation.world();
            for (_, mid) in &told.borrow().queued {
                assert!(
                    world.ledger.completed.contains(mid),
                    "{mid} is still queued"
                );
            }
        },
    );
}

#[test]
fn a_lost_delivery_is_offered_again_without_a_reconnect() {
    over_seeds(
        "a_lost_delivery_is_offered_again_without_a_reconnect",
        40,
        |seed| {
            // Only the calls of the registry to the gateway can fail here: no device starts over.
            let mut simulation = Simulation::new(seed, Faults::none());
            let device = simulation.connected_device("pump-1", Habits::default());
            let faults = Faults {
                lost_call: 400,
                crash_every: 0,
                ..Faults::none()
            };
            let mut sent = Vec::new();
            for number in 0..8 {
                simulation.world_mut().set_faults(faults);
                let (operator, mid) = (simulation.operator(), format!("m{number}"));
                sent.push(mid.clone());
                let reply = simulation
                    .finish(async move { operator.send_message("pump-1", &mid, &[]).await });
                assert_eq!(reply.status, 204);
                simulation.world_mut().set_faults(Faults::none());
                let crash = simulation.world_mut().random.chance(300);
                if crash {
                    crash_some(&simulation, |address| {
                        matches!(address, Address::Registry(_))
                    });
                }
                simulation.run(30_000);
            }
            let world = simulation.world();
            let diary = &world.devices[device].diary;
            for mid in sent {
                assert!(
                    diary
                        .received
                        .iter()
                        .any(|message| message.message_id == mid),
                    "{mid} never came"
                );
            }
            assert_eq!(diary.sessions.len(), 1, "on the first connection");
            assert!(
                world.ledger.violations.is_empty(),
                "{:?}",
                world.ledger.violations
            );
        },
    );
}

#[test]
fn the_same_seed_is_the_same_run() {
    let run = || {
        let mut simulation = Simulation::new(99, Faults::all());
        let told = told();
        for number in 0..3 {
            let device = simulation.create_device(&format!("pump-{number}"), Habits::default());
            simulation
                .world_mut()
                .tell_device(device, 0, Action::Connect);
            traffic::start(&mut simulation, device, Mix::all(), 50, 200, &told);
        }
        simulation.run(30_000);
        let world = simulation.world();
        let diaries: Vec<String> = world
            .devices
            .iter()
            .map(|device| format!("{:?}", device.diary))
            .collect();
        (
            diaries,
            format!("{:?}", told.borrow()),
            world.network.now,
            world.ledger.acknowledgements,
        )
    };
    assert_eq!(run(), run());
}
