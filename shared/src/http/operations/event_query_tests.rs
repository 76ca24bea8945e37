use super::*;
use crate::http::fake::{FakeHub, PARTITIONS, request};
use crate::http::{Backend, Method};
use std::collections::BTreeSet;

fn query(text: &str) -> Result<EventQuery, HubError> {
    EventQuery::read(
        &request(Method::Get, &format!("/api/v1/events?{text}")),
        FakeHub::new().layout(),
        "checkpoint",
    )
}

fn partitions(text: &str) -> BTreeSet<u16> {
    query(text).unwrap().reader.partitions().collect()
}

#[test]
fn the_partition_is_given_or_follows_from_the_device_or_is_all() {
    assert_eq!(partitions("from=latest"), (0..PARTITIONS).collect());
    assert_eq!(partitions("from=latest&partition=2"), [2].into());
    let device = FakeHub::new()
        .layout()
        .partition_of(&DeviceId::parse("pump-7").unwrap());
    assert_eq!(partitions("from=latest&deviceId=pump-7"), [device].into());
    assert!(query("partition=3").is_err());
    assert!(query("partition=x").is_err());
    assert!(query("deviceId=a%20b").is_err());
}

#[test]
fn the_group_matters_only_where_its_checkpoint_is_read() {
    assert_eq!(query("").unwrap().group.as_deref(), Some("$Default"));
    assert_eq!(query("group=ops").unwrap().group.as_deref(), Some("ops"));
    assert_eq!(query("group=ops&from=latest").unwrap().group, None);
    assert!(query("group=a%20b").is_err());
    assert!(query(&format!("group={}", "g".repeat(51))).is_err());
}

#[test]
fn every_documented_beginning_is_understood() {
    let cursor = EventCursor([(0, 1), (1, 2), (2, 3)].into()).encode();
    for from in [
        "earliest",
        "latest",
        "checkpoint",
        "time:2026-03-01T10:00:00%2B01:00",
        &format!("cursor:{cursor}"),
    ] {
        assert!(query(&format!("from={from}")).is_ok(), "{from}");
    }
    for from in ["seq:5", "offset:377344"] {
        assert!(query(&format!("from={from}&partition=0")).is_ok(), "{from}");
        let error = query(&format!("from={from}")).unwrap_err();
        assert!(error.message.contains("partition="), "{}", error.message);
    }
    for from in [
        "now",
        "seq:",
        "seq:-1",
        "seq:x",
        "offset:",
        "time:yesterday",
        "cursor:x",
        "earliest:1",
    ] {
        assert!(
            query(&format!("from={from}&partition=0")).is_err(),
            "{from}"
        );
    }
}

#[test]
fn a_cursor_keeps_what_is_not_read_and_must_cover_what_is() {
    let all = EventCursor([(0, 1), (1, 2), (2, 3)].into());
    let read = query(&format!("from=cursor:{}&partition=1", all.encode())).unwrap();
    assert_eq!(read.reader.cursor(), all);
    let one = EventCursor([(1, 2)].into()).encode();
    assert!(query(&format!("from=cursor:{one}&partition=1")).is_ok());
    let error = query(&format!("from=cursor:{one}")).unwrap_err();
    assert!(
        error.message.contains("does not cover"),
        "{}",
        error.message
    );
}

#[test]
fn sources_take_the_documented_spelling_and_unknown_ones_are_refused() {
    let read = |text: &str| read_sources(Some(text));
    assert_eq!(
        read("telemetry,TwinChangeEvents").unwrap(),
        ["Telemetry", "twinChangeEvents"]
    );
    assert_eq!(read("DeviceMessages").unwrap(), ["Telemetry"]);
    assert!(
        read("nonsense")
            .unwrap_err()
            .message
            .contains("twinChangeEvents")
    );
}

#[test]
fn a_condition_is_compiled_before_anything_is_read() {
    assert!(query("filter=level%3D%27high%27").is_ok());
    let error = query("filter=level%20%3C%3D%203").unwrap_err();
    assert_eq!(error.code.status(), 400);
    assert!(
        error.message.contains("Line 1, column 7"),
        "{}",
        error.message
    );
    assert!(
        query("filter=$twin.tags.a%3D1")
            .unwrap_err()
            .message
            .contains("$twin")
    );
    let change = "filter=twin_change_includes(tags)";
    assert!(query(change).is_err());
    assert!(query(&format!("{change}&source=twinChangeEvents")).is_ok());
}
