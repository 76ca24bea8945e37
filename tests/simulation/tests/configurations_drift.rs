//! What configurations leave alone (`service.md` §11.3.5): what somebody else wrote, what is
//! there already, what does not fit; and what is only seen every five minutes.

use serde_json::json;
use simulation::configuring::{
    applied, change, configured, desired, device, hub, marks, report, targeted, version,
};
use simulation::device::Habits;

#[test]
fn what_somebody_wrote_stays_until_the_configuration_is_evaluated_with_a_change() {
    let mut hub = hub();
    device(&mut hub, "pump", json!({}));
    configured(
        &mut hub,
        "hz",
        1,
        "*",
        json!({ "properties.desired.hz": 50 }),
    );
    let body = json!({ "properties": { "desired": { "hz": 60 } } });
    assert_eq!(
        hub.patch("/twins/pump", body).body["properties"]["desired"]["hz"],
        60
    );
    let before = version(&mut hub, "pump");
    hub.0.run(700_000);
    report(&mut hub, "pump", json!({ "x": 1 }));
    assert_eq!(desired(&mut hub, "pump"), json!({ "hz": 60 }));
    assert_eq!(version(&mut hub, "pump"), before + 1, "only the report");
    let changed = change(
        &mut hub,
        "hz",
        json!({ "labels": { "a": "b" }, "metrics": {} }),
    );
    assert_eq!(changed.body["labels"], json!({ "a": "b" }));
    assert_eq!(
        desired(&mut hub, "pump"),
        json!({ "hz": 60 }),
        "nothing to evaluate"
    );
    change(&mut hub, "hz", json!({ "priority": 2 }));
    assert_eq!(desired(&mut hub, "pump"), json!({ "hz": 50 }));
    assert_eq!(version(&mut hub, "pump"), before + 2);
}

#[test]
fn nothing_moves_where_nothing_changes() {
    let mut hub = hub();
    for number in 0..20 {
        device(&mut hub, &format!("d{number}"), json!({ "n": number }));
    }
    configured(
        &mut hub,
        "some",
        1,
        "tags.n < 10",
        json!({ "properties.desired.a": 1 }),
    );
    // What is there already is not written again.
    let same = json!({ "properties.desired.a": 1 });
    let before: Vec<u64> = (0..20)
        .map(|n| version(&mut hub, &format!("d{n}")))
        .collect();
    configured(&mut hub, "same", 2, "tags.n < 10", same);
    hub.0.run(1_000_000);
    change(&mut hub, "some", json!({ "priority": 7 }));
    let after: Vec<u64> = (0..20)
        .map(|n| version(&mut hub, &format!("d{n}")))
        .collect();
    assert_eq!(before, after);
    assert_eq!(
        marks(&mut hub, "d3"),
        json!({ "same": targeted(), "some": applied() })
    );
}

#[test]
fn times_are_looked_at_every_five_minutes() {
    let mut hub = hub();
    let number = hub.0.connected_device(
        "pump",
        Habits {
            reconnects: false,
            ..Habits::default()
        },
    );
    let away = json!({ "properties.desired.away": true });
    configured(
        &mut hub,
        "away",
        1,
        "connectionState = 'Disconnected'",
        away,
    );
    assert_eq!(desired(&mut hub, "pump"), json!({}));
    hub.0.world_mut().drop_device(number, true);
    hub.0.run(310_000);
    assert_eq!(desired(&mut hub, "pump"), json!({ "away": true }));
}

#[test]
fn content_that_does_not_fit_is_not_written_and_says_targeted() {
    let mut hub = hub();
    device(&mut hub, "pump", json!({}));
    let large: Vec<String> = (0..7).map(|_| "x".repeat(4096)).collect();
    let body = json!({ "properties": { "desired": { "large": large } } });
    assert_eq!(hub.patch("/twins/pump", body).status, 200);
    let more = json!({ "properties.desired.more": ["y".repeat(4000), "y".repeat(4000)] });
    configured(&mut hub, "more", 1, "*", more);
    assert_eq!(marks(&mut hub, "pump"), json!({ "more": targeted() }));
    // The back end's own writes are not refused for it.
    assert_eq!(
        hub.patch("/twins/pump", json!({ "tags": { "a": 1 } }))
            .status,
        200
    );
}
