//! Operations records: what went wrong with devices (`device-management.md` §9.1).

use super::record_pages::{Places, top};
use super::{Failure, unexpected};
use crate::error::HubError;
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::http::parameters::time;
use crate::ipc::audit::ReadOperations;
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use futures_util::future::join_all;
use serde_json::{Map, Value, json};

/// `GET /api/v1/operations`: newest first.
///
/// Filters `category`, `level`, `deviceId`, `from` (a time); `format` is `hub`, `resourceLog`
/// or `legacy`; pages by `top` and `cursor`.
pub async fn read<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let text = |name: &str| request.filled_parameter(name).map(|text| text.into_owned());
    let shown: fn(Value) -> Value = match text("format").as_deref() {
        None | Some("hub") => |record| record,
        Some("resourceLog") => resource_log,
        Some("legacy") => legacy,
        Some(_) => {
            return Err(HubError::invalid("format must be hub, resourceLog or legacy.").into());
        }
    };
    let wanted = ReadOperations {
        before: None,
        top: top(request)?,
        device_id: text("deviceId"),
        category: text("category"),
        level: text("level"),
        since: time(request, "from")?,
    };
    let places = Places::of(request)?;
    let reads = (0..backend.layout().shards).map(|shard| {
        let mut wanted = wanted.clone();
        wanted.before = places.before(&format!("registry-{shard}"));
        backend.registry(shard, RegistryRequest::ReadOperations(wanted))
    });
    let mut pages = Vec::new();
    for reply in join_all(reads).await {
        let RegistryReply::Audit(page) = reply? else {
            return Err(unexpected("the registry"));
        };
        pages.push(page);
    }
    Ok(places.merge(pages, wanted.top, shown))
}

/// As in Azure's resource logs: what is special in a record is a text.
fn resource_log(mut record: Value) -> Value {
    if let Value::Object(members) = &mut record {
        let mut special = Map::new();
        for name in ["deviceId", "moduleId", "protocol", "suppressed"] {
            special.insert(
                name.to_owned(),
                members.shift_remove(name).unwrap_or_default(),
            );
        }
        let special = Value::Object(special).to_string();
        members.insert("properties".into(), json!(special));
    }
    record
}

/// As at the endpoint `messages/operationsMonitoringEvents`.
fn legacy(mut record: Value) -> Value {
    if let Value::Object(members) = &mut record {
        for (ours, theirs) in [
            ("resultType", "statusCode"),
            ("resultDescription", "statusDescription"),
        ] {
            let value = members.shift_remove(ours).unwrap_or_default();
            members.insert(theirs.to_owned(), value);
        }
    }
    record
}
