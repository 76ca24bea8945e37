//! Verb and raw path → [`Operation`] (`service.md` §1, §3, §12.5). Pure.
//!
//! Literal segments match in any case, ids are case-sensitive. A path is split on `/`
//! first and each segment decoded once after that.

use super::access_operation;
use super::message::Method;
use super::operation::{ApiVersion, DEFAULT_BODY_LIMIT, Operation};
use super::routing_operation;
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::ipc::registry::{ArchivedDevice, DeadLetterVerb};
use crate::percent;

/// No path of this hub has more segments.
const MAX_SEGMENTS: usize = 8;
/// Longer paths cannot be legal: two ids of 128 characters, each escaped twice.
const MAX_PATH_LENGTH: usize = 2048;
/// The oldest api-version that any known client sends.
const OLDEST_API_VERSION: &str = "2016-02-03";

/// Why a request leads to no operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteError {
    /// No such path, or one that this hub does not offer; the text says which.
    NotFound(String),
    /// The path has other verbs.
    MethodNotAllowed(Vec<Method>),
    /// The path is known, an id in it is illegal.
    Invalid(HubError),
}

impl RouteError {
    /// The error for the envelope.
    pub fn to_error(&self) -> HubError {
        match self {
            Self::NotFound(text) => HubError::new(ErrorCode::GenericNotFound, text.as_str()),
            Self::MethodNotAllowed(allowed) => HubError::new(
                ErrorCode::GenericMethodNotAllowed,
                format!("This path accepts {}.", verbs(allowed)),
            ),
            Self::Invalid(error) => error.clone(),
        }
    }
}

/// Verbs as they stand in an `Allow` header.
pub fn verbs(methods: &[Method]) -> String {
    methods
        .iter()
        .map(|method| method.as_str())
        .collect::<Vec<_>>()
        .join(", ")
}

/// Finds the operation.
pub fn route(method: Method, raw_path: &str) -> Result<Operation, RouteError> {
    let not_found = || RouteError::NotFound("There is no such path.".to_owned());
    let segments = split(raw_path).ok_or_else(not_found)?;
    let texts: Vec<&str> = segments.iter().map(String::as_str).collect();
    let lower: Vec<String> = segments
        .iter()
        .map(|segment| segment.to_ascii_lowercase())
        .collect();
    let literals: Vec<&str> = lower.iter().map(String::as_str).collect();
    if let Some(found) = operation(method, &literals, &texts) {
        return found.map_err(RouteError::Invalid);
    }
    if let Some(what) = not_offered(&literals) {
        return Err(RouteError::NotFound(format!(
            "This hub does not offer {what} yet."
        )));
    }
    let allowed: Vec<Method> = Method::ALL
        .into_iter()
        .filter(|other| operation(*other, &literals, &texts).is_some())
        .collect();
    Err(if allowed.is_empty() {
        not_found()
    } else {
        RouteError::MethodNotAllowed(allowed)
    })
}

/// The path of a request that has an operation, with `{}` for every id and name in it: only
/// what the operation cannot do without is shown.
pub fn template(method: Method, raw_path: &str) -> String {
    const MASK: &str = "{}";
    let segments = split(raw_path).unwrap_or_default();
    let lower: Vec<String> = segments
        .iter()
        .map(|segment| segment.to_ascii_lowercase())
        .collect();
    let mut shown = String::new();
    for (place, literal) in lower.iter().enumerate() {
        let masked: Vec<&str> = lower
            .iter()
            .enumerate()
            .map(|(other, text)| if other == place { MASK } else { text })
            .collect();
        shown.push('/');
        shown.push_str(match operation(method, &masked, &masked) {
            Some(_) => MASK,
            None => literal,
        });
    }
    shown
}

/// How many bytes of body the shell may read for this request before it has to stop.
pub fn body_limit(method: Method, raw_path: &str) -> usize {
    route(method, raw_path).map_or(DEFAULT_BODY_LIMIT, |operation| operation.body_limit())
}

/// Whether the shell leaves the body to the operation, which asks for it by
/// [`super::Backend::body_piece`].
pub fn reads_body_in_pieces(method: Method, raw_path: &str) -> bool {
    route(method, raw_path).is_ok_and(|operation| operation.reads_body_in_pieces())
}

