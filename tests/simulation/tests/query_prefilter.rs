//! A query gives the same with and without its SQL prefilter, for any documents and any
//! conditions (`query-routing-events.md` §1).
//!
//! The shard answers over SQLite with workerd's limits; the evaluator alone, over the twins
//! that REST shows, is the oracle.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};
use shared::ipc::hub::Settings;
use shared::ipc::query::{QueryPart, QueryScan};
use shared::ipc::registry::{
    Precondition, PutDevice, RegistryReply, RegistryRequest, ReportTwin, WriteTwin,
};
use shared::query::plan::{IndexedPath, prefilter};
use shared::query::{Groups, matches, parse};
use shared::sql::Sql;
use simulation::stage::{Stage, device, identity, settings};
use std::cell::Cell;

/// Values that lie close to each other, and where languages differ.
fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec![
            json!(0),
            json!(-0.0),
            json!(1),
            json!(1.0),
            json!(20),
            json!("20"),
            json!("s1"),
            json!("s"),
            json!(""),
            json!("S1"),
            json!(true),
            json!(false),
            json!("true"),
            json!(0.1),
            json!(0.3),
            json!(0.30000000000000004),
            json!(1e15),
            json!(-7.25e-5),
            json!(4_503_599_627_370_495u64),
            json!(9_007_199_254_740_993u64),
            json!("é😀"),
            json!("it's"),
            json!("%_"),
            json!("2026-01-01"),
            json!("[1]"),
            json!("{}"),
        ]),
        (-1e6..1e6f64).prop_map(Value::from),
        "[a-c]{0,3}".prop_map(Value::from),
    ]
}

/// What twins accept: no whole numbers beyond 2^52.
fn stored() -> impl Strategy<Value = Value> {
    scalar().prop_map(|value| match value.as_u64() {
        Some(number) if number > 1 << 52 => json!(number as f64 + 0.5),
        _ => value,
    })
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        6 => stored(),
        1 => prop::collection::vec(stored(), 0..3).prop_map(Value::from),
        1 => prop::collection::btree_map(key(), stored(), 0..3).prop_map(|map| json!(map)),
    ]
}

fn key() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c-d", "e:f", "Ä", "order", "x'y"]).prop_map(str::to_owned)
}

fn section() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(key(), value(), 0..5).prop_map(|map| json!(map))
}

#[derive(Debug, Clone)]
struct Twin {
    identity: Value,
    tags: Value,
    desired: Value,
    reported: Value,
    session: Session,
}

/// Columns that only sessions and gateways of the edge write, set directly.
#[derive(Debug, Clone, Default)]
struct Session {
    connected: bool,
    last_activity: Option<i64>,
    status_updated: Option<i64>,
    model: Option<String>,
    scope: Option<String>,
    parent: Option<String>,
}

/// Close to the times that conditions name.
fn moment() -> impl Strategy<Value = Option<i64>> {
    let near = (0..3i64, -1..2i64)
        .prop_map(|(days, milliseconds)| 1_780_272_000_000 + days * 86_400_000 + milliseconds);
    prop::option::of(near)
}

fn session() -> impl Strategy<Value = Session> {
    let text = || prop::option::of("[ab]{0,2}");
    (any::<bool>(), moment(), moment(), text(), text(), text()).prop_map(
        |(connected, last_activity, status_updated, model, scope, parent)| Session {
            connected,
            last_activity,
            status_updated,
            model,
            scope,
            parent,
        },
    )
}

fn twin() -> impl Strategy<Value = Twin> {
    let identity = (any::<bool>(), any::<bool>(), prop::option::of("[ab ]{0,3}")).prop_map(
        |(enabled, edge, reason)| {
            json!({
                "status": if enabled { "enabled" } else { "disabled" },
                "statusReason": reason,
                "capabilities": { "iotEdge": edge },
            })
        },
    );
    (identity, section(), section(), section(), session()).prop_map(
        |(identity, tags, desired, reported, session)| Twin {
            identity,
            tags,
            desired,
            reported,
            session,
        },
    )
}

fn path() -> impl Strategy<Value = String> {
    let root = prop::sample::select(vec![
        "tags",
        "properties.desired",
        "properties.reported",
        "devices.tags",
        "properties.desired.$metadata",
    ]);
    let inner = (
        root,
        key(),
        prop::option::of(key()),
        prop::option::of(0..2u8),
    )
        .prop_map(|(root, first, second, index)| {
            let second = second.map_or_else(String::new, |name| format!(".[[{name}]]"));
            let index = index.map_or_else(String::new, |index| format!("[{index}]"));
            format!("{root}.[[{first}]]{second}{index}")
        });
    let system = prop::sample::select(vec![
        "deviceId",
        "id",
        "moduleId",
        "status",
        "statusReason",
        "connectionState",
        "modelId",
        "capabilities.iotEdge",
        "version",
        "lastActivityTime",
        "statusUpdatedTime",
        "deviceScope",
        "parentScopes",
        "etag",
        "properties.desired.$version",
        "authenticationType",
        "unknown.x",
        "x509Thumbprint.primaryThumbprint",
        "properties.reported.$metadata.$lastUpdated",
        "cloudToDeviceMessageCount",
        "configurations.[[c 1]].status",
        "configurations.[[c 1]].revision",
        "configurations.[[c 1]]",
        "configurations",
    ]);
    prop_oneof![4 => inner, 2 => system.prop_map(str::to_owned)]
}

