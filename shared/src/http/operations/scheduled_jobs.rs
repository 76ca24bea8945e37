//! Scheduled jobs (`service.md` §10, `device-management.md` §1, §4.6).
//!
//! Reads what a job asks for; when it runs and how it ends is the hub object's. Devices of a
//! job are read with the machinery of queries.

use super::queries::{MAX_PAGE, PAGE_SIZE};
use super::{Failure, maintenance, methods, settings, unexpected};
use crate::auth::Action;
use crate::error::{ErrorCode, HubError};
use crate::http::authorize::{Caller, forbidden};
use crate::http::backend::Backend;
use crate::http::continuation::Position;
use crate::http::cursor;
use crate::http::json::{self, Object};
use crate::http::message::{Request, Response};
use crate::http::parameters::page_size;
use crate::http::query_pages::{Asked, page, rows_of};
use crate::http::scope::{is_own, narrowed};
use crate::ids::DeviceId;
use crate::ipc::hub::{HubReply, HubRequest};
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::ipc::scheduled_job::{
    CancelJobDevice, JobChange, JobKind, JobOrder, ListScheduledJobs, Rollout,
};
use crate::json;
use crate::maintenance::Step;
use crate::query::{DocumentKey, Place, SortValue, parse, parse_condition, quoted};
use crate::time::{Timestamp, duration_seconds};
use crate::twin::TwinPatch;
use serde_json::Value;

/// Longest id (`service.md` §10.1).
const MAX_ID: usize = 64;
/// Longest condition: with what stands before it, it is a query of 8192 characters.
const MAX_CONDITION: usize = 8_150;
/// How far ahead a job may start.
const MAX_AHEAD_SECONDS: i64 = 168 * 3600;
const DEFAULT_LIFETIME: i64 = 3_600;
const MAX_LIFETIME: i64 = 2_592_000;
/// Most waves of a rollout.
const MAX_WAVES: usize = 20;

/// `PUT /jobs/v2/{id}`
pub async fn create<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
    id: String,
) -> Result<Response, Failure> {
    let mut order = order(&json::parse_object(&request.body)?, id, backend.now())?;
    order.overrides = maintenance::overriding(request, caller)?;
    if let Some(scope) = &caller.scope {
        check_whole(&order.condition)?;
        order.condition = narrowed(scope, &order.condition);
    }
    permit(backend, caller, &order).await?;
    one(backend, HubRequest::CreateScheduledJob(Box::new(order))).await
}

/// A condition that stands for itself can be put into parentheses.
fn check_whole(condition: &str) -> Result<(), HubError> {
    if condition != "*" {
        parse_condition(condition)?;
    }
    Ok(())
}

/// What puts devices out of service, or touches many of them, not everybody may do alone.
async fn permit<B: Backend>(
    backend: &B,
    caller: &Caller,
    order: &JobOrder,
) -> Result<(), HubError> {
    if caller.can(Action::RunDisruptiveJobs) {
        return Ok(());
    }
    let known = settings(backend).await?;
    let threshold = known.access.approval_threshold;
    let is_disruptive = Step::of_job(order, &known.disruptions).is_disruptive;
    if is_disruptive || count(backend, &order.condition).await? > threshold {
        caller.permit(Action::RunDisruptiveJobs)?;
    }
    Ok(())
}

async fn count<B: Backend>(backend: &B, condition: &str) -> Result<u64, HubError> {
    let text = if condition == "*" {
        "SELECT deviceId FROM devices".to_owned()
    } else {
        format!("SELECT deviceId FROM devices WHERE {condition}")
    };
    Ok(rows_of(backend, Asked::of_all(&text)).await?.0)
}

/// `POST /api/v1/jobs/{id}/resume`, `…/retry`: devices are touched again, which takes the same as
/// to make the job.
pub async fn again<B: Backend>(
    backend: &B,
    caller: &Caller,
    id: String,
    change: JobChange,
) -> Result<Response, Failure> {
    if !caller.can(Action::RunDisruptiveJobs) {
        let known = backend.hub(HubRequest::GetScheduledJob(id.clone())).await?;
        if let HubReply::ScheduledJobs(jobs, _) = known
            && let Some(Value::Object(job)) = jobs.first()
        {
            let order = order(job, id.clone(), backend.now())?;
            permit(backend, caller, &order).await?;
        }
    }
    self::change(backend, id, change).await
}

/// `GET /jobs/v2/{id}`: an unknown one is no error, so that clients look among the others.
pub async fn get<B: Backend>(backend: &B, id: String) -> Result<Response, Failure> {
    match one(backend, HubRequest::GetScheduledJob(id)).await {
        Err(failure) if failure.error.code == ErrorCode::JobNotFound => Ok(Response::json(
            200,
            &json!({ "type": "unknown", "status": "unknown" }),
        )),
        answer => answer,
    }
}

/// Pause, resume and retry, and what is left of a cancellation.
pub async fn change<B: Backend>(
    backend: &B,
    id: String,
    change: JobChange,
) -> Result<Response, Failure> {
    one(backend, HubRequest::ChangeScheduledJob(id, change)).await
}

