use super::super::pace::HEARTBEAT;
use super::*;
use crate::error::ErrorCode;
use crate::http::event_stream::HEARTBEAT_MILLISECONDS;
use crate::http::fake::{FakeHub, SHARDS, block_on, request};
use crate::http::handle;
use crate::http::message::{Body, Method, Response};
use crate::ipc::query::QueryItem;
use crate::query::{Place, SortValue, parse};
use serde_json::Value;
use serde_json::value::to_raw_value;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

fn key(device: &str) -> DocumentKey {
    let (device, module) = device.split_once('/').unwrap_or((device, ""));
    DocumentKey {
        device: device.to_owned(),
        module: module.to_owned(),
    }
}

fn at(number: u64) -> ChangePlace {
    ChangePlace { epoch: 1, number }
}

/// Rows that a shard tells of, up to a place.
fn rows(place: ChangePlace, rows: &[(&str, i64)]) -> QueryPart {
    let item = |(device, value): &(&str, i64)| QueryItem {
        place: Place {
            value: SortValue::Absent,
            key: key(device),
        },
        body: to_raw_value(&json!({ "value": value })).unwrap(),
    };
    QueryPart {
        items: rows.iter().map(item).collect(),
        scanned: rows.len() as u64,
        changes: Some(QueryChanges {
            place,
            anew: false,
            left: Vec::new(),
            more: false,
        }),
        ..QueryPart::default()
    }
}

fn left(mut part: QueryPart, devices: &[&str]) -> QueryPart {
    part.changes.as_mut().unwrap().left = devices.iter().map(|device| key(device)).collect();
    part
}

fn anew(mut part: QueryPart, scanned_to: Option<&str>) -> QueryPart {
    part.changes.as_mut().unwrap().anew = true;
    part.scanned_to = scanned_to.map(key);
    part
}

type Script = Rc<RefCell<VecDeque<Result<QueryPart, HubError>>>>;

/// The first shard answers as the script says and then that nothing changed; the others have
/// no rows.
fn hub(script: &Script) -> FakeHub {
    let script = script.clone();
    FakeHub::new().registry_answers(move |shard, request| {
        let watch = scan(&request).watch.unwrap();
        let quiet = rows(watch.since.unwrap_or(at(0)), &[]);
        let next = (shard == 0).then(|| script.borrow_mut().pop_front());
        let part = next.flatten().unwrap_or(Ok(quiet))?;
        Ok(RegistryReply::QueryPart(Box::new(part)))
    })
}

fn scan(request: &RegistryRequest) -> &QueryScan {
    match request {
        RegistryRequest::Query(scan) => scan,
        other => panic!("{other:?}"),
    }
}

fn open(hub: &FakeHub, seconds: i64) -> QueryStream {
    let now = hub.now.get();
    let text = "SELECT value FROM devices".to_owned();
    let mut stream = QueryStream::new(text, None, SHARDS, now, now.plus_seconds(seconds));
    let opening = next(hub, &mut stream).unwrap();
    assert_eq!(opening, "retry: 1000\n: open\n\n");
    assert!(hub.asked_registry.borrow().is_empty());
    stream
}

fn next(hub: &FakeHub, stream: &mut QueryStream) -> Option<String> {
    block_on(stream.next(hub)).map(|chunk| String::from_utf8(chunk).unwrap())
}

/// Name and data of the events of the next chunk that has some, the data without times.
fn events(hub: &FakeHub, stream: &mut QueryStream) -> Vec<(String, Value)> {
    let chunk = next(hub, stream).unwrap();
    let mut found = Vec::new();
    for event in chunk.strip_suffix("\n\n").unwrap().split("\n\n") {
        let (name, data) = event.split_once('\n').unwrap();
        let data = data.strip_prefix("data: ").unwrap();
        let mut data: Value = serde_json::from_str(data).unwrap();
        data.as_object_mut().unwrap().remove("asOf");
        found.push((name.strip_prefix("event: ").unwrap().to_owned(), data));
    }
    found
}

