use super::*;
use crate::http::fake::{FakeHub, SHARDS, block_on, request};
use crate::http::{Method, handle};
use std::collections::BTreeSet;

fn send(hub: &FakeHub, extend: impl FnOnce(Request) -> Request) -> Response {
    let request = request(
        Method::Post,
        "/devices/d/messages/deviceBound?api-version=2020-09-30",
    )
    .with("authorization", &hub.token("service"));
    block_on(handle(hub, extend(request)))
}

fn queueing() -> FakeHub {
    FakeHub::new().registry_answers(|_, _| Ok(RegistryReply::Queued { sequence_number: 1 }))
}

fn queued(hub: &FakeHub) -> SendMessage {
    match hub.asked_registry.borrow().last() {
        Some((_, RegistryRequest::SendMessage(message))) => (**message).clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn headers_become_the_message() {
    let hub = queueing();
    let response = send(&hub, |mut request| {
        request.body = b"\x00raw".to_vec();
        request
            .with("iothub-messageid", "m-1")
            .with("iothub-correlationid", "c-1")
            .with("iothub-userid", "u")
            .with("iothub-to", "/devices/other/messages/deviceBound")
            .with("iothub-expiry", "2026-03-01T11:00:00Z")
            .with("iothub-ack", "Full")
            .with("iothub-app-level", "critical")
            .with("content-type", "text/plain")
            .with("content-encoding", "utf-8")
    });
    assert_eq!((response.status, response.text().as_str()), (204, ""));
    assert_eq!(response.header("content-type"), None);
    let message = queued(&hub);
    assert_eq!(
        (message.ack, message.body.as_slice()),
        (AckMode::Full, b"\x00raw".as_slice())
    );
    assert_eq!(message.expiry, Timestamp::parse("2026-03-01T11:00:00Z"));
    let get = |property| message.properties.get(property);
    assert_eq!(get(SystemProperty::MessageId), Some("m-1"));
    assert_eq!(get(SystemProperty::CorrelationId), Some("c-1"));
    assert_eq!(get(SystemProperty::UserId), Some("u"));
    assert_eq!(get(SystemProperty::ContentType), Some("text/plain"));
    assert_eq!(get(SystemProperty::ContentEncoding), Some("utf-8"));
    assert_eq!(get(SystemProperty::To), None, "the registry writes it");
    assert_eq!(
        get(SystemProperty::AbsoluteExpiryTime),
        None,
        "it has its own field"
    );
    assert_eq!(message.properties.application("level"), Some("critical"));
}

#[test]
fn the_messages_own_content_type_wins_over_http() {
    let hub = queueing();
    send(&hub, |request| {
        request
            .with("content-type", "application/octet-stream")
            .with("iothub-contenttype", "application/json")
    });
    assert_eq!(
        queued(&hub).properties.get(SystemProperty::ContentType),
        Some("application/json")
    );
}

#[test]
fn senseless_headers_are_refused() {
    for (name, value) in [
        ("iothub-ack", "maybe"),
        ("iothub-expiry", "tomorrow"),
        ("iothub-messageid", "a b"),
        ("iothub-app-a b", "x"),
    ] {
        let hub = FakeHub::new();
        let response = send(&hub, |request| request.with(name, value));
        assert_eq!(
            (response.status, response.header("iothub-errorcode")),
            (400, Some("ArgumentInvalid")),
            "{name}"
        );
        assert!(hub.asked_registry.borrow().is_empty());
    }
}

#[test]
fn purging_says_how_many() {
    let hub = FakeHub::new().registry_answers(|_, _| Ok(RegistryReply::Purged(3)));
    let request = request(Method::Delete, "/devices/d/commands?api-version=2021-04-12")
        .with("authorization", &hub.token("service"));
    let response = block_on(handle(&hub, request));
    assert_eq!(response.status, 200);
    assert_eq!(
        response.text(),
        r#"{"totalMessagesPurged":3,"deviceId":"d","moduleId":null}"#
    );
}

fn feedback(hub: &FakeHub) -> Response {
    let request = request(
        Method::Get,
        "/messages/serviceBound/feedback?api-version=2021-04-12",
    )
    .with("authorization", &hub.token("service"));
    block_on(handle(hub, request))
}

#[test]
fn feedback_of_any_shard_is_found_and_its_token_leads_back_there() {
    let hub = FakeHub::new().registry_answers(|shard, request| match request {
        RegistryRequest::ReceiveFeedback if shard == 1 => Ok(RegistryReply::Feedback {
            lock_token: Some("t.1".into()),
            records: vec![json!({"statusCode": "Success"})],
        }),
        RegistryRequest::ReceiveFeedback => Ok(RegistryReply::Feedback {
            lock_token: None,
            records: vec![],
        }),
        _ => Ok(RegistryReply::Done),
    });
    let response = feedback(&hub);
    assert_eq!(
        (response.status, response.text().as_str()),
        (200, r#"[{"statusCode":"Success"}]"#)
    );
    assert_eq!(
        response.header("content-type"),
        Some("application/vnd.microsoft.iothub.feedback.json")
    );
    let token = response
        .header("etag")
        .unwrap()
        .trim_matches('"')
        .to_owned();
    for (method, path, complete) in [
        (
            Method::Delete,
            format!("/messages/serviceBound/feedback/{token}"),
            true,
        ),
        (
            Method::Post,
            format!("/messages/serviceBound/feedback/{token}/abandon"),
            false,
        ),
    ] {
        let request = request(method, &format!("{path}?api-version=2021-04-12"))
            .with("authorization", &hub.token("service"));
        assert_eq!(block_on(handle(&hub, request)).status, 204);
        let asked = hub.asked_registry.borrow();
        let Some((
            1,
            RegistryRequest::SettleFeedback {
                lock_token,
                complete: asked,
            },
        )) = asked.last()
        else {
            panic!("{asked:?}")
        };
        assert_eq!((lock_token.as_str(), *asked), ("t.1", complete));
    }
}

#[test]
fn without_feedback_every_shard_was_asked_beginning_with_changing_ones() {
    let hub = FakeHub::new().registry_answers(|_, _| {
        Ok(RegistryReply::Feedback {
            lock_token: None,
            records: vec![],
        })
    });
    let mut first = BTreeSet::new();
    for _ in 0..20 {
        hub.asked_registry.borrow_mut().clear();
        assert_eq!(feedback(&hub).status, 204);
        let asked = hub.asked_registry.borrow();
        let shards: BTreeSet<u16> = asked.iter().map(|(shard, _)| *shard).collect();
        assert_eq!(
            (shards.len(), asked.len()),
            (usize::from(SHARDS), usize::from(SHARDS))
        );
        first.insert(asked[0].0);
    }
    assert!(first.len() > 1, "always the same shard first: {first:?}");
}

#[test]
fn a_token_of_no_shard_is_a_lost_lock() {
    let hub = FakeHub::new();
    for token in ["nonsense", "99.t", "0.", "-1.t"] {
        let request = request(
            Method::Delete,
            &format!("/messages/serviceBound/feedback/{token}?api-version=2021-04-12"),
        )
        .with("authorization", &hub.token("service"));
        let response = block_on(handle(&hub, request));
        assert_eq!(
            (response.status, response.header("iothub-errorcode")),
            (412, Some("DeviceMessageLockLost"))
        );
    }
}
