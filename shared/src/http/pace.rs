//! When a stream that looks again and again looks, says that it is alive, and ends.
//!
//! Whoever looks pauses at least three times as long as the look took: watching, however much
//! there is to see, takes at most a quarter of the shards' time. It must never sleep past a
//! heartbeat, by which proxies and clients know that somebody is still there.

use super::backend::Backend;
use super::event_stream::HEARTBEAT_MILLISECONDS;
use crate::time::Timestamp;

/// A comment, which clients pass over.
pub(super) const HEARTBEAT: &str = ": heartbeat\n\n";

/// A pause is at least so many times as long as the look before it.
const PAUSES_PER_LOOK: i64 = 3;

/// The times of a stream.
#[derive(Debug)]
pub(super) struct Pace {
    last_sent: Timestamp,
    next_look: Timestamp,
    ends: Timestamp,
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It is time to look.
    Look,
    /// Nothing was sent for long.
    Heartbeat,
    /// The stream is over.
    End,
}

impl Pace {
    /// Looks at once.
    pub(super) fn new(now: Timestamp, ends: Timestamp) -> Self {
        Self {
            last_sent: now,
            next_look: now,
            ends,
        }
    }

    /// Waits for what comes next.
    pub(super) async fn turn<B: Backend>(&self, backend: &B) -> Turn {
        let heartbeat = self.last_sent.plus_milliseconds(HEARTBEAT_MILLISECONDS);
        loop {
            let now = backend.now();
            if now >= self.ends {
                return Turn::End;
            }
            if now >= self.next_look {
                return Turn::Look;
            }
            if now >= heartbeat {
                return Turn::Heartbeat;
            }
            let until = self.next_look.min(heartbeat).min(self.ends);
            let pause = until.milliseconds() - now.milliseconds();
            backend
                .sleep(u32::try_from(pause.max(1)).unwrap_or(1))
                .await;
        }
    }

    /// Looks again after a pause of so many milliseconds.
    pub(super) fn rest(&mut self, now: Timestamp, milliseconds: i64) {
        self.next_look = now.plus_milliseconds(milliseconds);
    }

    /// A look has ended that began at a moment; the pause is at least so long.
    pub(super) fn looked(&mut self, began: Timestamp, now: Timestamp, pause: i64) {
        let took = now.milliseconds() - began.milliseconds();
        self.rest(now, pause.max(took.saturating_mul(PAUSES_PER_LOOK)));
    }

    /// Something was sent.
    pub(super) fn sent(&mut self, now: Timestamp) {
        self.last_sent = now;
    }
}