fn literal() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => scalar().prop_map(|value| match value {
            Value::String(text) => format!("\"{text}\""),
            other => other.to_string(),
        }),
        3 => prop::sample::select(vec![
            "null", "undefined", "TRUE", "0x14", "'Disconnected'", "'enabled'", "'twin-1'",
            "'2026-06-01'", "'2026-06-02'", "'2026-06-01T02:00:00+02:00'",
            "'Connected'", "'a'", "'ab'", "''",
            "'2026-06-01T00:00:00.001Z'", "'0001-01-01T00:00:00Z'", "2", "3",
        ]).prop_map(str::to_owned),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    let list = prop::collection::vec(literal(), 1..5).prop_map(|list| list.join(", "));
    let comparison = prop::sample::select(vec!["=", "!=", "<>", "<", "<=", ">", ">="]);
    let text = "[a-cs%_]{0,2}";
    let leaf = prop_oneof![
        5 => (path(), comparison.clone(), literal()).prop_map(|(p, c, l)| format!("{p} {c} {l}")),
        1 => (literal(), comparison.clone(), path()).prop_map(|(l, c, p)| format!("{l} {c} {p}")),
        1 => (path(), comparison, path()).prop_map(|(p, c, q)| format!("{p} {c} {q}")),
        2 => (path(), prop::sample::select(vec!["IN", "NIN", "NOT IN"]), list)
            .prop_map(|(p, operator, l)| format!("{p} {operator} [{l}]")),
        2 => path().prop_map(|p| format!("IS_DEFINED({p})")),
        1 => path(),
        1 => literal(),
        1 => (prop::sample::select(vec!["STARTSWITH", "CONTAINS", "ENDSWITH"]), path(), text)
            .prop_map(|(f, p, t)| format!("{f}({p}, '{t}')")),
        1 => (path(), literal()).prop_map(|(p, l)| format!("ARRAY_CONTAINS({p}, {l})")),
        1 => (path(), literal()).prop_map(|(p, l)| format!("{p} + 1 > {l}")),
        1 => path().prop_map(|p| format!("IS_PRIMITIVE({p}) = (LENGTH({p}) > 1)")),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|all| format!("({})", all.join(" AND "))),
            prop::collection::vec(inner.clone(), 2..4)
                .prop_map(|all| format!("({})", all.join(" OR "))),
            inner.prop_map(|one| format!("NOT ({one})")),
        ]
    })
}

fn store(stage: &mut Stage, name: &str, twin: &Twin) -> Value {
    let put = PutDevice {
        device: device(name),
        precondition: Precondition::None,
        body: twin.identity.clone(),
        entropy: stage.random.bytes(80),
        missing_scopes: Vec::new(),
    };
    stage.asked(RegistryRequest::PutDevice(put));
    let write = WriteTwin {
        identity: identity(name),
        precondition: Precondition::None,
        body: json!({ "tags": twin.tags, "properties": { "desired": twin.desired } }),
        replace: false,
    };
    stage.asked(RegistryRequest::WriteTwin(write));
    stage.asked(RegistryRequest::ReportTwin(ReportTwin {
        identity: identity(name),
        patch: twin.reported.to_string(),
        version: None,
    }));
    let session = twin.session.clone();
    // Marks of a configuration hold more than documents show.
    if let Some(status) = &session.model {
        let marks = json!({ "c 1": { "status": status, "revision": 1 } }).to_string();
        let written = stage.actor.sql.execute(
            "UPDATE twin SET configurations = jsonb(?) WHERE device_id = ?",
            &[marks.into(), name.into()],
        );
        written.expect("the column is there");
    }
    let written = stage.actor.sql.execute(
        "UPDATE identity SET gateway = ?, last_activity = ?, status_updated = ?, model_id = ?, \
         device_scope = ?, parent_scope = ? WHERE device_id = ?",
        &[
            session.connected.then_some(0i64).into(),
            session.last_activity.into(),
            session.status_updated.into(),
            session.model.into(),
            session.scope.into(),
            session.parent.into(),
            name.into(),
        ],
    );
    written.expect("the columns are there");
    match stage.asked(RegistryRequest::GetTwin(identity(name))) {
        RegistryReply::Twin(document) => document.body,
        other => panic!("{other:?}"),
    }
}

