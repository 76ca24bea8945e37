//! A simulated device: real MQTT bytes, an SDK's habits, and a memory of what it was told.
//!
//! It publishes until acknowledged, across reconnects; it acknowledges messages when it
//! feels like it; after every connect it asks for its twin. What it learns goes to its
//! diary, which the checks read.

pub use crate::behaviour::{Action, Habits};
pub use crate::diary::{Diary, Received};
use crate::random::Random;
use serde_json::Value;
use shared::auth::audience;
use shared::hub::gateway::Slot;
use shared::ids::Identity;
use shared::mqtt::client::{ClientEvent, ClientOptions, ClientSession, ClientState};
use shared::mqtt::property_bag::SystemProperty;
use shared::time::Timestamp;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

/// The hub's name in every simulation.
pub const HOST: &str = "sim.example.net";
/// Bag of telemetry: the body is JSON.
const JSON_BAG: &str = "%24.ct=application%2Fjson&%24.ce=utf-8";

/// What a device wants done after something happened to it.
#[derive(Debug, Default)]
pub struct Wishes {
    /// Bytes to send on its socket.
    pub bytes: Vec<u8>,
    /// Close its socket.
    pub close: bool,
    /// Do something after so many microseconds.
    pub later: Vec<(i64, Action)>,
}

/// A device.
#[derive(Debug)]
pub struct Device {
    /// Who it is.
    pub identity: Identity,
    /// Its key.
    pub key: String,
    /// How it behaves.
    pub habits: Habits,
    /// Its socket.
    pub slot: Option<Slot>,
    /// What it remembers.
    pub diary: Diary,
    session: ClientSession,
    random: Random,
    /// Subscribed and up to date: telemetry flows.
    ready: bool,
    /// Tags to publish on this connection, oldest first.
    outgoing: VecDeque<u64>,
    next_tag: u64,
    pushed: Option<u64>,
    reports: u64,
    subscribing: BTreeSet<u16>,
    backoff: i64,
}

impl Device {
    /// A device that has not connected yet.
    pub fn new(identity: Identity, key: &str, habits: Habits, random: Random) -> Self {
        let mut options = ClientOptions::new(HOST, identity.clone(), "simulation");
        options.keep_alive = habits.keep_alive;
        options.clean_session = habits.clean_session;
        Self {
            session: ClientSession::new(options),
            identity,
            key: key.to_owned(),
            habits,
            slot: None,
            diary: Diary::default(),
            random,
            ready: false,
            outgoing: VecDeque::new(),
            next_tag: 1,
            pushed: None,
            reports: 0,
            subscribing: BTreeSet::new(),
            backoff: 100_000,
        }
    }

    /// Connected, subscribed and up to date.
    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// Everything it published is acknowledged.
    pub fn is_settled(&self) -> bool {
        self.ready
            && self
                .diary
                .telemetry
                .values()
                .all(|acknowledged| *acknowledged)
    }

    fn elapsed(now: i64) -> Duration {
        Duration::from_micros(now.unsigned_abs())
    }

    /// A SAS token.
    pub fn token(&self, wall: Timestamp) -> String {
        let resource = audience::device_resource(HOST, &self.identity);
        let expiry = wall.plus_seconds(self.habits.token_seconds);
        shared::auth::sas::sign(&self.key, &resource, expiry, None).expect("the key is base64")
    }

    /// Its socket is open: CONNECT.
    pub fn opened(&mut self, now: i64, wall: Timestamp, slot: Slot, wishes: &mut Wishes) {
        self.slot = Some(slot);
        self.ready = false;
        self.pushed = None;
        self.subscribing.clear();
        let token = self.token(wall);
        self.session
            .connect(Self::elapsed(now), Some(&token), &mut wishes.bytes)
            .expect("CONNECT can be written");
        wishes.later.push((1_000_000, Action::Tick(slot)));
    }

