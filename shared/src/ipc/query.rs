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
}

/// A result of one document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct QueryItem {
    /// Where it stands among the results.
    pub place: Place,
    /// What it holds, as text: it is written once, by the shard, and read by nobody on its way.
    pub body: Box<RawValue>,
}
