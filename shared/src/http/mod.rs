//! The HTTP side: what a request means, whether it is allowed, which actors answer it and
//! how the answer looks (`service.md`, `device.md` §7, `query-routing-events.md` §5.2).
//!
//! Stateless. It reaches the world only through [`Backend`] and decides nothing that an
//! actor owns: preconditions, limits of twins and queues are theirs.

pub mod access_operation;
pub mod alert_stream;
pub mod attributed;
pub mod authorize;
pub mod backend;
pub mod continuation;
pub mod cursor;
pub mod error;
pub mod event_follower;
pub mod event_reader;
pub mod event_socket;
pub mod event_stream;
mod failures;
pub(crate) mod json;
pub mod message;
mod message_properties;
pub mod operation;
pub(crate) mod operations;
pub mod operations_stream;
pub mod outbound;
mod pace;
mod parameters;
mod precondition;
pub mod progress_stream;
pub mod query_pages;
pub mod query_stream;
mod request_log;
pub mod roll_ups;
pub mod route;
pub mod routing_operation;
mod scope;
mod throttling;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod fake_requests;
#[cfg(test)]
mod openapi_tests;
#[cfg(test)]
#[path = "handle_tests.rs"]
mod tests;

pub use backend::Backend;
pub use event_stream::EventStream;
pub use message::{Body, Method, Request, Response};
pub use route::{body_limit, reads_body_in_pieces};

use crate::error::{ErrorCode, HubError};
use crate::ipc::access::AccessVerb;
use crate::ipc::hub::PolicyChange;
use crate::ipc::scheduled_job::JobChange;
use access_operation::AccessOperation;
use attributed::Attributed;
use authorize::{Access, Caller};
use error::{Envelope, Trace, finish, respond};
use operation::Operation;
use operations::{
    Failure, access, alerts, approvals, archive, audit, blobs, bulk, certificates, configurations,
    connection_incidents, console, dead_letters, device_messages, devices, digital_twins,
    documents, dry_run, events, file_uploads, groups, heartbeats, jobs, maintenance, messages,
    messaging, methods, metrics, modules, operations_records, patterns, progress, queries,
    query_indexes, regenerate, reports, retirement, routing, scheduled_jobs, session, statistics,
    tag_schema, throttles, twin_history, twins,
};
use route::RouteError;
use std::pin::Pin;

/// Answers a request. Every answer, errors included, is complete when it returns; only an
/// event stream goes on.
pub async fn handle<B: Backend>(backend: &B, request: Request) -> Response {
    let trace = Trace::new(backend);
    let mut route = String::new();
    let mut quiet = false;
    let response = match route::route(request.method, &request.path) {
        Ok(operation) => {
            route = route::template(request.method, &request.path);
            quiet = request_log::is_quiet(&operation);
            let explains = operation == Operation::SignIn;
            match serve(backend, &request, operation, &trace).await {
                Ok(response) => response,
                Err(mut failure) => {
                    if !explains {
                        error::conceal(&mut failure.error);
                    }
                    respond(backend, &failure.error, failure.envelope, &trace)
                }
            }
        }
        Err(refusal) => {
            let response = respond(backend, &refusal.to_error(), Envelope::Classic, &trace);
            match refusal {
                RouteError::MethodNotAllowed(allowed) => {
                    response.with_header("allow", route::verbs(&allowed))
                }
                _ => response,
            }
        }
    };
    if !quiet || response.status >= 400 {
        request_log::write(backend, request.method, &route, response.status, &trace);
    }
    finish(response, &trace)
}

/// The answer to a request whose body is larger than [`body_limit`], for the shell that
/// stopped reading.
pub fn body_too_large<B: Backend>(backend: &B, limit: usize) -> Response {
    let trace = Trace::new(backend);
    finish(
        respond(backend, &too_large(limit), Envelope::Classic, &trace),
        &trace,
    )
}

fn too_large(limit: usize) -> HubError {
    HubError::new(
        ErrorCode::MessageTooLarge,
        format!("The body may have at most {limit} bytes here."),
    )
}

