use super::*;
use crate::json;
use crate::query::{parse, project};

fn fleet() -> Vec<Value> {
    [
        json!({ "type": "pump", "v": 1 }),
        json!({ "type": "pump", "v": 2.5 }),
        json!({ "type": "valve", "v": "x" }),
        json!({ "v": 7 }),
        json!({ "type": { "a": 1 } }),
        json!({ "type": 3, "v": "y" }),
    ]
    .into_iter()
    .map(|tags| json!({ "tags": tags }))
    .collect()
}

/// Split into parts in every way, the results must be the same.
fn results(text: &str) -> Value {
    let query = parse(text).unwrap();
    let fleet = fleet();
    let whole = collect(&query, &[&fleet]);
    for split in 0..=fleet.len() {
        let (one, other) = fleet.split_at(split);
        assert_eq!(collect(&query, &[one, other]), whole, "split at {split}");
    }
    Value::Array(whole)
}

fn collect(query: &Query, parts: &[&[Value]]) -> Vec<Value> {
    let mut sums = Groups::default();
    for part in parts {
        let mut groups = Groups::default();
        for document in *part {
            groups.add(query, document).unwrap();
        }
        for group in groups.into_parts() {
            let text = serde_json::to_string(&group).unwrap();
            sums.merge(serde_json::from_str(&text).unwrap()).unwrap();
        }
    }
    sums.results(query)
        .into_iter()
        .map(|(_, item)| item)
        .collect()
}

#[test]
fn groups_are_in_order_of_their_key() {
    assert_eq!(
        results("SELECT tags.type AS t, COUNT() AS n FROM devices GROUP BY tags.type"),
        json!([{ "t": 3, "n": 1 }, { "t": "pump", "n": 2 }, { "t": "valve", "n": 1 }, { "n": 2 }])
    );
    assert_eq!(
        results("SELECT tags.type AS t FROM devices GROUP BY tags.type ORDER BY tags.type DESC"),
        json!([{ "t": "valve" }, { "t": "pump" }, { "t": 3 }, {}])
    );
}

#[test]
fn totals_skip_what_they_cannot_add() {
    assert_eq!(
        results(
            "SELECT COUNT(), SUM(tags.v) AS s, AVG(tags.v) AS a, MIN(tags.v) AS low, MAX(tags.v) AS high FROM devices"
        ),
        json!([{ "$1": 6, "s": 10.5, "a": 3.5, "low": 1, "high": 7 }])
    );
    assert_eq!(
        results(
            "SELECT MIN(tags.type) AS low, MAX(tags.type) AS high, SUM(tags.none) AS s FROM devices"
        ),
        json!([{ "low": 3, "high": 3 }])
    );
    assert_eq!(
        results("SELECT MAX(tags.v) AS high FROM devices GROUP BY tags.type"),
        json!([{ "high": "y" }, { "high": 2.5 }, { "high": "x" }, { "high": 7 }])
    );
}

#[test]
fn without_groups_there_is_one_result_even_of_nothing() {
    let query = parse("SELECT COUNT() AS n, MAX(tags.v) AS high FROM devices").unwrap();
    let results = Groups::default().results(&query);
    assert_eq!(results, [(SortValue::Absent, json!({ "n": 0 }))]);
    let query = parse("SELECT COUNT() AS n FROM devices GROUP BY tags.a").unwrap();
    assert!(Groups::default().results(&query).is_empty());
}

#[test]
fn too_many_groups_are_an_error_that_says_what_to_do() {
    let query = parse("SELECT COUNT() FROM devices GROUP BY tags.a").unwrap();
    let mut groups = Groups::default();
    let mut outcome = Ok(());
    for number in 0..=MAX_GROUPS {
        outcome = groups.add(&query, &json!({ "tags": { "a": number } }));
    }
    assert!(outcome.unwrap_err().message.contains("WHERE"));
    let mut groups = Groups::default();
    let long = "x".repeat(MAX_GROUP_BYTES);
    assert!(
        groups
            .add(&query, &json!({ "tags": { "a": long } }))
            .is_err()
    );
}

#[test]
fn projections_leave_out_what_is_undefined() {
    let query = parse("SELECT tags.type, tags.v AS [[the v]], tags.none FROM devices").unwrap();
    let items: Vec<Value> = fleet()
        .into_iter()
        .skip(3)
        .map(|document| project(&query, document))
        .collect();
    assert_eq!(
        items,
        [
            json!({ "the v": 7 }),
            json!({ "type": { "a": 1 } }),
            json!({ "type": 3, "the v": "y" })
        ]
    );
}
