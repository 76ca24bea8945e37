//! Routing as people write and read it (`query-routing-events.md` §3.1, §5.2): documents in,
//! a change of the settings out, and the other way round.
//!
//! Everything that can be said of a document by itself is said here, so that what is stored is
//! always good. Where a URL may lead is `http::outbound`'s to say.

use super::condition::Condition;
use super::enrichment::Enrichment;
use super::error::refusal;
use super::{ALERTS, SOURCES};
use crate::blob::ContainerName;
use crate::delivery::{format::FORMATS, split, storage};
use crate::error::{ErrorCode, HubError};
use crate::http::json::{self, Object};
use crate::ipc::hub::{RoutingChange, Settings};
use crate::ipc::routing::{BUILT_IN, Endpoint, EndpointSort, QUEUE_SCHEME, Route};
use crate::json;
use serde_json::{Map, Value};

/// Most of each (§3.1).
const MAX_ROUTES: usize = 100;
const MAX_ENDPOINTS: usize = 10;
const MAX_ENRICHMENTS: usize = 10;
/// Subscriptions have no limit of their own on Azure; here each takes a bit of a mask.
const MAX_SUBSCRIPTIONS: usize = 20;
const MAX_SECRETS: usize = 50;
/// The route that is always there.
const FALLBACK: &str = "$fallback";
/// Names that nobody else may have.
const RESERVED: [&str; 3] = [BUILT_IN, "fileNotifications", "$default"];
/// Requests: most events, and how long one may wait for others.
const BATCH_EVENTS: (i64, i64, i64) = (1, 100, 1_000);
const BATCH_SECONDS: (i64, i64, i64) = (0, 5, 60);
/// Files: how often, and how large.
const FILE_SECONDS: (i64, i64, i64) = (60, 300, 720);
const FILE_BYTES: (i64, i64, i64) = (10 << 20, 300 << 20, 500 << 20);
/// Longest URL of a receiver, and longest secret.
const MAX_URL_LENGTH: usize = 2_048;
const MAX_SECRET_LENGTH: usize = 256;
const MAX_QUEUE_NAME: usize = 63;

/// The sources that the hub has, in the order of [`SOURCES`], for messages to people.
fn sources() -> String {
    SOURCES.join(", ")
}

/// 1 to 64 letters, digits, `.`, `_`, `-` (§3.1).
pub fn check_name(what: &str, name: &str) -> Result<(), HubError> {
    let legal = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if legal {
        return Ok(());
    }
    Err(HubError::invalid(format!(
        "{what} has 1 to 64 letters, digits, '.', '_' or '-'."
    )))
}

fn too_many(what: &str, most: usize) -> HubError {
    HubError::new(
        ErrorCode::IotHubQuotaExceeded,
        format!("A hub has at most {most} {what}; delete one first."),
    )
}

fn start(settings: &Settings, action: &str, name: &str) -> RoutingChange {
    RoutingChange {
        action: action.to_owned(),
        name: name.to_owned(),
        routes: settings.routes.clone(),
        routing: Box::new(settings.routing.clone()),
    }
}

fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Object, HubError> {
    value
        .as_object()
        .ok_or_else(|| HubError::invalid(format!("{what} must be an object.")))
}

fn list<'a>(object: &'a Object, name: &str) -> Result<&'a [Value], HubError> {
    match json::member(object, name) {
        None => Ok(&[]),
        Some(Value::Array(list)) => Ok(list),
        Some(_) => Err(HubError::invalid(format!("{name} must be an array."))),
    }
}

fn texts(object: &Object, name: &str) -> Result<Vec<String>, HubError> {
    let wrong = || HubError::invalid(format!("{name} must be an array of texts."));
    let all = list(object, name)?.iter();
    all.map(|text| text.as_str().map(str::to_owned).ok_or_else(wrong))
        .collect()
}

fn whole(
    object: &Object,
    name: &str,
    (least, default, most): (i64, i64, i64),
) -> Result<u64, HubError> {
    let given = json::whole_member(object, name)?.unwrap_or(default);
    if (least..=most).contains(&given) {
        return Ok(given.unsigned_abs());
    }
    Err(HubError::invalid(format!(
        "{name} must be from {least} to {most}."
    )))
}

