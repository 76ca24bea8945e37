//! Outcomes of cloud-to-device messages, kept until a back end takes them
//! (`query-routing-events.md` §4.7).

use super::identity::IdentityRow;
use super::messages::MessageRow;
use super::{Context, Registry};
use crate::error::{ErrorCode, HubError};
use crate::hub::effects::Token;
use crate::ipc::registry::{AckMode, RegistryReply};
use crate::mqtt::property_bag::SystemProperty;
use serde_json::{Value, json};

/// Records in one batch.
const BATCH: i64 = 64;

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
    fn name(self) -> &'static str {
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
        &self,
        message: &MessageRow,
        row: &IdentityRow,
        outcome: Outcome,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
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
                record.to_string().into(),
                expires.milliseconds().into(),
            ],
        )
    }

    /// Locks a batch of records. The token only has to differ from every other lock of this
    /// shard that is still held; the caller's token and the time make it so.
    pub(super) fn receive_feedback(
        &mut self,
        token: Token,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let now = context.now.milliseconds();
        let rows = context.sql.query(
            "SELECT number, record FROM feedback WHERE expires > ? \
             AND (locked_until IS NULL OR locked_until <= ?) ORDER BY number LIMIT ?",
            &[now.into(), now.into(), BATCH.into()],
        )?;
        let Some(last) = rows.last().and_then(|row| row.integer(0)) else {
            return Ok(RegistryReply::Feedback {
                lock_token: None,
                records: Vec::new(),
            });
        };
        let lock_token = format!("{now:x}-{last:x}-{token:x}");
        let seconds = i64::from(self.settings()?.cloud_to_device.feedback_lock_seconds);
        let until = context.now.plus_seconds(seconds).milliseconds();
        let mut records: Vec<Value> = Vec::with_capacity(rows.len());
        for row in &rows {
            records.push(
                serde_json::from_str(row.required_text(1)?)
                    .map_err(|error| HubError::internal(format!("stored feedback: {error}")))?,
            );
            context.sql.execute(
                "UPDATE feedback SET lock_token = ?, locked_until = ? WHERE number = ?",
                &[
                    lock_token.as_str().into(),
                    until.into(),
                    row.integer(0).unwrap_or(0).into(),
                ],
            )?;
        }
        Ok(RegistryReply::Feedback {
            lock_token: Some(lock_token),
            records,
        })
    }
}

/// Completes or gives back a locked batch.
pub(super) fn settle(
    lock_token: &str,
    complete: bool,
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    let held = context.sql.query(
        "SELECT 1 FROM feedback WHERE lock_token = ? AND locked_until > ? LIMIT 1",
        &[lock_token.into(), context.now.milliseconds().into()],
    )?;
    if held.is_empty() {
        return Err(HubError::new(
            ErrorCode::DeviceMessageLockLost,
            "The lock token is unknown or has expired; receive the feedback again.",
        ));
    }
    let statement = if complete {
        "DELETE FROM feedback WHERE lock_token = ?"
    } else {
        "UPDATE feedback SET lock_token = NULL, locked_until = NULL, \
         delivery_count = delivery_count + 1 WHERE lock_token = ?"
    };
    context.sql.execute(statement, &[lock_token.into()])?;
    Ok(RegistryReply::Done)
}
