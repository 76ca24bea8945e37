//! Who asks, and whether they may (`service.md` §2, `device-management.md` §6).
//!
//! A back end shows a SAS token and has rights; a person shows the console's cookie and has
//! a role. A token that is not good enough is 401 whatever the reason; a person who is
//! signed in but not entitled is 403. Devices are judged by their registry shard.

use super::message::{Method, Request};
use super::operation::Operation;
use crate::auth::grant::is_token;
use crate::auth::policy::find_policy;
use crate::auth::role::Grant;
use crate::auth::{self, Action, Rights, Role, SasToken, Session};
use crate::error::{ErrorCode, HubError};
use crate::ipc::hub::Settings;
use crate::ipc::registry::DeadLetterVerb;
use crate::time::Timestamp;

/// The console's cookie.
pub const COOKIE: &str = "skerry_session";
/// Must come with every request that changes something and carries the cookie: no other
/// site's page can add it.
pub const CONSOLE_HEADER: &str = "x-skerry-console";

/// Who may use an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Open,
    /// A device, judged by its registry shard.
    Device,
    /// Whoever knows the deployment's bootstrap secret, judged by the operation.
    BootstrapSecret,
    /// Somebody who is signed in to the console.
    SignedIn,
    /// A policy with the right, or a role that grants the action.
    Granted(Rights, Action),
}

/// Somebody who was let through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// For the record: `policy:<name>`, `person:<name>` or `token:<name>`.
    pub actor: String,
    /// The role of a person or an API token; a policy has rights instead.
    pub role: Option<Role>,
    /// Behind `WHERE`: the devices that there are for the caller; `None`: all of them.
    pub scope: Option<String>,
    /// The console session, if it is a person.
    pub session: Option<Session>,
    /// The id of the API token.
    pub token: Option<String>,
    /// Whether keys may be shown.
    pub sees_credentials: bool,
    /// When the credentials end.
    pub until: Timestamp,
    /// Whether somebody else has approved what is asked.
    pub is_approved: bool,
}

impl Caller {
    /// How far the caller may do something.
    pub fn grant(&self, action: Action) -> Grant {
        match self.role.map_or(Grant::Allowed, |role| role.grant(action)) {
            Grant::OnApproval if self.is_approved => Grant::Allowed,
            grant => grant,
        }
    }

    /// Whether the caller may do something at once.
    pub fn can(&self, action: Action) -> bool {
        self.grant(action) == Grant::Allowed
    }

    /// Refuses what the caller may not do, or not alone: the latter as `ApprovalRequired`.
    pub fn permit(&self, action: Action) -> Result<(), HubError> {
        let role = self.role.map_or("", Role::as_str);
        match self.grant(action) {
            Grant::Allowed => Ok(()),
            Grant::OnApproval => Err(HubError::new(
                ErrorCode::ApprovalRequired,
                format!("The role {role} may not do this alone; somebody else has to approve it."),
            )),
            Grant::Denied => Err(forbidden(format!("The role {role} does not allow this."))),
        }
    }

    /// Somebody who has not shown yet to be allowed anything.
    pub fn signing_in(name: &str, until: Timestamp) -> Self {
        Self {
            actor: format!("person:{name}"),
            role: None,
            scope: None,
            session: None,
            token: None,
            sees_credentials: false,
            until,
            is_approved: false,
        }
    }

    /// Who holds a grant, by an account or a token.
    pub fn of(grant: &auth::Grant, kind: &str, until: Timestamp) -> Self {
        Self {
            actor: format!("{kind}:{}", grant.name),
            role: Some(grant.role),
            scope: grant.scope.clone(),
            session: None,
            token: None,
            sees_credentials: grant.role.can(Action::ReadCredentials),
            until,
            is_approved: false,
        }
    }
}

