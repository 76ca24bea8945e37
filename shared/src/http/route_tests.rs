use super::*;
use crate::http::operation::Operation as O;
use crate::http::routing_operation::RoutingOperation as R;
use Method::{Delete, Get, Patch, Post, Put};

fn id(text: &str) -> DeviceId {
    DeviceId::parse(text).unwrap()
}

fn of(device: &str) -> Identity {
    Identity::device(id(device))
}

fn of_module(device: &str, module: &str) -> Identity {
    Identity {
        device: id(device),
        module: Some(ModuleId::parse(module).unwrap()),
    }
}

#[test]
fn every_path_of_the_contract_leads_to_its_operation() {
    let table = [
        (Get, "/devices", O::ListDevices),
        (Get, "/devices/", O::ListDevices),
        (Get, "/devices/pump-7", O::GetDevice(id("pump-7"))),
        (Get, "/devices/query", O::GetDevice(id("query"))),
        (Put, "/devices/pump-7", O::PutDevice(id("pump-7"))),
        (Delete, "/devices/pump-7", O::DeleteDevice(id("pump-7"))),
        (
            Delete,
            "/devices/pump-7/commands",
            O::PurgeMessages(id("pump-7")),
        ),
        (Get, "/statistics/devices", O::DeviceStatistics),
        (Get, "/statistics/service", O::ServiceStatistics),
        (Get, "/twins/d", O::GetTwin(of("d"))),
        (Patch, "/twins/d", O::PatchTwin(of("d"))),
        (Put, "/twins/d", O::ReplaceTwin(of("d"))),
        (Get, "/twins/d/modules/m", O::GetTwin(of_module("d", "m"))),
        (
            Patch,
            "/twins/d/modules/m",
            O::PatchTwin(of_module("d", "m")),
        ),
        (
            Put,
            "/twins/d/modules/m",
            O::ReplaceTwin(of_module("d", "m")),
        ),
        (Post, "/twins/d/methods", O::InvokeMethod(of("d"))),
        (
            Post,
            "/twins/d/modules/m/methods",
            O::InvokeMethod(of_module("d", "m")),
        ),
        (Post, "/devices/query", O::Query),
        (Post, "/api/v1/query/explain", O::ExplainQuery),
        (Post, "/api/v1/query/stream", O::StreamQuery),
        (
            Post,
            "/devices/d/messages/deviceBound",
            O::SendToDevice(id("d")),
        ),
        (Get, "/messages/serviceBound/feedback", O::ReceiveFeedback),
        (
            Delete,
            "/messages/serviceBound/feedback/0.t",
            O::CompleteFeedback("0.t".into()),
        ),
        (
            Post,
            "/messages/serviceBound/feedback/0.t/abandon",
            O::AbandonFeedback("0.t".into()),
        ),
        (
            Get,
            "/messages/serviceBound/filenotifications",
            O::ReceiveFileNotification,
        ),
        (
            Get,
            "/messages/servicebound/fileUploadNotifications",
            O::ReceiveFileNotification,
        ),
        (
            Delete,
            "/messages/serviceBound/filenotifications/0.t",
            O::CompleteFileNotification("0.t".into()),
        ),
        (
            Post,
            "/messages/serviceBound/fileUploadNotifications/0.t/abandon",
            O::AbandonFileNotification("0.t".into()),
        ),
        (Post, "/devices/d/files", O::BeginUpload(id("d"))),
        (
            Post,
            "/devices/d/files/notifications",
            O::EndUpload(id("d"), None),
        ),
        (
            Post,
            "/devices/d/Files/notifications/a%2Fb%3D",
            O::EndUpload(id("d"), Some("a/b=".into())),
        ),
        (Get, "/api/v1/file-upload", O::GetFileUpload),
        (
            Get,
            "/api/v1/devices/d/dead-letters",
            O::DeadLetters(id("d"), None, DeadLetterVerb::Read),
        ),
        (
            Get,
            "/api/v1/devices/d/dead-letters/7",
            O::DeadLetters(id("d"), Some("7".into()), DeadLetterVerb::Read),
        ),
        (
            Post,
            "/api/v1/devices/d/dead-letters/7/resend",
            O::DeadLetters(id("d"), Some("7".into()), DeadLetterVerb::Resend),
        ),
        (
            Delete,
            "/api/v1/devices/d/dead-letters",
            O::DeadLetters(id("d"), None, DeadLetterVerb::Delete),
        ),
        (
            Delete,
            "/api/v1/devices/d/dead-letters/7",
            O::DeadLetters(id("d"), Some("7".into()), DeadLetterVerb::Delete),
        ),
        (Put, "/api/v1/file-upload", O::PutFileUpload),
        (
            Post,
            "/devices/d/messages/events",
            O::SendTelemetry(of("d")),
        ),
        (
            Post,
            "/devices/d/modules/m/messages/events",
            O::SendTelemetry(of_module("d", "m")),
        ),
        (
            Get,
            "/devices/d/messages/devicebound",
            O::ReceiveMessage(id("d")),
        ),
        (
            Delete,
            "/devices/d/messages/deviceBound/L",
            O::SettleMessage(id("d"), "L".into()),
        ),
        (
            Post,
            "/devices/d/messages/devicebound/L/abandon",
            O::AbandonMessage(id("d"), "L".into()),
        ),
        (Get, "/api/v1/events", O::ReadEvents),
        (Get, "/api/v1/events/info", O::EventsInfo),
        (Get, "/api/v1/events/stream", O::StreamEvents),
        (Get, "/api/v1/events/ws", O::EventSocket),
        (Post, "/api/v1/events/checkpoint", O::Checkpoint),
        (Get, "/api/v1/consumer-groups", O::ListConsumerGroups),
        (
            Put,
            "/api/v1/consumer-groups/Ops",
            O::PutConsumerGroup("Ops".into()),
        ),
        (
            Delete,
            "/api/v1/consumer-groups/%24Default",
            O::DeleteConsumerGroup("$Default".into()),
        ),
        (Get, "/api/v1/messaging", O::GetMessaging),
        (Put, "/api/v1/messaging", O::PutMessaging),
        (Get, "/api/v1/routes/a", O::Routing(R::GetRoute("a".into()))),
        (Get, "/api/v1/routing", O::Routing(R::Get)),
        (Put, "/api/v1/routing", O::Routing(R::Put)),
        (Post, "/api/v1/routing/test", O::Routing(R::Test)),
        (Post, "/api/v1/routing/test-all", O::Routing(R::TestAll)),
        (
            Get,
            "/api/v1/routing/endpoints/health",
            O::Routing(R::Health),
        ),
        (
            Post,
            "/api/v1/routing/endpoints/a/validate",
            O::Routing(R::Validate("a".into())),
        ),
        (
            Get,
            "/api/v1/routing/endpoints/a/dead-letters",
            O::Routing(R::ListDeadLetters("a".into())),
        ),
        (
            Post,
            "/api/v1/routing/endpoints/a/dead-letters/resend",
            O::Routing(R::ResendDeadLetters("a".into())),
        ),
        (
            Delete,
            "/api/v1/routing/endpoints/a/dead-letters",
            O::Routing(R::DeleteDeadLetters("a".into())),
        ),
        (
            Get,
            "/api/v1/subscriptions",
            O::Routing(R::ListSubscriptions),
        ),
        (
            Get,
            "/api/v1/subscriptions/a",
            O::Routing(R::GetSubscription("a".into())),
        ),
        (
            Put,
            "/api/v1/subscriptions/a",
            O::Routing(R::PutSubscription("a".into())),
        ),
        (
            Delete,
            "/api/v1/subscriptions/a",
            O::Routing(R::DeleteSubscription("a".into())),
        ),
        (Get, "/api/v1/secrets", O::Routing(R::ListSecrets)),
        (
            Put,
            "/api/v1/secrets/a",
            O::Routing(R::PutSecret("a".into())),
        ),
        (
            Delete,
            "/api/v1/secrets/a",
            O::Routing(R::DeleteSecret("a".into())),
        ),
        (Get, "/api/v1/schemas/tags", O::GetTagSchema),
        (Put, "/api/v1/schemas/tags", O::PutTagSchema),
        (Delete, "/api/v1/schemas/tags", O::DeleteTagSchema),
        (Get, "/api/v1/schemas/tags/violations", O::ListTagViolations),
        (Get, "/api/v1/groups", O::ListGroups),
        (Get, "/api/v1/groups/Oslo", O::GetGroup("Oslo".into())),
        (Get, "/api/v1/patterns", O::ListPatterns),
        (
            Put,
            "/api/v1/patterns/reBoot",
            O::PutPattern("reBoot".into()),
        ),
        (Get, "/api/v1/progress", O::GetProgress),
        (Get, "/api/v1/Progress/Stream", O::StreamProgress),
        (Get, "/api/v1/reports/fleet", O::FleetReport),
        (Get, "/metrics", O::PrometheusMetrics),
        (Get, "/api/v1/usage", O::Usage),
        (Get, "/api/v1/metrics", O::Metrics),
        (Get, "/api/v1/operations/stream", O::StreamOperations),
        (Get, "/api/v1/connection-incidents", O::ConnectionIncidents),
        (Get, "/api/v1/alerts", O::ListAlerts),
        (Get, "/api/v1/alerts/Stream", O::StreamAlerts),
        (Get, "/api/v1/alert-rules", O::ListAlertRules),
        (
            Get,
            "/api/v1/alert-rules/hot",
            O::GetAlertRule("hot".into()),
        ),
        (
            Put,
            "/api/v1/alert-rules/Hot",
            O::PutAlertRule("Hot".into()),
        ),
        (
            Delete,
            "/api/v1/alert-rules/hot",
            O::DeleteAlertRule("hot".into()),
        ),
        (Get, "/api/v1/heartbeats", O::ListHeartbeats),
        (
            Post,
            "/api/v1/alerts/a-3/ack",
            O::ChangeAlert("a-3".into(), "ack".into()),
        ),
        (Put, "/api/v1/groups/Oslo", O::PutGroup("Oslo".into())),
        (Delete, "/api/v1/groups/Oslo", O::DeleteGroup("Oslo".into())),
        (Put, "/api/v1/routes/a", O::Routing(R::PutRoute("a".into()))),
        (
            Delete,
            "/api/v1/routes/a",
            O::Routing(R::DeleteRoute("a".into())),
        ),
        (Post, "/api/v1/session", O::SignIn),
        (Get, "/api/v1/session", O::CurrentSession),
        (Delete, "/api/v1/session", O::SignOut),
        (Post, "/api/v1/blobs/sas", O::SignBlobUrl),
        (Post, "/api/v1/bootstrap", O::Bootstrap),
        (Get, "/api/v1/health", O::Health),
        (Get, "/api/v1/overview", O::Overview),
        (Get, "/api/v1/hub", O::HubInformation),
        (Get, "/api/v1/devices", O::BrowseDevices),
        (
            Get,
            "/api/v1/devices/d/connection",
            O::DeviceConnection(Identity::device(id("d"))),
        ),
        (
            Get,
            "/api/v1/devices/d/modules/m/connection",
            O::DeviceConnection(Identity {
                device: id("d"),
                module: Some(ModuleId::parse("m").unwrap()),
            }),
        ),
        (Get, "/api/v1/devices/d/c2d", O::PendingMessages(id("d"))),
    ];
    for (method, path, operation) in table {
        assert_eq!(
            route(method, path),
            Ok(operation),
            "{} {path}",
            method.as_str()
        );
    }
}

