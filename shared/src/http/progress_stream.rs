//! A fleet's progress as server-sent events (`device-management.md` §3.7): at once, and again
//! whenever it is other than what was sent last.
//!
//! The shell pulls, as it does events: nobody looks for a client that does not read.

use super::backend::Backend;
use super::pace::{self, Looks, Pace};
use super::{roll_ups, throttling};
use crate::error::HubError;
use crate::json;
use crate::pattern::totals::{RollUp, Totals};
use crate::throttle::OperationClass;
use crate::time::Timestamp;
use serde_json::Value;

/// Between two looks at the fleet.
const PAUSE_MILLISECONDS: i64 = 2_000;

/// A running stream.
#[derive(Debug)]
pub struct ProgressStream {
    ask: RollUp,
    last: Option<Totals>,
    pace: Pace,
}

impl ProgressStream {
    /// Begins; whoever asks has checked what is asked for.
    pub fn new(ask: RollUp, now: Timestamp, ends: Timestamp) -> Self {
        Self {
            ask,
            last: None,
            pace: Pace::new(now, ends),
        }
    }

    /// The next chunk, or `None` at the end.
    pub async fn next<B: Backend>(&mut self, backend: &B) -> Option<Vec<u8>> {
        pace::next(self, backend).await
    }
}

impl Looks for ProgressStream {
    const NAME: &'static str = "a progress stream";

    fn pace(&mut self) -> &mut Pace {
        &mut self.pace
    }

    async fn look<B: Backend>(&mut self, backend: &B) -> Result<String, HubError> {
        let now = backend.now();
        // Each look costs what a query costs, so many streams together get less often a look;
        // the first one was counted as the request.
        if self.last.is_some()
            && throttling::take(backend, OperationClass::Queries, 1)
                .await
                .is_err()
        {
            self.pace.rest(now, PAUSE_MILLISECONDS);
            return Ok(String::new());
        }
        self.ask.as_of = now;
        let mut all = roll_ups::totals(backend, &self.ask).await?;
        self.pace.looked(now, backend.now(), PAUSE_MILLISECONDS);
        let totals = all.pop().unwrap_or_default();
        if self.last.as_ref() == Some(&totals) {
            return Ok(String::new());
        }
        let retry = if self.last.is_none() {
            "retry: 1000\n"
        } else {
            ""
        };
        let data = document(&totals, now);
        self.last = Some(totals);
        Ok(format!("{retry}event: progress\ndata: {data}\n\n"))
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
