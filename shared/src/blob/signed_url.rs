//! Scoped, signed URLs: the store's only credentials.
//!
//! A URL has the query parameters of Azure's service SAS, so that clients carry it unchanged;
//! the signature is this hub's own, with a key derived from the hub's secret. It covers every
//! parameter and the exact place. A grant holds no secret, but the URL is one: it never goes
//! into an error or a log.

use super::error::BlobError;
use super::name::{BlobName, ContainerName};
use crate::auth::session::MIN_SESSION_KEY_BYTES;
use crate::auth::signature::{hmac_sha256, secrets_match};
use crate::error::HubError;
use crate::http::message::Request;
use crate::percent;
use crate::time::Timestamp;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Keeps the derived key from being good for anything else of the hub.
const KEY_PURPOSE: &[u8] = b"skerry blob store key 1";
/// Begins every text that is signed.
const TEXT_PURPOSE: &str = "skerry blob url 1";
/// `sv`: the version of Azure's service SAS whose parameters these are.
const VERSION: &str = "2021-12-02";
/// Isolates' clocks differ a little: a URL is valid from a bit before it was made.
const SKEW_SECONDS: i64 = 300;
/// Permissions in the order that Azure prescribes.
const LETTERS: &str = "racwdl";

/// What a URL allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions(u8);

impl Permissions {
    /// Read content and properties.
    pub const READ: Self = Self(1);
    /// Append; grants nothing, since there are block blobs only.
    pub const ADD: Self = Self(2);
    /// Write blobs that do not exist; for a container also create it.
    pub const CREATE: Self = Self(4);
    /// Write and overwrite.
    pub const WRITE: Self = Self(8);
    /// Delete.
    pub const DELETE: Self = Self(16);
    /// List a container.
    pub const LIST: Self = Self(32);

    /// Reads letters in any order; at least one, none twice, none unknown.
    pub fn parse(text: &str) -> Option<Self> {
        let mut all = Self::default();
        for letter in text.chars() {
            let one = Self(1 << LETTERS.find(letter)?);
            if all.contains(one) {
                return None;
            }
            all = all.and(one);
        }
        (all != Self::default()).then_some(all)
    }

    /// Both together.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of the others are in here.
    pub fn contains(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Whether one of the others is in here.
    pub fn shares(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// Letters in the prescribed order.
    pub fn letters(self) -> String {
        LETTERS
            .chars()
            .enumerate()
            .filter(|(place, _)| self.0 & (1 << place) != 0)
            .map(|(_, letter)| letter)
            .collect()
    }
}

/// What a URL says: where, what, from when, until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// The container.
    pub container: ContainerName,
    /// One blob of it; `None` for all, and for the container itself.
    pub blob: Option<BlobName>,
    /// What is allowed.
    pub permissions: Permissions,
    /// From when.
    pub start: Timestamp,
    /// Until when.
    pub expiry: Timestamp,
}

impl Grant {
    /// A grant from now on, for jobs, uploads and operators alike. Whole seconds.
    pub fn new(
        container: ContainerName,
        blob: Option<BlobName>,
        permissions: Permissions,
        now: Timestamp,
        seconds: i64,
    ) -> Self {
        let whole = |time: Timestamp| Timestamp::from_milliseconds(time.seconds() * 1000);
        Self {
            container,
            blob,
            permissions,
            start: whole(now.plus_seconds(-SKEW_SECONDS)),
            expiry: whole(now.plus_seconds(seconds)),
        }
    }

