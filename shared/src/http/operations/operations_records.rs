//! Operations records: what went wrong, with devices above all (`device-management.md` §9.1).

use super::Failure;
use super::record_pages::{Places, milliseconds, read_all, top};
use crate::error::HubError;
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::message::{Body, Request, Response, Stream};
use crate::http::operations_stream::OperationsStream;
use crate::ipc::audit::ReadRecords;
use crate::json;
use crate::writing::JsonText;
use serde_json::{Map, Value};

/// A stream ends after this long at the latest; clients come back by themselves.
const MAX_STREAM_SECONDS: i64 = 3600;

/// How a record is written.
pub(in crate::http) type Shown = fn(Value) -> Value;

/// What is asked for, and how it is to be written.
fn asked(request: &Request) -> Result<(ReadRecords, Shown), HubError> {
    let text = |name: &str| request.filled_parameter(name).map(|text| text.into_owned());
    let shown: Shown = match text("format").as_deref() {
        None | Some("hub") => |record| record,
        Some("resourceLog") => resource_log,
        Some("legacy") => legacy,
        Some(_) => {
            return Err(HubError::invalid(
                "format must be hub, resourceLog or legacy.",
            ));
        }
    };
    let wanted = json!({
        "of": "operation",
        "top": top(request)?,
        "deviceId": text("deviceId"),
        "category": text("category"),
        "level": text("level"),
        "since": milliseconds(request, "from")?,
        "until": milliseconds(request, "to")?,
    });
    Ok((wanted, shown))
}

/// `GET /api/v1/operations`: newest first.
///
/// Filters `category`, `level`, `deviceId`, `from` and `to` (times); `format` is `hub`,
/// `resourceLog` or `legacy`; pages by `top` and `cursor`.
pub async fn read<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let (wanted, shown) = asked(request)?;
    let places = Places::of(request)?;
    let pages = read_all(backend, &wanted, "before", &places).await?;
    Ok(places.merge(pages, top(request)?, shown))
}

/// `GET /api/v1/operations/stream`: as they are written, with the same filters.
pub async fn stream<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let (wanted, shown) = asked(request)?;
    let places = match request.header("last-event-id") {
        Some(cursor) if !cursor.is_empty() => Some(Places::at(cursor)?),
        _ => None,
    };
    let now = backend.now();
    let ends = caller.until.min(now.plus_seconds(MAX_STREAM_SECONDS));
    let stream = OperationsStream::new(wanted, shown, places, now, ends);
    let mut response =
        Response::empty(200).with_header("content-type", "text/event-stream; charset=utf-8");
    response.body = Body::EventStream(Stream::Operations(Box::new(stream)));
    Ok(response)
}

/// What every record has.
const COMMON: [&str; 8] = [
    "time",
    "category",
    "operationName",
    "level",
    "resultType",
    "resultDescription",
    "chain",
    "number",
];

/// As in Azure's resource logs: what is special in a record is a text.
fn resource_log(mut record: Value) -> Value {
    if let Value::Object(members) = &mut record {
        let (common, special): (Map<_, _>, Map<_, _>) = std::mem::take(members)
            .into_iter()
            .partition(|(name, _)| COMMON.contains(&name.as_str()));
        *members = common;
        let special = Value::Object(special).json_text();
        members.insert("properties".into(), json!(special));
    }
    record
}

/// As at the endpoint `messages/operationsMonitoringEvents`.
fn legacy(mut record: Value) -> Value {
    if let Value::Object(members) = &mut record {
        for (ours, theirs) in [
            ("resultType", "statusCode"),
            ("resultDescription", "statusDescription"),
        ] {
            let value = members.shift_remove(ours).unwrap_or_default();
            members.insert(theirs.to_owned(), value);
        }
    }
    record
}
