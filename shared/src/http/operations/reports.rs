//! The whole fleet at a glance (`device-management.md` §10, R22). Every number is a query of
//! this moment, and none is kept.

use super::{Failure, configurations, patterns, statistics, unexpected};
use crate::http::backend::Backend;
use crate::http::message::Response;
use crate::http::{query_pages, roll_ups};
use crate::ipc::hub::{HubReply, HubRequest};
use crate::pattern::Pattern;
use serde_json::{Map, Value, json};

/// `GET /api/v1/reports/fleet`
pub async fn fleet<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let as_of = backend.now();
    let devices = statistics::total(backend).await?;
    let edge = query_pages::count(backend, "capabilities.iotEdge = true").await?;
    let HubReply::JobCounts(jobs) = backend.hub(HubRequest::CountScheduledJobs).await? else {
        return Err(unexpected("the hub"));
    };
    let jobs: Map<String, Value> = jobs
        .into_iter()
        .map(|(status, count)| (status, json!(count)))
        .collect();
    let known: Vec<Pattern> = patterns::read(backend, None)
        .await?
        .into_iter()
        .map(|kept| kept.pattern)
        .collect();
    let totals = roll_ups::of_all(backend, &known).await?;
    let patterns: Vec<Value> = known
        .iter()
        .zip(&totals)
        .map(|(pattern, totals)| {
            json!({
                "id": pattern.id,
                "disruptive": pattern.disruptive,
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
