//! Saved groups: conditions over device twins with a name (`device-management.md` §7).
//!
//! Only kept here; who is in a group is asked of the shards each time.

use super::{check_name, check_precondition};
use crate::alert::Severity;
use crate::error::{ErrorCode, HubError};
use crate::ipc::device_group::DeviceGroup;
use crate::ipc::hub::{HubReply, HubResult};
use crate::ipc::registry::Precondition;
use crate::query::parse_condition;
use crate::sql::{Row, Sql};
use crate::time::Timestamp;
use crate::twin::etag::etag_text;

/// `etag` rises, and begins at the time, so that a group that was made anew never repeats one.
pub(super) const SCHEMA: &str = "CREATE TABLE device_group (
    id TEXT PRIMARY KEY,
    condition TEXT NOT NULL,
    description TEXT,
    etag INTEGER NOT NULL,
    changed INTEGER NOT NULL
) WITHOUT ROWID";

/// Groups of before have none.
pub(super) const SEVERITY: &str = "ALTER TABLE device_group ADD COLUMN severity TEXT";

/// Groups of a hub.
const MAX_GROUPS: usize = 100;
/// Longest condition, in characters: a query around it must not get too long.
const MAX_CONDITION: usize = 8000;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 512;

fn etag_of(row: &Row) -> u64 {
    row.integer(3).unwrap_or(0).unsigned_abs()
}

/// All groups in order of id, or one of them.
pub(super) fn list(sql: &dyn Sql, id: Option<&str>) -> Result<Vec<DeviceGroup>, HubError> {
    let id = id.map(str::to_owned);
    let rows = sql.query(
        "SELECT id, condition, description, etag, changed, severity FROM device_group \
         WHERE ? IS NULL OR id = ? ORDER BY id",
        &[id.clone().into(), id.into()],
    )?;
    let groups = rows.iter().map(|row| {
        Ok(DeviceGroup {
            id: row.required_text(0)?.to_owned(),
            condition: row.required_text(1)?.to_owned(),
            description: row.text(2).map(str::to_owned),
            severity: row.text(5).and_then(Severity::parse),
            etag: etag_text(etag_of(row)),
            changed_time: row.integer(4).map(Timestamp::from_milliseconds),
        })
    });
    groups.collect()
}

pub(super) fn put(
    now: Timestamp,
    group: DeviceGroup,
    precondition: &Precondition,
    sql: &dyn Sql,
) -> HubResult {
    check_name("A group's id", &group.id, 64)?;
    let is_long = |text: &str, most: usize| text.chars().count() > most;
    if is_long(&group.condition, MAX_CONDITION) {
        return Err(HubError::invalid(format!(
            "The condition of a group has at most {MAX_CONDITION} characters."
        )));
    }
    parse_condition(&group.condition)?;
    let description = group.description;
    if description
        .as_ref()
        .is_some_and(|text| is_long(text, MAX_DESCRIPTION))
    {
        return Err(HubError::invalid(format!(
            "The description of a group has at most {MAX_DESCRIPTION} characters."
        )));
    }
    let rows = sql.query("SELECT id, 0, 0, etag FROM device_group", &[])?;
    let known = rows.iter().find(|row| row.text(0) == Some(&group.id));
    let etag = known.map(etag_of);
    check_precondition(precondition, etag.map(etag_text).as_deref())?;
    if known.is_none() && rows.len() >= MAX_GROUPS {
        return Err(HubError::new(
            ErrorCode::IotHubQuotaExceeded,
            format!("A hub has at most {MAX_GROUPS} saved groups; delete one first."),
        ));
    }
    let time = now.milliseconds();
    let next = etag.map_or(0, |etag| etag + 1).max(time.unsigned_abs());
    sql.execute(
        "INSERT INTO device_group (id, condition, description, etag, changed, severity) \
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET condition = excluded.condition, \
         description = excluded.description, etag = excluded.etag, changed = excluded.changed, \
         severity = excluded.severity",
        &[
            group.id.into(),
            group.condition.into(),
            description.into(),
            next.into(),
            time.into(),
            group.severity.map(Severity::name).into(),
        ],
    )?;
    Ok(HubReply::Stored {
        is_new: etag.is_none(),
        etag: etag_text(next),
    })
}

pub(super) fn delete(id: &str, precondition: &Precondition, sql: &dyn Sql) -> HubResult {
    let known = list(sql, Some(id))?;
    if let Some(known) = known.first() {
        check_precondition(precondition, Some(&known.etag))?;
        sql.execute("DELETE FROM device_group WHERE id = ?", &[id.into()])?;
    }
    Ok(HubReply::Changed(!known.is_empty()))
}