fn event(name: &str, data: Value) -> (String, Value) {
    (name.to_owned(), data)
}

fn entered(device: &str, value: i64) -> (String, Value) {
    event(
        "entered",
        json!({ "deviceId": device, "row": { "value": value } }),
    )
}

/// The first shard's requests.
fn asked(hub: &FakeHub) -> Vec<QueryScan> {
    let all = hub.asked_registry.borrow();
    let first = all.iter().filter(|(shard, _)| *shard == 0);
    first.map(|(_, request)| scan(request).clone()).collect()
}

#[test]
fn rows_enter_change_and_leave() {
    let script = Script::default();
    script.borrow_mut().extend([
        Ok(rows(at(3), &[("a", 1), ("b", 1)])),
        Ok(left(rows(at(6), &[("b", 2), ("b/m", 1)]), &["a", "never"])),
        // Touched, and as it was.
        Ok(rows(at(7), &[("b", 2)])),
    ]);
    let hub = hub(&script);
    let mut stream = open(&hub, 3600);
    assert_eq!(
        events(&hub, &mut stream),
        [
            entered("a", 1),
            entered("b", 1),
            event("current", json!({ "count": 2 })),
        ]
    );
    let began = hub.now.get();
    assert_eq!(
        events(&hub, &mut stream),
        [
            event("left", json!({ "deviceId": "a" })),
            event("changed", json!({ "deviceId": "b", "row": { "value": 2 } })),
            event(
                "entered",
                json!({ "deviceId": "b", "moduleId": "m", "row": { "value": 1 } })
            ),
        ]
    );
    let waited = hub.now.get().milliseconds() - began.milliseconds();
    assert_eq!(waited, PAUSE_MILLISECONDS);

    let heartbeat = next(&hub, &mut stream).unwrap();
    assert_eq!(heartbeat, HEARTBEAT);
    let waited = hub.now.get().milliseconds() - began.milliseconds() - waited;
    assert_eq!(waited, HEARTBEAT_MILLISECONDS);
    let known: Vec<_> = asked(&hub)
        .iter()
        .map(|scan| scan.watch.unwrap().since)
        .collect();
    assert_eq!(&known[..3], [None, Some(at(3)), Some(at(6))]);
    assert!(known[3..].iter().all(|since| *since == Some(at(7))));
}

#[test]
fn a_scan_anew_sends_only_the_difference() {
    let script = Script::default();
    let before = [("a", 1), ("b", 1), ("c", 1), ("d", 1), ("e", 1), ("f", 1)];
    let other = |number| ChangePlace { epoch: 2, number };
    let mut last = rows(other(9), &[("e", 2), ("g", 1)]);
    last.scanned_to = None;
    script.borrow_mut().extend([
        Ok(rows(at(3), &before)),
        Ok(anew(rows(other(5), &[("b", 1), ("ba", 1)]), Some("c"))),
        Ok(last),
        Ok(rows(other(9), &[("a", 3)])),
    ]);
    let hub = hub(&script);
    let mut stream = open(&hub, 3600);
    assert_eq!(events(&hub, &mut stream).len(), 7);
    let gone = |device: &str| event("left", json!({ "deviceId": device }));
    assert_eq!(
        events(&hub, &mut stream),
        [gone("a"), gone("c"), entered("ba", 1)]
    );
    // The rest of the scan comes at once.
    let began = hub.now.get();
    assert_eq!(
        events(&hub, &mut stream),
        [
            gone("d"),
            gone("f"),
            event("changed", json!({ "deviceId": "e", "row": { "value": 2 } })),
            entered("g", 1),
            event("current", json!({ "count": 4 })),
        ]
    );
    assert_eq!(hub.now.get(), began);
    // What changed while the scan went on is asked for behind it.
    assert_eq!(events(&hub, &mut stream), [entered("a", 3)]);
    let scans = asked(&hub);
    assert_eq!((&scans[1].after, &scans[2].after), (&None, &Some(key("c"))));
    assert_eq!(scans[2].watch.unwrap().since, None);
    assert_eq!(scans[3].watch.unwrap().since, Some(other(5)));
}

