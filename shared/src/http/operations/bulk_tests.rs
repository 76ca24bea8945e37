//! What is refused as a whole, what each item gets, and how the answer looks.

use super::*;
use crate::auth::Role;
use crate::http::fake::{FakeHub, block_on, request};
use crate::http::message::Method;
use crate::http::{Response, handle};

/// A registry that takes every item but those of the mode `update`.
fn hub() -> FakeHub {
    FakeHub::new().registry_answers(|_, request| match request {
        RegistryRequest::ApplyItems(apply) => {
            assert_eq!(
                apply.entropy.len(),
                apply.items.len() * crate::ipc::registry::IDENTITY_ENTROPY
            );
            let outcomes = apply.items.iter().map(|(identity, item)| {
                if item["importMode"] == "update" {
                    Err(HubError::device_not_found(&identity.device))
                } else {
                    Ok(None)
                }
            });
            Ok(RegistryReply::Outcomes(outcomes.collect()))
        }
        other => panic!("unexpected {other:?}"),
    })
}

fn post(hub: &FakeHub, body: &Value) -> Response {
    let request = request(Method::Post, "/devices?api-version=2021-04-12")
        .with("authorization", &hub.token("iothubowner"))
        .with_json(body);
    block_on(handle(hub, request))
}

#[test]
fn good_items_are_200_with_empty_lists() {
    let hub = hub();
    let items: Vec<Value> = (0..100).map(|n| json!({ "id": format!("d{n}") })).collect();
    let response = post(&hub, &Value::Array(items));
    assert_eq!(response.status, 200);
    assert_eq!(
        response.value(),
        json!({ "isSuccessful": true, "errors": [], "warnings": [] })
    );
    let asked = hub.asked_registry.borrow();
    assert_eq!(asked.len(), 3, "one call for each shard");
}

#[test]
fn failing_items_are_named_in_order_under_both_headers() {
    let hub = hub();
    let response = post(
        &hub,
        &json!([
            { "id": "a", "importMode": "update" },
            { "id": "b" },
            { "id": "not legal", "importMode": "create" },
            { "moduleId": "m" },
            7,
            { "id": "c", "moduleId": "m", "importMode": "update" },
        ]),
    );
    assert_eq!(response.status, 400);
    for name in ["iothub-errorcode", "iothuberrorcode"] {
        assert_eq!(
            response.header(name),
            Some("BulkRegistryOperationFailure"),
            "{name}"
        );
    }
    let body = response.value();
    assert_eq!(body["isSuccessful"], false);
    let errors = body["errors"].as_array().unwrap();
    let seen: Vec<(&Value, &Value, &Value)> = errors
        .iter()
        .map(|error| (&error["deviceId"], &error["moduleId"], &error["errorCode"]))
        .collect();
    let null = Value::Null;
    assert_eq!(
        seen,
        [
            (&json!("a"), &null, &json!(404001)),
            (&json!("not legal"), &null, &json!(400004)),
            (&null, &json!("m"), &json!(400004)),
            (&null, &null, &json!(400006)),
            (&json!("c"), &json!("m"), &json!(404001)),
        ]
    );
    assert_eq!(errors[0]["errorStatus"], "a");
    assert_eq!(errors[0]["operation"], "update");
}

#[test]
fn a_request_that_makes_no_sense_is_refused_as_a_whole() {
    let too_many: Vec<Value> = (0..101).map(|n| json!({ "id": format!("d{n}") })).collect();
    for (body, status, code) in [
        (json!({}), 400, "IotHubFormatError"),
        (json!([]), 400, "ArgumentInvalid"),
        (Value::Array(too_many), 413, "TooManyDevices"),
        (
            json!([{ "id": "a" }, { "id": "a" }]),
            400,
            "DeviceDefinedMultipleTimes",
        ),
        (
            json!([{ "id": "a", "moduleId": "m" }, { "id": "a", "moduleId": "m" }]),
            400,
            "DeviceDefinedMultipleTimes",
        ),
    ] {
        let hub = hub();
        let response = post(&hub, &body);
        assert_eq!(
            (response.status, response.header("iothub-errorcode")),
            (status, Some(code)),
            "{body}"
        );
        assert!(hub.asked_registry.borrow().is_empty(), "nothing is applied");
    }
    // A device and its module are two identities, and so are ids that differ in case.
    let hub = hub();
    let response = post(
        &hub,
        &json!([{ "id": "a" }, { "id": "a", "moduleId": "m" }, { "id": "A" }]),
    );
    assert_eq!(response.status, 200);
}

#[test]
fn a_shard_that_cannot_be_reached_fails_its_own_items_only() {
    let hub = FakeHub::new().registry_answers(|shard, request| match request {
        RegistryRequest::ApplyItems(_) if shard == 1 => Err(HubError::new(
            ErrorCode::ServiceUnavailable,
            "the shard cannot be reached",
        )),
        RegistryRequest::ApplyItems(apply) => {
            Ok(RegistryReply::Outcomes(vec![Ok(None); apply.items.len()]))
        }
        other => panic!("unexpected {other:?}"),
    });
    let items: Vec<Value> = (0..30).map(|n| json!({ "id": format!("d{n}") })).collect();
    let body = post(&hub, &Value::Array(items)).value();
    let failed = body["errors"].as_array().unwrap();
    assert!(!failed.is_empty() && failed.len() < 30, "{}", failed.len());
    assert!(failed.iter().all(|error| error["errorCode"] == 503001));
}

#[test]
fn people_who_may_not_see_keys_cannot_write_them_in_bulk() {
    let hub = hub();
    let request = request(Method::Post, "/devices?api-version=2021-04-12")
        .with("cookie", &hub.cookie(Role::Supervisor))
        .with("x-skerry-console", "1")
        .with_json(&json!([{ "id": "a" }]));
    let response = block_on(handle(&hub, request));
    assert_eq!(response.status, 403);
    assert!(hub.asked_registry.borrow().is_empty());
}
