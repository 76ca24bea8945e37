//! One step of an import: a part of the file, line by line, to the shards (`service.md` §5.2).

use super::{Container, LOG_BLOB, StepError, configurations};
use crate::error::HubError;
use crate::http::Backend;
use crate::http::operations::scopes;
use crate::ids::Identity;
use crate::import::{Content, json_item};
use crate::ipc::registry::{
    ApplyItems, Caused, IDENTITY_ENTROPY, ImportItems, RegistryReply, RegistryRequest,
};
use crate::ipc::transfer::{Stepped, Transfer, TransferCursor};
use crate::json;
use crate::ordered::OrderedMap;
use crate::together::join_all;
use serde_json::{Map, Value};

/// Bytes of the file in one step: some hundred lines, so that no shard is busy for long.
const STEP_BYTES: u64 = 128 * 1024;
/// A line may have this many bytes; more of one are looked at as lines of their own.
const LONGEST_READ: u64 = 1024 * 1024;
/// The log is written when so much of it has gathered.
const LOG_BLOCK_BYTES: usize = 256 * 1024;
/// A log has no more blocks than the store joins; what comes then is only counted.
const MAX_LOG_BLOCKS: u32 = 900;

type Items = Vec<(u64, Identity, Value)>;

/// Does the next part.
pub(super) async fn step<B: Backend>(backend: &B, job: &Transfer) -> Result<Stepped, StepError> {
    let mut cursor = job.cursor.clone();
    let input = job.order.input.as_deref().unwrap_or_default();
    let input = Container::new(backend, input).map_err(|error| StepError::Never(error.message))?;
    let file = &job.order.devices_blob;
    let unreadable = |error| StepError::storage("The file cannot be read", &error);
    let Some(etag) = cursor.etag.clone() else {
        let found = input.properties(file).await.map_err(unreadable)?;
        (cursor.size, cursor.etag) = (found.size, Some(found.etag));
        return Ok(Stepped::On(cursor));
    };
    if cursor.position >= cursor.size {
        return end(backend, job, cursor).await;
    }
    let left = cursor.size - cursor.position;
    let mut length = STEP_BYTES.min(left);
    let text = loop {
        let read = input.read(file, &etag, cursor.position, length).await;
        let mut text = read.map_err(|error| match error {
            super::ContainerError::Status(412) => {
                StepError::Never("The file was replaced while it was imported.".to_owned())
            }
            error => unreadable(error),
        })?;
        if text.len() as u64 != length {
            return Err(StepError::Later(
                "The storage sent another part of the file than was asked for.".to_owned(),
            ));
        }
        if length == left {
            break text;
        }
        if let Some(last) = text.iter().rposition(|byte| *byte == b'\n') {
            text.truncate(last + 1);
            break text;
        }
        if length >= LONGEST_READ {
            break text;
        }
        length = LONGEST_READ.min(left);
    };
    cursor.position += text.len() as u64;
    let items = read_lines(&text, &mut cursor);
    apply(backend, job, items, &mut cursor).await?;
    if cursor.pending.len() >= LOG_BLOCK_BYTES {
        write_log(backend, job, &mut cursor).await?;
    }
    Ok(Stepped::On(cursor))
}

/// The items of a part; what is none goes into the log.
fn read_lines(text: &[u8], cursor: &mut TransferCursor) -> Items {
    let mut items = Vec::new();
    for line in text
        .strip_suffix(b"\n")
        .unwrap_or(text)
        .split(|byte| *byte == b'\n')
    {
        cursor.lines += 1;
        match json_item(line) {
            Content::Item(identity, item) => items.push((cursor.lines, identity, item)),
            Content::Nothing => {}
            Content::Broken(error, _) => note(cursor, cursor.lines, Map::new(), &error),
        }
    }
    items
}