fn compiled(condition: &str, source: &str, whose: &str) -> Result<(), HubError> {
    let compiled = Condition::compile(condition, source);
    compiled.map_err(|errors| refusal(&format!("The condition of {whose}"), &errors))?;
    Ok(())
}

/// Reads a route; its name is the one of the path, or the one in it.
fn route(body: &Object, name: Option<&str>, change: &RoutingChange) -> Result<Route, HubError> {
    let own = json::text_member(body, "name")?;
    if let (Some(own), Some(name)) = (own, name)
        && !own.eq_ignore_ascii_case(name)
    {
        return Err(HubError::invalid(
            "name in the body is not the name of the path.",
        ));
    }
    let name = name.or(own).unwrap_or_default();
    if name != FALLBACK {
        check_name("A route's name", name)?;
    }
    let given = json::text_member(body, "source")?.unwrap_or_default();
    let source = super::source(given).ok_or_else(|| {
        HubError::invalid(format!(
            "source of the route {name} must be one of {}.",
            sources()
        ))
    })?;
    let condition = json::text_member(body, "condition")?.unwrap_or("true");
    compiled(condition, source, &format!("the route {name}"))?;
    let names = match json::member(body, "endpointNames") {
        None => vec![BUILT_IN.to_owned()],
        Some(_) => texts(body, "endpointNames")?,
    };
    let [endpoint] = names.as_slice() else {
        return Err(HubError::invalid(format!(
            "endpointNames of the route {name} must name exactly one endpoint."
        )));
    };
    let endpoint = endpoint_name(endpoint, change)
        .ok_or_else(|| unknown_endpoint(&format!("The route {name}"), endpoint))?;
    Ok(Route {
        name: name.to_owned(),
        source: source.to_owned(),
        condition: condition.to_owned(),
        is_enabled: json::flag_member(body, "isEnabled")?.unwrap_or(true),
        endpoint,
    })
}

fn endpoint_name(name: &str, change: &RoutingChange) -> Option<String> {
    if name.eq_ignore_ascii_case(BUILT_IN) {
        return Some(BUILT_IN.to_owned());
    }
    change
        .routing
        .endpoint(name)
        .map(|known| known.name.clone())
}

fn unknown_endpoint(who: &str, name: &str) -> HubError {
    HubError::invalid(format!(
        "{who} names the endpoint {name:?}, which is neither \"events\" nor an endpoint of this \
         hub."
    ))
}

/// `PUT /api/v1/routes/{name}`
pub fn put_route(
    settings: &Settings,
    name: &str,
    body: &Object,
) -> Result<RoutingChange, HubError> {
    let mut change = start(settings, "putRoute", name);
    let route = route(body, Some(name), &change)?;
    change
        .routes
        .retain(|known| !known.name.eq_ignore_ascii_case(name));
    if change.routes.len() >= MAX_ROUTES {
        return Err(too_many("routes", MAX_ROUTES));
    }
    change.routes.push(route);
    Ok(change)
}

/// `DELETE /api/v1/routes/{name}`; `None`: there is none.
pub fn delete_route(settings: &Settings, name: &str) -> Option<RoutingChange> {
    let mut change = start(settings, "deleteRoute", name);
    change
        .routes
        .retain(|known| !known.name.eq_ignore_ascii_case(name));
    (change.routes.len() < settings.routes.len()).then_some(change)
}

/// A route as it is shown.
pub fn route_document(route: &Route) -> Value {
    json!({
        "name": route.name,
        "source": route.source,
        "condition": route.condition,
        "endpointNames": [route.endpoint],
        "isEnabled": route.is_enabled,
    })
}

/// The fallback route as it is shown.
pub fn fallback_document(settings: &Settings) -> Value {
    match &settings.routing.fallback {
        Some(route) => route_document(route),
        None => json!({
            "name": FALLBACK,
            "source": super::DEVICE_MESSAGES,
            "condition": "true",
            "endpointNames": [BUILT_IN],
            "isEnabled": true,
        }),
    }
}

