//! Many identities in one request (`service.md` §4.6).
//!
//! There is no transaction: items that fail are named in the answer, the others stay.

use super::devices::entropy;
use super::tag_schema::with_warning;
use super::{Failure, scopes, unexpected};
use crate::auth::Action;
use crate::error::{ErrorCode, HubError};
use crate::http::authorize::{Caller, forbidden};
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::http::throttling;
use crate::ids::Identity;
use crate::ipc::registry::{ApplyItems, RegistryReply, RegistryRequest};
use crate::json;
use crate::ordered::OrderedMap;
use crate::throttle::OperationClass;
use crate::together::join_all;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Most items of one request.
pub(super) const MAX_ITEMS: usize = 100;

/// `POST /devices`
pub async fn apply<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let items = items(&request.body)?;
    check_modes(&items, caller)?;
    throttling::take(backend, OperationClass::IdentityRegistry, items.len()).await?;
    let mut errors: OrderedMap<usize, HubError> = OrderedMap::new();
    let mut named: Vec<(usize, Identity)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match identity(item) {
            Ok(identity) => named.push((index, identity)),
            Err(error) => {
                errors.insert(index, error);
            }
        }
    }
    check_distinct(named.iter().map(|(_, identity)| identity))?;
    let missing_scopes = scopes::missing(backend, items.iter()).await?;
    let missing_scopes: Vec<String> = missing_scopes.into_items().collect();
    let mut warnings: Vec<String> = Vec::new();
    let parts = by_shard(backend, named);
    let asks = parts.iter().map(|(shard, part)| {
        let apply = ApplyItems {
            items: part
                .iter()
                .filter_map(|(index, identity)| {
                    Some((identity.clone(), items.get(*index)?.clone()))
                })
                .collect(),
            entropy: entropy(backend, part.len()),
            missing_scopes: missing_scopes.clone(),
        };
        backend.registry(*shard, RegistryRequest::ApplyItems(apply))
    });
    for (reply, (_, part)) in join_all(asks).await.into_iter().zip(&parts) {
        let outcomes = match reply {
            Ok(RegistryReply::Outcomes(outcomes)) => outcomes,
            Ok(_) => return Err(unexpected("the registry")),
            // Other shards may have applied theirs: say for each item what is known.
            Err(error) => vec![Err(error); part.len()],
        };
        for ((index, _), outcome) in part.iter().zip(outcomes) {
            match outcome {
                Err(error) => {
                    errors.insert(*index, error);
                }
                Ok(warning) => warnings.extend(warning),
            }
        }
    }
    // Not among the warnings of the body: clients know only Azure's codes there.
    let count = warnings.len();
    let first = warnings.into_iter().next();
    let warning = first.map(|first| format!("{count} of the items; first: {first}"));
    Ok(with_warning(answer(&items, &errors), warning))
}

/// Who may not delete asks for it with the whole request; who may not see the keys of devices
/// that exist may not replace them either.
fn check_modes(items: &[Value], caller: &Caller) -> Result<(), Failure> {
    let modes = items.iter().map(|item| {
        let Value::Object(item) = item else {
            return String::new();
        };
        let mode = json::text_member(item, "importMode").ok().flatten();
        mode.unwrap_or_default().to_ascii_lowercase()
    });
    for mode in modes {
        if mode.starts_with("delete") {
            caller.permit(Action::DeleteDevices)?;
        } else if mode != "create" && !mode.starts_with("updatetwin") {
            check_credentials(caller)?;
        }
    }
    Ok(())
}

/// Whoever may not see keys may not set them for many either.
pub(super) fn check_credentials(caller: &Caller) -> Result<(), Failure> {
    if caller.sees_credentials {
        return Ok(());
    }
    Err(forbidden(
        "Your role may not replace the credentials of devices; use the import modes create, \
         updateTwin and delete.",
    )
    .into())
}

fn items(body: &[u8]) -> Result<Vec<Value>, HubError> {
    let Value::Array(items) = json::parse(body)? else {
        return Err(HubError::new(
            ErrorCode::IotHubFormatError,
            "The body must be a JSON array of identities.",
        ));
    };
    check_count(items.len())?;
    Ok(items)
}

/// One to [`MAX_ITEMS`].
pub(super) fn check_count(count: usize) -> Result<(), HubError> {
    match count {
        0 => Err(HubError::invalid("The request names no identity.")),
        1..=MAX_ITEMS => Ok(()),
        _ => Err(HubError::new(
            ErrorCode::TooManyDevices,
            format!("The request names {count} identities; send at most {MAX_ITEMS} at a time."),
        )),
    }
}

/// Which identity an item is about: `id` and `moduleId`.
pub(super) fn identity(item: &Value) -> Result<Identity, HubError> {
    let Value::Object(item) = item else {
        return Err(HubError::new(
            ErrorCode::IotHubFormatError,
            "An item must be a JSON object.",
        ));
    };
    crate::import::identity(item)
}

/// The same identity twice would leave open what comes first.
pub(super) fn check_distinct<'a>(
    identities: impl Iterator<Item = &'a Identity>,
) -> Result<(), HubError> {
    let mut seen = HashSet::new();
    for identity in identities {
        if !seen.insert(identity) {
            return Err(HubError::new(
                ErrorCode::DeviceDefinedMultipleTimes,
                format!("{identity} stands in the request more than once."),
            ));
        }
    }
    Ok(())
}

/// Identities with their places in the request, by shard, each part in order.
pub(super) fn by_shard<B: Backend>(
    backend: &B,
    identities: Vec<(usize, Identity)>,
) -> OrderedMap<u16, Vec<(usize, Identity)>> {
    let layout = backend.layout();
    let mut parts: OrderedMap<u16, Vec<(usize, Identity)>> = OrderedMap::new();
    for (index, identity) in identities {
        parts
            .or_default(layout.shard_of(&identity.device))
            .push((index, identity));
    }
    parts
}

/// The members that name an item in an answer, as the item gave them.
pub(super) fn name_of(item: &Value, id_name: &str) -> Map<String, Value> {
    let mut named = Map::new();
    if let Value::Object(item) = item {
        for (from, to) in [("id", id_name), ("moduleId", "moduleId")] {
            if let Ok(Some(text)) = json::text_member(item, from) {
                named.insert(to.to_owned(), json!(text));
            }
        }
    }
    named
}

/// Both spellings of the header: C# looks for the one without hyphen.
pub(super) fn failed(status: u16, body: &Value, code: ErrorCode) -> Response {
    Response::json(status, body)
        .with_header("iothub-errorcode", code.name())
        .with_header("iothuberrorcode", code.name())
}

fn answer(items: &[Value], errors: &OrderedMap<usize, HubError>) -> Response {
    let listed: Vec<Value> = errors
        .iter()
        .map(|(index, error)| {
            let item = items.get(*index).unwrap_or(&Value::Null);
            let mut entry = name_of(item, "deviceId");
            entry.insert("errorCode".into(), json!(error.code.number()));
            entry.insert("errorStatus".into(), json!(error.message));
            if let Value::Object(item) = item
                && let Ok(Some(mode)) = json::text_member(item, "importMode")
            {
                entry.insert("operation".into(), json!(mode));
            }
            Value::Object(entry)
        })
        .collect();
    let body = json!({
        "isSuccessful": errors.is_empty(),
        "errors": listed,
        "warnings": [],
    });
    if errors.is_empty() {
        Response::json(200, &body)
    } else {
        failed(400, &body, ErrorCode::BulkRegistryOperationFailure)
    }
}

#[cfg(test)]
#[path = "bulk_tests.rs"]
mod tests;
