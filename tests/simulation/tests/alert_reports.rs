//! How shards and partitions tell the hub object of alerts: surely, and each report once.

use serde_json::Value;
use shared::alert::Rule;
use shared::error::HubError;
use shared::hub::effects::{Effects, Outcome, Outgoing};
use shared::hub::events::Events;
use shared::ipc::alert::{AlertReport, ListAlerts, RaiseAlert};
use shared::ipc::hub::{HubReply, HubRequest};
use shared::ipc::stored::Stored;
use shared::sql::Sql;
use shared::time::Timestamp;
use simulation::sqlite::Sqlite;
use simulation::stage::{Stage, device};
use simulation::world::START;

fn dead(endpoint: &str) -> RaiseAlert {
    let summary = format!("Endpoint {endpoint} takes nothing.");
    RaiseAlert::new(Rule::ENDPOINT_DEAD, summary).of("endpoint", endpoint)
}

fn report(stage: &mut Stage, origin: &str, alerts: Vec<(u64, Vec<RaiseAlert>)>) {
    let origin = origin.to_owned();
    let stored =
        |(number, alerts): (u64, Vec<RaiseAlert>)| (number, Stored::of(&alerts).expect("written"));
    let alerts = alerts.into_iter().map(stored).collect();
    let request = HubRequest::ReportAlerts(Box::new(AlertReport { origin, alerts }));
    assert!(matches!(stage.administer(request), Ok(HubReply::Done)));
}

fn alerts(stage: &mut Stage) -> Vec<Value> {
    let wanted = ListAlerts {
        limit: 100,
        ..ListAlerts::default()
    };
    stage.alerts(wanted)
}

#[test]
fn a_report_that_comes_again_is_counted_once() {
    let mut stage = Stage::bootstrapped();
    report(&mut stage, "events-0", vec![(4, vec![dead("erp")])]);
    report(&mut stage, "events-0", vec![(4, vec![dead("erp")])]);
    let open = alerts(&mut stage);
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(open[0]["count"], 1);
    assert_eq!(open[0]["rule"], "endpointDead");
    assert_eq!(open[0]["severity"], "error");
    assert_eq!(open[0]["subject"], serde_json::json!({ "endpoint": "erp" }));
    // Numbers are of each object; what is new in a repeated report counts.
    report(&mut stage, "events-1", vec![(4, vec![dead("erp")])]);
    stage.actor.forget(true);
    report(
        &mut stage,
        "events-0",
        vec![(4, vec![dead("erp")]), (5, vec![dead("erp"), dead("mes")])],
    );
    let open = alerts(&mut stage);
    assert_eq!(open.len(), 2, "{open:?}");
    assert_eq!(open[1]["count"], 3);
    // What is over is settled, and only that.
    report(
        &mut stage,
        "events-0",
        vec![(6, vec![dead("erp").cleared(), dead("crm").cleared()])],
    );
    let all = alerts(&mut stage);
    assert_eq!(all.len(), 2, "{all:?}");
    assert_eq!(
        [&all[0]["state"], &all[1]["state"]],
        ["open", "resolved"],
        "{all:?}"
    );
    assert_eq!(all[1]["handledBy"], "auto");
}

#[test]
fn what_an_alert_is_about_tells_it_from_others() {
    let mut stage = Stage::bootstrapped();
    let of_device = RaiseAlert::new(Rule::ENDPOINT_DEAD, "x".to_owned()).of_device(device("erp"));
    let of_job = RaiseAlert::new(Rule::ENDPOINT_DEAD, "x".to_owned()).of_job("erp");
    let reported = vec![dead("erp"), of_device, of_job.clone(), of_job];
    report(&mut stage, "registry-0", vec![(1, reported)]);
    let open = alerts(&mut stage);
    let counts: Vec<&Value> = open.iter().map(|alert| &alert["count"]).collect();
    assert_eq!(counts, [2, 1, 1], "{open:?}");
}

#[test]
fn a_partition_says_it_until_the_hub_object_has_heard() {
    let sql = Sqlite::new();
    let now = Timestamp::from_milliseconds(START);
    let mut events = Events::open(3, &sql).expect("opens");
    let mut effects = Effects::default();
    let raised = [dead("erp"), dead("mes")];
    events
        .alert(now, &raised, &sql, &mut effects)
        .expect("written");
    let call = effects.calls.pop().expect("a call");
    assert!(effects.alarm.is_some(), "should the answer never come");
    // While one is on its way, nothing overtakes it.
    events
        .alert(now, &[dead("crm")], &sql, &mut effects)
        .expect("written");
    assert!(effects.calls.is_empty());
    let lost = Outcome::Hub(Err(HubError::internal("lost")));
    events
        .finished(now, call.correlation, &lost, &sql, &mut effects)
        .expect("finishes");
    // The object dies; the next life says everything again, with the same numbers.
    let mut events = Events::open(3, &sql).expect("opens");
    events.alarm(now, &sql, &mut effects).expect("alarm");
    let call = effects.calls.pop().expect("a call");
    let Outgoing::Hub(request) = call.request else {
        panic!("{:?}", call.request)
    };
    let HubRequest::ReportAlerts(said) = *request else {
        panic!("{request:?}")
    };
    assert_eq!(said.origin, "events-3");
    let said: Vec<(u64, usize)> = said
        .alerts
        .iter()
        .map(|(n, raised)| (*n, raised.read().expect("alerts").len()))
        .collect();
    assert_eq!(said, [(1, 2), (2, 1)]);
    events
        .finished(
            now,
            call.correlation,
            &Outcome::Hub(Ok(HubReply::Done)),
            &sql,
            &mut effects,
        )
        .expect("finishes");
    assert!(
        sql.query("SELECT 1 FROM outbox", &[])
            .expect("rows")
            .is_empty()
    );
}
