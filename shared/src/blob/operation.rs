//! Verb, path and query of the store → what is asked for. Pure.

use super::block::BlockId;
use super::error::BlobError;
use super::listing::ListQuery;
use super::name::{BlobName, ContainerName};
use super::signed_url::Permissions;
use super::{ROOT, name};
use crate::http::message::{Method, Request};
use crate::percent;

/// Longer paths cannot be legal: names with every byte escaped.
const MAX_PATH_LENGTH: usize = 3 * name::MAX_BLOB_NAME_BYTES + 256;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The container.
    pub container: ContainerName,
    /// The blob, unless the container itself is meant.
    pub blob: Option<BlobName>,
}

/// What a request wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobOperation {
    /// `PUT ?restype=container`
    CreateContainer,
    /// `GET` or `HEAD ?restype=container`
    ContainerProperties,
    /// `GET ?restype=container&comp=list`
    List(ListQuery),
    /// `PUT`
    PutBlob(BlobName),
    /// `PUT ?comp=block&blockid=`
    PutBlock(BlobName, BlockId),
    /// `PUT ?comp=blocklist`
    PutBlockList(BlobName),
    /// `GET`
    GetBlob(BlobName),
    /// `HEAD`
    BlobProperties(BlobName),
    /// `DELETE`
    DeleteBlob(BlobName),
}

impl BlobOperation {
    /// Permissions of which one is enough.
    pub fn permissions(&self) -> Permissions {
        use Permissions as P;
        match self {
            Self::CreateContainer => P::CREATE.and(P::WRITE),
            Self::ContainerProperties => P::READ.and(P::LIST).and(P::CREATE).and(P::WRITE),
            Self::List(_) => P::LIST,
            Self::PutBlob(_) | Self::PutBlock(..) | Self::PutBlockList(_) => {
                P::CREATE.and(P::WRITE)
            }
            Self::GetBlob(_) | Self::BlobProperties(_) => P::READ,
            Self::DeleteBlob(_) => P::DELETE,
        }
    }
}

/// Reads the path. The blob's name is everything behind the container, decoded once; whether
/// its slashes are escaped makes no difference.
pub fn place(raw_path: &str) -> Result<Place, BlobError> {
    let path = raw_path
        .strip_prefix(ROOT)
        .and_then(|rest| rest.strip_prefix('/'))
        .filter(|rest| !rest.is_empty())
        .ok_or(BlobError::ResourceNotFound)?;
    if raw_path.len() > MAX_PATH_LENGTH {
        return Err(BlobError::InvalidResourceName);
    }
    let (container, blob) = match path.split_once('/') {
        Some((container, "")) => (container, None),
        Some((container, blob)) => (container, Some(blob)),
        None => (path, None),
    };
    let illegal = BlobError::InvalidResourceName;
    let blob = blob
        .map(|blob| percent::decode(blob).and_then(|blob| BlobName::parse(&blob)))
        .map(|blob| blob.ok_or(illegal))
        .transpose()?;
    let container = percent::decode(container)
        .and_then(|container| ContainerName::parse(&container))
        .ok_or(illegal)?;
    Ok(Place { container, blob })
}

