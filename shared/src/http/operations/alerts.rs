//! Alerts: what needs a person, and what they did about it (`device-management.md` §5).

use super::{Failure, unexpected};
use crate::alert::{STATES, Severity};
use crate::error::HubError;
use crate::http::alert_stream::AlertStream;
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::cursor;
use crate::http::json;
use crate::http::message::{Body, Request, Response, Stream};
use crate::ipc::alert::{AlertChange, ListAlerts, RaiseAlert};
use crate::ipc::hub::{HubReply, HubRequest};
use crate::json;
use crate::time::Timestamp;

/// Alerts of a page.
const PAGE_SIZE: u32 = 100;
/// A stream ends after this long at the latest; clients come back by themselves.
const MAX_STREAM_SECONDS: i64 = 3600;
/// How long somebody may put an alert off.
const LONGEST_PAUSE_SECONDS: i64 = 30 * 24 * 3600;

/// `GET /api/v1/alerts?state=&severity=&rule=&subject=&attention=&cursor=`: newest first
pub async fn list<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let one_of = |name: &str, known: &[&str]| -> Result<Option<String>, HubError> {
        match request.filled_parameter(name) {
            Some(text) if !known.contains(&&*text) => Err(HubError::invalid(format!(
                "{name} {text:?} is none of {}.",
                known.join(", ")
            ))),
            text => Ok(text.map(std::borrow::Cow::into_owned)),
        }
    };
    let before = match request.filled_parameter("cursor") {
        None => None,
        Some(text) => Some(
            cursor::decode_id(&text)?
                .parse()
                .map_err(|_| HubError::invalid("cursor is not one of this list."))?,
        ),
    };
    let attention = one_of("attention", &["true", "false"])?;
    let wanted = ListAlerts {
        id: None,
        state: one_of("state", &STATES)?,
        severity: one_of("severity", &Severity::ALL.map(Severity::name))?,
        // Which there are the hub object knows.
        rule: request
            .filled_parameter("rule")
            .map(std::borrow::Cow::into_owned),
        subject: request
            .filled_parameter("subject")
            .map(std::borrow::Cow::into_owned),
        attention: attention.map(|text| text == "true"),
        before,
        since: None,
        limit: PAGE_SIZE,
    };
    match backend
        .hub(HubRequest::ListAlerts(Box::new(wanted)))
        .await?
    {
        HubReply::Alerts(items, next) => {
            let next = next.map(|next| cursor::encode_id(&next.to_string()));
            Ok(Response::json(
                200,
                &json!({ "items": items, "cursor": next }),
            ))
        }
        _ => Err(unexpected("the hub")),
    }
}

/// `GET /api/v1/alerts/stream`; `Last-Event-ID` goes on
pub async fn stream<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let since = match request.header("last-event-id") {
        None | Some("") => 0,
        Some(id) => id
            .parse()
            .map_err(|_| HubError::invalid("Last-Event-ID is not one of this stream."))?,
    };
    let now = backend.now();
    let ends = caller.until.min(now.plus_seconds(MAX_STREAM_SECONDS));
    let mut response =
        Response::empty(200).with_header("content-type", "text/event-stream; charset=utf-8");
    let stream = Box::new(AlertStream::new(since, now, ends));
    response.body = Body::EventStream(Stream::Alerts(stream));
    Ok(response)
}

/// `POST /api/v1/alerts/{id}/ack|snooze|resolve`; `until` says for how long
pub async fn change<B: Backend>(
    backend: &B,
    request: &Request,
    id: &str,
    verb: &str,
) -> Result<Response, Failure> {
    let number = id.strip_prefix("a-").and_then(|number| number.parse().ok());
    let number = number.ok_or_else(|| HubError::invalid("The id of an alert looks like a-311."))?;
    let until = until(request, backend.now())?;
    let change = match (verb, until) {
        ("ack", until) => AlertChange::Acknowledge(until),
        ("snooze", Some(until)) => AlertChange::Snooze(until),
        ("snooze", None) => {
            return Err(HubError::invalid("until must say when the alert counts again.").into());
        }
        _ => AlertChange::Resolve,
    };
    match backend.hub(HubRequest::ChangeAlert(number, change)).await? {
        HubReply::Alerts(alerts, _) => Ok(Response::json(200, &json!(alerts.first()))),
        _ => Err(unexpected("the hub")),
    }
}

fn until(request: &Request, now: Timestamp) -> Result<Option<Timestamp>, HubError> {
    if request.body.is_empty() {
        return Ok(None);
    }
    let body = json::parse_object(&request.body)?;
    let Some(text) = json::text_member(&body, "until")? else {
        return Ok(None);
    };
    let latest = now.plus_seconds(LONGEST_PAUSE_SECONDS);
    match Timestamp::parse(text) {
        Some(until) if until > now && until <= latest => Ok(Some(until)),
        _ => Err(HubError::invalid(
            "until must be a time like 2027-03-01T08:00:00Z within the next 30 days.",
        )),
    }
}

/// Raises an alert. Whoever led to it is answered all the same.
pub(super) async fn raise<B: Backend>(backend: &B, alert: RaiseAlert) {
    if let Err(error) = backend.hub(HubRequest::RaiseAlert(Box::new(alert))).await {
        backend.report(&format!("an alert could not be raised: {error}"));
    }
}
