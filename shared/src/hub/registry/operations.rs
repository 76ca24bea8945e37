//! What a shard writes into the operations records (`device-management.md` §9.1): refused
//! connects, and sessions that end because the device broke a rule.

use super::identity::IdentityRow;
use super::messages::MessageRow;
use super::session::NOT_AUTHORIZED;
use super::{Context, Registry, feedback};
use crate::doctor::{diagnosis, ends, incident, reason};
use crate::error::{ErrorCode, HubError};
use crate::hub::counters::Counter;
use crate::hub::records;
use crate::ids::{DeviceId, Identity};
use crate::ipc::audit::{OperationNote, note};
use crate::ipc::registry::{ConnectRequest, RegistryReply, RegistryRequest};
use crate::json;
use crate::mqtt::property_bag::SystemProperty;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::Value;

/// Refusals of a device that the doctor looks at, and how far back in the shard's records.
const REFUSALS: u32 = 5;
const LOOKED_AT: u64 = 2_000;

/// Who tries to do something over HTTPS as a device.
pub(super) fn attempt(request: &RegistryRequest) -> Option<Identity> {
    match request {
        RegistryRequest::AsDevice(request) => Some(request.identity.clone()),
        _ => None,
    }
}

impl Registry {
    /// Connects, or notes why not.
    pub(super) fn connect_or_note(
        &mut self,
        request: &ConnectRequest,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let reply = self.connect(request, context)?;
        if let RegistryReply::Refused(refused) = &reply {
            let (now, sql) = (context.now, context.sql);
            self.note_refused(&request.identity, "Mqtt", &refused.reason, now, sql);
            if refused.code == NOT_AUTHORIZED {
                self.login_failed(&request.identity, now, context.effects);
            }
        }
        Ok(reply)
    }

    /// Notes that somebody could not connect as this identity.
    pub(super) fn note_refused(
        &mut self,
        identity: &Identity,
        protocol: &str,
        why: &str,
        now: Timestamp,
        sql: &dyn Sql,
    ) {
        let cause = incident::of_refusal(why);
        self.incidents.note(cause, &identity.device, now);
        let code = match why {
            diagnosis::DISABLED => ErrorCode::DeviceDisabled,
            diagnosis::RESTARTED => ErrorCode::ServiceUnavailable,
            _ => ErrorCode::IotHubUnauthorized,
        };
        let details = json!({ "protocol": protocol });
        let note = note(
            "Connections",
            "deviceConnect",
            Some(code),
            why,
            Some(identity),
            details,
        );
        self.operations.note(&note, now, sql);
    }

    /// Notes what somebody else saw.
    pub(super) fn note_told(
        &mut self,
        note: &OperationNote,
        context: &Context<'_>,
    ) -> RegistryReply {
        let text = |name: &str| note.get(name).and_then(Value::as_str).unwrap_or_default();
        if let ("deviceConnect", Ok(device)) =
            (text("operationName"), DeviceId::parse(text("deviceId")))
        {
            let cause = incident::of_refusal(text("resultDescription"));
            self.incidents.note(cause, &device, context.now);
        }
        if text("category") == "TwinQueries" {
            self.counters.add(Counter::QueryFailures, 1, context.now);
        }
        self.operations.note(note, context.now, context.sql);
        RegistryReply::Done
    }

    /// Notes what became of a cloud-to-device message that its device did not take.
    pub(super) fn note_message(
        &mut self,
        message: &MessageRow,
        row: &IdentityRow,
        outcome: feedback::Outcome,
        context: &Context<'_>,
    ) {
        let (operation, text) = match outcome {
            feedback::Outcome::Expired => ("messageExpired", "The message expired in the queue."),
            feedback::Outcome::Rejected => ("reject", "The device rejected the message."),
            feedback::Outcome::DeliveryCountExceeded => {
                ("abandon", "The device gave the message back too often.")
            }
            feedback::Outcome::Success | feedback::Outcome::Purged => return,
        };
        let id = message.properties.get(SystemProperty::MessageId);
        let code = Some(ErrorCode::InvalidOperation);
        let details = json!({ "messageId": id, "deliveryCount": message.delivery_count });
        let note = note(
            "C2DCommands",
            operation,
            code,
            text,
            Some(&row.identity),
            details,
        );
        self.operations.note(&note, context.now, context.sql);
    }

    /// Notes the end of a session, if it was none that should be.
    pub(super) fn note_end(
        &mut self,
        identity: &Identity,
        end: &ends::End<'_>,
        context: &Context<'_>,
    ) {
        if let Some(cause) = incident::of_end(end.reason, end.packet) {
            self.incidents.note(cause, &identity.device, context.now);
        }
        // What the network does is told by the doctor; a row for each would double the price
        // of an outage.
        let (category, operation, code) = match reason::kind(end.reason) {
            reason::Kind::Throttled => {
                ("DeviceTelemetry", "ingress", ErrorCode::ThrottlingException)
            }
            reason::Kind::Protocol if end.reason == "messageTooLarge" => {
                ("DeviceTelemetry", "ingress", ErrorCode::MessageTooLarge)
            }
            reason::Kind::Protocol => (
                "Connections",
                "deviceDisconnect",
                ErrorCode::InvalidOperation,
            ),
            reason::Kind::Expired => (
                "Connections",
                "deviceDisconnect",
                ErrorCode::IotHubUnauthorized,
            ),
            _ => return,
        };
        let detail = reason::detail(end.reason, end.packet);
        let details = json!({ "protocol": "Mqtt", "reason": end.reason, "packet": end.packet });
        let note = note(
            category,
            operation,
            Some(code),
            &detail,
            Some(identity),
            details,
        );
        self.operations.note(&note, context.now, context.sql);
    }

    /// The newest refused connects of an identity, as records.
    pub(super) fn refusals(
        &self,
        identity: &Identity,
        sql: &dyn Sql,
    ) -> Result<Vec<Value>, HubError> {
        let wanted = json!({
            "of": "operation",
            "top": REFUSALS,
            "last": LOOKED_AT,
            "deviceId": identity.device,
            "category": "Connections",
        });
        let mut records = records::read(sql, &self.chain(), &wanted)?.records;
        records.retain(|record| {
            record.get("operationName").and_then(Value::as_str) == Some("deviceConnect")
                && record.get("moduleId").and_then(Value::as_str)
                    == identity.module.as_ref().map(|module| module.as_str())
        });
        Ok(records)
    }

    /// The name of this shard's records.
    pub(super) fn chain(&self) -> String {
        format!("registry-{}", self.shard)
    }
}
