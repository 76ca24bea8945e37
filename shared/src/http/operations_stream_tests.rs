use super::*;
use crate::http::event_stream::HEARTBEAT_MILLISECONDS;
use crate::http::fake::{FakeHub, block_on};
use crate::ipc::audit::AuditPage;
use crate::ipc::hub::{HubReply, HubRequest};
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::json;
use serde_json::Value;
use std::cell::RefCell;
use std::rc::Rc;

/// Records of shard 1, in order of number.
type Log = Rc<RefCell<Vec<Value>>>;

fn page(log: &[Value], wanted: &ReadRecords) -> AuditPage {
    let top = wanted["top"].as_u64().unwrap() as usize;
    let number = |record: &Value| record["number"].as_u64().unwrap();
    let after = wanted["after"].as_u64().unwrap_or(0);
    let mut records: Vec<Value> = log
        .iter()
        .filter(|record| number(record) > after)
        .cloned()
        .collect();
    if wanted.get("after").is_none() {
        records.reverse();
    }
    let more = records.len() > top;
    records.truncate(top);
    AuditPage { records, more }
}

fn hub(log: &Log) -> FakeHub {
    let log = log.clone();
    FakeHub::new()
        .registry_answers(move |shard, request| {
            let RegistryRequest::ReadRecords(wanted) = request else {
                panic!("{request:?}")
            };
            let log = log.borrow();
            let of_shard = if shard == 1 { log.as_slice() } else { &[] };
            Ok(RegistryReply::Audit(page(of_shard, &wanted)))
        })
        .hub_answers(|request| match request {
            HubRequest::ReadRecords(_) => Ok(HubReply::Audit(AuditPage::default())),
            other => panic!("{other:?}"),
        })
}

fn write(log: &Log, number: u64) {
    let time = format!("2026-03-01T10:00:00.{number:03}0000Z");
    log.borrow_mut()
        .push(json!({ "time": time, "chain": "registry-1", "number": number }));
}

fn open(hub: &FakeHub, places: Option<Places>) -> OperationsStream {
    let now = hub.now.get();
    let ends = now.plus_seconds(3600);
    OperationsStream::new(json!({ "top": 100 }), |record| record, places, now, ends)
}

fn next(hub: &FakeHub, stream: &mut OperationsStream) -> String {
    String::from_utf8(block_on(stream.next(hub)).unwrap()).unwrap()
}

fn numbers(chunk: &str) -> Vec<u64> {
    let data = chunk.lines().filter_map(|line| line.strip_prefix("data: "));
    data.map(|data| {
        let record: Value = serde_json::from_str(data).unwrap();
        record["number"].as_u64().unwrap()
    })
    .collect()
}

fn last_id(chunk: &str) -> String {
    let id = chunk.lines().filter_map(|line| line.strip_prefix("id: "));
    id.fold("", |_, id| id).to_owned()
}

#[test]
fn it_begins_behind_what_there_is_and_tells_each_record_once() {
    let log = Log::default();
    write(&log, 1);
    let hub = hub(&log);
    let mut stream = open(&hub, None);
    let first = next(&hub, &mut stream);
    assert!(first.starts_with("retry: 1000\n: open\nid: "), "{first}");
    assert!(numbers(&first).is_empty());
    write(&log, 2);
    write(&log, 3);
    let chunk = next(&hub, &mut stream);
    assert_eq!(numbers(&chunk), [2, 3]);
    assert!(chunk.contains("event: operation\n"));
    write(&log, 4);
    assert_eq!(numbers(&next(&hub, &mut stream)), [4]);
    let before = hub.now.get();
    assert_eq!(next(&hub, &mut stream), ": heartbeat\n\n");
    let silence = hub.now.get().milliseconds() - before.milliseconds();
    assert!(silence <= HEARTBEAT_MILLISECONDS, "{silence}");
}

#[test]
fn a_client_that_comes_back_misses_nothing_and_sees_nothing_twice() {
    let log = Log::default();
    let hub = hub(&log);
    let mut stream = open(&hub, None);
    let opened = next(&hub, &mut stream);
    // It lost the connection before anything came: the first id counts too.
    for number in 1..=250 {
        write(&log, number);
    }
    let mut again = open(&hub, Some(Places::at(&last_id(&opened)).unwrap()));
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for _ in 0..2 {
        let chunk = next(&hub, &mut again);
        cursor = last_id(&chunk);
        seen.extend(numbers(&chunk));
    }
    let mut third = open(&hub, Some(Places::at(&cursor).unwrap()));
    seen.extend(numbers(&next(&hub, &mut third)));
    assert_eq!(seen, (1..=250).collect::<Vec<u64>>());
}
