use super::*;
use crate::query::ast::{Comparison, Expression, Literal, Operator, Shape};
use crate::query::function::Function;
use proptest::prelude::*;

fn refused(text: &str) -> String {
    match parse(text) {
        Err(error) => error.to_string(),
        Ok(query) => panic!("{text} was read as {query:?}"),
    }
}

fn condition(text: &str) -> Expression {
    let query = parse(&format!("SELECT * FROM devices WHERE {text}")).expect(text);
    query.condition.expect("a condition")
}

fn names(text: &str) -> Vec<String> {
    let Select::Columns(columns) = parse(text).expect(text).select else {
        panic!("{text} has no columns")
    };
    columns.into_iter().map(|column| column.name).collect()
}

/// What tools and SDKs are known to send (`service.md` §9, `query-routing-events.md` §1).
#[test]
fn queries_of_known_clients_are_read() {
    let explorer = "SELECT deviceId as DeviceId, status as Status, lastActivityTime as LastActivityTime, statusUpdatedTime as StatusUpdatedTime, authenticationType as AuthenticationType, cloudToDeviceMessageCount as CloudToDeviceMessageCount, connectionState as ConnectionState, capabilities.iotEdge as IotEdge, modelId as ModelId FROM devices";
    assert_eq!(
        names(explorer),
        [
            "DeviceId",
            "Status",
            "LastActivityTime",
            "StatusUpdatedTime",
            "AuthenticationType",
            "CloudToDeviceMessageCount",
            "ConnectionState",
            "IotEdge",
            "ModelId"
        ]
    );
    for text in [
        &format!("{explorer} WHERE STARTSWITH(devices.deviceId,'x')"),
        "select * from devices",
        "select * from devices where capabilities.iotEdge = true",
        "SELECT * FROM devices WHERE STARTSWITH(id,'x')",
        "select * from devices.modules where devices.deviceId = 'x'",
        "SELECT * FROM devices WHERE ARRAY_CONTAINS(parentScopes,'ms-azure-iot-edge://e-1')",
        "SELECT * FROM devices WHERE properties.reported.$metadata.fw.$lastUpdated >= '2026-01-01'",
        "select deviceId from devices where configurations.[[fw-28]].status='Applied'",
        "SELECT COUNT() AS n FROM devices",
        "SELECT COUNT(*) FROM devices;",
        "SELECT COUNT(1) AS [[the count]] FROM devices",
        "SELECT tags.type AS t, COUNT() AS n FROM devices GROUP BY tags.type",
        "SELECT deviceId FROM devices.modules WHERE moduleId = '$edgeAgent' AND properties.desired.$version = properties.reported.lastDesiredVersion AND properties.reported.lastDesiredStatus.code = 200",
        "SELECT * FROM devices.jobs WHERE devices.jobs.deviceId = 'pump-7'",
        "SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'r' AND devices.jobs.status = 'failed'",
        "SELECT * FROM devices.jobs WHERE deviceId = 'p' AND jobType = 'scheduleUpdateTwin' AND createdTimeUtc > '2026-01-01'",
        "SELECT TOP (3) * FROM devices -- three\nORDER BY tags.group DESC",
    ] {
        parse(text).expect(text);
    }
}

