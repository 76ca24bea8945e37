//! Scheduled jobs as the hub object keeps them: definition, state and counters, never a
//! device (`service.md` §10, `device-management.md` §1).
//!
//! Devices are the shards' own; `job_driver` asks them to go on. A job that is over can be
//! seen for thirty days.

use super::{Hub, alerts, patterns};
use crate::alert::Rule;
use crate::error::{ErrorCode, HubError};
use crate::hub::effects::{Effects, Token};
use crate::ipc::alert::RaiseAlert;
use crate::ipc::audit::Cause;
use crate::ipc::hub::{HubReply, HubResult};
use crate::ipc::scheduled_job::{JobChange, JobCounts, JobKind, JobOrder, ListScheduledJobs};
use crate::json;
use crate::reading;
use crate::sql::{Row, Sql, SqlValue};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE scheduled_job (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        type TEXT NOT NULL,
        status TEXT NOT NULL,
        phase TEXT NOT NULL,
        ended INTEGER,
        document TEXT NOT NULL
    )",
    "CREATE INDEX scheduled_job_phase ON scheduled_job (phase)",
];

/// Jobs that wait for their start, or for others to end.
const MOST_WAITING: i64 = 100;

/// What the hub object does for a job now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Phase {
    /// Nothing yet.
    Waiting,
    /// Shards choose their devices.
    Choosing,
    /// Shards take failed devices back.
    Retrying,
    /// Shards touch devices.
    Running,
    /// Shards learn that no further device is touched.
    Stopping,
    /// Nothing any more.
    Over,
    /// Shards forget their devices; then the job is forgotten.
    Forgetting,
}

impl Phase {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Choosing => "choosing",
            Self::Retrying => "retrying",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Over => "over",
            Self::Forgetting => "forgetting",
        }
    }
}

/// What is known of a shard's part.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ShardPart {
    /// The shard has done what the phase asks of it.
    pub done: bool,
    /// Choosing goes on behind this device.
    pub after: Option<String>,
    /// By wave.
    pub waves: Vec<JobCounts>,
    /// Devices that a policy held until their time was over.
    #[serde(default)]
    pub expired: u64,
}

/// A job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ScheduledJob {
    pub number: u64,
    pub order: JobOrder,
    pub cause: Cause,
    /// As REST shows it.
    pub status: String,
    pub phase: Phase,
    pub created: Timestamp,
    /// When it, or its newest round, began.
    pub started: Option<Timestamp>,
    pub ended: Option<Timestamp>,
    pub failure: Option<String>,
    pub round: u32,
    /// The last wave whose devices may be touched.
    pub wave: u32,
    /// When that wave had succeeded.
    pub wave_succeeded: Option<Timestamp>,
    pub paused: bool,
    pub shards: Vec<ShardPart>,
}

impl ScheduledJob {
    /// When no device is touched any more.
    pub(super) fn deadline(&self) -> Option<Timestamp> {
        Some(self.started?.plus_seconds(self.order.lifetime))
    }

    /// Devices of all shards, of one wave or of all.
    pub(super) fn counts(&self, wave: Option<usize>) -> JobCounts {
        let mut sum = JobCounts::default();
        for shard in &self.shards {
            for (place, counts) in shard.waves.iter().enumerate() {
                if wave.is_none_or(|wave| wave == place) {
                    sum.add(counts);
                }
            }
        }
        sum
    }

    /// Devices that a policy held until their time was over.
    pub(super) fn expired(&self) -> u64 {
        self.shards.iter().map(|shard| shard.expired).sum()
    }

