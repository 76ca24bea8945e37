//! A shard's part of scheduled jobs: which of its devices a job is about, and how far each
//! has come (`device-management.md` §1.3).
//!
//! The hub object asks for steps; a step may come twice or late and is done once. A device's
//! row says whether it was touched, in the same transaction as what was done to it, and it
//! is touched only while its row is `pending`. What is told to the hub object are counters
//! of the rows. It must never touch a device of a wave that the hub object has not opened.

use super::job_holds::{self, EXPIRED};
use super::job_patterns;
use super::job_rows::{JobRow, Known, State, error_text, wave_of};
use super::{Context, Registry};
use crate::error::{ErrorCode, HubError};
use crate::ids::DeviceId;
use crate::ipc::query::QueryScan;
use crate::ipc::registry::RegistryReply;
use crate::ipc::scheduled_job::{
    CancelJobDevice, ChooseDevices, JobCommand, JobKind, JobPart, JobStep,
};
use crate::json;
use crate::sql::Sql;
use crate::time::Timestamp;
use crate::writing::JsonText;
use serde_json::Value;

/// Devices that are chosen in one step.
const CHOSEN: u32 = 500;
/// Rows that one statement ends, takes back or forgets.
const BULK: i64 = 2_000;
/// What `wave` says while no device may be touched: not yet, not for now, not any more in
/// this round.
const NOT_BEGUN: i64 = -1;
const RESTS: i64 = -2;
const STOPPED: i64 = -3;
/// The code and the text of devices that were not reached in time.
const NOT_REACHED: (&str, &str) = (
    "JobRunPreconditionFailed",
    "The job did not start within specified period: either device did not come online or \
     invalid endTime specified.",
);

impl Registry {
    /// Does a step and tells how the job stands.
    pub(super) fn step_job(
        &mut self,
        step: JobStep,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let number = step.number;
        if let Some(places) = &step.places {
            self.take_places(number, places, context)?;
        }
        let job = JobRow::load(context.sql, number)?;
        let mut part = JobPart::default();
        match (step.command, job) {
            (JobCommand::Choose(choose), job) => {
                if job.as_ref().is_none_or(|job| !job.is_chosen) {
                    part.after = self.choose(number, job.is_none(), *choose, context)?;
                    part.more = part.after.is_some();
                }
            }
            (_, None) => {
                self.tell_of_places(number, step.places.as_deref(), &mut part, context)?;
                return Ok(RegistryReply::JobPart(Box::new(part)));
            }
            (JobCommand::Forget, Some(_)) => part.more = self.forget(number, context)?,
            (JobCommand::Retry(now), Some(job)) if step.round >= job.round => {
                part.more = self.retry(&job, step.round, now, context)?;
            }
            // Late, of a round that is over.
            (_, Some(job)) if step.round < job.round => {}
            (JobCommand::Run(wave), Some(mut job)) => {
                part.more = self.run(&mut job, wave, context)?;
                part.more |= self.settle_patterns(&job, None, false, context)?;
            }
            (JobCommand::Stop, Some(job)) => {
                part.more = self.end_pending(&job, State::Canceled, None, context)?;
                part.more |= self.settle_patterns(&job, None, true, context)?;
            }
            (JobCommand::Expire, Some(job)) => {
                part.more = self.end_pending(&job, State::Failed, Some(NOT_REACHED), context)?;
                part.more |= self.settle_patterns(&job, None, true, context)?;
            }
            (JobCommand::Retry(_), Some(_)) => {}
        }
        self.tell_of_places(number, step.places.as_deref(), &mut part, context)?;
        let known = self.known(number, context.sql)?;
        part.waves.clone_from(&known.waves);
        part.expired = known.expired;
        part.look_at = [known.look_at, known.paced_until]
            .into_iter()
            .flatten()
            .min();
        let idle = part
            .waves
            .iter()
            .all(|wave| wave.pending + wave.running == 0);
        if idle && !part.more {
            context.sql.execute(
                "UPDATE job SET is_open = 0 WHERE number = ? AND is_open = 1 AND is_chosen = 1",
                &[number.into()],
            )?;
            // Twins that change concern nobody any more, unless another job holds some.
            self.jobs.holds_devices = job_holds::are_there(context.sql)?;
            self.jobs.awaits_patterns = job_patterns::are_awaited(context.sql)?;
        }
        Ok(RegistryReply::JobPart(Box::new(part)))
    }

