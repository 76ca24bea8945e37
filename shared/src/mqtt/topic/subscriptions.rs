//! The set of filters a session holds (`device.md` §2.5, §9).
//!
//! Stored as pairs of filter text and granted QoS; the meanings are worked out when it is
//! loaded, so that a stored session never holds two truths.

use super::filter::{Filter, classify, parse_filter};
use crate::ids::Identity;
use serde::{Deserialize, Serialize};

/// Most filters of one session. Azure documents 5 and SDKs use at most that many.
pub const MAX_SUBSCRIPTIONS: usize = 10;
/// The SUBACK code of a filter that is not granted.
pub const REFUSED: u8 = 0x80;

/// A session's filters, each text once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(String, u8)>", into = "Vec<(String, u8)>")]
pub struct Subscriptions {
    entries: Vec<Entry>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    text: String,
    filter: Filter,
    qos: u8,
}

impl Subscriptions {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for a filter and returns its SUBACK code: min(requested, 1), or [`REFUSED`] when
    /// the hub does not know the filter or the session is full. A filter that is already
    /// held takes the new QoS.
    pub fn subscribe(&mut self, text: &str, requested_qos: u8, identity: &Identity) -> u8 {
        let Some(filter) = parse_filter(text, identity) else {
            return REFUSED;
        };
        let qos = requested_qos.min(1);
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.text == text) {
            entry.qos = qos;
        } else if self.entries.len() < MAX_SUBSCRIPTIONS {
            self.entries.push(Entry {
                text: text.to_owned(),
                filter,
                qos,
            });
        } else {
            return REFUSED;
        }
        qos
    }

    /// Drops a filter; false if it was not held.
    pub fn unsubscribe(&mut self, text: &str) -> bool {
        let before = self.entries.len();
        self.entries.retain(|entry| entry.text != text);
        self.entries.len() != before
    }

    /// Filter texts with granted QoS, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u8)> {
        self.entries
            .iter()
            .map(|entry| (entry.text.as_str(), entry.qos))
    }

    /// How many filters are held.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no filter is held.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The QoS for cloud-to-device messages; `None` without the filter.
    pub fn devicebound_qos(&self) -> Option<u8> {
        self.entries
            .iter()
            .filter(|entry| entry.filter == Filter::Devicebound)
            .map(|entry| entry.qos)
            .max()
    }

    /// Whether twin responses may be sent.
    pub fn wants_twin_responses(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.filter == Filter::TwinResponses)
    }

    /// Whether changes of desired properties may be sent.
    pub fn wants_desired(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| entry.filter == Filter::DesiredProperties)
    }

    /// Whether any method may be called.
    pub fn accepts_methods(&self) -> bool {
        self.entries
            .iter()
            .any(|entry| matches!(entry.filter, Filter::Methods(_)))
    }

    /// Whether this method may be called; names are case-sensitive.
    pub fn accepts_method(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| match &entry.filter {
            Filter::Methods(None) => true,
            Filter::Methods(Some(only)) => only == name,
            _ => false,
        })
    }
}

impl From<Vec<(String, u8)>> for Subscriptions {
    /// From storage. The owner was checked by SUBSCRIBE; a text that no version of the hub
    /// grants any more is dropped.
    fn from(stored: Vec<(String, u8)>) -> Self {
        let mut entries: Vec<Entry> = Vec::with_capacity(stored.len().min(MAX_SUBSCRIPTIONS));
        for (text, qos) in stored {
            let Some((filter, _)) = classify(&text) else {
                continue;
            };
            let known = entries.iter().any(|entry| entry.text == text);
            if !known && entries.len() < MAX_SUBSCRIPTIONS {
                entries.push(Entry {
                    text,
                    filter,
                    qos: qos.min(1),
                });
            }
        }
        Self { entries }
    }
}

impl From<Subscriptions> for Vec<(String, u8)> {
    fn from(subscriptions: Subscriptions) -> Self {
        subscriptions
            .entries
            .into_iter()
            .map(|entry| (entry.text, entry.qos))
            .collect()
    }
}
