//! Cloud-to-device messages that died: expired, rejected, given up or purged (ours).
//!
//! A row is written only when a message dies. Each device keeps its newest ones for some
//! days, whole, so that somebody can look at them and send them again.

use super::identity::IdentityRow;
use super::messages::MessageRow;
use super::{Context, Registry, feedback};
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity};
use crate::ipc::audit::AuditEntry;
use crate::ipc::registry::{AskDeadLetters, DeadLetterVerb, RegistryReply, SendMessage};
use crate::json;
use crate::mqtt::property_bag::SystemProperty;
use crate::time::Timestamp;
use serde_json::Value;

/// The message as it was in its queue, and its end. What a sweep reads stands before the body.
pub(super) const SCHEMA: &str = "CREATE TABLE dead_letter (
    device_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    at INTEGER NOT NULL,
    reason TEXT NOT NULL,
    properties TEXT NOT NULL,
    ack TEXT NOT NULL,
    enqueued INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    delivery_count INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (device_id, sequence)
) WITHOUT ROWID";

/// As `MessageRow::read` takes them, and the end behind.
const COLUMNS: &str = "device_id, sequence, properties, ack, body, enqueued, expires, \
    delivery_count, NULL, NULL, NULL, at, reason";

/// Newest ones that each device keeps.
const KEPT: i64 = 50;
/// For how long.
const LIFE_SECONDS: i64 = 7 * 24 * 3600;
/// How often there is a sweep at most, and how many rows it deletes.
const SWEEP_SECONDS: i64 = 600;
const SWEEP_ROWS: i64 = 1000;

fn not_there() -> HubError {
    HubError::new(
        ErrorCode::GenericNotFound,
        "The device has no dead letter of this number; the newest 50 are kept, for seven days.",
    )
}

/// Those of a device that are not too old, the newest first, with what is said of each; or
/// the one of that number.
fn find(
    device: &DeviceId,
    number: Option<i64>,
    context: &Context<'_>,
) -> Result<Vec<(MessageRow, Value)>, HubError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM dead_letter WHERE device_id = ? AND at > ? \
         AND (? IS NULL OR sequence = ?) ORDER BY at DESC, sequence DESC"
    );
    let youngest = context.now.plus_seconds(-LIFE_SECONDS).milliseconds();
    let rows = context.sql.query(
        &statement,
        &[
            device.as_str().into(),
            youngest.into(),
            number.into(),
            number.into(),
        ],
    )?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        let message = MessageRow::read(row)?;
        let mut document = message.document();
        let at = Timestamp::from_milliseconds(row.integer(11).unwrap_or(0));
        document.insert("time".into(), json!(at));
        document.insert("reason".into(), json!(row.required_text(12)?));
        found.push((message, Value::Object(document)));
    }
    Ok(found)
}

impl Registry {
    /// Takes a message out of its queue with its outcome: feedback where asked, and what
    /// was not completed is kept.
    pub(super) fn finish_message(
        &mut self,
        message: &MessageRow,
        row: &IdentityRow,
        outcome: feedback::Outcome,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        if outcome != feedback::Outcome::Success {
            let reason = outcome.name();
            let device = message.device.as_str();
            context.sql.execute(
                "INSERT OR REPLACE INTO dead_letter (device_id, sequence, at, reason, properties, \
                 ack, enqueued, expires, delivery_count, body) \
                 SELECT device_id, sequence, ?, ?, properties, ack, enqueued, expires, ?, body \
                 FROM message WHERE device_id = ? AND sequence = ?",
                &[
                    context.now.milliseconds().into(),
                    reason.into(),
                    message.delivery_count.into(),
                    device.into(),
                    message.sequence.into(),
                ],
            )?;
            context.sql.execute(
                "DELETE FROM dead_letter WHERE device_id = ? AND sequence NOT IN \
                 (SELECT sequence FROM dead_letter WHERE device_id = ? \
                 ORDER BY at DESC, sequence DESC LIMIT ?)",
                &[device.into(), device.into(), KEPT.into()],
            )?;
            let end = context.now.plus_seconds(LIFE_SECONDS);
            context.effects.alarm_at(end);
        }
        message.delete(context)?;
        self.feed_back(message, row, outcome, context)
    }

    /// Shows them, sends one again, or deletes one or all of a device.
    pub(super) fn dead_letters(
        &mut self,
        ask: &AskDeadLetters,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let device = &ask.device;
        let row = IdentityRow::require(context.sql, &Identity::device(device.clone()))?;
        let number = ask
            .number
            .map(|number| i64::try_from(number).unwrap_or(i64::MAX));
        let mut found = find(device, number, context)?;
        let count = found.len();
        if count == 0 && number.is_some() {
            return Err(not_there());
        }
        let mut reply = RegistryReply::Purged(count as u64);
        if ask.verb == DeadLetterVerb::Read && number.is_none() {
            let documents = found.into_iter().map(|(_, document)| document);
            return Ok(RegistryReply::MessageList(documents.collect()));
        }
        if ask.verb != DeadLetterVerb::Delete {
            let (mut message, _) = found.pop().ok_or_else(not_there)?;
            if ask.verb == DeadLetterVerb::Read {
                return Ok(message.received(String::new()));
            }
            let system = &mut message.properties.system;
            system.retain(|(property, _)| *property != SystemProperty::AbsoluteExpiryTime);
            let again = SendMessage {
                device: message.device,
                properties: message.properties,
                ack: message.ack,
                body: message.body,
                expiry: ask.expiry,
            };
            reply = self.send_message(&again, context)?;
        }
        context.sql.execute(
            "DELETE FROM dead_letter WHERE device_id = ? AND (? IS NULL OR sequence = ?)",
            &[device.as_str().into(), number.into(), number.into()],
        )?;
        context.record(|| AuditEntry {
            action: ask.verb.action().to_owned(),
            target: Some(row.identity.clone()),
            result: super::record::OK.to_owned(),
            before: json!({ "deadLetters": count, "sequenceNumber": number }),
            after: Value::Null,
        });
        Ok(reply)
    }

    /// Deletes what is too old. Readers leave it out by themselves, so there is no hurry.
    pub(super) fn sweep_dead_letters(&mut self, context: &mut Context<'_>) -> Result<(), HubError> {
        if context.now < self.dead_letters_due {
            return Ok(());
        }
        self.dead_letters_due = context.now.plus_seconds(SWEEP_SECONDS);
        let oldest = context.now.plus_seconds(-LIFE_SECONDS).milliseconds();
        context.sql.execute(
            "DELETE FROM dead_letter WHERE (device_id, sequence) IN \
             (SELECT device_id, sequence FROM dead_letter WHERE at <= ? LIMIT ?)",
            &[oldest.into(), SWEEP_ROWS.into()],
        )?;
        let left = context.sql.query("SELECT min(at) FROM dead_letter", &[])?;
        if let Some(at) = left.first().and_then(|row| row.integer(0)) {
            let end = Timestamp::from_milliseconds(at).plus_seconds(LIFE_SECONDS);
            context.effects.alarm_at(end.max(self.dead_letters_due));
        }
        Ok(())
    }
}