    /// What is remembered of a job, or read from its rows.
    pub(super) fn known(&mut self, number: u64, sql: &dyn Sql) -> Result<&mut Known, HubError> {
        let is_known = self.jobs.known.contains_key(&number);
        if is_known {
            return Ok(self.jobs.known.or_default(number));
        }
        let mut known = Known::default();
        let rows = sql.query(
            "SELECT wave, status, is_success, count(*), total(error ->> 'code' = ?) \
             FROM job_device WHERE job = ? GROUP BY wave, status, is_success",
            &[EXPIRED.0.into(), number.into()],
        )?;
        for row in rows {
            let wave = usize::try_from(row.integer(0).unwrap_or(0)).unwrap_or(0);
            let state = State::of(row.required_text(1)?, row.integer(2) == Some(1));
            if let Some(count) = known.place(wave, state) {
                *count += row.integer(3).unwrap_or(0).unsigned_abs();
            }
            known.expired += row.integer(4).unwrap_or(0).unsigned_abs();
        }
        Ok(self.jobs.known.or_insert_with(number, || known))
    }

    /// Chooses some devices more; behind which one it goes on.
    fn choose(
        &mut self,
        number: u64,
        is_new: bool,
        mut choose: ChooseDevices,
        context: &mut Context<'_>,
    ) -> Result<Option<String>, HubError> {
        let after = choose.after.take();
        if is_new {
            let document = serde_json::to_string(&choose)
                .map_err(|error| HubError::internal(error.to_string()))?;
            let deadline = choose.started.plus_seconds(choose.order.lifetime);
            context.sql.execute(
                "INSERT INTO job (number, id, type, started, deadline, document) \
                 VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET \
                 number = excluded.number, type = excluded.type, round = 0, is_chosen = 0, \
                 is_open = 1, wave = -1, started = excluded.started, \
                 deadline = excluded.deadline, document = excluded.document",
                &[
                    number.into(),
                    choose.order.id.as_str().into(),
                    choose.order.kind.name().into(),
                    choose.started.milliseconds().into(),
                    deadline.milliseconds().into(),
                    document.into(),
                ],
            )?;
        }
        let condition = match choose.order.condition.as_str() {
            "*" => String::new(),
            text => format!(" WHERE {text}"),
        };
        let key = |device| crate::query::DocumentKey {
            device,
            module: String::new(),
        };
        let scan = QueryScan {
            text: format!("SELECT deviceId FROM devices{condition}"),
            after: after.map(key),
            limit: CHOSEN,
            ..QueryScan::default()
        };
        let RegistryReply::QueryPart(found) = self.scan(&scan, context)? else {
            return Err(HubError::internal("a scan found no part of a query"));
        };
        let rows: Vec<Value> = found
            .items
            .iter()
            .map(|item| {
                let device = &item.place.key.device;
                json!([device, wave_of(&choose.order, device)])
            })
            .collect();
        let now = context.now.milliseconds();
        context.sql.execute(
            "INSERT INTO job_device (job, device_id, wave, status, created, updated) \
             SELECT ?, json_extract(value, '$[0]'), json_extract(value, '$[1]'), 'pending', ?, ? \
             FROM json_each(?) WHERE 1 ON CONFLICT DO NOTHING",
            &[
                number.into(),
                now.into(),
                now.into(),
                Value::Array(rows).json_text().into(),
            ],
        )?;
        self.jobs.known.remove(&number);
        let next = found.scanned_to.map(|key| key.device);
        if next.is_none() {
            context.sql.execute(
                "UPDATE job SET is_chosen = 1 WHERE number = ?",
                &[number.into()],
            )?;
            self.jobs.awaits_devices |= choose.order.kind == JobKind::DeviceMethod;
        }
        Ok(next)
    }