/// What a receiver of requests is, for a custom endpoint and a subscription alike.
fn receiver(
    body: &Object,
    name: &str,
    sort: EndpointSort,
    change: &RoutingChange,
) -> Result<Endpoint, HubError> {
    let url = json::text_member(body, "url")?.unwrap_or_default();
    if split(url).is_none() || url.len() > MAX_URL_LENGTH {
        return Err(HubError::invalid(format!(
            "url of {name} must be https://host/path, without user, fragment or spaces, and with \
             at most {MAX_URL_LENGTH} characters."
        )));
    }
    let secret_ref = json::text_member(body, "secretRef")?.unwrap_or_default();
    if !secret_ref.is_empty() && change.routing.secret(secret_ref).is_none() {
        return Err(HubError::invalid(format!(
            "secretRef of {name} names no secret of this hub; put it to /api/v1/secrets/{secret_ref} \
             first."
        )));
    }
    Ok(Endpoint {
        url: url.to_owned(),
        secret_ref: secret_ref.to_owned(),
        ..pushed(body, name, sort)?
    })
}

/// An endpoint whose name is that of a queue which the deployment has bound.
fn queue(body: &Object, name: &str) -> Result<Endpoint, HubError> {
    let queue = json::text_member(body, "queueName")?.unwrap_or_default();
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if queue.is_empty() || queue.len() > MAX_QUEUE_NAME || !queue.bytes().all(legal) {
        return Err(HubError::invalid(format!(
            "queueName of {name} has 1 to {MAX_QUEUE_NAME} lower-case letters, digits and hyphens."
        )));
    }
    Ok(Endpoint {
        url: format!("{QUEUE_SCHEME}{queue}"),
        is_validated: true,
        ..pushed(body, name, EndpointSort::Queue)?
    })
}

/// What goes to an endpoint in requests of many events.
fn pushed(body: &Object, name: &str, sort: EndpointSort) -> Result<Endpoint, HubError> {
    let format = json::text_member(body, "format")?.unwrap_or("hub");
    if !FORMATS.iter().any(|(known, _)| *known == format) {
        return Err(HubError::invalid(format!(
            "format of {name} must be hub, eventGrid or cloudEvents."
        )));
    }
    let none = Map::new();
    let batch = match json::member(body, "batch") {
        None => &none,
        Some(batch) => object(batch, "batch")?,
    };
    let max_events = whole(batch, "maxEvents", BATCH_EVENTS)?;
    let max_seconds = whole(batch, "maxSeconds", BATCH_SECONDS)?;
    Ok(Endpoint {
        name: name.to_owned(),
        format: format.to_owned(),
        max_events: u32::try_from(max_events).unwrap_or(u32::MAX),
        max_seconds: u32::try_from(max_seconds).unwrap_or(u32::MAX),
        is_enabled: true,
        ..Endpoint::of(sort)
    })
}

fn storage_container(body: &Object, name: &str) -> Result<Endpoint, HubError> {
    let container = json::text_member(body, "containerName")?.unwrap_or_default();
    if ContainerName::parse(container).is_none() {
        return Err(HubError::invalid(format!(
            "containerName of {name} has 3 to 63 lower-case letters, digits and single hyphens."
        )));
    }
    let encoding = json::text_member(body, "encoding")?.unwrap_or("JSON");
    if !encoding.eq_ignore_ascii_case("JSON") {
        return Err(HubError::invalid(format!(
            "encoding of {name} can only be JSON; Avro is not offered."
        )));
    }
    let format = json::text_member(body, "fileNameFormat")?.unwrap_or(storage::DEFAULT_NAME_FORMAT);
    storage::check_name_format(format)?;
    let seconds = whole(body, "batchFrequencyInSeconds", FILE_SECONDS)?;
    Ok(Endpoint {
        name: name.to_owned(),
        container: container.to_owned(),
        file_name_format: format.to_owned(),
        max_seconds: u32::try_from(seconds).unwrap_or(u32::MAX),
        max_bytes: whole(body, "maxChunkSizeInBytes", FILE_BYTES)?,
        is_validated: true,
        is_enabled: true,
        ..Endpoint::of(EndpointSort::StorageContainer)
    })
}

