//! How connections end, and how the registry surely learns of it.

use super::calls::PendingCall;
use super::connection::{Phase, Slot, Will};
use super::packets::{GOODBYE, Verdict};
use super::{Context, Gateway, Sockets};
use crate::hub::segment;
use crate::ipc::ConnectionId;
use crate::ipc::gateway::GatewayReply;
use crate::ipc::registry::{Disconnected, RegistryRequest};
use crate::time::Timestamp;

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
        let code = if reason == GOODBYE { NORMAL } else { POLICY };
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
        let seconds = context.now.seconds() - connection.opened.seconds();
        let offending = connection.offending;
        // Ids and words hold nothing that JSON would have to escape.
        context.out.log.push(format!(
            "{{\"event\":\"connectionEnd\",\"identity\":\"{identity}\",\"reason\":\"{reason}\",\
             \"packet\":\"{offending}\",\"seconds\":{seconds}}}"
        ));
        let spoke = connection.session().and_then(|session| session.spoke);
        let report = Disconnected {
            identity,
            connection: connection.id,
            epoch,
            reason: reason.to_owned(),
            packet: connection.offending.to_owned(),
            last_activity: connection.last_heard,
            last_message: Some(spoke.unwrap_or(Timestamp::UNSET)),
        };
        self.report_end(report, context);
    }

    /// Tells the registry. If it cannot be reached, the next census does.
    fn report_end(&mut self, report: Disconnected, context: &mut Context<'_>) {
        let identity = report.identity.clone();
        let shard = self.layout.shard_of(&identity.device);
        self.ask(
            &identity,
            RegistryRequest::Disconnected(report),
            PendingCall::Disconnected { shard },
            context,
        );
    }

    /// When the devices on these connections last sent a message, as far as that is known here.
    pub(super) fn last_messages(
        &mut self,
        connections: &[ConnectionId],
        sockets: &dyn Sockets,
    ) -> GatewayReply {
        let spoke = connections.iter().map(|connection| {
            let slot = self.find(connection, sockets)?;
            self.connections.get(&slot)?.session()?.spoke
        });
        GatewayReply::LastMessages(spoke.collect())
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
