//! Operations records as server-sent events (`device-management.md` §9.1): each as it is
//! written, with a cursor behind it, with which a client that lost the connection goes on.
//!
//! The shell pulls, as it does events: nobody looks for a client that does not read.

use super::backend::Backend;
use super::operations::operations_records::Shown;
use super::operations::record_pages::{self, Places, read_all};
use super::pace::{self, Looks, Pace};
use super::throttling;
use crate::error::HubError;
use crate::ipc::audit::ReadRecords;
use crate::json;
use crate::sorting;
use crate::throttle::OperationClass;
use crate::time::Timestamp;

/// Between two looks.
const PAUSE_MILLISECONDS: i64 = 2_000;

/// A running stream.
#[derive(Debug)]
pub struct OperationsStream {
    /// With `top`: records of one object that a look takes.
    wanted: ReadRecords,
    shown: Shown,
    /// How far each object's records were told; nothing before the first look.
    places: Option<Places>,
    began: bool,
    pace: Pace,
}

impl OperationsStream {
    /// Behind a place, or behind what there is now.
    pub(super) fn new(
        wanted: ReadRecords,
        shown: Shown,
        places: Option<Places>,
        now: Timestamp,
        ends: Timestamp,
    ) -> Self {
        Self {
            wanted,
            shown,
            places,
            began: false,
            pace: Pace::new(now, ends),
        }
    }

    /// The next chunk, or `None` at the end.
    pub async fn next<B: Backend>(&mut self, backend: &B) -> Option<Vec<u8>> {
        pace::next(self, backend).await
    }
}

impl Looks for OperationsStream {
    const NAME: &'static str = "a stream of operations";

    fn pace(&mut self) -> &mut Pace {
        &mut self.pace
    }

    async fn look<B: Backend>(&mut self, backend: &B) -> Result<String, HubError> {
        let now = backend.now();
        let mut text = String::new();
        if !self.began {
            self.began = true;
            text.push_str("retry: 1000\n");
        } else if throttling::take(backend, OperationClass::Queries, 1)
            .await
            .is_err()
        {
            self.pace.rest(now, PAUSE_MILLISECONDS);
            return Ok(text);
        }
        let Some(places) = &mut self.places else {
            let mut places = Places::beginning(backend.layout());
            let newest = json!({ "of": "operation", "top": 1 });
            let pages = read_all(backend, &newest, "before", &Places::default()).await?;
            for record in pages.iter().flat_map(|page| &page.records) {
                places.pass(record);
            }
            text.push_str(&format!(": open\nid: {}\n\n", places.cursor()));
            self.places = Some(places);
            self.pace.rest(now, PAUSE_MILLISECONDS);
            return Ok(text);
        };
        let pages = read_all(backend, &self.wanted, "after", places).await?;
        let more = pages.iter().any(|page| page.more);
        let mut records: Vec<_> = pages.into_iter().flat_map(|page| page.records).collect();
        sorting::sort_by(&mut records, |one, other| {
            record_pages::order(one).cmp(&record_pages::order(other))
        });
        for record in records {
            // A clock that was set back must not have records told twice.
            let (_, chain, number) = record_pages::order(&record);
            if places.of_chain(chain) < Some(number) {
                places.pass(&record);
            }
            let data = (self.shown)(record);
            text.push_str(&format!(
                "id: {}\nevent: operation\ndata: {data}\n\n",
                places.cursor()
            ));
        }
        let pause = if more { 0 } else { PAUSE_MILLISECONDS };
        self.pace.looked(now, backend.now(), pause);
        if text == "retry: 1000\n" {
            text.push('\n');
        }
        Ok(text)
    }
}

#[cfg(test)]
#[path = "operations_stream_tests.rs"]
mod tests;
