//! Requests to other servers. Where one may go is decided in `shared::http::outbound`.

use crate::pieces::Pieces;
use futures_util::future::{Either, select};
use js_sys::Uint8Array;
use shared::error::{ErrorCode, HubError};
use shared::http::Request;
use shared::http::message::Method;
use shared::http::outbound::{Answer, PATIENCE_MILLISECONDS};
use std::pin::pin;
use std::time::Duration;
use worker::{AbortController, Delay, Fetch, Headers, RequestInit, RequestRedirect, ResponseBody};

fn failed(why: impl ToString) -> HubError {
    HubError::new(ErrorCode::ServiceUnavailable, why.to_string())
}

/// Sends and reads the answer.
pub async fn fetch(origin: &str, request: &Request, limit: usize) -> Result<Answer, HubError> {
    let abort = AbortController::default();
    let signal = abort.signal();
    let exchange = pin!(exchange(origin, request, limit, &signal));
    let patience = pin!(Delay::from(Duration::from_millis(u64::from(
        PATIENCE_MILLISECONDS
    ))));
    match select(exchange, patience).await {
        Either::Left((answer, _)) => answer,
        Either::Right(_) => {
            abort.abort();
            Err(failed("no answer in time"))
        }
    }
}

async fn exchange(
    origin: &str,
    request: &Request,
    limit: usize,
    signal: &worker::AbortSignal,
) -> Result<Answer, HubError> {
    let url = format!("{origin}{}?{}", request.path, request.query);
    let headers = Headers::new();
    for (name, value) in &request.headers {
        headers.set(name, value).map_err(failed)?;
    }
    let mut init = RequestInit::new();
    init.with_method(match request.method {
        Method::Get | Method::Other => worker::Method::Get,
        Method::Head => worker::Method::Head,
        Method::Put => worker::Method::Put,
        Method::Post => worker::Method::Post,
        Method::Patch => worker::Method::Patch,
        Method::Delete => worker::Method::Delete,
    })
    .with_headers(headers)
    .with_redirect(RequestRedirect::Manual);
    // An empty body has a length too, which blob storage insists on.
    if matches!(request.method, Method::Put | Method::Post | Method::Patch) {
        init.with_body(Some(Uint8Array::from(request.body.as_slice()).into()));
    }
    let outgoing = worker::Request::new_with_init(&url, &init)
        .map_err(|_| failed("the address makes no sense"))?;
    let sent = Fetch::Request(outgoing).send_with_signal(signal).await;
    // The error may repeat the address, which is a secret.
    let response = sent.map_err(|_| failed("the connection failed"))?;
    let status = response.status_code();
    let headers = response.headers().entries().collect();
    let mut body = Vec::new();
    if request.method != Method::Head
        && let ResponseBody::Stream(stream) = response.body()
    {
        let broken = |_| failed("the answer broke off");
        let mut pieces = Pieces::new(stream).map_err(broken)?;
        while let Some(piece) = pieces.next().await.map_err(broken)? {
            if body.len() + piece.len() > limit {
                if (200..300).contains(&status) && limit > 0 {
                    return Err(failed("the answer is larger than what was asked for"));
                }
                break;
            }
            body.extend_from_slice(&piece);
        }
    }
    Ok(Answer {
        status,
        headers,
        body,
    })
}
