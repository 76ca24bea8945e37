//! Devices that should send something at least so often, and those that do not
//! (`device-management.md` §8).
//!
//! A message costs nothing here: gateways remember when each connection last sent one, and are
//! asked when a device may be overdue, all those of a gateway together. What is stored is who
//! is looked at, and who is overdue; when to look at whom is memory, and found again from the
//! rows. A device counts from its last message, and at the earliest from when it was asked to
//! send any.

use super::identity::IdentityRow;
use super::session::last_end;
use super::signals::spell;
use super::{Context, Registry};
use crate::alert::Rule;
use crate::error::HubError;
use crate::hub::effects::{Call, Correlation, Effects, Outcome, Outgoing};
use crate::ids::{DeviceId, Identity};
use crate::ipc::gateway::{GatewayReply, GatewayRequest};
use crate::ipc::registry::{ListHeartbeats, RegistryReply, RegistryResult};
use crate::ipc::{Address, ConnectionId};
use crate::json;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// `seconds` is null where the hub's own interval counts, and 0 where none does.
pub(super) const SCHEMA: &[&str] = &[
    "ALTER TABLE identity ADD COLUMN last_message INTEGER",
    "CREATE TABLE liveness (
        device_id TEXT PRIMARY KEY,
        seconds INTEGER,
        base INTEGER NOT NULL,
        overdue INTEGER NOT NULL DEFAULT 0
    ) WITHOUT ROWID",
];

/// The tag that says how often a device sends something.
const TAG: &str = "heartbeatSeconds";
/// The longest interval.
const MAX_SECONDS: i64 = 30 * 24 * 3600;
/// So many intervals of silence are too many.
const INTERVALS: i64 = 2;
/// Devices that one look is about.
const MOST_LOOKED_AT: usize = 1_000;
/// A gateway that was asked and says nothing is asked again after this.
const ASK_AGAIN_SECONDS: i64 = 5;
/// Between two looks, and between two looks at a device that is overdue.
const SHORTEST_PAUSE: i64 = 1;
const LONGEST_PAUSE: i64 = 30;
const LONGEST_RELOOK: i64 = 60;

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Liveness {
    /// Who is looked at, in order of id; `None`: the rows have to be read.
    watched: Option<Vec<Watched>>,
    /// Devices and connections that gateways are asked about.
    asked: Vec<(Correlation, Vec<(DeviceId, ConnectionId)>)>,
    not_before: Option<Timestamp>,
}

/// A device that should send something every so many seconds.
#[derive(Debug, Clone)]
struct Watched {
    device: DeviceId,
    seconds: i64,
    /// When it last did, as far as this shard knows.
    heard: Timestamp,
    is_overdue: bool,
    /// When to look at it.
    due: Timestamp,
}

impl Watched {
    /// When it has been silent for too long.
    fn limit(&self) -> Timestamp {
        self.heard
            .plus_seconds(self.seconds.saturating_mul(INTERVALS))
    }
}

impl Liveness {
    /// The rows or the rule have changed.
    pub(super) fn read_anew(&mut self) {
        self.watched = None;
        self.not_before = None;
    }

    fn find(&mut self, device: &str) -> Option<&mut Watched> {
        let watched = self.watched.as_mut()?;
        let place = watched.binary_search_by(|known| known.device.as_str().cmp(device));
        watched.get_mut(place.ok()?)
    }
}

/// The interval that a tag names.
fn interval(tag: Option<&Value>) -> Option<i64> {
    let seconds = tag?.as_f64()?;
    (0.0..=MAX_SECONDS as f64)
        .contains(&seconds)
        .then_some(seconds.ceil() as i64)
}

fn nothing() -> Result<super::signals::Says, HubError> {
    Ok((String::new(), None))
}

