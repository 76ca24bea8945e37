//! Archived devices (`device-management.md` §7.1).

use super::devices::{answer, entropy};
use super::{Failure, ask_all_shards, ask_shard, unexpected};
use crate::error::HubError;
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::ids::DeviceId;
use crate::ipc::registry::{ArchivedDevice, ListArchive, RegistryReply, RegistryRequest, Restore};
use crate::sorting;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// Entries of one page unless the request says otherwise, and at most.
const MAX_TOP: u32 = 100;
/// A device and as many modules as it can have.
const MOST_IDENTITIES: usize = 51;

/// `GET /api/v1/archive/devices`: `deviceId`, `top`, `cursor`
pub async fn list<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    if request.filled_parameter("where").is_some() {
        return Err(HubError::invalid(
            "Conditions on archived devices are not offered yet; use deviceId.",
        )
        .into());
    }
    let top = match request.filled_parameter("top") {
        None => MAX_TOP,
        Some(text) => text
            .parse()
            .ok()
            .filter(|top| (1..=MAX_TOP).contains(top))
            .ok_or_else(|| HubError::invalid("top must be a number from 1 to 100."))?,
    };
    let device = request
        .filled_parameter("deviceId")
        .map(|text| DeviceId::parse(&text))
        .transpose()
        .map_err(|error| HubError::invalid(format!("deviceId is not legal: {error}.")))?;
    let after = request
        .filled_parameter("cursor")
        .map(|text| decode(&text))
        .transpose()?;
    let wanted = ListArchive { after, device, top };
    let replies = ask_all_shards(backend, &RegistryRequest::ListArchive(wanted)).await?;
    let mut items = Vec::new();
    let mut more = false;
    for reply in replies {
        match reply {
            RegistryReply::ArchivePage(page) => {
                more |= page.more;
                items.extend(page.items);
            }
            _ => return Err(unexpected("the registry")),
        }
    }
    sorting::sort_by(&mut items, |one, other| place(one).cmp(&place(other)));
    let top = usize::try_from(top).unwrap_or(usize::MAX);
    more |= items.len() > top;
    items.truncate(top);
    let cursor = items.last().filter(|_| more).map(encode);
    Ok(Response::json(
        200,
        &json!({ "items": items, "cursor": cursor }),
    ))
}

fn place(item: &Value) -> (&str, &str) {
    let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
    (text("deviceId"), text("generationId"))
}

fn encode(item: &Value) -> String {
    let (device, generation) = place(item);
    URL_SAFE_NO_PAD.encode(format!("{generation} {device}"))
}

fn decode(text: &str) -> Result<ArchivedDevice, HubError> {
    let read = || -> Option<ArchivedDevice> {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()?;
        let (generation_id, device) = text.split_once(' ')?;
        Some(ArchivedDevice {
            device_id: DeviceId::parse(device).ok()?,
            generation_id: generation_id.to_owned(),
        })
    };
    read().ok_or_else(|| {
        HubError::invalid("The cursor is not one of this hub; take it from an earlier answer.")
    })
}

/// `GET /api/v1/archive/devices/{id}/{generation}`
pub async fn get<B: Backend>(backend: &B, wanted: ArchivedDevice) -> Result<Response, Failure> {
    let device = wanted.device_id.clone();
    match ask_shard(backend, &device, RegistryRequest::GetArchived(wanted)).await? {
        RegistryReply::Archived(document) => Ok(Response::json(200, &document)),
        _ => Err(unexpected("the registry")),
    }
}

/// `POST /api/v1/archive/devices/{id}/{generation}/restore`: the new identity
pub async fn restore<B: Backend>(
    backend: &B,
    caller: &Caller,
    from: ArchivedDevice,
) -> Result<Response, Failure> {
    let device = from.device_id.clone();
    let restore = Restore {
        from,
        entropy: entropy(backend, MOST_IDENTITIES),
    };
    match ask_shard(backend, &device, RegistryRequest::RestoreArchived(restore)).await? {
        RegistryReply::Device(document) => Ok(answer(document, caller)),
        _ => Err(unexpected("the registry")),
    }
}

/// `DELETE /api/v1/archive/devices/{id}/{generation}`: leaves a tombstone
pub async fn erase<B: Backend>(backend: &B, wanted: ArchivedDevice) -> Result<Response, Failure> {
    let device = wanted.device_id.clone();
    match ask_shard(backend, &device, RegistryRequest::EraseArchived(wanted)).await? {
        RegistryReply::Done => Ok(Response::empty(204)),
        _ => Err(unexpected("the registry")),
    }
}
