//! Digital twins: the twin as a model sees it, and commands (`service.md` §13).
//!
//! Another view of the device's twin, with nothing stored of its own: a patch becomes a
//! desired patch, a command a direct method. What a component is, the twin itself says with
//! the marker `__t`.

use super::methods::{Call, call_device, permit_method};
use super::{Failure, ask_shard, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::http::precondition::if_match;
use crate::ids::{DeviceId, Identity};
use crate::ipc::registry::{Document, RegistryReply, RegistryRequest, RegistryResult, WriteTwin};
use crate::json;
use crate::percent;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

/// Marks a component among properties, with the value `c`.
const MARKER: &str = "__t";
/// Most operations of one patch.
const MAX_OPERATIONS: usize = 1_000;
const MAX_NAME_LENGTH: usize = 128;

/// `GET /digitaltwins/{id}`
pub async fn get<B: Backend>(backend: &B, device: DeviceId) -> Result<Response, Failure> {
    let twin = read(backend, &device).await?;
    let document = view(&device, &twin.body);
    Ok(Response::json(200, &document).with_etag(&twin.etag))
}

/// `PATCH /digitaltwins/{id}`: a JSON Patch of writable properties
pub async fn patch<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
) -> Result<Response, Failure> {
    let operations: Value = crate::reading::value(&request.body).map_err(|error| {
        HubError::new(
            ErrorCode::IotHubFormatError,
            format!("The body must be a JSON Patch: {error}."),
        )
    })?;
    let twin = read(backend, &device).await?;
    let desired = desired_patch(&operations, &twin.body)?;
    let shard = backend.layout().shard_of(&device);
    let write = WriteTwin {
        identity: Identity::device(device.clone()),
        precondition: if_match(request),
        body: json!({ "properties": { "desired": desired } }),
        replace: false,
    };
    let written = document(
        backend
            .registry(shard, RegistryRequest::WriteTwin(write))
            .await,
    )?;
    let place = format!("/digitaltwins/{}", percent::encode(device.as_str()));
    let mut response = Response::empty(202).with_etag(&written.etag);
    response.headers.push(("location".into(), place));
    Ok(response)
}

/// `POST /digitaltwins/{id}[/components/{path}]/commands/{name}`
///
/// The device sees a direct method of the name `command`, or `component*command`.
pub async fn command<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
    device: DeviceId,
    name: String,
) -> Result<Response, Failure> {
    permit_method(backend, caller, &name).await?;
    let seconds = |parameter: &str| {
        request
            .filled_parameter(parameter)
            .map(|text| {
                text.parse::<i64>().map_err(|_| {
                    HubError::invalid(format!("{parameter} must be a whole number of seconds."))
                })
            })
            .transpose()
    };
    let payload = std::str::from_utf8(&request.body)
        .ok()
        .map(str::trim)
        .filter(|text| text.is_empty() || serde_json::from_str::<IgnoredAny>(text).is_ok())
        .ok_or_else(|| {
            HubError::new(
                ErrorCode::IotHubFormatError,
                "The body of a command must be JSON.",
            )
        })?;
    let call = Call::new(
        &name,
        payload.to_owned(),
        seconds("responseTimeoutInSeconds")?,
        seconds("connectTimeoutInSeconds")?,
    )?;
    let (status, payload) = call_device(backend, Identity::device(device), call).await?;
    let mut response = Response::json(200, &payload);
    response
        .headers
        .push(("x-ms-command-statuscode".into(), status.to_string()));
    Ok(response)
}

async fn read<B: Backend>(backend: &B, device: &DeviceId) -> Result<Document, Failure> {
    let get = RegistryRequest::GetTwin(Identity::device(device.clone()));
    document(ask_shard(backend, device, get).await)
}

fn document(result: RegistryResult) -> Result<Document, Failure> {
    match result? {
        RegistryReply::Twin(document) => Ok(document),
        _ => Err(unexpected("the registry")),
    }
}

fn members<'a>(value: Option<&'a Value>, name: &str) -> Option<&'a Value> {
    value.and_then(|value| value.get(name))
}

fn is_component(value: Option<&Value>) -> bool {
    members(value, MARKER).and_then(Value::as_str) == Some("c")
}

/// The twin as its model sees it.
fn view(device: &DeviceId, twin: &Value) -> Value {
    let properties = twin.get("properties");
    let [desired, reported] = ["desired", "reported"].map(|name| members(properties, name));
    let version = members(desired, "$version");
    let [of_desired, of_reported] =
        [desired, reported].map(|section| members(section, "$metadata"));
    let model = twin.get("modelId").and_then(Value::as_str).unwrap_or("");
    let mut root = Map::new();
    root.insert("$dtId".into(), json!(device));
    let mut metadata = Map::new();
    metadata.insert("$model".into(), json!(model));
    if model.is_empty() {
        // Nothing says what its properties are.
        root.insert("$metadata".into(), Value::Object(metadata));
        return Value::Object(root);
    }
    for name in names(desired, reported) {
        let (wanted, told) = (members(desired, &name), members(reported, &name));
        if is_component(wanted) || is_component(told) {
            let mut component = Map::new();
            let mut about = Map::new();
            for inner in names(wanted, told) {
                property(
                    &inner,
                    [wanted, told],
                    [members(of_desired, &name), members(of_reported, &name)],
                    version,
                    &mut component,
                    &mut about,
                );
            }
            component.insert("$metadata".into(), Value::Object(about));
            root.insert(name, Value::Object(component));
        } else {
            property(
                &name,
                [desired, reported],
                [of_desired, of_reported],
                version,
                &mut root,
                &mut metadata,
            );
        }
    }
    root.insert("$metadata".into(), Value::Object(metadata));
    Value::Object(root)
}

