//! The live tail over server-sent events (`query-routing-events.md §5.2`). The browser reconnects
//! by itself and resumes behind the last event it saw; this module only says how that stands.

use crate::connectivity;
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::letter_case;
use std::fmt::Write as _;
use wasm_bindgen::prelude::*;
use web_sys::{EventSource, MessageEvent};

/// Event names the hub uses; server-sent events reach a listener by name only.
const SOURCES: [&str; 11] = [
    "message",
    "Telemetry",
    "twinChangeEvents",
    "TwinChangeEvents",
    "deviceLifecycleEvents",
    "DeviceLifecycleEvents",
    "deviceConnectionStateEvents",
    "DeviceConnectionStateEvents",
    "digitalTwinChangeEvents",
    "deviceJobLifecycleEvents",
    "DeviceJobLifecycleEvents",
];

/// One event (`query-routing-events.md §4.1`).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HubEvent {
    /// `partition:sequence`.
    pub id: String,
    /// When the hub stored it.
    pub enqueued_time: String,
    /// What kind of event.
    pub source: String,
    /// Set by the hub.
    #[serde(default)]
    pub system_properties: Map<String, Value>,
    /// Set by the device, or by the hub for its own events.
    #[serde(default)]
    pub application_properties: Map<String, Value>,
    /// Parsed JSON body.
    #[serde(default)]
    pub body: Option<Value>,
    /// Body that is not JSON.
    #[serde(default)]
    pub body_base64: Option<String>,
}

impl HubEvent {
    /// The device it is about; empty if it is about none.
    pub fn device(&self) -> &str {
        let id = self.system_properties.get("iothub-connection-device-id");
        let id = id.or_else(|| self.application_properties.get("deviceId"));
        id.and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether a device sent it, rather than the hub.
    pub fn is_telemetry(&self) -> bool {
        self.source.eq_ignore_ascii_case("telemetry")
    }

    /// Body and properties in small letters, to look for a text in.
    pub fn words(&self) -> String {
        let mut words = self.body.as_ref().map(Value::to_string).unwrap_or_default();
        let properties = [&self.application_properties, &self.system_properties];
        for (name, value) in properties.into_iter().flatten() {
            let _ = write!(words, "\n{name}: ");
            match value {
                Value::String(text) => words.push_str(text),
                other => {
                    let _ = write!(words, "{other}");
                }
            }
        }
        letter_case::lower(&words)
    }
}

/// How the stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamState {
    /// Not open yet, or opening again after a break.
    Connecting,
    /// Open.
    Open,
    /// Closed by the hub because this reader was too slow.
    Lagged,
    /// Refused for good; opening again needs a decision.
    Closed,
}

/// An open stream; closes when dropped.
pub struct EventStream {
    source: EventSource,
    _on_event: Closure<dyn FnMut(MessageEvent)>,
    _on_open: Closure<dyn FnMut()>,
    _on_error: Closure<dyn FnMut()>,
    _on_lagged: Closure<dyn FnMut()>,
}

impl EventStream {
    /// Opens the tail of what a query string asks for. `None` if the browser refuses to open
    /// streams at all.
    pub fn open(
        query: &str,
        on_event: impl Fn(HubEvent) + 'static,
        on_state: impl Fn(StreamState) + Clone + 'static,
    ) -> Option<Self> {
        let url = format!("/api/v1/events/stream{query}");
        let source = EventSource::new(&url).ok()?;

        let on_event = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let Some(text) = event.data().as_string() else {
                return;
            };
            if let Ok(event) = serde_json::from_str::<HubEvent>(&text) {
                on_event(event);
            }
        });
        for name in SOURCES {
            let _ =
                source.add_event_listener_with_callback(name, on_event.as_ref().unchecked_ref());
        }

        let state = on_state.clone();
        let opened = Closure::<dyn FnMut()>::new(move || {
            connectivity::report(true);
            state(StreamState::Open);
        });
        source.set_onopen(Some(opened.as_ref().unchecked_ref()));

        let (state, watched) = (on_state.clone(), source.clone());
        let failed = Closure::<dyn FnMut()>::new(move || {
            let closed = watched.ready_state() == EventSource::CLOSED;
            state(if closed {
                StreamState::Closed
            } else {
                StreamState::Connecting
            });
        });
        source.set_onerror(Some(failed.as_ref().unchecked_ref()));

        let (state, watched) = (on_state, source.clone());
        let lagged = Closure::<dyn FnMut()>::new(move || {
            watched.close();
            state(StreamState::Lagged);
        });
        let _ = source.add_event_listener_with_callback("lagged", lagged.as_ref().unchecked_ref());

        Some(Self {
            source,
            _on_event: on_event,
            _on_open: opened,
            _on_error: failed,
            _on_lagged: lagged,
        })
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        self.source.set_onopen(None);
        self.source.set_onerror(None);
        self.source.close();
    }
}
