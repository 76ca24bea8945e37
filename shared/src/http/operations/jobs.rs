//! Import and export jobs (`service.md` §5.1).
//!
//! What storage refuses is found before there is a job, so that whoever asked learns it.

use super::{Failure, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::error::new_uuid;
use crate::http::json::{self, Object};
use crate::http::message::{Request, Response};
use crate::ipc::hub::{HubReply, HubRequest, HubResult};
use crate::ipc::transfer::{Direction, TransferOrder};
use crate::transfer::{CONFIGURATIONS_BLOB, Container, ContainerError, DEVICES_BLOB};
use serde_json::Value;

/// Longest name of a file.
const MAX_NAME_LENGTH: usize = 950;

/// `POST /jobs/create`
///
/// `storage` is the same hub: it reaches the containers.
pub async fn create<B: Backend, S: Backend>(
    backend: &B,
    storage: &S,
    request: &Request,
) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let order = order(&body)?;
    let id = new_uuid(backend);
    check_storage(storage, &order, &id).await?;
    let created = backend.hub(HubRequest::CreateTransfer { id, order }).await;
    if let Err(error) = &created
        && error.code == ErrorCode::JobQuotaExceeded
    {
        return Err(error.clone().into());
    }
    answer_one(created)
}

/// `GET /jobs`
pub async fn list<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let jobs = jobs(backend.hub(HubRequest::ListTransfers).await)?;
    Ok(Response::json(200, &Value::Array(jobs)))
}

/// `GET /jobs/{id}`
pub async fn get<B: Backend>(backend: &B, id: String) -> Result<Response, Failure> {
    answer_one(backend.hub(HubRequest::GetTransfer(id)).await)
}

/// `DELETE /jobs/{id}`: what was imported until then stays.
pub async fn cancel<B: Backend>(backend: &B, id: String) -> Result<Response, Failure> {
    jobs(backend.hub(HubRequest::CancelTransfer(id)).await)?;
    Ok(Response::empty(204))
}

fn jobs(result: HubResult) -> Result<Vec<Value>, Failure> {
    match result? {
        HubReply::Jobs(jobs) => Ok(jobs),
        _ => Err(unexpected("the hub")),
    }
}

fn answer_one(result: HubResult) -> Result<Response, Failure> {
    match jobs(result)?.first() {
        Some(job) => Ok(Response::json(200, job)),
        None => Err(unexpected("the hub")),
    }
}

fn order(body: &Object) -> Result<TransferOrder, HubError> {
    let text = |name: &str| {
        let given = json::text_member(body, name)?;
        Ok::<_, HubError>(given.filter(|text| !text.is_empty()).map(str::to_owned))
    };
    let direction = match text("type")?
        .map(|kind| kind.to_ascii_lowercase())
        .as_deref()
    {
        Some("import") => Direction::Import,
        Some("export") => Direction::Export,
        _ => return Err(HubError::invalid("type must be import or export.")),
    };
    let required = |name: &str| {
        text(name)?.ok_or_else(|| {
            HubError::invalid(format!(
                "{name} is required: the container's URL with its signature."
            ))
        })
    };
    let kind = text("storageAuthenticationType")?;
    if !kind
        .as_deref()
        .is_none_or(|kind| kind.eq_ignore_ascii_case("keyBased"))
    {
        return Err(HubError::invalid(
            "storageAuthenticationType can only be keyBased here: the hub has no identity of its own at a storage account.",
        ));
    }
    let name = |member: &str, default: &str| {
        let name = text(member)?.unwrap_or_else(|| default.to_owned());
        let segments_are_legal = name
            .split('/')
            .all(|segment| !matches!(segment, "" | "." | ".."));
        if name.len() > MAX_NAME_LENGTH || !segments_are_legal || name.chars().any(char::is_control)
        {
            return Err(HubError::invalid(format!(
                "{member} is no legal name of a blob."
            )));
        }
        Ok(name)
    };
    let own_name = match direction {
        Direction::Import => "inputBlobName",
        Direction::Export => "outputBlobName",
    };
    Ok(TransferOrder {
        direction,
        input: match direction {
            Direction::Import => Some(required("inputBlobContainerUri")?),
            Direction::Export => None,
        },
        output: required("outputBlobContainerUri")?,
        devices_blob: name(own_name, DEVICES_BLOB)?,
        configurations_blob: match json::flag_member(body, "includeConfigurations")? {
            Some(true) => Some(name("configurationsBlobName", CONFIGURATIONS_BLOB)?),
            _ => None,
        },
        exclude_keys: json::flag_member(body, "excludeKeysInExport")?.unwrap_or(false),
    })
}

/// Writes and deletes a blob, and looks at the file to import.
async fn check_storage<B: Backend>(
    backend: &B,
    order: &TransferOrder,
    id: &str,
) -> Result<(), HubError> {
    let output = Container::new(backend, &order.output)?;
    let probe = format!("access-check-{id}");
    let written = output.put(&probe, Vec::new()).await;
    written.map_err(|error| refused("Unauthorized to write to output blob container", &error))?;
    let deleted = output.delete(&probe).await;
    deleted
        .map_err(|error| refused("Unauthorized to delete from output blob container", &error))?;
    if let Some(input) = &order.input {
        let input = Container::new(backend, input)?;
        let found = input.properties(&order.devices_blob).await;
        found.map_err(|error| {
            refused(
                "Failed to read devices blob from the input container",
                &error,
            )
        })?;
    }
    Ok(())
}

fn refused(what: &str, error: &ContainerError) -> HubError {
    HubError::new(
        ErrorCode::BlobContainerValidationError,
        format!("{what}. {error}."),
    )
}
