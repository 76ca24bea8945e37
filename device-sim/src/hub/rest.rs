//! A small REST client: one kept-alive HTTP/1.1 connection, service tokens, JSON bodies.
//!
//! Speaks over the same [`Dialer`] as the devices. Follows no redirects and stores no cookies.

use crate::error::SimError;
use crate::hub::access::HubAccess;
use crate::hub::dial::Dialer;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use shared::time::Timestamp;
use std::time::Duration;

/// Version of the service API that is spoken.
pub const API_VERSION: &str = "2021-04-12";
/// Longest answer accepted.
const ANSWER_LIMIT: usize = 1024 * 1024;
/// How long one call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(60);
/// Life of the service tokens; they are made afresh for each call.
const TOKEN_SECONDS: i64 = 3600;

/// An answer of the hub.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body as JSON; `null` if empty or of another kind.
    pub body: Value,
}

impl Answer {
    /// The error that says what the hub refused.
    pub fn refusal(&self, what: &str) -> SimError {
        let text = match self
            .body
            .get("Message")
            .or_else(|| self.body.get("message"))
        {
            Some(Value::String(text)) => text.chars().take(300).collect(),
            _ => String::from("no reason given"),
        };
        let hint = match self.status {
            401 => {
                ". Check the connection string: creating devices needs RegistryWrite, tags need ServiceConnect (iothubowner has both)"
            }
            429 => ". The hub throttles; try again later or with fewer devices",
            _ => "",
        };
        SimError::Refused(format!(
            "{what}: the hub answered {} {text}{hint}",
            self.status
        ))
    }
}

/// A client that owns one connection.
pub struct RestClient {
    dialer: Dialer,
    access: HubAccess,
    connection: Option<SendRequest<Full<Bytes>>>,
}

impl RestClient {
    /// A client; connects at its first call.
    pub fn new(dialer: Dialer, access: HubAccess) -> Self {
        Self {
            dialer,
            access,
            connection: None,
        }
    }

    /// Sends one call. A kept connection that the hub has closed meanwhile is opened again once;
    /// every call made here may be repeated without harm.
    pub async fn call(
        &mut self,
        now: Timestamp,
        method: &str,
        path: &str,
        if_match: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, SimError> {
        let kept = self.connection.is_some();
        match self.attempt(now, method, path, if_match, body).await {
            Err(SimError::Network(_)) if kept => {
                self.connection = None;
                self.attempt(now, method, path, if_match, body).await
            }
            outcome => outcome,
        }
    }

    async fn attempt(
        &mut self,
        now: Timestamp,
        method: &str,
        path: &str,
        if_match: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, SimError> {
        let exchange = self.exchange(now, method, path, if_match, body);
        let outcome = tokio::time::timeout(CALL_TIMEOUT, exchange)
            .await
            .unwrap_or_else(|_| {
                Err(SimError::Network(format!(
                    "{method} {path}: no answer within {} s",
                    CALL_TIMEOUT.as_secs()
                )))
            });
        if outcome.is_err() {
            self.connection = None;
        }
        outcome
    }

    async fn exchange(
        &mut self,
        now: Timestamp,
        method: &str,
        path: &str,
        if_match: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer, SimError> {
        let broken = |error: &dyn std::fmt::Display| {
            SimError::Network(format!("{method} {path}: the connection broke: {error}"))
        };
        if self.connection.as_ref().is_none_or(SendRequest::is_closed) {
            let stream = self.dialer.dial().await?;
            let (sender, driver) = handshake(TokioIo::new(stream))
                .await
                .map_err(|error| broken(&error))?;
            // Ends by itself when the sender is dropped or the hub closes; its error also
            // reaches whoever waits for an answer.
            tokio::spawn(async move {
                let _ = driver.await;
            });
            self.connection = Some(sender);
        }
        let Some(connection) = self.connection.as_mut() else {
            return Err(broken(&"no connection"));
        };
        let endpoint = self.dialer.endpoint();
        let mut request = hyper::Request::builder()
            .method(method)
            .uri(format!("{}{path}", endpoint.path))
            .header("Host", endpoint.authority())
            .header(
                "Authorization",
                self.access.service_token(now.plus_seconds(TOKEN_SECONDS))?,
            );
        if let Some(etag) = if_match {
            request = request.header("If-Match", etag);
        }
        let bytes = match body {
            None => Bytes::new(),
            Some(body) => {
                request = request.header("Content-Type", "application/json; charset=utf-8");
                Bytes::from(body.to_string())
            }
        };
        let request = request.body(Full::new(bytes)).map_err(|error| {
            SimError::Usage(format!("{method} {path} is no valid request: {error}"))
        })?;
        connection.ready().await.map_err(|error| broken(&error))?;
        let response = connection
            .send_request(request)
            .await
            .map_err(|error| broken(&error))?;
        let status = response.status().as_u16();
        let collected = Limited::new(response.into_body(), ANSWER_LIMIT)
            .collect()
            .await
            .map_err(|error| broken(&error))?;
        let body = serde_json::from_slice(&collected.to_bytes()).unwrap_or(Value::Null);
        Ok(Answer { status, body })
    }
}