/// `POST /jobs/v2/{id}/cancel`: with `?force=true` also a running one, which not every role
/// may do.
pub async fn cancel<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
    id: String,
) -> Result<Response, Failure> {
    let force = request
        .parameter("force")
        .is_some_and(|force| force.eq_ignore_ascii_case("true"));
    if force && !caller.can(Action::OverridePolicies) {
        return Err(forbidden("Your role does not allow to stop a running job.").into());
    }
    change(backend, id, JobChange::Cancel { force }).await
}

async fn one<B: Backend>(backend: &B, request: HubRequest) -> Result<Response, Failure> {
    match backend.hub(request).await? {
        HubReply::ScheduledJobs(jobs, _) => match jobs.first() {
            Some(job) => Ok(Response::json(200, job)),
            None => Err(unexpected("the hub")),
        },
        _ => Err(unexpected("the hub")),
    }
}

/// `GET /jobs/v2/query`
pub async fn list<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let parameter = |name: &str| request.filled_parameter(name).map(|text| text.into_owned());
    let named = parameter("pageSize");
    let size = request.header(PAGE_SIZE).or(named.as_deref());
    let size = page_size(size, PAGE_SIZE, MAX_PAGE)?;
    let token = request
        .header("x-ms-continuation")
        .map(str::to_owned)
        .or_else(|| parameter("continuationToken"));
    let before =
        match token.filter(|token| !token.is_empty()) {
            None => None,
            Some(token) => Some(cursor::decode_id(&token)?.parse().map_err(|_| {
                HubError::invalid("The continuation token is not one of this list.")
            })?),
        };
    // Clients may call a job that was not taken up yet either way.
    let status = parameter("jobStatus").map(|status| {
        if status.eq_ignore_ascii_case("enqueued") {
            "queued".to_owned()
        } else {
            status
        }
    });
    let wanted = ListScheduledJobs {
        kind: parameter("jobType"),
        status,
        before,
        limit: u32::try_from(size).unwrap_or(1),
    };
    let HubReply::ScheduledJobs(mut jobs, next) =
        backend.hub(HubRequest::ListScheduledJobs(wanted)).await?
    else {
        return Err(unexpected("the hub"));
    };
    if let Some(scope) = &caller.scope {
        jobs.retain(|job| is_own(scope, job));
    }
    let next = next.map(|next| cursor::encode_id(&next.to_string()));
    Ok(Response::json(200, &Value::Array(jobs))
        .with_header("x-ms-item-type", "JobResponse")
        .with_header_if("x-ms-continuation", &next))
}

/// `GET /api/v1/jobs/{id}/devices?status=&top=&cursor=`
pub async fn devices<B: Backend>(
    backend: &B,
    request: &Request,
    id: String,
) -> Result<Response, Failure> {
    check_id(&id)?;
    let found = backend.hub(HubRequest::GetScheduledJob(id.clone())).await;
    found?;
    let mut text = format!("SELECT * FROM devices.jobs WHERE jobId = {}", quoted(&id));
    if let Some(status) = request.filled_parameter("status") {
        if !status.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(HubError::invalid("status must be the name of a status.").into());
        }
        text.push_str(&format!(" AND status = '{status}'"));
    }
    let top = request.filled_parameter("top");
    let size = page_size(top.as_deref(), "top", MAX_PAGE)?;
    let after = match request.filled_parameter("cursor") {
        None => None,
        Some(cursor) => Some(Position::Place(Place {
            value: SortValue::Absent,
            key: DocumentKey {
                device: id,
                module: cursor::decode_id(&cursor)?,
            },
        })),
    };
    let query = parse(&text).map_err(HubError::from)?;
    let page = page(backend, Asked::of_all(&text), &query, after, size).await?;
    let next = match page.next {
        Some(Position::Place(place)) => Some(cursor::encode_id(&place.key.module)),
        _ => None,
    };
    Ok(Response::json(
        200,
        &json!({ "devices": page.items, "cursor": next }),
    ))
}

/// `POST /api/v1/jobs/{id}/devices/{deviceId}/cancel`
pub async fn cancel_device<B: Backend>(
    backend: &B,
    job: String,
    device: DeviceId,
) -> Result<Response, Failure> {
    let shard = backend.layout().shard_of(&device);
    let cancel = RegistryRequest::CancelJobDevice(CancelJobDevice { job, device });
    match backend.registry(shard, cancel).await? {
        RegistryReply::Done => Ok(Response::empty(204)),
        _ => Err(unexpected("the registry")),
    }
}

fn check_id(id: &str) -> Result<(), HubError> {
    let legal = id
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-'_.".contains(&byte));
    if id.is_empty() || id.len() > MAX_ID || !legal {
        return Err(HubError::invalid(format!(
            "A job id has 1 to {MAX_ID} letters, digits, '-', '_', '.' or an apostrophe."
        )));
    }
    Ok(())
}

