//! Following the event log: what is there first, then waiting for more
//! (`query-routing-events.md` §5.2).
//!
//! Whoever follows pulls page by page, so nothing is read for a client that takes nothing.

use super::backend::Backend;
use super::event_reader::{EventReader, MergedPage};
use crate::error::HubError;
use crate::time::Timestamp;

/// Waiting on several partitions leaves waits behind when one answers; short waits bound them.
pub const MERGED_WAIT_MILLISECONDS: i64 = 2_000;
/// Between waking up twice on several partitions, for the same reason.
const MERGED_PAUSE_MILLISECONDS: u32 = 150;
/// A wait that ended early without events is not repeated at once.
pub const EARLY_RETURN_PAUSE_MILLISECONDS: u32 = 100;

/// A reader that goes on.
#[derive(Debug)]
pub struct EventFollower {
    /// Where it is.
    pub reader: EventReader,
    /// The last read found nothing: waiting comes next.
    drained: bool,
    /// The last page held events.
    woken: bool,
}

impl EventFollower {
    /// Fixes the positions, so that nothing stored from now on is missed; and whether
    /// retention has passed them.
    pub async fn open<B: Backend>(
        mut reader: EventReader,
        backend: &B,
    ) -> Result<(Self, bool), HubError> {
        let gap = reader.resolve(backend).await?;
        let follower = Self {
            reader,
            drained: false,
            woken: false,
        };
        Ok((follower, gap))
    }

    /// Whether it is at the end of the log.
    pub fn is_drained(&self) -> bool {
        self.drained
    }

    /// The next page; an empty one where filtered events moved the cursor, or where nothing
    /// came until `until`.
    pub async fn next<B: Backend>(
        &mut self,
        backend: &B,
        max: u32,
        until: Timestamp,
    ) -> Result<MergedPage, HubError> {
        let before = self.reader.cursor();
        let page = if self.drained {
            self.wait(backend, max, until).await?
        } else {
            self.reader.page(backend, max).await?
        };
        if page.events.is_empty() {
            // Filtered events move the cursor too: then there may be more at once.
            self.drained = self.reader.cursor() == before;
        } else {
            self.drained = false;
            self.woken = true;
        }
        Ok(page)
    }

    async fn wait<B: Backend>(
        &mut self,
        backend: &B,
        max: u32,
        until: Timestamp,
    ) -> Result<MergedPage, HubError> {
        let now = backend.now();
        let mut until = until;
        if self.reader.is_merged() {
            if std::mem::take(&mut self.woken) {
                backend.sleep(MERGED_PAUSE_MILLISECONDS).await;
            }
            until = until.min(now.plus_milliseconds(MERGED_WAIT_MILLISECONDS));
        }
        let before = self.reader.cursor();
        let page = self.reader.wait(backend, max, until).await?;
        let idle = page.events.is_empty() && self.reader.cursor() == before;
        if idle && backend.now() < until {
            backend.sleep(EARLY_RETURN_PAUSE_MILLISECONDS).await;
        }
        Ok(page)
    }
}