    /// Begins something that every shard has to do.
    pub(super) fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        for shard in &mut self.shards {
            shard.done = false;
        }
    }

    /// Touches no further device, for whatever reason.
    pub(super) fn stop(&mut self, status: &str, why: Option<String>, now: Timestamp) {
        self.status = status.to_owned();
        self.failure = why;
        self.ended = Some(now);
        let next = match self.phase {
            Phase::Waiting => Phase::Over,
            _ => Phase::Stopping,
        };
        self.enter(next);
    }

    pub(super) fn load(id: &str, sql: &dyn Sql) -> Result<Option<Self>, HubError> {
        let statement = "SELECT document FROM scheduled_job WHERE id = ?";
        let rows = sql.query(statement, &[id.into()])?;
        rows.first().map(Self::read).transpose()
    }

    pub(super) fn load_number(number: u64, sql: &dyn Sql) -> Result<Option<Self>, HubError> {
        let statement = "SELECT document FROM scheduled_job WHERE number = ?";
        let rows = sql.query(statement, &[number.into()])?;
        rows.first().map(Self::read).transpose()
    }

    /// Jobs in one of these phases, the oldest first.
    pub(super) fn in_phases(phases: &[Phase], sql: &dyn Sql) -> Result<Vec<Self>, HubError> {
        let names: Vec<String> = phases
            .iter()
            .map(|phase| format!("'{}'", phase.name()))
            .collect();
        let statement = format!(
            "SELECT document FROM scheduled_job WHERE phase IN ({}) ORDER BY number",
            names.join(", ")
        );
        sql.query(&statement, &[])?.iter().map(Self::read).collect()
    }

    pub(super) fn read(row: &Row) -> Result<Self, HubError> {
        reading::from_str(row.required_text(0)?)
            .map_err(|error| HubError::internal(format!("a stored job: {error}")))
    }

    pub(super) fn store(&self, sql: &dyn Sql) -> Result<(), HubError> {
        let text =
            serde_json::to_string(self).map_err(|error| HubError::internal(error.to_string()))?;
        let parameters: [SqlValue; 5] = [
            self.status.as_str().into(),
            self.phase.name().into(),
            self.ended.map(Timestamp::milliseconds).into(),
            text.into(),
            self.number.into(),
        ];
        sql.execute(
            "UPDATE scheduled_job SET status = ?, phase = ?, ended = ?, document = ? \
             WHERE number = ?",
            &parameters,
        )
    }

    /// As REST shows it. Devices that were taken out count as failed, so that the counters
    /// sum; how many they are is ours, as are round, wave and pause.
    pub(super) fn document(&self) -> Value {
        let sum = self.counts(None);
        let mut document = json!({
            "jobId": self.order.id,
            "queryCondition": self.order.condition,
            "createdTime": self.created,
            "startTime": self.order.start.unwrap_or(self.created),
            "maxExecutionTimeInSeconds": self.order.lifetime,
            "type": self.order.kind.name(),
            "status": self.status,
            "deviceJobStatistics": {
                "deviceCount": sum.total(),
                "failedCount": sum.failed + sum.canceled,
                "succeededCount": sum.succeeded + sum.refused,
                "runningCount": sum.running,
                "pendingCount": sum.pending,
                "canceledCount": sum.canceled,
            },
        });
        if let Value::Object(document) = &mut document {
            let body = match self.order.kind {
                JobKind::UpdateTwin => "updateTwin",
                JobKind::DeviceMethod => "cloudToDeviceMethod",
            };
            document.insert(body.to_owned(), self.order.body.clone());
            if let Some(ended) = self.ended {
                document.insert("endTime".to_owned(), json!(ended));
            }
            if let Some(failure) = &self.failure {
                document.insert("failureReason".to_owned(), json!(failure));
            }
            if self.paused {
                document.insert("paused".to_owned(), json!(true));
            }
            if let Some(reason) = &self.order.overrides {
                document.insert("override".to_owned(), json!(reason));
            }
            if self.round > 0 {
                document.insert("round".to_owned(), json!(self.round));
            }
            if let Some(rollout) = &self.order.rollout {
                let waves: Vec<Value> = rollout
                    .waves
                    .iter()
                    .enumerate()
                    .map(|(place, percent)| {
                        let counts = self.counts(Some(place));
                        json!({
                            "percent": percent,
                            "deviceCount": counts.total(),
                            "succeededCount": counts.succeeded,
                            "unsuccessfulCount": counts.refused + counts.failed,
                            "canceledCount": counts.canceled,
                        })
                    })
                    .collect();
                let progress = json!({ "wave": self.wave + 1, "waves": waves });
                document.insert("rollout".to_owned(), progress);
            }
        }
        document
    }
}

