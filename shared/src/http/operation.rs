//! Everything that can be asked over HTTP, as one type.
//!
//! An [`Operation`] is what a verb and a path mean; headers, query and body are read by the
//! operation's own module. Ids in here are already checked.

use super::access_operation::AccessOperation;
use super::routing_operation::RoutingOperation;
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::ipc::registry::{ArchivedDevice, DeadLetterVerb};

/// What a request asks for; the first line of each group names its contract section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    // --- service.md §4: identities ---
    /// `GET /devices/{id}`
    GetDevice(DeviceId),
    /// `PUT /devices/{id}`
    PutDevice(DeviceId),
    /// `DELETE /devices/{id}`
    DeleteDevice(DeviceId),
    /// `GET /devices?top=`
    ListDevices,
    /// `GET /devices/{id}/modules`
    ListModules(DeviceId),
    /// `GET /devices/{id}/modules/{mid}`
    GetModule(DeviceId, ModuleId),
    /// `PUT /devices/{id}/modules/{mid}`
    PutModule(DeviceId, ModuleId),
    /// `DELETE /devices/{id}/modules/{mid}`
    DeleteModule(DeviceId, ModuleId),
    /// `POST /devices`
    BulkDevices,
    /// `POST /jobs/create`
    CreateJob,
    /// `GET /jobs`
    ListJobs,
    /// `GET /jobs/{id}`
    GetJob(String),
    /// `DELETE /jobs/{id}`
    CancelJob(String),
    /// `POST /api/v1/import/dry-run`
    PlanImport,

    // --- service.md §10, device-management.md §1, §4.6: scheduled jobs ---
    /// `PUT /jobs/v2/{id}`
    ScheduleJob(String),
    /// `GET /jobs/v2/{id}`
    GetScheduledJob(String),
    /// `POST /jobs/v2/{id}/cancel`, with `?force=true` a running one
    CancelScheduledJob(String),
    /// `GET /jobs/v2/query`
    ListScheduledJobs,
    /// `POST /api/v1/jobs/{id}/pause`
    PauseJob(String),
    /// `POST /api/v1/jobs/{id}/resume`
    ResumeJob(String),
    /// `POST /api/v1/jobs/{id}/retry`
    RetryJob(String),
    /// `GET /api/v1/jobs/{id}/devices`
    ListJobDevices(String),
    /// `POST /api/v1/jobs/{id}/devices/{deviceId}/cancel`
    CancelJobDevice(String, DeviceId),

    // --- service.md §4, again ---
    /// `POST /devices/keys/regenerate`
    RegenerateKeys,
    /// `GET /statistics/devices`
    DeviceStatistics,
    /// `GET /statistics/service`
    ServiceStatistics,

    // --- service.md §11: configurations ---
    /// `GET /configurations?top=`
    ListConfigurations,
    /// `GET /configurations/{id}`
    GetConfiguration(String),
    /// `PUT /configurations/{id}`
    PutConfiguration(String),
    /// `DELETE /configurations/{id}`
    DeleteConfiguration(String),
    /// `POST /configurations/testQueries`
    TestConfigurationQueries,
    /// `POST /devices/{id}/applyConfigurationContent`
    ApplyConfigurationContent(DeviceId),
    /// `GET /api/v1/devices/{id}/effective-configuration`
    EffectiveConfiguration(DeviceId),

    // --- service.md §6, §7: twins and methods ---
    /// `GET /twins/{id}` and `/twins/{id}/modules/{mid}`
    GetTwin(Identity),
    /// `PATCH`
    PatchTwin(Identity),
    /// `PUT`
    ReplaceTwin(Identity),
    /// `GET /api/v1/twins/{id}/history` and the module's; so the next two
    TwinHistory(Identity),
    /// `GET /api/v1/twins/{id}/history/{version}`, with `?against=` a difference
    PastTwin(Identity, String),
    /// `POST /api/v1/twins/{id}/revert`
    RevertTwin(Identity),
    /// `GET /api/v1/twin-history`
    GetTwinHistorySettings,
    /// `GET /api/v1/messaging`
    GetMessaging,
    /// `PUT /api/v1/messaging`
    PutMessaging,
    /// `PUT /api/v1/twin-history`
    PutTwinHistorySettings,
    /// `POST /twins/{id}/methods` and `/twins/{id}/modules/{mid}/methods`
    InvokeMethod(Identity),

    // --- service.md §13: digital twins ---
    /// `GET /digitaltwins/{id}`
    GetDigitalTwin(DeviceId),
    /// `PATCH /digitaltwins/{id}`
    PatchDigitalTwin(DeviceId),
    /// `POST /digitaltwins/{id}[/components/{path}]/commands/{name}`: the method's name
    InvokeCommand(DeviceId, String),

    // --- service.md §9, query-routing-events.md §1: queries ---
    /// `POST /devices/query`
    Query,
    /// `POST /api/v1/query/explain`
    ExplainQuery,
    /// `POST /api/v1/query/stream`
    StreamQuery,

    // --- service.md §8: cloud-to-device ---
    /// `POST /devices/{id}/messages/deviceBound`
    SendToDevice(DeviceId),
    /// `DELETE /devices/{id}/commands`
    PurgeMessages(DeviceId),
    /// `GET` and `DELETE /api/v1/devices/{id}/dead-letters`, or the one of a number; `POST
    /// /api/v1/devices/{id}/dead-letters/{number}/resend`
    DeadLetters(DeviceId, Option<String>, DeadLetterVerb),
    /// `GET /messages/serviceBound/feedback`
    ReceiveFeedback,
    /// `DELETE /messages/serviceBound/feedback/{lock}`
    CompleteFeedback(String),
    /// `POST /messages/serviceBound/feedback/{lock}/abandon`
    AbandonFeedback(String),
    /// `GET /messages/serviceBound/filenotifications`
    ReceiveFileNotification,
    /// `DELETE /messages/serviceBound/filenotifications/{lock}`
    CompleteFileNotification(String),
    /// `POST /messages/serviceBound/filenotifications/{lock}/abandon`
    AbandonFileNotification(String),

    // --- device.md §7: a device over HTTPS ---
    /// `POST /devices/{d}/messages/events` and the module's
    SendTelemetry(Identity),
    /// `GET /devices/{d}/messages/devicebound`
    ReceiveMessage(DeviceId),
    /// `DELETE /devices/{d}/messages/devicebound/{lock}`, with `?reject` a rejection
    SettleMessage(DeviceId, String),
    /// `POST /devices/{d}/messages/devicebound/{lock}/abandon`
    AbandonMessage(DeviceId, String),
    /// `POST /devices/{d}/files`
    BeginUpload(DeviceId),
    /// `POST /devices/{d}/files/notifications`, perhaps with the correlation id behind it
    EndUpload(DeviceId, Option<String>),

    // --- query-routing-events.md §5.2: events ---
    /// `GET /api/v1/events/info`
    EventsInfo,
    /// `GET /api/v1/events`
    ReadEvents,
    /// `GET /api/v1/events/stream`
    StreamEvents,
    /// `GET /api/v1/events/ws`
    EventSocket,
    /// `POST /api/v1/events/checkpoint`
    Checkpoint,
    /// `GET /api/v1/consumer-groups`
    ListConsumerGroups,
    /// `PUT /api/v1/consumer-groups/{name}`
    PutConsumerGroup(String),
    /// `DELETE /api/v1/consumer-groups/{name}`
    DeleteConsumerGroup(String),
    /// Everything about who may use the hub.
    Access(AccessOperation),
    /// Routes, endpoints, subscriptions
    Routing(RoutingOperation),

    // --- service.md §16: CA certificates ---
    /// `GET /api/v1/certificates`
    ListCertificates,
    /// `GET /api/v1/certificates/{name}`
    GetCertificate(String),
    /// `PUT /api/v1/certificates/{name}`
    PutCertificate(String),
    /// `DELETE /api/v1/certificates/{name}`
    DeleteCertificate(String),
    /// `POST /api/v1/certificates/{name}/generateVerificationCode`
    ChallengeCertificate(String),
    /// `POST /api/v1/certificates/{name}/verify`
    VerifyCertificate(String),
    /// `GET /api/v1/bootstrap/certificates`
    TerminatorCertificates,
    // --- service.md §16: throttles ---
    /// `GET /api/v1/throttles`
    GetThrottles,
    /// `PUT /api/v1/throttles`
    PutThrottles,

    // --- device-management.md §7.1: retirement and archive ---
    /// `POST /api/v1/devices/{id}/retire`
    RetireDevice(DeviceId),
    /// `GET /api/v1/retirements/{operation id}`
    GetRetirement(String),
    /// `GET /api/v1/archive/devices`
    ListArchive,
    /// `GET /api/v1/archive/devices/{id}/{generation}`
    GetArchivedDevice(ArchivedDevice),
    /// `POST /api/v1/archive/devices/{id}/{generation}/restore`
    RestoreDevice(ArchivedDevice),
    /// `DELETE /api/v1/archive/devices/{id}/{generation}`
    EraseArchivedDevice(ArchivedDevice),

    // --- device-management.md §7: tag schema and saved groups ---
    /// `GET /api/v1/schemas/tags`
    GetTagSchema,
    /// `PUT /api/v1/schemas/tags`
    PutTagSchema,
    /// `DELETE /api/v1/schemas/tags`
    DeleteTagSchema,
    /// `GET /api/v1/schemas/tags/violations`
    ListTagViolations,
    /// `GET /api/v1/maintenance-policies`
    ListMaintenancePolicies,
    /// `GET /api/v1/maintenance-policies/{id}`
    GetMaintenancePolicy(String),
    /// `PUT /api/v1/maintenance-policies/{id}`
    PutMaintenancePolicy(String),
    /// `DELETE /api/v1/maintenance-policies/{id}`
    DeleteMaintenancePolicy(String),
    /// `GET /api/v1/devices/{id}/maintenance`
    ExplainMaintenance(DeviceId),
    /// `GET /api/v1/groups`
    ListGroups,
    /// `GET /api/v1/groups/{id}`
    GetGroup(String),
    /// `PUT /api/v1/groups/{id}`
    PutGroup(String),
    /// `DELETE /api/v1/groups/{id}`
    DeleteGroup(String),

    // --- device-management.md §3: patterns and progress ---
    /// `GET /api/v1/patterns`
    ListPatterns,
    /// `GET /api/v1/patterns/{id}`
    GetPattern(String),
    /// `PUT /api/v1/patterns/{id}`
    PutPattern(String),
    /// `DELETE /api/v1/patterns/{id}`
    DeletePattern(String),
    /// `GET /api/v1/progress`
    GetProgress,
    /// `GET /api/v1/progress/stream`
    StreamProgress,
    /// `GET /api/v1/reports/fleet`
    FleetReport,
    /// `GET /api/v1/alerts`
    ListAlerts,
    /// `POST /api/v1/alerts/{id}/ack`, `…/snooze`, `…/resolve`
    ChangeAlert(String, String),
    /// `GET /api/v1/alerts/stream`
    StreamAlerts,
    /// `GET /api/v1/alert-rules`
    ListAlertRules,
    /// `GET /api/v1/alert-rules/{id}`
    GetAlertRule(String),
    /// `PUT /api/v1/alert-rules/{id}`
    PutAlertRule(String),
    /// `DELETE /api/v1/alert-rules/{id}`
    DeleteAlertRule(String),
    /// `GET /api/v1/heartbeats`
    ListHeartbeats,

    // --- device-management.md §6: the record of changes ---
    /// `GET /api/v1/audit`
    ReadAudit,
    /// `GET /api/v1/audit/verify`
    VerifyAudit,
    /// `GET /api/v1/query/indexes`
    GetQueryIndexes,
    /// `PUT /api/v1/query/indexes`
    PutQueryIndexes,
    /// `GET /api/v1/operations`
    ReadOperations,
    /// `GET /metrics`
    PrometheusMetrics,
    /// `GET /api/v1/usage`
    Usage,
    /// `GET /api/v1/metrics`
    Metrics,
    /// `GET /api/v1/operations/stream`
    StreamOperations,
    /// `GET /api/v1/connection-incidents`
    ConnectionIncidents,

    // --- the blob store; its own verbs are `blob::operation`'s ---
    /// `POST /api/v1/blobs/sas`
    SignBlobUrl,

    /// `GET /api/v1/file-upload`
    GetFileUpload,
    /// `PUT /api/v1/file-upload`
    PutFileUpload,

    // --- the console and the launcher ---
    /// `POST /api/v1/session`
    SignIn,
    /// `GET /api/v1/session`
    CurrentSession,
    /// `DELETE /api/v1/session`
    SignOut,
    /// `POST /api/v1/bootstrap`
    Bootstrap,
    /// `GET /api/v1/health`
    Health,
    /// `GET /api/v1/overview`
    Overview,
    /// `GET /api/v1/hub`
    HubInformation,
    /// `GET /api/v1/devices`
    BrowseDevices,
    /// `GET /api/v1/devices/{id}/connection`, `…/devices/{id}/modules/{module}/connection`
    DeviceConnection(Identity),
    /// `GET /api/v1/devices/{id}/c2d`
    PendingMessages(DeviceId),
}

