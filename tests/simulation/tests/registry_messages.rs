//! The cloud-to-device queue over HTTPS, and feedback (`device.md` §4.2, §7; `service.md` §8).

use serde_json::{Value, json};
use shared::auth::{audience, sas};
use shared::error::{ErrorCode, HubError};
use shared::ipc::registry::{
    AckMode, AsDevice, DeviceOperation, Precondition, PutDevice, ReceivedMessage, RegistryReply,
    RegistryRequest, SendMessage,
};
use shared::mqtt::property_bag::{MessageProperties, SystemProperty};
use shared::time::Timestamp;
use simulation::actor::Input;
use simulation::device::HOST;
use simulation::stage::{Stage, device, identity};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODw==";

fn create(stage: &mut Stage, id: &str, status: &str) {
    let keys = json!({ "primaryKey": KEY, "secondaryKey": KEY });
    let body = json!({ "status": status, "authentication": { "symmetricKey": keys } });
    let precondition = if status == "enabled" {
        Precondition::None
    } else {
        Precondition::Any
    };
    let entropy = stage.random.bytes(80);
    stage.asked(RegistryRequest::PutDevice(PutDevice {
        device: device(id),
        precondition,
        body,
        entropy,
        missing_scopes: Vec::new(),
    }));
}

fn stage() -> Stage {
    let mut stage = Stage::registry();
    create(&mut stage, "a", "enabled");
    stage
}

fn message(mid: &str, ack: AckMode) -> SendMessage {
    let mut properties = MessageProperties::default();
    properties.set(SystemProperty::MessageId, mid);
    properties.set_application("level", "high");
    SendMessage {
        device: device("a"),
        properties,
        ack,
        body: b"body".to_vec(),
        expiry: None,
    }
}

fn send(stage: &mut Stage, message: SendMessage) -> Result<u64, HubError> {
    match stage.ask(RegistryRequest::SendMessage(Box::new(message)))? {
        RegistryReply::Queued { sequence_number } => Ok(sequence_number),
        other => panic!("{other:?}"),
    }
}

fn as_device(stage: &mut Stage, operation: DeviceOperation) -> Result<RegistryReply, HubError> {
    let resource = audience::device_resource(HOST, &identity("a"));
    let token = sas::sign(KEY, &resource, stage.now.plus_seconds(60), None).unwrap();
    let entropy = stage.random.bytes(16);
    stage.ask(RegistryRequest::AsDevice(AsDevice {
        identity: identity("a"),
        authorization: Some(token),
        certificate: None,
        operation,
        entropy,
    }))
}

fn receive(stage: &mut Stage) -> Option<ReceivedMessage> {
    match as_device(stage, DeviceOperation::Receive).expect("authorized") {
        RegistryReply::Received(message) => message.map(|message| *message),
        other => panic!("{other:?}"),
    }
}

fn feedback(stage: &mut Stage) -> (Option<String>, Vec<Value>) {
    match stage.asked(RegistryRequest::ReceiveFeedback) {
        RegistryReply::Feedback {
            lock_token,
            records,
        } => (lock_token, records),
        other => panic!("{other:?}"),
    }
}

fn settle(stage: &mut Stage, lock_token: &str, complete: bool) -> Result<RegistryReply, HubError> {
    stage.ask(RegistryRequest::SettleFeedback {
        lock_token: lock_token.to_owned(),
        complete,
    })
}

fn outcomes(stage: &mut Stage) -> Vec<(String, String)> {
    let (_, records) = feedback(stage);
    let text = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    records
        .iter()
        .map(|record| {
            (
                text(record, "originalMessageId"),
                text(record, "statusCode"),
            )
        })
        .collect()
}

fn code<T: std::fmt::Debug>(result: Result<T, HubError>) -> ErrorCode {
    result.expect_err("refused").code
}

#[test]
fn a_message_is_locked_and_completed() {
    let mut stage = stage();
    assert_eq!(send(&mut stage, message("m1", AckMode::Full)), Ok(1));
    assert_eq!(send(&mut stage, message("m2", AckMode::None)), Ok(2));
    let first = receive(&mut stage).expect("a message");
    assert_eq!((first.sequence_number, first.delivery_count), (1, 0));
    assert_eq!(first.properties.get(SystemProperty::MessageId), Some("m1"));
    assert_eq!(
        first.properties.get(SystemProperty::To),
        Some("/devices/a/messages/devicebound")
    );
    assert_eq!(first.properties.application("level"), Some("high"));
    assert_eq!(first.body, b"body");
    assert_eq!(first.expiry, stage.now.plus_seconds(3600));
    assert_eq!(first.lock_token.len(), 36);
    let second = receive(&mut stage).expect("the next, since the first is locked");
    assert_eq!(second.sequence_number, 2);
    assert!(receive(&mut stage).is_none());
    as_device(
        &mut stage,
        DeviceOperation::Complete(first.lock_token.clone()),
    )
    .unwrap();
    assert_eq!(
        code(as_device(
            &mut stage,
            DeviceOperation::Complete(first.lock_token)
        )),
        ErrorCode::DeviceMessageLockLost
    );
    assert_eq!(
        outcomes(&mut stage),
        [("m1".to_owned(), "Success".to_owned())]
    );
}

