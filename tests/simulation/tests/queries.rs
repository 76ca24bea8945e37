//! Queries over all shards, from the request to the answer (`query-routing-events.md` §1).

use serde_json::{Value, json};
use shared::http::Method;
use shared::ids::DeviceId;
use shared::ipc::Address;
use shared::sql::Sql;
use simulation::operator::{Operator, Reply};
use simulation::{Faults, Simulation};
use std::collections::BTreeMap;

async fn page(operator: &Operator, text: &str, size: &str, token: Option<&str>) -> Reply {
    let mut headers = vec![("x-ms-max-item-count", size)];
    headers.extend(token.map(|token| ("x-ms-continuation", token)));
    let body = json!({ "query": text }).to_string().into_bytes();
    let reply = operator
        .send(Method::Post, "/devices/query", &headers, body)
        .await;
    assert_eq!(reply.status, 200, "{text}: {}", reply.body);
    reply
}

/// All pages; something may happen between them.
async fn pages(
    operator: &Operator,
    text: &str,
    size: &str,
    mut between: impl AsyncFnMut(usize),
) -> Vec<Value> {
    let mut items = Vec::new();
    let mut token: Option<String> = None;
    for number in 0.. {
        let reply = page(operator, text, size, token.as_deref()).await;
        let found = reply.body.as_array().expect("a bare array");
        assert!(found.len() <= size.parse::<usize>().unwrap().min(100));
        items.extend(found.iter().cloned());
        token = reply.header("x-ms-continuation").map(str::to_owned);
        if token.is_none() {
            break;
        }
        between(number).await;
    }
    items
}

async fn query(operator: &Operator, text: &str) -> Vec<Value> {
    pages(operator, text, "7", async |_| {}).await
}

fn ids(items: &[Value]) -> Vec<&str> {
    items
        .iter()
        .map(|item| item["deviceId"].as_str().unwrap())
        .collect()
}

async fn patch(operator: &Operator, id: &str, twin: Value) {
    let reply = operator
        .json(Method::Patch, &format!("/twins/{id}"), &twin)
        .await;
    assert_eq!(reply.status, 200, "{}", reply.body);
}

fn calm() -> (Simulation, Operator) {
    let simulation = Simulation::new(5, Faults::none());
    let operator = simulation.operator();
    (simulation, operator)
}

#[test]
fn the_contracts_vectors_over_http() {
    let (mut simulation, operator) = calm();
    simulation.finish(async {
        for (id, body, twin) in [
            ("a", json!({ "capabilities": { "iotEdge": true } }), json!({ "tags": { "site": "s1", "t": 20 } })),
            ("b", json!({}), json!({ "tags": { "site": "s1", "t": "20" } })),
            ("c", json!({ "status": "disabled" }), json!({ "tags": { "site": "s2" } })),
            ("d-1", json!({}), json!({ "properties": { "desired": { "m": { "k": 1 } } } })),
        ] {
            let reply = operator.json(Method::Put, &format!("/devices/{id}"), &body).await;
            assert_eq!(reply.status, 200, "{}", reply.body);
            patch(&operator, id, twin).await;
        }
        for (condition, expected) in [
            ("tags.site = 's1'", "a b"),
            ("tags.site != 's1'", "c"),
            ("NOT (tags.site = 's1')", "c"),
            ("NOT is_defined(tags.site)", "d-1"),
            ("tags.t >= 20", "a"),
            ("tags.t = \"20\"", "b"),
            ("tags.t IN [20, '20'] AND NOT deviceId = 'b'", "a"),
            ("is_defined(properties.desired.m)", "d-1"),
            ("properties.desired.m = properties.desired.m", ""),
            ("STARTSWITH(devices.deviceId, 'd-')", "d-1"),
            ("capabilities.iotEdge != true", "b c d-1"),
            ("status = 'disabled' OR undefined", "c"),
            ("tags.[[site]] = 's2'", "c"),
            ("TAGS.site = 's1'", "a b"),
            ("tags.Site = 's1'", ""),
        ] {
            let text = format!("SELECT deviceId FROM devices WHERE {condition}");
            assert_eq!(ids(&query(&operator, &text).await).join(" "), expected, "{condition}");
        }
        assert_eq!(
            query(&operator, "SELECT tags.site AS s, COUNT() AS n FROM devices GROUP BY tags.site").await,
            [json!({ "s": "s1", "n": 2 }), json!({ "s": "s2", "n": 1 }), json!({ "n": 1 })]
        );
        assert_eq!(
            query(&operator, "SELECT COUNT() AS n FROM devices WHERE tags.site = 'none'").await,
            [json!({ "n": 0 })]
        );
        let whole = query(&operator, "SELECT * FROM devices WHERE deviceId = 'd-1'").await;
        assert_eq!(whole[0], operator.get("/twins/d-1").await.body);
        let explained = operator
            .json(Method::Post, "/api/v1/query/explain", &json!({ "query": "SELECT * FROM devices WHERE tags.site = 's1' AND LOWER(deviceId) = 'a'" }))
            .await;
        assert_eq!((&explained.body["rowsScanned"], &explained.body["rowsMatched"]), (&json!(2), &json!(1)));
    });
}

