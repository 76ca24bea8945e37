//! Scheduled jobs (`service.md` §10, `device-management.md` §1, §4.6).

use super::ApiError;
use super::client::{Answer, hub, own};
use super::query;
use crate::logic::job_failures::{Cluster, JobRow, clusters, query_of_failures};
use crate::logic::job_filter::{JobFilter, RowFilter};
use crate::logic::job_state::{Counts, Rollout, is_under_way};
use crate::logic::json_document::{is, part, whole, words, words_if_any};
use crate::logic::url_state::{encode, write_query};
use gloo_net::http::Method;
use serde::Deserialize;
use serde_json::Value;

/// Jobs asked for per page.
const PAGE: usize = 25;
/// Devices of a job asked for per page.
const ROWS: usize = 50;
/// Failures looked at for their causes, at most.
const MOST_FAILURES: usize = 500;

/// One job.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(from = "Value")]
pub struct Job {
    /// Its id; empty if the hub knows no such job.
    pub job_id: String,
    /// `scheduleUpdateTwin` or `scheduleDeviceMethod`.
    pub kind: String,
    /// One of `job_filter::STATES`.
    pub status: String,
    /// Which devices.
    pub query_condition: String,
    /// When it was asked for.
    pub created_time: Option<String>,
    /// When it begins.
    pub start_time: Option<String>,
    /// When it was over.
    pub end_time: Option<String>,
    /// How long it may take.
    pub max_execution_time_in_seconds: u64,
    /// The method that it calls.
    pub cloud_to_device_method: Value,
    /// The change that it writes.
    pub update_twin: Value,
    /// Why it ended early.
    pub failure_reason: Option<String>,
    /// Whether it rests.
    pub paused: bool,
    /// How often it was retried.
    pub round: u64,
    /// How its devices stand.
    pub device_job_statistics: Counts,
    /// How far its rollout is.
    pub rollout: Option<Rollout>,
}

impl Default for Job {
    fn default() -> Self {
        Self::from(Value::Null)
    }
}

/// By hand: what is derived for a struct of this size is as large as a screen.
impl From<Value> for Job {
    fn from(job: Value) -> Self {
        let counts = job.get("deviceJobStatistics");
        let rollout = job.get("rollout").filter(|rollout| rollout.is_object());
        Self {
            job_id: words(&job, "jobId"),
            kind: words(&job, "type"),
            status: words_if_any(&job, "status").unwrap_or_else(|| "unknown".to_owned()),
            query_condition: words(&job, "queryCondition"),
            created_time: words_if_any(&job, "createdTime"),
            start_time: words_if_any(&job, "startTime"),
            end_time: words_if_any(&job, "endTime"),
            max_execution_time_in_seconds: whole(&job, "maxExecutionTimeInSeconds").unwrap_or(0),
            failure_reason: words_if_any(&job, "failureReason"),
            paused: is(&job, "paused"),
            round: whole(&job, "round").unwrap_or(0),
            device_job_statistics: counts.map(Counts::of_document).unwrap_or_default(),
            rollout: rollout.map(Rollout::of_document),
            cloud_to_device_method: part(&job, "cloudToDeviceMethod"),
            update_twin: part(&job, "updateTwin"),
        }
    }
}

impl Job {
    /// Whether it changes twins.
    pub fn writes_twins(&self) -> bool {
        self.kind == "scheduleUpdateTwin"
    }

    /// Whether it goes on.
    pub fn is_under_way(&self) -> bool {
        is_under_way(&self.status)
    }

