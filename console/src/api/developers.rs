//! What the hub tells developers: its names, and the OpenAPI document.

use super::ApiError;
use super::client::{file, own};
use crate::logic::api_reference::Reference;
use gloo_net::http::Method;
use serde::Deserialize;
use std::sync::Arc;

/// Where the document is.
pub const DOCUMENT: &str = "/console/openapi.json";

/// `GET /api/v1/hub`.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Names {
    /// The one in connection strings.
    pub host_name: String,
    /// All that the hub answers to.
    #[serde(default)]
    pub host_names: Vec<String>,
}

/// The hub's names.
pub async fn names() -> Result<Names, ApiError> {
    own(Method::GET, "/hub").read().await.map(|a| a.value)
}

/// The document, read.
pub async fn reference() -> Result<Arc<Reference>, ApiError> {
    let document = file(DOCUMENT).read().await?.value;
    let read = Reference::read(document);
    read.map(Arc::new)
        .ok_or_else(|| ApiError::Unreadable("OpenAPI".to_owned()))
}
