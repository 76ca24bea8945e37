//! Alerts for subscriptions with the source `alerts` (`device-management.md` §5): told when one
//! begins to need a person, when somebody looks after it, and when it is over.
//!
//! What was told is a column of the alert itself, so each change is told once, also over a
//! crash, and an alert that needs nobody is never told.

use super::Hub;
use super::alerts;
use crate::error::HubError;
use crate::hub::outbox::Outbox;
use crate::ids::{DeviceId, Identity};
use crate::ipc::events::HubEvent;
use crate::routing::ALERTS;
use crate::sql::Sql;
use crate::time::Timestamp;
use serde_json::Value;

pub(super) const SCHEMA: &[&str] = &[
    "ALTER TABLE alert ADD COLUMN told TEXT NOT NULL DEFAULT ''",
    "CREATE INDEX alert_untold ON alert (number) \
     WHERE told <> state || attention AND (attention = 1 OR told <> '')",
];

/// Most that are told at once.
const BATCH: i64 = 100;

impl Hub {
    /// Writes events of what is untold, if anybody wants to hear it.
    pub(super) fn tell_of_alerts(&mut self, now: Timestamp, sql: &dyn Sql) -> Result<(), HubError> {
        let settings = self.settings.as_ref();
        let Some(settings) = settings.filter(|settings| settings.routes_source(ALERTS)) else {
            return Ok(());
        };
        let untold = sql.query(
            "SELECT number, state, attention, device FROM alert \
             WHERE told <> state || attention AND (attention = 1 OR told <> '') \
             ORDER BY number LIMIT ?",
            &[BATCH.into()],
        )?;
        if untold.is_empty() {
            return Ok(());
        }
        sql.transaction(&mut || {
            for row in &untold {
                let number = row.integer(0).unwrap_or(0).unsigned_abs();
                let Some(alert) = alerts::find(now, number, sql)? else {
                    continue;
                };
                let device = row.text(3).and_then(|id| DeviceId::parse(id).ok());
                let event = HubEvent {
                    identity: device.map(Identity::device),
                    job: None,
                    source: ALERTS.to_owned(),
                    schema: "alertNotification".to_owned(),
                    operation: operation(&alert).to_owned(),
                    time: now,
                    hub_name: settings.hub_name().to_owned(),
                    request: None,
                    body: alert,
                    twin: None,
                };
                Outbox::put_event(sql, &settings.layout, &event)?;
                sql.execute(
                    "UPDATE alert SET told = state || attention WHERE number = ?",
                    &[number.into()],
                )?;
            }
            Ok(())
        })?;
        self.has_events = true;
        Ok(())
    }
}

fn operation(alert: &Value) -> &'static str {
    match alert.get("state").and_then(Value::as_str) {
        Some("resolved") => "alertResolved",
        Some("acknowledged") => "alertAcknowledged",
        Some("snoozed") => "alertSnoozed",
        _ => "alertOpened",
    }
}
