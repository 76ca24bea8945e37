use super::*;
use crate::http::fake::{FakeHub, block_on, request};
use crate::http::{Method, handle};

fn call(hub: &FakeHub, method: Method, target: &str, body: Option<Value>) -> Response {
    let mut asked = request(method, target).with("authorization", &hub.token("service"));
    if let Some(body) = body {
        asked = asked.with_json(&body);
    }
    block_on(handle(hub, asked))
}

fn get(hub: &FakeHub, query: &str) -> Response {
    call(hub, Method::Get, &format!("/api/v1/events?{query}"), None)
}

fn bodies(response: &Response) -> Vec<i64> {
    let events = response.value()["events"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    events
        .iter()
        .map(|event| event["body"].as_i64().unwrap())
        .collect()
}

fn filled() -> FakeHub {
    let hub = FakeHub::new().hub_answers(|request| match request {
        HubRequest::ListConsumerGroups => Ok(HubReply::ConsumerGroups(vec![
            "$Default".into(),
            "ops".into(),
        ])),
        other => panic!("unexpected {other:?}"),
    });
    for number in 1..=6 {
        hub.store(u16::try_from(number % 3).unwrap(), number, json!(number));
    }
    hub
}

#[test]
fn pages_follow_each_other_by_cursor() {
    let hub = filled();
    let mut from = "earliest".to_owned();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let page = get(&hub, &format!("from={from}&max=2"));
        assert_eq!(page.value()["gap"], false);
        seen.extend(bodies(&page));
        from = format!("cursor:{}", page.value()["cursor"].as_str().unwrap());
    }
    assert_eq!(seen, [1, 2, 3, 4, 5, 6]);
    let end = get(&hub, &format!("from={from}"));
    assert_eq!((end.status, &end.value()["events"]), (200, &json!([])));
}

#[test]
fn a_long_poll_ends_with_the_first_event_or_after_its_time() {
    let hub = filled();
    let start = hub.now.get();
    let at = start.plus_seconds(9);
    hub.arriving
        .borrow_mut()
        .push((at, 1, json!({"enqueuedTime": at.to_string(), "body": 7})));
    assert_eq!(bodies(&get(&hub, "from=latest&wait=30")), [7]);
    assert!(hub.now.get() >= at && hub.now.get() <= at.plus_milliseconds(MERGED_WAIT_MILLISECONDS));
    let before = hub.now.get();
    let empty = get(&hub, "from=latest&wait=5");
    assert_eq!((empty.status, bodies(&empty)), (200, vec![]));
    assert_eq!(hub.now.get(), before.plus_seconds(5));
    get(&hub, "from=latest");
    assert_eq!(
        hub.now.get(),
        before.plus_seconds(5),
        "without wait nobody waits"
    );
}

#[test]
fn a_checkpoint_is_where_the_group_goes_on() {
    let hub = filled();
    let page = get(&hub, "from=earliest&max=4");
    let cursor = page.value()["cursor"].clone();
    let checkpoint =
        |body: Value| call(&hub, Method::Post, "/api/v1/events/checkpoint", Some(body));
    let stored = checkpoint(json!({"group": "ops", "cursor": cursor}));
    assert_eq!((stored.status, stored.text().as_str()), (204, ""));
    assert_eq!(bodies(&get(&hub, "group=ops")), [5, 6]);
    assert_eq!(
        bodies(&get(&hub, "")).len(),
        6,
        "$Default has not read anything"
    );

    let back = EventCursor([(0, 0), (1, 0), (2, 0)].into()).encode();
    let refused = checkpoint(json!({"group": "ops", "cursor": back}));
    assert_eq!(
        (refused.status, refused.header("iothub-errorcode")),
        (409, Some("GenericConflict"))
    );
    assert_eq!(
        checkpoint(json!({"group": "ops", "cursor": back, "force": true})).status,
        204
    );
    assert_eq!(bodies(&get(&hub, "group=ops")).len(), 6);

    assert_eq!(checkpoint(json!({"group": "ops"})).status, 400);
    assert_eq!(
        checkpoint(json!({"group": "ops", "cursor": "x"})).status,
        400
    );
    assert_eq!(
        checkpoint(json!({"group": "nobody", "cursor": cursor})).status,
        404
    );
    assert_eq!(get(&hub, "group=nobody").status, 404);
}

#[test]
fn numbers_have_their_limits() {
    let hub = filled();
    for query in ["max=0", "max=1001", "max=x", "wait=61", "wait=-1"] {
        assert_eq!(get(&hub, query).status, 400, "{query}");
    }
    assert_eq!(get(&hub, "max=1000&wait=60").status, 200);
}

