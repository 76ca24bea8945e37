//! Cloud-to-device messages and desired changes on their way to devices
//! (`device.md` §4, §5.3).

use super::calls::PendingCall;
use super::connection::{Connection, Slot};
use super::{Context, Gateway, is_connecting};
use crate::ids::Identity;
use crate::ipc::gateway::GatewayReply;
use crate::ipc::registry::{
    CompleteDelivery, Delivery, RegistryReply, RegistryRequest, RegistryResult,
};
use crate::mqtt::packet::Publish;
use crate::mqtt::topic::desired_topic;
use crate::writing::JsonText;
use serde_json::Value;

impl Gateway {
    pub(super) fn accept_deliveries(
        &mut self,
        slot: Option<Slot>,
        deliveries: Vec<Delivery>,
        context: &mut Context<'_>,
    ) -> GatewayReply {
        let connection = slot.and_then(|slot| self.connections.get_mut(&slot));
        let (Some(slot), Some(connection)) = (slot, connection) else {
            return GatewayReply::Gone;
        };
        if is_connecting(connection) {
            connection.held_deliveries.extend(deliveries);
        } else {
            self.deliver(slot, deliveries, context);
        }
        GatewayReply::Done
    }

    /// Sends messages; QoS 0 completes them as soon as they are written (§4.2).
    pub(super) fn deliver(
        &mut self,
        slot: Slot,
        deliveries: Vec<Delivery>,
        context: &mut Context<'_>,
    ) {
        if deliveries.is_empty() {
            return;
        }
        let mut completed = Vec::new();
        let Some(session) = self
            .connections
            .get_mut(&slot)
            .and_then(Connection::session_mut)
        else {
            return;
        };
        let Some(qos) = session.subscriptions.devicebound_qos() else {
            return;
        };
        for delivery in &deliveries {
            if session.has_sent(delivery.sequence_number) {
                // Never twice on one connection (§4.2); the registry repeats what it is not
                // sure of.
                continue;
            }
            let packet_id = (qos == 1).then(|| session.take_packet_id());
            context.out.publish(
                slot,
                &Publish {
                    topic: &delivery.topic,
                    payload: &delivery.body,
                    qos,
                    packet_id,
                    retain: false,
                    dup: qos == 1 && delivery.redelivered,
                },
            );
            match packet_id {
                Some(packet_id) => {
                    session
                        .in_flight
                        .push_back((packet_id, delivery.sequence_number));
                }
                None => {
                    session.note_completed(delivery.sequence_number);
                    completed.push(delivery.sequence_number);
                }
            }
        }
        let (identity, epoch) = (session.identity.clone(), session.epoch);
        for number in completed {
            self.complete(slot, &identity, epoch, number, context);
        }
        self.heard_by_hub(slot);
    }

    /// What the hub sends changes the session too, though the device said nothing.
    pub(super) fn heard_by_hub(&mut self, slot: Slot) {
        if let Some(connection) = self.connections.get_mut(&slot)
            && !connection.dirty
        {
            connection.dirty = true;
            self.dirty.push(slot);
        }
    }

    pub(super) fn acknowledged(&mut self, slot: Slot, packet_id: u16, context: &mut Context<'_>) {
        let Some(session) = self.session_mut(slot) else {
            return;
        };
        let place = session
            .in_flight
            .iter()
            .position(|(used, _)| *used == packet_id);
        // An unknown id is ignored (§9).
        let Some((_, number)) = place.and_then(|place| session.in_flight.remove(place)) else {
            return;
        };
        session.note_completed(number);
        let (identity, epoch) = (session.identity.clone(), session.epoch);
        self.complete(slot, &identity, epoch, number, context);
    }

    fn complete(
        &mut self,
        slot: Slot,
        identity: &Identity,
        epoch: u64,
        sequence_number: u64,
        context: &mut Context<'_>,
    ) {
        let done = CompleteDelivery {
            identity: identity.clone(),
            epoch,
            sequence_number,
        };
        self.ask(
            identity,
            RegistryRequest::CompleteDelivery(done),
            PendingCall::Complete { slot },
            context,
        );
    }

    /// The registry removed a message and may have handed out the next. If it could not be
    /// reached, neither is known: the device starts over, and what is still queued comes again.
    pub(super) fn completed(
        &mut self,
        slot: Slot,
        result: RegistryResult,
        context: &mut Context<'_>,
    ) {
        let Ok(RegistryReply::Deliveries(deliveries)) = result else {
            self.close(slot, "serverError", context);
            return;
        };
        let reply = self.accept_deliveries(Some(slot), deliveries, context);
        debug_assert!(matches!(reply, GatewayReply::Done | GatewayReply::Gone));
    }

    pub(super) fn desired_changed(
        &mut self,
        slot: Option<Slot>,
        version: u64,
        body: &Value,
        context: &mut Context<'_>,
    ) -> GatewayReply {
        let session = slot
            .and_then(|slot| self.connections.get(&slot))
            .and_then(Connection::session);
        let (Some(slot), Some(session)) = (slot, session) else {
            return GatewayReply::Gone;
        };
        if session.subscriptions.wants_desired() {
            let payload = body.json_text();
            context.out.publish(
                slot,
                &Publish {
                    topic: &desired_topic(version),
                    payload: payload.as_bytes(),
                    qos: 0,
                    packet_id: None,
                    retain: false,
                    dup: false,
                },
            );
        }
        GatewayReply::Done
    }
}
