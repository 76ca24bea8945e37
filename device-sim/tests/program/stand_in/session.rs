//! Device connections: MQTT over WebSocket, one task each.

use super::{Device, HOST_NAME, Outgoing, StandIn, rest};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use shared::auth::{KeyPair, SasToken};
use shared::ids::Identity;
use shared::mqtt::property_bag::{self, SystemProperty};
use shared::mqtt::topic::{DeviceTopic, parse_publish, twin_response_topic};
use shared::mqtt::user_name::UserName;
use shared::mqtt::{ConnAck, ConnectCode, Limits, Packet, Publish, StreamDecoder, encode};
use std::ops::ControlFlow;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// Sends every message back.
pub async fn echo(stream: TcpStream) {
    let mut socket = tokio_tungstenite::accept_async(stream).await.unwrap();
    while let Some(Ok(message)) = socket.next().await {
        if message.is_binary() && socket.send(message).await.is_err() {
            return;
        }
    }
}

/// Serves a device until it goes or is closed.
pub async fn serve(hub: &StandIn, stream: TcpStream) {
    #[expect(
        clippy::result_large_err,
        reason = "the callback's type is tungstenite's"
    )]
    let callback = |request: &Request, mut response: Response| {
        assert_eq!(
            request.headers().get("sec-websocket-protocol"),
            Some(&HeaderValue::from_static("mqtt"))
        );
        response
            .headers_mut()
            .insert("sec-websocket-protocol", HeaderValue::from_static("mqtt"));
        Ok(response)
    };
    let Ok(socket) = tokio_tungstenite::accept_hdr_async(stream, callback).await else {
        return;
    };
    let (mut sink, mut frames) = socket.split();
    let (link, mut outgoing) = mpsc::unbounded_channel();
    let mut session = Session {
        hub: hub.clone(),
        link,
        identity: None,
        number: 0,
    };
    let mut decoder = StreamDecoder::new();
    loop {
        tokio::select! {
            frame = frames.next() => {
                let Some(Ok(Message::Binary(frame))) = frame else { break };
                let mut flow = ControlFlow::Continue(());
                decoder.feed(&frame, &Limits::HUB, &mut |packet| { flow = session.packet(packet); flow }).unwrap();
                if flow.is_break() {
                    break;
                }
            }
            frame = outgoing.recv() => match frame {
                Some(Outgoing::Frame(frame)) => {
                    if sink.send(Message::Binary(frame.into())).await.is_err() {
                        break;
                    }
                }
                Some(Outgoing::Close) | None => break,
            }
        }
    }
    // What is queued still goes out: a refusal, for one.
    while let Ok(Outgoing::Frame(frame)) = outgoing.try_recv() {
        if sink.send(Message::Binary(frame.into())).await.is_err() {
            break;
        }
    }
    session.gone();
}

struct Session {
    hub: StandIn,
    link: mpsc::UnboundedSender<Outgoing>,
    identity: Option<Identity>,
    number: u64,
}

impl Session {
    fn reply(&self, write: impl FnOnce(&mut Vec<u8>)) {
        let mut frame = Vec::new();
        write(&mut frame);
        let _ = self.link.send(Outgoing::Frame(frame));
    }

    fn gone(&self) {
        let Some(identity) = &self.identity else {
            return;
        };
        let mut state = self.hub.state();
        if let Some(device) = state.devices.get_mut(identity.device.as_str())
            && device
                .link
                .as_ref()
                .is_some_and(|(number, _)| *number == self.number)
        {
            device.link = None;
        }
    }

