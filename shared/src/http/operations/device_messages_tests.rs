use super::*;
use crate::http::fake::{FakeHub, block_on, request, time};
use crate::http::{Method, handle};
use crate::hub::segment::{Entry, Reader};
use crate::ipc::registry::DeviceAuthorization;
use crate::json;
use crate::mqtt::property_bag;

fn authorizing() -> FakeHub {
    FakeHub::new().registry_answers(|_, request| match request {
        RegistryRequest::AsDevice(asked) if asked.authorization.as_deref() == Some("good") => {
            Ok(RegistryReply::Authorized(DeviceAuthorization {
                generation_id: "77".into(),
                auth_method: "{}".into(),
                model_id: None,
            }))
        }
        _ => Err(HubError::new(ErrorCode::IotHubUnauthorized, "wrong key")),
    })
}

fn send_to(hub: &FakeHub, target: &str, extend: impl FnOnce(Request) -> Request) -> Response {
    block_on(handle(
        hub,
        extend(request(Method::Post, target).with("authorization", "good")),
    ))
}

/// Everything appended: device, module, decoded properties, body.
fn stored(hub: &FakeHub) -> Vec<(String, String, MessageProperties, Vec<u8>)> {
    let mut messages = Vec::new();
    for (_, batch) in hub.appended.borrow().iter() {
        for entry in Reader::new(batch) {
            let Ok(Entry::Telemetry(record)) = entry else {
                panic!("not telemetry")
            };
            assert_eq!(
                (record.generation_id, record.auth_method, record.flags),
                ("77", "{}", HTTPS)
            );
            let properties = property_bag::parse(record.bag).unwrap();
            messages.push((
                record.device.into(),
                record.module.into(),
                properties,
                record.body.to_vec(),
            ));
        }
    }
    messages
}

#[test]
fn a_message_is_stored_with_its_properties_and_stamped_by_the_registry() {
    let hub = authorizing();
    let response = send_to(&hub, "/devices/d%23/messages/events", |mut request| {
        request.body = b"{\"t\":1}".to_vec();
        request
            .with("content-type", "application/octet-stream")
            .with("iothub-contenttype", "application/json")
            .with("iothub-app-level", "a=b&c %")
            .with("iothub-ack", "full")
    });
    assert_eq!(response.status, 204, "{}", response.text());
    let stored = stored(&hub);
    let [(device, module, properties, body)] = stored.as_slice() else {
        panic!("{stored:?}")
    };
    assert_eq!(
        (device.as_str(), module.as_str(), body.as_slice()),
        ("d#", "", b"{\"t\":1}".as_slice())
    );
    assert_eq!(
        properties.system,
        [(SystemProperty::ContentType, "application/json".to_owned())]
    );
    assert_eq!(
        properties.application,
        [("level".to_owned(), "a=b&c %".to_owned())]
    );
    let partition = hub.layout().partition_of(&DeviceId::parse("d#").unwrap());
    assert_eq!(hub.appended.borrow()[0].0, partition);
}

#[test]
fn modules_send_as_themselves_without_api_version_or_with() {
    let hub = authorizing();
    send_to(&hub, "/devices/d/modules/m/messages/events", |request| {
        request
    });
    send_to(
        &hub,
        "/devices/d/modules/m/messages/events?api-version=2016-11-14",
        |request| request,
    );
    assert!(
        stored(&hub)
            .iter()
            .all(|(device, module, ..)| device == "d" && module == "m")
    );
    assert_eq!(stored(&hub).len(), 2);
}

#[test]
fn a_refused_device_stores_nothing() {
    let hub = authorizing();
    let response = block_on(handle(
        &hub,
        request(Method::Post, "/devices/d/messages/events"),
    ));
    assert_eq!(response.status, 401);
    assert!(!response.text().contains("wrong key"));
    assert!(hub.appended.borrow().is_empty());
}

#[test]
fn a_batch_is_appended_at_once_and_in_order() {
    let hub = authorizing();
    let batch = json!([
        {"body": "aGk=", "properties": {"iothub-app-k": "v", "iothub-messageid": "m-1", "iothub-app-n": 5}},
        {"body": "plain", "base64Encoded": false},
        {"body": "", "base64Encoded": true},
    ]);
    let response = send_to(&hub, "/devices/d/messages/events", |request| {
        request
            .with_json(&batch)
            .with("content-type", "application/vnd.microsoft.iothub.json")
    });
    assert_eq!(response.status, 204, "{}", response.text());
    assert_eq!(hub.appended.borrow().len(), 1);
    let stored = stored(&hub);
    let bodies: Vec<&[u8]> = stored.iter().map(|(.., body)| body.as_slice()).collect();
    assert_eq!(bodies, [b"hi".as_slice(), b"plain", b""]);
    assert_eq!(stored[0].2.get(SystemProperty::MessageId), Some("m-1"));
    assert_eq!(stored[0].2.application("k"), Some("v"));
    assert_eq!(stored[0].2.application("n"), Some("5"));
}

