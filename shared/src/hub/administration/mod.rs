//! The `Hub` object: settings, consumer groups, one-time sign-in; off the hot path.
//!
//! It owns what is true for the whole hub and pushes every change of the settings to the
//! shards and partitions before it answers, so that whoever changed something sees it in
//! force. It must never be needed to connect a device or to store a message.

pub mod bootstrap;
mod certificates;
mod configurations;
mod device_groups;
mod job_driver;
mod record;
mod rollout;
mod scheduled_jobs;
mod sign_in;
mod tag_schema;
mod transfers;

use super::audit;
use super::effects::{Call, Correlation, Effects, Outcome, Outgoing, Token};
use super::settings;
use crate::error::{ErrorCode, HubError};
use crate::ipc::Address;
use crate::ipc::audit::Cause;
use crate::ipc::events::EventsRequest;
use crate::ipc::gateway::GatewayRequest;
use crate::ipc::hub::{
    HubReply, HubRequest, HubResult, Route, Settings, ThrottleSettings, TwinHistorySettings,
};
use crate::ipc::registry::{Precondition, RegistryRequest};
use crate::ipc::transfer::{Stepped, Transfer};
use crate::sql::Sql;
use crate::time::Timestamp;
use std::collections::BTreeMap;

const STEPS: &[&[&str]] = &[
    FIRST,
    audit::SCHEMA,
    &[transfers::SCHEMA],
    certificates::SCHEMA,
    &[device_groups::SCHEMA],
    configurations::SCHEMA,
    scheduled_jobs::SCHEMA,
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
/// Consumer groups besides the default one.
const MAX_GROUPS: usize = 20;
/// A step of a job takes less; if nothing is heard of it for so long, it is lost.
const LOST_STEP_SECONDS: i64 = 120;
/// Routes of a hub.
const MAX_ROUTES: usize = 100;
/// Event sources that can be routed so far.
const SOURCES: [&str; 3] = [
    "TwinChangeEvents",
    "DeviceLifecycleEvents",
    "DeviceConnectionStateEvents",
];

/// The hub object.
#[derive(Debug)]
pub struct Hub {
    settings: Option<Settings>,
    correlations: Correlation,
    /// Pushes under way and whom they go to.
    pushing: BTreeMap<Correlation, String>,
    jobs: job_driver::JobDriver,
    /// Answers that wait until nothing is under way.
    waiting: Vec<(Token, HubReply)>,
}

impl Hub {
    /// Opens the object: brings its tables up to date and reads its settings.
    pub fn open(sql: &dyn Sql) -> Result<Self, HubError> {
        crate::sql::migrate(sql, STEPS)?;
        Ok(Self {
            settings: settings::load(sql)?,
            correlations: 0,
            pushing: BTreeMap::new(),
            jobs: job_driver::JobDriver::default(),
            waiting: Vec::new(),
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
            return self.serve(now, token, request, None, sql, effects);
        };
        let recorded = match record::Recorded::before(&request, self.settings.as_ref(), sql) {
            Ok(recorded) => recorded,
            Err(error) => return Some(Err(error)),
        };
        let answer = self.serve(now, token, *request, Some(&cause), sql, effects);
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
            HubRequest::ReadAudit(wanted) => {
                return Some(audit::read(sql, "hub", &wanted).map(HubReply::Audit));
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
            HubRequest::ListConsumerGroups => return Some(list_groups(sql)),
            HubRequest::PutConsumerGroup(name) => return Some(put_group(&name, sql)),
            HubRequest::DeleteConsumerGroup(name) => return Some(delete_group(&name, sql)),
            HubRequest::CreateScheduledJob(order) => {
                let shards = match self.required() {
                    Ok(settings) => settings.layout.shards,
                    Err(error) => return Some(Err(error)),
                };
                self.jobs.hurry(now, effects);
                return Some(scheduled_jobs::create(now, *order, shards, cause, sql));
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
            HubRequest::ChangeCertificate(change) => self.change_certificate(now, &change, sql),
            HubRequest::PutRoute(route) => self.put_route(route, sql),
            HubRequest::DeleteRoute(name) => self.delete_route(&name, sql),
            HubRequest::PutTagSchema(schema, precondition) => {
                self.put_tag_schema(*schema, &precondition, sql)
            }
            HubRequest::DeleteTagSchema(precondition) => self.delete_tag_schema(&precondition, sql),
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
                self.put_configuration(now, &given, &precondition, sql)
            }
            HubRequest::DeleteConfiguration(id, precondition) => {
                self.delete_configuration(&id, &precondition, sql)
            }
            HubRequest::PutTwinHistory(kept) => self.put_twin_history(kept, sql),
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

    fn required(&self) -> Result<&Settings, HubError> {
        self.settings.as_ref().ok_or_else(|| {
            HubError::new(
                ErrorCode::ServiceUnavailable,
                "This hub has not been set up yet; start it with its own launcher or call bootstrap.",
            )
        })
    }

    /// Stores changed settings and notes that everybody has to hear of them.
    fn change(&mut self, sql: &dyn Sql, edit: impl FnOnce(&mut Settings)) -> Result<(), HubError> {
        let mut new = self.required()?.clone();
        edit(&mut new);
        new.version += 1;
        self.keep(sql, new)
    }

    fn keep(&mut self, sql: &dyn Sql, new: Settings) -> Result<(), HubError> {
        let layout = new.layout;
        let mut kept = self.settings.clone();
        let throttles_change = kept
            .as_ref()
            .is_some_and(|kept| kept.throttles != new.throttles);
        let mut new = Some(new);
        sql.transaction(&mut || {
            if let Some(new) = new.take() {
                settings::store(&mut kept, new, sql)?;
            }
            for shard in 0..layout.shards {
                note_push(sql, &format!("registry/{shard}"))?;
            }
            for partition in 0..layout.partitions {
                note_push(sql, &format!("events/{partition}"))?;
            }
            // Gateways know nothing else of the settings, and have the default without a push.
            for gateway in 0..if throttles_change { layout.gateways } else { 0 } {
                note_push(sql, &format!("gateway/{gateway}"))?;
            }
            Ok(())
        })?;
        self.settings = kept;
        Ok(())
    }

    /// Sends the settings to everybody who has not confirmed them.
    fn push(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        let Some(settings) = &self.settings else {
            return Ok(());
        };
        for row in sql.query("SELECT target FROM push ORDER BY target", &[])? {
            let target = row.required_text(0)?;
            let Some((kind, index)) = target.split_once('/') else {
                continue;
            };
            let Ok(index) = index.parse::<u16>() else {
                continue;
            };
            let document = settings.clone();
            let (to, request) = if kind == "gateway" {
                let request = GatewayRequest::ApplyThrottles {
                    version: settings.version,
                    throttles: document.throttles,
                };
                (Address::Gateway(index), Outgoing::Gateway(request))
            } else if kind == "registry" {
                let request = RegistryRequest::ApplySettings(Box::new(document));
                (Address::Registry(index), Outgoing::Registry(request))
            } else if kind == configurations::PUSH {
                let set = Box::new(configurations::evaluated(sql)?);
                let request = RegistryRequest::ApplyConfigurations(set);
                (Address::Registry(index), Outgoing::Registry(request))
            } else {
                let document = Box::new(document.without_tag_schema());
                let request = EventsRequest::ApplySettings(document);
                (Address::Events(index), Outgoing::Events(request))
            };
            self.correlations += 1;
            self.pushing.insert(self.correlations, target.to_owned());
            effects.calls.push(Call {
                to,
                request,
                correlation: self.correlations,
            });
        }
        if !self.pushing.is_empty() {
            effects.alarm_at(now.plus_seconds(5));
        }
        Ok(())
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
            return Ok(());
        }
        let Some(target) = self.pushing.remove(&correlation) else {
            return Ok(());
        };
        let newer_under_way = self.pushing.values().any(|other| *other == target);
        let stored = matches!(
            outcome,
            Outcome::Registry(Ok(_)) | Outcome::Events(Ok(_)) | Outcome::Gateway(Ok(_))
        );
        if stored && !newer_under_way {
            sql.execute("DELETE FROM push WHERE target = ?", &[target.into()])?;
        }
        if self.pushing.is_empty() {
            for (token, reply) in std::mem::take(&mut self.waiting) {
                effects.replies.push((token, Ok(reply)));
            }
        }
        Ok(())
    }

    /// A volatile timer fired: scheduled jobs go on.
    pub fn timer(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        self.drive_jobs(now, false, sql, effects)
    }

    /// A durable alarm fired: unconfirmed settings are sent again, jobs go on.
    pub fn alarm(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        self.drive_jobs(now, true, sql, effects)?;
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

    fn put_route(&mut self, route: Route, sql: &dyn Sql) -> HubResult {
        let source = SOURCES
            .iter()
            .find(|source| source.eq_ignore_ascii_case(&route.source));
        let Some(source) = source else {
            return Err(HubError::invalid(format!(
                "source {:?} is not one of {}.",
                route.source,
                SOURCES.join(", ")
            )));
        };
        if route.condition.trim() != "true" {
            return Err(HubError::invalid(
                "The condition of a route can only be \"true\" so far.",
            ));
        }
        check_name("A route's name", &route.name, 64)?;
        let known = &self.required()?.routes;
        let is_new = !known.iter().any(|other| other.name == route.name);
        if is_new && known.len() >= MAX_ROUTES {
            return Err(HubError::new(
                ErrorCode::IotHubQuotaExceeded,
                format!("A hub has at most {MAX_ROUTES} routes; delete one first."),
            ));
        }
        let route = Route {
            source: (*source).to_owned(),
            condition: "true".to_owned(),
            ..route
        };
        self.change(sql, |settings| {
            settings.routes.retain(|other| other.name != route.name);
            settings.routes.push(route);
        })?;
        Ok(HubReply::Changed(is_new))
    }

    fn delete_route(&mut self, name: &str, sql: &dyn Sql) -> HubResult {
        let existed = self
            .required()?
            .routes
            .iter()
            .any(|route| route.name == name);
        if existed {
            self.change(sql, |settings| {
                settings.routes.retain(|route| route.name != name)
            })?;
        }
        Ok(HubReply::Changed(existed))
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

    fn put_throttles(&mut self, throttles: ThrottleSettings, sql: &dyn Sql) -> HubResult {
        crate::throttle::check(&throttles)?;
        self.change(sql, |settings| settings.throttles = throttles)?;
        Ok(HubReply::Settings(Box::new(self.required()?.clone())))
    }
}

fn note_push(sql: &dyn Sql, target: &str) -> Result<(), HubError> {
    sql.execute(
        "INSERT INTO push (target) VALUES (?) ON CONFLICT DO NOTHING",
        &[target.into()],
    )
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

fn groups(sql: &dyn Sql) -> Result<Vec<String>, HubError> {
    let rows = sql.query("SELECT name FROM consumer_group ORDER BY name", &[])?;
    rows.iter()
        .map(|row| row.required_text(0).map(str::to_owned))
        .collect()
}

fn list_groups(sql: &dyn Sql) -> HubResult {
    let mut names = vec![DEFAULT_GROUP.to_owned()];
    names.extend(groups(sql)?);
    Ok(HubReply::ConsumerGroups(names))
}

fn put_group(name: &str, sql: &dyn Sql) -> HubResult {
    if name == DEFAULT_GROUP {
        return Ok(HubReply::Changed(false));
    }
    check_name("A consumer group's name", name, 50)?;
    let known = groups(sql)?;
    if known.iter().any(|group| group == name) {
        return Ok(HubReply::Changed(false));
    }
    if known.len() >= MAX_GROUPS {
        return Err(HubError::new(
            ErrorCode::IotHubQuotaExceeded,
            format!(
                "A hub has at most {MAX_GROUPS} consumer groups besides {DEFAULT_GROUP}; delete one first."
            ),
        ));
    }
    sql.execute(
        "INSERT INTO consumer_group (name) VALUES (?)",
        &[name.into()],
    )?;
    Ok(HubReply::Changed(true))
}

fn delete_group(name: &str, sql: &dyn Sql) -> HubResult {
    if name == DEFAULT_GROUP {
        return Err(HubError::invalid(format!(
            "{DEFAULT_GROUP} cannot be deleted."
        )));
    }
    let existed = groups(sql)?.iter().any(|group| group == name);
    sql.execute("DELETE FROM consumer_group WHERE name = ?", &[name.into()])?;
    Ok(HubReply::Changed(existed))
}
