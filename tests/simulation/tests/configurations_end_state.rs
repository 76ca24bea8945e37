//! Whatever was lost, repeated, late or killed on the way: in the end every twin is as a naive
//! evaluation of all configurations says (`service.md` §11.3), and nothing moves any more.

use serde_json::{Map, Value, json};
use shared::http::{Backend, Method};
use shared::ids::{DeviceId, Identity};
use shared::ipc::Address;
use shared::ipc::registry::{RegistryRequest, ReportTwin};
use simulation::device::Habits;
use simulation::random::Random;
use simulation::scenario::over_seeds;
use simulation::{Faults, Simulation};
use std::cell::Cell;

const DEVICES: u64 = 6;
const CONFIGURATIONS: u64 = 6;

/// Content that always belongs to one name, since it never changes: paths that collide.
fn content(name: u64) -> Value {
    let key = |path: &str| format!("properties.desired.{path}");
    let value = json!(name);
    let content = match name % 3 {
        0 => json!({ key("a"): { "x": value, "y": value }, key("own0"): value }),
        1 => json!({ key("a.x"): value, key("b"): value }),
        _ => json!({ key("b.deep"): value, key("a.y"): value, key("c"): value }),
    };
    json!({ "deviceContent": content })
}

fn target(random: &mut Random) -> String {
    let site = format!("tags.g = {}", random.below(3));
    let heat = format!("properties.reported.t = {}", random.below(3));
    match random.below(6) {
        0 => "*".to_owned(),
        1 => String::new(),
        2 => heat,
        3 => format!("{site} OR {heat}"),
        _ => site,
    }
}

fn is_target(condition: &str, twin: &Value) -> bool {
    condition == "*"
        || condition.split(" OR ").any(|part| {
            let Some((path, value)) = part.split_once(" = ") else {
                return false;
            };
            let pointer = format!("/{}", path.replace('.', "/"));
            twin.pointer(&pointer)
                .is_some_and(|found| found.as_i64() == value.parse().ok())
        })
}

/// Leaves of content, one by one.
fn leaves(path: &str, value: &Value, into: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(inner) => {
            for (name, value) in inner {
                leaves(&format!("{path}.{name}"), value, into);
            }
        }
        value => into.push((path.to_owned(), value.clone())),
    }
}

/// Marks, and what stands where, for one twin.
fn naive(configurations: &[Value], twin: &Value) -> (Value, Vec<(String, Value)>) {
    let mut matching: Vec<&Value> = configurations
        .iter()
        .filter(|one| is_target(one["targetCondition"].as_str().unwrap(), twin))
        .collect();
    matching.sort_by_key(|one| one["id"].as_str().unwrap().to_owned());
    matching
        .sort_by_key(|one| std::cmp::Reverse(one["createdTimeUtc"].as_str().unwrap().to_owned()));
    matching.sort_by_key(|one| std::cmp::Reverse(one["priority"].as_i64().unwrap()));
    let mut won: Vec<(String, Value)> = Vec::new();
    let mut marks = Map::new();
    for one in matching {
        let mut own = Vec::new();
        for (key, value) in one["content"]["deviceContent"].as_object().unwrap() {
            leaves(key, value, &mut own);
        }
        let mut status = "Targeted";
        for (path, value) in own {
            let below =
                |one: &str, other: &str| format!("{one}.").starts_with(&format!("{other}."));
            if won
                .iter()
                .all(|(taken, _)| !below(taken, &path) && !below(&path, taken))
            {
                won.push((path, value));
                status = "Applied";
            }
        }
        marks.insert(
            one["id"].as_str().unwrap().to_owned(),
            json!({ "status": status }),
        );
    }
    (Value::Object(marks), won)
}

fn step(simulation: &mut Simulation, random: &mut Random) {
    let operator = simulation.operator();
    let backend = simulation.hub();
    let device = format!("d{}", random.below(DEVICES));
    let name = random.below(CONFIGURATIONS);
    let path = format!("/configurations/c{name}");
    let kind = random.below(10);
    let number = random.below(3);
    let body = json!({
        "priority": random.below(3),
        "targetCondition": target(random),
        "content": content(name),
    });
    // Whether it got through is seen at the end.
    simulation.finish(async move {
        match kind {
            0..=2 => {
                let tags = json!({ "tags": { "g": number } });
                operator
                    .json(Method::Patch, &format!("/twins/{device}"), &tags)
                    .await;
            }
            3 | 4 => {
                let identity = Identity::device(DeviceId::parse(&device).unwrap());
                let shard = backend.layout().shard_of(&identity.device);
                let report = RegistryRequest::ReportTwin(ReportTwin {
                    identity,
                    patch: json!({ "t": number }).to_string(),
                    version: None,
                });
                let _reached = backend.registry(shard, report).await;
            }
            5 | 6 => {
                operator.json(Method::Put, &path, &body).await;
            }
            7 => {
                operator.json_if_match(Method::Put, &path, "*", &body).await;
            }
            8 => {
                operator
                    .json_if_match(Method::Delete, &path, "*", &json!({}))
                    .await;
            }
            _ => {
                let path = format!("/devices/{device}");
                operator
                    .json_if_match(Method::Delete, &path, "*", &json!({}))
                    .await;
                operator.json(Method::Put, &path, &json!({})).await;
            }
        }
    });
    let pause = random.between(0, 400);
    simulation.run(pause);
}