/// Takes over what an endpoint of that name was, if it is the same still.
fn succeed(new: &mut Endpoint, known: &[Endpoint]) {
    let before = known
        .iter()
        .find(|known| known.name.eq_ignore_ascii_case(&new.name) && known.sort == new.sort);
    if let Some(before) = before {
        new.id = before.id;
        new.slot = before.slot;
        if new.is_pushed() && new.queue().is_none() {
            new.is_validated = before.is_validated && before.url == new.url;
        }
    }
}

fn check_endpoint_name(name: &str) -> Result<(), HubError> {
    check_name("An endpoint's name", name)?;
    if RESERVED
        .iter()
        .any(|reserved| reserved.eq_ignore_ascii_case(name))
    {
        return Err(HubError::invalid(format!(
            "An endpoint cannot be called {name}; that name is reserved."
        )));
    }
    Ok(())
}

/// `PUT /api/v1/routing`: everything but subscriptions and secrets.
pub fn replace(settings: &Settings, body: &Object) -> Result<RoutingChange, HubError> {
    let mut change = start(settings, "putRouting", "");
    let inner = match json::member(body, "routing") {
        Some(inner) => object(inner, "routing")?,
        None => body,
    };
    let none = Map::new();
    let endpoints = match json::member(inner, "endpoints") {
        None => &none,
        Some(endpoints) => object(endpoints, "endpoints")?,
    };
    let known = std::mem::take(&mut change.routing.endpoints);
    let mut new: Vec<Endpoint> = known
        .iter()
        .filter(|endpoint| endpoint.sort == EndpointSort::Subscription)
        .cloned()
        .collect();
    for (sort, documents) in endpoints {
        for document in documents.as_array().into_iter().flatten() {
            let document = object(document, "An endpoint")?;
            let name = json::text_member(document, "name")?.unwrap_or_default();
            check_endpoint_name(name)?;
            if new
                .iter()
                .any(|other| other.name.eq_ignore_ascii_case(name))
            {
                return Err(HubError::invalid(format!(
                    "Two endpoints or subscriptions are called {name}."
                )));
            }
            let mut endpoint = if sort.eq_ignore_ascii_case("webhooks") {
                receiver(document, name, EndpointSort::Webhook, &change)?
            } else if sort.eq_ignore_ascii_case("storageContainers") {
                storage_container(document, name)?
            } else if sort.eq_ignore_ascii_case("queues") {
                queue(document, name)?
            } else {
                return Err(HubError::invalid(format!(
                    "Endpoints of the kind {sort} are not offered; there are webhooks, \
                     storageContainers and queues."
                )));
            };
            succeed(&mut endpoint, &known);
            new.push(endpoint);
        }
    }
    let custom = new
        .iter()
        .filter(|endpoint| endpoint.sort != EndpointSort::Subscription);
    if custom.count() > MAX_ENDPOINTS {
        return Err(too_many("custom endpoints", MAX_ENDPOINTS));
    }
    change.routing.endpoints = new;

    let mut routes: Vec<Route> = Vec::new();
    for document in list(inner, "routes")? {
        let route = route(object(document, "A route")?, None, &change)?;
        if routes
            .iter()
            .any(|other| other.name.eq_ignore_ascii_case(&route.name))
        {
            return Err(HubError::invalid(format!(
                "Two routes are called {}.",
                route.name
            )));
        }
        routes.push(route);
    }
    if routes.len() > MAX_ROUTES {
        return Err(too_many("routes", MAX_ROUTES));
    }
    change.routes = routes;
    change.routing.fallback = match json::member(inner, "fallbackRoute") {
        None => None,
        Some(document) => {
            let document = object(document, "fallbackRoute")?;
            let mut document = document.clone();
            document.retain(|name, _| !name.eq_ignore_ascii_case("source"));
            document.insert("source".to_owned(), json!(super::DEVICE_MESSAGES));
            let route = route(&document, Some(FALLBACK), &change);
            let shown = route.as_ref().ok().map(route_document);
            // What is as it always is, is not kept.
            if shown
                == Some(fallback_document(&Settings {
                    routing: Default::default(),
                    ..settings.clone()
                }))
            {
                None
            } else {
                Some(route?)
            }
        }
    };
    let mut enrichments: Vec<Enrichment> = Vec::new();
    for document in list(inner, "enrichments")? {
        let document = object(document, "An enrichment")?;
        let key = json::text_member(document, "key")?.unwrap_or_default();
        let mut names = Vec::new();
        for name in texts(document, "endpointNames")? {
            let known = endpoint_name(&name, &change);
            names.push(
                known.ok_or_else(|| unknown_endpoint(&format!("The enrichment {key}"), &name))?,
            );
        }
        let enrichment = Enrichment {
            key: key.to_owned(),
            value: json::text_member(document, "value")?
                .unwrap_or_default()
                .to_owned(),
            endpoint_names: names,
        };
        enrichment.check()?;
        enrichments.push(enrichment);
    }
    if enrichments.len() > MAX_ENRICHMENTS {
        return Err(too_many("enrichments", MAX_ENRICHMENTS));
    }
    change.routing.enrichments = enrichments;
    Ok(change)
}

