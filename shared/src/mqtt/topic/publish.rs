//! What a device publishes: telemetry, twin requests, answers to methods
//! (`device.md` §3.1, §5.1, §6).
//!
//! Reading a topic never allocates. Every error closes the connection, without PUBACK (§9).

use super::{raw_query_value, strip_identity};
use crate::ids::Identity;
use std::fmt;

/// Longest request id that is echoed, in bytes; SDKs use UUIDs or counters.
pub const MAX_REQUEST_ID_LENGTH: usize = 1024;

/// What a PUBLISH of a device means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceTopic<'a> {
    /// Device-to-cloud message.
    Telemetry {
        /// The property bag, still encoded and unchecked (`property_bag`).
        bag: &'a str,
    },
    /// Asks for the twin.
    TwinGet {
        /// Echoed byte for byte. `None`: the hub closes the connection.
        request_id: Option<&'a str>,
    },
    /// Patches reported properties.
    TwinReport {
        /// Echoed byte for byte. `None`: the patch is applied without a response.
        request_id: Option<&'a str>,
        /// Apply only if this is the current reported version.
        version: Option<u64>,
    },
    /// Answers a direct method.
    MethodResponse {
        /// The device's status, any number.
        status: i32,
        /// Of the call.
        request_id: &'a str,
    },
}

/// Why a device may not publish to a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TopicError {
    /// No topic of IoT Hub.
    Unknown,
    /// A `devices/…` topic of somebody else, or of this device's other modules.
    OtherIdentity,
    /// A `$iothub/…` topic that does not exist for devices.
    UnknownIotHubTopic,
    /// Desired properties belong to the service.
    DesiredIsReadOnly,
    /// `$version` is not a number.
    Version,
    /// Over [`MAX_REQUEST_ID_LENGTH`].
    RequestIdTooLong,
    /// Not `$iothub/methods/res/{status}/?$rid={rid}`.
    MethodResponse,
}

impl TopicError {
    /// A stable word for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unknown => "unknownTopic",
            Self::OtherIdentity => "topicOfOtherIdentity",
            Self::UnknownIotHubTopic => "unknownIotHubTopic",
            Self::DesiredIsReadOnly => "desiredIsReadOnly",
            Self::Version => "topicVersion",
            Self::RequestIdTooLong => "requestIdTooLong",
            Self::MethodResponse => "methodResponseTopic",
        }
    }
}

impl TopicError {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Unknown,
        Self::OtherIdentity,
        Self::UnknownIotHubTopic,
        Self::DesiredIsReadOnly,
        Self::Version,
        Self::RequestIdTooLong,
        Self::MethodResponse,
    ];

    /// The broken rule, for people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Unknown => {
                "no such topic; telemetry goes to devices/{device id}/messages/events/"
            }
            Self::OtherIdentity => {
                "the device or module id in the topic is not the connected one (ids are case-sensitive and not percent-encoded)"
            }
            Self::UnknownIotHubTopic => "devices cannot publish to this $iothub topic",
            Self::DesiredIsReadOnly => {
                "a device cannot write desired properties, only reported ones"
            }
            Self::Version => "$version in the topic is not a whole number",
            Self::RequestIdTooLong => "$rid in the topic is longer than 1024 bytes",
            Self::MethodResponse => {
                "a method response goes to $iothub/methods/res/{status}/?$rid={request id}, with a 32-bit status"
            }
        }
    }
}

impl fmt::Display for TopicError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl std::error::Error for TopicError {}

/// Reads the topic of a device's PUBLISH.
pub fn parse_publish<'a>(
    topic: &'a str,
    identity: &Identity,
) -> Result<DeviceTopic<'a>, TopicError> {
    // Most traffic is the connected identity's own telemetry: try that first.
    if let Some(rest) = strip_identity(topic, identity)
        && let Some(bag) = strip_events(rest)
    {
        return Ok(DeviceTopic::Telemetry { bag });
    }
    if let Some(rest) = topic.strip_prefix("$iothub/") {
        return parse_iothub(rest);
    }
    if is_telemetry_of_anyone(topic) {
        return Err(TopicError::OtherIdentity);
    }
    Err(TopicError::Unknown)
}

/// `messages/events`, `messages/events/`, `messages/events/{bag}`, `messages/events/{bag}/`.
fn strip_events(rest: &str) -> Option<&str> {
    match rest.strip_prefix("messages/events")? {
        "" => Some(""),
        rest => rest
            .strip_prefix('/')
            .map(|bag| bag.strip_suffix('/').unwrap_or(bag)),
    }
}

fn is_telemetry_of_anyone(topic: &str) -> bool {
    let Some((_, rest)) = topic
        .strip_prefix("devices/")
        .and_then(|rest| rest.split_once('/'))
    else {
        return false;
    };
    let of_device = strip_events(rest).is_some();
    let of_module = rest
        .strip_prefix("modules/")
        .and_then(|rest| rest.split_once('/'))
        .is_some_and(|(_, rest)| strip_events(rest).is_some());
    of_device || of_module
}

fn parse_iothub(rest: &str) -> Result<DeviceTopic<'_>, TopicError> {
    if let Some(rest) = rest.strip_prefix("methods/res/") {
        return parse_method_response(rest);
    }
    if let Some(rest) = rest.strip_prefix("twin/GET/") {
        let query = twin_query(rest)?;
        return Ok(DeviceTopic::TwinGet {
            request_id: request_id(query)?,
        });
    }
    if let Some(rest) = rest.strip_prefix("twin/PATCH/properties/reported/") {
        let query = twin_query(rest)?;
        let version = match raw_query_value(query, "$version") {
            None => None,
            Some(text) => Some(digits(text).ok_or(TopicError::Version)?),
        };
        return Ok(DeviceTopic::TwinReport {
            request_id: request_id(query)?,
            version,
        });
    }
    if rest.starts_with("twin/PATCH/properties/desired") {
        return Err(TopicError::DesiredIsReadOnly);
    }
    Err(TopicError::UnknownIotHubTopic)
}

/// Behind the last `/` of a twin topic: nothing, or `?` and a query.
fn twin_query(rest: &str) -> Result<&str, TopicError> {
    match rest {
        "" => Ok(""),
        _ => rest.strip_prefix('?').ok_or(TopicError::UnknownIotHubTopic),
    }
}

fn request_id(query: &str) -> Result<Option<&str>, TopicError> {
    match raw_query_value(query, "$rid") {
        Some(id) if id.len() > MAX_REQUEST_ID_LENGTH => Err(TopicError::RequestIdTooLong),
        found => Ok(found),
    }
}

fn parse_method_response(rest: &str) -> Result<DeviceTopic<'_>, TopicError> {
    let (status, query) = rest
        .split_once("/?$rid=")
        .ok_or(TopicError::MethodResponse)?;
    let request_id = query.split('&').next().unwrap_or_default();
    if request_id.is_empty()
        || !status
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'-')
    {
        return Err(TopicError::MethodResponse);
    }
    if request_id.len() > MAX_REQUEST_ID_LENGTH {
        return Err(TopicError::RequestIdTooLong);
    }
    let status = status.parse().map_err(|_| TopicError::MethodResponse)?;
    Ok(DeviceTopic::MethodResponse { status, request_id })
}

/// A number of digits only; the standard parser would also take a `+`.
pub(super) fn digits(text: &str) -> Option<u64> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        text.parse().ok()
    } else {
        None
    }
}