/// Devices that are there all the time come exactly once, whatever others come and go.
#[test]
fn pages_hold_each_device_once_while_others_come_and_go() {
    let (mut simulation, operator) = calm();
    simulation.finish(async {
        for number in 0..60 {
            operator.create_device(&format!("stays-{number:02}")).await;
            operator.create_device(&format!("goes-{number:02}")).await;
        }
        for size in ["1", "7", "50", "100"] {
            let items = pages(&operator, "SELECT * FROM devices", size, async |number| {
                // Not for ever: the last page has to come.
                if number >= 40 {
                    return;
                }
                operator
                    .create_device(&format!("new-{size}-{number:02}"))
                    .await;
                operator
                    .create_device(&format!("zz-{size}-{number:02}"))
                    .await;
                let target = format!("/devices/goes-{:02}", number * 7 % 60);
                operator
                    .send(Method::Delete, &target, &[("if-match", "*")], Vec::new())
                    .await;
            })
            .await;
            let found = ids(&items);
            let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
            for id in &found {
                *counts.entry(id).or_default() += 1;
            }
            assert!(counts.values().all(|count| *count == 1), "nothing twice");
            for number in 0..60 {
                let id = format!("stays-{number:02}");
                assert_eq!(counts.get(id.as_str()), Some(&1), "{id}");
            }
            assert!(found.is_sorted(), "in order of id");
        }
    });
}

#[test]
fn a_query_sees_every_acknowledged_write() {
    let (mut simulation, operator) = calm();
    simulation.finish(async {
        for round in 0..20 {
            let id = format!("device-{}", round % 5);
            operator.create_device(&id).await;
            patch(&operator, &id, json!({ "tags": { "round": round } })).await;
            let text = format!("SELECT deviceId FROM devices WHERE tags.round = {round}");
            assert_eq!(ids(&query(&operator, &text).await), [id.as_str()]);
            let target = format!("/devices/{id}");
            operator
                .send(Method::Delete, &target, &[("if-match", "*")], Vec::new())
                .await;
            assert_eq!(query(&operator, &text).await, Vec::<Value>::new());
        }
    });
}

#[test]
fn ordered_pages_are_one_sorted_list() {
    let (mut simulation, operator) = calm();
    simulation.finish(async {
        let mut expected = Vec::new();
        for number in 0..40 {
            let id = format!("device-{number:02}");
            operator.create_device(&id).await;
            let rank = match number % 5 {
                0 => json!(null),
                1 => json!(f64::from(number % 7) + 0.1 + 0.2),
                2 => json!(format!("text-{}", number % 3)),
                3 => json!({ "no": "key" }),
                _ => json!(number % 4),
            };
            patch(&operator, &id, json!({ "tags": { "rank": rank } })).await;
            expected.push((rank, id));
        }
        for (direction, size) in [("", "1"), ("DESC", "3"), ("ASC", "100"), ("DESC", "11")] {
            let text =
                format!("SELECT deviceId, tags.rank FROM devices ORDER BY tags.rank {direction}");
            let items = pages(&operator, &text, size, async |_| {}).await;
            let class = |value: &Value| match value {
                Value::Number(_) => 0,
                Value::String(_) => 1,
                _ => 2,
            };
            let mut sorted = expected.clone();
            sorted.sort_by(|(one, one_id), (other, other_id)| {
                let order = class(one)
                    .cmp(&class(other))
                    .then_with(|| match (one, other) {
                        (Value::Number(one), Value::Number(other)) => {
                            one.as_f64().partial_cmp(&other.as_f64()).unwrap()
                        }
                        (Value::String(one), Value::String(other)) => one.cmp(other),
                        _ => std::cmp::Ordering::Equal,
                    });
                let absent = class(one) == 2 || class(other) == 2;
                let order = if direction == "DESC" && !absent {
                    order.reverse()
                } else {
                    order
                };
                order.then_with(|| one_id.cmp(other_id))
            });
            let wanted: Vec<&str> = sorted.iter().map(|(_, id)| id.as_str()).collect();
            assert_eq!(ids(&items), wanted, "{direction} {size}");
        }
        let top = query(
            &operator,
            "SELECT TOP 9 deviceId FROM devices ORDER BY deviceId DESC",
        )
        .await;
        assert_eq!((top.len(), &top[0]["deviceId"]), (9, &json!("device-39")));
    });
}