    /// Its socket is gone.
    pub fn lost(&mut self, wishes: &mut Wishes) {
        self.slot = None;
        self.ready = false;
        self.session.connection_lost();
        if self.habits.reconnects {
            let wait = self.random.between(self.backoff / 2, self.backoff);
            self.backoff = (self.backoff * 2).min(3_000_000);
            wishes.later.push((wait, Action::Connect));
        }
    }

    /// Bytes from the hub.
    pub fn frame(&mut self, now: i64, slot: Slot, frame: &[u8], wishes: &mut Wishes) {
        let mut events = Vec::new();
        let outcome = self
            .session
            .handle_frame(Self::elapsed(now), frame, &mut events);
        for event in events {
            self.happened(now, slot, event, wishes);
        }
        if let Err(error) = outcome {
            self.diary.complaints.push(error.to_string());
            wishes.close = true;
        }
    }

    fn happened(&mut self, now: i64, slot: Slot, event: ClientEvent, wishes: &mut Wishes) {
        match event {
            ClientEvent::Connected {
                session_present, ..
            } => {
                self.backoff = 100_000;
                self.diary.sessions.push((slot, session_present));
                if session_present && self.random.chance(500) {
                    self.ask_for_twin(now, wishes);
                } else {
                    self.subscribe(now, wishes);
                }
            }
            ClientEvent::Refused(code) => {
                self.diary.refusals.push(code);
                self.backoff = 1_000_000;
            }
            ClientEvent::Subscribed { packet_id, codes } => {
                if codes.contains(&0x80) {
                    self.diary
                        .complaints
                        .push("a documented filter was refused".to_owned());
                }
                self.subscribing.remove(&packet_id);
                if self.subscribing.is_empty() {
                    self.ask_for_twin(now, wishes);
                }
            }
            ClientEvent::Unsubscribed { .. } => {}
            ClientEvent::Acknowledged { tag, .. } => {
                self.diary.telemetry.insert(tag, true);
            }
            ClientEvent::CloudToDevice {
                packet_id,
                redelivered,
                properties,
                ..
            } => {
                let message_id = properties
                    .get(SystemProperty::MessageId)
                    .unwrap_or_default()
                    .to_owned();
                self.diary.received.push(Received {
                    message_id,
                    slot,
                    redelivered,
                });
                if let Some(packet_id) = packet_id
                    && !self.random.chance(self.habits.ignores_messages)
                {
                    let wait = self.random.between(0, 200_000);
                    wishes
                        .later
                        .push((wait, Action::Acknowledge(slot, packet_id)));
                }
            }
            ClientEvent::DesiredChanged { version, .. } => {
                if self.pushed.is_some_and(|before| before >= version) {
                    self.diary
                        .complaints
                        .push(format!("desired {version} came late or twice"));
                }
                self.pushed = Some(version);
                self.diary.desired = self.diary.desired.max(Some(version));
            }
            ClientEvent::MethodCalled {
                request_id,
                payload,
                ..
            } => {
                let call = serde_json::from_slice::<Value>(&payload)
                    .ok()
                    .and_then(|payload| payload.get("call").and_then(Value::as_i64));
                self.diary.methods.extend(call);
                if self.random.chance(self.habits.breaks_on_method) {
                    wishes.close = true;
                } else if !self.random.chance(self.habits.ignores_methods) {
                    let wait = self.random.between(0, 400_000);
                    wishes
                        .later
                        .push((wait, Action::Respond(slot, request_id, payload)));
                }
            }
            ClientEvent::TwinReceived { body, .. } => self.twin_received(now, &body, wishes),
            ClientEvent::TwinReported { version, .. } => self.diary.reported.extend(version),
            // The hub could not say; the SDKs' users ask again, here by reconnecting.
            ClientEvent::TwinFailed { .. } | ClientEvent::TwinTimedOut { .. } => {
                wishes.close |= !self.ready;
            }
        }
    }

