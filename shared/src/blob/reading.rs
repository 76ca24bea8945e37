//! Get Blob, Get Blob Properties, Delete Blob, List Blobs, Get Container Properties.

use super::condition::Conditions;
use super::error::BlobError;
use super::listing::ListQuery;
use super::name::BlobName;
use super::range;
use super::serve::{BlobResponse, Context, OutgoingOf};
use super::store::{BlobStore, Properties};
use crate::http::backend::Backend;
use crate::http::message::Response;

/// The type of content that came without one.
const BYTES: &str = "application/octet-stream";

/// `GET /blobs/{container}/{blob}`: streams exactly the version whose properties it tells.
pub(super) async fn get<B: Backend>(
    context: &Context<'_, B>,
    blob: &BlobName,
) -> Result<BlobResponse<OutgoingOf<B>>, BlobError> {
    let key = blob.key(&context.container);
    let found = look(context, &key).await?;
    Conditions::of(context.request)?.check_read(&found)?;
    let span = range::requested(context.request, found.size)?;
    let part = span.map(|span| (span.start, span.length));
    let content = context.blobs.read(&key, &found.etag, part).await;
    // Overwritten or deleted since: the client asks again, and gets one version as a whole.
    let content = content
        .map_err(|error| context.failed(error))?
        .ok_or(BlobError::ServerBusy)?;
    let head = match span {
        None => described(200, &found, found.size).with_header_if("content-md5", &found.md5),
        Some(span) => described(206, &found, span.length)
            .with_header("content-range", span.content_range(found.size))
            .with_header_if("x-ms-blob-content-md5", &found.md5),
    };
    Ok(BlobResponse {
        head,
        content: Some(content),
    })
}

/// `HEAD /blobs/{container}/{blob}`
pub(super) async fn properties<B: Backend>(
    context: &Context<'_, B>,
    blob: &BlobName,
) -> Result<Response, BlobError> {
    let found = look(context, &blob.key(&context.container)).await?;
    Conditions::of(context.request)?.check_read(&found)?;
    Ok(described(200, &found, found.size).with_header_if("content-md5", &found.md5))
}

/// `DELETE /blobs/{container}/{blob}`. The store cannot delete on a condition, so one is
/// checked a moment before.
pub(super) async fn delete<B: Backend>(
    context: &Context<'_, B>,
    blob: &BlobName,
) -> Result<Response, BlobError> {
    let key = blob.key(&context.container);
    let found = look(context, &key).await?;
    Conditions::of(context.request)?.expected(Some(&found))?;
    let deleted = context.blobs.delete(&[key]).await;
    deleted.map_err(|error| context.failed(error))?;
    Ok(Response::empty(202).with_header("x-ms-delete-type-permanent", "true"))
}

/// `GET /blobs/{container}?restype=container&comp=list`
pub(super) async fn list<B: Backend>(
    context: &Context<'_, B>,
    query: &ListQuery,
) -> Result<Response, BlobError> {
    context.check_container().await?;
    let keys = context.container.blobs_prefix();
    let prefix = format!("{keys}{}", query.prefix);
    let after = query.after.as_ref().map(|name| format!("{keys}{name}"));
    let page = context
        .blobs
        .list(&prefix, after.as_deref(), query.limit)
        .await;
    let page = page.map_err(|error| context.failed(error))?;
    let scheme = if context.request.secure {
        "https"
    } else {
        "http"
    };
    let host = context.request.header("host").unwrap_or_default();
    let endpoint = format!("{scheme}://{host}{}/", super::ROOT);
    let document = query.document(&endpoint, &context.container, &page);
    Ok(Response::bytes(
        200,
        "application/xml",
        document.into_bytes(),
    ))
}

/// `GET /blobs/{container}?restype=container`
pub(super) async fn container<B: Backend>(context: &Context<'_, B>) -> Result<Response, BlobError> {
    let found = context.blobs.properties(&context.container.key()).await;
    let found = found
        .map_err(|error| context.failed(error))?
        .ok_or(BlobError::ContainerNotFound)?;
    Ok(Response::empty(200)
        .with_header("last-modified", found.modified().http_date())
        .with_header("x-ms-lease-status", "unlocked")
        .with_header("x-ms-lease-state", "available")
        .with_header("x-ms-has-immutability-policy", "false")
        .with_header("x-ms-has-legal-hold", "false")
        .with_etag(&found.etag))
}

/// What is at the key; without it, the error says whether the container is missing too.
async fn look<B: Backend>(context: &Context<'_, B>, key: &str) -> Result<Properties, BlobError> {
    let found = context.blobs.properties(key).await;
    match found.map_err(|error| context.failed(error))? {
        Some(found) => Ok(found),
        None => {
            context.check_container().await?;
            Err(BlobError::BlobNotFound)
        }
    }
}

/// The head of a read. `length` is that of the body, or of the body that HEAD leaves out.
fn described(status: u16, found: &Properties, length: u64) -> Response {
    let headers = &found.headers;
    let content_type = headers.content_type.as_deref().unwrap_or(BYTES);
    let mut response = Response::empty(status)
        .with_header("content-type", content_type)
        .with_header("content-length", length.to_string())
        .with_header("accept-ranges", "bytes")
        .with_header("last-modified", found.modified().http_date())
        .with_header("x-ms-blob-type", "BlockBlob")
        .with_header("x-ms-lease-status", "unlocked")
        .with_header("x-ms-lease-state", "available")
        .with_etag(&found.etag)
        .with_header_if("content-encoding", &headers.content_encoding)
        .with_header_if("content-language", &headers.content_language)
        .with_header_if("content-disposition", &headers.content_disposition)
        .with_header_if("cache-control", &headers.cache_control);
    for (name, value) in &found.metadata {
        response = response.with_header(format!("x-ms-meta-{name}"), value.as_str());
    }
    response
}
