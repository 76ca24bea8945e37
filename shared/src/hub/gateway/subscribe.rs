//! SUBSCRIBE and UNSUBSCRIBE: stored by the registry before they are acknowledged
//! (`device.md` §2.5, §9).

use super::calls::PendingCall;
use super::connection::{Connection, Slot};
use super::packets::Verdict;
use super::{Context, Gateway};
use crate::ipc::registry::{RegistryReply, RegistryRequest, RegistryResult, UpdateSession};
use crate::mqtt::encode;
use crate::mqtt::topic::{REFUSED, Subscriptions};

/// What to tell the device once the registry has stored its filters.
#[derive(Debug)]
pub(super) enum Acknowledge {
    Subscribe { packet_id: u16, codes: Vec<u8> },
    Unsubscribe { packet_id: u16 },
}

impl Gateway {
    pub(super) fn subscribe(
        &mut self,
        slot: Slot,
        packet_id: u16,
        filters: &[(&str, u8)],
        context: &mut Context<'_>,
    ) -> Verdict {
        let Some(session) = self.connections.get(&slot).and_then(Connection::session) else {
            return Verdict::Close("protocolError");
        };
        let mut subscriptions = session.subscriptions.clone();
        let mut granted = Vec::new();
        let mut codes = Vec::with_capacity(filters.len());
        for (filter, requested) in filters {
            let code = subscriptions.subscribe(filter, *requested, &session.identity);
            codes.push(code);
            if code != REFUSED {
                granted.push(((*filter).to_owned(), code));
            }
        }
        if granted.is_empty() {
            context
                .out
                .send(slot, |bytes| encode::suback(bytes, packet_id, &codes));
            return Verdict::Continue;
        }
        let (identity, epoch) = (session.identity.clone(), session.epoch);
        let update = UpdateSession {
            identity: identity.clone(),
            epoch,
            subscribe: granted,
            unsubscribe: Vec::new(),
        };
        let acknowledge = Acknowledge::Subscribe { packet_id, codes };
        self.ask(
            &identity,
            RegistryRequest::UpdateSession(update),
            PendingCall::Session {
                slot,
                subscriptions,
                acknowledge,
            },
            context,
        );
        Verdict::Block
    }

    pub(super) fn unsubscribe(
        &mut self,
        slot: Slot,
        packet_id: u16,
        filters: &[&str],
        context: &mut Context<'_>,
    ) -> Verdict {
        let Some(session) = self.connections.get(&slot).and_then(Connection::session) else {
            return Verdict::Close("protocolError");
        };
        let mut subscriptions = session.subscriptions.clone();
        let dropped: Vec<String> = filters
            .iter()
            .filter(|filter| subscriptions.unsubscribe(filter))
            .map(|filter| (*filter).to_owned())
            .collect();
        if dropped.is_empty() {
            context
                .out
                .send(slot, |bytes| encode::unsuback(bytes, packet_id));
            return Verdict::Continue;
        }
        let (identity, epoch) = (session.identity.clone(), session.epoch);
        let update = UpdateSession {
            identity: identity.clone(),
            epoch,
            subscribe: Vec::new(),
            unsubscribe: dropped,
        };
        let acknowledge = Acknowledge::Unsubscribe { packet_id };
        self.ask(
            &identity,
            RegistryRequest::UpdateSession(update),
            PendingCall::Session {
                slot,
                subscriptions,
                acknowledge,
            },
            context,
        );
        Verdict::Block
    }

    /// The registry stored the filters, or could not: then the device must try again.
    pub(super) fn session_updated(
        &mut self,
        slot: Slot,
        subscriptions: Subscriptions,
        acknowledge: Acknowledge,
        result: RegistryResult,
        context: &mut Context<'_>,
    ) {
        let Ok(RegistryReply::Deliveries(deliveries)) = result else {
            self.close(slot, "serverError", context);
            return;
        };
        let Some(session) = self.session_mut(slot) else {
            return;
        };
        session.subscriptions = subscriptions;
        if session.subscriptions.devicebound_qos().is_none() {
            // The registry has taken them back; they come again after the next SUBSCRIBE.
            session.in_flight.clear();
        }
        match acknowledge {
            Acknowledge::Subscribe { packet_id, codes } => {
                context
                    .out
                    .send(slot, |bytes| encode::suback(bytes, packet_id, &codes));
            }
            Acknowledge::Unsubscribe { packet_id } => {
                context
                    .out
                    .send(slot, |bytes| encode::unsuback(bytes, packet_id));
            }
        }
        self.deliver(slot, deliveries, context);
        self.unblock(slot, context);
    }
}
