//! One actor alone on a stage, with time in the test's hands.

use crate::actor::{Actor, Answer, Input, Output, Request};
use crate::device::HOST;
use crate::random::Random;
use crate::sockets::{Socket, SocketTable};
use crate::world::START;
use serde_json::Value;
use shared::auth::policy::default_policies;
use shared::hub::effects::{Outcome, Outgoing};
use shared::hub::gateway::Slot;
use shared::hub::segment;
use shared::ids::{DeviceId, Identity};
use shared::ipc::alert::{ListAlerts, RaiseAlert};
use shared::ipc::events::{
    EventPage, EventsReply, EventsRequest, EventsResult, Position, ReadEvents,
};
use shared::ipc::gateway::GatewayReply;
use shared::ipc::hub::{
    CloudToDevice, HubReply, HubRequest, HubResult, Retention, Route, Settings,
};
use shared::ipc::registry::{RegistryReply, RegistryRequest, RegistryResult};
use shared::ipc::{Address, ConnectionId, Layout};
use shared::time::Timestamp;
use std::rc::Rc;

/// One of each.
pub const LAYOUT: Layout = Layout {
    gateways: 1,
    shards: 1,
    partitions: 1,
};

/// Settings with fixed keys and every hub event routed.
pub fn settings() -> Settings {
    let mut random = Random::new(7);
    let mut key = || <[u8; 32]>::try_from(random.bytes(32)).expect("32 bytes");
    let keys = std::array::from_fn(|_| [key(), key()]);
    let route = |source: &str| Route {
        name: source.to_owned(),
        source: source.to_owned(),
        condition: "true".to_owned(),
        is_enabled: true,
        endpoint: "events".to_owned(),
    };
    Settings {
        version: 1,
        host_names: vec![HOST.to_owned()],
        layout: LAYOUT,
        policies: default_policies(&keys),
        session_key: vec![1; 32],
        routes: [
            "TwinChangeEvents",
            "DeviceLifecycleEvents",
            "DeviceConnectionStateEvents",
        ]
        .map(route)
        .to_vec(),
        routing: Default::default(),
        retention: Retention::default(),
        cloud_to_device: CloudToDevice::default(),
        authorities: Vec::new(),
        tag_schema: None,
        maintenance: Vec::new(),
        alert_rules: Vec::new(),
        patterns: Vec::new(),
        disruptions: shared::maintenance::Disruption::built_in(),
        throttles: Default::default(),
        query_indexes: Vec::new(),
        twin_history: Default::default(),
        file_upload: Default::default(),
        access: Default::default(),
    }
}

/// A device's identity.
pub fn identity(id: &str) -> Identity {
    Identity::device(device(id))
}

/// A device id.
pub fn device(id: &str) -> DeviceId {
    DeviceId::parse(id).expect("a legal id")
}

/// The stage.
#[derive(Debug)]
pub struct Stage {
    /// Who stands on it.
    pub actor: Actor,
    /// The time.
    pub now: Timestamp,
    /// What the last input led to, besides its answer.
    pub output: Output,
    /// Random bytes for requests.
    pub random: Random,
    /// Of what it has told the hub object, in [`Self::settle_calls`].
    pub alerts: Vec<RaiseAlert>,
    sockets: SocketTable,
    last_token: u64,
}

impl Stage {
    fn new(address: Address) -> Self {
        Self {
            actor: Actor::new(address, LAYOUT),
            now: Timestamp::from_milliseconds(START),
            output: Output::default(),
            random: Random::new(1),
            alerts: Vec::new(),
            sockets: SocketTable::default(),
            last_token: 0,
        }
    }

    /// A registry shard with [`settings`].
    pub fn registry() -> Self {
        let mut stage = Self::new(Address::Registry(0));
        stage
            .ask(RegistryRequest::ApplySettings(Box::new(settings())))
            .expect("settings apply");
        stage
    }

    /// A gateway that was never woken.
    pub fn gateway() -> Self {
        Self::new(Address::Gateway(0))
    }

    /// A socket that a gateway may find after hibernation.
    pub fn hold_socket(&mut self, slot: Slot, connection: ConnectionId, attachment: &str) {
        let socket = Socket {
            gateway: 0,
            device: None,
            connection,
            attachment: attachment.to_owned(),
            closing: false,
            abandoned: false,
        };
        self.sockets.open.insert(slot, socket);
    }

    /// A partition with [`settings`].
    pub fn events() -> Self {
        let mut stage = Self::new(Address::Events(0));
        stage
            .partition(EventsRequest::ApplySettings(Box::new(settings())))
            .expect("settings apply");
        stage
    }

    /// A hub object that was never bootstrapped.
    pub fn hub() -> Self {
        Self::new(Address::Hub)
    }

    /// A hub object that was set up.
    ///
    /// # Panics
    /// If it does not agree.
    pub fn bootstrapped() -> Self {
        let mut stage = Self::hub();
        let bootstrap = HubRequest::Bootstrap {
            host_names: vec!["hub.example".to_owned()],
            layout: LAYOUT,
            entropy: vec![7; shared::hub::administration::bootstrap::ENTROPY_BYTES],
        };
        stage.administer(bootstrap).expect("bootstrap");
        stage
    }