#[test]
fn a_broken_batch_stores_nothing_and_names_the_message() {
    for (batch, said) in [
        (json!([]), "1 to 500"),
        (json!({"body": "x"}), "array"),
        (
            json!([{"body": "aGk="}, {"body": "%%"}]),
            "Message 1 of the batch: body is not base64",
        ),
        (
            json!([{"body": "", "properties": {"iothub-app-a b": ""}}]),
            "a b",
        ),
        (
            json!([{"body": "", "properties": {"iothub-app-a": {}}}]),
            "iothub-app-a",
        ),
    ] {
        let hub = authorizing();
        let response = send_to(&hub, "/devices/d/messages/events", |request| {
            request.with_json(&batch).with(
                "content-type",
                "Application/vnd.microsoft.iothub.json; charset=utf-8",
            )
        });
        assert_eq!(response.status, 400);
        assert!(response.text().contains(said), "{}", response.text());
        assert!(hub.appended.borrow().is_empty());
    }
}

#[test]
fn the_size_limit_is_exact_and_counts_properties() {
    let size = |body: usize| {
        let hub = authorizing();
        send_to(&hub, "/devices/d/messages/events", |mut request| {
            request.body = vec![b'x'; body];
            request.with("iothub-app-ab", "cd")
        })
    };
    assert_eq!(size(262_140).status, 204);
    let response = size(262_141);
    assert_eq!(
        (response.status, response.header("iothub-errorcode")),
        (413, Some("MessageTooLarge"))
    );
}

fn message() -> ReceivedMessage {
    let mut properties = MessageProperties::default();
    properties.set(SystemProperty::MessageId, "m-1");
    properties.set_application("Level", "high");
    ReceivedMessage {
        lock_token: "4f0e".into(),
        sequence_number: 12,
        enqueued: time("2026-03-01T10:00:00Z"),
        expiry: time("2026-03-01T11:00:00Z"),
        delivery_count: 2,
        ack: AckMode::Full,
        properties,
        body: b"\xff\x00".to_vec(),
    }
}

#[test]
fn a_received_message_carries_everything_in_headers() {
    let hub = FakeHub::new()
        .registry_answers(|_, _| Ok(RegistryReply::Received(Some(Box::new(message())))));
    let response = block_on(handle(
        &hub,
        request(
            Method::Get,
            "/devices/d/messages/devicebound?iothub-messagelocktimeout=60",
        ),
    ));
    assert_eq!(response.status, 200);
    for (name, value) in [
        ("etag", "\"4f0e\""),
        ("iothub-messageid", "m-1"),
        ("iothub-sequencenumber", "12"),
        ("iothub-to", "/devices/d/messages/deviceBound"),
        ("iothub-expiry", "2026-03-01T11:00:00.0000000Z"),
        ("iothub-enqueuedtime", "2026-03-01T10:00:00.0000000Z"),
        ("iothub-deliverycount", "2"),
        ("iothub-ack", "full"),
        ("iothub-app-level", "high"),
    ] {
        assert_eq!(response.header(name), Some(value), "{name}");
    }
    assert!(matches!(response.body, crate::http::Body::Bytes(bytes) if bytes == b"\xff\x00"));
}

#[test]
fn an_empty_queue_is_204() {
    let hub = FakeHub::new().registry_answers(|_, _| Ok(RegistryReply::Received(None)));
    assert_eq!(
        block_on(handle(
            &hub,
            request(Method::Get, "/devices/d/messages/deviceBound")
        ))
        .status,
        204
    );
}

#[test]
fn a_lock_is_completed_rejected_or_abandoned() {
    type Expected = fn(&DeviceOperation) -> bool;
    let cases: [(Method, &str, Expected); 5] = [
        (
            Method::Delete,
            "L?api-version=2021-04-12",
            |op| matches!(op, DeviceOperation::Complete(lock) if lock == "L"),
        ),
        (
            Method::Delete,
            "%22L%22",
            |op| matches!(op, DeviceOperation::Complete(lock) if lock == "L"),
        ),
        (
            Method::Delete,
            "L?reject&api-version=2021-04-12",
            |op| matches!(op, DeviceOperation::Reject(lock) if lock == "L"),
        ),
        (
            Method::Delete,
            "L?api-version=2021-04-12&reject",
            |op| matches!(op, DeviceOperation::Reject(lock) if lock == "L"),
        ),
        (
            Method::Post,
            "L/abandon",
            |op| matches!(op, DeviceOperation::Abandon(lock) if lock == "L"),
        ),
    ];
    for (method, rest, expected) in cases {
        let hub = FakeHub::new().registry_answers(|_, _| Ok(RegistryReply::Done));
        let target = format!("/devices/d/messages/devicebound/{rest}");
        assert_eq!(block_on(handle(&hub, request(method, &target))).status, 204);
        let asked = hub.asked_registry.borrow();
        let [(_, RegistryRequest::AsDevice(asked))] = asked.as_slice() else {
            panic!()
        };
        assert!(expected(&asked.operation), "{rest}: {:?}", asked.operation);
        assert!(asked.entropy.len() >= 16);
    }
}

#[test]
fn the_shard_hears_of_the_certificate_that_the_platform_saw() {
    let mut hub = authorizing();
    hub.certificate = Some("facts".into());
    let asking = request(Method::Post, "/devices/d/messages/events")
        .with("x-skerry-client-certificate", "whatever the client says");
    block_on(handle(&hub, asking));
    let asked = hub.asked_registry.borrow();
    let [(_, RegistryRequest::AsDevice(asked))] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!(asked.certificate.as_deref(), Some("facts"));
    assert_eq!(asked.authorization, None);
}
