//! A registry shard: identities, twins, message queues and sessions of its devices.
//!
//! Implements `service.md` §4, §6, §8 and the registry's half of `device.md` §2–§6. The
//! shard is the one place that knows which connection of an identity is the newest: every
//! session has an epoch, and what an older one says is ignored. It must never trust a
//! gateway about rights; it checks tokens itself.

mod alert_rules;
mod archive;
mod authentication;
mod browse;
mod bulk;
mod census;
mod changes;
mod client_certificates;
mod configuration_copy;
mod configuration_pass;
mod configuration_requests;
mod configurations;
mod connection_view;
mod context;
mod counting;
mod dead_letters;
mod deliveries;
mod device_plane;
mod failed_logins;
mod feedback;
mod history;
mod identity;
mod incidents;
mod job_documents;
mod job_events;
mod job_holds;
mod job_methods;
mod job_pace;
mod job_patterns;
mod job_places;
mod job_rows;
mod job_twins;
mod jobs;
mod liveness;
mod maintenance;
mod messages;
mod modules;
mod operations;
mod put;
mod query;
mod query_changes;
mod query_indexes;
mod record;
mod regenerate;
mod retirement;
mod revocation;
mod roll_up;
mod schema;
mod scopes;
mod service_queue;
mod session;
mod signals;
mod succession;
mod tag_schema;
mod tally;
mod transfer;
mod twins;
mod uploads;
mod wanted;

use super::audit;
use super::counters::Counters;
use super::effects::{Call, Correlation, Effects, Outcome, Outgoing, Token};
use super::job_event::routed;
use super::operations::Operations;
use super::outbox::{Outbox, ToGateway};
use super::records;
use super::settings;
use super::usage::UsageTeller;
use crate::error::{ErrorCode, HubError};
use crate::ids::Identity;
use crate::ipc::Address;
use crate::ipc::events::HubEvent;
use crate::ipc::gateway::GatewayRequest;
use crate::ipc::hub::Settings;
use crate::ipc::registry::{RegistryReply, RegistryRequest, RegistryResult};
use crate::maintenance::{Disruption, NoZones, Policies, Zones};
use crate::ordered::{OrderedMap, OrderedSet};
use crate::query::plan::IndexedPath;
use crate::sql::Sql;
use crate::time::Timestamp;
use context::Context;
use session::Waiting;
use std::rc::Rc;

pub use session::DELIVERY_WINDOW;

/// A registry shard. Memory holds only what may be lost: callers that wait, calls under way.
#[derive(Debug)]
pub struct Registry {
    shard: u16,
    settings: Option<Settings>,
    outbox: Outbox,
    usage: UsageTeller,
    waiting: Vec<Waiting>,
    correlations: Correlation,
    /// Cloud-to-device messages under way to gateways.
    delivering: OrderedSet<Correlation>,
    /// Messages marked as sent may never have reached their gateway.
    unsure: bool,
    /// The newest census of each gateway; the table `gateway` has the same.
    censuses: OrderedMap<u16, u64>,
    /// How far the present sweep over devices with messages has come.
    swept_to: Option<String>,
    /// Paths that queries find by an index.
    indexed: Vec<IndexedPath>,
    /// Whether the list of revoked credentials has anything on it: most never have.
    has_revoked: bool,
    /// How often what went wrong may be written down.
    operations: Operations,
    incidents: incidents::Incidents,
    counters: Counters,
    /// The tables `configuration` and `configuration_pass`, read.
    configurations: Rc<configuration_copy::Known>,
    /// How far the present pass over all twins has come.
    pass: Option<configuration_pass::Pass>,
    jobs: job_rows::Jobs,
    /// Of the settings, read.
    maintenance: Rc<Policies>,
    disruptions: Vec<Disruption>,
    zones: Rc<dyn Zones>,
    /// Of the settings, read.
    rules: Rc<alert_rules::Rules>,
    liveness: liveness::Liveness,
    failed_logins: failed_logins::FailedLogins,
    /// The sweep over changes of twins that are too old.
    history: history::Sweep,
    changes: Rc<changes::Changes>,
    /// When dead letters are swept next.
    dead_letters_due: Timestamp,
}

