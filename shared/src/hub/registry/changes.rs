//! Which documents of queries changed lately, for those who watch a query's result
//! (`http::query_stream`).
//!
//! Whoever writes something that a document shows notes its key here, by
//! [`Context::changed`](super::Context::changed). Devices must not pay for it: nothing is
//! read or stored, and nothing kept while nobody watches. It is memory only; an epoch tells
//! one memory from the next, so that who watches learns that something was forgotten.

use crate::ids::DeviceId;
use crate::ipc::query::ChangePlace;
use crate::query::DocumentKey;
use crate::time::Timestamp;
use std::cell::RefCell;
use std::collections::VecDeque;

/// Most changes that are remembered.
pub(super) const KEPT: usize = 4_096;
/// Nobody watches any more when nobody has asked for so long.
pub(super) const WATCHED_SECONDS: i64 = 60;

/// The memory, if somebody watches; and devices whose alert rules have to be judged, if there
/// are such rules.
#[derive(Debug, Default)]
pub(super) struct Changes(RefCell<Option<Memory>>, RefCell<Option<Vec<DeviceId>>>);

#[derive(Debug)]
struct Memory {
    epoch: u64,
    /// The number of the last change.
    newest: u64,
    changes: VecDeque<Change>,
    asked: Timestamp,
}

/// A document that is not what it was, or not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// Which.
    pub(super) key: DocumentKey,
    /// Only `lastActivityTime` moved, which happens all the time and few watch.
    pub(super) only_heard: bool,
}

impl Changes {
    /// From now on notes which devices were touched, or not any more.
    pub(super) fn touch_all(&self, wanted: bool) {
        *self.1.borrow_mut() = wanted.then(Vec::new);
    }

    /// A document of a device is not what it was.
    pub(super) fn touch(&self, device: &DeviceId) {
        if let Some(touched) = self.1.borrow_mut().as_mut()
            && touched.last() != Some(device)
        {
            touched.push(device.clone());
        }
    }

    /// Devices that were touched since somebody asked.
    pub(super) fn take_touched(&self) -> Vec<DeviceId> {
        let mut touched = self.1.borrow_mut();
        touched.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Notes a change.
    pub(super) fn note(&self, device: &DeviceId, module: &str, only_heard: bool, now: Timestamp) {
        let mut memory = self.0.borrow_mut();
        let Some(noted) = memory.as_mut() else {
            return;
        };
        if noted.asked.plus_seconds(WATCHED_SECONDS) < now {
            *memory = None;
            return;
        }
        if noted.changes.len() >= KEPT {
            noted.changes.pop_front();
        }
        noted.newest = noted.newest.saturating_add(1);
        noted.changes.push_back(Change {
            key: DocumentKey {
                device: device.as_str().to_owned(),
                module: module.to_owned(),
            },
            only_heard,
        });
    }

    /// Somebody watches: the place behind the last change. Random bytes of the asker name a
    /// memory that begins now; the time keeps a request that comes twice from naming two.
    pub(super) fn watch(&self, entropy: u64, now: Timestamp) -> ChangePlace {
        let mut memory = self.0.borrow_mut();
        let memory = memory.get_or_insert_with(|| Memory {
            epoch: entropy.wrapping_add(now.ticks().unsigned_abs()),
            newest: 0,
            changes: VecDeque::new(),
            asked: now,
        });
        memory.asked = now;
        ChangePlace {
            epoch: memory.epoch,
            number: memory.newest,
        }
    }

    /// Whether everything behind a place is remembered.
    pub(super) fn knows(&self, place: ChangePlace) -> bool {
        self.0.borrow().as_ref().is_some_and(|memory| {
            place.epoch == memory.epoch
                && (memory.forgotten()..=memory.newest).contains(&place.number)
        })
    }

    /// A change by its number, if it is remembered.
    pub(super) fn get(&self, number: u64) -> Option<Change> {
        let memory = self.0.borrow();
        let memory = memory.as_ref()?;
        let index = number.checked_sub(memory.forgotten())?.checked_sub(1)?;
        memory.changes.get(usize::try_from(index).ok()?).cloned()
    }
}

impl Memory {
    /// The number of the last change that is not remembered.
    fn forgotten(&self) -> u64 {
        let kept = u64::try_from(self.changes.len()).unwrap_or(u64::MAX);
        self.newest.saturating_sub(kept)
    }
}

#[cfg(test)]
#[path = "changes_tests.rs"]
mod tests;
