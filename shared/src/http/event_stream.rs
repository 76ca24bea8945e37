//! Events as server-sent events (`query-routing-events.md` §5.2).
//!
//! The shell pulls: each [`EventStream::next`] yields one chunk, so a slow client is read
//! for slowly and no buffer grows. Every event's `id:` is a cursor, with which a client
//! that lost the connection goes on behind the last event it saw.

use super::backend::Backend;
use super::cursor::EventCursor;
use super::event_follower::EventFollower;
use super::event_reader::{EventReader, MergedPage};
use crate::error::HubError;
use crate::ipc::events::{EventsReply, EventsRequest};
use crate::time::Timestamp;
use crate::together::join_all;
use crate::writing::JsonText;

/// Silence after which a comment is sent.
pub(super) const HEARTBEAT_MILLISECONDS: i64 = 15_000;
/// Events per chunk.
const CHUNK_EVENTS: u32 = 250;
/// A client that had caught up and falls this far behind is told and closed.
const LAG_LIMIT: u64 = 10_000;
/// A running stream.
#[derive(Debug)]
pub struct EventStream {
    follower: EventFollower,
    stage: Stage,
    /// Whether the client was once at the end of the log.
    caught_up: bool,
    last_sent: Timestamp,
    ends: Timestamp,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    Opening { gap: bool },
    Running,
    Closed,
}

impl EventStream {
    /// Begins a stream; the positions are fixed before the first answer, so that nothing
    /// stored from now on is missed.
    pub async fn open<B: Backend>(
        reader: EventReader,
        backend: &B,
        ends: Timestamp,
    ) -> Result<Self, HubError> {
        let (follower, gap) = EventFollower::open(reader, backend).await?;
        Ok(Self {
            follower,
            stage: Stage::Opening { gap },
            caught_up: false,
            last_sent: backend.now(),
            ends,
        })
    }

    /// The next chunk, or `None` at the end. Clients come back by themselves with
    /// `Last-Event-ID`.
    pub async fn next<B: Backend>(&mut self, backend: &B) -> Option<Vec<u8>> {
        let chunk = match self.stage {
            Stage::Closed => return None,
            Stage::Opening { gap } => {
                self.stage = Stage::Running;
                Some(self.opening(gap))
            }
            Stage::Running => match self.run(backend).await {
                Ok(chunk) => chunk,
                Err(error) => {
                    backend.report(&format!("an event stream ended: {error}"));
                    None
                }
            },
        };
        self.last_sent = backend.now();
        if chunk.is_none() {
            self.stage = Stage::Closed;
        }
        chunk.map(String::into_bytes)
    }

    fn opening(&self, gap: bool) -> String {
        let gap = if gap {
            "event: gap\ndata: {\"gap\":true}\n"
        } else {
            ""
        };
        format!(
            "retry: 1000\n: open\nid: {}\n{gap}\n",
            self.follower.reader.cursor().encode()
        )
    }

    async fn run<B: Backend>(&mut self, backend: &B) -> Result<Option<String>, HubError> {
        loop {
            let now = backend.now();
            if now >= self.ends {
                return Ok(None);
            }
            let heartbeat = self.last_sent.plus_milliseconds(HEARTBEAT_MILLISECONDS);
            if now >= heartbeat {
                return Ok(Some(format!(
                    ": heartbeat\nid: {}\n\n",
                    self.follower.reader.cursor().encode()
                )));
            }
            let before = self.follower.reader.cursor();
            let until = heartbeat.min(self.ends);
            let page = self.follower.next(backend, CHUNK_EVENTS, until).await?;
            if page.gap {
                return Ok(Some(self.lagged()));
            }
            if page.events.is_empty() {
                self.caught_up |= self.follower.is_drained();
                continue;
            }
            let full = page.events.len() >= usize::try_from(CHUNK_EVENTS).unwrap_or(usize::MAX);
            if full && self.caught_up && self.backlog(backend).await? > LAG_LIMIT {
                return Ok(Some(self.lagged()));
            }
            return Ok(Some(write_events(before, page)));
        }
    }

    fn lagged(&mut self) -> String {
        self.stage = Stage::Closed;
        "event: lagged\ndata: {\"lagged\":true}\n\n".to_owned()
    }

    /// How many events lie behind the reader's positions.
    async fn backlog<B: Backend>(&self, backend: &B) -> Result<u64, HubError> {
        let cursor = self.follower.reader.cursor();
        let asks = self
            .follower
            .reader
            .partitions()
            .map(|partition| async move {
                (
                    partition,
                    backend.events(partition, EventsRequest::Info).await,
                )
            });
        let mut behind = 0u64;
        for (partition, answer) in join_all(asks).await {
            if let EventsReply::Info(info) = answer? {
                let read = cursor.0.get(&partition).copied().unwrap_or(0);
                behind = behind.saturating_add(info.last_sequence_number.saturating_sub(read));
            }
        }
        Ok(behind)
    }
}

/// Writes events, each with the cursor behind it.
fn write_events(mut cursor: EventCursor, page: MergedPage) -> String {
    let mut text = String::new();
    for placed in page.events {
        cursor.0.insert(placed.partition, placed.sequence_number);
        let source = placed
            .event
            .get("source")
            .and_then(serde_json::Value::as_str)
            .unwrap_or("message");
        text.push_str("id: ");
        text.push_str(&cursor.encode());
        text.push_str("\nevent: ");
        text.extend(source.chars().filter(|character| !character.is_control()));
        text.push_str("\ndata: ");
        text.push_str(&placed.event.json_text());
        text.push_str("\n\n");
    }
    text
}

#[cfg(test)]
#[path = "event_stream_tests.rs"]
mod tests;
