//! One partition of the event log (`query-routing-events.md` §4.1, §5.1, §5.2).

use serde_json::json;
use shared::error::ErrorCode;
use shared::hub::effects::Outgoing;
use shared::ipc::events::{
    EventPage, EventsReply, EventsRequest, HubEvent, PartitionInfo, Position, ReadEvents,
};
use shared::ipc::hub::{Retention, Settings};
use shared::ipc::stored::Stored;
use shared::time::Timestamp;
use simulation::actor::{Answer, Input, Request};
use simulation::stage::{Stage, identity, settings};
use std::rc::Rc;

fn bodies(page: &EventPage) -> Vec<String> {
    page.events
        .iter()
        .map(|event| event["body"].to_string())
        .collect()
}

fn info(stage: &mut Stage) -> PartitionInfo {
    match stage.partition(EventsRequest::Info) {
        Ok(EventsReply::Info(info)) => info,
        other => panic!("{other:?}"),
    }
}

fn three_segments() -> Stage {
    let mut stage = Stage::events();
    stage.append("pump-1", &["1", "2"]);
    stage.wait(1_000);
    stage.append("pump-2", &["3"]);
    stage.wait(1_000);
    stage.append("pump-1", &["4", "5"]);
    stage
}

fn hub_event(number: i64) -> HubEvent {
    HubEvent {
        identity: Some(identity("pump-1")),
        job: None,
        source: "twinChangeEvents".to_owned(),
        schema: "twinChangeNotification".to_owned(),
        operation: "updateTwin".to_owned(),
        time: Timestamp::UNSET,
        hub_name: "sim".to_owned(),
        request: None,
        body: json!({ "number": number }),
        twin: None,
    }
}

#[test]
fn a_batch_is_one_row_and_numbers_are_dense() {
    let mut stage = Stage::events();
    stage.append("pump-1", &["0"]);
    let before = stage.actor.sql.rows_written();
    stage.append(
        "pump-1",
        &["1", "2", "3", "4", "5", "6", "7", "8", "9", "10"],
    );
    assert_eq!(stage.actor.sql.rows_written() - before, 1);
    let page = stage.read(Position::Earliest);
    let numbers: Vec<_> = page
        .events
        .iter()
        .map(|event| event["sequenceNumber"].as_u64())
        .collect();
    assert_eq!(numbers, (1..=11).map(Some).collect::<Vec<_>>());
    assert_eq!(page.position, 11);
}

#[test]
fn telemetry_carries_what_the_hub_knows() {
    let mut stage = Stage::events();
    stage.append("pump-1", &["{\"t\":93}"]);
    let event = stage.read(Position::Earliest).events.remove(0);
    assert_eq!(event["id"], "0:1");
    assert_eq!(event["source"], "Telemetry");
    assert_eq!(event["deviceId"], "pump-1");
    assert_eq!(event["enqueuedTime"], "2026-03-01T00:00:00.0000000Z");
    assert_eq!(event["body"], json!({ "t": 93 }));
    let system = &event["systemProperties"];
    assert_eq!(system["iothub-connection-device-id"], "pump-1");
    assert_eq!(system["iothub-enqueuedtime"], json!(1_772_323_200_000_i64));
    assert_eq!(system["content-type"], "application/json");
}

#[test]
fn every_position_begins_where_it_says() {
    let mut stage = three_segments();
    let all = stage.read(Position::Earliest);
    assert_eq!(bodies(&all), ["1", "2", "3", "4", "5"]);
    assert_eq!(bodies(&stage.read(Position::Latest)), [""; 0]);
    assert_eq!(
        bodies(&stage.read(Position::After(0))),
        ["1", "2", "3", "4", "5"]
    );
    assert_eq!(bodies(&stage.read(Position::After(2))), ["3", "4", "5"]);
    assert_eq!(bodies(&stage.read(Position::After(4))), ["5"]);
    assert_eq!(bodies(&stage.read(Position::After(99))), [""; 0]);
    let start = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
    assert_eq!(bodies(&stage.read(Position::Time(start))).len(), 5);
    assert_eq!(
        bodies(&stage.read(Position::Time(start.plus_milliseconds(1)))),
        ["3", "4", "5"]
    );
    assert_eq!(
        bodies(&stage.read(Position::Time(start.plus_seconds(2)))),
        ["4", "5"]
    );
    assert_eq!(
        bodies(&stage.read(Position::Time(start.plus_seconds(3)))),
        [""; 0]
    );
    for (index, event) in all.events.iter().enumerate() {
        let offset = event["offset"].as_str().unwrap().to_owned();
        let rest = stage.read(Position::AfterOffset(offset));
        assert_eq!(bodies(&rest), bodies(&all)[index + 1..].to_vec());
    }
    let refused = stage.partition(EventsRequest::Read(ReadEvents {
        position: Position::AfterOffset("here".to_owned()),
        max: 1,
        device: None,
        sources: Vec::new(),
        filter: None,
        wait_until: None,
        place: None,
    }));
    assert_eq!(refused.unwrap_err().code, ErrorCode::ArgumentInvalid);
}

