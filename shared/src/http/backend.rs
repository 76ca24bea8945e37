//! What the HTTP side needs from the outside: actors, settings, time and randomness.
//!
//! The worker implements it over Durable Objects, the simulation over the same actors in
//! one process. Nothing of `http` reaches the world in any other way.

use super::message::Request;
use super::outbound::Answer;
use crate::blob::BlobStore;
use crate::error::{ErrorCode, HubError};
use crate::ipc::Layout;
use crate::ipc::events::{EventsRequest, EventsResult};
use crate::ipc::gateway::{GatewayRequest, GatewayResult};
use crate::ipc::hub::{HubRequest, HubResult, Settings};
use crate::ipc::registry::{RegistryRequest, RegistryResult};
use crate::maintenance::{NoZones, Zones};
use crate::throttle::Throttles;
use crate::time::Timestamp;
use crate::x509::SignatureCheck;
use std::cell::RefCell;
use std::rc::Rc;

/// The hub's actors and the few things that only a running process has.
#[allow(async_fn_in_trait)] // futures stay on one thread, as everywhere in workerd
pub trait Backend {
    /// The hub's blob store.
    type Blobs: BlobStore;
    /// Content of blobs.
    fn blobs(&self) -> Rc<Self::Blobs>;
    /// The time.
    fn now(&self) -> Timestamp;
    /// Fills with random bytes.
    fn random(&self, bytes: &mut [u8]);
    /// Object counts of this deployment.
    fn layout(&self) -> Layout;
    /// Settings from the read-mostly mirror; may be a minute old. `None`: the hub was never
    /// bootstrapped.
    async fn settings(&self) -> Result<Option<Rc<Settings>>, HubError>;
    /// The buckets of this process, for everything that comes over HTTP.
    fn throttles(&self) -> Rc<RefCell<Throttles>>;
    /// Asks a registry shard.
    async fn registry(&self, shard: u16, request: RegistryRequest) -> RegistryResult;
    /// Asks a gateway.
    async fn gateway(&self, gateway: u16, request: GatewayRequest) -> GatewayResult;
    /// Asks an event partition.
    async fn events(&self, partition: u16, request: EventsRequest) -> EventsResult;
    /// Appends telemetry records encoded by `hub::segment` to a partition.
    async fn append(&self, partition: u16, batch: Vec<u8>) -> Result<(), HubError>;
    /// Asks the hub object.
    async fn hub(&self, request: HubRequest) -> HubResult;
    /// The client certificate of the request's TLS connection, told by somebody who cannot
    /// be the client; as `ClientCertificate::to_text`.
    fn client_certificate(&self) -> Option<String> {
        None
    }
    /// Verifies a certificate's signature with the platform's cryptography. Whatever cannot
    /// be computed is not verified.
    async fn verify_signature(&self, check: &SignatureCheck<'_>) -> bool {
        let _ = check;
        false
    }
    /// The next piece of the request's body, `None` at its end: for operations that read it as
    /// it comes ([`super::reads_body_in_pieces`]), whose request has none.
    async fn body_piece(&self) -> Result<Option<Vec<u8>>, HubError> {
        Ok(None)
    }
    /// `BOOTSTRAP_SECRET` of the deployment.
    fn bootstrap_secret(&self) -> Option<String>;
    /// Configured host names (`HUB_HOST_NAMES`).
    fn host_names(&self) -> Vec<String>;
    /// Hosts, with a port if it is not the usual one, that the operator lets the hub send
    /// to though they are not public (`HUB_ALLOWED_HOSTS`).
    fn allowed_hosts(&self) -> Vec<String>;
    /// Sends a request to another server, follows no redirect and gives up after
    /// [`super::outbound::PATIENCE_MILLISECONDS`]. Only [`super::outbound::send`] calls it,
    /// after it has looked where the request goes. A body of more than `limit` bytes is cut
    /// off where the status tells of an error, and is a failure else.
    async fn fetch(
        &self,
        origin: &str,
        request: &Request,
        limit: usize,
    ) -> Result<Answer, HubError>;
    /// Queues that the deployment has bound, by the names that endpoints call them.
    fn queues(&self) -> Vec<String> {
        Vec::new()
    }
    /// Puts events, a JSON array, into a queue in their order, each a message. Answers with a
    /// status as a receiver would: 413 if one is too large for a queue.
    async fn enqueue(&self, queue: &str, events: &[u8]) -> Result<u16, HubError> {
        let _ = events;
        Err(HubError::new(
            ErrorCode::ServiceUnavailable,
            format!("no queue {queue} is bound"),
        ))
    }
    /// The rules of time zones.
    fn zones(&self) -> Rc<dyn Zones> {
        Rc::new(NoZones)
    }
    /// Whether the use of an API token is worth telling now; a deployment tells it rarely.
    fn tells_use_of(&self, token: &str) -> bool {
        let _ = token;
        true
    }

    /// Waits.
    async fn sleep(&self, milliseconds: u32);
    /// Takes a line, JSON, to the log. Never a secret, a query or a body.
    fn log(&self, line: &str) {
        let _ = line;
    }
    /// Takes the detail of an internal failure, which never reaches a caller, to the log.
    fn report(&self, detail: &str) {
        let _ = detail;
    }
}
