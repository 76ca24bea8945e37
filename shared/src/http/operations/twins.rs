//! Twins of devices and modules (`service.md` §6).

use super::tag_schema::with_warning;
use super::{Failure, ask_shard, unexpected};
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::http::precondition::if_match;
use crate::ids::Identity;
use crate::ipc::registry::{RegistryReply, RegistryRequest, RegistryResult, WriteTwin};
use serde_json::Value;

/// `GET /twins/{id}`
pub async fn get<B: Backend>(backend: &B, identity: Identity) -> Result<Response, Failure> {
    answer(
        ask_shard(
            backend,
            &identity.device,
            RegistryRequest::GetTwin(identity.clone()),
        )
        .await,
    )
}

/// `PATCH /twins/{id}`, or with `replace` `PUT /twins/{id}`
pub async fn write<B: Backend>(
    backend: &B,
    request: &Request,
    identity: Identity,
    replace: bool,
) -> Result<Response, Failure> {
    let body = Value::Object(json::parse_object(&request.body)?);
    let shard = backend.layout().shard_of(&identity.device);
    let write = WriteTwin {
        identity,
        precondition: if_match(request),
        body,
        replace,
    };
    answer(
        backend
            .registry(shard, RegistryRequest::WriteTwin(write))
            .await,
    )
}

pub(super) fn answer(result: RegistryResult) -> Result<Response, Failure> {
    match result? {
        RegistryReply::Twin(document) => {
            let response = Response::json(200, &document.body).with_etag(&document.etag);
            Ok(with_warning(response, document.warning))
        }
        _ => Err(unexpected("the registry")),
    }
}
