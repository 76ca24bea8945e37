use super::*;
use crate::auth::Role;
use crate::http::fake::{FakeHub, request, time};
use crate::http::route::{route, split};

/// Authorises a request the way `serve` does.
fn ask(hub: &FakeHub, request: &Request) -> Result<Caller, HubError> {
    let operation = route(request.method, &request.path).unwrap();
    let required = match access(&operation) {
        Access::Granted(right, action) => Some((right, action)),
        _ => None,
    };
    let path = split(&request.path).unwrap();
    let caller = identify(
        request,
        required.map(|(right, _)| right),
        &path,
        hub.settings.as_ref().unwrap(),
        hub.now.get(),
    )?;
    if let Some((_, action)) = required {
        caller.permit(action)?;
    }
    Ok(caller)
}

fn code(result: Result<Caller, HubError>) -> Option<ErrorCode> {
    result.err().map(|error| error.code)
}

const REGISTRY_READ: (Method, &str) = (Method::Get, "/devices/d");
const REGISTRY_WRITE: (Method, &str) = (Method::Put, "/devices/d");
const SERVICE: (Method, &str) = (Method::Get, "/twins/d");
const CONFIGURATIONS: [(Method, &str); 3] = [
    (Method::Get, "/configurations"),
    (Method::Post, "/configurations/testQueries"),
    (Method::Put, "/configurations/c"),
];

#[test]
fn two_rights_open_configurations_for_reading_and_one_for_writing() {
    let hub = FakeHub::new();
    for (policy, expected) in [
        ("iothubowner", [true, true, true]),
        ("service", [true, true, false]),
        ("device", [false, false, false]),
        ("registryRead", [true, true, false]),
        ("registryReadWrite", [true, true, true]),
    ] {
        let opened = CONFIGURATIONS.map(|(method, path)| {
            let asked = request(method, path).with("authorization", &hub.token(policy));
            ask(&hub, &asked).is_ok()
        });
        assert_eq!(opened, expected, "{policy}");
    }
}

#[test]
fn every_policy_opens_exactly_its_paths() {
    let hub = FakeHub::new();
    let matrix = [
        ("iothubowner", [true, true, true]),
        ("service", [false, false, true]),
        ("device", [false, false, false]),
        ("registryRead", [true, false, false]),
        ("registryReadWrite", [true, true, false]),
    ];
    for (policy, expected) in matrix {
        let opened = [REGISTRY_READ, REGISTRY_WRITE, SERVICE].map(|(method, path)| {
            let result = ask(
                &hub,
                &request(method, path).with("authorization", &hub.token(policy)),
            );
            assert!(matches!(
                code(result.clone()),
                None | Some(ErrorCode::IotHubUnauthorizedAccess)
            ));
            result.is_ok()
        });
        assert_eq!(opened, expected, "{policy}");
    }
}

#[test]
fn tokens_that_prove_nothing_are_refused_alike() {
    let hub = FakeHub::new();
    let good = hub.token("iothubowner");
    let other_hub = good.replace("sr=hub.example", "sr=evil.example");
    let unknown = good.replace("skn=iothubowner", "skn=nobody");
    let device_token = good.split("&skn").next().unwrap().to_owned();
    for token in [
        "",
        "Bearer x",
        "SharedAccessSignature",
        &other_hub,
        &unknown,
        &device_token,
    ] {
        let request = request(Method::Get, "/devices/d").with("authorization", token);
        assert_eq!(
            code(ask(&hub, &request)),
            Some(ErrorCode::IotHubUnauthorizedAccess),
            "{token}"
        );
    }
    assert_eq!(
        code(ask(&hub, &request(Method::Get, "/devices/d"))),
        Some(ErrorCode::IotHubUnauthorizedAccess)
    );
    let request = request(Method::Get, "/devices/d").with("authorization", &good);
    let caller = ask(&hub, &request).unwrap();
    assert!(caller.sees_credentials && caller.session.is_none());
    hub.now.set(caller.until.plus_seconds(1));
    assert_eq!(
        code(ask(&hub, &request)),
        Some(ErrorCode::IotHubUnauthorizedAccess)
    );
}

