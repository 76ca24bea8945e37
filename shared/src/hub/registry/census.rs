//! Sessions that a gateway's crash took (`device.md` §2.6).
//!
//! The gateway says which of its connections live; sessions from before that it does not
//! name have ended. What began after the census was taken is left alone.

use super::identity::IdentityRow;
use super::{Context, Registry};
use crate::error::HubError;
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::ipc::registry::{Census, ConnectRequest, RegistryReply};
use crate::ordered::OrderedMap;
use crate::sorting;
use crate::sql::Sql;
use crate::time::Timestamp;
use std::collections::HashSet;

/// The newest census of each gateway.
pub(super) fn load(sql: &dyn Sql) -> Result<OrderedMap<u16, u64>, HubError> {
    let rows = sql.query("SELECT number, census FROM gateway", &[])?;
    let pairs = rows.iter().filter_map(|row| {
        let gateway = u16::try_from(row.integer(0)?).ok()?;
        Some((gateway, row.integer(1)?.unsigned_abs()))
    });
    Ok(sorting::map(pairs))
}

impl Registry {
    pub(super) fn census(
        &mut self,
        census: &Census,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let rows = context.sql.query(
            "SELECT device_id, module_id, connection FROM identity \
             WHERE gateway = ? AND census < ?",
            &[i64::from(census.gateway).into(), census.number.into()],
        )?;
        let live: HashSet<&str> = census.live.iter().map(|id| id.0.as_str()).collect();
        for row in rows {
            if live.contains(row.text(2).unwrap_or_default()) {
                continue;
            }
            let module = match row.required_text(1)? {
                "" => None,
                module => ModuleId::parse(module).ok(),
            };
            let Ok(device) = DeviceId::parse(row.required_text(0)?) else {
                continue;
            };
            let Some(ended) = IdentityRow::load(context.sql, &Identity { device, module })? else {
                continue;
            };
            self.end_session(
                ended,
                "gatewayRestarted",
                "",
                Timestamp::UNSET,
                None,
                context,
            )?;
        }
        if self.censuses.get(&census.gateway) < Some(&census.number) {
            context.sql.execute(
                "INSERT INTO gateway (number, census) VALUES (?, ?) \
                 ON CONFLICT (number) DO UPDATE SET census = excluded.census",
                &[i64::from(census.gateway).into(), census.number.into()],
            )?;
            self.censuses.insert(census.gateway, census.number);
        }
        Ok(RegistryReply::Done)
    }

    /// Whether a CONNECT was on its way while its gateway died: no socket waits for it, and
    /// no later census would be sure to find it.
    pub(super) fn is_outdated(&self, request: &ConnectRequest) -> bool {
        self.censuses
            .get(&request.gateway)
            .is_some_and(|newest| request.census < *newest)
    }
}
