//! Devices of jobs that maintenance policies hold: their rows stay `pending` and say why
//! (`device-management.md` §4.3).
//!
//! A device that is held is looked at again whenever its twin changes, whenever the hub object
//! asks for a step, and at the moment that the policy names. Once it was touched, nothing calls
//! it back.

use super::identity::IdentityRow;
use super::job_rows::{JobRow, State};
use super::job_twins::Pending;
use super::{Context, Registry};
use crate::error::HubError;
use crate::maintenance::{Hold, OnHoldTimeout, Step, Verdict, Wish};
use crate::sql::Sql;
use crate::time::Timestamp;
use crate::twin::Twin;
use crate::writing::JsonText;
use serde_json::Value;

/// `hold`: why a pending row waits, as documents show it.
pub(super) const SCHEMA: &str = "ALTER TABLE job_device ADD COLUMN hold TEXT";
/// The code and the text of devices that were held for too long, by a policy or to the end.
pub(super) const EXPIRED: (&str, &str) = (
    "MaintenanceHoldExpired",
    "A maintenance policy held the device until its time was over.",
);
/// The code of devices where a gate could not tell, and wanted it so.
const REFUSED: &str = "MaintenanceGateFailed";
/// Devices of one step that ask for places, in all and in one group.
const MOST_WISHES: usize = 500;
const MOST_WISHES_OF_GROUP: usize = 20;
/// A device that is held is looked at as often as this.
const LOOKED_AT_SECONDS: i64 = 60;

/// Whether some row is held.
pub(super) fn are_there(sql: &dyn Sql) -> Result<bool, HubError> {
    let held = "SELECT 1 FROM job JOIN job_device ON job_device.job = job.number \
        WHERE job.is_open = 1 AND job_device.status = 'pending' \
        AND job_device.hold IS NOT NULL LIMIT 1";
    Ok(!sql.query(held, &[])?.is_empty())
}

fn since(stored: Option<&str>) -> Option<Timestamp> {
    let hold: Value = serde_json::from_str(stored?).ok()?;
    Timestamp::parse(hold.get("since")?.as_str()?)
}

impl Registry {
    /// Whether a device may be touched for a job now. If not, its row says why, or has ended.
    pub(super) fn may_be_touched(
        &mut self,
        job: &JobRow,
        device: &Pending,
        identity: &IdentityRow,
        twin: Option<&Twin>,
        context: &mut Context<'_>,
    ) -> Result<bool, HubError> {
        let order = &job.chosen.order;
        let is_overridden = order.overrides.is_some();
        let step = Step::of_job(order, &self.disruptions);
        let (verdict, wishes) = self.judge_step(&step, is_overridden, identity, twin, context)?;
        let (hold, over) = match verdict {
            Verdict::Go if wishes.is_empty() || self.has_place(job, device) => {
                return Ok(true);
            }
            Verdict::Go => (self.wish(job, device, wishes), None),
            Verdict::Hold(hold) => {
                let since = since(device.hold.as_deref());
                let over = match (since, hold.timeout) {
                    (Some(since), Some((seconds, OnHoldTimeout::Fail)))
                        if since.plus_seconds(seconds) <= context.now =>
                    {
                        Some((EXPIRED.0, EXPIRED.1.to_owned()))
                    }
                    _ => None,
                };
                (hold, over)
            }
            Verdict::Fail(hold) => {
                let why = format!(
                    "Policy {} gate {}: {}.",
                    hold.policy, hold.gate, hold.reason
                );
                (hold, Some((REFUSED, why)))
            }
        };
        if let Some((code, why)) = over {
            let one = [(device.id.clone(), device.wave)];
            self.end_devices(job.number, &one, State::Failed, Some((code, &why)), context)?;
            return Ok(false);
        }
        self.hold_device(job, device, &hold, context)?;
        Ok(false)
    }

    fn has_place(&self, job: &JobRow, device: &Pending) -> bool {
        let place = (job.number, device.id.clone());
        self.jobs.granted.contains(&place)
    }

    /// Asks the hub object for places; until it has given them the device waits.
    fn wish(&mut self, job: &JobRow, device: &Pending, wishes: Vec<Wish>) -> Hold {
        let first = wishes.first();
        let policy = first.map(|wish| wish.policy.clone());
        let key = first.map(|wish| wish.key.as_str());
        let others = self.jobs.wishes.iter();
        let of_group = others.filter(|(.., wishes)| wishes.first().map(|w| w.key.as_str()) == key);
        // A large group must not keep small ones from asking.
        if self.jobs.wishes.len() < MOST_WISHES && of_group.count() < MOST_WISHES_OF_GROUP {
            let wish = (job.number, device.id.clone(), wishes);
            self.jobs.wishes.push(wish);
        }
        Hold {
            policy: policy.unwrap_or_default(),
            gate: "maxConcurrent".to_owned(),
            reason: "other devices of its group are out of service".to_owned(),
            next_check: None,
            timeout: None,
        }
    }

    fn hold_device(
        &mut self,
        job: &JobRow,
        device: &Pending,
        hold: &Hold,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let now = context.now;
        let since = since(device.hold.as_deref()).unwrap_or(now);
        let document = hold.document(since);
        let same = device.hold.as_deref().is_some_and(|stored| {
            let stored: Option<Value> = serde_json::from_str(stored).ok();
            ["policy", "gate", "reason"]
                .iter()
                .all(|name| stored.as_ref().and_then(|hold| hold.get(name)) == document.get(name))
        });
        // A row is written when the reason changes, not whenever somebody looks.
        if !same {
            context.sql.execute(
                "UPDATE job_device SET hold = ?, updated = ? \
                 WHERE job = ? AND device_id = ? AND status = 'pending'",
                &[
                    document.json_text().into(),
                    now.milliseconds().into(),
                    job.number.into(),
                    device.id.as_str().into(),
                ],
            )?;
        }
        self.jobs.holds_devices = true;
        let known = self.known(job.number, context.sql)?;
        known.look_again = true;
        let at_the_latest = now.plus_seconds(LOOKED_AT_SECONDS);
        let next = hold
            .next_check
            .map_or(at_the_latest, |next| next.min(at_the_latest));
        known.look_at = Some(known.look_at.map_or(next, |known| known.min(next)));
        Ok(())
    }

    /// A twin has changed: jobs that hold the device, or wait for it, look at it.
    pub(super) fn jobs_hear_of_twin(&mut self, device: &IdentityRow, context: &mut Context<'_>) {
        if (self.jobs.holds_devices || self.jobs.awaits_patterns)
            && device.identity.module.is_none()
        {
            self.look_soon(device, context);
        }
    }
}
