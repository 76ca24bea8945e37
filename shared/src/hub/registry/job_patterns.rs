//! How far devices are with what a job has started on them, as its pattern says
//! (`device-management.md` §3, §4.6).
//!
//! In a rollout a device whose step starts a pattern stays `running` after it was touched,
//! until its reports say that it has succeeded or failed, or it has said nothing for as long
//! as the pattern takes.

use super::configurations::load_whole;
use super::job_rows::{JobRow, State, error_text};
use super::{Context, Registry};
use crate::error::HubError;
use crate::ids::{DeviceId, Identity};
use crate::ipc::scheduled_job::JobKind;
use crate::pattern::standing::{Facts, Standing, standing};
use crate::pattern::{self, Pattern, Phase, Trigger, builtin};
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::Value;

/// Devices that one step looks at.
const STEP: usize = 200;
/// Rows that wait for a pattern: the method has answered, or the twin is written.
const AWAITING: &str = "job_device.status = 'running' AND \
    (job_device.outcome IS NOT NULL OR job.type = 'scheduleUpdateTwin')";

/// How far a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    AtWork,
    Succeeded,
    Failed,
    /// It has said nothing, or stays where it is, for longer than the pattern takes.
    Silent,
}

/// Whether some row waits for a pattern.
pub(super) fn are_awaited(sql: &dyn Sql) -> Result<bool, HubError> {
    let awaited = format!(
        "SELECT 1 FROM job JOIN job_device ON job_device.job = job.number \
         WHERE job.is_open = 1 AND {AWAITING} LIMIT 1"
    );
    Ok(!sql.query(&awaited, &[])?.is_empty())
}

/// How far a device is that was touched at a time.
pub(super) fn progress(
    pattern: &Value,
    device: &str,
    touched: Timestamp,
    context: &Context<'_>,
) -> Result<Progress, HubError> {
    // What cannot be read says nothing; what is gone does nothing.
    let (Ok(pattern), Ok(device)) = (pattern::check::read(pattern), DeviceId::parse(device)) else {
        return Ok(Progress::Succeeded);
    };
    let Some((row, _, twin)) = load_whole(context.sql, &Identity::device(device))? else {
        return Ok(Progress::Failed);
    };
    let connected_since = row.gateway.and(row.state_updated);
    let now = context.now;
    Ok(read(&pattern, &twin, touched, connected_since, now))
}

/// How far a device is with a pattern, from its document.
pub(super) fn standing_of(
    pattern: &Pattern,
    twin: &Value,
    called: Option<Timestamp>,
    connected_since: Option<Timestamp>,
    now: Timestamp,
) -> Standing {
    let at = |section: &str, names: &[&str]| {
        let section = twin.pointer(&format!("/properties/{section}"));
        let metadata = section.and_then(|section| section.get("$metadata"));
        let down = |root: Option<&Value>| {
            let found = names
                .iter()
                .try_fold(root?, |value, name| value.get(name))?;
            Some(found.clone())
        };
        (
            down(section).unwrap_or_default(),
            down(metadata).unwrap_or_default(),
        )
    };
    let (area, area_times) = at("reported", &pattern.status_place().0);
    let (desired, desired_times) = match &pattern.trigger {
        Trigger::Desired { path, .. } => at("desired", &path.split('.').collect::<Vec<_>>()),
        Trigger::Method(_) => (Value::Null, Value::Null),
    };
    let facts = Facts {
        area: &area,
        area_times: &area_times,
        desired: &desired,
        desired_times: &desired_times,
        connected_since,
        called,
    };
    standing(pattern, &facts, now)
}

/// Whether a device reports that it is in the middle of a built-in pattern that puts it out of
/// service, and not for too long.
pub(super) fn is_disrupted(
    twin: &Value,
    connected_since: Option<Timestamp>,
    now: Timestamp,
) -> bool {
    let patterns = builtin::IDS.iter().filter_map(|id| builtin::pattern(id));
    patterns
        .filter(|pattern| pattern.disruptive)
        .any(|pattern| {
            let standing = standing_of(&pattern, twin, None, connected_since, now);
            standing.phase.is_in_progress() && !standing.stalled
        })
}

