//! Time: silent devices, expired tokens, slow CONNECTs, attachments, wake-ups
//! (`device.md` §1, §2.6).
//!
//! Deadlines live in memory and in attachments, never in rows: a ping costs no write. Some
//! seconds after the last packet the attachments are brought up to date and the durable
//! alarm is set to the nearest deadline; then nothing keeps the object from hibernating.

use super::calls::PendingCall;
use super::connection::Slot;
use super::{Context, Gateway, GatewayEffects, Sockets};
use crate::error::HubError;
use crate::hub::effects::Outgoing;
use crate::ids::Identity;
use crate::ipc::Address;
use crate::ipc::registry::RegistryRequest;
use crate::ordered::OrderedMap;
use crate::sorting;
use crate::sql::Sql;
use crate::time::Timestamp;

/// How long attachments may be out of date while the object is awake.
const FLUSH_MILLISECONDS: i64 = 3_000;
/// How often the registry is told that a device is alive.
const ACTIVITY_MILLISECONDS: i64 = 300_000;

impl Gateway {
    /// A volatile timer fired.
    pub fn timer(&mut self, now: Timestamp, sql: &dyn Sql, out: &mut GatewayEffects) {
        let mut context = Context { now, sql, out };
        self.expire_methods(&mut context);
        if self.flush_at.is_some_and(|at| at <= now) {
            self.flush(&mut context);
        }
        for batcher in &mut self.batchers {
            batcher.rested(now);
        }
        // What cannot be written stays in memory and is counted on.
        let _unwritten = self.counters.write_due(now, sql);
        self.send_due(&mut context);
        self.arm(&mut context);
    }

    /// A durable alarm fired: close what is overdue, find out what was lost.
    pub fn alarm(
        &mut self,
        now: Timestamp,
        sql: &dyn Sql,
        sockets: &dyn Sockets,
        out: &mut GatewayEffects,
    ) -> Result<(), HubError> {
        let mut context = Context { now, sql, out };
        self.load_all(sockets);
        let mut overdue: Vec<(Slot, &'static str)> = self
            .connections
            .iter()
            .filter(|(_, connection)| connection.deadline() <= now)
            .map(|(slot, connection)| {
                let reason = match connection.session() {
                    None => "connectTimedOut",
                    Some(session) if session.expires.is_some_and(|at| at <= now) => "tokenExpired",
                    Some(_) => "keepAliveExpired",
                };
                (*slot, reason)
            })
            .collect();
        // In a fixed order, so that a simulated run can be repeated.
        sorting::sort(&mut overdue);
        for (slot, reason) in overdue {
            self.close(slot, reason, &mut context);
        }
        self.census_due(&mut context, sockets)?;
        let next = self
            .connections
            .values()
            .map(super::connection::Connection::deadline)
            .min();
        if let Some(next) = next {
            context.out.common.alarm_at(next);
        }
        self.send_due(&mut context);
        self.arm(&mut context);
        Ok(())
    }

    /// Brings attachments up to date, so that the object may hibernate.
    fn flush(&mut self, context: &mut Context<'_>) {
        self.flush_at = None;
        let mut alive: OrderedMap<u16, Vec<(Identity, Timestamp)>> = OrderedMap::new();
        let mut nearest: Option<Timestamp> = None;
        let mut again = Vec::new();
        for slot in std::mem::take(&mut self.dirty) {
            let Some(connection) = self.connections.get_mut(&slot) else {
                continue;
            };
            match connection.attachment() {
                Some(attachment) => {
                    connection.dirty = false;
                    context.out.attachments.push((slot, attachment));
                }
                // A decision is under way or a large packet is half here: awake until then.
                None => again.push(slot),
            }
            let deadline = connection.deadline();
            nearest = Some(nearest.map_or(deadline, |earlier| earlier.min(deadline)));
            let since =
                connection.last_heard.milliseconds() - connection.last_reported.milliseconds();
            if since >= ACTIVITY_MILLISECONDS
                && let Some(session) = connection.session()
            {
                let entry = (session.identity.clone(), connection.last_heard);
                alive
                    .or_default(self.layout.shard_of(&session.identity.device))
                    .push(entry);
                connection.last_reported = connection.last_heard;
            }
        }
        self.dirty = again;
        if let Some(nearest) = nearest {
            context.out.common.alarm_at(nearest);
        }
        for (shard, entries) in alive {
            let request = Outgoing::Registry(RegistryRequest::Activity(entries));
            self.call(
                Address::Registry(shard),
                request,
                PendingCall::Activity,
                context,
            );
        }
    }

    /// Asks for the next volatile wake-up.
    pub(super) fn arm(&mut self, context: &mut Context<'_>) {
        if !self.dirty.is_empty() && self.flush_at.is_none() {
            self.flush_at = Some(context.now.plus_milliseconds(FLUSH_MILLISECONDS));
        }
        let method = self
            .method_deadlines
            .first_key_value()
            .map(|((deadline, _), _)| *deadline);
        let batch = self
            .batchers
            .iter()
            .filter_map(super::telemetry::Batcher::wake_at)
            .min();
        self.counters.arm(&mut context.out.common);
        if let Some(at) = [self.flush_at, method, batch].into_iter().flatten().min() {
            context.out.common.wake_at(at);
        }
    }
}
