//! The device's side of a session, for the simulator: IoT Hub's conversation over MQTT
//! without a socket (`device.md` §2–§6).
//!
//! Calls append packets to the caller's buffer; frames from the hub become
//! [`ClientEvent`]s in the caller's list. Time is an argument: a [`Duration`] since any
//! fixed start. Acknowledged telemetry allocates nothing, so that one process can drive
//! thousands of devices. It never sends anything by itself: cloud-to-device messages stay
//! unacknowledged until the owner says so.

mod event;
mod outstanding;
mod received;

pub use event::{API_VERSION, ClientError, ClientEvent, ClientOptions, WillMessage};

use super::encode;
use super::packet::{Connect, Limits, Publish, Will};
use super::stream::StreamDecoder;
use crate::ids::Identity;
use outstanding::{Awaited, OutstandingPackets, OutstandingRequests, TwinRequest};
use std::time::Duration;

/// Where a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientState {
    /// No connection.
    Idle,
    /// CONNECT is sent.
    Connecting,
    /// CONNACK 0 has come.
    Connected,
    /// Refused, broken or left: only `connect` helps.
    Closed,
}

/// One device's session. It may be used for one connection after another.
#[derive(Debug, Clone)]
pub struct ClientSession {
    options: ClientOptions,
    /// `devices/{d}[/modules/{m}]/messages/events/`
    telemetry_prefix: String,
    state: ClientState,
    decoder: StreamDecoder,
    limits: Limits,
    packets: OutstandingPackets,
    requests: OutstandingRequests,
    connect_sent: Duration,
    last_sent: Duration,
    ping_sent: Option<Duration>,
}

impl ClientSession {
    /// A session that has yet to connect.
    pub fn new(options: ClientOptions) -> Self {
        let telemetry_prefix = match &options.identity.module {
            None => format!("devices/{}/messages/events/", options.identity.device),
            Some(module) => {
                format!(
                    "devices/{}/modules/{module}/messages/events/",
                    options.identity.device
                )
            }
        };
        Self {
            options,
            telemetry_prefix,
            state: ClientState::Idle,
            decoder: StreamDecoder::new(),
            limits: Limits::HUB,
            packets: OutstandingPackets::default(),
            requests: OutstandingRequests::default(),
            connect_sent: Duration::ZERO,
            last_sent: Duration::ZERO,
            ping_sent: None,
        }
    }

    /// Where the session is.
    pub fn state(&self) -> ClientState {
        self.state
    }

    /// Who this is.
    pub fn identity(&self) -> &Identity {
        &self.options.identity
    }

    /// How many packets wait for an acknowledgement.
    pub fn outstanding(&self) -> usize {
        self.packets.len()
    }

    /// Tags of telemetry that was sent and not acknowledged, oldest first. Look before
    /// `connect`, which forgets them: the owner decides whether to publish them again.
    pub fn unacknowledged(&self) -> impl Iterator<Item = u64> {
        self.packets.telemetry()
    }

    /// Writes CONNECT on a fresh connection. `password` is the SAS token.
    pub fn connect(
        &mut self,
        now: Duration,
        password: Option<&str>,
        out: &mut Vec<u8>,
    ) -> Result<(), ClientError> {
        let client_id = self.options.identity.to_string();
        let user_name = self.options.user_name();
        let will_topic = self
            .options
            .will
            .as_ref()
            .map(|will| format!("{}{}", self.telemetry_prefix, will.bag));
        let will = self
            .options
            .will
            .as_ref()
            .zip(will_topic.as_deref())
            .map(|(will, topic)| Will {
                topic,
                payload: &will.payload,
                qos: will.qos.min(1),
                retain: false,
            });
        encode::connect(
            out,
            &Connect {
                protocol_level: 4,
                client_id: &client_id,
                clean_session: self.options.clean_session,
                keep_alive: self.options.keep_alive,
                user_name: Some(&user_name),
                password: password.map(str::as_bytes),
                will,
            },
        )?;
        self.state = ClientState::Connecting;
        self.decoder = StreamDecoder::new();
        self.packets.clear();
        self.requests.clear();
        self.ping_sent = None;
        self.connect_sent = now;
        self.last_sent = now;
        Ok(())
    }