    /// Goes on with devices of waves up to this one; whether there is more to do at once.
    fn run(
        &mut self,
        job: &mut JobRow,
        wave: Option<u32>,
        context: &mut Context<'_>,
    ) -> Result<bool, HubError> {
        // Late: what was stopped goes on with a retry only.
        if job.wave == STOPPED {
            return Ok(false);
        }
        let wave = wave.map_or(RESTS, i64::from);
        let known = self.known(job.number, context.sql)?;
        if wave != job.wave {
            known.look_again = true;
            context.sql.execute(
                "UPDATE job SET wave = ? WHERE number = ?",
                &[wave.into(), job.number.into()],
            )?;
            job.wave = wave;
        }
        if std::mem::take(&mut known.look_again) {
            known.scanned_to.clear();
            known.is_scanned = false;
            known.look_at = None;
        }
        if wave < 0 || !job.is_chosen || known.is_scanned || job.deadline <= context.now {
            return Ok(false);
        }
        known.paced_until = None;
        let most = self.jobs.pace.allowance(u32::MAX, context.now);
        if most == 0 {
            let next = self.jobs.pace.next(context.now);
            self.known(job.number, context.sql)?.paced_until = Some(next);
            return Ok(false);
        }
        match job.chosen.order.kind {
            JobKind::UpdateTwin => self.update_twins(job, most, context)?,
            JobKind::DeviceMethod => self.call_methods(job, most, context)?,
        }
        Ok(!self.known(job.number, context.sql)?.is_scanned)
    }

    /// Ends devices that wait, and lets none be touched any more; whether some are left.
    fn end_pending(
        &mut self,
        job: &JobRow,
        state: State,
        error: Option<(&str, &str)>,
        context: &mut Context<'_>,
    ) -> Result<bool, HubError> {
        let sql = context.sql;
        if job.wave != STOPPED {
            let close = "UPDATE job SET wave = ? WHERE number = ?";
            sql.execute(close, &[STOPPED.into(), job.number.into()])?;
        }
        sql.execute(
            "UPDATE job SET is_chosen = 1 WHERE number = ? AND is_chosen = 0",
            &[job.number.into()],
        )?;
        sql.execute(
            "UPDATE job_device SET status = ?, error = iif(hold IS NULL, ?, ?), updated = ? \
             WHERE job = ? AND device_id \
             IN (SELECT device_id FROM job_device WHERE job = ? AND status = 'pending' LIMIT ?)",
            &[
                state.name().into(),
                error.map(|(code, text)| error_text(code, text)).into(),
                error.map(|_| error_text(EXPIRED.0, EXPIRED.1)).into(),
                context.now.milliseconds().into(),
                job.number.into(),
                job.number.into(),
                BULK.into(),
            ],
        )?;
        self.jobs.known.remove(&job.number);
        let known = self.known(job.number, sql)?;
        Ok(known.waves.iter().any(|wave| wave.pending > 0))
    }

    /// Takes back devices that failed, or whose method answered with another status than
    /// 2xx; those that were canceled stay out. Whether some are left.
    fn retry(
        &mut self,
        job: &JobRow,
        round: u32,
        now: Timestamp,
        context: &mut Context<'_>,
    ) -> Result<bool, HubError> {
        let sql = context.sql;
        if round > job.round {
            // Until the hub object opens a wave again, no device is touched.
            let deadline = now.plus_seconds(job.chosen.order.lifetime);
            sql.execute(
                "UPDATE job SET round = ?, wave = ?, is_open = 1, started = ?, deadline = ? \
                 WHERE number = ?",
                &[
                    i64::from(round).into(),
                    NOT_BEGUN.into(),
                    now.milliseconds().into(),
                    deadline.milliseconds().into(),
                    job.number.into(),
                ],
            )?;
        } else if job.wave != NOT_BEGUN {
            // Late: this round runs already.
            return Ok(false);
        }
        let is_left = "status = 'failed' OR status = 'completed' AND is_success = 0";
        sql.execute(
            &format!(
                "UPDATE job_device SET status = 'pending', error = NULL, outcome = NULL, hold = NULL, \
                 updated = ? WHERE job = ? AND device_id IN (SELECT device_id FROM job_device \
                 WHERE job = ? AND ({is_left}) LIMIT ?)"
            ),
            &[
                context.now.milliseconds().into(),
                job.number.into(),
                job.number.into(),
                BULK.into(),
            ],
        )?;
        self.jobs.known.remove(&job.number);
        self.jobs.awaits_devices |= job.chosen.order.kind == JobKind::DeviceMethod;
        let known = self.known(job.number, sql)?;
        Ok(known
            .waves
            .iter()
            .any(|wave| wave.failed + wave.refused > 0))
    }

