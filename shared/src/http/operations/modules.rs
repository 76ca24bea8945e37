//! Module identities (`service.md` §4.4).

use super::devices::{answer, entropy, keep_credentials, mask_keys};
use super::{Failure, ask_shard, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::error::Envelope;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::http::precondition::if_match;
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::ipc::registry::{
    DeleteModule, Document, Precondition, PutModule, RegistryReply, RegistryRequest,
};
use serde_json::Value;

/// `GET /devices/{id}/modules`
pub async fn list<B: Backend>(
    backend: &B,
    caller: &Caller,
    device: DeviceId,
) -> Result<Response, Failure> {
    let request = RegistryRequest::ListModules(device.clone());
    match ask_shard(backend, &device, request).await? {
        RegistryReply::Devices(mut modules) => {
            if !caller.sees_credentials {
                modules.iter_mut().for_each(mask_keys);
            }
            Ok(Response::json(200, &Value::Array(modules)))
        }
        _ => Err(unexpected("the registry")),
    }
}

/// `GET /devices/{id}/modules/{mid}`
pub async fn get<B: Backend>(
    backend: &B,
    caller: &Caller,
    device: DeviceId,
    module: ModuleId,
) -> Result<Response, Failure> {
    Ok(answer(fetch(backend, device, module).await?, caller))
}

async fn fetch<B: Backend>(
    backend: &B,
    device: DeviceId,
    module: ModuleId,
) -> Result<Document, Failure> {
    let identity = Identity {
        device: device.clone(),
        module: Some(module),
    };
    match ask_shard(backend, &device, RegistryRequest::GetModule(identity)).await? {
        RegistryReply::Device(document) => Ok(document),
        _ => Err(unexpected("the registry")),
    }
}

/// `PUT /devices/{id}/modules/{mid}`
pub async fn put<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
    device: DeviceId,
    module: ModuleId,
) -> Result<Response, Failure> {
    let mut body = json::parse_object(&request.body)?;
    let mut precondition = if_match(request);
    if !caller.sees_credentials && precondition != Precondition::None {
        let current = fetch(backend, device.clone(), module.clone()).await?;
        keep_credentials(&mut body, &mut precondition, current);
    }
    let put = PutModule {
        device: device.clone(),
        module,
        precondition,
        body: Value::Object(body),
        entropy: entropy(backend, 1),
    };
    match ask_shard(backend, &device, RegistryRequest::PutModule(put)).await {
        Ok(RegistryReply::Device(document)) => Ok(answer(document, caller)),
        Ok(_) => Err(unexpected("the registry")),
        Err(error) => Err(in_its_envelope(error)),
    }
}

/// The one error of this path in the newer form (§4.4, §12.1).
fn in_its_envelope(error: HubError) -> Failure {
    let envelope = match error.code {
        ErrorCode::ModuleAlreadyExistsOnDevice => Envelope::Flat,
        _ => Envelope::Classic,
    };
    Failure { error, envelope }
}

/// `DELETE /devices/{id}/modules/{mid}`
pub async fn delete<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
    module: ModuleId,
) -> Result<Response, Failure> {
    let delete = DeleteModule {
        identity: Identity {
            device: device.clone(),
            module: Some(module),
        },
        precondition: if_match(request),
    };
    match ask_shard(backend, &device, RegistryRequest::DeleteModule(delete)).await? {
        RegistryReply::Done => Ok(Response::empty(204)),
        _ => Err(unexpected("the registry")),
    }
}