fn one(job: &ScheduledJob) -> HubResult {
    Ok(HubReply::ScheduledJobs(vec![job.document()], None))
}

fn not_found(id: &str) -> HubError {
    HubError::new(ErrorCode::JobNotFound, format!("There is no job {id}."))
}

/// Puts a job that waits for its start into storage.
fn create(
    now: Timestamp,
    mut order: JobOrder,
    shards: u16,
    cause: Option<&Cause>,
    sql: &dyn Sql,
) -> Result<ScheduledJob, HubError> {
    let id = order.id.clone();
    if ScheduledJob::load(&id, sql)?.is_some() {
        return Err(HubError::new(
            ErrorCode::JobAlreadyExists,
            format!("A job {id} already exists."),
        ));
    }
    let waiting = "SELECT count(*) FROM scheduled_job WHERE phase = 'waiting'";
    let rows = sql.query(waiting, &[])?;
    if rows.first().and_then(|row| row.integer(0)).unwrap_or(0) >= MOST_WAITING {
        return Err(HubError::new(
            ErrorCode::ThrottlingMaxActiveJobCountExceeded,
            format!("{MOST_WAITING} jobs wait for their start; cancel some or try again later."),
        ));
    }
    order.pattern = patterns::started_by(&order, sql)?;
    let mut job = ScheduledJob {
        number: 0,
        cause: Cause {
            // Whoever sees the change finds the job, and with it the request.
            request_id: format!("job:{id}"),
            ..cause.cloned().unwrap_or(Cause {
                actor: "hub".to_owned(),
                role: None,
                source: None,
                request_id: String::new(),
            })
        },
        order,
        status: "queued".to_owned(),
        phase: Phase::Waiting,
        created: now,
        started: None,
        ended: None,
        failure: None,
        round: 0,
        wave: 0,
        wave_succeeded: None,
        paused: false,
        shards: vec![ShardPart::default(); usize::from(shards)],
    };
    sql.execute(
        "INSERT INTO scheduled_job (id, type, status, phase, document) \
         VALUES (?, ?, 'queued', 'waiting', '')",
        &[id.as_str().into(), job.order.kind.name().into()],
    )?;
    let number = "SELECT number FROM scheduled_job WHERE id = ?";
    let rows = sql.query(number, &[id.as_str().into()])?;
    let number = rows.first().and_then(|row| row.integer(0)).unwrap_or(0);
    job.number = number.unsigned_abs();
    Ok(job)
}

/// Jobs that can be seen, the newest first.
pub(super) fn list(wanted: &ListScheduledJobs, sql: &dyn Sql) -> HubResult {
    let mut statement =
        "SELECT document, number FROM scheduled_job WHERE phase <> 'forgetting'".to_owned();
    let mut parameters: Vec<SqlValue> = Vec::new();
    let texts = [("type", &wanted.kind), ("status", &wanted.status)];
    for (column, text) in texts {
        if let Some(text) = text {
            statement.push_str(&format!(" AND {column} = ? COLLATE NOCASE"));
            parameters.push(text.as_str().into());
        }
    }
    if let Some(before) = wanted.before {
        statement.push_str(" AND number < ?");
        parameters.push(before.into());
    }
    statement.push_str(" ORDER BY number DESC LIMIT ?");
    parameters.push((i64::from(wanted.limit) + 1).into());
    let rows = sql.query(&statement, &parameters)?;
    let limit = usize::try_from(wanted.limit).unwrap_or(usize::MAX);
    let shown = rows.get(..limit).unwrap_or(&rows);
    let next = if rows.len() > limit {
        shown.last().and_then(|row| row.integer(1))
    } else {
        None
    };
    let jobs = shown
        .iter()
        .map(|row| ScheduledJob::read(row).map(|job| job.document()));
    Ok(HubReply::ScheduledJobs(
        jobs.collect::<Result<_, _>>()?,
        next.map(i64::unsigned_abs),
    ))
}

