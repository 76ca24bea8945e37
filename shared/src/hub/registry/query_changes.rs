//! What a shard tells those who watch a query's result: documents that changed, looked at as
//! the query's scan looks at them; or a scan, when too much was forgotten.

use super::Registry;
use super::changes::{Change, Changes};
use super::query::{Slice, read_row};
use crate::error::HubError;
use crate::ipc::query::{ChangePlace, QueryChanges, QueryPart, Watch};
use crate::query::{Collection, DocumentKey, Sections};
use crate::sql::Sql;
use crate::time::Timestamp;

/// Documents that one answer looks at.
const MOST_LOOKED_AT: usize = 500;

/// What a shard can tell somebody who watches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sight {
    newest: ChangePlace,
    /// What changed behind this place; `None`: what there is.
    since: Option<ChangePlace>,
    anew: bool,
}

impl Registry {
    /// Begins or goes on to remember what changes, for somebody who watches.
    pub(super) fn sight(&self, watch: &Watch, now: Timestamp) -> Sight {
        let since = watch.since.filter(|since| self.changes.knows(*since));
        Sight {
            newest: self.changes.watch(watch.entropy, now),
            since,
            anew: since.is_none() && watch.since.is_some(),
        }
    }
}

impl Sight {
    /// The whole answer, if nothing has changed: nobody even reads the query.
    pub(super) fn nothing(self) -> Option<QueryPart> {
        (self.since == Some(self.newest)).then(|| QueryPart {
            changes: Some(self.answer()),
            ..QueryPart::default()
        })
    }

    fn answer(self) -> QueryChanges {
        QueryChanges {
            place: self.newest,
            anew: self.anew,
            left: Vec::new(),
            more: false,
        }
    }
}

impl Slice<'_> {
    /// Looks at what changed, or at a slice of everything.
    pub(super) fn watch(
        &mut self,
        sight: Sight,
        changes: &Changes,
        sql: &dyn Sql,
    ) -> Result<(), HubError> {
        let mut answer = sight.answer();
        match sight.since {
            Some(since) => self.follow(since, &mut answer, changes, sql)?,
            None => self.run(sql)?,
        }
        self.part.changes = Some(answer);
        Ok(())
    }

    /// Looks at documents that changed behind a place, each once, as far as there is room.
    fn follow(
        &mut self,
        since: ChangePlace,
        answer: &mut QueryChanges,
        changes: &Changes,
        sql: &dyn Sql,
    ) -> Result<(), HubError> {
        let sections = Sections::to_scan(self.query);
        let newest = std::mem::replace(&mut answer.place, since).number;
        let mut looked_at: Vec<DocumentKey> = Vec::new();
        while answer.place.number < newest {
            if self.is_full() || looked_at.len() >= MOST_LOOKED_AT {
                answer.more = true;
                break;
            }
            answer.place.number += 1;
            let change = changes.get(answer.place.number);
            let Some(Change { key, .. }) = change.filter(|change| self.concerns(change)) else {
                continue;
            };
            let Err(place) = looked_at.binary_search(&key) else {
                continue;
            };
            let found = self.part.items.len();
            if let Some(row) = read_row(sql, sections, &key)? {
                self.read(&row)?;
                self.part.scanned += 1;
            }
            if self.part.items.len() == found {
                answer.left.push(key.clone());
            }
            looked_at.insert(place, key);
        }
        Ok(())
    }

    /// Whether a change may be one of the result.
    fn concerns(&self, change: &Change) -> bool {
        let of_modules = self.query.collection == Collection::Modules;
        of_modules != change.key.module.is_empty()
            && (!change.only_heard || self.query.reads("lastActivityTime"))
    }
}
