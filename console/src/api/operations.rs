//! Operations records: what went wrong between devices and the hub (`device-management.md §9.1`);
//! and how far operations of devices are.

use super::ApiError;
use super::client::own;
use crate::clock;
use crate::logic::operations_filter::OperationsFilter;
use crate::logic::progress::Asked;
use crate::logic::url_state::write_query;
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::Value;

/// Records asked for per page.
const PAGE: usize = 50;

/// One record.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperationRecord {
    /// When.
    pub time: String,
    /// The number of the error.
    #[serde(default)]
    pub result_type: String,
    /// Why, in the hub's words.
    #[serde(default)]
    pub result_description: String,
    /// As which device.
    #[serde(default)]
    pub device_id: String,
    /// As which module of it.
    #[serde(default)]
    pub module_id: Option<String>,
    /// How it came.
    #[serde(default)]
    pub protocol: String,
    /// Refusals before this one that were only counted.
    #[serde(default)]
    pub suppressed: f64,
}

/// One page of records, newest first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct OperationsPage {
    /// Its records.
    pub records: Vec<OperationRecord>,
    /// Where older ones begin; `None` at the end.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// One page of refused connections.
pub async fn refused_connections(filter: OperationsFilter) -> Result<OperationsPage, ApiError> {
    let query = write_query([
        ("category", "Connections".to_owned()),
        ("from", filter.from(clock::now_once())),
        ("deviceId", filter.device),
        ("top", PAGE.to_string()),
        ("cursor", filter.cursors.last().cloned().unwrap_or_default()),
    ]);
    let answer = own(Method::GET, &format!("/operations{query}"))
        .read()
        .await?;
    Ok(answer.value)
}

/// How far devices are with an operation (`device-management.md §3.7`).
pub async fn progress(asked: &Asked) -> Result<Value, ApiError> {
    let path = format!("/progress{}", asked.query());
    Ok(own(Method::GET, &path).read().await?.value)
}

#[derive(Deserialize)]
struct Patterns {
    items: Vec<Value>,
}

/// Ids of all operations that there are patterns of.
pub async fn patterns() -> Result<Vec<String>, ApiError> {
    let answer = own(Method::GET, "/patterns").read::<Patterns>().await?;
    let ids = answer.value.items.iter().filter_map(|pattern| {
        let id = pattern.get("id")?.as_str()?;
        Some(id.to_owned())
    });
    Ok(ids.collect())
}
