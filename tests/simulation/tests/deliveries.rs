//! Events on their way to receivers that fail, hang, answer slowly and come back
//! (`query-routing-events.md` §3.9, §5.2): nothing lost, nothing out of order within a
//! partition, and the pauses that the contract asks for.

use serde_json::{Value, json};
use shared::http::Backend;
use shared::hub::segment::{self, Record};
use shared::ids::DeviceId;
use shared::ipc::Address;
use simulation::receivers::Mood;
use simulation::rest::Rest;
use simulation::{Faults, Simulation};
use std::collections::BTreeMap;

const RECEIVER: &str = "https://receiver.example";
const MINUTE: i64 = 60_000;

/// Has a partition store a message; again, if nobody knows whether it did.
fn send(hub: &mut Rest, device: &str, number: u64) {
    let mut batch = Vec::new();
    let body = number.to_string();
    let record = Record {
        device,
        bag: "$.ct=application%2Fjson&$.ce=utf-8",
        body: body.as_bytes(),
        auth_method: "{}",
        ..Record::default()
    };
    segment::encode(&mut batch, &record);
    let handle = hub.0.hub();
    let device = DeviceId::parse(device).unwrap();
    let partition = handle.layout().partition_of(&device);
    hub.0.finish(async move {
        while handle.append(partition, batch.clone()).await.is_err() {
            handle.sleep(50).await;
        }
    });
}

fn subscribe(hub: &mut Rest, more: Value) {
    let mut body = json!({"url": format!("{RECEIVER}/in"), "sources": ["DeviceMessages"],
        "batch": {"maxEvents": 10, "maxSeconds": 1}});
    let given = more.as_object().expect("an object").clone();
    body.as_object_mut().expect("an object").extend(given);
    let reply = hub.put("/api/v1/subscriptions/all", None, body);
    assert!(reply.status < 300, "{}", reply.body);
    assert_eq!(reply.body["status"], "active");
}

fn mood(hub: &Rest, mood: Mood) {
    hub.0.world_mut().receivers.at(RECEIVER).mood = mood;
}

/// Bodies by device, in the order in which they first came.
fn taken(hub: &Rest) -> BTreeMap<String, Vec<u64>> {
    let events = hub.0.world_mut().receivers.at(RECEIVER).events();
    let mut all: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    for event in events {
        let device = event["deviceId"].as_str().expect("a device").to_owned();
        let number = event["body"].as_u64().expect("a number");
        let of_device = all.entry(device).or_default();
        if !of_device.contains(&number) {
            of_device.push(number);
        }
    }
    all
}

fn health(hub: &mut Rest) -> Value {
    let health = hub.get("/api/v1/routing/endpoints/health").body;
    health["value"][0].clone()
}

fn requests(hub: &Rest) -> Vec<simulation::receivers::Received> {
    hub.0.world_mut().receivers.at(RECEIVER).requests.clone()
}

fn alerts(hub: &mut Rest, state: &str) -> Vec<Value> {
    let reply = hub.get(&format!("/api/v1/alerts?rule=endpointDead&state={state}"));
    reply.body["items"].as_array().expect("alerts").clone()
}

#[test]
fn a_receiver_that_is_down_for_an_hour_gets_everything_in_order() {
    let mut hub = Rest::default();
    mood(&hub, Mood::Up);
    subscribe(&mut hub, json!({}));
    mood(&hub, Mood::Down);
    let devices = ["pump-1", "pump-2", "pump-3", "pump-4", "pump-5"];
    let mut number = 0;
    // An hour and ten minutes, 350 messages.
    for _ in 0..70 {
        for device in devices {
            number += 1;
            send(&mut hub, device, number);
        }
        hub.0.run(MINUTE);
    }
    let down = health(&mut hub);
    assert_eq!(down["healthStatus"], "dead");
    assert_eq!(down["delivered"], 0);
    assert!(
        down["lastKnownError"]
            .as_str()
            .expect("an error")
            .starts_with("Transient")
    );
    let open = alerts(&mut hub, "open");
    assert_eq!(open.len(), 1, "{open:#?}");
    assert_eq!(open[0]["severity"], "error");
    mood(&hub, Mood::Up);
    hub.0.run(6 * MINUTE);
    let taken = taken(&hub);
    for (place, device) in devices.iter().enumerate() {
        let expected: Vec<u64> = (0..70).map(|round| round * 5 + place as u64 + 1).collect();
        assert_eq!(taken[*device], expected, "{device}");
    }
    // Nothing came twice: the receiver had not taken anything before.
    assert_eq!(hub.0.world_mut().receivers.at(RECEIVER).events().len(), 350);
    let up = health(&mut hub);
    assert_eq!(
        (&up["healthStatus"], &up["delivered"]),
        (&json!("healthy"), &json!(350))
    );
    hub.0.run(3 * MINUTE);
    assert_eq!(alerts(&mut hub, "open").len(), 0);
}