/// Whether a path speaks Azure's API and so carries `api-version` (`service.md` §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiVersion {
    /// Service paths.
    Required,
    /// Device paths: old clients leave it out.
    Optional,
    /// Our own API has the version in its path.
    None,
}

impl Operation {
    /// The api-version rule of this operation.
    pub fn api_version(&self) -> ApiVersion {
        use Operation as O;
        match self {
            O::GetDevice(_)
            | O::PutDevice(_)
            | O::DeleteDevice(_)
            | O::ListDevices
            | O::ListModules(_)
            | O::GetModule(..)
            | O::PutModule(..)
            | O::DeleteModule(..)
            | O::BulkDevices
            | O::RegenerateKeys
            | O::CreateJob
            | O::ListJobs
            | O::GetJob(_)
            | O::CancelJob(_)
            | O::ScheduleJob(_)
            | O::GetScheduledJob(_)
            | O::CancelScheduledJob(_)
            | O::ListScheduledJobs
            | O::DeviceStatistics
            | O::ServiceStatistics
            | O::GetTwin(_)
            | O::PatchTwin(_)
            | O::ReplaceTwin(_)
            | O::InvokeMethod(_)
            | O::GetDigitalTwin(_)
            | O::PatchDigitalTwin(_)
            | O::InvokeCommand(..)
            | O::Query
            | O::ListConfigurations
            | O::GetConfiguration(_)
            | O::PutConfiguration(_)
            | O::DeleteConfiguration(_)
            | O::TestConfigurationQueries
            | O::ApplyConfigurationContent(_)
            | O::SendToDevice(_)
            | O::PurgeMessages(_)
            | O::ReceiveFeedback
            | O::CompleteFeedback(_)
            | O::AbandonFeedback(_)
            | O::ReceiveFileNotification
            | O::CompleteFileNotification(_)
            | O::AbandonFileNotification(_) => ApiVersion::Required,
            O::SendTelemetry(_)
            | O::ReceiveMessage(_)
            | O::SettleMessage(..)
            | O::AbandonMessage(..)
            | O::BeginUpload(_)
            | O::EndUpload(..) => ApiVersion::Optional,
            O::EventsInfo
            | O::EffectiveConfiguration(_)
            | O::ReadEvents
            | O::StreamEvents
            | O::EventSocket
            | O::Checkpoint
            | O::ListConsumerGroups
            | O::PutConsumerGroup(_)
            | O::DeleteConsumerGroup(_)
            | O::Access(_)
            | O::Routing(_)
            | O::TwinHistory(_)
            | O::PastTwin(..)
            | O::RevertTwin(_)
            | O::GetTwinHistorySettings
            | O::GetMessaging
            | O::PutMessaging
            | O::PutTwinHistorySettings
            | O::GetThrottles
            | O::PutThrottles
            | O::PlanImport
            | O::PauseJob(_)
            | O::ResumeJob(_)
            | O::RetryJob(_)
            | O::ListJobDevices(_)
            | O::CancelJobDevice(..)
            | O::RetireDevice(_)
            | O::GetRetirement(_)
            | O::ListArchive
            | O::GetArchivedDevice(_)
            | O::RestoreDevice(_)
            | O::EraseArchivedDevice(_)
            | O::GetTagSchema
            | O::PutTagSchema
            | O::DeleteTagSchema
            | O::ListTagViolations
            | O::ListMaintenancePolicies
            | O::GetMaintenancePolicy(_)
            | O::PutMaintenancePolicy(_)
            | O::DeleteMaintenancePolicy(_)
            | O::ExplainMaintenance(_)
            | O::ListGroups
            | O::GetGroup(_)
            | O::PutGroup(_)
            | O::DeleteGroup(_)
            | O::ListPatterns
            | O::GetPattern(_)
            | O::PutPattern(_)
            | O::DeletePattern(_)
            | O::GetProgress
            | O::StreamProgress
            | O::FleetReport
            | O::ListAlerts
            | O::ChangeAlert(..)
            | O::StreamAlerts
            | O::ListAlertRules
            | O::GetAlertRule(_)
            | O::PutAlertRule(_)
            | O::DeleteAlertRule(_)
            | O::ListHeartbeats
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
            | O::SignBlobUrl
            | O::GetFileUpload
            | O::PutFileUpload
            | O::DeadLetters(..)
            | O::ListCertificates
            | O::GetCertificate(_)
            | O::PutCertificate(_)
            | O::DeleteCertificate(_)
            | O::ChallengeCertificate(_)
            | O::VerifyCertificate(_)
            | O::TerminatorCertificates
            | O::ExplainQuery
            | O::StreamQuery
            | O::SignIn
            | O::CurrentSession
            | O::SignOut
            | O::Bootstrap
            | O::Health
            | O::Overview
            | O::HubInformation
            | O::BrowseDevices
            | O::DeviceConnection(_)
            | O::PendingMessages(_) => ApiVersion::None,
        }
    }

