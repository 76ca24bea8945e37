use super::*;
use crate::auth::Role;
use crate::http::fake::{FakeHub, PARTITIONS, block_on, request, time};
use crate::http::{Body, Method, Response, handle};
use crate::ipc::hub::HubReply;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

/// What a client does next.
enum Step {
    Say(Value),
    Send(Frame),
    /// Waits until it has got so many frames in all.
    Until(usize),
    /// Lets so many seconds pass.
    Pass(i64),
    Look(Box<dyn FnOnce(&FakeHub)>),
    Leave,
}

/// A client that does one thing after the other, and then stays.
struct Script<'a> {
    hub: &'a FakeHub,
    steps: RefCell<VecDeque<Step>>,
    sent: RefCell<Vec<Value>>,
    closed: RefCell<Option<(u16, String)>>,
    /// A step that has passed is seen by everybody else before the next one.
    rested: Cell<bool>,
}

impl Socket for Script<'_> {
    async fn next(&self) -> Frame {
        poll_fn(|_| {
            loop {
                let mut steps = self.steps.borrow_mut();
                match steps.front() {
                    None => return Poll::Pending,
                    Some(Step::Until(count)) if self.sent.borrow().len() < *count => {
                        return Poll::Pending;
                    }
                    Some(_) => {}
                }
                match steps.pop_front() {
                    Some(Step::Say(value)) => return Poll::Ready(Frame::Text(value.to_string())),
                    Some(Step::Send(frame)) => return Poll::Ready(frame),
                    Some(Step::Leave) => {
                        // What was said before is still to be done.
                        if !self.rested.replace(true) {
                            steps.push_front(Step::Leave);
                            return Poll::Pending;
                        }
                        return Poll::Ready(Frame::Closed);
                    }
                    Some(Step::Pass(seconds)) => {
                        self.hub.now.set(self.hub.now.get().plus_seconds(seconds));
                        return Poll::Pending;
                    }
                    Some(Step::Look(look)) => look(self.hub),
                    Some(Step::Until(_)) | None => {}
                }
            }
        })
        .await
    }

    fn send(&self, text: &str) {
        assert!(
            self.closed.borrow().is_none(),
            "nothing comes behind the end"
        );
        self.sent
            .borrow_mut()
            .push(serde_json::from_str(text).unwrap());
    }

    fn close(&self, code: u16, reason: &str) {
        *self.closed.borrow_mut() = Some((code, reason.to_owned()));
    }
}

fn hub() -> FakeHub {
    let hub = FakeHub::new().hub_answers(|_| {
        Ok(HubReply::ConsumerGroups(vec![
            "$Default".into(),
            "ops".into(),
        ]))
    });
    hub.sleeps_wait.set(true);
    hub
}

fn filled() -> FakeHub {
    let hub = hub();
    for number in 1..=6 {
        hub.store(u16::try_from(number % 3).unwrap(), number, json!(number));
    }
    hub
}

/// A whole talk: what was sent, and how the hub closed it if it did.
fn talk(hub: &FakeHub, steps: Vec<Step>) -> (Vec<Value>, Option<(u16, String)>) {
    talk_as(hub, true, steps)
}

fn talk_as(
    hub: &FakeHub,
    may_checkpoint: bool,
    steps: Vec<Step>,
) -> (Vec<Value>, Option<(u16, String)>) {
    let script = Script {
        hub,
        steps: RefCell::new(steps.into()),
        sent: RefCell::default(),
        closed: RefCell::default(),
        rested: Cell::new(false),
    };
    let socket = EventSocket {
        ends: hub.now.get().plus_seconds(600),
        may_checkpoint,
        name: "n".into(),
    };
    block_on(socket.run(hub, &script));
    (script.sent.take(), script.closed.take())
}

fn bodies(sent: &[Value]) -> Vec<i64> {
    let events = sent.iter().filter(|frame| frame["type"] == "event");
    events
        .map(|frame| frame["event"]["body"].as_i64().unwrap())
        .collect()
}

fn start(credit: u32) -> Step {
    Step::Say(json!({"type": "start", "from": "earliest", "credit": credit}))
}

fn credit(n: u32) -> Step {
    Step::Say(json!({"type": "credit", "n": n}))
}

