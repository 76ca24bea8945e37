//! A fleet's progress, added up (`device-management.md` §3.7): each shard makes a part, and
//! parts add up in any order. Bounded, because groups and names are the fleet's to choose.

use super::Phase;
use super::standing::Standing;
use crate::error::HubError;
use crate::json;
use crate::query::{Query, SortValue, parse, parse_condition};
use crate::sorting;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Most groups.
pub const MAX_GROUPS: usize = 1_000;
/// Most bytes of all keys of groups.
const MAX_KEY_BYTES: usize = 500_000;
/// Stalled devices that are named.
pub const MAX_STALLED: usize = 100;
/// Longest condition, in characters: the query around it must not get too long.
const MAX_CONDITION: usize = 8000;

fn place_of(phase: Phase) -> usize {
    match phase {
        Phase::Waiting => 0,
        Phase::Downloading => 1,
        Phase::Applying => 2,
        Phase::Rebooting => 3,
        Phase::Succeeded => 4,
        Phase::Failed => 5,
        Phase::Unknown => 7,
        Phase::NotStarted => 8,
    }
}

/// What devices are counted as, in the order of [`Counts`].
const BUCKETS: [&str; 9] = [
    "waiting",
    "downloading",
    "applying",
    "rebooting",
    "succeeded",
    "failed",
    "stalled",
    "unknown",
    "notStarted",
];

/// Devices by phase; one that is stalled counts only as that.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts([u64; 9]);

impl Counts {
    fn add(&mut self, other: &Self) {
        for (sum, part) in self.0.iter_mut().zip(other.0) {
            *sum = sum.saturating_add(part);
        }
    }

    fn note(&mut self, standing: &Standing) {
        let bucket = match standing.phase {
            _ if standing.stalled => 6,
            phase => place_of(phase),
        };
        if let Some(count) = self.0.get_mut(bucket) {
            *count += 1;
        }
    }

    /// One by one.
    pub(super) fn list(&self) -> &[u64] {
        &self.0
    }

    /// From such a list.
    pub(super) fn of_list(list: &Value) -> Option<Self> {
        let list = list.as_array()?;
        let mut counts = Self::default();
        if list.len() != counts.0.len() {
            return None;
        }
        for (count, given) in counts.0.iter_mut().zip(list) {
            *count = given.as_u64()?;
        }
        Some(counts)
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// As REST shows them.
    pub fn document(&self) -> Value {
        let named = BUCKETS.iter().zip(self.0);
        Value::Object(
            named
                .map(|(name, count)| ((*name).to_owned(), json!(count)))
                .collect(),
        )
    }
}

/// A device that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Which.
    pub device_id: String,
    /// Where it is.
    pub phase: Phase,
    /// Since when.
    pub since: Option<Timestamp>,
}

impl Named {
    /// The oldest is least; the id decides between equals.
    fn age(&self) -> (Option<Timestamp>, &str) {
        (self.since, &self.device_id)
    }

    fn document(&self) -> Value {
        let (device, phase) = (&self.device_id, self.phase.name());
        json!({ "deviceId": device, "phase": phase, "since": self.since })
    }
}

/// The devices that have the same value where the fleet is grouped.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupCounts {
    /// The value.
    pub key: SortValue,
    /// Its devices.
    pub counts: Counts,
}

/// One pattern over some devices.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// All devices.
    pub counts: Counts,
    /// By group, in order of the key.
    pub groups: Vec<GroupCounts>,
    /// Who is in the same phase for longest.
    pub oldest: Option<Named>,
    /// The first stalled ones in order of id.
    pub stalled: Vec<Named>,
}

impl Totals {
    /// Takes a device in.
    pub fn note(
        &mut self,
        device_id: &str,
        key: Option<SortValue>,
        standing: &Standing,
    ) -> Result<(), HubError> {
        let mut one = Self::default();
        one.counts.note(standing);
        if let Some(key) = key {
            one.groups.push(GroupCounts {
                key,
                counts: one.counts,
            });
        }
        if standing.phase.is_in_progress() {
            let named = Named {
                device_id: device_id.to_owned(),
                phase: standing.phase,
                since: standing.since,
            };
            if standing.stalled {
                one.stalled.push(named.clone());
            }
            one.oldest = Some(named);
        }
        self.merge(one)
    }

