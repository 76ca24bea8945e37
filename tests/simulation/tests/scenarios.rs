//! One concern at a time, over many seeds, each with the faults that threaten it most.

use serde_json::{Value, json};
use shared::http::{Backend, Method};
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
    let addresses: Vec<Address> =
        simulation.world().nodes.keys().copied().filter(|address| which(*address)).collect();
    for address in addresses {
        simulation.world_mut().crash(address);
    }
}

#[test]
fn take_over() {
    over_seeds("take_over", 40, |seed| {
        let faults = Faults { lost_call: 20, duplicate: 200, slow: 100, evict_every: 500, ..Faults::none() };
        let mut simulation = Simulation::new(seed, faults);
        let first = simulation.create_device("pump-1", Habits::default());
        let key = simulation.world().devices[first].key.clone();
        let identity = Identity::device(DeviceId::parse("pump-1").unwrap());
        // Several devices with the same identity, as after a copied disk image.
        for number in 0..4 {
            let habits = Habits { reconnects: false, ..Habits::default() };
            let rival = simulation.world_mut().add_device(identity.clone(), &key, habits);
            let delay = simulation.world_mut().random.between(0, 40_000) * (number + 1);
            simulation.world_mut().tell_device(rival, delay, Action::Connect);
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
        assert_eq!(world.sockets.open.len(), live.len(), "the others are closed");
        let connected = state.body["connectionState"] == "Connected";
        assert_eq!(connected, live.len() == 1, "{:?}", state.body["connectionState"]);
        assert!(world.ledger.violations.is_empty(), "{:?}", world.ledger.violations);
    });
}

#[test]
fn telemetry_survives_crashes_before_and_after_the_acknowledgement() {
    over_seeds("telemetry_survives_crashes_before_and_after_the_acknowledgement", 60, |seed| {
        let mut simulation = Simulation::new(seed, Faults { slow: 50, ..Faults::none() });
        for number in 0..3 {
            simulation.connected_device(&format!("pump-{number}"), Habits::default());
        }
        let mut acknowledged = 0;
        for round in 0..12 {
            for device in 0..3 {
                for step in 0..10 {
                    let delay = simulation.world_mut().random.between(0, 20_000) + step;
                    simulation.world_mut().tell_device(device, delay, Action::Publish);
                }
            }
            // Somewhere between publishing, storing, acknowledging and hearing of it.
            let moment = simulation.world_mut().random.between(0, 30);
            simulation.run(moment);
            match round % 4 {
                0 => crash_some(&simulation, |address| matches!(address, Address::Events(_))),
                1 => crash_some(&simulation, |address| matches!(address, Address::Gateway(_))),
                2 => simulation.world_mut().crash_process(),
                _ => {}
            }
            acknowledged = simulation.world().ledger.acknowledgements;
            simulation.run(3_000);
        }
        assert!(acknowledged > 100, "the run was worth its while");
        simulation.check();
    });
}

#[test]
fn desired_changes_arrive_in_the_end() {
    over_seeds("desired_changes_arrive_in_the_end", 40, |seed| {
        let faults = Faults { lost_call: 150, slow: 100, crash_every: 2_000, device_drop_every: 3_000, ..Faults::none() };
        let mut simulation = Simulation::new(seed, faults);
        let told = told();
        for number in 0..3 {
            let device = simulation.create_device(&format!("pump-{number}"), Habits::default());
            simulation.world_mut().tell_device(device, 0, Action::Connect);
            let mix = Mix { desired: 700, report: 300, ..Mix::default() };
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
            let habits = Habits { ignores_methods: 150, breaks_on_method: 100, ..Habits::default() };
            let device = simulation.create_device(&format!("pump-{number}"), habits);
            simulation.world_mut().tell_device(device, 0, Action::Connect);
            for _ in 0..3 {
                let mix = Mix { method: 1000, ..Mix::default() };
                traffic::start(&mut simulation, device, mix, 15, 500, &told);
            }
        }
        simulation.run(60_000);
        // Steps of parallel callers share their numbers: only count that all got answers.
        simulation.check();
        let told = told.borrow();
        assert_eq!(told.methods.len(), told.called.len());
        assert!(told.surprises.is_empty(), "{:?}", told.surprises);
        assert!(told.methods.iter().filter(|(_, status, _)| *status == 200).count() > 10);
    });
}

#[test]
fn cloud_to_device_messages_are_redelivered_until_completed() {
    over_seeds("cloud_to_device_messages_are_redelivered_until_completed", 60, |seed| {
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
            let habits = Habits { ignores_messages, ..Habits::default() };
            let device = simulation.create_device(&format!("pump-{number}"), habits);
            simulation.world_mut().tell_device(device, 0, Action::Connect);
            let mix = Mix { message: 900, leave: 50, drop: 50, ..Mix::default() };
            traffic::start(&mut simulation, device, mix, 60, 250, &told);
        }
        simulation.run(30_000);
        traffic::check(&mut simulation, &told);
        let world = simulation.world();
        for (_, mid) in &told.borrow().queued {
            assert!(world.ledger.completed.contains(mid), "{mid} is still queued");
        }
    });
}

