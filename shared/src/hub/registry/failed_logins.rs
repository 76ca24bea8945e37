//! Devices that are refused again and again (`device-management.md` §5, `reconnectFailing`).
//!
//! Counted in memory alone, since whoever can reach the hub can cause a refusal; and only of
//! devices that exist a signal comes of it.

use super::identity::IdentityRow;
use super::signals::spell;
use super::{Context, Registry};
use crate::alert::Rule;
use crate::error::HubError;
use crate::hub::effects::Effects;
use crate::ids::{DeviceId, Identity};
use crate::ipc::registry::RegistryResult;
use crate::sql::Sql;
use crate::time::Timestamp;

/// Names that are counted at a time; beyond them the one that failed longest ago is forgotten.
const MOST_NAMES: usize = 500;
/// Failures of one name that are remembered.
const MOST_FAILURES: i64 = 100;

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct FailedLogins {
    /// In the order of the last failure.
    names: Vec<(DeviceId, Vec<Timestamp>)>,
    /// Those that have failed often enough, and nobody has looked at that.
    reached: Vec<DeviceId>,
    /// Those of which the hub object was told.
    told: Vec<String>,
}

impl FailedLogins {
    pub(super) fn load(sql: &dyn Sql) -> Result<Self, HubError> {
        let rows = sql.query(
            "SELECT device_id FROM signal WHERE rule = ? AND told = 1",
            &[Rule::RECONNECT_FAILING.name().into()],
        )?;
        let told = rows.iter().filter_map(|row| row.text(0).map(str::to_owned));
        Ok(Self {
            told: told.collect(),
            ..Self::default()
        })
    }

    /// Counts a failure; whether there were so many within the time.
    fn count(&mut self, device: &DeviceId, now: Timestamp, failures: i64, seconds: i64) -> bool {
        let place = self.names.iter().position(|(known, _)| known == device);
        let found = place.map(|place| self.names.remove(place));
        let (_, mut times) = found.unwrap_or_else(|| (device.clone(), Vec::new()));
        let most = usize::try_from(failures.min(MOST_FAILURES)).unwrap_or(1);
        times.push(now);
        if times.len() > most {
            times.remove(0);
        }
        let oldest = times.first().copied().unwrap_or(now);
        let reached = times.len() == most && oldest.plus_seconds(seconds) >= now;
        self.names.push((device.clone(), times));
        if self.names.len() > MOST_NAMES {
            self.names.remove(0);
        }
        reached
    }

    /// The last failure of a device, and how many are remembered.
    fn of(&self, device: &str) -> Option<(Timestamp, usize)> {
        let (_, times) = self
            .names
            .iter()
            .find(|(known, _)| known.as_str() == device)?;
        Some((*times.last()?, times.len()))
    }

    pub(super) fn forget(&mut self, device: &str) {
        self.names.retain(|(known, _)| known.as_str() != device);
        self.told.retain(|known| known != device);
    }

    /// The rule counts no more.
    pub(super) fn forget_all(&mut self) {
        *self = Self::default();
    }

    pub(super) fn take_reached(&mut self) -> Vec<DeviceId> {
        std::mem::take(&mut self.reached)
    }

    pub(super) fn put_back(&mut self, reached: Vec<DeviceId>) {
        self.reached.extend(reached);
    }
}

fn nothing() -> Result<super::signals::Says, HubError> {
    Ok((String::new(), None))
}

impl Registry {
    /// Somebody could not log in as this identity.
    pub(super) fn login_failed(
        &mut self,
        identity: &Identity,
        now: Timestamp,
        effects: &mut Effects<RegistryResult>,
    ) {
        let rule = &self.rules.logins;
        let device = &identity.device;
        let (most, seconds) = (rule.failures, rule.window_seconds);
        let known = |told: &String| told == device.as_str();
        if rule.enabled
            && self.failed_logins.count(device, now, most, seconds)
            && !self.failed_logins.told.iter().any(known)
            && !self.failed_logins.reached.contains(device)
            && self.failed_logins.reached.len() < MOST_NAMES
        {
            self.failed_logins.reached.push(device.clone());
            effects.alarm_at(now);
        }
    }

    /// Devices of that name were refused often enough.
    pub(super) fn logins_failed(
        &mut self,
        device: &DeviceId,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let identity = Identity::device(device.clone());
        let row = IdentityRow::load(context.sql, &identity)?;
        if !row.is_some_and(|row| row.enabled) || self.is_in_maintenance(device, context)? {
            // Whoever goes on has to fail as often again before somebody looks.
            self.failed_logins.forget(device.as_str());
            return Ok(());
        }
        let Some((last, count)) = self.failed_logins.of(device.as_str()) else {
            return Ok(());
        };
        let silent = self.silence_of(device.as_str(), context)?;
        let says = || {
            let hint = match silent {
                Some((seconds, expected)) => format!(
                    "It is also silent for {} (expected every {}): it runs, but its key or \
                     certificate is not good any more. Look at operations records.",
                    spell(seconds),
                    spell(expected)
                ),
                None => "Somebody uses its name with a wrong key. Look at operations records."
                    .to_owned(),
            };
            let summary = format!("{device} was refused {count} times, its credentials are wrong");
            Ok((summary, Some(hint)))
        };
        let rule = Rule::RECONNECT_FAILING;
        let due = last.plus_seconds(self.rules.logins.window_seconds);
        self.signal(&rule, device, true, Some(due), &says, context)?;
        self.failed_logins.told.push(device.as_str().to_owned());
        // One and the same cause is one alert, the one that says more.
        let missed = Rule::HEARTBEAT_MISSED;
        self.signal(&missed, device, false, None, &nothing, context)?;
        Ok(())
    }

    /// For as long as the rule looks back there may have been no failure.
    pub(super) fn logins_may_have_ended(
        &mut self,
        device: &DeviceId,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let seconds = self.rules.logins.window_seconds;
        let last = self.failed_logins.of(device.as_str());
        let due = last.map(|(last, _)| last.plus_seconds(seconds));
        let due = due.filter(|due| *due > context.now && self.rules.logins.enabled);
        let rule = Rule::RECONNECT_FAILING;
        self.signal(&rule, device, due.is_some(), due, &nothing, context)?;
        if due.is_none() {
            self.failed_logins.forget(device.as_str());
            self.look_at_device_soon(&Identity::device(device.clone()), context);
        }
        Ok(())
    }

    /// A device has logged in.
    pub(super) fn logged_in(
        &mut self,
        device: &DeviceId,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let is_it = |told: &String| told == device.as_str();
        if self.failed_logins.told.iter().any(is_it) {
            let rule = Rule::RECONNECT_FAILING;
            self.signal(&rule, device, false, None, &nothing, context)?;
        }
        if !self.failed_logins.names.is_empty() || !self.failed_logins.told.is_empty() {
            self.failed_logins.forget(device.as_str());
        }
        Ok(())
    }
}
