//! One step of an export: some pages of a shard as one block of the file (`service.md` §5.2).

use super::{Container, StepError, configurations};
use crate::http::Backend;
use crate::ipc::registry::{ExportLines, RegistryReply, RegistryRequest};
use crate::ipc::transfer::{Stepped, Transfer};

/// The first blocks of a file have about so many bytes: the hub is busy with one for some ten
/// milliseconds.
const BLOCK_BYTES: usize = 1024 * 1024;
/// After so many blocks they are twice as large: the store joins 960 and takes 4 GiB.
const BLOCKS_OF_A_SIZE: u32 = 240;
/// The first line of a file without keys. Readers skip what does not begin with `{`.
const WARNING: &str =
    "Keys were excluded from this export: devices that are imported from it get new ones.\n";

/// Does the next part.
pub(super) async fn step<B: Backend>(backend: &B, job: &Transfer) -> Result<Stepped, StepError> {
    let mut cursor = job.cursor.clone();
    let output = Container::new(backend, &job.order.output)
        .map_err(|error| StepError::Never(error.message))?;
    let file = &job.order.devices_blob;
    let unwritable = |error| StepError::storage("The file cannot be written", &error);
    let shards = backend.layout().shards;
    let mut text = String::new();
    if cursor.blocks == 0 {
        cursor.total = count(backend).await?;
        if job.order.exclude_keys {
            text.push_str(WARNING);
        }
    }
    let block_bytes = BLOCK_BYTES << (cursor.blocks / BLOCKS_OF_A_SIZE).min(3);
    while cursor.shard < shards && text.len() < block_bytes {
        let request = RegistryRequest::ExportLines(ExportLines {
            after: cursor.after.clone(),
            with_keys: !job.order.exclude_keys,
        });
        let reply = backend.registry(cursor.shard, request).await;
        let RegistryReply::Lines(page) = reply.map_err(|error| StepError::actor(&error))? else {
            return Err(StepError::Later("a shard gave another answer".to_owned()));
        };
        for line in &page.lines {
            text.push_str(line.get());
            text.push('\n');
        }
        cursor.done += page.count;
        cursor.after = page.last;
        if cursor.after.is_none() {
            cursor.shard += 1;
        }
    }
    if !text.is_empty() {
        let written = output
            .put_block(file, cursor.blocks, text.into_bytes())
            .await;
        written.map_err(unwritable)?;
        cursor.blocks += 1;
        return Ok(Stepped::On(cursor));
    }
    if let Some(file) = &job.order.configurations_blob
        && !cursor.is_ending
    {
        let written = output.put(file, configurations::file(backend).await?);
        written.await.map_err(unwritable)?;
        cursor.is_ending = true;
        return Ok(Stepped::On(cursor));
    }
    let written = match cursor.blocks {
        0 => output.put(file, Vec::new()).await,
        blocks => output.put_block_list(file, blocks).await,
    };
    written.map_err(unwritable)?;
    Ok(Stepped::Completed(cursor))
}

/// How many identities there are, for the progress only.
async fn count<B: Backend>(backend: &B) -> Result<u64, StepError> {
    let mut total = 0;
    for shard in 0..backend.layout().shards {
        let reply = backend.registry(shard, RegistryRequest::Statistics).await;
        if let RegistryReply::Statistics(statistics) =
            reply.map_err(|error| StepError::actor(&error))?
        {
            total += statistics.total;
        }
    }
    Ok(total)
}