    /// Forgets some devices, and the job with the last of them; whether some are left.
    fn forget(&mut self, number: u64, context: &mut Context<'_>) -> Result<bool, HubError> {
        let sql = context.sql;
        sql.execute(
            "DELETE FROM job_device WHERE job = ? AND device_id IN \
             (SELECT device_id FROM job_device WHERE job = ? LIMIT ?)",
            &[number.into(), number.into(), BULK.into()],
        )?;
        self.jobs.known.remove(&number);
        let left = "SELECT 1 FROM job_device WHERE job = ? LIMIT 1";
        if !sql.query(left, &[number.into()])?.is_empty() {
            return Ok(true);
        }
        sql.execute("DELETE FROM job WHERE number = ?", &[number.into()])?;
        Ok(false)
    }

    /// Takes a device out of a job, if it was not touched yet.
    pub(super) fn cancel_job_device(
        &mut self,
        cancel: &CancelJobDevice,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let rows = context.sql.query(
            "SELECT job.number, job_device.wave, job_device.status FROM job JOIN job_device \
             ON job_device.job = job.number WHERE job.id = ? AND job_device.device_id = ?",
            &[cancel.job.as_str().into(), cancel.device.as_str().into()],
        )?;
        let Some(row) = rows.first() else {
            return Err(HubError::new(
                ErrorCode::JobNotFound,
                format!("No job {} is about {}.", cancel.job, cancel.device),
            ));
        };
        if row.required_text(2)? != "pending" {
            return Err(HubError::new(
                ErrorCode::OperationNotAllowedInCurrentState,
                format!("The device's part is {}.", row.required_text(2)?),
            ));
        }
        let number = row.integer(0).unwrap_or(0).unsigned_abs();
        let wave = usize::try_from(row.integer(1).unwrap_or(0)).unwrap_or(0);
        let device = cancel.device.as_str();
        self.end_devices(
            number,
            &[(device.to_owned(), wave)],
            State::Canceled,
            None,
            context,
        )?;
        context.record(|| crate::ipc::audit::AuditEntry {
            action: "cancelJobDevice".to_owned(),
            target: Some(crate::ids::Identity::device(cancel.device.clone())),
            result: super::record::OK.to_owned(),
            before: Value::Null,
            after: json!({ "jobId": cancel.job }),
        });
        Ok(RegistryReply::Done)
    }

    /// Moves pending rows of devices to another state, all with one statement.
    pub(super) fn end_devices(
        &mut self,
        number: u64,
        devices: &[(String, usize)],
        state: State,
        error: Option<(&str, &str)>,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        if devices.is_empty() {
            return Ok(());
        }
        let known = self.known(number, context.sql)?;
        for (_, wave) in devices {
            known.moved(*wave, State::Pending, state);
        }
        if error.is_some_and(|(code, _)| code == EXPIRED.0) {
            known.expired += devices.len() as u64;
        }
        let ids: Vec<Value> = devices.iter().map(|(id, _)| json!(id)).collect();
        context.sql.execute(
            "UPDATE job_device SET status = ?, is_success = ?, error = ?, updated = ? \
             WHERE job = ? AND device_id IN (SELECT value FROM json_each(?)) \
             AND status = 'pending'",
            &[
                state.name().into(),
                (state == State::Succeeded).into(),
                error.map(|(code, text)| error_text(code, text)).into(),
                context.now.milliseconds().into(),
                number.into(),
                Value::Array(ids).json_text().into(),
            ],
        )
    }

    /// A device goes: open jobs do not wait for it.
    pub(super) fn leave_jobs(
        &mut self,
        device: &DeviceId,
        state: State,
        error: Option<(&str, &str)>,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let rows = context.sql.query(
            "SELECT job.number, job_device.wave FROM job JOIN job_device \
             ON job_device.job = job.number \
             WHERE job.is_open = 1 AND job_device.device_id = ? AND job_device.status = 'pending'",
            &[device.as_str().into()],
        )?;
        for row in rows {
            let number = row.integer(0).unwrap_or(0).unsigned_abs();
            let wave = usize::try_from(row.integer(1).unwrap_or(0)).unwrap_or(0);
            let devices = [(device.as_str().to_owned(), wave)];
            self.end_devices(number, &devices, state, error, context)?;
        }
        Ok(())
    }
}
