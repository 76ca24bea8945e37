//! How far a fleet is with a pattern (`device-management.md` §3.7): once, or as it changes.

use super::{Failure, patterns};
use crate::error::HubError;
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::message::{Body, Request, Response, Stream};
use crate::http::progress_stream::{ProgressStream, document};
use crate::http::roll_ups;
use crate::pattern::totals::RollUp;

/// A stream ends after this long at the latest; clients come back by themselves.
const MAX_STREAM_SECONDS: i64 = 3600;

/// What is asked for, with the pattern as it is now.
async fn read<B: Backend>(backend: &B, request: &Request) -> Result<RollUp, Failure> {
    let text = |name| request.filled_parameter(name).map(|text| text.into_owned());
    let pattern = text("pattern").ok_or_else(|| {
        HubError::invalid("pattern must name one of GET /api/v1/patterns, such as reboot.")
    })?;
    let ask = RollUp {
        patterns: vec![patterns::required(backend, pattern).await?],
        condition: text("where"),
        group_by: text("groupBy"),
        after: None,
        as_of: backend.now(),
    };
    ask.query()?;
    Ok(ask)
}

/// `GET /api/v1/progress?pattern=&where=&groupBy=`; `inner` is the backend of streams, so that
/// adding up is compiled once.
pub async fn get<B: Backend, I: Backend>(
    backend: &B,
    inner: &I,
    request: &Request,
) -> Result<Response, Failure> {
    let ask = read(backend, request).await?;
    let totals = roll_ups::totals(inner, &ask).await?.pop();
    let body = document(&totals.unwrap_or_default(), ask.as_of);
    Ok(Response::json(200, &body))
}

/// `GET /api/v1/progress/stream`, with the same parameters
pub async fn stream<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let ask = read(backend, request).await?;
    let now = backend.now();
    let ends = caller.until.min(now.plus_seconds(MAX_STREAM_SECONDS));
    let mut response =
        Response::empty(200).with_header("content-type", "text/event-stream; charset=utf-8");
    let progress = Box::new(ProgressStream::new(ask, now, ends));
    response.body = Body::EventStream(Stream::Progress(progress));
    Ok(response)
}
