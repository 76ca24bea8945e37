//! One shard alone with its configurations (`service.md` §11.3.1): which set counts, how much a
//! step of a pass does, what a dry run leaves.

use serde_json::{Value, json};
use shared::ipc::registry::{
    ApplyConfigurations, ApplyItems, Precondition, PutDevice, RegistryReply, RegistryRequest,
};
use simulation::actor::Input;
use simulation::stage::{Stage, device, identity};

fn document(id: &str, target: &str) -> Value {
    json!({
        "id": id, "priority": 1, "createdTimeUtc": "2026-03-01T00:00:00Z", "revision": 1,
        "targetCondition": target,
        "content": { "deviceContent": { "properties.desired.a": id } },
    })
}

fn apply(stage: &mut Stage, version: u64, configurations: Vec<Value>) {
    let set = ApplyConfigurations {
        version,
        configurations,
    };
    stage.asked(RegistryRequest::ApplyConfigurations(Box::new(set)));
}

fn create(stage: &mut Stage, id: &str) {
    let put = PutDevice {
        device: device(id),
        precondition: Precondition::None,
        body: json!({}),
        entropy: stage.random.bytes(80),
        missing_scopes: Vec::new(),
    };
    stage.asked(RegistryRequest::PutDevice(put));
}

fn marks(stage: &mut Stage, id: &str) -> Value {
    match stage.asked(RegistryRequest::GetTwin(identity(id))) {
        RegistryReply::Twin(twin) => twin.body.get("configurations").cloned().unwrap_or_default(),
        other => panic!("{other:?}"),
    }
}

/// Lets timers fire until none is asked for soon; how often, and the most rows that one wrote.
fn pass(stage: &mut Stage) -> (u32, u64) {
    let (mut steps, mut most) = (0, 0);
    loop {
        let before = stage.actor.sql.rows_written();
        stage.input(Input::Timer);
        most = most.max(stage.actor.sql.rows_written() - before);
        steps += 1;
        // What was counted is written later, by a timer of its own.
        let soon = stage.now.plus_seconds(1);
        if stage.output.timer.is_none_or(|at| at > soon) {
            return (steps, most);
        }
        stage.wait(15);
    }
}

#[test]
fn only_a_newer_set_counts() {
    let mut stage = Stage::registry();
    create(&mut stage, "pump");
    apply(&mut stage, 7, vec![document("c", "*")]);
    apply(&mut stage, 6, Vec::new());
    apply(&mut stage, 7, Vec::new());
    pass(&mut stage);
    assert_eq!(
        marks(&mut stage, "pump"),
        json!({ "c": { "status": "Applied" } })
    );
    stage.actor.forget(true);
    create(&mut stage, "later");
    assert_eq!(
        marks(&mut stage, "later"),
        json!({ "c": { "status": "Applied" } })
    );
    apply(&mut stage, 8, Vec::new());
    pass(&mut stage);
    assert_eq!(marks(&mut stage, "pump"), Value::Null);
}

#[test]
fn a_set_with_what_this_version_does_not_know_does_no_harm() {
    let mut stage = Stage::registry();
    create(&mut stage, "pump");
    let mut strange = document("strange", "*");
    strange["content"] = json!({ "cloudContent": {} });
    apply(&mut stage, 1, vec![strange, document("c", "*")]);
    pass(&mut stage);
    assert_eq!(
        marks(&mut stage, "pump"),
        json!({ "c": { "status": "Applied" } })
    );
}

#[test]
fn a_step_is_bounded_and_a_pass_without_work_writes_one_row() {
    let mut stage = Stage::registry();
    for number in 0..450 {
        create(&mut stage, &format!("d{number:03}"));
    }
    // Only behind the first steps there is something to do.
    apply(&mut stage, 1, vec![document("last", "deviceId = 'd449'")]);
    let (steps, _) = pass(&mut stage);
    assert_eq!(steps, 3);
    assert_eq!(
        marks(&mut stage, "d449"),
        json!({ "last": { "status": "Applied" } })
    );
    apply(&mut stage, 2, vec![document("all", "*")]);
    let (steps, most) = pass(&mut stage);
    assert!((23..27).contains(&steps), "{steps}");
    assert!(most < 20 * 6, "{most} rows in one step");
    for number in 0..450 {
        assert_ne!(marks(&mut stage, &format!("d{number:03}")), Value::Null);
    }
    stage.wait(11_000);
    stage.input(Input::Timer);
    assert_eq!(stage.output.timer, None, "what was counted is written");
    let before = stage.actor.sql.rows_written();
    stage.wait(301_000);
    stage.input(Input::Alarm);
    assert!(stage.output.timer.is_some(), "five minutes are over");
    pass(&mut stage);
    let written = stage.actor.sql.rows_written() - before;
    assert!(written <= 1, "{written}");
    // Without configurations nothing is done any more.
    apply(&mut stage, 3, Vec::new());
    pass(&mut stage);
    stage.wait(301_000);
    stage.input(Input::Alarm);
    assert_eq!(stage.output.timer, None);
}

#[test]
fn a_dry_run_leaves_nothing_of_what_configurations_would_do() {
    let mut stage = Stage::registry();
    apply(&mut stage, 1, vec![document("c", "*")]);
    pass(&mut stage);
    let records = "SELECT count(*) FROM audit";
    let before = stage.actor.sql.number(records, &[]);
    let plan = ApplyItems {
        items: vec![(identity("new"), json!({ "id": "new" }))],
        entropy: Vec::new(),
        missing_scopes: Vec::new(),
    };
    match stage.asked(RegistryRequest::PlanItems(plan)) {
        RegistryReply::Plans(plans) => assert!(plans[0].is_ok(), "{plans:?}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(stage.actor.sql.number(records, &[]), before);
    assert_eq!(
        stage.actor.sql.number("SELECT count(*) FROM outbox", &[]),
        Some(0)
    );
}
