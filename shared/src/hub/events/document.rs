//! Events as JSON, the way every reader of the built-in endpoint sees them
//! (`query-routing-events.md` §4.1, §5.2).

use super::view::FLAG_PROPERTIES;
use crate::hub::segment::{Entry, Record};
use crate::ipc::events::HubEvent;
use crate::json;
use crate::mqtt::property_bag::{self, MessageProperties, SystemProperty};
use crate::reading;
use crate::routing::json_body;
use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value};

/// Where an event lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub partition: u16,
    pub sequence: i64,
    pub offset: i64,
    pub enqueued: Timestamp,
    /// In the log of custom endpoints, whose numbers are its own.
    pub is_routed: bool,
}

impl Place {
    /// In the log of custom endpoints.
    pub(super) fn routed(partition: u16, sequence: i64, offset: i64, enqueued: Timestamp) -> Self {
        Self {
            partition,
            sequence,
            offset,
            enqueued,
            is_routed: true,
        }
    }
}

/// The device and source of an entry, for filters; cheaper than the whole document.
pub(super) fn device_of<'a>(entry: &Entry<'a>) -> &'a str {
    match entry {
        Entry::Telemetry(record) => record.device,
        Entry::HubEvent { device, .. } => device,
    }
}

/// Builds the document, with these enrichments; `None` for a hub event that cannot be read
/// (then it is skipped).
pub(super) fn document(
    entry: &Entry<'_>,
    place: Place,
    stamps: &[(String, String)],
) -> Option<Value> {
    let mut document = match entry {
        Entry::Telemetry(record) => telemetry(record, place),
        Entry::HubEvent { json, .. } => hub_event(&reading::from_str(json).ok()?, place),
    };
    if !stamps.is_empty()
        && let Some(Value::Object(application)) = document.get_mut("applicationProperties")
    {
        for (name, value) in stamps {
            // What is there under that name, in whatever case, gives way (§3.8).
            application.retain(|known, _| !known.eq_ignore_ascii_case(name));
            application.insert(name.clone(), json!(value));
        }
    }
    Some(document)
}

fn envelope(
    place: Place,
    source: &str,
    device: Option<&str>,
    module: Option<&str>,
) -> Map<String, Value> {
    let mut event = Map::new();
    event.insert(
        "id".into(),
        json!(format!(
            "{}{}:{}",
            if place.is_routed { "routed-" } else { "" },
            place.partition,
            place.sequence
        )),
    );
    event.insert("partition".into(), json!(place.partition));
    event.insert("sequenceNumber".into(), json!(place.sequence));
    event.insert("offset".into(), json!(place.offset.to_string()));
    event.insert("enqueuedTime".into(), json!(place.enqueued));
    event.insert("source".into(), json!(source));
    for (name, id) in [("deviceId", device), ("moduleId", module)] {
        if let Some(id) = id {
            event.insert(name.into(), json!(id));
        }
    }
    event
}

fn telemetry(record: &Record<'_>, place: Place) -> Value {
    // Bags are validated before they are stored; an unreadable one still shows its body.
    let properties = property_bag::parse(record.bag).unwrap_or_default();
    let module = (!record.module.is_empty()).then_some(record.module);
    let mut event = envelope(place, "Telemetry", Some(record.device), module);

    let mut system = Map::new();
    for (property, value) in &properties.system {
        system.insert(property.event_name().to_owned(), json!(value));
    }
    // Stamps come last so that nothing a device sends can stand in their place.
    system.insert("iothub-connection-device-id".into(), json!(record.device));
    if let Some(module) = module {
        system.insert("iothub-connection-module-id".into(), json!(module));
    }
    system.insert(
        "iothub-connection-auth-method".into(),
        json!(record.auth_method),
    );
    system.insert(
        "iothub-connection-auth-generation-id".into(),
        json!(record.generation_id),
    );
    system.insert(
        "iothub-enqueuedtime".into(),
        json!(place.enqueued.milliseconds()),
    );
    system.insert("iothub-message-source".into(), json!("Telemetry"));
    if !record.model_id.is_empty() {
        system.insert("dt-dataschema".into(), json!(record.model_id));
    }
    event.insert("systemProperties".into(), Value::Object(system));

    let mut application: Map<String, Value> = properties
        .application
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    for (flag, name, value) in FLAG_PROPERTIES {
        if record.flags & flag != 0 {
            application.insert(name.to_owned(), json!(value));
        }
    }
    event.insert("applicationProperties".into(), Value::Object(application));
    insert_body(&mut event, &properties, record.body);
    Value::Object(event)
}

/// `body` when content type and encoding say JSON and it parses; else `bodyBase64`;
/// neither for an empty body.
fn insert_body(event: &mut Map<String, Value>, properties: &MessageProperties, body: &[u8]) {
    if body.is_empty() {
        return;
    }
    match parse_body(properties, body) {
        Some(value) => event.insert("body".into(), value),
        None => event.insert("bodyBase64".into(), json!(STANDARD.encode(body))),
    };
}

/// Events show JSON only where the content encoding is told, too.
fn parse_body(properties: &MessageProperties, body: &[u8]) -> Option<Value> {
    let encoding = properties.get(SystemProperty::ContentEncoding)?;
    let content_type = properties.get(SystemProperty::ContentType);
    json_body(content_type, Some(encoding), body)
}

pub(super) fn hub_event(event: &HubEvent, place: Place) -> Value {
    let identity = event.identity.as_ref();
    let device = identity.map(|identity| identity.device.as_str());
    let module = identity.and_then(|identity| identity.module.as_ref());
    let module = module.map(crate::ids::ModuleId::as_str);
    let mut document = envelope(place, &event.source, device, module);
    let mut system = Map::new();
    let is_patch = event.schema == "digitalTwinChangeNotification";
    let content_type = if is_patch {
        "application/json-patch+json"
    } else {
        "application/json"
    };
    system.insert("content-type".into(), json!(content_type));
    system.insert("content-encoding".into(), json!("utf-8"));
    if let Some(request) = &event.request {
        system.insert("correlation-id".into(), json!(request));
    }
    system.insert("user-id".into(), json!(event.hub_name));
    let mut application = Map::new();
    application.insert("hubName".into(), json!(event.hub_name));
    for (stamp, name, id) in [
        ("iothub-connection-device-id", "deviceId", device),
        ("iothub-connection-module-id", "moduleId", module),
    ] {
        if let Some(id) = id {
            system.insert(stamp.into(), json!(id));
            application.insert(name.into(), json!(id));
        }
    }
    if let Some(job) = &event.job {
        application.insert("jobId".into(), json!(job));
    }
    system.insert(
        "iothub-enqueuedtime".into(),
        json!(place.enqueued.milliseconds()),
    );
    system.insert("iothub-message-source".into(), json!(event.source));
    document.insert("systemProperties".into(), Value::Object(system));
    application.insert("operationTimestamp".into(), json!(event.time));
    application.insert("opType".into(), json!(event.operation));
    application.insert("iothub-message-schema".into(), json!(event.schema));
    document.insert("applicationProperties".into(), Value::Object(application));
    document.insert("body".into(), event.body.clone());
    Value::Object(document)
}
