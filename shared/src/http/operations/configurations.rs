//! Configurations (`service.md` §11.2), and what they do to one device.
//!
//! Metrics are counted when somebody looks: a count is a query of this moment over all shards.

use super::{Failure, ask_shard, unexpected};
use crate::configuration::content::Family;
use crate::configuration::document::{shown, system_queries};
use crate::configuration::target::Target;
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::json::{self, Object};
use crate::http::message::{Request, Response};
use crate::http::parameters;
use crate::http::precondition::if_match;
use crate::http::query_pages::{self, Asked};
use crate::ids::DeviceId;
use crate::ipc::hub::{HubReply, HubRequest};
use crate::ipc::registry::{ApplyContent, RegistryReply, RegistryRequest};
use crate::json;
use crate::query::parse;
use serde_json::{Map, Value};

/// A list stops counting after so many documents, so that one request cannot scan without
/// end; each count costs a little whatever it scans.
const MAX_SCANNED: u64 = 200_000;
const COST_OF_COUNT: u64 = 2_000;
/// Most configurations of a list.
const MAX_TOP: u32 = 100;

async fn read<B: Backend>(backend: &B, request: HubRequest) -> Result<Vec<Value>, Failure> {
    match backend.hub(request).await? {
        HubReply::Configurations(documents) => Ok(documents),
        _ => Err(unexpected("the hub")),
    }
}

/// Counts for queries by name, as far as the budget goes; what cannot be counted is left out.
async fn results<B: Backend>(
    backend: &B,
    queries: Option<&Map<String, Value>>,
    budget: &mut u64,
) -> Result<Map<String, Value>, HubError> {
    let mut results = Map::new();
    for (name, query) in queries.into_iter().flatten() {
        let text = query.as_str().unwrap_or_default();
        if text.is_empty() {
            results.insert(name.clone(), json!(0));
        } else if *budget > 0 {
            let (count, scanned) = query_pages::rows_of(backend, Asked::of_all(text)).await?;
            *budget = budget.saturating_sub(scanned + COST_OF_COUNT);
            results.insert(name.clone(), json!(count));
        }
    }
    Ok(results)
}

async fn counted<B: Backend>(
    backend: &B,
    document: &Value,
    budget: &mut u64,
) -> Result<Value, HubError> {
    let system = results(backend, Some(&system_queries(document)), budget).await?;
    let own = document.pointer("/metrics/queries");
    let own = results(backend, own.and_then(Value::as_object), budget).await?;
    Ok(shown(document, system, own))
}

/// How many devices each configuration is for, and how many have it, as far as counting goes.
pub(super) async fn targets<B: Backend>(backend: &B) -> Result<Vec<Value>, Failure> {
    let documents = read(backend, HubRequest::ListConfigurations(None)).await?;
    let mut budget = MAX_SCANNED;
    let mut items = Vec::with_capacity(documents.len());
    for document in &documents {
        let counts = results(backend, Some(&system_queries(document)), &mut budget).await?;
        items.push(json!({
            "id": document.get("id"),
            "targeted": counts.get("targetedCount"),
            "applied": counts.get("appliedCount"),
        }));
    }
    Ok(items)
}

fn answer(document: &Value, body: &Value) -> Response {
    let etag = document.get("etag").and_then(Value::as_str);
    Response::json(200, body).with_etag(etag.unwrap_or_default())
}

/// `GET /configurations`
pub async fn list<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let top = parameters::top(request, MAX_TOP, MAX_TOP)?;
    let top = usize::try_from(top).unwrap_or(usize::MAX);
    let documents = read(backend, HubRequest::ListConfigurations(None)).await?;
    let mut budget = MAX_SCANNED;
    let mut items = Vec::new();
    for document in documents.iter().take(top) {
        items.push(counted(backend, document, &mut budget).await?);
    }
    Ok(Response::json(200, &Value::Array(items)))
}

/// `GET /configurations/{id}`
pub async fn get<B: Backend>(backend: &B, id: String) -> Result<Response, Failure> {
    let documents = read(backend, HubRequest::ListConfigurations(Some(id.clone()))).await?;
    let Some(document) = documents.first() else {
        let text = format!("There is no configuration {id}.");
        return Err(HubError::new(ErrorCode::ConfigurationNotFound, text).into());
    };
    let mut budget = u64::MAX;
    let body = counted(backend, document, &mut budget).await?;
    Ok(answer(document, &body))
}

/// `PUT /configurations/{id}`
pub async fn put<B: Backend>(
    backend: &B,
    request: &Request,
    id: String,
) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    if json::text_member(&body, "id")?.is_some_and(|named| named != id) {
        return Err(HubError::invalid("id in the body is not the id of the path.").into());
    }
    let given = Box::new(given(&id, &body)?);
    let change = HubRequest::PutConfiguration(given, if_match(request));
    let documents = read(backend, change).await?;
    let document = documents.first().ok_or_else(|| unexpected("the hub"))?;
    // Shards evaluate it now.
    Ok(answer(document, &shown(document, Map::new(), Map::new())))
}

