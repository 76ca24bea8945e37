//! Alerts of configurations that do not get through, of storage and of the day's messages.

use serde_json::{Value, json};
use shared::alert::Rule;
use shared::ipc::alert::ListAlerts;
use shared::ipc::hub::{HubReply, HubRequest, Usage};
use shared::time::Timestamp;
use simulation::actor::Input;
use simulation::alarming::{MINUTE, alerts, rule};
use simulation::configuring::{self, configured, device, hub, report};
use simulation::stage::Stage;

const HOUR: i64 = 60 * MINUTE;

#[test]
fn a_configuration_that_does_not_get_through_is_told_after_an_hour() {
    let mut hub = hub();
    for id in ["a", "b", "c", "d"] {
        device(
            &mut hub,
            id,
            json!({ "size": if id == "d" { "large" } else { "small" } }),
        );
    }
    let large: Vec<String> = (0..7).map(|_| "x".repeat(4096)).collect();
    let body = json!({ "properties": { "desired": { "large": large } } });
    assert_eq!(hub.patch("/twins/d", body).status, 200);
    let more = json!({ "properties.desired.more": ["y".repeat(4000), "y".repeat(4000)] });
    configured(&mut hub, "more", 1, "*", more);
    let small = json!({ "properties.desired.small": 1 });
    configured(&mut hub, "fits", 2, "tags.size = 'small'", small);
    hub.0.run(55 * MINUTE);
    assert!(alerts(&mut hub, "rule=configurationDrift").is_empty());
    hub.0.run(15 * MINUTE);
    let told = alerts(&mut hub, "rule=configurationDrift");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["subject"], json!({ "configuration": "more" }));
    let summary = told[0]["summary"].as_str().expect("a text");
    assert!(summary.starts_with("3 of the 4 devices"), "{summary}");
    // The twin gets room, and the configuration gets through.
    let room = json!({ "properties": { "desired": { "large": null } } });
    assert_eq!(hub.patch("/twins/d", room).status, 200);
    let touched = json!({ "priority": 3 });
    assert_eq!(configuring::change(&mut hub, "more", touched).status, 200);
    hub.0.run(HOUR + 15 * MINUTE);
    assert!(alerts(&mut hub, "rule=configurationDrift&state=open").is_empty());
    let over = alerts(&mut hub, "rule=configurationDrift");
    assert_eq!(over[0]["handledBy"], "auto");
}

#[test]
fn an_error_metric_that_counts_in_two_runs_is_told() {
    let mut hub = hub();
    for id in ["a", "b"] {
        device(&mut hub, id, json!({}));
    }
    let errors = "SELECT deviceId FROM devices WHERE properties.reported.fw = 'error'";
    let body = json!({
        "id": "fw", "priority": 1, "targetCondition": "*",
        "content": { "deviceContent": { "properties.desired.fw": 2 } },
        "metrics": { "queries": { "Errors": errors, "current": "SELECT * FROM devices" } },
    });
    assert_eq!(hub.put("/configurations/fw", None, body).status, 200);
    hub.0.run(6 * MINUTE);
    report(&mut hub, "a", json!({ "fw": "error" }));
    // One run sees it, then it is over.
    hub.0.run(5 * MINUTE);
    report(&mut hub, "a", json!({ "fw": "current" }));
    hub.0.run(12 * MINUTE);
    assert!(alerts(&mut hub, "rule=configurationDrift").is_empty());
    report(&mut hub, "b", json!({ "fw": "error" }));
    hub.0.run(14 * MINUTE);
    let told = alerts(&mut hub, "rule=configurationDrift");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        told[0]["summary"],
        "The metric Errors of the configuration fw counts 1."
    );
    assert_eq!(told[0]["hint"], format!("Look at: {errors}"));
    // Nobody has to look after a configuration that is gone.
    assert_eq!(hub.delete("/configurations/fw", Some("*")).status, 204);
    assert!(alerts(&mut hub, "state=open").is_empty());
}

#[test]
fn a_rule_that_is_off_counts_nothing() {
    let mut hub = hub();
    rule(&mut hub, "configurationDrift", json!({ "enabled": false }));
    device(&mut hub, "a", json!({}));
    let body = json!({
        "id": "fw", "priority": 1, "targetCondition": "*",
        "content": { "deviceContent": { "properties.desired.fw": 2 } },
        "metrics": { "queries": { "failed": "SELECT deviceId FROM devices" } },
    });
    assert_eq!(hub.put("/configurations/fw", None, body).status, 200);
    hub.0.run(20 * MINUTE);
    assert!(alerts(&mut hub, "state=open").is_empty());
    rule(&mut hub, "configurationDrift", json!({ "enabled": true }));
    hub.0.run(10 * MINUTE);
    assert_eq!(alerts(&mut hub, "state=open").len(), 1);
}

fn tell(stage: &mut Stage, object: &str, bytes: u64, messages: u64) {
    let usage = Usage {
        object: object.to_owned(),
        bytes,
        day: stage.now.day(),
        messages,
    };
    let told = stage.administer(HubRequest::TellUsage(Box::new(usage)));
    assert!(matches!(told, Ok(HubReply::Done)));
}

fn open(stage: &mut Stage, rule: &Rule) -> Vec<Value> {
    stage.input(Input::Alarm);
    let wanted = ListAlerts {
        rule: Some(rule.name().to_owned()),
        state: Some("open".to_owned()),
        limit: 100,
        ..ListAlerts::default()
    };
    stage.alerts(wanted)
}

#[test]
fn an_object_that_is_nearly_full_is_told_until_it_has_room() {
    let mut stage = Stage::bootstrapped();
    let full = Rule::STORAGE_NEAR_FULL;
    tell(&mut stage, "registry-0", 9_000_000_000, 0);
    stage.wait(150_000);
    assert!(open(&mut stage, &full).is_empty(), "less than 85 %");
    tell(&mut stage, "registry-0", 9_200_000_000, 0);
    tell(&mut stage, "events-0", 1_000_000, 0);
    stage.wait(150_000);
    let told = open(&mut stage, &full);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["subject"], json!({ "object": "registry-0" }));
    assert_eq!(told[0]["severity"], "warning");
    tell(&mut stage, "registry-0", 5_000_000_000, 0);
    stage.wait(150_000);
    assert!(open(&mut stage, &full).is_empty());
}

#[test]
fn the_messages_of_a_day_are_told_before_they_are_used_up() {
    let mut stage = Stage::bootstrapped();
    let near = Rule::QUOTA_NEAR;
    // A unit may have 300 million a day; what partitions took adds up.
    tell(&mut stage, "events-0", 0, 130_000_000);
    tell(&mut stage, "events-1", 0, 120_000_000);
    stage.wait(150_000);
    assert!(open(&mut stage, &near).is_empty());
    tell(&mut stage, "events-1", 0, 126_000_000);
    stage.wait(150_000);
    let told = open(&mut stage, &near);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        told[0]["summary"],
        "256000000 of the 300000000 messages of the day are used up."
    );
    // The next day everything is there again, and nobody has to say so.
    let midnight = Timestamp::of_day(stage.now.day() + 1);
    stage.wait(midnight.milliseconds() - stage.now.milliseconds());
    stage.input(Input::Alarm);
    stage.wait(150_000);
    assert!(open(&mut stage, &near).is_empty());
}