    /// Asks for filters; `Subscribed` with this packet id answers.
    pub fn subscribe(
        &mut self,
        now: Duration,
        filters: &[(&str, u8)],
        out: &mut Vec<u8>,
    ) -> Result<u16, ClientError> {
        let packet_id = self.next_packet_id()?;
        encode::subscribe(out, packet_id, filters)?;
        self.packets.take(packet_id, Awaited::Subscribe, now);
        self.last_sent = now;
        Ok(packet_id)
    }

    /// Gives filters up; `Unsubscribed` with this packet id answers.
    pub fn unsubscribe(
        &mut self,
        now: Duration,
        filters: &[&str],
        out: &mut Vec<u8>,
    ) -> Result<u16, ClientError> {
        let packet_id = self.next_packet_id()?;
        encode::unsubscribe(out, packet_id, filters)?;
        self.packets.take(packet_id, Awaited::Unsubscribe, now);
        self.last_sent = now;
        Ok(packet_id)
    }

    /// Sends telemetry. `bag` is an encoded property bag, or empty. With QoS 1,
    /// `Acknowledged` with this tag answers.
    pub fn publish_telemetry(
        &mut self,
        now: Duration,
        bag: &str,
        payload: &[u8],
        qos: u8,
        tag: u64,
        out: &mut Vec<u8>,
    ) -> Result<(), ClientError> {
        let packet_id = match qos {
            0 => {
                self.require_connected()?;
                None
            }
            _ => Some(self.next_packet_id()?),
        };
        let message = Publish {
            topic: "",
            payload,
            qos,
            packet_id,
            retain: false,
            dup: false,
        };
        encode::publish_in_parts(out, &[&self.telemetry_prefix, bag], &message)?;
        if let Some(packet_id) = packet_id {
            self.packets.take(packet_id, Awaited::Telemetry(tag), now);
        }
        self.last_sent = now;
        Ok(())
    }

    /// Asks for the twin; `TwinReceived`, `TwinFailed` or `TwinTimedOut` answers.
    /// Needs the filter `$iothub/twin/res/#`.
    pub fn get_twin(&mut self, now: Duration, out: &mut Vec<u8>) -> Result<u64, ClientError> {
        self.twin_request(now, TwinRequest::Get, "$iothub/twin/GET/?$rid=", b"", out)
    }

