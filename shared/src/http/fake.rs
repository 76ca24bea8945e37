//! An in-memory hub for tests of the HTTP side: remembers what it was asked and answers as
//! a test tells it to. Its clock moves only when somebody sleeps or waits.

pub use super::fake_requests::request;

use super::backend::Backend;
use super::message::Request;
use super::outbound;
use crate::auth::{Role, Session, policy::default_policies};
use crate::blob::memory::MemoryBlobStore;
use crate::error::{ErrorCode, HubError};
use crate::ipc::Layout;
use crate::ipc::audit::{Cause, OperationNote};
use crate::ipc::events::{
    EventPage, EventsReply, EventsRequest, EventsResult, PartitionInfo, Position, ReadEvents,
};
use crate::ipc::gateway::{GatewayRequest, GatewayResult};
use crate::ipc::hub::{HubRequest, HubResult, Settings};
use crate::ipc::registry::{RegistryReply, RegistryRequest, RegistryResult};
use crate::json;
use crate::throttle::Throttles;
use crate::time::Timestamp;
use crate::x509::SignatureCheck;
use serde_json::Value;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::Poll;

/// Runs a future to its end. Nothing in the fake is ever pending for long.
pub fn block_on<F: std::future::Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    for _ in 0..100_000 {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
    panic!("the future never ends");
}

type Answer<Request, Result> = RefCell<Box<dyn FnMut(u16, Request) -> Result>>;

/// The hub.
pub struct FakeHub {
    pub now: Cell<Timestamp>,
    pub settings: Option<Rc<Settings>>,
    pub secret: Option<String>,
    pub logs: RefCell<Vec<Vec<Value>>>,
    /// Stored when somebody waits: partition and event.
    pub arriving: RefCell<Vec<(Timestamp, u16, Value)>>,
    pub first_kept: Cell<u64>,
    pub checkpoints: RefCell<Vec<(u16, String, u64, bool)>>,
    pub appended: RefCell<Vec<(u16, Vec<u8>)>>,
    pub reads: RefCell<Vec<(u16, ReadEvents)>>,
    pub asked_registry: RefCell<Vec<(u16, RegistryRequest)>>,
    pub asked_gateway: RefCell<Vec<(u16, GatewayRequest)>>,
    pub asked_hub: RefCell<Vec<HubRequest>>,
    pub on_registry: Answer<RegistryRequest, RegistryResult>,
    pub on_gateway: Answer<GatewayRequest, GatewayResult>,
    pub on_hub: RefCell<Box<dyn FnMut(HubRequest) -> HubResult>>,
    /// Who was behind the requests that change something.
    pub causes: RefCell<Vec<Cause>>,
    pub reports: RefCell<Vec<String>>,
    /// Lines of the log.
    pub logged: RefCell<Vec<String>>,
    /// What went into the operations records.
    pub noted: RefCell<Vec<OperationNote>>,
    pub blobs: Rc<MemoryBlobStore>,
    /// Requests to others, and the answers that they get, the last one first.
    pub fetched: RefCell<Vec<(String, Request)>>,
    pub fetch_answers: RefCell<Vec<outbound::Answer>>,
    pub throttles: Rc<RefCell<Throttles>>,
    /// Whether who sleeps for a second or more waits for the clock, instead of moving it.
    pub sleeps_wait: Cell<bool>,
    random: Cell<u8>,
    looks: Cell<u16>,
    /// What the platform says of every signature.
    pub signatures_are_good: Cell<bool>,
    /// The client certificate of every request.
    pub certificate: Option<String>,
}

pub const PARTITIONS: u16 = 3;
pub const SHARDS: u16 = 3;

