//! Drives scheduled jobs: asks every shard for its next step, and waits for all of them
//! before it asks again.
//!
//! A round of calls is all that is under way, and nothing of it has to survive: a shard does
//! a step that comes twice once, and the alarm finds what was lost. Between two rounds there
//! is a pause, so that everybody else in the process gets their turn. It must never be needed
//! for a device's own requests.

use super::Hub;
use super::scheduled_jobs::{Phase, ScheduledJob};
use crate::error::HubError;
use crate::hub::effects::{Call, Correlation, Effects, Outcome, Outgoing, Token};
use crate::ipc::Address;
use crate::ipc::hub::{HubReply, HubResult};
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::ipc::scheduled_job::{ChooseDevices, JobCommand, JobStep};
use crate::ordered::{OrderedMap, OrderedSet};
use crate::query::parse_condition;
use crate::sql::Sql;
use crate::time::Timestamp;

/// Jobs that run at a time.
const MOST_RUNNING: usize = 10;
/// How long a job that is over can be seen.
const HISTORY_SECONDS: i64 = 30 * 24 * 3600;
/// Between two rounds while there is something to do at once.
const SHORTEST_PAUSE: i64 = 5;
const LONGEST_PAUSE: i64 = 250;
/// Between two rounds while shards wait for devices: doubled as long as nothing happens.
const FIRST_WAIT: i64 = 200;
const LONGEST_WAIT: i64 = 30_000;
/// A longer wait is left to the alarm, so that the object may sleep.
const LONG_WAIT: i64 = 5_000;
/// A round takes less; if nothing is heard of it for so long, it is lost.
const LOST_ROUND_SECONDS: i64 = 15;
/// Rounds that somebody waits for shards to hear of a stop.
const MOST_ROUNDS_AWAITED: u64 = 20;

/// Phases in which shards have something to do.
const LIVE: [Phase; 5] = [
    Phase::Choosing,
    Phase::Retrying,
    Phase::Running,
    Phase::Stopping,
    Phase::Forgetting,
];

/// The rounds of a life of the hub object.
#[derive(Debug, Default)]
pub(super) struct JobDriver {
    /// Calls under way: of which job, to which shard, in which phase.
    calls: OrderedMap<Correlation, (u64, u16, Phase)>,
    /// Jobs of which a shard could not be reached in this round.
    missed: Vec<u64>,
    began: Option<Timestamp>,
    /// A shard of this round has more to do at once, or something changed.
    more: bool,
    changed: bool,
    /// When a device that a policy holds may go on.
    look_at: Option<Timestamp>,
    /// Somebody looked, or changed a job, while a round was under way.
    hurried: bool,
    wait: i64,
    /// When the next round is due.
    due: Option<Timestamp>,
    /// How many rounds have begun.
    rounds: u64,
    /// Callers that wait for all shards of a job to hear of its end or pause, and how many
    /// rounds had begun when they asked: only what begins later tells shards of it.
    awaited: Vec<(Token, u64, u64)>,
}

impl JobDriver {
    /// Has the next round begin at once.
    pub(super) fn hurry(&mut self, now: Timestamp, effects: &mut Effects<HubResult>) {
        self.wait = 0;
        if self.calls.is_empty() {
            self.plan(now, now, effects);
        } else {
            self.hurried = true;
        }
    }

    pub(super) fn await_shards(&mut self, token: Token, job: u64) {
        self.awaited.push((token, job, self.rounds));
    }

    /// Short pauses cost no write: their alarm is the one that finds lost rounds.
    fn plan(&mut self, now: Timestamp, at: Timestamp, effects: &mut Effects<HubResult>) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
        if at < now.plus_milliseconds(LONG_WAIT) {
            effects.wake_at(at);
            effects.alarm_at(now.plus_seconds(LOST_ROUND_SECONDS));
        } else {
            effects.alarm_at(at);
        }
    }
}