#[test]
fn what_the_contract_refuses_is_refused() {
    for text in [
        "SELECT deviceId FROM devices WHERE deviceId IN ('a')",
        "SELECT deviceId FROM devices WHERE tags.site = ",
        "SELECT deviceId FROM devices WHERE foo(1)",
        "SELECT",
        "",
        "SELECT * FROM c",
        "SELECT * FROM devices, devices.modules",
        "SELECT * FROM devices d JOIN x",
        "SELECT DISTINCT tags.a FROM devices",
        "SELECT * FROM devices WHERE tags.a LIKE 'x'",
        "SELECT * FROM devices WHERE tags.a BETWEEN 1 AND 2",
        "SELECT * FROM devices WHERE EXISTS (SELECT 1)",
        "SELECT tags.a, COUNT() FROM devices GROUP BY tags.a HAVING COUNT() > 1",
        "SELECT *, deviceId FROM devices",
        "SELECT deviceId, * FROM devices",
        "SELECT *, COUNT() FROM devices",
        "SELECT deviceId, COUNT() FROM devices",
        "SELECT tags.b, COUNT() FROM devices GROUP BY tags.a",
        "SELECT * FROM devices GROUP BY tags.a",
        "SELECT COUNT() FROM devices ORDER BY deviceId",
        "SELECT tags.a, properties.desired.a FROM devices",
        "SELECT deviceId FROM devices.jobs",
        "SELECT COUNT() FROM devices.jobs",
        "SELECT * FROM devices.jobs GROUP BY jobId",
        "SELECT * FROM devices.jobs WHERE tags.a = 1",
        "SELECT * FROM devices WHERE tags.a IN []",
        "SELECT * FROM devices WHERE tags.a IN [tags.b]",
        "SELECT * FROM devices WHERE tags.a = 1 = 2",
        "SELECT * FROM devices WHERE tags.a = NOT tags.b",
        "SELECT * FROM devices WHERE IS_DEFINED(1)",
        "SELECT * FROM devices WHERE IS_DEFINED(tags.a, tags.b)",
        "SELECT * FROM devices WHERE LENGTH()",
        "SELECT * FROM devices WHERE group = 1",
        "SELECT TOP 0 * FROM devices",
        "SELECT TOP 1.5 * FROM devices",
        "SELECT SUM() FROM devices",
        "SELECT UPPER(deviceId) FROM devices",
        "SELECT * FROM devices WHERE tags.a[-1] = 1",
        "SELECT * FROM devices WHERE",
        "SELECT * FROM devices; SELECT * FROM devices",
    ] {
        refused(text);
    }
}

#[test]
fn refusals_say_where_and_why() {
    assert_eq!(
        refused("SELECT *\nFROM devices\nWHERE tags.site ="),
        "The query is invalid at line 3, column 18: a value should stand here, not the end of the query."
    );
    assert_eq!(
        refused("SELECT * FROM devices WHERE deviceId IN ('a')"),
        "The query is invalid at line 1, column 41: a list stands in square brackets, not '('."
    );
    assert_eq!(
        refused("SELECT * FROM devices WHERE foo(1)"),
        "The query is invalid at line 1, column 29: there is no function foo in conditions."
    );
    assert!(refused("SELECT tags.a FROM devices having").contains("HAVING is not supported"));
    assert!(refused("SELECT a.b, c.b FROM devices").contains("column 13"));
}

#[test]
fn the_text_has_a_longest_length() {
    let query = |length: usize| format!("SELECT * FROM devices{}", " ".repeat(length - 21));
    assert!(parse(&query(MAX_QUERY_CHARACTERS)).is_ok());
    assert_eq!(
        parse(&query(MAX_QUERY_CHARACTERS + 1)),
        Err(QueryError::TooLong)
    );
    let wide = format!(
        "SELECT * FROM devices WHERE tags.a = '{}'",
        "é".repeat(8000)
    );
    assert!(parse(&wide).is_ok(), "characters count, not bytes");
}

#[test]
fn operators_bind_as_the_contract_says() {
    use Expression::{All, Any, Arithmetic, Compare, Not};
    let Any(members) = condition("tags.a OR tags.b AND NOT tags.c = 1 OR tags.d") else {
        panic!("OR is loosest")
    };
    assert_eq!(members.len(), 3);
    let All(members) = &members[1] else {
        panic!("AND is next")
    };
    assert!(matches!(&members[1], Not(inner) if matches!(**inner, Compare(..))));
    let Compare(Comparison::Greater, left, right) = condition("1 + 2 * -tags.a % 3 > 4 - 5 - 6")
    else {
        panic!("comparison is below arithmetic")
    };
    assert!(matches!(*left, Arithmetic(_, others) if others.len() == 1));
    assert!(
        matches!(*right, Arithmetic(_, others) if matches!(others[..], [(Operator::Subtract, _), (Operator::Subtract, _)]))
    );
    assert!(matches!(
        condition("tags.a NOT IN [1, -2, 'x', null, undefined, TRUE]"),
        Expression::In { negated: true, list, .. } if list[1] == Literal::Number(-2.0)
    ));
    assert!(matches!(
        condition("starts_with(tags['a'].[\"b\"].[[c d]][0].order, 'x')"),
        Expression::Call(Function::StartsWith, arguments)
            if matches!(&arguments[0], Expression::Path(path) if path.steps.len() == 6)
    ));
}