async fn serve<B: Backend>(
    backend: &B,
    request: &Request,
    operation: Operation,
    trace: &Trace,
) -> Result<Response, Failure> {
    let limit = operation.body_limit();
    if request.body.len() > limit {
        return Err(too_large(limit).into());
    }
    route::check_api_version(
        operation.api_version(),
        request.parameter("api-version").as_deref(),
    )?;
    let required = match authorize::access(&operation) {
        Access::Open | Access::Device | Access::BootstrapSecret => {
            return serve_open(backend, request, operation, trace).await;
        }
        Access::SignedIn => None,
        Access::Granted(right, action) => Some((right, action)),
    };
    let settings = operations::settings(backend).await?;
    let path = route::split(&request.path).unwrap_or_default();
    let right = required.map(|(right, _)| right);
    let caller = authorize::identify(request, right, &path, &settings, trace.time)?;
    let permitted = required.map_or(Ok(()), |(_, action)| caller.permit(action));
    if let Err(refusal) = &permitted
        && refusal.code != ErrorCode::ApprovalRequired
    {
        return Err(refusal.clone().into());
    }
    throttling::admit(backend, &settings, &operation, request, &caller)?;
    if let Some(token) = &caller.token {
        access::note_use(backend, token).await;
    }
    let answer = match permitted {
        Ok(()) => serve_for(backend, request, operation, &caller, trace).await,
        Err(refusal) => Err(refusal.into()),
    };
    match answer {
        Err(failure) if failure.error.code == ErrorCode::ApprovalRequired => {
            let backend = Attributed::new(backend, request, &caller, trace);
            apart(approvals::request(&backend, request, &failure.error)).await
        }
        answer => answer,
    }
}

/// Serves a caller whose role allows it, as far as the caller's scope goes.
async fn serve_for<B: Backend>(
    backend: &B,
    request: &Request,
    operation: Operation,
    caller: &Caller,
    trace: &Trace,
) -> Result<Response, Failure> {
    scope::check(backend, &operation, caller).await?;
    let about = failures::about(&operation);
    let attributed = Attributed::new(backend, request, caller, trace);
    let answer = serve_authorized(&attributed, request, operation, caller).await;
    if let (Err(failure), Some(about)) = (&answer, about)
        && failure.error.code != ErrorCode::ApprovalRequired
    {
        failures::note(backend, about, &failure.error).await;
    }
    answer
}

/// Carries out a request that somebody else has approved, as whom it was made.
async fn serve_approved<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let operation =
        route::route(request.method, &request.path).map_err(|error| error.to_error())?;
    // Roles may have changed since.
    if let Access::Granted(_, action) = authorize::access(&operation) {
        caller.permit(action)?;
    }
    let trace = Trace::new(backend);
    serve_for(backend, request, operation, caller, &trace).await
}

/// Operations on who may use the hub.
async fn serve_access<B: Backend>(
    backend: &Attributed<'_, B>,
    request: &Request,
    operation: AccessOperation,
    caller: &Caller,
) -> Result<Response, Failure> {
    use AccessOperation as O;
    use AccessVerb as V;
    match operation {
        O::ListAccounts => access::list(backend, "account", "").await,
        O::GetAccount(name) => access::get_account(backend, &name).await,
        O::PutAccount(name) => access::put_account(backend, request, &name).await,
        O::DeleteAccount(name) => access::delete(backend, request, V::DeleteAccount, &name).await,
        O::ListTokens => access::list(backend, "token", "").await,
        O::CreateToken => access::create_token(backend, request).await,
        O::DeleteToken(id) => access::delete(backend, request, V::DeleteToken, &id).await,
        O::ListSessions => access::sessions(backend, caller).await,
        O::EndSession(id) => access::end_session(backend, caller, &id).await,
        O::ChangePassword => access::change_password(backend, request, caller).await,
        O::ListApprovals => approvals::list_approvals(backend, caller).await,
        O::GetApproval(id) => approvals::get(backend, caller, &id).await,
        O::DecideApproval(id, decision) => {
            match approvals::decide(backend, request, caller, &id, decision).await? {
                (decided, None) => Ok(Response::json(200, &decided)),
                (_, Some((recorded, requester))) => {
                    let inner = backend.unattributed();
                    let outcome = apart(serve_approved(inner, &recorded, &requester)).await;
                    approvals::close(backend, &id, &outcome).await
                }
            }
        }
        O::ListPolicies => access::policies(backend).await,
        O::PutPolicy(name) => {
            let change = access::read_policy(backend, &request.body)?;
            access::change_policy(backend, &name, change).await
        }
        O::DeletePolicy(name) => access::change_policy(backend, &name, PolicyChange::Delete).await,
        O::RegeneratePolicyKey(name) => {
            let change = access::read_regeneration(backend, &request.body)?;
            access::change_policy(backend, &name, change).await
        }
        O::GetSettings => access::access_settings(backend).await,
        O::PutSettings => access::put_access_settings(backend, request).await,
    }
}

