use super::*;
use crate::json;
use proptest::prelude::*;

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("{other} is no object"),
    }
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_700_000_000_000 + milliseconds)
}

fn time_of(node: &Value) -> &str {
    node[LAST_UPDATED].as_str().unwrap()
}

/// JSON values as patches hold them: many nulls, few keys, so that paths collide.
fn any_value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        3 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        2 => (0..5i64).prop_map(Value::from),
        1 => "[xy]{0,2}".prop_map(Value::from),
        1 => proptest::collection::vec(0..3i64, 0..3).prop_map(Value::from),
    ];
    scalar.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            4 => proptest::collection::btree_map("[a-c]", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
            1 => (0..9i64).prop_map(|number| json!([{"a": number}])),
        ]
    })
}

fn any_patch() -> impl Strategy<Value = Map<String, Value>> {
    proptest::collection::btree_map("[a-d]", any_value(), 0..4)
        .prop_map(|members| members.into_iter().collect())
}

/// The mirror has exactly the document's keys, and no node is younger than its parent.
fn assert_mirrors(document: &Map<String, Value>, mirror: &Value) {
    let keys: std::collections::BTreeSet<&str> = document.keys().map(String::as_str).collect();
    let nodes: std::collections::BTreeSet<&str> = mirror
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .filter(|key| !key.starts_with('$'))
        .collect();
    assert_eq!(keys, nodes);
    for (key, value) in document {
        let node = &mirror[key];
        assert!(
            time_of(mirror) >= time_of(node),
            "{key} is newer than its parent"
        );
        assert!(
            mirror[LAST_UPDATED_VERSION].as_u64().unwrap()
                >= node[LAST_UPDATED_VERSION].as_u64().unwrap()
        );
        match value {
            Value::Object(inner) => assert_mirrors(inner, node),
            _ => assert_eq!(node.as_object().unwrap().len(), 2, "{key} is a leaf"),
        }
    }
}

/// Every leaf that the patch does not name keeps its old node; every other one is new.
fn assert_leaves(
    before: Option<&Value>,
    after: &Map<String, Value>,
    mirror: &Value,
    patch: Option<&Map<String, Value>>,
    now: &str,
) {
    for (key, value) in after {
        let node = &mirror[key];
        let old = before.and_then(|node| node.get(key));
        match (patch.and_then(|patch| patch.get(key)), value) {
            (Some(Value::Object(inner)), Value::Object(value)) => {
                assert_leaves(old, value, node, Some(inner), now);
            }
            (Some(_), _) => assert_eq!(time_of(node), now, "{key} was written"),
            (None, _) => assert_eq!(Some(node), old, "{key} was not written"),
        }
    }
}

proptest! {
    #[test]
    fn merging_is_rfc_7396(patches in proptest::collection::vec(any_patch(), 1..6)) {
        let mut oracle = json!({});
        let mut plain = Map::new();
        let mut document = Map::new();
        let mut mirror = Stamp::new(at(0), Some(1)).node();
        for (step, patch) in patches.iter().enumerate() {
            json_patch::merge(&mut oracle, &Value::Object(patch.clone()));
            merge(&mut plain, patch);
            let stamp = Stamp::new(at(1 + step as i64), Some(2 + step as u64));
            merge_stamped(&mut document, &mut mirror, patch, &stamp);
            prop_assert_eq!(&oracle, &Value::Object(plain.clone()));
            prop_assert_eq!(&oracle, &Value::Object(document.clone()));
        }
    }

    #[test]
    fn the_mirror_follows_the_document(patches in proptest::collection::vec(any_patch(), 1..6)) {
        let mut document = Map::new();
        let mut mirror = Stamp::new(at(0), Some(1)).node();
        for (step, patch) in patches.iter().enumerate() {
            let (old_document, old_mirror) = (document.clone(), Value::Object(mirror.clone()));
            let now = at(1 + step as i64);
            let stamp = Stamp::new(now, Some(2 + step as u64));
            let written = merge_stamped(&mut document, &mut mirror, patch, &stamp);
            let new_mirror = Value::Object(mirror.clone());
            assert_mirrors(&document, &new_mirror);
            assert_leaves(Some(&old_mirror), &document, &new_mirror, Some(patch), &now.to_string());
            if written {
                prop_assert_eq!(time_of(&new_mirror), now.to_string());
            } else {
                prop_assert_eq!(&document, &old_document);
                prop_assert_eq!(&new_mirror, &old_mirror);
            }
        }
    }

    #[test]
    fn replacing_is_merging_into_nothing(content in any_patch()) {
        let stamp = Stamp::new(at(1), Some(2));
        let whole = without_nulls(&content);
        let mut document = Map::new();
        let mut mirror = stamp.node();
        merge_stamped(&mut document, &mut mirror, &content, &stamp);
        prop_assert_eq!(&document, &whole);
        prop_assert_eq!(mirror, mirror_of(&whole, &stamp));
    }
}

