//! The read-mostly copy of the hub's settings in KV, for the HTTP side.
//!
//! What is read here may be a minute old; nothing that must be exact may depend on it.

use crate::platform::{describe, now};
use crate::remote;
use shared::error::HubError;
use shared::ipc::Address;
use shared::ipc::hub::{HubReply, HubRequest, HubResult, Settings};
use shared::reading;
use shared::time::Timestamp;
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use worker::Env;

#[wasm_bindgen(module = "/src/settings_mirror.js")]
extern "C" {
    #[wasm_bindgen(js_name = readText, catch)]
    async fn read_text(env: &JsValue, binding: &str, key: &str) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = writeText, catch)]
    async fn write_text(env: &JsValue, binding: &str, key: &str, text: &str)
    -> Result<(), JsValue>;
}

const BINDING: &str = "SETTINGS";
const KEY: &str = "settings";
/// How long this isolate trusts what it has read.
const TRUST_SECONDS: i64 = 30;

thread_local! {
    static CACHE: RefCell<Option<(Timestamp, Rc<Settings>)>> = const { RefCell::new(None) };
}

fn failed(error: impl std::fmt::Display) -> HubError {
    HubError::internal(format!("settings mirror: {error}"))
}

/// Replaces the copy.
pub async fn write(env: &Env, settings: &Settings) -> Result<(), HubError> {
    let text = serde_json::to_string(settings).map_err(failed)?;
    write_text(env.as_ref(), BINDING, KEY, &text)
        .await
        .map_err(|error| failed(describe(&error)))?;
    CACHE.with_borrow_mut(|cache| *cache = Some((now(), Rc::new(settings.clone()))));
    Ok(())
}

/// The settings; `None` before the first bootstrap.
pub async fn read(env: &Env) -> Result<Option<Rc<Settings>>, HubError> {
    let cached = CACHE.with_borrow(|cache| {
        cache
            .as_ref()
            .filter(|(read, _)| now() < read.plus_seconds(TRUST_SECONDS))
            .map(|(_, settings)| settings.clone())
    });
    if cached.is_some() {
        return Ok(cached);
    }
    let text = read_text(env.as_ref(), BINDING, KEY)
        .await
        .map_err(|error| failed(describe(&error)))?;
    let settings = match text.as_string() {
        Some(text) => reading::from_str(&text).map_err(failed)?,
        // Not there, or not there yet in this part of the world: ask the owner.
        None => match ask_owner(env).await? {
            Some(settings) => settings,
            None => return Ok(None),
        },
    };
    let settings = Rc::new(settings);
    CACHE.with_borrow_mut(|cache| *cache = Some((now(), settings.clone())));
    Ok(Some(settings))
}

async fn ask_owner(env: &Env) -> Result<Option<Settings>, HubError> {
    let hub = remote::object(env, Address::Hub)?;
    let answers: Vec<HubResult> =
        remote::ask(&hub, Address::Hub, &[HubRequest::GetSettings]).await?;
    match answers.into_iter().next() {
        Some(Ok(HubReply::Settings(settings))) => Ok(Some(*settings)),
        Some(Err(error)) if error.code == shared::error::ErrorCode::ServiceUnavailable => Ok(None),
        Some(Err(error)) => Err(error),
        _ => Err(failed("unexpected answer")),
    }
}
