//! `device-sim run`: fleets, procedures, expectations, exit codes.

use crate::process::Program;
use crate::stand_in::{Outgoing, StandIn};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_fleet_is_created_receives_a_desired_change_and_is_deleted() {
    let hub = StandIn::start().await;
    let mut program = Program::start(
        &hub,
        "run --devices 25 --create --delete-after --interval 200ms --expect-connected --expect-no-drops \
         --expect-desired fleet.ring=b --expect-timeout 20s",
    );
    assert_eq!(program.event("prepared").await["created"], 25);
    assert_eq!(program.event("connected").await["devices"], 25);
    let ids: Vec<String> = hub.state().devices.keys().cloned().collect();
    assert!(
        ids.contains(&"pump-0001".to_owned()) && ids.contains(&"door-0024".to_owned()),
        "{ids:?}"
    );
    assert!(
        hub.state()
            .devices
            .values()
            .all(|device| device.tags["site"].is_string())
    );
    hub.until("telemetry", |state| {
        state
            .devices
            .values()
            .any(|device| {
                let body = device
                    .telemetry
                    .first()
                    .and_then(|(_, body)| serde_json::from_slice::<Value>(body).ok());
                body.is_some_and(|body| body["time"].is_string())
            })
            .then_some(())
    })
    .await;
    for id in &ids {
        hub.push_desired(id, &json!({"fleet": {"ring": "b"}}));
    }
    assert_eq!(program.event("expectation").await["devices"], 25);
    assert_eq!(program.event("summary").await["desiredReceived"], 25);
    let (code, _) = program.end().await;
    assert_eq!(code, 0);
    assert_eq!(hub.state().deleted.len(), 25);
    assert!(hub.state().devices.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unmet_expectation_is_exit_code_1_and_names_the_count() {
    let hub = StandIn::start().await;
    let mut program = Program::start(
        &hub,
        "run --devices 3 --create --expect-desired ring=b --expect-timeout 1s --prefix d",
    );
    program.event("connected").await;
    hub.push_desired("d-0002", &json!({"ring": "b"}));
    let (code, error) = program.end().await;
    assert_eq!(code, 1);
    assert_eq!(error["code"], "ExpectationFailed");
    assert!(
        error["message"].as_str().unwrap().contains("1 of 3"),
        "{error}"
    );
    assert_eq!(
        hub.state().devices.len(),
        3,
        "without --delete-after devices stay"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn firmware_reboot_and_factory_reset_go_over_real_reconnects() {
    let hub = StandIn::start().await;
    let mut program = Program::start(
        &hub,
        "run --devices 1 --create --step-time 50ms --prefix pump",
    );
    program.event("connected").await;
    let id = "pump-0001";
    let in_sync_again = async |connects: usize| {
        hub.until("a reconnect", |state| {
            (state.devices[id].connects >= connects).then_some(())
        })
        .await;
    };

    let update = json!({"fwPackageUri": "https://files.test/fw.bin", "version": "2.8.5"});
    assert_eq!(
        hub.call(id, "firmwareUpdate", update.clone()).await,
        (200, json!("Firmware update started."))
    );
    assert_eq!(hub.call(id, "firmwareUpdate", update).await.0, 409);
    hub.until("the update's end", |state| {
        (state.devices[id].reported["iothubDM"]["firmwareUpdate"]["status"] == "succeeded")
            .then_some(())
    })
    .await;
    in_sync_again(2).await;
    assert_eq!(
        hub.state().devices[id].reported_texts("/iothubDM/firmwareUpdate/status"),
        [
            "waiting",
            "downloading",
            "downloadComplete",
            "applying",
            "applyComplete",
            "rebooting",
            "succeeded"
        ]
    );

    assert_eq!(
        hub.call(id, "reboot", Value::Null).await,
        (200, json!("Reboot started"))
    );
    hub.until("the reboot's end", |state| {
        (state.devices[id].reported["iothubDM"]["reboot"]["status"] == "succeeded").then_some(())
    })
    .await;
    in_sync_again(3).await;

    assert_eq!(
        hub.call(id, "factoryReset", json!({"confirm": "other"}))
            .await
            .0,
        400
    );
    assert_eq!(
        hub.call(id, "factoryReset", json!({"confirm": id})).await.0,
        200
    );
    hub.until("the reset's end", |state| {
        let reported = &state.devices[id].reported;
        (reported["iothubDM"]["factoryReset"]["status"] == "succeeded").then_some(())
    })
    .await;
    {
        let state = hub.state();
        let device = &state.devices[id];
        assert_eq!(
            device
                .reported
                .as_object()
                .unwrap()
                .keys()
                .collect::<Vec<_>>(),
            ["iothubDM"]
        );
        assert_eq!(
            (device.connects, device.disconnects, device.subscribes),
            (4, 3, 1)
        );
    }
    assert_eq!(
        hub.call(id, "ping", json!([1, {"a": null}])).await,
        (200, json!([1, {"a": null}]))
    );
    assert_eq!(hub.call(id, "dance", Value::Null).await.0, 404);

    program.interrupt();
    let (code, summary) = program.end().await;
    assert_eq!(
        (code, summary["planned"].as_u64(), summary["lost"].as_u64()),
        (0, Some(3), Some(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_acknowledged_and_remembered() {
    let hub = StandIn::start().await;
    let mut program = Program::start(
        &hub,
        "run --devices 1 --create --prefix door --profile events",
    );
    program.event("connected").await;
    let topic = "devices/door-0001/messages/devicebound/%24.mid=m-7&%24.to=%2Fdevices%2Fdoor-0001";
    hub.state()
        .devices
        .get_mut("door-0001")
        .unwrap()
        .send(topic, b"open", Some(41));
    hub.until("lastCommand", |state| {
        (state.devices["door-0001"].reported["lastCommand"]["text"] == "open").then_some(())
    })
    .await;
    let state = hub.state();
    assert_eq!(state.devices["door-0001"].commands_acknowledged, [41]);
    assert_eq!(
        state.devices["door-0001"].reported["lastCommand"]["messageId"],
        "m-7"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn devices_come_back_after_the_hub_dropped_them_and_acknowledged_messages_are_logged() {
    let hub = StandIn::start().await;
    let log = std::env::temp_dir().join(format!("device-sim-acknowledged-{}", std::process::id()));
    let arguments = format!(
        "run --devices 4 --create --prefix m --profile random-walk --interval 50ms --acknowledged-log {}",
        log.display()
    );
    let mut program = Program::start(&hub, &arguments);
    program.event("connected").await;
    for device in hub.state().devices.values_mut() {
        device
            .link
            .as_ref()
            .unwrap()
            .1
            .send(Outgoing::Close)
            .unwrap();
    }
    hub.until("all back", |state| {
        state
            .devices
            .values()
            .all(|device| device.connects == 2 && device.telemetry.len() > 30)
            .then_some(())
    })
    .await;
    program.interrupt();
    let (code, summary) = program.end().await;
    assert_eq!((code, summary["lost"].as_u64()), (0, Some(4)));
    let text = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&log).unwrap();
    assert_eq!(
        text.lines().count() as u64,
        summary["acked"].as_u64().unwrap()
    );
    let state = hub.state();
    for line in text.lines() {
        let (device, message) = line.split_once(' ').unwrap();
        assert!(
            state.devices[device]
                .telemetry
                .iter()
                .any(|(id, _)| id == message),
            "{line}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_and_absent_hubs_have_their_own_exit_codes() {
    let hub = StandIn::start().await;
    let mut program = Program::start(&hub, "run --devices 1");
    let (code, error) = program.end().await;
    assert_eq!((code, error["code"].as_str()), (4, Some("Refused")));
    assert!(
        error["message"].as_str().unwrap().contains("--create"),
        "{error}"
    );

    let wrong =
        "HostName=stand-in.example.org;SharedAccessKeyName=iothubowner;SharedAccessKey=AAAA";
    let (code, error) = Program::start(&hub, &format!("run --create --connection-string {wrong}"))
        .end()
        .await;
    assert_eq!(code, 4);
    assert!(
        error["message"]
            .as_str()
            .unwrap()
            .contains("connection string"),
        "{error}"
    );
    assert!(!error.to_string().contains("AAAA"));

    let (code, error) = Program::start(&hub, "run --create --url http://127.0.0.1:1")
        .end()
        .await;
    assert_eq!((code, error["code"].as_str()), (3, Some("Network")));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_renewed_before_they_expire_without_new_subscriptions() {
    let hub = StandIn::start().await;
    let mut program = Program::start(
        &hub,
        "run --devices 2 --create --prefix t --token-lifetime 1s",
    );
    program.event("connected").await;
    hub.until("three sessions each", |state| {
        state
            .devices
            .values()
            .all(|device| device.connects >= 3)
            .then_some(())
    })
    .await;
    program.interrupt();
    let (code, summary) = program.end().await;
    assert_eq!(
        (code, summary["lost"].as_u64(), summary["refused"].as_u64()),
        (0, Some(0), Some(0))
    );
    assert!(
        hub.state()
            .devices
            .values()
            .all(|device| device.subscribes == 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_strike_and_devices_recover() {
    let hub = StandIn::start().await;
    let faults = "drop=0.1,flap=0.5:500ms,slow=0.5:20ms,clock-skew=1:2m";
    let arguments = format!(
        "run --devices 10 --create --interval 50ms --duration 4s --seed 3 --fault {faults}"
    );
    let (code, summary) = Program::start(&hub, &arguments).end().await;
    assert_eq!(code, 0);
    let faults = summary["faults"].as_u64().unwrap();
    let connects: usize = hub
        .state()
        .devices
        .values()
        .map(|device| device.connects)
        .sum();
    assert!(faults >= 10, "{summary}");
    assert!(
        connects as u64 > faults / 2,
        "{connects} connects after {faults} faults"
    );
    // Cut links leave without a word; only those that stayed to the end say goodbye.
    let goodbyes: usize = hub
        .state()
        .devices
        .values()
        .map(|device| device.disconnects)
        .sum();
    assert!(goodbyes <= 10, "{goodbyes}");
    // Clocks wrong by less than the tolerance of tokens still get in, and show in the twin.
    assert_eq!(summary["refused"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_far_off_makes_the_token_expire() {
    let hub = StandIn::start().await;
    let arguments = "run --devices 40 --create --prefix s --token-lifetime 1m --fault clock-skew=1:3h \
        --expect-connected --expect-timeout 1500ms";
    let mut program = Program::start(&hub, arguments);
    let summary = program.event("summary").await;
    let (code, _) = program.end().await;
    let (refused, connected) = (
        summary["refused"].as_u64().unwrap(),
        summary["connected"].as_u64().unwrap(),
    );
    assert_eq!(code, 1);
    assert!(
        refused > 0 && connected > 0 && connected < 40,
        "half of the clocks are slow: {summary}"
    );
    assert!(
        summary["lastFailure"]
            .as_str()
            .unwrap()
            .contains("CONNACK 5"),
        "{summary}"
    );
}
