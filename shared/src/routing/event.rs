//! Events of the log as conditions see them, and conditions that choose among events
//! (`query-routing-events.md` §3.5, §4.1, §5.2).

use super::body::{encoding, json_body};
use super::error::refusal;
use super::message::{Message, event_name};
use super::{Condition, DEVICE_MESSAGES, TWIN_CHANGE_EVENTS};
use crate::error::HubError;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use std::borrow::Cow;
use std::cell::OnceCell;

/// An event document.
#[derive(Debug)]
pub struct EventMessage<'a> {
    event: &'a Value,
    twin: Option<&'a Value>,
    /// The body where the document does not show it as JSON though it is.
    decoded: OnceCell<Option<Value>>,
}

impl<'a> EventMessage<'a> {
    /// An event, and the twin of whom it is about if somebody has looked it up.
    pub fn new(event: &'a Value, twin: Option<&'a Value>) -> Self {
        Self {
            event,
            twin,
            decoded: OnceCell::new(),
        }
    }

    fn text(&self, member: &str, name: &str) -> Option<&'a str> {
        let properties = self.event.get(member)?.as_object()?;
        let value = properties.get(name).or_else(|| {
            properties
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        });
        value?.as_str()
    }

    fn application_text(&self, name: &str) -> Option<&'a str> {
        self.text("applicationProperties", name)
    }
}

impl Message for EventMessage<'_> {
    fn application(&self, name: &str) -> Option<Cow<'_, str>> {
        self.application_text(name).map(Cow::Borrowed)
    }

    fn system(&self, name: &str) -> Option<Cow<'_, str>> {
        let name = event_name(name)?;
        let text = match name {
            // Beside the properties it is a text, as conditions want it.
            "iothub-enqueuedtime" => self.event.get("enqueuedTime")?.as_str(),
            _ => self.text("systemProperties", name),
        };
        // Devices may set it like a property of their own.
        let text = text.or_else(|| {
            (name == "iothub-creation-time-utc").then(|| self.application_text(name))?
        });
        text.map(Cow::Borrowed)
    }

    fn body(&self) -> Option<&Value> {
        let content_type = self.text("systemProperties", "content-type")?;
        let content_encoding = self.text("systemProperties", "content-encoding");
        encoding(content_type, content_encoding)?;
        self.event.get("body").or_else(|| {
            let decoded = self.decoded.get_or_init(|| {
                let bytes = STANDARD.decode(self.event.get("bodyBase64")?.as_str()?);
                json_body(Some(content_type), content_encoding, &bytes.ok()?)
            });
            decoded.as_ref()
        })
    }

    fn twin(&self) -> Option<&Value> {
        self.twin
    }
}

/// Compiles what a reader of events filters by. `sources` are those that it reads, as events
/// name them; none: all.
pub fn filter(text: &str, sources: &[String]) -> Result<Condition, HubError> {
    let source = match sources {
        [one] if one.eq_ignore_ascii_case(TWIN_CHANGE_EVENTS) => TWIN_CHANGE_EVENTS,
        _ => DEVICE_MESSAGES,
    };
    let condition =
        Condition::compile(text, source).map_err(|errors| refusal("The filter", &errors))?;
    if condition.reads_twin() {
        return Err(HubError::invalid(
            "A filter cannot look at $twin: the log holds events, and twins change.",
        ));
    }
    Ok(condition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use crate::routing::Outcome;

    fn telemetry(system: &Value, body: &Value) -> Value {
        let mut event = json!({
            "id": "1:5", "enqueuedTime": "2026-03-01T10:00:00.123Z", "source": "Telemetry",
            "systemProperties": {
                "message-id": "m-1", "iothub-connection-device-id": "pump-7",
                "iothub-enqueuedtime": 1_772_359_200_123_i64,
            },
            "applicationProperties": {"Level": "critical"},
        });
        let target = event["systemProperties"].as_object_mut().unwrap();
        target.extend(system.as_object().unwrap().clone());
        let target = event.as_object_mut().unwrap();
        target.extend(body.as_object().unwrap().clone());
        event
    }

    fn outcome(text: &str, event: &Value) -> Outcome {
        filter(text, &[])
            .unwrap()
            .evaluate(&EventMessage::new(event, None))
    }

    #[test]
    fn properties_by_their_names_in_conditions() {
        let json = json!({"content-type": "application/json", "content-encoding": "utf-8"});
        let event = telemetry(&json, &json!({"body": {"t": 93}}));
        for text in [
            "level = 'critical' AND LEVEL = 'critical'",
            "$connectionDeviceId = 'pump-7' AND $messageId = 'm-1'",
            "$enqueuedTime > '2026-03-01T10' AND $enqueuedTime < '2026-03-01T11'",
            "$contentType = 'application/json'",
            "$body.t > 90",
        ] {
            assert_eq!(outcome(text, &event), Outcome::True, "{text}");
        }
        for text in [
            "$to = 'x'",
            "none = 'x'",
            "$body.none = 1",
            "$connectionModuleId = 'm'",
        ] {
            assert_eq!(outcome(text, &event), Outcome::Undefined, "{text}");
        }
    }

    #[test]
    fn a_body_counts_where_it_is_said_to_be_json() {
        let hidden = json!({"bodyBase64": STANDARD.encode("{\"t\":93}")});
        let charset = json!({"content-type": "application/json;charset=utf-8"});
        assert_eq!(
            outcome("$body.t = 93", &telemetry(&charset, &hidden)),
            Outcome::True
        );
        let none = json!({});
        assert_eq!(
            outcome("$body.t = 93", &telemetry(&none, &hidden)),
            Outcome::Undefined
        );
        let patch =
            json!({"content-type": "application/json-patch+json", "content-encoding": "utf-8"});
        let event = telemetry(&patch, &json!({"body": [{"op": "add"}]}));
        assert_eq!(outcome("IS_DEFINED($body.t)", &event), Outcome::False);
    }

    #[test]
    fn a_time_that_a_device_set_by_hand_counts_as_one() {
        let mut event = telemetry(&json!({}), &json!({}));
        event["applicationProperties"] = json!({"iothub-creation-time-utc": "2026-01-01"});
        assert_eq!(
            outcome("$creation-time-utc = '2026-01-01'", &event),
            Outcome::True
        );
        event["systemProperties"]["iothub-creation-time-utc"] = json!("2026-02-02");
        assert_eq!(
            outcome("$creation-time-utc = '2026-02-02'", &event),
            Outcome::True
        );
    }

    #[test]
    fn what_cannot_filter() {
        let refused = |text: &str| filter(text, &[]).unwrap_err();
        assert_eq!(refused("$twin.tags.a = 'b'").code.status(), 400);
        assert!(
            refused("severity <= 2")
                .message
                .contains("Line 1, column 10")
        );
        let change = "twin_change_includes(tags.a)";
        assert_eq!(refused(change).code.status(), 400);
        assert!(filter(change, &["twinChangeEvents".to_owned()]).is_ok());
    }
}