/// A configuration as the hub object takes it, of what a back end or a file says.
pub(crate) fn given(id: &str, body: &Object) -> Result<Value, HubError> {
    Ok(json!({
        "id": id,
        "schemaVersion": json::text_member(body, "schemaVersion")?,
        "labels": json::member(body, "labels").filter(|labels| labels.is_object()),
        "content": content(body)?,
        "targetCondition": condition(body)?,
        "priority": json::whole_member(body, "priority")?.unwrap_or(0),
        "metrics": { "queries": queries(body)? },
    }))
}

/// The families of content with their own names, whatever the case; null if there is none.
fn content(body: &Object) -> Result<Option<Value>, HubError> {
    let Some(content) = json::member(body, "content") else {
        return Ok(None);
    };
    let content = content.as_object().ok_or_else(|| {
        HubError::new(
            ErrorCode::InvalidConfigurationContent,
            "content must be an object.",
        )
    })?;
    let mut families = Map::new();
    for (name, _) in Family::ALL {
        if let Some(part) = json::member(content, name) {
            families.insert(name.to_owned(), part.clone());
        }
    }
    Ok(Some(Value::Object(families)))
}

fn condition(body: &Object) -> Result<&str, HubError> {
    json::text_member(body, "targetCondition")
        .map(Option::unwrap_or_default)
        .map_err(|error| {
            HubError::new(
                ErrorCode::InvalidConfigurationTargetCondition,
                error.message,
            )
        })
}

fn queries(body: &Object) -> Result<Option<&Value>, HubError> {
    let metrics = json::member(body, "metrics").and_then(Value::as_object);
    let queries = metrics.and_then(|metrics| json::member(metrics, "queries"));
    match queries {
        Some(queries) if !queries.is_object() => Err(HubError::new(
            ErrorCode::InvalidConfigurationCustomMetricsQuery,
            "metrics.queries must be an object of queries by name.",
        )),
        queries => Ok(queries),
    }
}

/// `DELETE /configurations/{id}`: what it wrote stays, as far as no other wants the path.
pub async fn delete<B: Backend>(
    backend: &B,
    request: &Request,
    id: String,
) -> Result<Response, Failure> {
    match backend
        .hub(HubRequest::DeleteConfiguration(id, if_match(request)))
        .await?
    {
        HubReply::Done => Ok(Response::empty(204)),
        _ => Err(unexpected("the hub")),
    }
}

/// `POST /configurations/testQueries`: complaints are no errors here.
pub fn test(request: &Request) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let condition = json::text_member(&body, "targetCondition")?.unwrap_or_default();
    let is_of_modules = condition
        .trim_start()
        .get(..5)
        .is_some_and(|start| start.eq_ignore_ascii_case("from "));
    let family = if is_of_modules {
        Family::Modules
    } else {
        Family::Devices
    };
    let condition_error = Target::read(family, condition).err();
    let mut errors = Map::new();
    let queries = json::member(&body, "customMetricQueries").and_then(Value::as_object);
    for (name, query) in queries.into_iter().flatten() {
        if let Err(error) = parse(query.as_str().unwrap_or_default()) {
            errors.insert(name.clone(), json!(error.to_string()));
        }
    }
    Ok(Response::json(
        200,
        &json!({
            "targetConditionError": condition_error.map(|error| error.message),
            "customMetricQueryErrors": errors,
        }),
    ))
}

/// `POST /devices/{id}/applyConfigurationContent`
pub async fn apply<B: Backend>(
    backend: &B,
    request: &Request,
    device: DeviceId,
) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let part = |name: &str| json::member(&body, name);
    let content = json!({
        "modulesContent": part("modulesContent"),
        "deviceContent": part("deviceContent"),
    });
    let apply = Box::new(ApplyContent {
        device: device.clone(),
        content,
    });
    match ask_shard(backend, &device, RegistryRequest::ApplyContent(apply)).await? {
        RegistryReply::Done => Ok(Response::empty(204)),
        _ => Err(unexpected("the registry")),
    }
}

/// `GET /api/v1/devices/{id}/effective-configuration`
pub async fn effective<B: Backend>(backend: &B, device: DeviceId) -> Result<Response, Failure> {
    let request = RegistryRequest::ExplainConfigurations(device.clone());
    match ask_shard(backend, &device, request).await? {
        RegistryReply::Explained(explained) => Ok(Response::json(200, &explained)),
        _ => Err(unexpected("the registry")),
    }
}