    /// The name of the method that it calls.
    pub fn method(&self) -> &str {
        self.cloud_to_device_method
            .get("methodName")
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

/// One page of jobs, the newest first.
#[derive(Debug, Clone, PartialEq)]
pub struct JobPage {
    /// Its jobs.
    pub jobs: Vec<Job>,
    /// Where older ones begin; `None` at the end.
    pub cursor: Option<String>,
}

/// One page of a job's devices.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct RowPage {
    /// Its devices.
    pub devices: Vec<JobRow>,
    /// Where the next page begins; `None` at the end.
    #[serde(default)]
    pub cursor: Option<String>,
}

/// Why devices failed.
#[derive(Debug, Clone, PartialEq)]
pub struct Failures {
    /// By cause, the most frequent first.
    pub clusters: Vec<Cluster>,
    /// How many were looked at.
    pub seen: u64,
    /// Whether that is all of them.
    pub is_all: bool,
}

/// One page of the list.
pub async fn list(filter: JobFilter) -> Result<JobPage, ApiError> {
    let query = write_query([
        ("jobType", filter.kind),
        ("jobStatus", filter.status),
        ("pageSize", PAGE.to_string()),
        (
            "continuationToken",
            filter.cursors.last().cloned().unwrap_or_default(),
        ),
    ]);
    let answer = hub(Method::GET, &format!("/jobs/v2/query{query}"))
        .read()
        .await?;
    Ok(JobPage {
        jobs: answer.value,
        cursor: answer.continuation,
    })
}

/// One job; a job without an id if there is none.
pub async fn get(id: &str) -> Result<Job, ApiError> {
    let answer = hub(Method::GET, &path(id)).read().await?;
    Ok(answer.value)
}

/// Schedules a job. With a reason maintenance policies are not asked.
pub async fn schedule(id: &str, order: &Value, why: &str) -> Result<Job, ApiError> {
    let mut call = hub(Method::PUT, &path(id)).json(order);
    if !why.is_empty() {
        // Headers hold no Korean; so it travels as RFC 8187 has it.
        call = call.header("X-Hub-Override", &format!("utf-8''{}", encode(why)));
    }
    Ok(call.read().await?.value)
}

/// Ends a job; one that runs only with `force`.
pub async fn stop(id: &str, force: bool) -> Result<(), ApiError> {
    let force = if force { "?force=true" } else { "" };
    hub(Method::POST, &format!("{}/cancel{force}", path(id)))
        .done()
        .await
}

/// `pause`, `resume` or `retry`.
pub async fn change(id: &str, what: &str) -> Result<(), ApiError> {
    own(Method::POST, &format!("/jobs/{}/{what}", encode(id)))
        .done()
        .await
}

/// One page of a job's devices.
pub async fn rows(id: &str, filter: RowFilter) -> Result<RowPage, ApiError> {
    let query = write_query([
        ("status", filter.status),
        ("top", ROWS.to_string()),
        ("cursor", filter.cursors.last().cloned().unwrap_or_default()),
    ]);
    let answer = own(Method::GET, &format!("/jobs/{}/devices{query}", encode(id)))
        .read()
        .await?;
    Ok(answer.value)
}

/// Takes one device out of a job.
pub async fn leave_out(id: &str, device: &str) -> Result<(), ApiError> {
    let (id, device) = (encode(id), encode(device));
    own(Method::POST, &format!("/jobs/{id}/devices/{device}/cancel"))
        .done()
        .await
}

/// Why devices of a job failed: the first of them are read and grouped here, because a query
/// cannot group the devices of a job.
pub async fn failures(id: &str) -> Result<Failures, ApiError> {
    let text = query_of_failures(id);
    let mut rows: Vec<JobRow> = Vec::new();
    let mut from: Option<String> = None;
    loop {
        let page: Answer<Vec<JobRow>> = query::page(&text, query::MOST, from.as_deref()).await?;
        rows.extend(page.value);
        from = page.continuation;
        if from.is_none() || rows.len() >= MOST_FAILURES {
            break;
        }
    }
    Ok(Failures {
        clusters: clusters(&rows),
        seen: rows.len() as u64,
        is_all: from.is_none(),
    })
}

fn path(id: &str) -> String {
    format!("/jobs/v2/{}", encode(id))
}
