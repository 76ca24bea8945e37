use super::*;
use crate::http::fake::{FakeHub, block_on, request};
use crate::http::{Method, handle};
use crate::ipc::gateway::GatewayReply;

fn signing_in() -> FakeHub {
    FakeHub::new().hub_answers(|request| match request {
        HubRequest::RedeemSignIn { token } if token == "once" => Ok(HubReply::SignedIn {
            name: "Ada".into(),
            role: "admin".into(),
        }),
        HubRequest::Access(..) => Ok(HubReply::Access(json!({ "role": "admin" }))),
        _ => Err(HubError::new(
            ErrorCode::IotHubUnauthorizedAccess,
            "used up",
        )),
    })
}

fn sign_in_with(hub: &FakeHub, token: &str, secure: bool) -> Response {
    let mut asked = request(Method::Post, "/api/v1/session")
        .with("x-skerry-console", "1")
        .with_json(&json!({ "token": token }));
    asked.secure = secure;
    block_on(handle(hub, asked))
}

#[test]
fn a_one_time_token_becomes_a_cookie_that_signs_in() {
    let hub = signing_in();
    let response = sign_in_with(&hub, "once", false);
    assert_eq!(response.status, 200);
    assert_eq!(
        response.value(),
        json!({
            "name": "Ada",
            "role": "admin",
            "scope": null,
            "hasAccount": false,
            "sessionId": response.value()["sessionId"],
            "expiresAt": "2026-03-01T22:00:00.0000000Z",
        })
    );
    let set_cookie = response.header("set-cookie").unwrap();
    assert!(
        set_cookie.ends_with("; Path=/; Max-Age=43200; HttpOnly; SameSite=Strict"),
        "{set_cookie}"
    );
    let cookie = set_cookie.split(';').next().unwrap();
    let current = block_on(handle(
        &hub,
        request(Method::Get, "/api/v1/session").with("cookie", cookie),
    ));
    assert_eq!((current.status, current.value()), (200, response.value()));
}

#[test]
fn over_tls_the_cookie_is_for_tls_only_and_a_header_cannot_pretend() {
    let hub = signing_in();
    assert!(
        sign_in_with(&hub, "once", true)
            .header("set-cookie")
            .unwrap()
            .ends_with("; Secure")
    );
    let pretended = request(Method::Post, "/api/v1/session")
        .with("x-skerry-console", "1")
        .with("x-forwarded-proto", "https")
        .with_json(&json!({"token": "once"}));
    let response = block_on(handle(&hub, pretended));
    assert!(!response.header("set-cookie").unwrap().contains("Secure"));
}

#[test]
fn a_wrong_token_and_a_foreign_page_get_no_cookie() {
    let hub = signing_in();
    let wrong = sign_in_with(&hub, "twice", false);
    assert_eq!((wrong.status, wrong.header("set-cookie")), (401, None));
    assert!(
        wrong.text().contains("used up"),
        "the link's fate is explained"
    );
    let foreign = request(Method::Post, "/api/v1/session").with_json(&json!({"token": "once"}));
    assert_eq!(block_on(handle(&hub, foreign)).status, 403);
    assert_eq!(
        block_on(handle(&hub, request(Method::Get, "/api/v1/session"))).status,
        401
    );
}

#[test]
fn signing_out_clears_the_cookie() {
    let hub = FakeHub::new();
    let asked = request(Method::Delete, "/api/v1/session").with("x-skerry-console", "1");
    let response = block_on(handle(&hub, asked));
    assert_eq!(response.status, 204);
    assert!(
        response
            .header("set-cookie")
            .unwrap()
            .starts_with("skerry_session=; Path=/; Max-Age=0;")
    );
}

fn bootstrap_with(hub: &FakeHub, authorization: &str) -> Response {
    block_on(handle(
        hub,
        request(Method::Post, "/api/v1/bootstrap").with("authorization", authorization),
    ))
}

#[test]
fn the_first_start_needs_the_secret_and_answers_what_the_launcher_shows() {
    let mut hub = FakeHub::new();
    let settings = hub.settings.take().unwrap();
    let key = settings.policies[0].primary_key.clone();
    let hub = hub.hub_answers(move |request| match request {
        HubRequest::Bootstrap {
            host_names,
            entropy,
            ..
        } => {
            assert_eq!(host_names, ["hub.example"]);
            assert_eq!(entropy.len(), ENTROPY_BYTES);
            Ok(HubReply::Bootstrapped {
                settings: Box::new((*settings).clone()),
                sign_in_token: "once".into(),
            })
        }
        other => panic!("unexpected {other:?}"),
    });
    let hub = hub.gateway_answers(|_, _| Ok(GatewayReply::Done));
    let response = bootstrap_with(&hub, "Bootstrap a long secret");
    assert_eq!(response.status, 200);
    let woken = hub
        .asked_gateway
        .borrow()
        .iter()
        .map(|(number, _)| *number)
        .collect::<Vec<_>>();
    assert_eq!(
        woken,
        [0, 1],
        "gateways report at once what a crash has taken"
    );
    assert_eq!(
        response.value(),
        json!({
            "hostName": "hub.example",
            "connectionString": format!("HostName=hub.example;SharedAccessKeyName=iothubowner;SharedAccessKey={key}"),
            "signInToken": "once",
        })
    );
    for wrong in [
        "",
        "Bootstrap ",
        "Bootstrap a long secre",
        "Bootstrap a long secret2",
        "a long secret",
    ] {
        assert_eq!(bootstrap_with(&hub, wrong).status, 401, "{wrong:?}");
    }
}

#[test]
fn without_a_configured_secret_nobody_may_bootstrap() {
    for secret in [None, Some(String::new())] {
        let mut hub = FakeHub::new();
        hub.secret = secret;
        assert_eq!(bootstrap_with(&hub, "Bootstrap ").status, 401);
    }
}
