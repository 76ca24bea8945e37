//! One device's connection: the MQTT session on its WebSocket, between the hub and the
//! device's behaviour.
//!
//! Decides nothing about the device: inputs go to [`Model`], its actions go to the session.

mod received;
mod sending;

use super::Fleet;
use super::stop::Stop;
use crate::behaviours::Action;
use crate::behaviours::model::Model;
use crate::clock;
use crate::error::SimError;
use crate::hub::websocket::{self, Buffers, DEVICE_PATH, WebSocket};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use shared::ids::Identity;
use shared::mqtt::client::{ClientOptions, ClientSession};
use shared::time::Timestamp;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// More unacknowledged messages than this, and new readings are dropped.
const MOST_OUTSTANDING: usize = 500;
/// Reports that wait for confirmation; the oldest go first when a device cannot get rid of them.
const MOST_REPORTS: usize = 1000;
/// How long a device that goes down waits for its last reports to be confirmed.
const LAST_WORDS: Duration = Duration::from_secs(10);
/// Pause before a twin request is repeated that the hub refused for the moment.
const TWIN_RETRY: Duration = Duration::from_secs(2);
/// How long the WebSocket's closing handshake may take.
const CLOSING: Duration = Duration::from_secs(2);

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The fleet stops.
    Stopped,
    /// The token is nearly over: come back at once.
    Renewal,
    /// The device goes down for so long.
    Offline(Duration),
    /// Cut on purpose.
    Fault,
    /// The hub or the network ended it.
    Lost,
    /// CONNACK said no.
    Refused,
    /// There was no CONNACK.
    Unreachable,
}

/// A device with its session; lives over many WebSockets.
pub struct Connection {
    fleet: Arc<Fleet>,
    model: Model,
    key: String,
    session: ClientSession,
    filters_stored: bool,
    /// Reported patches, oldest first; only the first is under way, so their order holds.
    reports: VecDeque<Vec<u8>>,
    report_request: Option<u64>,
    twin_request: Option<u64>,
    retry_at: Option<Duration>,
    next_tag: u64,
    /// Message ids by tag, kept only for the log.
    logged: HashMap<u64, String>,
    expectations_met: Vec<bool>,
    connected: bool,
    ready: bool,
    twin_wanted: bool,
    in_sync: bool,
    offline: Option<(Duration, Duration)>,
    cut: bool,
    out: Vec<u8>,
    actions: Vec<Action>,
}

impl Connection {
    /// A device that has not connected yet.
    pub fn new(fleet: Arc<Fleet>, identity: Identity, key: String, model: Model) -> Self {
        let client_type = concat!("skerry-device-sim/", env!("CARGO_PKG_VERSION"));
        let mut options = ClientOptions::new(fleet.access.host_name(), identity, client_type);
        options.keep_alive = fleet.keep_alive;
        Self {
            model,
            key,
            session: ClientSession::new(options),
            filters_stored: false,
            reports: VecDeque::new(),
            report_request: None,
            twin_request: None,
            retry_at: None,
            next_tag: 0,
            logged: HashMap::new(),
            expectations_met: vec![false; fleet.expectations.len()],
            connected: false,
            ready: false,
            twin_wanted: false,
            in_sync: false,
            offline: None,
            cut: false,
            out: Vec::new(),
            actions: Vec::new(),
            fleet,
        }
    }

    /// What the device's clock shows.
    fn device_now(&self) -> Timestamp {
        clock::now().plus_milliseconds(self.model.faults.clock_skew_milliseconds)
    }

    /// Connects and stays connected as long as it goes.
    pub async fn run(&mut self, stop: &mut Stop) -> Ending {
        let opened = tokio::select! {
            opened = websocket::open(&self.fleet.dialer, DEVICE_PATH, Some("mqtt"), Buffers::Small) => opened,
            () = stop.requested() => return Ending::Stopped,
        };
        let mut socket = match opened {
            Ok(socket) => socket,
            Err(error) => {
                self.note(&error);
                self.fleet.statistics.unreachable.add();
                return Ending::Unreachable;
            }
        };
        let ending = match self.start_session() {
            Ok(()) => self.converse(&mut socket, stop).await,
            Err(error) => {
                self.note(&error);
                Ending::Unreachable
            }
        };
        self.leave(socket, ending).await;
        ending
    }

    fn start_session(&mut self) -> Result<(), SimError> {
        let lifetime = i64::try_from(self.fleet.token_lifetime.as_secs()).unwrap_or(i64::MAX);
        let expiry = self.device_now().plus_seconds(lifetime);
        let token = self
            .fleet
            .access
            .device_token(self.session.identity(), &self.key, expiry)?;
        self.out.clear();
        self.actions.clear();
        self.report_request = None;
        self.twin_request = None;
        self.twin_wanted = false;
        self.retry_at = None;
        self.offline = None;
        self.cut = false;
        self.logged.clear();
        self.session
            .connect(clock::elapsed(), Some(&token), &mut self.out)
            .map_err(|error| SimError::Usage(format!("CONNECT cannot be written: {error}")))
    }

