//! Put Blob, Put Block, Put Block List.
//!
//! A blob appears or changes at one moment, whole, or not at all. Blocks lie apart until a
//! list joins them; what is never joined is deleted after a week, by whoever commits a list
//! then ([`sweep`]).

use super::block::{self, BlockId};
use super::condition::Conditions;
use super::error::BlobError;
use super::name::{BLOCKS, BlobName};
use super::serve::{Body, Context, IncomingOf};
use super::signed_url::Permissions;
use super::store::{
    Attributes, BlobStore, ContentHeaders, Entry, Expected, Part, Properties, StoreError,
};
use super::{BLOCK_LIFE_SECONDS, MAX_BLOB_BYTES, MAX_BLOCK_BYTES, MAX_PUT_BYTES};
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::ordered::OrderedMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Headers whose effect this store cannot give: ignoring them would be a lie.
const UNSUPPORTED: [&str; 10] = [
    "x-ms-copy-source",
    "x-ms-structured-body",
    "x-ms-content-crc64",
    "x-ms-encryption-key",
    "x-ms-encryption-scope",
    "x-ms-lease-id",
    "x-ms-tags",
    "x-ms-if-tags",
    "x-ms-immutability-policy-until-date",
    "x-ms-legal-hold",
];
/// Metadata and content headers together.
const MAX_METADATA_BYTES: usize = 4096;
const METADATA: &str = "x-ms-meta-";
/// Blocks that may wait for one blob, and pages in which they are looked through: the store may give
/// fewer than asked for.
const MAX_WAITING: usize = 3000;
const MAX_PAGES: usize = 8;
/// Blocks that a sweep looks at.
const SWEEP: u32 = 100;

/// `PUT /blobs/{container}/{blob}`: a blob in one request.
pub(super) async fn put_blob<B: Backend>(
    context: &Context<'_, B>,
    blob: &BlobName,
    body: Body<IncomingOf<B>>,
) -> Result<Response, BlobError> {
    let request = context.request;
    check_headers(request)?;
    match request.header("x-ms-blob-type") {
        None => return Err(BlobError::MissingRequiredHeader),
        Some("BlockBlob") => {}
        Some(_) => return Err(BlobError::InvalidHeaderValue),
    }
    let length = announced(body.length, MAX_PUT_BYTES)?;
    let mut attributes = attributes(request)?;
    if attributes.md5.is_none() {
        attributes.md5 = digest(request, "content-md5")?;
    }
    context.check_container().await?;
    let key = blob.key(&context.container);
    attributes.expected = expected(context, &key).await?;
    let written = context
        .blobs
        .write(&key, body.content, length, &attributes)
        .await;
    stored(context, &attributes.expected, written)
}

/// `PUT …?comp=block`: lies apart until a list names it.
pub(super) async fn put_block<B: Backend>(
    context: &Context<'_, B>,
    blob: &BlobName,
    id: &BlockId,
    body: Body<IncomingOf<B>>,
) -> Result<Response, BlobError> {
    check_headers(context.request)?;
    let length = announced(body.length, MAX_BLOCK_BYTES)?;
    let attributes = Attributes {
        md5: digest(context.request, "content-md5")?,
        ..Attributes::default()
    };
    context.check_container().await?;
    let key = id.key(&blob.blocks_prefix(&context.container));
    let written = context
        .blobs
        .write(&key, body.content, length, &attributes)
        .await;
    let properties = written.map_err(|error| context.failed(error))?;
    Ok(Response::empty(201).with_header_if("content-md5", &properties.md5))
}

