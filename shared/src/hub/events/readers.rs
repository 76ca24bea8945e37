//! How many may read a partition at the same time (`query-routing-events.md` §5.1): five of
//! each consumer group.
//!
//! Who follows the log of a whole partition counts: a stream from its first wait to its end,
//! anybody else while waiting. Readers of a single device do not count, nor do pages that come
//! at once: they hold nothing.

use super::Events;
use crate::error::{ErrorCode, HubError};
use crate::ipc::events::ReaderPlace;
use crate::ordered::OrderedMap;
use crate::time::Timestamp;

/// Readers of one group.
const MAX_READERS: usize = 5;
/// A stream that has not come back for so long after a wait has ended.
const ABSENCE_MILLISECONDS: i64 = 5_000;

/// When each stream was last seen, by group and name. Lost with the object, as the waits are.
pub(super) type Streams = OrderedMap<(String, String), Timestamp>;

impl Events {
    /// Takes a place for a wait that begins; whether there is one.
    pub(super) fn take_place(&mut self, place: &ReaderPlace, now: Timestamp) -> bool {
        let waiting: Vec<&ReaderPlace> = self
            .waiting
            .iter()
            .filter_map(super::read::Waiting::place)
            .collect();
        self.streams.retain(|(group, stream), seen| {
            let absent = now.milliseconds() - seen.milliseconds();
            let waits = waiting
                .iter()
                .any(|place| place.group == *group && place.stream.as_ref() == Some(stream));
            waits || absent <= ABSENCE_MILLISECONDS
        });
        let key = place
            .stream
            .as_ref()
            .map(|stream| (place.group.clone(), stream.clone()));
        if let Some(seen) = key.as_ref().and_then(|key| self.streams.get_mut(key)) {
            *seen = now;
            return true;
        }
        let streams = self
            .streams
            .keys()
            .filter(|(group, _)| *group == place.group);
        let others = waiting
            .iter()
            .filter(|other| other.group == place.group && other.stream.is_none());
        if streams.count() + others.count() >= MAX_READERS {
            return false;
        }
        if let Some(key) = key {
            self.streams.insert(key, now);
        }
        true
    }

    /// A stream's wait is over: it is about to come back.
    pub(super) fn keep_place(&mut self, place: Option<&ReaderPlace>, now: Timestamp) {
        if let Some(ReaderPlace {
            group,
            stream: Some(stream),
        }) = place
            && let Some(seen) = self.streams.get_mut(&(group.clone(), stream.clone()))
        {
            *seen = now;
        }
    }
}

pub(super) fn no_place(group: &str) -> HubError {
    HubError::new(
        ErrorCode::ThrottlingException,
        format!(
            "{MAX_READERS} readers of the consumer group {group} follow this partition already, \
             the most that a group can have; use a group of your own."
        ),
    )
}
