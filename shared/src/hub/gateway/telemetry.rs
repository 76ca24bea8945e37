//! Group commit of telemetry (`device.md` §3.3: PUBACK only after the message is stored).
//!
//! Messages of all connections gather per partition; one append per partition is under
//! way at a time, and what comes meanwhile is the next batch. Row writes are nearly the
//! whole bill at the edge, so a batch also waits a little for connections that have been
//! sending lately and whose messages are probably about to come. A lone sender, or senders
//! that all wait for their acknowledgement, never wait for anybody. Senders that go on
//! without waiting are told from those by trying (see [`Overlap`]); their batches may fill
//! although everybody is in them.

use super::connection::Slot;
use crate::hub::effects::Correlation;
use crate::time::Timestamp;
use std::collections::VecDeque;
use std::rc::Rc;

/// A batch goes at once when it has so many messages…
const FULL_MESSAGES: usize = 64;
/// …or so many bytes…
const FULL_BYTES: usize = 256 * 1024;
/// …or its oldest message has waited so long, in milliseconds.
/// At 1,000 messages a second over eight batchers that makes some 56 messages a row.
const LONGEST_WAIT: i64 = 450;
/// A batch with everybody in it waits for more so many times as long as messages lately came
/// apart…
const PATIENCE: i64 = 7;
/// …but no longer than this without a new message, in milliseconds.
const LONGEST_PATIENCE: i64 = 80;
/// Batches between two tries whether senders go on without their acknowledgement: at first,
/// and at most, since each failed try doubles it.
const FIRST_TRY: u32 = 8;
const LAST_TRY: u32 = 256;
/// A batch never grows beyond this: a partition stores it as one row of at most 2 MB.
const MAX_BATCH_BYTES: usize = 1_000_000;
/// Waiting messages of one partition before senders are cut off.
const MAX_WAITING_BYTES: usize = 16 * 1024 * 1024;
/// How long "lately" is.
const WINDOW_MILLISECONDS: i64 = 1_000;
/// Shortest pause between two appends of a partition: one turn of the clock.
const SHORTEST_PAUSE: i64 = 1;
/// Longest pause between two appends of a partition.
const LONGEST_PAUSE: i64 = 25;
/// Tries before the senders are told by a closed connection.
const MAX_ATTEMPTS: u32 = 3;

/// Messages of one append.
#[derive(Debug, Default)]
pub(super) struct Batch {
    number: u64,
    /// Shared with the append under way, so that a retry needs no copy.
    pub data: Rc<Vec<u8>>,
    /// Who waits for which PUBACK; packet id 0 for none.
    pub acknowledgements: Vec<(Slot, u16)>,
    connections: u32,
    oldest: Option<Timestamp>,
    newest: Option<Timestamp>,
}

/// Whether senders go on before they are acknowledged.
///
/// Waiting longer for them makes larger batches and costs them nothing; waiting for senders
/// that wait themselves is idle time. A batch with two messages of one connection in it tells,
/// but batches that leave at once never have that. So every now and then one waits to see.
#[derive(Debug)]
struct Overlap {
    found: bool,
    /// Batches until the next try.
    try_in: u32,
    /// Batches between tries.
    interval: u32,
}

impl Overlap {
    fn is_worth_waiting(&self) -> bool {
        self.found || self.try_in == 0
    }

    /// A batch leaves that was not full.
    fn learn(&mut self, batch: &Batch) {
        let messages = u32::try_from(batch.acknowledgements.len()).unwrap_or(u32::MAX);
        let found = messages.saturating_sub(batch.connections) * 4 >= batch.connections;
        if found {
            self.interval = FIRST_TRY;
        } else if self.is_worth_waiting() {
            self.try_in = self.interval;
            self.interval = (self.interval * 2).min(LAST_TRY);
        } else {
            self.try_in -= 1;
        }
        self.found = found;
    }
}

/// An append under way.
#[derive(Debug)]
pub(super) struct InFlight {
    pub correlation: Correlation,
    pub batch: Batch,
    attempts: u32,
    /// When it was sent.
    pub since: Timestamp,
}

