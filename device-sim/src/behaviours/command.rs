//! Cloud-to-device messages: accepted by their PUBACK, remembered in reported `lastCommand`.

use super::Action;
use serde_json::{Value, json};
use shared::time::Timestamp;

/// Longest body text that is remembered; a twin's string has at most 4096 bytes.
const TEXT_LENGTH: usize = 1000;

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Command {
    /// `message-id`, if it has one.
    pub message_id: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

/// Remembers a message. The members of the message before it are replaced or cleared.
pub fn remember(command: &Command, now: Timestamp) -> Action {
    let text = std::str::from_utf8(&command.body).ok().map(|text| {
        let end = (0..=TEXT_LENGTH.min(text.len()))
            .rev()
            .find(|end| text.is_char_boundary(*end))
            .unwrap_or(0);
        &text[..end]
    });
    let message_id: Option<String> = command
        .message_id
        .as_ref()
        .map(|id| id.chars().take(128).collect());
    Action::Report(json!({"lastCommand": {
        "messageId": message_id.map_or(Value::Null, Value::String),
        "text": text,
        "bytes": command.body.len(),
        "receivedTime": now,
    }}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered(body: &[u8]) -> Value {
        let command = Command {
            message_id: Some("m1".to_owned()),
            body: body.to_vec(),
        };
        match remember(&command, Timestamp::UNSET) {
            Action::Report(report) => report["lastCommand"].clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn text_is_kept_and_cut_at_a_character() {
        assert_eq!(remembered(b"open")["text"], "open");
        let long = "ø".repeat(600);
        assert_eq!(
            remembered(long.as_bytes())["text"].as_str().unwrap().len(),
            1000
        );
        let odd = format!("a{long}");
        assert_eq!(
            remembered(odd.as_bytes())["text"].as_str().unwrap().len(),
            999
        );
    }

    #[test]
    fn other_bodies_leave_only_their_size() {
        let report = remembered(&[0xff, 0xfe, 0]);
        assert_eq!(
            (report["text"].is_null(), report["bytes"].as_u64()),
            (true, Some(3))
        );
    }
}