#[test]
fn scans_of_many_slices_and_groups_of_many_pages() {
    let (mut simulation, operator) = calm();
    // More rows than one slice has, put into one shard directly.
    let layout = simulation.world().layout;
    let mine = |id: &str| layout.shard_of(&DeviceId::parse(id).unwrap()) == 0;
    let names: Vec<String> = (0..100_000)
        .map(|number| format!("bulk-{number:06}"))
        .filter(|id| mine(id))
        .take(4_500)
        .collect();
    simulation.finish(operator.create_device("template"));
    {
        let world = simulation.world();
        let shard = layout.shard_of(&DeviceId::parse("template").unwrap());
        let sql = &world.nodes[&Address::Registry(shard)].actor.sql;
        let row = sql
            .query(
                "SELECT generation_id, authentication FROM identity WHERE device_id = 'template'",
                &[],
            )
            .unwrap();
        let (generation, authentication) = (row[0].0[0].clone(), row[0].0[1].clone());
        let empty = sql.query("SELECT json(desired) FROM twin", &[]).unwrap()[0].0[0].clone();
        let sql = &world.nodes[&Address::Registry(0)].actor.sql;
        for (number, name) in names.iter().enumerate() {
            for module in ["", "m"] {
                sql.execute(
                    "INSERT INTO identity (device_id, module_id, generation_id, etag, status, authentication) \
                     VALUES (?, ?, ?, 1, 'enabled', ?)",
                    &[name.as_str().into(), module.into(), generation.clone(), authentication.clone()],
                )
                .unwrap();
                sql.execute(
                    "INSERT INTO twin (device_id, module_id, etag, version, tags, desired, reported) \
                     VALUES (?, ?, 1, 2, jsonb(?), jsonb(?), jsonb(?))",
                    &[
                        name.as_str().into(),
                        module.into(),
                        json!({ "n": number, "group": format!("g-{:03}", number % 230) })
                            .to_string()
                            .into(),
                        empty.clone(),
                        empty.clone(),
                    ],
                )
                .unwrap();
            }
        }
    }
    simulation.finish(async {
        let count = query(&operator, "SELECT COUNT() AS n, SUM(tags.n) AS s, MAX(tags.n) AS m FROM devices WHERE tags.n >= 0").await;
        assert_eq!(count, [json!({ "n": 4500, "s": 4500 * 4499 / 2, "m": 4499 })]);
        let groups = query(&operator, "SELECT tags.group AS g, COUNT() AS n FROM devices GROUP BY tags.group").await;
        assert_eq!(groups.len(), 231);
        assert_eq!((&groups[0]["g"], &groups[229]["g"]), (&json!("g-000"), &json!("g-229")));
        assert_eq!(groups[230], json!({ "n": 1 }), "the one without a group is last");
        let rare = "SELECT tags.n FROM devices WHERE LENGTH(deviceId) = 11 AND tags.n % 1500 = 1499";
        let found = query(&operator, rare).await;
        assert_eq!(found, [1499, 2999, 4499].map(|n| json!({ "n": n })));
        let modules = query(&operator, "SELECT deviceId, moduleId FROM devices.modules WHERE devices.moduleId = 'm' AND tags.n < 3").await;
        assert_eq!(modules.len(), 3);
        assert_eq!(modules[0], json!({ "deviceId": names[0], "moduleId": "m" }));
        let last = query(&operator, "SELECT TOP 2 tags.n FROM devices ORDER BY tags.n DESC").await;
        assert_eq!(last, [json!({ "n": 4499 }), json!({ "n": 4498 })]);
        let explained = operator
            .json(Method::Post, "/api/v1/query/explain", &json!({ "query": rare }))
            .await;
        assert_eq!((&explained.body["rowsScanned"], &explained.body["rowsMatched"]), (&json!(4501), &json!(3)));
        assert_eq!(explained.body["prefilter"], Value::Null);
        let jobs = query(&operator, "SELECT * FROM devices.jobs").await;
        assert!(jobs.is_empty());
    });
}
