//! What this shard has told the hub object that is so with its devices: a row for each rule and
//! device, so that only changes are told, and each once (`device-management.md` §5).
//!
//! Whether that is worth an alert the hub object decides. Nothing is told of a device that
//! somebody has taken out of service for maintenance, but of what that maintenance failed at.

use super::configurations::load_whole;
use super::job_rows::JobRow;
use super::liveness::device_of;
use super::{Context, Registry, twins};
use crate::alert::Rule;
use crate::error::HubError;
use crate::hub::effects::Effects;
use crate::ids::{DeviceId, Identity};
use crate::ipc::alert::RaiseAlert;
use crate::ipc::registry::RegistryResult;
use crate::maintenance::Step;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::Value;

/// `due`: when to look at it again.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE signal (
        device_id TEXT NOT NULL,
        rule TEXT NOT NULL,
        told INTEGER NOT NULL,
        due INTEGER,
        PRIMARY KEY (device_id, rule)
    ) WITHOUT ROWID",
    "CREATE INDEX signal_due ON signal (due) WHERE due IS NOT NULL",
];

/// Rows that one alarm looks at.
const MOST_DUE: usize = 500;

/// A summary, and what led to it or what to do.
pub(super) type Says = (String, Option<String>);

impl Registry {
    /// Something is so with a device, or is not: the hub object hears of it if it was not so
    /// before. With `due` somebody looks again then. Answers whether there was a change.
    pub(super) fn signal(
        &mut self,
        rule: &Rule,
        device: &DeviceId,
        is_so: bool,
        due: Option<Timestamp>,
        says: &dyn Fn() -> Result<Says, HubError>,
        context: &mut Context<'_>,
    ) -> Result<bool, HubError> {
        let key = || [device.as_str().into(), rule.name().into()];
        let rows = context.sql.query(
            "SELECT told, due FROM signal WHERE device_id = ? AND rule = ?",
            &key(),
        )?;
        let row = rows.first();
        let was_so = row.and_then(|row| row.integer(0)) == Some(1);
        let due = due.map(Timestamp::milliseconds);
        // Who looks earlier finds out what is due then; that spares a row.
        let known = row.and_then(|row| row.integer(1));
        let known = known.filter(|known| *known > context.now.milliseconds());
        let due = due.map(|due| known.map_or(due, |known| known.min(due)));
        if row.is_none() && !is_so && due.is_none() {
            return Ok(false);
        }
        if let Some(at) = due {
            let at = Timestamp::from_milliseconds(at);
            context
                .effects
                .alarm_at(at.max(context.now.plus_seconds(1)));
        }
        if !is_so && due.is_none() {
            let delete = "DELETE FROM signal WHERE device_id = ? AND rule = ?";
            context.sql.execute(delete, &key())?;
        } else if row.is_none_or(|row| (was_so, row.integer(1)) != (is_so, due)) {
            context.sql.execute(
                "INSERT INTO signal (device_id, rule, told, due) VALUES (?, ?, ?, ?) \
                 ON CONFLICT (device_id, rule) DO UPDATE SET told = excluded.told, \
                 due = excluded.due",
                &[
                    device.as_str().into(),
                    rule.name().into(),
                    is_so.into(),
                    due.into(),
                ],
            )?;
        }
        if was_so == is_so {
            return Ok(false);
        }
        let mut alert = RaiseAlert::new(rule.clone(), String::new()).of_device(device.clone());
        alert.at = Some(context.now);
        alert.cleared = !is_so;
        if is_so {
            (alert.summary, alert.hint) = says()?;
            alert.group = self.group_of(rule, device, context)?;
        }
        context.alerts.push(alert);
        Ok(true)
    }

    /// Whether the hub object has been told that something is so.
    pub(super) fn was_told(
        rule: &Rule,
        device: &str,
        context: &Context<'_>,
    ) -> Result<bool, HubError> {
        let rows = context.sql.query(
            "SELECT 1 FROM signal WHERE device_id = ? AND rule = ? AND told = 1",
            &[device.into(), rule.name().into()],
        )?;
        Ok(!rows.is_empty())
    }

    /// The tag by which a rule groups devices, with its value.
    fn group_of(
        &self,
        rule: &Rule,
        device: &DeviceId,
        context: &Context<'_>,
    ) -> Result<Option<(String, String)>, HubError> {
        let Some(name) = self.rules.group_by(rule).filter(|name| !name.is_empty()) else {
            return Ok(None);
        };
        let identity = Identity::device(device.clone());
        let Some(twin) = twins::load(context.sql, &identity)? else {
            return Ok(None);
        };
        let mut names = name.split('.');
        let first = names.next().and_then(|first| twin.tags.get(first));
        let value = names.try_fold(first, |value, name| Some(value?.get(name)));
        Ok(match value.flatten() {
            Some(Value::String(value)) => Some((name.to_owned(), value.clone())),
            Some(Value::Number(value)) => Some((name.to_owned(), value.to_string())),
            _ => None,
        })
    }

