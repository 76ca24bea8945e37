//! New keys for many identities (`service.md` §4.6).

use super::bulk::{
    by_shard, check_count, check_credentials, check_distinct, failed, identity, name_of,
};
use super::devices::entropy;
use super::{Failure, unexpected};
use crate::auth::keys::KeyPair;
use crate::error::{ErrorCode, HubError};
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::http::throttling;
use crate::ids::Identity;
use crate::ipc::registry::{PolicyKey, RegenerateKeys, RegistryReply, RegistryRequest};
use crate::json;
use crate::ordered::OrderedMap;
use crate::throttle::OperationClass;
use crate::together::join_all;
use serde_json::Value;

/// `POST /devices/keys/regenerate`: 200, 207 if some failed, 400 if all did.
pub async fn keys<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    check_credentials(caller)?;
    let given = json::text_member(&body, "policyKey")?.unwrap_or_default();
    let policy_key = policy_key(given)?;
    let Some(Value::Array(items)) = json::member(&body, "devices") else {
        return Err(HubError::invalid("devices must be an array of {id, moduleId}.").into());
    };
    check_count(items.len())?;
    throttling::take(backend, OperationClass::IdentityRegistry, items.len()).await?;
    let mut results: OrderedMap<usize, Result<KeyPair, HubError>> = OrderedMap::new();
    let mut named: Vec<(usize, Identity)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match identity(item) {
            Ok(identity) => named.push((index, identity)),
            Err(error) => {
                results.insert(index, Err(error));
            }
        }
    }
    check_distinct(named.iter().map(|(_, identity)| identity))?;
    let parts = by_shard(backend, named);
    let asks = parts.iter().map(|(shard, part)| {
        let regenerate = RegenerateKeys {
            policy_key,
            identities: part.iter().map(|(_, identity)| identity.clone()).collect(),
            entropy: entropy(backend, part.len()),
        };
        backend.registry(*shard, RegistryRequest::RegenerateKeys(regenerate))
    });
    for (reply, (_, part)) in join_all(asks).await.into_iter().zip(&parts) {
        let rotated = match reply {
            Ok(RegistryReply::Rotated(rotated)) => rotated,
            Ok(_) => return Err(unexpected("the registry")),
            Err(error) => vec![Err(error); part.len()],
        };
        results.extend(part.iter().map(|(index, _)| *index).zip(rotated));
    }
    Ok(answer(given, items, &results))
}

fn policy_key(text: &str) -> Result<PolicyKey, HubError> {
    [
        ("primaryKey", PolicyKey::PrimaryKey),
        ("secondaryKey", PolicyKey::SecondaryKey),
        ("both", PolicyKey::Both),
    ]
    .into_iter()
    .find(|(name, _)| name.eq_ignore_ascii_case(text))
    .map(|(_, key)| key)
    .ok_or_else(|| {
        HubError::new(
            ErrorCode::InvalidPolicyKey,
            "policyKey must be primaryKey, secondaryKey or both.",
        )
    })
}

fn answer(
    policy_key: &str,
    items: &[Value],
    results: &OrderedMap<usize, Result<KeyPair, HubError>>,
) -> Response {
    let mut rotated = Vec::new();
    let mut errors = Vec::new();
    for (index, result) in results {
        let mut entry = name_of(items.get(*index).unwrap_or(&Value::Null), "id");
        match result {
            Ok(keys) => {
                entry.insert("primaryKey".into(), json!(keys.primary));
                entry.insert("secondaryKey".into(), json!(keys.secondary));
                rotated.push(Value::Object(entry));
            }
            Err(error) => {
                entry.insert("errorCode".into(), json!(error.code.number()));
                entry.insert("errorStatus".into(), json!(error.message));
                errors.push(Value::Object(entry));
            }
        }
    }
    let status = match (rotated.is_empty(), errors.is_empty()) {
        (_, true) => 200,
        (false, false) => 207,
        (true, false) => 400,
    };
    let body = json!({
        "policyKey": policy_key,
        "rotatedKeys": rotated,
        "errors": errors,
    });
    if status == 200 {
        Response::json(status, &body)
    } else {
        failed(
            status,
            &body,
            ErrorCode::BulkRegenerateDeviceKeyOperationFailure,
        )
    }
}
