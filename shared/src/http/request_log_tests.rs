use crate::error::{ErrorCode, HubError};
use crate::http::fake::{FakeHub, block_on, request};
use crate::http::{Method, handle, route};
use serde_json::Value;

fn lines(hub: &FakeHub) -> Vec<Value> {
    let logged = hub.logged.borrow();
    let lines = logged.iter().map(|line| serde_json::from_str(line));
    lines.collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_line_tells_of_a_request_and_keeps_the_callers_words_to_itself() {
    let hub = FakeHub::new()
        .registry_answers(|_, _| Err(HubError::new(ErrorCode::DeviceNotFound, "pump-7")));
    let token = hub.token("iothubowner");
    let target = "/twins/pump-7?api-version=2021-04-12&sig=hidden";
    let request = request(Method::Get, target).with("authorization", &token);
    let response = block_on(handle(&hub, request));
    let told = lines(&hub);
    let [line] = told.as_slice() else {
        panic!("{told:?}")
    };
    assert_eq!(line["event"], "request");
    assert_eq!(line["method"], "GET");
    assert_eq!(line["route"], "/twins/{}");
    assert_eq!(line["status"], 404);
    assert_eq!(line["milliseconds"], 0);
    assert_eq!(
        line["requestId"],
        response.header("x-ms-request-id").unwrap()
    );
    let text = line.to_string();
    for hidden in ["pump-7", "hidden", "SharedAccessSignature"] {
        assert!(!text.contains(hidden), "{text}");
    }
}

#[test]
fn a_path_that_nobody_has_is_not_repeated() {
    let hub = FakeHub::new();
    block_on(handle(&hub, request(Method::Get, "/secret/path")));
    assert_eq!(lines(&hub)[0]["route"], "");
    assert_eq!(lines(&hub)[0]["status"], 404);
}

#[test]
fn what_is_asked_all_the_time_is_told_only_when_it_fails() {
    let hub = FakeHub::new();
    let health = block_on(handle(&hub, request(Method::Get, "/api/v1/health")));
    assert_eq!(health.status, 200);
    assert!(lines(&hub).is_empty());
    let hub = FakeHub::new()
        .registry_answers(|_, _| Err(HubError::new(ErrorCode::IotHubUnauthorized, "no")));
    let target = "/devices/d/messages/events?api-version=2021-04-12";
    let sent = block_on(handle(&hub, request(Method::Post, target)));
    assert_eq!(sent.status, 401);
    assert_eq!(lines(&hub)[0]["route"], "/devices/{}/messages/events");
}

#[test]
fn templates_show_what_routes_need_and_nothing_else() {
    for (method, path, shown) in [
        (Method::Get, "/devices", "/devices"),
        (Method::Put, "/devices/devices", "/devices/{}"),
        (Method::Post, "/devices/query", "/devices/query"),
        (
            Method::Get,
            "/Devices/a/Modules/b",
            "/devices/{}/modules/{}",
        ),
        (
            Method::Get,
            "/api/v1/devices/a%2Db/connection",
            "/api/v1/devices/{}/connection",
        ),
        (
            Method::Post,
            "/api/v1/alerts/a-3/ack",
            "/api/v1/alerts/{}/ack",
        ),
        (
            Method::Delete,
            "/messages/serviceBound/feedback/0f0e",
            "/messages/servicebound/feedback/{}",
        ),
    ] {
        assert_eq!(route::template(method, path), shown);
    }
}
