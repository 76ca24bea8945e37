//! Pages of a query over all shards (`query-routing-events.md` §1.9).
//!
//! Shards scan in slices, in order of id; this asks them for slices until a page is certain
//! and merges what they found. Memory is bounded: a shard's part by the shard, a page by
//! [`MAX_PAGE_BYTES`], groups by `query::aggregate`. Nothing is kept between pages.

use super::backend::Backend;
use super::continuation::Position;
use crate::error::HubError;
use crate::ipc::query::{QueryItem, QueryPart, QueryScan};
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::query::{DocumentKey, Groups, Place, Query, Shape, SortValue, parse};
use crate::sorting;
use crate::together::join_all;
use serde_json::value::{RawValue, to_raw_value};

/// Bytes of results in a page, about; a single larger result goes alone.
pub const MAX_PAGE_BYTES: usize = 4_000_000;
/// How often a page of rows asks its shards; a page may end early, and the next one goes on.
const MAX_ROUNDS: u32 = 50;

/// More groups than a query may have.
const MAX_GROUPS_COUNTED: usize = 100_000;

/// A page of results.
#[derive(Debug, Default)]
pub struct Page {
    /// The results.
    pub items: Vec<Box<RawValue>>,
    /// Where the next page begins, if there may be one.
    pub next: Option<Position>,
}

/// What a query cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Documents that the evaluator looked at.
    pub scanned: u64,
    /// Documents that fulfil the condition.
    pub matched: u64,
}

/// A query, and whose.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The query.
    pub text: &'a str,
    /// The twin condition of who asks: there are no other devices.
    pub scope: Option<&'a str>,
}

impl<'a> Asked<'a> {
    /// Over all devices, for the hub itself or for who was found to have them all.
    pub fn of_all(text: &'a str) -> Self {
        Self { text, scope: None }
    }
}

/// Makes a page of at most `size` results behind `after`.
pub async fn page<B: Backend>(
    backend: &B,
    asked: Asked<'_>,
    query: &Query,
    after: Option<Position>,
    size: usize,
) -> Result<Page, HubError> {
    match (query.shape(), after) {
        (Shape::Rows, after) => rows(Scans::new(backend, asked, size), place_of(after), size).await,
        (Shape::Ordered, after) => ordered(backend, asked, query, place_of(after), size).await,
        (Shape::Groups, Some(Position::Group(after))) => {
            groups(backend, asked, query, Some(after), size).await
        }
        (Shape::Groups, _) => groups(backend, asked, query, None, size).await,
    }
}

/// Runs a query to its end only to count what it costs in each shard.
pub async fn cost<B: Backend>(backend: &B, asked: Asked<'_>) -> Result<Vec<Cost>, HubError> {
    Scans::new(backend, asked, 0).cost().await
}

/// How many devices fulfil a condition now.
pub async fn count<B: Backend>(
    backend: &B,
    condition: &str,
    scope: Option<&str>,
) -> Result<Cost, HubError> {
    let text = &format!("SELECT deviceId FROM devices WHERE {condition}");
    Ok(total(cost(backend, Asked { text, scope }).await?))
}

/// How many results a query has, and how many documents that took.
pub async fn rows_of<B: Backend>(backend: &B, asked: Asked<'_>) -> Result<(u64, u64), HubError> {
    let query = parse(asked.text)?;
    let cost = total(cost(backend, asked).await?);
    let count = if query.shape() == Shape::Groups {
        let page = page(backend, asked, &query, None, MAX_GROUPS_COUNTED).await?;
        u64::try_from(page.items.len()).unwrap_or(u64::MAX)
    } else {
        cost.matched
    };
    Ok((query.top.map_or(count, |top| top.min(count)), cost.scanned))
}

/// Devices whose tags break the hub's schema: those of a page, and how many there are.
pub async fn violations<B: Backend>(
    backend: &B,
    after: Option<Place>,
    size: usize,
) -> Result<(Page, u64), HubError> {
    let scans = |size| {
        let mut scans = Scans::new(
            backend,
            Asked::of_all("SELECT deviceId, tags FROM devices"),
            size,
        );
        scans.request.violations = true;
        scans
    };
    let page = rows(scans(size), after, size).await?;
    Ok((page, total(scans(0).cost().await?).matched))
}

