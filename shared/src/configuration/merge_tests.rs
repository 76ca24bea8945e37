//! Merging against an oracle that compares every leaf with every winner.

use super::*;
use crate::configuration::content::Family;
use crate::configuration::marks;
use crate::configuration::target::Target;
use crate::time::Timestamp;
use crate::twin::{SectionPatch, Twin, TwinPatch};
use proptest::prelude::*;

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        3 => (0..3u8).prop_map(|number| json!(number)),
        1 => Just(Value::Null),
        1 => Just(json!({})),
        1 => Just(json!([1])),
    ]
}

fn leaf() -> impl Strategy<Value = Leaf> {
    (prop::collection::vec("[abc]", 1..4), value()).prop_map(|(path, value)| {
        let place = std::iter::once(String::new()).chain(path).collect();
        Leaf { place, value }
    })
}

fn configuration() -> impl Strategy<Value = Configuration> {
    (
        0..3i64,
        0..3i64,
        "[a-z]{3}",
        prop::collection::vec(leaf(), 0..6),
    )
        .prop_map(|(priority, created, id, mut leaves)| {
            while contradiction(&leaves).is_some() {
                leaves.pop();
            }
            Configuration {
                id,
                priority,
                created: Timestamp::from_milliseconds(created),
                revision: 1,
                family: Family::Devices,
                target: Target::Everybody,
                leaves,
                is_disruptive: false,
            }
        })
}

fn section() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec(leaf(), 0..6).prop_map(|leaves| {
        let mut tree = Map::new();
        for leaf in leaves.iter().filter(|leaf| !leaf.value.is_null()) {
            insert(&mut tree, leaf.path(), &leaf.value);
        }
        tree
    })
}

/// Whether two leaves cannot both be there.
fn exclude(one: &Leaf, other: &Leaf) -> bool {
    let gives_way = |leaf: &Leaf| leaf.value == json!({});
    let (one_path, other_path) = (one.path(), other.path());
    if one_path == other_path {
        return !(gives_way(one) && gives_way(other));
    }
    (other_path.starts_with(one_path) && !gives_way(one))
        || (one_path.starts_with(other_path) && !gives_way(other))
}

proptest! {
    #[test]
    fn the_highest_rank_takes_each_path(configurations in prop::collection::vec(configuration(), 0..6)) {
        let ranked = ranked(configurations.iter().collect());
        for pair in ranked.windows(2) {
            let key = |one: &Configuration| (-one.priority, -one.created.milliseconds(), one.id.clone());
            prop_assert!(key(pair[0]) <= key(pair[1]));
        }
        let decisions = decide(&ranked, None);
        let mut winners: Vec<usize> = Vec::new();
        let all = ranked.iter().enumerate();
        let all: Vec<_> = all.flat_map(|(rank, one)| one.leaves.iter().map(move |leaf| (rank, leaf))).collect();
        prop_assert_eq!(all.len(), decisions.len());
        for (number, ((rank, leaf), decision)) in all.iter().zip(&decisions).enumerate() {
            prop_assert_eq!((*rank, *leaf), (decision.rank, decision.leaf));
            let rivals: Vec<usize> = winners.iter().copied().filter(|winner| exclude(all[*winner].1, leaf)).collect();
            match decision.lost_to {
                None => {
                    prop_assert!(rivals.is_empty(), "{:?} against {:?}", leaf, rivals);
                    winners.push(number);
                }
                Some(winner) => prop_assert!(rivals.contains(&winner), "{:?}", leaf),
            }
        }
        let marks = marks::of(&ranked, &decisions, true);
        for (rank, one) in ranked.iter().enumerate() {
            let has_a_path = one.leaves.is_empty() || winners.iter().any(|winner| all[*winner].0 == rank);
            // Of two with one name the last mark stays; the hub has no two.
            if ranked.iter().filter(|other| other.id == one.id).count() == 1 {
                prop_assert_eq!(marks[&one.id]["status"] == "Applied", has_a_path);
            }
        }
    }

    #[test]
    fn the_patch_brings_just_the_winners(
        configurations in prop::collection::vec(configuration(), 0..5),
        desired in section(),
    ) {
        let ranked = ranked(configurations.iter().collect());
        let decisions = decide(&ranked, None);
        let winners: Vec<&Leaf> = decisions.iter().filter(|one| one.lost_to.is_none()).map(|one| one.leaf).collect();
        let mut twin = Twin::new();
        let now = Timestamp::from_milliseconds(0);
        let start = TwinPatch::from_sections(SectionPatch::Absent, SectionPatch::Content(desired.clone())).unwrap();
        twin.patch_service(&start, now).unwrap();
        let before = twin.desired.properties.clone();
        let wanted = patch(winners.iter().copied(), &before);
        let write = TwinPatch::from_sections(SectionPatch::Absent, SectionPatch::Content(wanted.clone())).unwrap();
        twin.patch_service(&write, now).unwrap();
        let after = &twin.desired.properties;
        for leaf in &winners {
            let found = at(after, leaf.path());
            match &leaf.value {
                Value::Null => prop_assert_eq!(found, None),
                Value::Object(_) => prop_assert!(found.is_some_and(Value::is_object)),
                value => prop_assert_eq!(found, Some(value)),
            }
        }
        // Done is done, and what nobody wanted is as it was.
        prop_assert!(patch(winners.iter().copied(), after).is_empty());
        prop_assert_eq!(wanted.is_empty(), before == *after);
        let mut leaves = Vec::new();
        crate::configuration::content::flatten(vec![String::new()], &Value::Object(before.clone()), &mut leaves);
        for leaf in leaves.iter().filter(|leaf| !leaf.path().is_empty()) {
            let is_wanted = winners.iter().any(|winner| {
                leaf.path().starts_with(winner.path()) || winner.path().starts_with(leaf.path())
            });
            if !is_wanted {
                prop_assert_eq!(at(after, leaf.path()), Some(&leaf.value));
            }
        }
    }
}

#[test]
fn leaves_of_a_module_are_decided_with_those_for_no_module() {
    let read = |document: Value| Configuration::read(&document).unwrap();
    let edge = read(
        json!({ "id": "edge", "priority": 5, "content": { "modulesContent": {
        "$edgeAgent": { "properties.desired": { "a": 1 } },
        "m": { "properties.desired.x": 2, "properties.desired.y": 2 },
    } } }),
    );
    let module = read(json!({ "id": "module", "priority": 9, "content": {
        "moduleContent": { "properties.desired.x": 3 },
    } }));
    let ranked = ranked(vec![&edge, &module]);
    let decisions = decide(&ranked, Some("m"));
    let won: Vec<_> = decisions
        .iter()
        .filter(|one| one.lost_to.is_none())
        .map(|one| (one.configuration.id.as_str(), one.leaf.path().join(".")))
        .collect();
    assert_eq!(won, [("module", "x".to_owned()), ("edge", "y".to_owned())]);
}
