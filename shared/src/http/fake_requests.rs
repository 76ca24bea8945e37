//! Requests as tests write them, and answers as tests read them.

use super::message::{Body, Method, Request, Response};
use serde_json::Value;

/// A request without headers.
pub fn request(method: Method, target: &str) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Request {
        method,
        path: path.into(),
        query: query.into(),
        headers: vec![("host".into(), "hub.example".into())],
        body: Vec::new(),
        secure: false,
    }
}

impl Request {
    /// The same with one more header.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// The same with a JSON body.
    pub fn with_json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self
    }
}

impl Response {
    /// The body as text; empty if there is none.
    pub fn text(&self) -> String {
        match &self.body {
            Body::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
            _ => String::new(),
        }
    }

    /// The body as JSON.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or(Value::Null)
    }
}
