//! Method jobs: calls to the devices that are there, and to the others when they come
//! (`device-management.md` §1.3.3, §1.3.7).
//!
//! A row is `running` before the call leaves, and is not called again after a crash. A call
//! that surely did not reach its device makes it wait again.

use super::identity::IdentityRow;
use super::job_rows::{JobRow, State, error_text};
use super::job_twins::{Pending, pending};
use super::{Context, Registry, session};
use crate::error::{ErrorCode, HubError};
use crate::hub::effects::{Call, Correlation, Effects, Outcome, Outgoing};
use crate::ids::{DeviceId, Identity};
use crate::ipc::Address;
use crate::ipc::gateway::{GatewayReply, GatewayRequest, InvokeMethod};
use crate::ipc::registry::{Location, RegistryResult};
use crate::ipc::scheduled_job::JobKind;
use crate::json;
use crate::sql::{Sql, SqlValue};
use crate::time::Timestamp;
use crate::writing::JsonText;
use serde_json::Value;

/// Calls of jobs under way from one shard.
const MOST_UNDER_WAY: usize = 500;
/// Rows that one step looks at.
const STEP: u32 = 500;
/// Calls that one step sends.
const SENT: usize = 250;
/// Seconds for an answer if the job does not say.
const RESPONSE_SECONDS: i64 = 30;

/// A device that comes is called a moment later: its gateway has to hear first that it may.
const SOON: i64 = 50;
/// A device that surely was not reached is tried again.
const AGAIN: i64 = 1_000;
/// Devices that are remembered for that; others are found by the hub object's next step.
const MOST_SOON: usize = 5_000;

/// A call under way.
#[derive(Debug)]
pub(super) struct JobCall {
    job: u64,
    device: String,
    wave: usize,
    awaits_pattern: bool,
}

impl Registry {
    /// Calls the devices among the next rows that are connected and take methods.
    pub(super) fn call_methods(
        &mut self,
        job: &JobRow,
        most: u32,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(SENT);
        let rows = self.pending_rows(job, None, STEP, false, context.sql)?;
        let mut called: Vec<(String, usize)> = Vec::new();
        let mut last = String::new();
        let mut is_whole = rows.len() < usize::try_from(STEP).unwrap_or(0);
        for row in &rows {
            if self.jobs.calls.len() >= MOST_UNDER_WAY || called.len() >= most {
                is_whole = false;
                break;
            }
            let device = pending(row)?;
            last.clone_from(&device.id);
            let identity = match row.text(0) {
                Some(_) => Some(IdentityRow::read(row)?),
                None => None,
            };
            let failure = match &identity {
                None => Some(("DeviceNotFound", "The device was deleted.")),
                Some(row) if !row.enabled => Some(("DeviceDisabled", "The device is disabled.")),
                Some(_) => None,
            };
            if failure.is_some() {
                let one = [(device.id, device.wave)];
                self.end_devices(job.number, &one, State::Failed, failure, context)?;
                continue;
            }
            if let Some(identity) = identity
                && let Some(location) = session::method_location(&identity)
                && self.may_be_touched(job, &device, &identity, None, context)?
            {
                self.call_method(job, &identity, location, device.wave, context);
                called.push((device.id, device.wave));
            }
        }
        self.end_devices(job.number, &called, State::Running, None, context)?;
        self.jobs.pace.touched(called.len(), context.now);
        let known = self.known(job.number, context.sql)?;
        known.is_scanned = is_whole;
        if !last.is_empty() {
            known.scanned_to = last;
        }
        Ok(())
    }