/// The rule for an operation (`service.md` §2.3).
pub fn access(operation: &Operation) -> Access {
    use Access::Granted;
    use Operation as O;
    const READ: Rights = Rights::REGISTRY_READ;
    const WRITE: Rights = Rights::REGISTRY_WRITE;
    const SERVICE: Rights = Rights::SERVICE_CONNECT;
    match operation {
        O::GetDevice(_)
        | O::ListDevices
        | O::ListModules(_)
        | O::GetModule(..)
        | O::DeviceStatistics
        | O::ServiceStatistics
        | O::Overview
        | O::HubInformation
        | O::BrowseDevices
        | O::DeviceConnection(_)
        | O::ListCertificates
        | O::GetCertificate(_) => Granted(READ, Action::Read),
        O::PutDevice(_) | O::PutModule(..) | O::RegenerateKeys | O::PlanImport => {
            Granted(WRITE, Action::WriteDevices)
        }
        O::DeleteDevice(_) | O::DeleteModule(..) => Granted(WRITE, Action::DeleteDevices),
        // Items may delete, which is judged when they have been read.
        O::BulkDevices => Granted(WRITE, Action::WriteDevices),
        O::ListJobs | O::GetJob(_) => Granted(READ, Action::Read),
        // All keys leave with an export, and an import may delete.
        O::CreateJob | O::CancelJob(_) => Granted(WRITE, Action::ManageHub),
        O::ScheduleJob(_)
        | O::CancelScheduledJob(_)
        | O::PauseJob(_)
        | O::ResumeJob(_)
        | O::RetryJob(_)
        | O::CancelJobDevice(..) => Granted(SERVICE, Action::RunJobs),
        O::GetTwin(_)
        | O::GetDigitalTwin(_)
        | O::GetScheduledJob(_)
        | O::ListScheduledJobs
        | O::ListJobDevices(_)
        | O::TwinHistory(_)
        | O::PastTwin(..)
        | O::Query
        | O::ExplainQuery
        | O::StreamQuery
        | O::EventsInfo
        | O::ReadEvents
        | O::StreamEvents
        | O::EventSocket
        | O::ListConsumerGroups
        | O::GetTagSchema
        | O::ListTagViolations
        | O::ListMaintenancePolicies
        | O::GetMaintenancePolicy(_)
        | O::ExplainMaintenance(_)
        | O::ListGroups
        | O::GetGroup(_)
        | O::ListPatterns
        | O::GetPattern(_)
        | O::GetProgress
        | O::StreamProgress
        | O::FleetReport
        | O::PrometheusMetrics
        | O::Usage
        | O::Metrics
        | O::ConnectionIncidents
        | O::ListAlerts
        | O::DeadLetters(_, _, DeadLetterVerb::Read)
        | O::StreamAlerts
        | O::ListAlertRules
        | O::GetAlertRule(_)
        | O::ListHeartbeats
        | O::PendingMessages(_) => Granted(SERVICE, Action::Read),
        O::ChangeAlert(..) => Granted(SERVICE, Action::HandleAlerts),
        O::GetRetirement(_) | O::ListArchive | O::GetArchivedDevice(_) => {
            Granted(READ, Action::Read)
        }
        O::RetireDevice(_) => Granted(WRITE, Action::DeleteDevices),
        O::RestoreDevice(_) => Granted(WRITE, Action::WriteDevices),
        O::EraseArchivedDevice(_) => Granted(WRITE, Action::ManageHub),
        // Who may not read all of it sees what is their own.
        O::ReadAudit => Granted(WRITE, Action::ReadOwnAudit),
        O::VerifyAudit => Granted(WRITE, Action::ReadAudit),
        O::ListConfigurations | O::GetConfiguration(_) | O::TestConfigurationQueries => {
            Granted(Rights::READ_CONFIGURATIONS, Action::Read)
        }
        O::PutConfiguration(_) | O::DeleteConfiguration(_) | O::ApplyConfigurationContent(_) => {
            Granted(WRITE, Action::WriteConfigurations)
        }
        O::EffectiveConfiguration(_) => Granted(SERVICE, Action::Read),
        O::ReadOperations => Granted(READ, Action::Read),
        O::StreamOperations => Granted(READ, Action::Read),
        O::GetQueryIndexes => Granted(SERVICE, Action::Read),
        O::PutQueryIndexes => Granted(SERVICE, Action::ManageHub),
        O::PatchTwin(_) | O::ReplaceTwin(_) | O::RevertTwin(_) | O::PatchDigitalTwin(_) => {
            Granted(SERVICE, Action::WriteTwins)
        }
        O::InvokeMethod(_) | O::InvokeCommand(..) => Granted(SERVICE, Action::InvokeMethods),
        O::SendToDevice(_)
        | O::PurgeMessages(_)
        | O::DeadLetters(..)
        | O::ReceiveFeedback
        | O::CompleteFeedback(_)
        | O::AbandonFeedback(_)
        | O::ReceiveFileNotification
        | O::CompleteFileNotification(_)
        | O::AbandonFileNotification(_) => Granted(SERVICE, Action::SendCloudToDevice),
        O::Access(operation) => operation.access(),
        O::Routing(operation) if operation.is_about_secrets() => {
            Granted(SERVICE, Action::ManageHub)
        }
        O::Routing(operation) if operation.only_reads() => Granted(SERVICE, Action::Read),
        // It decides where a hub's data goes.
        O::Routing(_) => Granted(SERVICE, Action::WriteConfigurations),
        O::Checkpoint
        | O::PutConsumerGroup(_)
        | O::DeleteConsumerGroup(_)
        | O::PutGroup(_)
        | O::DeleteGroup(_)
        | O::PutPattern(_)
        | O::DeletePattern(_) => Granted(SERVICE, Action::WriteConfigurations),
        // Who adds an authority decides who may be a device.
        O::PutCertificate(_)
        | O::DeleteCertificate(_)
        | O::ChallengeCertificate(_)
        | O::VerifyCertificate(_) => Granted(WRITE, Action::ManageHub),
        // A setting of the hub: it can stop every write of tags.
        O::PutTagSchema
        | O::DeleteTagSchema
        | O::PutMaintenancePolicy(_)
        | O::DeleteMaintenancePolicy(_)
        | O::PutAlertRule(_)
        | O::DeleteAlertRule(_) => Granted(WRITE, Action::ManageHub),
        O::GetThrottles | O::GetTwinHistorySettings | O::GetMessaging => {
            Granted(READ, Action::Read)
        }
        O::PutThrottles | O::PutTwinHistorySettings | O::PutMessaging => {
            Granted(WRITE, Action::ManageHub)
        }
        // Whatever lies in the store, keys of exported devices included, can be had with it.
        O::GetFileUpload => Granted(READ, Action::Read),
        O::SignBlobUrl | O::PutFileUpload => Granted(WRITE, Action::ManageHub),
        O::SendTelemetry(_)
        | O::ReceiveMessage(_)
        | O::SettleMessage(..)
        | O::AbandonMessage(..)
        | O::BeginUpload(_)
        | O::EndUpload(..) => Access::Device,
        O::CurrentSession => Access::SignedIn,
        O::Bootstrap | O::TerminatorCertificates => Access::BootstrapSecret,
        O::SignIn | O::SignOut | O::Health => Access::Open,
    }
}

