//! Lists, counts and atomicity of a shard (`service.md` §4.5, §4.7).

use serde_json::{Value, json};
use shared::error::{ErrorCode, HubError};
use shared::ipc::registry::{
    BrowseDevices, DevicePage, Document, ListDevices, Precondition, PutDevice, RegistryReply,
    RegistryRequest,
};
use simulation::stage::{Stage, device};

fn put(
    stage: &mut Stage,
    id: &str,
    precondition: Precondition,
    body: Value,
) -> Result<Document, HubError> {
    let entropy = stage.random.bytes(80);
    let request = PutDevice {
        device: device(id),
        precondition,
        body,
        entropy,
        missing_scopes: Vec::new(),
    };
    match stage.ask(RegistryRequest::PutDevice(request))? {
        RegistryReply::Device(document) => Ok(document),
        other => panic!("{other:?}"),
    }
}

fn create(stage: &mut Stage, id: &str) -> Document {
    put(stage, id, Precondition::None, json!({})).expect("created")
}

fn code<T: std::fmt::Debug>(result: Result<T, HubError>) -> ErrorCode {
    result.expect_err("refused").code
}

fn page(stage: &mut Stage, browse: BrowseDevices) -> DevicePage {
    match stage.asked(RegistryRequest::BrowseDevices(browse)) {
        RegistryReply::DevicePage(page) => page,
        other => panic!("{other:?}"),
    }
}

fn ids_of(page: &DevicePage) -> Vec<String> {
    let ids = page.items.iter().map(|item| item["deviceId"].as_str());
    ids.map(|id| id.unwrap().to_owned()).collect()
}

fn browse(stage: &mut Stage, browse: BrowseDevices) -> (Vec<String>, bool, u64) {
    let page = page(stage, browse);
    (ids_of(&page), page.more, page.total)
}

#[test]
fn lists_are_ordered_and_pages_continue() {
    let mut stage = Stage::registry();
    for number in [3, 1, 2, 5, 4] {
        create(&mut stage, &format!("pump-{number}"));
    }
    put(
        &mut stage,
        "Pump%_9",
        Precondition::None,
        json!({ "status": "disabled" }),
    )
    .unwrap();
    let RegistryReply::Devices(list) =
        stage.asked(RegistryRequest::ListDevices(ListDevices { top: 2 }))
    else {
        panic!("no list")
    };
    assert_eq!(list.len(), 2);
    assert_eq!(list[0]["deviceId"], "Pump%_9");
    assert!(
        list[0]["authentication"]["symmetricKey"]["primaryKey"].is_string(),
        "with keys"
    );
    let searched = BrowseDevices {
        search: Some("PUMP-".to_owned()),
        top: 2,
        ..BrowseDevices::default()
    };
    let behind = |after: &str, uncounted| BrowseDevices {
        after: Some(after.into()),
        top: 2,
        uncounted,
        ..BrowseDevices::default()
    };
    // No device has this id, and its place is known all the same.
    let told = page(&mut stage, behind("pump-2x", false));
    assert_eq!((told.before, told.total), (3, 6));
    assert_eq!(ids_of(&told), ["pump-3", "pump-4"]);
    let uncounted = page(&mut stage, behind("pump-2x", true));
    assert_eq!((uncounted.before, uncounted.total), (0, 0));
    assert_eq!(ids_of(&uncounted), ids_of(&told));
    let (ids, more, total) = browse(&mut stage, searched.clone());
    assert_eq!(
        (ids, more, total),
        (vec!["pump-1".into(), "pump-2".into()], true, 5)
    );
    let (ids, more, _) = browse(
        &mut stage,
        BrowseDevices {
            after: Some("pump-4".into()),
            ..searched
        },
    );
    assert_eq!((ids, more), (vec!["pump-5".to_owned()], false));
    let (ids, ..) = browse(
        &mut stage,
        BrowseDevices {
            search: Some("%_".into()),
            top: 10,
            ..BrowseDevices::default()
        },
    );
    assert_eq!(ids, ["Pump%_9"], "wildcards are text");
    let (ids, ..) = browse(
        &mut stage,
        BrowseDevices {
            status: Some("disabled".into()),
            top: 10,
            ..BrowseDevices::default()
        },
    );
    assert_eq!(ids, ["Pump%_9"]);
    let connected = BrowseDevices {
        connected: Some(true),
        top: 10,
        ..BrowseDevices::default()
    };
    assert_eq!(browse(&mut stage, connected).2, 0);
}

#[test]
fn statistics_count() {
    let mut stage = Stage::registry();
    create(&mut stage, "a");
    put(
        &mut stage,
        "b",
        Precondition::None,
        json!({ "status": "disabled" }),
    )
    .unwrap();
    let RegistryReply::Statistics(counts) = stage.asked(RegistryRequest::Statistics) else {
        panic!("no counts")
    };
    assert_eq!((counts.total, counts.enabled, counts.disabled), (2, 1, 1));
    assert_eq!((counts.connected, counts.never_connected), (0, 2));
}

#[test]
fn a_write_that_fails_midway_leaves_nothing() {
    let mut stage = Stage::registry();
    create(&mut stage, "a");
    // The twin's table refuses, after the identity was written.
    use shared::sql::Sql;
    let sql = &stage.actor.sql;
    sql.execute(
        "CREATE TRIGGER refuse BEFORE INSERT ON twin BEGIN SELECT RAISE(ABORT, 'no'); END",
        &[],
    )
    .unwrap();
    let refused = put(&mut stage, "b", Precondition::None, json!({}));
    assert_eq!(code(refused), ErrorCode::ServerError);
    assert_eq!(
        stage.actor.sql.number("SELECT count(*) FROM identity", &[]),
        Some(1)
    );
    assert!(stage.output.calls.is_empty(), "and nothing is told");
}