impl Registry {
    /// Opens the shard: brings its tables up to date and reads its settings.
    pub fn open(shard: u16, sql: &dyn Sql) -> Result<Self, HubError> {
        crate::sql::migrate(sql, schema::STEPS)?;
        let settings = settings::load(sql)?;
        let tells = routed(settings.as_ref()).is_some();
        let mut opened = Self {
            shard,
            maintenance: Rc::new(maintenance::read(settings.as_ref())),
            disruptions: maintenance::disruptions(settings.as_ref()),
            zones: Rc::new(NoZones),
            rules: Rc::new(alert_rules::Rules::read(settings.as_ref())),
            liveness: liveness::Liveness::default(),
            failed_logins: failed_logins::FailedLogins::load(sql)?,
            settings,
            outbox: Outbox::default(),
            usage: UsageTeller::default(),
            waiting: Vec::new(),
            correlations: 0,
            delivering: OrderedSet::new(),
            unsure: true,
            censuses: census::load(sql)?,
            swept_to: None,
            indexed: query_indexes::load(sql)?,
            has_revoked: revocation::are_there(sql)?,
            operations: Operations::default(),
            incidents: incidents::Incidents::default(),
            counters: Counters::load(sql)?,
            configurations: Rc::new(configuration_copy::Known::load(sql)?),
            pass: None,
            jobs: job_rows::Jobs {
                awaits_devices: job_rows::begin_life(sql)?,
                holds_devices: job_holds::are_there(sql)?,
                awaits_patterns: job_patterns::are_awaited(sql)?,
                tells,
                ..job_rows::Jobs::default()
            },
            history: history::Sweep::default(),
            changes: Rc::default(),
            dead_letters_due: Timestamp::UNSET,
        };
        opened.pace_jobs();
        opened.changes.touch_all(opened.rules.have_conditions());
        Ok(opened)
    }

    /// The same with the rules of time zones.
    #[must_use]
    pub fn with_zones(self, zones: Rc<dyn Zones>) -> Self {
        Self { zones, ..self }
    }