impl Registry {
    /// Tags of a device are written: it may have to send something more or less often.
    pub(super) fn keep_interval(
        &mut self,
        identity: &Identity,
        before: &Map<String, Value>,
        after: &Map<String, Value>,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let (old, new) = (interval(before.get(TAG)), interval(after.get(TAG)));
        if identity.module.is_some() || old == new {
            return Ok(());
        }
        let device = identity.device.as_str();
        match new {
            Some(seconds) => context.sql.execute(
                "INSERT INTO liveness (device_id, seconds, base) VALUES (?, ?, ?) \
                 ON CONFLICT (device_id) DO UPDATE SET seconds = excluded.seconds, \
                 base = excluded.base",
                &[
                    device.into(),
                    seconds.into(),
                    context.now.milliseconds().into(),
                ],
            )?,
            None => {
                let delete = "DELETE FROM liveness WHERE device_id = ?";
                context.sql.execute(delete, &[device.into()])?;
            }
        }
        if new.unwrap_or(0) == 0 {
            let missed = Rule::HEARTBEAT_MISSED;
            self.signal(&missed, &identity.device, false, None, &nothing, context)?;
        }
        self.liveness.read_anew();
        context
            .effects
            .alarm_at(context.now.plus_seconds(SHORTEST_PAUSE));
        Ok(())
    }

    /// The rule has changed: who need not send anything any more is not overdue.
    pub(super) fn let_go(&mut self, context: &mut Context<'_>) -> Result<(), HubError> {
        self.liveness.read_anew();
        if self.rules.heartbeat.heartbeat_seconds > 0 {
            return Ok(());
        }
        let rows = context.sql.query(
            "DELETE FROM liveness WHERE seconds IS NULL RETURNING device_id",
            &[],
        )?;
        for row in rows {
            let missed = Rule::HEARTBEAT_MISSED;
            let device = device_of(&row)?;
            self.signal(&missed, &device, false, None, &nothing, context)?;
        }
        Ok(())
    }

    /// Reads who is looked at, if that is not known.
    fn know_watched(&mut self, sql: &dyn Sql) -> Result<(), HubError> {
        if self.liveness.watched.is_some() {
            return Ok(());
        }
        let mut watched = Vec::new();
        for row in self.heartbeat_rows("", i64::MAX, None, sql)? {
            watched.push(read(&row)?);
        }
        self.liveness.watched = Some(watched);
        Ok(())
    }

    /// Rows of devices that are looked at, behind an id: id, interval, when last heard, whether
    /// overdue, last activity.
    fn heartbeat_rows(
        &self,
        after: &str,
        limit: i64,
        overdue: Option<bool>,
        sql: &dyn Sql,
    ) -> Result<Vec<crate::sql::Row>, HubError> {
        let default = self.rules.heartbeat.heartbeat_seconds;
        // Most hubs ask few devices for it, and need not look at the others.
        let from = if default > 0 {
            "identity LEFT JOIN liveness ON liveness.device_id = identity.device_id"
        } else {
            "liveness JOIN identity ON identity.device_id = liveness.device_id"
        };
        // A device that was never there cannot fall silent, unless its own tag says so.
        let statement = format!(
            "SELECT identity.device_id, coalesce(liveness.seconds, ?), \
             max(coalesce(liveness.base, identity.last_activity, 0), \
             coalesce(identity.last_message, 0), coalesce(identity.status_updated, 0)), \
             coalesce(liveness.overdue, 0), identity.last_activity FROM {from} \
             WHERE identity.module_id = '' AND coalesce(liveness.seconds, ?) > 0 \
             AND (liveness.seconds IS NOT NULL OR identity.last_activity IS NOT NULL) \
             AND identity.device_id > ? \
             AND coalesce(liveness.overdue, 0) = coalesce(?, liveness.overdue, 0) \
             ORDER BY identity.device_id LIMIT ?"
        );
        sql.query(
            &statement,
            &[
                default.into(),
                default.into(),
                after.into(),
                overdue.map(i64::from).into(),
                limit.min(1 << 40).into(),
            ],
        )
    }

    /// A device has connected.
    pub(super) fn device_connected(
        &mut self,
        before: &IdentityRow,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        if before.identity.module.is_some() {
            return Ok(());
        }
        self.logged_in(&before.identity.device, context)?;
        self.first_heard(before, context);
        self.look_at_device_soon(&before.identity, context);
        Ok(())
    }

