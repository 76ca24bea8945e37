//! Packets of devices, one by one, in the order of the stream.

use super::connection::{Connection, Phase, Slot};
use super::telemetry::Marks;
use super::{Context, Gateway};
use crate::hub::counters::Counter;
use crate::hub::segment;
use crate::mqtt::encode;
use crate::mqtt::packet::{ConnAck, ConnectCode, Limits, Packet, Publish, packet_name};
use crate::mqtt::property_bag;
use crate::mqtt::topic::{DeviceTopic, parse_publish};
use crate::throttle::OperationClass;
use std::ops::ControlFlow;

/// Body and properties of a message, in bytes (`device.md` §3.3).
const MAX_MESSAGE_BYTES: usize = 262_144;

/// The reason when a device sends DISCONNECT.
pub(super) const GOODBYE: &str = "clientDisconnected";

/// What becomes of the connection after a packet.
pub(super) enum Verdict {
    /// Go on with the next packet.
    Continue,
    /// Wait for the registry before the next packet.
    Block,
    /// Close with this reason.
    Close(&'static str),
}

impl Gateway {
    /// Takes bytes of the stream; an empty frame goes on with what was held back.
    pub(super) fn feed(&mut self, slot: Slot, bytes: &[u8], context: &mut Context<'_>) {
        self.heard(slot, context);
        let Some(connection) = self.connections.get_mut(&slot) else {
            return;
        };
        let mut decoder = std::mem::take(&mut connection.decoder);
        let mut close = None;
        let mut kind = 0;
        let fed = if connection.blocked {
            decoder.hold(bytes, &Limits::HUB)
        } else {
            decoder.feed(bytes, &Limits::HUB, &mut |packet| {
                kind = packet.kind();
                match self.packet(slot, packet, context) {
                    Verdict::Continue => ControlFlow::Continue(()),
                    Verdict::Block => {
                        if let Some(connection) = self.connections.get_mut(&slot) {
                            connection.blocked = true;
                        }
                        ControlFlow::Break(())
                    }
                    Verdict::Close(reason) => {
                        close = Some(reason);
                        ControlFlow::Break(())
                    }
                }
            })
        };
        if let Some(connection) = self.connections.get_mut(&slot) {
            if fed.is_err() {
                kind = decoder.broken_kind();
            }
            if close.is_some_and(|reason| reason != GOODBYE) || fed.is_err() {
                connection.offending = packet_name(kind);
            }
            connection.decoder = decoder;
        }
        if let Some(reason) = close {
            self.close(slot, reason, context);
        } else if let Err(malformed) = fed {
            // Nothing may be answered to what is not MQTT (§1, §9).
            self.close(slot, malformed.code(), context);
        }
    }

    /// The registry has decided: packets that waited are handled now.
    pub(super) fn unblock(&mut self, slot: Slot, context: &mut Context<'_>) {
        let Some(connection) = self.connections.get_mut(&slot) else {
            return;
        };
        connection.blocked = false;
        let deliveries = std::mem::take(&mut connection.held_deliveries);
        let methods = std::mem::take(&mut connection.held_methods);
        self.deliver(slot, deliveries, context);
        for (token, invocation) in methods {
            if let Some(answer) = self.invoke_method(Some(slot), token, invocation, context) {
                context.out.common.replies.push((token, answer));
            }
        }
        self.feed(slot, &[], context);
    }

    fn packet(&mut self, slot: Slot, packet: Packet<'_>, context: &mut Context<'_>) -> Verdict {
        let phase = self
            .connections
            .get(&slot)
            .map(|connection| &connection.phase);
        match (phase, packet) {
            (Some(Phase::Opened), Packet::Connect(connect)) => {
                self.connect(slot, &connect, context)
            }
            (Some(Phase::Opened), Packet::UnsupportedProtocolLevel(_)) => {
                let code = ConnectCode::UnacceptableProtocolVersion;
                let answer = ConnAck {
                    session_present: false,
                    code,
                };
                context
                    .out
                    .send(slot, |bytes| encode::connack(bytes, answer));
                Verdict::Close("unsupportedProtocolLevel")
            }
            (Some(Phase::Established(_)), packet) => self.established(slot, packet, context),
            _ => Verdict::Close("protocolError"),
        }
    }