/// Reads verb and query.
pub fn operation(request: &Request, place: &Place) -> Result<BlobOperation, BlobError> {
    use BlobOperation as O;
    use Method::{Delete, Get, Head, Put};
    let parameter = |name: &str| {
        request
            .parameter(name)
            .unwrap_or_default()
            .to_ascii_lowercase()
    };
    let (kind, part) = (parameter("restype"), parameter("comp"));
    if ["snapshot", "versionid"]
        .iter()
        .any(|name| request.filled_parameter(name).is_some())
    {
        return Err(BlobError::UnsupportedQueryParameter);
    }
    let Some(blob) = place.blob.clone() else {
        return match (request.method, kind.as_str(), part.as_str()) {
            (Put, "container", "") => Ok(O::CreateContainer),
            (Get | Head, "container", "") => Ok(O::ContainerProperties),
            (Get, "container", "list") => Ok(O::List(ListQuery::of(request)?)),
            (Put | Get | Head | Delete, _, _) => Err(BlobError::UnsupportedQueryParameter),
            _ => Err(BlobError::UnsupportedHttpVerb),
        };
    };
    match (request.method, kind.as_str(), part.as_str()) {
        (Put, "", "") => Ok(O::PutBlob(blob)),
        (Put, "", "block") => {
            let id = request.parameter("blockid").unwrap_or_default();
            let id = BlockId::parse(&id).ok_or(BlobError::InvalidBlockId)?;
            Ok(O::PutBlock(blob, id))
        }
        (Put, "", "blocklist") => Ok(O::PutBlockList(blob)),
        (Get, "", "") => Ok(O::GetBlob(blob)),
        (Head, "", "") => Ok(O::BlobProperties(blob)),
        (Delete, "", "") => Ok(O::DeleteBlob(blob)),
        (Put | Get | Head | Delete, _, _) => Err(BlobError::UnsupportedQueryParameter),
        _ => Err(BlobError::UnsupportedHttpVerb),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::fake::request;

    fn read(method: Method, target: &str) -> Result<BlobOperation, BlobError> {
        let request = request(method, target);
        operation(&request, &place(&request.path)?)
    }

    #[test]
    fn paths_lead_to_names() {
        for path in ["/blobs/abc/d/x%20y", "/blobs/abc/d%2Fx%20y"] {
            let place = place(path).unwrap();
            assert_eq!(place.container.as_str(), "abc");
            assert_eq!(place.blob.unwrap().as_str(), "d/x y");
        }
        assert_eq!(place("/blobs/abc/").unwrap().blob, None);
        for (path, error) in [
            ("/blobs", BlobError::ResourceNotFound),
            ("/blobs/", BlobError::ResourceNotFound),
            ("/blobsabc/x", BlobError::ResourceNotFound),
            ("/blobs/ABC/x", BlobError::InvalidResourceName),
            ("/blobs/abc/%2E%2E/x", BlobError::InvalidResourceName),
            ("/blobs/abc/a%00", BlobError::InvalidResourceName),
            ("/blobs/abc/%ff", BlobError::InvalidResourceName),
        ] {
            assert_eq!(place(path), Err(error), "{path}");
        }
        let long = format!("/blobs/abc/{}", "%61".repeat(3000));
        assert_eq!(place(&long), Err(BlobError::InvalidResourceName));
    }

    #[test]
    fn verbs_and_parameters_lead_to_operations() {
        use BlobOperation as O;
        let blob = || BlobName::parse("x").unwrap();
        for (method, target, expected) in [
            (Method::Put, "/blobs/abc/x", O::PutBlob(blob())),
            (
                Method::Put,
                "/blobs/abc/x?comp=blocklist",
                O::PutBlockList(blob()),
            ),
            (
                Method::Put,
                "/blobs/abc/x?comp=block&blockid=QQ%3D%3D",
                O::PutBlock(blob(), BlockId::parse("QQ==").unwrap()),
            ),
            (Method::Get, "/blobs/abc/x?sig=1", O::GetBlob(blob())),
            (Method::Head, "/blobs/abc/x", O::BlobProperties(blob())),
            (Method::Delete, "/blobs/abc/x", O::DeleteBlob(blob())),
            (
                Method::Put,
                "/blobs/abc?restype=container",
                O::CreateContainer,
            ),
            (
                Method::Get,
                "/blobs/abc?restype=container",
                O::ContainerProperties,
            ),
        ] {
            assert_eq!(read(method, target), Ok(expected), "{target}");
        }
        for (method, target, error) in [
            (Method::Post, "/blobs/abc/x", BlobError::UnsupportedHttpVerb),
            (
                Method::Put,
                "/blobs/abc/x?comp=block",
                BlobError::InvalidBlockId,
            ),
            (
                Method::Put,
                "/blobs/abc/x?comp=metadata",
                BlobError::UnsupportedQueryParameter,
            ),
            (
                Method::Get,
                "/blobs/abc/x?comp=blocklist",
                BlobError::UnsupportedQueryParameter,
            ),
            (
                Method::Get,
                "/blobs/abc/x?snapshot=1",
                BlobError::UnsupportedQueryParameter,
            ),
            (
                Method::Delete,
                "/blobs/abc?restype=container",
                BlobError::UnsupportedQueryParameter,
            ),
            (
                Method::Get,
                "/blobs/abc",
                BlobError::UnsupportedQueryParameter,
            ),
        ] {
            assert_eq!(read(method, target), Err(error), "{target}");
        }
    }
}
