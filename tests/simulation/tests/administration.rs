//! The hub object: first start, later starts, routes, groups, sign-in.

use serde_json::{Value, json};
use shared::error::ErrorCode;
use shared::hub::administration::bootstrap::ENTROPY_BYTES;
use shared::hub::effects::{Outcome, Outgoing};
use shared::ipc::Layout;
use shared::ipc::events::EventsReply;
use shared::ipc::hub::{HubReply, HubRequest, HubResult, RoutingChange, Settings};
use shared::ipc::registry::RegistryReply;
use shared::routing::document;
use simulation::actor::{Answer, Input, Request};
use simulation::stage::Stage;

const LAYOUT: Layout = Layout {
    gateways: 2,
    shards: 3,
    partitions: 4,
};

fn bootstrap_with(stage: &mut Stage, names: &[&str], layout: Layout) -> HubResult {
    let entropy = stage.random.bytes(ENTROPY_BYTES);
    let host_names = names.iter().map(|name| (*name).to_owned()).collect();
    stage.administer(HubRequest::Bootstrap {
        host_names,
        layout,
        entropy,
    })
}

fn bootstrap(stage: &mut Stage) -> (Settings, String) {
    match bootstrap_with(stage, &["hub.example"], LAYOUT) {
        Ok(HubReply::Bootstrapped {
            settings,
            sign_in_token,
        }) => (*settings, sign_in_token),
        other => panic!("{other:?}"),
    }
}

fn put_route(stage: &mut Stage, name: &str, route: Value) -> HubResult {
    let known = settings(stage);
    let change = document::put_route(&known, name, route.as_object().expect("an object"))?;
    stage.administer(HubRequest::PutRouting(Box::new(change)))
}

fn settings(stage: &mut Stage) -> Settings {
    match stage.administer(HubRequest::GetSettings) {
        Ok(HubReply::Settings(settings)) => *settings,
        other => panic!("{other:?}"),
    }
}

fn code(result: HubResult) -> ErrorCode {
    result.expect_err("refused").code
}

#[test]
fn a_hub_that_was_never_started_says_so() {
    let mut stage = Stage::hub();
    assert_eq!(
        code(stage.administer(HubRequest::GetSettings)),
        ErrorCode::ServiceUnavailable
    );
    let change = RoutingChange {
        action: "putRoute".to_owned(),
        name: "r".to_owned(),
        routes: Vec::new(),
        routing: Default::default(),
    };
    let put = HubRequest::PutRouting(Box::new(change));
    assert_eq!(code(stage.administer(put)), ErrorCode::ServiceUnavailable);
}

#[test]
fn the_first_start_makes_secrets_and_later_ones_keep_them() {
    let mut stage = Stage::hub();
    let (first, token) = bootstrap(&mut stage);
    assert_eq!(first.version, 1);
    assert_eq!(first.layout, LAYOUT);
    let mut names: Vec<_> = first
        .policies
        .iter()
        .map(|policy| policy.name.as_str())
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "device",
            "iothubowner",
            "registryRead",
            "registryReadWrite",
            "service"
        ]
    );
    let mut keys: Vec<String> = first
        .policies
        .iter()
        .flat_map(|policy| [policy.keys().primary, policy.keys().secondary])
        .collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 10, "no key is used twice");
    assert_eq!(first.session_key.len(), 32);
    stage.actor.forget(true);
    let (second, other_token) = bootstrap(&mut stage);
    assert_eq!(second, first);
    assert_ne!(token, other_token);
}

#[test]
fn another_layout_is_refused_and_changes_nothing() {
    let mut stage = Stage::hub();
    let (first, _) = bootstrap(&mut stage);
    let other = Layout {
        shards: 5,
        ..LAYOUT
    };
    let error = bootstrap_with(&mut stage, &["hub.example"], other).expect_err("refused");
    assert_eq!(error.code, ErrorCode::GenericConflict);
    assert!(error.message.contains("3 shards"), "{}", error.message);
    assert_eq!(bootstrap(&mut stage).0, first);
}