fn read(
    pattern: &Pattern,
    twin: &Value,
    touched: Timestamp,
    connected_since: Option<Timestamp>,
    now: Timestamp,
) -> Progress {
    let standing = standing_of(pattern, twin, Some(touched), connected_since, now);
    if standing.phase.is_in_progress() {
        return if standing.stalled {
            Progress::Silent
        } else {
            Progress::AtWork
        };
    }
    // The same shard stored both: how an earlier run ended says nothing about this one.
    let is_news = standing.since.is_some_and(|since| since >= touched);
    match standing.phase {
        Phase::Succeeded if is_news => return Progress::Succeeded,
        Phase::Failed if is_news => return Progress::Failed,
        _ => {}
    }
    // Not begun, as far as it says: it gets the time that the pattern has.
    let timeout = i64::try_from(pattern.timeout_seconds).unwrap_or(i64::MAX);
    if touched.plus_seconds(timeout) > now {
        Progress::AtWork
    } else {
        Progress::Silent
    }
}

impl Registry {
    /// Ends rows of devices whose pattern has ended, of one device or of the next ones; at the
    /// end of a job (`is_last`) all of them. Whether there are more.
    pub(super) fn settle_patterns(
        &mut self,
        job: &JobRow,
        device: Option<&str>,
        is_last: bool,
        context: &mut Context<'_>,
    ) -> Result<bool, HubError> {
        let order = &job.chosen.order;
        let Some(pattern) = order.pattern.as_ref().filter(|_| order.awaits_pattern()) else {
            return Ok(false);
        };
        let after = match device {
            None if !is_last => self.known(job.number, context.sql)?.settled_to.clone(),
            _ => String::new(),
        };
        let statement = format!(
            "SELECT job_device.device_id, job_device.wave, job_device.updated \
             FROM job JOIN job_device ON job_device.job = job.number \
             WHERE job.number = ? AND {AWAITING} AND job_device.device_id > ? \
             AND job_device.device_id = coalesce(?, job_device.device_id) \
             ORDER BY job_device.device_id LIMIT ?"
        );
        let rows = context.sql.query(
            &statement,
            &[
                job.number.into(),
                after.into(),
                device.map(str::to_owned).into(),
                (STEP as u64).into(),
            ],
        )?;
        let mut last = String::new();
        for row in &rows {
            let id = row.required_text(0)?;
            last = id.to_owned();
            let wave = usize::try_from(row.integer(1).unwrap_or(0)).unwrap_or(0);
            let touched = Timestamp::from_milliseconds(row.integer(2).unwrap_or(0));
            let (state, error) = match progress(pattern, id, touched, context)? {
                Progress::Succeeded => (State::Succeeded, None),
                Progress::Failed => (
                    State::Refused,
                    Some(("PatternFailed", "The device reports that it has failed.")),
                ),
                Progress::Silent => (
                    State::Failed,
                    Some((
                        "PatternTimedOut",
                        "The device has not reported its end within the time of the pattern.",
                    )),
                ),
                Progress::AtWork if is_last => (
                    State::Refused,
                    Some((
                        "PatternNotFinished",
                        "The job was over before the device reported its end.",
                    )),
                ),
                Progress::AtWork => continue,
            };
            context.sql.execute(
                "UPDATE job_device SET status = ?, is_success = ?, error = ?, updated = ? \
                 WHERE job = ? AND device_id = ? AND status = 'running'",
                &[
                    state.name().into(),
                    (state == State::Succeeded).into(),
                    error.map(|(code, text)| error_text(code, text)).into(),
                    context.now.milliseconds().into(),
                    job.number.into(),
                    id.into(),
                ],
            )?;
            self.known(job.number, context.sql)?
                .moved(wave, State::Running, state);
        }
        let is_full = rows.len() >= STEP;
        if device.is_none() && !is_last {
            let next = if is_full { last } else { String::new() };
            self.known(job.number, context.sql)?.settled_to = next;
        }
        Ok(is_full)
    }

    /// A device has reported: its parts of jobs may have ended.
    pub(super) fn settle_device(
        &mut self,
        device: &str,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        if !self.jobs.awaits_patterns {
            return Ok(());
        }
        let statement = format!(
            "SELECT job.number FROM job JOIN job_device ON job_device.job = job.number \
             WHERE job.is_open = 1 AND job_device.device_id = ? AND {AWAITING}"
        );
        for row in context.sql.query(&statement, &[device.into()])? {
            let number = row.integer(0).unwrap_or(0).unsigned_abs();
            if let Some(job) = JobRow::load(context.sql, number)? {
                self.settle_patterns(&job, Some(device), false, context)?;
            }
        }
        Ok(())
    }
}

/// What becomes of a device's row when it was touched, or has answered well.
pub(super) fn touched_state(job: &JobRow) -> State {
    match job.chosen.order.kind {
        JobKind::UpdateTwin if job.chosen.order.awaits_pattern() => State::Running,
        _ => State::Succeeded,
    }
}
