//! The whole way of a request: routing, versions, rights, the registry, the answer.

use super::fake::{FakeHub, block_on, request};
use super::*;
use crate::auth::Role;
use crate::ipc::registry::{Document, Precondition, PutDevice, RegistryReply, RegistryRequest};
use crate::json;
use serde_json::Value;

fn device(id: &str) -> Value {
    json!({
        "deviceId": id,
        "etag": "MA==",
        "authentication": {"symmetricKey": {"primaryKey": "cA==", "secondaryKey": "cw=="}, "type": "sas"},
    })
}

/// A registry in which every device exists.
fn full() -> FakeHub {
    FakeHub::new().registry_answers(|shard, request| match request {
        RegistryRequest::GetDevice(id) => Ok(RegistryReply::Device(Document {
            etag: "MA==".into(),
            body: device(id.as_str()),
            warning: None,
        })),
        RegistryRequest::PutDevice(put) => Ok(RegistryReply::Device(Document {
            etag: "MQ==".into(),
            body: device(put.device.as_str()),
            warning: None,
        })),
        RegistryRequest::DeleteDevice(_) => Ok(RegistryReply::Done),
        RegistryRequest::ListDevices(list) => {
            // Shard 0 holds a0, a3, …; shard 1 holds a1, a4, …
            let own = (0..9u16)
                .filter(|number| number % 3 == shard)
                .map(|number| device(&format!("a{number}")));
            Ok(RegistryReply::Devices(
                own.take(list.top as usize).collect(),
            ))
        }
        RegistryRequest::GetTwin(_) | RegistryRequest::WriteTwin(_) => {
            Ok(RegistryReply::Twin(Document {
                etag: "AAAAAAAAAAE=".into(),
                body: json!({"deviceId": "d"}),
                warning: Some("tags.site breaks a rule\n".repeat(100)),
            }))
        }
        other => panic!("unexpected {other:?}"),
    })
}

fn owner(hub: &FakeHub, method: Method, target: &str) -> Request {
    request(method, target).with("authorization", &hub.token("iothubowner"))
}

