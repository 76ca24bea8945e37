//! The HTTP entry point: console, device WebSockets, blobs, and everything else to
//! `shared::http`.

use crate::backend::WorkerBackend;
use crate::blobs;
use crate::console;
use crate::object::layout;
use crate::pieces::Pieces;
use crate::platform::{FrameSocket, client_certificate, random};
use crate::remote::{self, SOCKET_PATH};
use futures_util::stream;
use shared::auth::client_certificate::HEADER;
use shared::http::event_socket::MAX_FRAME;
use shared::http::message::{Body, Method, Request as HubRequest, Response as HubResponse};
use shared::ipc::Address;
use std::rc::Rc;
use wasm_bindgen_futures::spawn_local;
use worker::{Context, Env, Headers, Request, Response, Result, event};

/// Where every MQTT client opens its WebSocket (`device.md` §1).
const WEBSOCKET_PATH: &str = "/$iothub/websocket";

#[event(fetch)]
async fn fetch(request: Request, env: Env, _context: Context) -> Result<Response> {
    let url = request.inner().url();
    let (path, query) = path_and_query(&url);
    if path.eq_ignore_ascii_case(WEBSOCKET_PATH) {
        return open_socket(request, &env).await;
    }
    if console::is_console(path) {
        return console::serve(request, path, query, &env).await;
    }
    let (path, query) = (path.to_owned(), query.to_owned());
    let secure = url.starts_with("https:");
    api(request, env, path, query, secure).await
}

/// The raw path and query, still percent-encoded: ids may hold every character.
fn path_and_query(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let target = rest
        .find('/')
        .and_then(|start| rest.get(start..))
        .unwrap_or("/");
    let target = target.split('#').next().unwrap_or(target);
    target.split_once('?').unwrap_or((target, ""))
}

/// The sub-protocol to echo in the client's own spelling; only MQTT 3.1.1 is spoken.
fn offered_mqtt(offered: &str) -> Option<&str> {
    offered
        .split(',')
        .map(str::trim)
        .find(|name| name.eq_ignore_ascii_case("mqtt"))
}

async fn open_socket(request: Request, env: &Env) -> Result<Response> {
    let headers = request.headers();
    let upgrade = headers.get("upgrade")?.unwrap_or_default();
    let offered = headers.get("sec-websocket-protocol")?.unwrap_or_default();
    let (true, Some(protocol)) = (
        upgrade.eq_ignore_ascii_case("websocket"),
        offered_mqtt(&offered),
    ) else {
        return Response::error(
            "This path takes WebSocket upgrades with the sub-protocol mqtt (MQTT 3.1.1) only.",
            400,
        );
    };
    let gateways = layout(env).gateways.max(1);
    let mut bytes = [0; 2];
    random(&mut bytes);
    let to = Address::Gateway(u16::from_le_bytes(bytes) % gateways);
    let certificate = client_certificate(&request, env);
    let url = remote::url(to, SOCKET_PATH);
    let gateway =
        remote::object(env, to).map_err(|error| worker::Error::RustError(error.to_string()))?;
    let accepted = gateway.upgrade(&url, protocol, HEADER, certificate.as_deref());
    Ok(accepted.await?.into())
}

async fn api(
    mut request: Request,
    env: Env,
    path: String,
    query: String,
    secure: bool,
) -> Result<Response> {
    let certificate = client_certificate(&request, &env);
    let mut backend = WorkerBackend::new(env, certificate);
    let method = Method::parse(&request.inner().method());
    let headers: Vec<(String, String)> = request.headers().entries().collect();
    if shared::blob::is_blob_path(&path) {
        let asked = HubRequest {
            method,
            path,
            query,
            headers,
            body: Vec::new(),
            secure,
        };
        return blobs::serve(&backend, &request, asked).await;
    }
    let mut body = Vec::new();
    if shared::http::reads_body_in_pieces(method, &path) {
        if let Some(stream) = request.inner().body() {
            backend = backend.with_body(Pieces::new(&stream)?);
        }
    } else {
        let limit = shared::http::body_limit(method, &path);
        let Some(whole) = read_body(&mut request, limit).await? else {
            let refusal = shared::http::body_too_large(&backend, limit);
            return answer(&Rc::new(backend), refusal);
        };
        body = whole;
    }
    let backend = Rc::new(backend);
    let request = HubRequest {
        method,
        path,
        query,
        headers,
        body,
        secure,
    };
    let response = shared::http::handle(backend.as_ref(), request).await;
    answer(&backend, response)
}

/// The whole body, or `None` as soon as it exceeds the limit.
async fn read_body(request: &mut Request, limit: usize) -> Result<Option<Vec<u8>>> {
    let Some(stream) = request.inner().body() else {
        return Ok(Some(Vec::new()));
    };
    let announced = request
        .headers()
        .get("content-length")?
        .and_then(|length| length.parse::<usize>().ok());
    if announced.is_some_and(|length| length > limit) {
        return Ok(None);
    }
    if announced.is_some() {
        return request.bytes().await.map(Some);
    }
    Ok(Pieces::new(&stream)?.collect(limit).await?)
}

fn answer(backend: &Rc<WorkerBackend>, response: HubResponse) -> Result<Response> {
    let headers = Headers::new();
    for (name, value) in &response.headers {
        headers.append(name, value)?;
    }
    headers.set("x-content-type-options", "nosniff")?;
    let answer = match response.body {
        Body::EventSocket(talk) => {
            let socket = FrameSocket::new(u32::try_from(MAX_FRAME).unwrap_or(u32::MAX));
            let response = Response::from_websocket(socket.client().into())?;
            let backend = backend.clone();
            // The platform keeps a request alive as long as its socket is open.
            spawn_local(async move { talk.run(backend.as_ref(), &socket).await });
            return Ok(response.with_headers(headers));
        }
        Body::Empty => Response::empty()?,
        Body::Bytes(bytes) => Response::from_bytes(bytes)?,
        Body::EventStream(events) => {
            let chunks = stream::unfold(
                (events, backend.clone()),
                |(mut events, backend)| async move {
                    let chunk = events.next(backend.as_ref()).await?;
                    Some((Ok::<Vec<u8>, worker::Error>(chunk), (events, backend)))
                },
            );
            Response::from_stream(chunks)?
        }
    };
    Ok(answer.with_status(response.status).with_headers(headers))
}
