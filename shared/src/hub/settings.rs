//! The copy of the hub's settings that shards, partitions and gateways keep.
//!
//! The `Hub` object pushes every change; a copy is replaced only by a newer version, so
//! pushes may arrive twice or late. Without settings an object refuses devices.

use crate::error::HubError;
use crate::ipc::hub::Settings;
use crate::reading;
use crate::sql::Sql;

/// Reads the stored copy.
pub fn load(sql: &dyn Sql) -> Result<Option<Settings>, HubError> {
    let rows = sql.query("SELECT document FROM settings LIMIT 1", &[])?;
    match rows.first() {
        None => Ok(None),
        Some(row) => reading::from_str(row.required_text(0)?)
            .map(Some)
            .map_err(|error| HubError::internal(format!("stored settings: {error}"))),
    }
}

/// Replaces the copy if `new` is newer.
pub fn store(current: &mut Option<Settings>, new: Settings, sql: &dyn Sql) -> Result<(), HubError> {
    if current
        .as_ref()
        .is_some_and(|kept| kept.version >= new.version)
    {
        return Ok(());
    }
    let document =
        serde_json::to_string(&new).map_err(|error| HubError::internal(error.to_string()))?;
    sql.execute("DELETE FROM settings", &[])?;
    sql.execute(
        "INSERT INTO settings (version, document) VALUES (?, ?)",
        &[new.version.into(), document.into()],
    )?;
    *current = Some(new);
    Ok(())
}
