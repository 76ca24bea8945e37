//! Accounts, API tokens, sessions and shared access policies (`device-management.md` §6).
//!
//! Passwords are hashed and verified here, so that the hub object is not kept busy with them.

use super::{Failure, document_answer, settings, unexpected};
use crate::auth::grant::{MAX_SCOPE, TOKEN_BYTES, token_hash, token_text};
use crate::auth::keys::GENERATED_KEY_BYTES;
use crate::auth::password::{self, SALT_BYTES};
use crate::auth::{Action, ConnectionString, Role};
use crate::error::{ErrorCode, HubError};
use crate::http::attributed::source;
use crate::http::authorize::{Caller, unauthorized};
use crate::http::backend::Backend;
use crate::http::error::new_uuid;
use crate::http::json::{self, Object};
use crate::http::message::{Request, Response};
use crate::http::precondition::if_match;
use crate::ipc::access::{AccessVerb, set};
use crate::ipc::hub::{HubReply, HubRequest, PolicyChange, Settings};
use crate::ipc::registry::Precondition;
use crate::json;
use crate::query::parse_condition;
use crate::time::Timestamp;
use serde_json::Value;

/// Longest name of an API token, in characters.
const MAX_TOKEN_NAME: usize = 64;
/// Longest life of an API token.
const MAX_TOKEN_DAYS: i64 = 3_650;

/// Asks the hub object.
pub(super) async fn ask<B: Backend>(
    backend: &B,
    verb: AccessVerb,
    document: Value,
    precondition: Precondition,
) -> Result<Value, Failure> {
    let asked = HubRequest::Access(verb, Box::new(document), precondition);
    match backend.hub(asked).await? {
        HubReply::Access(answer) => Ok(answer),
        _ => Err(unexpected("the hub")),
    }
}

/// All documents of a kind, or those of a person.
pub async fn list<B: Backend>(backend: &B, kind: &str, name: &str) -> Result<Response, Failure> {
    let wanted = json!({ "kind": kind, "name": name });
    let items = ask(backend, AccessVerb::List, wanted, Precondition::None).await?;
    Ok(Response::json(200, &json!({ "items": items })))
}

/// One document of a kind.
pub(super) async fn find<B: Backend>(
    backend: &B,
    kind: &str,
    id: &str,
) -> Result<Option<Value>, Failure> {
    let wanted = json!({ "kind": kind, "id": id });
    let found = ask(backend, AccessVerb::List, wanted, Precondition::None).await?;
    Ok(match found {
        Value::Array(found) => found.into_iter().next(),
        _ => None,
    })
}

pub(super) fn not_found(what: &str, id: &str) -> Failure {
    let text = format!("There is no {what} {id}.");
    HubError::new(ErrorCode::GenericNotFound, text).into()
}

/// The hash of a new password.
fn hashed<B: Backend>(backend: &B, password: &str, name: &str) -> Result<String, HubError> {
    password::check(password, name)?;
    let mut salt = [0; SALT_BYTES];
    backend.random(&mut salt);
    password::hash(password, &salt)
}

/// `role` and `scope` of a body.
fn granted(body: &Object) -> Result<(Role, Option<String>), HubError> {
    let role = json::text_member(body, "role")?.and_then(Role::parse);
    let role = role
        .ok_or_else(|| HubError::invalid("role must be viewer, operator, supervisor or admin."))?;
    let scope = json::text_member(body, "scope")?.map(str::trim);
    let scope = scope.filter(|scope| !scope.is_empty());
    if let Some(scope) = scope {
        if scope.len() > MAX_SCOPE {
            return Err(HubError::invalid(format!(
                "scope has at most {MAX_SCOPE} bytes."
            )));
        }
        parse_condition(scope)?;
        if role.can(Action::ManageHub) {
            return Err(HubError::invalid(
                "An admin runs the whole hub and cannot be limited to some devices; leave out \
                 scope, or choose another role.",
            ));
        }
    }
    Ok((role, scope.map(str::to_owned)))
}

/// `GET /api/v1/accounts/{name}`
pub async fn get_account<B: Backend>(backend: &B, name: &str) -> Result<Response, Failure> {
    let account = find(backend, "account", name).await?;
    Ok(document_answer(
        200,
        &account.ok_or_else(|| not_found("account", name))?,
    ))
}