    /// The loop of a connection.
    async fn converse(&mut self, socket: &mut WebSocket, stop: &mut Stop) -> Ending {
        let renew_at = clock::elapsed() + self.fleet.token_lifetime.mul_f64(0.8);
        let mut events = Vec::new();
        loop {
            if !self.out.is_empty() {
                let frame = Message::Binary(Bytes::copy_from_slice(&self.out));
                self.out.clear();
                if let Err(error) = socket.send(frame).await {
                    return self.broken(&error);
                }
            }
            if self.cut {
                return Ending::Fault;
            }
            let now = clock::elapsed();
            if let Some((duration, deadline)) = self.offline
                && (self.reports.is_empty() || now >= deadline)
            {
                return Ending::Offline(duration);
            }
            if now >= renew_at && self.offline.is_none() {
                return Ending::Renewal;
            }
            tokio::select! {
                () = stop.requested() => return Ending::Stopped,
                received = socket.next() => {
                    let frame = match received {
                        Some(Ok(Message::Binary(frame))) => frame,
                        Some(Ok(Message::Close(_))) | None => return self.broken(&"the hub closed the connection"),
                        Some(Ok(Message::Text(_))) => return self.broken(&"the hub sent a text message"),
                        Some(Ok(_)) => continue,
                        Some(Err(error)) => return self.broken(&error),
                    };
                    if let Some(hesitation) = self.model.faults.hesitation() {
                        tokio::time::sleep(hesitation).await;
                    }
                    let outcome = self.session.handle_frame(clock::elapsed(), &frame, &mut events);
                    if let Some(ending) = self.take_events(&mut events) {
                        return ending;
                    }
                    if let Err(error) = outcome {
                        return self.broken(&error);
                    }
                }
                () = tokio::time::sleep(self.next_wake(renew_at).saturating_sub(now)) => {
                    if let Err(error) = self.session.tick(clock::elapsed(), &mut self.out, &mut events) {
                        return self.broken(&error);
                    }
                    if let Some(ending) = self.take_events(&mut events) {
                        return ending;
                    }
                    let device_now = self.device_now();
                    if self.ready && self.offline.is_none() && self.model.due() <= device_now {
                        self.model.on_due(device_now, &mut self.actions);
                    }
                    if self.retry_at.is_some_and(|at| at <= clock::elapsed()) {
                        self.retry_at = None;
                        if self.twin_request.is_none() && self.twin_wanted {
                            self.actions.push(Action::GetTwin);
                        }
                    }
                }
            }
            self.carry_out();
        }
    }

    /// When something is due, in time since the start of the program.
    fn next_wake(&self, renew_at: Duration) -> Duration {
        let now = clock::elapsed();
        let mut wake = self.offline.map_or(renew_at, |(_, deadline)| deadline);
        if self.ready && self.offline.is_none() {
            let wait = self
                .model
                .due()
                .milliseconds()
                .saturating_sub(self.device_now().milliseconds());
            wake = wake.min(now + Duration::from_millis(u64::try_from(wait).unwrap_or(0)));
        }
        let more = [self.session.next_deadline(), self.retry_at];
        more.into_iter().flatten().fold(wake, Duration::min)
    }

    /// Ends the session on both sides and counts what it left behind.
    async fn leave(&mut self, mut socket: WebSocket, ending: Ending) {
        let fleet = self.fleet.clone();
        let statistics = &fleet.statistics;
        if std::mem::take(&mut self.connected) {
            statistics.connected.remove();
        }
        if std::mem::take(&mut self.in_sync) {
            statistics.in_sync.remove();
        }
        self.ready = false;
        match ending {
            Ending::Renewal | Ending::Offline(_) => statistics.planned.add(),
            Ending::Fault => statistics.faults.add(),
            Ending::Lost => statistics.lost.add(),
            Ending::Stopped | Ending::Refused | Ending::Unreachable => {}
        }
        if matches!(
            ending,
            Ending::Stopped | Ending::Renewal | Ending::Offline(_)
        ) {
            self.out.clear();
            self.session.disconnect(&mut self.out);
            let frame = Message::Binary(Bytes::copy_from_slice(&self.out));
            let closing = async {
                // The hub may be gone already, which is as good.
                if socket.send(frame).await.is_ok() && socket.close(None).await.is_ok() {
                    while let Some(Ok(_)) = socket.next().await {}
                }
            };
            let _ = tokio::time::timeout(CLOSING, closing).await;
        }
        statistics
            .unacknowledged
            .add_many(self.session.unacknowledged().count());
        self.session.connection_lost();
    }

    fn broken(&mut self, why: &dyn std::fmt::Display) -> Ending {
        self.note(why);
        if self.connected {
            Ending::Lost
        } else {
            self.fleet.statistics.unreachable.add();
            Ending::Unreachable
        }
    }

    fn note(&self, what: &dyn std::fmt::Display) {
        self.fleet
            .statistics
            .failed(&self.model.character.device_id, what);
    }
}