#[test]
fn info_tells_every_partition_in_the_documented_shape() {
    let hub = filled();
    let info = call(&hub, Method::Get, "/api/v1/events/info", None).value();
    assert_eq!(
        (&info["partitionCount"], &info["retentionTimeInDays"]),
        (&json!(3), &json!(1))
    );
    let first = &info["partitions"][0];
    assert_eq!(
        (
            &first["id"],
            &first["beginSequenceNumber"],
            &first["lastSequenceNumber"]
        ),
        (&json!(0), &json!(1), &json!(2))
    );
    assert!(
        first["lastEnqueuedTime"]
            .as_str()
            .unwrap()
            .starts_with("2026-03-01T10:00:06")
    );
    assert!(first["lastOffset"].is_string());
}

#[test]
fn consumer_groups_are_made_once_and_deleted_with_their_checkpoints() {
    let hub = FakeHub::new().hub_answers({
        let mut new = true;
        move |request| match request {
            HubRequest::PutConsumerGroup(name) => {
                assert_eq!(name, "ops");
                Ok(HubReply::Changed(std::mem::replace(&mut new, false)))
            }
            HubRequest::DeleteConsumerGroup(_) => Ok(HubReply::Changed(true)),
            HubRequest::ListConsumerGroups => Ok(HubReply::ConsumerGroups(vec![
                "$Default".into(),
                "ops".into(),
            ])),
            other => panic!("unexpected {other:?}"),
        }
    });
    let put = |name: &str| {
        call(
            &hub,
            Method::Put,
            &format!("/api/v1/consumer-groups/{name}"),
            None,
        )
    };
    assert_eq!((put("ops").status, put("ops").status), (201, 200));
    assert_eq!(put("$Default").status, 200);
    assert_eq!(put("a%20b").status, 400);
    let list = call(&hub, Method::Get, "/api/v1/consumer-groups", None);
    assert_eq!(list.text(), r#"[{"name":"$Default"},{"name":"ops"}]"#);

    hub.checkpoints
        .borrow_mut()
        .extend((0..3).map(|partition| (partition, "ops".to_owned(), 1, false)));
    let delete = |name: &str| {
        call(
            &hub,
            Method::Delete,
            &format!("/api/v1/consumer-groups/{name}"),
            None,
        )
        .status
    };
    assert_eq!(delete("ops"), 204);
    assert!(hub.checkpoints.borrow().is_empty());
    assert_eq!(delete("%24Default"), 400);
}

#[test]
fn a_stream_resumes_behind_the_last_event_id_whatever_from_says() {
    let hub = filled();
    let last = EventCursor([(0, 1), (1, 2), (2, 1)].into()).encode();
    let asked = request(
        Method::Get,
        "/api/v1/events/stream?from=earliest&source=Telemetry",
    )
    .with("authorization", &hub.token("service"))
    .with("last-event-id", &last);
    let response = block_on(handle(&hub, asked));
    assert_eq!(
        (response.status, response.header("content-type")),
        (200, Some("text/event-stream; charset=utf-8"))
    );
    assert_eq!(response.header("cache-control"), Some("no-store"));
    let Body::EventStream(mut stream) = response.body else {
        panic!("not a stream")
    };
    block_on(stream.next(&hub));
    let chunk = String::from_utf8(block_on(stream.next(&hub)).unwrap()).unwrap();
    // Partition 0 holds 3 and 6, partition 1 holds 1 and 4, partition 2 holds 2 and 5.
    let bodies: Vec<&str> = chunk
        .split("\"body\":")
        .skip(1)
        .filter_map(|rest| rest.split([',', '}']).next())
        .collect();
    assert_eq!(bodies, ["5", "6"]);
    assert!(
        hub.reads
            .borrow()
            .iter()
            .all(|(_, read)| read.sources == ["Telemetry"])
    );
}

#[test]
fn a_stream_with_a_bad_beginning_is_an_ordinary_error() {
    let hub = filled();
    let asked =
        request(Method::Get, "/api/v1/events/stream").with("authorization", &hub.token("service"));
    assert_eq!(
        block_on(handle(&hub, asked.with("last-event-id", "x"))).status,
        400
    );
    let asked = request(Method::Get, "/api/v1/events/stream");
    assert_eq!(block_on(handle(&hub, asked)).status, 401);
}

#[test]
fn who_follows_whole_partitions_takes_a_place_among_the_readers() {
    let places = |target: &str| {
        let hub = FakeHub::new();
        let asked = request(Method::Get, target).with("authorization", &hub.token("service"));
        let response = block_on(handle(&hub, asked));
        assert_eq!(response.status, 200, "{target}");
        let reads = hub.reads.borrow();
        let waits = reads.iter().filter(|(_, read)| read.wait_until.is_some());
        waits
            .map(|(_, read)| read.place.as_ref().map(|place| place.group.clone()))
            .collect::<Vec<_>>()
    };
    let default = Some("$Default".to_owned());
    assert_eq!(
        places("/api/v1/events?partition=1&from=latest&wait=1"),
        [default]
    );
    let one_device = places("/api/v1/events?deviceId=d&from=latest&wait=1");
    assert!(!one_device.is_empty() && one_device.iter().all(Option::is_none));
    let merged = places("/api/v1/events?from=latest&wait=1");
    assert!(!merged.is_empty() && merged.iter().all(Option::is_none));
}
