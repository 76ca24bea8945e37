//! The devices that carry the load, and how one of them connects.

use crate::cli::LoadOptions;
use crate::clock;
use crate::error::SimError;
use crate::fleet::display::Display;
use crate::hub::access::HubAccess;
use crate::hub::dial::Dialer;
use crate::hub::identities::{self, Credential, Source, Wanted};
use crate::hub::websocket::{self, Buffers, DEVICE_PATH, WebSocket};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use shared::ids::{DeviceId, Identity};
use shared::mqtt::client::{ClientEvent, ClientOptions, ClientSession};
use std::sync::Arc;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

/// Life of a token; longer than any run.
const TOKEN_SECONDS: i64 = 24 * 3600;
/// How long CONNACK may take.
const CONNACK_TIMEOUT: Duration = Duration::from_secs(30);

/// Devices of one hub.
pub struct Devices {
    /// Where they connect to.
    pub dialer: Dialer,
    /// Whose hub.
    pub access: HubAccess,
    credentials: Vec<Credential>,
    keep_alive: u16,
}

impl Devices {
    /// Creates the devices, or takes those of an earlier run: their keys follow from the policy key.
    pub async fn prepare(options: &LoadOptions) -> Result<Self, SimError> {
        let access = HubAccess::from_option(options.hub.connection_string.as_deref())?;
        let dialer = Dialer::from_options(&options.hub, &access)?;
        let names: Vec<String> = (1..=options.connections)
            .map(|n| format!("{}-{n:04}", options.prefix))
            .collect();
        let credentials = if options.create {
            let mut display = Display::new(options.json);
            display.begin("creating devices", names.len());
            let bar = display.stepper();
            let wanted = names
                .into_iter()
                .map(|device_id| Wanted {
                    device_id,
                    tags: None,
                })
                .collect();
            let stepped = bar.clone();
            let advanced = Arc::new(move || stepped.inc(1));
            let made = identities::prepare(
                &dialer,
                &access,
                wanted,
                Source::Create,
                clock::now,
                advanced,
            )
            .await?;
            bar.finish_and_clear();
            made
        } else {
            let derive = |device_id: String| {
                let key = access.derived_device_key(&device_id, "primary")?;
                Ok(Credential {
                    device_id,
                    key,
                    created: false,
                })
            };
            names
                .into_iter()
                .map(derive)
                .collect::<Result<_, SimError>>()?
        };
        Ok(Self {
            dialer,
            access,
            credentials,
            keep_alive: options.keep_alive,
        })
    }

    /// The devices that this run created.
    pub fn created(&self) -> Vec<String> {
        self.credentials
            .iter()
            .filter(|one| one.created)
            .map(|one| one.device_id.clone())
            .collect()
    }

    /// A device's id.
    pub fn device_id(&self, index: usize) -> &str {
        self.credentials
            .get(index)
            .map_or("", |credential| credential.device_id.as_str())
    }

    /// Opens the WebSocket of a device and its MQTT session.
    pub async fn connect(&self, index: usize, buffers: Buffers) -> Result<WebSocket, SimError> {
        let credential = self
            .credentials
            .get(index)
            .ok_or_else(|| SimError::Usage(format!("there is no device number {index}")))?;
        let device = DeviceId::parse(&credential.device_id)
            .map_err(|error| SimError::Usage(error.to_string()))?;
        let identity = Identity::device(device);
        let expiry = clock::now().plus_seconds(TOKEN_SECONDS);
        let token = self
            .access
            .device_token(&identity, &credential.key, expiry)?;
        let client_type = concat!("skerry-device-sim/", env!("CARGO_PKG_VERSION"));
        let mut options = ClientOptions::new(self.access.host_name(), identity, client_type);
        options.keep_alive = self.keep_alive;
        let mut session = ClientSession::new(options);
        let mut packet = Vec::with_capacity(512);
        session
            .connect(clock::elapsed(), Some(&token), &mut packet)
            .map_err(|error| SimError::Usage(format!("CONNECT cannot be written: {error}")))?;
        let mut socket = websocket::open(&self.dialer, DEVICE_PATH, Some("mqtt"), buffers).await?;
        let broken = |why: &dyn std::fmt::Display| {
            SimError::Network(format!(
                "{}: the connection broke before CONNACK: {why}",
                credential.device_id
            ))
        };
        let answering = async {
            socket
                .send(Message::Binary(Bytes::from(packet)))
                .await
                .map_err(|error| broken(&error))?;
            let mut events = Vec::new();
            loop {
                match socket.next().await {
                    Some(Ok(Message::Binary(frame))) => session
                        .handle_frame(clock::elapsed(), &frame, &mut events)
                        .map_err(|error| broken(&error))?,
                    Some(Ok(Message::Close(_))) | None => return Err(broken(&"closed by the hub")),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => return Err(broken(&error)),
                }
                match events.first() {
                    Some(ClientEvent::Connected { .. }) => return Ok(()),
                    Some(ClientEvent::Refused(code)) => {
                        return Err(SimError::Refused(format!(
                            "{}: CONNACK {} ({code:?}). If the device does not exist yet, add --create",
                            credential.device_id,
                            code.as_u8()
                        )));
                    }
                    _ => {}
                }
            }
        };
        match tokio::time::timeout(CONNACK_TIMEOUT, answering).await {
            Ok(outcome) => outcome.map(|()| socket),
            Err(_) => Err(broken(&"no CONNACK in time")),
        }
    }
}