#[test]
fn more_than_an_answer_has_room_for_is_asked_for_at_once() {
    let script = Script::default();
    let mut full = rows(at(2), &[("a", 2)]);
    full.changes.as_mut().unwrap().more = true;
    script
        .borrow_mut()
        .extend([Ok(rows(at(0), &[])), Ok(full), Ok(rows(at(3), &[("b", 1)]))]);
    let hub = hub(&script);
    let mut stream = open(&hub, 3600);
    events(&hub, &mut stream);
    assert_eq!(events(&hub, &mut stream), [entered("a", 2)]);
    let began = hub.now.get();
    assert_eq!(events(&hub, &mut stream), [entered("b", 1)]);
    assert_eq!(hub.now.get(), began);
    let parts = asked(&hub)[0].watch.unwrap().max_bytes;
    assert_eq!(parts, CHUNK_BYTES / u32::from(SHARDS));
}

/// Takes all that is left of the queries' bucket.
fn empty_bucket(hub: &FakeHub) -> usize {
    let settings = hub.settings.clone().unwrap();
    let mut throttles = hub.throttles.borrow_mut();
    throttles.configure(settings.version, &settings.throttles, 1);
    let now = hub.now.get();
    (0..)
        .take_while(|_| throttles.take(OperationClass::Queries, now, 1).is_ok())
        .count()
}

#[test]
fn what_looks_read_is_paid_for_and_silence_is_free() {
    let script = Script::default();
    let hub = hub(&script);
    let mut stream = open(&hub, 3600);
    let full = empty_bucket(&hub);
    hub.now.set(hub.now.get().plus_seconds(120));
    stream.pace = Pace::new(hub.now.get(), hub.now.get().plus_seconds(3600));
    events(&hub, &mut stream);
    // Fifteen seconds of silence.
    assert_eq!(next(&hub, &mut stream).unwrap(), HEARTBEAT);
    assert_eq!(empty_bucket(&hub), full);

    // Now it is empty, and a look that follows one that read much has to wait.
    let mut busy = rows(at(1), &[("a", 1)]);
    busy.scanned = DOCUMENTS_PER_QUERY;
    script
        .borrow_mut()
        .extend([Ok(busy), Ok(rows(at(2), &[("b", 1)]))]);
    assert_eq!(events(&hub, &mut stream), [entered("a", 1)]);
    let rest = empty_bucket(&hub);
    assert!(rest <= 9, "what half a second brings: {rest}");
    let looks = asked(&hub).len();
    stream.pace.rest(hub.now.get(), 0);
    assert_eq!(block_on(stream.look(&hub)).unwrap(), "");
    assert_eq!(asked(&hub).len(), looks, "nobody is asked");
    assert_eq!(events(&hub, &mut stream), [entered("b", 1)]);
    assert_eq!(asked(&hub).len(), looks + 1);
}

#[test]
fn a_shard_that_fails_is_asked_the_same_again_for_a_while() {
    let gone = || Err(HubError::new(ErrorCode::ServiceUnavailable, "gone"));
    let script = Script::default();
    script
        .borrow_mut()
        .extend([gone(), Ok(rows(at(1), &[("a", 1)])), gone()]);
    let hub = hub(&script);
    let mut stream = open(&hub, 3600);
    assert_eq!(
        events(&hub, &mut stream),
        [entered("a", 1), event("current", json!({ "count": 1 }))]
    );
    script.borrow_mut().push_back(Ok(rows(at(2), &[("a", 2)])));
    assert_eq!(events(&hub, &mut stream)[0].0, "changed");
    let since: Vec<_> = asked(&hub)
        .iter()
        .map(|scan| scan.watch.unwrap().since)
        .collect();
    assert_eq!(since, [None, None, Some(at(1)), Some(at(1))]);

    script.borrow_mut().extend((0..100).map(|_| gone()));
    assert_eq!(next(&hub, &mut stream), None);
    assert_eq!(hub.reports.borrow().len(), 1);
    assert_eq!(next(&hub, &mut stream), None);
}

