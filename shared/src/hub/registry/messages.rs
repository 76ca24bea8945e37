//! The cloud-to-device queue of each device (`device.md` §4.2, `service.md` §8).
//!
//! A message is enqueued, then sent over MQTT in some session (`sent_epoch`) or locked by
//! an HTTPS receiver (`locked_until`), and removed when completed, rejected, expired, given
//! up or purged. Over MQTT the lock is the session: when it ends, the message is free again.

use super::identity::IdentityRow;
use super::{Context, Registry, feedback};
use crate::error::{ErrorCode, HubError};
use crate::ids::{DeviceId, Identity};
use crate::ipc::audit::AuditEntry;
use crate::ipc::registry::{
    AckMode, CompleteDelivery, Delivery, ReceivedMessage, RegistryReply, SendMessage,
};
use crate::json;
use crate::mqtt::property_bag::{MessageProperties, SystemProperty};
use crate::mqtt::topic::devicebound_topic;
use crate::reading;
use crate::sql::{Row, Sql};
use crate::time::Timestamp;
use serde_json::{Map, Value};

/// Pending messages a device may have.
const MAX_PENDING: i64 = 50;
/// Body and properties of a message, in bytes.
const MAX_MESSAGE_BYTES: usize = 65_536;
/// Longest life of a message: two days.
const MAX_TTL_MILLISECONDS: i64 = 2 * 24 * 3600 * 1000;

/// A queued message.
#[derive(Debug, Clone)]
pub(super) struct MessageRow {
    pub device: DeviceId,
    pub sequence: i64,
    pub properties: MessageProperties,
    pub ack: AckMode,
    pub body: Vec<u8>,
    pub enqueued: Timestamp,
    pub expires: Timestamp,
    pub delivery_count: i64,
    pub sent_epoch: Option<i64>,
    pub lock_token: Option<String>,
    pub locked_until: Option<Timestamp>,
}

const COLUMNS: &str = "device_id, sequence, properties, ack, body, enqueued, expires, \
    delivery_count, sent_epoch, lock_token, locked_until";

impl MessageRow {
    pub(super) fn read(row: &Row) -> Result<Self, HubError> {
        let unreadable = |what: &str| HubError::internal(format!("a stored message has no {what}"));
        let moment = |column: usize| row.integer(column).map(Timestamp::from_milliseconds);
        Ok(Self {
            device: DeviceId::parse(row.required_text(0)?).map_err(|_| unreadable("device"))?,
            sequence: row.integer(1).ok_or_else(|| unreadable("number"))?,
            properties: reading::from_str(row.required_text(2)?)
                .map_err(|_| unreadable("properties"))?,
            ack: serde_json::from_value(json!(row.required_text(3)?))
                .map_err(|_| unreadable("ack mode"))?,
            body: row.blob(4).map(<[u8]>::to_vec).unwrap_or_default(),
            enqueued: moment(5).ok_or_else(|| unreadable("time"))?,
            expires: moment(6).ok_or_else(|| unreadable("expiry"))?,
            delivery_count: row.integer(7).unwrap_or(0),
            sent_epoch: row.integer(8),
            lock_token: row.text(9).map(str::to_owned),
            locked_until: moment(10),
        })
    }

    pub(super) fn delete(&self, context: &Context<'_>) -> Result<(), HubError> {
        context.changed(&self.device, "");
        context.sql.execute(
            "DELETE FROM message WHERE device_id = ? AND sequence = ?",
            &[self.device.as_str().into(), self.sequence.into()],
        )
    }

    pub(super) fn is_locked(&self, now: Timestamp) -> bool {
        self.locked_until.is_some_and(|until| until > now)
    }