#[test]
fn a_lock_ends_after_a_minute_without_counting_as_a_delivery() {
    let mut stage = stage();
    send(&mut stage, message("m1", AckMode::Full)).unwrap();
    let first = receive(&mut stage).unwrap();
    stage.wait(59_999);
    assert!(receive(&mut stage).is_none());
    stage.wait(1);
    assert_eq!(
        code(as_device(
            &mut stage,
            DeviceOperation::Complete(first.lock_token.clone())
        )),
        ErrorCode::DeviceMessageLockLost
    );
    let again = receive(&mut stage).expect("it is back");
    assert_eq!(again.delivery_count, 0);
    assert_ne!(again.lock_token, first.lock_token);
}

#[test]
fn abandoning_too_often_gives_a_message_up() {
    let mut stage = stage();
    send(&mut stage, message("m1", AckMode::Negative)).unwrap();
    for count in 0..10 {
        let received = receive(&mut stage).expect("it comes again");
        assert_eq!(received.delivery_count, count);
        as_device(&mut stage, DeviceOperation::Abandon(received.lock_token)).unwrap();
    }
    assert!(receive(&mut stage).is_none());
    assert_eq!(
        outcomes(&mut stage),
        [("m1".to_owned(), "DeliveryCountExceeded".to_owned())]
    );
}

#[test]
fn every_outcome_is_told_to_those_who_asked() {
    let cases: [(AckMode, [bool; 3]); 4] = [
        (AckMode::None, [false, false, false]),
        (AckMode::Positive, [true, false, false]),
        (AckMode::Negative, [false, true, true]),
        (AckMode::Full, [true, true, true]),
    ];
    for (ack, [success, rejected, purged]) in cases {
        let mut stage = stage();
        send(&mut stage, message("done", ack)).unwrap();
        let token = receive(&mut stage).unwrap().lock_token;
        as_device(&mut stage, DeviceOperation::Complete(token)).unwrap();
        send(&mut stage, message("rejected", ack)).unwrap();
        let token = receive(&mut stage).unwrap().lock_token;
        as_device(&mut stage, DeviceOperation::Reject(token)).unwrap();
        send(&mut stage, message("purged", ack)).unwrap();
        let purge = stage.asked(RegistryRequest::PurgeMessages(device("a")));
        assert!(matches!(purge, RegistryReply::Purged(1)));
        let all = [
            ("done", "Success", success),
            ("rejected", "Rejected", rejected),
            ("purged", "Purged", purged),
        ];
        let expected: Vec<_> = all
            .into_iter()
            .filter(|(.., told)| *told)
            .map(|(mid, outcome, _)| (mid.to_owned(), outcome.to_owned()))
            .collect();
        assert_eq!(outcomes(&mut stage), expected, "{ack:?}");
    }
}

#[test]
fn expired_messages_are_never_delivered() {
    let mut stage = stage();
    let expiry = Some(stage.now.plus_seconds(90));
    send(
        &mut stage,
        SendMessage {
            expiry,
            ..message("m1", AckMode::Full)
        },
    )
    .unwrap();
    assert_eq!(stage.output.alarm, expiry);
    stage.wait(90_000);
    assert!(receive(&mut stage).is_none(), "even before the alarm");
    stage.input(Input::Alarm);
    assert_eq!(
        outcomes(&mut stage),
        [("m1".to_owned(), "Expired".to_owned())]
    );
    let past = Some(stage.now.plus_milliseconds(-1));
    assert_eq!(
        code(send(
            &mut stage,
            SendMessage {
                expiry: past,
                ..message("x", AckMode::None)
            }
        )),
        ErrorCode::ArgumentInvalid
    );
    let far = Some(Timestamp::parse("2030-01-01T00:00:00Z").unwrap());
    assert_eq!(
        code(send(
            &mut stage,
            SendMessage {
                expiry: far,
                ..message("x", AckMode::None)
            }
        )),
        ErrorCode::ArgumentInvalid
    );
    let longest = Some(stage.now.plus_seconds(2 * 24 * 3600));
    send(
        &mut stage,
        SendMessage {
            expiry: longest,
            ..message("m2", AckMode::None)
        },
    )
    .unwrap();
    assert_eq!(Some(receive(&mut stage).unwrap().expiry), longest);
}

