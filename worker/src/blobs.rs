//! The blob store on R2, and requests to it.
//!
//! Content stays in the platform's streams from the socket to R2 and back; `blobs.js` joins
//! them. What is allowed and what an answer looks like is decided in `shared::blob`.

use crate::backend::WorkerBackend;
use crate::pieces::Pieces;
use crate::platform::describe;
use js_sys::Uint8Array;
use shared::blob::store::{Attributes, BlobStore, Expected, Page, Part, Properties, StoreError};
use shared::blob::{BlobResponse, Body};
use shared::http::Request as HubRequest;
use shared::http::message::Body as WholeBody;
use shared::reading;
use wasm_bindgen::prelude::*;
use worker::{EncodeBody, Env, Headers, Request, Response, ResponseBody, ResponseBuilder, Result};

#[wasm_bindgen(module = "/src/blobs.js")]
extern "C" {
    #[wasm_bindgen(js_name = blobProperties, catch)]
    async fn blob_properties(bucket: &JsValue, key: &str) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = readBlob, catch)]
    async fn read_blob(
        bucket: &JsValue,
        key: &str,
        etag: &str,
        start: f64,
        length: f64,
    ) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = writeBlob, catch)]
    async fn write_blob(
        bucket: &JsValue,
        key: &str,
        content: JsValue,
        attributes: &str,
    ) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = joinBlobs, catch)]
    async fn join_blobs(
        bucket: &JsValue,
        key: &str,
        parts: &str,
        length: f64,
        attributes: &str,
    ) -> std::result::Result<JsValue, JsValue>;
    #[wasm_bindgen(js_name = deleteBlobs, catch)]
    async fn delete_blobs(bucket: &JsValue, keys: &str) -> std::result::Result<(), JsValue>;
    #[wasm_bindgen(js_name = listBlobs, catch)]
    async fn list_blobs(
        bucket: &JsValue,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> std::result::Result<JsValue, JsValue>;
}

/// Content that comes in.
pub enum Incoming {
    /// Of a request.
    Stream(web_sys::ReadableStream),
    /// Made by the hub.
    Bytes(Vec<u8>),
}

/// R2 through its binding.
pub struct R2BlobStore {
    bucket: std::result::Result<JsValue, String>,
}

impl R2BlobStore {
    /// Over the binding `BLOBS`.
    pub fn new(env: &Env) -> Self {
        let bucket = env.bucket("BLOBS");
        Self {
            bucket: bucket.map(JsValue::from).map_err(|error| error.to_string()),
        }
    }

    fn bucket(&self) -> std::result::Result<&JsValue, StoreError> {
        self.bucket
            .as_ref()
            .map_err(|error| StoreError::Failed(error.clone()))
    }
}

/// R2's number for a digest that does not fit is in the text, and nowhere else.
const WRONG_DIGEST: &str = "(10037)";

fn failed(error: JsValue) -> StoreError {
    let text = describe(&error);
    if text.contains(WRONG_DIGEST) {
        StoreError::WrongDigest
    } else {
        StoreError::Failed(text)
    }
}

fn unreadable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Failed(error.to_string())
}

/// The JSON text of a description; `None` for "".
fn described(value: &JsValue) -> std::result::Result<Option<Properties>, StoreError> {
    let text = value.as_string().unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    reading::from_str(&text).map(Some).map_err(unreadable)
}

fn written(value: &JsValue) -> std::result::Result<Properties, StoreError> {
    described(value)?.ok_or(StoreError::Unexpected)
}

fn options(attributes: &Attributes) -> String {
    let version = match &attributes.expected {
        Expected::Version(version) => Some(version),
        Expected::Anything | Expected::Absent => None,
    };
    shared::json!({
        "headers": attributes.headers,
        "metadata": attributes.metadata,
        "md5": attributes.md5,
        "absent": attributes.expected == Expected::Absent,
        "version": version,
    })
    .to_string()
}

impl BlobStore for R2BlobStore {
    type Incoming = Incoming;
    type Outgoing = web_sys::ReadableStream;

    fn content(&self, bytes: Vec<u8>) -> Incoming {
        Incoming::Bytes(bytes)
    }