    fn subscribe(&mut self, now: i64, wishes: &mut Wishes) {
        let devicebound = format!("devices/{}/messages/devicebound/#", self.identity.device);
        let filters = [
            (devicebound.as_str(), self.habits.devicebound_qos),
            ("$iothub/twin/res/#", 0),
            ("$iothub/twin/PATCH/properties/desired/#", 0),
            ("$iothub/methods/POST/#", 0),
        ];
        for filter in filters {
            let id = self
                .session
                .subscribe(Self::elapsed(now), &[filter], &mut wishes.bytes);
            self.subscribing.extend(id);
        }
    }

    fn ask_for_twin(&mut self, now: i64, wishes: &mut Wishes) {
        let asked = self.session.get_twin(Self::elapsed(now), &mut wishes.bytes);
        assert!(asked.is_ok(), "a connected device may ask for its twin");
    }

    fn twin_received(&mut self, now: i64, body: &[u8], wishes: &mut Wishes) {
        let twin: Value = serde_json::from_slice(body).expect("a twin is JSON");
        let version = twin["desired"]["$version"].as_u64();
        // The answer may have been overtaken by a push, never by an older twin.
        self.diary.desired = self.diary.desired.max(version);
        self.diary.twin = Some(twin["desired"].clone());
        if !self.ready {
            self.ready = true;
            self.outgoing = self
                .diary
                .telemetry
                .iter()
                .filter(|(_, acknowledged)| !**acknowledged)
                .map(|(tag, _)| *tag)
                .collect();
            self.publish_waiting(now, wishes);
        }
    }

    fn publish_waiting(&mut self, now: i64, wishes: &mut Wishes) {
        while let Some(tag) = self.outgoing.pop_front() {
            let body = format!("{{\"tag\":{tag}}}");
            let sent = self.session.publish_telemetry(
                Self::elapsed(now),
                JSON_BAG,
                body.as_bytes(),
                1,
                tag,
                &mut wishes.bytes,
            );
            assert!(sent.is_ok(), "a connected device may publish");
        }
    }

    /// Does something of its own.
    pub fn act(&mut self, now: i64, action: &Action, wishes: &mut Wishes) {
        let here = |slot: &Slot| self.slot == Some(*slot);
        let open = self.session.state() == ClientState::Connected;
        match action {
            Action::Connect => {}
            Action::Tick(slot) if here(slot) => {
                let mut events = Vec::new();
                let ticked = self
                    .session
                    .tick(Self::elapsed(now), &mut wishes.bytes, &mut events);
                for event in events {
                    self.happened(now, *slot, event, wishes);
                }
                wishes.close |= ticked.is_err();
                wishes.later.push((1_000_000, Action::Tick(*slot)));
            }
            Action::Acknowledge(slot, packet_id) if here(slot) && open => {
                let _ = self
                    .session
                    .acknowledge(Self::elapsed(now), *packet_id, &mut wishes.bytes);
            }
            Action::Respond(slot, request_id, payload) if here(slot) && open => {
                let _ = self.session.respond_method(
                    Self::elapsed(now),
                    request_id,
                    200,
                    payload,
                    &mut wishes.bytes,
                );
            }
            Action::Tick(_) | Action::Acknowledge(..) | Action::Respond(..) => {}
            Action::Publish => {
                self.diary.telemetry.insert(self.next_tag, false);
                if self.ready {
                    self.outgoing.push_back(self.next_tag);
                    self.publish_waiting(now, wishes);
                }
                self.next_tag += 1;
            }
            Action::Report if self.ready => {
                self.reports += 1;
                let patch = format!("{{\"count\":{}}}", self.reports);
                let sent = self.session.report_twin(
                    Self::elapsed(now),
                    patch.as_bytes(),
                    &mut wishes.bytes,
                );
                assert!(
                    sent.is_ok() || self.reports > 200,
                    "a connected device may report"
                );
            }
            Action::Report => {}
            Action::Leave => {
                if self.slot.is_some() {
                    self.session.disconnect(&mut wishes.bytes);
                    wishes.close = true;
                }
            }
        }
    }
}
