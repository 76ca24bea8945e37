//! Which operations are throttled and as what (`service.md` §16).
//!
//! The buckets are this process's own, so admitting a request needs no call and no write, and
//! one that is refused reaches no actor: a storm of it costs devices nothing. Only callers who
//! have shown their right are counted.

use super::authorize::Caller;
use super::backend::Backend;
use super::error::Envelope;
use super::message::Request;
use super::operation::Operation;
use super::operations::{self, Failure};
use crate::error::HubError;
use crate::ipc::hub::Settings;
use crate::ipc::registry::DeadLetterVerb;
use crate::throttle::{self, METHOD_METER_BYTES, OperationClass};

/// The class of an operation that counts as soon as its caller is known.
fn class(operation: &Operation) -> Option<OperationClass> {
    use Operation as O;
    use OperationClass as C;
    Some(match operation {
        O::GetDevice(_)
        | O::PutDevice(_)
        | O::DeleteDevice(_)
        | O::ListDevices
        | O::ListModules(_)
        | O::GetModule(..)
        | O::PutModule(..)
        | O::DeleteModule(..)
        | O::DeviceStatistics
        | O::ServiceStatistics
        | O::RetireDevice(_)
        | O::GetRetirement(_)
        | O::ListArchive
        | O::GetArchivedDevice(_)
        | O::RestoreDevice(_)
        | O::EraseArchivedDevice(_)
        | O::Overview
        | O::BrowseDevices
        | O::DeviceConnection(_)
        | O::DeadLetters(_, _, DeadLetterVerb::Read)
        | O::PendingMessages(_) => C::IdentityRegistry,
        O::GetTwin(_)
        | O::GetDigitalTwin(_)
        | O::EffectiveConfiguration(_)
        | O::TwinHistory(_)
        | O::PastTwin(..) => C::TwinReads,
        O::PatchTwin(_) | O::ReplaceTwin(_) | O::PatchDigitalTwin(_) | O::RevertTwin(_) => {
            C::TwinUpdates
        }
        O::InvokeMethod(_) | O::InvokeCommand(..) => C::DirectMethods,
        // Groups are counted by a query.
        O::Query
        | O::ExplainQuery
        | O::StreamQuery
        | O::GetGroup(_)
        | O::ListTagViolations
        | O::GetProgress
        | O::StreamProgress
        | O::FleetReport
        | O::ListHeartbeats => C::Queries,
        O::SendToDevice(_) | O::PurgeMessages(_) | O::DeadLetters(..) => C::CloudToDeviceSends,
        O::ReceiveFeedback | O::ReceiveFileNotification => C::CloudToDeviceReceives,
        // A dry run is an import job without effect.
        O::PlanImport | O::CreateJob | O::ListJobs | O::GetJob(_) | O::CancelJob(_) => C::Jobs,
        O::ListConfigurations
        | O::GetConfiguration(_)
        | O::PutConfiguration(_)
        | O::DeleteConfiguration(_)
        | O::TestConfigurationQueries
        | O::ApplyConfigurationContent(_) => C::Configurations,
        O::ScheduleJob(_)
        | O::GetScheduledJob(_)
        | O::CancelScheduledJob(_)
        | O::ListScheduledJobs
        | O::PauseJob(_)
        | O::ResumeJob(_)
        | O::RetryJob(_)
        | O::ListJobDevices(_)
        | O::CancelJobDevice(..) => C::Jobs,
        O::SignBlobUrl => C::FileUploads,
        // These count when it is known how many items they have, or who the device is.
        O::BulkDevices
        | O::RegenerateKeys
        | O::SendTelemetry(_)
        | O::ReceiveMessage(_)
        | O::BeginUpload(_) => return None,
        // As many as messages were received, or uploads begun.
        O::CompleteFeedback(_)
        | O::AbandonFeedback(_)
        | O::CompleteFileNotification(_)
        | O::AbandonFileNotification(_)
        | O::EndUpload(..)
        | O::SettleMessage(..)
        | O::AbandonMessage(..) => return None,
        // Not in the contract's table. Readers of events are bounded by their number.
        O::EventsInfo
        | O::ReadEvents
        | O::StreamEvents
        | O::EventSocket
        | O::Checkpoint
        | O::ListConsumerGroups
        | O::PutConsumerGroup(_)
        | O::DeleteConsumerGroup(_)
        | O::Routing(_)
        | O::Access(_)
        | O::ListCertificates
        | O::GetCertificate(_)
        | O::PutCertificate(_)
        | O::DeleteCertificate(_)
        | O::ChallengeCertificate(_)
        | O::VerifyCertificate(_)
        | O::TerminatorCertificates
        | O::GetTagSchema
        | O::PutTagSchema
        | O::DeleteTagSchema
        | O::ListMaintenancePolicies
        | O::GetMaintenancePolicy(_)
        | O::PutMaintenancePolicy(_)
        | O::DeleteMaintenancePolicy(_)
        | O::ExplainMaintenance(_)
        | O::ListGroups
        | O::PutGroup(_)
        | O::DeleteGroup(_)
        | O::ListPatterns
        | O::GetPattern(_)
        | O::PutPattern(_)
        | O::DeletePattern(_)
        | O::ListAlerts
        | O::ChangeAlert(..)
        | O::StreamAlerts
        | O::ListAlertRules
        | O::GetAlertRule(_)
        | O::PutAlertRule(_)
        | O::DeleteAlertRule(_)
        | O::GetTwinHistorySettings
        | O::GetMessaging
        | O::PutMessaging
        | O::PutTwinHistorySettings
        | O::GetThrottles
        | O::PutThrottles
        | O::GetFileUpload
        | O::PutFileUpload
        | O::ReadAudit
        | O::VerifyAudit
        | O::GetQueryIndexes
        | O::PutQueryIndexes
        | O::ReadOperations
        | O::PrometheusMetrics
        | O::Usage
        | O::Metrics
        | O::StreamOperations
        | O::ConnectionIncidents
        | O::SignIn
        | O::CurrentSession
        | O::SignOut
        | O::Bootstrap
        | O::Health
        | O::HubInformation => return None,
    })
}

