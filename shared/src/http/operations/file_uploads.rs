//! Files of devices: the beginning and the end of an upload, and the hub's settings of it
//! (`device.md` §7). The file itself goes to the blob store by a signed URL and never comes
//! through here.

use super::device_messages::ask;
use super::{Failure, blobs, settings, unexpected};
use crate::blob::{BlobName, BlobStore, ContainerName, Grant, Permissions, ROOT};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::failures;
use crate::http::json::{self, Object};
use crate::http::message::{Request, Response};
use crate::http::throttling;
use crate::ids::{DeviceId, Identity};
use crate::ipc::file_upload::FileUploadSettings;
use crate::ipc::hub::{HubReply, HubRequest, Settings};
use crate::ipc::registry::{DeviceOperation, EndUpload, OpenUpload, RegistryReply};
use crate::json;
use crate::percent;
use crate::throttle::OperationClass;
use crate::time::Timestamp;

/// What the signed URL of an upload allows: what Azure's does.
const ALLOWED: Permissions = Permissions::READ.and(Permissions::WRITE);

/// `POST /devices/{d}/files` with `{"blobName": "…"}`: a signed URL for this one blob, in the
/// parts that the SDKs put together as `https://{hostName}/{containerName}/{blobName}{sasToken}`.
pub async fn begin<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let name = json::text_member(&body, "blobName")?.unwrap_or_default();
    let blob = blob_of(&device, name)?;
    let class = OperationClass::FileUploads;
    throttling::take(backend, class, 1).await?;
    let operation = DeviceOperation::BeginUpload(blob.as_str().to_owned());
    let reply = attempt(backend, request, device, operation).await;
    if matches!(&reply, Err(error) if error.code.status() == 401) {
        // Strangers must not use up what devices need.
        backend.throttles().borrow_mut().give_back(class, 1);
    }
    let RegistryReply::Upload(upload) = reply? else {
        return Err(unexpected("the registry"));
    };
    let (container, blob) = place(&upload)?;
    blobs::ensure_container(backend.blobs().as_ref(), &container).await?;
    let settings = settings(backend).await?;
    let mut grant = Grant::new(container, Some(blob), ALLOWED, backend.now(), 0);
    grant.expiry = upload.expires;
    Ok(Response::json(
        200,
        &json!({
            "correlationId": upload.correlation,
            "hostName": format!("{}{ROOT}", host(request, &settings)),
            "containerName": upload.container,
            "blobName": upload.blob,
            "sasToken": format!("?{}", grant.query(&settings.session_key)?),
        }),
    ))
}

/// `POST /devices/{d}/files/notifications` with `{"correlationId", "isSuccess", …}`; Node's
/// SDK has the id in the path alone.
pub async fn end<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
    correlation: Option<String>,
) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let correlation = match correlation {
        Some(correlation) => correlation,
        None => json::text_member(&body, "correlationId")?
            .unwrap_or_default()
            .to_owned(),
    };
    let success = json::flag_member(&body, "isSuccess")?.ok_or_else(|| {
        HubError::invalid("isSuccess is required: whether the upload worked, true or false.")
    })?;
    let mut ended = EndUpload {
        correlation,
        success,
        seen: None,
    };
    let operation = DeviceOperation::EndUpload(ended.clone());
    let upload = match attempt(backend, request, device.clone(), operation).await? {
        RegistryReply::Done => return Ok(Response::empty(204)),
        RegistryReply::Upload(upload) => upload,
        _ => return Err(unexpected("the registry")),
    };
    // Somebody is to be told what is there, which the shard cannot see.
    ended.seen = Some(look(backend, request, &upload).await?);
    let operation = DeviceOperation::EndUpload(ended);
    match attempt(backend, request, device, operation).await? {
        RegistryReply::Done => Ok(Response::empty(204)),
        _ => Err(unexpected("the registry")),
    }
}

