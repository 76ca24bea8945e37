//! Signing in to the console, and the first start of a hub (`device-management.md` §6).
//!
//! A one-time sign-in token, or a name and a password, are traded for a cookie that page scripts
//! cannot read.

use super::access::{ask, password_is};
use super::{Failure, settings, unexpected};
use crate::auth::signature::secrets_match;
use crate::auth::{ConnectionString, Role, Session, policy::find_policy};
use crate::error::{ErrorCode, HubError};
use crate::http::attributed::{Attributed, source};
use crate::http::authorize::{COOKIE, Caller, check_same_site, signed_in, unauthorized};
use crate::http::backend::Backend;
use crate::http::error::{Trace, new_uuid};
use crate::http::json::{self, Object};
use crate::http::message::{Request, Response};
use crate::hub::administration::bootstrap::ENTROPY_BYTES;
use crate::ipc::access::AccessVerb;
use crate::ipc::gateway::GatewayRequest;
use crate::ipc::hub::{HubReply, HubRequest};
use crate::ipc::registry::Precondition;
use crate::json;

/// How long a session lasts.
const SESSION_SECONDS: i64 = 12 * 3600;
/// Longest name of an account.
const MAX_ACCOUNT_NAME: usize = 64;
/// The policy whose connection string the launcher shows.
const OWNER_POLICY: &str = "iothubowner";

/// Who shows what to sign in.
struct Arrival {
    name: String,
    role: Role,
    /// With a name and a password instead of the launcher's link.
    account: bool,
    passed: bool,
}

/// `POST /api/v1/session` with `{"token"}` of the launcher's link, or `{"name","password"}`
pub async fn sign_in<B: Backend>(
    backend: &B,
    request: &Request,
    trace: &Trace,
) -> Result<Response, Failure> {
    check_same_site(request)?;
    let body = json::parse_object(&request.body)?;
    let settings = settings(backend).await?;
    let arrival = match json::text_member(&body, "token")? {
        Some(token) => redeem(backend, token).await?,
        None => by_password(backend, request, &body).await?,
    };
    let mut session = Session {
        name: arrival.name,
        role: arrival.role,
        issued: trace.time,
        expires: trace.time.plus_seconds(SESSION_SECONDS),
        id: new_uuid(backend),
        account: arrival.account,
    };
    let start = json!({
        "id": session.id,
        "name": session.name,
        "account": session.account,
        "passed": arrival.passed,
        "issued": session.issued.to_string(),
        "expires": session.expires.to_string(),
        "source": source(request),
        "userAgent": request.header("user-agent").map(|text| text.chars().take(200).collect::<String>()),
    });
    let caller = Caller::signing_in(&session.name, session.expires);
    let backend = Attributed::new(backend, request, &caller, trace);
    let started = ask(
        &backend,
        AccessVerb::StartSession,
        start,
        Precondition::None,
    )
    .await?;
    let role = started.get("role").and_then(serde_json::Value::as_str);
    session.role = role.and_then(Role::parse).unwrap_or(session.role);
    let scope = settings
        .access
        .account(&session.name)
        .filter(|_| session.account);
    let value = session.issue(&settings.session_key)?;
    let scope = scope.and_then(|grant| grant.scope.as_deref());
    Ok(answer(&session, session.role, scope).with_header(
        "set-cookie",
        set_cookie(&value, SESSION_SECONDS, request.secure),
    ))
}

async fn redeem<B: Backend>(backend: &B, token: &str) -> Result<Arrival, Failure> {
    let redeem = HubRequest::RedeemSignIn {
        token: token.to_owned(),
    };
    let HubReply::SignedIn { name, role } = backend.hub(redeem).await? else {
        return Err(unexpected("the hub"));
    };
    let role = Role::parse(&role);
    Ok(Arrival {
        name,
        role: role.ok_or_else(|| HubError::internal("the hub named an unknown role"))?,
        account: false,
        passed: true,
    })
}