fn total(costs: Vec<Cost>) -> Cost {
    costs.iter().fold(Cost::default(), |sum, cost| Cost {
        scanned: sum.scanned + cost.scanned,
        matched: sum.matched + cost.matched,
    })
}

fn place_of(position: Option<Position>) -> Option<Place> {
    match position {
        Some(Position::Place(place)) => Some(place),
        Some(Position::Group(_)) | None => None,
    }
}

/// How far a shard has come.
#[derive(Debug, Default)]
struct Progress {
    shard: u16,
    /// Everything up to here was scanned.
    scanned_to: Option<DocumentKey>,
    done: bool,
    /// Results that came so far.
    found: usize,
    cost: Cost,
}

struct Scans<'a, B> {
    backend: &'a B,
    request: QueryScan,
    shards: Vec<Progress>,
}

impl<'a, B: Backend> Scans<'a, B> {
    /// One result more than the page holds, to know whether there is another page.
    fn new(backend: &'a B, asked: Asked<'_>, size: usize) -> Self {
        let shards = (0..backend.layout().shards).map(|shard| Progress {
            shard,
            ..Progress::default()
        });
        Self {
            backend,
            request: QueryScan {
                text: asked.text.to_owned(),
                scope: asked.scope.map(str::to_owned),
                limit: u32::try_from(size.saturating_add(1)).unwrap_or(u32::MAX),
                ..QueryScan::default()
            },
            shards: shards.collect(),
        }
    }

    async fn cost(mut self) -> Result<Vec<Cost>, HubError> {
        self.request.explain = true;
        while !self.are_done() {
            self.ask(|_| true).await?;
        }
        Ok(self.shards.iter().map(|shard| shard.cost).collect())
    }

    fn are_done(&self) -> bool {
        self.shards.iter().all(|shard| shard.done)
    }

    /// Up to where every shard has scanned; `None`: to the end.
    fn horizon(&self) -> Option<DocumentKey> {
        let pending = self.shards.iter().filter(|shard| !shard.done);
        pending.filter_map(|shard| shard.scanned_to.clone()).min()
    }

    /// Asks those shards that are not done and wanted for their next slice, all at once.
    async fn ask(
        &mut self,
        wanted: impl Fn(&Progress) -> bool,
    ) -> Result<Vec<QueryPart>, HubError> {
        let (backend, template) = (self.backend, &self.request);
        let mut asked: Vec<&mut Progress> = self
            .shards
            .iter_mut()
            .filter(|shard| !shard.done && wanted(shard))
            .collect();
        let asks = asked.iter().map(|progress| {
            let mut scan = template.clone();
            if progress.scanned_to.is_some() {
                scan.after.clone_from(&progress.scanned_to);
            }
            backend.registry(progress.shard, RegistryRequest::Query(Box::new(scan)))
        });
        let replies = join_all(asks).await;
        let mut parts = Vec::with_capacity(replies.len());
        for (progress, reply) in asked.iter_mut().zip(replies) {
            let RegistryReply::QueryPart(part) = reply? else {
                return Err(HubError::internal(
                    "the registry answered with a reply of another kind",
                ));
            };
            progress.done = part.scanned_to.is_none();
            progress.scanned_to.clone_from(&part.scanned_to);
            progress.found += part.items.len();
            progress.cost.scanned += part.scanned;
            progress.cost.matched += part.matched;
            parts.push(*part);
        }
        Ok(parts)
    }
}

/// How many results each shard is asked for at once: ids are spread evenly, so somewhat more
/// than its part is nearly always enough, and what is not is asked for in another round.
fn part_of(size: usize, shards: usize) -> u32 {
    let even = size.saturating_add(1).div_ceil(shards.max(1));
    let limit = (even + even / 4 + 8).min(size.saturating_add(1));
    u32::try_from(limit).unwrap_or(u32::MAX)
}

/// How many of the items fit into a page by their bytes; at least one.
fn fitting(items: &[QueryItem]) -> usize {
    let mut bytes = 0;
    let count = items
        .iter()
        .take_while(|item| {
            bytes += item.body.get().len();
            bytes <= MAX_PAGE_BYTES
        })
        .count();
    count.max(1).min(items.len())
}

fn bodies(items: Vec<QueryItem>) -> Vec<Box<RawValue>> {
    items.into_iter().map(|item| item.body).collect()
}

