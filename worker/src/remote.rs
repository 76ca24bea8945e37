//! Calls between objects: bytes in and bytes out per hop (`shared::ipc::encoding`), telemetry as
//! it lies in segments.

use crate::platform::describe;
use js_sys::Uint8Array;
use serde::de::DeserializeOwned;
use serde::{Serialize, Serializer};
use shared::error::{ErrorCode, HubError};
use shared::hub::effects::{Outcome, Outgoing};
use shared::ipc::{Address, encoding};
use std::pin::Pin;
use wasm_bindgen::prelude::*;
use worker::Env;

#[wasm_bindgen(module = "/src/remote.js")]
extern "C" {
    /// An object, from anywhere.
    pub type Remote;

    #[wasm_bindgen(constructor, catch)]
    fn new(env: &JsValue, binding: &str, name: &str) -> Result<Remote, JsValue>;
    #[wasm_bindgen(method, catch)]
    async fn post(this: &Remote, url: &str, body: Uint8Array) -> Result<JsValue, JsValue>;
    /// Hands a device's socket over; the object's response. Of its certificate the object
    /// hears from here alone.
    #[wasm_bindgen(method, catch)]
    pub async fn upgrade(
        this: &Remote,
        url: &str,
        protocol: &str,
        header: &str,
        certificate: Option<&str>,
    ) -> Result<web_sys::Response, JsValue>;

    #[wasm_bindgen(catch)]
    async fn received(request: &web_sys::Request) -> Result<JsValue, JsValue>;
    fn release(bytes: &Uint8Array);
}

/// Copies bytes into our memory and gives theirs back.
fn taken(bytes: JsValue) -> Vec<u8> {
    let Ok(bytes) = bytes.dyn_into::<Uint8Array>() else {
        return Vec::new();
    };
    let copy = bytes.to_vec();
    release(&bytes);
    copy
}

/// Path of a telemetry append; everything else is a list of requests.
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

/// The way to an object.
pub fn object(env: &Env, to: Address) -> Result<Remote, HubError> {
    let (binding, name) = place(to);
    Remote::new(env.as_ref(), binding, &name)
        .map_err(|error| unreachable_object(&name, &describe(&error)))
}

fn unreachable_object(name: &str, detail: &str) -> HubError {
    HubError::new(
        ErrorCode::ServiceUnavailable,
        format!("{name} cannot be reached: {detail}"),
    )
}

async fn post(remote: &Remote, to: Address, path: &str, body: &[u8]) -> Result<Vec<u8>, HubError> {
    let answer = remote
        .post(&url(to, path), Uint8Array::from(body))
        .await
        .map_err(|error| unreachable_object(&place(to).1, &describe(&error)))?;
    Ok(taken(answer))
}

/// The requests that a call brings to an object.
pub async fn requests<Asked: DeserializeOwned>(
    request: &web_sys::Request,
) -> worker::Result<Vec<Asked>> {
    let bytes = taken(received(request).await?);
    encoding::from_bytes(&bytes).map_err(|error| worker::Error::RustError(error.message))
}

/// Sends requests together; the answers come in the same order.
pub async fn ask<Asked: Serialize, Answer: DeserializeOwned>(
    remote: &Remote,
    to: Address,
    requests: &[Asked],
) -> Result<Vec<Result<Answer, HubError>>, HubError> {
    let asked = encoding::to_bytes(requests)?;
    read(&exchange(remote, to, asked).await?)
}

/// Once there and back. Behind a pointer, so that it is compiled once and not into everybody
/// who asks.
fn exchange(remote: &Remote, to: Address, asked: Vec<u8>) -> Exchange<'_> {
    Box::pin(async move { post(remote, to, "/", &asked).await })
}

type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Vec<u8>, HubError>> + 'a>>;

#[inline(never)]
fn read<Answer: DeserializeOwned>(bytes: &[u8]) -> Result<Vec<Result<Answer, HubError>>, HubError> {
    encoding::from_bytes(bytes)
}

/// Appends a segment.
pub async fn append(remote: &Remote, to: Address, segment: &[u8]) -> Result<(), HubError> {
    post(remote, to, APPEND_PATH, segment).await.map(|_| ())
}

/// Carries out calls of an actor that go to one object; outcomes in the same order.
pub async fn carry_out(remote: &Remote, to: Address, requests: &[Outgoing]) -> Vec<Outcome> {
    if let [Outgoing::Append(segment)] = requests {
        return vec![Outcome::Appended(append(remote, to, segment).await)];
    }
    let asked: Vec<Asked<'_>> = requests.iter().map(Asked).collect();
    let answer = match encoding::to_bytes(&asked) {
        Ok(asked) => exchange(remote, to, asked).await,
        Err(error) => Err(error),
    };
    let count = requests.len();
    match to {
        Address::Registry(_) => outcomes(answer, count, Outcome::Registry),
        Address::Gateway(_) => outcomes(answer, count, Outcome::Gateway),
        Address::Events(_) => outcomes(answer, count, Outcome::Events),
        Address::Hub => outcomes(answer, count, Outcome::Hub),
    }
}

/// A request as the other object reads it.
struct Asked<'a>(&'a Outgoing);

impl Serialize for Asked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Outgoing::Registry(request) => request.serialize(serializer),
            Outgoing::Gateway(request) => request.serialize(serializer),
            Outgoing::Events(request) => request.serialize(serializer),
            Outgoing::Hub(request) => request.serialize(serializer),
            // Travels as bytes, alone.
            Outgoing::Append(_) => serializer.serialize_unit(),
        }
    }
}

fn outcomes<Answer: DeserializeOwned>(
    answer: Result<Vec<u8>, HubError>,
    count: usize,
    wrap: fn(Result<Answer, HubError>) -> Outcome,
) -> Vec<Outcome> {
    match answer.and_then(|answer| read(&answer)) {
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