    /// Takes another part of the fleet in.
    pub fn merge(&mut self, other: Self) -> Result<(), HubError> {
        self.counts.add(&other.counts);
        for group in other.groups {
            match self
                .groups
                .binary_search_by(|known| known.key.cmp(&group.key))
            {
                Ok(place) => {
                    if let Some(known) = self.groups.get_mut(place) {
                        known.counts.add(&group.counts);
                    }
                }
                Err(place) => {
                    self.groups.insert(place, group);
                    self.check_groups()?;
                }
            }
        }
        if !other.stalled.is_empty() {
            self.stalled.extend(other.stalled);
            sorting::sort_by(&mut self.stalled, |one, other| {
                one.device_id.cmp(&other.device_id)
            });
            self.stalled.truncate(MAX_STALLED);
        }
        if let Some(candidate) = other.oldest.filter(|named| named.since.is_some())
            && self
                .oldest
                .as_ref()
                .is_none_or(|known| candidate.age() < known.age())
        {
            self.oldest = Some(candidate);
        }
        Ok(())
    }

    fn check_groups(&self) -> Result<(), HubError> {
        let bytes: usize = self.groups.iter().map(|group| group.key.weight()).sum();
        if self.groups.len() > MAX_GROUPS || bytes > MAX_KEY_BYTES {
            return Err(HubError::invalid(format!(
                "groupBy finds more than {MAX_GROUPS} different values, or more than \
                 {MAX_KEY_BYTES} bytes of them; narrow it with where."
            )));
        }
        Ok(())
    }

    /// As REST shows it, but for the time.
    pub fn document(&self) -> Map<String, Value> {
        let groups = self.groups.iter().map(|group| {
            let mut shown = Map::new();
            // Like a column of a query: what is not there is left out.
            if let Some(key) = group.key.to_json() {
                shown.insert("key".to_owned(), key);
            }
            shown.insert("total".to_owned(), json!(group.counts.total()));
            shown.insert("phases".to_owned(), group.counts.document());
            Value::Object(shown)
        });
        let mut document = Map::new();
        document.insert("total".to_owned(), json!(self.counts.total()));
        document.insert("phases".to_owned(), self.counts.document());
        document.insert("groups".to_owned(), groups.collect());
        let oldest = self.oldest.as_ref().map(Named::document);
        document.insert("oldestInProgress".to_owned(), oldest.unwrap_or_default());
        let stalled = self.stalled.iter().map(Named::document);
        document.insert("stalled".to_owned(), stalled.collect());
        document
    }
}

/// Asks a shard to go on adding up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RollUp {
    /// Documents of at most [`MAX_PATTERNS_AT_ONCE`].
    pub patterns: Vec<Value>,
    /// Which devices.
    #[serde(default)]
    pub condition: Option<String>,
    /// Where to group them.
    #[serde(default)]
    pub group_by: Option<String>,
    /// Only devices behind this one.
    #[serde(default)]
    pub after: Option<String>,
    /// The moment that counts, the same for all shards.
    pub as_of: Timestamp,
}

/// Patterns that are looked at in one pass.
pub const MAX_PATTERNS_AT_ONCE: usize = 10;

impl RollUp {
    /// Condition and grouping, as a query has them.
    pub fn query(&self) -> Result<Query, HubError> {
        let mut text = "SELECT COUNT() AS n FROM devices".to_owned();
        if let Some(condition) = &self.condition {
            if condition.chars().count() > MAX_CONDITION {
                return Err(HubError::invalid(format!(
                    "where has at most {MAX_CONDITION} characters."
                )));
            }
            // By itself first, so that it is one condition and nothing else.
            parse_condition(condition)?;
            text = format!("{text} WHERE ({condition})");
        }
        if let Some(path) = &self.group_by {
            text = format!("{text} GROUP BY {path}");
        }
        let query = parse(&text)?;
        if query.order_by.is_some() {
            return Err(HubError::invalid("groupBy is one path, such as tags.site."));
        }
        Ok(query)
    }
}

#[cfg(test)]
#[path = "totals_tests.rs"]
mod tests;
