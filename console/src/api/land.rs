//! The outline of the land: a file of the console itself, which the page names, since the digest
//! of its content is a part of its name.

use super::ApiError;
use super::client;
use leptos::prelude::document;

/// The outline as the path of an SVG, in a square of `UNITS`.
pub async fn outline() -> Result<String, ApiError> {
    let named = document()
        .document_element()
        .and_then(|root| root.get_attribute("data-land"));
    client::file(&named.unwrap_or_default()).words().await
}

/// Units from one end of the drawing to the other; `xtask/src/build/land.rs` says the same.
pub const UNITS: f64 = 4096.0;
