//! A query's result as server-sent events: rows that enter it, change in it, and leave it.
//!
//! The shell pulls, as it does events. Each look asks every shard at once: for what changed
//! since the last one, which a quiet shard answers without reading anything, or for the next
//! slice of a scan, at the beginning and where a shard has forgotten too much. It must never
//! hold rows, only what tells them apart; so a scan anew sends nothing but the difference.

use super::backend::Backend;
use super::pace::{self, Looks, Pace};
use super::throttling;
use crate::error::HubError;
use crate::ipc::query::{ChangePlace, QueryChanges, QueryPart, QueryScan, Watch};
use crate::ipc::registry::{RegistryReply, RegistryRequest, RegistryResult};
use crate::json;
use crate::query::{Collection, DocumentKey, Query, Shape};
use crate::throttle::OperationClass;
use crate::time::Timestamp;
use crate::together::join_all;
use crate::writing::JsonText;
use std::hash::{DefaultHasher, Hasher};

/// Most rows of a result that can be watched.
pub const MAX_ROWS: usize = 10_000;
/// Between two looks.
const PAUSE_MILLISECONDS: i64 = 500;
/// Bytes of a chunk, about.
const CHUNK_BYTES: u32 = 256_000;
/// A shard's part of a chunk, however many shards there are.
const MIN_PART_BYTES: u32 = 16_000;
/// So many documents looked at count as a query, which is what a page of one shows.
const DOCUMENTS_PER_QUERY: u64 = 100;
/// Looks in a row that may fail: ten seconds, in which a shard comes back.
const MAX_FAILURES: u32 = 20;

/// Refuses what cannot be watched, and says what to do.
pub fn check(query: &Query) -> Result<(), HubError> {
    let refusal = if query.collection == Collection::Jobs {
        "devices.jobs cannot be watched; query it again, or watch the devices themselves."
    } else if query.shape() == Shape::Groups {
        "Aggregates and GROUP BY cannot be watched; select the rows and add them up at the client."
    } else if query.order_by.is_some() {
        "Rows of a stream come in no order; leave out ORDER BY and sort them at the client."
    } else if query.top.is_some() {
        "A stream shows all rows; leave out TOP and narrow the condition."
    } else {
        return Ok(());
    };
    Err(HubError::invalid(refusal))
}

/// Refuses a result of so many rows if that is too much to watch.
pub fn check_count(rows: u64) -> Result<(), HubError> {
    if usize::try_from(rows).is_ok_and(|rows| rows <= MAX_ROWS) {
        return Ok(());
    }
    Err(HubError::invalid(format!(
        "The result has {rows} rows, and at most {MAX_ROWS} can be watched; narrow the condition."
    )))
}

/// A running stream.
#[derive(Debug)]
pub struct QueryStream {
    text: String,
    /// The caller's twin condition.
    scope: Option<String>,
    shards: Vec<Shard>,
    pace: Pace,
    /// The client was told that it is heard.
    opened: bool,
    /// Documents that shards looked at and nobody has paid for.
    unpaid: u64,
    failures: u32,
    /// A scan is under way; at its end the client is told that it has everything.
    scans: bool,
}

/// What is known of a shard's part of the result.
#[derive(Debug, Default)]
struct Shard {
    /// In order of key, each with the digest of its row.
    rows: Vec<(DocumentKey, u64)>,
    /// Changes are known up to here; `None`: a scan begins.
    since: Option<ChangePlace>,
    /// How far a scan that is under way has come.
    scanned_to: Option<DocumentKey>,
}

impl QueryStream {
    /// Begins; whoever asks has checked the query.
    pub fn new(
        text: String,
        scope: Option<String>,
        shards: u16,
        now: Timestamp,
        ends: Timestamp,
    ) -> Self {
        Self {
            text,
            scope,
            shards: (0..shards).map(|_| Shard::default()).collect(),
            pace: Pace::new(now, ends),
            opened: false,
            unpaid: 0,
            failures: 0,
            scans: true,
        }
    }

    /// The next chunk, or `None` at the end. Clients that come back get the whole result anew.
    pub async fn next<B: Backend>(&mut self, backend: &B) -> Option<Vec<u8>> {
        pace::next(self, backend).await
    }

    /// Asks all shards at once.
    async fn ask<B: Backend>(&self, backend: &B) -> Vec<RegistryResult> {
        let mut entropy = [0; 8];
        backend.random(&mut entropy);
        let shards = u32::try_from(self.shards.len().max(1)).unwrap_or(u32::MAX);
        let watch = Watch {
            since: None,
            entropy: u64::from_le_bytes(entropy),
            max_bytes: (CHUNK_BYTES / shards).max(MIN_PART_BYTES),
        };
        let asks = self.shards.iter().zip(0..).map(|(shard, number)| {
            let scan = QueryScan {
                text: self.text.clone(),
                scope: self.scope.clone(),
                after: shard.scanned_to.clone(),
                limit: u32::MAX,
                watch: Some(Watch {
                    since: shard.since.filter(|_| !shard.scans()),
                    ..watch
                }),
                ..QueryScan::default()
            };
            backend.registry(number, RegistryRequest::Query(Box::new(scan)))
        });
        join_all(asks).await
    }

    /// Tells that the client has everything, or that it is too much.
    fn tell_standing(&mut self, now: Timestamp, chunk: &mut String) {
        let count: usize = self.shards.iter().map(|shard| shard.rows.len()).sum();
        let scans = self.shards.iter().any(Shard::scans);
        if count > MAX_ROWS {
            self.pace.close();
            push_event(
                chunk,
                "tooLarge",
                &json!({ "maximum": MAX_ROWS }).json_text(),
            );
        } else if self.scans && !scans {
            let data = json!({ "count": count, "asOf": now });
            push_event(chunk, "current", &data.json_text());
        }
        self.scans = scans;
    }
}