#[test]
fn new_host_names_are_pushed_to_everybody() {
    let mut stage = Stage::hub();
    let (first, _) = bootstrap(&mut stage);
    let entropy = stage.random.bytes(ENTROPY_BYTES);
    let (_, answer) = stage.request(Request::Hub(HubRequest::Bootstrap {
        host_names: vec!["new.example".to_owned()],
        layout: LAYOUT,
        entropy,
    }));
    assert!(answer.is_none(), "it waits for the pushes");
    assert_eq!(
        stage.output.calls.len(),
        7,
        "three shards and four partitions"
    );
    for call in &stage.output.calls {
        let pushed = match &call.request {
            Outgoing::Registry(shared::ipc::registry::RegistryRequest::ApplySettings(pushed)) => {
                pushed
            }
            Outgoing::Events(shared::ipc::events::EventsRequest::ApplySettings(pushed)) => pushed,
            other => panic!("{other:?}"),
        };
        assert_eq!(pushed.version, 2);
        assert_eq!(pushed.host_names, ["new.example"]);
        assert_eq!(pushed.policies, first.policies);
    }
}

#[test]
fn pushes_that_fail_are_repeated_until_everybody_has_confirmed() {
    let mut stage = Stage::hub();
    let entropy = stage.random.bytes(ENTROPY_BYTES);
    let request = HubRequest::Bootstrap {
        host_names: vec!["hub.example".to_owned()],
        layout: LAYOUT,
        entropy,
    };
    stage.request(Request::Hub(request));
    assert!(stage.output.alarm.is_some());
    let calls = std::mem::take(&mut stage.output.calls);
    let mut answered = false;
    for (index, call) in calls.into_iter().enumerate() {
        let lost = index == 2;
        let error = || shared::error::HubError::internal("lost");
        let outcome = match call.request {
            Outgoing::Registry(_) if lost => Outcome::Registry(Err(error())),
            Outgoing::Registry(_) => Outcome::Registry(Ok(RegistryReply::Done)),
            _ if lost => Outcome::Events(Err(error())),
            _ => Outcome::Events(Ok(EventsReply::Done)),
        };
        stage.input(Input::Outcome(call.correlation, outcome));
        answered |= stage
            .output
            .replies
            .iter()
            .any(|(_, answer)| matches!(answer, Answer::Hub(Ok(_))));
    }
    assert!(answered, "the launcher does not wait for ever");
    stage.actor.forget(true);
    stage.wait(5_000);
    stage.input(Input::Alarm);
    assert_eq!(stage.output.calls.len(), 1, "only the one that failed");
    assert!(stage.output.alarm.is_some());
    stage.settle_calls();
    stage.wait(5_000);
    stage.input(Input::Alarm);
    assert_eq!(stage.output.calls.len(), 0);
    assert_eq!(stage.output.alarm, None, "nothing is left to do");
}

#[test]
fn a_sign_in_link_is_good_once_and_for_an_hour() {
    let mut stage = Stage::hub();
    let (_, token) = bootstrap(&mut stage);
    let redeem = |stage: &mut Stage, token: &str| {
        stage.administer(HubRequest::RedeemSignIn {
            token: token.to_owned(),
        })
    };
    assert_eq!(
        code(redeem(&mut stage, "guess")),
        ErrorCode::IotHubUnauthorizedAccess
    );
    assert_eq!(
        code(redeem(&mut stage, &"x".repeat(10_000))),
        ErrorCode::IotHubUnauthorizedAccess
    );
    stage.wait(3_599_999);
    match redeem(&mut stage, &token) {
        Ok(HubReply::SignedIn { role, .. }) => assert_eq!(role, "admin"),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        code(redeem(&mut stage, &token)),
        ErrorCode::IotHubUnauthorizedAccess
    );
    let (_, token) = bootstrap(&mut stage);
    stage.wait(3_600_000);
    assert_eq!(
        code(redeem(&mut stage, &token)),
        ErrorCode::IotHubUnauthorizedAccess
    );
    let stored = stage.actor.sql.number(
        "SELECT count(*) FROM sign_in WHERE token_hash = ?",
        &[token.into()],
    );
    assert_eq!(stored, Some(0), "tokens are never stored as they are");
}

