use super::*;
use crate::json;
use crate::query::parse;
use serde_json::Value;

/// The fleet of `query-routing-events.md` §1.12.
fn fleet() -> Vec<Value> {
    let twin = |id: &str, status: &str, edge: bool, tags: Value, reported: Value| {
        json!({
            "deviceId": id, "status": status, "capabilities": { "iotEdge": edge },
            "lastActivityTime": "2026-05-07T00:50:38.0540000Z",
            "tags": tags, "properties": { "desired": { "$version": 1 }, "reported": reported },
        })
    };
    vec![
        twin(
            "a",
            "enabled",
            true,
            json!({ "site": "s1" }),
            json!({ "t": 20 }),
        ),
        twin(
            "b",
            "enabled",
            false,
            json!({ "site": "s1" }),
            json!({ "t": "20" }),
        ),
        twin("c", "disabled", false, json!({ "site": "s2" }), json!({})),
        twin(
            "d-1",
            "enabled",
            false,
            json!({}),
            json!({ "m": { "k": 1 } }),
        ),
    ]
}

fn rows(condition: &str) -> String {
    let text = format!("SELECT deviceId FROM devices WHERE {condition}");
    let query = parse(&text).unwrap_or_else(|error| panic!("{condition}: {error}"));
    let found: Vec<String> = fleet()
        .into_iter()
        .filter(|document| matches(query.condition.as_ref(), document))
        .map(|document| document["deviceId"].as_str().unwrap().to_owned())
        .collect();
    found.join(" ")
}

#[test]
fn the_contracts_vectors() {
    for (condition, expected) in [
        ("tags.site = 's1'", "a b"),
        ("tags.site != 's1'", "c"),
        ("NOT (tags.site = 's1')", "c"),
        ("NOT is_defined(tags.site)", "d-1"),
        ("properties.reported.t >= 20", "a"),
        ("properties.reported.t = \"20\"", "b"),
        (
            "properties.reported.t IN [20, '20'] AND NOT deviceId = 'b'",
            "a",
        ),
        ("is_defined(properties.reported.m)", "d-1"),
        ("properties.reported.m = properties.reported.m", ""),
        ("STARTSWITH(devices.deviceId, 'd-')", "d-1"),
        ("capabilities.iotEdge != true", "b c d-1"),
        ("status = 'disabled' OR undefined", "c"),
        ("tags.[[site]] = 's2'", "c"),
        ("TAGS.site = 's1'", "a b"),
        ("tags.Site = 's1'", ""),
    ] {
        assert_eq!(rows(condition), expected, "{condition}");
    }
}

/// Without `x`, with `x=30`, with `x="30"` (`query-routing-events.md` §1.5).
#[test]
fn consequences_that_developers_must_test() {
    let devices = [json!({}), json!({ "x": 30 }), json!({ "x": "30" })];
    for (condition, expected) in [
        ("properties.reported.x = 30", [false, true, false]),
        ("properties.reported.x != 30", [false, false, true]),
        ("NOT (properties.reported.x = 30)", [false, false, true]),
        (
            "NOT IS_DEFINED(properties.reported.x)",
            [true, false, false],
        ),
        (
            "NOT IS_DEFINED(properties.reported.x) OR properties.reported.x != 30",
            [true, false, true],
        ),
        ("properties.reported.x = null", [false, false, false]),
        ("properties.reported.x IN [30, \"30\"]", [false, true, true]),
        ("properties.reported.x NIN [1]", [false, true, true]),
    ] {
        let text = format!("SELECT * FROM devices WHERE {condition}");
        let query = parse(&text).unwrap();
        let found = devices.clone().map(|reported| {
            let document = json!({ "properties": { "reported": reported } });
            matches(query.condition.as_ref(), &document)
        });
        assert_eq!(found, expected, "{condition}");
    }
}

/// A condition without a document: true, false, or undefined.
fn constant(condition: &str) -> Option<bool> {
    let text = format!("SELECT * FROM devices WHERE {condition}");
    let query = parse(&text).unwrap_or_else(|error| panic!("{condition}: {error}"));
    let document = json!({
        "lastActivityTime": "2026-05-07T00:00:00.0000000Z",
        "statusUpdateTime": "0001-01-01T00:00:00Z",
        "x509Thumbprint": { "primaryThumbprint": null },
        "tags": { "o": {}, "l": [1, "a", { "b": 1 }, null], "t": "2026-05-07", "n": 7, "big": 4_503_599_627_370_495u64 },
    });
    truth(query.condition.as_ref().unwrap(), &document)
}

#[test]
fn three_valued_logic() {
    for (condition, expected) in [
        ("undefined AND false", Some(false)),
        ("undefined AND true", None),
        ("undefined OR true", Some(true)),
        ("undefined OR false", None),
        ("NOT undefined", None),
        ("null OR true", Some(true)),
        ("null", None),
        ("NOT null", None),
        ("5 AND true", None),
        ("NOT NOT true", Some(true)),
        ("NOT (true AND false) AND NOT (false OR false)", Some(true)),
    ] {
        assert_eq!(constant(condition), expected, "{condition}");
    }
}