fn declare(stage: &mut Stage, paths: &[&str]) {
    let settings = Settings {
        version: 2,
        query_indexes: paths.iter().map(|path| (*path).to_owned()).collect(),
        ..settings()
    };
    stage.asked(RegistryRequest::ApplySettings(Box::new(settings)));
}

fn scan(stage: &mut Stage, text: &str) -> QueryPart {
    let scan = QueryScan {
        text: text.to_owned(),
        limit: 1000,
        ..QueryScan::default()
    };
    match stage.asked(RegistryRequest::Query(Box::new(scan))) {
        RegistryReply::QueryPart(part) => *part,
        other => panic!("{other:?}"),
    }
}

/// Counts, in groups and not, are those of the evaluator alone.
fn tallies(stage: &mut Stage, condition: &str, documents: &[Value]) -> Result<(), TestCaseError> {
    for text in [
        format!("SELECT COUNT() AS n FROM devices WHERE {condition}"),
        format!("SELECT tags.a, COUNT() AS n FROM devices WHERE {condition} GROUP BY tags.a"),
        format!("SELECT status, COUNT() FROM devices WHERE {condition} GROUP BY status"),
    ] {
        let query =
            parse(&text).map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
        let (mut expected, mut found) = (Groups::default(), Groups::default());
        let mut matched = 0;
        for document in documents {
            if matches(query.condition.as_ref(), document) {
                matched += 1;
                expected.add(&query, document).unwrap();
            }
        }
        let part = scan(stage, &text);
        prop_assert_eq!(part.matched, matched, "{}", text);
        for group in part.groups {
            found.merge(group).unwrap();
        }
        prop_assert_eq!(found.results(&query), expected.results(&query), "{}", text);
    }
    Ok(())
}

#[test]
fn the_prefilter_changes_no_result() {
    let cases = std::env::var("PROPTEST_CASES").ok();
    let cases = cases.and_then(|cases| cases.parse().ok()).unwrap_or(150);
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let (filtered, spared) = (Cell::new(0), Cell::new(0));
    let input = (
        prop::collection::vec(twin(), 1..12),
        prop::collection::vec(condition(), 12),
        any::<bool>(),
    );
    runner
        .run(&input, |(twins, conditions, with_indexes)| {
            let mut stage = Stage::registry();
            if with_indexes {
                declare(&mut stage, &["tags.a", "properties.reported.[[x'y]]"]);
            }
            let documents: Vec<Value> = twins
                .iter()
                .enumerate()
                .map(|(number, twin)| store(&mut stage, &format!("twin-{number:02}"), twin))
                .collect();
            // Whole rows go from storage to the answer unparsed.
            let whole = scan(&mut stage, "SELECT * FROM devices");
            let whole = whole.items.iter().map(|item| item.body.get().to_owned());
            let expected: Vec<String> = documents.iter().map(Value::to_string).collect();
            prop_assert_eq!(whole.collect::<Vec<_>>(), expected);
            for condition in conditions {
                let text = format!("SELECT deviceId FROM devices WHERE {condition}");
                let query = parse(&text)
                    .map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
                let expected: Vec<Value> = documents
                    .iter()
                    .filter(|document| matches(query.condition.as_ref(), document))
                    .map(|document| json!({ "deviceId": document["deviceId"] }))
                    .collect();
                let part = scan(&mut stage, &text);
                let found = part.items.iter().map(|item| item.body.get());
                let found: Vec<Value> = found
                    .map(|text| serde_json::from_str(text).unwrap())
                    .collect();
                prop_assert_eq!(
                    found,
                    expected,
                    "{} with {:?}",
                    text,
                    prefilter(query.condition.as_ref(), &[])
                );
                tallies(&mut stage, &condition, &documents)?;
                if prefilter(query.condition.as_ref(), &[]).is_some() {
                    filtered.set(filtered.get() + 1);
                    spared.set(spared.get() + documents.len() as u64 - part.scanned);
                }
            }
            Ok(())
        })
        .unwrap();
    assert!(filtered.get() > u64::from(cases), "prefilters are tested");
    assert!(spared.get() > u64::from(cases), "and take rows out");
}

