//! Requests to other servers (`outbound.js`). Where one may go is decided in
//! `shared::http::outbound`.

use js_sys::{Array, Uint8Array};
use shared::error::{ErrorCode, HubError};
use shared::http::Request;
use shared::http::message::Method;
use shared::http::outbound::{Answer, PATIENCE_MILLISECONDS};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/outbound.js")]
extern "C" {
    #[wasm_bindgen(catch)]
    async fn exchange(
        url: &str,
        method: &str,
        headers: Array,
        body: JsValue,
        patience: u32,
        limit: f64,
    ) -> Result<JsValue, JsValue>;
}

fn failed(why: impl ToString) -> HubError {
    HubError::new(ErrorCode::ServiceUnavailable, why.to_string())
}

/// Sends and reads the answer.
pub async fn fetch(origin: &str, request: &Request, limit: usize) -> Result<Answer, HubError> {
    let url = format!("{origin}{}?{}", request.path, request.query);
    let headers = Array::new();
    for (name, value) in &request.headers {
        headers.push(&name.into());
        headers.push(&value.into());
    }
    // An empty body has a length too, which blob storage insists on.
    let body = match request.method {
        Method::Put | Method::Post | Method::Patch => {
            Uint8Array::from(request.body.as_slice()).into()
        }
        _ => JsValue::UNDEFINED,
    };
    let method = request.method.as_str();
    let answer = exchange(
        &url,
        method,
        headers,
        body,
        PATIENCE_MILLISECONDS,
        limit as f64,
    )
    .await
    .map_err(|error| {
        let why = error.dyn_into::<js_sys::Error>();
        failed(why.map_or_else(
            |_| "the connection failed".to_owned(),
            |why| String::from(why.message()),
        ))
    })?;
    let answer = Array::from(&answer);
    let texts = Array::from(&answer.get(1));
    let mut headers = Vec::new();
    let mut place = 0;
    while place + 1 < texts.length() {
        let text = |place| texts.get(place).as_string().unwrap_or_default();
        headers.push((text(place), text(place + 1)));
        place += 2;
    }
    Ok(Answer {
        status: answer.get(0).as_f64().unwrap_or(0.0) as u16,
        headers,
        body: Uint8Array::new(&answer.get(2)).to_vec(),
    })
}