/// The decoded segments, also what the scope check of SAS tokens needs: the trailing slash is dropped, and a path that is one single segment
/// with `%2F` in it (Azure IoT Explorer encodes whole paths) is decoded first and split then.
pub fn split(raw_path: &str) -> Option<Vec<String>> {
    if raw_path.len() > MAX_PATH_LENGTH {
        return None;
    }
    let path = raw_path.strip_prefix('/')?;
    let path = path.strip_suffix('/').unwrap_or(path);
    if !path.contains('/') && path.to_ascii_lowercase().contains("%2f") {
        return split_explorer_path(path);
    }
    let mut segments = Vec::with_capacity(MAX_SEGMENTS);
    for segment in path.split('/') {
        if segments.len() == MAX_SEGMENTS || segment.is_empty() {
            return None;
        }
        segments.push(percent::decode(segment)?.into_owned());
    }
    Some(segments)
}

fn split_explorer_path(path: &str) -> Option<Vec<String>> {
    let decoded = percent::decode(path)?;
    let decoded = decoded.strip_suffix('/').unwrap_or(&decoded);
    let mut segments: Vec<String> = decoded.split('/').map(str::to_owned).collect();
    if segments.len() > MAX_SEGMENTS || segments.iter().any(String::is_empty) {
        return None;
    }
    // Only for this path Explorer encodes the id before it encodes the path.
    if let [devices, id, messages, bound] = segments.as_mut_slice()
        && devices.eq_ignore_ascii_case("devices")
        && messages.eq_ignore_ascii_case("messages")
        && bound.eq_ignore_ascii_case("devicebound")
    {
        *id = percent::decode(id)?.into_owned();
    }
    Some(segments)
}