/// Lets an operation of a known caller through, or refuses it in the envelope of its path.
pub(super) fn admit<B: Backend>(
    backend: &B,
    settings: &Settings,
    operation: &Operation,
    request: &Request,
    caller: &Caller,
) -> Result<(), Failure> {
    let Some(class) = class(operation) else {
        return Ok(());
    };
    let (cost, envelope) = if class == OperationClass::DirectMethods {
        let cost = request.body.len().div_ceil(METHOD_METER_BYTES);
        (cost.max(1), Envelope::Nested)
    } else {
        (1, Envelope::Classic)
    };
    take_now(backend, settings, class, cost).map_err(|error| {
        let throttles = backend.throttles();
        throttles.borrow_mut().note_refused(&caller.actor);
        Failure { error, envelope }
    })
}

/// Counts operations whose number only the operation itself knows.
pub(super) async fn take<B: Backend>(
    backend: &B,
    class: OperationClass,
    cost: usize,
) -> Result<(), HubError> {
    let settings = operations::settings(backend).await?;
    take_now(backend, &settings, class, cost)
}

fn take_now<B: Backend>(
    backend: &B,
    settings: &Settings,
    class: OperationClass,
    cost: usize,
) -> Result<(), HubError> {
    let throttles = backend.throttles();
    let mut throttles = throttles.borrow_mut();
    throttles.configure(settings.version, &settings.throttles, 1);
    throttles
        .take(class, backend.now(), cost as u64)
        .map_err(|seconds| throttle::refusal(class, seconds))
}

#[cfg(test)]
#[path = "throttling_tests.rs"]
mod tests;