#[test]
fn limits_of_workerd_hold_for_the_largest_queries() {
    let mut stage = Stage::registry();
    let twin = Twin {
        identity: json!({}),
        tags: json!({ "a": "79" }),
        desired: json!({}),
        reported: json!({}),
        session: Session::default(),
    };
    store(&mut stage, "twin", &twin);
    let number = |count: usize, operator: &str, form: &dyn Fn(usize) -> String| {
        let parts: Vec<String> = (0..count).map(form).collect();
        parts.join(operator)
    };
    let nested = format!(
        "{}tags.a = '79'{}",
        "(status = 'x' OR ".repeat(60),
        ")".repeat(60)
    );
    for condition in [
        number(80, " OR ", &|n| format!("deviceId = '{n}'")) + " OR tags.a = '79'",
        number(40, " OR ", &|n| format!("tags.a = '{}'", n + 40)),
        number(200, " AND ", &|n| format!("tags.a != '{n}x'")),
        number(200, " AND ", &|_| "IS_DEFINED(tags.a)".to_owned()),
        format!(
            "tags.a IN [{}]",
            number(78, ",", &|n| format!("'{}'", n + 2))
        ),
        format!("tags.a IN [{}]", number(1000, ",", &|n| format!("'{n}'"))),
        format!("tags.a NIN [{}]", number(900, ",", &|n| format!("{n}"))),
        format!(
            "NOT ({})",
            number(150, " OR ", &|n| format!("tags.a = {n}"))
        ),
        nested,
        format!(
            "STARTSWITH(tags.a, '7') AND CONTAINS(tags.a, '{}') OR tags.a = '79'",
            "9".repeat(60)
        ),
    ] {
        let text = format!("SELECT deviceId FROM devices WHERE {condition}");
        assert_eq!(scan(&mut stage, &text).items.len(), 1, "{text}");
    }
}

#[test]
fn a_declared_path_is_found_by_its_index_and_counted_without_reading_documents() {
    let mut stage = Stage::registry();
    for number in 0..300 {
        let twin = Twin {
            identity: json!({}),
            tags: json!({ "a": format!("s{}", number % 100), "it's": number }),
            desired: json!({}),
            reported: json!({}),
            session: Session::default(),
        };
        store(&mut stage, &format!("twin-{number:03}"), &twin);
    }
    let plan = |stage: &mut Stage| {
        let path = IndexedPath::parse("tags.a").unwrap().expression();
        let statement = format!(
            "EXPLAIN QUERY PLAN SELECT count(*) FROM twin \
             WHERE twin.module_id = '' AND ({path}) = ? GROUP BY NULL"
        );
        let rows = stage.actor.sql.query(&statement, &["s7".into()]).unwrap();
        rows.iter()
            .map(|row| row.text(3).unwrap_or_default().to_owned())
            .collect::<String>()
    };
    assert!(!plan(&mut stage).contains("twin_path_"));
    declare(&mut stage, &["tags.a", "tags.[[it's]]"]);
    let used = plan(&mut stage);
    assert!(used.contains("twin_path_"), "{used}");
    let part = scan(
        &mut stage,
        "SELECT COUNT() FROM devices WHERE tags.a = 's7'",
    );
    assert_eq!((part.matched, part.scanned), (3, 0));
    let part = scan(
        &mut stage,
        "SELECT deviceId FROM devices WHERE tags.[[it's]] = 7",
    );
    assert_eq!((part.items.len(), part.scanned), (1, 1));
    // A crash forgets nothing, another declaration drops what it does not name.
    stage.actor.forget(true);
    assert_eq!(
        scan(
            &mut stage,
            "SELECT COUNT() FROM devices WHERE tags.a = 's7'"
        )
        .matched,
        3
    );
    let settings = Settings {
        version: 3,
        ..settings()
    };
    stage.asked(RegistryRequest::ApplySettings(Box::new(settings)));
    assert!(!plan(&mut stage).contains("twin_path_"));
}

/// What SQLite takes for equal or in order, and the language does not.
#[test]
fn traps_of_sqlite_are_counted_by_the_evaluator() {
    let mut stage = Stage::registry();
    let values = [
        json!({}),
        json!([1]),
        json!(true),
        json!(1),
        json!("1"),
        json!(0.1),
        json!("z"),
    ];
    let documents: Vec<Value> = values
        .iter()
        .enumerate()
        .map(|(number, value)| {
            let twin = Twin {
                identity: json!({}),
                tags: json!({ "a": value }),
                desired: json!({}),
                reported: json!({}),
                session: Session::default(),
            };
            store(&mut stage, &format!("twin-{number}"), &twin)
        })
        .collect();
    for condition in [
        "tags.a = '{}'",
        "tags.a = '[1]'",
        "tags.a = 1",
        "tags.a = '1'",
        "tags.a = true",
        "tags.a IN ['{}', '1', 1]",
        "tags.a < 'zz'",
        "tags.a >= 0",
        "tags.a <= 0.1",
        "tags.a > 0.1",
        "NOT (tags.a = '[1]' OR tags.a > 0)",
        "NOT (tags.b = 1)",
        "tags.a != '{}'",
    ] {
        tallies(&mut stage, condition, &documents).unwrap();
    }
}
