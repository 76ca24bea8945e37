//! Signed URLs of the blob store for operators (`service.md` §5: jobs want a container's URL).
//!
//! Whoever may ask for one can reach everything in the store.

use super::{Failure, settings};
use crate::blob::store::StoreError;
use crate::blob::{BlobName, BlobStore, ContainerName, Grant, Permissions, create_container};
use crate::error::HubError;
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::ipc::hub::Settings;
use crate::json;
use serde_json::Value;

/// 30 days.
const MAX_MINUTES: i64 = 30 * 24 * 60;
/// If nothing is said.
const DEFAULT_SECONDS: i64 = 3600;

/// `POST /api/v1/blobs/sas` with `{container, blob?, rights, minutes?, endpoint?,
/// createContainer?}`. The container exists afterwards, unless that was not wanted.
pub async fn sign<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let text = |name: &str| json::text_member(&body, name);
    let container = text("container")?
        .and_then(ContainerName::parse)
        .ok_or_else(|| {
            HubError::invalid(
                "container is required: 3 to 63 lower-case letters, digits and single hyphens.",
            )
        })?;
    let blob = text("blob")?
        .map(|name| {
            BlobName::parse(name).ok_or_else(|| {
                HubError::invalid(
                    "blob must have 1 to 950 bytes, no '/' at either end, no control characters and no segments '.' and '..'.",
                )
            })
        })
        .transpose()?;
    let rights = text("rights")?
        .and_then(Permissions::parse)
        .ok_or_else(|| {
            HubError::invalid(
                "rights is required: letters of r (read), a (add), c (create), w (write), d (delete) and l (list), each at most once.",
            )
        })?;
    if blob.is_some() && rights.contains(Permissions::LIST) {
        return Err(
            HubError::invalid("The right l (list) is a container's; leave it out here.").into(),
        );
    }
    let seconds = seconds(json::member(&body, "minutes"))?;
    let settings = settings(backend).await?;
    let endpoint = endpoint(request, text("endpoint")?, &settings)?;

    if json::flag_member(&body, "createContainer")?.unwrap_or(true) {
        ensure_container(backend.blobs().as_ref(), &container).await?;
    }
    let grant = Grant::new(container, blob, rights, backend.now(), seconds);
    let url = format!("{endpoint}{}", grant.path_and_query(&settings.session_key)?);
    Ok(Response::json(
        200,
        &json!({ "url": url, "expires": grant.expiry.second_text() }),
    ))
}

/// Makes a container exist. Most do, and looking costs less than a write that is refused.
pub(super) async fn ensure_container<S: BlobStore>(
    blobs: &S,
    container: &ContainerName,
) -> Result<(), HubError> {
    let known = blobs.properties(&container.key()).await;
    if known.map_err(failed)?.is_none() {
        create_container(blobs, container).await.map_err(failed)?;
    }
    Ok(())
}

/// The store did not do what it must.
pub(super) fn failed(error: StoreError) -> HubError {
    HubError::internal(match error {
        StoreError::Failed(detail) => format!("blob store: {detail}"),
        StoreError::Unexpected | StoreError::WrongDigest => "blob store".to_owned(),
    })
}

/// Minutes as a number, which may have a fraction.
fn seconds(minutes: Option<&Value>) -> Result<i64, HubError> {
    let Some(minutes) = minutes else {
        return Ok(DEFAULT_SECONDS);
    };
    let seconds = minutes
        .as_f64()
        .map(|minutes| (minutes * 60.0).round() as i64)
        .filter(|seconds| (1..=MAX_MINUTES * 60).contains(seconds));
    seconds.ok_or_else(|| {
        HubError::invalid(format!(
            "minutes must be a number up to {MAX_MINUTES}, and at least a second."
        ))
    })
}

/// `https://host:port` of the URL: as asked for, or as this request came. Behind a proxy that
/// ends TLS the hub does not know by itself that the outside is https.
fn endpoint(
    request: &Request,
    asked: Option<&str>,
    settings: &Settings,
) -> Result<String, HubError> {
    let given = match asked {
        Some(asked) => asked.strip_suffix('/').unwrap_or(asked).to_owned(),
        None => {
            let scheme = if request.secure { "https" } else { "http" };
            let host = request.header("host").unwrap_or(settings.host_name());
            format!("{scheme}://{host}")
        }
    };
    let host = given
        .strip_prefix("https://")
        .or_else(|| given.strip_prefix("http://"));
    match host {
        Some(host) if settings.answers_to(host) => Ok(given),
        _ => Err(HubError::invalid(
            "endpoint must be https:// or http:// with a name of this hub, and a port if it is not the usual one.",
        )),
    }
}

#[cfg(test)]
#[path = "blobs_tests.rs"]
mod tests;
