//! Results over many documents: partial sums that each shard makes and that add up
//! (`query-routing-events.md` §1.8).
//!
//! Whoever adds must be ready for too many groups: their number is the fleet's to choose,
//! the memory is not.

use super::ast::{Aggregate, Query, Select, Source};
use super::sort_value::{SortValue, exact_number, number_to_json};
use crate::error::HubError;
use crate::sorting;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Most groups of one query.
pub const MAX_GROUPS: usize = 10_000;
/// Most bytes in all keys and texts of the groups of one query.
pub const MAX_GROUP_BYTES: usize = 2_000_000;

/// One group of one part of the fleet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Group {
    /// What `GROUP BY` names; absent without it.
    pub key: SortValue,
    /// For each column of the query.
    pub totals: Vec<Total>,
}

/// What is known of a column over the documents seen so far.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Total {
    /// Documents.
    #[serde(default)]
    pub rows: u64,
    /// Those with a number.
    #[serde(default)]
    pub numbers: u64,
    /// The numbers together.
    #[serde(default, with = "exact_number")]
    pub sum: f64,
    /// Smallest value, numbers before texts.
    #[serde(default)]
    pub minimum: Option<SortValue>,
    /// Largest value, numbers before texts.
    #[serde(default)]
    pub maximum: Option<SortValue>,
}

impl Total {
    fn of(aggregate: &Aggregate, document: &Value) -> Self {
        let mut total = Self {
            rows: 1,
            ..Self::default()
        };
        let Some(path) = aggregate.path() else {
            return total;
        };
        let value = SortValue::of(path, document);
        if let SortValue::Number(number) = value {
            total.numbers = 1;
            total.sum = number;
        }
        let extreme = matches!(value, SortValue::Number(_) | SortValue::Text(_)).then_some(value);
        match aggregate {
            Aggregate::Minimum(_) => total.minimum = extreme,
            Aggregate::Maximum(_) => total.maximum = extreme,
            _ => {}
        }
        total
    }

    fn add(&mut self, other: Self) {
        self.rows = self.rows.saturating_add(other.rows);
        self.numbers = self.numbers.saturating_add(other.numbers);
        self.sum += other.sum;
        keep(&mut self.minimum, other.minimum, |new, old| new < old);
        keep(&mut self.maximum, other.maximum, |new, old| new > old);
    }

    fn result(&self, aggregate: &Aggregate) -> Option<Value> {
        let numeric =
            |value: f64| (self.numbers > 0 && value.is_finite()).then(|| number_to_json(value));
        match aggregate {
            Aggregate::Count => Some(Value::from(self.rows)),
            Aggregate::Sum(_) => numeric(self.sum),
            Aggregate::Average(_) => numeric(self.sum / self.numbers as f64),
            Aggregate::Minimum(_) => self.minimum.as_ref().and_then(SortValue::to_json),
            Aggregate::Maximum(_) => self.maximum.as_ref().and_then(SortValue::to_json),
        }
    }

    fn weight(&self) -> usize {
        let extremes = self.minimum.iter().chain(&self.maximum);
        32 + extremes.map(SortValue::weight).sum::<usize>()
    }
}

/// Any number outdoes every text; within a kind `wins` decides.
fn keep(
    slot: &mut Option<SortValue>,
    candidate: Option<SortValue>,
    wins: impl Fn(&SortValue, &SortValue) -> bool,
) {
    let Some(candidate) = candidate else { return };
    let better = match (slot.as_ref(), &candidate) {
        (None, _) | (Some(SortValue::Text(_)), SortValue::Number(_)) => true,
        (Some(SortValue::Number(_)), SortValue::Text(_)) => false,
        (Some(old), new) => wins(new, old),
    };
    if better {
        *slot = Some(candidate);
    }
}

/// The groups of a query so far.
#[derive(Debug, Default)]
pub struct Groups {
    groups: BTreeMap<SortValue, Vec<Total>>,
    bytes: usize,
}

impl Groups {
    /// Takes a document in.
    pub fn add(&mut self, query: &Query, document: &Value) -> Result<(), HubError> {
        let key = query
            .group_by
            .as_ref()
            .map_or(SortValue::Absent, |path| SortValue::of(path, document));
        let totals = query
            .aggregates()
            .map(|aggregate| Total::of(aggregate, document));
        self.merge(Group {
            key,
            totals: totals.collect(),
        })
    }

    /// Takes a group of another part of the fleet in.
    pub fn merge(&mut self, group: Group) -> Result<(), HubError> {
        match self.groups.entry(group.key) {
            Entry::Vacant(place) => {
                self.bytes += place.key().weight();
                self.bytes += group.totals.iter().map(Total::weight).sum::<usize>();
                place.insert(group.totals);
            }
            Entry::Occupied(mut place) => {
                for (total, other) in place.get_mut().iter_mut().zip(group.totals) {
                    self.bytes = self.bytes.saturating_sub(total.weight());
                    total.add(other);
                    self.bytes += total.weight();
                }
            }
        }
        if self.groups.len() > MAX_GROUPS || self.bytes > MAX_GROUP_BYTES {
            return Err(HubError::invalid(format!(
                "GROUP BY finds more than {MAX_GROUPS} different values, or more than \
                 {MAX_GROUP_BYTES} bytes of them; narrow the query with WHERE."
            )));
        }
        Ok(())
    }

    /// As a message to whoever adds the parts up.
    pub fn into_parts(self) -> Vec<Group> {
        let groups = self.groups.into_iter();
        groups.map(|(key, totals)| Group { key, totals }).collect()
    }

    /// The results in their order. Without `GROUP BY` there is always exactly one.
    pub fn results(mut self, query: &Query) -> Vec<(SortValue, Value)> {
        if query.group_by.is_none() && self.groups.is_empty() {
            let none = query.aggregates().map(|_| Total::default()).collect();
            self.groups.insert(SortValue::Absent, none);
        }
        let mut results: Vec<(SortValue, Value)> = self
            .groups
            .into_iter()
            .map(|(key, totals)| {
                let item = result(query, &key, &totals);
                (key, item)
            })
            .collect();
        sorting::sort_by(&mut results, |(one, _), (other, _)| {
            one.compare(other, query.is_descending())
        });
        results
    }
}

impl Query {
    /// What is computed over many documents, in the order of its columns.
    pub fn aggregates(&self) -> impl Iterator<Item = &Aggregate> {
        let columns = match &self.select {
            Select::Everything => &[][..],
            Select::Columns(columns) => columns,
        };
        columns.iter().filter_map(|column| match &column.source {
            Source::Aggregate(aggregate) => Some(aggregate),
            Source::Path(_) => None,
        })
    }
}

fn result(query: &Query, key: &SortValue, totals: &[Total]) -> Value {
    let mut item = Map::new();
    let mut totals = totals.iter();
    if let Select::Columns(columns) = &query.select {
        for column in columns {
            let value = match &column.source {
                Source::Path(_) => key.to_json(),
                Source::Aggregate(aggregate) => {
                    totals.next().and_then(|total| total.result(aggregate))
                }
            };
            if let Some(value) = value {
                item.insert(column.name.clone(), value);
            }
        }
    }
    Value::Object(item)
}

#[cfg(test)]
#[path = "aggregate_tests.rs"]
mod tests;
