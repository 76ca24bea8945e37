//! Frames from the hub, turned into events.

use super::outstanding::{Awaited, TwinRequest};
use super::{ClientError, ClientEvent, ClientSession, ClientState};
use crate::mqtt::packet::{ConnAck, ConnectCode, Packet, Publish};
use crate::mqtt::property_bag;
use crate::mqtt::topic::{HubTopic, parse_delivery};
use std::ops::ControlFlow;
use std::time::Duration;

impl ClientSession {
    /// Takes one WebSocket message and appends what it means. An error means: close the
    /// connection; events that were appended before it still hold.
    pub fn handle_frame(
        &mut self,
        now: Duration,
        frame: &[u8],
        events: &mut Vec<ClientEvent>,
    ) -> Result<(), ClientError> {
        let mut outcome = Ok(());
        let limits = self.limits;
        let mut decoder = std::mem::take(&mut self.decoder);
        let decoded = decoder.feed(frame, &limits, &mut |packet| {
            outcome = self.handle_packet(now, &packet, events);
            if outcome.is_ok() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        self.decoder = decoder;
        outcome
            .and(decoded.map_err(ClientError::from))
            .map_err(|error| self.give_up(error))
    }

    fn handle_packet(
        &mut self,
        now: Duration,
        packet: &Packet<'_>,
        events: &mut Vec<ClientEvent>,
    ) -> Result<(), ClientError> {
        match (self.state, packet) {
            (ClientState::Connecting, Packet::ConnAck(answer)) => {
                self.connect_answered(now, *answer, events);
                Ok(())
            }
            (ClientState::Connected, Packet::PubAck(packet_id)) => {
                match self.packets.answered(*packet_id) {
                    Some((Awaited::Telemetry(tag), sent)) => {
                        let latency = now.saturating_sub(sent);
                        events.push(ClientEvent::Acknowledged { tag, latency });
                        Ok(())
                    }
                    _ => Err(ClientError::Unexpected("PUBACK")),
                }
            }
            (ClientState::Connected, Packet::Publish(message)) => {
                self.message_received(now, message, events)
            }
            (ClientState::Connected, Packet::SubAck { packet_id, codes }) => {
                match self.packets.answered(*packet_id) {
                    Some((Awaited::Subscribe, _)) => {
                        let (packet_id, codes) = (*packet_id, codes.clone());
                        events.push(ClientEvent::Subscribed { packet_id, codes });
                        Ok(())
                    }
                    _ => Err(ClientError::Unexpected("SUBACK")),
                }
            }
            (ClientState::Connected, Packet::UnsubAck(packet_id)) => {
                match self.packets.answered(*packet_id) {
                    Some((Awaited::Unsubscribe, _)) => {
                        events.push(ClientEvent::Unsubscribed {
                            packet_id: *packet_id,
                        });
                        Ok(())
                    }
                    _ => Err(ClientError::Unexpected("UNSUBACK")),
                }
            }
            (ClientState::Connected, Packet::PingResp) => match self.ping_sent.take() {
                Some(_) => Ok(()),
                None => Err(ClientError::Unexpected("PINGRESP")),
            },
            (ClientState::Closed, _) => Ok(()),
            (ClientState::Connecting, _) => Err(ClientError::Unexpected("packet before CONNACK")),
            (_, Packet::ConnAck(_)) => Err(ClientError::Unexpected("second CONNACK")),
            _ => Err(ClientError::Unexpected("packet that only clients send")),
        }
    }

    fn connect_answered(&mut self, now: Duration, answer: ConnAck, events: &mut Vec<ClientEvent>) {
        if answer.code == ConnectCode::Accepted {
            self.state = ClientState::Connected;
            events.push(ClientEvent::Connected {
                session_present: answer.session_present,
                latency: now.saturating_sub(self.connect_sent),
            });
        } else {
            self.state = ClientState::Closed;
            events.push(ClientEvent::Refused(answer.code));
        }
    }

    fn message_received(
        &mut self,
        now: Duration,
        message: &Publish<'_>,
        events: &mut Vec<ClientEvent>,
    ) -> Result<(), ClientError> {
        let topic = parse_delivery(message.topic, &self.options.identity)
            .ok_or(ClientError::Unexpected("topic"))?;
        let body = || message.payload.to_vec();
        match topic {
            HubTopic::CloudToDevice { bag } => events.push(ClientEvent::CloudToDevice {
                packet_id: message.packet_id,
                redelivered: message.dup,
                properties: property_bag::parse(bag)
                    .map_err(|_| ClientError::Unexpected("property bag"))?,
                payload: body(),
            }),
            HubTopic::DesiredProperties { version } => {
                events.push(ClientEvent::DesiredChanged {
                    version,
                    body: body(),
                });
            }
            HubTopic::MethodCall { name, request_id } => events.push(ClientEvent::MethodCalled {
                name: name.to_owned(),
                request_id: request_id.to_owned(),
                payload: body(),
            }),
            HubTopic::TwinResponse {
                status,
                request_id,
                version,
            } => {
                let request_id: u64 = request_id
                    .parse()
                    .map_err(|_| ClientError::Unexpected("request id"))?;
                // Late answers to requests that have timed out are no error.
                let Some((request, sent)) = self.requests.answered(request_id) else {
                    return Ok(());
                };
                let latency = now.saturating_sub(sent);
                events.push(match request {
                    _ if !(200..300).contains(&status) => ClientEvent::TwinFailed {
                        request_id,
                        status,
                        body: body(),
                    },
                    TwinRequest::Get => ClientEvent::TwinReceived {
                        request_id,
                        body: body(),
                        latency,
                    },
                    TwinRequest::Report => ClientEvent::TwinReported {
                        request_id,
                        version,
                        latency,
                    },
                });
            }
        }
        Ok(())
    }
}
