//! How many devices or modules of the whole hub fulfil a query: asked of all shards, slice by
//! slice, and remembered for whoever asks next. Nothing here knows what the number is for.

use super::Hub;
use crate::hub::effects::{Call, Correlation, Effects, Outcome, Outgoing};
use crate::ipc::Address;
use crate::ipc::hub::HubResult;
use crate::ipc::query::QueryScan;
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::query::DocumentKey;
use crate::time::Timestamp;

/// Queries whose number is remembered.
const MOST: usize = 100;

/// What was counted, and what is being counted.
#[derive(Debug, Default)]
pub(super) struct Counts {
    known: Vec<Count>,
    /// Calls under way: shard and query.
    asking: Vec<(Correlation, u16, String)>,
}

/// The number of one query.
#[derive(Debug)]
pub(super) struct Count {
    query: String,
    /// When counting began.
    pub(super) asked: Timestamp,
    found: u64,
    /// Shards that have not counted to the end.
    missing: u16,
}

impl Count {
    /// The number, once every shard has counted to the end.
    pub(super) fn total(&self) -> Option<u64> {
        (self.missing == 0).then_some(self.found)
    }
}

impl Counts {
    pub(super) fn of(&self, query: &str) -> Option<&Count> {
        self.known.iter().find(|count| count.query == query)
    }
}

impl Hub {
    /// Has all shards count what a query finds, anew.
    pub(super) fn count(&mut self, now: Timestamp, query: &str, effects: &mut Effects<HubResult>) {
        let Some(settings) = &self.settings else {
            return;
        };
        let shards = settings.layout.shards;
        let known = &mut self.counts.known;
        known.retain(|count| count.query != query);
        if known.len() >= MOST {
            known.clear();
        }
        known.push(Count {
            query: query.to_owned(),
            asked: now,
            found: 0,
            missing: shards,
        });
        for shard in 0..shards {
            self.ask_count(shard, query, None, effects);
        }
    }

    fn ask_count(
        &mut self,
        shard: u16,
        query: &str,
        after: Option<DocumentKey>,
        effects: &mut Effects<HubResult>,
    ) {
        let scan = QueryScan {
            text: query.to_owned(),
            explain: true,
            after,
            ..QueryScan::default()
        };
        self.correlations += 1;
        let asked = (self.correlations, shard, query.to_owned());
        self.counts.asking.push(asked);
        effects.calls.push(Call {
            to: Address::Registry(shard),
            request: Outgoing::Registry(RegistryRequest::Query(Box::new(scan))),
            correlation: self.correlations,
        });
    }

    /// What a shard has counted: the query that it was asked about, and whether nothing more
    /// comes of this call; none if it was not asked to count.
    pub(super) fn counted(
        &mut self,
        correlation: Correlation,
        outcome: &Outcome,
        effects: &mut Effects<HubResult>,
    ) -> Option<String> {
        let mut calls = self.counts.asking.iter();
        let place = calls.position(|(known, ..)| *known == correlation)?;
        let (_, shard, query) = self.counts.asking.swap_remove(place);
        let mut known = self.counts.known.iter_mut();
        // A shard that could not be reached leaves the number unknown.
        if let (Outcome::Registry(Ok(RegistryReply::QueryPart(part))), Some(count)) =
            (outcome, known.find(|count| count.query == query))
        {
            count.found += part.matched;
            match &part.scanned_to {
                None => count.missing = count.missing.saturating_sub(1),
                Some(after) => self.ask_count(shard, &query, Some(after.clone()), effects),
            }
        }
        Some(query)
    }

    /// Whether calls about a query are under way.
    pub(super) fn is_counting(&self, query: &str) -> bool {
        self.counts.asking.iter().any(|(.., known)| known == query)
    }
}