#[test]
fn pauses_double_up_to_five_minutes() {
    let mut hub = Rest::default();
    mood(&hub, Mood::Up);
    subscribe(&mut hub, json!({}));
    mood(&hub, Mood::Says(500, None));
    send(&mut hub, "pump-1", 1);
    hub.0.run(60 * MINUTE);
    let times: Vec<i64> = requests(&hub)
        .iter()
        .map(|request| request.at.milliseconds())
        .collect();
    let pauses: Vec<i64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (place, pause) in pauses.iter().enumerate() {
        let most = (1_000 << place.min(20)).min(300_000);
        let least = (most * 3 / 4).max(1_000);
        assert!(
            (least - 50..=most + 5_100).contains(pause),
            "pause {place} is {pause}, not {least} to {most}: {pauses:?}"
        );
    }
    assert!(pauses.len() > 15, "{pauses:?}");
}

#[test]
fn a_receiver_that_asks_for_a_pause_gets_it() {
    let mut hub = Rest::default();
    mood(&hub, Mood::Up);
    subscribe(&mut hub, json!({}));
    mood(&hub, Mood::Says(429, Some(120)));
    send(&mut hub, "pump-1", 1);
    hub.0.run(5 * MINUTE);
    let times: Vec<i64> = requests(&hub)
        .iter()
        .map(|request| request.at.milliseconds())
        .collect();
    assert!(
        times.windows(2).all(|pair| pair[1] - pair[0] >= 120_000),
        "{times:?}"
    );
    assert_eq!(times.len(), 3);
    assert!(
        health(&mut hub)["lastKnownError"]
            .as_str()
            .unwrap()
            .starts_with("Throttled")
    );
}

#[test]
fn a_slow_receiver_holds_up_nobody_else() {
    let mut hub = Rest::default();
    mood(&hub, Mood::Up);
    subscribe(&mut hub, json!({}));
    mood(&hub, Mood::Hangs);
    hub.0.world_mut().receivers.at("https://other.example").mood = Mood::Up;
    hub.put(
        "/api/v1/subscriptions/other",
        None,
        json!({"url": "https://other.example/", "sources": ["DeviceMessages"], "batch": {"maxSeconds": 0}}),
    );
    for number in 1..=20 {
        send(&mut hub, "pump-1", number);
    }
    hub.0.run(1_000);
    assert_eq!(
        hub.0
            .world_mut()
            .receivers
            .at("https://other.example")
            .events()
            .len(),
        20
    );
    // One request at a time to whoever does not answer.
    assert_eq!(requests(&hub).len(), 1);
    mood(&hub, Mood::Slow(3_000));
    hub.0.run(3 * MINUTE);
    assert_eq!(taken(&hub)["pump-1"], (1..=20).collect::<Vec<u64>>());
}

#[test]
fn what_a_receiver_calls_invalid_becomes_dead_letters() {
    let mut hub = Rest::default();
    mood(&hub, Mood::Up);
    subscribe(
        &mut hub,
        json!({"batch": {"maxEvents": 1, "maxSeconds": 0}}),
    );
    mood(&hub, Mood::Says(422, None));
    for number in 1..=3 {
        send(&mut hub, "pump-1", number);
    }
    hub.0.run(1_000);
    mood(&hub, Mood::Up);
    send(&mut hub, "pump-1", 4);
    hub.0.run(1_000);
    assert_eq!(taken(&hub)["pump-1"], [4], "it is not tried again");
    assert_eq!(health(&mut hub)["invalid"], 3);
    let letters = hub.get("/api/v1/routing/endpoints/all/dead-letters").body;
    let letters = letters["value"].as_array().expect("letters").clone();
    let bodies: Vec<&Value> = letters
        .iter()
        .map(|letter| &letter["event"]["body"])
        .collect();
    assert_eq!(bodies, [&json!(1), &json!(2), &json!(3)]);
    assert_eq!(letters[0]["reason"], "status 422");
    let second = letters[1]["id"].as_str().expect("an id");
    let one = format!("/api/v1/routing/endpoints/all/dead-letters/resend?id={second}");
    assert_eq!(hub.post(&one, Value::Null).body, json!({"count": 1}));
    hub.0.run(1_000);
    assert_eq!(taken(&hub)["pump-1"], [4, 2]);
    assert_eq!(
        hub.post(&one, Value::Null).status,
        404,
        "it is there no more"
    );
    let all = "/api/v1/routing/endpoints/all/dead-letters";
    assert_eq!(hub.delete(all, None).body, json!({"count": 2}));
    assert_eq!(hub.get(all).body["value"], json!([]));
}