#[test]
fn a_token_for_a_path_covers_only_that_path() {
    let hub = FakeHub::new();
    let policy = hub.settings.as_ref().unwrap().policies[0].clone();
    let until = hub.now.get().plus_seconds(60);
    let sign = |resource: &str| {
        crate::auth::sas::sign(&policy.primary_key, resource, until, Some(&policy.name)).unwrap()
    };
    let open = |resource: &str, path: &str| {
        ask(
            &hub,
            &request(Method::Get, path).with("authorization", &sign(resource)),
        )
        .is_ok()
    };
    assert!(open("hub.example%2Fdevices%2Fd", "/devices/d"));
    assert!(!open("hub.example%2Fdevices%2Fd", "/devices/dd"));
    assert!(!open("hub.example%2Fdevices%2Fd", "/twins/d"));
    assert!(open("localhost%3A28443", "/devices/d"));
    assert!(open("localhost:28443", "/twins%2Fd"));
}

#[test]
fn every_role_may_do_what_the_matrix_says() {
    let hub = FakeHub::new();
    let cases = [
        (Method::Get, "/devices/d", "YYYY"),
        (Method::Get, "/api/v1/events", "YYYY"),
        (Method::Get, "/api/v1/overview", "YYYY"),
        (Method::Put, "/devices/d", "-YYY"),
        (Method::Patch, "/twins/d", "-YYY"),
        (Method::Post, "/twins/d/methods", "-YYY"),
        (Method::Post, "/devices/d/messages/deviceBound", "-YYY"),
        (Method::Delete, "/devices/d/commands", "-YYY"),
        (Method::Delete, "/devices/d", "-aYY"),
        (Method::Get, "/api/v1/accounts", "---Y"),
        (Method::Post, "/api/v1/api-tokens", "---Y"),
        (Method::Get, "/api/v1/policies", "---Y"),
        (Method::Get, "/api/v1/approvals", "YYYY"),
        (Method::Put, "/api/v1/consumer-groups/g", "--YY"),
        (Method::Put, "/api/v1/routes/r", "--YY"),
    ];
    for (method, path, row) in cases {
        for (role, cell) in Role::ALL.into_iter().zip(row.chars()) {
            let request = request(method, path)
                .with("cookie", &hub.cookie(role))
                .with("x-skerry-console", "1");
            let expected = match cell {
                'Y' => None,
                'a' => Some(ErrorCode::ApprovalRequired),
                _ => Some(ErrorCode::Forbidden),
            };
            assert_eq!(
                code(ask(&hub, &request)),
                expected,
                "{role:?} {} {path}",
                method.as_str()
            );
        }
    }
}

#[test]
fn only_admins_see_credentials() {
    let hub = FakeHub::new();
    for role in Role::ALL {
        let caller = ask(
            &hub,
            &request(Method::Get, "/devices/d").with("cookie", &hub.cookie(role)),
        )
        .unwrap();
        assert_eq!(caller.sees_credentials, role == Role::Admin, "{role:?}");
    }
}

#[test]
fn another_sites_page_can_change_nothing() {
    let hub = FakeHub::new();
    let cookie = format!("theme=dark; {}", hub.cookie(Role::Admin));
    let change = || request(Method::Patch, "/twins/d").with("cookie", &cookie);
    assert_eq!(
        code(ask(&hub, &change())),
        Some(ErrorCode::Forbidden),
        "without the console's header"
    );
    let own = || change().with("x-skerry-console", "1");
    assert_eq!(code(ask(&hub, &own())), None);
    for (origin, expected) in [
        ("https://hub.example", None),
        ("http://HUB.example", None),
        ("https://evil.example", Some(ErrorCode::Forbidden)),
        ("https://hub.example:8443", Some(ErrorCode::Forbidden)),
        ("null", Some(ErrorCode::Forbidden)),
    ] {
        assert_eq!(
            code(ask(&hub, &own().with("origin", origin))),
            expected,
            "{origin}"
        );
    }
    let read = request(Method::Get, "/twins/d").with("cookie", &cookie);
    assert_eq!(code(ask(&hub, &read)), None);
}

#[test]
fn sessions_end_and_cannot_be_made_up() {
    let hub = FakeHub::new();
    let cookie = hub.cookie(Role::Admin);
    let get = |cookie: &str| request(Method::Get, "/api/v1/session").with("cookie", cookie);
    assert!(ask(&hub, &get(&cookie)).is_ok());
    assert_eq!(
        code(ask(&hub, &get(&cookie.replace('.', "x.")))),
        Some(ErrorCode::IotHubUnauthorizedAccess)
    );
    // The cookie's own path does not take policies: there is no person behind them.
    let token =
        request(Method::Get, "/api/v1/session").with("authorization", &hub.token("iothubowner"));
    assert_eq!(
        code(ask(&hub, &token)),
        Some(ErrorCode::IotHubUnauthorizedAccess)
    );
    hub.now.set(time("2026-03-01T11:00:00Z"));
    assert_eq!(
        code(ask(&hub, &get(&cookie))),
        Some(ErrorCode::IotHubUnauthorizedAccess)
    );
}

