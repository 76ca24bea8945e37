//! The one path that names an operation, written from the contract's route table
//! (`service.md` §3) and not from the router, so that each checks the other.

use shared::http::access_operation::{AccessOperation, Decision};
use shared::http::message::Method;
use shared::http::operation::Operation;
use shared::http::routing_operation::RoutingOperation;
use shared::ids::{DeviceId, Identity, ModuleId};
use shared::ipc::registry::{ArchivedDevice, DeadLetterVerb};
use shared::percent;

/// A segment of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Segment<'a> {
    /// A literal, good in any case.
    Word(&'static str),
    /// An id, a name or a lock token.
    Text(&'a str),
}

use Segment::{Text, Word};

/// The segments with texts escaped, literals written by `word`.
pub fn written(segments: &[Segment], word: fn(&str) -> String) -> String {
    segments
        .iter()
        .map(|segment| match segment {
            Word(literal) => format!("/{}", word(literal)),
            Text(text) => format!("/{}", percent::encode(text)),
        })
        .collect()
}

/// The whole path as Azure IoT Explorer writes it; `None` where it has a form of its own
/// or cannot be told from another path.
pub fn explorers(segments: &[Segment]) -> Option<String> {
    let mut whole = Vec::new();
    for segment in segments {
        match segment {
            Word("deviceBound") => return None,
            Word(literal) => whole.push(*literal),
            Text(text) if text.contains('/') => return None,
            Text(text) => whole.push(text),
        }
    }
    // A single segment is no path that Explorer could encode.
    (whole.len() > 1).then(|| format!("/{}", percent::encode(&whole.join("/"))))
}

/// Verb and segments of an operation.
pub fn of(operation: &Operation) -> (Method, Vec<Segment<'_>>) {
    use Method::{Delete, Get, Patch, Post, Put};
    use Operation as O;
    match operation {
        O::GetDevice(id) => (Get, device(id, &[])),
        O::PutDevice(id) => (Put, device(id, &[])),
        O::DeleteDevice(id) => (Delete, device(id, &[])),
        O::ListDevices => (Get, vec![Word("devices")]),
        O::ListModules(id) => (Get, device(id, &[Word("modules")])),
        O::GetModule(id, module) => (Get, module_of(id, module)),
        O::PutModule(id, module) => (Put, module_of(id, module)),
        O::DeleteModule(id, module) => (Delete, module_of(id, module)),
        O::BulkDevices => (Post, vec![Word("devices")]),
        O::CreateJob => (Post, vec![Word("jobs"), Word("create")]),
        O::ListJobs => (Get, vec![Word("jobs")]),
        O::GetJob(id) => (Get, vec![Word("jobs"), Text(id)]),
        O::CancelJob(id) => (Delete, vec![Word("jobs"), Text(id)]),
        O::ListConfigurations => (Get, vec![Word("configurations")]),
        O::GetConfiguration(id) => (Get, vec![Word("configurations"), Text(id)]),
        O::PutConfiguration(id) => (Put, vec![Word("configurations"), Text(id)]),
        O::DeleteConfiguration(id) => (Delete, vec![Word("configurations"), Text(id)]),
        O::TestConfigurationQueries => (Post, vec![Word("configurations"), Word("testQueries")]),
        O::ApplyConfigurationContent(id) => {
            (Post, device(id, &[Word("applyConfigurationContent")]))
        }
        O::EffectiveConfiguration(id) => (
            Get,
            own(&[
                Word("devices"),
                Text(id.as_str()),
                Word("effective-configuration"),
            ]),
        ),
        O::ScheduleJob(id) => (Put, vec![Word("jobs"), Word("v2"), Text(id)]),
        O::GetScheduledJob(id) => (Get, vec![Word("jobs"), Word("v2"), Text(id)]),
        O::CancelScheduledJob(id) => (
            Post,
            vec![Word("jobs"), Word("v2"), Text(id), Word("cancel")],
        ),
        O::ListScheduledJobs => (Get, vec![Word("jobs"), Word("v2"), Word("query")]),
        O::PauseJob(id) => (Post, own(&[Word("jobs"), Text(id), Word("pause")])),
        O::ResumeJob(id) => (Post, own(&[Word("jobs"), Text(id), Word("resume")])),
        O::RetryJob(id) => (Post, own(&[Word("jobs"), Text(id), Word("retry")])),
        O::ListJobDevices(id) => (Get, own(&[Word("jobs"), Text(id), Word("devices")])),
        O::CancelJobDevice(job, id) => (
            Post,
            own(&[
                Word("jobs"),
                Text(job),
                Word("devices"),
                Text(id.as_str()),
                Word("cancel"),
            ]),
        ),
        O::PlanImport => (Post, own(&[Word("import"), Word("dry-run")])),
        O::RegenerateKeys => (
            Post,
            vec![Word("devices"), Word("keys"), Word("regenerate")],
        ),
        O::DeviceStatistics => (Get, vec![Word("statistics"), Word("devices")]),
        O::ServiceStatistics => (Get, vec![Word("statistics"), Word("service")]),

        O::GetTwin(identity) => (Get, below("twins", identity, &[])),
        O::PatchTwin(identity) => (Patch, below("twins", identity, &[])),
        O::ReplaceTwin(identity) => (Put, below("twins", identity, &[])),
        O::GetDigitalTwin(id) => (Get, vec![Word("digitaltwins"), Text(id.as_str())]),
        O::PatchDigitalTwin(id) => (Patch, vec![Word("digitaltwins"), Text(id.as_str())]),
        // A component's command is one of the whole device with a star in its name.
        O::InvokeCommand(id, name) => (
            Post,
            vec![
                Word("digitaltwins"),
                Text(id.as_str()),
                Word("commands"),
                Text(name),
            ],
        ),
        O::InvokeMethod(identity) => (Post, below("twins", identity, &[Word("methods")])),

        O::Query => (Post, vec![Word("devices"), Word("query")]),
        O::ExplainQuery => (Post, own(&[Word("query"), Word("explain")])),
        O::StreamQuery => (Post, own(&[Word("query"), Word("stream")])),

        O::SendToDevice(id) => (Post, device(id, &DEVICE_BOUND)),
        O::PurgeMessages(id) => (Delete, device(id, &[Word("commands")])),
        O::DeadLetters(id, number, verb) => {
            let mut path = own(&[Word("devices"), Text(id.as_str()), Word("dead-letters")]);
            path.extend(number.iter().map(|text| Text(text)));
            match verb {
                DeadLetterVerb::Read => (Get, path),
                DeadLetterVerb::Delete => (Delete, path),
                DeadLetterVerb::Resend => {
                    path.push(Word("resend"));
                    (Post, path)
                }
            }
        }
        O::ReceiveFeedback => (Get, feedback(&[])),
        O::CompleteFeedback(lock) => (Delete, feedback(&[Text(lock)])),
        O::AbandonFeedback(lock) => (Post, feedback(&[Text(lock), Word("abandon")])),
        O::ReceiveFileNotification => (Get, files_told(&[])),
        O::CompleteFileNotification(lock) => (Delete, files_told(&[Text(lock)])),
        O::AbandonFileNotification(lock) => (Post, files_told(&[Text(lock), Word("abandon")])),

        O::SendTelemetry(identity) => (
            Post,
            below("devices", identity, &[Word("messages"), Word("events")]),
        ),
        O::ReceiveMessage(id) => (Get, device(id, &DEVICE_BOUND)),
        O::SettleMessage(id, lock) => {
            let rest = [DEVICE_BOUND[0], DEVICE_BOUND[1], Text(lock)];
            (Delete, device(id, &rest))
        }
        O::AbandonMessage(id, lock) => {
            let rest = [
                DEVICE_BOUND[0],
                DEVICE_BOUND[1],
                Text(lock),
                Word("abandon"),
            ];
            (Post, device(id, &rest))
        }

        O::BeginUpload(id) => (Post, device(id, &[Word("files")])),
        O::EndUpload(id, correlation) => {
            let mut rest = vec![Word("files"), Word("notifications")];
            rest.extend(correlation.iter().map(|text| Text(text)));
            (Post, device(id, &rest))
        }

        O::EventsInfo => (Get, own(&[Word("events"), Word("info")])),
        O::ReadEvents => (Get, own(&[Word("events")])),
        O::StreamEvents => (Get, own(&[Word("events"), Word("stream")])),
        O::EventSocket => (Get, own(&[Word("events"), Word("ws")])),
        O::Checkpoint => (Post, own(&[Word("events"), Word("checkpoint")])),
        O::ListConsumerGroups => (Get, own(&[Word("consumer-groups")])),
        O::PutConsumerGroup(name) => (Put, own(&[Word("consumer-groups"), Text(name)])),
        O::DeleteConsumerGroup(name) => (Delete, own(&[Word("consumer-groups"), Text(name)])),
        O::Routing(operation) => routing(operation),
        O::Access(operation) => access(operation),

        O::ListCertificates => (Get, own(&[Word("certificates")])),
        O::GetCertificate(name) => (Get, own(&[Word("certificates"), Text(name)])),
        O::PutCertificate(name) => (Put, own(&[Word("certificates"), Text(name)])),
        O::DeleteCertificate(name) => (Delete, own(&[Word("certificates"), Text(name)])),
        O::ChallengeCertificate(name) => (
            Post,
            own(&[
                Word("certificates"),
                Text(name),
                Word("generateVerificationCode"),
            ]),
        ),
        O::VerifyCertificate(name) => (
            Post,
            own(&[Word("certificates"), Text(name), Word("verify")]),
        ),
        O::TerminatorCertificates => (Get, own(&[Word("bootstrap"), Word("certificates")])),

        O::GetTagSchema => (Get, own(&TAG_SCHEMA)),
        O::PutTagSchema => (Put, own(&TAG_SCHEMA)),
        O::DeleteTagSchema => (Delete, own(&TAG_SCHEMA)),
        O::ListTagViolations => (
            Get,
            own(&[Word("schemas"), Word("tags"), Word("violations")]),
        ),
        O::ListMaintenancePolicies => (Get, own(&[Word("maintenance-policies")])),
        O::GetMaintenancePolicy(id) => (Get, own(&[Word("maintenance-policies"), Text(id)])),
        O::PutMaintenancePolicy(id) => (Put, own(&[Word("maintenance-policies"), Text(id)])),
        O::DeleteMaintenancePolicy(id) => (Delete, own(&[Word("maintenance-policies"), Text(id)])),
        O::ExplainMaintenance(device) => (
            Get,
            own(&[Word("devices"), Text(device.as_str()), Word("maintenance")]),
        ),
        O::ListGroups => (Get, own(&[Word("groups")])),
        O::GetGroup(id) => (Get, own(&[Word("groups"), Text(id)])),
        O::PutGroup(id) => (Put, own(&[Word("groups"), Text(id)])),
        O::DeleteGroup(id) => (Delete, own(&[Word("groups"), Text(id)])),
        O::ListPatterns => (Get, own(&[Word("patterns")])),
        O::GetPattern(id) => (Get, own(&[Word("patterns"), Text(id)])),
        O::PutPattern(id) => (Put, own(&[Word("patterns"), Text(id)])),
        O::DeletePattern(id) => (Delete, own(&[Word("patterns"), Text(id)])),
        O::GetProgress => (Get, own(&[Word("progress")])),
        O::StreamProgress => (Get, own(&[Word("progress"), Word("stream")])),
        O::FleetReport => (Get, own(&[Word("reports"), Word("fleet")])),
        O::ListAlerts => (Get, own(&[Word("alerts")])),
        O::StreamAlerts => (Get, own(&[Word("alerts"), Word("stream")])),
        O::ListAlertRules => (Get, own(&[Word("alert-rules")])),
        O::GetAlertRule(id) => (Get, own(&[Word("alert-rules"), Text(id)])),
        O::PutAlertRule(id) => (Put, own(&[Word("alert-rules"), Text(id)])),
        O::DeleteAlertRule(id) => (Delete, own(&[Word("alert-rules"), Text(id)])),
        O::ListHeartbeats => (Get, own(&[Word("heartbeats")])),
        O::ChangeAlert(id, verb) => (Post, own(&[Word("alerts"), Text(id), Text(verb)])),

        O::TwinHistory(identity) => (Get, past(identity, &[Word("history")])),
        O::PastTwin(identity, version) => (Get, past(identity, &[Word("history"), Text(version)])),
        O::RevertTwin(identity) => (Post, past(identity, &[Word("revert")])),
        O::GetMessaging => (Get, own(&[Word("messaging")])),
        O::PutMessaging => (Put, own(&[Word("messaging")])),
        O::GetTwinHistorySettings => (Get, own(&[Word("twin-history")])),
        O::PutTwinHistorySettings => (Put, own(&[Word("twin-history")])),

        O::GetThrottles => (Get, own(&[Word("throttles")])),
        O::PutThrottles => (Put, own(&[Word("throttles")])),

        O::RetireDevice(id) => (
            Post,
            own(&[Word("devices"), Text(id.as_str()), Word("retire")]),
        ),
        O::GetRetirement(operation) => (Get, own(&[Word("retirements"), Text(operation)])),
        O::ListArchive => (Get, own(&ARCHIVE)),
        O::GetArchivedDevice(archived) => (Get, archive(archived, &[])),
        O::RestoreDevice(archived) => (Post, archive(archived, &[Word("restore")])),
        O::EraseArchivedDevice(archived) => (Delete, archive(archived, &[])),

        O::ReadAudit => (Get, own(&[Word("audit")])),
        O::VerifyAudit => (Get, own(&[Word("audit"), Word("verify")])),
        O::GetQueryIndexes => (Get, own(&[Word("query"), Word("indexes")])),
        O::PutQueryIndexes => (Put, own(&[Word("query"), Word("indexes")])),
        O::ConnectionIncidents => (Get, own(&[Word("connection-incidents")])),
        O::StreamOperations => (Get, own(&[Word("operations"), Word("stream")])),
        O::Metrics => (Get, own(&[Word("metrics")])),
        O::Usage => (Get, own(&[Word("usage")])),
        O::PrometheusMetrics => (Get, vec![Word("metrics")]),
        O::ReadOperations => (Get, own(&[Word("operations")])),

        O::GetFileUpload => (Get, own(&[Word("file-upload")])),
        O::PutFileUpload => (Put, own(&[Word("file-upload")])),
        O::SignBlobUrl => (Post, own(&[Word("blobs"), Word("sas")])),

        O::SignIn => (Post, own(&[Word("session")])),
        O::CurrentSession => (Get, own(&[Word("session")])),
        O::SignOut => (Delete, own(&[Word("session")])),
        O::Bootstrap => (Post, own(&[Word("bootstrap")])),
        O::Health => (Get, own(&[Word("health")])),
        O::Overview => (Get, own(&[Word("overview")])),
        O::HubInformation => (Get, own(&[Word("hub")])),
        O::BrowseDevices => (Get, own(&[Word("devices")])),
        O::DeviceConnection(identity) => {
            (Get, own(&below("devices", identity, &[Word("connection")])))
        }
        O::PendingMessages(id) => (Get, own(&[Word("devices"), Text(id.as_str()), Word("c2d")])),
    }
}

const DEVICE_BOUND: [Segment<'static>; 2] = [Word("messages"), Word("deviceBound")];
const TAG_SCHEMA: [Segment<'static>; 2] = [Word("schemas"), Word("tags")];
const ARCHIVE: [Segment<'static>; 2] = [Word("archive"), Word("devices")];

fn own<'a>(rest: &[Segment<'a>]) -> Vec<Segment<'a>> {
    [&[Word("api"), Word("v1")], rest].concat()
}

fn device<'a>(id: &'a DeviceId, rest: &[Segment<'a>]) -> Vec<Segment<'a>> {
    [&[Word("devices"), Text(id.as_str())], rest].concat()
}

fn module_of<'a>(id: &'a DeviceId, module: &'a ModuleId) -> Vec<Segment<'a>> {
    device(id, &[Word("modules"), Text(module.as_str())])
}

fn below<'a>(
    collection: &'static str,
    identity: &'a Identity,
    rest: &[Segment<'a>],
) -> Vec<Segment<'a>> {
    let mut segments = vec![Word(collection), Text(identity.device.as_str())];
    if let Some(module) = &identity.module {
        segments.extend([Word("modules"), Text(module.as_str())]);
    }
    segments.extend(rest);
    segments
}

fn past<'a>(identity: &'a Identity, rest: &[Segment<'a>]) -> Vec<Segment<'a>> {
    own(&below("twins", identity, rest))
}

fn feedback<'a>(rest: &[Segment<'a>]) -> Vec<Segment<'a>> {
    let begin = [Word("messages"), Word("serviceBound"), Word("feedback")];
    [&begin[..], rest].concat()
}