/// `PUT /api/v1/accounts/{name}` with `{"role","scope"?,"isEnabled"?,"password"?}`: 201 for a new
/// one, which needs a password
pub async fn put_account<B: Backend>(
    backend: &B,
    request: &Request,
    name: &str,
) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let (role, scope) = granted(&body)?;
    let hash = match json::text_member(&body, "password")? {
        Some(password) => Some(hashed(backend, password, name)?),
        None => None,
    };
    let document = json!({
        "id": name,
        "role": role,
        "scope": scope,
        "isEnabled": json::flag_member(&body, "isEnabled")?.unwrap_or(true),
        "passwordHash": hash,
    });
    let mut account = ask(backend, AccessVerb::PutAccount, document, if_match(request)).await?;
    let is_new = account.get("isNew") == Some(&Value::Bool(true));
    if let Value::Object(account) = &mut account {
        account.remove("isNew");
    }
    Ok(document_answer(if is_new { 201 } else { 200 }, &account))
}

/// `DELETE /api/v1/accounts/{name}`, `/api/v1/api-tokens/{id}`
pub async fn delete<B: Backend>(
    backend: &B,
    request: &Request,
    verb: AccessVerb,
    id: &str,
) -> Result<Response, Failure> {
    ask(backend, verb, json!({ "id": id }), if_match(request)).await?;
    Ok(Response::empty(204))
}

/// `POST /api/v1/session/password` with `{"current","password"}`: every session of the account
/// ends, this one included
pub async fn change_password<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let session = caller.session.as_ref().filter(|session| session.account);
    let name = session
        .map(|session| session.name.as_str())
        .ok_or_else(|| {
            HubError::invalid(
                "You signed in with a link and have no account whose password could change.",
            )
        })?;
    let current = json::text_member(&body, "current")?.unwrap_or_default();
    let hash = hashed(
        backend,
        json::text_member(&body, "password")?.unwrap_or_default(),
        name,
    )?;
    let attempt = json!({ "id": name, "source": source(request) });
    if !password_is(backend, attempt, current).await? {
        return Err(HubError::invalid("The current password is another one.").into());
    }
    let change = json!({ "id": name, "source": source(request), "passwordHash": hash });
    ask(backend, AccessVerb::SetPassword, change, Precondition::None).await?;
    Ok(Response::empty(204))
}

/// Whether an account has this password; counts as an attempt to sign in.
pub(super) async fn password_is<B: Backend>(
    backend: &B,
    attempt: Value,
    password: &str,
) -> Result<bool, Failure> {
    let kept = ask(
        backend,
        AccessVerb::BeginSignIn,
        attempt,
        Precondition::None,
    )
    .await?;
    let hash = kept.get("passwordHash").and_then(Value::as_str);
    Ok(password::matches(password, hash)?)
}

/// `POST /api/v1/api-tokens` with `{"name","role","scope"?,"days"?}`: the answer holds the token,
/// and no other will
pub async fn create_token<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let (role, scope) = granted(&body)?;
    let name = json::text_member(&body, "name")?.unwrap_or_default().trim();
    if name.is_empty() || name.chars().count() > MAX_TOKEN_NAME {
        return Err(HubError::invalid(format!(
            "name has 1 to {MAX_TOKEN_NAME} characters: what the token is for."
        ))
        .into());
    }
    let until = match json::whole_member(&body, "days")? {
        None => None,
        Some(days) if (1..=MAX_TOKEN_DAYS).contains(&days) => {
            Some(backend.now().plus_seconds(days * 86_400))
        }
        Some(_) => {
            let text = format!("days is from 1 to {MAX_TOKEN_DAYS}; leave it out for no end.");
            return Err(HubError::invalid(text).into());
        }
    };
    let mut random = [0; TOKEN_BYTES];
    backend.random(&mut random);
    let token = token_text(&random);
    let document = json!({
        "id": new_uuid(backend),
        "name": name,
        "role": role,
        "scope": scope,
        "until": until.map(|until: Timestamp| until.to_string()),
        "tokenHash": token_hash(&token),
    });
    let mut made = ask(
        backend,
        AccessVerb::CreateToken,
        document,
        Precondition::None,
    )
    .await?;
    if let Value::Object(made) = &mut made {
        made.insert("token".to_owned(), json!(token));
    }
    Ok(Response::json(201, &made))
}

/// Has the hub object note that a token was used, now and then. It may fail: nothing depends on
/// it.
pub async fn note_use<B: Backend>(backend: &B, token: &str) {
    if !backend.tells_use_of(token) {
        return;
    }
    let used = ask(
        backend,
        AccessVerb::UseToken,
        json!({ "id": token }),
        Precondition::None,
    );
    if let Err(failure) = used.await {
        backend.report(&format!(
            "the use of an API token was not noted: {}",
            failure.error
        ));
    }
}

