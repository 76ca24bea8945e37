//! Routes of the hub's own events to the built-in endpoint (`query-routing-events.md` §3.1).

use super::{Hub, check_name};
use crate::error::{ErrorCode, HubError};
use crate::ipc::hub::{HubReply, HubResult, Route};
use crate::sql::Sql;

/// Routes of a hub.
const MAX_ROUTES: usize = 100;
/// Event sources that can be routed so far.
const SOURCES: [&str; 4] = [
    "TwinChangeEvents",
    "DeviceLifecycleEvents",
    "DeviceConnectionStateEvents",
    "DeviceJobLifecycleEvents",
];

impl Hub {
    pub(super) fn put_route(&mut self, route: Route, sql: &dyn Sql) -> HubResult {
        let source = SOURCES
            .iter()
            .find(|source| source.eq_ignore_ascii_case(&route.source));
        let Some(source) = source else {
            return Err(HubError::invalid(format!(
                "source {:?} is not one of {}.",
                route.source,
                SOURCES.join(", ")
            )));
        };
        if route.condition.trim() != "true" {
            return Err(HubError::invalid(
                "The condition of a route can only be \"true\" so far.",
            ));
        }
        check_name("A route's name", &route.name, 64)?;
        let known = &self.required()?.routes;
        let is_new = !known.iter().any(|other| other.name == route.name);
        if is_new && known.len() >= MAX_ROUTES {
            return Err(HubError::new(
                ErrorCode::IotHubQuotaExceeded,
                format!("A hub has at most {MAX_ROUTES} routes; delete one first."),
            ));
        }
        let route = Route {
            source: (*source).to_owned(),
            condition: "true".to_owned(),
            ..route
        };
        self.change(sql, |settings| {
            settings.routes.retain(|other| other.name != route.name);
            settings.routes.push(route);
        })?;
        Ok(HubReply::Changed(is_new))
    }

    pub(super) fn delete_route(&mut self, name: &str, sql: &dyn Sql) -> HubResult {
        let existed = self
            .required()?
            .routes
            .iter()
            .any(|route| route.name == name);
        if existed {
            self.change(sql, |settings| {
                settings.routes.retain(|route| route.name != name)
            })?;
        }
        Ok(HubReply::Changed(existed))
    }
}
