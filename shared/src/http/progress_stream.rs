//! A fleet's progress as server-sent events (`device-management.md` §3.7): at once, and again
//! whenever it is other than what was sent last.
//!
//! The shell pulls, as it does events: nobody looks for a client that does not read.

use super::backend::Backend;
use super::event_stream::HEARTBEAT_MILLISECONDS;
use super::{roll_ups, throttling};
use crate::error::HubError;
use crate::pattern::totals::{RollUp, Totals};
use crate::throttle::OperationClass;
use crate::time::Timestamp;
use serde_json::{Value, json};

/// Between two looks at the fleet.
const PAUSE_MILLISECONDS: i64 = 2_000;
/// A pause is at least so many times as long as the look before it, so that watching a large
/// fleet never takes more than a quarter of its shards' time.
const PAUSES_PER_LOOK: i64 = 3;

/// A running stream.
#[derive(Debug)]
pub struct ProgressStream {
    ask: RollUp,
    last: Option<Totals>,
    last_sent: Timestamp,
    next_look: Timestamp,
    ends: Timestamp,
    closed: bool,
}

impl ProgressStream {
    /// Begins; whoever asks has checked what is asked for.
    pub fn new(ask: RollUp, now: Timestamp, ends: Timestamp) -> Self {
        Self {
            ask,
            last: None,
            last_sent: now,
            next_look: now,
            ends,
            closed: false,
        }
    }

    /// The next chunk, or `None` at the end.
    pub async fn next<B: Backend>(&mut self, backend: &B) -> Option<Vec<u8>> {
        if self.closed {
            return None;
        }
        let chunk = self.run(backend).await.unwrap_or_else(|error| {
            backend.report(&format!("a progress stream ended: {error}"));
            None
        });
        self.last_sent = backend.now();
        self.closed = chunk.is_none();
        chunk.map(String::into_bytes)
    }

    async fn run<B: Backend>(&mut self, backend: &B) -> Result<Option<String>, HubError> {
        loop {
            let now = backend.now();
            if now >= self.ends {
                return Ok(None);
            }
            if now >= self.next_look
                && let Some(chunk) = self.look(backend, now).await?
            {
                return Ok(Some(chunk));
            }
            let heartbeat = self.last_sent.plus_milliseconds(HEARTBEAT_MILLISECONDS);
            let now = backend.now();
            if now >= heartbeat {
                return Ok(Some(": heartbeat\n\n".to_owned()));
            }
            let until = self.next_look.min(heartbeat).min(self.ends);
            let pause = until.milliseconds() - now.milliseconds();
            backend
                .sleep(u32::try_from(pause.max(1)).unwrap_or(1))
                .await;
        }
    }

    async fn look<B: Backend>(
        &mut self,
        backend: &B,
        now: Timestamp,
    ) -> Result<Option<String>, HubError> {
        // Each look costs what a query costs, so many streams together get less often a look;
        // the first one was counted as the request.
        if self.last.is_some()
            && throttling::take(backend, OperationClass::Queries, 1)
                .await
                .is_err()
        {
            self.next_look = now.plus_milliseconds(PAUSE_MILLISECONDS);
            return Ok(None);
        }
        self.ask.as_of = now;
        let mut all = roll_ups::totals(backend, &self.ask).await?;
        let took = backend.now().milliseconds() - now.milliseconds();
        let pause = PAUSE_MILLISECONDS.max(took.saturating_mul(PAUSES_PER_LOOK));
        self.next_look = backend.now().plus_milliseconds(pause);
        let totals = all.pop().unwrap_or_default();
        if self.last.as_ref() == Some(&totals) {
            return Ok(None);
        }
        let retry = if self.last.is_none() {
            "retry: 1000\n"
        } else {
            ""
        };
        let data = document(&totals, now);
        self.last = Some(totals);
        Ok(Some(format!("{retry}event: progress\ndata: {data}\n\n")))
    }
}

/// Progress as REST shows it.
pub fn document(totals: &Totals, as_of: Timestamp) -> Value {
    let mut document = totals.document();
    document.insert("asOf".to_owned(), json!(as_of));
    Value::Object(document)
}

#[cfg(test)]
#[path = "progress_stream_tests.rs"]
mod tests;