fn order(body: &Object, id: String, now: Timestamp) -> Result<JobOrder, HubError> {
    check_id(&id)?;
    let kind = match json::text_member(body, "type")? {
        Some(text) if text.eq_ignore_ascii_case("scheduleUpdateTwin") => JobKind::UpdateTwin,
        Some(text) if text.eq_ignore_ascii_case("scheduleDeviceMethod") => JobKind::DeviceMethod,
        _ => {
            return Err(HubError::invalid(
                "type must be scheduleUpdateTwin or scheduleDeviceMethod.",
            ));
        }
    };
    let part = |name: &str| match json::member(body, name) {
        Some(Value::Object(part)) => Ok(part),
        _ => Err(HubError::invalid(format!(
            "A job of type {} needs the object {name}.",
            kind.name()
        ))),
    };
    let content = match kind {
        JobKind::UpdateTwin => {
            let update = part("updateTwin")?;
            if json::text_member(update, "etag")?.is_some_and(|etag| etag != "*") {
                return Err(HubError::invalid(
                    "Missing or invalid etag for job type ScheduleUpdateTwin. ScheduleUpdateTwin \
                     job type is a force update, which only accepts '*' as the Etag.",
                ));
            }
            let update = Value::Object(update.clone());
            TwinPatch::parse(&update)?;
            update
        }
        JobKind::DeviceMethod => methods::job_body(part("cloudToDeviceMethod")?)?,
    };
    let condition = json::text_member(body, "queryCondition")?
        .map(str::trim)
        .filter(|text| !text.is_empty())
        .ok_or_else(|| HubError::invalid("queryCondition is required; * means all devices."))?;
    if condition.chars().count() > MAX_CONDITION {
        return Err(HubError::new(
            ErrorCode::PreconditionFailed,
            format!("queryCondition has more than {MAX_CONDITION} characters."),
        ));
    }
    let start = match json::text_member(body, "startTime")?.filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => Some(Timestamp::parse(text).ok_or_else(|| {
            HubError::invalid("startTime must be a time such as 2026-03-01T01:00:00Z.")
        })?),
    };
    if start.is_some_and(|start| start > now.plus_seconds(MAX_AHEAD_SECONDS)) {
        return Err(HubError::invalid(
            "startTime may be at most 168 hours ahead.",
        ));
    }
    let lifetime = json::whole_member(body, "maxExecutionTimeInSeconds")?;
    let lifetime = lifetime
        .filter(|seconds| *seconds != 0)
        .unwrap_or(DEFAULT_LIFETIME);
    if !(1..=MAX_LIFETIME).contains(&lifetime) {
        return Err(HubError::invalid(format!(
            "maxExecutionTimeInSeconds must be within [1; {MAX_LIFETIME}]."
        )));
    }
    Ok(JobOrder {
        id,
        kind,
        body: content,
        condition: condition.to_owned(),
        start,
        lifetime,
        rollout: match json::member(body, "rollout") {
            None => None,
            Some(Value::Object(rollout)) => Some(read_rollout(rollout)?),
            Some(_) => return Err(HubError::invalid("rollout must be an object.")),
        },
        overrides: None,
        pattern: None,
    })
}

fn percent(value: Option<&Value>, what: &str) -> Result<f64, HubError> {
    value
        .and_then(Value::as_f64)
        .filter(|percent| *percent > 0.0 && *percent <= 100.0)
        .ok_or_else(|| HubError::invalid(format!("{what} must be above 0 and at most 100.")))
}

fn read_rollout(rollout: &Object) -> Result<Rollout, HubError> {
    let mut waves = Vec::new();
    if let Some(Value::Array(given)) = json::member(rollout, "waves") {
        for wave in given {
            let end = wave
                .as_object()
                .and_then(|wave| json::member(wave, "percent"));
            waves.push(percent(end, "percent of a wave")?);
        }
    }
    let rises = waves
        .iter()
        .zip(waves.iter().skip(1))
        .all(|(one, next)| one < next);
    if waves.is_empty() || waves.len() > MAX_WAVES || !rises || waves.last() != Some(&100.0) {
        return Err(HubError::invalid(format!(
            "rollout.waves has 1 to {MAX_WAVES} waves whose percent rises to 100."
        )));
    }
    let abort = match json::member(rollout, "abort") {
        None => None,
        Some(Value::Object(abort)) => {
            let least = json::whole_member(abort, "minDevices")?.unwrap_or(1);
            let failed = percent(json::member(abort, "failedPercent"), "abort.failedPercent")?;
            Some((failed, u64::try_from(least).unwrap_or(0)))
        }
        Some(_) => return Err(HubError::invalid("rollout.abort must be an object.")),
    };
    Ok(Rollout {
        waves,
        success_percent: match json::member(rollout, "waveSuccessPercent") {
            None => 100.0,
            given => percent(given, "waveSuccessPercent")?,
        },
        abort,
        pause: match json::text_member(rollout, "pauseBetweenWaves")? {
            None => Some(0),
            Some("manual") => None,
            Some(text) => Some(duration_seconds(text).ok_or_else(|| {
                HubError::invalid("pauseBetweenWaves must be manual or a duration such as PT30M.")
            })?),
        },
    })
}