/// Hands items to their shards, those of one shard in order.
async fn apply<B: Backend>(
    backend: &B,
    job: &Transfer,
    items: Items,
    cursor: &mut TransferCursor,
) -> Result<(), StepError> {
    let layout = backend.layout();
    let missing = scopes::missing(backend, items.iter().map(|(.., item)| item)).await;
    let missing = missing.map_err(|error| StepError::actor(&error))?;
    let mut parts: OrderedMap<u16, Items> = OrderedMap::new();
    for item in items {
        parts.or_default(layout.shard_of(&item.1.device)).push(item);
    }
    let mut named: Vec<(u64, Identity)> = Vec::new();
    let mut asks = Vec::new();
    for (shard, part) in parts {
        let mut entropy = vec![0; part.len() * IDENTITY_ENTROPY];
        backend.random(&mut entropy);
        let first = named.len();
        let mut items = Vec::with_capacity(part.len());
        for (line, identity, item) in part {
            named.push((line, identity.clone()));
            items.push((identity, item));
        }
        let import = ImportItems {
            job: job.number,
            end: cursor.position,
            apply: ApplyItems {
                missing_scopes: scopes::of(&missing, items.iter().map(|(_, item)| item)),
                items,
                entropy,
            },
        };
        let request = RegistryRequest::Caused(Box::new(Caused {
            cause: job.cause.clone(),
            request: RegistryRequest::ImportItems(import),
        }));
        asks.push(async move { (first, backend.registry(shard, request).await) });
    }
    let mut refused = Vec::new();
    for (first, reply) in join_all(asks).await {
        let RegistryReply::Refusals(refusals) = reply.map_err(|error| StepError::actor(&error))?
        else {
            return Err(StepError::Later("a shard gave another answer".to_owned()));
        };
        refused.extend(
            refusals
                .into_iter()
                .map(|(place, error)| (first + place, error)),
        );
    }
    cursor.done += named.len().saturating_sub(refused.len()) as u64;
    crate::sorting::sort_by(&mut refused, |one, other| one.0.cmp(&other.0));
    for (place, error) in refused {
        if let Some((line, identity)) = named.get(place) {
            note(cursor, *line, name(identity), &error);
        }
    }
    Ok(())
}

/// How the log names an identity.
fn name(identity: &Identity) -> Map<String, Value> {
    let mut entry = Map::new();
    entry.insert("deviceId".into(), json!(identity.device));
    if let Some(module) = &identity.module {
        entry.insert("moduleId".into(), json!(module));
    }
    entry
}

/// A line of the log: what it is about, and number and error as in the answer of a bulk
/// request.
fn note(cursor: &mut TransferCursor, line: u64, about: Map<String, Value>, error: &HubError) {
    cursor.failed += 1;
    if cursor.blocks >= MAX_LOG_BLOCKS {
        return;
    }
    let mut entry = about;
    entry.insert("errorCode".into(), json!(error.code.number()));
    entry.insert("errorStatus".into(), json!(error.message));
    entry.insert("line".into(), json!(line));
    cursor.pending.push_str(&Value::Object(entry).to_string());
    cursor.pending.push('\n');
}

async fn write_log<B: Backend>(
    backend: &B,
    job: &Transfer,
    cursor: &mut TransferCursor,
) -> Result<(), StepError> {
    let output = output(backend, job)?;
    let text = std::mem::take(&mut cursor.pending);
    let written = output
        .put_block(LOG_BLOB, cursor.blocks, text.into_bytes())
        .await;
    written.map_err(|error| StepError::storage("The log cannot be written", &error))?;
    cursor.blocks += 1;
    Ok(())
}

fn output<'a, B: Backend>(
    backend: &'a B,
    job: &'a Transfer,
) -> Result<Container<'a, B>, StepError> {
    Container::new(backend, &job.order.output).map_err(|error| StepError::Never(error.message))
}

/// The configurations, then the log.
async fn end<B: Backend>(
    backend: &B,
    job: &Transfer,
    mut cursor: TransferCursor,
) -> Result<Stepped, StepError> {
    if let Some(file) = &job.order.configurations_blob
        && !cursor.is_ending
    {
        cursor.is_ending = true;
        for refused in configurations::import(backend, job, file).await? {
            let mut about = Map::new();
            about.insert("configurationId".into(), json!(refused.id));
            note(&mut cursor, refused.line, about, &refused.error);
        }
        return Ok(Stepped::On(cursor));
    }
    let unwritable = |error| StepError::storage("The log cannot be written", &error);
    if cursor.blocks == 0 {
        let text = std::mem::take(&mut cursor.pending);
        let written = output(backend, job)?.put(LOG_BLOB, text.into_bytes()).await;
        written.map_err(unwritable)?;
        return Ok(Stepped::Completed(cursor));
    }
    if !cursor.pending.is_empty() {
        write_log(backend, job, &mut cursor).await?;
        return Ok(Stepped::On(cursor));
    }
    let written = output(backend, job)?
        .put_block_list(LOG_BLOB, cursor.blocks)
        .await;
    written.map_err(unwritable)?;
    Ok(Stepped::Completed(cursor))
}
