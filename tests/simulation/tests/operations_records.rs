//! What is written down when a device cannot connect (`device-management.md` §9.1, R33).

use serde_json::{Value, json};
use simulation::packets::{ConnectFields, Wire};
use simulation::rest::Rest;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";

fn refused(hub: &mut Rest, id: &str) {
    let fields = ConnectFields::new(&hub.0, id, KEY);
    let mut wire = Wire::open(&mut hub.0);
    wire.send(&mut hub.0, &fields.bytes());
    hub.0.run(1_000);
    assert_eq!(wire.connack(&hub.0).code as u8, 5);
}

fn records(hub: &mut Rest, filter: &str) -> Vec<Value> {
    let reply = hub.get(&format!("/api/v1/operations?{filter}"));
    assert_eq!(reply.status, 200, "{:?}", reply.body);
    reply.body["records"].as_array().unwrap().clone()
}

#[test]
fn r33_a_refused_connect_leaves_an_error_record() {
    let mut hub = Rest::default();
    refused(&mut hub, "stranger");
    hub.put("/devices/pump", None, json!({}));
    refused(&mut hub, "pump");
    let all = records(&mut hub, "category=Connections&level=Error");
    assert_eq!(all.len(), 2);
    let found = records(&mut hub, "deviceId=stranger");
    assert_eq!(found.len(), 1);
    let record = &found[0];
    assert_eq!(record["operationName"], "deviceConnect");
    assert_eq!(record["resultType"], "401003");
    assert_eq!(record["resultDescription"], "no such identity");
    assert_eq!(record["protocol"], "Mqtt");
    assert!(records(&mut hub, "category=Routes").is_empty());
    let other = records(&mut hub, "deviceId=pump&format=resourceLog");
    let special: Value = serde_json::from_str(other[0]["properties"].as_str().unwrap()).unwrap();
    assert_eq!(special["deviceId"], "pump");
    let legacy = records(&mut hub, "deviceId=pump&format=legacy");
    assert_eq!(legacy[0]["statusCode"], "401003");
}

#[test]
fn a_storm_is_counted_and_not_written() {
    let mut hub = Rest::default();
    for _ in 0..200 {
        refused(&mut hub, "stranger");
    }
    let written = records(&mut hub, "top=500");
    assert!((60..=500).contains(&written.len()), "{}", written.len());
    hub.0.run(60_000);
    refused(&mut hub, "stranger");
    let all = records(&mut hub, "top=500");
    let suppressed: u64 = all
        .iter()
        .map(|record| record["suppressed"].as_f64().unwrap() as u64)
        .sum();
    assert_eq!(
        all.len() as u64 + suppressed,
        201,
        "each is told of or counted"
    );
    let first = hub.get("/api/v1/operations?top=10");
    let cursor = first.body["cursor"].as_str().unwrap().to_owned();
    let second = records(&mut hub, &format!("top=10&cursor={cursor}"));
    assert_eq!(second, all[10..20]);
}
