//! Events on their way to endpoints outside of the hub (`query-routing-events.md` §3.2, §5.2):
//! how requests and files look, and how one is sent.
//!
//! A partition decides what goes when, and keeps how far it came (`hub::events`); what is sent
//! here is one [`Delivery`], and what came of it goes back as [`Delivered`]. Nothing here may
//! keep state, follow a redirect, or tell a secret to anybody but as a signature.

pub mod format;
pub mod storage;

use crate::auth::signature::{hmac_sha256, sha256_hex};
use crate::blob::{ContainerName, Grant, Permissions, create_container};
use crate::http::backend::Backend;
use crate::http::error::uuid;
use crate::http::message::{Method, Request};
use crate::http::outbound::{self, Refused};
use crate::ipc::routing::QUEUE_SCHEME;
use crate::time::Timestamp;
use crate::transfer::{Container, ContainerError};
use std::fmt::Write;

/// Something to send; the partition waits for what comes of it before it sends that endpoint
/// anything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// `Endpoint::id`.
    pub endpoint: u32,
    /// Behind which sequence number it begins.
    pub from: i64,
    /// Up to which sequence number it goes, what others get included.
    pub upto: i64,
    /// Events in it.
    pub count: u64,
    /// What to do.
    pub way: Way,
}

/// How something is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// A request to a receiver's URL, or into a queue.
    Post {
        /// `https://host[:port]/path?query`, or [`QUEUE_SCHEME`] and a queue's name
        url: String,
        /// Names in lower case.
        headers: Vec<(String, String)>,
        /// Events.
        body: Vec<u8>,
    },
    /// A file, or a block of one.
    Write {
        /// The container of the hub's own store.
        container: String,
        /// The file.
        name: String,
        /// Which block; `None`: the whole file.
        block: Option<u32>,
        /// Events, a line each.
        content: Vec<u8>,
        /// Nothing comes behind it.
        is_last: bool,
    },
    /// The file is complete.
    Join {
        /// The container of the hub's own store.
        container: String,
        /// The file.
        name: String,
        /// How many blocks it has.
        blocks: u32,
    },
}

/// What came of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The receiver's status; 0 if there was none.
    pub status: u16,
    /// Why there was none.
    pub failure: Option<String>,
    /// `Retry-After`, in seconds.
    pub retry_after: Option<u32>,
}

impl Delivered {
    /// The receiver has it.
    pub fn is_accepted(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Of a receiver's status.
    pub fn answered(status: u16, retry_after: Option<&str>, now: Timestamp) -> Self {
        Self {
            status,
            failure: None,
            retry_after: retry_after.and_then(|text| seconds(text, now)),
        }
    }

    /// Nobody answered.
    pub fn failed(why: impl Into<String>) -> Self {
        Self {
            status: 0,
            failure: Some(why.into()),
            retry_after: None,
        }
    }
}

/// `Retry-After` is a number of seconds or a date.
fn seconds(text: &str, now: Timestamp) -> Option<u32> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(seconds);
    }
    let date = Timestamp::parse_http_date(text.trim())?;
    u32::try_from((date.milliseconds() - now.milliseconds()) / 1000).ok()
}

/// Splits a URL where a request is addressed; `None` if it is none, or has a user or fragment.
pub fn split(url: &str) -> Option<(&str, &str, &str)> {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) || url.contains('#') {
        return None;
    }
    let scheme = url.find("://")? + 3;
    let end = url
        .get(scheme..)?
        .find(['/', '?'])
        .map_or(url.len(), |place| scheme + place);
    let (origin, rest) = url.split_at_checked(end)?;
    let known = origin.starts_with("https://") || origin.starts_with("http://");
    if !known || origin.contains('@') || origin.len() == scheme {
        return None;
    }
    let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
    Some((origin, if path.is_empty() { "/" } else { path }, query))
}

/// Headers of a request, signed if there is a secret. The name of a delivery is the same
/// whenever it is repeated, so that receivers can tell.
pub fn headers(
    content_type: &str,
    name: &str,
    secret: Option<&str>,
    now: Timestamp,
    body: &[u8],
) -> Vec<(String, String)> {
    let digest = sha256_hex(name.as_bytes());
    let number = digest
        .get(..32)
        .and_then(|hex| u128::from_str_radix(hex, 16).ok());
    let timestamp = now.seconds().to_string();
    let mut headers = vec![
        ("content-type".to_owned(), content_type.to_owned()),
        ("x-hub-delivery".to_owned(), uuid(number.unwrap_or(0))),
        ("x-hub-timestamp".to_owned(), timestamp.clone()),
    ];
    let signature = secret
        .and_then(|secret| hmac_sha256(secret.as_bytes(), &[timestamp.as_bytes(), b".", body]));
    if let Some(signature) = signature {
        let mut text = String::from("sha256=");
        for byte in signature {
            // Writing into memory cannot fail.
            let _written = write!(text, "{byte:02x}");
        }
        headers.push(("x-hub-signature-256".to_owned(), text));
    }
    headers
}

/// Sends it.
pub async fn carry_out<B: Backend>(backend: &B, delivery: &Delivery) -> Delivered {
    match &delivery.way {
        Way::Post { url, body, .. } if url.starts_with(QUEUE_SCHEME) => {
            let queue = url.get(QUEUE_SCHEME.len()..).unwrap_or_default();
            match backend.enqueue(queue, body).await {
                Ok(status) => Delivered::answered(status, None, backend.now()),
                Err(error) => Delivered::failed(error.message),
            }
        }
        Way::Post { url, headers, body } => {
            post(backend, url, headers.clone(), body.clone(), 0).await.0
        }
        Way::Write {
            container,
            name,
            block,
            content,
            ..
        } => write(backend, container, name, *block, content.clone()).await,
        Way::Join {
            container,
            name,
            blocks,
        } => join(backend, container, name, *blocks).await,
    }
}

