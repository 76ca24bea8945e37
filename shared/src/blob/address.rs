//! Signed URLs that somebody hands to the hub, such as the containers of an import or export
//! job (`service.md` §5.1): whether they are this hub's own, and what they allow.
//!
//! Whoever holds a good URL may have the hub act on it; nothing is looked up here.

use super::error::BlobError;
use super::name::{BlobName, ContainerName};
use super::operation::{self, Place};
use super::signed_url::{self, Permissions};
use crate::http::message::{Method, Request};
use crate::ipc::hub::Settings;
use crate::time::Timestamp;

/// A place in the store and what its URL allows there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The container.
    pub container: ContainerName,
    /// The blob, unless the URL is a container's.
    pub blob: Option<BlobName>,
    /// What is allowed.
    pub permissions: Permissions,
}

/// Reads a URL. `None` if it leads elsewhere than to this hub's store; an error if it leads
/// there and does not count.
pub fn open(url: &str, settings: &Settings, now: Timestamp) -> Option<Result<Address, BlobError>> {
    let rest = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let (host, target) = rest.split_at_checked(rest.find('/')?)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    if !settings.answers_to(host) || !super::is_blob_path(path) {
        return None;
    }
    let request = Request {
        method: Method::Get,
        path: path.to_owned(),
        query: query.to_owned(),
        headers: Vec::new(),
        body: Vec::new(),
        secure: true,
    };
    Some(verified(&request, settings, now))
}

fn verified(request: &Request, settings: &Settings, now: Timestamp) -> Result<Address, BlobError> {
    let Place { container, blob } = operation::place(&request.path)?;
    let permissions = signed_url::verify(
        request,
        &container,
        blob.as_ref(),
        &settings.session_key,
        now,
    )?;
    Ok(Address {
        container,
        blob,
        permissions,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::Grant;
    use crate::http::fake::FakeHub;

    #[test]
    fn own_urls_are_opened_and_others_are_left_alone() {
        let hub = FakeHub::new();
        let settings = hub.settings.clone().unwrap();
        let now = hub.now.get();
        let container = ContainerName::parse("exports").unwrap();
        let permissions = Permissions::parse("rwd").unwrap();
        let grant = Grant::new(container.clone(), None, permissions, now, 60);
        let target = grant.path_and_query(&settings.session_key).unwrap();
        for host in ["https://hub.example", "http://localhost:8787"] {
            let opened = open(&format!("{host}{target}"), &settings, now);
            let expected = Address {
                container: container.clone(),
                blob: None,
                permissions,
            };
            assert_eq!(opened, Some(Ok(expected)), "{host}");
        }
        for url in [
            format!("https://account.blob.example{target}"),
            format!("https://hub.example/x{target}"),
            format!("ftp://hub.example{target}"),
            "https://hub.example".to_owned(),
            String::new(),
        ] {
            assert_eq!(open(&url, &settings, now), None, "{url}");
        }
        let over = open(
            &format!("https://hub.example{target}"),
            &settings,
            now.plus_seconds(60),
        );
        assert_eq!(over, Some(Err(BlobError::AuthenticationFailed)));
        let bare = open("https://hub.example/blobs/exports", &settings, now);
        assert_eq!(bare, Some(Err(BlobError::NoAuthenticationInformation)));
    }
}
