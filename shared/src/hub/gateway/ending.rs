//! How connections end, and how the registry surely learns of it.

use super::calls::PendingCall;
use super::connection::{Phase, Slot, Will};
use super::packets::Verdict;
use super::{Context, Gateway, Sockets};
use crate::error::HubError;
use crate::hub::segment;
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::ipc::ConnectionId;
use crate::ipc::registry::{Disconnected, RegistryRequest};
use crate::time::Timestamp;
use std::collections::HashSet;

/// WebSocket close code: normal.
const NORMAL: u16 = 1000;
/// WebSocket close code: the peer broke a rule.
const POLICY: u16 = 1008;

impl Gateway {
    /// Closes a socket and ends what was on it.
    pub(super) fn close(&mut self, slot: Slot, reason: &str, context: &mut Context<'_>) {
        if !self.connections.contains_key(&slot) {
            return;
        }
        let code = if reason == "clientDisconnected" {
            NORMAL
        } else {
            POLICY
        };
        context.out.closes.push((slot, code));
        // Should the socket outlive this object, it is known to be closed.
        context.out.attachments.push((slot, String::new()));
        self.end(slot, reason, context);
    }

    /// Forgets a connection: publishes its will, fails its method calls, tells the registry.
    pub(super) fn end(&mut self, slot: Slot, reason: &str, context: &mut Context<'_>) {
        let will = self
            .session_mut(slot)
            .and_then(|session| session.will.take());
        if let Some(Will { bag, body, retain }) = will {
            let flags = segment::WILL | if retain { segment::RETAIN } else { 0 };
            // An overloaded gateway loses the will; there is nobody left to tell.
            let stored = self.store(slot, 0, flags, &bag, &body, context);
            debug_assert!(matches!(stored, Verdict::Continue | Verdict::Close(_)));
        }
        let Some(mut connection) = self.connections.remove(&slot) else {
            return;
        };
        self.slots.remove(&connection.id);
        self.fail_methods(&mut connection, context);
        let (identity, epoch) = match &connection.phase {
            Phase::Opened => return,
            Phase::Connecting(pending) => (pending.identity.clone(), None),
            Phase::Established(session) => (session.identity.clone(), Some(session.epoch)),
        };
        let last_heard = connection.last_heard;
        self.report_end(connection.id, identity, epoch, reason, last_heard, context);
    }

    /// Tells the registry; the connection's row stays until it has answered.
    fn report_end(
        &mut self,
        connection: ConnectionId,
        identity: Identity,
        epoch: Option<u64>,
        reason: &str,
        last_activity: Timestamp,
        context: &mut Context<'_>,
    ) {
        let report = Disconnected {
            identity: identity.clone(),
            connection: connection.clone(),
            epoch,
            reason: reason.to_owned(),
            last_activity,
        };
        self.ask(
            &identity,
            RegistryRequest::Disconnected(report),
            PendingCall::Disconnected { connection },
            context,
        );
    }

    /// The registry knows that the connection has ended (or could not be told: the alarm
    /// repeats it).
    pub(super) fn end_reported(
        &mut self,
        connection: &ConnectionId,
        told: bool,
        context: &mut Context<'_>,
    ) {
        let forgotten = told
            && context
                .sql
                .execute(
                    "DELETE FROM connection WHERE id = ?",
                    &[connection.0.as_str().into()],
                )
                .is_ok();
        if !forgotten {
            context.out.common.alarm_at(context.now.plus_seconds(5));
        }
    }

    /// Drops the row of a connection that the registry refused.
    pub(super) fn forget_row(&mut self, slot: Slot, context: &mut Context<'_>) {
        let Some(connection) = self.connections.get_mut(&slot) else {
            return;
        };
        let id = connection.id.clone();
        connection.phase = Phase::Opened;
        self.end_reported(&id, true, context);
    }

    /// Reports every connection that has a row but no socket: lost in a crash, or ended
    /// while the registry could not be reached.
    pub(super) fn report_lost(
        &mut self,
        context: &mut Context<'_>,
        sockets: &dyn Sockets,
    ) -> Result<(), HubError> {
        let rows = context
            .sql
            .query("SELECT id, device_id, module_id FROM connection", &[])?;
        if rows.is_empty() {
            return Ok(());
        }
        self.load_all(sockets);
        let reporting: HashSet<ConnectionId> = self
            .calls
            .values()
            .filter_map(|call| match call {
                PendingCall::Disconnected { connection } => Some(connection.clone()),
                _ => None,
            })
            .collect();
        for row in rows {
            let connection = ConnectionId(row.required_text(0)?.to_owned());
            if self.slots.contains_key(&connection) || reporting.contains(&connection) {
                continue;
            }
            let device = DeviceId::parse(row.required_text(1)?);
            let module = match row.required_text(2)? {
                "" => None,
                module => ModuleId::parse(module).ok(),
            };
            let Ok(device) = device else { continue };
            let identity = Identity { device, module };
            self.report_end(
                connection,
                identity,
                None,
                "connectionLost",
                Timestamp::UNSET,
                context,
            );
        }
        Ok(())
    }

    pub(super) fn load_all(&mut self, sockets: &dyn Sockets) {
        if self.all_loaded {
            return;
        }
        for (slot, attachment) in sockets.all() {
            if !self.connections.contains_key(&slot) {
                self.adopt(slot, &attachment);
            }
        }
        self.all_loaded = true;
    }
}