/// Who makes a request; `right` is what a policy needs for it, none if only a person will do.
/// `path` holds the decoded segments. What the role allows is for [`Caller::permit`].
pub fn identify(
    request: &Request,
    right: Option<Rights>,
    path: &[String],
    settings: &Settings,
    now: Timestamp,
) -> Result<Caller, HubError> {
    match (request.header("authorization"), right) {
        (Some(_), None) => Err(unauthorized("this path takes the console's cookie only")),
        (Some(text), Some(right)) => match bearer(text) {
            Some(token) => by_api_token(token, settings, now),
            None => by_token(text, right, path, settings, now),
        },
        (None, _) => {
            let session = signed_in(request, settings, now)?;
            check_same_site(request)?;
            by_session(session, settings)
        }
    }
}

fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && is_token(token)).then_some(token)
}

fn by_api_token(text: &str, settings: &Settings, now: Timestamp) -> Result<Caller, HubError> {
    let grant = settings.access.token(text, now);
    let grant = grant.ok_or_else(|| unauthorized("no such API token"))?;
    // Streams end with it at the latest.
    let until = grant.until.unwrap_or_else(|| now.plus_seconds(86_400));
    Ok(Caller {
        token: Some(grant.id.clone()),
        ..Caller::of(grant, "token", until)
    })
}