#[test]
fn a_result_that_grows_too_large_ends_the_stream_with_an_event() {
    let names: Vec<String> = (0..=MAX_ROWS)
        .map(|number| format!("d{number:05}"))
        .collect();
    let all: Vec<(&str, i64)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    let script = Script::default();
    script.borrow_mut().push_back(Ok(rows(at(1), &all)));
    let hub = hub(&script);
    let mut stream = open(&hub, 3600);
    let told = events(&hub, &mut stream);
    assert_eq!(
        told.last(),
        Some(&event("tooLarge", json!({ "maximum": MAX_ROWS })))
    );
    assert_eq!(next(&hub, &mut stream), None);
}

#[test]
fn it_ends_when_its_time_is_over() {
    let hub = hub(&Script::default());
    let mut stream = open(&hub, 5);
    assert_eq!(
        events(&hub, &mut stream),
        [event("current", json!({ "count": 0 }))]
    );
    assert_eq!(next(&hub, &mut stream), None);
    assert_eq!(next(&hub, &mut stream), None);
    assert!(hub.reports.borrow().is_empty());
}

fn post(hub: &FakeHub, policy: &str, query: &str) -> Response {
    let asked = request(Method::Post, "/api/v1/query/stream")
        .with("authorization", &hub.token(policy))
        .with_json(&json!({ "query": query }));
    block_on(handle(hub, asked))
}

fn message(response: &Response) -> String {
    response.value()["Message"].as_str().unwrap().to_owned()
}

#[test]
fn what_cannot_be_watched_is_refused_and_says_what_to_do() {
    let hub = FakeHub::new();
    for (query, advice) in [
        ("SELECT * FROM devices.jobs", "watch the devices"),
        ("SELECT COUNT() AS n FROM devices", "add them up"),
        (
            "SELECT tags.a FROM devices GROUP BY tags.a",
            "add them up at the client",
        ),
        ("SELECT * FROM devices ORDER BY tags.a", "sort them"),
        ("SELECT TOP 5 * FROM devices", "leave out TOP"),
        ("SELECT * FROM nowhere", "line 1"),
    ] {
        let refused = post(&hub, "service", query);
        assert_eq!(refused.status, 400, "{query}");
        let message = message(&refused);
        assert!(message.contains(advice), "{query}: {message}");
    }
    assert!(check(&parse("SELECT * FROM devices.modules").unwrap()).is_ok());
    assert_eq!(post(&hub, "device", "SELECT * FROM devices").status, 401);
}

#[test]
fn a_result_that_is_too_large_is_refused_before_anything_is_sent() {
    let most = MAX_ROWS as u64;
    for (rows, status) in [(most, 200), (most + 1, 400)] {
        let hub = FakeHub::new().registry_answers(move |shard, request| {
            assert!(scan(&request).explain, "only counted");
            let matched = if shard == 0 { rows } else { 0 };
            let part = QueryPart {
                matched,
                ..QueryPart::default()
            };
            Ok(RegistryReply::QueryPart(Box::new(part)))
        });
        let answer = post(&hub, "service", "SELECT * FROM devices");
        assert_eq!(answer.status, status);
        if status == 400 {
            let message = message(&answer);
            assert!(
                message.contains("10001 rows") && message.contains("narrow the condition"),
                "{message}"
            );
        } else {
            let kind = answer.header("content-type").unwrap();
            assert!(kind.starts_with("text/event-stream"));
            assert!(matches!(answer.body, Body::EventStream(_)));
        }
    }
}
