use super::*;
use crate::http::fake::{FakeHub, SHARDS, block_on};
use crate::json;
use crate::query::parse;
use serde_json::Value;

fn key(device: &str) -> DocumentKey {
    DocumentKey {
        device: device.to_owned(),
        module: String::new(),
    }
}

fn item(device: &str, value: SortValue, body: Value) -> QueryItem {
    let place = Place {
        value,
        key: key(device),
    };
    let body = to_raw_value(&body).unwrap();
    QueryItem { place, body }
}

fn row(device: &str) -> QueryItem {
    item(device, SortValue::Absent, json!({ "deviceId": device }))
}

/// Each shard answers with what a test says for the document it has to go on behind.
fn hub(answer: impl Fn(u16, &QueryScan) -> QueryPart + 'static) -> FakeHub {
    FakeHub::new().registry_answers(move |shard, request| {
        let RegistryRequest::Query(scan) = request else {
            panic!("{request:?}")
        };
        Ok(RegistryReply::QueryPart(Box::new(answer(shard, &scan))))
    })
}

/// Of results that are `{"deviceId":"…"}`.
fn ids(page: &Page) -> Vec<&str> {
    page.items
        .iter()
        .map(|item| item.get().split('"').nth(3).unwrap())
        .collect()
}

fn after(page: &Page) -> Option<String> {
    match &page.next {
        Some(Position::Place(place)) => Some(place.key.device.clone()),
        _ => None,
    }
}

fn ask(hub: &FakeHub, text: &str, size: usize) -> Page {
    let query = parse(text).unwrap();
    block_on(page(hub, Asked::of_all(text), &query, None, size)).unwrap()
}

#[test]
fn rows_behind_a_shard_that_has_not_come_so_far_wait() {
    // Shard 0 stops behind "c" at first; the others are done.
    let hub = hub(|shard, scan| match (shard, &scan.after) {
        (0, None) => QueryPart {
            items: vec![row("b")],
            scanned_to: Some(key("c")),
            ..QueryPart::default()
        },
        (0, Some(after)) => {
            assert_eq!(after.device, "c");
            QueryPart {
                items: vec![row("d")],
                ..QueryPart::default()
            }
        }
        (1, _) => QueryPart {
            items: vec![row("a"), row("e")],
            ..QueryPart::default()
        },
        _ => QueryPart::default(),
    });
    let page = ask(&hub, "SELECT * FROM devices", 3);
    assert_eq!(
        (ids(&page), after(&page)),
        (vec!["a", "b", "d"], Some("d".into()))
    );
    assert_eq!(hub.asked_registry.borrow().len(), usize::from(SHARDS) + 1);
    let page = ask(&hub, "SELECT * FROM devices", 4);
    assert_eq!((ids(&page), after(&page)), (vec!["a", "b", "d", "e"], None));
    // A page of one is certain at once: nothing before "a" can come.
    hub.asked_registry.borrow_mut().clear();
    let page = ask(&hub, "SELECT * FROM devices", 1);
    assert_eq!((ids(&page), after(&page)), (vec!["a"], Some("a".into())));
    assert_eq!(hub.asked_registry.borrow().len(), usize::from(SHARDS));
}

#[test]
fn a_scan_that_finds_nothing_for_long_ends_its_page_and_says_where_to_go_on() {
    let hub = hub(|_, scan| {
        let next = scan
            .after
            .as_ref()
            .map_or(1000, |after| after.device.parse::<u32>().unwrap() + 1);
        QueryPart {
            scanned_to: Some(key(&next.to_string())),
            ..QueryPart::default()
        }
    });
    let page = ask(&hub, "SELECT * FROM devices", 10);
    assert!(page.items.is_empty());
    assert_eq!(after(&page), Some((999 + MAX_ROUNDS).to_string()));
}

#[test]
fn a_page_is_bounded_in_bytes() {
    let hub = hub(|shard, _| {
        let large = |name: &str| {
            item(
                name,
                SortValue::Absent,
                json!({ "deviceId": name, "x": "x".repeat(1_500_000) }),
            )
        };
        QueryPart {
            items: if shard == 0 {
                ["a", "b", "c", "d"].map(large).to_vec()
            } else {
                Vec::new()
            },
            ..QueryPart::default()
        }
    });
    let page = ask(&hub, "SELECT * FROM devices", 100);
    assert_eq!(
        (ids(&page), after(&page)),
        (vec!["a", "b"], Some("b".into()))
    );
    let page = ask(&hub, "SELECT * FROM devices ORDER BY tags.a", 100);
    assert_eq!(
        (ids(&page), after(&page)),
        (vec!["a", "b"], Some("b".into()))
    );
}

#[test]
fn ordered_results_behind_what_a_shard_had_no_room_for_wait() {
    let valued = |device: &str, value: f64| {
        item(
            device,
            SortValue::Number(value),
            json!({ "deviceId": device }),
        )
    };
    let hub = hub(move |shard, _| match shard {
        0 => QueryPart {
            items: vec![valued("a", 9.0), valued("b", 7.0)],
            cut: true,
            ..QueryPart::default()
        },
        1 => QueryPart {
            items: vec![valued("c", 8.0), valued("d", 6.0)],
            ..QueryPart::default()
        },
        _ => QueryPart {
            items: vec![item("e", SortValue::Absent, json!({ "deviceId": "e" }))],
            ..QueryPart::default()
        },
    });
    let page = ask(&hub, "SELECT * FROM devices ORDER BY tags.a DESC", 10);
    assert_eq!(
        (ids(&page), after(&page)),
        (vec!["a", "c", "b"], Some("b".into()))
    );
    let page = ask(&hub, "SELECT * FROM devices ORDER BY tags.a DESC", 2);
    assert_eq!(
        (ids(&page), after(&page)),
        (vec!["a", "c"], Some("c".into()))
    );
}
