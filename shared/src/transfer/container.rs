//! A container of blobs behind a signed URL, the hub's own or anybody's, as a client sees it:
//! Put Blob, Put Block, Put Block List, Get Blob, Get Blob Properties, Delete Blob
//! (`service.md` §5.2).
//!
//! The URL is a secret and appears in no error.

use crate::blob::store::BlobStore;
use crate::blob::{Body, is_blob_path};
use crate::error::HubError;
use crate::http::message::{Body as Whole, Method, Request};
use crate::http::{Backend, outbound};
use crate::percent;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// The protocol version whose verbs these are.
const VERSION: &str = "2021-12-02";
/// Longest URL of a container.
const MAX_URL_LENGTH: usize = 4096;

/// Why storage did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContainerError {
    /// It answered with this status.
    Status(u16),
    /// It could not be reached, or its answer made no sense.
    Unreachable(String),
    /// The hub will not go there.
    Forbidden(String),
}

impl ContainerError {
    /// Whether it may work later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 408 | 429 | 500..=599),
            Self::Unreachable(_) => true,
            Self::Forbidden(_) => false,
        }
    }
}

impl fmt::Display for ContainerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(status) => write!(formatter, "the storage answered with status {status}"),
            Self::Unreachable(why) => write!(formatter, "the storage cannot be reached ({why})"),
            Self::Forbidden(why) => formatter.write_str(why),
        }
    }
}

/// What is known of a blob.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Bytes.
    pub size: u64,
    /// Its version, as the header has it.
    pub etag: String,
}

/// The container.
#[derive(Debug)]
pub struct Container<'a, B> {
    backend: &'a B,
    /// `https://host[:port]`
    origin: &'a str,
    /// Without a slash at the end.
    path: &'a str,
    query: &'a str,
}

struct Answer {
    etag: String,
    length: u64,
    body: Vec<u8>,
}

impl<'a, B: Backend> Container<'a, B> {
    /// Behind this URL: `https://host/path?signature`.
    pub fn new(backend: &'a B, url: &'a str) -> Result<Self, HubError> {
        let illegal = || {
            HubError::invalid(
                "A container's URL must be https://host/container?signature, with at most 4096 characters.",
            )
        };
        let plain = url.bytes().all(|byte| byte.is_ascii_graphic());
        if url.len() > MAX_URL_LENGTH || !plain || url.contains('#') {
            return Err(illegal());
        }
        let (target, query) = url.split_once('?').unwrap_or((url, ""));
        let scheme = target.find("://").ok_or_else(illegal)?;
        let (_, rest) = target.split_at_checked(scheme + 3).ok_or_else(illegal)?;
        let slash = rest.find('/').ok_or_else(illegal)?;
        let (origin, path) = target
            .split_at_checked(scheme + 3 + slash)
            .ok_or_else(illegal)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.is_empty() || !(origin.starts_with("https://") || origin.starts_with("http://")) {
            return Err(illegal());
        }
        Ok(Self {
            backend,
            origin,
            path,
            query,
        })
    }

    /// Writes a small blob whole.
    pub async fn put(&self, blob: &str, content: Vec<u8>) -> Result<(), ContainerError> {
        let headers = vec![("x-ms-blob-type".to_owned(), "BlockBlob".to_owned())];
        self.send(Method::Put, blob, "", headers, content, 0)
            .await
            .map(|_| ())
    }

    /// Writes one block; the same number again replaces it.
    pub async fn put_block(
        &self,
        blob: &str,
        number: u32,
        content: Vec<u8>,
    ) -> Result<(), ContainerError> {
        let id = percent::encode(&block_id(number));
        let query = format!("comp=block&blockid={id}");
        self.send(Method::Put, blob, &query, Vec::new(), content, 0)
            .await
            .map(|_| ())
    }

