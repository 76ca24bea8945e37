//! Callers who have only some of the devices: those for which their twin condition is true
//! (`device-management.md` §6).
//!
//! Others do not exist for them: what is about one device says that there is none, queries and
//! what is made of them see only theirs, and what tells of the whole hub is refused. What is not
//! named here is refused too, so that a new operation shows nothing by accident.

use super::authorize::{Caller, forbidden};
use super::backend::Backend;
use super::operation::Operation;
use crate::error::{ErrorCode, HubError};
use crate::ids::DeviceId;
use crate::ipc::hub::{HubReply, HubRequest};
use crate::ipc::query::QueryScan;
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::query::quoted;
use serde_json::Value;

/// What an operation shows of the hub.
enum Reach<'a> {
    /// This device.
    Device(&'a DeviceId),
    /// This scheduled job.
    Job(&'a str),
    /// Only what the caller has, since it narrows itself; or nothing of any device.
    Narrow,
    /// Everything.
    Hub,
}

fn reach(operation: &Operation) -> Reach<'_> {
    use Operation as O;
    match operation {
        O::GetDevice(device)
        | O::PutDevice(device)
        | O::DeleteDevice(device)
        | O::ListModules(device)
        | O::GetModule(device, _)
        | O::PutModule(device, _)
        | O::DeleteModule(device, _)
        | O::EffectiveConfiguration(device)
        | O::GetDigitalTwin(device)
        | O::PatchDigitalTwin(device)
        | O::InvokeCommand(device, _)
        | O::SendToDevice(device)
        | O::PurgeMessages(device)
        | O::PendingMessages(device)
        | O::DeadLetters(device, ..)
        | O::RetireDevice(device)
        | O::ExplainMaintenance(device)
        | O::CancelJobDevice(_, device) => Reach::Device(device),
        O::GetTwin(identity)
        | O::PatchTwin(identity)
        | O::ReplaceTwin(identity)
        | O::TwinHistory(identity)
        | O::PastTwin(identity, _)
        | O::RevertTwin(identity)
        | O::InvokeMethod(identity)
        | O::DeviceConnection(identity) => Reach::Device(&identity.device),
        O::GetScheduledJob(job)
        | O::CancelScheduledJob(job)
        | O::PauseJob(job)
        | O::ResumeJob(job)
        | O::RetryJob(job)
        | O::ListJobDevices(job) => Reach::Job(job),
        O::Query
        | O::ExplainQuery
        | O::StreamQuery
        | O::BrowseDevices
        | O::ScheduleJob(_)
        | O::ListScheduledJobs
        | O::ListGroups
        | O::GetGroup(_)
        | O::HubInformation
        | O::CurrentSession
        | O::ReadAudit
        | O::Access(_)
        | O::ListPatterns
        | O::GetPattern(_)
        | O::GetTagSchema
        | O::GetThrottles
        | O::GetTwinHistorySettings
        | O::GetMessaging
        | O::GetFileUpload
        | O::GetQueryIndexes
        | O::ListMaintenancePolicies
        | O::GetMaintenancePolicy(_) => Reach::Narrow,
        _ => Reach::Hub,
    }
}

/// Refuses what a caller's scope does not reach.
pub(super) async fn check<B: Backend>(
    backend: &B,
    operation: &Operation,
    caller: &Caller,
) -> Result<(), HubError> {
    let Some(scope) = &caller.scope else {
        return Ok(());
    };
    match reach(operation) {
        Reach::Narrow => Ok(()),
        Reach::Device(device) => holds(backend, scope, device).await,
        Reach::Job(id) => {
            let asked = HubRequest::GetScheduledJob(id.to_owned());
            match backend.hub(asked).await? {
                HubReply::ScheduledJobs(jobs, _) if jobs.iter().all(|job| is_own(scope, job)) => {
                    Ok(())
                }
                _ => Err(HubError::new(
                    ErrorCode::JobNotFound,
                    "There is no such job.",
                )),
            }
        }
        Reach::Hub => Err(forbidden(format!(
            "This shows the whole hub, and there are only devices for you where {scope}."
        ))),
    }
}

/// Refuses another device that an operation would write to.
pub(super) async fn check_other<B: Backend>(
    backend: &B,
    caller: &Caller,
    device: &DeviceId,
) -> Result<(), HubError> {
    match &caller.scope {
        Some(scope) => holds(backend, scope, device).await,
        None => Ok(()),
    }
}

/// Asks the device's shard.
async fn holds<B: Backend>(backend: &B, scope: &str, device: &DeviceId) -> Result<(), HubError> {
    let scan = QueryScan {
        text: format!(
            "SELECT deviceId FROM devices WHERE deviceId = {}",
            quoted(device.as_str())
        ),
        limit: 1,
        scope: Some(scope.to_owned()),
        ..QueryScan::default()
    };
    let shard = backend.layout().shard_of(device);
    let asked = RegistryRequest::Query(Box::new(scan));
    match backend.registry(shard, asked).await? {
        RegistryReply::QueryPart(part) if !part.items.is_empty() => Ok(()),
        _ => Err(HubError::device_not_found(device)),
    }
}

/// A condition that holds for none but the devices of a scope. It was parsed before, and ends on
/// a line of its own, so that it cannot reach out of its parentheses.
pub(super) fn narrowed(scope: &str, condition: &str) -> String {
    if condition == "*" {
        return prefix(scope);
    }
    format!("{} AND (\n{condition}\n)", prefix(scope))
}

fn prefix(scope: &str) -> String {
    format!("(\n{scope}\n)")
}

/// Whether a scheduled job is one that a caller with this scope has made.
pub(super) fn is_own(scope: &str, job: &Value) -> bool {
    let condition = job.get("queryCondition").and_then(Value::as_str);
    condition.is_some_and(|condition| condition.starts_with(&prefix(scope)))
}