    fn established(
        &mut self,
        slot: Slot,
        packet: Packet<'_>,
        context: &mut Context<'_>,
    ) -> Verdict {
        match packet {
            Packet::Publish(message) => self.publish(slot, &message, context),
            Packet::PubAck(packet_id) => {
                self.acknowledged(slot, packet_id, context);
                Verdict::Continue
            }
            Packet::Subscribe { packet_id, filters } => {
                self.subscribe(slot, packet_id, &filters, context)
            }
            Packet::Unsubscribe { packet_id, filters } => {
                self.unsubscribe(slot, packet_id, &filters, context)
            }
            Packet::PingReq => {
                context.out.send(slot, encode::pingresp);
                Verdict::Continue
            }
            Packet::Disconnect => {
                if let Some(session) = self.session_mut(slot) {
                    session.will = None;
                }
                Verdict::Close(GOODBYE)
            }
            // A second CONNECT, QoS 2, or what only a server sends (§9).
            _ => Verdict::Close("protocolError"),
        }
    }

    fn publish(&mut self, slot: Slot, message: &Publish<'_>, context: &mut Context<'_>) -> Verdict {
        if message.qos > 1 {
            return Verdict::Close("qosNotSupported");
        }
        let Some(session) = self.session_mut(slot) else {
            return Verdict::Close("protocolError");
        };
        let topic = match parse_publish(message.topic, &session.identity) {
            Ok(topic) => topic,
            Err(error) => return Verdict::Close(error.code()),
        };
        session.spoke = Some(context.now);
        match topic {
            DeviceTopic::Telemetry { bag } => self.telemetry(slot, message, bag, context),
            DeviceTopic::TwinGet { request_id } => {
                self.twin_get(slot, message.packet_id, request_id, context)
            }
            DeviceTopic::TwinReport {
                request_id,
                version,
            } => self.twin_report(slot, message, request_id, version, context),
            DeviceTopic::MethodResponse { status, request_id } => {
                self.method_response(slot, message, status, request_id, context)
            }
        }
    }

    fn telemetry(
        &mut self,
        slot: Slot,
        message: &Publish<'_>,
        bag: &str,
        context: &mut Context<'_>,
    ) -> Verdict {
        let Ok(properties) = property_bag::measure(bag) else {
            return Verdict::Close("malformedPropertyBag");
        };
        if message.payload.len() + properties > MAX_MESSAGE_BYTES {
            return Verdict::Close("messageTooLarge");
        }
        let taken = self
            .throttles
            .take(OperationClass::DeviceToCloudSends, context.now, 1);
        if taken.is_err() {
            self.counters.add(Counter::SendThrottled, 1, context.now);
            return Verdict::Close("throttled");
        }
        let mut flags = 0;
        if message.retain {
            flags |= segment::RETAIN;
        }
        if message.dup {
            flags |= segment::DUPLICATE;
        }
        let packet_id = message.packet_id.unwrap_or(0);
        self.store(slot, packet_id, flags, bag, message.payload, context)
    }

    /// Puts one record of a connection into its partition's batch.
    pub(super) fn store(
        &mut self,
        slot: Slot,
        packet_id: u16,
        flags: u8,
        bag: &str,
        body: &[u8],
        context: &mut Context<'_>,
    ) -> Verdict {
        let session = self
            .connections
            .get_mut(&slot)
            .and_then(Connection::session_mut);
        let Some(session) = session else {
            return Verdict::Close("protocolError");
        };
        let Some(batcher) = self.batchers.get_mut(usize::from(session.partition)) else {
            return Verdict::Close("serverError");
        };
        let marks = Marks {
            batch: &mut session.batch_mark,
            window: &mut session.window_mark,
        };
        let sender = &session.sender;
        let size = bag.len() + body.len() + 512;
        let pushed = batcher.push(context.now, slot, packet_id, marks, size, |data| {
            sender.encode(data, flags, bag, body);
        });
        match pushed {
            Ok(()) => Verdict::Continue,
            Err(_) => Verdict::Close("throttled"),
        }
    }
}
