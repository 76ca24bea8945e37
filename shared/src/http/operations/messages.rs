//! Cloud-to-device messages of back ends: sending, purging and feedback (`service.md` §8).

use super::{Failure, ask_shard, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::http::message_properties;
use crate::http::precondition::unquote;
use crate::ids::DeviceId;
use crate::ipc::registry::{AckMode, RegistryReply, RegistryRequest, SendMessage};
use crate::mqtt::property_bag::{MessageProperties, SystemProperty};
use crate::time::Timestamp;
use serde_json::{Value, json};

const FEEDBACK_TYPE: &str = "application/vnd.microsoft.iothub.feedback.json";

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

/// `GET /messages/serviceBound/feedback`: the first batch that a shard has, beginning with
/// a random one so that none waits behind a busy neighbour.
pub async fn receive_feedback<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let shards = backend.layout().shards.max(1);
    let mut random = [0; 2];
    backend.random(&mut random);
    let first = u16::from_be_bytes(random) % shards;
    for shard in (first..shards).chain(0..first) {
        match backend
            .registry(shard, RegistryRequest::ReceiveFeedback)
            .await?
        {
            RegistryReply::Feedback {
                lock_token: Some(token),
                records,
            } if !records.is_empty() => {
                let body = Value::Array(records).to_string().into_bytes();
                return Ok(Response::bytes(200, FEEDBACK_TYPE, body)
                    .with_etag(&format!("{shard}.{token}")));
            }
            RegistryReply::Feedback { .. } => {}
            _ => return Err(unexpected("the registry")),
        }
    }
    Ok(Response::empty(204))
}

/// `DELETE …/feedback/{lock}` and `POST …/feedback/{lock}/abandon`
pub async fn settle_feedback<B: Backend>(
    backend: &B,
    lock: &str,
    complete: bool,
) -> Result<Response, Failure> {
    let (shard, token) = unquote(lock)
        .split_once('.')
        .and_then(|(shard, token)| Some((shard.parse::<u16>().ok()?, token)))
        .filter(|(shard, token)| *shard < backend.layout().shards && !token.is_empty())
        .ok_or_else(lock_lost)?;
    let settle = RegistryRequest::SettleFeedback {
        lock_token: token.to_owned(),
        complete,
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
