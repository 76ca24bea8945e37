//! Events of scheduled jobs and of devices within them (`query-routing-events.md` §4.6).
//!
//! Only how they look; who tells them decides when.

use crate::ids::Identity;
use crate::ipc::events::HubEvent;
use crate::ipc::hub::Settings;
use crate::time::Timestamp;
use serde_json::Value;

/// Their source.
pub const SOURCE: &str = "deviceJobLifecycleEvents";

/// The hub's settings, if a route asks for such events.
pub fn routed(settings: Option<&Settings>) -> Option<&Settings> {
    settings.filter(|settings| settings.routes_source(SOURCE))
}

/// An event of a job, or of a device within it.
pub fn job_event(
    settings: &Settings,
    identity: Option<Identity>,
    job: &str,
    operation: &str,
    body: Value,
    now: Timestamp,
) -> HubEvent {
    HubEvent {
        identity,
        job: Some(job.to_owned()),
        source: SOURCE.to_owned(),
        schema: "deviceJobLifecycleNotification".to_owned(),
        operation: operation.to_owned(),
        time: now,
        hub_name: settings.hub_name().to_owned(),
        // As the record names what a job changes.
        request: Some(format!("job:{job}")),
        body,
        twin: None,
    }
}