/// The route table. `literals` are the segments in lower case, `texts` as decoded.
fn operation(
    method: Method,
    literals: &[&str],
    texts: &[&str],
) -> Option<Result<Operation, HubError>> {
    use Method::{Delete, Get, Patch, Post, Put};
    use Operation as O;
    let text = |index: usize| texts.get(index).copied().unwrap_or_default();
    let device = |make: fn(DeviceId) -> O| device_id(text(1)).map(make);
    let twin = |make: fn(Identity) -> O| {
        let module = if literals.get(2) == Some(&"modules") {
            Some(text(3))
        } else {
            None
        };
        identity(text(1), module).map(make)
    };
    let module =
        |make: fn(DeviceId, ModuleId) -> O| Ok(make(device_id(text(1))?, module_id(text(3))?));
    let locked =
        |make: fn(DeviceId, String) -> O| device_id(text(1)).map(|id| make(id, text(4).to_owned()));
    Some(match (method, literals) {
        (Get, ["devices"]) => Ok(O::ListDevices),
        (Get, ["devices", _]) => device(O::GetDevice),
        (Put, ["devices", _]) => device(O::PutDevice),
        (Delete, ["devices", _]) => device(O::DeleteDevice),
        (Delete, ["devices", _, "commands"]) => device(O::PurgeMessages),
        (Post, ["devices"]) => Ok(O::BulkDevices),
        (Post, ["devices", "keys", "regenerate"]) => Ok(O::RegenerateKeys),
        (Post, ["jobs", "create"]) => Ok(O::CreateJob),
        (Get, ["jobs"]) => Ok(O::ListJobs),
        (Get, ["jobs", id]) if *id != "v2" => Ok(O::GetJob(text(1).to_owned())),
        (Delete, ["jobs", id]) if *id != "v2" => Ok(O::CancelJob(text(1).to_owned())),
        (Get, ["configurations"]) => Ok(O::ListConfigurations),
        (Get, ["configurations", _]) => Ok(O::GetConfiguration(text(1).to_owned())),
        (Put, ["configurations", _]) => Ok(O::PutConfiguration(text(1).to_owned())),
        (Delete, ["configurations", _]) => Ok(O::DeleteConfiguration(text(1).to_owned())),
        (Post, ["configurations", "testqueries"]) => Ok(O::TestConfigurationQueries),
        (Post, ["devices", _, "applyconfigurationcontent"]) => device(O::ApplyConfigurationContent),
        (Get, ["jobs", "v2", "query"]) => Ok(O::ListScheduledJobs),
        (Put, ["jobs", "v2", _]) => Ok(O::ScheduleJob(text(2).to_owned())),
        (Get, ["jobs", "v2", _]) => Ok(O::GetScheduledJob(text(2).to_owned())),
        (Post, ["jobs", "v2", _, "cancel"]) => Ok(O::CancelScheduledJob(text(2).to_owned())),
        (Get, ["devices", _, "modules"]) => device(O::ListModules),
        (Get, ["devices", _, "modules", _]) => module(O::GetModule),
        (Put, ["devices", _, "modules", _]) => module(O::PutModule),
        (Delete, ["devices", _, "modules", _]) => module(O::DeleteModule),
        (Get, ["statistics", "devices"]) => Ok(O::DeviceStatistics),
        (Get, ["statistics", "service"]) => Ok(O::ServiceStatistics),

        (Get, ["twins", _] | ["twins", _, "modules", _]) => twin(O::GetTwin),
        (Patch, ["twins", _] | ["twins", _, "modules", _]) => twin(O::PatchTwin),
        (Put, ["twins", _] | ["twins", _, "modules", _]) => twin(O::ReplaceTwin),
        (Post, ["twins", _, "methods"] | ["twins", _, "modules", _, "methods"]) => {
            twin(O::InvokeMethod)
        }

        (Get, ["digitaltwins", _]) => device(O::GetDigitalTwin),
        (Patch, ["digitaltwins", _]) => device(O::PatchDigitalTwin),
        (Post, ["digitaltwins", _, "commands", _]) => {
            device_id(text(1)).map(|id| O::InvokeCommand(id, text(3).to_owned()))
        }
        (Post, ["digitaltwins", _, "components", _, "commands", _]) => {
            device_id(text(1)).map(|id| O::InvokeCommand(id, format!("{}*{}", text(3), text(5))))
        }

        (Post, ["devices", "query"]) => Ok(O::Query),
        (Get, ["metrics"]) => Ok(O::PrometheusMetrics),

        (Post, ["devices", _, "messages", "devicebound"]) => device(O::SendToDevice),
        (Get, ["messages", "servicebound", "feedback"]) => Ok(O::ReceiveFeedback),
        (Delete, ["messages", "servicebound", "feedback", _]) => {
            Ok(O::CompleteFeedback(text(3).to_owned()))
        }
        (Post, ["messages", "servicebound", "feedback", _, "abandon"]) => {
            Ok(O::AbandonFeedback(text(3).to_owned()))
        }
        (
            Get,
            [
                "messages",
                "servicebound",
                "filenotifications" | "fileuploadnotifications",
            ],
        ) => Ok(O::ReceiveFileNotification),
        (
            Delete,
            [
                "messages",
                "servicebound",
                "filenotifications" | "fileuploadnotifications",
                _,
            ],
        ) => Ok(O::CompleteFileNotification(text(3).to_owned())),
        (
            Post,
            [
                "messages",
                "servicebound",
                "filenotifications" | "fileuploadnotifications",
                _,
                "abandon",
            ],
        ) => Ok(O::AbandonFileNotification(text(3).to_owned())),

        (
            Post,
            ["devices", _, "messages", "events"]
            | ["devices", _, "modules", _, "messages", "events"],
        ) => twin(O::SendTelemetry),
        (Get, ["devices", _, "messages", "devicebound"]) => device(O::ReceiveMessage),
        (Delete, ["devices", _, "messages", "devicebound", _]) => locked(O::SettleMessage),
        (Post, ["devices", _, "messages", "devicebound", _, "abandon"]) => {
            locked(O::AbandonMessage)
        }
        (Post, ["devices", _, "files"]) => device(O::BeginUpload),
        (Post, ["devices", _, "files", "notifications"]) => device(|id| O::EndUpload(id, None)),
        (Post, ["devices", _, "files", "notifications", _]) => {
            locked(|id, correlation| O::EndUpload(id, Some(correlation)))
        }

        (_, ["api", "v1", rest @ ..]) => {
            let behind = texts.get(2..).unwrap_or_default();
            return own_operation(method, rest, behind);
        }
        _ => return None,
    })
}

