use crate::auth::Role;
use crate::error::{ErrorCode, HubError};
use crate::http::fake::{FakeHub, block_on, request};
use crate::http::{Method, Request, Response, handle};
use crate::ids::DeviceId;
use crate::ipc::hub::{HubReply, HubRequest, ThrottleOverride, ThrottleSettings};
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::json;
use crate::throttle::OperationClass;
use std::rc::Rc;

/// A hub where that class has a rate of one a second and a burst; no device exists.
fn hub_with(class: OperationClass, burst: u64) -> FakeHub {
    let mut hub = FakeHub::new().registry_answers(|_, request| match request {
        RegistryRequest::ApplyItems(apply) => {
            Ok(RegistryReply::Outcomes(vec![Ok(None); apply.items.len()]))
        }
        RegistryRequest::AsDevice(_) => {
            Err(HubError::new(ErrorCode::IotHubUnauthorizedAccess, "no"))
        }
        _ => Err(HubError::device_not_found(&DeviceId::parse("d").unwrap())),
    });
    limit(&mut hub, class, burst);
    hub
}

fn limit(hub: &mut FakeHub, class: OperationClass, burst: u64) {
    let settings = Rc::make_mut(hub.settings.as_mut().unwrap());
    settings.throttles.overrides = vec![ThrottleOverride {
        class: class.name().to_owned(),
        per_minute: 60,
        burst,
    }];
}

fn ask(hub: &FakeHub, request: Request) -> Response {
    let request = request.with("authorization", &hub.token("iothubowner"));
    block_on(handle(hub, request))
}

fn get_device(hub: &FakeHub) -> Response {
    ask(
        hub,
        request(Method::Get, "/devices/d?api-version=2021-04-12"),
    )
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let found = response.headers.iter().find(|(key, _)| key == name);
    found.map(|(_, value)| value.as_str())
}

fn pass(hub: &FakeHub, seconds: i64) {
    hub.now.set(hub.now.get().plus_seconds(seconds));
}

#[test]
fn over_the_rate_is_429_with_the_time_to_wait_and_reaches_no_actor() {
    let hub = hub_with(OperationClass::IdentityRegistry, 3);
    for _ in 0..3 {
        assert_eq!(get_device(&hub).status, 404);
    }
    let refused = get_device(&hub);
    assert_eq!(refused.status, 429);
    assert_eq!(header(&refused, "retry-after"), Some("1"));
    assert_eq!(
        header(&refused, "iothub-errorcode"),
        Some("ThrottlingException")
    );
    let message = refused.value()["Message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("ErrorCode:ThrottlingException;"),
        "{message}"
    );
    assert!(message.contains("Wait 1 seconds"), "{message}");
    assert_eq!(hub.asked_registry.borrow().len(), 3);
    pass(&hub, 1);
    assert_eq!(get_device(&hub).status, 404);
    assert_eq!(get_device(&hub).status, 429);
}

#[test]
fn other_classes_and_the_settings_stay_reachable() {
    let hub = hub_with(OperationClass::IdentityRegistry, 1)
        .hub_answers(|_| Err(HubError::new(ErrorCode::ServiceUnavailable, "asked")));
    get_device(&hub);
    assert_eq!(get_device(&hub).status, 429);
    let twin = ask(
        &hub,
        request(Method::Get, "/twins/d?api-version=2021-04-12"),
    );
    assert_eq!(twin.status, 404);
    let throttles = ask(&hub, request(Method::Get, "/api/v1/throttles"));
    assert_eq!(throttles.status, 503, "the hub object was asked");
}

#[test]
fn each_item_of_a_bulk_request_counts() {
    let hub = hub_with(OperationClass::IdentityRegistry, 10);
    let bulk = |from: usize, count: usize| {
        let items: Vec<_> = (from..from + count)
            .map(|n| json!({"id": format!("d-{n}"), "importMode": "create"}))
            .collect();
        let request = request(Method::Post, "/devices?api-version=2021-04-12");
        ask(&hub, request.with_json(&json!(items)))
    };
    let first = bulk(0, 8);
    assert_eq!(first.status, 200, "{}", first.text());
    let refused = bulk(8, 7);
    assert_eq!(refused.status, 429);
    assert_eq!(header(&refused, "retry-after"), Some("5"));
    assert_eq!(bulk(8, 2).status, 200, "there is room for these");
    pass(&hub, 10);
    assert_eq!(
        bulk(10, 100).status,
        200,
        "more than the burst, from a full bucket"
    );
    assert_eq!(header(&bulk(0, 1), "retry-after"), Some("91"));
}