    fn taken_back(&self, content: web_sys::ReadableStream) -> Incoming {
        Incoming::Stream(content)
    }

    async fn collect(
        &self,
        content: Incoming,
        limit: usize,
    ) -> std::result::Result<Option<Vec<u8>>, StoreError> {
        let stream = match content {
            Incoming::Bytes(bytes) => return Ok((bytes.len() <= limit).then_some(bytes)),
            Incoming::Stream(stream) => stream,
        };
        let mut pieces = Pieces::new(&stream).map_err(failed)?;
        pieces.collect(limit).await.map_err(failed)
    }

    async fn properties(&self, key: &str) -> std::result::Result<Option<Properties>, StoreError> {
        let found = blob_properties(self.bucket()?, key).await;
        described(&found.map_err(failed)?)
    }

    async fn read(
        &self,
        key: &str,
        etag: &str,
        part: Option<(u64, u64)>,
    ) -> std::result::Result<Option<web_sys::ReadableStream>, StoreError> {
        // Sizes are far below 2^53.
        let (start, length) =
            part.map_or((0.0, -1.0), |(start, length)| (start as f64, length as f64));
        let found = read_blob(self.bucket()?, key, etag, start, length).await;
        let found = found.map_err(failed)?;
        Ok((!found.is_null()).then(|| found.unchecked_into()))
    }

    async fn write(
        &self,
        key: &str,
        content: Incoming,
        _length: u64,
        attributes: &Attributes,
    ) -> std::result::Result<Properties, StoreError> {
        // A request's stream has the length of its Content-Length, which R2 insists on.
        let content = match content {
            Incoming::Stream(stream) => stream.into(),
            Incoming::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
        };
        let outcome = write_blob(self.bucket()?, key, content, &options(attributes)).await;
        written(&outcome.map_err(failed)?)
    }

    async fn join(
        &self,
        key: &str,
        parts: &[Part],
        length: u64,
        attributes: &Attributes,
    ) -> std::result::Result<Properties, StoreError> {
        let parts = serde_json::to_string(parts).map_err(unreadable)?;
        let attributes = options(attributes);
        let outcome = join_blobs(self.bucket()?, key, &parts, length as f64, &attributes).await;
        written(&outcome.map_err(failed)?)
    }

    async fn delete(&self, keys: &[String]) -> std::result::Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let keys = serde_json::to_string(keys).map_err(unreadable)?;
        delete_blobs(self.bucket()?, &keys).await.map_err(failed)
    }

    async fn list(
        &self,
        prefix: &str,
        after: Option<&str>,
        limit: u32,
    ) -> std::result::Result<Page, StoreError> {
        let page = list_blobs(self.bucket()?, prefix, after.unwrap_or_default(), limit).await;
        let text = page.map_err(failed)?.as_string().unwrap_or_default();
        reading::from_str(&text).map_err(unreadable)
    }
}

/// Serves a request to the store; `request` has no body yet.
pub async fn serve(
    backend: &WorkerBackend,
    raw: &Request,
    request: HubRequest,
) -> Result<Response> {
    let announced = request
        .header("content-length")
        .and_then(|length| length.parse().ok());
    let body = match raw.inner().body() {
        Some(stream) => Body {
            content: Incoming::Stream(stream),
            length: announced,
        },
        None => Body {
            content: Incoming::Bytes(Vec::new()),
            length: Some(0),
        },
    };
    let BlobResponse { head, content } = shared::blob::handle(backend, &request, body).await;
    let headers = Headers::new();
    for (name, value) in &head.headers {
        headers.append(name, value)?;
    }
    let body = match (content, head.body) {
        (Some(stream), _) => ResponseBody::Stream(stream),
        (None, WholeBody::Bytes(bytes)) => ResponseBody::Body(bytes),
        (None, _) => ResponseBody::Empty,
    };
    // What is stored compressed goes out as it is.
    Ok(ResponseBuilder::new()
        .with_status(head.status)
        .with_headers(headers)
        .with_encode_body(EncodeBody::Manual)
        .body(body))
}