/// `GET /api/v1/sessions`
pub async fn sessions<B: Backend>(backend: &B, caller: &Caller) -> Result<Response, Failure> {
    let session = caller
        .session
        .as_ref()
        .ok_or_else(|| unauthorized("no session"))?;
    let all = caller.can(Action::ManageHub);
    list(backend, "session", if all { "" } else { &session.name }).await
}

/// `DELETE /api/v1/sessions/{id}`
pub async fn end_session<B: Backend>(
    backend: &B,
    caller: &Caller,
    id: &str,
) -> Result<Response, Failure> {
    let session = caller
        .session
        .as_ref()
        .ok_or_else(|| unauthorized("no session"))?;
    let mut wanted = json!({ "id": id });
    if !caller.can(Action::ManageHub) {
        set(&mut wanted, "name", json!(session.name));
    }
    match ask(backend, AccessVerb::EndSession, wanted, Precondition::None).await? {
        Value::Bool(true) => Ok(Response::empty(204)),
        _ => Err(not_found("session", id)),
    }
}

/// `GET /api/v1/policies`: with their keys and connection strings
pub async fn policies<B: Backend>(backend: &B) -> Result<Response, Failure> {
    match backend.hub(HubRequest::GetSettings).await? {
        HubReply::Settings(settings) => Ok(policy_list(&settings)),
        _ => Err(unexpected("the hub")),
    }
}

fn policy_list(settings: &Settings) -> Response {
    let host = settings.host_name();
    let shown = settings.policies.iter().map(|policy| {
        let connection =
            |key: &str| ConnectionString::for_policy(host, &policy.name, key).to_string();
        json!({
            "name": policy.name,
            "rights": policy.rights.to_string(),
            "primaryKey": policy.primary_key,
            "secondaryKey": policy.secondary_key,
            "primaryConnectionString": connection(&policy.primary_key),
            "secondaryConnectionString": connection(&policy.secondary_key),
        })
    });
    Response::json(200, &json!({ "items": shown.collect::<Vec<_>>() }))
}

/// `PUT /api/v1/policies/{name}` with `{"rights"}`, `POST …/regenerate` with
/// `{"key":"primary"|"secondary"}`, `DELETE …`: the policies as they are now
pub async fn change_policy<B: Backend>(
    backend: &B,
    name: &str,
    change: PolicyChange,
) -> Result<Response, Failure> {
    match backend
        .hub(HubRequest::ChangePolicy(name.to_owned(), change))
        .await?
    {
        HubReply::Settings(settings) => Ok(policy_list(&settings)),
        _ => Err(unexpected("the hub")),
    }
}

/// What a `PUT` of a policy asks for.
pub fn read_policy<B: Backend>(backend: &B, body: &[u8]) -> Result<PolicyChange, HubError> {
    let body = json::parse_object(body)?;
    let rights = json::text_member(&body, "rights")?.unwrap_or_default();
    Ok(PolicyChange::Put(
        rights.to_owned(),
        key_entropy(backend, 2),
    ))
}

/// What a `POST …/regenerate` asks for.
pub fn read_regeneration<B: Backend>(backend: &B, body: &[u8]) -> Result<PolicyChange, HubError> {
    let body = json::parse_object(body)?;
    let is_primary = match json::text_member(&body, "key")? {
        Some("primary") => true,
        Some("secondary") => false,
        _ => return Err(HubError::invalid("key must be primary or secondary.")),
    };
    Ok(PolicyChange::Regenerate(
        is_primary,
        key_entropy(backend, 1),
    ))
}

fn key_entropy<B: Backend>(backend: &B, keys: usize) -> Vec<u8> {
    let mut bytes = vec![0; keys * GENERATED_KEY_BYTES];
    backend.random(&mut bytes);
    bytes
}

/// `GET /api/v1/access/settings`
pub async fn access_settings<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let threshold = settings(backend).await?.access.approval_threshold;
    Ok(Response::json(
        200,
        &json!({ "approvalThreshold": threshold }),
    ))
}

/// `PUT /api/v1/access/settings` with `{"approvalThreshold"}`
pub async fn put_access_settings<B: Backend>(
    backend: &B,
    request: &Request,
) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let threshold = json::whole_member(&body, "approvalThreshold")?;
    let threshold = threshold
        .filter(|count| (0..=1_000_000).contains(count))
        .ok_or_else(|| {
            HubError::invalid("approvalThreshold is a number of devices, from 0 to 1000000.")
        })?;
    let wanted = json!({ "approvalThreshold": threshold });
    let kept = ask(
        backend,
        AccessVerb::PutThreshold,
        wanted,
        Precondition::None,
    )
    .await?;
    Ok(Response::json(200, &kept))
}
