//! The `Hub` object: settings, consumer groups, one-time sign-in; off the hot path.
//!
//! It owns what is true for the whole hub and pushes every change of the settings to the
//! shards and partitions before it answers, so that whoever changed something sees it in
//! force. It must never be needed to connect a device or to store a message.

mod access;
mod alert_conditions;
mod alert_events;
mod alert_rules;
mod alerts;
pub mod bootstrap;
mod certificates;
mod configurations;
mod consumer_groups;
mod counts;
mod device_groups;
mod drift;
mod job_driver;
mod job_events;
mod job_places;
mod maintenance;
mod patterns;
mod policies;
mod pushes;
mod record;
mod rollout;
mod routing;
mod scheduled_jobs;
mod sign_in;
mod tag_schema;
mod transfers;
mod usage;

use super::audit;
use super::counters::{self, Counter, Counters};
use super::effects::{Correlation, Effects, Outcome, Token};
use super::operations::{self, Operations};
use super::outbox::{self, Outbox};
use super::records;
use super::settings;
use crate::error::{ErrorCode, HubError};
use crate::ipc::alert::AlertChange;
use crate::ipc::audit::Cause;
use crate::ipc::file_upload::FileUploadSettings;
use crate::ipc::hub::{
    HubReply, HubRequest, HubResult, Settings, ThrottleSettings, TwinHistorySettings,
};
use crate::ipc::registry::Precondition;
use crate::ipc::scheduled_job::{JobChange, JobKind};
use crate::ipc::transfer::{Stepped, Transfer};
use crate::json;
use crate::ordered::OrderedMap;
use crate::sql::Sql;
use crate::time::Timestamp;

const STEPS: &[&[&str]] = &[
    FIRST,
    audit::SCHEMA,
    &[transfers::SCHEMA],
    certificates::SCHEMA,
    &[device_groups::SCHEMA],
    configurations::SCHEMA,
    scheduled_jobs::SCHEMA,
    &[patterns::SCHEMA],
    &[job_places::SCHEMA],
    &[outbox::SCHEMA],
    alerts::SCHEMA,
    &[device_groups::SEVERITY],
    alerts::REPORTED,
    &[operations::SCHEMA, counters::SCHEMA],
    alert_conditions::SCHEMA,
    alert_events::SCHEMA,
    &[usage::SCHEMA, alerts::PAUSES],
    access::SCHEMA,
];

const FIRST: &[&str] = &[
    "CREATE TABLE settings (version INTEGER NOT NULL, document TEXT NOT NULL)",
    "CREATE TABLE consumer_group (name TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE sign_in (token_hash TEXT PRIMARY KEY, expires INTEGER NOT NULL) WITHOUT ROWID",
    // Objects that have not confirmed the newest settings yet.
    "CREATE TABLE push (target TEXT PRIMARY KEY) WITHOUT ROWID",
];

/// The consumer group that always exists.
pub const DEFAULT_GROUP: &str = "$Default";
/// A step of a job takes less; if nothing is heard of it for so long, it is lost.
const LOST_STEP_SECONDS: i64 = 120;

/// The hub object.
#[derive(Debug)]
pub struct Hub {
    settings: Option<Settings>,
    correlations: Correlation,
    /// Pushes under way and whom they go to.
    pushing: OrderedMap<Correlation, String>,
    jobs: job_driver::JobDriver,
    places: job_places::PlaceBook,
    /// Answers that wait until nothing is under way.
    waiting: Vec<(Token, HubReply)>,
    outbox: Outbox,
    counts: counts::Counts,
    drift: drift::Drift,
    /// Events were written into it and not sent yet.
    has_events: bool,
    /// How often what went wrong may be written down.
    operations: Operations,
    counters: Counters,
}

impl Hub {
    /// Opens the object: brings its tables up to date and reads its settings.
    pub fn open(sql: &dyn Sql) -> Result<Self, HubError> {
        crate::sql::migrate(sql, STEPS)?;
        Ok(Self {
            settings: settings::load(sql)?,
            correlations: 0,
            pushing: OrderedMap::new(),
            jobs: job_driver::JobDriver::default(),
            places: job_places::PlaceBook::default(),
            waiting: Vec::new(),
            outbox: Outbox::default(),
            counts: counts::Counts::default(),
            drift: drift::Drift::default(),
            has_events: false,
            operations: Operations::default(),
            counters: Counters::load(sql)?,
        })
    }