    /// The alerts that a hub object lists.
    ///
    /// # Panics
    /// If it lists none.
    pub fn alerts(&mut self, wanted: ListAlerts) -> Vec<Value> {
        match self.administer(HubRequest::ListAlerts(Box::new(wanted))) {
            Ok(HubReply::Alerts(alerts, _)) => alerts,
            other => panic!("{other:?}"),
        }
    }

    /// Time passes.
    pub fn wait(&mut self, milliseconds: i64) {
        self.now = self.now.plus_milliseconds(milliseconds);
    }

    /// Gives it an input.
    pub fn input(&mut self, input: Input) {
        self.output = self.actor.handle(self.now, input, &self.sockets.of(0));
    }

    /// Sends a request; the token it has, for an answer that comes later.
    pub fn request(&mut self, request: Request) -> (u64, Option<Answer>) {
        self.last_token += 1;
        self.input(Input::Request(self.last_token, request));
        (self.last_token, self.output.answer.clone())
    }

    /// Asks a registry shard that answers at once.
    pub fn ask(&mut self, request: RegistryRequest) -> RegistryResult {
        match self.request(Request::Actor(Outgoing::Registry(request))).1 {
            Some(Answer::Registry(result)) => result,
            other => panic!("{other:?} is no answer of a shard"),
        }
    }

    /// Asks a shard, which must agree.
    pub fn asked(&mut self, request: RegistryRequest) -> RegistryReply {
        self.ask(request).expect("the shard agrees")
    }

    /// Asks a partition that answers at once.
    pub fn partition(&mut self, request: EventsRequest) -> EventsResult {
        match self.request(Request::Actor(Outgoing::Events(request))).1 {
            Some(Answer::Events(result)) => result,
            other => panic!("{other:?} is no answer of a partition"),
        }
    }

    /// Reads a page that must not wait.
    pub fn read(&mut self, position: Position) -> EventPage {
        self.read_with(ReadEvents {
            position,
            max: 1000,
            device: None,
            sources: Vec::new(),
            filter: None,
            wait_until: None,
            place: None,
        })
    }

    /// Reads a page that must not wait, with filters.
    pub fn read_with(&mut self, read: ReadEvents) -> EventPage {
        match self.partition(EventsRequest::Read(read)) {
            Ok(EventsReply::Page(page)) => page,
            other => panic!("{other:?} is no page"),
        }
    }

    /// Appends telemetry of one device, one segment with these bodies.
    pub fn append(&mut self, id: &str, bodies: &[&str]) {
        let mut data = Vec::new();
        for body in bodies {
            let record = segment::Record {
                device: id,
                bag: "%24.ct=application%2Fjson&%24.ce=utf-8",
                body: body.as_bytes(),
                auth_method: "{}",
                ..segment::Record::default()
            };
            segment::encode(&mut data, &record);
        }
        match self
            .request(Request::Actor(Outgoing::Append(Rc::new(data))))
            .1
        {
            Some(Answer::Appended(Ok(()))) => {}
            other => panic!("not stored: {other:?}"),
        }
    }

    /// Asks the hub object; the answer comes after its pushes are answered.
    pub fn administer(&mut self, request: HubRequest) -> HubResult {
        let (token, answer) = self.request(Request::Hub(request));
        let mut answer = answer;
        let calls = std::mem::take(&mut self.output.calls);
        for call in calls {
            let outcome = match call.request {
                Outgoing::Registry(_) => Outcome::Registry(Ok(RegistryReply::Done)),
                _ => Outcome::Events(Ok(EventsReply::Done)),
            };
            self.input(Input::Outcome(call.correlation, outcome));
            let replies = std::mem::take(&mut self.output.replies);
            answer = answer.or(replies
                .into_iter()
                .find(|(waiting, _)| *waiting == token)
                .map(|(_, answer)| answer));
        }
        match answer {
            Some(Answer::Hub(result)) => result,
            other => panic!("{other:?} is no answer of the hub object"),
        }
    }

    /// Answers every call of the last input as a gateway and partitions that work.
    pub fn settle_calls(&mut self) {
        let mut calls = std::mem::take(&mut self.output.calls);
        while !calls.is_empty() {
            for call in calls {
                let outcome = match call.request {
                    Outgoing::Gateway(_) => Outcome::Gateway(Ok(GatewayReply::Done)),
                    Outgoing::Registry(_) => Outcome::Registry(Ok(RegistryReply::Done)),
                    Outgoing::Events(_) => Outcome::Events(Ok(EventsReply::Done)),
                    Outgoing::Hub(request) => {
                        if let HubRequest::ReportAlerts(report) = *request {
                            for (_, alerts) in report.alerts {
                                self.alerts.extend(alerts.read().expect("alerts"));
                            }
                        }
                        Outcome::Hub(Ok(HubReply::Done))
                    }
                    Outgoing::Append(_) => Outcome::Appended(Ok(())),
                };
                self.input(Input::Outcome(call.correlation, outcome));
            }
            calls = std::mem::take(&mut self.output.calls);
        }
    }
}
