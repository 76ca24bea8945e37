//! Requests and responses as the HTTP side sees them: already read, not yet understood.
//!
//! The shell fills a [`Request`] and writes a [`Response`]; nothing here parses a path or
//! knows an operation, and nothing here reads from a socket.

use super::alert_stream::AlertStream;
use super::backend::Backend;
use super::event_socket::EventSocket;
use super::event_stream::EventStream;
use super::operations_stream::OperationsStream;
use super::progress_stream::ProgressStream;
use super::query_stream::QueryStream;
use crate::percent;
use std::borrow::Cow;

/// An HTTP verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// `GET`
    Get,
    /// `HEAD`: of blobs only
    Head,
    /// `PUT`
    Put,
    /// `POST`
    Post,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
    /// Any other verb: no path has it.
    Other,
}

impl Method {
    /// The verbs that the hub's API uses; the blob store has `HEAD` besides.
    pub const ALL: [Self; 5] = [Self::Get, Self::Put, Self::Post, Self::Patch, Self::Delete];

    /// From the request line; verbs are case-sensitive.
    pub fn parse(text: &str) -> Self {
        Self::ALL
            .into_iter()
            .chain([Self::Head])
            .find(|method| method.as_str() == text)
            .unwrap_or(Self::Other)
    }

    /// As in the request line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
            Self::Other => "OTHER",
        }
    }
}

/// A request whose body has been read within [`super::body_limit`].
#[derive(Debug, Clone)]
pub struct Request {
    /// Verb.
    pub method: Method,
    /// Path as sent, still percent-encoded.
    pub path: String,
    /// Query as sent, without `?`.
    pub query: String,
    /// Header names in lower case, values as sent.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
    /// Whether the connection itself is TLS; never taken from a header.
    pub secure: bool,
}

impl Request {
    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.trim())
    }

    /// A decoded query parameter; names are matched case-insensitively, the first one counts.
    ///
    /// `+` stays a plus: times with an offset and device ids may hold one.
    pub fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        self.query.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let key = percent::decode(key)?;
            if key.eq_ignore_ascii_case(name) {
                percent::decode(value)
            } else {
                None
            }
        })
    }

    /// A query parameter that is present and not empty.
    pub fn filled_parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        self.parameter(name).filter(|value| !value.is_empty())
    }
}

/// What goes back.
#[derive(Debug)]
pub struct Response {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case, with values that are safe to send.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// Body.
    pub body: Body,
}

/// The body of a response.
#[derive(Debug)]
pub enum Body {
    /// None: no content type either.
    Empty,
    /// The whole body.
    Bytes(Vec<u8>),
    /// Server-sent events, pulled chunk by chunk until `next` says `None`.
    EventStream(Stream),
    /// None, but a WebSocket from now on.
    EventSocket(EventSocket),
}

/// What a stream of server-sent events tells of.
#[derive(Debug)]
pub enum Stream {
    /// The event log.
    Events(EventStream),
    /// A fleet's progress.
    Progress(Box<ProgressStream>),
    /// Alerts.
    Alerts(Box<AlertStream>),
    /// A query's result.
    Query(Box<QueryStream>),
    /// Operations records.
    Operations(Box<OperationsStream>),
}

impl Stream {
    /// The next chunk, or `None` at the end.
    pub async fn next<B: Backend>(&mut self, backend: &B) -> Option<Vec<u8>> {
        match self {
            Self::Events(events) => events.next(backend).await,
            Self::Progress(progress) => progress.next(backend).await,
            Self::Alerts(alerts) => alerts.next(backend).await,
            Self::Query(query) => query.next(backend).await,
            Self::Operations(records) => records.next(backend).await,
        }
    }
}

/// The content type of every JSON answer (`service.md` §1).
pub const JSON: &str = "application/json; charset=utf-8";

impl Response {
    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Empty,
        }
    }

    /// A JSON answer.
    pub fn json(status: u16, value: &impl serde::Serialize) -> Self {
        // Not by `Display`, which is half as fast. Writing a value into memory cannot fail.
        Self::bytes(status, JSON, serde_json::to_vec(value).unwrap_or_default())
    }

    /// Bytes of a content type.
    pub fn bytes(status: u16, content_type: &str, bytes: Vec<u8>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Bytes(bytes),
        }
        .with_header("content-type", content_type)
    }

    /// The same with one more header. Characters that could end a header line are dropped.
    pub fn with_header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        let mut value = value.into();
        value.retain(|character| character == '\t' || (' '..='~').contains(&character));
        self.headers.push((name.into(), value));
        self
    }

    /// The same with a header that may have no value.
    pub fn with_header_if(self, name: &'static str, value: &Option<String>) -> Self {
        match value {
            Some(value) => self.with_header(name, value.as_str()),
            None => self,
        }
    }

    /// The same with an `ETag`, quoted.
    pub fn with_etag(self, etag: &str) -> Self {
        self.with_header("etag", format!("\"{etag}\""))
    }

    /// The first header of that (lower-case) name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_query(query: &str) -> Request {
        Request {
            method: Method::Get,
            path: "/".into(),
            query: query.into(),
            headers: Vec::new(),
            body: Vec::new(),
            secure: false,
        }
    }

    #[test]
    fn parameters_are_decoded_once_and_found_in_any_order_and_case() {
        let request = with_query(
            "top=10&API-Version=2021-04-12&from=time:2026-03-01T10:00:00+02:00&x=%2525&reject",
        );
        assert_eq!(
            request.parameter("api-version").as_deref(),
            Some("2021-04-12")
        );
        assert_eq!(
            request.parameter("from").as_deref(),
            Some("time:2026-03-01T10:00:00+02:00")
        );
        assert_eq!(request.parameter("x").as_deref(), Some("%25"));
        assert_eq!(request.parameter("reject").as_deref(), Some(""));
        assert_eq!(request.filled_parameter("reject"), None);
        assert_eq!(request.parameter("wait"), None);
    }

    #[test]
    fn a_header_value_cannot_end_its_line() {
        let response = Response::empty(200).with_header("iothub-app-x", "a\r\nset-cookie: b");
        assert_eq!(response.header("iothub-app-x"), Some("aset-cookie: b"));
    }

    #[test]
    fn verbs_are_case_sensitive() {
        assert_eq!(Method::parse("PATCH"), Method::Patch);
        assert_eq!(Method::parse("patch"), Method::Other);
        assert_eq!(Method::parse("HEAD"), Method::Head);
    }
}