#[test]
fn a_client_gets_as_many_events_as_it_takes() {
    let hub = filled();
    let reads = |most: usize| {
        Step::Look(Box::new(move |hub: &FakeHub| {
            assert_eq!(hub.reads.borrow().len(), most);
        }))
    };
    let partitions = usize::from(PARTITIONS);
    let (sent, closed) = talk(
        &hub,
        vec![
            start(2),
            Step::Until(2),
            // Nothing is read for a client without credit, however long it takes.
            Step::Pass(100),
            reads(2 * partitions),
            Step::Pass(100),
            reads(2 * partitions),
            credit(1),
            credit(2),
            Step::Until(5),
            Step::Leave,
        ],
    );
    assert_eq!(bodies(&sent), [1, 2, 3, 4, 5]);
    assert_eq!(closed, None);
    assert_eq!(sent.len(), 5);
}

#[test]
fn every_cursor_is_the_place_behind_its_event() {
    let hub = filled();
    let (all, _) = talk(&hub, vec![start(6), Step::Until(6), Step::Leave]);
    for (seen, frame) in all.iter().enumerate() {
        let from = format!("cursor:{}", frame["cursor"].as_str().unwrap());
        let again = json!({"type": "start", "from": from, "credit": 10});
        let (rest, _) = talk(
            &hub,
            vec![Step::Say(again), Step::Until(5 - seen), Step::Leave],
        );
        assert_eq!(bodies(&rest), bodies(&all)[seen + 1..].to_vec());
    }
}

#[test]
fn news_come_while_a_client_waits() {
    let hub = hub();
    let at = hub.now.get().plus_seconds(40);
    hub.arriving.borrow_mut().push((
        at,
        2,
        json!({"enqueuedTime": at.to_string(), "source": "Telemetry", "body": 5}),
    ));
    let latest = json!({"type": "start", "from": "latest", "credit": 3});
    let (sent, _) = talk(&hub, vec![Step::Say(latest), Step::Until(1), Step::Leave]);
    assert_eq!(bodies(&sent), [5]);
    assert!(hub.now.get() < at.plus_seconds(3));
    let reads = hub.reads.borrow();
    let waits = reads.iter().filter(|(_, read)| read.wait_until.is_some());
    let place = ReaderPlace {
        group: "$Default".into(),
        stream: Some("n".into()),
    };
    assert!(
        waits
            .into_iter()
            .all(|(_, read)| read.place.as_ref() == Some(&place))
    );
}

#[test]
fn what_is_stored_behind_the_start_is_not_missed_without_credit() {
    let hub = filled();
    let latest = json!({"type": "start", "from": "latest"});
    let (sent, _) = talk(
        &hub,
        vec![
            Step::Say(latest),
            Step::Pass(1),
            Step::Look(Box::new(|hub| {
                hub.store(1, 7, json!(7));
            })),
            credit(1),
            Step::Until(1),
            Step::Leave,
        ],
    );
    assert_eq!(bodies(&sent), [7]);
}

#[test]
fn an_acknowledged_cursor_is_the_groups_checkpoint() {
    let hub = filled();
    let begin = |group: &str, credit: u32| {
        Step::Say(json!({"type": "start", "group": group, "credit": credit}))
    };
    let (sent, _) = talk(&hub, vec![begin("ops", 4), Step::Until(4), Step::Leave]);
    let ack = |at: usize| Step::Say(json!({"type": "ack", "cursor": sent[at]["cursor"]}));
    talk(
        &hub,
        vec![
            begin("ops", 0),
            ack(1),
            Step::Pass(1),
            ack(2),
            Step::Pass(1),
            Step::Leave,
        ],
    );
    let (rest, _) = talk(&hub, vec![begin("ops", 9), Step::Until(3), Step::Leave]);
    assert_eq!(bodies(&rest), [4, 5, 6]);
    let (others, _) = talk(
        &hub,
        vec![begin("$Default", 9), Step::Until(6), Step::Leave],
    );
    assert_eq!(bodies(&others).len(), 6, "another group");
    // Behind its checkpoint a group is told so, and goes on.
    let (told, closed) = talk(
        &hub,
        vec![begin("ops", 0), ack(0), Step::Until(1), Step::Leave],
    );
    assert_eq!(
        (told[0]["code"].as_str(), closed),
        (Some("GenericConflict"), None)
    );
    assert!(hub.checkpoints.borrow().iter().all(|(.., force)| !force));
}

#[test]
fn acknowledgements_that_wait_are_stored_as_one() {
    let mut talk = Talk::default();
    talk.acknowledge(EventCursor([(0, 5), (1, 7)].into()));
    talk.acknowledge(EventCursor([(0, 6), (1, 6), (2, 1)].into()));
    assert_eq!(
        talk.acknowledged,
        Some(EventCursor([(0, 6), (1, 7), (2, 1)].into()))
    );
}

