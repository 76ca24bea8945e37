//! The past of twins: reading it, going back to it, and how much of it is kept. Ours; not in
//! Azure's API. What a version was is decided by the shard.

use super::{Failure, ask_shard, twins, unexpected};
use crate::error::HubError;
use crate::http::backend::Backend;
use crate::http::json::{self, Object};
use crate::http::message::{Request, Response};
use crate::http::parameters::{self, time};
use crate::http::precondition::if_match;
use crate::ids::Identity;
use crate::ipc::hub::{HubReply, HubRequest, TwinHistorySettings};
use crate::ipc::registry::{ReadHistory, RegistryReply, RegistryRequest, RevertTwin};
use crate::json;
use crate::twin::difference::{DESIRED, REPORTED, SECTIONS, TAGS};

const DEFAULT_TOP: u32 = 50;
const MAX_TOP: u32 = 100;
const ALL_SECTIONS: i64 = TAGS | DESIRED | REPORTED;

/// `GET /api/v1/twins/{id}/history?from=&to=&section=&top=&before=`
pub async fn list<B: Backend>(
    backend: &B,
    request: &Request,
    identity: Identity,
) -> Result<Response, Failure> {
    let top = parameters::top(request, DEFAULT_TOP, MAX_TOP)?;
    let wanted = ReadHistory {
        from: time(request, "from")?,
        to: time(request, "to")?,
        before: whole(request, "before")?,
        sections: section(request)?,
        top: usize::try_from(top).unwrap_or(0),
        identity,
        version: None,
        against: None,
    };
    read(backend, wanted).await
}

/// `GET /api/v1/twins/{id}/history/{version}`; with `?against={version}` what leads from there
/// to here
pub async fn past<B: Backend>(
    backend: &B,
    request: &Request,
    identity: Identity,
    version: &str,
) -> Result<Response, Failure> {
    let version = version.parse().map_err(|_no_number| {
        HubError::invalid("The version of a twin is a whole number, as in its member version.")
    })?;
    let wanted = ReadHistory {
        version: Some(version),
        against: whole(request, "against")?,
        sections: section(request)?,
        from: None,
        to: None,
        before: None,
        top: 0,
        identity,
    };
    read(backend, wanted).await
}

async fn read<B: Backend>(backend: &B, wanted: ReadHistory) -> Result<Response, Failure> {
    let device = wanted.identity.device.clone();
    match ask_shard(backend, &device, RegistryRequest::ReadHistory(wanted)).await? {
        RegistryReply::History(body) => Ok(Response::json(200, &body)),
        _ => Err(unexpected("the registry")),
    }
}

/// `POST /api/v1/twins/{id}/revert` with `{"version": n}` and, if wanted, `If-Match`
pub async fn revert<B: Backend>(
    backend: &B,
    request: &Request,
    identity: Identity,
) -> Result<Response, Failure> {
    let version = number(&json::parse_object(&request.body)?, "version")?;
    let device = identity.device.clone();
    let revert = RevertTwin {
        identity,
        precondition: if_match(request),
        version,
    };
    twins::answer(ask_shard(backend, &device, RegistryRequest::RevertTwin(revert)).await)
}

/// `GET /api/v1/twin-history`
pub async fn settings<B: Backend>(backend: &B) -> Result<Response, Failure> {
    shown(backend.hub(HubRequest::GetSettings).await?)
}

/// `PUT /api/v1/twin-history` with `{"seconds": 604800, "changes": 100}`
pub async fn configure<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let kept = TwinHistorySettings {
        seconds: number(&body, "seconds")?,
        changes: number(&body, "changes")?,
    };
    shown(backend.hub(HubRequest::PutTwinHistory(kept)).await?)
}

fn shown(reply: HubReply) -> Result<Response, Failure> {
    match reply {
        HubReply::Settings(settings) => Ok(Response::json(200, &json!(settings.twin_history))),
        _ => Err(unexpected("the hub")),
    }
}

fn number(body: &Object, name: &str) -> Result<u64, HubError> {
    json::whole_member(body, name)?
        .and_then(|number| u64::try_from(number).ok())
        .ok_or_else(|| {
            HubError::invalid(format!("{name} must be there: a whole number, 0 or more."))
        })
}

fn whole(request: &Request, name: &str) -> Result<Option<u64>, HubError> {
    let text = request.filled_parameter(name);
    let parsed = text.map(|text| text.parse());
    parsed
        .transpose()
        .map_err(|_no_number| HubError::invalid(format!("{name} must be a whole number.")))
}

fn section(request: &Request) -> Result<i64, HubError> {
    let Some(wanted) = request.filled_parameter("section") else {
        return Ok(ALL_SECTIONS);
    };
    SECTIONS
        .iter()
        .find(|(name, _)| *name == wanted)
        .map(|(_, mark)| *mark)
        .ok_or_else(|| HubError::invalid("section must be tags, desired or reported."))
}