#[test]
fn comparisons() {
    for (condition, expected) in [
        ("1 = '1'", Some(false)),
        ("1 != '1'", Some(true)),
        ("1 < '1'", None),
        ("null = null", Some(true)),
        ("null <= null", Some(true)),
        ("null < null", Some(false)),
        ("null = 1", Some(false)),
        ("x509Thumbprint.primaryThumbprint = null", Some(true)),
        ("x509Thumbprint.secondaryThumbprint = null", None),
        ("false < true", Some(true)),
        ("'Z' < 'a'", Some(true)),
        ("'é' > 'z'", Some(true)),
        ("tags.o = tags.o", None),
        ("tags.o != 1", None),
        ("tags.l = 'a'", None),
        ("undefined = undefined", None),
        ("tags.big = 4503599627370495", Some(true)),
        ("tags.big = 4503599627370494", Some(false)),
        ("0x1F = 31", Some(true)),
        ("1 IN [2, undefined]", None),
        ("1 IN [undefined, 1]", Some(true)),
        ("undefined IN [1]", None),
        ("undefined NIN [1]", None),
        ("1 NOT IN [2]", Some(true)),
        (
            "tags.l[0] = 1 AND tags.l[1] = 'a' AND tags.l[3] = null",
            Some(true),
        ),
        ("tags.l[9] = 1", None),
    ] {
        assert_eq!(constant(condition), expected, "{condition}");
    }
}

#[test]
fn times_compare_as_instants_only_where_a_field_is_a_time() {
    for (condition, expected) in [
        ("lastActivityTime = '2026-05-07'", Some(true)),
        ("lastActivityTime = '2026-05-07T02:00:00+02:00'", Some(true)),
        ("'2026-05-06T23:59:59.9Z' < lastActivityTime", Some(true)),
        ("lastActivityTime > '2026-05-08'", Some(false)),
        ("lastActivityTime IN ['2026-05-07']", Some(true)),
        ("statusUpdatedTime < '2000-01-01'", Some(true)),
        ("lastActivityTime > 'abc'", Some(false)),
        ("lastActivityTime > 5", None),
        ("tags.t = '2026-05-07T00:00:00Z'", Some(false)),
        ("STARTSWITH(lastActivityTime, '2026-05')", Some(true)),
    ] {
        assert_eq!(constant(condition), expected, "{condition}");
    }
}

#[test]
fn arithmetic_needs_numbers_and_finite_results() {
    for (condition, expected) in [
        ("10 - 3 - 2 = 5", Some(true)),
        ("(10 - 4) / 2 * 3 = 9", Some(true)),
        ("2 + 3 * 4 = 14", Some(true)),
        ("-tags.n + 8 = 1", Some(true)),
        ("7 % 4 = 3", Some(true)),
        ("1 / 0 = 1", None),
        ("1 % 0 = 1", None),
        ("1e308 * 10 > 1", None),
        ("'a' + 'b' = 'ab'", None),
        ("-'a' = 1", None),
    ] {
        assert_eq!(constant(condition), expected, "{condition}");
    }
}

#[test]
fn functions() {
    for (condition, expected) in [
        (
            "starts_with('abc', 'ab') AND ends_with('abc', 'bc') AND contains('abc', 'b')",
            Some(true),
        ),
        ("STARTSWITH('abc', 'B')", Some(false)),
        ("STARTSWITH(tags.n, '7')", None),
        ("ENDSWITH('abc', 1)", None),
        ("ARRAY_CONTAINS(tags.l, 'a')", Some(true)),
        ("ARRAY_CONTAINS(tags.l, null)", Some(true)),
        ("ARRAY_CONTAINS(tags.l, 'z')", Some(false)),
        ("ARRAY_CONTAINS(tags.n, 7)", None),
        ("ARRAY_CONTAINS(tags.l, undefined)", None),
        ("ARRAY_CONTAINS(tags.l, tags.o)", None),
        ("ARRAY_CONTAINS([1, 2], tags.l[0])", Some(true)),
        (
            "IS_ARRAY(tags.l) AND IS_OBJECT(tags.o) AND IS_NUMBER(tags.n)",
            Some(true),
        ),
        (
            "IS_STRING(tags.t) AND IS_BOOL(true) AND IS_NULL(null)",
            Some(true),
        ),
        (
            "IS_PRIMITIVE(null) AND NOT IS_PRIMITIVE(tags.o)",
            Some(true),
        ),
        ("IS_NUMBER(tags.none)", Some(false)),
        ("IS_DEFINED(tags.l[3]) AND IS_DEFINED(tags.o)", Some(true)),
        (
            "LOWER('ÄB') = 'äb' AND UPPER('ab') = 'AB' AND LENGTH('é😀') = 2",
            Some(true),
        ),
        ("LENGTH(5) = 1", None),
    ] {
        assert_eq!(constant(condition), expected, "{condition}");
    }
}

#[test]
fn a_bare_path_is_a_condition() {
    assert_eq!(rows("capabilities.iotEdge"), "a");
    assert_eq!(rows("NOT capabilities.iotEdge"), "b c d-1");
    assert_eq!(rows("deviceId"), "");
    assert_eq!(rows("moduleId = 'x' OR jobs = 1 OR unknown.x != 2"), "");
}
