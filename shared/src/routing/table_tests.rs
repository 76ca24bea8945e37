use super::*;
use crate::ipc::routing::{Endpoint, Route, Routing};
use std::borrow::Cow;

struct Plain;

impl Message for Plain {
    fn application(&self, name: &str) -> Option<Cow<'_, str>> {
        (name == "level").then_some(Cow::Borrowed("low"))
    }
    fn system(&self, _: &str) -> Option<Cow<'_, str>> {
        None
    }
    fn body(&self) -> Option<&Value> {
        None
    }
    fn twin(&self) -> Option<&Value> {
        None
    }
}

fn settings(routes: &[(&str, &str, &str)], routing: Routing) -> Settings {
    let routes = routes.iter().map(|(source, condition, endpoint)| Route {
        name: format!("{source}-{endpoint}"),
        source: (*source).to_owned(),
        condition: (*condition).to_owned(),
        is_enabled: true,
        endpoint: (*endpoint).to_owned(),
    });
    Settings {
        routes: routes.collect(),
        routing,
        ..crate::http::fake::settings()
    }
}

fn endpoint(slot: u8, name: &str) -> Endpoint {
    Endpoint {
        id: u32::from(slot),
        slot,
        name: name.to_owned(),
        ..Endpoint::of(EndpointSort::Webhook)
    }
}

fn two_endpoints() -> Routing {
    Routing {
        endpoints: vec![endpoint(1, "a"), endpoint(2, "b")],
        ..Routing::default()
    }
}

#[test]
fn nobody_looks_at_telemetry_that_only_the_built_in_endpoint_gets() {
    assert!(Table::new(&settings(&[], Routing::default())).is_plain());
    let of_twins = [("TwinChangeEvents", "true", "a")];
    assert!(Table::new(&settings(&of_twins, two_endpoints())).is_plain());
    let of_telemetry = [("DeviceMessages", "true", "events")];
    assert!(!Table::new(&settings(&of_telemetry, Routing::default())).is_plain());
}

#[test]
fn a_message_goes_to_every_endpoint_of_the_routes_that_want_it() {
    let routes = [
        ("DeviceMessages", "level = 'low'", "a"),
        ("DeviceMessages", "level = 'high'", "events"),
        ("DeviceMessages", "true", "b"),
        ("TwinChangeEvents", "true", "events"),
    ];
    let table = Table::new(&settings(&routes, two_endpoints()));
    let decision = table.decide(TELEMETRY, &Plain);
    assert_eq!(decision.endpoints, 0b110);
    assert!(!decision.is_fallback && !decision.is_orphaned);
    let twins = source("twinChangeEvents").unwrap();
    assert_eq!(table.decide(twins, &Plain).endpoints, BUILT_IN_MASK);
    let jobs = source("deviceJobLifecycleEvents").unwrap();
    let nothing = table.decide(jobs, &Plain);
    assert_eq!(
        nothing,
        Decision::default(),
        "no fallback for what is no telemetry"
    );
}

#[test]
fn a_subscription_takes_nothing_from_the_fallback() {
    let mut routing = two_endpoints();
    routing.endpoints.push(Endpoint {
        sources: vec!["DeviceMessages".to_owned()],
        condition: "true".to_owned(),
        is_enabled: true,
        ..Endpoint {
            sort: EndpointSort::Subscription,
            ..endpoint(3, "s")
        }
    });
    let decision = Table::new(&settings(&[], routing)).decide(TELEMETRY, &Plain);
    assert_eq!(decision.endpoints, 0b1001);
    assert!(decision.is_fallback);
}

#[test]
fn stamps_say_for_whom_they_are() {
    let mut routing = two_endpoints();
    let enrichment = |key: &str, names: &[&str]| Enrichment {
        key: key.to_owned(),
        value: "$iothubname".to_owned(),
        endpoint_names: names.iter().map(|name| (*name).to_owned()).collect(),
    };
    routing.enrichments = vec![enrichment("x", &["a", "events"]), enrichment("y", &["b"])];
    let table = Table::new(&settings(&[], routing));
    let stamps = table.stamps(TELEMETRY, 0b111, None);
    let own = |endpoint| {
        stamps_of(&stamps, endpoint)
            .into_iter()
            .map(|(key, _)| key)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        (own(1), own(2), own(4)),
        (
            vec!["x".to_owned()],
            vec!["x".to_owned()],
            vec!["y".to_owned()]
        )
    );
    assert_eq!(stamped(&stamps), 0b111);
    assert_eq!(table.stamps(TELEMETRY, 0b1000, None), "");
    let patches = source("DigitalTwinChangeEvents").unwrap();
    assert_eq!(table.stamps(patches, 0b111, None), "");
}
