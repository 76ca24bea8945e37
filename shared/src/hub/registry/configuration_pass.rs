//! Passes over all twins of a shard: after the configurations changed, and every five minutes
//! for what changes without a write, such as times (`service.md` §11.3.1).
//!
//! A pass goes in steps of a bounded number of rows, so that devices never wait long. Where it
//! stands is only in memory: a pass that is lost begins anew, which is cheap, since it writes
//! only what is not done. That it has ended is a row.

use super::configuration_copy::Known;
use super::identity::IdentityRow;
use super::query::{self, read_twin};
use super::{Context, Registry};
use crate::error::HubError;
use crate::hub::effects::Effects;
use crate::ipc::registry::RegistryResult;
use crate::query::DocumentKey;
use crate::sql::Sql;
use crate::time::Timestamp;
use std::rc::Rc;

/// At least so often every twin is looked at.
const EVERY_SECONDS: i64 = 300;
/// Rows of one step.
const STEP_ROWS: u32 = 200;
/// Identities that one step writes; each is several rows.
const STEP_WRITES: usize = 20;
/// Between two steps others have their turn.
const PAUSE_MILLISECONDS: i64 = 15;
/// If nothing was heard of a pass for so long, its process is gone.
const LOST_SECONDS: i64 = 30;

/// A pass under way: behind which row it goes on.
#[derive(Debug, Clone, Default)]
pub(super) struct Pass {
    after: Option<DocumentKey>,
}

impl Registry {
    /// Begins a pass from the first twin on.
    pub(super) fn begin_pass(&mut self, now: Timestamp, effects: &mut Effects<RegistryResult>) {
        self.pass = Some(Pass::default());
        effects.wake_at(now);
        effects.alarm_at(now.plus_seconds(LOST_SECONDS));
    }

    /// By alarm: a pass that is due begins, one that is under way goes on.
    pub(super) fn look_at_passes(&mut self, now: Timestamp, effects: &mut Effects<RegistryResult>) {
        let known = &self.configurations;
        let next = Timestamp::from_milliseconds(known.passed_at).plus_seconds(EVERY_SECONDS);
        let is_periodic = !known.members.is_empty() || self.rules.have_conditions();
        if known.passed < known.version || (is_periodic && next <= now) {
            let pass = self.pass.take();
            self.begin_pass(now, effects);
            self.pass = pass.or_else(|| self.pass.take());
        } else if is_periodic {
            effects.alarm_at(next);
        }
    }

    /// One step of the pass that is under way.
    pub(super) fn pass_on(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Result<(), HubError> {
        let Some(pass) = self.pass.clone() else {
            return Ok(());
        };
        let known = self.configurations.clone();
        let calls = effects.calls.len();
        let mut next = None;
        let mut wrote_outbox = false;
        let outcome = sql.transaction(&mut || {
            let mut context = Context::new(now, sql, effects, None, &self.changes);
            next = self.step(&known, &pass, &mut context)?;
            let written = context.write_entries();
            wrote_outbox = context.wrote_outbox;
            written
        });
        if let Err(error) = outcome {
            effects.calls.truncate(calls);
            effects.alarm_at(now.plus_seconds(5));
            return Err(error);
        }
        if wrote_outbox && self.send_outbox(now, sql, effects).is_err() {
            // The rows are safe; the alarm sends them.
            effects.alarm_at(now.plus_seconds(1));
        }
        match next {
            Some(after) => {
                self.pass = Some(Pass { after: Some(after) });
                effects.wake_at(now.plus_milliseconds(PAUSE_MILLISECONDS));
            }
            None => {
                self.pass = None;
                let is_periodic = !known.members.is_empty() || self.rules.have_conditions();
                let passed = known.version;
                // Nobody else holds it then, so nothing is copied.
                drop(known);
                let known = Rc::make_mut(&mut self.configurations);
                (known.passed, known.passed_at) = (passed, now.milliseconds());
                if is_periodic {
                    effects.alarm_at(now.plus_seconds(EVERY_SECONDS));
                }
            }
        }
        Ok(())
    }

    /// Evaluates the next rows. Answers behind which to go on; none at the end, which is noted.
    fn step(
        &mut self,
        known: &Known,
        pass: &Pass,
        context: &mut Context<'_>,
    ) -> Result<Option<DocumentKey>, HubError> {
        let after = pass.after.clone().unwrap_or_default();
        let rows = query::rows_behind(context.sql, known.sections, &after, STEP_ROWS)?;
        let mut writes = 0;
        for row in &rows {
            let (identity, twin) = (IdentityRow::read(row)?, read_twin(row, 0)?);
            if identity.identity.module.is_none() {
                self.judge_conditions(&identity.identity.device, context)?;
            }
            if known.is_settled(&identity, &twin, context.sql)? {
                continue;
            }
            let identity = identity.identity;
            writes += usize::from(self.configure_again(known, &identity, context)?);
            if writes >= STEP_WRITES {
                return Ok(Some(DocumentKey::of(&identity)));
            }
        }
        if let (Some(last), true) = (
            rows.last(),
            rows.len() == usize::try_from(STEP_ROWS).unwrap_or(0),
        ) {
            return Ok(Some(DocumentKey::of(&IdentityRow::read(last)?.identity)));
        }
        context.sql.execute(
            "INSERT INTO configuration_pass (id, version, passed, passed_at) VALUES (0, ?, ?, ?) \
             ON CONFLICT (id) DO UPDATE SET passed = excluded.passed, \
             passed_at = excluded.passed_at",
            &[
                known.version.into(),
                known.version.into(),
                context.now.milliseconds().into(),
            ],
        )?;
        Ok(None)
    }
}
