//! Reads the rows that are looked at, and sees every few seconds what has become of them. One
//! question at a time: whoever scrolls fast asks for where he arrives and not for what he passed.
//!
//! The hub pages by id and not by number, and an offset could not be added up over its shards. So
//! a row far down is found by guessing ids (`logic::sparse_rows`), each guess answered with its
//! exact place and a page of rows: two or three questions reach any row of a hundred thousand,
//! where walking there would be a thousand pages.
//!
//! In any other order there are no such places: the list is read from its beginning, as far as
//! rows are kept.

use crate::api::ApiError;
use crate::api::devices::{self as api, Asked, DevicePage, DeviceRow};
use crate::live::{Live, PERIOD, live};
use crate::logic::sparse_rows::{Ask, MOST_ROWS, Moved, PAGE, SparseRows};
use crate::reactive::{Memo, RwSignal};
use leptos::prelude::*;
use std::ops::Range;
use std::time::Duration;

/// Between two questions of somebody who scrolls.
const PAUSE: Duration = Duration::from_millis(60);
/// Rows asked for at first: more than a screen shows.
const AT_FIRST: u64 = 60;
/// Rows of another order that are seen again every few seconds.
const SEEN_AGAIN: u64 = 2 * PAGE;

/// The rows of the list, as far as they are known, and what keeps them so.
#[derive(Clone, Copy)]
pub struct Reader {
    /// What is known.
    pub rows: RwSignal<SparseRows<DeviceRow>>,
    /// How many there are, and how fresh all this is.
    pub page: Live<u64>,
    /// By how many rows what is looked at has moved down, counted since the list was opened.
    pub moved: RwSignal<i64>,
    /// The row at which the list opens.
    pub begin: StoredValue<u64>,
    wanted: StoredValue<Range<u64>>,
    scrolled: StoredValue<bool>,
    waiting: StoredValue<bool>,
}

/// How far a list in another order was read, and where it goes on.
#[derive(Debug, Clone, PartialEq, Default)]
struct Walked {
    rows: u64,
    next: Option<String>,
    total: u64,
}

/// Reads the list of a filter, which opens at a row.
pub fn read(asked: Memo<Asked>, begin: u64) -> Reader {
    let rows = RwSignal::new(SparseRows::default());
    let moved = RwSignal::new(0);
    let wanted = StoredValue::new(begin..begin + AT_FIRST);
    let scrolled = StoredValue::new(false);
    let begin = StoredValue::new(begin);
    let known = StoredValue::new(None::<Asked>);
    let walked = StoredValue::new(Walked::default());
    let fetch = move |asked: Asked| {
        let before = known.try_update_value(|known| known.replace(asked.clone()));
        if let Some(before) = before.flatten()
            && before != asked
        {
            rows.update(SparseRows::clear);
            // Another list begins at its beginning.
            begin.set_value(0);
            walked.set_value(Walked::default());
            wanted.set_value(0..AT_FIRST);
        }
        let filling = Filling {
            asked,
            rows,
            moved,
            wanted,
            known,
            walked,
        };
        let again = scrolled.try_update_value(std::mem::take) != Some(true);
        filling.fill(again)
    };
    let page = live(move || asked.get(), Some(PERIOD), fetch);
    Reader {
        rows,
        page,
        moved,
        begin,
        wanted,
        scrolled,
        waiting: StoredValue::new(false),
    }
}

impl Reader {
    /// Says which rows are looked at; they come if they are not there.
    pub fn want(self, range: Range<u64>) {
        self.wanted.set_value(range);
        if self.waiting.get_value() {
            return;
        }
        self.waiting.set_value(true);
        set_timeout(move || self.look(), PAUSE);
    }

    /// The ids of the rows that are looked at, as far as they are known.
    pub fn shown(self) -> Vec<String> {
        let shown = self.wanted.get_value();
        self.rows.with_untracked(|rows| {
            let known = shown.filter_map(|index| rows.row(index));
            known.map(|row| row.device_id.clone()).collect()
        })
    }

    fn look(self) {
        if self.waiting.try_get_value().is_none() {
            return;
        }
        self.waiting.set_value(false);
        let wanted = self.wanted.get_value();
        let missing = self
            .rows
            .try_update_untracked(|rows| rows.missing(wanted).is_some());
        // Who reads already sees by himself that something else is wanted now.
        if missing == Some(true) && self.page.fresh.busy.try_get_untracked() == Some(false) {
            self.scrolled.set_value(true);
            self.page.refresh();
        }
    }
}