/// Sends a request to a receiver, and reads at most `limit` bytes of its answer.
pub async fn post<B: Backend>(
    backend: &B,
    url: &str,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    limit: usize,
) -> (Delivered, Vec<u8>) {
    let Some((origin, path, query)) = split(url) else {
        return (Delivered::failed("the URL makes no sense"), Vec::new());
    };
    let request = Request {
        method: Method::Post,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body,
        secure: true,
    };
    match outbound::send(backend, origin, request, limit).await {
        Ok(answer) => {
            let retry_after = answer
                .headers
                .iter()
                .find(|(name, _)| name == "retry-after");
            let retry_after = retry_after.map(|(_, value)| value.as_str());
            let delivered = Delivered::answered(answer.status, retry_after, backend.now());
            (delivered, answer.body)
        }
        Err(Refused::NotAllowed(why) | Refused::Failed(why)) => {
            (Delivered::failed(why), Vec::new())
        }
    }
}

/// A URL to the hub's own container, good for as long as a write takes.
async fn container_url<B: Backend>(backend: &B, name: &str) -> Result<String, Delivered> {
    let parsed = ContainerName::parse(name).ok_or_else(|| Delivered::failed("no container"))?;
    let settings = backend.settings().await.ok().flatten();
    let settings = settings.ok_or_else(|| Delivered::failed("the settings cannot be read"))?;
    let rights = Permissions::CREATE.and(Permissions::WRITE);
    let grant = Grant::new(parsed, None, rights, backend.now(), 3600);
    let signed = grant
        .path_and_query(&settings.session_key)
        .map_err(|error| Delivered::failed(error.message))?;
    Ok(format!("https://{}{signed}", settings.host_name()))
}

fn stored(result: Result<(), ContainerError>) -> Delivered {
    match result {
        Ok(()) => Delivered::answered(201, None, Timestamp::UNSET),
        // Not the storage's own status: what is wrong with a file is never a reason to give
        // its events up.
        Err(error) => Delivered::failed(error.to_string()),
    }
}

async fn write<B: Backend>(
    backend: &B,
    container: &str,
    name: &str,
    block: Option<u32>,
    content: Vec<u8>,
) -> Delivered {
    if block.unwrap_or(0) == 0
        && let Some(parsed) = ContainerName::parse(container)
        && let Err(error) = create_container(backend.blobs().as_ref(), &parsed).await
    {
        backend.report(&format!("{error:?}"));
        return Delivered::failed("the container cannot be made");
    }
    let url = match container_url(backend, container).await {
        Ok(url) => url,
        Err(failed) => return failed,
    };
    match Container::new(backend, &url) {
        Ok(store) => stored(match block {
            Some(number) => store.put_block(name, number, content).await,
            None => store.put(name, content).await,
        }),
        Err(error) => Delivered::failed(error.message),
    }
}

async fn join<B: Backend>(backend: &B, container: &str, name: &str, blocks: u32) -> Delivered {
    let url = match container_url(backend, container).await {
        Ok(url) => url,
        Err(failed) => return failed,
    };
    match Container::new(backend, &url) {
        Ok(store) => stored(store.put_block_list(name, blocks).await),
        Err(error) => Delivered::failed(error.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_split_where_a_request_is_addressed() {
        assert_eq!(
            split("https://a.example:8443/in/b?c=d"),
            Some(("https://a.example:8443", "/in/b", "c=d"))
        );
        assert_eq!(
            split("https://a.example"),
            Some(("https://a.example", "/", ""))
        );
        assert_eq!(
            split("https://a.example?c"),
            Some(("https://a.example", "/", "c"))
        );
        for url in [
            "a.example/in",
            "ftp://a.example/",
            "https:///in",
            "https://user@a.example/",
            "https://a.example/#part",
            "https://a.example/a b",
        ] {
            assert_eq!(split(url), None, "{url}");
        }
    }

    #[test]
    fn a_signature_is_over_time_and_body() {
        let now = Timestamp::parse("2026-03-01T10:00:00Z").unwrap();
        let headers = headers("application/json", "1:0:7", Some("key"), now, b"[]");
        let get = |wanted: &str| {
            let header = headers.iter().find(|(name, _)| name == wanted);
            header.map(|(_, value)| value.clone()).unwrap()
        };
        assert_eq!(get("x-hub-timestamp"), "1772359200");
        // printf '1772359200.[]' | openssl dgst -sha256 -hmac key
        let known = hmac_sha256(b"key", &[b"1772359200.[]"]).unwrap();
        let hex: String = known.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(get("x-hub-signature-256"), format!("sha256={hex}"));
        assert_eq!(get("x-hub-delivery").len(), 36);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = Timestamp::parse("2026-03-01T10:00:00Z").unwrap();
        let after = |text: &str| Delivered::answered(503, Some(text), now).retry_after;
        assert_eq!(after("120"), Some(120));
        assert_eq!(after("Sun, 01 Mar 2026 10:01:00 GMT"), Some(60));
        assert_eq!(after("Sun, 01 Mar 2026 09:00:00 GMT"), None);
        assert_eq!(after("soon"), None);
    }
}
