//! CONNECT and its answer (`device.md` §2).

use super::calls::PendingCall;
use super::connection::{Pending, Phase, Session, Slot, Will};
use super::packets::Verdict;
use super::{Context, Gateway};
use crate::error::ErrorCode;
use crate::ids::Identity;
use crate::ipc::audit::note;
use crate::ipc::registry::{
    ConnectRequest, Connected, RegistryReply, RegistryRequest, RegistryResult,
};
use crate::json;
use crate::mqtt::encode;
use crate::mqtt::packet::{ConnAck, Connect, ConnectCode};
use crate::mqtt::property_bag;
use crate::mqtt::topic::{DeviceTopic, parse_publish};
use crate::mqtt::user_name::UserName;
use crate::throttle::OperationClass;

/// Longest will body; the session's attachment must hold it over a hibernation.
const MAX_WILL_BYTES: usize = 4_096;

impl Gateway {
    pub(super) fn connect(
        &mut self,
        slot: Slot,
        connect: &Connect<'_>,
        context: &mut Context<'_>,
    ) -> Verdict {
        let user_name = match UserName::parse(connect.user_name.unwrap_or_default()) {
            Ok(user_name) => user_name,
            Err(_) => {
                return refuse(
                    slot,
                    ConnectCode::ServerUnavailable,
                    "malformedUserName",
                    context,
                );
            }
        };
        if !user_name.matches_client_id(connect.client_id) {
            let why = "the client id is not the device id of the user name";
            self.note_refused(&user_name.identity, why, context);
            return refuse(
                slot,
                ConnectCode::NotAuthorized,
                "clientIdMismatch",
                context,
            );
        }
        let will = match &connect.will {
            None => None,
            Some(will) => match accepted_will(will, &user_name.identity) {
                Some(will) => Some(will),
                None => {
                    let why = "the will is too large or not for the device's own telemetry topic";
                    self.note_refused(&user_name.identity, why, context);
                    return refuse(slot, ConnectCode::NotAuthorized, "willRefused", context);
                }
            },
        };
        let taken = self
            .throttles
            .take(OperationClass::NewConnections, context.now, 1);
        if taken.is_err() {
            return refuse(slot, ConnectCode::ServerUnavailable, "throttled", context);
        }
        let Some(connection) = self.connections.get_mut(&slot) else {
            return Verdict::Close("serverError");
        };
        let id = connection.id.clone();
        let certificate = connection.certificate.take();
        // Should this object die before the alarm is set for the session, nothing else would
        // bring it back to life to tell the registry of the end.
        context.out.common.alarm_at(connection.deadline());
        connection.phase = Phase::Connecting(Box::new(Pending {
            identity: user_name.identity.clone(),
            keep_alive: connect.keep_alive,
            model_id: user_name.model_id.clone(),
            will,
        }));
        let password = connect
            .password
            .and_then(|bytes| std::str::from_utf8(bytes).ok());
        let request = ConnectRequest {
            identity: user_name.identity.clone(),
            host_name: user_name.host_name,
            password: password.map(str::to_owned),
            certificate,
            gateway: self.number,
            connection: id,
            census: self.census.number,
            clean_session: connect.clean_session,
            keep_alive: connect.keep_alive,
            model_id: user_name.model_id,
            client_type: user_name.client_type,
            api_version: user_name.api_version,
        };
        self.ask(
            &user_name.identity,
            RegistryRequest::Connect(Box::new(request)),
            PendingCall::Connect { slot },
            context,
        );
        Verdict::Block
    }

    /// Has the shard note that nobody could connect as this identity.
    fn note_refused(&mut self, identity: &Identity, why: &str, context: &mut Context<'_>) {
        let code = Some(ErrorCode::IotHubUnauthorized);
        let details = json!({ "protocol": "Mqtt" });
        let note = note(
            "Connections",
            "deviceConnect",
            code,
            why,
            Some(identity),
            details,
        );
        let request = RegistryRequest::NoteOperation(Box::new(note));
        self.ask(identity, request, PendingCall::Activity, context);
    }

    /// The registry's decision about a CONNECT.
    pub(super) fn connect_decided(
        &mut self,
        slot: Slot,
        result: RegistryResult,
        context: &mut Context<'_>,
    ) {
        match result {
            Ok(RegistryReply::Connected(connected)) => self.welcome(slot, *connected, context),
            Ok(RegistryReply::Refused(refused)) => {
                let code = match refused.code {
                    3 => ConnectCode::ServerUnavailable,
                    _ => ConnectCode::NotAuthorized,
                };
                if let Some(connection) = self.connections.get_mut(&slot) {
                    // The registry knows nothing of it, so there is no end to report.
                    connection.phase = Phase::Opened;
                }
                self.refuse_and_close(slot, code, "refused", context);
            }
            // Not reached or failed: the registry may or may not have taken the session,
            // so its end is reported as well.
            _ => {
                self.refuse_and_close(slot, ConnectCode::ServerUnavailable, "serverError", context)
            }
        }
    }

    fn welcome(&mut self, slot: Slot, connected: Connected, context: &mut Context<'_>) {
        let layout = self.layout;
        let Some(connection) = self.connections.get_mut(&slot) else {
            return;
        };
        let Phase::Connecting(pending) = std::mem::replace(&mut connection.phase, Phase::Opened)
        else {
            return;
        };
        let partition = layout.partition_of(&pending.identity.device);
        let session = Session::new(*pending, &connected, partition);
        connection.phase = Phase::Established(Box::new(session));
        connection.last_reported = context.now;
        let answer = ConnAck {
            session_present: connected.session_present,
            code: ConnectCode::Accepted,
        };
        context
            .out
            .send(slot, |bytes| encode::connack(bytes, answer));
        self.heard(slot, context);
        // Unacknowledged first, then what came while the decision was under way (§2.5).
        self.deliver(slot, connected.deliveries, context);
        self.unblock(slot, context);
    }

    fn refuse_and_close(
        &mut self,
        slot: Slot,
        code: ConnectCode,
        reason: &str,
        context: &mut Context<'_>,
    ) {
        let answer = ConnAck {
            session_present: false,
            code,
        };
        context
            .out
            .send(slot, |bytes| encode::connack(bytes, answer));
        self.close(slot, reason, context);
    }
}

fn refuse(
    slot: Slot,
    code: ConnectCode,
    reason: &'static str,
    context: &mut Context<'_>,
) -> Verdict {
    let answer = ConnAck {
        session_present: false,
        code,
    };
    context
        .out
        .send(slot, |bytes| encode::connack(bytes, answer));
    Verdict::Close(reason)
}

/// A will must go to the device's own telemetry topic (`device.md` §2.7).
fn accepted_will(will: &crate::mqtt::packet::Will<'_>, identity: &Identity) -> Option<Will> {
    let Ok(DeviceTopic::Telemetry { bag }) = parse_publish(will.topic, identity) else {
        return None;
    };
    let fits =
        property_bag::measure(bag).is_ok() && will.payload.len() + bag.len() <= MAX_WILL_BYTES;
    (will.qos <= 1 && fits).then(|| Will {
        bag: bag.to_owned(),
        body: will.payload.to_vec(),
        retain: will.retain,
    })
}
