//! Calls between objects: one JSON text in and one out per hop, telemetry as raw bytes.

use crate::platform::describe;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::error::{ErrorCode, HubError};
use shared::hub::effects::{Outcome, Outgoing};
use shared::ipc::Address;
use wasm_bindgen::JsValue;
use worker::{Env, Method, Request, RequestInit, Stub};

/// Path of a telemetry append; everything else is a JSON array of requests.
pub const APPEND_PATH: &str = "/append";
/// Path of a device's WebSocket.
pub const SOCKET_PATH: &str = "/socket";

/// The namespace binding and the object's name.
fn place(to: Address) -> (&'static str, String) {
    match to {
        Address::Gateway(number) => ("GATEWAY", format!("gateway-{number}")),
        Address::Registry(number) => ("REGISTRY", format!("registry-{number}")),
        Address::Events(number) => ("EVENTS", format!("events-{number}")),
        Address::Hub => ("HUB", "hub-0".to_owned()),
    }
}

/// The object's URL: tells it its number, since an alarm may come before any call.
pub fn url(to: Address, path: &str) -> String {
    let (_, name) = place(to);
    let number = name.rsplit('-').next().unwrap_or("0").to_owned();
    format!("https://object/{number}{path}")
}

/// A stub for an object.
pub fn stub(env: &Env, to: Address) -> Result<Stub, HubError> {
    let (binding, name) = place(to);
    env.durable_object(binding)
        .and_then(|namespace| namespace.get_by_name(&name))
        .map_err(|error| unreachable_object(&name, &error.to_string()))
}

fn unreachable_object(name: &str, detail: &str) -> HubError {
    HubError::new(
        ErrorCode::ServiceUnavailable,
        format!("{name} cannot be reached: {detail}"),
    )
}

async fn post(
    stub: &Stub,
    to: Address,
    path: &str,
    body: JsValue,
) -> Result<worker::Response, HubError> {
    let failed = |detail: String| unreachable_object(&place(to).1, &detail);
    let mut init = RequestInit::new();
    init.with_method(Method::Post).with_body(Some(body));
    let request =
        Request::new_with_init(&url(to, path), &init).map_err(|error| failed(error.to_string()))?;
    let response = stub
        .fetch_with_request(request)
        .await
        .map_err(|error| failed(error.to_string()))?;
    if response.status_code() >= 300 {
        return Err(failed(format!("status {}", response.status_code())));
    }
    Ok(response)
}

/// Sends requests together; the answers come in the same order.
pub async fn ask<Asked: Serialize, Answer: DeserializeOwned>(
    stub: &Stub,
    to: Address,
    requests: &[Asked],
) -> Result<Vec<Result<Answer, HubError>>, HubError> {
    let text =
        serde_json::to_string(requests).map_err(|error| HubError::internal(error.to_string()))?;
    let mut response = post(stub, to, "/", JsValue::from_str(&text)).await?;
    let answer = response
        .text()
        .await
        .map_err(|error| HubError::internal(error.to_string()))?;
    serde_json::from_str(&answer).map_err(|error| HubError::internal(error.to_string()))
}

/// Appends a segment.
pub async fn append(stub: &Stub, to: Address, segment: &[u8]) -> Result<(), HubError> {
    let body = js_sys::Uint8Array::from(segment);
    post(stub, to, APPEND_PATH, body.into()).await.map(|_| ())
}

/// Carries out calls of an actor that go to one object; outcomes in the same order.
pub async fn carry_out(stub: &Stub, to: Address, requests: &[Outgoing]) -> Vec<Outcome> {
    match to {
        Address::Registry(_) => {
            let asked: Vec<_> = requests.iter().filter_map(registry_request).collect();
            outcomes(ask(stub, to, &asked).await, asked.len(), Outcome::Registry)
        }
        Address::Gateway(_) => {
            let asked: Vec<_> = requests.iter().filter_map(gateway_request).collect();
            outcomes(ask(stub, to, &asked).await, asked.len(), Outcome::Gateway)
        }
        Address::Events(_) | Address::Hub => {
            if let [Outgoing::Append(segment)] = requests {
                return vec![Outcome::Appended(append(stub, to, segment).await)];
            }
            let asked: Vec<_> = requests.iter().filter_map(events_request).collect();
            outcomes(ask(stub, to, &asked).await, asked.len(), Outcome::Events)
        }
    }
}

fn registry_request(request: &Outgoing) -> Option<&shared::ipc::registry::RegistryRequest> {
    match request {
        Outgoing::Registry(request) => Some(request),
        _ => None,
    }
}

fn gateway_request(request: &Outgoing) -> Option<&shared::ipc::gateway::GatewayRequest> {
    match request {
        Outgoing::Gateway(request) => Some(request),
        _ => None,
    }
}

fn events_request(request: &Outgoing) -> Option<&shared::ipc::events::EventsRequest> {
    match request {
        Outgoing::Events(request) => Some(request),
        _ => None,
    }
}

fn outcomes<Answer>(
    answers: Result<Vec<Result<Answer, HubError>>, HubError>,
    count: usize,
    wrap: impl Fn(Result<Answer, HubError>) -> Outcome,
) -> Vec<Outcome> {
    match answers {
        Ok(answers) => answers.into_iter().map(wrap).collect(),
        Err(error) => (0..count).map(|_| wrap(Err(error.clone()))).collect(),
    }
}

/// Logs what went wrong inside; never called with anything secret.
pub fn log_error(place: &str, error: &HubError) {
    worker::console_error!("{place}: {error}");
}

/// Logs a JavaScript failure.
pub fn log_js(place: &str, error: &JsValue) {
    worker::console_error!("{place}: {}", describe(error));
}
