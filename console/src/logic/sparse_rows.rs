//! The rows of a long list that are known: some here, some there. It says what to ask the hub for
//! to fill a gap and takes the answers in. The hub's list is sorted by id and told by id: "so many
//! rows behind this id, and so many are not behind it". A row far down is found by guessing ids
//! (`id_order`), which lands within a page of it after a few tries; what was learnt stays. What is
//! kept has a bound, and what may have moved is thrown away rather than shown at a wrong place.

use super::id_order::{ahead, between};
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

/// Rows of an answer, at most.
pub const PAGE: u64 = 100;
/// Rows kept; those furthest from where one looks go first.
pub const MOST_ROWS: usize = 2_000;
/// Places remembered besides rows.
const MOST_PLACES: usize = 1_000;
/// Rows that are rather asked for one page after the other than searched for.
const NEAR: u64 = 2 * PAGE;
/// Rows before the wanted one at which a guess aims, since guesses miss a little.
const LEAD: u64 = 30;

/// What a row is told from the others by.
pub trait Keyed {
    /// Its id.
    fn key(&self) -> &str;
}

/// What to ask the hub: rows behind an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// The id, which need not be one of a device; empty: from the beginning.
    pub id: String,
    /// How many rows are not behind it, if that is known.
    pub before: Option<u64>,
    /// Rows wanted.
    pub most: u64,
}

/// What an answer meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved(pub i64);

/// The rows.
#[derive(Debug, Clone)]
pub struct SparseRows<T> {
    total: Option<u64>,
    rows: BTreeMap<u64, Arc<T>>,
    /// Ids and how many rows are not behind each.
    places: BTreeMap<u64, String>,
    tries: u32,
}

impl<T: Keyed> Default for SparseRows<T> {
    fn default() -> Self {
        Self {
            total: None,
            rows: BTreeMap::new(),
            places: BTreeMap::new(),
            tries: 0,
        }
    }
}

impl<T: Keyed> SparseRows<T> {
    /// How many rows the list has.
    pub fn total(&self) -> u64 {
        self.total.unwrap_or(0)
    }

    /// A row, if it is known.
    pub fn row(&self, index: u64) -> Option<&Arc<T>> {
        self.rows.get(&index)
    }

