//! A device over HTTPS: telemetry and its cloud-to-device messages (`device.md` §7).
//!
//! Credentials are judged by the device's shard, for receiving and settling in the same
//! block as the operation. Telemetry goes to the same log in the same form as over MQTT.

use super::{Failure, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::http::message_properties;
use crate::http::precondition::unquote;
use crate::http::throttling;
use crate::hub::segment::{HTTPS, Sender};
use crate::ids::{DeviceId, Identity};
use crate::ipc::registry::{
    AckMode, AsDevice, DeviceOperation, ReceivedMessage, RegistryReply, RegistryRequest,
};
use crate::mqtt::property_bag::{MessageProperties, SystemProperty};
use crate::throttle::OperationClass;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::borrow::Cow;

/// Largest message with its properties, and largest batch.
const MAX_MESSAGE_BYTES: usize = 256 * 1024;
/// Most messages in a batch.
const MAX_BATCH_MESSAGES: usize = 500;
const BATCH_TYPE: &str = "application/vnd.microsoft.iothub.json";

/// `POST /devices/{d}/messages/events`
pub async fn send<B: Backend>(
    backend: &B,
    request: &Request,
    identity: Identity,
) -> Result<Response, Failure> {
    let RegistryReply::Authorized(authorization) = ask(
        backend,
        request,
        identity.clone(),
        DeviceOperation::Authorize,
    )
    .await?
    else {
        return Err(unexpected("the registry"));
    };
    let messages = if is_batch(request) {
        read_batch(&request.body)?
    } else {
        let headers = request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.trim()));
        vec![(
            message_properties::read(headers)?,
            Cow::Borrowed(request.body.as_slice()),
        )]
    };
    check_size(&messages)?;
    throttling::take(backend, OperationClass::DeviceToCloudSends, messages.len()).await?;
    let sender = Sender::new(
        identity.device.as_str(),
        identity.module_key(),
        &authorization.generation_id,
        &authorization.auth_method,
        authorization.model_id.as_deref().unwrap_or_default(),
    );
    let mut batch = Vec::with_capacity(request.body.len() + 512);
    let mut bag = String::new();
    for (properties, body) in &messages {
        bag.clear();
        properties.write_bag(&mut bag);
        sender.encode(&mut batch, HTTPS, &bag, body);
    }
    backend
        .append(backend.layout().partition_of(&identity.device), batch)
        .await?;
    Ok(Response::empty(204))
}

fn is_batch(request: &Request) -> bool {
    let media_type = request
        .header("content-type")
        .and_then(|value| value.split(';').next());
    media_type.is_some_and(|media_type| media_type.trim().eq_ignore_ascii_case(BATCH_TYPE))
}

type Message<'a> = (MessageProperties, Cow<'a, [u8]>);

fn check_size(messages: &[Message<'_>]) -> Result<(), HubError> {
    let size: usize = messages
        .iter()
        .map(|(properties, body)| properties.property_size() + body.len())
        .sum();
    if size <= MAX_MESSAGE_BYTES {
        return Ok(());
    }
    Err(HubError::new(
        ErrorCode::MessageTooLarge,
        format!(
            "A message or batch has at most {MAX_MESSAGE_BYTES} bytes with its properties, this one {size}."
        ),
    ))
}

/// `[{"body":"…","base64Encoded":true,"properties":{…}}]`
fn read_batch(body: &[u8]) -> Result<Vec<Message<'static>>, HubError> {
    let Value::Array(items) = json::parse(body)? else {
        return Err(HubError::new(
            ErrorCode::IotHubFormatError,
            "A batch must be a JSON array of messages.",
        ));
    };
    if items.is_empty() || items.len() > MAX_BATCH_MESSAGES {
        return Err(HubError::invalid(format!(
            "A batch holds 1 to {MAX_BATCH_MESSAGES} messages."
        )));
    }
    items
        .iter()
        .enumerate()
        .map(|(index, item)| {
            read_batch_item(item).map_err(|error| {
                HubError::new(
                    error.code,
                    format!("Message {index} of the batch: {}", error.message),
                )
            })
        })
        .collect()
}

fn read_batch_item(item: &Value) -> Result<Message<'static>, HubError> {
    let Value::Object(item) = item else {
        return Err(HubError::invalid(
            "it must be an object with body and properties.",
        ));
    };
    let text = json::text_member(item, "body")?.unwrap_or_default();
    let body = if json::flag_member(item, "base64Encoded")?.unwrap_or(true) {
        STANDARD.decode(text).map_err(|_| {
            HubError::invalid("body is not base64; set base64Encoded to false for plain text.")
        })?
    } else {
        text.as_bytes().to_vec()
    };
    let properties = match json::member(item, "properties") {
        None => MessageProperties::default(),
        Some(Value::Object(members)) => {
            let pairs = members
                .iter()
                .map(|(name, value)| Ok((name.as_str(), property_text(name, value)?)))
                .collect::<Result<Vec<_>, HubError>>()?;
            message_properties::read(pairs.iter().map(|(name, value)| (*name, value.as_ref())))?
        }
        Some(_) => return Err(HubError::invalid("properties must be an object.")),
    };
    Ok((properties, Cow::Owned(body)))
}