/// Asks on behalf of a device; what it is refused, once its right is shown, is in the operations
/// records.
async fn attempt<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
    operation: DeviceOperation,
) -> Result<RegistryReply, HubError> {
    let identity = Identity::device(device);
    let reply = ask(backend, request, identity.clone(), operation).await;
    if let Err(error) = &reply
        && error.code.status() != 401
    {
        let about = ("FileUploadOperations", "ingress", Some(identity));
        failures::note(backend, about, error).await;
    }
    reply
}

/// What the store knows of an uploaded file.
async fn look<B: Backend>(
    backend: &B,
    request: &Request,
    upload: &OpenUpload,
) -> Result<(String, Timestamp, u64), Failure> {
    let (container, blob) = place(upload)?;
    let found = backend.blobs().properties(&blob.key(&container)).await;
    let properties = found.map_err(blobs::failed)?.ok_or_else(|| {
        HubError::new(
            ErrorCode::InvalidStorageEndpointOrBlob,
            "The file is not in the blob store. The upload is still open: send the file, or report that it failed.",
        )
    })?;
    let settings = settings(backend).await?;
    let mut uri = format!("https://{}{ROOT}/{container}", host(request, &settings));
    for segment in blob.as_str().split('/') {
        uri.push('/');
        percent::encode_into(&mut uri, segment);
    }
    Ok((uri, properties.modified(), properties.size))
}

/// The blob of a device's file: below the device's own name, whatever the file is called.
fn blob_of(device: &DeviceId, name: &str) -> Result<BlobName, HubError> {
    if name.is_empty() {
        return Err(HubError::new(
            ErrorCode::ArgumentNull,
            "blobName is required: the name of the file.",
        ));
    }
    BlobName::parse(&format!("{device}/{name}")).ok_or_else(|| {
        HubError::invalid(
            "blobName must have, with the device's id and a '/' before it, at most 950 bytes in UTF-8, no '/' at its end, no control characters and no segments '.' and '..'.",
        )
    })
}

fn place(upload: &OpenUpload) -> Result<(ContainerName, BlobName), HubError> {
    let container = ContainerName::parse(&upload.container);
    container
        .zip(BlobName::parse(&upload.blob))
        .ok_or_else(|| HubError::internal("an upload leads nowhere"))
}

/// The name by which the device reached the hub, with its port.
fn host<'a>(request: &'a Request, settings: &'a Settings) -> &'a str {
    request
        .header("host")
        .filter(|host| settings.answers_to(host))
        .unwrap_or(settings.host_name())
}

/// `GET /api/v1/file-upload`
pub async fn show<B: Backend>(backend: &B) -> Result<Response, Failure> {
    shown(backend.hub(HubRequest::GetSettings).await?)
}

/// `PUT /api/v1/file-upload`; what is not named gets its default.
pub async fn configure<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let usual = FileUploadSettings::default();
    let number = |name: &str, usual: i64| member_or(&body, name, usual);
    let wanted = FileUploadSettings {
        container_name: json::text_member(&body, "containerName")?
            .map_or(usual.container_name, str::to_owned),
        sas_ttl_seconds: number("sasTtlSeconds", usual.sas_ttl_seconds)?,
        notifications_enabled: json::flag_member(&body, "notificationsEnabled")?
            .unwrap_or(usual.notifications_enabled),
        notification_ttl_seconds: number("notificationTtlSeconds", usual.notification_ttl_seconds)?,
        notification_lock_seconds: number(
            "notificationLockSeconds",
            usual.notification_lock_seconds,
        )?,
        notification_max_delivery_count: number(
            "notificationMaxDeliveryCount",
            usual.notification_max_delivery_count,
        )?,
    };
    let request = HubRequest::PutFileUpload(Box::new(wanted));
    shown(backend.hub(request).await?)
}

fn member_or(body: &Object, name: &str, usual: i64) -> Result<i64, HubError> {
    Ok(json::whole_member(body, name)?.unwrap_or(usual))
}

fn shown(reply: HubReply) -> Result<Response, Failure> {
    match reply {
        HubReply::Settings(settings) => Ok(Response::json(200, &json!(settings.file_upload))),
        _ => Err(unexpected("the hub")),
    }
}

#[cfg(test)]
#[path = "file_uploads_tests.rs"]
mod tests;
