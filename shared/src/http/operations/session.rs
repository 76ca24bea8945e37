//! Signing in to the console, and the first start of a hub (`device-management.md` §6).
//!
//! The one-time sign-in token is traded for a cookie that page scripts cannot read.

use super::{Failure, settings, unexpected};
use crate::auth::signature::secrets_match;
use crate::auth::{ConnectionString, Role, Session, policy::find_policy};
use crate::error::{ErrorCode, HubError};
use crate::http::authorize::{COOKIE, Caller, check_same_site, unauthorized};
use crate::http::backend::Backend;
use crate::http::error::{Trace, uuid};
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::hub::administration::bootstrap::ENTROPY_BYTES;
use crate::ipc::gateway::GatewayRequest;
use crate::ipc::hub::{HubReply, HubRequest};
use serde_json::json;

/// How long a session lasts.
const SESSION_SECONDS: i64 = 12 * 3600;
/// The policy whose connection string the launcher shows.
const OWNER_POLICY: &str = "iothubowner";

/// `POST /api/v1/session` with `{"token":"…"}`
pub async fn sign_in<B: Backend>(
    backend: &B,
    request: &Request,
    trace: &Trace,
) -> Result<Response, Failure> {
    check_same_site(request)?;
    let body = json::parse_object(&request.body)?;
    let token = json::text_member(&body, "token")?.ok_or_else(|| {
        HubError::invalid("token is required: it is the part of the sign-in link after '='.")
    })?;
    let settings = settings(backend).await?;
    let redeem = HubRequest::RedeemSignIn {
        token: token.to_owned(),
    };
    let HubReply::SignedIn { name, role } = backend.hub(redeem).await? else {
        return Err(unexpected("the hub"));
    };
    let role =
        Role::parse(&role).ok_or_else(|| HubError::internal("the hub named an unknown role"))?;
    let mut id = [0; 16];
    backend.random(&mut id);
    let session = Session {
        name,
        role,
        issued: trace.time,
        expires: trace.time.plus_seconds(SESSION_SECONDS),
        id: uuid(u128::from_be_bytes(id)),
    };
    let value = session.issue(&settings.session_key)?;
    Ok(answer(&session).with_header(
        "set-cookie",
        set_cookie(&value, SESSION_SECONDS, request.secure),
    ))
}

/// `GET /api/v1/session`
pub fn current(caller: &Caller) -> Result<Response, Failure> {
    match &caller.session {
        Some(session) => Ok(answer(session)),
        None => Err(unauthorized("no session").into()),
    }
}

/// `DELETE /api/v1/session`: also without a valid session, so that signing out always works
pub fn sign_out(request: &Request) -> Result<Response, Failure> {
    check_same_site(request)?;
    Ok(Response::empty(204).with_header("set-cookie", set_cookie("", 0, request.secure)))
}

fn answer(session: &Session) -> Response {
    let body = json!({
        "name": session.name,
        "role": session.role.as_str(),
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
