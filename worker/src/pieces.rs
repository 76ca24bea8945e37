//! Streams that come in, in pieces of a size that is worth a crossing (`pieces.js`).

use js_sys::Uint8Array;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use web_sys::ReadableStream;

#[wasm_bindgen(module = "/src/pieces.js")]
extern "C" {
    #[wasm_bindgen(js_name = Pieces)]
    type Reader;

    #[wasm_bindgen(constructor, js_class = "Pieces", catch)]
    fn new(stream: &ReadableStream) -> Result<Reader, JsValue>;
    #[wasm_bindgen(method, js_class = "Pieces", catch)]
    async fn next(this: &Reader) -> Result<JsValue, JsValue>;
}

/// A stream that is read to its end, or as far as somebody wants.
pub struct Pieces(Reader);

impl Pieces {
    /// Of the platform's own byte streams: bodies of requests and answers, content of blobs.
    pub fn new(stream: &ReadableStream) -> Result<Self, JsValue> {
        Reader::new(stream).map(Self)
    }

    /// The next piece; `None` at the end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, JsValue> {
        let piece = self.0.next().await?;
        Ok(piece.dyn_ref::<Uint8Array>().map(Uint8Array::to_vec))
    }

    /// All that is left, or `None` as soon as it is more than `limit` bytes.
    pub async fn collect(&mut self, limit: usize) -> Result<Option<Vec<u8>>, JsValue> {
        let mut whole = Vec::new();
        while let Some(piece) = self.next().await? {
            if whole.len() + piece.len() > limit {
                return Ok(None);
            }
            whole.extend_from_slice(&piece);
        }
        Ok(Some(whole))
    }
}
