//! Cloud-to-device messages of back ends: sending, purging and feedback (`service.md` §8); and
//! file notifications, which are read the same way.

use super::{Failure, ask_shard, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::http::message_properties;
use crate::http::precondition::unquote;
use crate::ids::DeviceId;
use crate::ipc::registry::{AckMode, RegistryReply, RegistryRequest, SendMessage};
use crate::json;
use crate::mqtt::property_bag::{MessageProperties, SystemProperty};
use crate::time::Timestamp;
use crate::writing::JsonText;
use serde_json::Value;

const FEEDBACK_TYPE: &str = "application/vnd.microsoft.iothub.feedback.json";
const FILES_TYPE: &str = "application/vnd.microsoft.iothub.filenotification.json";

/// System properties that a message to a device carries. The expiry has its own field, and
/// the destination is the registry's to write.
const CARRIED: [SystemProperty; 6] = [
    SystemProperty::MessageId,
    SystemProperty::CorrelationId,
    SystemProperty::UserId,
    SystemProperty::ContentType,
    SystemProperty::ContentEncoding,
    SystemProperty::CreationTime,
];

/// `POST /devices/{id}/messages/deviceBound`
pub async fn send<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
) -> Result<Response, Failure> {
    let message = read_message(request, device)?;
    let shard = backend.layout().shard_of(&message.device);
    match backend
        .registry(shard, RegistryRequest::SendMessage(Box::new(message)))
        .await?
    {
        RegistryReply::Queued { .. } => Ok(Response::empty(204)),
        _ => Err(unexpected("the registry")),
    }
}

fn read_message(request: &Request, device: DeviceId) -> Result<SendMessage, HubError> {
    // Here, unlike from devices, the plain HTTP headers speak of the message too.
    let aliases = [
        ("content-type", "iothub-contenttype"),
        ("content-encoding", "iothub-contentencoding"),
    ];
    let plain = aliases
        .iter()
        .filter_map(|(plain, name)| Some((*name, request.header(plain)?)));
    let own = request
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.trim()));
    let mut properties = message_properties::read(plain.chain(own))?;
    let expiry = read_expiry(&properties)?;
    properties
        .system
        .retain(|(property, value)| CARRIED.contains(property) && !value.is_empty());
    let ack = read_ack(request.header("iothub-ack"))?;
    Ok(SendMessage {
        device,
        properties,
        ack,
        body: request.body.clone(),
        expiry,
    })
}

fn read_expiry(properties: &MessageProperties) -> Result<Option<Timestamp>, HubError> {
    match properties.get(SystemProperty::AbsoluteExpiryTime) {
        None | Some("") => Ok(None),
        Some(text) => Timestamp::parse(text).map(Some).ok_or_else(|| {
            HubError::invalid("iothub-expiry must be a time such as 2026-03-01T10:00:00Z.")
        }),
    }
}

fn read_ack(text: Option<&str>) -> Result<AckMode, HubError> {
    match text.unwrap_or_default().to_ascii_lowercase().as_str() {
        "" | "none" => Ok(AckMode::None),
        "positive" => Ok(AckMode::Positive),
        "negative" => Ok(AckMode::Negative),
        "full" => Ok(AckMode::Full),
        _ => Err(HubError::invalid(
            "iothub-ack must be none, positive, negative or full.",
        )),
    }
}

/// `DELETE /devices/{id}/commands`
pub async fn purge<B: Backend>(backend: &B, device: DeviceId) -> Result<Response, Failure> {
    match ask_shard(
        backend,
        &device,
        RegistryRequest::PurgeMessages(device.clone()),
    )
    .await?
    {
        RegistryReply::Purged(count) => Ok(Response::json(
            200,
            &json!({ "totalMessagesPurged": count, "deviceId": device.as_str(), "moduleId": null }),
        )),
        _ => Err(unexpected("the registry")),
    }
}

/// What waits for back ends, under a lock (`query-routing-events.md` §4.7, §4.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Records {
    /// What became of messages, in batches.
    Feedback,
    /// Files of devices, one by one.
    Files,
}

/// `GET /messages/serviceBound/feedback` and `…/filenotifications`: the first that a shard
/// has, beginning with a random one so that none waits behind a busy neighbour.
pub async fn take<B: Backend>(backend: &B, kind: Records) -> Result<Response, Failure> {
    let shards = backend.layout().shards.max(1);
    let mut random = [0; 2];
    backend.random(&mut random);
    let first = u16::from_be_bytes(random) % shards;
    let (content_type, ask) = match kind {
        Records::Feedback => (FEEDBACK_TYPE, RegistryRequest::ReceiveFeedback),
        Records::Files => (FILES_TYPE, RegistryRequest::ReceiveFileNotification),
    };
    for shard in (first..shards).chain(0..first) {
        match backend.registry(shard, ask.clone()).await? {
            RegistryReply::Feedback {
                lock_token: Some(token),
                mut records,
            } if !records.is_empty() => {
                let body = match kind {
                    Records::Feedback => Value::Array(records),
                    Records::Files => records.swap_remove(0),
                };
                return Ok(
                    Response::bytes(200, content_type, body.json_text().into_bytes())
                        .with_etag(&format!("{shard}.{token}")),
                );
            }
            RegistryReply::Feedback { .. } => {}
            _ => return Err(unexpected("the registry")),
        }
    }
    Ok(Response::empty(204))
}

/// `DELETE …/{lock}` and `POST …/{lock}/abandon` of either
pub async fn settle<B: Backend>(
    backend: &B,
    kind: Records,
    lock: &str,
    complete: bool,
) -> Result<Response, Failure> {
    let (shard, token) = unquote(lock)
        .split_once('.')
        .and_then(|(shard, token)| Some((shard.parse::<u16>().ok()?, token)))
        .filter(|(shard, token)| *shard < backend.layout().shards && !token.is_empty())
        .ok_or_else(lock_lost)?;
    let lock_token = token.to_owned();
    let settle = match kind {
        Records::Feedback => RegistryRequest::SettleFeedback {
            lock_token,
            complete,
        },
        Records::Files => RegistryRequest::SettleFileNotification(lock_token, complete),
    };
    match backend.registry(shard, settle).await? {
        RegistryReply::Done => Ok(Response::empty(204)),
        _ => Err(unexpected("the registry")),
    }
}

fn lock_lost() -> HubError {
    HubError::new(
        ErrorCode::DeviceMessageLockLost,
        "The lock token is unknown or has expired; receive again.",
    )
}

#[cfg(test)]
#[path = "messages_tests.rs"]
mod tests;
