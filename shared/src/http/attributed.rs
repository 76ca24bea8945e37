//! The backend as one caller's requests see it: whatever changes something carries who is
//! behind it, so that the actors can write the record (`device-management.md` §6).
//!
//! It adds that and nothing else; operations need not know of it.

use super::authorize::Caller;
use super::backend::Backend;
use super::error::Trace;
use super::message::Request;
use super::outbound::Answer;
use crate::error::HubError;
use crate::ipc::Layout;
use crate::ipc::audit::{AuditEntry, Cause};
use crate::ipc::events::{EventsRequest, EventsResult};
use crate::ipc::gateway::{GatewayRequest, GatewayResult};
use crate::ipc::hub::{HubRequest, HubResult, Settings};
use crate::ipc::registry::{Caused, RecordAudit, RegistryRequest, RegistryResult};
use crate::json;
use crate::maintenance::Zones;
use crate::throttle::Throttles;
use crate::time::Timestamp;
use crate::x509::SignatureCheck;
use futures_util::future::join;
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;

/// Longest note of where a request came from.
const MAX_SOURCE_BYTES: usize = 64;

/// A backend on somebody's behalf.
#[derive(Debug)]
pub struct Attributed<'a, B> {
    backend: &'a B,
    cause: Cause,
    /// The caller's trace (W3C Trace Context), which goes on where the hub calls out.
    trace: Vec<(String, String)>,
}

/// Headers of a trace, and the longest value that is passed on.
const TRACE_HEADERS: [&str; 2] = ["traceparent", "tracestate"];
const MAX_TRACE_BYTES: usize = 512;

/// Where a request comes from, as far as the platform tells: it overwrites this header with what
/// it saw.
pub fn source(request: &Request) -> Option<&str> {
    request
        .header("cf-connecting-ip")
        .filter(|address| address.len() <= MAX_SOURCE_BYTES)
}

impl<'a, B: Backend> Attributed<'a, B> {
    /// For the caller of a request.
    pub fn new(backend: &'a B, request: &Request, caller: &Caller, trace: &Trace) -> Self {
        let cause = Cause {
            actor: caller.actor.clone(),
            role: caller.role.map(|role| role.as_str().to_owned()),
            source: source(request).map(str::to_owned),
            request_id: trace.request_id.clone(),
        };
        let trace = TRACE_HEADERS.iter().filter_map(|name| {
            let value = request.header(name)?;
            let fits = value.len() <= MAX_TRACE_BYTES;
            fits.then(|| ((*name).to_owned(), value.to_owned()))
        });
        Self {
            backend,
            cause,
            trace: trace.collect(),
        }
    }

    /// The backend itself, for what nobody is behind. Whatever is large and generic should be
    /// made for one of the two only.
    pub fn unattributed(&self) -> &'a B {
        self.backend
    }
}

