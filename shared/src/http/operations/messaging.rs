//! How long events, cloud-to-device messages and feedback are kept
//! (`query-routing-events.md` §4.7, §5.1).

use super::{Failure, unexpected};
use crate::error::HubError;
use crate::http::backend::Backend;
use crate::http::json::{self, Object};
use crate::http::message::{Request, Response};
use crate::ipc::hub::{CloudToDevice, HubReply, HubRequest, Retention};
use crate::json;
use serde_json::Map;

const MIB: i64 = 1024 * 1024;

/// `GET /api/v1/messaging`
pub async fn get<B: Backend>(backend: &B) -> Result<Response, Failure> {
    // From the hub object itself: the mirror may not have seen the latest change.
    shown(backend.hub(HubRequest::GetSettings).await?)
}

/// `PUT /api/v1/messaging`: what is not named has its default
pub async fn put<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let none = Map::new();
    let part = |name: &str| match json::member(&body, name) {
        None => Ok(&none),
        Some(value) => value
            .as_object()
            .ok_or_else(|| HubError::invalid(format!("{name} must be an object."))),
    };
    let events = part("events")?;
    let commands = part("cloudToDevice")?;
    let (kept, queue) = (Retention::default(), CloudToDevice::default());
    let days = number(events, "retentionTimeInDays", 1, kept.days.into(), 7)?;
    let bytes = i64::try_from(kept.bytes).unwrap_or(i64::MAX);
    let bytes = number(events, "maxBytesPerPartition", 16 * MIB, bytes, 8192 * MIB)?;
    let retention = Retention {
        days: u32::try_from(days).unwrap_or(1),
        bytes: bytes.unsigned_abs(),
    };
    let small = |name: &str, least: i64, default: u32, most: i64| {
        let given = number(commands, name, least, default.into(), most)?;
        Ok::<u32, HubError>(u32::try_from(given).unwrap_or(default))
    };
    let queue = CloudToDevice {
        default_ttl_seconds: small("defaultTtlSeconds", 60, queue.default_ttl_seconds, 172_800)?,
        max_delivery_count: small("maxDeliveryCount", 1, queue.max_delivery_count, 100)?,
        feedback_ttl_seconds: small(
            "feedbackTtlSeconds",
            60,
            queue.feedback_ttl_seconds,
            172_800,
        )?,
        feedback_lock_seconds: small("feedbackLockSeconds", 5, queue.feedback_lock_seconds, 300)?,
    };
    shown(
        backend
            .hub(HubRequest::PutMessaging(retention, queue))
            .await?,
    )
}

fn number(
    object: &Object,
    name: &str,
    least: i64,
    default: i64,
    most: i64,
) -> Result<i64, HubError> {
    let given = json::whole_member(object, name)?.unwrap_or(default);
    if (least..=most).contains(&given) {
        return Ok(given);
    }
    Err(HubError::invalid(format!(
        "{name} must be from {least} to {most}."
    )))
}

fn shown(reply: HubReply) -> Result<Response, Failure> {
    let HubReply::Settings(settings) = reply else {
        return Err(unexpected("the hub"));
    };
    let (kept, queue) = (settings.retention, settings.cloud_to_device);
    Ok(Response::json(
        200,
        &json!({
            "events": {
                "retentionTimeInDays": kept.days,
                "maxBytesPerPartition": kept.bytes,
            },
            "cloudToDevice": {
                "defaultTtlSeconds": queue.default_ttl_seconds,
                "maxDeliveryCount": queue.max_delivery_count,
                "feedbackTtlSeconds": queue.feedback_ttl_seconds,
                "feedbackLockSeconds": queue.feedback_lock_seconds,
            },
        }),
    ))
}
