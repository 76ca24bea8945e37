//! Streams that look again and again: when they look, say that they are alive, and end.
//!
//! Whoever looks pauses at least three times as long as the look took: watching, however much
//! there is to see, takes at most a quarter of the shards' time. It must never sleep past a
//! heartbeat, by which proxies and clients know that somebody is still there.

use super::backend::Backend;
use super::event_stream::HEARTBEAT_MILLISECONDS;
use crate::error::HubError;
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
    closed: bool,
}

/// A stream that looks again and again.
pub(super) trait Looks {
    /// What it is, for the log.
    const NAME: &'static str;

    /// Its times.
    fn pace(&mut self) -> &mut Pace;

    /// What there is to send, empty if that is nothing; says when to look again.
    async fn look<B: Backend>(&mut self, backend: &B) -> Result<String, HubError>;
}

/// The next chunk of a stream, or `None` at its end.
pub(super) async fn next<S: Looks, B: Backend>(stream: &mut S, backend: &B) -> Option<Vec<u8>> {
    if stream.pace().closed {
        return None;
    }
    let chunk = run(stream, backend).await.unwrap_or_else(|error| {
        backend.report(&format!("{} ended: {error}", S::NAME));
        None
    });
    let pace = stream.pace();
    pace.last_sent = backend.now();
    pace.closed |= chunk.is_none();
    chunk.map(String::into_bytes)
}

async fn run<S: Looks, B: Backend>(
    stream: &mut S,
    backend: &B,
) -> Result<Option<String>, HubError> {
    loop {
        match stream.pace().turn(backend).await {
            Turn::End => return Ok(None),
            Turn::Heartbeat => return Ok(Some(HEARTBEAT.to_owned())),
            Turn::Look => {
                let chunk = stream.look(backend).await?;
                if !chunk.is_empty() {
                    return Ok(Some(chunk));
                }
            }
        }
    }
}

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
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
            closed: false,
        }
    }

    /// Nothing comes behind what is sent now.
    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    /// Waits for what comes next.
    async fn turn<B: Backend>(&self, backend: &B) -> Turn {
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
}