    /// Where all devices should send something, one that was never heard before is new.
    fn first_heard(&mut self, before: &IdentityRow, context: &mut Context<'_>) {
        let default = self.rules.heartbeat.heartbeat_seconds;
        if default > 0 && before.last_activity.is_none() {
            self.liveness.read_anew();
            context.effects.alarm_at(context.now.plus_seconds(default));
        }
    }

    /// A device that is overdue may have come back.
    pub(super) fn look_at_device_soon(&mut self, identity: &Identity, context: &mut Context<'_>) {
        let found = self.liveness.find(identity.device.as_str());
        if let Some(watched) = found.filter(|watched| watched.is_overdue) {
            watched.due = context.now.plus_seconds(SHORTEST_PAUSE);
            context.effects.alarm_at(watched.due);
        }
    }

    /// A device has said something over HTTPS, where no gateway remembers it. It is written
    /// half as often as it has to come.
    pub(super) fn said_over_https(
        &mut self,
        row: &IdentityRow,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        if row.identity.module.is_some() {
            return Ok(());
        }
        self.logged_in(&row.identity.device, context)?;
        self.first_heard(row, context);
        self.know_watched(context.sql)?;
        let now = context.now;
        let seconds = match self.liveness.find(row.identity.device.as_str()) {
            Some(watched) => {
                watched.heard = watched.heard.max(now);
                watched.seconds
            }
            None if row.last_activity.is_none() => self.rules.heartbeat.heartbeat_seconds,
            // Nobody expects anything of it.
            None => 0,
        };
        let stale = row
            .last_activity
            .is_none_or(|known| known.plus_milliseconds(seconds.saturating_mul(500)) <= now);
        if seconds == 0 {
            return Ok(());
        }
        self.look_at_device_soon(&row.identity, context);
        if stale {
            context.heard(&row.identity);
            context.sql.execute(
                "UPDATE identity SET last_message = ?, last_activity = max(coalesce(last_activity, \
                 0), ?) WHERE device_id = ? AND module_id = ''",
                &[
                    now.milliseconds().into(),
                    now.milliseconds().into(),
                    row.identity.device.as_str().into(),
                ],
            )?;
        }
        context.effects.alarm_at(now.plus_seconds(seconds));
        Ok(())
    }