impl Looks for QueryStream {
    const NAME: &'static str = "a query stream";

    fn pace(&mut self) -> &mut Pace {
        &mut self.pace
    }

    async fn look<B: Backend>(&mut self, backend: &B) -> Result<String, HubError> {
        if !std::mem::replace(&mut self.opened, true) {
            return Ok("retry: 1000\n: open\n\n".to_owned());
        }
        let began = backend.now();
        // What looks read is paid for before the next one, so a quiet stream costs nothing; the
        // request itself was counted as well.
        if self.unpaid >= DOCUMENTS_PER_QUERY {
            let paid = throttling::take(backend, OperationClass::Queries, 1).await;
            if paid.is_err() {
                self.pace.rest(began, PAUSE_MILLISECONDS);
                return Ok(String::new());
            }
            self.unpaid = 0;
        }
        let answers = self.ask(backend).await;
        let (mut chunk, mut more, mut failure) = (String::new(), false, None);
        for (shard, answer) in self.shards.iter_mut().zip(answers) {
            match answer.and_then(changed_part) {
                Ok((part, changes)) => {
                    self.unpaid = self.unpaid.saturating_add(part.scanned);
                    self.scans |= changes.anew;
                    more |= shard.take(part, changes, &mut chunk);
                }
                // Nothing is lost: the same is asked again.
                Err(error) => failure = Some(error),
            }
        }
        self.failures = failure.as_ref().map_or(0, |_| self.failures + 1);
        if let Some(error) = failure.filter(|_| self.failures > MAX_FAILURES) {
            return Err(error);
        }
        self.tell_standing(began, &mut chunk);
        let pause = if more { 0 } else { PAUSE_MILLISECONDS };
        self.pace.looked(began, backend.now(), pause);
        Ok(chunk)
    }
}

fn changed_part(reply: RegistryReply) -> Result<(QueryPart, QueryChanges), HubError> {
    if let RegistryReply::QueryPart(mut part) = reply
        && let Some(changes) = part.changes.take()
    {
        return Ok((*part, changes));
    }
    Err(HubError::internal(
        "the registry does not tell what changed",
    ))
}

impl Shard {
    /// Whether a scan is under way or to come.
    fn scans(&self) -> bool {
        self.since.is_none() || self.scanned_to.is_some()
    }

    /// Takes what the shard says, and tells what is new of it; whether there is more at once.
    fn take(&mut self, part: QueryPart, changes: QueryChanges, chunk: &mut String) -> bool {
        let scans = self.scans() || changes.anew;
        let left = if scans {
            self.missing(&part)
        } else {
            changes.left
        };
        for key in left {
            if let Ok(index) = self.index(&key) {
                self.rows.remove(index);
                push_row(chunk, "left", &key, None);
            }
        }
        for item in part.items {
            let key = item.place.key;
            let digest = digest(item.body.get());
            match self.index(&key) {
                Ok(index) => {
                    let row = self.rows.get_mut(index);
                    if let Some((_, known)) = row.filter(|(_, known)| *known != digest) {
                        *known = digest;
                        push_row(chunk, "changed", &key, Some(item.body.get()));
                    }
                }
                Err(index) => {
                    push_row(chunk, "entered", &key, Some(item.body.get()));
                    self.rows.insert(index, (key, digest));
                }
            }
        }
        if scans {
            // What changes during a scan is asked for behind it, so its beginning counts.
            if self.scanned_to.is_none() {
                self.since = Some(changes.place);
            }
            self.scanned_to = part.scanned_to;
            return self.scanned_to.is_some();
        }
        self.since = Some(changes.place);
        changes.more
    }

    /// Rows that a slice of a scan should have found.
    fn missing(&self, part: &QueryPart) -> Vec<DocumentKey> {
        let behind = |key: &DocumentKey| self.scanned_to.as_ref().is_none_or(|from| key > from);
        let within = |key: &DocumentKey| part.scanned_to.as_ref().is_none_or(|to| key <= to);
        let is_found = |key: &DocumentKey| {
            let items = &part.items;
            items
                .binary_search_by(|item| item.place.key.cmp(key))
                .is_ok()
        };
        let keys = self.rows.iter().map(|(key, _)| key);
        keys.filter(|key| behind(key) && within(key) && !is_found(key))
            .cloned()
            .collect()
    }

    fn index(&self, key: &DocumentKey) -> Result<usize, usize> {
        self.rows.binary_search_by(|(known, _)| known.cmp(key))
    }
}

fn digest(row: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(row.as_bytes());
    hasher.finish()
}

fn push_row(chunk: &mut String, event: &str, key: &DocumentKey, row: Option<&str>) {
    // Written by hand: the row is text, and is not read again.
    let mut data = format!("{{\"deviceId\":{}", json!(key.device));
    if !key.module.is_empty() {
        data.push_str(&format!(",\"moduleId\":{}", json!(key.module)));
    }
    if let Some(row) = row {
        data.push_str(",\"row\":");
        data.push_str(row);
    }
    data.push('}');
    push_event(chunk, event, &data);
}

fn push_event(chunk: &mut String, event: &str, data: &str) {
    for text in ["event: ", event, "\ndata: ", data, "\n\n"] {
        chunk.push_str(text);
    }
}

#[cfg(test)]
#[path = "query_stream_tests.rs"]
mod tests;
