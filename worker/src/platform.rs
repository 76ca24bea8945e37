//! Bindings to `platform.js`, the clock and the random source.

use shared::auth::ClientCertificate;
use shared::auth::client_certificate::HEADER;
use shared::http::event_socket::{Frame, Socket};
use shared::maintenance::{RememberedZones, Zones};
use shared::time::Timestamp;
use shared::x509::SignatureCheck;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use worker::{Env, Request};

#[wasm_bindgen(module = "/src/platform.js")]
extern "C" {
    /// Sockets of a gateway object.
    pub type SocketTable;

    #[wasm_bindgen(constructor)]
    pub fn new(state: &JsValue) -> SocketTable;
    #[wasm_bindgen(method)]
    pub fn number(this: &SocketTable, socket: &JsValue) -> i32;
    #[wasm_bindgen(method, catch)]
    pub fn accept(this: &SocketTable, socket: &JsValue, tag: &str) -> Result<u32, JsValue>;
    #[wasm_bindgen(method)]
    pub fn read(this: &SocketTable, message: &JsValue, target: &mut [u8]) -> i32;
    #[wasm_bindgen(method)]
    pub fn attachment(this: &SocketTable, number: u32) -> String;
    #[wasm_bindgen(method, catch)]
    pub fn attach(this: &SocketTable, number: u32, text: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    pub fn live(this: &SocketTable, tag: Option<&str>) -> Vec<u32>;
    #[wasm_bindgen(method)]
    pub fn send(this: &SocketTable, numbers: &[u32], ends: &[u32], bytes: &[u8]);
    #[wasm_bindgen(method)]
    pub fn close(this: &SocketTable, number: u32, code: u16);
    #[wasm_bindgen(method)]
    pub fn forget(this: &SocketTable, number: u32);

    /// A WebSocket of the entry point.
    pub type FrameSocket;

    #[wasm_bindgen(constructor)]
    pub fn new(largest: u32) -> FrameSocket;
    #[wasm_bindgen(method, getter)]
    pub fn client(this: &FrameSocket) -> web_sys::WebSocket;
    #[wasm_bindgen(method, js_name = next)]
    async fn next_frame(this: &FrameSocket) -> JsValue;
    #[wasm_bindgen(method, js_name = send)]
    fn send_text(this: &FrameSocket, text: &str);
    #[wasm_bindgen(method, js_name = close)]
    fn close_with(this: &FrameSocket, code: u16, reason: &str);

    #[wasm_bindgen(js_name = inTransaction, catch)]
    pub fn in_transaction(storage: &JsValue, work: &mut dyn FnMut() -> bool)
    -> Result<(), JsValue>;

    #[wasm_bindgen(js_name = verifySignature)]
    async fn verify(
        name: &str,
        hash: &str,
        curve: &str,
        key: &[u8],
        signature: &[u8],
        data: &[u8],
    ) -> JsValue;
    #[wasm_bindgen(js_name = zoneOffset)]
    fn zone_offset(zone: &str, seconds: f64) -> f64;
    #[wasm_bindgen(js_name = cloudflareCertificate)]
    fn cloudflare_certificate(request: &JsValue) -> String;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(target: &mut [u8]);
}

impl Socket for FrameSocket {
    async fn next(&self) -> Frame {
        let frame = self.next_frame().await;
        match (frame.as_string(), frame.as_f64()) {
            (Some(text), _) => Frame::Text(text),
            (None, Some(1.0)) => Frame::TooLarge,
            (None, Some(2.0)) => Frame::Binary,
            _ => Frame::Closed,
        }
    }

    fn send(&self, text: &str) {
        self.send_text(text);
    }

    fn close(&self, code: u16, reason: &str) {
        self.close_with(code, reason);
    }
}

thread_local! {
    static ZONES: Rc<dyn Zones> = Rc::new(RememberedZones::new(|zone: &str, at: Timestamp| {
        let offset = zone_offset(zone, at.seconds() as f64);
        offset.is_finite().then_some(offset as i64)
    }));
}

/// The rules of time zones, as `Intl` knows them.
pub fn zones() -> Rc<dyn Zones> {
    ZONES.with(Rc::clone)
}

/// The time. The platform's clock stands still while code runs, which suits the actors.
pub fn now() -> Timestamp {
    Timestamp::from_milliseconds(js_sys::Date::now() as i64)
}

/// Fills with random bytes.
pub fn random(bytes: &mut [u8]) {
    // The platform refuses more than 65,536 bytes at once.
    for part in bytes.chunks_mut(65_536) {
        get_random_values(part);
    }
}

/// A random 64-bit number in hex.
pub fn random_name() -> String {
    let mut bytes = [0; 8];
    random(&mut bytes);
    format!("{:016x}", u64::from_be_bytes(bytes))
}

/// Verifies a signature with WebCrypto; false for whatever it does not take.
pub async fn verify_signature(check: &SignatureCheck<'_>) -> bool {
    let SignatureCheck {
        name, hash, curve, ..
    } = check;
    let verified = verify(
        name,
        hash,
        curve,
        check.public_key,
        &check.signature,
        check.data,
    );
    verified.await.is_truthy()
}

/// The client certificate of a request's TLS connection. The launcher's terminator signs
/// what it tells; Cloudflare is believed only where the operator says that it is Cloudflare,
/// since elsewhere `request.cf` may be a client's word.
pub fn client_certificate(request: &Request, env: &Env) -> Option<String> {
    if let Ok(secret) = env.secret("CLIENT_CERTIFICATE_SECRET") {
        let header = request.headers().get(HEADER).ok()??;
        return ClientCertificate::from_terminator(&header, &secret.to_string());
    }
    let source = env.var("CLIENT_CERTIFICATES").ok()?;
    if source.to_string() != "cloudflare" {
        return None;
    }
    let told = cloudflare_certificate(request.inner());
    ClientCertificate::from_cloudflare(&told).map(|certificate| certificate.to_text())
}

/// The text of a JavaScript error.
pub fn describe(error: &JsValue) -> String {
    js_sys::Reflect::get(error, &JsValue::from_str("message"))
        .ok()
        .and_then(|message| message.as_string())
        .or_else(|| error.as_string())
        .unwrap_or_else(|| "unknown error".to_owned())
}