/// The telemetry of one partition.
#[derive(Debug)]
pub(super) struct Batcher {
    waiting: VecDeque<Batch>,
    waiting_bytes: usize,
    pub in_flight: Option<InFlight>,
    /// A failed append that is sent again at the given time.
    retry: Option<(Timestamp, Batch, u32)>,
    /// When the last append ended and how many milliseconds it took: see [`Batcher::pause`].
    last_end: Timestamp,
    last_took: i64,
    /// An append has ended and no timer has fired since.
    resting: bool,
    batches: u64,
    window: u64,
    window_start: Option<Timestamp>,
    connections_in_window: u32,
    connections_before: u32,
    messages_in_window: u32,
    messages_before: u32,
    overlap: Overlap,
}

/// What a connection remembers to be counted once per batch and window.
pub(super) struct Marks<'a> {
    pub batch: &'a mut u64,
    pub window: &'a mut u64,
}

/// More is waiting than can be kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overloaded;

impl Batcher {
    pub(super) fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            in_flight: None,
            retry: None,
            last_end: Timestamp::UNSET,
            last_took: 0,
            resting: false,
            batches: 0,
            window: 1,
            window_start: None,
            connections_in_window: 0,
            connections_before: 0,
            messages_in_window: 0,
            messages_before: 0,
            overlap: Overlap {
                found: false,
                try_in: FIRST_TRY,
                interval: FIRST_TRY,
            },
        }
    }

    /// Adds a message; `encode` appends its record.
    pub(super) fn push(
        &mut self,
        now: Timestamp,
        slot: Slot,
        packet_id: u16,
        marks: Marks<'_>,
        size: usize,
        encode: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Overloaded> {
        if self.waiting_bytes + size > MAX_WAITING_BYTES {
            return Err(Overloaded);
        }
        self.turn_window(now);
        if *marks.window != self.window {
            *marks.window = self.window;
            self.connections_in_window += 1;
        }
        self.messages_in_window += 1;
        let full = self
            .waiting
            .back()
            .is_none_or(|batch| batch.data.len() + size > MAX_BATCH_BYTES);
        if full {
            self.batches += 1;
            self.waiting.push_back(Batch {
                number: self.batches,
                ..Batch::default()
            });
        }
        let Some(batch) = self.waiting.back_mut() else {
            return Err(Overloaded);
        };
        let before = batch.data.len();
        encode(Rc::make_mut(&mut batch.data));
        self.waiting_bytes += batch.data.len() - before;
        batch.acknowledgements.push((slot, packet_id));
        batch.oldest.get_or_insert(now);
        batch.newest = Some(now);
        if *marks.batch != batch.number {
            *marks.batch = batch.number;
            batch.connections += 1;
        }
        Ok(())
    }

    fn turn_window(&mut self, now: Timestamp) {
        let age = self
            .window_start
            .map_or(i64::MAX, |start| now.milliseconds() - start.milliseconds());
        if !(0..WINDOW_MILLISECONDS).contains(&age) {
            // After a pause nobody counts as sending lately.
            (self.connections_before, self.messages_before) = if age < 2 * WINDOW_MILLISECONDS {
                (self.connections_in_window, self.messages_in_window)
            } else {
                (0, 0)
            };
            self.connections_in_window = 0;
            self.messages_in_window = 0;
            self.window += 1;
            self.window_start = Some(now);
        }
    }

    /// When the next batch should go, if nothing else happens before.
    fn due_at(&self) -> Option<Timestamp> {
        if self.in_flight.is_some() || self.retry.is_some() {
            return None;
        }
        let batch = self.waiting.front()?;
        let oldest = batch.oldest?;
        let last_moment = oldest.plus_milliseconds(LONGEST_WAIT);
        let mut at = oldest;
        if !self.is_full() {
            if batch.connections < self.connections_before {
                return Some(last_moment);
            }
            if self.connections_before > 1 && self.overlap.is_worth_waiting() {
                at = batch
                    .newest
                    .unwrap_or(oldest)
                    .plus_milliseconds(self.patience())
                    .min(last_moment);
            }
        }
        let pause = if self.connections_before <= 1 && batch.connections <= 1 {
            // Who sends alone waits for this very acknowledgement: no longer than needed.
            SHORTEST_PAUSE
        } else {
            self.last_took.clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
        };
        Some(self.last_end.plus_milliseconds(pause).max(at))
    }

    /// Whether the oldest batch goes whoever may have more to add.
    fn is_full(&self) -> bool {
        self.waiting.len() > 1
            || self.waiting.front().is_some_and(|batch| {
                batch.acknowledgements.len() >= FULL_MESSAGES || batch.data.len() >= FULL_BYTES
            })
    }

    /// How long a batch with everybody in it waits for the next message.
    fn patience(&self) -> i64 {
        let apart = WINDOW_MILLISECONDS / i64::from(self.messages_before.max(1));
        (PATIENCE * apart).clamp(1, LONGEST_PATIENCE)
    }

    /// The next batch, if one should go now; the caller sends it and reports the outcome.
    pub(super) fn take_due(&mut self, now: Timestamp) -> Option<Batch> {
        if self.resting || self.due_at()? > now {
            return None;
        }
        let full = self.is_full();
        let batch = self.waiting.pop_front()?;
        if !full && self.connections_before > 1 {
            self.overlap.learn(&batch);
        }
        self.waiting_bytes = self.waiting_bytes.saturating_sub(batch.data.len());
        Some(batch)
    }

    /// An append has ended. The next one waits as long as this one took, so that storing
    /// fills at most half of the time and a slow disk makes larger batches.
    ///
    /// In any case it waits for a timer ([`Batcher::rested`]), however much time has passed:
    /// workerd looks for new input, and for timers that are due, only when nothing is left
    /// to run. Partitions that append in turns, each while the others' pauses go by, and
    /// senders that are always acknowledged at once would keep it from ever looking, so that
    /// every other socket starves.
    pub(super) fn pause(&mut self, now: Timestamp, since: Timestamp) {
        self.last_end = now;
        self.last_took = now.milliseconds() - since.milliseconds();
        self.resting = true;
    }

    /// A timer has fired: since the last append ended, the runtime has looked at all sockets.
    pub(super) fn rested(&mut self, now: Timestamp) {
        if self.rest_ends() <= now {
            self.resting = false;
        }
    }

    fn rest_ends(&self) -> Timestamp {
        self.last_end.plus_milliseconds(SHORTEST_PAUSE)
    }

    /// Notes that a batch is under way.
    pub(super) fn sent(
        &mut self,
        now: Timestamp,
        correlation: Correlation,
        batch: Batch,
        attempts: u32,
    ) {
        self.resting = false;
        self.in_flight = Some(InFlight {
            correlation,
            batch,
            attempts,
            since: now,
        });
    }

    /// The append failed: try again a little later, or give the batch back for good.
    pub(super) fn failed(&mut self, now: Timestamp, in_flight: InFlight) -> Option<Batch> {
        if in_flight.attempts >= MAX_ATTEMPTS {
            return Some(in_flight.batch);
        }
        let wait = 100 * i64::from(in_flight.attempts);
        self.retry = Some((
            now.plus_milliseconds(wait),
            in_flight.batch,
            in_flight.attempts + 1,
        ));
        None
    }

    /// A failed batch whose time has come, with the number of this attempt.
    pub(super) fn take_retry(&mut self, now: Timestamp) -> Option<(Batch, u32)> {
        match self.retry.take() {
            Some((at, batch, attempt)) if at <= now => Some((batch, attempt)),
            other => {
                self.retry = other;
                None
            }
        }
    }

    /// Whether no message waits to be stored or acknowledged.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.in_flight.is_none() && self.retry.is_none()
    }

    /// When [`Batcher::take_due`] or [`Batcher::take_retry`] may have something again, if
    /// nothing else happens before.
    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        if let Some((at, _, _)) = &self.retry {
            return Some(*at);
        }
        if self.resting {
            return Some(self.rest_ends());
        }
        self.due_at()
    }
}

#[cfg(test)]
#[path = "telemetry_tests.rs"]
mod tests;
