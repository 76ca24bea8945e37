//! Devices that hibernate with their gateway, lose their rights, or come back as others.

use serde_json::{Value, json};
use shared::http::{Backend, Method};
use simulation::device::{Action, Habits};
use simulation::scenario::over_seeds;
use simulation::traffic::{self, Mix, Told};
use simulation::{Faults, Simulation};
use std::cell::RefCell;
use std::rc::Rc;

fn told() -> Rc<RefCell<Told>> {
    Rc::new(RefCell::new(Told::default()))
}

#[test]
fn nothing_is_noticed_of_hibernation() {
    over_seeds("nothing_is_noticed_of_hibernation", 40, |seed| {
        let faults = Faults {
            evict_at_once: true,
            alarm_twice: 200,
            ..Faults::none()
        };
        let mut simulation = Simulation::new(seed, faults);
        let told = told();
        for number in 0..2 {
            let habits = Habits {
                keep_alive: 30,
                ..Habits::default()
            };
            let device = simulation.create_device(&format!("pump-{number}"), habits);
            simulation
                .world_mut()
                .tell_device(device, 0, Action::Connect);
            // Slow enough that a gateway sleeps between most steps.
            let mix = Mix {
                publish: 300,
                report: 150,
                desired: 150,
                method: 150,
                message: 250,
                ..Mix::default()
            };
            traffic::start(&mut simulation, device, mix, 30, 7_000, &told);
        }
        simulation.run(350_000);
        for device in &simulation.world().devices {
            assert_eq!(device.diary.sessions.len(), 1, "{:?}", device.diary.closed);
        }
        assert!(
            simulation.world().evictions > 20,
            "gateways slept {} times",
            simulation.world().evictions
        );
        let failed: Vec<_> = told
            .borrow()
            .methods
            .iter()
            .filter(|(_, status, _)| *status != 200)
            .cloned()
            .collect();
        assert!(failed.is_empty(), "{failed:?}");
        simulation.world_mut().set_faults(Faults::none());
        traffic::check(&mut simulation, &told);
    });
}

/// Replaces a device with these fields; whether it certainly happened.
async fn put(operator: simulation::operator::Operator, id: &'static str, body: Value) -> bool {
    for _ in 0..40 {
        let target = format!("/devices/{id}");
        if operator
            .json_if_match(Method::Put, &target, "*", &body)
            .await
            .status
            == 200
        {
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
    over_seeds(
        "disabling_deleting_and_new_keys_close_the_connection_within_five_seconds",
        40,
        |seed| {
            let faults = Faults {
                evict_every: 300,
                duplicate: 200,
                slow: 100,
                alarm_twice: 100,
                ..Faults::none()
            };
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
                simulation
                    .world_mut()
                    .tell_device(device, 0, Action::Connect);
                assert!(
                    simulation.run_until(60_000, |world| world.devices[device].is_ready()),
                    "comes online"
                );
                simulation.world_mut().devices[device].habits.reconnects = false;
                let wait = simulation.world_mut().random.between(0, 10_000);
                simulation.run(wait);
                let closed = simulation.world().devices[device].diary.closed.len();
                if change.is_null() {
                    let deleter = operator.clone();
                    let gone = simulation.finish(async move {
                        deleter
                            .send(
                                Method::Delete,
                                "/devices/pump-1",
                                &[("if-match", "*")],
                                Vec::new(),
                            )
                            .await
                    });
                    assert_eq!(gone.status, 204);
                } else {
                    assert!(simulation.finish(put(operator.clone(), "pump-1", change.clone())));
                }
                let gone = simulation.run_until(5_000, |world| {
                    world.devices[device].diary.closed.len() > closed
                });
                assert!(gone, "still connected after {change}");
                // And it does not come back with what it knows.
                simulation
                    .world_mut()
                    .tell_device(device, 0, Action::Connect);
                simulation.run(5_000);
                assert!(
                    !simulation.world().devices[device].is_ready(),
                    "came back after {change}"
                );
                let fresh = json!({ "authentication": keys(2) });
                if change["status"] == "disabled" {
                    let enabled = json!({ "authentication": keys(1) });
                    assert!(simulation.finish(put(operator.clone(), "pump-1", enabled)));
                } else if !change.is_null() {
                    assert!(simulation.finish(put(operator.clone(), "pump-1", fresh)));
                    simulation.world_mut().devices[device].key =
                        shared::auth::keys::key_text(&[2; 32]);
                }
            }
            let world = simulation.world();
            assert!(
                world.ledger.violations.is_empty(),
                "{:?}",
                world.ledger.violations
            );
        },
    );
}

#[test]
fn a_recreated_device_is_not_confused_with_its_predecessor() {
    over_seeds(
        "a_recreated_device_is_not_confused_with_its_predecessor",
        40,
        |seed| {
            let faults = Faults {
                slow: 300,
                lost_call: 100,
                duplicate: 200,
                crash_every: 3_000,
                ..Faults::none()
            };
            let mut simulation = Simulation::new(seed, faults);
            let habits = Habits {
                ignores_messages: 300,
                ..Habits::default()
            };
            let old = simulation.create_device("pump-1", habits);
            simulation.world_mut().tell_device(old, 0, Action::Connect);
            simulation.run(3_000);
            let operator = simulation.operator();
            let hub = simulation.hub();
            simulation.finish(async move {
                for number in 0..4 {
                    operator
                        .send_message("pump-1", &format!("old-{number}"), &[])
                        .await;
                }
                hub.sleep(50).await;
                for _ in 0..40 {
                    let reply = operator
                        .send(
                            Method::Delete,
                            "/devices/pump-1",
                            &[("if-match", "*")],
                            Vec::new(),
                        )
                        .await;
                    if reply.status == 204 || reply.status == 404 {
                        break;
                    }
                }
            });
            let told = told();
            let new = simulation.create_device("pump-1", Habits::default());
            simulation.world_mut().tell_device(new, 0, Action::Connect);
            let mix = Mix {
                message: 700,
                publish: 300,
                ..Mix::default()
            };
            traffic::start(&mut simulation, new, mix, 30, 200, &told);
            simulation.world_mut().devices[old].habits.reconnects = false;
            simulation.run(30_000);
            traffic::check(&mut simulation, &told);
            let world = simulation.world();
            let received = &world.devices[new].diary.received;
            assert!(
                received
                    .iter()
                    .all(|message| !message.message_id.starts_with("old")),
                "the old device's messages are gone with it: {received:?}"
            );
        },
    );
}