#[test]
fn literals_match_in_any_case_and_ids_keep_theirs() {
    assert_eq!(route(Get, "/Devices/Pump"), Ok(O::GetDevice(id("Pump"))));
    assert_eq!(
        route(Post, "/TWINS/d/Modules/M/METHODS"),
        Ok(O::InvokeMethod(of_module("d", "M")))
    );
    assert_eq!(
        route(Get, "/Messages/servicebound/Feedback"),
        Ok(O::ReceiveFeedback)
    );
}

#[test]
fn ids_are_decoded_once_after_splitting() {
    assert_eq!(
        route(Get, "/devices/a%23b%25c"),
        Ok(O::GetDevice(id("a#b%c")))
    );
    assert_eq!(route(Get, "/devices/a%2523"), Ok(O::GetDevice(id("a%23"))));
    assert_eq!(route(Get, "/devices/a#b"), Ok(O::GetDevice(id("a#b"))));
}

#[test]
fn a_slash_or_space_inside_an_id_is_an_argument_error() {
    for path in [
        "/devices/d%201%2F%23%25",
        "/devices/d%201",
        "/devices/a%2Fb",
        "/twins/%2E%2E",
    ] {
        let Err(RouteError::Invalid(error)) = route(Get, path) else {
            panic!("{path} was accepted")
        };
        assert_eq!(error.code, ErrorCode::ArgumentInvalid, "{path}");
        assert!(error.message.contains("id"), "{}", error.message);
    }
    assert!(matches!(
        route(Get, &format!("/devices/{}", "a".repeat(129))),
        Err(RouteError::Invalid(_))
    ));
}