#[test]
fn results_are_named() {
    assert_eq!(
        names("SELECT DEVICEID, tags.site.city, tags.list[0], capabilities.iotedge FROM devices"),
        ["deviceId", "city", "list", "iotEdge"]
    );
    assert_eq!(
        names("SELECT COUNT(), SUM(tags.a) AS s, MAX(tags.a), tags.b FROM devices GROUP BY tags.b"),
        ["$1", "s", "$2", "b"]
    );
    assert_eq!(
        parse("SELECT tags.a FROM devices GROUP BY tags.a")
            .unwrap()
            .shape(),
        Shape::Groups
    );
}

#[test]
fn nesting_is_bounded_and_chains_are_not_nesting() {
    let nested = |depth: usize| {
        format!(
            "SELECT * FROM devices WHERE {}tags.a = 1{}",
            "(".repeat(depth),
            ")".repeat(depth)
        )
    };
    let limit = usize::try_from(MAX_NESTING).unwrap();
    assert!(parse(&nested(limit)).is_ok());
    assert!(refused(&nested(limit + 1)).contains("nested"));
    assert!(refused(&nested(4000)).contains("nested"));
    assert!(
        refused(&format!(
            "SELECT * FROM devices WHERE {}a",
            "NOT ".repeat(1000)
        ))
        .contains("nested")
    );
    assert!(
        refused(&format!(
            "SELECT * FROM devices WHERE {}",
            "lower(".repeat(1000)
        ))
        .contains("nested")
    );
    for chain in [" OR a", " AND a", " + a"] {
        let text = format!("SELECT * FROM devices WHERE a{}", chain.repeat(1000));
        parse(&text).unwrap();
    }
    let list = |count: usize| {
        format!(
            "SELECT * FROM devices WHERE a IN [{}1]",
            "1,".repeat(count - 1)
        )
    };
    assert!(parse(&list(MAX_LIST)).is_ok());
    assert!(refused(&list(MAX_LIST + 1)).contains("elements"));
    let columns = |count: usize| {
        let columns: Vec<String> = (0..count).map(|number| format!("tags.c{number}")).collect();
        format!("SELECT {} FROM devices", columns.join(","))
    };
    assert!(parse(&columns(MAX_COLUMNS)).is_ok());
    assert!(refused(&columns(MAX_COLUMNS + 1)).contains("columns"));
}

fn token() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "SELECT",
        "TOP",
        "*",
        "FROM",
        "devices",
        ".",
        "modules",
        "jobs",
        "WHERE",
        "GROUP",
        "BY",
        "ORDER",
        "AS",
        "DESC",
        "AND",
        "OR",
        "NOT",
        "IN",
        "NIN",
        "[",
        "]",
        "[[a]]",
        "(",
        ")",
        ",",
        "=",
        "!=",
        "<",
        "-",
        "+",
        "/",
        "%",
        "1",
        "'x'",
        "true",
        "null",
        "undefined",
        "COUNT",
        "IS_DEFINED",
        "STARTSWITH",
        "tags",
        "properties",
        "a",
        ";",
        "[0]",
        "['n']",
    ])
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        let _ = parse(&text);
    }

    #[test]
    fn no_row_of_tokens_panics(tokens in prop::collection::vec(token(), 0..40)) {
        let _ = parse(&tokens.join(" "));
        let _ = parse(&format!("SELECT * FROM devices WHERE {}", tokens.join(" ")));
    }
}