/// `GET /api/v1/routing`
pub fn document(settings: &Settings) -> Value {
    let routing = &settings.routing;
    let of = |sort| {
        let all = routing
            .endpoints
            .iter()
            .filter(move |endpoint| endpoint.sort == sort);
        all.map(endpoint_document).collect::<Vec<_>>()
    };
    json!({"routing": {
        "endpoints": {
            "webhooks": of(EndpointSort::Webhook),
            "storageContainers": of(EndpointSort::StorageContainer),
            "queues": of(EndpointSort::Queue),
        },
        "routes": settings.routes.iter().map(route_document).collect::<Vec<_>>(),
        "fallbackRoute": fallback_document(settings),
        "enrichments": routing.enrichments,
    }})
}

fn batch_document(endpoint: &Endpoint) -> Value {
    json!({ "maxEvents": endpoint.max_events, "maxSeconds": endpoint.max_seconds })
}

/// An endpoint or a subscription as it is shown.
pub fn endpoint_document(endpoint: &Endpoint) -> Value {
    if endpoint.sort == EndpointSort::StorageContainer {
        return json!({
            "name": endpoint.name,
            "containerName": endpoint.container,
            "encoding": "JSON",
            "fileNameFormat": endpoint.file_name_format,
            "batchFrequencyInSeconds": endpoint.max_seconds,
            "maxChunkSizeInBytes": endpoint.max_bytes,
        });
    }
    if let Some(queue) = endpoint.queue() {
        return json!({
            "name": endpoint.name,
            "queueName": queue,
            "format": endpoint.format,
            "batch": batch_document(endpoint),
        });
    }
    let mut document = json!({
        "name": endpoint.name,
        "url": endpoint.url,
        "format": endpoint.format,
        "batch": batch_document(endpoint),
        "status": if endpoint.is_validated { "active" } else { "pending" },
    });
    if let Some(document) = document.as_object_mut() {
        if !endpoint.secret_ref.is_empty() {
            document.insert("secretRef".to_owned(), json!(endpoint.secret_ref));
        }
        if endpoint.sort == EndpointSort::Subscription {
            document.insert("sources".to_owned(), json!(endpoint.sources));
            document.insert("condition".to_owned(), json!(endpoint.condition));
            document.insert("isEnabled".to_owned(), json!(endpoint.is_enabled));
        }
    }
    document
}

/// `PUT /api/v1/subscriptions/{name}`
pub fn put_subscription(
    settings: &Settings,
    name: &str,
    body: &Object,
) -> Result<RoutingChange, HubError> {
    let mut change = start(settings, "putSubscription", name);
    check_endpoint_name(name)?;
    let mut new = receiver(body, name, EndpointSort::Subscription, &change)?;
    let given = texts(body, "sources")?;
    if given.is_empty() {
        return Err(HubError::invalid(format!(
            "sources of {name} must name at least one of {}.",
            sources()
        )));
    }
    new.condition = json::text_member(body, "condition")?
        .unwrap_or("true")
        .to_owned();
    for source in &given {
        let known = if source.eq_ignore_ascii_case(ALERTS) {
            ALERTS
        } else {
            super::source(source).ok_or_else(|| {
                HubError::invalid(format!(
                    "{source:?} in sources of {name} is not one of {}, {ALERTS}.",
                    sources()
                ))
            })?
        };
        compiled(&new.condition, known, &format!("the subscription {name}"))?;
        if !new.sources.iter().any(|other| other == known) {
            new.sources.push(known.to_owned());
        }
    }
    new.is_enabled = json::flag_member(body, "isEnabled")?.unwrap_or(true);
    let known = &mut change.routing.endpoints;
    if known
        .iter()
        .any(|other| other.name.eq_ignore_ascii_case(name) && other.sort != new.sort)
    {
        return Err(HubError::invalid(format!(
            "There is a custom endpoint called {name} already."
        )));
    }
    succeed(&mut new, known);
    known.retain(|other| !other.name.eq_ignore_ascii_case(name));
    let others = known
        .iter()
        .filter(|other| other.sort == EndpointSort::Subscription);
    if others.count() >= MAX_SUBSCRIPTIONS {
        return Err(too_many("subscriptions", MAX_SUBSCRIPTIONS));
    }
    known.push(new);
    Ok(change)
}