impl Hub {
    /// Begins a round, unless one is under way or none is due.
    pub(super) fn drive_jobs(
        &mut self,
        now: Timestamp,
        is_due: bool,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        let lost = |began: Timestamp| began.plus_seconds(LOST_ROUND_SECONDS) <= now;
        if !self.jobs.calls.is_empty() && !self.jobs.began.is_some_and(lost) {
            return Ok(());
        }
        if !is_due && self.jobs.due.is_none_or(|due| due > now) {
            return Ok(());
        }
        self.jobs.calls.clear();
        self.jobs.due = None;
        if self.settings.is_none() {
            return Ok(());
        }
        let awaits = self.begin_waiting(now, sql)?;
        if let Some(at) = awaits {
            effects.alarm_at(at);
        }
        self.begin_forgetting(now, sql)?;
        let live = ScheduledJob::in_phases(&LIVE, sql)?;
        // Places are told of once a round to each shard.
        let mut told = OrderedSet::new();
        if !live.is_empty() {
            self.begin_places(sql)?;
        }
        for job in &live {
            for (shard, part) in (0_u16..).zip(&job.shards) {
                // What comes of methods under way concerns every phase but the first.
                if part.done
                    && matches!(
                        job.phase,
                        Phase::Choosing | Phase::Retrying | Phase::Forgetting
                    )
                {
                    continue;
                }
                let command = job.command(usize::from(shard), now);
                let places = self.places_for(job, shard, told.insert(shard));
                self.correlations += 1;
                self.jobs
                    .calls
                    .insert(self.correlations, (job.number, shard, job.phase));
                effects.calls.push(Call {
                    to: Address::Registry(shard),
                    request: Outgoing::Registry(RegistryRequest::StepJob(Box::new(JobStep {
                        number: job.number,
                        round: job.round,
                        command,
                        places,
                    }))),
                    correlation: self.correlations,
                });
            }
        }
        if !self.jobs.calls.is_empty() {
            self.jobs.rounds += 1;
            self.jobs.began = Some(now);
            self.jobs.missed.clear();
            self.jobs.more = false;
            self.jobs.look_at = None;
            self.jobs.changed = false;
            // Should this object die before the answers come, the alarm begins again.
            effects.alarm_at(now.plus_seconds(LOST_ROUND_SECONDS));
        }
        Ok(())
    }

    /// Starts jobs whose time has come; when the next one is due.
    fn begin_waiting(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
    ) -> Result<Option<Timestamp>, HubError> {
        let running = [Phase::Choosing, Phase::Retrying, Phase::Running];
        let mut running = ScheduledJob::in_phases(&running, sql)?.len();
        let mut next: Option<Timestamp> = None;
        for mut job in ScheduledJob::in_phases(&[Phase::Waiting], sql)? {
            let start = job.order.start.unwrap_or(job.created);
            if start > now {
                next = Some(next.map_or(start, |next| next.min(start)));
                if job.status == "queued" {
                    job.status = "scheduled".to_owned();
                    job.store(sql)?;
                }
                continue;
            }
            if running >= MOST_RUNNING {
                continue;
            }
            // An illegal condition fails the job, not the request that made it.
            let condition = match job.order.condition.as_str() {
                "*" => Ok(()),
                text => parse_condition(text).map(|_| ()),
            };
            match condition {
                Ok(()) => {
                    running += 1;
                    job.status = "running".to_owned();
                    job.started = Some(now);
                    job.enter(Phase::Choosing);
                }
                Err(error) => {
                    job.stop("failed", Some(HubError::from(error).message), now);
                }
            }
            self.keep_job(&job, Some(Phase::Waiting), now, sql)?;
        }
        Ok(next)
    }

    fn begin_forgetting(&self, now: Timestamp, sql: &dyn Sql) -> Result<(), HubError> {
        let oldest = now.plus_seconds(-HISTORY_SECONDS).milliseconds();
        let statement = "SELECT document FROM scheduled_job \
             WHERE phase = 'over' AND ended < ? LIMIT 10";
        for row in sql.query(statement, &[oldest.into()])? {
            let mut job = ScheduledJob::read(&row)?;
            job.enter(Phase::Forgetting);
            job.store(sql)?;
        }
        Ok(())
    }