fn twins(simulation: &mut Simulation) -> Vec<Value> {
    let operator = simulation.operator();
    simulation.finish(async move {
        let mut twins = Vec::new();
        for number in 0..DEVICES {
            let twin = operator.get(&format!("/twins/d{number}")).await;
            if twin.status == 200 {
                twins.push(twin.body);
            }
        }
        twins
    })
}

fn check(simulation: &mut Simulation) {
    let operator = simulation.operator();
    let listed = simulation.finish(async move { operator.get("/configurations").await });
    let configurations = listed.body.as_array().unwrap().clone();
    let known = twins(simulation);
    for twin in &known {
        let (marks, won) = naive(&configurations, twin);
        let found = twin
            .get("configurations")
            .cloned()
            .unwrap_or_else(|| json!({}));
        assert_eq!(
            found, marks,
            "{} with {configurations:#?}",
            twin["deviceId"]
        );
        for (path, value) in won {
            let pointer = format!("/{}", path.replace('.', "/"));
            assert_eq!(twin.pointer(&pointer), Some(&value), "{path} of {twin}");
        }
    }
    for configuration in &configurations {
        let targets = known
            .iter()
            .filter(|twin| is_target(configuration["targetCondition"].as_str().unwrap(), twin));
        let counted = &configuration["systemMetrics"]["results"]["targetedCount"];
        assert_eq!(counted, &json!(targets.count()));
    }
}

fn run(seed: u64, faults: Faults, steps: u32) {
    let mut simulation = Simulation::new(seed, Faults::none());
    let operator = simulation.operator();
    simulation.finish(async move {
        let limits = json!({ "overrides": {
            "configurations": { "perMinute": 60_000, "burst": 1_000 },
        } });
        operator
            .json(Method::Put, "/api/v1/throttles", &limits)
            .await;
    });
    for number in 0..DEVICES {
        simulation.create_device(&format!("d{number}"), Habits::default());
    }
    simulation.world_mut().set_faults(faults);
    let mut random = simulation.world_mut().random.fork();
    for _ in 0..steps {
        step(&mut simulation, &mut random);
    }
    simulation.calm_down();
    check(&mut simulation);
    let before = twins(&mut simulation);
    // Longer than two passes, with every actor started anew and every alarm twice.
    simulation.world_mut().set_faults(Faults {
        alarm_twice: 1000,
        ..Faults::none()
    });
    let addresses: Vec<Address> = simulation.world().nodes.keys().copied().collect();
    for address in addresses {
        simulation.world_mut().crash(address);
    }
    simulation.run(700_000);
    assert_eq!(twins(&mut simulation), before, "nothing moves any more");
    let world = simulation.world();
    assert!(
        world.ledger.violations.is_empty(),
        "{:?}",
        world.ledger.violations
    );
}

#[test]
fn every_twin_ends_as_a_naive_evaluation_says() {
    over_seeds("every_twin_ends_as_a_naive_evaluation_says", 40, |seed| {
        run(seed, Faults::none(), 60);
    });
}

#[test]
fn every_twin_ends_so_whatever_goes_wrong() {
    over_seeds("every_twin_ends_so_whatever_goes_wrong", 60, |seed| {
        run(seed, Faults::all(), 60);
    });
}

#[test]
fn a_pass_survives_its_shard() {
    let interrupted = Cell::new(0);
    over_seeds("a_pass_survives_its_shard", 10, |seed| {
        let mut simulation = Simulation::new(seed, Faults::none());
        for number in 0..300 {
            simulation.create_device(&format!("d{number}"), Habits::default());
        }
        let operator = simulation.operator();
        let body = json!({ "targetCondition": "*", "content": content(0) });
        let made = simulation.finish(async move {
            operator
                .json(Method::Put, "/configurations/c0", &body)
                .await
        });
        assert_eq!(made.status, 200);
        // In the middle of it.
        let pause = simulation.world_mut().random.between(0, 60);
        simulation.run(pause);
        let count = |simulation: &Simulation, sql: &str| -> i64 {
            let world = simulation.world();
            let shards = world
                .nodes
                .iter()
                .filter(|(address, _)| matches!(address, Address::Registry(_)));
            shards
                .map(|(_, node)| node.actor.sql.number(sql, &[]).unwrap())
                .sum()
        };
        let written = "SELECT count(*) FROM twin WHERE configurations IS NOT NULL";
        let early = count(&simulation, written);
        interrupted.set(interrupted.get() + u32::from(early > 0 && early < 300));
        for shard in 0..2 {
            simulation.world_mut().crash(Address::Registry(shard));
        }
        simulation.run(60_000);
        assert_eq!(count(&simulation, written), 300);
        assert_eq!(
            count(&simulation, "SELECT count(*) FROM twin WHERE version <> 3"),
            0
        );
        // The same for the last one to go; nobody asks the shards for anything meanwhile.
        let operator = simulation.operator();
        let gone = simulation.finish(async move {
            let path = "/configurations/c0";
            operator
                .json_if_match(Method::Delete, path, "*", &json!({}))
                .await
        });
        assert_eq!(gone.status, 204);
        simulation.run(pause);
        for shard in 0..2 {
            simulation.world_mut().crash(Address::Registry(shard));
        }
        simulation.run(60_000);
        assert_eq!(count(&simulation, written), 0);
    });
    assert!(interrupted.get() > 0, "some were in the middle of it");
}
