//! Retirement of a device (`device-management.md` §7.1): block, drain, archive, revoke,
//! replace, delete.
//!
//! All that concerns the device itself is one transaction of its shard, so that no crash can
//! leave it half retired: whatever of it is visible, the archive is written. Two things come
//! later and are repeated until they are done: the replacement, which may live in another
//! shard, by the outbox; and the deletion, if it is to wait, by the alarm.

use super::identity::{COLUMNS, IdentityRow};
use super::{Context, Registry, archive, record, revocation, twins};
use crate::error::{ErrorCode, HubError};
use crate::hub::outbox::Outbox;
use crate::ids::Identity;
use crate::ipc::audit::AuditEntry;
use crate::ipc::registry::{Predecessor, RegistryReply, Retire, RetireMode, Succeed};
use crate::json;
use crate::sql::{Row, Sql};
use crate::time::Timestamp;
use crate::twin::Twin;
use serde_json::Value;

/// Retirements, done or waiting for the deletion.
pub(super) const SCHEMA: &str = "CREATE TABLE retirement (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    device_id TEXT NOT NULL,
    generation_id TEXT NOT NULL,
    mode TEXT NOT NULL,
    reason TEXT NOT NULL,
    replacement TEXT,
    at INTEGER NOT NULL,
    delete_at INTEGER NOT NULL,
    deleted INTEGER
)";

const SHOWN: &str = "number, device_id, generation_id, mode, reason, replacement, at, delete_at, \
    deleted";

impl Registry {
    pub(super) fn retire(
        &mut self,
        retire: &Retire,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let identity = Identity::device(retire.device.clone());
        let row = IdentityRow::require(context.sql, &identity)?;
        if let Some(known) = find(context.sql, &row)? {
            // Asked again, after a lost answer perhaps: it is under way.
            return self.retirement(&known, context.sql);
        }
        if retire.replacement.as_ref() == Some(&retire.device) {
            return Err(HubError::invalid("A device cannot replace itself."));
        }
        let statement =
            format!("SELECT {COLUMNS} FROM identity WHERE device_id = ? ORDER BY module_id");
        let rows = context
            .sql
            .query(&statement, &[retire.device.as_str().into()])?;
        let members: Vec<IdentityRow> = rows
            .iter()
            .map(IdentityRow::read)
            .collect::<Result<_, _>>()?;
        let twin = twins::require(context.sql, &identity)?;

        // Drain, then archive what is left, then take the credentials away.
        let purged = match self.purge_messages(&retire.device, context)? {
            RegistryReply::Purged(count) => count,
            _ => 0,
        };
        self.leave_jobs(
            &retire.device,
            super::job_rows::State::Canceled,
            None,
            context,
        )?;
        context.sql.execute(
            "DELETE FROM upload WHERE device_id = ?",
            &[retire.device.as_str().into()],
        )?;
        self.forget_signals(&identity, context)?;
        let checksum = archive::write(retire, &members, purged, context)?;
        self.has_revoked = true;
        for member in &members {
            revocation::revoke(context.sql, member, context.now)?;
            self.block(member, retire, context)?;
        }
        if let (RetireMode::Replace, Some(replacement)) = (retire.mode, &retire.replacement) {
            self.send_succession(&row, &twin, replacement.clone(), retire, context)?;
        }
        context.sql.execute(
            "INSERT INTO retirement (device_id, generation_id, mode, reason, replacement, at, \
             delete_at) VALUES (?, ?, ?, ?, ?, ?, ?)",
            &[
                retire.device.as_str().into(),
                row.generation_id.as_str().into(),
                retire.mode.name().into(),
                retire.reason.name().into(),
                retire
                    .replacement
                    .as_ref()
                    .map(|device| device.as_str().to_owned())
                    .into(),
                context.now.milliseconds().into(),
                context
                    .now
                    .plus_seconds(retire.delete_after_seconds)
                    .milliseconds()
                    .into(),
            ],
        )?;
        context.record(|| AuditEntry {
            action: "retireDevice".to_owned(),
            target: Some(identity.clone()),
            result: record::OK.to_owned(),
            before: json!({ "status": row.status(), "generationId": row.generation_id }),
            after: json!({
                "mode": retire.mode.name(),
                "reason": retire.reason.name(),
                "replacementId": retire.replacement,
                "archiveSha256": checksum,
            }),
        });
        self.delete_retired(context)?;
        let known = find(context.sql, &row)?
            .ok_or_else(|| HubError::internal("a retirement is gone that was just written"))?;
        self.retirement(&known, context.sql)
    }

    /// Disables an identity for good, without credentials, and closes its session.
    fn block(
        &self,
        row: &IdentityRow,
        retire: &Retire,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let mut blocked = row.clone();
        if row.identity.module.is_none() {
            blocked.enabled = false;
            blocked.status_reason = Some(format!("retired: {}", retire.reason.name()));
            blocked.status_updated = Some(context.now);
        }
        blocked.authentication = row.authentication.erased();
        blocked.etag = row.etag.saturating_add(1);
        blocked.store(context)?;
        if let (Some(gateway), Some(connection)) = (row.gateway, &row.connection) {
            Self::close(gateway, connection, "deviceRetired", context)?;
        }
        Ok(())
    }

