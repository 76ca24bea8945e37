//! `device-sim load`: every mode, and that only acknowledged messages count.

use crate::process::Program;
use crate::stand_in::StandIn;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn load_counts_what_was_acknowledged() {
    let hub = StandIn::start().await;
    let line = "load --connections 5 --window 4 --payload 100 --duration 500ms --warm-up 100ms";
    let (code, figures) = Program::start(&hub, &format!("{line} --create"))
        .end()
        .await;
    assert_eq!(
        (code, figures["mode"].as_str(), figures["errors"].as_u64()),
        (0, Some("telemetry"), Some(0))
    );
    let stored: usize = hub
        .state()
        .devices
        .values()
        .map(|device| device.telemetry.len())
        .sum();
    assert_eq!(figures["served"], 5);
    let acked = figures["acked"].as_u64().unwrap();
    assert!(acked > 100 && acked <= stored as u64, "{figures} {stored}");
    assert!(figures["p99Ms"].as_f64() >= figures["p50Ms"].as_f64());
    for device in hub.state().devices.values() {
        let sequences: Vec<String> = device
            .telemetry
            .iter()
            .map(|(_, body)| {
                serde_json::from_slice::<Value>(body).unwrap()["sequence"]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert!(
            sequences.is_sorted() && sequences.first().is_some_and(|first| first == "0000000001")
        );
    }

    let (code, figures) = Program::start(&hub, &format!("{line} --rate 200 --qos 0"))
        .end()
        .await;
    assert_eq!(code, 0);
    let rate = figures["perSecond"].as_f64().unwrap();
    assert!((150.0..250.0).contains(&rate), "{figures}");

    let echo = format!("{line} --mode raw-echo --url {}/echo", hub.url());
    let (code, figures) = Program::start(&hub, &echo).end().await;
    assert!(
        code == 0 && figures["acked"].as_u64().unwrap() > 100,
        "{figures}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn connects_and_idle_connections_are_counted() {
    let hub = StandIn::start().await;
    let line = "load --connections 8 --parallel 4 --warm-up 50ms";
    let (code, figures) = Program::start(
        &hub,
        &format!("{line} --create --duration 400ms --mode connect"),
    )
    .end()
    .await;
    assert!(
        code == 0 && figures["acked"].as_u64().unwrap() > 10 && figures["errors"] == 0,
        "{figures}"
    );
    let raw = format!(
        "{line} --duration 400ms --mode raw-connect --url {}/echo",
        hub.url()
    );
    let (code, figures) = Program::start(&hub, &raw).end().await;
    assert!(
        code == 0 && figures["perSecond"].as_f64().unwrap() > 10.0,
        "{figures}"
    );
    let mut program = Program::start(&hub, &format!("{line} --mode idle --duration 1s"));
    assert_eq!(program.next().await.unwrap(), json!({"connected": 8}));
    assert_eq!(
        hub.state()
            .devices
            .values()
            .filter(|device| device.link.is_some())
            .count(),
        8
    );
    let (code, figures) = program.end().await;
    assert_eq!((code, figures["acked"].as_u64()), (0, Some(8)));
    let (code, figures) = Program::start(
        &hub,
        "load --mode connect --connections 2 --duration 200ms --prefix nobody",
    )
    .end()
    .await;
    assert_eq!(code, 3);
    assert!(
        figures["message"].as_str().unwrap().contains("CONNACK 5"),
        "{figures}"
    );
}