#[test]
fn pages_have_the_asked_size_and_continue_in_the_middle_of_a_batch() {
    let mut stage = three_segments();
    let mut seen = Vec::new();
    let mut position = Position::Earliest;
    loop {
        let page = stage.read_with(ReadEvents {
            position,
            max: 2,
            device: None,
            sources: Vec::new(),
            filter: None,
            wait_until: None,
            place: None,
        });
        if page.events.is_empty() {
            break;
        }
        assert!(page.events.len() <= 2);
        seen.extend(bodies(&page));
        position = Position::After(page.position);
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5"]);
}

#[test]
fn filtered_events_count_as_read() {
    let mut stage = three_segments();
    let read = |device: Option<&str>, sources: &[&str]| ReadEvents {
        position: Position::Earliest,
        max: 1000,
        device: device.map(str::to_owned),
        sources: sources.iter().map(|source| (*source).to_owned()).collect(),
        filter: None,
        wait_until: None,
        place: None,
    };
    let page = stage.read_with(read(Some("pump-2"), &[]));
    assert_eq!((bodies(&page), page.position), (vec!["3".to_owned()], 5));
    let page = stage.read_with(read(None, &["twinChangeEvents"]));
    assert_eq!((page.events.len(), page.position), (0, 5));
    let page = stage.read_with(read(None, &["telemetry"]));
    assert_eq!(page.events.len(), 5);
}

#[test]
fn a_condition_chooses_events_and_the_others_count_as_read() {
    let mut stage = Stage::events();
    stage.append(
        "pump-1",
        &[r#"{"t":1}"#, r#"{"t":2}"#, "not json", r#"{"t":3}"#],
    );
    stage.append("pump-2", &[r#"{"t":4}"#]);
    let read = |filter: &str, max: u32| ReadEvents {
        position: Position::Earliest,
        max,
        device: None,
        sources: Vec::new(),
        filter: Some(filter.to_owned()),
        wait_until: None,
        place: None,
    };
    let hot = "$body.t > 1 AND $connectionDeviceId = 'pump-1'";
    let page = stage.read_with(read(hot, 10));
    let texts = |page: &EventPage| bodies(page).join(" ");
    assert_eq!(
        (texts(&page).as_str(), page.position),
        (r#"{"t":2} {"t":3}"#, 5)
    );
    let page = stage.read_with(read(hot, 1));
    assert_eq!((texts(&page).as_str(), page.position), (r#"{"t":2}"#, 2));
    let page = stage.read_with(read("NOT IS_DEFINED($body.t)", 10));
    assert_eq!((page.events.len(), page.position), (1, 5));
    let refused = stage.partition(EventsRequest::Read(read("level <= 3", 10)));
    assert_eq!(refused.unwrap_err().code, ErrorCode::ArgumentInvalid);

    let waiting = wait_for_some(&mut stage, None, Some(hot), 10);
    stage.append("pump-2", &[r#"{"t":5}"#]);
    stage.append("pump-1", &[r#"{"t":0}"#]);
    assert!(page_for(&stage, waiting).is_none(), "none of these");
    stage.append("pump-1", &[r#"{"t":6}"#]);
    let page = page_for(&stage, waiting).expect("this one");
    assert_eq!((texts(&page).as_str(), page.position), (r#"{"t":6}"#, 8));
}

#[test]
fn checkpoints_move_forward_unless_forced() {
    let mut stage = three_segments();
    let checkpoint = |sequence_number: u64, force: bool| EventsRequest::Checkpoint {
        group: "g".to_owned(),
        sequence_number,
        force,
    };
    let behind = || Position::Checkpoint("g".to_owned());
    assert_eq!(
        stage.read(behind()).events.len(),
        5,
        "a new group begins at the oldest"
    );
    stage.partition(checkpoint(4, false)).unwrap();
    assert_eq!(bodies(&stage.read(behind())), ["5"]);
    let refused = stage.partition(checkpoint(2, false)).unwrap_err();
    assert_eq!(refused.code, ErrorCode::GenericConflict);
    stage.partition(checkpoint(4, false)).unwrap();
    stage.partition(checkpoint(2, true)).unwrap();
    stage.actor.forget(true);
    assert_eq!(stage.read(behind()).events.len(), 3, "checkpoints survive");
    stage
        .partition(EventsRequest::ForgetGroup("g".to_owned()))
        .unwrap();
    assert_eq!(stage.read(behind()).events.len(), 5);
}

fn retain(stage: &mut Stage, version: u64, days: u32, bytes: u64) {
    let new = Settings {
        version,
        retention: Retention { days, bytes },
        ..settings()
    };
    stage
        .partition(EventsRequest::ApplySettings(Box::new(new)))
        .unwrap();
}

#[test]
fn retention_by_time_trims_and_readers_see_the_gap() {
    let mut stage = Stage::events();
    stage.append("pump-1", &["1", "2"]);
    assert_eq!(
        stage.output.alarm,
        Some(stage.now.plus_seconds(600)),
        "trimming is planned"
    );
    stage.wait(12 * 3_600_000);
    stage.append("pump-1", &["3"]);
    stage.wait(13 * 3_600_000);
    stage.append("pump-1", &["4"]);
    stage.input(Input::Alarm);
    assert!(stage.output.alarm.is_some(), "more will be old one day");
    let page = stage.read(Position::After(0));
    assert_eq!(bodies(&page), ["3", "4"]);
    assert!(page.gap);
    let page = stage.read(Position::Earliest);
    assert!(!page.gap);
    assert_eq!(info(&mut stage).begin_sequence_number, 3);
    assert_eq!(info(&mut stage).last_sequence_number, 4);
    stage.append("pump-1", &["5"]);
    assert_eq!(
        bodies(&stage.read(Position::After(3))),
        ["4", "5"],
        "numbers go on"
    );
}

#[test]
fn retention_by_size_keeps_the_newest() {
    let mut stage = Stage::events();
    retain(&mut stage, 2, 7, 1_000);
    let large = format!("\"{}\"", "x".repeat(600));
    for _ in 0..4 {
        stage.append("pump-1", &[&large]);
    }
    stage.input(Input::Alarm);
    let page = stage.read(Position::Earliest);
    assert_eq!(
        page.events.len(),
        2,
        "the limit cuts through the second newest"
    );
    assert!(info(&mut stage).bytes >= 1_000);
    retain(&mut stage, 3, 7, 1);
    stage.input(Input::Alarm);
    assert_eq!(
        stage.read(Position::Earliest).events.len(),
        1,
        "the newest stays"
    );
    assert_eq!(info(&mut stage).begin_sequence_number, 4);
    stage.actor.forget(true);
    stage.append("pump-1", &["9"]);
    assert_eq!(
        stage.read(Position::Latest).position,
        5,
        "numbers are never used twice"
    );
}

fn wait_for(stage: &mut Stage, device: Option<&str>, seconds: i64) -> u64 {
    wait_for_some(stage, device, None, seconds)
}

fn wait_for_some(
    stage: &mut Stage,
    device: Option<&str>,
    filter: Option<&str>,
    seconds: i64,
) -> u64 {
    let read = ReadEvents {
        position: Position::Latest,
        max: 10,
        device: device.map(str::to_owned),
        sources: Vec::new(),
        filter: filter.map(str::to_owned),
        wait_until: Some(stage.now.plus_seconds(seconds)),
        place: None,
    };
    let (token, answer) =
        stage.request(Request::Actor(Outgoing::Events(EventsRequest::Read(read))));
    assert!(answer.is_none(), "it waits");
    token
}

fn page_for(stage: &Stage, token: u64) -> Option<EventPage> {
    stage
        .output
        .replies
        .iter()
        .find_map(|(waiting, answer)| match answer {
            Answer::Events(Ok(EventsReply::Page(page))) if *waiting == token => Some(page.clone()),
            _ => None,
        })
}

#[test]
fn a_long_poll_ends_with_the_first_matching_event_or_with_time() {
    let mut stage = three_segments();
    let one = wait_for(&mut stage, Some("pump-2"), 10);
    assert_eq!(stage.output.timer, Some(stage.now.plus_seconds(10)));
    stage.append("pump-1", &["6"]);
    assert!(page_for(&stage, one).is_none(), "not its device");
    stage.append("pump-2", &["7"]);
    let page = page_for(&stage, one).expect("its device");
    assert_eq!((bodies(&page), page.position), (vec!["7".to_owned()], 7));
    let two = wait_for(&mut stage, Some("pump-2"), 10);
    stage.append("pump-1", &["8"]);
    stage.wait(9_999);
    stage.input(Input::Timer);
    assert!(page_for(&stage, two).is_none());
    assert!(stage.output.timer.is_some(), "it still waits");
    stage.wait(1);
    stage.input(Input::Timer);
    let page = page_for(&stage, two).expect("its time is over");
    assert_eq!(
        (page.events.len(), page.position),
        (0, 8),
        "what was passed over counts as read"
    );
}

#[test]
fn a_reader_does_not_wait_when_there_is_something() {
    let mut stage = three_segments();
    let page = stage.read_with(ReadEvents {
        position: Position::After(3),
        max: 10,
        device: None,
        sources: Vec::new(),
        filter: None,
        wait_until: Some(stage.now.plus_seconds(30)),
        place: None,
    });
    assert_eq!(bodies(&page), ["4", "5"]);
}

#[test]
fn only_so_many_readers_wait() {
    let mut stage = Stage::events();
    for _ in 0..256 {
        wait_for(&mut stage, None, 10);
    }
    let refused = stage.partition(EventsRequest::Read(ReadEvents {
        position: Position::Latest,
        max: 1,
        device: None,
        sources: Vec::new(),
        filter: None,
        wait_until: Some(stage.now.plus_seconds(10)),
        place: None,
    }));
    assert_eq!(refused.unwrap_err().code, ErrorCode::ThrottlingException);
}

#[test]
fn hub_events_are_taken_once_whatever_comes_twice() {
    let mut stage = Stage::events();
    let send = |stage: &mut Stage, origin: &str, numbers: &[u64]| {
        let events = numbers
            .iter()
            .map(|number| {
                let event = Stored::of(&hub_event(*number as i64)).unwrap();
                (*number, event)
            })
            .collect();
        let request = EventsRequest::AppendHubEvents {
            origin: origin.to_owned(),
            events,
        };
        stage.partition(request).unwrap();
    };
    send(&mut stage, "registry-0", &[1, 2]);
    send(&mut stage, "registry-0", &[1, 2]);
    stage.actor.forget(true);
    send(&mut stage, "registry-0", &[2, 5]);
    send(&mut stage, "registry-1", &[1]);
    let page = stage.read(Position::Earliest);
    let numbers: Vec<_> = page
        .events
        .iter()
        .map(|event| event["body"]["number"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [1, 2, 5, 1]);
    let event = &page.events[0];
    assert_eq!(event["source"], "twinChangeEvents");
    assert_eq!(event["applicationProperties"]["opType"], "updateTwin");
    assert_eq!(
        event["applicationProperties"]["iothub-message-schema"],
        "twinChangeNotification"
    );
    assert_eq!(event["systemProperties"]["user-id"], "sim");
}

#[test]
fn a_cut_batch_is_refused_and_nothing_is_stored() {
    let mut stage = Stage::events();
    let refused = stage.request(Request::Actor(Outgoing::Append(Rc::new(vec![1, 0, 200]))));
    assert!(matches!(refused.1, Some(Answer::Appended(Err(_)))));
    stage.actor.sql.set_broken(true);
    let mut data = Vec::new();
    shared::hub::segment::encode_hub_event(&mut data, "pump-1", "{}");
    let refused = stage.request(Request::Actor(Outgoing::Append(Rc::new(data))));
    assert!(matches!(refused.1, Some(Answer::Appended(Err(_)))));
    stage.actor.sql.set_broken(false);
    assert_eq!(info(&mut stage).last_sequence_number, 0);
    stage.append("pump-1", &["1"]);
    assert_eq!(stage.read(Position::Earliest).position, 1);
}

#[test]
fn times_in_the_log_never_go_back() {
    let mut stage = Stage::events();
    stage.append("pump-1", &["1"]);
    stage.wait(-5_000);
    stage.append("pump-1", &["2"]);
    let page = stage.read(Position::Earliest);
    assert_eq!(
        page.events[0]["enqueuedTime"],
        page.events[1]["enqueuedTime"]
    );
}

#[test]
fn info_tells_where_the_log_begins_and_ends() {
    let mut stage = Stage::events();
    let empty = info(&mut stage);
    assert_eq!(
        (empty.begin_sequence_number, empty.last_sequence_number),
        (1, 0)
    );
    assert_eq!(empty.last_enqueued_time, None);
    let mut stage = three_segments();
    let full = info(&mut stage);
    assert_eq!(
        (full.begin_sequence_number, full.last_sequence_number),
        (1, 5)
    );
    assert_eq!(full.last_enqueued_time, Some(stage.now));
    let newest = stage.read(Position::After(4)).events.remove(0);
    assert_eq!(json!(full.last_offset), newest["offset"]);
}