#[test]
fn a_method_counts_by_its_size_and_is_refused_in_its_own_envelope() {
    let hub = hub_with(OperationClass::DirectMethods, 10);
    let invoke = |bytes: usize| {
        let body = json!({"methodName": "m", "payload": "x".repeat(bytes)});
        let request = request(Method::Post, "/twins/d/methods?api-version=2021-04-12");
        ask(&hub, request.with_json(&body))
    };
    assert_eq!(invoke(32_000).status, 404);
    let refused = invoke(32_000);
    assert_eq!(refused.status, 429);
    assert_eq!(header(&refused, "retry-after"), Some("6"));
    let body = refused.value();
    assert_eq!(body["ExceptionMessage"], "");
    let inner: serde_json::Value = serde_json::from_str(body["Message"].as_str().unwrap()).unwrap();
    assert_eq!(inner["errorCode"], 429_001);
    assert_eq!(invoke(1).status, 404);
}

#[test]
fn signed_in_people_count_like_everybody_and_strangers_do_not() {
    let hub = hub_with(OperationClass::IdentityRegistry, 2);
    let target = "/devices/d?api-version=2021-04-12";
    for _ in 0..10 {
        let stranger = request(Method::Get, target).with("authorization", "guess");
        assert_eq!(block_on(handle(&hub, stranger)).status, 401);
    }
    let person = || {
        let request = request(Method::Get, target).with("cookie", &hub.cookie(Role::Viewer));
        block_on(handle(&hub, request)).status
    };
    assert_eq!((person(), person(), person()), (404, 404, 429));
    assert_eq!(get_device(&hub).status, 429);
}

#[test]
fn devices_over_https_count_unless_they_are_strangers() {
    let target = "/devices/d/messages/devicebound";
    let receive = |hub: &FakeHub| block_on(handle(hub, request(Method::Get, target))).status;
    let strange = hub_with(OperationClass::CloudToDeviceReceives, 2);
    assert!((0..10).all(|_| receive(&strange) == 401));
    let mut known = FakeHub::new().registry_answers(|_, _| Ok(RegistryReply::Received(None)));
    limit(&mut known, OperationClass::CloudToDeviceReceives, 2);
    let statuses = [receive(&known), receive(&known), receive(&known)];
    assert_eq!(statuses, [204, 204, 429]);
}

#[test]
fn units_and_overrides_are_read_and_written() {
    let hub = FakeHub::new();
    let settings = hub.settings.as_ref().unwrap().as_ref().clone();
    let hub = hub.hub_answers(move |request| {
        let mut settings = settings.clone();
        if let HubRequest::PutThrottles(throttles) = request {
            settings.version += 1;
            settings.throttles = throttles;
        }
        Ok(HubReply::Settings(Box::new(settings)))
    });
    let all = ask(&hub, request(Method::Get, "/api/v1/throttles")).value();
    assert_eq!(all["units"], 1);
    assert_eq!(all["overrides"], json!({}));
    assert_eq!(
        all["rates"]["identityRegistry"],
        json!({"perMinute": 5000, "burst": 5000, "available": 5000, "refused": 0})
    );
    assert_eq!(
        all["rates"]["newConnections"],
        json!({"perMinute": 360_000, "burst": 60_000})
    );
    let put = |body| {
        let request = request(Method::Put, "/api/v1/throttles").with_json(&body);
        ask(&hub, request)
    };
    let limits = json!({"queries": {"perMinute": 6, "burst": 2}});
    let answer = put(json!({"units": 4, "overrides": limits}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.value()["overrides"], limits);
    assert_eq!(answer.value()["rates"]["queries"]["available"], 2);
    assert_eq!(answer.value()["rates"]["jobs"]["perMinute"], 20_000);
    let asked = hub.asked_hub.borrow();
    let expected = ThrottleSettings {
        units: 4,
        overrides: vec![ThrottleOverride {
            class: "queries".to_owned(),
            per_minute: 6,
            burst: 2,
        }],
    };
    assert!(
        matches!(asked.last(), Some(HubRequest::PutThrottles(put)) if *put == expected),
        "{asked:?}"
    );
    drop(asked);
    for body in [
        json!([]),
        json!({"units": "many"}),
        json!({"overrides": []}),
        json!({"overrides": {"queries": 6}}),
    ] {
        assert_eq!(put(body).status, 400);
    }
}

#[test]
fn only_an_admin_changes_them() {
    let hub =
        FakeHub::new().hub_answers(|_| Err(HubError::new(ErrorCode::ServiceUnavailable, "asked")));
    for (role, status) in [
        (Role::Viewer, 403),
        (Role::Supervisor, 403),
        (Role::Admin, 503),
    ] {
        let request = request(Method::Put, "/api/v1/throttles")
            .with("cookie", &hub.cookie(role))
            .with("x-skerry-console", "1")
            .with_json(&json!({}));
        assert_eq!(block_on(handle(&hub, request)).status, status, "{role:?}");
    }
    let service = request(Method::Put, "/api/v1/throttles")
        .with("authorization", &hub.token("service"))
        .with_json(&json!({}));
    assert_eq!(block_on(handle(&hub, service)).status, 401);
}
