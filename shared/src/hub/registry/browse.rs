//! Lists and counts over a shard (`service.md` §4.5, §4.7; our console's list).

use super::Context;
use super::identity::{COLUMNS, IdentityRow};
use crate::error::HubError;
use crate::ipc::registry::{BrowseDevices, DevicePage, ListDevices, RegistryReply, Statistics};
use crate::json;
use crate::sql::SqlValue;
use serde_json::Value;

/// Most rows of one page.
const MAX_PAGE: u32 = 1_000;

pub(super) fn list(
    list: &ListDevices,
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    let statement =
        format!("SELECT {COLUMNS} FROM identity WHERE module_id = '' ORDER BY device_id LIMIT ?");
    let top = i64::from(list.top.min(MAX_PAGE));
    let rows = context.sql.query(&statement, &[top.into()])?;
    let mut devices = Vec::with_capacity(rows.len());
    for row in &rows {
        devices.push(IdentityRow::read(row)?.document(context.sql)?.body);
    }
    Ok(RegistryReply::Devices(devices))
}

pub(super) fn browse(
    browse: &BrowseDevices,
    context: &mut Context<'_>,
) -> Result<RegistryReply, HubError> {
    let mut conditions = String::from("identity.module_id = ''");
    let mut parameters: Vec<SqlValue> = Vec::new();
    if let Some(search) = browse.search.as_deref().filter(|search| !search.is_empty()) {
        // instr on both sides in lower case; LIKE would take % and _ as wildcards, and ids
        // may contain them.
        conditions.push_str(" AND instr(lower(identity.device_id), lower(?)) > 0");
        parameters.push(search.into());
    }
    if let Some(status) = &browse.status {
        conditions.push_str(" AND status = ?");
        parameters.push(status.as_str().into());
    }
    match browse.connected {
        Some(true) => conditions.push_str(" AND gateway IS NOT NULL"),
        Some(false) => conditions.push_str(" AND gateway IS NULL"),
        None => {}
    }
    let count = |conditions: &str, parameters: &[SqlValue]| {
        if browse.uncounted {
            return Ok(0);
        }
        let rows = context.sql.query(
            &format!("SELECT count(*) FROM identity WHERE {conditions}"),
            parameters,
        )?;
        let counted = rows.first().and_then(|row| row.integer(0));
        Ok::<_, HubError>(counted.unwrap_or(0).unsigned_abs())
    };
    let total = count(&conditions, &parameters)?;
    let mut before = 0;
    if let Some(after) = &browse.after {
        conditions.push_str(" AND identity.device_id > ?");
        parameters.push(after.as_str().into());
        before = total.saturating_sub(count(&conditions, &parameters)?);
    }
    let top = browse.top.clamp(1, MAX_PAGE);
    parameters.push(i64::from(top + 1).into());
    let columns = COLUMNS
        .split(", ")
        .map(|column| format!("identity.{column}"));
    let columns = columns.collect::<Vec<_>>().join(", ");
    let rows = context.sql.query(
        &format!(
            "SELECT {columns}, twin.version, json(twin.tags), \
             (SELECT count(*) FROM message WHERE message.device_id = identity.device_id) \
             FROM identity JOIN twin USING (device_id, module_id) \
             WHERE {conditions} ORDER BY identity.device_id LIMIT ?"
        ),
        &parameters,
    )?;
    let top = usize::try_from(top).unwrap_or(usize::MAX);
    let width = COLUMNS.split(", ").count();
    let mut page = DevicePage {
        items: Vec::new(),
        more: rows.len() > top,
        total,
        before,
    };
    for row in rows.iter().take(top) {
        let identity = IdentityRow::read(row)?;
        let tags: Value = serde_json::from_str(row.required_text(width + 1)?)
            .map_err(|error| HubError::internal(format!("stored tags: {error}")))?;
        page.items.push(json!({
            "deviceId": identity.identity.device,
            "status": identity.status(),
            "statusReason": identity.status_reason,
            "connectionState": identity.connection_state(),
            "connectionStateUpdatedTime": identity.state_updated,
            "lastActivityTime": identity.last_activity,
            "cloudToDeviceMessageCount": row.integer(width + 2).unwrap_or(0),
            "authenticationType": identity.authentication.kind,
            "version": row.integer(width).unwrap_or(0),
            "tags": tags,
        }));
    }
    Ok(RegistryReply::DevicePage(page))
}

pub(super) fn statistics(context: &mut Context<'_>) -> Result<RegistryReply, HubError> {
    let rows = context.sql.query(
        "SELECT count(*), sum(status = 'enabled'), sum(gateway IS NOT NULL), sum(state_updated IS NULL) \
         FROM identity WHERE module_id = ''",
        &[],
    )?;
    let number = |column: usize| {
        rows.first()
            .and_then(|row| row.integer(column))
            .unwrap_or(0)
            .unsigned_abs()
    };
    let (total, enabled) = (number(0), number(1));
    Ok(RegistryReply::Statistics(Statistics {
        total,
        enabled,
        disabled: total.saturating_sub(enabled),
        connected: number(2),
        never_connected: number(3),
    }))
}
