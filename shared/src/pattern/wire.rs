//! Parts of a roll-up between actors, as plain JSON: types of their own would each bring
//! their readers and writers into the worker (`docs/PERFORMANCE.md`).

use super::Phase;
use super::totals::{Counts, GroupCounts, Named, Totals};
use crate::error::HubError;
use crate::json;
use crate::query::SortValue;
use crate::time::Timestamp;
use serde_json::Value;

/// What a shard found in a slice, for each pattern, and where it goes on.
pub fn write(totals: &[Totals], scanned_to: Option<&str>) -> Value {
    let totals: Vec<Value> = totals.iter().map(write_totals).collect();
    json!([totals, scanned_to])
}

/// The same, read.
pub fn read(part: &Value) -> Result<(Vec<Totals>, Option<String>), HubError> {
    let read = || {
        let totals = part.get(0)?.as_array()?.iter().map(read_totals);
        let scanned_to = part.get(1).and_then(Value::as_str).map(str::to_owned);
        Some((totals.collect::<Option<_>>()?, scanned_to))
    };
    read().ok_or_else(|| HubError::internal("a part of a roll-up cannot be read"))
}

fn write_totals(totals: &Totals) -> Value {
    let groups: Vec<Value> = totals
        .groups
        .iter()
        .map(|group| json!([write_key(&group.key), group.counts.list()]))
        .collect();
    let stalled: Vec<Value> = totals.stalled.iter().map(write_named).collect();
    let oldest = totals.oldest.as_ref().map(write_named);
    json!([totals.counts.list(), groups, oldest, stalled])
}

fn read_totals(totals: &Value) -> Option<Totals> {
    let groups = totals.get(1)?.as_array()?.iter().map(|group| {
        Some(GroupCounts {
            key: read_key(group.get(0)?)?,
            counts: Counts::of_list(group.get(1)?)?,
        })
    });
    let oldest = totals.get(2).filter(|oldest| !oldest.is_null());
    let stalled = totals.get(3)?.as_array()?.iter().map(read_named);
    Some(Totals {
        counts: Counts::of_list(totals.get(0)?)?,
        groups: groups.collect::<Option<_>>()?,
        oldest: match oldest {
            None => None,
            Some(oldest) => Some(read_named(oldest)?),
        },
        stalled: stalled.collect::<Option<_>>()?,
    })
}

fn write_named(named: &Named) -> Value {
    let since = named.since.map(Timestamp::milliseconds);
    json!([named.device_id, named.phase.name(), since])
}

/// Only who is in progress is named.
fn read_named(named: &Value) -> Option<Named> {
    let name = named.get(1)?.as_str()?;
    let phase = Phase::OF_WORDS.iter().find(|phase| phase.name() == name)?;
    Some(Named {
        device_id: named.get(0)?.as_str()?.to_owned(),
        phase: *phase,
        since: named.get(2)?.as_i64().map(Timestamp::from_milliseconds),
    })
}

/// Numbers go bit by bit: read back inexactly, one group would become two.
fn write_key(key: &SortValue) -> Value {
    match key {
        SortValue::Null => json!([]),
        SortValue::Bool(flag) => json!(flag),
        SortValue::Number(number) => json!(number.to_bits()),
        SortValue::Text(text) => json!(text),
        SortValue::Absent => Value::Null,
    }
}

fn read_key(key: &Value) -> Option<SortValue> {
    Some(match key {
        Value::Array(_) => SortValue::Null,
        Value::Bool(flag) => SortValue::Bool(*flag),
        Value::Number(bits) => SortValue::Number(f64::from_bits(bits.as_u64()?)),
        Value::String(text) => SortValue::Text(text.clone()),
        Value::Null => SortValue::Absent,
        Value::Object(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::standing::Standing;
    use proptest::prelude::*;

    fn any_key() -> impl Strategy<Value = SortValue> {
        prop_oneof![
            Just(SortValue::Null),
            Just(SortValue::Absent),
            any::<bool>().prop_map(SortValue::Bool),
            prop::num::f64::NORMAL.prop_map(SortValue::Number),
            ".{0,5}".prop_map(SortValue::Text),
        ]
    }

    proptest! {
        #[test]
        fn totals_survive_the_way_between_actors(
            devices in prop::collection::vec((any_key(), 0usize..6, prop::option::of(0i64..9), any::<bool>()), 0..20),
            scanned_to in prop::option::of("[a-z]{1,5}"),
        ) {
            let mut totals = Totals::default();
            for (number, (key, phase, since, stalled)) in devices.into_iter().enumerate() {
                let phase = Phase::OF_WORDS[phase];
                let standing = Standing {
                    phase,
                    since: since.map(Timestamp::from_milliseconds),
                    stalled: stalled && phase.is_in_progress(),
                };
                totals.note(&format!("d{number}"), Some(key), &standing).unwrap();
            }
            let all = [totals, Totals::default()];
            let text = write(&all, scanned_to.as_deref()).to_string();
            let (read, to) = read(&serde_json::from_str(&text).unwrap()).unwrap();
            prop_assert_eq!(read.as_slice(), &all);
            prop_assert_eq!(to, scanned_to);
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        for part in [
            json!(null),
            json!([[[]], null]),
            json!([[[[1], [], null, []]], null]),
        ] {
            assert!(read(&part).is_err(), "{part}");
        }
    }
}