    fn call_method(
        &mut self,
        job: &JobRow,
        device: &IdentityRow,
        location: Location,
        wave: usize,
        context: &mut Context<'_>,
    ) {
        let body = &job.chosen.order.body;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let seconds = body
            .get("responseTimeoutInSeconds")
            .and_then(Value::as_i64)
            .unwrap_or(RESPONSE_SECONDS);
        let invocation = InvokeMethod {
            identity: device.identity.clone(),
            connection: location.connection,
            method: text("methodName").to_owned(),
            payload: body
                .get("payload")
                .map(Value::to_string)
                .unwrap_or_default(),
            deadline: context.now.plus_seconds(seconds),
        };
        self.correlations += 1;
        self.jobs.calls.insert(
            self.correlations,
            JobCall {
                job: job.number,
                device: device.identity.device.as_str().to_owned(),
                wave,
                awaits_pattern: job.chosen.order.awaits_pattern(),
            },
        );
        context.effects.calls.push(Call {
            to: Address::Gateway(location.gateway),
            request: Outgoing::Gateway(GatewayRequest::InvokeMethod(invocation)),
            correlation: self.correlations,
        });
    }

    /// A device takes methods now: jobs that wait for it go on.
    pub(super) fn jobs_hear_of(&mut self, device: &IdentityRow, context: &mut Context<'_>) {
        if self.jobs.awaits_devices
            && device.identity.module.is_none()
            && session::method_location(device).is_some()
        {
            self.look_soon(device, context);
        }
    }

    /// Looks at a device for jobs a moment later.
    pub(super) fn look_soon(&mut self, device: &IdentityRow, context: &mut Context<'_>) {
        let at = context.now.plus_milliseconds(SOON);
        self.call_soon(at, device.identity.device.clone(), context.effects);
    }

    fn call_soon(
        &mut self,
        at: Timestamp,
        device: DeviceId,
        effects: &mut Effects<RegistryResult>,
    ) {
        if self.jobs.soon.len() < MOST_SOON {
            self.jobs.soon.push((at, device));
            effects.wake_at(at);
        }
    }

