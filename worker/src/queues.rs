//! Queues of the deployment (`queues.js`). What goes into one is decided in `shared`.

use shared::error::{ErrorCode, HubError};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(module = "/src/queues.js")]
extern "C" {
    #[wasm_bindgen(js_name = queueNames)]
    fn queue_names(env: &JsValue) -> String;
    #[wasm_bindgen(catch)]
    async fn enqueue(env: &JsValue, name: &str, events: &str) -> Result<JsValue, JsValue>;
}

/// Names of the queues that are bound.
pub fn names(env: &JsValue) -> Vec<String> {
    let names = queue_names(env);
    let names = names.split(',').filter(|name| !name.is_empty());
    names.map(str::to_owned).collect()
}

/// Puts events into a queue; a status.
pub async fn put(env: &JsValue, name: &str, events: &[u8]) -> Result<u16, HubError> {
    let failed = |why: &str| HubError::new(ErrorCode::ServiceUnavailable, why);
    let events = std::str::from_utf8(events).map_err(|_| failed("no text"))?;
    let status = enqueue(env, name, events)
        .await
        .map_err(|_| failed("the queue did not take it"))?;
    Ok(status.as_f64().unwrap_or(0.0) as u16)
}