/// In order of id: what lies before the least advanced shard is certain.
async fn rows<B: Backend>(
    mut scans: Scans<'_, B>,
    after: Option<Place>,
    size: usize,
) -> Result<Page, HubError> {
    scans.request.after = after.map(|place| place.key);
    scans.request.limit = part_of(size, scans.shards.len());
    let mut items: Vec<QueryItem> = Vec::new();
    let mut rounds = 0;
    loop {
        for part in scans.ask(|shard| shard.found <= size).await? {
            items.extend(part.items);
        }
        rounds += 1;
        sorting::sort_by(&mut items, |one, other| one.place.key.cmp(&other.place.key));
        let horizon = scans.horizon();
        let certain = horizon.as_ref().map_or(items.len(), |horizon| {
            items.partition_point(|item| item.place.key <= *horizon)
        });
        let bytes: usize = items.iter().map(|item| item.body.get().len()).sum();
        let enough = certain > size || (certain > 0 && bytes > MAX_PAGE_BYTES);
        if !enough && horizon.is_some() && rounds < MAX_ROUNDS {
            continue;
        }
        items.truncate(certain);
        let kept = fitting(&items).min(size);
        let next = if kept < items.len() {
            items.truncate(kept);
            items.last().map(|item| item.place.clone())
        } else {
            horizon.map(|key| Place {
                value: SortValue::Absent,
                key,
            })
        };
        return Ok(Page {
            items: bodies(items),
            next: next.map(Position::Place),
        });
    }
}

/// In order of a value: every document of every shard may come first, so all are scanned
/// for each page, and only the first results are kept.
async fn ordered<B: Backend>(
    backend: &B,
    asked: Asked<'_>,
    query: &Query,
    beyond: Option<Place>,
    size: usize,
) -> Result<Page, HubError> {
    let mut scans = Scans::new(backend, asked, size);
    scans.request.beyond = beyond;
    let mut items: Vec<QueryItem> = Vec::new();
    // Behind this place results are missing that a shard, or this, had no room for.
    let mut certain_to: Option<Place> = None;
    let mut limit_to = |place: Option<&Place>| {
        if let Some(place) = place
            && certain_to
                .as_ref()
                .is_none_or(|known| place.compare(known, query).is_lt())
        {
            certain_to = Some(place.clone());
        }
    };
    while !scans.are_done() {
        for part in scans.ask(|_| true).await? {
            if part.cut {
                limit_to(part.items.last().map(|item| &item.place));
            }
            items.extend(part.items);
        }
        sorting::sort_by(&mut items, |one, other| {
            one.place.compare(&other.place, query)
        });
        let kept = fitting(&items).min(size + 1);
        if kept < items.len() {
            items.truncate(kept);
            limit_to(items.last().map(|item| &item.place));
        }
    }
    if let Some(certain_to) = &certain_to {
        items.truncate(items.partition_point(|item| item.place.compare(certain_to, query).is_le()));
    }
    let more = items.len() > size || certain_to.is_some();
    items.truncate(size);
    let next = items.last().filter(|_| more).map(|item| &item.place);
    Ok(Page {
        next: next.cloned().map(Position::Place),
        items: bodies(items),
    })
}

/// Adds up the groups of all shards anew for each page, which begins behind a group's key.
async fn groups<B: Backend>(
    backend: &B,
    asked: Asked<'_>,
    query: &Query,
    after: Option<SortValue>,
    size: usize,
) -> Result<Page, HubError> {
    let mut scans = Scans::new(backend, asked, 0);
    let mut sums = Groups::default();
    while !scans.are_done() {
        for part in scans.ask(|_| true).await? {
            for group in part.groups {
                sums.merge(group)?;
            }
        }
    }
    let mut results = sums.results(query);
    if let Some(after) = after {
        results.retain(|(key, _)| key.compare(&after, query.is_descending()).is_gt());
    }
    let more = results.len() > size;
    results.truncate(size);
    let next = results.last().filter(|_| more);
    let next = next.map(|(key, _)| Position::Group(key.clone()));
    let items = results.iter().map(|(_, item)| to_raw_value(item));
    Ok(Page {
        next,
        items: items
            .collect::<Result<_, _>>()
            .map_err(|error| HubError::internal(format!("a result: {error}")))?,
    })
}

#[cfg(test)]
#[path = "query_pages_tests.rs"]
mod tests;
