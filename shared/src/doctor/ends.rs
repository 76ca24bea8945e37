//! The last ends of a device's sessions, as one short text beside its session.
//!
//! A line is an end, the newest first: milliseconds, reason, packet or `-`, seconds that the
//! session lasted. A text and not rows, because the row of the identity is written anyway when
//! a session ends, and another row would double the price of every disconnect.

use super::reason;
use crate::json;
use crate::time::Timestamp;
use serde_json::Value;

/// So many are kept.
const KEPT: usize = 10;

/// One end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct End<'a> {
    /// When.
    pub time: Timestamp,
    /// The word of [`reason`].
    pub reason: &'a str,
    /// The packet that broke a rule; empty where none did.
    pub packet: &'a str,
    /// How long the session was.
    pub seconds: i64,
}

/// The text with one more end.
pub fn with(text: &str, end: &End<'_>) -> String {
    let mut new = format!(
        "{} {} {} {}",
        end.time.milliseconds(),
        written(end.reason),
        written(end.packet),
        end.seconds
    );
    for line in text.lines().take(KEPT - 1) {
        new.push('\n');
        new.push_str(line);
    }
    new
}

fn written(word: &str) -> &str {
    if word.is_empty() { "-" } else { word }
}

/// The ends that a text tells of, the newest first. What cannot be read is left out.
pub fn read(text: &str) -> Vec<End<'_>> {
    text.lines().filter_map(end).collect()
}

fn end(line: &str) -> Option<End<'_>> {
    let mut words = line.split(' ');
    Some(End {
        time: Timestamp::from_milliseconds(words.next()?.parse().ok()?),
        reason: words.next()?,
        packet: words.next().filter(|word| *word != "-").unwrap_or_default(),
        seconds: words.next()?.parse().ok()?,
    })
}

impl End<'_> {
    /// As REST shows it.
    pub fn document(&self) -> Value {
        json!({
            "time": self.time,
            "reason": self.reason,
            "detail": reason::detail(self.reason, self.packet),
            "sessionSeconds": self.seconds,
            "packet": Some(self.packet).filter(|packet| !packet.is_empty()),
        })
    }
}
