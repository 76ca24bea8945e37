//! Queries over twins and jobs (`service.md` §9).

use super::ApiError;
use super::client::{Answer, hub};
use crate::logic::job_order::{SAMPLE, count_query, offline_query, sample_query};
use gloo_net::http::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Results of a page, at most.
pub const MOST: usize = 100;

/// One page of a query's results, from where another one ended.
pub async fn page<T: DeserializeOwned>(
    text: &str,
    most: usize,
    from: Option<&str>,
) -> Result<Answer<Vec<T>>, ApiError> {
    let mut call = hub(Method::POST, "/devices/query")
        .header("x-ms-max-item-count", &most.to_string())
        .json(&json!({ "query": text }));
    if let Some(from) = from {
        call = call.header("x-ms-continuation", from);
    }
    call.read().await
}

/// What a query with `COUNT() AS n` counts.
pub async fn count(text: &str) -> Result<u64, ApiError> {
    let answer: Answer<Vec<Value>> = page(text, 1, None).await?;
    let counted = answer.value.first().and_then(|row| row.get("n"));
    Ok(counted.and_then(Value::as_u64).unwrap_or(0))
}

/// The devices that a condition picks at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Target {
    /// How many.
    pub count: u64,
    /// How many of them are away.
    pub offline: u64,
    /// The first twins of them.
    pub sample: Vec<Value>,
}

/// Whom a condition picks now.
pub async fn target(condition: &str) -> Result<Target, ApiError> {
    let sample: Answer<Vec<Value>> = page(&sample_query(condition), SAMPLE, None).await?;
    Ok(Target {
        count: count(&count_query(condition)).await?,
        offline: count(&offline_query(condition)).await?,
        sample: sample.value,
    })
}

/// What a query costs now.
#[derive(Debug, Clone, PartialEq, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// Documents that were looked at.
    pub rows_scanned: u64,
    /// Documents that fulfil it.
    pub rows_matched: u64,
    /// Paths with an index that helped.
    #[serde(default)]
    pub indexes: Vec<String>,
}

/// Asks what a query costs.
pub async fn explain(text: &str) -> Result<Cost, ApiError> {
    let call = super::client::own(Method::POST, "/query/explain");
    let answer = call.json(&json!({ "query": text })).read().await?;
    Ok(answer.value)
}
