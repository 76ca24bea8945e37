//! What the hub publishes to a device, written and read (`device.md` §4.1, §5.1, §6).
//!
//! The exact spelling matters: clients match parts of these topics literally.

use super::publish::digits;
use super::{raw_query_value, strip_identity};
use crate::ids::{DeviceId, Identity};
use crate::mqtt::encode::MAX_FIELD_LENGTH;
use crate::mqtt::property_bag::{MessageProperties, SystemProperty, write_item};
use std::fmt;

/// The properties that a cloud-to-device topic carries, in this order (§4.1 rule 3).
const DEVICEBOUND_PROPERTIES: [SystemProperty; 8] = [
    SystemProperty::MessageId,
    SystemProperty::CorrelationId,
    SystemProperty::UserId,
    SystemProperty::To,
    SystemProperty::AbsoluteExpiryTime,
    SystemProperty::ContentType,
    SystemProperty::ContentEncoding,
    SystemProperty::CreationTime,
];
/// Application property that tells a device which feedback its sender asked for.
const ACK_PROPERTY: &str = "iothub-ack";

/// The properties of a cloud-to-device message do not fit an MQTT topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TopicTooLong;

impl fmt::Display for TopicTooLong {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "the message's properties, percent-encoded, exceed the 65,535 bytes of an MQTT topic; send less in properties and more in the body",
        )
    }
}

impl std::error::Error for TopicTooLong {}

/// `$iothub/twin/res/{status}/?$rid={rid}[&$version={n}]`
pub fn twin_response_topic(status: u16, request_id: &str, version: Option<u64>) -> String {
    match version {
        None => format!("$iothub/twin/res/{status}/?$rid={request_id}"),
        Some(version) => {
            format!("$iothub/twin/res/{status}/?$rid={request_id}&$version={version}")
        }
    }
}

/// `$iothub/twin/PATCH/properties/desired/?$version={n}`
pub fn desired_topic(version: u64) -> String {
    format!("$iothub/twin/PATCH/properties/desired/?$version={version}")
}

/// `$iothub/methods/POST/{name}/?$rid={rid}`; the request id must hold no `/` and no `&`.
pub fn method_call_topic(name: &str, request_id: &str) -> String {
    format!("$iothub/methods/POST/{name}/?$rid={request_id}")
}

/// `devices/{d}/messages/devicebound/{bag}`; `ack` is the mode that the sender asked for.
/// Empty values of system properties count as unset, because Java cannot read `key=`.
pub fn devicebound_topic(
    device: &DeviceId,
    properties: &MessageProperties,
    ack: Option<&str>,
) -> Result<String, TopicTooLong> {
    let mut topic = format!("devices/{device}/messages/devicebound/");
    let start = topic.len();
    for property in DEVICEBOUND_PROPERTIES {
        match properties.get(property) {
            Some(value) if !value.is_empty() => {
                write_item(&mut topic, start, property.bag_key(), value);
            }
            // Never an empty bag: C# fails on one.
            _ if property == SystemProperty::To => {
                let to = format!("/devices/{device}/messages/devicebound");
                write_item(&mut topic, start, property.bag_key(), &to);
            }
            _ => {}
        }
    }
    if let Some(ack) = ack {
        write_item(&mut topic, start, ACK_PROPERTY, ack);
    }
    for (name, value) in &properties.application {
        if ack.is_none() || name != ACK_PROPERTY {
            write_item(&mut topic, start, name, value);
        }
    }
    if topic.len() > MAX_FIELD_LENGTH {
        Err(TopicTooLong)
    } else {
        Ok(topic)
    }
}

/// What a PUBLISH of the hub means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HubTopic<'a> {
    /// A cloud-to-device message.
    CloudToDevice {
        /// The property bag, still encoded.
        bag: &'a str,
    },
    /// The response to a twin request.
    TwinResponse {
        /// 200 and 204 are success.
        status: u16,
        /// Of the request.
        request_id: &'a str,
        /// The new reported version, after a report.
        version: Option<u64>,
    },
    /// Desired properties changed.
    DesiredProperties {
        /// The new version.
        version: u64,
    },
    /// A direct method is called.
    MethodCall {
        /// Its name.
        name: &'a str,
        /// Repeated in the response.
        request_id: &'a str,
    },
}

/// Reads a topic on the device's side. `None`: not a topic of IoT Hub for this identity.
pub fn parse_delivery<'a>(topic: &'a str, identity: &Identity) -> Option<HubTopic<'a>> {
    let Some(rest) = topic.strip_prefix("$iothub/") else {
        let bag = match strip_identity(topic, identity)?.strip_prefix("messages/devicebound")? {
            "" => "",
            rest => rest.strip_prefix('/')?,
        };
        return Some(HubTopic::CloudToDevice { bag });
    };
    if let Some(rest) = rest.strip_prefix("twin/res/") {
        let (status, query) = rest.split_once("/?")?;
        let version = match raw_query_value(query, "$version") {
            None => None,
            Some(text) => Some(digits(text)?),
        };
        return Some(HubTopic::TwinResponse {
            status: u16::try_from(digits(status)?).ok()?,
            request_id: raw_query_value(query, "$rid")?,
            version,
        });
    }
    if let Some(query) = rest.strip_prefix("twin/PATCH/properties/desired/?") {
        return Some(HubTopic::DesiredProperties {
            version: digits(raw_query_value(query, "$version")?)?,
        });
    }
    let (name, query) = rest.strip_prefix("methods/POST/")?.split_once("/?")?;
    let request_id = raw_query_value(query, "$rid")?;
    Some(HubTopic::MethodCall { name, request_id })
}