fn put_of(hub: &FakeHub) -> PutDevice {
    match hub.asked_registry.borrow().last() {
        Some((_, RegistryRequest::PutDevice(put))) => put.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_device_is_read_with_its_etag_and_keys() {
    let hub = full();
    let response = block_on(handle(
        &hub,
        owner(&hub, Method::Get, "/devices/d?api-version=2021-04-12"),
    ));
    assert_eq!(
        (response.status, response.header("etag")),
        (200, Some("\"MA==\""))
    );
    assert_eq!(response.value(), device("d"));
    assert_eq!(
        response.header("content-type"),
        Some("application/json; charset=utf-8")
    );
    assert_eq!(response.header("x-ms-request-id").map(str::len), Some(36));
}

#[test]
fn the_order_of_refusals_is_path_version_credentials() {
    let hub = full();
    let status = |request: Request| {
        let response = block_on(handle(&hub, request));
        (
            response.status,
            response
                .header("iothub-errorcode")
                .unwrap_or_default()
                .to_owned(),
        )
    };
    assert_eq!(
        status(request(Method::Get, "/nope")),
        (404, "GenericNotFound".into())
    );
    assert_eq!(
        status(request(Method::Post, "/twins/d")),
        (405, "GenericMethodNotAllowed".into())
    );
    assert_eq!(
        status(request(Method::Get, "/devices/d")),
        (400, "InvalidProtocolVersion".into())
    );
    let unsigned = request(Method::Get, "/devices/d?api-version=2021-04-12");
    assert_eq!(status(unsigned), (401, "IotHubUnauthorizedAccess".into()));
}

#[test]
fn the_401_body_is_the_documented_one() {
    let hub = full();
    let response = block_on(handle(
        &hub,
        request(Method::Get, "/devices/d?api-version=2021-04-12"),
    ));
    let body = response.value();
    assert_eq!(
        body["Message"],
        "ErrorCode:IotHubUnauthorizedAccess;Unauthorized"
    );
    let tracking = body["ExceptionMessage"].as_str().unwrap();
    assert!(
        tracking.starts_with("Tracking ID:")
            && tracking.ends_with("-G:0-TimeStamp:03/01/2026 10:00:00"),
        "{tracking}"
    );
}

#[test]
fn an_actors_reason_for_refusing_credentials_stays_inside() {
    for code in [
        ErrorCode::IotHubUnauthorizedAccess,
        ErrorCode::IotHubUnauthorized,
    ] {
        let hub =
            FakeHub::new().registry_answers(move |_, _| Err(HubError::new(code, "no device d")));
        let response = block_on(handle(
            &hub,
            request(Method::Get, "/devices/d/messages/devicebound"),
        ));
        let message = format!("ErrorCode:{};Unauthorized", code.name());
        assert_eq!(
            (response.status, &response.value()["Message"]),
            (401, &json!(message))
        );
    }
}

#[test]
fn a_wrong_verb_names_the_right_ones_in_a_header() {
    let hub = full();
    let response = block_on(handle(&hub, request(Method::Post, "/twins/d")));
    assert_eq!(response.header("allow"), Some("GET, PUT, PATCH"));
}

#[test]
fn a_put_reaches_the_registry_with_precondition_and_entropy() {
    let hub = full();
    let target = "/devices/d?api-version=2021-04-12";
    let body = json!({"deviceId": "d", "status": "disabled"});
    let asked = owner(&hub, Method::Put, target)
        .with("if-match", "\"MA==\"")
        .with_json(&body);
    let response = block_on(handle(&hub, asked));
    assert_eq!(
        (response.status, response.header("etag")),
        (200, Some("\"MQ==\""))
    );
    let put = put_of(&hub);
    assert_eq!(
        (put.precondition, put.body),
        (Precondition::Etag("MA==".into()), body)
    );
    assert!(put.entropy.len() >= 80);
}

#[test]
fn a_put_for_another_device_or_without_a_body_is_refused() {
    let hub = full();
    let target = "/devices/d?api-version=2021-04-12";
    let code = |request: Request| {
        block_on(handle(&hub, request))
            .header("iothub-errorcode")
            .map(str::to_owned)
    };
    let other = owner(&hub, Method::Put, target).with_json(&json!({"DeviceId": "e"}));
    assert_eq!(code(other).as_deref(), Some("ArgumentInvalid"));
    assert_eq!(
        code(owner(&hub, Method::Put, target)).as_deref(),
        Some("ArgumentNull")
    );
    let mut broken = owner(&hub, Method::Put, target);
    broken.body = b"{".to_vec();
    assert_eq!(code(broken).as_deref(), Some("IotHubFormatError"));
    assert!(hub.asked_registry.borrow().is_empty());
}

#[test]
fn deleting_is_204_and_passes_the_precondition_on() {
    let hub = full();
    let asked =
        owner(&hub, Method::Delete, "/devices/d?api-version=2021-04-12").with("if-match", "\"*\"");
    let response = block_on(handle(&hub, asked));
    assert_eq!(
        (response.status, response.header("content-type")),
        (204, None)
    );
    let asked = hub.asked_registry.borrow();
    let Some((_, RegistryRequest::DeleteDevice(delete))) = asked.last() else {
        panic!()
    };
    assert_eq!(delete.precondition, Precondition::Any);
}

#[test]
fn the_list_merges_shards_by_id_and_takes_senseless_tops_for_all() {
    let hub = full();
    let ids = |query: &str| -> Vec<String> {
        let response = block_on(handle(
            &hub,
            owner(
                &hub,
                Method::Get,
                &format!("/devices/?{query}&api-version=2021-04-12"),
            ),
        ));
        let list = response.value();
        list.as_array()
            .unwrap()
            .iter()
            .map(|item| item["deviceId"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids("top=4"), ["a0", "a1", "a2", "a3"]);
    for query in ["", "top=0", "top=1001", "top=x"] {
        assert_eq!(ids(query).len(), 9, "{query}");
    }
}

#[test]
fn people_who_may_not_see_keys_neither_see_nor_change_them() {
    let hub = full();
    let operator = |method, target: &str| {
        request(method, target)
            .with("cookie", &hub.cookie(Role::Operator))
            .with("x-skerry-console", "1")
    };
    let target = "/devices/d?api-version=2021-04-12";
    let shown = block_on(handle(&hub, operator(Method::Get, target)));
    let keys = json!({"primaryKey": null, "secondaryKey": null});
    assert_eq!(shown.value()["authentication"]["symmetricKey"], keys);
    let list = block_on(handle(
        &hub,
        operator(Method::Get, "/devices?top=1&api-version=2021-04-12"),
    ));
    assert_eq!(list.value()[0]["authentication"]["symmetricKey"], keys);

    // What was shown, sent back with one change: the keys stay, under the etag they were read at.
    let mut body = shown.value();
    body["status"] = json!("disabled");
    let changed = operator(Method::Put, target)
        .with("if-match", "\"*\"")
        .with_json(&body);
    let response = block_on(handle(&hub, changed));
    assert_eq!(response.value()["authentication"]["symmetricKey"], keys);
    let put = put_of(&hub);
    assert_eq!(put.precondition, Precondition::Etag("MA==".into()));
    assert_eq!(put.body["authentication"], device("d")["authentication"]);
    assert_eq!(put.body["status"], "disabled");
}

#[test]
fn twins_are_read_patched_and_replaced_with_etag() {
    let hub = full();
    for (method, replace) in [(Method::Patch, false), (Method::Put, true)] {
        let body = json!({"tags": {"a": 1}});
        let asked = owner(&hub, method, "/twins/d/modules/m?api-version=2021-04-12")
            .with("if-match", "AAAAAAAAAAE=")
            .with_json(&body);
        let response = block_on(handle(&hub, asked));
        assert_eq!(
            (response.status, response.header("etag")),
            (200, Some("\"AAAAAAAAAAE=\""))
        );
        let warning = response.header("x-skerry-schema-warning").unwrap();
        assert!(warning.starts_with("tags.site breaks") && warning.len() <= 256);
        let asked = hub.asked_registry.borrow();
        let Some((_, RegistryRequest::WriteTwin(write))) = asked.last() else {
            panic!()
        };
        assert_eq!(
            (
                write.replace,
                &write.body,
                write.identity.to_string().as_str()
            ),
            (replace, &body, "d/m")
        );
        assert_eq!(
            write.precondition,
            Precondition::Etag("AAAAAAAAAAE=".into())
        );
    }
    let response = block_on(handle(
        &hub,
        owner(&hub, Method::Get, "/twins/d?api-version=2021-04-12"),
    ));
    assert_eq!(
        (response.status, response.header("etag")),
        (200, Some("\"AAAAAAAAAAE=\""))
    );
}

#[test]
fn statistics_are_sums_in_the_documented_shape() {
    let hub = FakeHub::new().registry_answers(|_, _| {
        Ok(RegistryReply::Statistics(
            crate::ipc::registry::Statistics {
                total: 5,
                enabled: 3,
                disabled: 2,
                connected: 1,
                never_connected: 0,
            },
        ))
    });
    let get = |target: &str| block_on(handle(&hub, owner(&hub, Method::Get, target))).text();
    assert_eq!(
        get("/statistics/devices?api-version=2021-04-12"),
        r#"{"totalDeviceCount":15,"enabledDeviceCount":9,"disabledDeviceCount":6}"#
    );
    assert_eq!(
        get("/statistics/service?api-version=2021-04-12"),
        r#"{"connectedDeviceCount":3}"#
    );
}

#[test]
fn a_body_over_the_limit_is_413_by_the_shell_and_by_us() {
    let hub = full();
    let mut asked = owner(&hub, Method::Put, "/devices/d?api-version=2021-04-12");
    let limit = body_limit(asked.method, &asked.path);
    asked.body = vec![b' '; limit + 1];
    for response in [block_on(handle(&hub, asked)), body_too_large(&hub, limit)] {
        assert_eq!(
            (response.status, response.header("iothub-errorcode")),
            (413, Some("MessageTooLarge"))
        );
        assert!(response.text().contains(&limit.to_string()));
    }
}

#[test]
fn no_operation_is_left_without_an_answer() {
    // Whatever a path asks for, the dispatch tables know it: never the internal error.
    let hub = FakeHub::new()
        .registry_answers(|_, _| Err(HubError::new(ErrorCode::DeviceNotFound, "d")))
        .hub_answers(|_| Err(HubError::new(ErrorCode::GenericConflict, "no")));
    let targets = [
        "/devices",
        "/devices/d",
        "/devices/d/commands",
        "/statistics/devices",
        "/statistics/service",
        "/twins/d",
        "/twins/d/methods",
        "/devices/d/messages/devicebound",
        "/devices/d/messages/events",
        "/devices/d/messages/devicebound/L",
        "/devices/d/messages/devicebound/L/abandon",
        "/messages/servicebound/feedback",
        "/messages/servicebound/feedback/0.t",
        "/messages/servicebound/feedback/0.t/abandon",
        "/api/v1/events",
        "/api/v1/events/info",
        "/api/v1/events/stream",
        "/api/v1/events/checkpoint",
        "/api/v1/consumer-groups",
        "/api/v1/consumer-groups/g",
        "/api/v1/routes/r",
        "/api/v1/session",
        "/api/v1/bootstrap",
        "/api/v1/health",
        "/api/v1/overview",
        "/api/v1/hub",
        "/api/v1/devices",
        "/api/v1/devices/d/connection",
        "/api/v1/devices/d/c2d",
    ];
    for target in targets {
        for method in Method::ALL {
            let asked = owner(&hub, method, &format!("{target}?api-version=2021-04-12"))
                .with_json(&json!({}));
            let response = block_on(handle(&hub, asked));
            assert_ne!(
                response.status,
                500,
                "{} {target}: {:?}",
                method.as_str(),
                hub.reports.borrow()
            );
        }
    }
}