#[test]
fn who_may_not_move_checkpoints_reads_on() {
    let hub = filled();
    let cursor = EventCursor([(0, 1), (1, 1), (2, 1)].into()).encode();
    let ack = Step::Say(json!({"type": "ack", "cursor": cursor}));
    let (sent, closed) = talk_as(
        &hub,
        false,
        vec![
            start(0),
            ack,
            Step::Until(1),
            credit(1),
            Step::Until(2),
            Step::Leave,
        ],
    );
    assert_eq!(sent[0]["code"], "Forbidden");
    assert_eq!((bodies(&sent), closed), (vec![1], None));
    assert!(hub.checkpoints.borrow().is_empty());
}

#[test]
fn a_gap_is_told_before_the_oldest_event() {
    let hub = filled();
    hub.first_kept.set(2);
    let from = format!(
        "cursor:{}",
        EventCursor([(0, 0), (1, 0), (2, 0)].into()).encode()
    );
    let begin = json!({"type": "start", "from": from, "credit": 3});
    let (sent, _) = talk(&hub, vec![Step::Say(begin), Step::Until(4), Step::Leave]);
    assert_eq!(sent[0], json!({"type": "gap"}));
    assert_eq!(bodies(&sent), [4, 5, 6]);
}

#[test]
fn a_first_frame_chooses_as_a_query_does() {
    let hub = filled();
    let begin = json!({
        "type": "start", "from": "earliest", "credit": 9, "partition": 1, "source": "Telemetry",
        "filter": "a = 'b'", "deviceId": null,
    });
    talk(&hub, vec![Step::Say(begin), Step::Until(2), Step::Leave]);
    let reads = hub.reads.borrow();
    assert!(!reads.is_empty());
    for (partition, read) in reads.iter() {
        assert_eq!(*partition, 1);
        assert_eq!(read.sources, ["Telemetry"]);
        assert_eq!(read.filter.as_deref(), Some("a = 'b'"));
    }
}

/// How the hub ends a talk of these steps: the error's code, and the socket's.
fn refused(steps: Vec<Step>) -> (String, u16) {
    let (sent, closed) = talk(&filled(), steps);
    let last = sent.last().expect("an error");
    assert_eq!(last["type"], "error", "{last}");
    assert!(!last["message"].as_str().unwrap().is_empty());
    let (code, reason) = closed.expect("the end");
    let name = last["code"].as_str().unwrap().to_owned();
    assert_eq!(reason, name);
    (name, code)
}

#[test]
fn frames_that_break_the_rules_end_the_talk() {
    let invalid = ("ArgumentInvalid".to_owned(), 1008);
    let text = |text: &str| Step::Send(Frame::Text(text.to_owned()));
    for broken in [
        "",
        "hello",
        "[]",
        "{}",
        r#"{"type":"stop"}"#,
        r#"{"type":3}"#,
    ] {
        assert_eq!(refused(vec![text(broken)]), invalid, "{broken}");
        assert_eq!(refused(vec![start(0), text(broken)]), invalid, "{broken}");
    }
    assert_eq!(refused(vec![credit(1)]), invalid, "before the start");
    assert_eq!(refused(vec![start(1), start(1)]), invalid, "twice");
    for wrong in [
        json!({"from": "now"}),
        json!({"partition": 3}),
        json!({"partition": true}),
        json!({"source": "x"}),
        json!({"source": ["Telemetry"]}),
        json!({"group": "a b"}),
        json!({"deviceId": "a b"}),
        json!({"filter": "level <= 3"}),
        json!({"filter": "$twin.tags.a = 'b'"}),
        json!({"credit": -1}),
        json!({"credit": "9"}),
        json!({"credit": 1.5}),
        json!({"credit": 10_001}),
    ] {
        let mut begin = wrong.clone();
        begin["type"] = json!("start");
        assert_eq!(refused(vec![Step::Say(begin)]), invalid, "{wrong}");
    }
    assert_eq!(
        refused(vec![start(10_000), credit(7), credit(u32::MAX)]),
        invalid
    );
    assert_eq!(
        refused(vec![start(0), Step::Say(json!({"type": "credit"}))]),
        invalid
    );
    assert_eq!(
        refused(vec![
            start(0),
            Step::Say(json!({"type": "ack", "cursor": "x"}))
        ]),
        invalid
    );
    assert_eq!(
        refused(vec![start(0), Step::Say(json!({"type": "ack"}))]),
        invalid
    );
    assert_eq!(
        refused(vec![Step::Say(json!({"type": "start", "group": "nobody"}))]),
        ("GenericNotFound".to_owned(), 1008)
    );
    assert_eq!(
        refused(vec![Step::Send(Frame::TooLarge)]),
        ("MessageTooLarge".to_owned(), 1009)
    );
    assert_eq!(
        refused(vec![Step::Send(Frame::Binary)]),
        ("ArgumentInvalid".to_owned(), 1003)
    );
}