fn files_told<'a>(rest: &[Segment<'a>]) -> Vec<Segment<'a>> {
    let begin = [
        Word("messages"),
        Word("serviceBound"),
        Word("filenotifications"),
    ];
    [&begin[..], rest].concat()
}

fn archive<'a>(archived: &'a ArchivedDevice, rest: &[Segment<'a>]) -> Vec<Segment<'a>> {
    let place = [
        Text(archived.device_id.as_str()),
        Text(archived.generation_id.as_str()),
    ];
    [&own(&ARCHIVE)[..], &place[..], rest].concat()
}

fn access(operation: &AccessOperation) -> (Method, Vec<Segment<'_>>) {
    use AccessOperation as A;
    use Method::{Delete, Get, Post, Put};
    let one = |list: &'static str, id| own(&[Word(list), Text(id)]);
    let act = |list: &'static str, id, verb: &'static str| own(&[Word(list), Text(id), Word(verb)]);
    match operation {
        A::ListAccounts => (Get, own(&[Word("accounts")])),
        A::GetAccount(name) => (Get, one("accounts", name)),
        A::PutAccount(name) => (Put, one("accounts", name)),
        A::DeleteAccount(name) => (Delete, one("accounts", name)),
        A::ListTokens => (Get, own(&[Word("api-tokens")])),
        A::CreateToken => (Post, own(&[Word("api-tokens")])),
        A::DeleteToken(id) => (Delete, one("api-tokens", id)),
        A::ListSessions => (Get, own(&[Word("sessions")])),
        A::EndSession(id) => (Delete, one("sessions", id)),
        A::ChangePassword => (Post, own(&[Word("session"), Word("password")])),
        A::ListApprovals => (Get, own(&[Word("approvals")])),
        A::GetApproval(id) => (Get, one("approvals", id)),
        A::DecideApproval(id, Decision::Approve) => (Post, act("approvals", id, "approve")),
        A::DecideApproval(id, Decision::Reject) => (Post, act("approvals", id, "reject")),
        A::DecideApproval(id, Decision::Withdraw) => (Post, act("approvals", id, "withdraw")),
        A::ListPolicies => (Get, own(&[Word("policies")])),
        A::PutPolicy(name) => (Put, one("policies", name)),
        A::DeletePolicy(name) => (Delete, one("policies", name)),
        A::RegeneratePolicyKey(name) => (Post, act("policies", name, "regenerate")),
        A::GetSettings => (Get, own(&[Word("access"), Word("settings")])),
        A::PutSettings => (Put, own(&[Word("access"), Word("settings")])),
    }
}

fn routing(operation: &RoutingOperation) -> (Method, Vec<Segment<'_>>) {
    use Method::{Delete, Get, Post, Put};
    use RoutingOperation as O;
    let endpoint = |name, rest: &[Segment<'static>]| {
        let begin = [Word("routing"), Word("endpoints"), Text(name)];
        own(&[&begin, rest].concat())
    };
    match operation {
        O::Get => (Get, own(&[Word("routing")])),
        O::Put => (Put, own(&[Word("routing")])),
        O::Test => (Post, own(&[Word("routing"), Word("test")])),
        O::TestAll => (Post, own(&[Word("routing"), Word("test-all")])),
        O::Health => (
            Get,
            own(&[Word("routing"), Word("endpoints"), Word("health")]),
        ),
        O::Validate(name) => (Post, endpoint(name, &[Word("validate")])),
        O::ListDeadLetters(name) => (Get, endpoint(name, &[Word("dead-letters")])),
        O::ResendDeadLetters(name) => (
            Post,
            endpoint(name, &[Word("dead-letters"), Word("resend")]),
        ),
        O::DeleteDeadLetters(name) => (Delete, endpoint(name, &[Word("dead-letters")])),
        O::GetRoute(name) => (Get, own(&[Word("routes"), Text(name)])),
        O::PutRoute(name) => (Put, own(&[Word("routes"), Text(name)])),
        O::DeleteRoute(name) => (Delete, own(&[Word("routes"), Text(name)])),
        O::ListSubscriptions => (Get, own(&[Word("subscriptions")])),
        O::GetSubscription(name) => (Get, own(&[Word("subscriptions"), Text(name)])),
        O::PutSubscription(name) => (Put, own(&[Word("subscriptions"), Text(name)])),
        O::DeleteSubscription(name) => (Delete, own(&[Word("subscriptions"), Text(name)])),
        O::ListSecrets => (Get, own(&[Word("secrets")])),
        O::PutSecret(name) => (Put, own(&[Word("secrets"), Text(name)])),
        O::DeleteSecret(name) => (Delete, own(&[Word("secrets"), Text(name)])),
    }
}