/// Names of properties in either section, the hub's own left out.
fn names(desired: Option<&Value>, reported: Option<&Value>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for section in [reported, desired] {
        for name in section
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Map::keys)
        {
            if !name.starts_with('$') && name != MARKER && !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
    names
}

/// One property: the value that the device reports, and in the metadata what is wanted, what
/// the device acknowledged, and when.
fn property(
    name: &str,
    [desired, reported]: [Option<&Value>; 2],
    [of_desired, of_reported]: [Option<&Value>; 2],
    version: Option<&Value>,
    values: &mut Map<String, Value>,
    metadata: &mut Map<String, Value>,
) {
    let mut about = Map::new();
    if let Some(wanted) = members(desired, name) {
        about.insert("desiredValue".into(), wanted.clone());
        let own = members(members(of_desired, name), "$lastUpdatedVersion");
        about.insert(
            "desiredVersion".into(),
            own.or(version).cloned().unwrap_or_default(),
        );
    }
    let mut updated = members(of_desired, name);
    if let Some(told) = members(reported, name) {
        updated = members(of_reported, name);
        let acknowledged = told.get("value").filter(|_| told.get("ac").is_some());
        values.insert(name.to_owned(), acknowledged.unwrap_or(told).clone());
        if acknowledged.is_some() {
            for (short, long) in [
                ("ac", "ackCode"),
                ("av", "ackVersion"),
                ("ad", "ackDescription"),
            ] {
                if let Some(value) = told.get(short) {
                    about.insert(long.into(), value.clone());
                }
            }
        }
    }
    if let Some(time) = members(updated, "$lastUpdated") {
        about.insert("lastUpdateTime".into(), time.clone());
    }
    metadata.insert(name.to_owned(), Value::Object(about));
}

/// A JSON Patch as a patch of desired properties.
fn desired_patch(operations: &Value, twin: &Value) -> Result<Value, HubError> {
    let operations = operations
        .as_array()
        .filter(|operations| operations.len() <= MAX_OPERATIONS)
        .ok_or_else(|| {
            HubError::invalid(format!(
                "The body must be a JSON Patch: an array of at most {MAX_OPERATIONS} operations."
            ))
        })?;
    let mut patch = Map::new();
    for (index, operation) in operations.iter().enumerate() {
        apply(operation, twin, &mut patch)
            .map_err(|why| HubError::invalid(format!("Operation {index} of the patch: {why}")))?;
    }
    Ok(Value::Object(patch))
}

fn apply(operation: &Value, twin: &Value, patch: &mut Map<String, Value>) -> Result<(), String> {
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let mut value = match text("op") {
        Some("add" | "replace") => operation.get("value").cloned().ok_or("value is missing.")?,
        Some("remove") => Value::Null,
        _ => return Err("op must be add, replace or remove.".to_owned()),
    };
    let path = text("path").and_then(|path| path.strip_prefix('/'));
    let path = path.ok_or("path must begin with a slash.")?;
    let names: Vec<String> = path
        .split('/')
        .map(|name| name.replace("~1", "/").replace("~0", "~"))
        .collect();
    let legal = |name: &String| {
        !name.is_empty()
            && name.len() <= MAX_NAME_LENGTH
            && !name.starts_with('$')
            && name != MARKER
    };
    if names.len() > 10 || !names.iter().all(legal) {
        return Err("path must name a property, or one of a component.".to_owned());
    }
    let Some((first, rest)) = names.split_first() else {
        return Err("path is empty.".to_owned());
    };
    if let Value::Object(component) = &mut value
        && rest.is_empty()
        && component.remove("$metadata").is_some()
    {
        // A whole component is written with metadata, an object of a property without.
        component.insert(MARKER.to_owned(), json!("c"));
    }
    let mut at = patch;
    if let Some((last, between)) = names.split_last() {
        for name in between {
            let inner = at
                .entry(name.as_str())
                .or_insert_with(|| Value::Object(Map::new()));
            if !inner.is_object() {
                *inner = Value::Object(Map::new());
            }
            let Value::Object(inner) = inner else {
                return Err("path leads nowhere.".to_owned());
            };
            at = inner;
        }
        let known = |section: &str| {
            let path = twin.get("properties");
            members(members(path, section), first)
        };
        let is_plain = [known("desired"), known("reported")]
            .into_iter()
            .flatten()
            .any(|known| !is_component(Some(known)));
        if let [only] = between
            && only == first
            && !is_plain
        {
            at.insert(MARKER.to_owned(), json!("c"));
        }
        at.insert(last.clone(), value);
    }
    Ok(())
}

#[cfg(test)]
#[path = "digital_twins_tests.rs"]
mod tests;
