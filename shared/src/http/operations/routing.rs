//! Routes, endpoints, enrichments, subscriptions and their secrets
//! (`query-routing-events.md` §3.1, §3.9, §5.2).
//!
//! What may be stored is said by `routing::document`, what is stored is the hub object's. A
//! change is made from the settings that were read a moment before; if somebody else was faster,
//! it is made again.

use super::{Failure, unexpected};
use crate::auth::signature::secrets_match;
use crate::delivery::{self, split};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::error::new_uuid;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::http::outbound;
use crate::http::precondition;
use crate::http::routing_operation::RoutingOperation as O;
use crate::ipc::events::{EventsReply, EventsRequest};
use crate::ipc::hub::{HubReply, HubRequest, RoutingChange, Settings};
use crate::ipc::registry::Precondition;
use crate::ipc::routing::{Endpoint, EndpointSort, Route};
use crate::json;
use crate::routing::{document, test_route};
use crate::writing::JsonText;
use serde_json::Value;

/// How often a change is made again when somebody else was faster.
const ATTEMPTS: u32 = 5;
/// Most bytes of a receiver's answer to a validation.
const MAX_ANSWER: usize = 4_096;

/// Everything under `/api/v1/routing`, `/routes`, `/subscriptions` and `/secrets`.
pub async fn serve<B: Backend>(
    backend: &B,
    request: &Request,
    operation: O,
) -> Result<Response, Failure> {
    let known = settings(backend).await?;
    match operation {
        O::Put => put(backend, request, &known).await,
        O::Health => health(backend, &known).await,
        O::Validate(name) => {
            let endpoint = named(&known, &name)?;
            if endpoint.is_pushed() && endpoint.queue().is_none() {
                validate(backend, endpoint).await?.map_err(|why| {
                    HubError::invalid(format!(
                        "The receiver at the URL of {name} did not agree: {why}"
                    ))
                })?;
            }
            let after = settings(backend).await?;
            Ok(Response::json(
                200,
                &document::endpoint_document(named(&after, &name)?),
            ))
        }
        O::ListDeadLetters(name) => {
            list_dead_letters(backend, request, named(&known, &name)?.id).await
        }
        O::ResendDeadLetters(name) => {
            take_dead_letters(backend, request, named(&known, &name)?, true).await
        }
        O::DeleteDeadLetters(name) => {
            take_dead_letters(backend, request, named(&known, &name)?, false).await
        }
        O::PutRoute(_)
        | O::DeleteRoute(_)
        | O::PutSubscription(_)
        | O::DeleteSubscription(_)
        | O::PutSecret(_)
        | O::DeleteSecret(_) => change(backend, request, &operation, known).await,
        reading => {
            let response = Response::json(200, &shown(&reading, request, &known)?);
            Ok(if reading == O::Get {
                with_etag(response, &known)
            } else {
                response
            })
        }
    }
}

/// What is only looked at.
fn shown(operation: &O, request: &Request, settings: &Settings) -> Result<Value, HubError> {
    Ok(match operation {
        O::Test => test_route::test(&json::parse(&request.body)?)?,
        O::TestAll => {
            let routes = settings.routes.iter().map(document::route_document);
            let fallback = document::fallback_document(settings);
            test_route::test_all(
                &json::parse(&request.body)?,
                &routes.collect::<Vec<_>>(),
                Some(&fallback),
            )?
        }
        O::GetRoute(name) => document::route_document(route(settings, name)?),
        O::ListSubscriptions => {
            let all = settings.routing.endpoints.iter();
            let all = all.filter(|endpoint| endpoint.sort == EndpointSort::Subscription);
            json!({ "value": all.map(document::endpoint_document).collect::<Vec<_>>() })
        }
        O::GetSubscription(name) => {
            let known = settings.routing.subscription(name);
            document::endpoint_document(known.ok_or_else(|| not_found("subscription", name))?)
        }
        O::ListSecrets => {
            let names = settings.routing.secrets.iter();
            let names: Vec<Value> = names.map(|(name, _)| json!({ "name": name })).collect();
            json!({ "value": names })
        }
        _ => document::document(settings),
    })
}

