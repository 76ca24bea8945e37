//! The HTTP side's way to the actors.

use crate::blobs::R2BlobStore;
use crate::object::layout;
use crate::outbound;
use crate::pieces::Pieces;
use crate::platform::{self, now};
use crate::queues;
use crate::remote;
use crate::settings_mirror;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shared::error::HubError;
use shared::http::Request;
use shared::http::backend::Backend;
use shared::http::outbound::Answer;
use shared::ipc::events::{EventsRequest, EventsResult};
use shared::ipc::gateway::{GatewayRequest, GatewayResult};
use shared::ipc::hub::{HubRequest, HubResult, Settings};
use shared::ipc::registry::{RegistryRequest, RegistryResult};
use shared::ipc::{Address, Layout};
use shared::maintenance::Zones;
use shared::ordered::OrderedMap;
use shared::throttle::Throttles;
use shared::time::Timestamp;
use shared::x509::SignatureCheck;
use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use worker::{Delay, Env};

thread_local! {
    /// Of this isolate; it has as many requests as there are.
    static THROTTLES: Rc<RefCell<Throttles>> = Rc::default();
    /// When the use of an API token was told the last time.
    static TOLD_USES: RefCell<OrderedMap<String, Timestamp>> = RefCell::default();
}

/// Between two notes that an API token was used.
const SECONDS_BETWEEN_USES: i64 = 3600;

/// The actors as Durable Objects. Lives as long as one request.
pub struct WorkerBackend {
    env: Env,
    layout: OnceCell<Layout>,
    certificate: Option<String>,
    /// The body that an operation reads itself.
    body: RefCell<Option<Pieces>>,
}

impl WorkerBackend {
    /// Over these bindings, for a request with this client certificate.
    pub fn new(env: Env, certificate: Option<String>) -> Self {
        Self {
            env,
            layout: OnceCell::new(),
            certificate,
            body: RefCell::new(None),
        }
    }

    /// The same with a body that an operation reads itself.
    pub fn with_body(self, body: Pieces) -> Self {
        Self {
            body: RefCell::new(Some(body)),
            ..self
        }
    }

    /// A variable with names between commas.
    fn list(&self, variable: &str) -> Vec<String> {
        let text = self.env.var(variable).map(|text| text.to_string());
        let names = text.unwrap_or_default();
        let names = names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        names.map(str::to_owned).collect()
    }

    async fn one<Asked: Serialize, Answer: DeserializeOwned>(
        &self,
        to: Address,
        request: Asked,
    ) -> Result<Answer, HubError> {
        let remote = remote::object(&self.env, to)?;
        let answers = remote::ask(&remote, to, &[request]).await?;
        answers
            .into_iter()
            .next()
            .unwrap_or_else(|| Err(HubError::internal("no answer")))
    }
}

impl Backend for WorkerBackend {
    type Blobs = R2BlobStore;

    fn blobs(&self) -> Rc<R2BlobStore> {
        Rc::new(R2BlobStore::new(&self.env))
    }

    fn now(&self) -> Timestamp {
        platform::now()
    }

    fn random(&self, bytes: &mut [u8]) {
        platform::random(bytes);
    }

    fn layout(&self) -> Layout {
        *self.layout.get_or_init(|| layout(&self.env))
    }

    async fn settings(&self) -> Result<Option<Rc<Settings>>, HubError> {
        settings_mirror::read(&self.env).await
    }

    fn tells_use_of(&self, token: &str) -> bool {
        TOLD_USES.with_borrow_mut(|told| {
            let now = now();
            let due = |at: &Timestamp| now >= at.plus_seconds(SECONDS_BETWEEN_USES);
            let is_due = told.get(token).is_none_or(due);
            if is_due {
                told.insert(token.to_owned(), now);
            }
            is_due
        })
    }

    fn throttles(&self) -> Rc<RefCell<Throttles>> {
        THROTTLES.with(Rc::clone)
    }

    async fn registry(&self, shard: u16, request: RegistryRequest) -> RegistryResult {
        self.one(Address::Registry(shard), request).await
    }

    async fn gateway(&self, gateway: u16, request: GatewayRequest) -> GatewayResult {
        self.one(Address::Gateway(gateway), request).await
    }

    async fn events(&self, partition: u16, request: EventsRequest) -> EventsResult {
        self.one(Address::Events(partition), request).await
    }

    async fn append(&self, partition: u16, batch: Vec<u8>) -> Result<(), HubError> {
        let to = Address::Events(partition);
        let remote = remote::object(&self.env, to)?;
        remote::append(&remote, to, &batch).await
    }

    async fn hub(&self, request: HubRequest) -> HubResult {
        self.one(Address::Hub, request).await
    }

    fn zones(&self) -> Rc<dyn Zones> {
        platform::zones()
    }

    async fn body_piece(&self) -> Result<Option<Vec<u8>>, HubError> {
        // Not borrowed while it waits.
        let Some(mut body) = self.body.take() else {
            return Ok(None);
        };
        let piece = body.next().await.map_err(|error| {
            let why = platform::describe(&error);
            HubError::invalid(format!("The body could not be read to its end: {why}."))
        })?;
        self.body.replace(Some(body));
        Ok(piece)
    }

    fn client_certificate(&self) -> Option<String> {
        self.certificate.clone()
    }

    async fn verify_signature(&self, check: &SignatureCheck<'_>) -> bool {
        platform::verify_signature(check).await
    }

    fn bootstrap_secret(&self) -> Option<String> {
        self.env
            .secret("BOOTSTRAP_SECRET")
            .ok()
            .map(|secret| secret.to_string())
            .filter(|secret| !secret.is_empty())
    }

    fn host_names(&self) -> Vec<String> {
        let names = self.list("HUB_HOST_NAMES");
        if names.is_empty() {
            vec!["localhost".to_owned()]
        } else {
            names
        }
    }

    fn allowed_hosts(&self) -> Vec<String> {
        self.list("HUB_ALLOWED_HOSTS")
    }

    async fn fetch(
        &self,
        origin: &str,
        request: &Request,
        limit: usize,
    ) -> Result<Answer, HubError> {
        outbound::fetch(origin, request, limit).await
    }

    fn queues(&self) -> Vec<String> {
        queues::names(&self.env)
    }

    async fn enqueue(&self, queue: &str, events: &[u8]) -> Result<u16, HubError> {
        queues::put(&self.env, queue, events).await
    }

    async fn sleep(&self, milliseconds: u32) {
        Delay::from(Duration::from_millis(u64::from(milliseconds))).await;
    }

    fn log(&self, line: &str) {
        worker::console_log!("{line}");
    }

    fn report(&self, detail: &str) {
        worker::console_error!("{detail}");
    }
}
