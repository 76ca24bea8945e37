use super::*;
use crate::ipc::routing::Routing;

fn settings() -> Settings {
    Settings {
        routes: Vec::new(),
        routing: Routing::default(),
        ..crate::http::fake::settings()
    }
}

fn applied(settings: &Settings, change: RoutingChange) -> Settings {
    let mut routing = change.routing;
    for endpoint in &mut routing.endpoints {
        if endpoint.id == 0 {
            routing.last_id += 1;
            endpoint.id = routing.last_id;
            endpoint.slot = routing.last_id as u8;
        }
    }
    Settings {
        routes: change.routes,
        routing: *routing,
        ..settings.clone()
    }
}

fn object_of(value: Value) -> Object {
    value.as_object().unwrap().clone()
}

#[test]
fn what_is_shown_can_be_put_back_and_is_the_same() {
    let body = object_of(json!({"routing": {
        "endpoints": {
            "webhooks": [{"name": "alarms", "url": "https://a.example/in?x=y", "format": "cloudEvents",
                "batch": {"maxEvents": 7, "maxSeconds": 2}}],
            "storageContainers": [{"name": "archive", "containerName": "telemetry"}],
            "queues": [{"name": "tickets", "queueName": "new-tickets", "format": "eventGrid"}],
        },
        "routes": [{"name": "hot", "source": "devicemessages", "condition": "level = 'critical'", "endpointNames": ["Alarms"]}],
        "fallbackRoute": {"condition": "level = 'x'", "endpointNames": ["archive"]},
        "enrichments": [{"key": "site", "value": "$twin.tags.site", "endpointNames": ["alarms", "events"]}],
    }}));
    let first = applied(&settings(), replace(&settings(), &body).unwrap());
    let shown = document(&first);
    assert_eq!(shown["routing"]["routes"][0]["source"], "DeviceMessages");
    assert_eq!(
        shown["routing"]["routes"][0]["endpointNames"],
        json!(["alarms"])
    );
    assert_eq!(
        shown["routing"]["endpoints"]["storageContainers"][0]["batchFrequencyInSeconds"],
        300
    );
    let second = applied(&first, replace(&first, &object_of(shown.clone())).unwrap());
    assert_eq!(document(&second), shown);
    assert_eq!(
        second.routing.endpoints, first.routing.endpoints,
        "ids stay"
    );
}

#[test]
fn a_new_url_has_to_be_validated_again() {
    let subscription = |url: &str| {
        object_of(json!({"url": url, "sources": ["DeviceMessages"], "secretRef": "key"}))
    };
    let secret = object_of(json!({"value": "0123456789abcdef"}));
    let hub = applied(
        &settings(),
        put_secret(&settings(), "key", &secret).unwrap(),
    );
    let put =
        |hub: &Settings, url| applied(hub, put_subscription(hub, "s", &subscription(url)).unwrap());
    let hub = put(&hub, "https://a.example/");
    assert!(validated(&hub, "s", "https://b.example/").is_none());
    let hub = applied(&hub, validated(&hub, "s", "https://a.example/").unwrap());
    let status = |hub: &Settings| {
        endpoint_document(hub.routing.subscription("s").unwrap())["status"].clone()
    };
    assert_eq!(status(&hub), "active");
    assert_eq!(status(&put(&hub, "https://a.example/")), "active");
    assert_eq!(status(&put(&hub, "https://b.example/")), "pending");
    assert!(delete_secret(&hub, "key").is_err(), "it is in use");
    assert!(!document(&hub).to_string().contains("0123456789abcdef"));
}

#[test]
fn limits_are_those_of_the_contract() {
    let routes = |count: usize| {
        let all: Vec<Value> = (0..count)
            .map(|number| json!({"name": format!("r{number}"), "source": "DeviceMessages"}))
            .collect();
        replace(&settings(), &object_of(json!({"routes": all})))
    };
    let full = applied(&settings(), routes(100).unwrap());
    assert_eq!(
        routes(101).unwrap_err().code,
        ErrorCode::IotHubQuotaExceeded
    );
    let one = object_of(json!({"source": "DeviceMessages"}));
    assert!(put_route(&full, "R5", &one).is_ok(), "it is there already");
    assert!(put_route(&full, "new", &one).is_err());
    let hooks: Vec<Value> = (0..11)
        .map(|number| json!({"name": format!("e{number}"), "url": "https://a.example/"}))
        .collect();
    let body = object_of(json!({"endpoints": {"webhooks": hooks}}));
    assert_eq!(
        replace(&settings(), &body).unwrap_err().code,
        ErrorCode::IotHubQuotaExceeded
    );
}