/// What a request makes of the settings; `None`: there is nothing to delete.
fn edited(
    operation: &O,
    request: &Request,
    settings: &Settings,
    allowed: &[String],
) -> Result<Option<RoutingChange>, HubError> {
    let body = || json::parse_object(&request.body);
    Ok(match operation {
        O::PutRoute(name) => Some(document::put_route(settings, name, &body()?)?),
        O::DeleteRoute(name) => document::delete_route(settings, name),
        O::PutSubscription(name) => {
            let change = document::put_subscription(settings, name, &body()?)?;
            for endpoint in &change.routing.endpoints {
                if endpoint.name.eq_ignore_ascii_case(name) {
                    check_url(endpoint, allowed)?;
                }
            }
            Some(change)
        }
        O::DeleteSubscription(name) => document::delete_subscription(settings, name),
        O::PutSecret(name) => Some(document::put_secret(settings, name, &body()?)?),
        O::DeleteSecret(name) => document::delete_secret(settings, name)?,
        _ => None,
    })
}

/// Changes one thing; again, if somebody else was faster.
async fn change<B: Backend>(
    backend: &B,
    request: &Request,
    operation: &O,
    mut before: Box<Settings>,
) -> Result<Response, Failure> {
    let allowed = backend.allowed_hosts();
    let mut attempts = 0;
    let mut after = loop {
        let change = edited(operation, request, &before, &allowed)?;
        let change = change.ok_or_else(|| not_found("such thing of the name", operation.name()))?;
        match store(backend, change).await {
            Err(failure)
                if failure.error.code == ErrorCode::PreconditionFailed && attempts < ATTEMPTS =>
            {
                attempts += 1;
                before = settings(backend).await?;
            }
            after => break after?,
        }
    };
    if let O::PutSubscription(name) = operation {
        let endpoint = named(&after, name)?;
        if !endpoint.is_validated {
            // Who does not agree now stays pending, as the answer tells.
            let _pending = validate(backend, endpoint).await?;
            after = settings(backend).await?;
        }
    }
    let created = |is_new: bool| if is_new { 201 } else { 200 };
    Ok(match operation {
        O::PutRoute(name) => Response::json(
            created(route(&before, name).is_err()),
            &document::route_document(route(&after, name)?),
        ),
        O::PutSubscription(name) => Response::json(
            created(before.routing.subscription(name).is_none()),
            &document::endpoint_document(named(&after, name)?),
        ),
        O::PutSecret(name) => Response::json(200, &json!({ "name": name })),
        _ => Response::empty(204),
    })
}

fn route<'a>(settings: &'a Settings, name: &str) -> Result<&'a Route, HubError> {
    let mut routes = settings.routes.iter();
    routes
        .find(|route| route.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| not_found("route", name))
}

/// From the hub object itself: the mirror may not have seen the latest change.
async fn settings<B: Backend>(backend: &B) -> Result<Box<Settings>, Failure> {
    match backend.hub(HubRequest::GetSettings).await? {
        HubReply::Settings(settings) => Ok(settings),
        _ => Err(unexpected("the hub")),
    }
}

fn not_found(what: &str, name: &str) -> HubError {
    HubError::new(
        ErrorCode::GenericNotFound,
        format!("There is no {what} {name}."),
    )
}

fn named<'a>(settings: &'a Settings, name: &str) -> Result<&'a Endpoint, HubError> {
    let mut endpoints = settings.routing.endpoints.iter();
    endpoints
        .find(|endpoint| endpoint.name.eq_ignore_ascii_case(name))
        .ok_or_else(|| not_found("endpoint or subscription", name))
}

