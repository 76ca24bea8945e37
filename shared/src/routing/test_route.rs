//! Trying a route, or all of them, with a message that somebody made up
//! (`query-routing-events.md` §3.9): bodies in, bodies out.
//!
//! Routes are documents `{name, source, condition, endpointNames, isEnabled}`, whoever stores
//! them and however.

use super::body::encoding;
use super::message::Message;
use super::{Condition, DEVICE_MESSAGES, Outcome, SOURCES, source};
use crate::error::HubError;
use crate::json;
use serde_json::{Map, Value};
use std::borrow::Cow;

/// The message of a test call.
struct TestMessage<'a> {
    application: Option<&'a Map<String, Value>>,
    system: Option<&'a Map<String, Value>>,
    body: Option<Value>,
    twin: Option<&'a Value>,
}

impl<'a> TestMessage<'a> {
    fn read(request: &'a Value) -> Result<Self, HubError> {
        let message = request.get("message").unwrap_or(&Value::Null);
        let properties = |name: &str| match message.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Object(properties)) if properties.values().all(Value::is_string) => {
                Ok(Some(properties))
            }
            Some(_) => Err(HubError::invalid(format!(
                "message.{name} must be an object of texts."
            ))),
        };
        let (application, system) = (
            properties("appProperties")?,
            properties("systemProperties")?,
        );
        let text = match message.get("body") {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                return Err(HubError::invalid(
                    "message.body must be a text; JSON goes in as a text, too.",
                ));
            }
        };
        let content_type = find(system, "contentType");
        let content_encoding = find(system, "contentEncoding");
        // The text was decoded already; the message that it stands for is still to be encoded.
        let is_json = content_type
            .and_then(|content_type| encoding(content_type, content_encoding))
            .is_some();
        Ok(Self {
            application,
            system,
            body: text
                .filter(|_| is_json)
                .and_then(|text| serde_json::from_str(text).ok()),
            twin: request.get("twin").filter(|twin| twin.is_object()),
        })
    }
}

fn find<'a>(properties: Option<&'a Map<String, Value>>, name: &str) -> Option<&'a str> {
    properties?
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .and_then(|(_, value)| value.as_str())
}

impl Message for TestMessage<'_> {
    fn application(&self, name: &str) -> Option<Cow<'_, str>> {
        find(self.application, name).map(Cow::Borrowed)
    }

    fn system(&self, name: &str) -> Option<Cow<'_, str>> {
        find(self.system, name).map(Cow::Borrowed)
    }

    fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }

    fn twin(&self) -> Option<&Value> {
        self.twin
    }
}

/// `POST /api/v1/routing/test`: what one route does with a message.
pub fn test(request: &Value) -> Result<Value, HubError> {
    let message = TestMessage::read(request)?;
    let route = request
        .get("route")
        .filter(|route| route.is_object())
        .ok_or_else(|| HubError::invalid("The body must have a route, with its condition."))?;
    let source = source_of(route.get("source"))?;
    let (outcome, findings) = match Condition::compile(condition_of(route)?, source) {
        Ok(condition) => (condition.evaluate(&message), condition.warnings().to_vec()),
        Err(errors) => (Outcome::Undefined, errors),
    };
    let findings: Vec<Value> = findings
        .iter()
        .map(super::CompilationError::to_json)
        .collect();
    Ok(json!({"result": outcome.name(), "details": {"compilationErrors": findings}}))
}

/// `POST /api/v1/routing/test-all`: the enabled routes that a message takes, or else the
/// fallback route if it takes that.
pub fn test_all(
    request: &Value,
    routes: &[Value],
    fallback: Option<&Value>,
) -> Result<Value, HubError> {
    let message = TestMessage::read(request)?;
    let source = source_of(request.get("routingSource"))?;
    let takes = |route: &&Value| {
        let is_of_source = route
            .get("source")
            .and_then(Value::as_str)
            .is_some_and(|name| name.eq_ignore_ascii_case(source));
        // A stored route compiles.
        is_of_source
            && route.get("isEnabled") != Some(&Value::Bool(false))
            && condition_of(route)
                .ok()
                .and_then(|text| Condition::compile(text, source).ok())
                .is_some_and(|condition| condition.evaluate(&message) == Outcome::True)
    };
    let mut taken: Vec<&Value> = routes.iter().filter(takes).collect();
    if taken.is_empty() && source == DEVICE_MESSAGES {
        taken.extend(fallback.filter(takes));
    }
    let taken: Vec<Value> = taken
        .into_iter()
        .map(|route| json!({"properties": route}))
        .collect();
    Ok(json!({"routes": taken}))
}

/// The source that a document names; without one it is about what devices send.
fn source_of(name: Option<&Value>) -> Result<&'static str, HubError> {
    match name {
        None | Some(Value::Null) => Ok(DEVICE_MESSAGES),
        Some(name) => name.as_str().and_then(source).ok_or_else(|| {
            HubError::invalid(format!("A source is one of {}.", SOURCES.join(", ")))
        }),
    }
}

/// The condition of a route; without one it is `true`.
fn condition_of(route: &Value) -> Result<&str, HubError> {
    match route.get("condition") {
        None | Some(Value::Null) => Ok("true"),
        Some(condition) => condition
            .as_str()
            .ok_or_else(|| HubError::invalid("The condition of a route must be a text.")),
    }
}

#[cfg(test)]
#[path = "test_route_tests.rs"]
mod tests;
