//! A device's connection as the console and the connection doctor show it
//! (`device-management.md` §8, §9.1).

use super::identity::IdentityRow;
use super::session::{closes, facts, subscriptions};
use super::{Context, Registry};
use crate::doctor::diagnosis::{Known, diagnose};
use crate::doctor::ends::{self, End};
use crate::error::HubError;
use crate::ids::Identity;
use crate::ipc::registry::RegistryReply;
use crate::json;
use crate::time::Timestamp;
use serde_json::Value;

impl Registry {
    /// `GET /api/v1/devices/{id}/connection`, and the same of a module
    pub(super) fn describe(
        &self,
        identity: &Identity,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let row = IdentityRow::require(context.sql, identity)?;
        let facts = facts(&row);
        let filters: Vec<String> = subscriptions(&row.subscriptions)
            .iter()
            .map(|(filter, _)| filter.to_owned())
            .collect();
        let connected = row.is_connected();
        let closes = closes(context.sql, identity)?;
        let ends = ends::read(&closes);
        let refusals = self.refusals(identity, context.sql)?;
        let refused: Vec<(Timestamp, String)> = refusals.iter().filter_map(refusal).collect();
        let known = Known {
            now: context.now,
            enabled: self.is_enabled(&row, context)?,
            connected,
            session_since: facts.since,
            ends: &ends,
            refusals: &refused,
        };
        let last_closes: Vec<Value> = ends.iter().map(End::document).collect();
        Ok(RegistryReply::Connection(json!({
            "deviceId": identity.device,
            "moduleId": identity.module,
            "connectionState": row.connection_state(),
            "since": row.state_updated,
            "gateway": row.gateway,
            "keepAliveSeconds": connected.then_some(facts.keep_alive_seconds),
            "clientType": facts.client_type,
            "apiVersion": facts.api_version,
            "protocol": connected.then_some("MQTT over WebSocket"),
            "credential": facts.credential,
            "certificateThumbprint": facts.certificate,
            "tokenExpiry": facts.token_expiry.filter(|_| connected),
            "cleanSession": connected.then_some(!row.persistent),
            "subscriptions": filters,
            "lastDisconnectReason": facts.last_disconnect_reason,
            "lastDisconnectTime": facts.last_disconnect_time,
            "lastCloses": last_closes,
            "diagnosis": diagnose(&known),
            "refusals": refusals,
        })))
    }
}

/// When and why a record says that a connect was refused.
fn refusal(record: &Value) -> Option<(Timestamp, String)> {
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let at = Timestamp::parse(text("time")?)?;
    Some((at, text("resultDescription")?.to_owned()))
}
