//! Telemetry as conditions see it (`query-routing-events.md` §3.5): as it lies in a segment, and
//! decoded no further than conditions ask. Everything else is looked at as the document that
//! readers get (`crate::routing::EventMessage`).

use crate::hub::segment::{DUPLICATE, RETAIN, Record, WILL};
use crate::mqtt::property_bag::{self, MessageProperties, SystemProperty};
use crate::routing::message::event_name;
use crate::routing::{Message, json_body};
use crate::time::Timestamp;
use serde_json::Value;
use std::borrow::Cow;
use std::cell::OnceCell;

/// What the hub says of a message beside its sender's properties.
pub(super) const FLAG_PROPERTIES: [(u8, &str, &str); 3] = [
    (RETAIN, "mqtt-retain", "true"),
    (DUPLICATE, "mqtt-dup", "true"),
    (WILL, "iothub-MessageType", "Will"),
];

/// Telemetry in a segment.
pub(super) struct TelemetryView<'a> {
    record: &'a Record<'a>,
    enqueued: Timestamp,
    twin: Option<&'a Value>,
    properties: OnceCell<MessageProperties>,
    body: OnceCell<Option<Value>>,
}

impl<'a> TelemetryView<'a> {
    pub(super) fn new(
        record: &'a Record<'a>,
        enqueued: Timestamp,
        twin: Option<&'a Value>,
    ) -> Self {
        Self {
            record,
            enqueued,
            twin,
            properties: OnceCell::new(),
            body: OnceCell::new(),
        }
    }

    fn properties(&self) -> &MessageProperties {
        self.properties
            .get_or_init(|| property_bag::parse(self.record.bag).unwrap_or_default())
    }

    /// Whether a condition asked for a body that is no JSON, or said to be none.
    pub(super) fn has_unreadable_body(&self) -> bool {
        matches!(self.body.get(), Some(None))
    }
}

impl Message for TelemetryView<'_> {
    fn application(&self, name: &str) -> Option<Cow<'_, str>> {
        let flags = FLAG_PROPERTIES.iter().find(|(flag, known, _)| {
            self.record.flags & flag != 0 && known.eq_ignore_ascii_case(name)
        });
        if let Some((_, _, value)) = flags {
            return Some(Cow::Borrowed(*value));
        }
        let known = self.properties().application.iter();
        let mut known = known.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        known.next().map(|(_, value)| Cow::Borrowed(value.as_str()))
    }

    fn system(&self, name: &str) -> Option<Cow<'_, str>> {
        let stamp = match event_name(name)? {
            "iothub-enqueuedtime" => return Some(Cow::Owned(self.enqueued.to_string())),
            "iothub-connection-device-id" => self.record.device,
            "iothub-connection-module-id" => self.record.module,
            "iothub-connection-auth-generation-id" => self.record.generation_id,
            "iothub-connection-auth-method" => self.record.auth_method,
            "dt-dataschema" => self.record.model_id,
            sent => {
                let property = SystemProperty::from_event_name(sent)?;
                return self.properties().get(property).map(Cow::Borrowed);
            }
        };
        (!stamp.is_empty()).then_some(Cow::Borrowed(stamp))
    }

    fn body(&self) -> Option<&Value> {
        let body = self.body.get_or_init(|| {
            let properties = self.properties();
            json_body(
                properties.get(SystemProperty::ContentType),
                properties.get(SystemProperty::ContentEncoding),
                self.record.body,
            )
        });
        body.as_ref()
    }

    fn twin(&self) -> Option<&Value> {
        self.twin
    }
}
