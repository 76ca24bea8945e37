//! Devices that should send something at least so often (`device-management.md` §8).

use super::{Failure, ask_all_shards, unexpected};
use crate::error::HubError;
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::http::{cursor, parameters};
use crate::ipc::registry::{ListHeartbeats, RegistryReply, RegistryRequest};
use crate::json;
use crate::sorting;
use serde_json::Value;

/// Devices of one page unless the request says otherwise, and at most.
const DEFAULT_TOP: u32 = 100;
const MAX_TOP: u32 = 1000;

/// `GET /api/v1/heartbeats?overdue=&top=&cursor=`: in order of id
pub async fn list<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let overdue = match request.filled_parameter("overdue").as_deref() {
        None => None,
        Some("true") => Some(true),
        Some("false") => Some(false),
        Some(_) => return Err(HubError::invalid("overdue must be true or false.").into()),
    };
    let top = parameters::top(request, DEFAULT_TOP, MAX_TOP)?;
    let after = request.filled_parameter("cursor");
    let after = after.map(|text| cursor::decode_id(&text)).transpose()?;
    let list = ListHeartbeats {
        overdue,
        after,
        top: top + 1,
    };
    let mut items = Vec::new();
    for reply in ask_all_shards(backend, &RegistryRequest::ListHeartbeats(list)).await? {
        match reply {
            RegistryReply::Devices(devices) => items.extend(devices),
            _ => return Err(unexpected("the registry")),
        }
    }
    let id = |item: &Value| {
        item.get("deviceId")
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    sorting::sort_by(&mut items, |one, other| id(one).cmp(&id(other)));
    let most = usize::try_from(top).unwrap_or(usize::MAX);
    let more = items.len() > most;
    items.truncate(most);
    let last = items.last().filter(|_| more).and_then(id);
    let next = last.map(|last| cursor::encode_id(&last));
    Ok(Response::json(
        200,
        &json!({ "items": items, "cursor": next }),
    ))
}
