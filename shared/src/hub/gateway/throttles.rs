//! How often this gateway's devices may connect, send, and read and report twins
//! (`service.md` §16).
//!
//! The buckets live in memory: a gateway that wakes up again begins with full ones. Only the
//! limits are stored, and only once somebody has changed them. Telemetry and connections have
//! buckets of their own here, so nothing that happens over HTTP can use them up.

use super::Gateway;
use crate::error::HubError;
use crate::ipc::Layout;
use crate::ipc::gateway::{GatewayReply, GatewayResult};
use crate::ipc::hub::ThrottleSettings;
use crate::reading;
use crate::sql::Sql;
use crate::throttle::Throttles;

/// One row: the newest settings that were pushed, and their version.
pub(super) const SCHEMA: &str = "CREATE TABLE throttle (
    version INTEGER PRIMARY KEY,
    document TEXT NOT NULL
)";

fn stored(sql: &dyn Sql) -> Result<(u64, ThrottleSettings), HubError> {
    let rows = sql.query("SELECT version, document FROM throttle", &[])?;
    let Some(row) = rows.first() else {
        return Ok((0, ThrottleSettings::default()));
    };
    let settings = reading::from_str(row.required_text(1)?)
        .map_err(|error| HubError::internal(format!("stored throttles: {error}")))?;
    Ok((row.integer(0).unwrap_or(0).unsigned_abs(), settings))
}

/// Full buckets of the stored limits.
pub(super) fn load(layout: Layout, sql: &dyn Sql) -> Result<Throttles, HubError> {
    let (version, settings) = stored(sql)?;
    let mut throttles = Throttles::default();
    throttles.configure(version, &settings, layout.gateways);
    Ok(throttles)
}

impl Gateway {
    pub(super) fn apply_throttles(
        &mut self,
        version: u64,
        settings: &ThrottleSettings,
        sql: &dyn Sql,
    ) -> GatewayResult {
        if stored(sql)?.0 < version {
            let document = serde_json::to_string(settings)
                .map_err(|error| HubError::internal(error.to_string()))?;
            sql.execute("DELETE FROM throttle", &[])?;
            sql.execute(
                "INSERT INTO throttle (version, document) VALUES (?, ?)",
                &[version.into(), document.into()],
            )?;
            self.throttles
                .configure(version, settings, self.layout.gateways);
        }
        Ok(GatewayReply::Done)
    }
}
