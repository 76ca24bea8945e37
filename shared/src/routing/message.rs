//! What a condition can look at (`query-routing-events.md` §3.5).

use serde_json::Value;
use std::borrow::Cow;

/// A message. Everything is asked for lazily, so what a condition does not name costs nothing.
pub trait Message {
    /// An application property; the name counts in any case.
    fn application(&self, name: &str) -> Option<Cow<'_, str>>;
    /// A system property by its name in conditions without `$` (see [`SYSTEM_PROPERTIES`]); the
    /// name counts in any case.
    fn system(&self, name: &str) -> Option<Cow<'_, str>>;
    /// The body as JSON; `None` where content type and encoding do not say so, or where it does
    /// not parse (see [`super::json_body`]).
    fn body(&self) -> Option<&Value>;
    /// The twin of the sender, `{tags, properties: {desired, reported}}`.
    fn twin(&self) -> Option<&Value>;
}

/// The system properties: their names in conditions, and in events. The moment of
/// `enqueuedTime` stands elsewhere in events, as a text.
pub const SYSTEM_PROPERTIES: [(&str, &str); 14] = [
    ("messageId", "message-id"),
    ("correlationId", "correlation-id"),
    ("userId", "user-id"),
    ("to", "to"),
    ("contentType", "content-type"),
    ("contentEncoding", "content-encoding"),
    ("enqueuedTime", "iothub-enqueuedtime"),
    ("connectionDeviceId", "iothub-connection-device-id"),
    ("connectionModuleId", "iothub-connection-module-id"),
    (
        "connectionDeviceGenerationId",
        "iothub-connection-auth-generation-id",
    ),
    ("connectionAuthMethod", "iothub-connection-auth-method"),
    ("creation-time-utc", "iothub-creation-time-utc"),
    ("dt-dataschema", "dt-dataschema"),
    ("dt-subject", "dt-subject"),
];

/// The name in events of a system property that a condition names.
pub fn event_name(system: &str) -> Option<&'static str> {
    SYSTEM_PROPERTIES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(system))
        .map(|(_, event)| *event)
}
