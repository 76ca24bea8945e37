//! The whole fleet at a glance (`device-management.md` §10, R22). Every number is a query of
//! this moment, and none is kept.

use super::{Failure, configurations, patterns, statistics, unexpected};
use crate::http::backend::Backend;
use crate::http::message::Response;
use crate::http::{query_pages, roll_ups};
use crate::ipc::hub::{HubReply, HubRequest};
use crate::json;
use serde_json::Value;

/// `GET /api/v1/reports/fleet`; `inner` is the backend of streams, so that adding up is
/// compiled once.
pub async fn fleet<B: Backend, I: Backend>(backend: &B, inner: &I) -> Result<Response, Failure> {
    let as_of = backend.now();
    let devices = statistics::total(backend).await?;
    let edge = query_pages::count(backend, "capabilities.iotEdge = true", None).await?;
    let HubReply::JobCounts(jobs) = backend.hub(HubRequest::CountScheduledJobs).await? else {
        return Err(unexpected("the hub"));
    };
    let known = patterns::read(backend, None).await?;
    let totals = roll_ups::of_all(inner, &known).await?;
    let patterns: Vec<Value> = known
        .iter()
        .zip(&totals)
        .map(|(pattern, totals)| {
            json!({
                "id": pattern.get("id"),
                "disruptive": pattern.get("disruptive"),
                "total": totals.counts.total(),
                "phases": totals.counts.document(),
            })
        })
        .collect();
    Ok(Response::json(
        200,
        &json!({
            "devices": {
                "total": devices.total,
                "connected": devices.connected,
                "disabled": devices.disabled,
                "edge": edge.matched,
            },
            "jobs": jobs,
            "configurations": configurations::targets(backend).await?,
            "patterns": patterns,
            "asOf": as_of,
        }),
    ))
}
