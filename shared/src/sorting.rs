//! One sort for all types.
//!
//! The standard library's sorts are compiled anew for every type, some 15 kB of the worker
//! each, and collecting into a `OrderedMap` or `OrderedSet` is one of them. Lists here are short:
//! so this room sorts positions, with one body for all, and nothing else in this crate sorts
//! (`docs/PERFORMANCE.md`).

use crate::ordered::{OrderedMap, OrderedSet};
use std::cmp::Ordering;

/// Sorts; equals keep their order.
pub fn sort_by<T>(items: &mut Vec<T>, mut compare: impl FnMut(&T, &T) -> Ordering) {
    let order = positions(
        items.len(),
        &mut |one, other| match (items.get(one), items.get(other)) {
            (Some(one), Some(other)) => compare(one, other),
            _ => Ordering::Equal,
        },
    );
    let mut slots: Vec<Option<T>> = std::mem::take(items).into_iter().map(Some).collect();
    let sorted = order
        .into_iter()
        .filter_map(|position| slots.get_mut(position)?.take());
    items.extend(sorted);
}

/// Sorts by the items' own order.
pub fn sort<T: Ord>(items: &mut Vec<T>) {
    sort_by(items, T::cmp);
}

/// A map of pairs; of pairs with one key the last counts.
pub fn map<K: Ord, V>(pairs: impl IntoIterator<Item = (K, V)>) -> OrderedMap<K, V> {
    let mut map = OrderedMap::new();
    map.extend(pairs);
    map
}

/// A set of items.
pub fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> OrderedSet<T> {
    let mut set = OrderedSet::new();
    set.extend(items);
    set
}

/// The positions `0..count` in their sorted order.
fn positions(count: usize, compare: &mut dyn FnMut(usize, usize) -> Ordering) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..count).collect();
    positions.sort_by(|one, other| compare(*one, *other));
    positions
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    proptest! {
        #[test]
        fn as_the_standard_library_sorts(items in proptest::collection::vec((0_u8..8, any::<u16>()), 0..200)) {
            let (mut ours, mut theirs) = (items.clone(), items.clone());
            sort_by(&mut ours, |one, other| one.0.cmp(&other.0));
            theirs.sort_by_key(|item| item.0);
            prop_assert_eq!(&ours, &theirs);
            sort(&mut ours);
            theirs.sort();
            prop_assert_eq!(ours, theirs);
            let known: BTreeMap<_, _> = items.iter().copied().collect();
            prop_assert!(map(items.clone()).iter().eq(known.iter()));
            let known: BTreeSet<_> = items.iter().copied().collect();
            prop_assert!(set(items).iter().eq(known.iter()));
        }
    }
}
