//! Random registry operations beside a model that anybody can read at a glance
//! (`service.md` §4.1, §4.4, §4.6): same answers, same identities, also after a crash.

use serde_json::{Value, json};
use shared::error::ErrorCode;
use shared::ids::{DeviceId, Identity, ModuleId};
use shared::ipc::registry::{
    ApplyItems, DeleteDevice, DeleteModule, Precondition, PutDevice, PutModule, RegistryReply,
    RegistryRequest, Statistics,
};
use simulation::random::Random;
use simulation::scenario::over_seeds;
use simulation::stage::{Stage, device};
use std::collections::BTreeMap;

const DEVICES: [&str; 4] = ["a", "A", "b", "b%#"];
const MODULES: [&str; 3] = ["", "m", "M"];

/// An identity as the model knows it: its etag and what a write gave it.
#[derive(Debug, Clone, PartialEq)]
struct Known {
    etag: String,
    enabled: bool,
    reason: Option<String>,
}

type Key = (&'static str, &'static str);

#[derive(Default)]
struct Model(BTreeMap<Key, Known>);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Match {
    None,
    Any,
    Right,
    Stale,
}

fn missing(model: &Model, key: Key) -> ErrorCode {
    if key.1.is_empty() || !model.0.contains_key(&(key.0, "")) {
        ErrorCode::DeviceNotFound
    } else {
        ErrorCode::ModuleNotFound
    }
}

impl Model {
    fn put(&self, key: Key, matching: Match) -> Option<ErrorCode> {
        match (self.0.contains_key(&key), matching) {
            (false, Match::None) if key.1.is_empty() => None,
            (false, Match::None) => {
                (!self.0.contains_key(&(key.0, ""))).then_some(ErrorCode::DeviceNotFound)
            }
            (false, _) => Some(missing(self, key)),
            (true, Match::None) if key.1.is_empty() => Some(ErrorCode::DeviceAlreadyExists),
            (true, Match::None) => Some(ErrorCode::ModuleAlreadyExistsOnDevice),
            (true, Match::Stale) => Some(ErrorCode::PreconditionFailed),
            (true, _) => None,
        }
    }

    fn delete(&self, key: Key, matching: Match) -> Option<ErrorCode> {
        match (self.0.contains_key(&key), matching) {
            (_, Match::None) => Some(ErrorCode::PreconditionFailed),
            (false, _) => Some(missing(self, key)),
            (true, Match::Stale) => Some(ErrorCode::PreconditionFailed),
            (true, _) => None,
        }
    }

    fn forget(&mut self, key: Key) {
        if key.1.is_empty() {
            self.0.retain(|(device, _), _| *device != key.0);
        } else {
            self.0.remove(&key);
        }
    }
}

fn identity(key: Key) -> Identity {
    Identity {
        device: device(key.0),
        module: ModuleId::parse(key.1).ok(),
    }
}

fn pick<T: Copy>(random: &mut Random, from: &[T]) -> T {
    from[usize::try_from(random.below(from.len() as u64)).unwrap()]
}

fn precondition(model: &Model, key: Key, matching: Match) -> Precondition {
    match matching {
        Match::None => Precondition::None,
        Match::Any => Precondition::Any,
        Match::Stale => Precondition::Etag("c3RhbGU=".into()),
        Match::Right => Precondition::Etag(
            model
                .0
                .get(&key)
                .map_or("MA==".into(), |known| known.etag.clone()),
        ),
    }
}

fn read(stage: &mut Stage, key: Key) -> Option<Value> {
    let request = if key.1.is_empty() {
        RegistryRequest::GetDevice(DeviceId::parse(key.0).unwrap())
    } else {
        RegistryRequest::GetModule(identity(key))
    };
    match stage.ask(request) {
        Ok(RegistryReply::Device(document)) => {
            assert_eq!(document.body["etag"], json!(document.etag));
            Some(document.body)
        }
        Ok(other) => panic!("{other:?}"),
        Err(_) => None,
    }
}

/// Storage and model agree about every identity, and the counts too.
fn agree(stage: &mut Stage, model: &Model) {
    for device in DEVICES {
        for module in MODULES {
            let key = (device, module);
            let stored = read(stage, key).map(|body| Known {
                etag: body["etag"].as_str().unwrap().to_owned(),
                enabled: !module.is_empty() || body["status"] == "enabled",
                reason: body["statusReason"].as_str().map(str::to_owned),
            });
            assert_eq!(stored.as_ref(), model.0.get(&key), "{key:?}");
        }
    }
    let devices = model.0.iter().filter(|((_, module), _)| module.is_empty());
    let enabled = devices.clone().filter(|(_, known)| known.enabled).count() as u64;
    let expected = Statistics {
        total: devices.count() as u64,
        enabled,
        ..Statistics::default()
    };
    match stage.asked(RegistryRequest::Statistics) {
        RegistryReply::Statistics(counts) => assert_eq!(
            (counts.total, counts.enabled, counts.disabled),
            (
                expected.total,
                expected.enabled,
                expected.total - expected.enabled
            )
        ),
        other => panic!("{other:?}"),
    }
}