fn etag(settings: &Settings) -> String {
    format!("{:08x}", settings.routing.version)
}

fn with_etag(response: Response, settings: &Settings) -> Response {
    response.with_etag(&etag(settings))
}

async fn store<B: Backend>(backend: &B, change: RoutingChange) -> Result<Box<Settings>, Failure> {
    match backend
        .hub(HubRequest::PutRouting(Box::new(change)))
        .await?
    {
        HubReply::Settings(settings) => Ok(settings),
        _ => Err(unexpected("the hub")),
    }
}

async fn put<B: Backend>(
    backend: &B,
    request: &Request,
    before: &Settings,
) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let precondition = precondition::if_match(request);
    if let Precondition::Etag(wanted) = &precondition
        && *wanted != etag(before)
    {
        return Err(HubError::new(
            ErrorCode::PreconditionFailed,
            "PreconditionFailed, ETag may be invalid.",
        )
        .into());
    }
    let change = document::replace(before, &body)?;
    let allowed = backend.allowed_hosts();
    let queues = backend.queues();
    for endpoint in &change.routing.endpoints {
        check_url(endpoint, &allowed)?;
        check_queue(endpoint, &queues)?;
    }
    let after = store(backend, change).await?;
    for endpoint in &after.routing.endpoints {
        if endpoint.sort == EndpointSort::Webhook && !endpoint.is_validated {
            // Who does not agree now stays pending, as its document tells.
            let _pending = validate(backend, endpoint).await?;
        }
    }
    let settings = settings(backend).await?;
    Ok(with_etag(
        Response::json(200, &document::document(&settings)),
        &settings,
    ))
}

/// An endpoint whose queue nobody has bound would never get rid of anything.
fn check_queue(endpoint: &Endpoint, queues: &[String]) -> Result<(), HubError> {
    let Some(queue) = endpoint.queue() else {
        return Ok(());
    };
    if queues.iter().any(|bound| bound == queue) {
        return Ok(());
    }
    let bound = match queues {
        [] => "none".to_owned(),
        queues => queues.join(", "),
    };
    Err(HubError::invalid(format!(
        "queueName of {} names no queue of this deployment, which has bound {bound}; the binding \
         of alarms is called QUEUE_ALARMS.",
        endpoint.name
    )))
}

fn check_url(endpoint: &Endpoint, allowed: &[String]) -> Result<(), HubError> {
    if !endpoint.is_pushed() || endpoint.queue().is_some() {
        return Ok(());
    }
    let origin = split(&endpoint.url).map_or("", |(origin, _, _)| origin);
    outbound::check(origin, allowed).map_err(HubError::invalid)
}

/// Asks a receiver whether it wants requests; why not, if it does not say so.
async fn validate<B: Backend>(
    backend: &B,
    endpoint: &Endpoint,
) -> Result<Result<(), String>, Failure> {
    let code = new_uuid(backend);
    let body = json!({ "validationCode": code }).json_text().into_bytes();
    let settings = settings(backend).await?;
    let secret = settings.routing.secret(&endpoint.secret_ref);
    let content_type = "application/json; charset=utf-8";
    let headers = delivery::headers(content_type, &code, secret, backend.now(), &body);
    let (sent, answer) = delivery::post(backend, &endpoint.url, headers, body, MAX_ANSWER).await;
    if let Some(why) = sent.failure {
        return Ok(Err(why));
    }
    if sent.status != 200 {
        return Ok(Err(format!(
            "it answered the validation with status {}, not 200",
            sent.status
        )));
    }
    let answer: Value = crate::reading::value(&answer).unwrap_or_default();
    let echoed = answer.get("validationResponse").and_then(Value::as_str);
    if !echoed.is_some_and(|echoed| secrets_match(echoed.as_bytes(), code.as_bytes())) {
        return Ok(Err(
            "it did not answer {\"validationResponse\": the validationCode}".to_owned(),
        ));
    }
    for _ in 0..ATTEMPTS {
        let settings = self::settings(backend).await?;
        let Some(change) = document::validated(&settings, &endpoint.name, &endpoint.url) else {
            return Ok(Err("its URL was changed meanwhile".to_owned()));
        };
        match store(backend, change).await {
            Err(failure) if failure.error.code == ErrorCode::PreconditionFailed => {}
            stored => return stored.map(|_| Ok(())),
        }
    }
    Ok(Err(
        "others are changing the routing all the time".to_owned()
    ))
}

