//! Routes, endpoints and what endpoints did not take (`query-routing-events.md §3, §5.2`).

use super::ApiError;
use super::client::own;
use crate::logic::url_state::{encode, write_query};
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

/// How an endpoint stands.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Health {
    /// Its name.
    pub endpoint_id: String,
    /// `webhooks`, `storageContainers`, `queues`, `subscriptions`.
    pub endpoint_type: String,
    /// `unknown`, `healthy`, `unhealthy`, `dead`.
    pub health_status: String,
    /// What went wrong last.
    pub last_known_error: Option<String>,
    /// When it last took something.
    pub last_successful_send_attempt_time: Option<String>,
    /// When it is tried again.
    pub next_attempt_time: Option<String>,
    /// Since when something waits.
    pub waiting_since: Option<String>,
    /// Events that it took.
    pub delivered: u64,
    /// Events that were lost.
    pub dropped: u64,
    /// Events that it called no good.
    pub invalid: u64,
}

/// Everything about routes.
#[derive(Debug, Clone, PartialEq)]
pub struct Routing {
    /// The document without what stands around it.
    pub document: Value,
    /// Guards the next change.
    pub etag: String,
    /// How endpoints and subscriptions stand.
    pub health: Vec<Health>,
    /// Subscriptions.
    pub subscriptions: Vec<Value>,
    /// Messages that nobody wanted.
    pub orphaned: u64,
}

#[derive(Deserialize)]
struct Wrapped {
    routing: Value,
}

#[derive(Deserialize)]
struct AllHealth {
    value: Vec<Health>,
    #[serde(default)]
    orphaned: u64,
}

#[derive(Deserialize)]
struct Listed {
    value: Vec<Value>,
    #[serde(default)]
    next: Option<String>,
}

/// Reads all of it.
pub async fn read() -> Result<Routing, ApiError> {
    let answer = own(Method::GET, "/routing").read::<Wrapped>().await?;
    let health: AllHealth = own(Method::GET, "/routing/endpoints/health")
        .read()
        .await?
        .value;
    let listed: Listed = own(Method::GET, "/subscriptions").read().await?.value;
    Ok(Routing {
        document: answer.value.routing,
        etag: answer.etag.unwrap_or_default(),
        health: health.value,
        subscriptions: listed.value,
        orphaned: health.orphaned,
    })
}

/// Replaces the whole document as it is known here.
pub async fn replace(document: &Value, etag: &str) -> Result<(), ApiError> {
    let call = own(Method::PUT, "/routing").json(&json!({ "routing": document }));
    call.if_match(etag).done().await
}

/// Makes or changes a route.
pub async fn put_route(name: &str, route: &Value) -> Result<(), ApiError> {
    let path = format!("/routes/{}", encode(name));
    own(Method::PUT, &path).json(route).done().await
}

/// Deletes a route.
pub async fn delete_route(name: &str) -> Result<(), ApiError> {
    own(Method::DELETE, &format!("/routes/{}", encode(name)))
        .done()
        .await
}

/// Tries a route with a message.
pub async fn test(trial: &Value) -> Result<Value, ApiError> {
    Ok(own(Method::POST, "/routing/test")
        .json(trial)
        .read()
        .await?
        .value)
}

/// Asks a receiver whether it wants requests.
pub async fn validate(name: &str) -> Result<(), ApiError> {
    let path = format!("/routing/endpoints/{}/validate", encode(name));
    own(Method::POST, &path).done().await
}

/// The oldest dead letters of an endpoint, and whether there are more.
pub async fn letters(name: &str) -> Result<(Vec<Value>, bool), ApiError> {
    let path = format!("/routing/endpoints/{}/dead-letters", encode(name));
    let listed: Listed = own(Method::GET, &path).read().await?.value;
    Ok((listed.value, listed.next.is_some()))
}

/// Sends dead letters again, or forgets them: one of them, or all. Answers how many.
pub async fn take_letters(name: &str, id: Option<&str>, resend: bool) -> Result<u64, ApiError> {
    let query = write_query([("id", id.unwrap_or_default().to_owned())]);
    let name = encode(name);
    let call = if resend {
        let path = format!("/routing/endpoints/{name}/dead-letters/resend{query}");
        own(Method::POST, &path)
    } else {
        own(
            Method::DELETE,
            &format!("/routing/endpoints/{name}/dead-letters{query}"),
        )
    };
    let answer: Value = call.read().await?.value;
    Ok(answer.get("count").and_then(Value::as_u64).unwrap_or(0))
}