/// `PUT …?comp=blocklist`: the blob is these blocks, from one moment to the next.
pub(super) async fn put_block_list<B: Backend>(
    context: &Context<'_, B>,
    blob: &BlobName,
    body: Body<IncomingOf<B>>,
) -> Result<Response, BlobError> {
    check_headers(context.request)?;
    announced(body.length, block::MAX_LIST_BYTES as u64)?;
    let mut attributes = attributes(context.request)?;
    let list = context
        .blobs
        .collect(body.content, block::MAX_LIST_BYTES)
        .await
        .map_err(|error| context.failed(error))?;
    let ids = block::parse_list(&list.ok_or(BlobError::RequestBodyTooLarge)?)?;
    context.check_container().await?;

    let prefix = blob.blocks_prefix(&context.container);
    let waiting = waiting_blocks(context, &prefix).await?;
    let mut parts = Vec::with_capacity(ids.len());
    let mut length: u64 = 0;
    for id in &ids {
        let key = id.key(&prefix);
        let found = waiting
            .get(&key)
            .filter(|properties| !is_over(context, properties))
            .ok_or(BlobError::InvalidBlockList)?;
        length = length.saturating_add(found.size);
        parts.push(Part {
            key,
            etag: found.etag.clone(),
        });
    }
    if length > MAX_BLOB_BYTES {
        return Err(BlobError::RequestBodyTooLarge);
    }
    let key = blob.key(&context.container);
    attributes.expected = expected(context, &key).await?;
    let written = context.blobs.join(&key, &parts, length, &attributes).await;
    let response = stored(context, &attributes.expected, written)?;
    // The blob is there; blocks that stay behind by a failure here are swept in a week.
    let used: Vec<String> = waiting.into_keys().collect();
    discard(context, &used).await;
    sweep(context).await;
    Ok(response)
}

/// The blocks of one blob that were not joined yet.
async fn waiting_blocks<B: Backend>(
    context: &Context<'_, B>,
    prefix: &str,
) -> Result<OrderedMap<String, Properties>, BlobError> {
    let mut waiting = OrderedMap::new();
    let mut after: Option<String> = None;
    for _ in 0..MAX_PAGES {
        let page = context.blobs.list(prefix, after.as_deref(), 1000).await;
        let page = page.map_err(|error| context.failed(error))?;
        after = page.entries.last().map(|entry| entry.key.clone());
        let entries = page.entries.into_iter();
        waiting.extend(entries.map(|entry| (entry.key, entry.properties)));
        if !page.more {
            return Ok(waiting);
        }
        if waiting.len() >= MAX_WAITING {
            break;
        }
    }
    Err(BlobError::BlockCountExceedsLimit)
}

fn is_over<B: Backend>(context: &Context<'_, B>, block: &Properties) -> bool {
    block.modified().plus_seconds(BLOCK_LIFE_SECONDS) <= context.trace.time
}

/// Looks at some waiting blocks of any blob, from a random place on, and deletes those that
/// have waited too long. Their keys begin with a digest, so every place is as likely, and no
/// schedule is needed: where nothing is uploaded, nothing piles up either.
async fn sweep<B: Backend>(context: &Context<'_, B>) {
    let mut place = [0; 4];
    context.backend.random(&mut place);
    let after = format!("{BLOCKS}{:08x}", u32::from_be_bytes(place));
    match context.blobs.list(BLOCKS, Some(&after), SWEEP).await {
        Ok(page) => {
            let is_over = |entry: &Entry| is_over(context, &entry.properties);
            let entries = page.entries.into_iter().filter(is_over);
            let keys: Vec<String> = entries.map(|entry| entry.key).collect();
            discard(context, &keys).await;
        }
        Err(error) => {
            context.failed(error);
        }
    }
}

async fn discard<B: Backend>(context: &Context<'_, B>, keys: &[String]) {
    for some in keys.chunks(1000) {
        if let Err(error) = context.blobs.delete(some).await {
            context.failed(error);
        }
    }
}

/// What the store has to expect, by the conditions and by what the URL allows.
async fn expected<B: Backend>(context: &Context<'_, B>, key: &str) -> Result<Expected, BlobError> {
    let conditions = Conditions::of(context.request)?;
    let found = if conditions.need_a_look() {
        let found = context.blobs.properties(key).await;
        found.map_err(|error| context.failed(error))?
    } else {
        None
    };
    let expected = conditions.expected(found.as_ref())?;
    if context.allowed.contains(Permissions::WRITE) {
        return Ok(expected);
    }
    match expected {
        Expected::Version(_) => Err(BlobError::UnauthorizedBlobOverwrite),
        Expected::Anything | Expected::Absent => Ok(Expected::Absent),
    }
}