/// `DELETE /api/v1/subscriptions/{name}`; `None`: there is none.
pub fn delete_subscription(settings: &Settings, name: &str) -> Option<RoutingChange> {
    let id = settings.routing.subscription(name)?.id;
    let mut change = start(settings, "deleteSubscription", name);
    change.routing.endpoints.retain(|known| known.id != id);
    Some(change)
}

/// The receiver at a URL has shown that it wants requests.
pub fn validated(settings: &Settings, name: &str, url: &str) -> Option<RoutingChange> {
    let mut change = start(settings, "validateEndpoint", name);
    let endpoint = change
        .routing
        .endpoints
        .iter_mut()
        .find(|known| known.name.eq_ignore_ascii_case(name) && known.url == url)?;
    endpoint.is_validated = true;
    Some(change)
}

/// `PUT /api/v1/secrets/{name}` with `{"value"}`
pub fn put_secret(
    settings: &Settings,
    name: &str,
    body: &Object,
) -> Result<RoutingChange, HubError> {
    check_name("A secret's name", name)?;
    let value = json::text_member(body, "value")?.unwrap_or_default();
    if !(16..=MAX_SECRET_LENGTH).contains(&value.len()) {
        return Err(HubError::invalid(format!(
            "value must be a text of 16 to {MAX_SECRET_LENGTH} bytes."
        )));
    }
    let mut change = start(settings, "putSecret", name);
    let secrets = &mut change.routing.secrets;
    secrets.retain(|(known, _)| known != name);
    if secrets.len() >= MAX_SECRETS {
        return Err(too_many("secrets", MAX_SECRETS));
    }
    secrets.push((name.to_owned(), value.to_owned()));
    Ok(change)
}

/// `DELETE /api/v1/secrets/{name}`; `None`: there is none.
pub fn delete_secret(settings: &Settings, name: &str) -> Result<Option<RoutingChange>, HubError> {
    let mut endpoints = settings.routing.endpoints.iter();
    if let Some(user) = endpoints.find(|endpoint| endpoint.secret_ref == name) {
        return Err(HubError::invalid(format!(
            "{} signs its requests with the secret {name}; give it another one first.",
            user.name
        )));
    }
    let mut change = start(settings, "deleteSecret", name);
    let secrets = &mut change.routing.secrets;
    secrets.retain(|(known, _)| known != name);
    Ok((secrets.len() < settings.routing.secrets.len()).then_some(change))
}

/// What a change was about, for the record: never a secret.
pub fn summary(settings: &Settings, action: &str, name: &str) -> Value {
    let is_named = |known: &str| known.eq_ignore_ascii_case(name);
    let routing = &settings.routing;
    if action.ends_with("Route") {
        let mut routes = settings.routes.iter();
        return routes
            .find(|route| is_named(&route.name))
            .map_or(Value::Null, route_document);
    }
    if action.ends_with("Secret") {
        return routing
            .secret(name)
            .map_or(Value::Null, |_| json!({ "name": name }));
    }
    if name.is_empty() {
        return document(settings);
    }
    let mut endpoints = routing.endpoints.iter();
    endpoints
        .find(|endpoint| is_named(&endpoint.name))
        .map_or(Value::Null, endpoint_document)
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