/// The part of the table under `/api/v1`.
fn own_operation(
    method: Method,
    literals: &[&str],
    texts: &[&str],
) -> Option<Result<Operation, HubError>> {
    use Method::{Delete, Get, Post, Put};
    use Operation as O;
    let text = |index: usize| texts.get(index).copied().unwrap_or_default();
    let named = |make: fn(String) -> O| Ok(make(text(1).to_owned()));
    // `end` is where the ids end: 4 behind those of a module.
    let whose = |end: usize| identity(text(1), (end == 4).then(|| text(3)));
    let twin = |end: usize, make: fn(Identity) -> O| whose(end).map(make);
    let past = |end: usize| Ok(O::PastTwin(whose(end)?, text(end + 1).to_owned()));
    let letters = |number: Option<usize>, verb: DeadLetterVerb| {
        let number = number.map(|place| text(place).to_owned());
        device_id(text(1)).map(|id| O::DeadLetters(id, number, verb))
    };
    let archived = |make: fn(ArchivedDevice) -> O| {
        Ok(make(ArchivedDevice {
            device_id: device_id(text(2))?,
            generation_id: text(3).to_owned(),
        }))
    };
    Some(match (method, literals) {
        (Get, ["events"]) => Ok(O::ReadEvents),
        (Get, ["events", "info"]) => Ok(O::EventsInfo),
        (Get, ["events", "stream"]) => Ok(O::StreamEvents),
        (Get, ["events", "ws"]) => Ok(O::EventSocket),
        (Post, ["events", "checkpoint"]) => Ok(O::Checkpoint),
        (Get, ["consumer-groups"]) => Ok(O::ListConsumerGroups),
        (Put, ["consumer-groups", _]) => named(O::PutConsumerGroup),
        (Delete, ["consumer-groups", _]) => named(O::DeleteConsumerGroup),
        (_, ["routing" | "routes" | "subscriptions" | "secrets", ..]) => Ok(O::Routing(
            routing_operation::route(method, literals, texts)?,
        )),
        (
            _,
            [
                "accounts" | "api-tokens" | "sessions" | "approvals" | "policies" | "access",
                ..,
            ]
            | ["session", "password"],
        ) => Ok(O::Access(access_operation::route(method, literals, texts)?)),
        (Get, ["twins", _, "history"]) => twin(2, O::TwinHistory),
        (Get, ["twins", _, "modules", _, "history"]) => twin(4, O::TwinHistory),
        (Get, ["twins", _, "history", _]) => past(2),
        (Get, ["twins", _, "modules", _, "history", _]) => past(4),
        (Post, ["twins", _, "revert"]) => twin(2, O::RevertTwin),
        (Post, ["twins", _, "modules", _, "revert"]) => twin(4, O::RevertTwin),
        (Get, ["messaging"]) => Ok(O::GetMessaging),
        (Put, ["messaging"]) => Ok(O::PutMessaging),
        (Get, ["twin-history"]) => Ok(O::GetTwinHistorySettings),
        (Put, ["twin-history"]) => Ok(O::PutTwinHistorySettings),
        (Get, ["throttles"]) => Ok(O::GetThrottles),
        (Put, ["throttles"]) => Ok(O::PutThrottles),

        (Post, ["jobs", _, "pause"]) => named(O::PauseJob),
        (Post, ["jobs", _, "resume"]) => named(O::ResumeJob),
        (Post, ["jobs", _, "retry"]) => named(O::RetryJob),
        (Get, ["jobs", _, "devices"]) => named(O::ListJobDevices),
        (Post, ["jobs", _, "devices", _, "cancel"]) => {
            device_id(text(3)).map(|device| O::CancelJobDevice(text(1).to_owned(), device))
        }
        (Post, ["import", "dry-run"]) => Ok(O::PlanImport),
        (Post, ["devices", _, "retire"]) => device_id(text(1)).map(O::RetireDevice),
        (Get, ["retirements", _]) => named(O::GetRetirement),
        (Get, ["archive", "devices"]) => Ok(O::ListArchive),
        (Get, ["archive", "devices", _, _]) => archived(O::GetArchivedDevice),
        (Post, ["archive", "devices", _, _, "restore"]) => archived(O::RestoreDevice),
        (Delete, ["archive", "devices", _, _]) => archived(O::EraseArchivedDevice),

        (Get, ["certificates"]) => Ok(O::ListCertificates),
        (Get, ["certificates", _]) => named(O::GetCertificate),
        (Put, ["certificates", _]) => named(O::PutCertificate),
        (Delete, ["certificates", _]) => named(O::DeleteCertificate),
        (Post, ["certificates", _, "generateverificationcode"]) => named(O::ChallengeCertificate),
        (Post, ["certificates", _, "verify"]) => named(O::VerifyCertificate),
        (Get, ["bootstrap", "certificates"]) => Ok(O::TerminatorCertificates),
        (Get, ["schemas", "tags"]) => Ok(O::GetTagSchema),
        (Put, ["schemas", "tags"]) => Ok(O::PutTagSchema),
        (Delete, ["schemas", "tags"]) => Ok(O::DeleteTagSchema),
        (Get, ["schemas", "tags", "violations"]) => Ok(O::ListTagViolations),
        (Get, ["maintenance-policies"]) => Ok(O::ListMaintenancePolicies),
        (Get, ["maintenance-policies", _]) => named(O::GetMaintenancePolicy),
        (Put, ["maintenance-policies", _]) => named(O::PutMaintenancePolicy),
        (Delete, ["maintenance-policies", _]) => named(O::DeleteMaintenancePolicy),
        (Get, ["groups"]) => Ok(O::ListGroups),
        (Get, ["groups", _]) => named(O::GetGroup),
        (Put, ["groups", _]) => named(O::PutGroup),
        (Delete, ["groups", _]) => named(O::DeleteGroup),
        (Get, ["patterns"]) => Ok(O::ListPatterns),
        (Get, ["patterns", _]) => named(O::GetPattern),
        (Put, ["patterns", _]) => named(O::PutPattern),
        (Delete, ["patterns", _]) => named(O::DeletePattern),
        (Get, ["progress"]) => Ok(O::GetProgress),
        (Get, ["progress", "stream"]) => Ok(O::StreamProgress),
        (Get, ["reports", "fleet"]) => Ok(O::FleetReport),
        (Get, ["alerts"]) => Ok(O::ListAlerts),
        (Get, ["alerts", "stream"]) => Ok(O::StreamAlerts),
        (Get, ["alert-rules"]) => Ok(O::ListAlertRules),
        (Get, ["alert-rules", _]) => named(O::GetAlertRule),
        (Put, ["alert-rules", _]) => named(O::PutAlertRule),
        (Delete, ["alert-rules", _]) => named(O::DeleteAlertRule),
        (Get, ["heartbeats"]) => Ok(O::ListHeartbeats),
        (Post, ["alerts", _, verb @ ("ack" | "snooze" | "resolve")]) => {
            Ok(O::ChangeAlert(text(1).to_owned(), (*verb).to_owned()))
        }

        (Get, ["audit"]) => Ok(O::ReadAudit),
        (Get, ["audit", "verify"]) => Ok(O::VerifyAudit),
        (Get, ["operations"]) => Ok(O::ReadOperations),
        (Get, ["usage"]) => Ok(O::Usage),
        (Get, ["metrics"]) => Ok(O::Metrics),
        (Get, ["operations", "stream"]) => Ok(O::StreamOperations),
        (Get, ["connection-incidents"]) => Ok(O::ConnectionIncidents),
        (Post, ["blobs", "sas"]) => Ok(O::SignBlobUrl),
        (Get, ["file-upload"]) => Ok(O::GetFileUpload),
        (Put, ["file-upload"]) => Ok(O::PutFileUpload),
        (Post, ["query", "explain"]) => Ok(O::ExplainQuery),
        (Post, ["query", "stream"]) => Ok(O::StreamQuery),
        (Get, ["query", "indexes"]) => Ok(O::GetQueryIndexes),
        (Put, ["query", "indexes"]) => Ok(O::PutQueryIndexes),

        (Post, ["session"]) => Ok(O::SignIn),
        (Get, ["session"]) => Ok(O::CurrentSession),
        (Delete, ["session"]) => Ok(O::SignOut),
        (Post, ["bootstrap"]) => Ok(O::Bootstrap),
        (Get, ["health"]) => Ok(O::Health),
        (Get, ["overview"]) => Ok(O::Overview),
        (Get, ["hub"]) => Ok(O::HubInformation),
        (Get, ["devices"]) => Ok(O::BrowseDevices),
        (Get, ["devices", _, "connection"]) => identity(text(1), None).map(O::DeviceConnection),
        (Get, ["devices", _, "modules", _, "connection"]) => {
            identity(text(1), Some(text(3))).map(O::DeviceConnection)
        }
        (Get, ["devices", _, "maintenance"]) => device_id(text(1)).map(O::ExplainMaintenance),
        (Get, ["devices", _, "effective-configuration"]) => {
            device_id(text(1)).map(O::EffectiveConfiguration)
        }
        (Get, ["devices", _, "dead-letters"]) => letters(None, DeadLetterVerb::Read),
        (Get, ["devices", _, "dead-letters", _]) => letters(Some(3), DeadLetterVerb::Read),
        (Delete, ["devices", _, "dead-letters"]) => letters(None, DeadLetterVerb::Delete),
        (Delete, ["devices", _, "dead-letters", _]) => letters(Some(3), DeadLetterVerb::Delete),
        (Post, ["devices", _, "dead-letters", _, "resend"]) => {
            letters(Some(3), DeadLetterVerb::Resend)
        }
        (Get, ["devices", _, "c2d"]) => device_id(text(1)).map(O::PendingMessages),
        _ => return None,
    })
}

