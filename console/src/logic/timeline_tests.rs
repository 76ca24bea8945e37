use super::*;
use serde_json::json;

fn at(minute: u32) -> String {
    format!("2026-03-02T10:{minute:02}:00Z")
}

fn read(source: Source, documents: Vec<Value>, more: bool) -> Read {
    Read {
        source,
        documents,
        more,
    }
}

fn change(minute: u32, cause: &str) -> Value {
    json!({ "time": at(minute), "cause": cause, "version": minute })
}

fn told(timeline: &Timeline) -> Vec<(String, &'static str)> {
    let entries = timeline.entries.iter();
    entries
        .map(|entry| (entry.time.clone(), entry.kind.name()))
        .collect()
}

#[test]
fn lists_become_one_the_newest_first() {
    let timeline = merge(vec![
        read(
            Source::Twin,
            vec![change(30, "service"), change(10, "job")],
            false,
        ),
        read(
            Source::Audit,
            vec![json!({ "time": at(20), "action": "invokeMethod", "result": "ok" })],
            false,
        ),
        read(
            Source::Sessions,
            vec![json!({ "time": at(25), "sessionSeconds": 600, "detail": "keep-alive" })],
            false,
        ),
    ]);
    assert_eq!(
        told(&timeline),
        [
            (at(30), "twin"),
            (at(25), "connection"),
            (at(20), "command"),
            (at(15), "connection"),
            (at(10), "twin"),
        ]
    );
    assert!(!timeline.more);
}

#[test]
fn nothing_shows_past_the_point_where_a_list_is_not_read() {
    let timeline = merge(vec![
        read(
            Source::Twin,
            vec![change(30, "service"), change(20, "job")],
            true,
        ),
        read(
            Source::Audit,
            vec![
                json!({ "time": at(25), "action": "sendMessage", "result": "ok" }),
                json!({ "time": at(5), "action": "sendMessage", "result": "ok" }),
            ],
            false,
        ),
    ]);
    assert_eq!(
        told(&timeline),
        [(at(30), "twin"), (at(25), "command"), (at(20), "twin")]
    );
    assert!(timeline.more);
}

#[test]
fn a_page_of_nothing_but_what_is_told_elsewhere_hides_nothing_newer() {
    let written = |minute| json!({ "time": at(minute), "action": "updateTwin", "result": "ok" });
    let timeline = merge(vec![
        read(Source::Audit, vec![written(30), written(20)], true),
        read(
            Source::Twin,
            vec![
                change(30, "service"),
                change(20, "service"),
                change(10, "job"),
            ],
            false,
        ),
    ]);
    assert_eq!(told(&timeline), [(at(30), "twin"), (at(20), "twin")]);
}

#[test]
fn reports_without_anything_between_are_one() {
    let changes = vec![
        change(40, "device"),
        change(39, "device"),
        change(38, "device"),
        change(30, "service"),
        change(29, "device"),
    ];
    let timeline = merge(vec![read(Source::Twin, changes, false)]);
    let times: Vec<usize> = timeline.entries.iter().map(|entry| entry.times).collect();
    assert_eq!(times, [3, 1, 1]);
    assert_eq!(timeline.entries[0].time, at(40));
}

#[test]
fn a_written_twin_shows_once_and_a_refused_write_too() {
    let audit = vec![
        json!({ "time": at(3), "action": "updateTwin", "result": "ok" }),
        json!({ "time": at(2), "action": "updateTwin", "result": "PreconditionFailed" }),
    ];
    let timeline = merge(vec![
        read(Source::Twin, vec![change(3, "service")], false),
        read(Source::Audit, audit, false),
    ]);
    assert_eq!(told(&timeline), [(at(3), "twin"), (at(2), "twin")]);
}

#[test]
fn sessions_begin_and_end_once() {
    let timeline = merge(vec![
        read(
            Source::Sessions,
            vec![
                json!({ "connectedAt": at(50) }),
                json!({ "time": at(40), "sessionSeconds": 60 }),
            ],
            false,
        ),
        read(
            Source::Operations,
            vec![
                json!({ "time": at(40), "category": "Connections", "operationName": "deviceDisconnect" }),
                json!({ "time": at(45), "category": "Connections", "operationName": "deviceConnect" }),
            ],
            false,
        ),
    ]);
    let acts: Vec<(String, &str)> = timeline
        .entries
        .iter()
        .map(|entry| (entry.time.clone(), entry.act))
        .collect();
    assert_eq!(
        acts,
        [
            (at(50), "connected"),
            (at(45), ""),
            (at(40), "ended"),
            (at(39), "connected"),
        ]
    );
}

#[test]
fn what_has_no_time_is_left_out_and_the_address_reads_back() {
    let jobs = vec![
        json!({ "jobId": "a" }),
        json!({ "jobId": "b", "startTimeUtc": at(1) }),
    ];
    let timeline = merge(vec![read(Source::Jobs, jobs, false)]);
    assert_eq!(told(&timeline), [(at(1), "job")]);
    for kind in Kind::ALL {
        assert_eq!(read_kind(&write_kind(Some(kind))), Some(kind));
    }
    assert_eq!(write_kind(None), "");
    assert_eq!(read_kind("?kind=other"), None);
}