/// Takes what a successful write left behind into the model, after checking its etag.
fn learn(stage: &mut Stage, model: &mut Model, key: Key, enabled: bool, reason: Option<String>) {
    let body = read(stage, key).expect("it was just written");
    let etag = body["etag"].as_str().unwrap().to_owned();
    let before = model.0.get(&key).map(|known| known.etag.clone());
    assert_ne!(before, Some(etag.clone()), "every write moves the etag");
    let known = Known {
        etag,
        enabled: enabled || !key.1.is_empty(),
        reason: reason.filter(|_| key.1.is_empty()),
    };
    model.0.insert(key, known);
}

#[allow(clippy::too_many_lines)] // one random operation after the other
fn run(seed: u64) {
    let mut stage = Stage::registry();
    let mut random = Random::new(seed);
    let mut model = Model::default();
    for step in 0..150 {
        stage.wait(i64::try_from(random.below(20)).unwrap());
        if random.chance(50) {
            stage.actor.forget(true);
        }
        let key = (pick(&mut random, &DEVICES), pick(&mut random, &MODULES));
        let matching = pick(
            &mut random,
            &[Match::None, Match::Any, Match::Right, Match::Stale],
        );
        let enabled = random.chance(500);
        let reason = random.chance(500).then(|| format!("step {step}"));
        let body = json!({
            "status": if enabled { "enabled" } else { "disabled" },
            "statusReason": reason,
        });
        let entropy = stage.random.bytes(80);
        let condition = precondition(&model, key, matching);
        let id = identity(key);
        let (answer, expected, writes) = match random.below(4) {
            0 => {
                let request = match id.module.clone() {
                    None => RegistryRequest::DeleteDevice(DeleteDevice {
                        device: id.device.clone(),
                        precondition: condition,
                    }),
                    Some(_) => RegistryRequest::DeleteModule(DeleteModule {
                        identity: id.clone(),
                        precondition: condition,
                    }),
                };
                let expected = model.delete(key, matching);
                if expected.is_none() {
                    model.forget(key);
                }
                (stage.ask(request).map(|_| ()), expected, false)
            }
            1 | 2 => {
                let request = match id.module.clone() {
                    None => RegistryRequest::PutDevice(PutDevice {
                        device: id.device.clone(),
                        precondition: condition,
                        body,
                        entropy,
                        missing_scopes: Vec::new(),
                    }),
                    Some(module) => RegistryRequest::PutModule(PutModule {
                        device: id.device.clone(),
                        module,
                        precondition: condition,
                        body,
                        entropy,
                    }),
                };
                let expected = model.put(key, matching);
                (stage.ask(request).map(|_| ()), expected, true)
            }
            _ => {
                let (mode, matching) = match matching {
                    Match::None => ("create", Match::None),
                    Match::Any => ("createOrUpdate", Match::Any),
                    Match::Right => ("updateIfMatchETag", Match::Right),
                    Match::Stale => ("updateIfMatchETag", Match::Stale),
                };
                let mut item = body;
                item["importMode"] = json!(mode);
                if let Precondition::Etag(etag) = condition {
                    item["eTag"] = json!(etag);
                }
                let expected = if mode == "createOrUpdate" && !model.0.contains_key(&key) {
                    model.put(key, Match::None)
                } else {
                    model.put(key, matching)
                };
                let request = RegistryRequest::ApplyItems(ApplyItems {
                    items: vec![(id.clone(), item)],
                    entropy,
                    missing_scopes: Vec::new(),
                });
                match stage.ask(request) {
                    Ok(RegistryReply::Outcomes(mut outcomes)) => {
                        (outcomes.remove(0).map(|_| ()), expected, true)
                    }
                    other => panic!("{other:?}"),
                }
            }
        };
        assert_eq!(
            answer.err().map(|error| error.code),
            expected,
            "step {step}: {key:?} {matching:?}"
        );
        if writes && expected.is_none() {
            learn(&mut stage, &mut model, key, enabled, reason);
        }
        agree(&mut stage, &model);
    }
}

#[test]
fn the_registry_does_what_a_simple_model_does() {
    over_seeds("the_registry_does_what_a_simple_model_does", 60, run);
}