pub fn time(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Settings of a hub that was started and never changed.
pub fn settings() -> Settings {
    let mut keys = [[[0; 32]; 2]; 5];
    for (number, key) in keys.iter_mut().flatten().enumerate() {
        *key = [u8::try_from(number).unwrap() + 1; 32];
    }
    Settings {
        version: 1,
        host_names: vec!["hub.example".into()],
        layout: Layout {
            gateways: 2,
            shards: SHARDS,
            partitions: PARTITIONS,
        },
        policies: default_policies(&keys),
        session_key: vec![9; 32],
        routes: Vec::new(),
        routing: Default::default(),
        retention: Default::default(),
        cloud_to_device: Default::default(),
        authorities: Vec::new(),
        tag_schema: None,
        maintenance: Vec::new(),
        alert_rules: Vec::new(),
        patterns: Vec::new(),
        disruptions: crate::maintenance::Disruption::built_in(),
        throttles: Default::default(),
        query_indexes: Vec::new(),
        twin_history: Default::default(),
        file_upload: Default::default(),
        access: Default::default(),
    }
}

impl FakeHub {
    pub fn new() -> Self {
        Self {
            now: Cell::new(time("2026-03-01T10:00:00Z")),
            settings: Some(Rc::new(settings())),
            secret: Some("a long secret".into()),
            logs: RefCell::new(vec![Vec::new(); usize::from(PARTITIONS)]),
            arriving: RefCell::default(),
            first_kept: Cell::new(1),
            checkpoints: RefCell::default(),
            appended: RefCell::default(),
            reads: RefCell::default(),
            asked_registry: RefCell::default(),
            asked_gateway: RefCell::default(),
            asked_hub: RefCell::default(),
            on_registry: RefCell::new(Box::new(|_, request| panic!("unexpected {request:?}"))),
            on_gateway: RefCell::new(Box::new(|_, request| panic!("unexpected {request:?}"))),
            on_hub: RefCell::new(Box::new(|request| panic!("unexpected {request:?}"))),
            causes: RefCell::default(),
            reports: RefCell::default(),
            logged: RefCell::default(),
            noted: RefCell::default(),
            blobs: Rc::default(),
            fetched: RefCell::default(),
            fetch_answers: RefCell::default(),
            throttles: Rc::default(),
            sleeps_wait: Cell::new(false),
            random: Cell::new(0),
            looks: Cell::new(PARTITIONS),
            signatures_are_good: Cell::new(false),
            certificate: None,
        }
    }

    pub fn registry_answers(
        self,
        answer: impl FnMut(u16, RegistryRequest) -> RegistryResult + 'static,
    ) -> Self {
        *self.on_registry.borrow_mut() = Box::new(answer);
        self
    }

    pub fn gateway_answers(
        self,
        answer: impl FnMut(u16, GatewayRequest) -> GatewayResult + 'static,
    ) -> Self {
        *self.on_gateway.borrow_mut() = Box::new(answer);
        self
    }

    pub fn hub_answers(self, answer: impl FnMut(HubRequest) -> HubResult + 'static) -> Self {
        *self.on_hub.borrow_mut() = Box::new(answer);
        self
    }

    /// A SAS token of a policy for the whole hub, good for an hour.
    pub fn token(&self, policy: &str) -> String {
        let settings = self.settings.as_ref().unwrap();
        let policy = settings
            .policies
            .iter()
            .find(|known| known.name == policy)
            .unwrap();
        let expiry = self.now.get().plus_seconds(3600);
        crate::auth::sas::sign(
            &policy.primary_key,
            "hub.example",
            expiry,
            Some(&policy.name),
        )
        .unwrap()
    }

    /// The cookie of a person with that role.
    pub fn cookie(&self, role: Role) -> String {
        let session = Session {
            name: "Ada".into(),
            role,
            issued: self.now.get(),
            expires: self.now.get().plus_seconds(3600),
            id: "1".into(),
            account: false,
        };
        format!(
            "skerry_session={}",
            session
                .issue(&self.settings.as_ref().unwrap().session_key)
                .unwrap()
        )
    }

    /// Stores an event so many seconds after ten o'clock.
    pub fn store(&self, partition: u16, seconds: i64, body: Value) -> u64 {
        let at = time("2026-03-01T10:00:00Z").plus_seconds(seconds);
        self.store_event(partition, json!({"enqueuedTime": at.to_string(), "source": "Telemetry", "deviceId": "d", "body": body}))
    }

    fn store_event(&self, partition: u16, mut event: Value) -> u64 {
        let mut logs = self.logs.borrow_mut();
        let log = &mut logs[usize::from(partition)];
        let sequence = log.len() as u64 + 1;
        event["sequenceNumber"] = json!(sequence);
        event["partition"] = json!(partition);
        log.push(event);
        sequence
    }

    /// One look of a waiting reader. Time moves on to the next arrival only after every
    /// partition had a look at the last one.
    fn poll_wait(&self, partition: u16, read: &ReadEvents, until: Timestamp) -> Poll<EventPage> {
        let page = self.read(partition, read);
        if !page.events.is_empty() || self.now.get() >= until {
            return Poll::Ready(page);
        }
        if self.looks.get() > 0 {
            self.looks.set(self.looks.get() - 1);
            return Poll::Pending;
        }
        self.looks.set(PARTITIONS);
        let mut arriving = self.arriving.borrow_mut();
        arriving.sort_by_key(|(at, ..)| *at);
        if arriving.first().is_some_and(|(at, ..)| *at <= until) {
            let (at, partition, event) = arriving.remove(0);
            self.now.set(self.now.get().max(at));
            self.store_event(partition, event);
        } else {
            self.now.set(until);
        }
        Poll::Pending
    }

    fn read(&self, partition: u16, read: &ReadEvents) -> EventPage {
        let logs = self.logs.borrow();
        let log = &logs[usize::from(partition)];
        let last = log.len() as u64;
        let oldest = self.first_kept.get() - 1;
        let from = match &read.position {
            Position::Earliest => oldest,
            Position::Latest => last,
            Position::After(sequence) => *sequence,
            Position::AfterOffset(_) => 0,
            Position::Time(since) => {
                let before =
                    |event: &&Value| time(event["enqueuedTime"].as_str().unwrap()) < *since;
                log.iter().take_while(before).count() as u64
            }
            Position::Checkpoint(group) => {
                let found = self.checkpoints.borrow();
                found
                    .iter()
                    .rfind(|(p, g, ..)| *p == partition && g == group)
                    .map_or(0, |found| found.2)
            }
        };
        let gap = from < oldest;
        let mut page = EventPage {
            events: Vec::new(),
            position: from.max(oldest),
            gap,
        };
        for (index, event) in log.iter().enumerate() {
            let sequence = index as u64 + 1;
            if sequence <= page.position || page.events.len() >= read.max as usize {
                continue;
            }
            let wanted = read
                .device
                .as_ref()
                .is_none_or(|device| event["deviceId"] == device.as_str());
            if wanted {
                page.events.push(event.clone());
            }
            page.position = sequence;
        }
        page
    }
}

impl Backend for FakeHub {
    type Blobs = MemoryBlobStore;

    fn blobs(&self) -> Rc<MemoryBlobStore> {
        self.blobs.set_time(self.now.get());
        self.blobs.clone()
    }

    fn now(&self) -> Timestamp {
        self.now.get()
    }

    fn random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            self.random.set(self.random.get().wrapping_add(1));
            *byte = self.random.get();
        }
    }

    fn layout(&self) -> Layout {
        Layout {
            gateways: 2,
            shards: SHARDS,
            partitions: PARTITIONS,
        }
    }

    async fn settings(&self) -> Result<Option<Rc<Settings>>, HubError> {
        Ok(self.settings.clone())
    }

    fn throttles(&self) -> Rc<RefCell<Throttles>> {
        self.throttles.clone()
    }

    async fn registry(&self, shard: u16, request: RegistryRequest) -> RegistryResult {
        let request = match request {
            RegistryRequest::Caused(caused) => {
                self.causes.borrow_mut().push(caused.cause);
                caused.request
            }
            RegistryRequest::RecordAudit(record) => {
                self.causes.borrow_mut().push(record.cause);
                return Ok(RegistryReply::Done);
            }
            RegistryRequest::NoteOperation(note) => {
                self.noted.borrow_mut().push(*note);
                return Ok(RegistryReply::Done);
            }
            request => request,
        };
        self.asked_registry
            .borrow_mut()
            .push((shard, request.clone()));
        (self.on_registry.borrow_mut())(shard, request)
    }

    async fn gateway(&self, gateway: u16, request: GatewayRequest) -> GatewayResult {
        self.asked_gateway
            .borrow_mut()
            .push((gateway, request.clone()));
        (self.on_gateway.borrow_mut())(gateway, request)
    }

    async fn events(&self, partition: u16, request: EventsRequest) -> EventsResult {
        match request {
            EventsRequest::Read(read) => {
                self.reads.borrow_mut().push((partition, read.clone()));
                let mut page = self.read(partition, &read);
                if let Some(until) = read.wait_until
                    && page.events.is_empty()
                {
                    let gap = page.gap;
                    let again = ReadEvents {
                        position: Position::After(page.position),
                        ..read
                    };
                    page = std::future::poll_fn(|_| self.poll_wait(partition, &again, until)).await;
                    page.gap |= gap;
                }
                Ok(EventsReply::Page(page))
            }
            EventsRequest::Info => {
                let logs = self.logs.borrow();
                let log = &logs[usize::from(partition)];
                Ok(EventsReply::Info(PartitionInfo {
                    id: partition,
                    begin_sequence_number: self.first_kept.get(),
                    last_sequence_number: log.len() as u64,
                    last_offset: String::new(),
                    last_enqueued_time: log
                        .last()
                        .map(|event| time(event["enqueuedTime"].as_str().unwrap())),
                    ..PartitionInfo::default()
                }))
            }
            EventsRequest::Checkpoint {
                group,
                sequence_number,
                force,
            } => {
                let mut stored = self.checkpoints.borrow_mut();
                let back = stored
                    .iter()
                    .any(|(p, g, s, _)| *p == partition && *g == group && *s > sequence_number);
                if back && !force {
                    return Err(HubError::new(ErrorCode::GenericConflict, "backwards"));
                }
                stored.push((partition, group, sequence_number, force));
                Ok(EventsReply::Done)
            }
            EventsRequest::ForgetGroup(group) => {
                self.checkpoints
                    .borrow_mut()
                    .retain(|(p, g, ..)| *p != partition || *g != group);
                Ok(EventsReply::Done)
            }
            EventsRequest::ReadRecords(_) => Ok(EventsReply::Audit(Default::default())),
            EventsRequest::EndpointHealth => Ok(EventsReply::Document(crate::json!({
                "endpoints": [
                    {"isStorage": true, "delivered": 5, "bytes": 700, "dropped": 1, "invalid": 0},
                    {"isStorage": false, "delivered": 2, "bytes": 90, "dropped": 0, "invalid": 3},
                ],
                "orphaned": 4,
                "elsewhere": 10,
            }))),
            other => panic!("unexpected {other:?}"),
        }
    }

    async fn append(&self, partition: u16, batch: Vec<u8>) -> Result<(), HubError> {
        self.appended.borrow_mut().push((partition, batch));
        Ok(())
    }

    async fn hub(&self, request: HubRequest) -> HubResult {
        let request = match request {
            HubRequest::Caused { cause, request } => {
                self.causes.borrow_mut().push(cause);
                *request
            }
            request => request,
        };
        self.asked_hub.borrow_mut().push(request.clone());
        (self.on_hub.borrow_mut())(request)
    }

    fn client_certificate(&self) -> Option<String> {
        self.certificate.clone()
    }

    async fn verify_signature(&self, _check: &SignatureCheck<'_>) -> bool {
        self.signatures_are_good.get()
    }

    fn bootstrap_secret(&self) -> Option<String> {
        self.secret.clone()
    }

    fn host_names(&self) -> Vec<String> {
        vec!["hub.example".into()]
    }

    fn allowed_hosts(&self) -> Vec<String> {
        vec!["store.example:9000".into()]
    }

    async fn fetch(
        &self,
        origin: &str,
        request: &Request,
        _limit: usize,
    ) -> Result<outbound::Answer, HubError> {
        self.fetched
            .borrow_mut()
            .push((origin.to_owned(), request.clone()));
        self.fetch_answers
            .borrow_mut()
            .pop()
            .ok_or_else(|| HubError::internal("no route"))
    }

    async fn sleep(&self, milliseconds: u32) {
        let until = self.now.get().plus_milliseconds(i64::from(milliseconds));
        if milliseconds < 1_000 || !self.sleeps_wait.get() {
            self.now.set(until);
        }
        std::future::poll_fn(|_| match self.now.get() >= until {
            true => Poll::Ready(()),
            false => Poll::Pending,
        })
        .await;
    }

    fn log(&self, line: &str) {
        self.logged.borrow_mut().push(line.to_owned());
    }

    fn report(&self, detail: &str) {
        self.reports.borrow_mut().push(detail.to_owned());
    }
}
