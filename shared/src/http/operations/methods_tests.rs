use super::*;
use crate::http::fake::{FakeHub, block_on, request};
use crate::http::{Method, handle};
use crate::ipc::ConnectionId;

fn call(hub: &FakeHub, body: &Value) -> Response {
    let request = request(Method::Post, "/twins/d/methods?api-version=2021-04-12")
        .with("authorization", &hub.token("service"))
        .with_json(body);
    block_on(handle(hub, request))
}

fn at(gateway: u16, connection: &str) -> RegistryReply {
    RegistryReply::Location(Location {
        gateway,
        connection: ConnectionId(connection.into()),
    })
}

fn answered() -> GatewayReply {
    GatewayReply::MethodResult {
        status: 500,
        payload: json!({ "a": 1 }),
    }
}

/// The nested form's inner document.
fn inner(response: &Response) -> Value {
    serde_json::from_str(response.value()["Message"].as_str().unwrap()).unwrap()
}

#[test]
fn the_devices_status_and_payload_come_back_as_200() {
    let hub = FakeHub::new()
        .registry_answers(|_, _| Ok(at(1, "c")))
        .gateway_answers(|_, _| Ok(answered()));
    let response = call(
        &hub,
        &json!({"methodName": "reboot", "payload": {"delay": 5}}),
    );
    assert_eq!(
        (response.status, response.text()),
        (200, r#"{"status":500,"payload":{"a":1}}"#.to_owned())
    );
    let asked = hub.asked_gateway.borrow();
    let [(1, GatewayRequest::InvokeMethod(invoked))] = asked.as_slice() else {
        panic!("{asked:?}")
    };
    assert_eq!(
        (invoked.method.as_str(), invoked.payload.as_str()),
        ("reboot", r#"{"delay":5}"#)
    );
    assert_eq!(invoked.deadline, hub.now.get().plus_seconds(30));
}

#[test]
fn timeouts_reach_the_actors() {
    let hub = FakeHub::new()
        .registry_answers(|_, _| Ok(at(0, "c")))
        .gateway_answers(|_, _| Ok(answered()));
    call(
        &hub,
        &json!({"methodName": "m", "responseTimeoutInSeconds": 60, "connectTimeoutInSeconds": 45}),
    );
    let registry = hub.asked_registry.borrow();
    let [(_, RegistryRequest::Locate(locate))] = registry.as_slice() else {
        panic!("{registry:?}")
    };
    assert_eq!(locate.until, hub.now.get().plus_seconds(45));
    let gateway = hub.asked_gateway.borrow();
    let [(_, GatewayRequest::InvokeMethod(invoked))] = gateway.as_slice() else {
        panic!("{gateway:?}")
    };
    assert_eq!(invoked.deadline, hub.now.get().plus_seconds(60));
    assert_eq!(invoked.payload, "", "no payload was given");
}

#[test]
fn a_stale_place_is_looked_up_once_more_and_only_once() {
    let mut connections = vec!["new", "old"];
    let hub = FakeHub::new()
        .registry_answers(move |_, _| Ok(at(0, connections.pop().unwrap())))
        .gateway_answers(|_, request| match request {
            GatewayRequest::InvokeMethod(call) if call.connection.0 == "new" => Ok(answered()),
            _ => Ok(GatewayReply::Gone),
        });
    assert_eq!(call(&hub, &json!({"methodName": "m"})).status, 200);
    assert_eq!(hub.asked_gateway.borrow().len(), 2);

    let hub = FakeHub::new()
        .registry_answers(|_, _| Ok(at(0, "c")))
        .gateway_answers(|_, _| Ok(GatewayReply::Gone));
    let response = call(&hub, &json!({"methodName": "m"}));
    assert_eq!(response.status, 404);
    assert_eq!(inner(&response)["errorCode"], 404103);
    assert_eq!(hub.asked_gateway.borrow().len(), 2);
}

#[test]
fn failures_of_the_call_are_nested_with_the_documented_texts() {
    let cases = [
        (
            ErrorCode::DeviceNotOnline,
            404,
            404103,
            "Timed out waiting for device to connect.",
        ),
        (
            ErrorCode::GatewayTimeout,
            504,
            504101,
            "Timed out waiting for the response from device.",
        ),
        (
            ErrorCode::DeviceConnectionClosedRemotely,
            404,
            404104,
            "The device closed its connection before it answered.",
        ),
    ];
    for (code, status, number, text) in cases {
        let hub = FakeHub::new()
            .registry_answers(|_, _| Ok(at(0, "c")))
            .gateway_answers(move |_, _| Err(HubError::new(code, "inside")));
        let response = call(&hub, &json!({"methodName": "m"}));
        assert_eq!(
            (response.status, response.header("iothub-errorcode")),
            (status, Some(code.name()))
        );
        assert_eq!(response.value()["ExceptionMessage"], "");
        let inner = inner(&response);
        assert_eq!(
            (&inner["errorCode"], &inner["message"], &inner["info"]),
            (&json!(number), &json!(text), &Value::Null)
        );
    }
}

#[test]
fn an_unknown_device_is_classic() {
    let hub =
        FakeHub::new().registry_answers(|_, _| Err(HubError::new(ErrorCode::DeviceNotFound, "d")));
    let response = call(&hub, &json!({"methodName": "m"}));
    assert_eq!(response.value()["Message"], "ErrorCode:DeviceNotFound;d");
}

#[test]
fn senseless_calls_are_refused_before_anybody_is_asked() {
    let hub = FakeHub::new();
    let cases = [
        (json!({}), "methodName is required."),
        (json!({"methodName": ""}), "methodName is required."),
        (json!({"methodName": 5}), "methodName must be a string."),
        (json!({"methodName": "a b"}), "printable ASCII"),
        (json!({"methodName": "a/b"}), "printable ASCII"),
        (json!({"methodName": "a#"}), "printable ASCII"),
        (
            json!({"methodName": "m", "responseTimeoutInSeconds": 4}),
            "responseTimeoutInSeconds must be within [5; 300].",
        ),
        (
            json!({"methodName": "m", "responseTimeoutInSeconds": 301}),
            "responseTimeoutInSeconds must be within [5; 300].",
        ),
        (
            json!({"methodName": "m", "timeoutInSeconds": 4}),
            "must be within [5; 300].",
        ),
        (
            json!({"methodName": "m", "connectTimeoutInSeconds": 301}),
            "connectTimeoutInSeconds must be within [0; 300].",
        ),
        (
            json!({"methodName": "m", "connectTimeoutInSeconds": -1}),
            "connectTimeoutInSeconds must be within [0; 300].",
        ),
        (
            json!({"methodName": "m", "connectTimeoutInSeconds": 31}),
            "Device connection timeout 31 s cannot be longer than an overall call timeout",
        ),
    ];
    for (body, said) in cases {
        let response = call(&hub, &body);
        assert_eq!(
            (response.status, response.header("iothub-errorcode")),
            (400, Some("ArgumentInvalid")),
            "{body}"
        );
        let message = response.value()["Message"].to_string();
        assert!(message.contains(said), "{message}");
    }
    assert!(hub.asked_registry.borrow().is_empty());
}

#[test]
fn the_payload_limit_is_exact() {
    let payload = |length: usize| json!("x".repeat(length - 2)).to_string();
    let body = |length: usize| {
        format!(r#"{{"METHODNAME":"m","Payload":{}}}"#, payload(length)).into_bytes()
    };
    assert!(Call::parse(&body(131_072)).is_ok());
    assert_eq!(
        Call::parse(&body(131_073)).unwrap_err().code,
        ErrorCode::MessageTooLarge
    );
}

#[test]
fn absent_and_null_payloads_differ_and_the_legacy_timeout_counts() {
    let parse = |text: &str| Call::parse(text.as_bytes()).unwrap();
    assert_eq!(parse(r#"{"methodName":"m"}"#).payload, "");
    assert_eq!(
        parse(r#"{"methodName":"m","payload":null}"#).payload,
        "null"
    );
    assert_eq!(parse(r#"{"methodName":"m","payload":""}"#).payload, "\"\"");
    assert_eq!(
        parse(r#"{"methodName":"m","timeoutInSeconds":77}"#).response_seconds,
        77
    );
}