/// What it takes to fill the gaps.
struct Filling {
    asked: Asked,
    rows: RwSignal<SparseRows<DeviceRow>>,
    moved: RwSignal<i64>,
    wanted: StoredValue<Range<u64>>,
    known: StoredValue<Option<Asked>>,
    walked: StoredValue<Walked>,
}

impl Filling {
    /// Asks until nothing is missing of what is looked at; `again`: what is there too. Answers how
    /// many rows there are.
    async fn fill(self, again: bool) -> Result<u64, ApiError> {
        if !self.asked.order.is_empty() {
            return self.walk(again).await;
        }
        let mut again = again;
        while let Some(Question { ask, known }) = self.next(std::mem::take(&mut again)) {
            let most = usize::try_from(ask.most).unwrap_or(usize::MAX);
            let page = api::behind(&self.asked, &ask.id, most, known).await?;
            if !self.is_current() {
                break;
            }
            self.keep(&ask, page);
        }
        let total = self.rows.try_with_untracked(SparseRows::total);
        Ok(total.unwrap_or(0))
    }

    /// Reads a list in another order, page by page, up to what is looked at.
    async fn walk(self, again: bool) -> Result<u64, ApiError> {
        let wanted = move || self.wanted.try_with_value(|wanted| wanted.end).unwrap_or(0);
        let mut walked = self.walked.try_get_value().unwrap_or_default();
        if again && wanted() <= SEEN_AGAIN {
            walked = Walked::default();
        }
        let is_first = |walked: &Walked| walked.rows == 0 && walked.next.is_none();
        while is_first(&walked) || (walked.next.is_some() && walked.rows < wanted()) {
            let most = usize::try_from(PAGE).unwrap_or(usize::MAX);
            let (page, total) = api::ordered(&self.asked, most, walked.next.as_deref()).await?;
            if !self.is_current() {
                break;
            }
            walked.total = total.unwrap_or(walked.total);
            let ask = Ask {
                id: String::new(),
                before: Some(walked.rows),
                most: PAGE,
            };
            let kept = walked.total.min(MOST_ROWS as u64);
            let begin = walked.rows;
            walked.rows += page.value.len() as u64;
            // What cannot be kept needs no way on.
            walked.next = page.continuation.filter(|_| walked.rows < kept);
            let is_empty = page.value.is_empty();
            let _ = self
                .rows
                .try_update(|rows| rows.take(&ask, page.value, begin, kept));
            let _ = self
                .walked
                .try_update_value(|known| *known = walked.clone());
            if is_empty {
                break;
            }
        }
        Ok(walked.total)
    }

    /// Another list may be shown by now, or none.
    fn is_current(&self) -> bool {
        let same = self
            .known
            .try_with_value(|known| known.as_ref() == Some(&self.asked));
        same == Some(true)
    }

    fn next(&self, again: bool) -> Option<Question> {
        let wanted = self.wanted.try_get_value()?;
        self.rows.try_update_untracked(|rows| {
            let total = rows.total();
            let renewed = if again {
                rows.again(wanted.clone())
            } else {
                None
            };
            let is_renewal = renewed.is_some();
            let ask = renewed.or_else(|| rows.missing(wanted))?;
            let known = ask.before.filter(|_| !is_renewal && total > 0);
            let known = known.map(|before| (before, total));
            Some(Question { ask, known })
        })?
    }

    fn keep(&self, ask: &Ask, page: DevicePage) {
        let taken = self
            .rows
            .try_update(|rows| rows.take(ask, page.items, page.before, page.total));
        let Some(Moved(by)) = taken.filter(|moved| *moved != Moved(0)) else {
            return;
        };
        // The same rows are looked at, which have other numbers now.
        let _ = self.wanted.try_update_value(|wanted| {
            let shift = |row: u64| row.saturating_add_signed(by);
            *wanted = shift(wanted.start)..shift(wanted.end);
        });
        let _ = self.moved.try_update(|moved| *moved += by);
    }
}

/// A question, and what need not be counted for it: the rows before and all of them.
struct Question {
    ask: Ask,
    known: Option<(u64, u64)>,
}
