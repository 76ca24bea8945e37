//! The hub's own store: signed URLs, and files by them (`README`, "Store blobs").

use super::ApiError;
use super::client::{own, signed};
use crate::logic::transfer::{block_id, block_list, pieces};
use crate::logic::url_state::encode;
use gloo_net::http::Method;
use leptos::prelude::window;
use serde::Deserialize;
use serde_json::json;
use web_sys::Blob;

/// Bytes sent at once: enough to be quick, little enough to show that it goes on.
const PIECE: f64 = 8.0 * 1024.0 * 1024.0;

/// How long a job may take; its URL must live as long.
const JOB_MINUTES: u32 = 7 * 24 * 60;

/// Long enough to begin a download.
const READ_MINUTES: u32 = 10;

#[derive(Deserialize)]
struct Signed {
    url: String,
}

async fn sign(order: serde_json::Value) -> Result<String, ApiError> {
    let answer = own(Method::POST, "/blobs/sas")
        .json(&order)
        .read::<Signed>()
        .await?;
    Ok(answer.value.url)
}

/// Where this page came from: behind a proxy the hub does not know by itself.
fn endpoint() -> String {
    window().location().origin().unwrap_or_default()
}

/// A URL of a container, which exists afterwards, for a job to read and write.
pub async fn container(name: &str) -> Result<String, ApiError> {
    sign(json!({
        "container": name, "rights": "racwdl", "minutes": JOB_MINUTES, "endpoint": endpoint(),
    }))
    .await
}

/// A URL that reads one file for a while.
pub async fn readable(container: &str, file: &str) -> Result<String, ApiError> {
    sign(json!({
        "container": container, "blob": file, "rights": "r", "minutes": READ_MINUTES,
        "endpoint": endpoint(), "createContainer": false,
    }))
    .await
}

/// The text of one file.
pub async fn text(container: &str, file: &str) -> Result<String, ApiError> {
    let url = readable(container, file).await?;
    signed(Method::GET, url).words().await
}

/// Puts a file into a container by the container's URL, in pieces; `on_progress` is told the
/// bytes that have arrived.
pub async fn put(
    container_url: &str,
    file: &str,
    content: &Blob,
    on_progress: impl Fn(f64),
) -> Result<(), ApiError> {
    let (place, signature) = container_url.split_once('?').unwrap_or((container_url, ""));
    let name: Vec<String> = file.split('/').map(encode).collect();
    let address = format!("{place}/{}?{signature}", name.join("/"));
    let pieces = pieces(content.size(), PIECE);
    for (number, (from, to)) in pieces.iter().enumerate() {
        let piece = content
            .slice_with_f64_and_f64(*from, *to)
            .map_err(|_| ApiError::Unreadable("File.slice".to_owned()))?;
        let url = format!("{address}&comp=block&blockid={}", block_id(number));
        signed(Method::PUT, url).file(&piece).done().await?;
        on_progress(*to);
    }
    signed(Method::PUT, format!("{address}&comp=blocklist"))
        .header("Content-Type", "application/xml")
        .text(&block_list(pieces.len()))
        .done()
        .await
}
