use crate::error::{ErrorCode, HubError};
use crate::http::fake::{FakeHub, block_on, request};
use crate::http::{Method, Response, handle};
use crate::json;
use serde_json::Value;

fn ask(hub: &FakeHub, method: Method, target: &str, body: &Value) -> Response {
    let request = request(method, target)
        .with("authorization", &hub.token("iothubowner"))
        .with("if-match", "*")
        .with_json(body);
    block_on(handle(hub, request))
}

fn failing(code: ErrorCode) -> FakeHub {
    FakeHub::new().registry_answers(move |_, _| Err(HubError::new(code, "secret detail")))
}

#[test]
fn a_failure_is_noted_where_its_device_lives() {
    let hub = failing(ErrorCode::DeviceNotOnline);
    let body = json!({ "methodName": "reboot" });
    let target = "/twins/d/methods?api-version=2021-04-12";
    assert_eq!(ask(&hub, Method::Post, target, &body).status, 404);
    let noted = hub.noted.borrow();
    let [note] = noted.as_slice() else {
        panic!("{noted:?}")
    };
    assert_eq!(note["category"], "DirectMethods");
    assert_eq!(note["operationName"], "send");
    assert_eq!(note["level"], "Error");
    assert_eq!(note["resultType"], "404103");
    assert_eq!(note["deviceId"], "d");
}

#[test]
fn a_query_that_cannot_be_read_is_noted_without_a_device() {
    let hub = FakeHub::new();
    let target = "/devices/query?api-version=2021-04-12";
    let reply = ask(&hub, Method::Post, target, &json!({ "query": "SELECT" }));
    assert_eq!(reply.status, 400);
    let noted = hub.noted.borrow();
    assert_eq!(noted[0]["category"], "TwinQueries");
    assert_eq!(noted[0]["deviceId"], Value::Null);
}

#[test]
fn what_happened_inside_is_not_told() {
    let hub = failing(ErrorCode::ServerError);
    let target = "/devices/d?api-version=2021-04-12";
    assert_eq!(ask(&hub, Method::Delete, target, &Value::Null).status, 500);
    assert_eq!(hub.noted.borrow()[0]["resultDescription"], "Internal error");
}

#[test]
fn strangers_reads_and_throttled_requests_leave_none() {
    let hub = failing(ErrorCode::DeviceNotFound);
    let get = "/twins/d?api-version=2021-04-12";
    assert_eq!(ask(&hub, Method::Get, get, &Value::Null).status, 404);
    let stranger = request(Method::Patch, get).with_json(&json!({}));
    assert_eq!(block_on(handle(&hub, stranger)).status, 401);
    assert!(hub.noted.borrow().is_empty());
    let hub = failing(ErrorCode::ThrottlingException);
    assert_eq!(ask(&hub, Method::Patch, get, &json!({})).status, 429);
    assert!(hub.noted.borrow().is_empty());
}
