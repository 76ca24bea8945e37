//! Events of whole jobs (`query-routing-events.md` §4.6), if a route asks for them.
//!
//! Written with the job's own row and sent from the outbox: each once, also over a crash.

use super::Hub;
use super::scheduled_jobs::{Phase, ScheduledJob};
use crate::error::HubError;
use crate::hub::effects::Effects;
use crate::hub::job_event::{job_event, routed};
use crate::hub::outbox::Outbox;
use crate::ipc::hub::HubResult;
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
        let Some(settings) = routed(self.settings.as_ref()) else {
            return Ok(());
        };
        let operation = match job.phase {
            phase if Some(phase) == before => return Ok(()),
            Phase::Waiting => "jobScheduled",
            // With a retry it starts again.
            Phase::Choosing | Phase::Retrying => "jobStarted",
            // Only now do the counters stand still.
            Phase::Over => match job.status.as_str() {
                "completed" => "jobCompleted",
                "cancelled" => "jobCancelled",
                _ => "jobFailed",
            },
            Phase::Running | Phase::Stopping | Phase::Forgetting => return Ok(()),
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
        let correlations = &mut self.correlations;
        let mut next = || {
            *correlations += 1;
            *correlations
        };
        self.outbox.send(now, "hub", &mut next, sql, effects)
    }
}
