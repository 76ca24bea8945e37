//! The registry of patterns (`device-management.md` §3.1): built-in ones, those that teams
//! define, and what is refused.

use serde_json::{Value, json};
use shared::http::Method;
use simulation::configuring::{device, report};
use simulation::operator::Reply;
use simulation::rest::Rest;

const BUILT_IN: [&str; 5] = [
    "configuration",
    "factoryReset",
    "firmware",
    "firmwareUpdate",
    "reboot",
];

fn calibrate() -> Value {
    json!({
        "trigger": { "method": "calibrate" },
        "statusPath": "calibration.status",
        "disruptive": true,
        "timeoutSeconds": 60,
        "phases": { "waiting": ["queued"], "applying": ["measuring"], "succeeded": ["calibrated"] },
    })
}

fn path(id: &str) -> String {
    format!("/api/v1/patterns/{id}")
}

fn ids(hub: &mut Rest) -> Vec<String> {
    let items = hub.get("/api/v1/patterns").body["items"].take();
    let ids = items.as_array().unwrap().iter();
    ids.map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

fn code(reply: &Reply) -> (u16, &str) {
    (reply.status, reply.header("iothub-errorcode").unwrap_or(""))
}

#[test]
fn built_in_patterns_are_always_there_and_can_be_changed_but_not_deleted() {
    let mut hub = Rest::default();
    assert_eq!(ids(&mut hub), BUILT_IN);
    let read = hub.get(&path("reboot"));
    assert_eq!((read.status, &read.body["builtIn"]), (200, &json!(true)));
    assert_eq!(read.body["trigger"], json!({ "method": "reboot" }));
    assert_eq!(read.body["statusPath"], "iothubDM.reboot.status");
    let etag = read.header("etag").unwrap().to_owned();

    for id in BUILT_IN {
        let refused = hub.delete(&path(id), Some("*"));
        assert_eq!(code(&refused), (400, "ArgumentInvalid"), "{id}");
        let said = refused.body["Message"].as_str().unwrap();
        assert!(said.contains("built in and cannot be deleted"), "{said}");
    }

    // What was read can be sent back with a change.
    let mut body = read.body;
    body["timeoutSeconds"] = json!(30);
    let changed = hub.put(&path("reboot"), Some(&etag), body.clone());
    assert_eq!(
        (changed.status, &changed.body["builtIn"]),
        (200, &json!(true))
    );
    assert_eq!(hub.put(&path("reboot"), Some(&etag), body).status, 412);
    let read = hub.get(&path("reboot"));
    assert_eq!(read.body["timeoutSeconds"], 30);
    assert_eq!(read.header("etag"), changed.header("etag"));
    assert!(read.body["changedTime"].is_string());
    assert_eq!(ids(&mut hub), BUILT_IN);
    assert_eq!(hub.delete(&path("reboot"), Some("*")).status, 400);
}

#[test]
fn r06_a_team_defines_a_pattern_and_progress_shows_its_phases() {
    let mut hub = Rest::default();
    for number in 0..4 {
        device(
            &mut hub,
            &format!("scale-{number}"),
            json!({ "line": number % 2 }),
        );
    }
    let asked = "/api/v1/progress?pattern=calibrate";
    assert_eq!(code(&hub.get(asked)), (404, "GenericNotFound"));
    let made = hub.put(&path("calibrate"), None, calibrate());
    assert_eq!((made.status, &made.body["builtIn"]), (201, &json!(false)));
    for (id, status) in [
        ("scale-0", "Queued"),
        ("scale-1", "measuring"),
        ("scale-2", "done?"),
    ] {
        report(&mut hub, id, json!({ "calibration": { "status": status } }));
    }
    let found = hub.get(asked).body;
    assert_eq!(found["total"], 4);
    for phase in ["waiting", "applying", "unknown", "notStarted"] {
        assert_eq!(found["phases"][phase], 1, "{phase}: {found}");
    }
    // Another word, without any change of code.
    let mut more = calibrate();
    more["phases"]["succeeded"] = json!(["calibrated", "DONE?"]);
    assert_eq!(hub.put(&path("calibrate"), Some("*"), more).status, 200);
    let found = hub.get(asked).body;
    assert_eq!(
        (&found["phases"]["succeeded"], &found["phases"]["unknown"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(hub.delete(&path("calibrate"), None).status, 204);
    assert_eq!(
        code(&hub.delete(&path("calibrate"), None)),
        (404, "GenericNotFound")
    );
    assert_eq!(hub.get(asked).status, 404);
}

#[test]
fn etags_hold_and_none_comes_twice() {
    let mut hub = Rest::default();
    let early = hub.put(&path("calibrate"), Some("*"), calibrate());
    assert_eq!(code(&early), (412, "PreconditionFailed"));
    let first = hub.put(&path("calibrate"), None, calibrate());
    let etag = first.header("etag").unwrap().to_owned();
    let second = hub.put(&path("calibrate"), Some(&etag), calibrate());
    assert_eq!(second.status, 200);
    assert_eq!(hub.delete(&path("calibrate"), Some(&etag)).status, 412);
    let newest = second.header("etag").unwrap().to_owned();
    assert_eq!(
        hub.get(&path("calibrate")).header("etag"),
        Some(newest.as_str())
    );
    assert_eq!(hub.delete(&path("calibrate"), Some(&newest)).status, 204);
    hub.0.run(10);
    let again = hub.put(&path("calibrate"), None, calibrate());
    assert_eq!(again.status, 201);
    for old in [etag, newest] {
        assert_ne!(again.header("etag"), Some(old.as_str()));
    }
}

#[test]
fn what_is_not_good_is_refused() {
    let mut hub = Rest::default();
    let mut other = calibrate();
    other["id"] = json!("other");
    let mut nowhere = calibrate();
    nowhere["statusPath"] = json!("a b");
    for (id, body) in [
        ("calibrate", other),
        ("calibrate", nowhere),
        ("calibrate", json!({ "trigger": { "method": "x" } })),
        ("a%20b", calibrate()),
    ] {
        let refused = hub.put(&path(id), None, body.clone());
        assert_eq!(code(&refused), (400, "ArgumentInvalid"), "{id} {body}");
    }
    let refused = hub.put(&path("calibrate"), None, json!([]));
    assert_eq!(code(&refused), (400, "IotHubFormatError"));
    assert_eq!(ids(&mut hub), BUILT_IN);
}

#[test]
fn a_hub_has_fifty_besides_the_built_in_ones() {
    let mut hub = Rest::default();
    for number in 0..50 {
        let made = hub.put(&path(&format!("p{number}")), None, calibrate());
        assert_eq!(made.status, 201);
    }
    let refused = hub.put(&path("more"), None, calibrate());
    assert_eq!(code(&refused), (403, "IotHubQuotaExceeded"));
    let changed = hub.get(&path("reboot")).body;
    assert_eq!(
        code(&hub.put(&path("reboot"), None, changed)),
        (403, "IotHubQuotaExceeded"),
        "a changed one takes a place too"
    );
    assert_eq!(hub.put(&path("p7"), None, calibrate()).status, 200);
    assert_eq!(ids(&mut hub).len(), 55);
    // All at once: more patterns than one pass looks at.
    let report = hub.get("/api/v1/reports/fleet");
    assert_eq!(report.body["patterns"].as_array().unwrap().len(), 55);
}

#[test]
fn the_record_tells_who_changed_what() {
    let mut hub = Rest::default();
    hub.put(&path("calibrate"), None, calibrate());
    hub.put(&path("reboot"), None, calibrate());
    hub.delete(&path("calibrate"), None);
    let mut records =
        |action: &str| hub.get(&format!("/api/v1/audit?action={action}")).body["records"].take();
    let put = records("putPattern");
    assert_eq!(put.as_array().unwrap().len(), 2, "{put}");
    assert_eq!(put[1]["before"], Value::Null);
    assert_eq!(put[1]["after"]["statusPath"], "calibration.status");
    assert_eq!(put[0]["before"]["statusPath"], "iothubDM.reboot.status");
    assert_eq!(records("deletePattern")[0]["before"]["id"], "calibrate");
}

#[test]
fn patterns_outlive_a_crash_of_the_hub_object() {
    let mut hub = Rest::default();
    hub.put(&path("calibrate"), None, calibrate());
    hub.0.world_mut().crash(shared::ipc::Address::Hub);
    hub.0.run(1_000);
    let read = hub.ask(Method::Get, &path("calibrate"), None, Value::Null);
    assert_eq!((read.status, &read.body["id"]), (200, &json!("calibrate")));
}