#[test]
fn a_lost_delivery_is_offered_again_without_a_reconnect() {
    over_seeds("a_lost_delivery_is_offered_again_without_a_reconnect", 40, |seed| {
        // Only the calls of the registry to the gateway can fail here: no device starts over.
        let mut simulation = Simulation::new(seed, Faults::none());
        let device = simulation.connected_device("pump-1", Habits::default());
        let faults = Faults { lost_call: 400, crash_every: 0, ..Faults::none() };
        let mut sent = Vec::new();
        for number in 0..8 {
            simulation.world_mut().set_faults(faults);
            let (operator, mid) = (simulation.operator(), format!("m{number}"));
            sent.push(mid.clone());
            let reply = simulation.finish(async move { operator.send_message("pump-1", &mid, &[]).await });
            assert_eq!(reply.status, 204);
            simulation.world_mut().set_faults(Faults::none());
            let crash = simulation.world_mut().random.chance(300);
            if crash {
                crash_some(&simulation, |address| matches!(address, Address::Registry(_)));
            }
            simulation.run(30_000);
        }
        let world = simulation.world();
        let diary = &world.devices[device].diary;
        for mid in sent {
            assert!(diary.received.iter().any(|message| message.message_id == mid), "{mid} never came");
        }
        assert_eq!(diary.sessions.len(), 1, "on the first connection");
        assert!(world.ledger.violations.is_empty(), "{:?}", world.ledger.violations);
    });
}

#[test]
fn nothing_is_noticed_of_hibernation() {
    over_seeds("nothing_is_noticed_of_hibernation", 40, |seed| {
        let faults = Faults { evict_at_once: true, alarm_twice: 200, ..Faults::none() };
        let mut simulation = Simulation::new(seed, faults);
        let told = told();
        for number in 0..2 {
            let habits = Habits { keep_alive: 30, ..Habits::default() };
            let device = simulation.create_device(&format!("pump-{number}"), habits);
            simulation.world_mut().tell_device(device, 0, Action::Connect);
            // Slow enough that a gateway sleeps between most steps.
            let mix = Mix { publish: 300, report: 150, desired: 150, method: 150, message: 250, ..Mix::default() };
            traffic::start(&mut simulation, device, mix, 30, 7_000, &told);
        }
        simulation.run(350_000);
        for device in &simulation.world().devices {
            assert_eq!(device.diary.sessions.len(), 1, "{:?}", device.diary.closed);
        }
        assert!(simulation.world().evictions > 20, "gateways slept {} times", simulation.world().evictions);
        let failed: Vec<_> =
            told.borrow().methods.iter().filter(|(_, status, _)| *status != 200).cloned().collect();
        assert!(failed.is_empty(), "{failed:?}");
        simulation.world_mut().set_faults(Faults::none());
        traffic::check(&mut simulation, &told);
    });
}

/// Replaces a device with these fields; whether it certainly happened.
async fn put(operator: simulation::operator::Operator, id: &'static str, body: Value) -> bool {
    for _ in 0..40 {
        let target = format!("/devices/{id}");
        if operator.json_if_match(Method::Put, &target, "*", &body).await.status == 200 {
            return true;
        }
    }
    false
}

fn keys(one: u8) -> Value {
    let key = shared::auth::keys::key_text(&[one; 32]);
    json!({ "symmetricKey": { "primaryKey": key, "secondaryKey": key } })
}

