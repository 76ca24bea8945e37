use super::*;
use crate::http::event_follower::MERGED_WAIT_MILLISECONDS;
use crate::http::event_reader::EventFilter;
use crate::http::fake::{FakeHub, PARTITIONS, block_on};
use crate::ipc::events::Position;
use crate::json;
use crate::ordered::OrderedMap;

fn open(hub: &FakeHub, position: Position) -> EventStream {
    let positions = (0..PARTITIONS)
        .map(|partition| (partition, position.clone()))
        .collect();
    open_at(hub, positions)
}

fn open_at(hub: &FakeHub, positions: OrderedMap<u16, Position>) -> EventStream {
    let reader = EventReader::new(positions, OrderedMap::new(), EventFilter::default());
    let ends = hub.now.get().plus_seconds(3600);
    block_on(EventStream::open(reader, hub, ends)).unwrap()
}

fn next(hub: &FakeHub, stream: &mut EventStream) -> Option<String> {
    block_on(stream.next(hub)).map(|chunk| String::from_utf8(chunk).unwrap())
}

/// The values of a field in a chunk.
fn fields(chunk: &str, name: &str) -> Vec<String> {
    let prefix = format!("{name}: ");
    chunk
        .lines()
        .filter_map(|line| line.strip_prefix(&prefix))
        .map(str::to_owned)
        .collect()
}

fn bodies(chunk: &str) -> Vec<i64> {
    let parse = |data: &String| serde_json::from_str::<serde_json::Value>(data).unwrap();
    fields(chunk, "data")
        .iter()
        .map(parse)
        .filter_map(|event| event["body"].as_i64())
        .collect()
}

#[test]
fn events_come_with_cursor_and_source() {
    let hub = FakeHub::new();
    hub.store(0, 1, json!(1));
    hub.store(1, 2, json!(2));
    let mut stream = open(&hub, Position::Earliest);
    let opening = next(&hub, &mut stream).unwrap();
    assert!(
        opening.starts_with("retry: 1000\n: open\n") && opening.ends_with("\n\n"),
        "{opening}"
    );
    let chunk = next(&hub, &mut stream).unwrap();
    assert_eq!(bodies(&chunk), [1, 2]);
    assert_eq!(fields(&chunk, "event"), ["Telemetry", "Telemetry"]);
    assert_eq!(
        fields(&chunk, "id")[1],
        EventCursor([(0, 1), (1, 1), (2, 0)].into()).encode()
    );
    assert!(chunk.ends_with("\n\n"));
}

#[test]
fn a_client_that_comes_back_with_any_id_misses_and_repeats_nothing() {
    let hub = FakeHub::new();
    for number in 1..=9 {
        hub.store(u16::try_from(number % 3).unwrap(), number, json!(number));
    }
    let mut stream = open(&hub, Position::Earliest);
    next(&hub, &mut stream);
    let chunk = next(&hub, &mut stream).unwrap();
    for (seen, id) in fields(&chunk, "id").iter().enumerate() {
        let cursor = EventCursor::decode(id, PARTITIONS).unwrap();
        let positions = cursor
            .0
            .into_iter()
            .map(|(partition, at)| (partition, Position::After(at)))
            .collect();
        let mut again = open_at(&hub, positions);
        next(&hub, &mut again);
        let rest = if seen + 1 == 9 {
            Vec::new()
        } else {
            bodies(&next(&hub, &mut again).unwrap())
        };
        assert_eq!(
            rest,
            (i64::try_from(seen).unwrap() + 2..=9).collect::<Vec<_>>()
        );
    }
}

#[test]
fn what_is_stored_after_the_opening_is_not_missed() {
    let hub = FakeHub::new();
    hub.store(0, 0, json!(1));
    let mut stream = open(&hub, Position::Latest);
    hub.store(0, 1, json!(2));
    next(&hub, &mut stream);
    assert_eq!(bodies(&next(&hub, &mut stream).unwrap()), [2]);
}

#[test]
fn silence_brings_a_heartbeat_every_fifteen_seconds() {
    let hub = FakeHub::new();
    let mut stream = open(&hub, Position::Latest);
    next(&hub, &mut stream);
    for _ in 0..3 {
        let before = hub.now.get();
        let chunk = next(&hub, &mut stream).unwrap();
        assert!(chunk.starts_with(": heartbeat\n"), "{chunk}");
        assert_eq!(hub.now.get(), before.plus_seconds(15));
    }
}

#[test]
fn an_event_that_arrives_while_waiting_comes_at_once() {
    let hub = FakeHub::new();
    let mut stream = open(&hub, Position::Latest);
    next(&hub, &mut stream);
    let at = hub.now.get().plus_seconds(7);
    hub.arriving.borrow_mut().push((
        at,
        2,
        json!({"enqueuedTime": at.to_string(), "source": "twinChangeEvents", "body": 5}),
    ));
    let chunk = next(&hub, &mut stream).unwrap();
    assert_eq!(bodies(&chunk), [5]);
    assert_eq!(fields(&chunk, "event"), ["twinChangeEvents"]);
    assert!(hub.now.get() <= at.plus_milliseconds(MERGED_WAIT_MILLISECONDS));
}

#[test]
fn the_stream_ends_with_the_credentials() {
    let hub = FakeHub::new();
    let mut stream = open(&hub, Position::Latest);
    next(&hub, &mut stream);
    hub.now.set(hub.now.get().plus_seconds(3600));
    assert_eq!(next(&hub, &mut stream), None);
    assert_eq!(next(&hub, &mut stream), None);
}

#[test]
fn a_client_that_falls_behind_is_told_and_closed_but_one_that_catches_up_is_not() {
    let hub = FakeHub::new();
    for number in 0..12_000 {
        hub.store(0, 0, json!(number));
    }
    let mut late = open(&hub, Position::Earliest);
    next(&hub, &mut late);
    assert_eq!(
        bodies(&next(&hub, &mut late).unwrap()).len(),
        250,
        "a backlog is not lag"
    );

    let mut slow = open(&hub, Position::Latest);
    next(&hub, &mut slow);
    assert!(next(&hub, &mut slow).unwrap().contains("heartbeat"));
    for number in 0..10_300 {
        hub.store(0, 0, json!(number));
    }
    let chunk = next(&hub, &mut slow).unwrap();
    assert!(chunk.starts_with("event: lagged\n"), "{chunk}");
    assert_eq!(next(&hub, &mut slow), None);
}

#[test]
fn retention_that_passed_the_last_id_is_told_at_the_opening() {
    let hub = FakeHub::new();
    for number in 1..=5 {
        hub.store(0, number, json!(number));
    }
    hub.first_kept.set(3);
    let mut stream = open_at(&hub, [(0, Position::After(1))].into());
    assert!(
        next(&hub, &mut stream)
            .unwrap()
            .contains("event: gap\ndata: {\"gap\":true}\n")
    );
    assert_eq!(bodies(&next(&hub, &mut stream).unwrap()), [3, 4, 5]);
}