    /// Patches reported properties; `TwinReported`, `TwinFailed` or `TwinTimedOut` answers.
    /// Needs the filter `$iothub/twin/res/#`.
    pub fn report_twin(
        &mut self,
        now: Duration,
        patch: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<u64, ClientError> {
        let topic = "$iothub/twin/PATCH/properties/reported/?$rid=";
        self.twin_request(now, TwinRequest::Report, topic, patch, out)
    }

    fn twin_request(
        &mut self,
        now: Duration,
        request: TwinRequest,
        topic: &str,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<u64, ClientError> {
        self.require_connected()?;
        let id = self
            .requests
            .free_id()
            .ok_or(ClientError::TooManyOutstanding)?;
        encode::publish_in_parts(
            out,
            &[topic, &id.to_string()],
            &without_acknowledgement(payload),
        )?;
        self.requests.take(id, request, now);
        self.last_sent = now;
        Ok(id)
    }

    /// Answers a direct method. `payload` is JSON, or empty.
    pub fn respond_method(
        &mut self,
        now: Duration,
        request_id: &str,
        status: i32,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ClientError> {
        self.require_connected()?;
        let status = status.to_string();
        let topic = [
            "$iothub/methods/res/",
            status.as_str(),
            "/?$rid=",
            request_id,
        ];
        encode::publish_in_parts(out, &topic, &without_acknowledgement(payload))?;
        self.last_sent = now;
        Ok(())
    }

    /// Completes a cloud-to-device message.
    pub fn acknowledge(
        &mut self,
        now: Duration,
        packet_id: u16,
        out: &mut Vec<u8>,
    ) -> Result<(), ClientError> {
        self.require_connected()?;
        encode::puback(out, packet_id);
        self.last_sent = now;
        Ok(())
    }

    /// Leaves on purpose: the hub drops the will.
    pub fn disconnect(&mut self, out: &mut Vec<u8>) {
        if self.state == ClientState::Connected {
            encode::disconnect(out);
        }
        self.state = ClientState::Closed;
    }

    /// The connection is gone. What was unacknowledged stays known until `connect`.
    pub fn connection_lost(&mut self) {
        self.state = ClientState::Closed;
    }

    /// Does what is due: PINGREQ, timeouts. An error means: close the connection.
    pub fn tick(
        &mut self,
        now: Duration,
        out: &mut Vec<u8>,
        events: &mut Vec<ClientEvent>,
    ) -> Result<(), ClientError> {
        match self.state {
            ClientState::Idle | ClientState::Closed => return Ok(()),
            ClientState::Connecting => {
                return match now
                    >= self
                        .connect_sent
                        .saturating_add(self.options.answer_timeout)
                {
                    true => Err(self.give_up(ClientError::NoAnswer("CONNACK"))),
                    false => Ok(()),
                };
            }
            ClientState::Connected => {}
        }
        if let Some(ping_sent) = self.ping_sent {
            if now >= ping_sent.saturating_add(self.options.answer_timeout) {
                return Err(self.give_up(ClientError::NoAnswer("PINGRESP")));
            }
        } else if self.ping_due().is_some_and(|due| now >= due) {
            encode::pingreq(out);
            self.ping_sent = Some(now);
            self.last_sent = now;
        }
        while let Some(limit) = now.checked_sub(self.options.answer_timeout)
            && let Some(request_id) = self.requests.expire(limit)
        {
            events.push(ClientEvent::TwinTimedOut { request_id });
        }
        Ok(())
    }

    /// When `tick` has something to do at the latest, if nothing happens before.
    pub fn next_deadline(&self) -> Option<Duration> {
        match self.state {
            ClientState::Idle | ClientState::Closed => None,
            ClientState::Connecting => Some(
                self.connect_sent
                    .saturating_add(self.options.answer_timeout),
            ),
            ClientState::Connected => {
                let ping = match self.ping_sent {
                    Some(sent) => Some(sent.saturating_add(self.options.answer_timeout)),
                    None => self.ping_due(),
                };
                let request = self
                    .requests
                    .oldest()
                    .map(|at| at.saturating_add(self.options.answer_timeout));
                [ping, request].into_iter().flatten().min()
            }
        }
    }

    fn ping_due(&self) -> Option<Duration> {
        match self.options.keep_alive {
            0 => None,
            seconds => Some(
                self.last_sent
                    .saturating_add(Duration::from_secs(seconds.into())),
            ),
        }
    }

    fn require_connected(&self) -> Result<(), ClientError> {
        match self.state {
            ClientState::Connected => Ok(()),
            _ => Err(ClientError::NotConnected),
        }
    }

    fn next_packet_id(&self) -> Result<u16, ClientError> {
        self.require_connected()?;
        self.packets
            .free_id()
            .ok_or(ClientError::TooManyOutstanding)
    }

    fn give_up(&mut self, error: ClientError) -> ClientError {
        self.state = ClientState::Closed;
        error
    }
}

fn without_acknowledgement(payload: &[u8]) -> Publish<'_> {
    Publish {
        topic: "",
        payload,
        qos: 0,
        packet_id: None,
        retain: false,
        dup: false,
    }
}

#[cfg(test)]
mod tests;
