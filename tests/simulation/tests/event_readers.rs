//! Five readers of each consumer group follow a partition (`query-routing-events.md` §5.1).

use shared::error::ErrorCode;
use shared::hub::effects::Outgoing;
use shared::ipc::events::{EventsReply, EventsRequest, Position, ReadEvents, ReaderPlace};
use simulation::actor::{Answer, Input, Request};
use simulation::stage::Stage;

/// Begins a wait of ten seconds; `None` if it waits, else the refusal.
fn wait(stage: &mut Stage, group: &str, stream: Option<&str>) -> Option<ErrorCode> {
    let place = ReaderPlace {
        group: group.to_owned(),
        stream: stream.map(str::to_owned),
    };
    wait_at(stage, Some(place))
}

fn wait_at(stage: &mut Stage, place: Option<ReaderPlace>) -> Option<ErrorCode> {
    let read = ReadEvents {
        position: Position::Latest,
        max: 10,
        device: None,
        sources: Vec::new(),
        filter: None,
        place,
        wait_until: Some(stage.now.plus_seconds(10)),
    };
    let request = Request::Actor(Outgoing::Events(EventsRequest::Read(read)));
    match stage.request(request).1 {
        None => None,
        Some(Answer::Events(Err(error))) => Some(error.code),
        other => panic!("{other:?}"),
    }
}

const FULL: Option<ErrorCode> = Some(ErrorCode::ThrottlingException);

#[test]
fn the_sixth_reader_of_a_group_is_refused_until_one_has_its_answer() {
    let mut stage = Stage::events();
    for _ in 0..5 {
        assert_eq!(wait(&mut stage, "$Default", None), None);
    }
    assert_eq!(wait(&mut stage, "$Default", None), FULL);
    assert_eq!(wait(&mut stage, "billing", None), None, "another group");
    assert_eq!(wait_at(&mut stage, None), None, "of a single device");
    // News for all of them: nobody waits any more.
    stage.append("pump-1", &["1"]);
    assert_eq!(stage.output.replies.len(), 7);
    assert_eq!(wait(&mut stage, "$Default", None), None);
}

#[test]
fn a_wait_that_ends_without_news_makes_room_too() {
    let mut stage = Stage::events();
    for _ in 0..5 {
        assert_eq!(wait(&mut stage, "$Default", None), None);
    }
    stage.wait(10_000);
    stage.input(Input::Timer);
    assert!(stage.output.replies.iter().all(|(_, answer)| matches!(
        answer,
        Answer::Events(Ok(EventsReply::Page(page))) if page.events.is_empty()
    )));
    assert_eq!(wait(&mut stage, "$Default", None), None);
}

#[test]
fn a_stream_keeps_its_place_between_two_waits_and_loses_it_when_it_stays_away() {
    let mut stage = Stage::events();
    let names = ["a", "b", "c", "d", "e"];
    for name in names {
        assert_eq!(wait(&mut stage, "$Default", Some(name)), None);
    }
    stage.append("pump-1", &["1"]);
    stage.wait(2_000);
    assert_eq!(wait(&mut stage, "$Default", Some("f")), FULL);
    assert_eq!(wait(&mut stage, "$Default", None), FULL);
    for name in &names[1..] {
        assert_eq!(wait(&mut stage, "$Default", Some(name)), None, "{name}");
    }
    // The first one has not come back; while the others wait, time does them no harm.
    stage.wait(4_000);
    assert_eq!(wait(&mut stage, "$Default", Some("f")), None);
    assert_eq!(wait(&mut stage, "$Default", Some("a")), FULL);
}