    /// Makes the blob of its first `count` blocks.
    pub async fn put_block_list(&self, blob: &str, count: u32) -> Result<(), ContainerError> {
        let mut list = String::from("<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
        for number in 0..count {
            list.push_str(&format!("<Latest>{}</Latest>", block_id(number)));
        }
        list.push_str("</BlockList>");
        let headers = vec![(
            "x-ms-blob-content-type".to_owned(),
            "text/plain; charset=utf-8".to_owned(),
        )];
        self.send(
            Method::Put,
            blob,
            "comp=blocklist",
            headers,
            list.into_bytes(),
            0,
        )
        .await
        .map(|_| ())
    }

    /// What is known of a blob.
    pub async fn properties(&self, blob: &str) -> Result<Found, ContainerError> {
        let answer = self
            .send(Method::Head, blob, "", Vec::new(), Vec::new(), 0)
            .await?;
        Ok(Found {
            size: answer.length,
            etag: answer.etag,
        })
    }

    /// Reads a part of this version; it must exist and have at least one byte.
    pub async fn read(
        &self,
        blob: &str,
        etag: &str,
        start: u64,
        length: u64,
    ) -> Result<Vec<u8>, ContainerError> {
        let last = start.saturating_add(length).saturating_sub(1);
        let headers = vec![
            ("x-ms-range".to_owned(), format!("bytes={start}-{last}")),
            ("if-match".to_owned(), etag.to_owned()),
        ];
        let limit = usize::try_from(length).unwrap_or(usize::MAX);
        let answer = self
            .send(Method::Get, blob, "", headers, Vec::new(), limit)
            .await?;
        Ok(answer.body)
    }

    /// Deletes a blob.
    pub async fn delete(&self, blob: &str) -> Result<(), ContainerError> {
        self.send(Method::Delete, blob, "", Vec::new(), Vec::new(), 0)
            .await
            .map(|_| ())
    }

    async fn send(
        &self,
        method: Method,
        blob: &str,
        query: &str,
        mut headers: Vec<(String, String)>,
        content: Vec<u8>,
        limit: usize,
    ) -> Result<Answer, ContainerError> {
        let mut path = self.path.to_owned();
        for segment in blob.split('/') {
            path.push('/');
            percent::encode_into(&mut path, segment);
        }
        let query = [query, self.query]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("&");
        headers.push(("x-ms-version".to_owned(), VERSION.to_owned()));
        let request = Request {
            method,
            path,
            query,
            headers,
            body: content,
            secure: true,
        };
        let answer = if self.is_own().await? {
            self.ask_own(request, limit).await?
        } else {
            outbound::send(self.backend, self.origin, request, limit)
                .await
                .map_err(|refused| match refused {
                    outbound::Refused::NotAllowed(why) => ContainerError::Forbidden(why),
                    outbound::Refused::Failed(why) => ContainerError::Unreachable(why),
                })?
        };
        if !(200..300).contains(&answer.status) {
            return Err(ContainerError::Status(answer.status));
        }
        let header = |name: &str| {
            answer
                .headers
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.clone())
        };
        Ok(Answer {
            etag: header("etag").unwrap_or_default(),
            length: header("content-length")
                .and_then(|text| text.parse().ok())
                .unwrap_or(0),
            body: answer.body,
        })
    }

    async fn is_own(&self) -> Result<bool, ContainerError> {
        let settings = self.backend.settings().await;
        let settings = settings.map_err(|error| ContainerError::Unreachable(error.message))?;
        let host = self.origin.split_once("://").map_or("", |(_, host)| host);
        Ok(is_blob_path(self.path) && settings.is_some_and(|settings| settings.answers_to(host)))
    }

    /// The hub's own store answers without a way through the network.
    async fn ask_own(
        &self,
        mut request: Request,
        limit: usize,
    ) -> Result<outbound::Answer, ContainerError> {
        let blobs = self.backend.blobs();
        let content = std::mem::take(&mut request.body);
        let length = Some(content.len() as u64);
        if request.method == Method::Put {
            request
                .headers
                .push(("content-length".to_owned(), content.len().to_string()));
        }
        let body = Body {
            content: blobs.content(content),
            length,
        };
        let response = crate::blob::handle(self.backend, &request, body).await;
        let body = match (response.content, response.head.body) {
            (Some(content), _) => {
                let read = blobs.collect(blobs.taken_back(content), limit).await;
                read.ok().flatten().ok_or_else(|| {
                    ContainerError::Unreachable("the content ended early".to_owned())
                })?
            }
            (None, Whole::Bytes(bytes)) => bytes,
            (None, _) => Vec::new(),
        };
        let headers = response.head.headers.into_iter();
        Ok(outbound::Answer {
            status: response.head.status,
            headers: headers
                .map(|(name, value)| (name.into_owned(), value))
                .collect(),
            body,
        })
    }
}

/// All of one length, as the protocol wants them.
fn block_id(number: u32) -> String {
    STANDARD.encode(format!("block-{number:08}"))
}

#[cfg(test)]
#[path = "container_tests.rs"]
mod tests;
