//! What waits for back ends and is read under a lock: feedback and file notifications
//! (`query-routing-events.md` §4.7, §4.8). Each is a table of the same columns.
//!
//! A batch is what is there when somebody asks, at most so many records: over REST nobody
//! has to wait for a batch to fill.

use super::{Context, Registry};
use crate::error::{ErrorCode, HubError};
use crate::hub::effects::Token;
use crate::ipc::registry::RegistryReply;
use serde_json::Value;

/// A table of records, and how they are handed out.
pub(super) struct ServiceQueue {
    table: &'static str,
    /// Records in one batch.
    batch: i64,
    lock_seconds: i64,
    /// Abandoned so often, a record is dropped.
    max_delivery_count: i64,
}

impl Registry {
    /// Outcomes of cloud-to-device messages.
    pub(super) fn feedback_queue(&self) -> Result<ServiceQueue, HubError> {
        let settings = &self.settings()?.cloud_to_device;
        Ok(ServiceQueue {
            table: "feedback",
            batch: 64,
            lock_seconds: i64::from(settings.feedback_lock_seconds),
            max_delivery_count: 10,
        })
    }

    /// Files that devices have uploaded.
    pub(super) fn file_queue(&self) -> Result<ServiceQueue, HubError> {
        let settings = &self.settings()?.file_upload;
        Ok(ServiceQueue {
            table: "file_notification",
            batch: 1,
            lock_seconds: settings.notification_lock_seconds,
            max_delivery_count: settings.notification_max_delivery_count,
        })
    }
}

impl ServiceQueue {
    /// Locks a batch of records. The token only has to differ from every other lock of this
    /// shard that is still held; the caller's token and the time make it so.
    pub(super) fn receive(
        &self,
        token: Token,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let now = context.now.milliseconds();
        let statement = format!(
            "SELECT number, record FROM {} WHERE expires > ? \
             AND (locked_until IS NULL OR locked_until <= ?) ORDER BY number LIMIT ?",
            self.table
        );
        let rows = context
            .sql
            .query(&statement, &[now.into(), now.into(), self.batch.into()])?;
        let Some(last) = rows.last().and_then(|row| row.integer(0)) else {
            return Ok(RegistryReply::Feedback {
                lock_token: None,
                records: Vec::new(),
            });
        };
        let lock_token = format!("{now:x}-{last:x}-{token:x}");
        let until = context.now.plus_seconds(self.lock_seconds).milliseconds();
        let statement = format!(
            "UPDATE {} SET lock_token = ?, locked_until = ? WHERE number = ?",
            self.table
        );
        let mut records: Vec<Value> = Vec::with_capacity(rows.len());
        for row in &rows {
            records.push(
                serde_json::from_str(row.required_text(1)?)
                    .map_err(|error| HubError::internal(format!("a stored record: {error}")))?,
            );
            context.sql.execute(
                &statement,
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

    /// Completes or gives back a locked batch.
    pub(super) fn settle(
        &self,
        lock_token: &str,
        complete: bool,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let table = self.table;
        let held = context.sql.query(
            &format!("SELECT 1 FROM {table} WHERE lock_token = ? AND locked_until > ? LIMIT 1"),
            &[lock_token.into(), context.now.milliseconds().into()],
        )?;
        if held.is_empty() {
            return Err(HubError::new(
                ErrorCode::DeviceMessageLockLost,
                "The lock token is unknown or has expired; receive again.",
            ));
        }
        let most = if complete { 0 } else { self.max_delivery_count };
        context.sql.execute(
            &format!("DELETE FROM {table} WHERE lock_token = ? AND delivery_count + 1 >= ?"),
            &[lock_token.into(), most.into()],
        )?;
        if !complete {
            context.sql.execute(
                &format!(
                    "UPDATE {table} SET lock_token = NULL, locked_until = NULL, \
                     delivery_count = delivery_count + 1 WHERE lock_token = ?"
                ),
                &[lock_token.into()],
            )?;
        }
        Ok(RegistryReply::Done)
    }
}
