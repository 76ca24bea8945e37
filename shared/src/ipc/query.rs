//! What a registry shard is asked and answers for a query (`query-routing-events.md` §1).

use crate::query::{DocumentKey, Group, Place};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Asks a shard to scan on for a query, as far as it does in one go.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct QueryScan {
    /// The query; whoever asks has checked it.
    pub text: String,
    /// Only documents behind this one.
    #[serde(default)]
    pub after: Option<DocumentKey>,
    /// For an ordered query: only results behind this place.
    #[serde(default)]
    pub beyond: Option<Place>,
    /// At most so many results.
    pub limit: u32,
    /// Only count; no results.
    #[serde(default)]
    pub explain: bool,
    /// Only devices whose tags break the hub's schema; results are `deviceId` and how.
    #[serde(default)]
    pub violations: bool,
    /// Whoever asks follows what changes.
    #[serde(default)]
    pub watch: Option<Watch>,
    /// Behind `WHERE`: there are no other devices for whoever asks.
    #[serde(default)]
    pub scope: Option<String>,
}

/// Asks for what changed in a query's result, or for a scan and where to follow it from.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Watch {
    /// Everything up to here is known; absent: nothing, and the scan is wanted.
    #[serde(default)]
    pub since: Option<ChangePlace>,
    /// Random, in case the shard begins to remember now.
    pub entropy: u64,
    /// At most so many bytes of results, about.
    pub max_bytes: u32,
}

/// A place among the changes that a shard remembers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangePlace {
    /// Names the memory; another one knows nothing of this place.
    pub epoch: u64,
    /// The number of the last change before it.
    pub number: u64,
}

/// What a part says besides to who watches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueryChanges {
    /// Where to go on. Of a scan's first slice: behind every change that the scan may not see.
    pub place: ChangePlace,
    /// Too much was forgotten: in place of what changed this is the first slice of a scan.
    #[serde(default)]
    pub anew: bool,
    /// Documents that changed and are not in the result.
    #[serde(default)]
    pub left: Vec<DocumentKey>,
    /// More changed than this part has room for.
    #[serde(default)]
    pub more: bool,
}

/// What a slice of a query's scan found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct QueryPart {
    /// Results of single documents, in the query's order.
    #[serde(default)]
    pub items: Vec<QueryItem>,
    /// An ordered query has more results in this slice, all behind the last of `items`.
    #[serde(default)]
    pub cut: bool,
    /// Groups of the slice's documents.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// Where to go on; absent at the end of the shard.
    #[serde(default)]
    pub scanned_to: Option<DocumentKey>,
    /// How many documents were looked at.
    #[serde(default)]
    pub scanned: u64,
    /// How many of them fulfil the condition.
    #[serde(default)]
    pub matched: u64,
    /// If the scan asked to watch.
    #[serde(default)]
    pub changes: Option<QueryChanges>,
}

/// A result of one document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueryItem {
    /// Where it stands among the results.
    pub place: Place,
    /// What it holds, as text: it is written once, by the shard, and read by nobody on its way.
    pub body: Box<RawValue>,
}
