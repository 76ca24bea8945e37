//! Device identities (`service.md` §4.1–4.3, §4.5).

use super::tag_schema::with_warning;
use super::{Failure, ask_all_shards, ask_shard, scopes, unexpected};
use crate::error::HubError;
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::json::{self, Object};
use crate::http::message::{Request, Response};
use crate::http::precondition::if_match;
use crate::ids::DeviceId;
use crate::ipc::registry::{
    DeleteDevice, Document, IDENTITY_ENTROPY, ListDevices, Precondition, PutDevice, RegistryReply,
    RegistryRequest,
};
use crate::sorting;
use serde_json::Value;

/// Most identities of one list; also what an absent or senseless `top` means.
const MAX_TOP: u32 = 1000;

/// `GET /devices/{id}`
pub async fn get<B: Backend>(
    backend: &B,
    caller: &Caller,
    device: DeviceId,
) -> Result<Response, Failure> {
    Ok(answer(fetch(backend, device).await?, caller))
}

/// `PUT /devices/{id}`
pub async fn put<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
    device: DeviceId,
) -> Result<Response, Failure> {
    let mut body = json::parse_object(&request.body)?;
    if json::text_member(&body, "deviceId")?.is_some_and(|named| named != device.as_str()) {
        return Err(
            HubError::invalid("deviceId in the body is not the device id of the path.").into(),
        );
    }
    let mut precondition = if_match(request);
    if !caller.sees_credentials && precondition != Precondition::None {
        let current = fetch(backend, device.clone()).await?;
        keep_credentials(&mut body, &mut precondition, current);
    }
    let entropy = entropy(backend, 1);
    let shard = backend.layout().shard_of(&device);
    let body = Value::Object(body);
    let put = PutDevice {
        device,
        precondition,
        missing_scopes: scopes::missing(backend, std::iter::once(&body))
            .await?
            .into_items()
            .collect(),
        body,
        entropy,
    };
    match backend
        .registry(shard, RegistryRequest::PutDevice(put))
        .await?
    {
        RegistryReply::Device(document) => Ok(answer(document, caller)),
        _ => Err(unexpected("the registry")),
    }
}

/// `DELETE /devices/{id}`
pub async fn delete<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
) -> Result<Response, Failure> {
    let shard = backend.layout().shard_of(&device);
    let delete = DeleteDevice {
        device,
        precondition: if_match(request),
    };
    match backend
        .registry(shard, RegistryRequest::DeleteDevice(delete))
        .await?
    {
        RegistryReply::Done => Ok(Response::empty(204)),
        _ => Err(unexpected("the registry")),
    }
}

/// `GET /devices?top=`: the first identities by id over all shards.
pub async fn list<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let top = request
        .parameter("top")
        .and_then(|text| text.parse().ok())
        .filter(|top| (1..=MAX_TOP).contains(top))
        .unwrap_or(MAX_TOP);
    let replies =
        ask_all_shards(backend, &RegistryRequest::ListDevices(ListDevices { top })).await?;
    let mut devices = Vec::new();
    for reply in replies {
        match reply {
            RegistryReply::Devices(part) => devices.extend(part),
            _ => return Err(unexpected("the registry")),
        }
    }
    sorting::sort_by(&mut devices, |one, other| id_of(one).cmp(id_of(other)));
    devices.truncate(usize::try_from(top).unwrap_or(usize::MAX));
    if !caller.sees_credentials {
        devices.iter_mut().for_each(mask_keys);
    }
    Ok(Response::json(200, &Value::Array(devices)))
}

/// `deviceId` of a document; by it lists of several shards are merged.
pub fn id_of(document: &Value) -> &str {
    document
        .get("deviceId")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

async fn fetch<B: Backend>(backend: &B, device: DeviceId) -> Result<Document, Failure> {
    match ask_shard(backend, &device, RegistryRequest::GetDevice(device.clone())).await? {
        RegistryReply::Device(document) => Ok(document),
        _ => Err(unexpected("the registry")),
    }
}

/// Random bytes for so many new identities.
pub(super) fn entropy<B: Backend>(backend: &B, identities: usize) -> Vec<u8> {
    let mut bytes = vec![0; identities * IDENTITY_ENTROPY];
    backend.random(&mut bytes);
    bytes
}

pub(super) fn answer(mut document: Document, caller: &Caller) -> Response {
    if !caller.sees_credentials {
        mask_keys(&mut document.body);
    }
    let response = Response::json(200, &document.body).with_etag(&document.etag);
    with_warning(response, document.warning)
}

/// Hides symmetric keys from people who may not see them.
pub(super) fn mask_keys(document: &mut Value) {
    if let Some(Value::Object(keys)) = document.pointer_mut("/authentication/symmetricKey") {
        for (_, key) in keys.iter_mut() {
            *key = Value::Null;
        }
    }
}

/// Who was shown a masked document and sends it back must not make new keys by that: the
/// stored credentials stay, and the etag that they were read under is required.
pub(super) fn keep_credentials(
    body: &mut Object,
    precondition: &mut Precondition,
    current: Document,
) {
    body.retain(|name, _| !name.eq_ignore_ascii_case("authentication"));
    if let Some(authentication) = current.body.get("authentication") {
        body.insert("authentication".to_owned(), authentication.clone());
    }
    if *precondition == Precondition::Any {
        *precondition = Precondition::Etag(current.etag);
    }
}
