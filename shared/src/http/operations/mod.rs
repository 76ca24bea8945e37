//! One file per group of operations: reads what is special in the request, asks the actors
//! and shapes the answer. Callers have been authorised before.

pub mod access;
pub mod alerts;
pub mod approvals;
pub mod archive;
pub mod audit;
pub mod blobs;
pub mod bulk;
pub mod certificates;
pub mod configurations;
pub mod connection_incidents;
pub mod console;
pub mod dead_letters;
pub mod device_messages;
pub mod devices;
pub mod digital_twins;
pub mod documents;
pub mod dry_run;
pub mod event_query;
pub mod events;
pub mod file_uploads;
pub mod groups;
pub mod heartbeats;
pub mod jobs;
pub mod maintenance;
pub mod messages;
pub mod messaging;
pub mod methods;
pub mod metrics;
pub mod modules;
pub mod operations_records;
pub mod patterns;
pub mod progress;
pub mod queries;
pub mod query_indexes;
pub(in crate::http) mod record_pages;
pub mod regenerate;
pub mod reports;
pub mod retirement;
pub mod routing;
pub mod scheduled_jobs;
pub mod scopes;
pub mod session;
pub mod statistics;
pub mod tag_schema;
pub mod throttles;
pub mod twin_history;
pub mod twins;

use super::backend::Backend;
use super::error::Envelope;
use super::message::Response;
use crate::error::{ErrorCode, HubError};
use crate::ids::DeviceId;
use crate::ipc::hub::{HubReply, Settings};
use crate::ipc::registry::{RegistryReply, RegistryRequest, RegistryResult};
use crate::together::join_all;
use serde_json::Value;
use std::pin::Pin;
use std::rc::Rc;

/// An error with the form its body takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What went wrong.
    pub error: HubError,
    /// How it is written.
    pub envelope: Envelope,
}

/// A document, whose etag is one of its members.
fn document_answer(status: u16, document: &Value) -> Response {
    let etag = document.get("etag").and_then(Value::as_str);
    Response::json(status, document).with_etag(etag.unwrap_or_default())
}

/// What a DELETE answers that the hub object has carried out.
pub(super) fn deleted(
    reply: HubReply,
    missing: impl FnOnce() -> HubError,
) -> Result<Response, Failure> {
    match reply {
        HubReply::Changed(true) => Ok(Response::empty(204)),
        HubReply::Changed(false) => Err(missing().into()),
        _ => Err(unexpected("the hub")),
    }
}

impl From<HubError> for Failure {
    fn from(error: HubError) -> Self {
        Self {
            error,
            envelope: Envelope::Classic,
        }
    }
}

/// An actor answered with something that does not fit the question.
fn unexpected(actor: &str) -> Failure {
    HubError::internal(format!("{actor} answered with a reply of another kind")).into()
}

/// The settings, or a clear answer that the hub is not set up.
pub async fn settings<B: Backend>(backend: &B) -> Result<Rc<Settings>, HubError> {
    backend.settings().await?.ok_or_else(|| {
        HubError::new(
            ErrorCode::ServiceUnavailable,
            "This hub is not set up yet: call POST /api/v1/bootstrap with the deployment's secret.",
        )
    })
}

/// Asks the shard of a device. Behind a pointer, so that the operations, of which most ask
/// one, do not each hold a copy of how that is done.
fn ask_shard<'a, B: Backend>(
    backend: &'a B,
    device: &DeviceId,
    request: RegistryRequest,
) -> Pin<Box<dyn Future<Output = RegistryResult> + 'a>> {
    Box::pin(backend.registry(backend.layout().shard_of(device), request))
}

/// Asks all shards the same, at once; the first error counts.
async fn ask_all_shards<B: Backend>(
    backend: &B,
    request: &RegistryRequest,
) -> Result<Vec<RegistryReply>, HubError> {
    let asks = (0..backend.layout().shards).map(|shard| backend.registry(shard, request.clone()));
    join_all(asks).await.into_iter().collect()
}