    fn send_succession(
        &self,
        row: &IdentityRow,
        twin: &Twin,
        replacement: crate::ids::DeviceId,
        retire: &Retire,
        context: &mut Context<'_>,
    ) -> Result<(), HubError> {
        let shard = self.settings()?.layout.shard_of(&replacement);
        let succeed = Succeed {
            replacement,
            predecessor: Predecessor {
                device_id: row.identity.device.clone(),
                generation_id: row.generation_id.clone(),
            },
            tags: twin.tags.clone(),
            desired: twin.desired.properties.clone(),
            entropy: retire.entropy.clone(),
        };
        Outbox::put_registry(context.sql, shard, &succeed)?;
        context.wrote_outbox = true;
        Ok(())
    }

    /// Deletes the retired devices whose time has come.
    pub(super) fn delete_retired(&mut self, context: &mut Context<'_>) -> Result<(), HubError> {
        let due = context.sql.query(
            "SELECT number, device_id, generation_id FROM retirement \
             WHERE deleted IS NULL AND delete_at <= ? ORDER BY delete_at LIMIT 100",
            &[context.now.milliseconds().into()],
        )?;
        for retirement in due {
            let device = crate::ids::DeviceId::parse(retirement.required_text(1)?)
                .map_err(|error| HubError::internal(format!("a retired device: {error}")))?;
            let generation = retirement.required_text(2)?;
            let row = IdentityRow::load(context.sql, &Identity::device(device.clone()))?;
            // Somebody may have deleted it meanwhile, and even created its successor.
            if row.is_some_and(|row| row.generation_id == generation) {
                self.delete_whole_device(&device, context)?;
            }
            context.sql.execute(
                "UPDATE retirement SET deleted = ? WHERE number = ?",
                &[
                    context.now.milliseconds().into(),
                    retirement.integer(0).unwrap_or(0).into(),
                ],
            )?;
        }
        let next = context.sql.query(
            "SELECT min(delete_at) FROM retirement WHERE deleted IS NULL",
            &[],
        )?;
        if let Some(at) = next.first().and_then(|row| row.integer(0)) {
            let at = Timestamp::from_milliseconds(at);
            context
                .effects
                .alarm_at(at.max(context.now.plus_seconds(1)));
        }
        Ok(())
    }

    /// A retirement by the number in its operation id.
    pub(super) fn get_retirement(
        &self,
        number: i64,
        sql: &dyn Sql,
    ) -> Result<RegistryReply, HubError> {
        let rows = sql.query(
            &format!("SELECT {SHOWN} FROM retirement WHERE number = ?"),
            &[number.into()],
        )?;
        match rows.first() {
            Some(row) => self.retirement(row, sql),
            None => Err(HubError::new(
                ErrorCode::JobNotFound,
                "There is no such retirement.",
            )),
        }
    }

    fn retirement(&self, row: &Row, sql: &dyn Sql) -> Result<RegistryReply, HubError> {
        let device = row.required_text(1)?;
        let generation = row.required_text(2)?;
        let time = |column: usize| row.integer(column).map(Timestamp::from_milliseconds);
        let copying = !sql
            .query(
                "SELECT 1 FROM outbox WHERE target LIKE 'registry/%' \
                 AND json_extract(message, '$.predecessor.deviceId') = ? \
                 AND json_extract(message, '$.predecessor.generationId') = ?",
                &[device.into(), generation.into()],
            )?
            .is_empty();
        let state = match (time(8), copying) {
            (None, _) => "waitingForDeletion",
            (Some(_), true) => "copyingToReplacement",
            (Some(_), false) => "completed",
        };
        Ok(RegistryReply::Retirement(json!({
            "operationId": format!("{}-{}", self.shard, row.integer(0).unwrap_or(0)),
            "deviceId": device,
            "generationId": generation,
            "mode": row.text(3),
            "reason": row.text(4),
            "replacementId": row.text(5),
            "state": state,
            "retiredTime": time(6),
            "deletionTime": time(7),
            "deletedTime": time(8),
            "archive": format!("/api/v1/archive/devices/{}/{generation}",
                crate::percent::encode(device)),
        })))
    }
}

fn find(sql: &dyn Sql, row: &IdentityRow) -> Result<Option<Row>, HubError> {
    let rows = sql.query(
        &format!(
            "SELECT {SHOWN} FROM retirement WHERE device_id = ? AND generation_id = ? LIMIT 1"
        ),
        &[
            row.identity.device.as_str().into(),
            row.generation_id.as_str().into(),
        ],
    )?;
    Ok(rows.into_iter().next())
}

/// `Value` of a predecessor as it stands in the replacement's tags.
pub(super) fn replaces(predecessor: &Predecessor) -> Value {
    json!({
        "deviceId": predecessor.device_id,
        "generationId": predecessor.generation_id,
    })
}
