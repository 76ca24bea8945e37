//! Events of devices within jobs (`query-routing-events.md` §4.6), if a route asks for them.
//!
//! Rows of jobs change in many places, often many with one statement, so storage itself notes
//! which: a trigger that is there only while a route asks. What was noted is told in the
//! transaction of the change. Nobody may pay for events that nobody routes.

use super::{Context, Registry, job_documents};
use crate::error::HubError;
use crate::hub::effects::Effects;
use crate::hub::job_event::{SOURCE, job_event, routed};
use crate::ids::{DeviceId, Identity};
use crate::ipc::registry::RegistryResult;
use crate::query::DocumentKey;
use crate::sql::Sql;
use crate::time::Timestamp;

/// What is to be told, in order.
pub(super) const SCHEMA: &str = "CREATE TABLE job_told (
    number INTEGER PRIMARY KEY,
    job INTEGER NOT NULL,
    device_id TEXT NOT NULL,
    operation TEXT NOT NULL
)";

/// A device that was held goes on as `running`, or ends at once where its twin is written.
const TRIGGER: &str = "CREATE TRIGGER IF NOT EXISTS job_device_changed \
    AFTER UPDATE OF status, hold ON job_device BEGIN \
    INSERT INTO job_told (job, device_id, operation) \
    SELECT NEW.job, NEW.device_id, 'deviceJobHeld' \
    WHERE NEW.status = 'pending' AND NEW.hold IS NOT NULL AND OLD.hold IS NULL; \
    INSERT INTO job_told (job, device_id, operation) \
    SELECT NEW.job, NEW.device_id, 'deviceJobReleased' \
    WHERE OLD.status = 'pending' AND OLD.hold IS NOT NULL \
    AND NEW.status IN ('running', 'completed'); \
    INSERT INTO job_told (job, device_id, operation) \
    SELECT NEW.job, NEW.device_id, CASE NEW.status WHEN 'completed' THEN 'deviceJobCompleted' \
    WHEN 'failed' THEN 'deviceJobFailed' ELSE 'deviceJobCanceled' END \
    WHERE NEW.status IN ('completed', 'failed', 'canceled') AND NEW.status <> OLD.status; \
    END";

/// Rows that are read together.
const BATCH: u64 = 200;

impl Registry {
    /// Begins or ends to note what changes, as new settings want it.
    pub(super) fn route_job_events(&mut self, sql: &dyn Sql) -> Result<(), HubError> {
        let wanted = routed(self.settings.as_ref()).is_some();
        if wanted == self.jobs.tells {
            return Ok(());
        }
        if wanted {
            sql.execute(TRIGGER, &[])?;
        } else {
            sql.execute("DROP TRIGGER IF EXISTS job_device_changed", &[])?;
            sql.execute("DELETE FROM job_told", &[])?;
        }
        self.jobs.tells = wanted;
        Ok(())
    }

    /// Tells what has been noted.
    pub(super) fn tell_of_jobs(&self, context: &mut Context<'_>) -> Result<(), HubError> {
        let Some(settings) = self.settings.as_ref().filter(|_| self.jobs.tells) else {
            return Ok(());
        };
        loop {
            let rows = context.sql.query(
                "SELECT job_told.number, job_told.device_id, job_told.operation, job.id \
                 FROM job_told JOIN job ON job.number = job_told.job \
                 ORDER BY job_told.number LIMIT ?",
                &[BATCH.into()],
            )?;
            let Some(last) = rows.last().and_then(|row| row.integer(0)) else {
                return Ok(());
            };
            for row in &rows {
                let key = DocumentKey {
                    device: row.required_text(3)?.to_owned(),
                    module: row.required_text(1)?.to_owned(),
                };
                let Some(body) = job_documents::read_one(context.sql, &key)? else {
                    continue;
                };
                let Ok(device) = DeviceId::parse(&key.module) else {
                    continue;
                };
                let identity = Identity::device(device);
                let twin = if settings.routes_by_twin(SOURCE) {
                    Some(super::twins::sender_view(&identity, context.sql)?)
                } else {
                    None
                };
                let mut event = job_event(
                    settings,
                    Some(identity),
                    &key.device,
                    row.required_text(2)?,
                    body,
                    context.now,
                );
                event.twin = twin;
                Self::put_event(settings, &event, context)?;
            }
            let told = "DELETE FROM job_told WHERE number <= ?";
            context.sql.execute(told, &[last.into()])?;
        }
    }

    /// The same where nobody asked: what calls and timers brought.
    pub(super) fn tell_of_jobs_alone(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Result<(), HubError> {
        if !self.jobs.tells {
            return Ok(());
        }
        let mut context = Context::new(now, sql, effects, None, &self.changes);
        self.tell_of_jobs(&mut context)?;
        if context.wrote_outbox {
            self.send_outbox(now, sql, effects)?;
        }
        Ok(())
    }
}
