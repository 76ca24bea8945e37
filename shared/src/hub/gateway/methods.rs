//! Direct methods: calls to devices and their answers (`device.md` §6).

use super::connection::{Connection, MethodCall, Session, Slot};
use super::packets::Verdict;
use super::{Context, Gateway, is_connecting};
use crate::error::{ErrorCode, HubError};
use crate::hub::counters::Counter;
use crate::hub::effects::Token;
use crate::ipc::gateway::{GatewayReply, GatewayResult, InvokeMethod};
use crate::mqtt::encode;
use crate::mqtt::packet::Publish;
use crate::mqtt::topic::method_call_topic;
use serde_json::Value;

/// Calls in flight to one device.
const MAX_IN_FLIGHT: usize = 64;
/// Largest answer of a device.
const MAX_ANSWER_BYTES: usize = 128 * 1024;

impl Gateway {
    pub(super) fn invoke_method(
        &mut self,
        slot: Option<Slot>,
        token: Token,
        invocation: InvokeMethod,
        context: &mut Context<'_>,
    ) -> Option<GatewayResult> {
        let connection = slot.and_then(|slot| self.connections.get_mut(&slot));
        let (Some(slot), Some(connection)) = (slot, connection) else {
            return Some(Ok(GatewayReply::Gone));
        };
        if is_connecting(connection) && connection.held_methods.len() < MAX_IN_FLIGHT {
            connection.held_methods.push((token, invocation));
            return None;
        }
        let Some(session) = connection.session_mut() else {
            return Some(Ok(GatewayReply::Gone));
        };
        if session.identity != invocation.identity {
            return Some(Ok(GatewayReply::Gone));
        }
        if !session.subscriptions.accepts_method(&invocation.method) {
            return Some(Err(HubError::new(
                ErrorCode::DeviceNotOnline,
                "Timed out waiting for device to connect.",
            )));
        }
        if session.methods.len() >= MAX_IN_FLIGHT {
            return Some(Err(HubError::new(
                ErrorCode::DeviceMaximumInflightMethodExceeded,
                format!(
                    "{MAX_IN_FLIGHT} method calls to this device are unanswered; wait for some of them."
                ),
            )));
        }
        let request_id = session.next_request_id;
        session.next_request_id += 1;
        session.methods.push(MethodCall {
            request_id,
            token,
            deadline: invocation.deadline,
        });
        let bytes = invocation.payload.len() as u64;
        self.counters
            .add(Counter::MethodRequestBytes, bytes, context.now);
        let topic = method_call_topic(&invocation.method, &format!("{request_id:x}"));
        context.out.publish(
            slot,
            &Publish {
                topic: &topic,
                payload: invocation.payload.as_bytes(),
                qos: 0,
                packet_id: None,
                retain: false,
                dup: false,
            },
        );
        self.method_deadlines
            .insert((invocation.deadline, token), slot);
        // The request id must not come twice, even if the device never answers.
        self.heard_by_hub(slot);
        None
    }

    pub(super) fn method_response(
        &mut self,
        slot: Slot,
        message: &Publish<'_>,
        status: i32,
        request_id: &str,
        context: &mut Context<'_>,
    ) -> Verdict {
        if message.payload.len() > MAX_ANSWER_BYTES {
            return Verdict::Close("methodResponseTooLarge");
        }
        if let Some(packet_id) = message.packet_id {
            context
                .out
                .send(slot, |bytes| encode::puback(bytes, packet_id));
        }
        // Late, unknown, or of an earlier connection: acknowledged and ignored.
        let Ok(number) = u64::from_str_radix(request_id, 16) else {
            return Verdict::Continue;
        };
        let Some(call) = self
            .session_mut(slot)
            .and_then(|session| take_call(session, number))
        else {
            return Verdict::Continue;
        };
        self.method_deadlines.remove(&(call.deadline, call.token));
        let bytes = message.payload.len() as u64;
        self.counters.add(Counter::Methods, 1, context.now);
        self.counters
            .add(Counter::MethodResponseBytes, bytes, context.now);
        let payload = if message.payload.iter().all(u8::is_ascii_whitespace) {
            Value::Null
        } else {
            match serde_json::from_slice(message.payload) {
                Ok(payload) => payload,
                // Not JSON: relayed as the text it is, so that the caller sees what came.
                Err(_) => Value::String(String::from_utf8_lossy(message.payload).into_owned()),
            }
        };
        let reply = GatewayReply::MethodResult { status, payload };
        context.out.common.replies.push((call.token, Ok(reply)));
        Verdict::Continue
    }

    /// Calls that the device did not answer in time.
    pub(super) fn expire_methods(&mut self, context: &mut Context<'_>) {
        while let Some((&(deadline, token), &slot)) = self.method_deadlines.first_key_value() {
            if deadline > context.now {
                break;
            }
            self.method_deadlines.remove(&(deadline, token));
            self.counters.add(Counter::MethodFailures, 1, context.now);
            if let Some(session) = self.session_mut(slot) {
                session.methods.retain(|call| call.token != token);
            }
            let error = HubError::new(
                ErrorCode::GatewayTimeout,
                "Timed out waiting for the response from device.",
            );
            context.out.common.replies.push((token, Err(error)));
        }
    }

    /// The connection ends: nobody will answer.
    pub(super) fn fail_methods(&mut self, connection: &mut Connection, context: &mut Context<'_>) {
        for (token, _) in std::mem::take(&mut connection.held_methods) {
            context
                .out
                .common
                .replies
                .push((token, Ok(GatewayReply::Gone)));
        }
        let Some(session) = connection.session_mut() else {
            return;
        };
        for call in std::mem::take(&mut session.methods) {
            self.method_deadlines.remove(&(call.deadline, call.token));
            self.counters.add(Counter::MethodFailures, 1, context.now);
            let error = HubError::new(
                ErrorCode::DeviceConnectionClosedRemotely,
                "The device's connection ended before it answered.",
            );
            context.out.common.replies.push((call.token, Err(error)));
        }
    }
}

fn take_call(session: &mut Session, request_id: u64) -> Option<MethodCall> {
    let place = session
        .methods
        .iter()
        .position(|call| call.request_id == request_id)?;
    Some(session.methods.swap_remove(place))
}
