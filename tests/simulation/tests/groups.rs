//! Saved groups (`device-management.md` §7): live counts, and what it takes to show an issue by
//! one (R24).

use serde_json::{Value, json};
use shared::http::{Backend, Method};
use simulation::configuring::{device, report};
use simulation::operator::Reply;
use simulation::packets::{ConnectFields, Wire};
use simulation::rest::Rest;
use simulation::watching::{Watched, direct};

fn tags(hub: &mut Rest, id: &str, tags: Value) -> Reply {
    hub.patch(&format!("/twins/{id}"), json!({ "tags": tags }))
}

fn message(reply: &Reply) -> &str {
    reply.body["Message"].as_str().unwrap_or_default()
}

#[test]
fn a_group_has_a_live_count_an_etag_and_a_record() {
    let mut hub = Rest::default();
    for number in 0..9 {
        let id = format!("pump-{number}");
        hub.put(&format!("/devices/{id}"), None, json!({}));
        let site = if number < 4 { "oslo" } else { "bergen" };
        tags(&mut hub, &id, json!({ "site": site }));
    }
    let path = "/api/v1/groups/in-oslo";
    assert_eq!(hub.get(path).status, 404);
    let body = json!({ "condition": "tags.site = 'oslo'", "description": "By the fjord" });
    let made = hub.put(path, None, body.clone());
    assert_eq!(made.status, 201);
    let etag = made.header("etag").unwrap().to_owned();
    let group = hub.get(path);
    assert_eq!(group.header("etag"), Some(etag.as_str()));
    assert_eq!(group.body["count"], 4);
    assert_eq!(group.body["condition"], body["condition"]);
    tags(&mut hub, "pump-8", json!({ "site": "oslo" }));
    assert_eq!(hub.get(path).body["count"], 5, "at once");
    // What a query shows is what the group counts.
    let query = json!({ "query": "SELECT COUNT() AS n FROM devices WHERE tags.site = 'oslo'" });
    assert_eq!(hub.post("/devices/query", query).body, json!([{ "n": 5 }]));

    let other = json!({ "condition": "STARTSWITH(deviceId, 'pump-') -- all of them" });
    assert_eq!(
        hub.put(path, Some("AAAAAAAAAAE="), other.clone()).status,
        412
    );
    let changed = hub.put(path, Some(&etag), other);
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), Some(etag.as_str()));
    assert_eq!(hub.get(path).body["count"], 9);
    hub.put("/api/v1/groups/all", None, json!({ "condition": "true" }));
    let plain = hub.get("/api/v1/groups").body;
    let ids: Vec<&Value> = plain["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| &item["id"])
        .collect();
    assert_eq!(ids, ["all", "in-oslo"]);
    assert!(plain["items"][0].get("count").is_none());
    let counted = hub.get("/api/v1/groups?count=true").body;
    assert_eq!(counted["items"][0]["count"], 9);

    assert_eq!(hub.delete(path, Some(&etag)).status, 412);
    assert_eq!(hub.delete(path, None).status, 204);
    assert_eq!(hub.delete(path, None).status, 404);
    let records = hub.get("/api/v1/audit?action=deleteDeviceGroup").body;
    assert_eq!(records["records"][1]["before"]["id"], "in-oslo");
    assert_eq!(records["records"][1]["after"], Value::Null);
}

#[test]
fn a_condition_that_is_none_is_refused_with_its_place() {
    let mut hub = Rest::default();
    for (condition, said) in [
        ("tags.site = ", "line 1, column 13"),
        ("tags.site = 'a'\nAND foo(1)", "line 2, column 5"),
        ("tags.a = 1 GROUP BY tags.b", "line 1, column 12"),
        ("", "line 1, column 1"),
    ] {
        let refused = hub.put("/api/v1/groups/g", None, json!({ "condition": condition }));
        assert_eq!(refused.status, 400, "{condition}");
        assert!(
            message(&refused).contains(said),
            "{condition}: {}",
            message(&refused)
        );
    }
    let long = format!("tags.a = '{}'", "x".repeat(8000));
    assert_eq!(
        hub.put("/api/v1/groups/g", None, json!({ "condition": long }))
            .status,
        400
    );
    let body = json!({ "condition": "true" });
    assert_eq!(
        hub.put("/api/v1/groups/a%20b", None, body.clone()).status,
        400
    );
    for number in 0..100 {
        let path = format!("/api/v1/groups/g{number}");
        assert_eq!(hub.ask(Method::Put, &path, None, body.clone()).status, 201);
    }
    assert_eq!(
        hub.put("/api/v1/groups/one-more", None, body.clone())
            .status,
        403
    );
    assert_eq!(hub.put("/api/v1/groups/g7", None, body).status, 200);
}

