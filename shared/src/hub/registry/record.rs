//! What a shard writes into the record of changes: who, what, before and after.

use super::Registry;
use super::identity::IdentityRow;
use crate::error::HubError;
use crate::hub::audit;
use crate::ids::Identity;
use crate::ipc::audit::{AuditEntry, Cause};
use crate::ipc::registry::RegistryRequest;
use crate::json;
use crate::sql::Sql;
use crate::time::Timestamp;
use crate::twin::{SectionPatch, Twin, TwinPatch};
use serde_json::{Map, Value};

/// The result of what was done.
pub(super) const OK: &str = "ok";

/// An identity that came, changed or went.
pub(super) fn identity_entry(
    verb: &str,
    identity: &Identity,
    before: Option<&IdentityRow>,
    after: Option<&IdentityRow>,
) -> AuditEntry {
    let kind = if identity.module.is_some() {
        "Module"
    } else {
        "Device"
    };
    let document = |row: Option<&IdentityRow>| {
        row.map_or(Value::Null, |row| masked(Value::Object(row.body())))
    };
    let mut entry = AuditEntry {
        action: format!("{verb}{kind}"),
        target: Some(identity.clone()),
        result: OK.to_owned(),
        before: document(before),
        after: document(after),
    };
    if let (Some(before), Some(after)) = (before, after)
        && !before.authentication.still_covers(&after.authentication)
        && let Value::Object(shown) = &mut entry.after
    {
        // Masked documents look alike.
        shown.insert("credentialsChanged".into(), json!(true));
    }
    entry
}

/// Keys never leave the identity's own row.
fn masked(mut document: Value) -> Value {
    if let Some(Value::Object(keys)) = document.pointer_mut("/authentication/symmetricKey") {
        for (_, key) in keys.iter_mut() {
            if !key.is_null() {
                *key = json!("masked");
            }
        }
    }
    document
}

/// The parts of a twin that a write is about, as they were or as they are.
pub(super) fn twin_parts(twin: &Twin, patch: &TwinPatch, replace: bool) -> Value {
    let mut parts = Map::new();
    let sections = [
        ("tags", &twin.tags, patch.tags()),
        ("desired", &twin.desired.properties, patch.desired()),
    ];
    for (name, document, patch) in sections {
        let part = match patch {
            SectionPatch::Content(content) if !replace => touched(document, content),
            SectionPatch::Absent if !replace => continue,
            _ => document.clone(),
        };
        parts.insert(name.to_owned(), Value::Object(part));
    }
    parts.insert("version".to_owned(), json!(twin.version));
    Value::Object(parts)
}

/// The members of `document` that `patch` names, at every depth.
fn touched(document: &Map<String, Value>, patch: &Map<String, Value>) -> Map<String, Value> {
    patch
        .iter()
        .filter_map(|(key, value)| {
            let part = match (document.get(key)?, value) {
                (Value::Object(inner), Value::Object(patch)) => {
                    Value::Object(touched(inner, patch))
                }
                (whole, _) => whole.clone(),
            };
            Some((key.clone(), part))
        })
        .collect()
}

/// What a request that was refused as a whole would have done.
fn attempted(request: &RegistryRequest) -> Option<(&'static str, Option<Identity>)> {
    use RegistryRequest as Request;
    let device = |device: &crate::ids::DeviceId| Some(Identity::device(device.clone()));
    Some(match request {
        Request::PutDevice(put) => ("putDevice", device(&put.device)),
        Request::DeleteDevice(delete) => ("deleteDevice", device(&delete.device)),
        Request::PutModule(put) => (
            "putModule",
            Some(Identity {
                device: put.device.clone(),
                module: Some(put.module.clone()),
            }),
        ),
        Request::DeleteModule(delete) => ("deleteModule", Some(delete.identity.clone())),
        Request::ApplyItems(_) => ("applyItems", None),
        Request::RegenerateKeys(_) => ("regenerateKeys", None),
        Request::WriteTwin(write) => ("updateTwin", Some(write.identity.clone())),
        Request::RevertTwin(revert) => ("revertTwin", Some(revert.identity.clone())),
        Request::SendMessage(message) => ("sendMessage", device(&message.device)),
        Request::DeadLetters(ask) => (ask.verb.action(), device(&ask.device)),
        Request::PurgeMessages(id) => ("purgeMessages", device(id)),
        Request::Retire(retire) => ("retireDevice", device(&retire.device)),
        Request::RestoreArchived(restore) => ("restoreDevice", device(&restore.from.device_id)),
        Request::ApplyContent(apply) => ("applyConfigurationContent", device(&apply.device)),
        Request::Locate(locate) => ("overrideMaintenance", Some(locate.identity.clone())),
        Request::EraseArchived(wanted) => ("eraseArchivedDevice", device(&wanted.device_id)),
        _ => return None,
    })
}

/// A request's entry should it be refused; made before the request is used up.
pub(super) fn refusal(request: &RegistryRequest) -> Option<AuditEntry> {
    let (action, target) = attempted(request)?;
    Some(AuditEntry {
        action: action.to_owned(),
        target,
        result: String::new(),
        before: Value::Null,
        after: Value::Null,
    })
}

impl Registry {
    /// Records a refusal, after everything that the request had written was undone.
    pub(super) fn record_refusal(
        now: Timestamp,
        cause: &Cause,
        mut entry: AuditEntry,
        error: &HubError,
        sql: &dyn Sql,
    ) {
        entry.result = error.code.name().to_owned();
        // The refusal itself must reach the caller even if the record cannot be written.
        let _unwritten = sql.transaction(&mut || audit::append(sql, now, &[(cause, &entry)]));
    }
}