#[test]
fn consumer_groups_have_rules() {
    let mut stage = Stage::hub();
    bootstrap(&mut stage);
    let put = |stage: &mut Stage, name: &str| {
        stage.administer(HubRequest::PutConsumerGroup(name.to_owned()))
    };
    assert!(matches!(
        put(&mut stage, "archive"),
        Ok(HubReply::Changed(true))
    ));
    assert!(matches!(
        put(&mut stage, "archive"),
        Ok(HubReply::Changed(false))
    ));
    assert!(matches!(
        put(&mut stage, "$Default"),
        Ok(HubReply::Changed(false))
    ));
    for illegal in ["", "a b", "ä", &"x".repeat(51)] {
        assert_eq!(
            code(put(&mut stage, illegal)),
            ErrorCode::ArgumentInvalid,
            "{illegal:?}"
        );
    }
    for number in 1..20 {
        assert!(matches!(
            put(&mut stage, &format!("g{number}")),
            Ok(HubReply::Changed(true))
        ));
    }
    assert_eq!(
        code(put(&mut stage, "one-more")),
        ErrorCode::IotHubQuotaExceeded
    );
    let Ok(HubReply::ConsumerGroups(names)) = stage.administer(HubRequest::ListConsumerGroups)
    else {
        panic!("no list");
    };
    assert_eq!((names.len(), names[0].as_str()), (21, "$Default"));
    let delete = |stage: &mut Stage, name: &str| {
        stage.administer(HubRequest::DeleteConsumerGroup(name.to_owned()))
    };
    assert_eq!(
        code(delete(&mut stage, "$Default")),
        ErrorCode::ArgumentInvalid
    );
    assert!(matches!(
        delete(&mut stage, "archive"),
        Ok(HubReply::Changed(true))
    ));
    assert!(matches!(
        delete(&mut stage, "archive"),
        Ok(HubReply::Changed(false))
    ));
}

#[test]
fn routes_have_rules_and_every_change_is_a_new_version() {
    let mut stage = Stage::hub();
    bootstrap(&mut stage);
    let twins = json!({ "source": "twinchangeevents" });
    put_route(&mut stage, "twins", twins.clone()).expect("a route");
    put_route(&mut stage, "Twins", twins.clone()).expect("the same route");
    for (name, route) in [
        ("x", json!({ "source": "Nonsense" })),
        ("a b", twins),
        (
            "x",
            json!({ "source": "DeviceMessages", "condition": "$body.t >" }),
        ),
        (
            "x",
            json!({ "source": "DeviceMessages", "endpointNames": ["nobody"] }),
        ),
    ] {
        assert_eq!(
            code(put_route(&mut stage, name, route)),
            ErrorCode::ArgumentInvalid
        );
    }
    let known = settings(&mut stage);
    assert_eq!((known.version, known.routes.len()), (3, 1));
    assert!(known.routes_source("twinChangeEvents"));
    assert!(!known.routes_source("deviceLifecycleEvents"));
    let delete = document::delete_route(&known, "twins").expect("there is one");
    let stale = HubRequest::PutRouting(Box::new(delete.clone()));
    put_route(&mut stage, "other", json!({ "source": "DeviceMessages" })).expect("a route");
    // Somebody else was faster: nothing is lost.
    assert_eq!(code(stage.administer(stale)), ErrorCode::PreconditionFailed);
    let delete = document::delete_route(&settings(&mut stage), "twins").expect("there is one");
    stage
        .administer(HubRequest::PutRouting(Box::new(delete)))
        .expect("it goes");
    assert!(document::delete_route(&settings(&mut stage), "twins").is_none());
    stage.actor.forget(true);
    assert_eq!(settings(&mut stage).version, 5);
}
