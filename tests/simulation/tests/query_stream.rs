//! A query's result as it changes (R23): what a client makes of the events is what the query
//! says, whatever happens to the shards meanwhile.

use serde_json::{Value, json};
use shared::http::Backend;
use shared::ids::{DeviceId, Identity};
use shared::ipc::Address;
use shared::ipc::registry::{RegistryRequest, ReportTwin};
use simulation::configuring::{device, report};
use simulation::packets::{ConnectFields, Wire};
use simulation::rest::Rest;
use simulation::scheduling;
use simulation::watching::Watched;

/// A change is told within this time.
const SOON: i64 = 1_000;

const HOT: &str =
    "SELECT deviceId, properties.reported.t AS t FROM devices WHERE properties.reported.t > 50";

fn hot(hub: &mut Rest, id: &str, t: i64) {
    report(hub, id, json!({ "t": t }));
}

fn told(event: &str, id: &str, t: i64) -> (String, String, Value) {
    let row = json!({ "deviceId": id, "t": t });
    (event.to_owned(), id.to_owned(), row)
}

fn gone(id: &str) -> (String, String, Value) {
    ("left".to_owned(), id.to_owned(), Value::Null)
}

fn is_current(news: &[(String, String, Value)]) -> bool {
    news.last().is_some_and(|(event, ..)| event == "current")
}

fn shard_of(hub: &Rest, id: &str) -> Address {
    let device = DeviceId::parse(id).unwrap();
    Address::Registry(hub.0.hub().layout().shard_of(&device))
}

/// Three devices, of which one is hot, and who watches them.
fn watched() -> (Rest, Watched) {
    let mut hub = Rest::default();
    for id in ["a", "b", "c"] {
        device(&mut hub, id, json!({}));
        hot(&mut hub, id, 20);
    }
    hot(&mut hub, "b", 60);
    let watched = Watched::open(&mut hub.0, HOT);
    hub.0.run(SOON);
    let first = watched.news();
    assert_eq!(first[0], told("entered", "b", 60));
    assert!(first.len() == 2 && is_current(&first), "{first:?}");
    (hub, watched)
}

#[test]
fn r23_query_stream_a_row_enters_changes_and_leaves() {
    let (mut hub, watched) = watched();
    hot(&mut hub, "a", 70);
    hub.0.run(SOON);
    assert_eq!(watched.news(), [told("entered", "a", 70)]);
    hot(&mut hub, "a", 71);
    hot(&mut hub, "c", 21);
    hub.0.run(SOON);
    assert_eq!(watched.news(), [told("changed", "a", 71)]);
    // Touched, but not where the query looks.
    report(&mut hub, "a", json!({ "other": 1 }));
    hub.patch("/twins/b", json!({ "tags": { "site": "oslo" } }));
    hub.0.run(SOON);
    assert_eq!(watched.news(), []);
    hot(&mut hub, "a", 1);
    hub.0.run(SOON);
    assert_eq!(watched.news(), [gone("a")]);
    assert_eq!(hub.delete("/devices/b", Some("*")).status, 204);
    hub.0.run(SOON);
    assert_eq!(watched.news(), [gone("b")]);
    assert_eq!(watched.count(), 0);
}

#[test]
fn r23_query_stream_a_write_is_seen_within_a_second() {
    let (mut hub, watched) = watched();
    // At any moment between two looks.
    for step in 0..40i64 {
        hub.0.run(step * 37 % 510);
        let before = hub.0.hub().now();
        hot(&mut hub, "c", 100 + step);
        hub.0.run(SOON);
        let all = watched.told();
        let last = all.last().unwrap();
        assert_eq!(last.data["row"]["t"], 100 + step);
        let waited = last.at.milliseconds() - before.milliseconds();
        assert!(waited < SOON, "{waited} ms");
    }
}

#[test]
fn r23_query_stream_everything_that_a_document_shows_counts() {
    let mut hub = Rest::default();
    device(&mut hub, "pump", json!({}));
    let operator = hub.0.operator();
    let key = hub
        .0
        .finish(async move { operator.create_device("gauge").await });
    let query = "SELECT deviceId, connectionState, cloudToDeviceMessageCount, status, \
                 tags.site AS site, configurations FROM devices";
    let watched = Watched::open(&mut hub.0, query);
    hub.0.run(SOON);
    assert_eq!(watched.count(), 2);
    let changed = |hub: &mut Rest, id: &str, field: &str, value: Value| {
        hub.0.run(SOON);
        assert_eq!(watched.rows()[id][field], value, "{id} {field}");
    };
    let fields = ConnectFields::new(&hub.0, "gauge", &key);
    let (wire, _) = Wire::connected(&mut hub.0, &fields);
    changed(&mut hub, "gauge", "connectionState", json!("Connected"));
    wire.drop_network(&mut hub.0, true);
    changed(&mut hub, "gauge", "connectionState", json!("Disconnected"));
    let operator = hub.0.operator();
    hub.0
        .finish(async move { operator.send_message("pump", "1", &[]).await });
    changed(&mut hub, "pump", "cloudToDeviceMessageCount", json!(1));
    hub.delete("/devices/pump/commands", None);
    changed(&mut hub, "pump", "cloudToDeviceMessageCount", json!(0));
    hub.put("/devices/pump", Some("*"), json!({ "status": "disabled" }));
    changed(&mut hub, "pump", "status", json!("disabled"));
    hub.patch("/twins/pump", json!({ "tags": { "site": "oslo" } }));
    changed(&mut hub, "pump", "site", json!("oslo"));
    let content = json!({ "properties.desired.a": 1 });
    simulation::configuring::configured(&mut hub, "north", 1, "tags.site = 'oslo'", content);
    let applied = json!({ "north": { "status": "Applied" } });
    changed(&mut hub, "pump", "configurations", applied);
    assert_eq!(hub.delete("/configurations/north", Some("*")).status, 204);
    hub.0.run(2_000);
    hub.0.run(SOON);
    assert_eq!(watched.rows()["pump"].get("configurations"), None);
}

