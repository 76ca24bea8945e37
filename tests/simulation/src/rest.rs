//! A calm hub and its owner, for tests that go through REST down to storage.

use crate::operator::Reply;
use crate::{Faults, Simulation};
use serde_json::Value;
use shared::http::Method;

/// The simulation, with requests that are finished before they return.
#[derive(Debug)]
pub struct Rest(pub Simulation);

impl Default for Rest {
    fn default() -> Self {
        Self(Simulation::new(1, Faults::none()))
    }
}

impl Rest {
    /// Sends a request, with `If-Match` if an etag is given; null stands for no body.
    pub fn ask(&mut self, method: Method, target: &str, etag: Option<&str>, body: Value) -> Reply {
        let operator = self.0.operator();
        let (target, etag) = (target.to_owned(), etag.map(str::to_owned));
        self.0.finish(async move {
            let headers: Vec<(&str, &str)> = etag
                .iter()
                .map(|etag| ("if-match", etag.as_str()))
                .collect();
            let body = match body {
                Value::Null => Vec::new(),
                body => body.to_string().into_bytes(),
            };
            operator.send(method, &target, &headers, body).await
        })
    }

    /// Sends a request with more headers.
    pub fn send(
        &mut self,
        method: Method,
        target: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Reply {
        let operator = self.0.operator();
        let target = target.to_owned();
        let headers: Vec<(String, String)> = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.0.finish(async move {
            let headers: Vec<(&str, &str)> = headers
                .iter()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect();
            let body = body.to_string().into_bytes();
            operator.send(method, &target, &headers, body).await
        })
    }

    /// `GET`
    pub fn get(&mut self, target: &str) -> Reply {
        self.ask(Method::Get, target, None, Value::Null)
    }

    /// `PUT`
    pub fn put(&mut self, target: &str, etag: Option<&str>, body: Value) -> Reply {
        self.ask(Method::Put, target, etag, body)
    }

    /// `PATCH` whatever is there.
    pub fn patch(&mut self, target: &str, body: Value) -> Reply {
        self.ask(Method::Patch, target, None, body)
    }

    /// `POST`
    pub fn post(&mut self, target: &str, body: Value) -> Reply {
        self.ask(Method::Post, target, None, body)
    }

    /// `DELETE`
    pub fn delete(&mut self, target: &str, etag: Option<&str>) -> Reply {
        self.ask(Method::Delete, target, etag, Value::Null)
    }
}
