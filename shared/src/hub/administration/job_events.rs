//! Events of whole jobs (`query-routing-events.md` §4.6), if a route asks for them.
//!
//! Written with the job's own row and sent from the outbox: each once, also over a crash.

use super::Hub;
use super::scheduled_jobs::{Phase, ScheduledJob};
use crate::error::{ErrorCode, HubError};
use crate::hub::counters::Counter;
use crate::hub::effects::Effects;
use crate::hub::job_event::{job_event, routed};
use crate::hub::outbox::Outbox;
use crate::ipc::audit::note;
use crate::ipc::hub::HubResult;
use crate::json;
use crate::sql::Sql;
use crate::time::Timestamp;

impl Hub {
    /// Stores a job that went on; `before` is the phase that it was in, none if it is new.
    pub(super) fn keep_job(
        &mut self,
        job: &ScheduledJob,
        before: Option<Phase>,
        now: Timestamp,
        sql: &dyn Sql,
    ) -> Result<(), HubError> {
        job.store(sql)?;
        let (operation, recorded) = match job.phase {
            phase if Some(phase) == before => return Ok(()),
            Phase::Waiting => ("jobScheduled", "createJob"),
            // With a retry it starts again.
            Phase::Choosing | Phase::Retrying => ("jobStarted", ""),
            // Only now do the counters stand still.
            Phase::Over => match job.status.as_str() {
                "completed" => ("jobCompleted", "jobCompleted"),
                "cancelled" => ("jobCancelled", "cancelJob"),
                _ => ("jobFailed", "jobFailed"),
            },
            Phase::Running | Phase::Stopping | Phase::Forgetting => return Ok(()),
        };
        if !recorded.is_empty() {
            self.note_job(job, recorded, now, sql);
        }
        let Some(settings) = routed(self.settings.as_ref()) else {
            return Ok(());
        };
        let event = job_event(
            settings,
            None,
            &job.order.id,
            operation,
            job.document(),
            now,
        );
        Outbox::put_event(sql, &settings.layout, &event)?;
        self.has_events = true;
        Ok(())
    }

    /// Tells of a job in the operations records.
    fn note_job(&mut self, job: &ScheduledJob, operation: &str, now: Timestamp, sql: &dyn Sql) {
        match operation {
            "jobCompleted" => self.counters.add(Counter::JobsCompleted, 1, now),
            "jobFailed" => self.counters.add(Counter::JobsFailed, 1, now),
            _ => {}
        }
        let why = job.failure.as_deref().unwrap_or_default();
        let code = (operation == "jobFailed").then_some(ErrorCode::InvalidOperation);
        let details = json!({ "jobId": job.order.id, "status": job.status });
        let note = note("JobsOperations", operation, code, why, None, details);
        self.operations.note(&note, now, sql);
    }

    /// Sends what was written since the last time, if anything was. What a crash keeps from
    /// leaving, the alarm sends.
    pub(super) fn send_events(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        if !std::mem::take(&mut self.has_events) {
            return Ok(());
        }
        self.send_outbox(now, sql, effects)
    }

    /// Sends all that nobody has confirmed and that is not on its way.
    pub(super) fn send_outbox(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<HubResult>,
    ) -> Result<(), HubError> {
        self.outbox
            .send(now, "hub", &mut self.correlations, sql, effects)
    }
}