/// A hub with an account `bo` and an API token, and the token.
fn with_grants(role: Role, scope: Option<&str>) -> (FakeHub, String) {
    let mut hub = FakeHub::new();
    let token = auth::grant::token_text(&[3; auth::grant::TOKEN_BYTES]);
    let grant = auth::Grant {
        id: "bo".into(),
        name: "bo".into(),
        role,
        scope: scope.map(str::to_owned),
        since: hub.now.get(),
        until: None,
        token_hash: None,
    };
    let mut settings = hub.settings.as_deref().unwrap().clone();
    settings.access.tokens = vec![auth::Grant {
        id: "t1".into(),
        name: "ci".into(),
        token_hash: Some(auth::grant::token_hash(&token)),
        ..grant.clone()
    }];
    settings.access.accounts = vec![grant];
    hub.settings = Some(std::rc::Rc::new(settings));
    (hub, token)
}

fn account_cookie(hub: &FakeHub, issued: Timestamp) -> String {
    let session = Session {
        name: "bo".into(),
        // What it was when it began; the grant counts.
        role: Role::Admin,
        issued,
        expires: issued.plus_seconds(3600),
        id: "s1".into(),
        account: true,
    };
    let key = &hub.settings.as_ref().unwrap().session_key;
    format!("skerry_session={}", session.issue(key).unwrap())
}

#[test]
fn an_api_token_has_a_role_and_needs_no_console() {
    let (hub, token) = with_grants(Role::Operator, Some("tags.site = 's1'"));
    let ask_with = |scheme: &str, token: &str, method, path| {
        let value = format!("{scheme} {token}");
        ask(&hub, &request(method, path).with("authorization", &value))
    };
    let caller = ask_with("Bearer", &token, Method::Patch, "/twins/d").unwrap();
    assert_eq!(caller.actor, "token:ci");
    assert_eq!(caller.role, Some(Role::Operator));
    assert_eq!(caller.scope.as_deref(), Some("tags.site = 's1'"));
    assert!(!caller.sees_credentials);
    let refused = ask_with("Bearer", &token, Method::Put, "/api/v1/routes/r");
    assert_eq!(code(refused), Some(ErrorCode::Forbidden));
    for (scheme, token) in [("Bearer", &token[..20]), ("Basic", token.as_str())] {
        let refused = ask_with(scheme, token, Method::Get, "/twins/d");
        assert_eq!(code(refused), Some(ErrorCode::IotHubUnauthorizedAccess));
    }
}

#[test]
fn an_account_may_do_what_its_grant_says_now() {
    let (hub, _) = with_grants(Role::Viewer, None);
    let cookie = account_cookie(&hub, hub.now.get());
    let see = |hub: &FakeHub, cookie: &str| {
        ask(
            hub,
            &request(Method::Get, "/twins/d").with("cookie", cookie),
        )
    };
    let caller = see(&hub, &cookie).unwrap();
    assert_eq!(
        (caller.role, caller.actor.as_str()),
        (Some(Role::Viewer), "person:bo")
    );
    assert!(!caller.sees_credentials, "the cookie says admin");
    // A session from before the password changed.
    let old = account_cookie(&hub, hub.now.get().plus_milliseconds(-1));
    assert_eq!(
        code(see(&hub, &old)),
        Some(ErrorCode::IotHubUnauthorizedAccess)
    );

    let (mut hub, _) = with_grants(Role::Viewer, None);
    let mut settings = hub.settings.as_deref().unwrap().clone();
    settings.access.ended = vec![auth::grant::EndedSession {
        id: "s1".into(),
        expires: hub.now.get().plus_seconds(3600),
    }];
    hub.settings = Some(std::rc::Rc::new(settings.clone()));
    assert_eq!(
        code(see(&hub, &cookie)),
        Some(ErrorCode::IotHubUnauthorizedAccess),
        "it was ended"
    );
    settings.access = Default::default();
    hub.settings = Some(std::rc::Rc::new(settings));
    assert_eq!(
        code(see(&hub, &cookie)),
        Some(ErrorCode::IotHubUnauthorizedAccess),
        "the account is gone"
    );
}