fn stored<B: Backend>(
    context: &Context<'_, B>,
    expected: &Expected,
    written: Result<Properties, StoreError>,
) -> Result<Response, BlobError> {
    match written {
        Ok(properties) => Ok(Response::empty(201)
            .with_header("last-modified", properties.modified().http_date())
            .with_header_if("content-md5", &properties.md5)
            .with_etag(&properties.etag)),
        Err(StoreError::Unexpected) => Err(match expected {
            Expected::Absent if context.request.header("if-none-match").is_none() => {
                BlobError::UnauthorizedBlobOverwrite
            }
            Expected::Absent => BlobError::BlobAlreadyExists,
            Expected::Version(_) => BlobError::ConditionNotMet,
            // A block was replaced while it was joined.
            Expected::Anything => BlobError::ServerBusy,
        }),
        Err(error) => Err(context.failed(error)),
    }
}

fn announced(length: Option<u64>, limit: u64) -> Result<u64, BlobError> {
    match length {
        None => Err(BlobError::MissingContentLengthHeader),
        Some(length) if length > limit => Err(BlobError::RequestBodyTooLarge),
        Some(length) => Ok(length),
    }
}

fn check_headers(request: &Request) -> Result<(), BlobError> {
    if UNSUPPORTED
        .iter()
        .any(|name| request.header(name).is_some())
    {
        return Err(BlobError::UnsupportedHeader);
    }
    Ok(())
}

fn digest(request: &Request, name: &str) -> Result<Option<String>, BlobError> {
    let Some(text) = request.header(name) else {
        return Ok(None);
    };
    match STANDARD.decode(text) {
        Ok(bytes) if bytes.len() == 16 => Ok(Some(text.to_owned())),
        _ => Err(BlobError::InvalidMd5),
    }
}

/// Content headers, metadata, and the digest of the whole content.
fn attributes(request: &Request) -> Result<Attributes, BlobError> {
    let text = |name: &str| {
        request
            .header(name)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
    };
    let headers = ContentHeaders {
        content_type: text("x-ms-blob-content-type").or_else(|| text("content-type")),
        content_encoding: text("x-ms-blob-content-encoding"),
        content_language: text("x-ms-blob-content-language"),
        content_disposition: text("x-ms-blob-content-disposition"),
        cache_control: text("x-ms-blob-cache-control"),
    };
    let mut metadata = OrderedMap::new();
    for (name, value) in &request.headers {
        if let Some(name) = name.strip_prefix(METADATA) {
            let value = value.trim();
            if !is_metadata_name(name) || !is_printable(value) {
                return Err(BlobError::InvalidMetadata);
            }
            metadata.insert(name.to_owned(), value.to_owned());
        }
    }
    let given = [
        &headers.content_type,
        &headers.content_encoding,
        &headers.content_language,
        &headers.content_disposition,
        &headers.cache_control,
    ];
    let given = given.into_iter().flatten();
    if !given.clone().all(|value| is_printable(value)) {
        return Err(BlobError::InvalidHeaderValue);
    }
    let in_headers: usize = given.map(String::len).sum();
    let in_metadata: usize = metadata
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if in_headers + in_metadata > MAX_METADATA_BYTES {
        return Err(BlobError::MetadataTooLarge);
    }
    Ok(Attributes {
        headers,
        metadata,
        md5: digest(request, "x-ms-blob-content-md5")?,
        expected: Expected::Anything,
    })
}

/// Names of C#: they also become XML elements.
fn is_metadata_name(name: &str) -> bool {
    let starts = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn is_printable(value: &str) -> bool {
    value.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}