    /// The query, without `?`: what a device gets as its `sasToken` behind a `?`.
    pub fn query(&self, hub_key: &[u8]) -> Result<String, HubError> {
        let signed = Signed {
            version: VERSION,
            resource: if self.blob.is_some() { "b" } else { "c" },
            permissions: &self.permissions.letters(),
            start: &self.start.second_text(),
            expiry: &self.expiry.second_text(),
        };
        let signature = signed
            .signature(hub_key, &self.container, self.blob.as_ref())
            .ok_or_else(|| HubError::internal("the hub has no key for signed URLs"))?;
        Ok(format!(
            "sv={}&sr={}&sp={}&st={}&se={}&sig={}",
            signed.version,
            signed.resource,
            signed.permissions,
            percent::encode(signed.start),
            percent::encode(signed.expiry),
            URL_SAFE_NO_PAD.encode(signature)
        ))
    }

    /// The path with the query: behind `https://` and a name of the hub it is the URL.
    pub fn path_and_query(&self, hub_key: &[u8]) -> Result<String, HubError> {
        let mut path = format!("{}/{}", super::ROOT, self.container);
        if let Some(blob) = &self.blob {
            for segment in blob.as_str().split('/') {
                path.push('/');
                percent::encode_into(&mut path, segment);
            }
        }
        path.push('?');
        path.push_str(&self.query(hub_key)?);
        Ok(path)
    }
}

/// The parameters under the signature, as they stand in the URL.
struct Signed<'a> {
    version: &'a str,
    resource: &'a str,
    permissions: &'a str,
    start: &'a str,
    expiry: &'a str,
}

impl Signed<'_> {
    /// No part can hold a line feed: names cannot, and the others are compared as a whole.
    fn signature(
        &self,
        hub_key: &[u8],
        container: &ContainerName,
        blob: Option<&BlobName>,
    ) -> Option<[u8; 32]> {
        if hub_key.len() < MIN_SESSION_KEY_BYTES {
            return None;
        }
        let key = hmac_sha256(hub_key, &[KEY_PURPOSE])?;
        let parts = [
            TEXT_PURPOSE,
            self.version,
            self.resource,
            self.permissions,
            self.start,
            self.expiry,
            container.as_str(),
        ];
        let mut text = parts.join("\n");
        if let Some(blob) = blob {
            text.push('\n');
            text.push_str(blob.as_str());
        }
        hmac_sha256(&key, &[text.as_bytes()])
    }
}

/// What the request's URL allows at this place. The signature is checked before anything
/// that it covers is believed.
pub fn verify(
    request: &Request,
    container: &ContainerName,
    blob: Option<&BlobName>,
    hub_key: &[u8],
    now: Timestamp,
) -> Result<Permissions, BlobError> {
    let given = request
        .parameter("sig")
        .ok_or(BlobError::NoAuthenticationInformation)?;
    let refused = BlobError::AuthenticationFailed;
    let signature = URL_SAFE_NO_PAD
        .decode(given.as_bytes())
        .map_err(|_| refused)?;
    let field = |name: &str| request.parameter(name).unwrap_or_default();
    let (version, resource, permissions) = (field("sv"), field("sr"), field("sp"));
    let (start, expiry) = (field("st"), field("se"));
    let fields = [&version, &resource, &permissions, &start, &expiry];
    if fields
        .iter()
        .any(|field| field.len() > 32 || field.contains('\n'))
    {
        return Err(refused);
    }
    let signed_blob = match (resource.as_ref(), blob) {
        ("b", Some(blob)) => Some(blob),
        ("c", _) => None,
        _ => return Err(refused),
    };
    let signed = Signed {
        version: &version,
        resource: &resource,
        permissions: &permissions,
        start: &start,
        expiry: &expiry,
    };
    let expected = signed
        .signature(hub_key, container, signed_blob)
        .ok_or(refused)?;
    if !secrets_match(&signature, &expected) || version != VERSION {
        return Err(refused);
    }
    let start = Timestamp::parse(&start).ok_or(refused)?;
    let expiry = Timestamp::parse(&expiry).ok_or(refused)?;
    if now < start || now >= expiry {
        return Err(refused);
    }
    Permissions::parse(&permissions).ok_or(refused)
}

#[cfg(test)]
#[path = "signed_url_tests.rs"]
mod tests;
