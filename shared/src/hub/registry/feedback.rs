//! Outcomes of cloud-to-device messages, kept until a back end takes them
//! (`query-routing-events.md` §4.7).

use super::identity::IdentityRow;
use super::messages::MessageRow;
use super::{Context, Registry};
use crate::error::HubError;
use crate::ipc::registry::AckMode;
use crate::json;
use crate::mqtt::property_bag::SystemProperty;
use crate::writing::JsonText;

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Success,
    Expired,
    DeliveryCountExceeded,
    Rejected,
    Purged,
}

impl Outcome {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Success => "Success",
            Self::Expired => "Expired",
            Self::DeliveryCountExceeded => "DeliveryCountExceeded",
            Self::Rejected => "Rejected",
            Self::Purged => "Purged",
        }
    }

    fn is_asked_for(self, ack: AckMode) -> bool {
        match ack {
            AckMode::None => false,
            AckMode::Full => true,
            AckMode::Positive => self == Self::Success,
            AckMode::Negative => self != Self::Success,
        }
    }
}

impl Registry {
    /// Records the outcome if the sender asked for it.
    pub(super) fn feed_back(
        &mut self,
        message: &MessageRow,
        row: &IdentityRow,
        outcome: Outcome,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        self.count_message(outcome, context.now);
        self.note_message(message, row, outcome, context);
        if !outcome.is_asked_for(message.ack) {
            return Ok(());
        }
        let record = json!({
            "originalMessageId": message.properties.get(SystemProperty::MessageId).unwrap_or(""),
            "enqueuedTimeUtc": context.now,
            "statusCode": outcome.name(),
            "description": outcome.name(),
            "deviceId": row.identity.device,
            "deviceGenerationId": row.generation_id,
        });
        let ttl = i64::from(self.settings()?.cloud_to_device.feedback_ttl_seconds);
        let expires = context.now.plus_seconds(ttl);
        context.effects.alarm_at(expires);
        context.sql.execute(
            "INSERT INTO feedback (device_id, record, expires) VALUES (?, ?, ?)",
            &[
                row.identity.device.as_str().into(),
                record.json_text().into(),
                expires.milliseconds().into(),
            ],
        )
    }
}