    /// The outcome of a call of a round; `false` if it is none of them.
    pub(super) fn job_stepped(
        &mut self,
        now: Timestamp,
        correlation: Correlation,
        outcome: &Outcome,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<bool, HubError> {
        let Some((number, shard, phase)) = self.jobs.calls.remove(&correlation) else {
            return Ok(false);
        };
        if let Outcome::Registry(Ok(RegistryReply::JobPart(answer))) = outcome
            && let Some(mut job) = ScheduledJob::load_number(number, sql)?
        {
            self.jobs.more |= answer.more;
            self.hear_of_places(number, shard, answer, now, sql)?;
            let look_at = [self.jobs.look_at, answer.look_at];
            self.jobs.look_at = look_at.into_iter().flatten().min();
            let before = job.clone();
            if let Some(part) = job.shards.get_mut(usize::from(shard)) {
                part.waves.clone_from(&answer.waves);
                part.expired = answer.expired;
                part.after.clone_from(&answer.after);
                // What an earlier phase asked for says nothing about this one.
                part.done |= !answer.more && job.phase == phase;
            }
            if job != before {
                self.jobs.changed |= job.counts(None) != before.counts(None);
                job.store(sql)?;
                Self::alert_of_holds(&job, &before, now, sql)?;
            }
        } else {
            self.jobs.missed.push(number);
        }
        if self.jobs.calls.is_empty() {
            self.end_round(now, sql, effects)?;
        }
        Ok(true)
    }

    /// All shards have answered, or could not.
    fn end_round(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        let mut next: Option<Timestamp> = None;
        let mut earliest = |at: Option<Timestamp>| {
            if let Some(at) = at {
                next = Some(next.map_or(at, |next| next.min(at)));
            }
        };
        earliest(self.jobs.look_at);
        self.jobs.more |= self.give_places(now, sql)?;
        let mut ended = false;
        let mut goes_on = false;
        for mut job in ScheduledJob::in_phases(&LIVE, sql)? {
            let before = job.clone();
            let all = job.shards.iter().all(|part| part.done);
            match job.phase {
                Phase::Choosing | Phase::Retrying if all => job.enter(Phase::Running),
                Phase::Running => job.judge(now),
                Phase::Stopping if all && job.counts(None).running == 0 => job.phase = Phase::Over,
                Phase::Forgetting if all => {
                    sql.execute(
                        "DELETE FROM scheduled_job WHERE number = ?",
                        &[job.number.into()],
                    )?;
                    continue;
                }
                _ => {}
            }
            // Another phase, or another wave: there is something to do at once.
            let moved = (job.phase, job.wave) != (before.phase, before.wave);
            self.jobs.more |= moved;
            if job != before {
                self.keep_job(&job, Some(before.phase), now, sql)?;
                Self::alert_of_job(&job, &before, now, sql)?;
            }
            ended |= job.phase == Phase::Over;
            goes_on |= job.phase != Phase::Over;
            if job.phase == Phase::Running {
                earliest(job.deadline().filter(|deadline| *deadline > now));
                earliest(job.next_wave_at());
            }
            self.answer_awaiting(&job, effects);
        }
        // A job that ended makes room for one that waits.
        if goes_on || ended {
            let took = self.jobs.began.map_or(0, |began| {
                now.milliseconds().saturating_sub(began.milliseconds())
            });
            let pause = if self.jobs.more || self.jobs.hurried || !goes_on {
                self.jobs.wait = 0;
                (took / 4).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
            } else {
                let longer = if self.jobs.changed {
                    FIRST_WAIT
                } else {
                    (self.jobs.wait * 2).clamp(FIRST_WAIT, LONGEST_WAIT)
                };
                self.jobs.wait = longer;
                longer
            };
            self.jobs.hurried = false;
            let at = now.plus_milliseconds(pause);
            self.jobs
                .plan(now, next.map_or(at, |next| next.max(now).min(at)), effects);
        }
        Ok(())
    }

    fn answer_awaiting(&mut self, job: &ScheduledJob, effects: &mut Effects<HubResult>) {
        let all =
            job.shards.iter().all(|part| part.done) && !self.jobs.missed.contains(&job.number);
        let mut still = Vec::new();
        for (token, number, since) in std::mem::take(&mut self.jobs.awaited) {
            let heard = self.jobs.rounds.saturating_sub(since);
            let is_answered =
                job.phase == Phase::Over || (heard > 0 && all) || heard >= MOST_ROUNDS_AWAITED;
            if number == job.number && is_answered {
                let reply = HubReply::ScheduledJobs(vec![job.document()], None);
                effects.replies.push((token, Ok(reply)));
            } else {
                still.push((token, number, since));
            }
        }
        self.jobs.awaited = still;
    }
}

impl ScheduledJob {
    /// What a shard has to do next.
    fn command(&self, shard: usize, now: Timestamp) -> JobCommand {
        match self.phase {
            Phase::Choosing => JobCommand::Choose(Box::new(ChooseDevices {
                order: self.order.clone(),
                started: self.started.unwrap_or(now),
                cause: self.cause.clone(),
                after: self.shards.get(shard).and_then(|part| part.after.clone()),
            })),
            Phase::Retrying => JobCommand::Retry(self.started.unwrap_or(now)),
            Phase::Forgetting => JobCommand::Forget,
            Phase::Running if self.deadline().is_some_and(|deadline| deadline <= now) => {
                JobCommand::Expire
            }
            Phase::Running => JobCommand::Run((!self.paused).then_some(self.wave)),
            Phase::Waiting | Phase::Stopping | Phase::Over => JobCommand::Stop,
        }
    }
}