#[test]
fn silence_ends_before_the_start_and_with_the_credentials() {
    let hub = filled();
    let begun = hub.now.get();
    let passing = || (0..70).map(|_| Step::Pass(1)).collect::<Vec<_>>();
    let (sent, closed) = talk(&hub, passing());
    assert_eq!(sent[0]["type"], "error");
    assert_eq!(closed.unwrap().0, 1008);
    // A step of the clock or two passes before a timer is looked at.
    let took = |hub: &FakeHub| hub.now.get().milliseconds() - begun.milliseconds();
    assert!((60_000..62_000).contains(&took(&hub)));

    let mut steps = vec![start(0)];
    steps.extend((0..70).map(|_| Step::Pass(10)));
    hub.now.set(begun);
    let (sent, closed) = talk(&hub, steps);
    assert!(sent.is_empty(), "{sent:?}");
    assert_eq!(closed, Some((1001, "timeIsOver".to_owned())));
    assert!((600_000..640_000).contains(&took(&hub)));
    // As for a client that waits for news.
    let latest = json!({"type": "start", "from": "latest", "credit": 5});
    let (_, closed) = talk(&hub, vec![Step::Say(latest)]);
    assert_eq!(closed.unwrap().0, 1001);
}

#[test]
fn a_client_that_is_not_heard_of_is_not_sent_more_and_more() {
    let hub = hub();
    let large = "x".repeat(200_000);
    for number in 0..120 {
        hub.store(0, number, json!(large));
    }
    let counted = |hub: &FakeHub| hub.reads.borrow().len();
    let (sent, closed) = talk(
        &hub,
        vec![
            start(90),
            Step::Until(91),
            credit(30),
            Step::Until(121),
            Step::Leave,
        ],
    );
    assert_eq!(closed, None);
    assert_eq!(sent[90]["code"], "ThrottlingException");
    assert_eq!(
        sent.iter().filter(|frame| frame["type"] == "event").count(),
        120
    );
    assert!(counted(&hub) > 0);
}

fn upgrade(hub: &FakeHub, headers: &[(&str, &str)]) -> Response {
    let mut asked = request(Method::Get, "/api/v1/events/ws").with("host", "hub.example");
    for (name, value) in headers {
        asked = asked.with(name, value);
    }
    block_on(handle(hub, asked))
}

#[test]
fn who_may_open_one() {
    let hub = hub();
    let token = hub.token("service");
    let upgrading = ("upgrade", "WebSocket");
    let opened = upgrade(&hub, &[upgrading, ("authorization", &token)]);
    let Body::EventSocket(socket) = opened.body else {
        panic!("not a socket")
    };
    assert_eq!(opened.status, 101);
    assert!(socket.may_checkpoint);
    assert_eq!(socket.ends, time("2026-03-01T11:00:00Z"));

    let status = |headers: &[(&str, &str)]| upgrade(&hub, headers).status;
    assert_eq!(status(&[("authorization", &token)]), 400, "no upgrade");
    assert_eq!(status(&[upgrading]), 401);
    assert_eq!(
        status(&[upgrading, ("authorization", &hub.token("registryRead"))]),
        401
    );

    let cookie = hub.cookie(Role::Viewer);
    let own = ("origin", "https://hub.example");
    let Body::EventSocket(socket) = upgrade(&hub, &[upgrading, ("cookie", &cookie), own]).body
    else {
        panic!("not a socket")
    };
    assert!(!socket.may_checkpoint, "viewers read only");
    assert_eq!(status(&[upgrading, ("cookie", &cookie)]), 101, "no browser");
    let other = ("origin", "https://evil.example");
    assert_eq!(
        status(&[upgrading, ("cookie", &cookie), other]),
        403,
        "another site's page"
    );
}
