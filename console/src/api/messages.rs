//! Cloud-to-device messages: send, look at the queue, purge (`service.md §8`).

use super::ApiError;
use super::client::{hub, own};
use crate::logic::json_document::{part, whole, words, words_if_any};
use crate::logic::url_state::encode;
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::Value;

/// A message to send.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Outgoing {
    /// Body as text.
    pub body: String,
    /// `application/json` or `text/plain`.
    pub content_type: String,
    /// Application properties.
    pub properties: Vec<(String, String)>,
    /// Message id; empty lets the hub choose.
    pub message_id: String,
    /// `none`, `positive`, `negative` or `full`.
    pub ack: String,
    /// When it expires, RFC 3339; `None` uses the hub's default.
    pub expiry: Option<String>,
}

/// A message waiting for the device.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Value")]
pub struct QueuedMessage {
    /// Position in the queue.
    pub sequence_number: Value,
    /// Message id.
    pub message_id: Option<String>,
    /// `enqueued` or `locked`; empty of dead letters.
    pub state: String,
    /// When it was accepted.
    pub enqueued_time: Option<String>,
    /// When it will be dropped.
    pub expiry_time: Option<String>,
    /// Delivery attempts.
    pub delivery_count: u64,
    /// Feedback asked for.
    pub ack: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Application properties.
    pub properties: Value,
    /// When it died; of dead letters only.
    pub time: Option<String>,
    /// Why: `Expired`, `DeliveryCountExceeded`, `Rejected` or `Purged`; of dead letters only.
    pub reason: String,
}

/// By hand: what is derived for a struct of this size is as large as a screen.
impl From<Value> for QueuedMessage {
    fn from(message: Value) -> Self {
        Self {
            sequence_number: part(&message, "sequenceNumber"),
            message_id: words_if_any(&message, "messageId"),
            state: words(&message, "state"),
            enqueued_time: words_if_any(&message, "enqueuedTime"),
            expiry_time: words_if_any(&message, "expiryTime"),
            delivery_count: whole(&message, "deliveryCount").unwrap_or(0),
            ack: words_if_any(&message, "ack"),
            size: whole(&message, "size").unwrap_or(0),
            properties: part(&message, "properties"),
            time: words_if_any(&message, "time"),
            reason: words(&message, "reason"),
        }
    }
}

impl QueuedMessage {
    /// Its position as text.
    pub fn number(&self) -> String {
        match &self.sequence_number {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }
}

#[derive(Deserialize)]
struct Queue {
    items: Vec<QueuedMessage>,
}

/// What a purge did.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Purged {
    /// Messages taken out.
    pub total_messages_purged: u64,
}

/// Queues a message.
pub async fn send(id: &str, message: &Outgoing) -> Result<(), ApiError> {
    let mut call = hub(
        Method::POST,
        &format!("/devices/{}/messages/deviceBound", encode(id)),
    )
    .header("Content-Type", &message.content_type)
    .header("Content-Encoding", "utf-8")
    .header("iothub-ack", &message.ack);
    if !message.message_id.is_empty() {
        call = call.header("iothub-messageid", &message.message_id);
    }
    if let Some(expiry) = &message.expiry {
        call = call.header("iothub-expiry", expiry);
    }
    for (name, value) in &message.properties {
        call = call.header(&format!("iothub-app-{name}"), value);
    }
    call.text(&message.body).done().await
}

/// The messages waiting for a device.
pub async fn queue(id: &str) -> Result<Vec<QueuedMessage>, ApiError> {
    own(Method::GET, &format!("/devices/{}/c2d", encode(id)))
        .read::<Queue>()
        .await
        .map(|answer| answer.value.items)
}

/// Takes all waiting messages out.
pub async fn purge(id: &str) -> Result<Purged, ApiError> {
    hub(Method::DELETE, &format!("/devices/{}/commands", encode(id)))
        .read()
        .await
        .map(|answer| answer.value)
}

fn letters(id: &str, place: &str) -> String {
    format!("/devices/{}/dead-letters{place}", encode(id))
}

/// Messages that were not delivered and are kept, the newest first.
pub async fn dead_letters(id: &str) -> Result<Vec<QueuedMessage>, ApiError> {
    own(Method::GET, &letters(id, ""))
        .read::<Queue>()
        .await
        .map(|answer| answer.value.items)
}

/// The body of one of them.
pub async fn dead_letter(id: &str, number: &str) -> Result<String, ApiError> {
    let place = format!("/{number}");
    own(Method::GET, &letters(id, &place)).words().await
}

/// Puts one of them into the queue again.
pub async fn resend(id: &str, number: &str) -> Result<(), ApiError> {
    let place = format!("/{number}/resend");
    own(Method::POST, &letters(id, &place)).done().await
}

/// Deletes one of them, or all if there is no number.
pub async fn forget(id: &str, number: &str) -> Result<(), ApiError> {
    let place = match number {
        "" => String::new(),
        number => format!("/{number}"),
    };
    own(Method::DELETE, &letters(id, &place)).done().await
}