#[test]
fn r24_a_severity_is_one_of_three_and_goes_with_the_next_put() {
    let mut hub = Rest::default();
    let path = "/api/v1/groups/hot";
    let body = |severity: Value| json!({ "condition": "properties.reported.t > 70", "severity": severity });
    for (wrong, said) in [
        (json!("critical"), "error, warning or info"),
        (json!("Error"), "error, warning or info"),
        (json!(""), "error, warning or info"),
        (json!(1), "severity must be a string"),
    ] {
        let refused = hub.put(path, None, body(wrong.clone()));
        assert_eq!(refused.status, 400, "{wrong}");
        assert!(message(&refused).contains(said), "{}", message(&refused));
    }
    assert_eq!(hub.get(path).status, 404);
    for (wanted, status) in [("error", 201), ("warning", 200), ("info", 200)] {
        let answer = hub.put(path, None, body(json!(wanted)));
        assert_eq!(answer.status, status);
        assert_eq!(answer.body["severity"], wanted);
        assert_eq!(hub.get(path).body["severity"], wanted);
        assert_eq!(
            hub.get("/api/v1/groups").body["items"][0]["severity"],
            wanted
        );
    }
    assert_eq!(hub.put(path, None, body(Value::Null)).status, 200);
    assert_eq!(hub.get(path).body["severity"], Value::Null, "a plain group");
    let records = hub.get("/api/v1/audit?action=putDeviceGroup").body;
    let records = records["records"].as_array().unwrap();
    let changes = |before: &str, after: Value| {
        let is_it = |record: &&Value| {
            record["before"]["severity"] == before && record["after"]["severity"] == after
        };
        records.iter().filter(is_it).count()
    };
    assert_eq!(changes("error", json!("warning")), 1);
    assert_eq!(changes("info", Value::Null), 1);
}

#[test]
fn r24_whoever_watches_a_group_sees_who_is_in_it_and_since_when() {
    let mut hub = Rest::default();
    device(&mut hub, "pump", json!({}));
    let condition = "properties.reported.t > 70";
    let body = json!({ "condition": condition, "severity": "error" });
    let made = hub.put("/api/v1/groups/hot", None, body);
    let watch = made.body["watch"].as_str().unwrap().to_owned();
    assert_eq!(
        watch,
        "SELECT deviceId, properties.reported.$metadata.t.$lastUpdated AS since1 \
         FROM devices WHERE properties.reported.t > 70"
    );
    assert_eq!(hub.get("/api/v1/groups/hot").body["watch"], watch);
    let watched = Watched::open(&mut hub.0, &watch);
    hub.0.run(1_000);
    assert_eq!(watched.count(), 0);
    let before = hub.0.hub().now();
    report(&mut hub, "pump", json!({ "t": 71 }));
    hub.0.run(1_000);
    assert_eq!(watched.count(), 1);
    let since = watched.rows()["pump"]["since1"].clone();
    assert!(since.as_str().unwrap() >= json!(before).as_str().unwrap());
    assert_eq!(hub.get("/api/v1/groups/hot").body["count"], 1);
    report(&mut hub, "pump", json!({ "t": 70 }));
    hub.0.run(1_000);
    assert_eq!(watched.count(), 0);
}

#[test]
fn r24_who_is_gone_is_shown_with_the_time_of_the_end() {
    let mut hub = Rest::default();
    device(&mut hub, "never", json!({}));
    let operator = hub.0.operator();
    let key = hub
        .0
        .finish(async move { operator.create_device("gauge").await });
    let body = json!({ "condition": "connectionState = 'Disconnected' AND status = 'enabled'" });
    let made = hub.put("/api/v1/groups/gone", None, body);
    let watch = made.body["watch"].as_str().unwrap().to_owned();
    let watched = Watched::open(&mut hub.0, &watch);
    hub.0.run(1_000);
    assert_eq!(watched.count(), 2);
    let unset = json!("0001-01-01T00:00:00Z");
    assert_eq!(watched.rows()["never"]["since1"], unset);
    assert_eq!(watched.rows()["never"]["since2"], unset);

    let fields = ConnectFields::new(&hub.0, "gauge", &key);
    let (wire, _) = Wire::connected(&mut hub.0, &fields);
    hub.0.run(1_000);
    assert_eq!(watched.count(), 1);
    wire.drop_network(&mut hub.0, true);
    hub.0.run(1_000);
    let row = watched.rows()["gauge"].clone();
    let identity = hub.get("/devices/gauge").body;
    assert_eq!(row["since1"], identity["connectionStateUpdatedTime"]);
    assert_ne!(row["since1"], unset);
    assert_eq!(direct(&mut hub, &watch), watched.rows());
}

#[test]
fn the_time_of_the_connection_state_is_shown_where_it_is_named_and_nowhere_else() {
    let mut hub = Rest::default();
    device(&mut hub, "pump", json!({}));
    let named = direct(
        &mut hub,
        "SELECT deviceId, CONNECTIONSTATEUPDATEDTIME FROM devices",
    );
    let unset = json!("0001-01-01T00:00:00Z");
    assert_eq!(named["pump"]["connectionStateUpdatedTime"], unset);
    let ordered =
        "SELECT deviceId, connectionStateUpdatedTime AS at FROM devices ORDER BY deviceId";
    assert_eq!(direct(&mut hub, ordered)["pump"]["at"], unset);
    let whole = direct(&mut hub, "SELECT * FROM devices");
    assert_eq!(whole["pump"].get("connectionStateUpdatedTime"), None);
    // It is no part of twins, so no condition is true of it.
    for columns in ["*", "deviceId, connectionStateUpdatedTime"] {
        let query =
            format!("SELECT {columns} FROM devices WHERE IS_DEFINED(connectionStateUpdatedTime)");
        assert!(direct(&mut hub, &query).is_empty(), "{columns}");
    }
}