    /// Handles a request. `None`: the answer comes later as an effect for `token`.
    pub fn handle(
        &mut self,
        now: Timestamp,
        token: Token,
        request: RegistryRequest,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Option<RegistryResult> {
        let (cause, request) = match request {
            RegistryRequest::Caused(caused) => (Some(caused.cause), caused.request),
            request => (None, request),
        };
        let refusal = cause.as_ref().and_then(|_| record::refusal(&request));
        let attempt = operations::attempt(&request);
        let counted = counting::counted(&request, self.shard);
        let mut request = Some(request);
        let mut answer = None;
        let mut wrote_outbox = false;
        let (calls, replies) = (effects.calls.len(), effects.replies.len());
        let correlations = self.correlations;
        let outcome = sql.transaction(&mut || {
            let Some(request) = request.take() else {
                return Err(HubError::internal("a request ran twice"));
            };
            let mut context = Context::new(now, sql, effects, cause.as_ref(), &self.changes);
            context.origin = history::origin(&request);
            answer = self.dispatch(token, request, &mut context)?.map(Ok);
            self.tell_of_jobs(&mut context)?;
            self.judge_touched(&mut context)?;
            let written = context.write_entries();
            wrote_outbox = context.wrote_outbox;
            written
        });
        if let Some(counted) = counted {
            self.count(counted, outcome.is_ok(), answer.as_ref(), now);
        }
        self.counters.arm(effects);
        if let Err(error) = outcome {
            self.changes.take_touched();
            // Nothing was written, so nothing that followed from it may leave either.
            effects.calls.truncate(calls);
            effects.replies.truncate(replies);
            if let Some(identity) = attempt
                && error.code == ErrorCode::IotHubUnauthorized
            {
                self.note_refused(&identity, "Https", &error.message, now, sql);
                self.incidents.arm(effects);
                self.login_failed(&identity, now, effects);
            }
            self.jobs_undone(correlations);
            if let (Some(cause), Some(entry)) = (&cause, refusal) {
                Self::record_refusal(now, cause, entry, &error, sql);
            }
            return Some(Err(error));
        }
        if wrote_outbox && let Err(error) = self.send_outbox(now, sql, effects) {
            // The rows are safe; the alarm sends them.
            effects.alarm_at(now.plus_seconds(1));
            drop(error);
        }
        self.arm_waiting(effects);
        self.incidents.arm(effects);
        if self.pass.is_none() && self.configurations.passed < self.configurations.version {
            self.begin_pass(now, effects);
        }
        answer
    }

    fn dispatch(
        &mut self,
        token: Token,
        request: RegistryRequest,
        context: &mut Context<'_>,
    ) -> Result<Option<RegistryReply>, HubError> {
        use RegistryRequest as Request;
        let reply = match request {
            Request::Connect(request) => apart(|| self.connect_or_note(&request, context))?,
            Request::Disconnected(report) => apart(|| self.disconnected(&report, context))?,
            Request::Census(census) => apart(|| self.census(&census, context))?,
            Request::UpdateSession(update) => apart(|| self.update_session(&update, context))?,
            Request::DeviceTwin(identity) => apart(|| twins::device_view(&identity, context))?,
            Request::SenderTwin(identity) => {
                RegistryReply::DeviceTwin(twins::sender_view(&identity, context.sql)?)
            }
            Request::ReportTwin(report) => apart(|| self.report_twin(&report, context))?,
            Request::CompleteDelivery(done) => apart(|| self.complete_delivery(&done, context))?,
            Request::Activity(entries) => apart(|| session::note_activity(&entries, context))?,
            Request::GetDevice(device) => apart(|| identity::get_device(&device, context))?,
            Request::ListDevices(list) => apart(|| browse::list(&list, context))?,
            Request::BrowseDevices(browse) => apart(|| browse::browse(&browse, context))?,
            Request::PutDevice(put) => apart(|| self.put_device(put, context))?,
            Request::DeleteDevice(delete) => apart(|| self.delete_device(&delete, context))?,
            Request::GetModule(identity) => apart(|| modules::get(&identity, context))?,
            Request::ListModules(device) => apart(|| modules::list(&device, context))?,
            Request::PutModule(put) => apart(|| self.put_module(&put, context))?,
            Request::DeleteModule(delete) => {
                self.delete(&delete.identity, &delete.precondition, context)?;
                RegistryReply::Done
            }
            Request::ApplyItems(apply) => apart(|| self.apply_items(apply, context)),
            Request::ImportItems(import) => apart(|| self.import_items(import, context))?,
            Request::ExportLines(wanted) => apart(|| transfer::export(&wanted, context))?,
            Request::PlanItems(plan) => apart(|| self.plan_items(plan, context))?,
            Request::FindScopes(scopes) => apart(|| scopes::find(&scopes, context.sql))?,
            Request::RegenerateKeys(regenerate) => {
                apart(|| self.regenerate_keys(&regenerate, context))
            }
            Request::GetTwin(identity) => apart(|| twins::get(&identity, context))?,
            Request::WriteTwin(write) => apart(|| self.write_twin(&write, context))?,
            Request::ReadHistory(wanted) => apart(|| self.read_history(&wanted, context))?,
            Request::RevertTwin(revert) => apart(|| self.revert_twin(&revert, context))?,
            Request::Query(scan) => apart(|| self.scan(&scan, context))?,
            Request::RollUp(ask) => apart(|| self.roll_up(&ask, context))?,
            Request::Statistics => apart(|| browse::statistics(context))?,
            Request::ListHeartbeats(list) => apart(|| self.list_heartbeats(&list, context))?,
            Request::GetConnection(identity) => apart(|| self.describe(&identity, context))?,
            Request::Locate(locate) => return self.locate(token, locate, context),
            Request::SendMessage(message) => apart(|| self.send_message(&message, context))?,
            Request::PurgeMessages(device) => apart(|| self.purge_messages(&device, context))?,
            Request::ListMessages(device) => apart(|| messages::list(&device, context))?,
            Request::DeadLetters(ask) => apart(|| self.dead_letters(&ask, context))?,
            Request::ReceiveFeedback => apart(|| self.feedback_queue()?.receive(token, context))?,
            Request::SettleFeedback {
                lock_token,
                complete,
            } => apart(|| {
                self.feedback_queue()?
                    .settle(&lock_token, complete, context)
            })?,
            Request::ReceiveFileNotification => {
                apart(|| self.file_queue()?.receive(token, context))?
            }
            Request::SettleFileNotification(lock_token, complete) => {
                apart(|| self.file_queue()?.settle(&lock_token, complete, context))?
            }
            Request::AsDevice(request) => apart(|| self.as_device(&request, context))?,
            Request::Retire(retire) => apart(|| self.retire(&retire, context))?,
            Request::GetRetirement(number) => apart(|| self.get_retirement(number, context.sql))?,
            Request::Succeed(succeed) => apart(|| self.succeed(&succeed.read()?, context))?,
            Request::ListArchive(list) => apart(|| archive::list(context.sql, &list))?,
            Request::GetArchived(wanted) => apart(|| archive::get(context.sql, &wanted))?,
            Request::RestoreArchived(restore) => apart(|| self.restore(&restore, context))?,
            Request::EraseArchived(wanted) => apart(|| archive::erase(&wanted, context))?,
            Request::StepJob(step) => apart(|| self.step_job(*step, context))?,
            Request::CancelJobDevice(cancel) => apart(|| self.cancel_job_device(&cancel, context))?,
            Request::Caused(_) => {
                return Err(HubError::internal("a cause behind a cause"));
            }
            Request::RecordAudit(record) => {
                audit::append(context.sql, context.now, &[(&record.cause, &record.entry)])?;
                RegistryReply::Done
            }
            Request::ReadRecords(wanted) => {
                RegistryReply::Audit(records::read(context.sql, &self.chain(), &wanted)?)
            }
            Request::Report => apart(|| self.report(context.sql)),
            Request::NoteOperation(note) => apart(|| self.note_told(&note, context)),
            Request::ConnectionIncidents(minutes) => {
                apart(|| self.connection_incidents(minutes, context))?
            }
            Request::CheckAudit(after) => {
                RegistryReply::AuditProof(audit::check(context.sql, after)?)
            }
            Request::ApplyConfigurations(new) => {
                apart(|| self.apply_configurations(&new, context))?
            }
            Request::ApplyContent(apply) => apart(|| self.apply_content(&apply, context))?,
            Request::ExplainMaintenance(explain) => {
                apart(|| self.explain_maintenance(&explain, context))?
            }
            Request::ExplainConfigurations(device) => {
                self.explain_configurations(&device, context)?
            }
            Request::ApplySettings(new) => {
                settings::store(&mut self.settings, *new, context.sql)?;
                self.apply_indexes(context.sql)?;
                self.take_policies();
                self.take_alert_rules(context)?;
                self.route_job_events(context.sql)?;
                self.pace_jobs();
                RegistryReply::Done
            }
        };
        Ok(Some(reply))
    }

    /// The outcome of a call that this shard made.
    pub fn finished(
        &mut self,
        now: Timestamp,
        correlation: Correlation,
        outcome: &Outcome,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Result<(), HubError> {
        let delivered = matches!(
            outcome,
            Outcome::Gateway(Ok(_))
                | Outcome::Events(Ok(_))
                | Outcome::Registry(Ok(_))
                | Outcome::Hub(Ok(_))
        );
        if self.job_call_finished(now, correlation, outcome, sql, effects)? {
            return self.tell_of_jobs_alone(now, sql, effects);
        }
        if self.heard_of(now, correlation, outcome, sql, effects)? {
            return Ok(());
        }
        if self.delivery_finished(correlation, delivered) {
            return Ok(());
        }
        let ours = self.outbox.finished(correlation, delivered, sql)?;
        // A failed call is repeated by the alarm, not at once, lest it spin.
        if ours && delivered && Outbox::has_rows(sql)? {
            self.send_outbox(now, sql, effects)?;
        }
        Ok(())
    }

    /// A volatile timer fired: callers that waited long enough get their answer, devices that
    /// came are called for jobs, and a pass over the twins goes on.
    pub fn timer(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Result<(), HubError> {
        self.expire_waiting(now, effects);
        self.arm_waiting(effects);
        self.incidents.write_due(now, sql)?;
        self.incidents.arm(effects);
        self.counters.write_due(now, sql)?;
        self.counters.arm(effects);
        self.tell_usage(now, sql, effects);
        self.call_due(now, sql, effects)?;
        self.tell_of_jobs_alone(now, sql, effects)?;
        self.pass_on(now, sql, effects)
    }

    /// A durable alarm fired: expired messages are given up, unsent outbox rows are sent.
    pub fn alarm(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Result<(), HubError> {
        sql.transaction(&mut || {
            let mut context = Context::new(now, sql, effects, None, &self.changes);
            self.expire_messages(&mut context)?;
            self.sweep_dead_letters(&mut context)?;
            self.delete_retired(&mut context)?;
            self.sweep_history(&mut context)?;
            self.tell_of_jobs(&mut context)?;
            self.deliver_again(&mut context)?;
            self.judge_touched(&mut context)?;
            context.write_entries()
        })?;
        self.tell_usage(now, sql, effects);
        self.look_at_signals(now, sql, effects)?;
        self.look_at_liveness(now, sql, effects)?;
        if Outbox::has_rows(sql)? {
            self.send_outbox(now, sql, effects)?;
            effects.alarm_at(now.plus_seconds(5));
        }
        self.look_at_passes(now, effects);
        let rows = sql.query(
            "SELECT min(at) FROM (SELECT min(expires) AS at FROM message \
             UNION ALL SELECT min(expires) FROM feedback \
             UNION ALL SELECT min(expires) FROM upload \
             UNION ALL SELECT min(expires) FROM file_notification)",
            &[],
        )?;
        if let Some(at) = rows.first().and_then(|row| row.integer(0)) {
            effects.alarm_at(Timestamp::from_milliseconds(at).max(now.plus_seconds(1)));
        }
        Ok(())
    }

    fn send_outbox(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Result<(), HubError> {
        let origin = format!("registry-{}", self.shard);
        self.outbox
            .send(now, &origin, &mut self.correlations, sql, effects)
    }

    fn settings(&self) -> Result<&Settings, HubError> {
        self.settings.as_ref().ok_or_else(|| {
            HubError::new(
                ErrorCode::ServiceUnavailable,
                "This hub has not been set up yet; start it with its own launcher or call bootstrap.",
            )
        })
    }

    /// Tells a gateway something that may get lost without harm.
    fn tell(&mut self, gateway: u16, request: GatewayRequest, context: &mut Context<'_>) {
        self.correlations += 1;
        context.effects.calls.push(Call {
            to: Address::Gateway(gateway),
            request: Outgoing::Gateway(request),
            correlation: self.correlations,
        });
    }

    /// Has a gateway close a connection, surely: written to the outbox with the state.
    fn close(
        gateway: u16,
        connection: &str,
        reason: &str,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let request = ToGateway::Close {
            connection: crate::ipc::ConnectionId(connection.to_owned()),
            reason: reason.to_owned(),
        };
        Outbox::put_gateway(context.sql, gateway, &request)?;
        context.wrote_outbox = true;
        Ok(())
    }

    /// Emits an event if a route asks for its source (`query-routing-events.md` §3.1).
    fn emit(
        &self,
        identity: &Identity,
        source: &str,
        schema: &str,
        operation: &str,
        body: &dyn Fn() -> serde_json::Value,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let Some(settings) = &self.settings else {
            return Ok(());
        };
        if !settings.routes_source(source) {
            return Ok(());
        }
        let event = HubEvent {
            identity: Some(identity.clone()),
            job: None,
            source: source.to_owned(),
            schema: schema.to_owned(),
            operation: operation.to_owned(),
            time: context.now,
            hub_name: settings.hub_name().to_owned(),
            request: context
                .configured_by
                .clone()
                .or_else(|| context.cause.map(|cause| cause.request_id.clone())),
            body: body(),
            twin: if settings.routes_by_twin(source) {
                Some(twins::sender_view(identity, context.sql)?)
            } else {
                None
            },
        };
        Self::put_event(settings, &event, context)
    }

    fn put_event(
        settings: &Settings,
        event: &HubEvent,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        Outbox::put_event(context.sql, &settings.layout, event)?;
        context.wrote_outbox = true;
        Ok(())
    }
}

/// Calls a handler that is compiled by itself. All in one with `dispatch`, they are a function
/// of 117 kB, and the runtime's compiler keeps what its largest function took.
#[inline(never)]
fn apart<Reply>(handler: impl FnOnce() -> Reply) -> Reply {
    handler()
}
