//! A small hub for tests of the simulator alone: identities, twins, methods and telemetry in
//! memory, over plain HTTP and WebSocket, and an echo at `/echo`.
//!
//! Strict where the simulator could be wrong (tokens, topics, packets), careless elsewhere.

mod rest;
mod session;

use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// Key of the policy `iothubowner`.
pub const OWNER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The hub's name: nothing listens there, so only `--url` can lead to it.
pub const HOST_NAME: &str = "stand-in.example.org";

/// A frame for a device, or the end of its connection.
pub enum Outgoing {
    Frame(Vec<u8>),
    Close,
}

/// One device as the hub knows it.
#[derive(Default)]
pub struct Device {
    pub key: String,
    pub tags: Value,
    pub desired: Value,
    pub desired_version: u64,
    pub reported: Value,
    pub reported_version: u64,
    /// Every reported patch, in order.
    pub patches: Vec<Value>,
    /// Message ids and bodies of the telemetry.
    pub telemetry: Vec<(String, Vec<u8>)>,
    pub filters: Vec<String>,
    pub connects: usize,
    pub subscribes: usize,
    pub disconnects: usize,
    pub link: Option<(u64, mpsc::UnboundedSender<Outgoing>)>,
    pub method_answers: HashMap<String, (i32, Value)>,
    pub commands_acknowledged: Vec<u16>,
}

#[derive(Default)]
pub struct State {
    pub devices: BTreeMap<String, Device>,
    pub deleted: Vec<String>,
    pub next_link: u64,
    pub messages: u64,
}

/// The running hub.
#[derive(Clone)]
pub struct StandIn {
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl StandIn {
    /// Serves on a free port until the runtime ends.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let hub = Self {
            address: listener.local_addr().unwrap(),
            state: Arc::default(),
        };
        let serving = hub.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let hub = serving.clone();
                tokio::spawn(async move { hub.serve(stream).await });
            }
        });
        hub
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub fn connection_string(&self) -> String {
        format!("HostName={HOST_NAME};SharedAccessKeyName=iothubowner;SharedAccessKey={OWNER_KEY}")
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    async fn serve(&self, stream: TcpStream) {
        let mut head = [0; 64];
        loop {
            match stream.peek(&mut head).await {
                Ok(count) if count >= 25 => break,
                Ok(0) | Err(_) => return,
                Ok(_) => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
        if head.starts_with(b"GET /$iothub/websocket ") {
            session::serve(self, stream).await;
        } else if head.starts_with(b"GET /echo ") {
            session::echo(stream).await;
        } else {
            rest::serve(self, stream).await;
        }
    }

    /// Waits until something holds; fails the test after 20 s.
    pub async fn until<T>(&self, what: &str, mut look: impl FnMut(&mut State) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = look(&mut self.state()) {
                return found;
            }
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "not within 20 s: {what}"
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Changes desired properties and pushes the change.
    pub fn push_desired(&self, device_id: &str, patch: &Value) {
        let mut state = self.state();
        let device = state.devices.get_mut(device_id).unwrap();
        device.desired_version += 1;
        json_patch::merge(&mut device.desired, patch);
        let mut body = patch.clone();
        body["$version"] = json!(device.desired_version);
        let topic = shared::mqtt::topic::desired_topic(device.desired_version);
        device.send(&topic, body.to_string().as_bytes(), None);
    }

    /// Calls a method and waits for the answer.
    pub async fn call(&self, device_id: &str, name: &str, payload: Value) -> (i32, Value) {
        let request_id = {
            let mut state = self.state();
            state.messages += 1;
            let request_id = state.messages.to_string();
            let topic = shared::mqtt::topic::method_call_topic(name, &request_id);
            state.devices.get_mut(device_id).unwrap().send(
                &topic,
                payload.to_string().as_bytes(),
                None,
            );
            request_id
        };
        self.until(&format!("an answer to {name}"), |state| {
            state
                .devices
                .get_mut(device_id)?
                .method_answers
                .remove(&request_id)
        })
        .await
    }
}

impl Device {
    /// Sends a PUBLISH, if the device is connected.
    pub fn send(&mut self, topic: &str, payload: &[u8], packet_id: Option<u16>) {
        let qos = u8::from(packet_id.is_some());
        let message = shared::mqtt::Publish {
            topic,
            payload,
            qos,
            packet_id,
            retain: false,
            dup: false,
        };
        let mut frame = Vec::new();
        shared::mqtt::encode::publish(&mut frame, &message).unwrap();
        if let Some((_, link)) = &self.link {
            link.send(Outgoing::Frame(frame)).unwrap();
        }
    }

    /// The texts at a pointer in the reported patches, in order, without repeats.
    pub fn reported_texts(&self, pointer: &str) -> Vec<String> {
        let mut texts: Vec<String> = self
            .patches
            .iter()
            .filter_map(|patch| patch.pointer(pointer)?.as_str().map(str::to_owned))
            .collect();
        texts.dedup();
        texts
    }
}