    /// The settings, for the mirror that the HTTP side reads.
    pub fn settings(&self) -> Option<&Settings> {
        self.settings.as_ref()
    }

    /// Handles a request. `None`: the answer comes later as an effect for `token`.
    pub fn handle(
        &mut self,
        now: Timestamp,
        token: Token,
        request: HubRequest,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Option<HubResult> {
        let HubRequest::Caused { cause, request } = request else {
            return self.serve_counted(now, token, request, None, sql, effects);
        };
        let recorded = match record::Recorded::before(now, &request, self.settings.as_ref(), sql) {
            Ok(recorded) => recorded,
            Err(error) => return Some(Err(error)),
        };
        let answer = self.serve_counted(now, token, *request, Some(&cause), sql, effects);
        let Some(recorded) = recorded else {
            return answer;
        };
        // An answer that waits for pushes stands for a change that is stored.
        let error = answer.as_ref().and_then(|answer| answer.as_ref().err());
        match recorded.write(now, &cause, error, self.settings.as_ref(), sql) {
            Ok(()) => answer,
            Err(error) => Some(Err(error)),
        }
    }

    /// Serves, and counts what is a metric.
    fn serve_counted(
        &mut self,
        now: Timestamp,
        token: Token,
        request: HubRequest,
        cause: Option<&Cause>,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Option<HubResult> {
        let counted = match &request {
            HubRequest::CreateScheduledJob(order) => Some(match order.kind {
                JobKind::UpdateTwin => Counter::TwinJobs,
                JobKind::DeviceMethod => Counter::MethodJobs,
            }),
            HubRequest::ListTransfers => Some(Counter::JobLists),
            HubRequest::ListScheduledJobs(_) => Some(Counter::JobQueries),
            HubRequest::CancelTransfer(_)
            | HubRequest::ChangeScheduledJob(_, JobChange::Cancel { .. }) => {
                Some(Counter::JobCancels)
            }
            _ => None,
        };
        let answer = self.serve(now, token, request, cause, sql, effects);
        if let Some(counted) = counted {
            let failed = matches!(&answer, Some(Err(_)));
            self.counters.outcome(counted, !failed, now);
        }
        self.counters.arm(effects);
        self.tell(now, sql, effects);
        answer
    }

    fn serve(
        &mut self,
        now: Timestamp,
        token: Token,
        request: HubRequest,
        cause: Option<&Cause>,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Option<HubResult> {
        let reply = match request {
            HubRequest::Bootstrap {
                host_names,
                layout,
                entropy,
            } => {
                // A job that was under way goes on.
                effects.alarm_at(now);
                self.bootstrap(now, host_names, layout, &entropy, sql)
            }
            HubRequest::GetSettings => {
                return Some(
                    self.required()
                        .map(|known| HubReply::Settings(Box::new(known.clone()))),
                );
            }
            HubRequest::RedeemSignIn { token } => return Some(sign_in::redeem(now, &token, sql)),
            HubRequest::Caused { .. } => {
                return Some(Err(HubError::internal("a cause behind a cause")));
            }
            HubRequest::Report => return Some(self.report(sql)),
            HubRequest::ReadRecords(wanted) => {
                return Some(records::read(sql, "hub", &wanted).map(HubReply::Audit));
            }
            HubRequest::CheckAudit(after) => {
                return Some(audit::check(sql, after).map(HubReply::AuditProof));
            }
            HubRequest::CreateTransfer { id, order } => {
                effects.alarm_at(now);
                return Some(transfers::create(now, id, order, cause, sql));
            }
            HubRequest::ListTransfers => return Some(transfers::list(sql)),
            HubRequest::GetTransfer(id) => return Some(transfers::get(&id, sql)),
            HubRequest::CancelTransfer(id) => return Some(transfers::cancel(now, &id, sql)),
            HubRequest::ListConsumerGroups => return Some(consumer_groups::list(sql)),
            HubRequest::PutConsumerGroup(name) => return Some(consumer_groups::put(&name, sql)),
            HubRequest::DeleteConsumerGroup(name) => {
                return Some(consumer_groups::delete(&name, sql));
            }
            HubRequest::CreateScheduledJob(order) => {
                let shards = match self.required() {
                    Ok(settings) => settings.layout.shards,
                    Err(error) => return Some(Err(error)),
                };
                self.jobs.hurry(now, effects);
                return Some(self.create_scheduled_job(now, *order, shards, cause, sql));
            }
            HubRequest::ListScheduledJobs(wanted) => {
                return Some(scheduled_jobs::list(&wanted, sql));
            }
            HubRequest::GetScheduledJob(id) => {
                return Some(self.get_scheduled_job(now, &id, sql, effects));
            }
            HubRequest::ChangeScheduledJob(id, change) => {
                return self.change_scheduled_job(now, token, &id, change, sql, effects);
            }
            HubRequest::ListCertificates => {
                return Some(certificates::list(sql).map(HubReply::Certificates));
            }
            HubRequest::ChangeCertificate(change) => {
                let changed = self.change_certificate(now, &change, sql);
                alert_conditions::armed(now, changed, sql, effects)
            }
            HubRequest::PutRouting(change) => self.put_routing(*change, sql),
            HubRequest::PutTagSchema(schema, precondition) => {
                self.put_tag_schema(*schema, &precondition, sql)
            }
            HubRequest::DeleteTagSchema(precondition) => self.delete_tag_schema(&precondition, sql),
            HubRequest::PutMaintenancePolicy(document, precondition) => {
                self.put_maintenance_policy(*document, &precondition, sql)
            }
            HubRequest::PutAlertRule(document, precondition) => {
                // What the rule looks at by the clock is looked at anew.
                effects.alarm_at(now);
                let put = self.put_alert_rule(now, *document, &precondition, sql);
                alert_conditions::armed(now, put, sql, effects)
            }
            HubRequest::DeleteAlertRule(id, precondition) => {
                let deleted = self.delete_alert_rule(now, &id, &precondition, sql);
                alert_conditions::armed(now, deleted, sql, effects)
            }
            HubRequest::DeleteMaintenancePolicy(id, precondition) => {
                self.delete_maintenance_policy(&id, &precondition, sql)
            }
            HubRequest::ListDeviceGroups(id) => {
                return Some(device_groups::list(sql, id.as_deref()).map(HubReply::DeviceGroups));
            }
            HubRequest::PutDeviceGroup(group, precondition) => {
                return Some(device_groups::put(now, group, &precondition, sql));
            }
            HubRequest::DeleteDeviceGroup(id, precondition) => {
                return Some(device_groups::delete(&id, &precondition, sql));
            }
            HubRequest::PutThrottles(throttles) => self.put_throttles(throttles, sql),
            HubRequest::PutQueryIndexes(paths) => self
                .change(sql, |settings| settings.query_indexes = paths)
                .and_then(|()| Ok(HubReply::Settings(Box::new(self.required()?.clone())))),
            HubRequest::ListConfigurations(id) => {
                return Some(
                    configurations::list(sql, id.as_deref()).map(HubReply::Configurations),
                );
            }
            HubRequest::PutConfiguration(given, precondition) => {
                effects.alarm_at(now);
                self.put_configuration(now, &given, &precondition, sql)
            }
            HubRequest::DeleteConfiguration(id, precondition) => self
                .delete_configuration(&id, &precondition, sql)
                .and_then(|reply| {
                    alert_conditions::forget(now, &drift::alert_of(&id), sql)?;
                    Ok(reply)
                }),
            HubRequest::PutMessaging(retention, queue) => self
                .change(sql, |settings| {
                    settings.retention = retention;
                    settings.cloud_to_device = queue;
                })
                .and_then(|()| Ok(HubReply::Settings(Box::new(self.required()?.clone())))),
            HubRequest::PutTwinHistory(kept) => self.put_twin_history(kept, sql),
            HubRequest::PutFileUpload(wanted) => self.put_file_upload(*wanted, sql),
            HubRequest::ListPatterns(id) => {
                return Some(patterns::list(sql, id.as_deref()).map(HubReply::Patterns));
            }
            HubRequest::PutPattern(pattern, precondition) => {
                let stored = patterns::put(now, &pattern, &precondition, sql);
                stored.and_then(|reply| self.keep_disruptions(sql).map(|()| reply))
            }
            HubRequest::DeletePattern(id, precondition) => {
                let deleted = patterns::delete(&id, &precondition, sql);
                deleted.and_then(|reply| self.keep_disruptions(sql).map(|()| reply))
            }
            HubRequest::CountScheduledJobs => return Some(scheduled_jobs::count(sql)),
            HubRequest::RaiseAlert(alert) => {
                let raised = alerts::raise(now, &alert, sql)
                    .and_then(|()| alert_conditions::arm(now, sql, effects));
                return Some(raised.map(|()| HubReply::Done));
            }
            HubRequest::ReportAlerts(report) => {
                return Some(alerts::report(now, &report, sql, effects).map(|()| HubReply::Done));
            }
            HubRequest::TellUsage(told) => {
                let heard = self.hear_usage(now, &told, sql, effects);
                return Some(heard.map(|()| HubReply::Done));
            }
            HubRequest::Access(verb, asked, precondition) => {
                let by = cause.map_or("hub", |cause| cause.actor.as_str());
                return Some(self.access(now, verb, &asked, &precondition, by, sql));
            }
            HubRequest::ChangePolicy(name, change) => self.change_policy(&name, change, sql),
            HubRequest::ListAlerts(wanted) => return Some(alerts::list(now, &wanted, sql)),
            HubRequest::ChangeAlert(number, change) => {
                let by = cause.map_or("hub", |cause| cause.actor.as_str());
                if let AlertChange::Acknowledge(Some(at)) | AlertChange::Snooze(at) = &change {
                    effects.alarm_at(*at);
                }
                return Some(alerts::change(now, number, &change, by, sql));
            }
        };
        let reply = match reply {
            Ok(reply) => reply,
            Err(error) => return Some(Err(error)),
        };
        if let Err(error) = self.push(now, sql, effects) {
            return Some(Err(error));
        }
        if self.pushing.is_empty() {
            return Some(Ok(reply));
        }
        self.waiting.push((token, reply));
        None
    }

    /// What this object says of itself.
    fn report(&self, sql: &dyn Sql) -> HubResult {
        let (rows_written, bytes) = sql.usage();
        let rows = sql.query("SELECT count(*) FROM configuration", &[])?;
        Ok(HubReply::Report(json!({
            "counters": self.counters.document(),
            "rowsWritten": rows_written,
            "bytes": bytes,
            "configurations": rows.first().and_then(|row| row.integer(0)),
        })))
    }

    /// Tells of alerts that a request has changed. What fails is told by the alarm.
    fn tell(&mut self, now: Timestamp, sql: &dyn Sql, effects: &mut Effects<HubResult>) {
        let told = self.tell_of_alerts(now, sql);
        if told
            .and_then(|()| self.send_events(now, sql, effects))
            .is_err()
        {
            effects.alarm_at(now.plus_seconds(5));
        }
    }

    fn required(&self) -> Result<&Settings, HubError> {
        self.settings.as_ref().ok_or_else(|| {
            HubError::new(
                ErrorCode::ServiceUnavailable,
                "This hub has not been set up yet; start it with its own launcher or call bootstrap.",
            )
        })
    }

    /// The outcome of a push, or of a step of a scheduled job.
    pub fn finished(
        &mut self,
        now: Timestamp,
        correlation: Correlation,
        outcome: &Outcome,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        if self.job_stepped(now, correlation, outcome, sql, effects)? {
            self.tell_of_alerts(now, sql)?;
            return self.send_events(now, sql, effects);
        }
        if let Some(query) = self.counted(correlation, outcome, effects) {
            return self.drift_counted(now, &query, sql, effects);
        }
        let delivered = matches!(outcome, Outcome::Events(Ok(_)));
        if self.outbox.finished(correlation, delivered, sql)? {
            // A failed call is repeated by the alarm, not at once, lest it spin.
            if delivered {
                self.send_outbox(now, sql, effects)?;
            }
            return Ok(());
        }
        self.pushed(now, correlation, outcome, sql, effects)
    }

    /// A volatile timer fired: scheduled jobs go on.
    pub fn timer(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        self.counters.write_due(now, sql)?;
        self.counters.arm(effects);
        self.drive_jobs(now, false, sql, effects)?;
        self.send_events(now, sql, effects)
    }

    /// A durable alarm fired: unconfirmed settings are sent again, jobs go on.
    pub fn alarm(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        self.drive_jobs(now, true, sql, effects)?;
        if let Some(at) = alerts::end_pauses(now, sql)? {
            effects.alarm_at(at);
        }
        self.look_at_conditions(now, sql, effects)?;
        self.look_at_drift(now, sql, effects)?;
        self.judge_quota(now, sql, effects)?;
        self.tell_of_alerts(now, sql)?;
        self.send_outbox(now, sql, effects)?;
        self.push(now, sql, effects)
    }

    /// The import or export job that is under way, for `crate::transfer::step`. Before a step
    /// the alarm is set, so that a lost one is found.
    pub fn transfer(
        &self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<Option<Transfer>, HubError> {
        let job = transfers::current(sql)?;
        if job.is_some() {
            effects.alarm_at(now.plus_seconds(LOST_STEP_SECONDS));
        }
        Ok(job)
    }

    /// What came of a step of a job. Answers when the next one is due.
    pub fn transfer_stepped(
        &mut self,
        now: Timestamp,
        from: &Transfer,
        stepped: Stepped,
        sql: &dyn Sql,
    ) -> Result<Option<Timestamp>, HubError> {
        transfers::stepped(now, from, stepped, sql)
    }

    fn put_twin_history(&mut self, kept: TwinHistorySettings, sql: &dyn Sql) -> HubResult {
        if kept.seconds > 365 * 86_400 || kept.changes > 1000 {
            return Err(HubError::invalid(
                "Twin changes are kept for at most 365 days (seconds 31536000) and at most 1000 of \
                 each twin (changes); 0 keeps none.",
            ));
        }
        self.change(sql, |settings| settings.twin_history = kept)?;
        Ok(HubReply::Settings(Box::new(self.required()?.clone())))
    }

    fn put_file_upload(&mut self, wanted: FileUploadSettings, sql: &dyn Sql) -> HubResult {
        wanted.check()?;
        self.change(sql, |settings| settings.file_upload = wanted)?;
        Ok(HubReply::Settings(Box::new(self.required()?.clone())))
    }

    fn put_throttles(&mut self, throttles: ThrottleSettings, sql: &dyn Sql) -> HubResult {
        crate::throttle::check(&throttles)?;
        self.change(sql, |settings| settings.throttles = throttles)?;
        Ok(HubReply::Settings(Box::new(self.required()?.clone())))
    }
}

/// `If-Match` of a write against the etag of what is there, if there is anything.
fn check_precondition(precondition: &Precondition, etag: Option<&str>) -> Result<(), HubError> {
    let holds = match precondition {
        Precondition::None => true,
        Precondition::Any => etag.is_some(),
        Precondition::Etag(wanted) => etag == Some(wanted),
    };
    if holds {
        return Ok(());
    }
    Err(HubError::new(
        ErrorCode::PreconditionFailed,
        "PreconditionFailed, ETag may be invalid.",
    ))
}

/// 1 to `longest` letters, digits, `-`, `.`, `_`.
fn check_name(what: &str, name: &str, longest: usize) -> Result<(), HubError> {
    let legal = name
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if name.is_empty() || name.len() > longest || !legal {
        return Err(HubError::invalid(format!(
            "{what} has 1 to {longest} letters, digits, '-', '.' or '_'."
        )));
    }
    Ok(())
}