/// Operations that judge credentials themselves, or need none.
async fn serve_open<B: Backend>(
    backend: &B,
    request: &Request,
    operation: Operation,
    trace: &Trace,
) -> Result<Response, Failure> {
    use Operation as O;
    match operation {
        O::SendTelemetry(identity) => device_messages::send(backend, request, identity).await,
        O::ReceiveMessage(device) => device_messages::receive(backend, request, device).await,
        O::SettleMessage(device, lock) => {
            device_messages::settle(backend, request, device, lock).await
        }
        O::AbandonMessage(device, lock) => {
            device_messages::abandon(backend, request, device, lock).await
        }
        O::BeginUpload(device) => apart(file_uploads::begin(backend, request, device)).await,
        O::EndUpload(device, correlation) => {
            apart(file_uploads::end(backend, request, device, correlation)).await
        }
        O::SignIn => session::sign_in(backend, request, trace).await,
        O::SignOut => session::sign_out(backend, request, trace).await,
        O::Bootstrap => session::bootstrap(backend, request).await,
        O::TerminatorCertificates => certificates::list_for_terminator(backend, request).await,
        O::Health => Ok(console::health()),
        _ => Err(HubError::internal("an operation without credentials has no answer").into()),
    }
}

/// An operation that is compiled by itself. With all of them in it, `serve_authorized` was one
/// function of 216 kB, and the runtime's compiler keeps what its largest function took.
fn apart<'a>(operation: impl Future<Output = Result<Response, Failure>> + 'a) -> Apart<'a> {
    Box::pin(operation)
}

type Apart<'a> = Pin<Box<dyn Future<Output = Result<Response, Failure>> + 'a>>;

