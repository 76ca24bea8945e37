//! Where messages and events go, as the hub object keeps it (`query-routing-events.md` §3.1).
//!
//! `crate::routing::document` has judged what comes here, against the version that it names; a
//! change of another version is refused, and whoever made it looks again.

use super::Hub;
use crate::error::{ErrorCode, HubError};
use crate::ipc::hub::{HubReply, HubResult, RoutingChange};
use crate::ipc::routing::Endpoint;
use crate::sql::Sql;

/// Bits of endpoints: beside the built-in one, as many as fit into a number of the storage.
const LAST_SLOT: u8 = 52;

impl Hub {
    pub(super) fn put_routing(&mut self, change: RoutingChange, sql: &dyn Sql) -> HubResult {
        let known = &self.required()?.routing;
        if change.routing.version != known.version {
            return Err(HubError::new(
                ErrorCode::PreconditionFailed,
                "Somebody else has changed the routing; read it again.",
            ));
        }
        let mut routing = change.routing;
        routing.version += 1;
        routing.last_id = known.last_id;
        let mut taken: Vec<u8> = known
            .endpoints
            .iter()
            .map(|endpoint| endpoint.slot)
            .collect();
        for endpoint in &mut routing.endpoints {
            if endpoint.id != 0 {
                continue;
            }
            // A bit is free when nobody had it a moment ago either, so that what is on its way
            // goes to nobody else.
            let free = (1..=LAST_SLOT).find(|slot| !taken.contains(slot));
            let slot = free.ok_or_else(|| {
                HubError::new(
                    ErrorCode::IotHubQuotaExceeded,
                    format!("A hub has at most {LAST_SLOT} endpoints and subscriptions."),
                )
            })?;
            taken.push(slot);
            routing.last_id += 1;
            *endpoint = Endpoint {
                id: routing.last_id,
                slot,
                ..endpoint.clone()
            };
        }
        self.change(sql, |settings| {
            settings.routes = change.routes;
            settings.routing = *routing;
        })?;
        Ok(HubReply::Settings(Box::new(self.required()?.clone())))
    }
}