    /// By alarm: looks at devices that may be overdue, or may be so no more.
    pub(super) fn look_at_liveness(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Result<(), HubError> {
        self.know_watched(sql)?;
        let watched = self.liveness.watched.as_deref().unwrap_or_default();
        let Some(shortest) = watched.iter().map(|watched| watched.seconds).min() else {
            return Ok(());
        };
        if self.liveness.not_before.is_none_or(|at| at <= now) {
            let due = watched.iter().filter(|watched| watched.due <= now);
            let due = due.map(|watched| watched.device.clone());
            let due: Vec<DeviceId> = due.take(MOST_LOOKED_AT).collect();
            if !due.is_empty() {
                let pause = (shortest / 10).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
                self.liveness.not_before = Some(now.plus_seconds(pause));
                let looks = due.into_iter().map(|device| (device, None, None));
                self.look_at_devices(&looks.collect::<Vec<_>>(), now, sql, effects)?;
            }
        }
        let watched = self.liveness.watched.as_deref().unwrap_or_default();
        if let Some(next) = watched.iter().map(|watched| watched.due).min() {
            let next = self.liveness.not_before.map_or(next, |at| next.max(at));
            effects.alarm_at(next.max(now.plus_seconds(SHORTEST_PAUSE)));
        }
        Ok(())
    }

    /// The answer of a gateway that was asked; `false` if it is none.
    pub(super) fn heard_of(
        &mut self,
        now: Timestamp,
        correlation: Correlation,
        outcome: &Outcome,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Result<bool, HubError> {
        let mut calls = self.liveness.asked.iter();
        let Some(place) = calls.position(|(known, _)| *known == correlation) else {
            return Ok(false);
        };
        let (_, asked) = self.liveness.asked.swap_remove(place);
        // Without an answer the devices are due again after a while.
        if let Outcome::Gateway(Ok(GatewayReply::LastMessages(times))) = outcome {
            let looks = asked.into_iter().zip(times);
            let looks = looks.map(|((device, connection), at)| (device, Some(connection), *at));
            self.look_at_devices(&looks.collect::<Vec<_>>(), now, sql, effects)?;
        }
        Ok(true)
    }

    /// Looks at devices, each with the connection that its gateway has told of, and when it
    /// last sent something there.
    fn look_at_devices(
        &mut self,
        looks: &[(DeviceId, Option<ConnectionId>, Option<Timestamp>)],
        now: Timestamp,
        sql: &dyn Sql,
        effects: &mut Effects<RegistryResult>,
    ) -> Result<(), HubError> {
        let mut questions: Vec<(u16, Vec<(DeviceId, ConnectionId)>)> = Vec::new();
        let mut next: Option<Timestamp> = None;
        let outcome = self.by_itself(now, sql, effects, &mut |shard, context| {
            for (device, told, at) in looks {
                if let Some(watched) = shard.liveness.find(device.as_str()) {
                    watched.heard = at.map_or(watched.heard, |at| at.max(watched.heard));
                }
                let ask = shard.look_at_device(device, told.as_ref(), context)?;
                if let Some((gateway, connection)) = ask {
                    let question = (device.clone(), connection);
                    match questions.iter_mut().find(|(known, _)| *known == gateway) {
                        Some((_, asked)) => asked.push(question),
                        None => questions.push((gateway, vec![question])),
                    }
                }
                let found = shard.liveness.find(device.as_str());
                let due = found.map(|watched| watched.due);
                next = next.into_iter().chain(due).min();
            }
            Ok(())
        });
        if outcome.is_err() {
            self.liveness.read_anew();
        }
        outcome?;
        for (gateway, asked) in questions {
            self.correlations += 1;
            let connections = asked.iter().map(|(_, connection)| connection.clone());
            let request = GatewayRequest::LastMessages(connections.collect());
            effects.calls.push(Call {
                to: Address::Gateway(gateway),
                request: Outgoing::Gateway(request),
                correlation: self.correlations,
            });
            self.liveness.asked.push((self.correlations, asked));
        }
        if let Some(next) = next {
            effects.alarm_at(next.max(now.plus_seconds(SHORTEST_PAUSE)));
        }
        Ok(())
    }

    /// Looks at a device. Answers where to ask for it, if only its gateway knows more.
    fn look_at_device(
        &mut self,
        device: &DeviceId,
        told: Option<&ConnectionId>,
        context: &mut Context<'_>,
    ) -> Result<Option<(u16, ConnectionId)>, HubError> {
        let identity = Identity::device(device.clone());
        let Some(row) = IdentityRow::load(context.sql, &identity)? else {
            self.liveness.read_anew();
            return Ok(None);
        };
        let rows = context.sql.query(
            "SELECT last_message FROM identity WHERE device_id = ? AND module_id = ''",
            &[device.as_str().into()],
        )?;
        let stored = rows.first().and_then(|row| row.integer(0));
        let stored = stored.map(Timestamp::from_milliseconds);
        let now = context.now;
        let Some(watched) = self.liveness.find(device.as_str()) else {
            return Ok(None);
        };
        for at in stored.into_iter().chain(row.status_updated) {
            watched.heard = watched.heard.max(at);
        }
        let relook = (watched.seconds / 2).clamp(SHORTEST_PAUSE, LONGEST_RELOOK);
        let is_overdue = row.enabled && watched.limit() <= now;
        if is_overdue
            && let (Some(gateway), Some(connection)) = (row.gateway, &row.connection)
            && told.is_none_or(|told| told.0 != *connection)
        {
            watched.due = now.plus_seconds(ASK_AGAIN_SECONDS);
            return Ok(Some((gateway, ConnectionId(connection.clone()))));
        }
        watched.due = if row.enabled && !is_overdue {
            watched.limit()
        } else {
            now.plus_seconds(relook)
        };
        let was_overdue = std::mem::replace(&mut watched.is_overdue, is_overdue);
        let (silent, expected) = (silence(watched, now), watched.seconds);
        if was_overdue != is_overdue {
            context.sql.execute(
                "INSERT INTO liveness (device_id, base, overdue) VALUES (?, ?, ?) \
                 ON CONFLICT (device_id) DO UPDATE SET overdue = excluded.overdue",
                &[
                    device.as_str().into(),
                    watched.heard.milliseconds().into(),
                    is_overdue.into(),
                ],
            )?;
        }
        if !is_overdue && !was_overdue {
            return Ok(None);
        }
        // Who cannot log in is silent because of that, and has an alert that says so.
        let is_alarming = is_overdue
            && self.rules.heartbeat.enabled
            && !Self::was_told(&Rule::RECONNECT_FAILING, device.as_str(), context)?
            && !self.is_in_maintenance(device, context)?;
        let says = || {
            let summary = format!(
                "{device} silent for {} (expected every {})",
                spell(silent),
                spell(expected)
            );
            let connected = row.is_connected();
            let hint = match last_end(&row) {
                _ if connected => Some("It is connected, but sends nothing.".to_owned()),
                Some((reason, at)) => {
                    Some(format!("Last reason: {reason} at {}.", at.second_text()))
                }
                None => None,
            };
            Ok((summary, hint))
        };
        let missed = Rule::HEARTBEAT_MISSED;
        self.signal(&missed, device, is_alarming, None, &says, context)?;
        Ok(None)
    }

    /// For how long a device that is overdue is silent, and how often it should not be.
    pub(super) fn silence_of(
        &mut self,
        device: &str,
        context: &Context<'_>,
    ) -> Result<Option<(i64, i64)>, HubError> {
        self.know_watched(context.sql)?;
        let found = self.liveness.find(device);
        let overdue = found.filter(|watched| watched.limit() <= context.now);
        Ok(overdue.map(|watched| (silence(watched, context.now), watched.seconds)))
    }

    /// A page of devices that should send something at least so often.
    pub(super) fn list_heartbeats(
        &mut self,
        list: &ListHeartbeats,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        self.know_watched(context.sql)?;
        let after = list.after.as_deref().unwrap_or_default();
        let rows = self.heartbeat_rows(after, i64::from(list.top), list.overdue, context.sql)?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            let mut watched = read(row)?;
            if let Some(known) = self.liveness.find(watched.device.as_str()) {
                watched.heard = watched.heard.max(known.heard);
            }
            let activity = row.integer(4).map(Timestamp::from_milliseconds);
            items.push(json!({
                "deviceId": watched.device,
                "expectedSeconds": watched.seconds,
                "lastActivityTime": activity.map(|at| at.max(watched.heard)),
                "overdue": watched.is_overdue,
                "silentSeconds": silence(&watched, context.now),
            }));
        }
        Ok(RegistryReply::Devices(items))
    }
}

fn silence(watched: &Watched, now: Timestamp) -> i64 {
    (now.milliseconds() - watched.heard.milliseconds()).max(0) / 1000
}

pub(super) fn device_of(row: &crate::sql::Row) -> Result<DeviceId, HubError> {
    DeviceId::parse(row.required_text(0)?)
        .map_err(|error| HubError::internal(format!("a stored device id: {error}")))
}

fn read(row: &crate::sql::Row) -> Result<Watched, HubError> {
    let number = |column: usize| row.integer(column).unwrap_or(0);
    let device = device_of(row)?;
    let is_overdue = number(3) == 1;
    let mut watched = Watched {
        device,
        seconds: number(1),
        heard: Timestamp::from_milliseconds(number(2)),
        is_overdue,
        due: Timestamp::UNSET,
    };
    if !is_overdue {
        watched.due = watched.limit();
    }
    Ok(watched)
}