fn property_text<'a>(name: &str, value: &'a Value) -> Result<Cow<'a, str>, HubError> {
    match value {
        Value::String(text) => Ok(Cow::Borrowed(text)),
        Value::Number(number) => Ok(Cow::Owned(number.to_string())),
        Value::Bool(flag) => Ok(Cow::Borrowed(if *flag { "true" } else { "false" })),
        Value::Null => Ok(Cow::Borrowed("")),
        _ => Err(HubError::invalid(format!(
            "the property {name} must be a string."
        ))),
    }
}

/// `GET /devices/{d}/messages/devicebound`
pub async fn receive<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
) -> Result<Response, Failure> {
    let class = OperationClass::CloudToDeviceReceives;
    throttling::take(backend, class, 1).await?;
    let identity = Identity::device(device.clone());
    let reply = ask(backend, request, identity, DeviceOperation::Receive).await;
    if matches!(&reply, Err(error) if error.code.status() == 401) {
        // Strangers must not use up what devices need.
        backend.throttles().borrow_mut().give_back(class, 1);
    }
    match reply? {
        RegistryReply::Received(None) => Ok(Response::empty(204)),
        RegistryReply::Received(Some(message)) => {
            let lock = message.lock_token.clone();
            Ok(as_response(*message, &device).with_etag(&lock))
        }
        _ => Err(unexpected("the registry")),
    }
}

/// A message with its properties as headers.
pub(super) fn as_response(mut message: ReceivedMessage, device: &DeviceId) -> Response {
    message.properties.set(
        SystemProperty::AbsoluteExpiryTime,
        message.expiry.to_string(),
    );
    if message.properties.get(SystemProperty::To).is_none() {
        message.properties.set(
            SystemProperty::To,
            format!("/devices/{device}/messages/deviceBound"),
        );
    }
    let ack = match message.ack {
        AckMode::None => "none",
        AckMode::Positive => "positive",
        AckMode::Negative => "negative",
        AckMode::Full => "full",
    };
    let response = Response::bytes(200, "application/octet-stream", message.body)
        .with_header("iothub-sequencenumber", message.sequence_number.to_string())
        .with_header("iothub-enqueuedtime", message.enqueued.to_string())
        .with_header("iothub-deliverycount", message.delivery_count.to_string())
        .with_header("iothub-ack", ack);
    message_properties::headers(&message.properties)
        .into_iter()
        .fold(response, |response, (name, value)| {
            response.with_header(name, value)
        })
}

/// `DELETE /devices/{d}/messages/devicebound/{lock}`: completes, or rejects with `?reject`
pub async fn settle<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
    lock: String,
) -> Result<Response, Failure> {
    let lock = unquote(&lock).to_owned();
    let operation = match request.parameter("reject") {
        None => DeviceOperation::Complete(lock),
        Some(_) => DeviceOperation::Reject(lock),
    };
    done(ask(backend, request, Identity::device(device), operation).await?)
}

/// `POST /devices/{d}/messages/devicebound/{lock}/abandon`
pub async fn abandon<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
    lock: String,
) -> Result<Response, Failure> {
    let operation = DeviceOperation::Abandon(unquote(&lock).to_owned());
    done(ask(backend, request, Identity::device(device), operation).await?)
}

fn done(reply: RegistryReply) -> Result<Response, Failure> {
    match reply {
        RegistryReply::Done => Ok(Response::empty(204)),
        _ => Err(unexpected("the registry")),
    }
}

/// Asks the device's shard in its name. Random bytes are enough for one lock token.
pub(super) async fn ask<B: Backend>(
    backend: &B,
    request: &Request,
    identity: Identity,
    operation: DeviceOperation,
) -> Result<RegistryReply, HubError> {
    let mut entropy = vec![0; 16];
    backend.random(&mut entropy);
    let shard = backend.layout().shard_of(&identity.device);
    let authorization = request.header("authorization").map(str::to_owned);
    let asked = AsDevice {
        identity,
        authorization,
        certificate: backend.client_certificate(),
        operation,
        entropy,
    };
    backend
        .registry(shard, RegistryRequest::AsDevice(asked))
        .await
}

#[cfg(test)]
#[path = "device_messages_tests.rs"]
mod tests;