#[test]
fn a_receiver_that_is_gone_gets_nothing_until_it_is_put_again() {
    let mut hub = Rest::default();
    mood(&hub, Mood::Up);
    subscribe(&mut hub, json!({}));
    mood(&hub, Mood::Says(410, None));
    send(&mut hub, "pump-1", 1);
    hub.0.run(30 * MINUTE);
    assert_eq!(requests(&hub).len(), 1);
    assert_eq!(health(&mut hub)["healthStatus"], "dead");
    mood(&hub, Mood::Up);
    subscribe(
        &mut hub,
        json!({"batch": {"maxEvents": 5, "maxSeconds": 1}}),
    );
    hub.0.run(10_000);
    assert_eq!(taken(&hub)["pump-1"], [1], "nothing was lost meanwhile");
}

#[test]
fn who_does_not_agree_is_sent_nothing() {
    let mut hub = Rest::default();
    hub.0.world_mut().receivers.at(RECEIVER).refuses = true;
    let body = json!({"url": RECEIVER, "sources": ["DeviceMessages"], "batch": {"maxSeconds": 0}});
    let reply = hub.put("/api/v1/subscriptions/all", None, body);
    assert_eq!(
        (reply.status, &reply.body["status"]),
        (201, &json!("pending"))
    );
    send(&mut hub, "pump-1", 1);
    hub.0.run(10 * MINUTE);
    assert!(requests(&hub).is_empty());
    let again = "/api/v1/routing/endpoints/all/validate";
    assert_eq!(hub.post(again, Value::Null).status, 400);
    hub.0.world_mut().receivers.at(RECEIVER).refuses = false;
    assert_eq!(hub.post(again, Value::Null).body["status"], "active");
    hub.0.run(10_000);
    assert_eq!(taken(&hub)["pump-1"], [1]);
}

#[test]
fn requests_are_signed_and_a_repeated_one_has_the_same_name() {
    let mut hub = Rest::default();
    mood(&hub, Mood::Up);
    hub.put(
        "/api/v1/secrets/key",
        None,
        json!({"value": "0123456789abcdef"}),
    );
    subscribe(&mut hub, json!({"secretRef": "key"}));
    mood(&hub, Mood::Says(503, None));
    send(&mut hub, "pump-1", 1);
    hub.0.run(10_000);
    let requests = requests(&hub);
    let header = |place: usize, wanted: &str| {
        let headers: &Vec<(String, String)> = &requests[place].headers;
        let header = headers.iter().find(|(name, _)| name == wanted);
        header.map(|(_, value)| value.clone()).expect("the header")
    };
    assert!(requests.len() > 2);
    assert_eq!(header(0, "x-hub-delivery"), header(1, "x-hub-delivery"));
    assert!(header(0, "x-hub-signature-256").starts_with("sha256="));
    assert_ne!(header(0, "x-hub-timestamp"), header(2, "x-hub-timestamp"));
}

