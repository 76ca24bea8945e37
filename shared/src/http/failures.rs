//! Which failures of requests go into the operations records (`device-management.md` §9.1).
//!
//! Only those of callers who have shown their right: a stranger causes none. A request that is
//! throttled reaches no actor and so leaves none either. A record that cannot be written
//! changes no answer.

use super::backend::Backend;
use super::operation::Operation;
use crate::error::{ErrorCode, HubError};
use crate::ids::Identity;
use crate::ipc::audit;
use crate::ipc::registry::RegistryRequest;
use serde_json::Value;

/// Category, operation and whom it is about.
pub(super) type About = (&'static str, &'static str, Option<Identity>);

/// What a failure of an operation is noted as; nothing for those that are not in the
/// contract's table.
pub(super) fn about(operation: &Operation) -> Option<About> {
    use Operation as O;
    let device = |id: &crate::ids::DeviceId| Some(Identity::device(id.clone()));
    Some(match operation {
        O::PutDevice(id) => ("DeviceIdentityOperations", "update", device(id)),
        O::DeleteDevice(id) => ("DeviceIdentityOperations", "delete", device(id)),
        O::PatchTwin(identity) => ("C2DTwinOperations", "update", Some(identity.clone())),
        O::ReplaceTwin(identity) => ("C2DTwinOperations", "replace", Some(identity.clone())),
        O::InvokeMethod(identity) => ("DirectMethods", "send", Some(identity.clone())),
        O::InvokeCommand(id, _) => ("DirectMethods", "send", device(id)),
        O::SendToDevice(id) => ("C2DCommands", "ingress", device(id)),
        O::Query | O::StreamQuery => ("TwinQueries", "query", None),
        O::CreateJob | O::ScheduleJob(_) => ("JobsOperations", "createJob", None),
        O::CancelJob(_) | O::CancelScheduledJob(_) => ("JobsOperations", "cancelJob", None),
        O::PutConfiguration(_) => ("Configurations", "updateConfiguration", None),
        O::DeleteConfiguration(_) => ("Configurations", "deleteConfiguration", None),
        O::ApplyConfigurationContent(id) => ("Configurations", "applyConfiguration", device(id)),
        _ => return None,
    })
}

/// Has a shard note a failure.
pub(super) async fn note<B: Backend>(backend: &B, about: About, error: &HubError) {
    if error.code == ErrorCode::ThrottlingException {
        return;
    }
    let (category, operation, identity) = about;
    let text = match error.code {
        // Its detail is for the log.
        ErrorCode::ServerError => "Internal error",
        _ => &error.message,
    };
    let code = Some(error.code);
    let note = audit::note(
        category,
        operation,
        code,
        text,
        identity.as_ref(),
        Value::Null,
    );
    // What concerns no device is kept by the first shard.
    let shard = identity.map_or(0, |identity| backend.layout().shard_of(&identity.device));
    let request = RegistryRequest::NoteOperation(Box::new(note));
    if let Err(error) = backend.registry(shard, request).await {
        backend.report(&format!(
            "a failure is not in the operations records: {error}"
        ));
    }
}

#[cfg(test)]
#[path = "failures_tests.rs"]
mod tests;