    /// As people see it.
    pub(super) fn document(&self) -> Map<String, Value> {
        let properties: Map<String, Value> = self
            .properties
            .application
            .iter()
            .map(|(name, value)| (name.clone(), json!(value)))
            .collect();
        let members = [
            ("sequenceNumber", json!(self.sequence)),
            (
                "messageId",
                json!(self.properties.get(SystemProperty::MessageId)),
            ),
            ("enqueuedTime", json!(self.enqueued)),
            ("expiryTime", json!(self.expires)),
            ("deliveryCount", json!(self.delivery_count)),
            ("ack", json!(self.ack.name())),
            ("size", json!(self.body.len())),
            ("properties", Value::Object(properties)),
        ];
        let members = members.into_iter();
        members
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// As an HTTPS device gets it.
    pub(super) fn received(self, lock_token: String) -> RegistryReply {
        RegistryReply::Received(Some(Box::new(ReceivedMessage {
            lock_token,
            sequence_number: self.sequence.unsigned_abs(),
            enqueued: self.enqueued,
            expiry: self.expires,
            delivery_count: u32::try_from(self.delivery_count).unwrap_or(u32::MAX),
            ack: self.ack,
            properties: self.properties,
            body: self.body,
        })))
    }

    pub(super) fn delivery(&self) -> Result<Delivery, HubError> {
        Ok(Delivery {
            sequence_number: self.sequence.unsigned_abs(),
            topic: topic(&self.device, &self.properties, self.ack)?,
            body: self.body.clone(),
            redelivered: self.sent_epoch.is_some(),
        })
    }
}

fn topic(
    device: &DeviceId,
    properties: &MessageProperties,
    ack: AckMode,
) -> Result<String, HubError> {
    let asked = (ack != AckMode::None).then_some(ack.name());
    devicebound_topic(device, properties, asked)
        .map_err(|error| HubError::new(ErrorCode::MessageTooLarge, error.to_string()))
}

/// Messages in order; expired ones are left out, they fall to the alarm.
pub(super) fn pending(
    sql: &dyn Sql,
    device: &DeviceId,
    now: Timestamp,
) -> Result<Vec<MessageRow>, HubError> {
    let statement = format!(
        "SELECT {COLUMNS} FROM message WHERE device_id = ? AND expires > ? ORDER BY sequence"
    );
    let rows = sql.query(
        &statement,
        &[device.as_str().into(), now.milliseconds().into()],
    )?;
    rows.iter().map(MessageRow::read).collect()
}

pub(super) fn pending_count(sql: &dyn Sql, identity: &Identity) -> Result<i64, HubError> {
    if identity.module.is_some() {
        return Ok(0);
    }
    let rows = sql.query(
        "SELECT count(*) FROM message WHERE device_id = ?",
        &[identity.device.as_str().into()],
    )?;
    Ok(rows.first().and_then(|row| row.integer(0)).unwrap_or(0))
}

/// Hands out up to `window` messages for sending in this session, oldest first.
///
/// A message sent in an earlier session and not acknowledged there counts as free; one that
/// an HTTPS receiver holds is passed over until its lock ends.
pub(super) fn take_deliveries(
    sql: &dyn Sql,
    row: &IdentityRow,
    window: usize,
    now: Timestamp,
) -> Result<Vec<Delivery>, HubError> {
    let messages = pending(sql, &row.identity.device, now)?;
    let in_flight = messages
        .iter()
        .filter(|message| message.sent_epoch == Some(row.epoch))
        .count();
    let mut deliveries = Vec::new();
    for message in messages {
        if in_flight + deliveries.len() >= window {
            break;
        }
        if message.sent_epoch == Some(row.epoch) || message.is_locked(now) {
            continue;
        }
        sql.execute(
            "UPDATE message SET sent_epoch = ?, lock_token = NULL, locked_until = NULL \
             WHERE device_id = ? AND sequence = ?",
            &[
                row.epoch.into(),
                message.device.as_str().into(),
                message.sequence.into(),
            ],
        )?;
        deliveries.push(message.delivery()?);
    }
    Ok(deliveries)
}

pub(super) fn list(
    device: &DeviceId,
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    let row = IdentityRow::require(context.sql, &Identity::device(device.clone()))?;
    let mut items = Vec::new();
    for message in pending(context.sql, device, context.now)? {
        let in_flight = row.is_connected() && message.sent_epoch == Some(row.epoch);
        let locked = in_flight || message.is_locked(context.now);
        let mut document = message.document();
        let state = if locked { "locked" } else { "enqueued" };
        document.insert("state".into(), json!(state));
        items.push(Value::Object(document));
    }
    Ok(RegistryReply::MessageList(items))
}

impl Registry {
    pub(super) fn send_message(
        &mut self,
        message: &SendMessage,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let identity = Identity::device(message.device.clone());
        let mut row = IdentityRow::require(context.sql, &identity)?;
        let size = message.body.len() + message.properties.property_size();
        if size > MAX_MESSAGE_BYTES {
            return Err(HubError::new(
                ErrorCode::MessageTooLarge,
                format!(
                    "The message has {size} bytes with its properties; at most {MAX_MESSAGE_BYTES} are allowed."
                ),
            ));
        }
        let waiting = context.sql.query(
            "SELECT count(*) FROM message WHERE device_id = ? AND expires > ?",
            &[
                message.device.as_str().into(),
                context.now.milliseconds().into(),
            ],
        )?;
        if waiting.first().and_then(|row| row.integer(0)).unwrap_or(0) >= MAX_PENDING {
            return Err(HubError::new(
                ErrorCode::DeviceMaximumQueueDepthExceeded,
                format!(
                    "The device has {MAX_PENDING} pending messages; wait until it takes some, or purge them."
                ),
            ));
        }
        let ttl = i64::from(self.settings()?.cloud_to_device.default_ttl_seconds);
        let latest = context.now.plus_milliseconds(MAX_TTL_MILLISECONDS);
        let expires = match message.expiry {
            None => context.now.plus_seconds(ttl),
            Some(expiry) if expiry <= context.now => {
                return Err(HubError::invalid("iothub-expiry lies in the past."));
            }
            Some(expiry) if expiry > latest => {
                return Err(HubError::invalid(
                    "iothub-expiry lies more than two days ahead, the longest life of a message.",
                ));
            }
            Some(expiry) => expiry,
        };
        let sequence = row.next_sequence;
        row.next_sequence += 1;
        let mut properties = message.properties.clone();
        // C# clients fail on a delivery without `$.to`, so it is always there (§4.1).
        properties.set(
            SystemProperty::To,
            format!("/devices/{}/messages/devicebound", message.device),
        );
        if message.expiry.is_some() {
            properties.set(SystemProperty::AbsoluteExpiryTime, expires.to_string());
        }
        // Refused now rather than never delivered.
        topic(&message.device, &properties, message.ack)?;
        let properties = serde_json::to_string(&properties)
            .map_err(|error| HubError::internal(error.to_string()))?;
        context.changed(&message.device, "");
        context.sql.execute(
            "INSERT INTO message (device_id, sequence, properties, ack, body, enqueued, expires) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
            &[
                message.device.as_str().into(),
                sequence.into(),
                properties.into(),
                message.ack.name().into(),
                message.body.clone().into(),
                context.now.milliseconds().into(),
                expires.milliseconds().into(),
            ],
        )?;
        context.sql.execute(
            "UPDATE identity SET next_sequence = ? WHERE device_id = ? AND module_id = ''",
            &[row.next_sequence.into(), message.device.as_str().into()],
        )?;
        context.effects.alarm_at(expires);
        self.push_deliveries(&row, context)?;
        context.record(|| AuditEntry {
            action: "sendMessage".to_owned(),
            target: Some(identity.clone()),
            result: super::record::OK.to_owned(),
            before: Value::Null,
            after: json!({ "sequenceNumber": sequence, "bytes": size }),
        });
        Ok(RegistryReply::Queued {
            sequence_number: sequence.unsigned_abs(),
        })
    }