impl<B: Backend> Backend for Attributed<'_, B> {
    type Blobs = B::Blobs;

    fn blobs(&self) -> Rc<Self::Blobs> {
        self.backend.blobs()
    }

    fn now(&self) -> Timestamp {
        self.backend.now()
    }

    fn random(&self, bytes: &mut [u8]) {
        self.backend.random(bytes);
    }

    fn layout(&self) -> Layout {
        self.backend.layout()
    }

    async fn settings(&self) -> Result<Option<Rc<Settings>>, HubError> {
        self.backend.settings().await
    }

    fn throttles(&self) -> Rc<RefCell<Throttles>> {
        self.backend.throttles()
    }

    async fn registry(&self, shard: u16, request: RegistryRequest) -> RegistryResult {
        let request = if request.is_recorded() {
            RegistryRequest::Caused(Box::new(Caused {
                cause: self.cause.clone(),
                request,
            }))
        } else {
            request
        };
        self.backend.registry(shard, request).await
    }

    async fn gateway(&self, gateway: u16, request: GatewayRequest) -> GatewayResult {
        let GatewayRequest::InvokeMethod(invocation) = &request else {
            return self.backend.gateway(gateway, request).await;
        };
        // A gateway keeps no record; the device's shard does, beside the call.
        let record = RegistryRequest::RecordAudit(Box::new(RecordAudit {
            cause: self.cause.clone(),
            entry: AuditEntry {
                action: "invokeMethod".to_owned(),
                target: Some(invocation.identity.clone()),
                result: "requested".to_owned(),
                before: Value::Null,
                after: json!({ "methodName": invocation.method }),
            },
        }));
        let shard = self.layout().shard_of(&invocation.identity.device);
        let (answer, recorded) = join(
            self.backend.gateway(gateway, request.clone()),
            self.backend.registry(shard, record),
        )
        .await;
        if let Err(error) = recorded {
            self.report(&format!("a method call is not in the record: {error}"));
        }
        answer
    }

    async fn events(&self, partition: u16, request: EventsRequest) -> EventsResult {
        self.backend.events(partition, request).await
    }

    async fn append(&self, partition: u16, batch: Vec<u8>) -> Result<(), HubError> {
        self.backend.append(partition, batch).await
    }

    async fn hub(&self, request: HubRequest) -> HubResult {
        let request = if request.is_recorded() {
            HubRequest::Caused {
                cause: self.cause.clone(),
                request: Box::new(request),
            }
        } else {
            request
        };
        self.backend.hub(request).await
    }

    async fn body_piece(&self) -> Result<Option<Vec<u8>>, HubError> {
        self.backend.body_piece().await
    }

    fn client_certificate(&self) -> Option<String> {
        self.backend.client_certificate()
    }

    async fn verify_signature(&self, check: &SignatureCheck<'_>) -> bool {
        self.backend.verify_signature(check).await
    }

    fn bootstrap_secret(&self) -> Option<String> {
        self.backend.bootstrap_secret()
    }

    fn host_names(&self) -> Vec<String> {
        self.backend.host_names()
    }

    fn allowed_hosts(&self) -> Vec<String> {
        self.backend.allowed_hosts()
    }

    async fn fetch(
        &self,
        origin: &str,
        request: &Request,
        limit: usize,
    ) -> Result<Answer, HubError> {
        if self.trace.is_empty() {
            return self.backend.fetch(origin, request, limit).await;
        }
        let mut traced = request.clone();
        traced.headers.extend(self.trace.iter().cloned());
        self.backend.fetch(origin, &traced, limit).await
    }

    fn queues(&self) -> Vec<String> {
        self.backend.queues()
    }

    async fn enqueue(&self, queue: &str, events: &[u8]) -> Result<u16, HubError> {
        self.backend.enqueue(queue, events).await
    }

    fn zones(&self) -> Rc<dyn Zones> {
        self.backend.zones()
    }

    async fn sleep(&self, milliseconds: u32) {
        self.backend.sleep(milliseconds).await;
    }

    fn report(&self, detail: &str) {
        self.backend.report(detail);
    }
}

#[cfg(test)]
mod tests {
    use crate::http::fake::{FakeHub, block_on, request};
    use crate::http::{Method, handle};
    use crate::ipc::hub::{HubReply, HubRequest};
    use crate::json;

    #[test]
    fn the_trace_of_a_request_goes_on_where_the_hub_calls_out_for_it() {
        let hub = FakeHub::new();
        let mut settings = hub.settings.as_ref().unwrap().as_ref().clone();
        let hub = hub.hub_answers(move |request| {
            if let HubRequest::PutRouting(change) = request {
                settings.routing = *change.routing;
            }
            Ok(HubReply::Settings(Box::new(settings.clone())))
        });
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let ask = |state: &str| {
            let webhook = json!({ "name": "outside", "url": "https://store.example:9000/in" });
            let routing = json!({ "routing": { "endpoints": { "webhooks": [webhook] } } });
            let asking = request(Method::Put, "/api/v1/routing")
                .with("authorization", &hub.token("iothubowner"))
                .with("traceparent", parent)
                .with("tracestate", state)
                .with_json(&routing);
            let answer = block_on(handle(&hub, asking));
            assert_eq!(answer.status, 200);
            let shown = answer.value();
            let webhooks = &shown["routing"]["endpoints"]["webhooks"];
            assert_eq!(webhooks[0]["status"], "pending", "nobody answers here");
            hub.fetched.borrow_mut().pop().expect("a validation").1
        };
        let sent = ask("rojo=1");
        assert_eq!(sent.header("traceparent"), Some(parent));
        assert_eq!(sent.header("tracestate"), Some("rojo=1"));
        // What is too long is somebody's mistake, and stays here.
        let sent = ask(&"x".repeat(600));
        assert_eq!(sent.header("traceparent"), Some(parent));
        assert_eq!(sent.header("tracestate"), None);
    }
}