    /// The known rows, in their order.
    #[cfg(test)]
    pub fn known(&self) -> impl Iterator<Item = &Arc<T>> {
        self.rows.values()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What to ask next so that all of these rows are known; `None` if they are.
    pub fn missing(&mut self, wanted: Range<u64>) -> Option<Ask> {
        let Some(total) = self.total else {
            return Some(after("", Some(0), PAGE));
        };
        let wanted = wanted.start.min(total)..wanted.end.min(total);
        let Some(first) = wanted.clone().find(|index| !self.rows.contains_key(index)) else {
            self.tries = 0;
            return None;
        };
        let (below, low) = self.place_before(first);
        if first - below <= NEAR {
            self.tries = 0;
            return Some(after(&low, Some(below), PAGE));
        }
        let Some((above, high)) = self.place_behind(first) else {
            return Some(after(&self.further(below, &low, first), None, PAGE));
        };
        self.tries += 1;
        let aim = first.saturating_sub(LEAD).max(below);
        let part = match self.tries % 4 {
            // Where ids are spread unevenly, halving what is left always comes to an end.
            0 => 0.5,
            _ => (aim - below) as f64 / (above - below).max(1) as f64,
        };
        Some(match between(&low, &high, part) {
            Some(guess) => after(&guess, None, PAGE),
            // Nothing lies between: one after the other, then.
            None => after(&low, Some(below), PAGE),
        })
    }

    /// What to ask to see what has become of these rows, where they are known.
    pub fn again(&mut self, wanted: Range<u64>) -> Option<Ask> {
        let total = self.total?;
        let wanted = wanted.start.min(total)..wanted.end.min(total);
        let begin = match wanted.start.checked_sub(1) {
            None => String::new(),
            Some(before) => self.rows.get(&before)?.key().to_owned(),
        };
        let most = (wanted.end - wanted.start).clamp(1, PAGE);
        Some(after(&begin, Some(wanted.start), most))
    }

    /// Takes an answer in: the rows behind an id, how many are not behind it, and how many there
    /// are. Answers by how much known rows have moved down.
    pub fn take(&mut self, asked: &Ask, rows: Vec<T>, before: u64, total: u64) -> Moved {
        let Ask {
            id,
            before: known,
            most,
        } = asked;
        let moved = known.map_or(0, |known| before as i64 - known as i64);
        let grown = self.total.is_some_and(|known| known != total);
        if moved != 0 || (grown && known.is_none()) {
            // Where the others are now, nobody knows.
            self.rows.clear();
            self.places.clear();
        } else if grown {
            // As many rows as before are not behind the id: those stand where they stood.
            self.rows.split_off(&before);
            self.places.split_off(&(before + 1));
        }
        self.total = Some(total);
        self.remember(before, id);
        let count = rows.len() as u64;
        let complete = count < *most;
        for (index, row) in (before..).zip(rows) {
            self.put(index, row);
        }
        if complete {
            // Rows that were deleted are not behind the last one.
            self.rows.split_off(&(before + count));
        }
        let end = before + count;
        if let Some(last) = end.checked_sub(1).and_then(|last| self.rows.get(&last)) {
            let id = last.key().to_owned();
            self.remember(end, &id);
        }
        self.shed(before, end);
        Moved(moved)
    }

    fn put(&mut self, index: u64, row: T) {
        self.rows.insert(index, Arc::new(row));
    }

    /// The nearest known id at or before a row, with the number of rows that are not behind it.
    fn place_before(&self, index: u64) -> (u64, String) {
        let place = self.places.range(..=index).next_back();
        let place = place.map(|(before, id)| (*before, id.clone()));
        let row = self.rows.range(..index).next_back();
        let row = row.map(|(at, row)| (at + 1, row.key().to_owned()));
        place.max(row).unwrap_or_default()
    }

    /// The nearest known id behind a row.
    fn place_behind(&self, index: u64) -> Option<(u64, String)> {
        let place = self.places.range(index + 1..).next();
        let place = place.map(|(before, id)| (*before, id.clone()));
        let row = self.rows.range(index + 1..).next();
        let row = row.map(|(at, row)| (*at, row.key().to_owned()));
        match (place, row) {
            (Some(place), Some(row)) => Some(place.min(row)),
            (place, row) => place.or(row),
        }
    }

    /// Where a row may be of whose other side nothing is known.
    fn further(&mut self, below: u64, low: &str, wanted: u64) -> String {
        self.tries += 1;
        if self.tries.is_multiple_of(8) {
            // Many kinds of ids: from the very end, then.
            return "~".repeat(8);
        }
        let earliest = below.saturating_sub(PAGE);
        let earlier = self.rows.range(earliest..below).next();
        let (at, earlier) = earlier.map_or((below, low), |(at, row)| (at + 1, row.key()));
        let aim = wanted.saturating_sub(LEAD + below);
        ahead(earlier, below.saturating_sub(at), low, aim)
    }

    fn remember(&mut self, before: u64, id: &str) {
        if id.is_empty() {
            return;
        }
        self.places.insert(before, id.to_owned());
        if self.places.len() > MOST_PLACES {
            let mut keep = false;
            self.places.retain(|_, _| {
                keep = !keep;
                keep
            });
        }
    }

    /// Lets go of the rows that are furthest from those just taken in.
    fn shed(&mut self, begin: u64, end: u64) {
        while self.rows.len() > MOST_ROWS {
            let first = self.rows.keys().next().copied().unwrap_or(begin);
            let last = self.rows.keys().next_back().copied().unwrap_or(end);
            let gone = if begin.saturating_sub(first) > last.saturating_sub(end) {
                first
            } else {
                last
            };
            self.rows.remove(&gone);
        }
    }
}

fn after(id: &str, before: Option<u64>, most: u64) -> Ask {
    Ask {
        id: id.to_owned(),
        before,
        most,
    }
}

#[cfg(test)]
#[path = "sparse_rows_tests.rs"]
mod tests;