async fn serve_authorized<B: Backend>(
    backend: &Attributed<'_, B>,
    request: &Request,
    operation: Operation,
    caller: &Caller,
) -> Result<Response, Failure> {
    use Operation as O;
    use documents::Kind::{AlertRules, Policies};
    use messages::Records::{Feedback, Files};
    match operation {
        O::Access(operation) => apart(serve_access(backend, request, operation, caller)).await,
        O::GetDevice(id) => devices::get(backend, caller, id).await,
        O::PutDevice(id) => apart(devices::put(backend, request, caller, id)).await,
        O::DeleteDevice(id) => devices::delete(backend, request, id).await,
        O::ListDevices => devices::list(backend, request, caller).await,
        O::ListModules(id) => modules::list(backend, caller, id).await,
        O::GetModule(device, module) => modules::get(backend, caller, device, module).await,
        O::PutModule(device, module) => {
            modules::put(backend, request, caller, device, module).await
        }
        O::DeleteModule(device, module) => modules::delete(backend, request, device, module).await,
        O::BulkDevices => apart(bulk::apply(backend, request, caller)).await,
        O::CreateJob => apart(jobs::create(backend, backend.unattributed(), request)).await,
        O::ListJobs => jobs::list(backend).await,
        O::GetJob(id) => jobs::get(backend, id).await,
        O::CancelJob(id) => jobs::cancel(backend, id).await,
        O::ScheduleJob(id) => apart(scheduled_jobs::create(backend, request, caller, id)).await,
        O::GetScheduledJob(id) => scheduled_jobs::get(backend, id).await,
        O::CancelScheduledJob(id) => scheduled_jobs::cancel(backend, request, caller, id).await,
        O::ListScheduledJobs => scheduled_jobs::list(backend, request, caller).await,
        O::PauseJob(id) => scheduled_jobs::change(backend, id, JobChange::Pause).await,
        O::ResumeJob(id) => scheduled_jobs::again(backend, caller, id, JobChange::Resume).await,
        O::RetryJob(id) => scheduled_jobs::again(backend, caller, id, JobChange::Retry).await,
        O::ListJobDevices(id) => apart(scheduled_jobs::devices(backend, request, id)).await,
        O::CancelJobDevice(job, device) => {
            scheduled_jobs::cancel_device(backend, job, device).await
        }
        O::PlanImport => apart(dry_run::plan(backend.unattributed(), request)).await,
        O::RegenerateKeys => apart(regenerate::keys(backend, request, caller)).await,
        O::DeviceStatistics => statistics::devices(backend.unattributed()).await,
        O::ServiceStatistics => statistics::service(backend.unattributed()).await,

        O::GetTwin(identity) => twins::get(backend, identity).await,
        O::PatchTwin(identity) => twins::write(backend, request, identity, false).await,
        O::ReplaceTwin(identity) => twins::write(backend, request, identity, true).await,
        O::TwinHistory(identity) => twin_history::list(backend, request, identity).await,
        O::PastTwin(identity, version) => {
            twin_history::past(backend, request, identity, &version).await
        }
        O::RevertTwin(identity) => twin_history::revert(backend, request, identity).await,
        O::GetMessaging => messaging::get(backend).await,
        O::PutMessaging => messaging::put(backend, request).await,
        O::GetTwinHistorySettings => twin_history::settings(backend).await,
        O::PutTwinHistorySettings => twin_history::configure(backend, request).await,
        O::InvokeMethod(identity) => {
            apart(methods::invoke(backend, request, caller, identity)).await
        }

        O::Query => apart(queries::query(backend.unattributed(), request, caller)).await,
        O::ExplainQuery => apart(queries::explain(backend.unattributed(), request, caller)).await,
        O::StreamQuery => apart(queries::stream(backend.unattributed(), request, caller)).await,

        O::SendToDevice(id) => apart(messages::send(backend, request, id)).await,
        O::PurgeMessages(id) => messages::purge(backend, id).await,
        O::DeadLetters(id, number, verb) => {
            apart(dead_letters::serve(backend, request, id, number, verb)).await
        }
        O::ReceiveFeedback => apart(messages::take(backend, Feedback)).await,
        O::CompleteFeedback(lock) => apart(messages::settle(backend, Feedback, &lock, true)).await,
        O::AbandonFeedback(lock) => apart(messages::settle(backend, Feedback, &lock, false)).await,
        O::ReceiveFileNotification => apart(messages::take(backend, Files)).await,
        O::CompleteFileNotification(lock) => {
            apart(messages::settle(backend, Files, &lock, true)).await
        }
        O::AbandonFileNotification(lock) => {
            apart(messages::settle(backend, Files, &lock, false)).await
        }
        O::GetFileUpload => apart(file_uploads::show(backend)).await,
        O::PutFileUpload => apart(file_uploads::configure(backend, request)).await,

        O::EventsInfo => events::info(backend.unattributed()).await,
        O::ReadEvents => apart(events::read(backend.unattributed(), request)).await,
        O::StreamEvents => apart(events::stream(backend.unattributed(), request, caller)).await,
        O::EventSocket => events::socket(backend.unattributed(), request, caller),
        O::Checkpoint => events::checkpoint(backend.unattributed(), request).await,
        O::ListConsumerGroups => events::list_groups(backend.unattributed()).await,
        O::PutConsumerGroup(name) => events::put_group(backend, &name).await,
        O::DeleteConsumerGroup(name) => events::delete_group(backend, &name).await,
        O::Routing(operation) => apart(routing::serve(backend, request, operation)).await,
        O::ListConfigurations => configurations::list(backend, request).await,
        O::GetConfiguration(id) => configurations::get(backend, id).await,
        O::PutConfiguration(id) => configurations::put(backend, request, id).await,
        O::DeleteConfiguration(id) => configurations::delete(backend, request, id).await,
        O::TestConfigurationQueries => configurations::test(request),
        O::ApplyConfigurationContent(id) => configurations::apply(backend, request, id).await,
        O::EffectiveConfiguration(id) => configurations::effective(backend, id).await,
        O::GetThrottles => throttles::get(backend).await,
        O::PutThrottles => throttles::put(backend, request).await,

        O::ListCertificates => certificates::list(backend).await,
        O::GetCertificate(name) => certificates::get(backend, &name).await,
        O::PutCertificate(name) => certificates::put(backend, request, name).await,
        O::DeleteCertificate(name) => certificates::delete(backend, request, name).await,
        O::ChallengeCertificate(name) => certificates::challenge(backend, request, name).await,
        O::VerifyCertificate(name) => apart(certificates::verify(backend, request, name)).await,

        O::RetireDevice(id) => apart(retirement::retire(backend, request, caller, id)).await,
        O::GetRetirement(id) => retirement::get(backend, &id).await,
        O::ListArchive => apart(archive::list(backend.unattributed(), request)).await,
        O::GetArchivedDevice(wanted) => archive::get(backend, wanted).await,
        O::RestoreDevice(from) => archive::restore(backend, caller, from).await,
        O::EraseArchivedDevice(wanted) => archive::erase(backend, wanted).await,
        O::GetTagSchema => tag_schema::get(backend).await,
        O::PutTagSchema => tag_schema::put(backend, request).await,
        O::DeleteTagSchema => tag_schema::delete(backend, request).await,
        O::ListTagViolations => apart(tag_schema::violations(backend, request)).await,
        O::ListMaintenancePolicies => apart(documents::list(backend, Policies)).await,
        O::GetMaintenancePolicy(id) => apart(documents::get(backend, Policies, &id)).await,
        O::PutMaintenancePolicy(id) => apart(documents::put(backend, request, Policies, id)).await,
        O::DeleteMaintenancePolicy(id) => {
            apart(documents::delete(backend, request, Policies, id)).await
        }
        O::ExplainMaintenance(device) => maintenance::explain(backend, request, device).await,
        O::ListGroups => groups::list(backend.unattributed(), request, caller).await,
        O::GetGroup(id) => groups::get(backend.unattributed(), caller, id).await,
        O::PutGroup(id) => groups::put(backend, request, id).await,
        O::DeleteGroup(id) => groups::delete(backend, request, id).await,
        O::ListPatterns => patterns::list(backend).await,
        O::GetPattern(id) => patterns::get(backend, id).await,
        O::PutPattern(id) => patterns::put(backend, request, id).await,
        O::DeletePattern(id) => patterns::delete(backend, request, id).await,
        O::ListAlerts => alerts::list(backend.unattributed(), request).await,
        O::StreamAlerts => alerts::stream(backend.unattributed(), request, caller).await,
        O::ListAlertRules => apart(documents::list(backend, AlertRules)).await,
        O::GetAlertRule(id) => apart(documents::get(backend, AlertRules, &id)).await,
        O::PutAlertRule(id) => apart(documents::put(backend, request, AlertRules, id)).await,
        O::DeleteAlertRule(id) => apart(documents::delete(backend, request, AlertRules, id)).await,
        O::ListHeartbeats => apart(heartbeats::list(backend.unattributed(), request)).await,
        O::ChangeAlert(id, verb) => alerts::change(backend, request, &id, &verb).await,
        O::GetProgress => progress::get(backend, backend.unattributed(), request).await,
        O::StreamProgress => progress::stream(backend.unattributed(), request, caller).await,
        O::FleetReport => apart(reports::fleet(backend, backend.unattributed())).await,
        O::GetDigitalTwin(device) => digital_twins::get(backend, device).await,
        O::PatchDigitalTwin(device) => apart(digital_twins::patch(backend, request, device)).await,
        O::InvokeCommand(device, name) => {
            digital_twins::command(backend, request, caller, device, name).await
        }
        O::ReadAudit => apart(audit::read(backend.unattributed(), request, caller)).await,
        O::VerifyAudit => apart(audit::verify(backend)).await,
        O::GetQueryIndexes => query_indexes::get(backend).await,
        O::PutQueryIndexes => query_indexes::put(backend, request).await,
        O::ConnectionIncidents => apart(connection_incidents::list(backend, request)).await,
        O::StreamOperations => {
            apart(operations_records::stream(
                backend.unattributed(),
                request,
                caller,
            ))
            .await
        }
        O::Metrics => apart(metrics::read(backend.unattributed(), false)).await,
        O::Usage => apart(metrics::usage(backend.unattributed())).await,
        O::PrometheusMetrics => apart(metrics::read(backend.unattributed(), true)).await,
        O::ReadOperations => apart(operations_records::read(backend.unattributed(), request)).await,
        O::SignBlobUrl => apart(blobs::sign(backend, request)).await,

        O::CurrentSession => session::current(caller),
        O::Overview => apart(console::overview(backend.unattributed())).await,
        O::HubInformation => console::hub(backend).await,
        O::BrowseDevices => apart(console::devices(backend.unattributed(), request, caller)).await,
        O::DeviceConnection(id) => console::connection(backend, id).await,
        O::PendingMessages(id) => console::pending_messages(backend, id).await,
        _ => Err(HubError::internal("an operation with credentials has no answer").into()),
    }
}
