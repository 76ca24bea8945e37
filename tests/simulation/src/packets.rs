//! MQTT by hand, for tests that look at single packets.

use crate::device::HOST;
use crate::simulation::Simulation;
use shared::auth::{audience, sas};
use shared::hub::gateway::Slot;
use shared::ids::{DeviceId, Identity};
use shared::mqtt::client::API_VERSION;
use shared::mqtt::decode::decode;
use shared::mqtt::encode;
use shared::mqtt::packet::{ConnAck, Connect, Limits, Packet, Publish, Will};
use std::collections::VecDeque;

/// What a test asks of CONNECT; everything has the value that works.
#[derive(Debug, Clone)]
pub struct ConnectFields {
    /// Client id.
    pub client_id: String,
    /// User name.
    pub user_name: String,
    /// Token; `None` sends no password.
    pub password: Option<String>,
    /// CleanSession.
    pub clean_session: bool,
    /// Seconds.
    pub keep_alive: u16,
    /// Topic and body.
    pub will: Option<(String, Vec<u8>)>,
}

impl ConnectFields {
    /// CONNECT of a device with a token that its key signed.
    pub fn new(simulation: &Simulation, id: &str, key: &str) -> Self {
        let identity = Identity::device(DeviceId::parse(id).expect("a legal id"));
        let expiry = simulation.world().wall().plus_seconds(3600);
        let resource = audience::device_resource(HOST, &identity);
        let token = sas::sign(key, &resource, expiry, None).expect("the key is base64");
        Self {
            client_id: id.to_owned(),
            user_name: format!("{HOST}/{id}/?api-version={API_VERSION}&DeviceClientType=test"),
            password: Some(token),
            clean_session: false,
            keep_alive: 60,
            will: None,
        }
    }

    /// The packet.
    pub fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let connect = Connect {
            protocol_level: 4,
            client_id: &self.client_id,
            clean_session: self.clean_session,
            keep_alive: self.keep_alive,
            user_name: Some(&self.user_name),
            password: self.password.as_deref().map(str::as_bytes),
            will: self.will.as_ref().map(|(topic, payload)| Will {
                topic,
                payload,
                qos: 1,
                retain: false,
            }),
        };
        encode::connect(&mut bytes, &connect).expect("CONNECT can be written");
        bytes
    }
}

/// A connection driven by hand.
#[derive(Debug)]
pub struct Wire {
    /// Its socket.
    pub slot: Slot,
    unread: VecDeque<Vec<u8>>,
}

/// A message from the hub, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Topic.
    pub topic: String,
    /// Body.
    pub payload: Vec<u8>,
    /// QoS.
    pub qos: u8,
    /// DUP.
    pub dup: bool,
    /// Packet id.
    pub packet_id: Option<u16>,
}

impl Wire {
    /// Opens a socket.
    pub fn open(simulation: &mut Simulation) -> Self {
        let slot = simulation.world_mut().open_socket(None);
        simulation.run(50);
        Self {
            slot,
            unread: VecDeque::new(),
        }
    }

    /// Opens a socket and gets CONNACK 0; whether a session was present.
    pub fn connected(simulation: &mut Simulation, fields: &ConnectFields) -> (Self, bool) {
        let mut wire = Self::open(simulation);
        wire.send(simulation, &fields.bytes());
        let answer = wire.connack(simulation);
        assert_eq!(answer.code as u8, 0, "the hub refused");
        (wire, answer.session_present)
    }

    /// Sends bytes and lets them have their effect.
    pub fn send(&mut self, simulation: &mut Simulation, bytes: &[u8]) {
        simulation.world_mut().send_cut(self.slot, bytes);
        simulation.run(50);
    }

    /// Sends what `encode` writes.
    pub fn write(&mut self, simulation: &mut Simulation, encode: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = Vec::new();
        encode(&mut bytes);
        self.send(simulation, &bytes);
    }

    /// Publishes.
    pub fn publish(
        &mut self,
        simulation: &mut Simulation,
        topic: &str,
        payload: &[u8],
        packet_id: Option<u16>,
    ) {
        let message = Publish {
            topic,
            payload,
            qos: u8::from(packet_id.is_some()),
            packet_id,
            retain: false,
            dup: false,
        };
        self.write(simulation, |out| {
            encode::publish(out, &message).expect("fits")
        });
    }

    /// Subscribes and returns the SUBACK's codes.
    pub fn subscribe(&mut self, simulation: &mut Simulation, filters: &[(&str, u8)]) -> Vec<u8> {
        self.write(simulation, |out| {
            encode::subscribe(out, 77, filters).expect("fits")
        });
        match self.next(simulation) {
            Some(Owned::SubAck(77, codes)) => codes,
            other => panic!("no SUBACK but {other:?}"),
        }
    }

    /// The next packet, if one has come.
    pub fn next(&mut self, simulation: &Simulation) -> Option<Owned> {
        let mut world = simulation.world_mut();
        let raw = world.raw.get_mut(&self.slot).expect("the socket exists");
        self.unread.extend(raw.inbox.drain(..));
        let frame = self.unread.pop_front()?;
        let (packet, length) = decode(&frame, &Limits::HUB)
            .expect("the hub speaks MQTT")
            .expect("a whole packet");
        assert_eq!(length, frame.len(), "one packet per frame");
        Some(match packet {
            Packet::ConnAck(answer) => Owned::ConnAck(answer),
            Packet::PubAck(id) => Owned::PubAck(id),
            Packet::SubAck { packet_id, codes } => Owned::SubAck(packet_id, codes),
            Packet::UnsubAck(id) => Owned::UnsubAck(id),
            Packet::PingResp => Owned::PingResp,
            Packet::Publish(message) => Owned::Publish(Message {
                topic: message.topic.to_owned(),
                payload: message.payload.to_vec(),
                qos: message.qos,
                dup: message.dup,
                packet_id: message.packet_id,
            }),
            other => panic!("a hub never sends {other:?}"),
        })
    }

    /// The next packet, which must be CONNACK.
    pub fn connack(&mut self, simulation: &Simulation) -> ConnAck {
        match self.next(simulation) {
            Some(Owned::ConnAck(answer)) => answer,
            other => panic!("no CONNACK but {other:?}"),
        }
    }

    /// The next packet, which must be a message.
    pub fn message(&mut self, simulation: &Simulation) -> Message {
        match self.next(simulation) {
            Some(Owned::Publish(message)) => message,
            other => panic!("no message but {other:?}"),
        }
    }

    /// Whether the hub has closed the socket.
    pub fn is_closed(&self, simulation: &Simulation) -> bool {
        simulation.world().raw[&self.slot].closed
    }

    /// Drops the socket; whether the hub hears of it.
    pub fn drop_network(&self, simulation: &mut Simulation, told: bool) {
        simulation.world_mut().close_socket(self.slot, told);
        simulation.run(50);
    }
}

/// A packet from the hub, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owned {
    /// CONNACK
    ConnAck(ConnAck),
    /// PUBACK
    PubAck(u16),
    /// SUBACK
    SubAck(u16, Vec<u8>),
    /// UNSUBACK
    UnsubAck(u16),
    /// PINGRESP
    PingResp,
    /// PUBLISH
    Publish(Message),
}
