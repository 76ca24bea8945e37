//! Bodies of requests to receivers (`query-routing-events.md` §4.9, §5.2).
//!
//! From event documents, as readers of the built-in endpoint get them.

use crate::error::HubError;
use crate::json;
use serde_json::{Map, Value};

/// The formats by name, with their content types.
pub const FORMATS: [(&str, &str); 3] = [
    ("hub", "application/json; charset=utf-8"),
    ("eventGrid", "application/json; charset=utf-8"),
    (
        "cloudEvents",
        "application/cloudevents-batch+json; charset=utf-8",
    ),
];

/// The content type of a format.
pub fn content_type(format: &str) -> &'static str {
    FORMATS
        .iter()
        .find(|(name, _)| *name == format)
        .map_or("application/json", |(_, content_type)| content_type)
}

/// The body with these events of a hub.
pub fn body(format: &str, hub: &str, mut events: Vec<Value>) -> Result<Vec<u8>, HubError> {
    for event in &mut events {
        let document = event.take();
        *event = match format {
            "eventGrid" => event_grid(hub, &document),
            "cloudEvents" => cloud_event(hub, document),
            _ => document,
        };
    }
    serde_json::to_vec(&events).map_err(|error| HubError::internal(error.to_string()))
}

fn text<'a>(event: &'a Value, section: &str, name: &str) -> Option<&'a str> {
    event.get(section)?.get(name)?.as_str()
}

fn subject(event: &Value) -> String {
    let id = |name: &str| event.get(name).and_then(Value::as_str);
    match (id("deviceId"), id("moduleId")) {
        (Some(device), Some(module)) => format!("devices/{device}/modules/{module}"),
        (Some(device), None) => format!("devices/{device}"),
        _ => text(event, "applicationProperties", "jobId")
            .map_or_else(String::new, |job| format!("jobs/{job}")),
    }
}

fn time(event: &Value) -> Value {
    // When it happened, for what the hub tells; when it came, for what devices say.
    let happened = text(event, "applicationProperties", "operationTimestamp").map(Value::from);
    happened
        .or_else(|| event.get("enqueuedTime").cloned())
        .unwrap_or(Value::Null)
}

fn event_type(event: &Value) -> String {
    let source = event.get("source").and_then(Value::as_str).unwrap_or("");
    let operation = text(event, "applicationProperties", "opType").unwrap_or("");
    match (source, operation) {
        ("Telemetry", _) => "Microsoft.Devices.DeviceTelemetry",
        (_, "createDeviceIdentity") => "Microsoft.Devices.DeviceCreated",
        (_, "deleteDeviceIdentity") => "Microsoft.Devices.DeviceDeleted",
        (_, "deviceConnected") => "Microsoft.Devices.DeviceConnected",
        (_, "deviceDisconnected") => "Microsoft.Devices.DeviceDisconnected",
        // Event Grid has none of these; they are named after their sources.
        _ => return format!("Skerry.Devices.{source}"),
    }
    .to_owned()
}

fn body_of(event: &Value) -> Value {
    let body = event.get("body").or_else(|| event.get("bodyBase64"));
    body.cloned().unwrap_or(Value::Null)
}

fn event_grid(hub: &str, event: &Value) -> Value {
    let kind = event_type(event);
    let mut data = Map::new();
    let mut put = |name: &str, value: Value| {
        data.insert(name.to_owned(), value);
    };
    let section = |name: &str| event.get(name).cloned().unwrap_or_default();
    match kind.as_str() {
        "Microsoft.Devices.DeviceConnected" | "Microsoft.Devices.DeviceDisconnected" => {
            put("deviceConnectionStateEventInfo", body_of(event));
        }
        "Microsoft.Devices.DeviceCreated" | "Microsoft.Devices.DeviceDeleted" => {
            put("twin", body_of(event));
        }
        _ => {
            let mut system = section("systemProperties");
            if let Some(system) = system.as_object_mut() {
                for name in ["content-type", "content-encoding"] {
                    if let Some(value) = system.remove(name) {
                        system.insert(format!("iothub-{name}"), value);
                    }
                }
            }
            put("properties", section("applicationProperties"));
            put("systemProperties", system);
            put("body", body_of(event));
        }
    }
    if kind != "Microsoft.Devices.DeviceTelemetry" {
        put("hubName", json!(hub));
        for name in ["deviceId", "moduleId"] {
            if let Some(id) = event.get(name) {
                put(name, id.clone());
            }
        }
    }
    json!({
        "id": event.get("id"),
        "topic": format!("/hubs/{hub}"),
        "subject": subject(event),
        "eventType": kind,
        "eventTime": time(event),
        "data": data,
        "dataVersion": "",
        "metadataVersion": "1",
    })
}

fn cloud_event(hub: &str, event: Value) -> Value {
    json!({
        "specversion": "1.0",
        "id": event.get("id"),
        "source": format!("/hubs/{hub}"),
        "type": event_type(&event),
        "subject": subject(&event),
        "time": time(&event),
        "datacontenttype": "application/json",
        "data": event,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn telemetry() -> Value {
        json!({"id":"routed-1:7","partition":1,"sequenceNumber":7,"offset":"90",
            "enqueuedTime":"2026-03-01T10:00:00.1230000Z","source":"Telemetry","deviceId":"pump-7",
            "systemProperties":{"content-type":"application/json","content-encoding":"utf-8",
                "iothub-connection-device-id":"pump-7"},
            "applicationProperties":{"level":"critical"},"body":{"t":93}})
    }

    fn one(format: &str, event: Value) -> Value {
        let body = body(format, "hub1", vec![event]).unwrap();
        serde_json::from_slice::<Value>(&body).unwrap()[0].clone()
    }

    #[test]
    fn the_format_of_the_hub_is_the_events_as_readers_get_them() {
        assert_eq!(one("hub", telemetry()), telemetry());
    }

    #[test]
    fn telemetry_for_event_grid() {
        assert_eq!(
            one("eventGrid", telemetry()),
            json!({"id":"routed-1:7","topic":"/hubs/hub1","subject":"devices/pump-7",
                "eventType":"Microsoft.Devices.DeviceTelemetry",
                "eventTime":"2026-03-01T10:00:00.1230000Z","dataVersion":"","metadataVersion":"1",
                "data":{"properties":{"level":"critical"},"body":{"t":93},
                    "systemProperties":{"iothub-content-type":"application/json",
                        "iothub-content-encoding":"utf-8","iothub-connection-device-id":"pump-7"}}})
        );
    }

    #[test]
    fn a_created_device_for_event_grid_and_for_cloud_events() {
        let created = json!({"id":"routed-0:1","source":"deviceLifecycleEvents","deviceId":"p",
            "applicationProperties":{"opType":"createDeviceIdentity",
                "operationTimestamp":"2026-03-01T10:00:00.4904785Z"},
            "body":{"deviceId":"p","version":2}});
        let grid = one("eventGrid", created.clone());
        assert_eq!(grid["eventType"], "Microsoft.Devices.DeviceCreated");
        assert_eq!(grid["eventTime"], "2026-03-01T10:00:00.4904785Z");
        assert_eq!(
            grid["data"],
            json!({"twin":{"deviceId":"p","version":2},"hubName":"hub1","deviceId":"p"})
        );
        let cloud = one("cloudEvents", created.clone());
        assert_eq!(cloud["type"], "Microsoft.Devices.DeviceCreated");
        assert_eq!(cloud["source"], "/hubs/hub1");
        assert_eq!(cloud["subject"], "devices/p");
        assert_eq!(cloud["data"], created);
    }
}