/// The document of the next tests, written at moment 1 as version 2.
fn sample() -> (Map<String, Value>, Map<String, Value>) {
    let document = object(json!({"a": {"b": 1, "c": {"d": 2}}, "e": [1, 2], "f": 3}));
    let mirror = mirror_of(&document, &Stamp::new(at(1), Some(2)));
    (document, mirror)
}

#[test]
fn a_changed_leaf_renews_its_ancestors_and_nothing_beside_them() {
    let (mut document, mut mirror) = sample();
    let stamp = Stamp::new(at(9), Some(3));
    assert!(merge_stamped(
        &mut document,
        &mut mirror,
        &object(json!({"a": {"c": {"d": 5}}})),
        &stamp
    ));
    let (old, new) = (at(1).to_string(), at(9).to_string());
    assert_eq!(
        Value::Object(mirror),
        json!({
            "$lastUpdated": new, "$lastUpdatedVersion": 3,
            "a": {"$lastUpdated": new, "$lastUpdatedVersion": 3,
                "b": {"$lastUpdated": old, "$lastUpdatedVersion": 2},
                "c": {"$lastUpdated": new, "$lastUpdatedVersion": 3,
                    "d": {"$lastUpdated": new, "$lastUpdatedVersion": 3}}},
            "e": {"$lastUpdated": old, "$lastUpdatedVersion": 2},
            "f": {"$lastUpdated": old, "$lastUpdatedVersion": 2},
        })
    );
}

#[test]
fn a_deletion_leaves_the_mirror_and_renews_the_ancestors() {
    let (mut document, mut mirror) = sample();
    let stamp = Stamp::new(at(9), Some(3));
    merge_stamped(
        &mut document,
        &mut mirror,
        &object(json!({"a": {"c": {"d": null}}})),
        &stamp,
    );
    assert_eq!(document["a"], json!({"b": 1, "c": {}}));
    let new = at(9).to_string();
    assert_eq!(
        mirror["a"]["c"],
        json!({"$lastUpdated": new, "$lastUpdatedVersion": 3})
    );
    assert_eq!(mirror["a"]["$lastUpdated"], json!(new));
}

#[test]
fn deleting_what_is_not_there_touches_nothing() {
    let (mut document, mut mirror) = sample();
    let stamp = Stamp::new(at(9), Some(3));
    let patch = object(json!({"x": null, "a": {"x": null, "c": {}}}));
    assert!(!merge_stamped(&mut document, &mut mirror, &patch, &stamp));
    assert_eq!((document, mirror), sample());
}

#[test]
fn objects_and_scalars_replace_each_other_with_their_nodes() {
    let (mut document, mut mirror) = sample();
    let stamp = Stamp::new(at(9), None);
    let patch = object(json!({"a": 1, "f": {"g": {"h": true, "i": null}}, "e": {}}));
    merge_stamped(&mut document, &mut mirror, &patch, &stamp);
    assert_eq!(
        Value::Object(document),
        json!({"a": 1, "f": {"g": {"h": true}}, "e": {}})
    );
    let node = json!({"$lastUpdated": at(9).to_string()});
    assert_eq!(mirror["a"], node);
    assert_eq!(mirror["e"], node);
    assert_eq!(mirror["f"]["g"]["h"], node);
}

#[test]
fn keys_keep_their_order() {
    let mut document = object(json!({"z": 1, "y": 2, "x": 3, "w": 4}));
    let mut mirror = mirror_of(&document, &Stamp::new(at(0), None));
    let patch = object(json!({"y": null, "a": 1, "z": 9}));
    let mut plain = document.clone();
    merge(&mut plain, &patch);
    merge_stamped(&mut document, &mut mirror, &patch, &Stamp::new(at(1), None));
    for keys in [document.keys(), plain.keys()] {
        assert_eq!(keys.collect::<Vec<_>>(), ["z", "x", "w", "a"]);
    }
}

#[test]
fn a_lost_mirror_node_is_made_again_and_costs_no_data() {
    let (mut document, _) = sample();
    let mut mirror = Stamp::new(at(1), Some(2)).node();
    let stamp = Stamp::new(at(9), Some(3));
    merge_stamped(
        &mut document,
        &mut mirror,
        &object(json!({"a": {"b": 7}})),
        &stamp,
    );
    assert_eq!(document["a"], json!({"b": 7, "c": {"d": 2}}));
    assert_eq!(
        mirror["a"]["c"]["d"]["$lastUpdated"],
        json!(at(9).to_string())
    );
}

#[test]
fn the_part_for_an_event_has_the_patched_keys_only() {
    let (mut document, mut mirror) = sample();
    let patch = object(json!({"a": {"b": 8}, "f": null}));
    merge_stamped(
        &mut document,
        &mut mirror,
        &patch,
        &Stamp::new(at(9), Some(3)),
    );
    let node = |inner: Value| {
        let mut node = object(json!({"$lastUpdated": at(9).to_string(), "$lastUpdatedVersion": 3}));
        node.extend(object(inner));
        Value::Object(node)
    };
    assert_eq!(
        Value::Object(mirror_part(&mirror, &patch)),
        node(json!({"a": node(json!({"b": node(json!({}))}))}))
    );
}
