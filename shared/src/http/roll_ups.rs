//! A fleet's progress over all shards (`device-management.md` §3.7).
//!
//! Shards add up in slices; this asks them for slices until all are done and adds up what
//! they found. Exact and of the moment, like a query that counts; nothing is kept.

use super::backend::Backend;
use crate::error::HubError;
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::pattern::totals::{MAX_PATTERNS_AT_ONCE, RollUp, Totals};
use crate::pattern::wire;
use crate::together::join_all;
use serde_json::Value;

/// The totals of each pattern of `ask`; at most [`MAX_PATTERNS_AT_ONCE`].
pub async fn totals<B: Backend>(backend: &B, ask: &RollUp) -> Result<Vec<Totals>, HubError> {
    let mut sums = vec![Totals::default(); ask.patterns.len()];
    let mut places: Vec<(u16, Option<String>)> = (0..backend.layout().shards)
        .map(|shard| (shard, None))
        .collect();
    while !places.is_empty() {
        let asks = places.iter().map(|(shard, after)| {
            let mut ask = ask.clone();
            ask.after.clone_from(after);
            backend.registry(*shard, RegistryRequest::RollUp(Box::new(ask)))
        });
        let replies = join_all(asks).await;
        let mut next = Vec::new();
        for ((shard, _), reply) in places.iter().zip(replies) {
            let RegistryReply::RollUpPart(part) = reply? else {
                return Err(HubError::internal(
                    "the registry answered with a reply of another kind",
                ));
            };
            let (parts, scanned_to) = wire::read(&part)?;
            for (sum, part) in sums.iter_mut().zip(parts) {
                sum.merge(part)?;
            }
            if scanned_to.is_some() {
                next.push((*shard, scanned_to));
            }
        }
        places = next;
    }
    Ok(sums)
}

/// The totals of any number of patterns over the whole fleet.
pub async fn of_all<B: Backend>(backend: &B, patterns: &[Value]) -> Result<Vec<Totals>, HubError> {
    let mut all = Vec::with_capacity(patterns.len());
    for part in patterns.chunks(MAX_PATTERNS_AT_ONCE) {
        let ask = RollUp {
            patterns: part.to_vec(),
            condition: None,
            group_by: None,
            after: None,
            as_of: backend.now(),
        };
        all.extend(totals(backend, &ask).await?);
    }
    Ok(all)
}
