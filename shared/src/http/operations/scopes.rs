//! Whether the parents that devices name are there (`service.md` §4.2).
//!
//! A parent lives in the shard of its own id, so its shard is asked before the write. What
//! comes in between is a race that nobody can lose much by: a parent that is deleted then
//! leaves a child with a scope of nobody, as it does if it is deleted later.

use crate::error::HubError;
use crate::http::backend::Backend;
use crate::http::json;
use crate::ids::DeviceId;
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::ordered::{OrderedMap, OrderedSet};
use crate::together::join_all;
use serde_json::Value;

/// How the scope of an edge device begins; its id and a number follow.
const PREFIX: &str = "ms-azure-iot-edge://";
/// Scopes that a shard is asked about at a time.
const MAX_ASKED: usize = 500;

/// Which of the scopes in REST bodies or import items no edge device has.
pub async fn missing<'a, B: Backend>(
    backend: &B,
    bodies: impl Iterator<Item = &'a Value>,
) -> Result<OrderedSet<String>, HubError> {
    let mut missing = OrderedSet::new();
    let mut by_shard: OrderedMap<u16, OrderedMap<String, DeviceId>> = OrderedMap::new();
    for scope in bodies.flat_map(named) {
        let id = scope
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.rsplit_once('-'))
            .and_then(|(id, _)| DeviceId::parse(id).ok());
        match id {
            Some(id) => {
                let shard = by_shard.or_default(backend.layout().shard_of(&id));
                shard.insert(scope.to_owned(), id);
            }
            None => {
                missing.insert(scope.to_owned());
            }
        }
    }
    let asks = by_shard.into_iter().map(|(shard, scopes)| async move {
        let scopes: Vec<(String, DeviceId)> = scopes.into_iter().collect();
        let mut missing = Vec::new();
        for part in scopes.chunks(MAX_ASKED) {
            let ask = RegistryRequest::FindScopes(part.to_vec());
            match backend.registry(shard, ask).await? {
                RegistryReply::MissingScopes(part) => missing.extend(part),
                _ => return Err(HubError::internal("a shard gave another answer")),
            }
        }
        Ok(missing)
    });
    for part in join_all(asks).await {
        missing.extend(part?);
    }
    Ok(missing)
}

/// Those of the missing scopes that some bodies name.
pub fn of<'a>(
    missing: &OrderedSet<String>,
    bodies: impl Iterator<Item = &'a Value>,
) -> Vec<String> {
    let scopes = bodies
        .flat_map(named)
        .filter(|scope| missing.contains(*scope));
    scopes.map(str::to_owned).collect()
}

/// The scopes that a body names; what is not a text is refused elsewhere.
fn named(body: &Value) -> impl Iterator<Item = &str> {
    let member = |name| json::member(body.as_object()?, name);
    let parents = member("parentScopes").and_then(Value::as_array);
    parents
        .into_iter()
        .flatten()
        .chain(member("deviceScope"))
        .filter_map(Value::as_str)
        .filter(|scope| !scope.is_empty())
}