#[test]
fn explorers_wholly_encoded_paths_are_understood() {
    assert_eq!(route(Get, "/twins%2Fd1"), Ok(O::GetTwin(of("d1"))));
    assert_eq!(route(Get, "/twins%2fd1"), Ok(O::GetTwin(of("d1"))));
    assert_eq!(
        route(Get, "/devices%2Fa%2523"),
        Ok(O::GetDevice(id("a%23")))
    );
    // Here alone the id itself was encoded before.
    let path = "/devices%2Fd%252523%2Fmessages%2FdeviceBound";
    assert_eq!(route(Post, path), Ok(O::SendToDevice(id("d%23"))));
    let path = "/devices%2Fd%2523%2Fmessages%2FdeviceBound";
    assert_eq!(route(Post, path), Ok(O::SendToDevice(id("d#"))));
    assert_eq!(route(Post, "/devices%2Fquery"), Ok(O::Query));
}

#[test]
fn a_wrong_verb_names_the_right_ones() {
    let Err(RouteError::MethodNotAllowed(allowed)) = route(Post, "/twins/d") else {
        panic!()
    };
    assert_eq!(verbs(&allowed), "GET, PUT, PATCH");
    let Err(RouteError::MethodNotAllowed(allowed)) = route(Method::Other, "/api/v1/session") else {
        panic!()
    };
    assert_eq!(verbs(&allowed), "GET, POST, DELETE");
    assert_eq!(
        route(Put, "/statistics/devices")
            .unwrap_err()
            .to_error()
            .code,
        ErrorCode::GenericMethodNotAllowed
    );
}