/// How many there are by status.
pub(super) fn count(sql: &dyn Sql) -> HubResult {
    let rows = sql.query(
        "SELECT status, count(*) FROM scheduled_job WHERE phase <> 'forgetting' \
         GROUP BY status ORDER BY status",
        &[],
    )?;
    let mut counts = serde_json::Map::new();
    for row in &rows {
        let count = row.integer(1).unwrap_or(0).unsigned_abs();
        counts.insert(row.required_text(0)?.to_owned(), Value::from(count));
    }
    Ok(HubReply::JobCounts(Value::Object(counts)))
}

/// What the record tells of a job.
pub(super) fn summary(id: &str, sql: &dyn Sql) -> Result<Value, HubError> {
    Ok(ScheduledJob::load(id, sql)?.map_or(Value::Null, |job| job.document()))
}

impl Hub {
    /// Schedules a job.
    pub(super) fn create_scheduled_job(
        &mut self,
        now: Timestamp,
        order: JobOrder,
        shards: u16,
        cause: Option<&Cause>,
        sql: &dyn Sql,
    ) -> HubResult {
        let job = create(now, order, shards, cause, sql)?;
        self.keep_job(&job, None, now, sql)?;
        if let Some(reason) = &job.order.overrides {
            let summary = format!("{} overrides maintenance policies.", job.cause.actor);
            let alert = RaiseAlert::new(Rule::OVERRIDE_USED, summary)
                .of_job(&job.order.id)
                .hint(reason);
            alerts::raise(now, &alert, sql)?;
        }
        one(&job)
    }

    /// One job. While it runs, whoever looks also has the shards asked soon.
    pub(super) fn get_scheduled_job(
        &mut self,
        now: Timestamp,
        id: &str,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> HubResult {
        let job = ScheduledJob::load(id, sql)?.ok_or_else(|| not_found(id))?;
        if !matches!(job.phase, Phase::Waiting | Phase::Over) {
            self.jobs.hurry(now, effects);
        }
        one(&job)
    }

    /// Cancels, pauses, resumes or retries a job.
    pub(super) fn change_scheduled_job(
        &mut self,
        now: Timestamp,
        token: Token,
        id: &str,
        change: JobChange,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Option<HubResult> {
        let mut job = match ScheduledJob::load(id, sql) {
            Ok(Some(job)) => job,
            Ok(None) => return Some(Err(not_found(id))),
            Err(error) => return Some(Err(error)),
        };
        let before = job.clone();
        let runs = matches!(
            job.phase,
            Phase::Choosing | Phase::Retrying | Phase::Running
        );
        // Shards have to hear of it before it is in force.
        let mut wait = false;
        match change {
            JobChange::Cancel { .. } if job.phase == Phase::Waiting => {
                job.stop("cancelled", None, now);
            }
            JobChange::Cancel { force: true } if runs => {
                job.stop("cancelled", None, now);
                wait = true;
            }
            JobChange::Pause if runs && !job.paused => {
                job.paused = true;
                wait = job.phase == Phase::Running;
                job.enter(job.phase);
            }
            JobChange::Resume if runs => {
                job.paused = false;
                job.pass_gate();
            }
            JobChange::Retry if job.phase == Phase::Over && job.started.is_some() => {
                job.round += 1;
                job.started = Some(now);
                job.ended = None;
                job.failure = None;
                job.status = "running".to_owned();
                job.paused = false;
                job.enter(Phase::Retrying);
            }
            _ => {
                return Some(Err(HubError::new(
                    ErrorCode::OperationNotAllowedInCurrentState,
                    format!("The job is {}, which does not allow this.", job.status),
                )));
            }
        }
        let kept = self.keep_job(&job, Some(before.phase), now, sql);
        let kept = kept.and_then(|()| Self::alert_of_job(&job, &before, now, sql));
        if let Err(error) = kept {
            return Some(Err(error));
        }
        self.jobs.hurry(now, effects);
        if wait {
            self.jobs.await_shards(token, job.number);
            return None;
        }
        Some(one(&job))
    }
}
