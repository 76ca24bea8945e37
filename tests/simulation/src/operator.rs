//! Somebody who uses the hub's REST API, with the owner's key.

use crate::backend::HubHandle;
use crate::device::HOST;
use serde_json::{Value, json};
use shared::auth::{audience, sas};
use shared::http::{Backend, Body, Method, Request, Response, handle};

/// A REST client.
#[derive(Debug, Clone)]
pub struct Operator {
    hub: HubHandle,
    key: String,
}

/// An answer, read.
#[derive(Debug, Clone)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// Header names in lower case.
    pub headers: Vec<(String, String)>,
    /// The JSON body; null if there is none.
    pub body: Value,
}

impl Reply {
    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether it is certain that nothing or everything happened.
    pub fn is_certain(&self) -> bool {
        self.status < 500
    }
}

impl Operator {
    /// With the key of `iothubowner`.
    pub fn new(hub: HubHandle, key: String) -> Self {
        Self { hub, key }
    }

    /// A token that is good for ten minutes.
    pub fn token(&self) -> String {
        let expiry = self.hub.now().plus_seconds(600);
        let resource = audience::hub_resource(HOST);
        sas::sign(&self.key, &resource, expiry, Some("iothubowner")).expect("the key is base64")
    }

    /// Sends a request with a body and more headers; with `authorization` or `cookie` among them as
    /// whom they say.
    pub async fn send(
        &self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Reply {
        let response = self.respond(method, target, headers, body).await;
        let headers = response
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect();
        let body = match response.body {
            Body::Bytes(bytes) => serde_json::from_slice(&bytes).expect("answers are JSON"),
            _ => Value::Null,
        };
        Reply {
            status: response.status,
            headers,
            body,
        }
    }

    /// The same, and the answer as it is: it may be a stream.
    pub async fn respond(
        &self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Response {
        let token = self.token();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = if path.starts_with("/api/") {
            query.to_owned()
        } else {
            format!("api-version=2021-04-12&{query}")
        };
        // Whoever shows something else is not the owner.
        let is_owner = headers
            .iter()
            .all(|(name, _)| !["authorization", "cookie"].contains(name));
        let mut all = if is_owner {
            vec![("authorization".to_owned(), token)]
        } else {
            Vec::new()
        };
        all.extend(
            headers
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
        );
        let request = Request {
            method,
            path: path.to_owned(),
            query,
            headers: all,
            body,
            secure: true,
        };
        handle(&self.hub, request).await
    }

    /// Uses a signed URL of the blob store: the status, and the content or the error's text.
    pub async fn blob(&self, method: Method, url: &str, content: Vec<u8>) -> (u16, Vec<u8>) {
        let target = url
            .split_once("://")
            .and_then(|(_, rest)| rest.split_once('/'))
            .map_or("", |(_, target)| target);
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = Request {
            method,
            path: format!("/{path}"),
            query: query.to_owned(),
            headers: vec![("x-ms-blob-type".to_owned(), "BlockBlob".to_owned())],
            body: Vec::new(),
            secure: true,
        };
        let length = Some(content.len() as u64);
        let body = shared::blob::Body { content, length };
        let answer = shared::blob::handle(&self.hub, &request, body).await;
        let whole = match answer.head.body {
            Body::Bytes(bytes) => bytes,
            _ => Vec::new(),
        };
        (answer.head.status, answer.content.unwrap_or(whole))
    }

    /// Sends JSON.
    pub async fn json(&self, method: Method, target: &str, body: &Value) -> Reply {
        self.send(method, target, &[], body.to_string().into_bytes())
            .await
    }

    /// Sends JSON with `If-Match`.
    pub async fn json_if_match(
        &self,
        method: Method,
        target: &str,
        etag: &str,
        body: &Value,
    ) -> Reply {
        self.send(
            method,
            target,
            &[("if-match", etag)],
            body.to_string().into_bytes(),
        )
        .await
    }

    /// A request without a body.
    pub async fn get(&self, target: &str) -> Reply {
        self.send(Method::Get, target, &[], Vec::new()).await
    }

    /// Creates a device, whatever it takes; its primary key.
    pub async fn create_device(&self, id: &str) -> String {
        let target = format!("/devices/{id}");
        for _ in 0..50 {
            let reply = self
                .json(Method::Put, &target, &json!({ "deviceId": id }))
                .await;
            let reply = if reply.status == 200 {
                reply
            } else {
                self.get(&target).await
            };
            if let Some(key) = reply.body["authentication"]["symmetricKey"]["primaryKey"].as_str() {
                return key.to_owned();
            }
        }
        panic!("{id} cannot be created");
    }

    /// Sends a cloud-to-device message.
    pub async fn send_message(
        &self,
        id: &str,
        message_id: &str,
        headers: &[(&str, &str)],
    ) -> Reply {
        let mut all = vec![("iothub-messageid", message_id)];
        all.extend_from_slice(headers);
        let target = format!("/devices/{id}/messages/deviceBound");
        self.send(Method::Post, &target, &all, b"do it".to_vec())
            .await
    }

    /// Calls a method whose payload names the call.
    pub async fn call_method(&self, id: &str, call: i64, response: i64, connect: i64) -> Reply {
        let body = json!({
            "methodName": "reboot",
            "payload": { "call": call },
            "responseTimeoutInSeconds": response,
            "connectTimeoutInSeconds": connect,
        });
        self.json(Method::Post, &format!("/twins/{id}/methods"), &body)
            .await
    }

    /// Changes desired properties.
    pub async fn set_desired(&self, id: &str, desired: Value) -> Reply {
        let body = json!({ "properties": { "desired": desired } });
        self.json(Method::Patch, &format!("/twins/{id}"), &body)
            .await
    }

    /// All kept events, in order within each partition.
    pub async fn all_events(&self) -> Vec<Value> {
        let mut events = Vec::new();
        for partition in 0..self.hub.layout().partitions {
            let mut from = "earliest".to_owned();
            loop {
                let target = format!("/api/v1/events?partition={partition}&max=1000&from={from}");
                let reply = self.get(&target).await;
                assert_eq!(reply.status, 200, "{:?}", reply.body);
                let page = reply.body["events"].as_array().cloned().unwrap_or_default();
                let Some(last) = page.last() else { break };
                from = format!("seq:{}", last["sequenceNumber"]);
                events.extend(page);
            }
        }
        events
    }
}