#[test]
fn fifty_may_wait_and_no_more() {
    let mut stage = stage();
    for number in 1..=50 {
        assert_eq!(
            send(&mut stage, message(&format!("m{number}"), AckMode::None)),
            Ok(number)
        );
    }
    assert_eq!(
        code(send(&mut stage, message("x", AckMode::None))),
        ErrorCode::DeviceMaximumQueueDepthExceeded
    );
    let token = receive(&mut stage).unwrap().lock_token;
    as_device(&mut stage, DeviceOperation::Complete(token)).unwrap();
    assert_eq!(send(&mut stage, message("m51", AckMode::None)), Ok(51));
    let RegistryReply::MessageList(list) = stage.asked(RegistryRequest::ListMessages(device("a")))
    else {
        panic!("no list")
    };
    assert_eq!(list.len(), 50);
    assert_eq!(list[0]["messageId"], "m2");
    assert!(matches!(
        stage.asked(RegistryRequest::PurgeMessages(device("a"))),
        RegistryReply::Purged(50)
    ));
}

#[test]
fn expired_messages_do_not_fill_the_queue() {
    let mut stage = stage();
    let expiry = Some(stage.now.plus_seconds(60));
    for number in 1..=50 {
        send(
            &mut stage,
            SendMessage {
                expiry,
                ..message(&format!("m{number}"), AckMode::None)
            },
        )
        .unwrap();
    }
    stage.wait(60_000);
    send(&mut stage, message("new", AckMode::None)).expect("the others are over");
}

#[test]
fn size_is_counted_with_properties() {
    let mut stage = stage();
    let probe = message("m1", AckMode::None);
    let room = 65_536 - probe.properties.property_size();
    let fits = SendMessage {
        body: vec![0; room],
        ..probe.clone()
    };
    send(&mut stage, fits).expect("exactly 64 KiB");
    let large = SendMessage {
        body: vec![0; room + 1],
        ..probe
    };
    assert_eq!(code(send(&mut stage, large)), ErrorCode::MessageTooLarge);
}

#[test]
fn unknown_devices_have_no_queue() {
    let mut stage = stage();
    let to = |id: &str| SendMessage {
        device: device(id),
        ..message("m", AckMode::None)
    };
    assert_eq!(code(send(&mut stage, to("b"))), ErrorCode::DeviceNotFound);
    assert_eq!(
        code(stage.ask(RegistryRequest::PurgeMessages(device("b")))),
        ErrorCode::DeviceNotFound
    );
}

#[test]
fn https_devices_prove_who_they_are() {
    let mut stage = stage();
    let ask = |stage: &mut Stage, authorization: Option<String>| {
        let entropy = stage.random.bytes(16);
        stage.ask(RegistryRequest::AsDevice(AsDevice {
            identity: identity("a"),
            authorization,
            certificate: None,
            operation: DeviceOperation::Authorize,
            entropy,
        }))
    };
    let resource = audience::device_resource(HOST, &identity("a"));
    let token =
        |key: &str, resource: &str, expiry: Timestamp| sas::sign(key, resource, expiry, None).ok();
    let soon = stage.now.plus_seconds(60);
    assert_eq!(code(ask(&mut stage, None)), ErrorCode::IotHubUnauthorized);
    assert_eq!(
        code(ask(&mut stage, Some("nonsense".into()))),
        ErrorCode::IotHubUnauthorized
    );
    let other = audience::device_resource(HOST, &identity("b"));
    assert_eq!(
        code(ask(&mut stage, token(KEY, &other, soon))),
        ErrorCode::IotHubUnauthorized
    );
    let wrong = "DwECAwQFBgcICQoLDA0ODw==";
    assert_eq!(
        code(ask(&mut stage, token(wrong, &resource, soon))),
        ErrorCode::IotHubUnauthorized
    );
    let foreign = audience::device_resource("other.example", &identity("a"));
    assert_eq!(
        code(ask(&mut stage, token(KEY, &foreign, soon))),
        ErrorCode::IotHubUnauthorized
    );
    let old = stage.now.plus_seconds(-301);
    assert_eq!(
        code(ask(&mut stage, token(KEY, &resource, old))),
        ErrorCode::IotHubUnauthorized
    );
    let just = stage.now.plus_seconds(-300);
    assert!(
        ask(&mut stage, token(KEY, &resource, just)).is_ok(),
        "five minutes of skew"
    );
    let RegistryReply::Authorized(stamps) = ask(&mut stage, token(KEY, &resource, soon)).unwrap()
    else {
        panic!("not authorized")
    };
    assert_eq!(
        stamps.auth_method,
        r#"{"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null}"#
    );
    create(&mut stage, "a", "disabled");
    assert_eq!(
        code(ask(&mut stage, token(KEY, &resource, soon))),
        ErrorCode::DeviceNotFound
    );
}

