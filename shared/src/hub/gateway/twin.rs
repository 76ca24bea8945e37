//! Twin requests of devices (`device.md` §5).

use super::calls::PendingCall;
use super::connection::{Connection, Slot};
use super::packets::Verdict;
use super::{Context, Gateway};
use crate::error::{ErrorCode, HubError, tracking_id};
use crate::ipc::registry::{RegistryReply, RegistryRequest, RegistryResult, ReportTwin};
use crate::json;
use crate::mqtt::encode;
use crate::mqtt::packet::Publish;
use crate::mqtt::topic::twin_response_topic;
use crate::throttle::{self, OperationClass};
use crate::writing::JsonText;
use serde_json::Value;

/// Whom to answer: the request's id, and a PUBACK if it came with QoS 1.
#[derive(Debug)]
pub(super) struct TwinRequest {
    pub slot: Slot,
    pub packet_id: Option<u16>,
    pub request_id: Option<String>,
}

impl Gateway {
    pub(super) fn twin_get(
        &mut self,
        slot: Slot,
        packet_id: Option<u16>,
        request_id: Option<&str>,
        context: &mut Context<'_>,
    ) -> Verdict {
        let Some(request_id) = request_id else {
            return Verdict::Close("twinGetWithoutRequestId");
        };
        let Some(session) = self.connections.get(&slot).and_then(Connection::session) else {
            return Verdict::Close("protocolError");
        };
        let identity = session.identity.clone();
        let request = TwinRequest {
            slot,
            packet_id,
            request_id: Some(request_id.to_owned()),
        };
        let Some(request) = self.admit(request, OperationClass::TwinReads, context) else {
            return Verdict::Continue;
        };
        self.ask(
            &identity.clone(),
            RegistryRequest::DeviceTwin(identity),
            PendingCall::Twin(request),
            context,
        );
        Verdict::Continue
    }

    pub(super) fn twin_report(
        &mut self,
        slot: Slot,
        message: &Publish<'_>,
        request_id: Option<&str>,
        version: Option<u64>,
        context: &mut Context<'_>,
    ) -> Verdict {
        let Some(session) = self.connections.get(&slot).and_then(Connection::session) else {
            return Verdict::Close("protocolError");
        };
        let identity = session.identity.clone();
        let request = TwinRequest {
            slot,
            packet_id: message.packet_id,
            request_id: request_id.map(str::to_owned),
        };
        let Some(request) = self.admit(request, OperationClass::TwinUpdates, context) else {
            return Verdict::Continue;
        };
        let Ok(patch) = std::str::from_utf8(message.payload) else {
            let error = HubError::new(
                ErrorCode::IotHubFormatError,
                "The reported patch is not UTF-8.",
            );
            self.twin_answered(request, Err(error), context);
            return Verdict::Continue;
        };
        let report = ReportTwin {
            identity: identity.clone(),
            patch: patch.to_owned(),
            version,
        };
        self.ask(
            &identity,
            RegistryRequest::ReportTwin(report),
            PendingCall::Twin(request),
            context,
        );
        Verdict::Continue
    }

    /// The request if it may go on; one over the limit is answered with 429.
    fn admit(
        &mut self,
        request: TwinRequest,
        class: OperationClass,
        context: &mut Context<'_>,
    ) -> Option<TwinRequest> {
        let Err(seconds) = self.throttles.take(class, context.now, 1) else {
            return Some(request);
        };
        self.twin_answered(request, Err(throttle::refusal(class, seconds)), context);
        None
    }

    /// Answers a twin request: PUBACK first, then the response if the device subscribed.
    pub(super) fn twin_answered(
        &mut self,
        request: TwinRequest,
        result: RegistryResult,
        context: &mut Context<'_>,
    ) {
        let slot = request.slot;
        let Some(session) = self.connections.get(&slot).and_then(Connection::session) else {
            return;
        };
        if let Some(packet_id) = request.packet_id {
            context
                .out
                .send(slot, |bytes| encode::puback(bytes, packet_id));
        }
        let Some(request_id) = request.request_id else {
            return;
        };
        if !session.subscriptions.wants_twin_responses() {
            return;
        }
        // Random by the connection's name, different for each of its requests.
        let connection = self
            .connections
            .get(&slot)
            .map(|connection| &connection.id.0);
        let random = connection
            .and_then(|id| u64::from_str_radix(id, 16).ok())
            .unwrap_or(0);
        let tracking = u128::from(random) << 64 | u128::from(self.correlations);
        let (status, version, body) = match result {
            Ok(RegistryReply::DeviceTwin(twin)) => (200, None, twin.json_text()),
            Ok(RegistryReply::Reported { version }) => (204, Some(version), String::new()),
            Ok(_) => {
                let error = HubError::internal("unexpected answer");
                (500, None, error_body(&error, tracking, context).json_text())
            }
            Err(error) => (
                error.code.status(),
                None,
                error_body(&error, tracking, context).json_text(),
            ),
        };
        context.out.publish(
            slot,
            &Publish {
                topic: &twin_response_topic(status, &request_id, version),
                payload: body.as_bytes(),
                // The real hub answers with QoS 0 even on a QoS 1 subscription (§5.1).
                qos: 0,
                packet_id: None,
                retain: false,
                dup: false,
            },
        );
    }
}

/// Node looks only at this body, Python only at the status (§5.2).
fn error_body(error: &HubError, tracking: u128, context: &Context<'_>) -> Value {
    let message = if error.code.status() >= 500 {
        "Internal error; try again."
    } else {
        &error.message
    };
    json!({
        "errorCode": error.code.number(),
        "trackingId": tracking_id(tracking, context.now),
        "message": message,
        "timestampUtc": context.now,
    })
}
