use super::*;
use crate::query::parse;

fn plan(condition: &str) -> Option<Prefilter> {
    let query = parse(&format!("SELECT * FROM devices WHERE {condition}")).expect(condition);
    prefilter(query.condition.as_ref(), &[])
}

fn sql(condition: &str) -> String {
    plan(condition).map_or_else(|| "-".to_owned(), |plan| plan.sql)
}

#[test]
fn conditions_become_sql() {
    for (condition, expected) in [
        ("deviceId = 'a'", "(identity.device_id) = ?"),
        ("'a' < deviceId", "(identity.device_id) > ?"),
        ("status != 'enabled'", "(identity.status) IS NOT ?"),
        ("capabilities.iotEdge", "identity.iot_edge = 1"),
        ("capabilities.iotEdge != true", "identity.iot_edge <> 1"),
        ("tags.site = 's1'", "(json_extract(twin.tags, ?)) = ?"),
        (
            "NOT (tags.site = 's1')",
            "json_type(twin.tags, ?) IS NOT NULL",
        ),
        ("NOT IS_DEFINED(tags.a)", "json_type(twin.tags, ?) IS NULL"),
        ("tags.a = true", "json_type(twin.tags, ?) = 'true'"),
        ("tags.a > 5", "(json_extract(twin.tags, ?)) >= ?"),
        (
            "tags.a IN ['x', 'y']",
            "(json_extract(twin.tags, ?)) IN (?, ?)",
        ),
        (
            "undefined OR deviceId = 'a'",
            "(0 OR (identity.device_id) = ?)",
        ),
        // One side of an OR is unknown, so all of it is; of an AND the other side stays.
        ("deviceId = 'a' OR LOWER(tags.a) = 'x'", "-"),
        (
            "deviceId = 'a' AND LOWER(tags.a) = 'x'",
            "(identity.device_id) = ?",
        ),
        ("NOT (deviceId = 'a' AND LOWER(tags.a) = 'x')", "-"),
        ("tags.a = tags.b", "-"),
        (
            "properties.reported.$metadata.a.$lastUpdated > '2026-01-01'",
            "-",
        ),
        // Columns of text compared with numbers would convert these.
        ("deviceId = 5", "-"),
        ("tags.[[a\"b]] = 1", "-"),
        ("tags.[[é]] = 1", "-"),
        ("tags.a = 9007199254740993", "-"),
    ] {
        assert_eq!(sql(condition), expected, "{condition}");
    }
}

#[test]
fn places_in_sections() {
    let path = |condition: &str| match &plan(condition).unwrap().parameters[0] {
        SqlValue::Text(path) => path.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(path("properties.desired.$version = 3"), "$.version");
    assert_eq!(
        path("properties.reported.[[a b]].list[2].c = 3"),
        "$.properties.\"a b\".\"list\"[2].\"c\""
    );
    assert_eq!(
        path("properties.desired.$metadata.fw.$lastUpdatedVersion > 3"),
        "$.metadata.\"fw\".\"$lastUpdatedVersion\""
    );
}

#[test]
fn no_text_of_a_query_stands_in_sql() {
    for condition in [
        "deviceId = 'MARK'",
        "tags.MARK = 'MARK'",
        "STARTSWITH(deviceId, 'MARK') OR CONTAINS(tags.MARK, 'MARK')",
        "tags.MARK IN ['MARK', 1]",
        "IS_DEFINED(properties.desired.[[MARK';--]])",
        "lastActivityTime > '2026-01-01' AND statusReason = 'MARK'",
    ] {
        let plan = plan(condition).expect(condition);
        assert!(!plan.sql.contains("MARK"), "{}", plan.sql);
        assert_eq!(plan.sql.matches('?').count(), plan.parameters.len());
    }
}

#[test]
fn workerds_limits_are_kept_by_leaving_parts_out() {
    let chain = |operator: &str, count: usize| {
        let parts: Vec<String> = (0..count).map(|n| format!("deviceId = '{n}'")).collect();
        parts.join(operator)
    };
    assert_eq!(plan(&chain(" OR ", 80)).unwrap().parameters.len(), 80);
    assert_eq!(plan(&chain(" OR ", 81)), None);
    assert_eq!(plan(&chain(" AND ", 300)).unwrap().parameters.len(), 80);
    assert_eq!(plan(&format!("tags.a = '{}'", "x".repeat(1001))), None);
    assert_eq!(plan("tags.a = 'x\\u0000'"), None);
    let list: Vec<String> = (0..100).map(|n| format!("'{n}'")).collect();
    assert_eq!(plan(&format!("tags.a IN [{}]", list.join(","))), None);
    let nested = format!(
        "{}deviceId = 'a'{}",
        "(status = 'x' OR (status = 'y' AND ".repeat(30),
        "))".repeat(30)
    );
    assert!(plan(&nested).is_none_or(|plan| plan.depth <= MAX_DEPTH));
}
