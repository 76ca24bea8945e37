//! Fetch, and only fetch: same-origin requests with the session cookie, the CSRF header on every
//! request that changes something, errors read from the envelope. Never retries by itself: a
//! retry is the person's or the poll's decision.

use super::error::ApiError;
use crate::connectivity;
use crate::session;
use gloo_net::http::{Method, RequestBuilder, Response};
use js_sys::{Reflect, Uint8Array};
use serde::de::DeserializeOwned;
use std::pin::Pin;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, ReadableStreamDefaultReader};

/// The api-version sent with IoT Hub calls (`service.md §1`).
pub const API_VERSION: &str = "2021-04-12";

/// Where requests wait for somebody else's approval.
const APPROVALS: &str = "/api/v1/approvals/";

/// A request under construction.
pub struct Call {
    builder: RequestBuilder,
    body: Option<JsValue>,
    quiet: bool,
    until: Option<AbortSignal>,
}

/// What came back: the parsed body and what the headers say about it.
pub struct Answer<T> {
    /// Parsed body.
    pub value: T,
    /// `ETag` header without its quotes.
    pub etag: Option<String>,
    /// Where the next page begins.
    pub continuation: Option<String>,
}

/// A call to the console's own API, `path` below `/api/v1`.
pub fn own(method: Method, path: &str) -> Call {
    call(method, format!("/api/v1{path}"))
}

/// A call to the IoT Hub surface, with the api-version.
pub fn hub(method: Method, path: &str) -> Call {
    let join = if path.contains('?') { '&' } else { '?' };
    call(method, format!("{path}{join}api-version={API_VERSION}"))
}

/// A call to a signed URL of the hub's own store. The signature is all it needs; what it refuses
/// says nothing about the session.
pub fn signed(method: Method, url: String) -> Call {
    call(method, url).expects_unauthorized()
}

/// One of the console's own files.
pub fn file(path: &str) -> Call {
    call(Method::GET, path.to_owned())
}

fn call(method: Method, url: String) -> Call {
    let changes = method != Method::GET;
    let mut builder = RequestBuilder::new(&url).method(method);
    if changes {
        builder = builder.header("X-Skerry-Console", "1");
    }
    Call {
        builder,
        body: None,
        quiet: false,
        until: None,
    }
}

impl Call {
    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.builder = self.builder.header(name, value);
        self
    }

    /// Adds `If-Match` with the tag in quotes; `*` means unconditional.
    pub fn if_match(self, etag: &str) -> Self {
        self.header("If-Match", &format!("\"{etag}\""))
    }

    /// Sends a JSON body.
    pub fn json(mut self, body: &serde_json::Value) -> Self {
        self.builder = self
            .builder
            .header("Content-Type", "application/json; charset=utf-8");
        self.body = Some(JsValue::from_str(&body.to_string()));
        self
    }

    /// Sends text as it is; the caller sets the content type.
    pub fn text(mut self, body: &str) -> Self {
        self.body = Some(JsValue::from_str(body));
        self
    }

    /// Sends a file or a piece of one; the browser reads it as it goes.
    pub fn file(mut self, body: &Blob) -> Self {
        self.body = Some(body.into());
        self
    }

    /// A 401 is an answer here, not the end of the session.
    pub fn expects_unauthorized(mut self) -> Self {
        self.quiet = true;
        self
    }

    /// Gives up when the signal says so, which is nobody's failure.
    pub fn until(mut self, signal: &AbortSignal) -> Self {
        self.builder = self.builder.abort_signal(Some(signal));
        self.until = Some(signal.clone());
        self
    }

    /// Sends and parses the body.
    pub async fn read<T: DeserializeOwned>(self) -> Result<Answer<T>, ApiError> {
        let answer = self.send().await?;
        // Objects only: what would take arrays for them is never compiled.
        let value = shared::reading::from_str(&answer.value)
            .map_err(|error| ApiError::Unreadable(error.to_string()))?;
        Ok(Answer {
            value,
            etag: answer.etag,
            continuation: answer.continuation,
        })
    }

    /// Sends; the body of the answer does not matter.
    pub async fn done(self) -> Result<(), ApiError> {
        self.send().await.map(|_| ())
    }

    /// Sends and gives the body as text.
    pub async fn words(self) -> Result<String, ApiError> {
        self.send().await.map(|answer| answer.value)
    }

    /// Sends and hands over the body piece by piece as it comes in. Stops when `on_bytes` says
    /// that nobody wants more.
    pub async fn stream(self, mut on_bytes: impl FnMut(&[u8]) -> bool) -> Result<(), ApiError> {
        let (quiet, until) = (self.quiet, self.until.clone());
        let response = self.fetch().await?;
        let body = response.body().filter(|_| response.ok());
        let Some(body) = body else {
            return settle(response, quiet).await.map(|_| ());
        };
        connectivity::report(true);
        let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
        loop {
            let Ok(piece) = JsFuture::from(reader.read()).await else {
                return Err(broken(until.as_ref()));
            };
            let field = |name: &str| Reflect::get(&piece, &name.into()).unwrap_or_default();
            if field("done").is_truthy() {
                connectivity::report(true);
                return Ok(());
            }
            if !on_bytes(&Uint8Array::new(&field("value")).to_vec()) {
                let _ = reader.cancel();
                return Ok(());
            }
        }
    }

    /// In a box, which is small in every call that waits for it.
    fn send(self) -> Pin<Box<dyn Future<Output = Result<Answer<String>, ApiError>>>> {
        Box::pin(async move {
            let quiet = self.quiet;
            settle(self.fetch().await?, quiet).await
        })
    }

    async fn fetch(self) -> Result<Response, ApiError> {
        let request = match self.body {
            Some(body) => self.builder.body(body),
            None => self.builder.build(),
        }
        .map_err(|error| ApiError::Unreadable(error.to_string()))?;
        let sent = request.send().await;
        sent.map_err(|_| broken(self.until.as_ref()))
    }
}

/// No answer, or no more of it. Says nothing about the hub if the call was given up.
fn broken(until: Option<&AbortSignal>) -> ApiError {
    if !until.is_some_and(AbortSignal::aborted) {
        connectivity::report(false);
    }
    ApiError::Unreachable
}

/// The text of an answer, or what the hub refused.
async fn settle(response: Response, quiet: bool) -> Result<Answer<String>, ApiError> {
    let headers = response.headers();
    let etag = headers
        .get("etag")
        .map(|tag| tag.trim_matches('"').to_owned());
    let continuation = headers.get("x-ms-continuation");
    let code = headers
        .get("iothub-errorcode")
        .or_else(|| headers.get("x-ms-error-code"));
    let status = response.status();
    let text = response.text().await.map_err(|_| {
        connectivity::report(false);
        ApiError::Unreachable
    })?;
    connectivity::report(true);
    // What may not be done alone was not done, and waits here.
    if headers
        .get("location")
        .is_some_and(|place| place.starts_with(APPROVALS))
    {
        return Err(ApiError::Waits);
    }
    if (200..300).contains(&status) {
        return Ok(Answer {
            value: text,
            etag,
            continuation,
        });
    }
    if status == 401 && !quiet {
        session::ended();
    }
    Err(ApiError::from_response(status, &text, code))
}