    /// Whether it asks for its body piece by piece, as much as it likes, once it is known that
    /// the caller may do this.
    pub fn reads_body_in_pieces(&self) -> bool {
        matches!(self, Self::PlanImport)
    }

    /// The largest body worth reading, in bytes. Finer limits are the operation's own.
    pub fn body_limit(&self) -> usize {
        const KIB: usize = 1024;
        match self {
            // A batch of 256 KiB in base64 with its JSON around it.
            Self::SendTelemetry(_) => 384 * KIB,
            // 64 KiB, and enough more to answer 413 with the exact limit.
            Self::SendToDevice(_) => 80 * KIB,
            // A payload of 128 KiB, escaped and spaced as the client likes.
            Self::InvokeMethod(_) | Self::InvokeCommand(..) => 272 * KIB,
            // A payload or a patch, and a condition.
            Self::ScheduleJob(_) => 512 * KIB,
            // Clients send whole twins back, `$metadata` included.
            Self::PatchTwin(_) | Self::ReplaceTwin(_) | Self::PatchDigitalTwin(_) => 2048 * KIB,
            Self::PutDevice(_) | Self::PutModule(..) => 64 * KIB,
            // A hundred items, each with its first tags and desired properties.
            Self::BulkDevices => 8 * 1024 * KIB,
            Self::RegenerateKeys => 64 * KIB,
            // A hundred routes of 2,048 characters each.
            Self::Routing(_) => 512 * KIB,
            // A schema of 16 KiB with spaces, a condition of 8000 characters with escapes.
            Self::PutTagSchema | Self::PutGroup(_) | Self::PutMaintenancePolicy(_) => 64 * KIB,
            // A manifest of edge modules, or content with five queries.
            Self::PutConfiguration(_) | Self::ApplyConfigurationContent(_) => 256 * KIB,
            Self::TestConfigurationQueries => 128 * KIB,
            // 8192 characters, escaped as the client likes, or twice as much to answer 412.
            Self::Query | Self::ExplainQuery | Self::StreamQuery => 128 * KIB,
            _ => DEFAULT_BODY_LIMIT,
        }
    }
}

/// For everything that sends little or nothing, unknown paths included.
pub const DEFAULT_BODY_LIMIT: usize = 16 * 1024;