fn by_session(session: Session, settings: &Settings) -> Result<Caller, HubError> {
    let over = || unauthorized("the session is over");
    if settings.access.has_ended(&session.id) {
        return Err(over());
    }
    if session.account {
        let grant = settings.access.account(&session.name);
        // The account may be gone, disabled, or have another password than the session knows.
        let grant = grant.filter(|grant| session.issued >= grant.since);
        let caller = Caller::of(grant.ok_or_else(over)?, "person", session.expires);
        return Ok(Caller {
            session: Some(session),
            ..caller
        });
    }
    Ok(Caller {
        actor: format!("person:{}", session.name),
        role: Some(session.role),
        scope: None,
        token: None,
        sees_credentials: session.role.can(Action::ReadCredentials),
        until: session.expires,
        session: Some(session),
        is_approved: false,
    })
}

fn by_token(
    text: &str,
    right: Rights,
    path: &[String],
    settings: &Settings,
    now: Timestamp,
) -> Result<Caller, HubError> {
    let token = SasToken::parse(text).map_err(|refusal| refusal.for_service())?;
    let policy = token
        .policy_name()
        .and_then(|name| find_policy(&settings.policies, name))
        .ok_or_else(|| unauthorized("the token names no policy of this hub"))?;
    let mut host_names: Vec<&str> = settings.host_names.iter().map(String::as_str).collect();
    host_names.extend(["localhost", "127.0.0.1"]);
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    token
        .verify_service(policy, &host_names, &path, now)
        .map_err(|refusal| refusal.for_service())?;
    if !policy.rights.contains(right) {
        return Err(unauthorized("the policy lacks the right"));
    }
    Ok(Caller {
        actor: format!("policy:{}", policy.name),
        role: None,
        scope: None,
        session: None,
        token: None,
        sees_credentials: true,
        until: token.valid_until(),
        is_approved: false,
    })
}

/// The session of the console's cookie.
pub fn signed_in(
    request: &Request,
    settings: &Settings,
    now: Timestamp,
) -> Result<Session, HubError> {
    let value =
        cookie(request).ok_or_else(|| unauthorized("neither a token nor a session was shown"))?;
    Ok(Session::verify(value, &settings.session_key, now)?)
}

fn cookie(request: &Request) -> Option<&str> {
    let cookies = request.headers.iter().filter(|(name, _)| name == "cookie");
    cookies
        .flat_map(|(_, value)| value.split(';'))
        .find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            (name.trim() == COOKIE).then_some(value.trim())
        })
}

/// Refuses a changing request that another site's page could have sent: it needs the
/// console's own header, and an `Origin`, if there is one, must be this host.
pub fn check_same_site(request: &Request) -> Result<(), HubError> {
    if request.method == Method::Get {
        return Ok(());
    }
    if request.header(CONSOLE_HEADER).is_none() {
        return Err(forbidden(
            "Requests with the console's cookie need the header X-Skerry-Console: 1.",
        ));
    }
    check_origin(request)
}

/// Refuses what another site's page has sent: an `Origin`, if there is one, must be this host.
/// A page's WebSocket carries the cookie wherever the page is from, and cannot have headers.
pub fn check_origin(request: &Request) -> Result<(), HubError> {
    let Some(origin) = request.header("origin") else {
        return Ok(());
    };
    let host = origin.split_once("://").map(|(_, host)| host);
    match (host, request.header("host")) {
        (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host) => Ok(()),
        _ => Err(forbidden("The request comes from a page of another site.")),
    }
}

/// 401; the reason is for readers of the code, never for the caller.
pub fn unauthorized(reason: &str) -> HubError {
    HubError::new(ErrorCode::IotHubUnauthorizedAccess, reason)
}

/// 403: somebody who is signed in, but whose role does not allow it.
pub fn forbidden(text: impl Into<String>) -> HubError {
    HubError::new(ErrorCode::Forbidden, text)
}

#[cfg(test)]
#[path = "authorize_tests.rs"]
mod tests;