async fn health<B: Backend>(backend: &B, settings: &Settings) -> Result<Response, Failure> {
    let mut told = Vec::new();
    for partition in 0..backend.layout().partitions {
        match backend
            .events(partition, EventsRequest::EndpointHealth)
            .await?
        {
            EventsReply::Document(document) => told.push(document),
            _ => return Err(unexpected("a partition")),
        }
    }
    let endpoints = settings.routing.endpoints.iter();
    let value: Vec<Value> = endpoints
        .map(|endpoint| crate::routing::health::of_endpoint(endpoint, &told))
        .collect();
    let mut answer = crate::routing::health::of_hub(&told);
    if let Some(answer) = answer.as_object_mut() {
        answer.insert("value".to_owned(), Value::Array(value));
    }
    Ok(Response::json(200, &answer))
}

async fn list_dead_letters<B: Backend>(
    backend: &B,
    request: &Request,
    endpoint: u32,
) -> Result<Response, Failure> {
    let (first, mut after) = match request.filled_parameter("after") {
        None => (0, 0),
        Some(place) => letter(&place, backend.layout().partitions)?,
    };
    let mut value: Vec<Value> = Vec::new();
    for partition in first..backend.layout().partitions {
        let asked = EventsRequest::ListDeadLetters { endpoint, after };
        after = 0;
        match backend.events(partition, asked).await? {
            EventsReply::Document(Value::Array(letters)) => value.extend(letters),
            _ => return Err(unexpected("a partition")),
        }
        // A page is one partition's, if it has any: the next one begins behind its last.
        if !value.is_empty() {
            break;
        }
    }
    let next = value.last().and_then(|letter| letter.get("id")).cloned();
    Ok(Response::json(
        200,
        &json!({ "value": value, "next": next }),
    ))
}

/// Partition and number of a dead letter.
fn letter(id: &str, partitions: u16) -> Result<(u16, u64), HubError> {
    id.split_once(':')
        .and_then(|(partition, number)| {
            let partition: u16 = partition.parse().ok()?;
            Some((partition, number.parse().ok()?)).filter(|_| partition < partitions)
        })
        .ok_or_else(|| HubError::invalid(format!("{id:?} is not the id of a dead letter.")))
}

async fn take_dead_letters<B: Backend>(
    backend: &B,
    request: &Request,
    endpoint: &Endpoint,
    resend: bool,
) -> Result<Response, Failure> {
    let layout = backend.layout();
    let one = match request.filled_parameter("id") {
        None => None,
        Some(id) => Some(letter(&id, layout.partitions)?),
    };
    let mut count = 0;
    for partition in 0..layout.partitions {
        let number = match one {
            Some((wanted, _)) if wanted != partition => continue,
            Some((_, number)) => Some(number),
            None => None,
        };
        loop {
            let asked = EventsRequest::TakeDeadLetters {
                endpoint: endpoint.id,
                number,
                resend,
            };
            let EventsReply::Document(taken) = backend.events(partition, asked).await? else {
                return Err(unexpected("a partition"));
            };
            let taken = taken.as_u64().unwrap_or(0);
            count += taken;
            if taken == 0 || number.is_some() {
                break;
            }
        }
    }
    if one.is_some() && count == 0 {
        return Err(not_found("such dead letter of", &endpoint.name).into());
    }
    Ok(Response::json(200, &json!({ "count": count })))
}