    pub(super) fn complete_delivery(
        &mut self,
        done: &CompleteDelivery,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let Some(row) = IdentityRow::load(context.sql, &done.identity)? else {
            return Ok(RegistryReply::Deliveries(Vec::new()));
        };
        let epoch = i64::try_from(done.epoch).unwrap_or(-1);
        let messages = pending(context.sql, &row.identity.device, context.now)?;
        let completed = messages.iter().find(|message| {
            message.sequence.unsigned_abs() == done.sequence_number
                && message.sent_epoch == Some(epoch)
        });
        if let Some(message) = completed {
            self.finish_message(message, &row, feedback::Outcome::Success, context)?;
        }
        if row.epoch != epoch || !row.is_connected() {
            return Ok(RegistryReply::Deliveries(Vec::new()));
        }
        let next = take_deliveries(context.sql, &row, super::DELIVERY_WINDOW, context.now)?;
        Ok(RegistryReply::Deliveries(next))
    }

    pub(super) fn purge_messages(
        &mut self,
        device: &DeviceId,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let row = IdentityRow::require(context.sql, &Identity::device(device.clone()))?;
        let messages = pending(context.sql, device, context.now)?;
        for message in &messages {
            self.finish_message(message, &row, feedback::Outcome::Purged, context)?;
        }
        context.record(|| AuditEntry {
            action: "purgeMessages".to_owned(),
            target: Some(row.identity.clone()),
            result: super::record::OK.to_owned(),
            before: json!({ "messages": messages.len() }),
            after: json!({ "messages": 0 }),
        });
        Ok(RegistryReply::Purged(
            u64::try_from(messages.len()).unwrap_or(u64::MAX),
        ))
    }

    /// Gives up what has expired, with feedback where asked; drops what nobody took, and
    /// uploads whose time is over.
    pub(super) fn expire_messages(&mut self, context: &mut Context<'_>) -> Result<(), HubError> {
        let statement =
            format!("SELECT {COLUMNS} FROM message WHERE expires <= ? ORDER BY expires LIMIT 500");
        let rows = context
            .sql
            .query(&statement, &[context.now.milliseconds().into()])?;
        for row in rows {
            let message = MessageRow::read(&row)?;
            let identity = Identity::device(message.device.clone());
            match IdentityRow::load(context.sql, &identity)? {
                Some(row) => {
                    self.finish_message(&message, &row, feedback::Outcome::Expired, context)?;
                }
                None => message.delete(context)?,
            }
        }
        for table in ["feedback", "file_notification", "upload"] {
            context.sql.execute(
                &format!("DELETE FROM {table} WHERE expires <= ?"),
                &[context.now.milliseconds().into()],
            )?;
        }
        Ok(())
    }
}
