//! Saved groups (`device-management.md` §7), and following who is in one.

use super::ApiError;
use super::client::{Answer, own};
use super::query;
use crate::logic::group::{Draft, Group, count_query};
use crate::logic::url_state::encode;
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use web_sys::AbortSignal;

#[derive(Deserialize)]
struct Listed {
    items: Vec<Group>,
}

/// All groups in order of name, not counted.
pub async fn list() -> Result<Vec<Group>, ApiError> {
    let answer = own(Method::GET, "/groups").read::<Listed>().await?;
    Ok(answer.value.items)
}

/// Makes a group, or changes the one that has this entity tag.
pub async fn put(draft: &Draft, etag: Option<&str>) -> Result<(), ApiError> {
    let mut call = own(Method::PUT, &path(&draft.id)).json(&draft.body());
    if let Some(etag) = etag {
        call = call.if_match(etag);
    }
    call.done().await
}

/// Deletes a group as it is known here.
pub async fn delete(id: &str, etag: &str) -> Result<(), ApiError> {
    own(Method::DELETE, &path(id)).if_match(etag).done().await
}

/// How many devices fulfil a condition now.
pub async fn count(condition: &str) -> Result<u64, ApiError> {
    query::count(&count_query(condition)).await
}

/// The same of a condition that may not be written yet: nothing for none.
pub async fn count_written(condition: String) -> Result<Option<u64>, ApiError> {
    if condition.is_empty() {
        return Ok(None);
    }
    count(&condition).await.map(Some)
}

/// Who is in a group now: the first rows of its query, and how many there are if these are
/// not all.
pub async fn members(id: &str, watch: &str) -> Result<(Vec<Value>, Option<u64>), ApiError> {
    let page: Answer<Vec<Value>> = query::page(watch, query::MOST, None).await?;
    if page.continuation.is_none() {
        return Ok((page.value, None));
    }
    let group = own(Method::GET, &path(id)).read::<Group>().await?;
    Ok((page.value, group.value.count))
}

/// Follows a query until the signal says so, the hub ends it, or `on_bytes` wants no more.
pub async fn follow(
    watch: &str,
    signal: &AbortSignal,
    on_bytes: impl FnMut(&[u8]) -> bool,
) -> Result<(), ApiError> {
    own(Method::POST, "/query/stream")
        .json(&json!({ "query": watch }))
        .until(signal)
        .stream(on_bytes)
        .await
}

fn path(id: &str) -> String {
    format!("/groups/{}", encode(id))
}