#[test]
fn disabling_deleting_and_new_keys_close_the_connection_within_five_seconds() {
    over_seeds("disabling_deleting_and_new_keys_close_the_connection_within_five_seconds", 40, |seed| {
        let faults = Faults { evict_every: 300, duplicate: 200, slow: 100, alarm_twice: 100, ..Faults::none() };
        let mut simulation = Simulation::new(seed, faults);
        let device = simulation.create_device("pump-1", Habits::default());
        let operator = simulation.operator();
        let body = json!({ "authentication": keys(1) });
        assert!(simulation.finish(put(operator.clone(), "pump-1", body)));
        simulation.world_mut().devices[device].key = shared::auth::keys::key_text(&[1; 32]);
        let changes = [
            json!({ "status": "disabled", "authentication": keys(1) }),
            json!({ "status": "enabled", "authentication": keys(2) }),
            Value::Null,
        ];
        for change in changes {
            simulation.world_mut().devices[device].habits.reconnects = true;
            simulation.world_mut().tell_device(device, 0, Action::Connect);
            assert!(simulation.run_until(60_000, |world| world.devices[device].is_ready()), "comes online");
            simulation.world_mut().devices[device].habits.reconnects = false;
            let wait = simulation.world_mut().random.between(0, 10_000);
            simulation.run(wait);
            let closed = simulation.world().devices[device].diary.closed.len();
            if change.is_null() {
                let deleter = operator.clone();
                let gone = simulation.finish(async move {
                    deleter.send(Method::Delete, "/devices/pump-1", &[("if-match", "*")], Vec::new()).await
                });
                assert_eq!(gone.status, 204);
            } else {
                assert!(simulation.finish(put(operator.clone(), "pump-1", change.clone())));
            }
            let gone =
                simulation.run_until(5_000, |world| world.devices[device].diary.closed.len() > closed);
            assert!(gone, "still connected after {change}");
            // And it does not come back with what it knows.
            simulation.world_mut().tell_device(device, 0, Action::Connect);
            simulation.run(5_000);
            assert!(!simulation.world().devices[device].is_ready(), "came back after {change}");
            let fresh = json!({ "authentication": keys(2) });
            if change["status"] == "disabled" {
                let enabled = json!({ "authentication": keys(1) });
                assert!(simulation.finish(put(operator.clone(), "pump-1", enabled)));
            } else if !change.is_null() {
                assert!(simulation.finish(put(operator.clone(), "pump-1", fresh)));
                simulation.world_mut().devices[device].key = shared::auth::keys::key_text(&[2; 32]);
            }
        }
        let world = simulation.world();
        assert!(world.ledger.violations.is_empty(), "{:?}", world.ledger.violations);
    });
}

#[test]
fn a_recreated_device_is_not_confused_with_its_predecessor() {
    over_seeds("a_recreated_device_is_not_confused_with_its_predecessor", 40, |seed| {
        let faults = Faults { slow: 300, lost_call: 100, duplicate: 200, crash_every: 3_000, ..Faults::none() };
        let mut simulation = Simulation::new(seed, faults);
        let habits = Habits { ignores_messages: 300, ..Habits::default() };
        let old = simulation.create_device("pump-1", habits);
        simulation.world_mut().tell_device(old, 0, Action::Connect);
        simulation.run(3_000);
        let operator = simulation.operator();
        let hub = simulation.hub();
        simulation.finish(async move {
            for number in 0..4 {
                operator.send_message("pump-1", &format!("old-{number}"), &[]).await;
            }
            hub.sleep(50).await;
            for _ in 0..40 {
                let reply = operator
                    .send(Method::Delete, "/devices/pump-1", &[("if-match", "*")], Vec::new())
                    .await;
                if reply.status == 204 || reply.status == 404 {
                    break;
                }
            }
        });
        let told = told();
        let new = simulation.create_device("pump-1", Habits::default());
        simulation.world_mut().tell_device(new, 0, Action::Connect);
        let mix = Mix { message: 700, publish: 300, ..Mix::default() };
        traffic::start(&mut simulation, new, mix, 30, 200, &told);
        simulation.world_mut().devices[old].habits.reconnects = false;
        simulation.run(30_000);
        traffic::check(&mut simulation, &told);
        let world = simulation.world();
        let received = &world.devices[new].diary.received;
        assert!(
            received.iter().all(|message| !message.message_id.starts_with("old")),
            "the old device's messages are gone with it: {received:?}"
        );
    });
}

#[test]
fn the_same_seed_is_the_same_run() {
    let run = || {
        let mut simulation = Simulation::new(99, Faults::all());
        let told = told();
        for number in 0..3 {
            let device = simulation.create_device(&format!("pump-{number}"), Habits::default());
            simulation.world_mut().tell_device(device, 0, Action::Connect);
            traffic::start(&mut simulation, device, Mix::all(), 50, 200, &told);
        }
        simulation.run(30_000);
        let world = simulation.world();
        let diaries: Vec<String> =
            world.devices.iter().map(|device| format!("{:?}", device.diary)).collect();
        (diaries, format!("{:?}", told.borrow()), world.network.now, world.ledger.acknowledgements)
    };
    assert_eq!(run(), run());
}
