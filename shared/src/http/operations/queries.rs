//! Queries over twins and jobs (`query-routing-events.md` §1, `service.md` §9), and what a
//! query costs.

use super::{Failure, settings};
use crate::error::{ErrorCode, HubError};
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::continuation::Continuation;
use crate::http::json;
use crate::http::message::{Body, Request, Response, Stream};
use crate::http::parameters::page_size;
use crate::http::query_pages::{Asked, cost, page};
use crate::http::query_stream::{self, QueryStream};
use crate::json;
use crate::query::plan::{IndexedPath, prefilter};
use crate::query::{Query, Sections, Shape, parse};
use crate::sql::SqlValue;
use serde_json::Value;

/// Most results of a page, also what an absent size means; clients ask for more and loop.
pub(super) const MAX_PAGE: usize = 100;

/// A stream ends after this long at the latest; clients come back by themselves.
const MAX_STREAM_SECONDS: i64 = 3600;

/// Where clients name the size of a page.
pub(super) const PAGE_SIZE: &str = "x-ms-max-item-count";

fn asked<'a>(text: &'a str, caller: &'a Caller) -> Asked<'a> {
    Asked {
        text,
        scope: caller.scope.as_deref(),
    }
}

/// `POST /devices/query`
pub async fn query<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let text = read_text(request)?;
    let query = parse(&text).map_err(HubError::from)?;
    let mut size = page_size(request.header(PAGE_SIZE), PAGE_SIZE, MAX_PAGE)?;
    let settings = settings(backend).await?;
    let now = backend.now();
    let token = request
        .header("x-ms-continuation")
        .filter(|token| !token.is_empty())
        .map(|token| Continuation::verify(token, &settings.session_key, &text, now))
        .transpose()?;
    let (position, remaining) = match token {
        Some(token) => (Some(token.position), token.remaining),
        None => (None, query.top),
    };
    if let Some(remaining) = remaining {
        size = size.min(usize::try_from(remaining).unwrap_or(usize::MAX));
    }
    let page = page(backend, asked(&text, caller), &query, position, size).await?;
    let shown = u64::try_from(page.items.len()).unwrap_or(u64::MAX);
    let remaining = remaining.map(|remaining| remaining.saturating_sub(shown));
    let response =
        Response::json(200, &page.items).with_header("x-ms-item-type", query.item_type());
    match page.next {
        Some(position) if remaining != Some(0) => {
            let next = Continuation {
                position,
                remaining,
                issued: now,
            };
            let token = next.issue(&settings.session_key, &text)?;
            Ok(response.with_header("x-ms-continuation", token))
        }
        _ => Ok(response),
    }
}

/// `POST /api/v1/query/explain`: how a query is answered, and what that costs now.
pub async fn explain<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let text = read_text(request)?;
    let query = parse(&text).map_err(HubError::from)?;
    let shards = cost(backend, asked(&text, caller)).await?;
    let declared = &settings(backend).await?.query_indexes;
    let indexed: Vec<IndexedPath> = declared
        .iter()
        .filter_map(|path| IndexedPath::parse(path))
        .collect();
    let prefilter = prefilter(query.condition.as_ref(), &indexed);
    let uses = |path: &&String| {
        let (path, prefilter) = (IndexedPath::parse(path), prefilter.as_ref());
        path.zip(prefilter)
            .is_some_and(|(path, prefilter)| prefilter.sql.contains(&path.expression()))
    };
    let indexes: Vec<&String> = declared.iter().filter(uses).collect();
    let prefilter = prefilter.as_ref().map(|prefilter| {
        let parameters: Vec<Value> = prefilter.parameters.iter().map(shown).collect();
        json!({ "sql": prefilter.sql, "parameters": parameters })
    });
    Ok(Response::json(
        200,
        &json!({
            "plan": plan(&query),
            "prefilter": prefilter,
            "indexes": indexes,
            "rowsScanned": shards.iter().map(|shard| shard.scanned).sum::<u64>(),
            "rowsMatched": shards.iter().map(|shard| shard.matched).sum::<u64>(),
            "shards": shards
                .iter()
                .map(|shard| json!({ "rowsScanned": shard.scanned, "rowsMatched": shard.matched }))
                .collect::<Vec<_>>(),
        }),
    ))
}

/// `POST /api/v1/query/stream`: rows as they enter, change and leave.
pub async fn stream<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let text = read_text(request)?;
    query_stream::check(&parse(&text).map_err(HubError::from)?)?;
    // Counted before anything is sent, so that a result too large is an answer, not an event.
    let shards = cost(backend, asked(&text, caller)).await?;
    query_stream::check_count(shards.iter().map(|shard| shard.matched).sum())?;
    let now = backend.now();
    let ends = caller.until.min(now.plus_seconds(MAX_STREAM_SECONDS));
    let stream = QueryStream::new(
        text,
        caller.scope.clone(),
        backend.layout().shards,
        now,
        ends,
    );
    let mut response =
        Response::empty(200).with_header("content-type", "text/event-stream; charset=utf-8");
    response.body = Body::EventStream(Stream::Query(Box::new(stream)));
    Ok(response)
}

fn plan(query: &Query) -> Value {
    json!({
        "collection": query.collection.name(),
        "itemType": query.item_type(),
        "results": match query.shape() {
            Shape::Rows => "one per document, in order of id",
            Shape::Ordered => "one per document, in order of a value: each page scans all",
            Shape::Groups => "one per group: each page scans all",
        },
        "reads": Sections::to_scan(query).names(),
        "top": query.top,
    })
}

fn shown(parameter: &SqlValue) -> Value {
    match parameter {
        SqlValue::Integer(number) => Value::from(*number),
        SqlValue::Real(number) => Value::from(*number),
        SqlValue::Text(text) => Value::from(text.as_str()),
        SqlValue::Null | SqlValue::Blob(_) => Value::Null,
    }
}

/// One answer for every body without a query in it (`query-routing-events.md` §1.11).
fn read_text(request: &Request) -> Result<String, HubError> {
    let missing = || HubError::new(ErrorCode::ArgumentNull, "BadRequest");
    let body = json::parse_object(&request.body).map_err(|_| missing())?;
    match json::member(&body, "query") {
        Some(Value::String(text)) => Ok(text.clone()),
        _ => Err(missing()),
    }
}

#[cfg(test)]
#[path = "queries_tests.rs"]
mod tests;