    fn packet(&mut self, packet: Packet<'_>) -> ControlFlow<()> {
        if let Packet::Connect(connect) = packet {
            let user = UserName::parse(connect.user_name.unwrap()).unwrap();
            assert_eq!(
                (user.host_name.as_str(), connect.clean_session),
                (HOST_NAME, false)
            );
            let token =
                SasToken::parse(std::str::from_utf8(connect.password.unwrap()).unwrap()).unwrap();
            let hub = self.hub.clone();
            let mut state = hub.state();
            state.next_link += 1;
            self.number = state.next_link;
            let device = state.devices.get_mut(user.identity.device.as_str());
            let accepted = device.filter(|device| {
                let keys = KeyPair {
                    primary: device.key.clone(),
                    secondary: device.key.clone(),
                };
                token
                    .verify_device(&keys, &[HOST_NAME], &user.identity, rest::now())
                    .is_ok()
            });
            let Some(device) = accepted else {
                let answer = ConnAck {
                    session_present: false,
                    code: ConnectCode::NotAuthorized,
                };
                self.reply(|out| encode::connack(out, answer));
                return ControlFlow::Break(());
            };
            device.connects += 1;
            device.link = Some((self.number, self.link.clone()));
            let answer = ConnAck {
                session_present: !device.filters.is_empty(),
                code: ConnectCode::Accepted,
            };
            self.reply(|out| encode::connack(out, answer));
            self.identity = Some(user.identity);
            return ControlFlow::Continue(());
        }
        let Some(identity) = self.identity.clone() else {
            panic!("{packet:?} before CONNECT")
        };
        let hub = self.hub.clone();
        let mut state = hub.state();
        let Some(device) = state.devices.get_mut(identity.device.as_str()) else {
            return ControlFlow::Break(());
        };
        match packet {
            Packet::Subscribe { packet_id, filters } => {
                device.subscribes += 1;
                device
                    .filters
                    .extend(filters.iter().map(|(filter, _)| (*filter).to_owned()));
                let codes: Vec<u8> = filters.iter().map(|(_, qos)| *qos).collect();
                self.reply(|out| encode::suback(out, packet_id, &codes));
            }
            Packet::Publish(message) => self.published(&identity, device, &message),
            Packet::PubAck(packet_id) => device.commands_acknowledged.push(packet_id),
            Packet::PingReq => self.reply(encode::pingresp),
            Packet::Disconnect => {
                device.disconnects += 1;
                return ControlFlow::Break(());
            }
            other => panic!("a device sent {other:?}"),
        }
        ControlFlow::Continue(())
    }

    fn published(&self, identity: &Identity, device: &mut Device, message: &Publish<'_>) {
        match parse_publish(message.topic, identity).unwrap() {
            DeviceTopic::Telemetry { bag } => {
                let properties = property_bag::parse(bag).unwrap();
                let message_id = properties
                    .get(SystemProperty::MessageId)
                    .unwrap_or_default()
                    .to_owned();
                device
                    .telemetry
                    .push((message_id, message.payload.to_vec()));
                if let Some(packet_id) = message.packet_id {
                    self.reply(|out| encode::puback(out, packet_id));
                }
            }
            DeviceTopic::TwinGet { request_id } => {
                let (mut desired, mut reported) = (device.desired.clone(), device.reported.clone());
                desired["$version"] = json!(device.desired_version);
                reported["$version"] = json!(device.reported_version);
                let body = json!({"desired": desired, "reported": reported}).to_string();
                device.send(
                    &twin_response_topic(200, request_id.unwrap(), None),
                    body.as_bytes(),
                    None,
                );
            }
            DeviceTopic::TwinReport { request_id, .. } => {
                let patch: Value = serde_json::from_slice(message.payload).unwrap();
                json_patch::merge(&mut device.reported, &patch);
                device.patches.push(patch);
                device.reported_version += 1;
                let topic =
                    twin_response_topic(204, request_id.unwrap(), Some(device.reported_version));
                device.send(&topic, b"", None);
            }
            DeviceTopic::MethodResponse { status, request_id } => {
                let payload = serde_json::from_slice(message.payload).unwrap();
                device
                    .method_answers
                    .insert(request_id.to_owned(), (status, payload));
            }
        }
    }
}