#[test]
fn paths_that_are_known_but_not_served_say_so() {
    let cases = [(Get, "/devices/d/modules/m/messages/devicebound")];
    for (method, path) in cases {
        let Err(RouteError::NotFound(text)) = route(method, path) else {
            panic!("{path}")
        };
        assert!(text.contains("does not offer"), "{path}: {text}");
    }
}

#[test]
fn nonsense_is_not_found() {
    for path in [
        "/",
        "",
        "devices",
        "//devices",
        "/devices//d",
        "/nope",
        "/api/v1",
        "/api/v2/hub",
        "/devices/%ff/x",
    ] {
        assert!(
            matches!(route(Get, path), Err(RouteError::NotFound(_))),
            "{path}"
        );
    }
    let endless = "/a".repeat(5000);
    assert!(matches!(route(Get, &endless), Err(RouteError::NotFound(_))));
}

#[test]
fn api_versions_are_dates_from_2016_on() {
    let accepted = [
        "2016-02-03",
        "2016-11-14",
        "2017-11-08-preview",
        "2018-06-30",
        "2020-05-31-preview",
        "2021-04-12",
        "2024-03-31",
        "2099-12-31",
    ];
    for version in accepted {
        assert_eq!(
            check_api_version(ApiVersion::Required, Some(version)),
            Ok(()),
            "{version}"
        );
    }
    for version in [
        "",
        "2016-02-02",
        "2021-13-01",
        "2021-04-00",
        "2021-4-12",
        "latest",
        "2021-04-12-beta",
        "2021/04/12",
    ] {
        for rule in [ApiVersion::Required, ApiVersion::Optional] {
            let error = check_api_version(rule, Some(version)).unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidProtocolVersion, "{version}");
        }
    }
    assert!(check_api_version(ApiVersion::Required, None).is_err());
    assert_eq!(check_api_version(ApiVersion::Optional, None), Ok(()));
    assert_eq!(check_api_version(ApiVersion::None, None), Ok(()));
}

#[test]
fn the_body_limit_follows_the_operation() {
    assert!(body_limit(Post, "/devices/d/messages/events") > 262_144);
    assert!(body_limit(Post, "/devices/d/messages/deviceBound") > 65_536);
    assert!(body_limit(Patch, "/twins/d") >= 1_000_000);
    assert_eq!(body_limit(Post, "/nope"), DEFAULT_BODY_LIMIT);
    assert_eq!(body_limit(Post, "/api/v1/bootstrap"), DEFAULT_BODY_LIMIT);
}

/// Escapes everything but ASCII letters and digits, as the strictest client does.
fn escape(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric();
    text.bytes()
        .map(|byte| {
            if plain(byte) {
                char::from(byte).to_string()
            } else {
                format!("%{byte:02X}")
            }
        })
        .collect()
}

proptest::proptest! {
    #[test]
    fn every_legal_id_survives_every_way_of_writing_it(text in "[A-Za-z0-9:.+%_#*?!(),=@;$'-]{1,128}") {
        let Ok(id) = DeviceId::parse(&text) else { return Ok(()) };
        let escaped = escape(&text);
        let get = Ok(O::GetDevice(id.clone()));
        proptest::prop_assert_eq!(&route(Get, &format!("/devices/{escaped}")), &get);
        proptest::prop_assert_eq!(&route(Get, &format!("/devices/{escaped}/")), &get);
        proptest::prop_assert_eq!(&route(Get, &format!("/{}", escape(&format!("devices/{text}")))), &get);
        let bound = format!("/{}", escape(&format!("devices/{escaped}/messages/deviceBound")));
        proptest::prop_assert_eq!(route(Post, &bound), Ok(O::SendToDevice(id)));
    }

    #[test]
    fn any_path_is_answered(path in "(/[a-z%/.0-9]{0,20}){0,10}|.{0,60}", known in "(devices|twins|api/v1|messages)(/[^/]{0,5}){0,6}") {
        for method in Method::ALL.into_iter().chain([Method::Other]) {
            for path in [path.as_str(), &format!("/{known}")] {
                if let Err(refusal) = route(method, path) {
                    proptest::prop_assert!((400..=405).contains(&refusal.to_error().code.status()));
                }
                proptest::prop_assert!(body_limit(method, path) >= DEFAULT_BODY_LIMIT);
            }
        }
    }
}