#[test]
fn files_have_lines_of_their_minute() {
    let mut hub = Rest::default();
    let reply = hub.put(
        "/api/v1/routing",
        None,
        json!({"endpoints": {"storageContainers": [{"name": "archive", "containerName": "telemetry", "batchFrequencyInSeconds": 60}]},
            "routes": [{"name": "all", "source": "DeviceMessages", "endpointNames": ["archive"]}]}),
    );
    assert_eq!(reply.status, 200, "{}", reply.body);
    for number in 1..=3 {
        send(&mut hub, "pump-1", number);
        hub.0.run(25_000);
    }
    hub.0.world_mut().receivers.store_is_down = true;
    send(&mut hub, "pump-1", 4);
    hub.0.run(5 * MINUTE);
    hub.0.world_mut().receivers.store_is_down = false;
    hub.0.run(10 * MINUTE);
    let world = hub.0.world();
    let files: Vec<(&String, Vec<i64>)> = world
        .receivers
        .files
        .iter()
        .map(|((container, name), content)| {
            assert_eq!(container, "telemetry");
            let lines = content.lines().map(|line| {
                let line: Value = serde_json::from_str(line).expect("JSON");
                assert_eq!(line["SystemProperties"]["connectionDeviceId"], "pump-1");
                line["Body"].as_i64().expect("a number")
            });
            (name, lines.collect())
        })
        .collect();
    assert_eq!(files.len(), 2, "{files:?}");
    assert_eq!(files[0].1, [1, 2, 3]);
    assert_eq!(files[1].1, [4]);
    let name = files[0].0;
    assert!(
        name.starts_with("sim/") && name.ends_with("/2026/03/01/00/00"),
        "{name}"
    );
}

/// Receivers fail at random and every object crashes now and then: at the end each event is
/// there, in order, and what came twice came because nobody knew.
#[test]
fn nothing_is_lost_whatever_happens() {
    let seeds = std::env::var("SKERRY_SEEDS").ok();
    let seeds = seeds.and_then(|text| text.parse().ok()).unwrap_or(12);
    for seed in 1..=seeds {
        let mut hub = Rest(Simulation::new(seed, Faults::none()));
        mood(&hub, Mood::Up);
        subscribe(
            &mut hub,
            json!({"batch": {"maxEvents": 3, "maxSeconds": 1}}),
        );
        hub.0.world_mut().set_faults(Faults::all());
        let moods = [
            Mood::Up,
            Mood::Down,
            Mood::Says(503, None),
            Mood::Says(429, Some(2)),
            Mood::Hangs,
            Mood::Slow(800),
        ];
        let mut number = 0;
        for round in 0..40 {
            let place = (seed as usize * 7 + round * 5) % moods.len();
            mood(&hub, moods[place]);
            for device in ["pump-1", "pump-2", "pump-3"] {
                number += 1;
                send(&mut hub, device, number);
            }
            hub.0.run(1_500);
        }
        hub.0.calm_down();
        mood(&hub, Mood::Up);
        hub.0.run(20 * MINUTE);
        let taken = taken(&hub);
        for (place, device) in ["pump-1", "pump-2", "pump-3"].iter().enumerate() {
            let expected: Vec<u64> = (0..40).map(|round| round * 3 + place as u64 + 1).collect();
            assert_eq!(taken[*device], expected, "seed {seed}, {device}");
        }
        let partitions = hub.0.world().layout.partitions;
        for partition in 0..partitions {
            let address = Address::Events(partition);
            let left = hub.0.world().nodes[&address]
                .actor
                .sql
                .number("SELECT count(*) FROM outbox", &[])
                .unwrap_or(0);
            assert_eq!(left, 0, "the outbox of partition {partition} drains");
        }
    }
}

#[test]
fn alerts_that_need_a_person_are_pushed_until_they_are_over() {
    let mut hub = Rest::default();
    mood(&hub, Mood::Up);
    subscribe(&mut hub, json!({"sources": ["alerts"]}));
    hub.0.world_mut().receivers.at("https://other.example").mood = Mood::Up;
    hub.put(
        "/api/v1/subscriptions/other",
        None,
        json!({"url": "https://other.example/", "sources": ["DeviceMessages"], "batch": {"maxSeconds": 0}}),
    );
    hub.0.world_mut().receivers.at("https://other.example").mood = Mood::Down;
    send(&mut hub, "pump-1", 1);
    hub.0.run(90 * MINUTE);
    let told = |hub: &Rest| -> Vec<(Value, Value)> {
        let events = hub.0.world_mut().receivers.at(RECEIVER).events();
        let one = |event: &Value| {
            (
                event["applicationProperties"]["opType"].clone(),
                event["body"]["rule"].clone(),
            )
        };
        events.iter().map(one).collect()
    };
    assert_eq!(told(&hub), [(json!("alertOpened"), json!("endpointDead"))]);
    hub.0.world_mut().receivers.at("https://other.example").mood = Mood::Up;
    hub.0.run(20 * MINUTE);
    assert_eq!(told(&hub).len(), 2);
    assert_eq!(
        told(&hub)[1],
        (json!("alertResolved"), json!("endpointDead"))
    );
}