    /// Calls devices whose time has come.
    pub(super) fn call_due(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Result<(), HubError> {
        let (due, still): (Vec<_>, Vec<_>) = std::mem::take(&mut self.jobs.soon)
            .into_iter()
            .partition(|(at, _)| *at <= now);
        self.jobs.soon = still;
        if !due.is_empty() {
            let (before, calls) = (self.correlations, effects.calls.len());
            let mut wrote_outbox = false;
            let outcome = sql.transaction(&mut || {
                let mut context = Context::new(now, sql, effects, None, &self.changes);
                for (_, device) in &due {
                    let identity = Identity::device(device.clone());
                    if let Some(row) = IdentityRow::load(sql, &identity)? {
                        self.call_for_jobs(&row, &mut context)?;
                    }
                }
                let written = context.write_entries();
                wrote_outbox = context.wrote_outbox;
                written
            });
            if outcome.is_err() {
                effects.calls.truncate(calls);
                self.jobs_undone(before);
            }
            outcome?;
            if wrote_outbox {
                self.send_outbox(now, sql, effects)?;
            }
        }
        if let Some(at) = self.jobs.soon.iter().map(|(at, _)| *at).min() {
            effects.wake_at(at);
        }
        Ok(())
    }

    /// What was written was undone: calls since then did not leave, counters are read anew.
    pub(super) fn jobs_undone(&mut self, before: Correlation) {
        self.jobs
            .calls
            .retain(|correlation, _| *correlation <= before);
        self.jobs.known.clear();
    }

    pub(super) fn call_for_jobs(
        &mut self,
        device: &IdentityRow,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        self.settle_device(device.identity.device.as_str(), context)?;
        if !device.enabled {
            return Ok(());
        }
        let location = session::method_location(device);
        let rows = context.sql.query(
            "SELECT job.number, job_device.wave, job_device.hold FROM job JOIN job_device \
             ON job_device.job = job.number \
             WHERE job.is_open = 1 AND job.deadline > ? \
             AND job_device.device_id = ? AND job_device.status = 'pending' \
             AND job_device.wave <= job.wave",
            &[
                context.now.milliseconds().into(),
                device.identity.device.as_str().into(),
            ],
        )?;
        for row in rows {
            let number = row.integer(0).unwrap_or(0).unsigned_abs();
            let Some(job) = JobRow::load(context.sql, number)? else {
                continue;
            };
            let waiting = Pending {
                id: device.identity.device.as_str().to_owned(),
                wave: usize::try_from(row.integer(1).unwrap_or(0)).unwrap_or(0),
                hold: row.text(2).map(str::to_owned),
            };
            if job.chosen.order.kind == JobKind::UpdateTwin {
                // Others are found by the hub object's next step.
                if waiting.hold.is_some() {
                    self.update_held_twin(&job, &waiting.id, context)?;
                }
                continue;
            }
            let Some(location) = &location else {
                continue;
            };
            let may_call = self.jobs.pace.allowance(1, context.now) > 0;
            if self.jobs.calls.len() >= MOST_UNDER_WAY || !may_call {
                self.known(number, context.sql)?.look_again = true;
                continue;
            }
            if !self.may_be_touched(&job, &waiting, device, None, context)? {
                continue;
            }
            let called = [(waiting.id, waiting.wave)];
            self.end_devices(number, &called, State::Running, None, context)?;
            self.jobs.pace.touched(1, context.now);
            self.call_method(&job, device, location.clone(), waiting.wave, context);
        }
        Ok(())
    }

    /// What came of a call; `false` if it is none of a job.
    pub(super) fn job_call_finished(
        &mut self,
        now: Timestamp,
        correlation: Correlation,
        outcome: &Outcome,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Result<bool, HubError> {
        let Some(call) = self.jobs.calls.remove(&correlation) else {
            return Ok(false);
        };
        let mut result = Value::Null;
        let mut error: Option<(&str, &str)> = None;
        let state = match outcome {
            Outcome::Gateway(Ok(GatewayReply::MethodResult { status, payload })) => {
                result = json!({ "status": status, "payload": payload });
                if (200..300).contains(status) && call.awaits_pattern {
                    self.jobs.awaits_patterns = true;
                    State::Running
                } else if (200..300).contains(status) {
                    State::Succeeded
                } else {
                    State::Refused
                }
            }
            Outcome::Gateway(Ok(GatewayReply::Gone)) => State::Pending,
            Outcome::Gateway(Err(refusal)) => match refusal.code {
                ErrorCode::DeviceNotOnline | ErrorCode::DeviceMaximumInflightMethodExceeded => {
                    State::Pending
                }
                ErrorCode::GatewayTimeout | ErrorCode::DeviceConnectionClosedRemotely => {
                    error = Some((refusal.code.name(), &refusal.message));
                    State::Failed
                }
                _ => State::Failed,
            },
            _ => State::Failed,
        };
        if state == State::Failed && error.is_none() {
            error = Some((
                "OutcomeUnknown",
                "The device's gateway could not be reached after it had been asked.",
            ));
        }
        // The counters of before, should they not be known yet.
        let known = self.known(call.job, sql)?;
        known.moved(call.wave, State::Running, state);
        known.look_again |= state == State::Pending;
        let parameters: [SqlValue; 8] = [
            state.name().into(),
            (state == State::Succeeded).into(),
            (!result.is_null()).then(|| result.json_text()).into(),
            error.map(|(code, text)| error_text(code, text)).into(),
            (state == State::Running).into(),
            now.milliseconds().into(),
            call.job.into(),
            call.device.as_str().into(),
        ];
        sql.execute(
            // A row that stays `running` keeps the time of the call.
            "UPDATE job_device SET status = ?, is_success = ?, outcome = ?, error = ?, \
             updated = iif(?, updated, ?) WHERE job = ? AND device_id = ? AND status = 'running'",
            &parameters,
        )?;
        if state == State::Pending
            && let Ok(device) = DeviceId::parse(&call.device)
        {
            self.call_soon(now.plus_milliseconds(AGAIN), device, effects);
        }
        Ok(true)
    }
}
