use super::*;
use crate::error::ErrorCode;
use crate::http::event_stream::HEARTBEAT_MILLISECONDS;
use crate::http::fake::{FakeHub, SHARDS, block_on};
use crate::ipc::registry::{RegistryReply, RegistryRequest, RegistryResult};
use crate::pattern::standing::Standing;
use crate::pattern::{Phase, builtin, wire};
use std::cell::Cell;
use std::rc::Rc;

fn ask() -> RollUp {
    RollUp {
        patterns: vec![builtin::pattern("reboot").unwrap().document()],
        condition: None,
        group_by: None,
        after: None,
        as_of: Timestamp::UNSET,
    }
}

/// A shard's devices: so many that succeeded.
fn part(devices: u64, scanned_to: Option<&str>) -> RegistryResult {
    let mut totals = Totals::default();
    let standing = Standing {
        phase: Phase::Succeeded,
        since: None,
        stalled: false,
    };
    for _ in 0..devices {
        totals.note("pump", None, &standing).unwrap();
    }
    let part = wire::write(&[totals], scanned_to);
    Ok(RegistryReply::RollUpPart(part))
}

fn after(request: &RegistryRequest) -> Option<String> {
    let RegistryRequest::RollUp(ask) = request else {
        panic!("{request:?}")
    };
    ask.after.clone()
}

/// Shard 0 has as many devices as the cell says, the others one each.
fn hub(devices: &Rc<Cell<u64>>) -> FakeHub {
    let devices = devices.clone();
    FakeHub::new().registry_answers(move |shard, request| {
        after(&request);
        part(if shard == 0 { devices.get() } else { 1 }, None)
    })
}

fn open(hub: &FakeHub, seconds: i64) -> ProgressStream {
    let now = hub.now.get();
    ProgressStream::new(ask(), now, now.plus_seconds(seconds))
}

fn next(hub: &FakeHub, stream: &mut ProgressStream) -> Option<String> {
    block_on(stream.next(hub)).map(|chunk| String::from_utf8(chunk).unwrap())
}

fn total(chunk: &str) -> u64 {
    let data = chunk.lines().find_map(|line| line.strip_prefix("data: "));
    let data: Value = serde_json::from_str(data.unwrap()).unwrap();
    assert!(data["asOf"].is_string());
    data["total"].as_u64().unwrap()
}

#[test]
fn it_tells_at_once_and_then_only_what_changed() {
    let devices = Rc::new(Cell::new(1));
    let hub = hub(&devices);
    let mut stream = open(&hub, 3600);
    let began = hub.now.get();
    let first = next(&hub, &mut stream).unwrap();
    assert!(
        first.starts_with("retry: 1000\nevent: progress\ndata: {"),
        "{first}"
    );
    assert!(first.ends_with("}\n\n"));
    assert_eq!((total(&first), hub.now.get()), (u64::from(SHARDS), began));

    devices.set(5);
    let second = next(&hub, &mut stream).unwrap();
    assert!(second.starts_with("event: progress\n"), "{second}");
    assert_eq!(total(&second), u64::from(SHARDS) + 4);
    let waited = hub.now.get().milliseconds() - began.milliseconds();
    assert_eq!(waited, PAUSE_MILLISECONDS);

    // Nothing changes: silence, and a sign of life.
    let before = hub.asked_registry.borrow().len();
    assert_eq!(next(&hub, &mut stream).unwrap(), ": heartbeat\n\n");
    let silence = hub.now.get().milliseconds() - began.milliseconds() - waited;
    assert_eq!(silence, HEARTBEAT_MILLISECONDS);
    let looks = (hub.asked_registry.borrow().len() - before) / usize::from(SHARDS);
    assert_eq!(looks, 7, "every two seconds");
}

#[test]
fn looks_count_like_queries_and_what_is_over_the_rate_is_looked_at_later() {
    let devices = Rc::new(Cell::new(1));
    let hub = hub(&devices);
    let mut stream = open(&hub, 3600);
    assert!(next(&hub, &mut stream).is_some());
    let settings = hub.settings.clone().unwrap();
    let throttles = hub.throttles.clone();
    throttles
        .borrow_mut()
        .configure(settings.version, &settings.throttles, 1);
    while throttles
        .borrow_mut()
        .take(OperationClass::Queries, hub.now.get(), 1)
        .is_ok()
    {}
    devices.set(2);
    let (began, asked) = (hub.now.get(), hub.asked_registry.borrow().len());
    // After the pause there is room again; before, nobody is asked.
    assert_eq!(
        total(&next(&hub, &mut stream).unwrap()),
        u64::from(SHARDS) + 1
    );
    assert_eq!(
        hub.asked_registry.borrow().len() - asked,
        usize::from(SHARDS)
    );
    assert_eq!(
        hub.now.get().milliseconds() - began.milliseconds(),
        PAUSE_MILLISECONDS
    );
    while throttles
        .borrow_mut()
        .take(OperationClass::Queries, hub.now.get(), 1)
        .is_ok()
    {}
    let asked = hub.asked_registry.borrow().len();
    assert_eq!(block_on(stream.look(&hub)), Ok(String::new()));
    assert_eq!(hub.asked_registry.borrow().len(), asked);
}

#[test]
fn it_ends_when_its_time_is_over_and_when_a_shard_fails() {
    let calm = hub(&Rc::new(Cell::new(1)));
    let mut stream = open(&calm, 5);
    assert!(next(&calm, &mut stream).is_some());
    assert_eq!(next(&calm, &mut stream), None);
    assert_eq!(next(&calm, &mut stream), None);

    let broken =
        FakeHub::new().registry_answers(|_, _| Err(HubError::new(ErrorCode::ServerError, "gone")));
    let mut stream = open(&broken, 3600);
    assert_eq!(next(&broken, &mut stream), None);
    assert_eq!(broken.reports.borrow().len(), 1);
    assert_eq!(next(&broken, &mut stream), None);
}

#[test]
fn slices_of_all_shards_add_up() {
    // Shard 0 has three slices, the others one.
    let hub = FakeHub::new().registry_answers(|shard, request| {
        match (shard, after(&request).as_deref()) {
            (0, None) => part(10, Some("k")),
            (0, Some("k")) => part(10, Some("t")),
            (0, Some("t")) => part(3, None),
            (_, None) => part(1, None),
            (shard, after) => panic!("{shard} {after:?}"),
        }
    });
    let totals = block_on(roll_ups::totals(&hub, &ask())).unwrap();
    assert_eq!(totals.len(), 1);
    assert_eq!(totals[0].counts.total(), 23 + u64::from(SHARDS) - 1);
    assert_eq!(hub.asked_registry.borrow().len(), usize::from(SHARDS) + 2);
}