    /// A device is gone, or retired: whatever was so with it is over.
    pub(super) fn forget_signals(
        &mut self,
        identity: &Identity,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let device = identity.device.as_str();
        let rows = context.sql.query(
            "SELECT rule FROM signal WHERE device_id = ?",
            &[device.into()],
        )?;
        for row in rows {
            let rule = Rule::custom(row.required_text(0)?);
            let nothing = || Ok((String::new(), None));
            self.signal(&rule, &identity.device, false, None, &nothing, context)?;
        }
        self.failed_logins.forget(device);
        Ok(())
    }

    /// By alarm: looks at signals that are due, and at devices that could not log in.
    pub(super) fn look_at_signals(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Result<(), HubError> {
        let rows = sql.query(
            "SELECT device_id, rule FROM signal WHERE due <= ? ORDER BY due LIMIT ?",
            &[now.milliseconds().into(), (MOST_DUE as u64).into()],
        )?;
        let reached = self.failed_logins.take_reached();
        if !rows.is_empty() || !reached.is_empty() {
            let outcome = self.by_itself(now, sql, effects, &mut |shard, context| {
                for device in &reached {
                    shard.logins_failed(device, context)?;
                }
                for row in &rows {
                    shard.look_at_signal(row.required_text(1)?, &device_of(row)?, context)?;
                }
                Ok(())
            });
            if outcome.is_err() {
                self.failed_logins.put_back(reached);
            }
            outcome?;
        }
        let rows = sql.query("SELECT min(due) FROM signal WHERE due IS NOT NULL", &[])?;
        if let Some(at) = rows.first().and_then(|row| row.integer(0)) {
            effects.alarm_at(Timestamp::from_milliseconds(at).max(now.plus_seconds(1)));
        }
        Ok(())
    }

    /// Does something that nobody asked for, in one transaction, and sends what came of it.
    #[inline(never)]
    pub(super) fn by_itself(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
        work: &mut dyn FnMut(&mut Self, &mut Context<'_>) -> Result<(), HubError>,
    ) -> Result<(), HubError> {
        let mut wrote_outbox = false;
        let calls = effects.calls.len();
        let changes = self.changes.clone();
        let outcome = sql.transaction(&mut || {
            let mut context = Context::new(now, sql, effects, None, &changes);
            work(self, &mut context)?;
            let written = context.write_entries();
            wrote_outbox = context.wrote_outbox;
            written
        });
        if outcome.is_err() {
            // Nothing was written, so nothing that followed from it may leave either.
            effects.calls.truncate(calls);
        }
        outcome?;
        if wrote_outbox {
            self.send_outbox(now, sql, effects)?;
        }
        Ok(())
    }

    fn look_at_signal(
        &mut self,
        rule: &str,
        device: &DeviceId,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        if rule == Rule::RECONNECT_FAILING.name() {
            return self.logins_may_have_ended(device, context);
        }
        // It is looked at no more, unless somebody says so now.
        context.sql.execute(
            "UPDATE signal SET due = NULL WHERE device_id = ? AND rule = ?",
            &[device.as_str().into(), rule.into()],
        )?;
        if rule == Rule::OPERATION_FAILED.name() {
            return self.judge_operations(device, context);
        }
        if rule == Rule::CREDENTIAL_EXPIRING.name() {
            return self.judge_certificate(device, context);
        }
        Ok(())
    }

    /// Whether somebody has taken the device out of service: a step that does so runs or is
    /// held, its maintenance window is open, or it is in the middle of such a pattern.
    pub(super) fn is_in_maintenance(
        &self,
        device: &DeviceId,
        context: &Context<'_>,
    ) -> Result<bool, HubError> {
        let rows = context.sql.query(
            "SELECT job.number FROM job JOIN job_device ON job_device.job = job.number \
             WHERE job.is_open = 1 AND job_device.device_id = ? \
             AND (job_device.status = 'running' \
             OR job_device.status = 'pending' AND job_device.hold IS NOT NULL)",
            &[device.as_str().into()],
        )?;
        for row in rows {
            let number = row.integer(0).unwrap_or(0).unsigned_abs();
            let job = JobRow::load(context.sql, number)?;
            let disrupts =
                |job: JobRow| Step::of_job(&job.chosen.order, &self.disruptions).is_disruptive;
            if job.is_some_and(disrupts) {
                return Ok(true);
            }
        }
        let Some((row, _, twin)) = load_whole(context.sql, &Identity::device(device.clone()))?
        else {
            return Ok(false);
        };
        let connected_since = row.gateway.and(row.state_updated);
        let zones = self.zones.as_ref();
        Ok(self.maintenance.window_is_open(&twin, context.now, zones)
            || super::job_patterns::is_disrupted(&twin, connected_since, context.now))
    }
}

/// A time as people say it: `2 h 10 m`.
pub(super) fn spell(seconds: i64) -> String {
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")];
    let mut said: Vec<String> = Vec::new();
    for (number, unit) in parts {
        if number > 0 && said.len() < 2 {
            said.push(format!("{number} {unit}"));
        }
    }
    if said.is_empty() {
        return "0 s".to_owned();
    }
    said.join(" ")
}

#[cfg(test)]
mod tests {
    use super::spell;

    #[test]
    fn times_are_said_in_two_units() {
        for (seconds, text) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 m"),
            (7_800, "2 h 10 m"),
            (90_061, "1 d 1 h"),
        ] {
            assert_eq!(spell(seconds), text);
        }
    }
}
