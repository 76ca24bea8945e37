//! Archived devices (`device-management.md` §7.1).

use super::devices::{answer, entropy};
use super::{Failure, ask_all_shards, ask_shard, unexpected};
use crate::error::HubError;
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::http::parameters;
use crate::ids::DeviceId;
use crate::ipc::registry::{ArchivedDevice, ListArchive, RegistryReply, RegistryRequest, Restore};
use crate::json;
use crate::query::parse_condition;
use crate::sorting;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// Entries of one page unless the request says otherwise, and at most.
const MAX_TOP: u32 = 100;
/// A device and as many modules as it can have.
const MOST_IDENTITIES: usize = 51;

/// `GET /api/v1/archive/devices`: `deviceId`, `where`, `top`, `cursor`
///
/// Each shard looks at so much of its archive and no more, so with a condition a page may
/// be short, even empty; its cursor goes on.
pub async fn list<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let condition = request
        .filled_parameter("where")
        .map(|text| text.into_owned());
    if let Some(text) = &condition {
        parse_condition(text).map_err(HubError::from)?;
    }
    let top = parameters::top(request, MAX_TOP, MAX_TOP)?;
    let device = request
        .filled_parameter("deviceId")
        .map(|text| DeviceId::parse(&text))
        .transpose()
        .map_err(|error| HubError::invalid(format!("deviceId is not legal: {error}.")))?;
    let after = request
        .filled_parameter("cursor")
        .map(|text| decode(&text))
        .transpose()?;
    let wanted = ListArchive {
        after,
        device,
        condition,
        top,
    };
    let replies = ask_all_shards(backend, &RegistryRequest::ListArchive(wanted)).await?;
    let mut items = Vec::new();
    // Up to where every shard has looked; `None`: to the end.
    let mut horizon: Option<Value> = None;
    for reply in replies {
        let RegistryReply::ArchivePage(page) = reply else {
            return Err(unexpected("the registry"));
        };
        items.extend(page.items);
        if let Some(to) = page.scanned_to {
            let to = json!({ "deviceId": to.device_id, "generationId": to.generation_id });
            if horizon
                .as_ref()
                .is_none_or(|known| place(&to) < place(known))
            {
                horizon = Some(to);
            }
        }
    }
    sorting::sort_by(&mut items, |one, other| place(one).cmp(&place(other)));
    if let Some(horizon) = &horizon {
        items.retain(|item| place(item) <= place(horizon));
    }
    let top = usize::try_from(top).unwrap_or(usize::MAX);
    let more = items.len() > top;
    items.truncate(top);
    let next = if more { items.last() } else { horizon.as_ref() };
    let cursor = next.map(encode);
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
