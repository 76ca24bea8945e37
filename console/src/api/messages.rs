//! Cloud-to-device messages: send, look at the queue, purge (`service.md §8`).

use super::ApiError;
use super::client::{hub, own};
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
#[serde(rename_all = "camelCase")]
pub struct QueuedMessage {
    /// Position in the queue.
    pub sequence_number: Value,
    /// Message id.
    #[serde(default)]
    pub message_id: Option<String>,
    /// `enqueued` or `locked`.
    pub state: String,
    /// When it was accepted.
    #[serde(default)]
    pub enqueued_time: Option<String>,
    /// When it will be dropped.
    #[serde(default)]
    pub expiry_time: Option<String>,
    /// Delivery attempts.
    #[serde(default)]
    pub delivery_count: u64,
    /// Feedback asked for.
    #[serde(default)]
    pub ack: Option<String>,
    /// Bytes.
    #[serde(default)]
    pub size: u64,
    /// Application properties.
    #[serde(default)]
    pub properties: Value,
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