async fn by_password<B: Backend>(
    backend: &B,
    request: &Request,
    body: &Object,
) -> Result<Arrival, Failure> {
    let name = json::text_member(body, "name")?.unwrap_or_default().trim();
    let password = json::text_member(body, "password")?.unwrap_or_default();
    if name.is_empty() || password.is_empty() || name.len() > MAX_ACCOUNT_NAME {
        return Err(HubError::invalid(
            "Send the token of a sign-in link (the part behind '='), or name and password.",
        )
        .into());
    }
    let attempt = json!({ "id": name, "source": source(request) });
    Ok(Arrival {
        passed: password_is(backend, attempt, password).await?,
        name: name.to_owned(),
        role: Role::Viewer,
        account: true,
    })
}

/// `GET /api/v1/session`
pub fn current(caller: &Caller) -> Result<Response, Failure> {
    match &caller.session {
        Some(session) => {
            let role = caller.role.unwrap_or(session.role);
            Ok(answer(session, role, caller.scope.as_deref()))
        }
        None => Err(unauthorized("no session").into()),
    }
}

/// `DELETE /api/v1/session`: also without a valid session, so that signing out always works.
/// The cookie is of no use afterwards, wherever else it may be.
pub async fn sign_out<B: Backend>(
    backend: &B,
    request: &Request,
    trace: &Trace,
) -> Result<Response, Failure> {
    check_same_site(request)?;
    let settings = settings(backend).await?;
    if let Ok(session) = signed_in(request, &settings, trace.time) {
        let caller = Caller::signing_in(&session.name, session.expires);
        let backend = Attributed::new(backend, request, &caller, trace);
        let end = json!({ "id": session.id });
        let ended = ask(&backend, AccessVerb::EndSession, end, Precondition::None).await;
        // The cookie goes in any case.
        if let Err(failure) = ended {
            backend.report(&format!("a session was not ended: {}", failure.error));
        }
    }
    Ok(Response::empty(204).with_header("set-cookie", set_cookie("", 0, request.secure)))
}

fn answer(session: &Session, role: Role, scope: Option<&str>) -> Response {
    let body = json!({
        "name": session.name,
        "role": role.as_str(),
        "scope": scope,
        "hasAccount": session.account,
        "sessionId": session.id,
        "expiresAt": session.expires.to_string(),
    });
    Response::json(200, &body)
}

fn set_cookie(value: &str, seconds: i64, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}")
}

/// `POST /api/v1/bootstrap` with `Authorization: Bootstrap <secret>`
pub async fn bootstrap<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    check_bootstrap_secret(backend, request)?;
    let mut entropy = vec![0; ENTROPY_BYTES];
    backend.random(&mut entropy);
    let bootstrap = HubRequest::Bootstrap {
        host_names: backend.host_names(),
        layout: backend.layout(),
        entropy,
    };
    let HubReply::Bootstrapped {
        settings,
        sign_in_token,
    } = backend.hub(bootstrap).await?
    else {
        return Err(unexpected("the hub"));
    };
    // A crash may have taken sockets without a trace; gateways report them when they come to
    // life, which must not wait for the next device. One that fails now is woken by its alarm.
    let gateways =
        (0..settings.layout.gateways).map(|number| backend.gateway(number, GatewayRequest::Wake));
    for outcome in crate::together::join_all(gateways).await {
        if let Err(error) = outcome {
            backend.report(&error.to_string());
        }
    }
    let owner = find_policy(&settings.policies, OWNER_POLICY).ok_or_else(|| {
        HubError::new(
            ErrorCode::InvalidOperation,
            "The hub has no policy iothubowner any more; use the connection string of another policy.",
        )
    })?;
    let host_name = settings.host_name();
    let connection = ConnectionString::for_policy(host_name, &owner.name, &owner.primary_key);
    Ok(Response::json(
        200,
        &json!({
            "hostName": host_name,
            "connectionString": connection.to_string(),
            "signInToken": sign_in_token,
        }),
    ))
}

/// Refuses whoever does not know the deployment's bootstrap secret.
pub(super) fn check_bootstrap_secret<B: Backend>(
    backend: &B,
    request: &Request,
) -> Result<(), HubError> {
    let given = request
        .header("authorization")
        .and_then(|text| text.strip_prefix("Bootstrap "));
    let expected = backend
        .bootstrap_secret()
        .filter(|secret| !secret.is_empty());
    match (given, expected) {
        (Some(given), Some(expected))
            if secrets_match(given.trim().as_bytes(), expected.as_bytes()) =>
        {
            Ok(())
        }
        _ => Err(unauthorized("the bootstrap secret is missing or wrong")),
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
