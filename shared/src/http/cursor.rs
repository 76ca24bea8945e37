//! Opaque cursors: positions in several event partitions, and ids in lists.
//!
//! A cursor is a place, not a right: it grants nothing, so it is not signed, and a forged
//! one reads no more than `from=earliest` does.

use crate::error::HubError;
use crate::ordered::OrderedMap;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Longest accepted cursor: 32 partitions with the largest numbers.
const MAX_LENGTH: usize = 2048;

/// How far each partition has been read: everything up to and including the number.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventCursor(pub OrderedMap<u16, u64>);

impl EventCursor {
    /// As it stands in answers.
    pub fn encode(&self) -> String {
        let text: Vec<String> = self
            .0
            .iter()
            .map(|(partition, sequence)| format!("{partition}={sequence}"))
            .collect();
        URL_SAFE_NO_PAD.encode(text.join(","))
    }

    /// Reads one, checking that the partitions exist.
    pub fn decode(text: &str, partitions: u16) -> Result<Self, HubError> {
        Self::read(text)
            .filter(|cursor| {
                !cursor.0.is_empty() && cursor.0.keys().all(|partition| *partition < partitions)
            })
            .ok_or_else(|| {
                HubError::invalid(
                    "The cursor is not one of this hub; take it from an earlier answer unchanged.",
                )
            })
    }

    fn read(text: &str) -> Option<Self> {
        let mut positions = OrderedMap::new();
        for item in open(text)?.split(',') {
            let (partition, sequence) = item.split_once('=')?;
            positions.insert(partition.parse().ok()?, sequence.parse().ok()?);
        }
        Some(Self(positions))
    }
}

/// A cursor for a list in order of id.
pub fn encode_id(id: &str) -> String {
    URL_SAFE_NO_PAD.encode(id)
}

/// The id behind which the next page begins.
pub fn decode_id(text: &str) -> Result<String, HubError> {
    open(text).ok_or_else(|| {
        HubError::invalid(
            "The cursor is not one of this list; take it from an earlier answer unchanged.",
        )
    })
}

fn open(text: &str) -> Option<String> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    String::from_utf8(URL_SAFE_NO_PAD.decode(text).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn cursors_survive_the_round_trip(positions in proptest::collection::btree_map(0u16..32, any::<u64>(), 1..32)) {
            let cursor = EventCursor(positions.into_iter().collect());
            let text = cursor.encode();
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            prop_assert_eq!(EventCursor::decode(&text, 32).unwrap(), cursor);
        }

        #[test]
        fn arbitrary_text_is_refused_or_read_but_never_panics(text in ".{0,100}") {
            let _ = EventCursor::decode(&text, 4);
            let _ = decode_id(&text);
        }
    }

    #[test]
    fn a_cursor_of_a_larger_hub_is_refused() {
        let text = EventCursor([(7, 1)].into()).encode();
        assert!(EventCursor::decode(&text, 8).is_ok());
        assert!(EventCursor::decode(&text, 7).is_err());
        assert!(EventCursor::decode("", 7).is_err());
    }
}