#[test]
fn r23_query_stream_modules_are_watched_apart_from_devices() {
    let mut hub = Rest::default();
    device(&mut hub, "pump", json!({}));
    hub.put("/devices/pump/modules/m", None, json!({}));
    let modules = Watched::open(&mut hub.0, "SELECT * FROM devices.modules");
    let devices = Watched::open(&mut hub.0, "SELECT * FROM devices");
    hub.0.run(SOON);
    assert_eq!((modules.count(), devices.count()), (1, 1));
    modules.news();
    devices.news();
    hub.patch("/twins/pump/modules/m", json!({ "tags": { "a": 1 } }));
    hub.put("/devices/pump/modules/n", None, json!({}));
    hub.0.run(SOON);
    let names: Vec<String> = modules
        .news()
        .into_iter()
        .map(|(_, name, _)| name)
        .collect();
    assert_eq!(names, ["pump/m", "pump/n"]);
    assert_eq!(devices.news(), []);
    // A device takes its modules along.
    assert_eq!(hub.delete("/devices/pump", Some("*")).status, 204);
    hub.0.run(SOON);
    assert_eq!((modules.count(), devices.count()), (0, 0));
}

#[test]
fn r23_query_stream_a_crash_loses_nothing_and_repeats_nothing() {
    let (mut hub, watched) = watched();
    for id in ["a", "b", "c"] {
        let shard = shard_of(&hub, id);
        // A change that nobody has seen when the memory is lost, and one behind it.
        hot(&mut hub, id, 80);
        hub.0.world_mut().crash(shard);
        hub.0.run(SOON);
        let event = if id == "b" { "changed" } else { "entered" };
        let news = watched.news();
        assert_eq!(news[0], told(event, id, 80));
        assert!(news.len() == 2 && is_current(&news), "{news:?}");
        hot(&mut hub, id, 81);
        hub.0.run(SOON);
        assert_eq!(watched.news(), [told("changed", id, 81)]);
    }
    // Nothing changed, and nothing is told again but that it is all there.
    let shard = shard_of(&hub, "a");
    hub.0.world_mut().crash(shard);
    hub.0.run(SOON);
    let news = watched.news();
    assert!(news.len() == 1 && is_current(&news), "{news:?}");
    assert_eq!(hub.delete("/devices/a", Some("*")).status, 204);
    hub.0.world_mut().crash(shard);
    hub.0.run(SOON);
    let news = watched.news();
    assert_eq!(news[0], gone("a"));
    assert!(news.len() == 2 && is_current(&news), "{news:?}");
    assert!(!watched.has_ended());
}

#[test]
fn r23_query_stream_more_changes_than_a_shard_remembers() {
    let (mut hub, watched) = watched();
    let backend = hub.0.hub();
    let identity = Identity::device(DeviceId::parse("c").unwrap());
    let shard = backend.layout().shard_of(&identity.device);
    // All between two looks.
    for t in 0..5_000 {
        let (backend, identity) = (backend.clone(), identity.clone());
        hub.0.spawn(async move {
            let report = RegistryRequest::ReportTwin(ReportTwin {
                identity,
                patch: json!({ "t": 51, "n": t }).to_string(),
                version: None,
            });
            backend.registry(shard, report).await.unwrap();
        });
    }
    hub.0.run(SOON);
    let news = watched.news();
    assert!(is_current(&news), "it was scanned anew: {news:?}");
    assert_eq!(watched.rows()["c"]["t"], 51);
    assert_eq!(watched.count(), 2);
}

#[test]
fn r23_query_stream_large_results_come_in_bounded_chunks() {
    let mut hub = Rest::default();
    hub.put("/api/v1/throttles", None, json!({ "units": 10 }));
    scheduling::devices(&mut hub, 5_000);
    let watched = Watched::open(&mut hub.0, "SELECT * FROM devices");
    hub.0.run(20_000);
    assert_eq!(watched.count(), 5_000);
    assert!(is_current(&watched.news()));
    let largest = watched.largest_chunk();
    assert!(largest < 500_000, "{largest} bytes");
    // A crash makes the shard scan again, in as many slices.
    hub.patch("/twins/d4999", json!({ "tags": { "site": "oslo" } }));
    let shard = shard_of(&hub, "d4999");
    hub.0.world_mut().crash(shard);
    hub.0.run(20_000);
    let news = watched.news();
    assert_eq!(
        (news[0].0.as_str(), news[0].1.as_str()),
        ("changed", "d4999")
    );
    assert!(news.len() == 2 && is_current(&news), "{news:?}");
}

#[test]
fn r23_query_stream_a_fleet_that_is_only_heard_wakes_nobody() {
    let (mut hub, watched) = watched();
    let all = Watched::open(&mut hub.0, "SELECT deviceId, LastActivityTime FROM devices");
    hub.0.run(SOON);
    all.news();
    let backend = hub.0.hub();
    let identity = Identity::device(DeviceId::parse("b").unwrap());
    let shard = backend.layout().shard_of(&identity.device);
    let heard = RegistryRequest::Activity(vec![(identity, backend.now())]);
    let done = hub
        .0
        .finish(async move { backend.registry(shard, heard).await });
    done.unwrap();
    hub.0.run(SOON);
    let news = all.news();
    assert_eq!(news.len(), 1);
    assert_eq!((news[0].0.as_str(), news[0].1.as_str()), ("changed", "b"));
    assert_eq!(watched.news(), []);
}