#[test]
fn feedback_is_locked_settled_and_forgotten_in_time() {
    let mut stage = stage();
    for number in 0..3 {
        send(&mut stage, message(&format!("m{number}"), AckMode::Full)).unwrap();
        stage.asked(RegistryRequest::PurgeMessages(device("a")));
    }
    let (token, records) = feedback(&mut stage);
    let token = token.expect("records");
    assert_eq!(records.len(), 3);
    assert_eq!(records[0]["deviceId"], "a");
    assert_eq!(records[0]["description"], "Purged");
    assert!(records[0]["deviceGenerationId"].is_string());
    assert_eq!(
        records[0]["enqueuedTimeUtc"],
        "2026-03-01T00:00:00.0000000Z"
    );
    assert_eq!(feedback(&mut stage), (None, vec![]), "locked");
    settle(&mut stage, &token, false).unwrap();
    let (again, records) = feedback(&mut stage);
    let again = again.expect("given back");
    assert_eq!(records.len(), 3);
    assert_ne!(again, token);
    assert_eq!(
        code(settle(&mut stage, &token, true)),
        ErrorCode::DeviceMessageLockLost
    );
    stage.wait(60_000);
    assert_eq!(
        code(settle(&mut stage, &again, true)),
        ErrorCode::DeviceMessageLockLost
    );
    let (last, _) = feedback(&mut stage);
    settle(&mut stage, &last.expect("free again"), true).unwrap();
    stage.wait(120_000);
    assert_eq!(feedback(&mut stage), (None, vec![]), "completed");
    send(&mut stage, message("late", AckMode::Full)).unwrap();
    stage.asked(RegistryRequest::PurgeMessages(device("a")));
    stage.wait(3_600_000);
    assert_eq!(
        feedback(&mut stage),
        (None, vec![]),
        "feedback lives an hour"
    );
}

#[test]
fn deleting_a_device_discards_its_feedback() {
    let mut stage = stage();
    send(&mut stage, message("m", AckMode::Full)).unwrap();
    stage.asked(RegistryRequest::PurgeMessages(device("a")));
    stage.asked(RegistryRequest::DeleteDevice(
        shared::ipc::registry::DeleteDevice {
            device: device("a"),
            precondition: Precondition::Any,
        },
    ));
    assert_eq!(feedback(&mut stage), (None, vec![]));
}

#[test]
fn feedback_that_is_abandoned_too_often_is_dropped() {
    let mut stage = stage();
    send(&mut stage, message("m", AckMode::Full)).unwrap();
    stage.asked(RegistryRequest::PurgeMessages(device("a")));
    for _ in 0..10 {
        let (token, _) = feedback(&mut stage);
        settle(&mut stage, &token.expect("it comes again"), false).unwrap();
    }
    assert_eq!(feedback(&mut stage), (None, vec![]));
}

#[test]
fn a_letter_costs_one_row_and_a_completed_message_none() {
    let mut stage = stage();
    let rows = |stage: &Stage| {
        let count = "SELECT count(*) FROM dead_letter";
        stage.actor.sql.number(count, &[]).unwrap()
    };
    send(&mut stage, message("done", AckMode::None)).unwrap();
    let token = receive(&mut stage).unwrap().lock_token;
    as_device(&mut stage, DeviceOperation::Complete(token)).unwrap();
    assert_eq!(rows(&stage), 0);
    send(&mut stage, message("old", AckMode::None)).unwrap();
    stage.asked(RegistryRequest::PurgeMessages(device("a")));
    assert_eq!(rows(&stage), 1);
    let week = 7 * 24 * 3_600_000;
    assert_eq!(stage.output.alarm, Some(stage.now.plus_milliseconds(week)));
    stage.wait(week);
    stage.input(Input::Alarm);
    assert_eq!(rows(&stage), 0, "the alarm sweeps what is too old");
}
