//! A query's result as it changes, whatever is done to a fleet and whatever goes wrong: what
//! clients make of the events is what the queries say (R23).

use serde_json::{Value, json};
use shared::http::Backend;
use shared::ids::{DeviceId, Identity};
use shared::ipc::registry::{RegistryRequest, ReportTwin};
use simulation::device::{Action, Habits};
use simulation::random::Random;
use simulation::rest::Rest;
use simulation::scenario::over_seeds;
use simulation::watching::{Watched, direct};
use simulation::{Faults, Simulation};

/// A change is told within this time.
const SOON: i64 = 1_000;

/// What a client may do to a fleet of few devices.
fn anything(hub: &mut Rest, random: &mut Random) {
    let id = format!("d{}", random.below(6));
    let t = random.below(100);
    let any = Some("*");
    let module = format!("/devices/{id}/modules/m{}", random.below(2));
    match random.below(20) {
        0 | 1 => drop(hub.put(&format!("/devices/{id}"), None, json!({}))),
        2 => {
            let status = ["enabled", "disabled"][usize::from(t > 30)];
            let body = json!({ "status": status, "statusReason": t.to_string() });
            hub.put(&format!("/devices/{id}"), any, body);
        }
        3 => drop(hub.delete(&format!("/devices/{id}"), any)),
        4..=6 => {
            let backend = hub.0.hub();
            let identity = Identity::device(DeviceId::parse(&id).unwrap());
            let shard = backend.layout().shard_of(&identity.device);
            let report = RegistryRequest::ReportTwin(ReportTwin {
                identity,
                patch: json!({ "t": t }).to_string(),
                version: None,
            });
            let _ = hub
                .0
                .finish(async move { backend.registry(shard, report).await });
        }
        7 | 8 => {
            let site = ["oslo", "bergen"][usize::from(t > 50)];
            let body = json!({ "tags": { "site": site }, "properties": { "desired": { "w": t } } });
            hub.patch(&format!("/twins/{id}"), body);
        }
        9 => drop(hub.put(&format!("/twins/{id}"), any, json!({ "tags": { "n": t } }))),
        10 => drop(hub.put(&module, None, json!({}))),
        11 => drop(hub.delete(&module, any)),
        12 => {
            let operator = hub.0.operator();
            let expiry = hub.0.hub().now().plus_seconds(2).to_string();
            let headers = [("iothub-expiry", expiry)];
            hub.0.finish(async move {
                let headers = headers
                    .each_ref()
                    .map(|(name, text)| (*name, text.as_str()));
                operator.send_message(&id, &t.to_string(), &headers).await
            });
        }
        13 => drop(hub.delete(&format!("/devices/{id}/commands"), None)),
        14 => {
            let body = json!({ "policyKey": "both", "devices": [{ "id": id }] });
            hub.post("/devices/keys/regenerate", body);
        }
        15 => {
            let mode = ["createOrUpdate", "delete", "updateTwin"][usize::try_from(t % 3).unwrap()];
            let other = format!("d{}", random.below(6));
            let items = json!([
                { "id": id, "importMode": mode, "status": "enabled", "tags": { "bulk": t } },
                { "id": other, "importMode": "createOrUpdate", "status": "enabled" },
            ]);
            hub.post("/devices", items);
        }
        16 => {
            let reply = hub.post(
                &format!("/api/v1/devices/{id}/retire"),
                json!({ "reason": "failure" }),
            );
            let archived = reply.body["archive"].as_str();
            if let Some(archived) = archived.filter(|_| t > 50) {
                hub.post(&format!("{archived}/restore"), Value::Null);
            }
        }
        17 => {
            let path = format!("/configurations/c{}", random.below(2));
            if hub.delete(&path, any).status != 204 {
                let body = json!({
                    "id": path.rsplit('/').next(), "priority": t, "targetCondition": "tags.site = 'oslo'",
                    "content": { "deviceContent": { "properties.desired.c": t } },
                });
                hub.put(&path, None, body);
            }
        }
        18 => {
            let job = json!({
                "type": "scheduleUpdateTwin", "queryCondition": "tags.site = 'bergen'",
                "updateTwin": { "etag": "*", "tags": { "job": t } },
            });
            hub.put(&format!("/jobs/v2/j{}", random.bits()), None, job);
        }
        _ => {
            let devices = hub.0.world().devices.len();
            if let Some(device) = usize::try_from(t).ok().filter(|device| *device < devices) {
                let action = [Action::Connect, Action::Leave][usize::from(t > 0)].clone();
                hub.0.world_mut().tell_device(device, 0, action);
            }
        }
    }
}

/// Queries whose results together show everything that a document shows.
const QUERIES: [&str; 4] = [
    "SELECT * FROM devices",
    "SELECT * FROM devices WHERE deviceId != 'd9'",
    "SELECT * FROM devices.modules",
    "SELECT deviceId, properties.reported.t AS t FROM devices WHERE properties.reported.t > 50",
];

/// What the clients show is what the queries say. Devices may be heard between the two, so
/// there is more than one try; what nobody noted stays wrong.
fn agrees(hub: &mut Rest, clients: &[Watched], patience: u32) {
    for (query, client) in QUERIES.iter().zip(clients) {
        assert!(!client.has_ended());
        for attempt in 1.. {
            let wanted = direct(hub, query);
            if client.rows() == wanted {
                break;
            }
            assert!(
                attempt < patience,
                "{query}: {:#?}\nbut it is {wanted:#?}",
                client.rows()
            );
            hub.0.run(SOON);
        }
    }
}

fn fleet(seed: u64, faults: Faults) -> (Rest, Random, Vec<Watched>) {
    let mut hub = Rest(Simulation::new(seed, Faults::none()));
    let limits = json!({ "overrides": {
        "configurations": { "perMinute": 60_000, "burst": 1_000 },
    } });
    assert_eq!(hub.put("/api/v1/throttles", None, limits).status, 200);
    let mut random = hub.0.world_mut().random.fork();
    for id in ["d0", "d1"] {
        let device = hub.0.create_device(id, Habits::default());
        hub.0.world_mut().tell_device(device, 0, Action::Connect);
    }
    hub.0.run(2_000);
    let clients: Vec<Watched> = QUERIES
        .iter()
        .map(|query| Watched::open(&mut hub.0, query))
        .collect();
    hub.0.world_mut().set_faults(faults);
    (hub, random.fork(), clients)
}

#[test]
fn r23_query_stream_folds_to_the_result_after_every_change() {
    over_seeds(
        "r23_query_stream_folds_to_the_result_after_every_change",
        12,
        |seed| {
            let (mut hub, mut random, clients) = fleet(seed, Faults::none());
            for _ in 0..60 {
                anything(&mut hub, &mut random);
                hub.0.run(SOON);
                agrees(&mut hub, &clients, 3);
            }
        },
    );
}

#[test]
fn r23_query_stream_folds_to_the_result_whatever_goes_wrong() {
    over_seeds(
        "r23_query_stream_folds_to_the_result_whatever_goes_wrong",
        12,
        |seed| {
            let (mut hub, mut random, clients) = fleet(
                seed,
                Faults {
                    crash_every: 1_000,
                    ..Faults::all()
                },
            );
            for _ in 0..60 {
                anything(&mut hub, &mut random);
                let pause = random.between(0, 700);
                hub.0.run(pause);
            }
            hub.0.world_mut().set_faults(Faults::none());
            hub.0.run(5_000);
            agrees(&mut hub, &clients, 10);
            assert!(hub.0.world().crashes > 0);
        },
    );
}