/// Documented paths that this hub does not serve, so that the answer can say so.
fn not_offered(literals: &[&str]) -> Option<&'static str> {
    Some(match literals {
        ["devices", "query"] => "twin queries",
        ["devices", "keys", "regenerate"] => "bulk key regeneration",
        ["devices"] => "bulk registry operations",
        ["devices", _, "modules"] | ["devices", _, "modules", _] => "module identities",
        ["devices", _, "modules", _, "messages", "devicebound", ..] => {
            "cloud-to-device messages for modules"
        }
        ["api", "v1", "routing", ..] | ["api", "v1", "subscriptions", ..] => "this kind of routing",
        _ => return None,
    })
}

fn device_id(text: &str) -> Result<DeviceId, HubError> {
    DeviceId::parse(text)
        .map_err(|error| HubError::invalid(format!("The device id is not legal: {error}.")))
}

fn module_id(text: &str) -> Result<ModuleId, HubError> {
    ModuleId::parse(text)
        .map_err(|error| HubError::invalid(format!("The module id is not legal: {error}.")))
}

fn identity(device: &str, module: Option<&str>) -> Result<Identity, HubError> {
    let device = device_id(device)?;
    let module = module.map(module_id).transpose()?;
    Ok(Identity { device, module })
}

/// The api-version rule of `service.md` §1; all legal versions are treated alike.
pub fn check_api_version(rule: ApiVersion, value: Option<&str>) -> Result<(), HubError> {
    let complaint = |text: &str| Err(HubError::new(ErrorCode::InvalidProtocolVersion, text));
    match (rule, value) {
        (ApiVersion::None, _) | (ApiVersion::Optional, None) => Ok(()),
        (ApiVersion::Required, None) => complaint(
            "The query parameter api-version is missing; add for example api-version=2021-04-12.",
        ),
        (_, Some(text)) if is_api_version(text) => Ok(()),
        (_, Some(_)) => complaint(
            "api-version must be a date from 2016-02-03 on, such as 2021-04-12, optionally with -preview.",
        ),
    }
}

fn is_api_version(text: &str) -> bool {
    let date = text.strip_suffix("-preview").unwrap_or(text);
    let shape = date.len() == 10
        && date.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let in_range = |from: usize, to: usize, largest: u8| {
        date.get(from..to)
            .and_then(|part| part.parse::<u8>().ok())
            .is_some_and(|n| (1..=largest).contains(&n))
    };
    shape && in_range(5, 7, 12) && in_range(8, 10, 31) && date >= OLDEST_API_VERSION
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
