//! A request to the store, from its path to its answer.
//!
//! In this order: the place, the signature, the verb, the permission, then the store. Who has
//! no good URL learns nothing of what is there.

use super::error::BlobError;
use super::name::ContainerName;
use super::operation::{self, BlobOperation, Place};
use super::signed_url::{self, Permissions};
use super::store::{Attributes, BlobStore, Expected, StoreError};
use super::{reading, upload};
use crate::http::backend::Backend;
use crate::http::error::Trace;
use crate::http::message::{Method, Request, Response};
use std::rc::Rc;

/// `x-ms-version` of every answer.
const VERSION: &str = "2021-12-02";
/// Whatever somebody uploaded must never act in the name of the hub's own site. Nor may it
/// take its URL to another one, so no page says where it comes from.
const POLICY: &str = "default-src 'none'; sandbox";

/// The answer: the head, and the content that follows if there is any.
#[derive(Debug)]
pub struct BlobResponse<Outgoing> {
    /// Status, headers, and the whole body unless there is content.
    pub head: Response,
    /// Content as a stream of the store.
    pub content: Option<Outgoing>,
}

impl<Outgoing> From<Response> for BlobResponse<Outgoing> {
    fn from(head: Response) -> Self {
        Self {
            head,
            content: None,
        }
    }
}

/// Content that came with a request.
#[derive(Debug)]
pub struct Body<Incoming> {
    /// Not yet read.
    pub content: Incoming,
    /// `Content-Length`, if it was sent.
    pub length: Option<u64>,
}

/// The content that a hub's store takes and gives.
pub type IncomingOf<B> = <<B as Backend>::Blobs as BlobStore>::Incoming;
/// The content that a hub's store gives.
pub type OutgoingOf<B> = <<B as Backend>::Blobs as BlobStore>::Outgoing;

/// What an operation needs besides its own arguments.
pub(super) struct Context<'a, B: Backend> {
    pub backend: &'a B,
    pub blobs: Rc<B::Blobs>,
    pub request: &'a Request,
    pub container: ContainerName,
    pub allowed: Permissions,
    pub trace: &'a Trace,
}

impl<B: Backend> Context<'_, B> {
    /// The error for a failure of the store that says nothing about the request.
    pub fn failed(&self, error: StoreError) -> BlobError {
        match error {
            StoreError::Unexpected => BlobError::ServerBusy,
            StoreError::WrongDigest => BlobError::Md5Mismatch,
            StoreError::Failed(detail) => {
                let tracking = &self.trace.tracking_id;
                self.backend
                    .report(&format!("{tracking} blob store: {detail}"));
                BlobError::InternalError
            }
        }
    }

    /// Refuses what would go into, or come out of, a container that does not exist.
    pub async fn check_container(&self) -> Result<(), BlobError> {
        let found = self.blobs.properties(&self.container.key()).await;
        match found.map_err(|error| self.failed(error))? {
            Some(_) => Ok(()),
            None => Err(BlobError::ContainerNotFound),
        }
    }
}

/// Answers a request below [`super::ROOT`].
pub async fn handle<B: Backend>(
    backend: &B,
    request: &Request,
    body: Body<IncomingOf<B>>,
) -> BlobResponse<OutgoingOf<B>> {
    let trace = Trace::new(backend);
    let mut answer = match serve(backend, request, body, &trace).await {
        Ok(answer) => answer,
        Err(error) => error.respond(&trace, request.method != Method::Head).into(),
    };
    let head = answer.head;
    let is_cached = head.header("cache-control").is_some();
    let mut head = head
        .with_header("x-ms-request-id", trace.request_id.as_str())
        .with_header("x-ms-version", VERSION)
        .with_header("date", trace.time.http_date())
        .with_header("content-security-policy", POLICY)
        .with_header("referrer-policy", "no-referrer")
        .with_header("x-content-type-options", "nosniff");
    if !is_cached {
        // Compression on the way would change length, ranges and tag.
        head = head.with_header("cache-control", "no-store, no-transform");
    }
    answer.head = head;
    answer
}

async fn serve<B: Backend>(
    backend: &B,
    request: &Request,
    body: Body<IncomingOf<B>>,
    trace: &Trace,
) -> Result<BlobResponse<OutgoingOf<B>>, BlobError> {
    let Place { container, blob } = operation::place(&request.path)?;
    let settings = match backend.settings().await {
        Ok(settings) => settings.ok_or(BlobError::ServerBusy)?,
        Err(error) => {
            backend.report(&format!("{} {error}", trace.tracking_id));
            return Err(BlobError::ServerBusy);
        }
    };
    let allowed = signed_url::verify(
        request,
        &container,
        blob.as_ref(),
        &settings.session_key,
        trace.time,
    )?;
    let place = Place { container, blob };
    let wanted = operation::operation(request, &place)?;
    // A URL of one blob says nothing about its container; `verify` refuses such a place.
    if !allowed.shares(wanted.permissions()) {
        return Err(BlobError::AuthorizationPermissionMismatch);
    }
    let context = Context {
        backend,
        blobs: backend.blobs(),
        request,
        container: place.container,
        allowed,
        trace,
    };
    use BlobOperation as O;
    match wanted {
        O::CreateContainer => create(&context).await.map(Into::into),
        O::ContainerProperties => reading::container(&context).await.map(Into::into),
        O::List(query) => reading::list(&context, &query).await.map(Into::into),
        O::PutBlob(blob) => upload::put_blob(&context, &blob, body)
            .await
            .map(Into::into),
        O::PutBlock(blob, id) => upload::put_block(&context, &blob, &id, body)
            .await
            .map(Into::into),
        O::PutBlockList(blob) => upload::put_block_list(&context, &blob, body)
            .await
            .map(Into::into),
        O::GetBlob(blob) => reading::get(&context, &blob).await,
        O::BlobProperties(blob) => reading::properties(&context, &blob).await.map(Into::into),
        O::DeleteBlob(blob) => reading::delete(&context, &blob).await.map(Into::into),
    }
}

async fn create<B: Backend>(context: &Context<'_, B>) -> Result<Response, BlobError> {
    let created = create_container(context.blobs.as_ref(), &context.container).await;
    if created.map_err(|error| context.failed(error))? {
        Ok(Response::empty(201))
    } else {
        Err(BlobError::ContainerAlreadyExists)
    }
}

/// Makes a container exist; whether it is new.
pub async fn create_container<S: BlobStore>(
    blobs: &S,
    container: &ContainerName,
) -> Result<bool, StoreError> {
    let attributes = Attributes {
        expected: Expected::Absent,
        ..Attributes::default()
    };
    let nothing = blobs.content(Vec::new());
    match blobs.write(&container.key(), nothing, 0, &attributes).await {
        Ok(_) => Ok(true),
        Err(StoreError::Unexpected) => Ok(false),
        Err(error) => Err(error),
    }
}
