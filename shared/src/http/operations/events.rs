//! The built-in events endpoint (`query-routing-events.md` §5.1–5.2).

use super::event_query::{DEFAULT_GROUP, EventQuery, check_group_name};
use super::{Failure, unexpected};
use crate::auth::Action;
use crate::error::{ErrorCode, HubError};
use crate::http::authorize::{Caller, check_origin};
use crate::http::backend::Backend;
use crate::http::cursor::EventCursor;
use crate::http::event_follower::{EARLY_RETURN_PAUSE_MILLISECONDS, MERGED_WAIT_MILLISECONDS};
use crate::http::event_reader::{EventReader, MergedPage};
use crate::http::event_socket::EventSocket;
use crate::http::event_stream::EventStream;
use crate::http::json;
use crate::http::message::{Body, Request, Response, Stream};
use crate::ipc::events::{EventsReply, EventsRequest, PartitionInfo, ReaderPlace};
use crate::ipc::hub::{HubReply, HubRequest};
use crate::json;
use crate::time::Timestamp;
use crate::together::join_all;
use serde_json::Value;

const DEFAULT_MAX: u32 = 100;
const MAX_EVENTS: u32 = 1000;
const MAX_WAIT_SECONDS: u32 = 60;
/// A stream ends after this long at the latest; clients come back by themselves.
const MAX_STREAM_SECONDS: i64 = 3600;

/// `GET /api/v1/events/info`
pub async fn info<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let retention = super::settings(backend).await?.retention;
    let partitions = partition_infos(backend).await?;
    Ok(Response::json(
        200,
        &json!({
            "partitionCount": partitions.len(),
            "retentionTimeInDays": retention.days,
            "partitions": partitions,
        }),
    ))
}

/// The state of all partitions, in order.
pub async fn partition_infos<B: Backend>(backend: &B) -> Result<Vec<PartitionInfo>, Failure> {
    let mut infos = Vec::new();
    for reply in ask_all(backend, |_| EventsRequest::Info).await? {
        let EventsReply::Info(info) = reply else {
            return Err(unexpected("a partition"));
        };
        infos.push(info);
    }
    Ok(infos)
}

/// Asks all partitions at once; the first error counts.
pub async fn ask_all<B: Backend>(
    backend: &B,
    request: impl Fn(u16) -> EventsRequest,
) -> Result<Vec<EventsReply>, HubError> {
    let asks = (0..backend.layout().partitions)
        .map(|partition| backend.events(partition, request(partition)));
    join_all(asks).await.into_iter().collect()
}

/// `GET /api/v1/events`
pub async fn read<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let max = number(request, "max", 1, MAX_EVENTS)?.unwrap_or(DEFAULT_MAX);
    let wait = number(request, "wait", 0, MAX_WAIT_SECONDS)?.unwrap_or(0);
    let query = EventQuery::read(request, backend.layout(), "checkpoint")?;
    check_group_exists(backend, query.group.as_deref()).await?;
    let mut reader = query.reader;
    // A merged wait leaves waits behind in partitions that had nothing; only who follows one
    // partition can be counted by its waits.
    if let Some(group) = query.counts_in.filter(|_| !reader.is_merged()) {
        reader = reader.counted(ReaderPlace {
            group,
            stream: None,
        });
    }
    let until = backend.now().plus_seconds(i64::from(wait));
    let page = first_events(backend, &mut reader, max, until).await?;
    let events: Vec<Value> = page.events.into_iter().map(|placed| placed.event).collect();
    let answer = json!({ "events": events, "cursor": reader.cursor().encode(), "gap": page.gap });
    Ok(Response::json(200, &answer))
}

/// A page, waiting until `until` for its first event.
async fn first_events<B: Backend>(
    backend: &B,
    reader: &mut EventReader,
    max: u32,
    until: Timestamp,
) -> Result<MergedPage, HubError> {
    let mut page = reader.page(backend, max).await?;
    let gap = page.gap;
    while page.events.is_empty() {
        let now = backend.now();
        if now >= until {
            break;
        }
        let mut slice = until;
        if reader.is_merged() {
            slice = slice.min(now.plus_milliseconds(MERGED_WAIT_MILLISECONDS));
        }
        let before = reader.cursor();
        page = reader.wait(backend, max, slice).await?;
        let idle = page.events.is_empty() && reader.cursor() == before;
        if idle && backend.now() < slice {
            backend.sleep(EARLY_RETURN_PAUSE_MILLISECONDS).await;
        }
    }
    page.gap |= gap;
    Ok(page)
}

fn number(request: &Request, name: &str, least: u32, most: u32) -> Result<Option<u32>, HubError> {
    let Some(text) = request.filled_parameter(name) else {
        return Ok(None);
    };
    match text.parse() {
        Ok(value) if (least..=most).contains(&value) => Ok(Some(value)),
        _ => Err(HubError::invalid(format!(
            "{name} must be a number from {least} to {most}."
        ))),
    }
}

/// `GET /api/v1/events/stream`
pub async fn stream<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let query = match request.header("last-event-id").filter(|id| !id.is_empty()) {
        Some(id) => EventQuery::resume(request, backend.layout(), id)?,
        None => EventQuery::read(request, backend.layout(), "latest")?,
    };
    check_group_exists(backend, query.group.as_deref()).await?;
    let ends = end_of_stream(backend, caller);
    let mut reader = query.reader;
    if let Some(group) = query.counts_in {
        let stream = Some(stream_name(backend));
        reader = reader.counted(ReaderPlace { group, stream });
    }
    let stream = EventStream::open(reader, backend, ends).await?;
    let mut response =
        Response::empty(200).with_header("content-type", "text/event-stream; charset=utf-8");
    response.body = Body::EventStream(Stream::Events(stream));
    Ok(response)
}

fn end_of_stream<B: Backend>(backend: &B, caller: &Caller) -> Timestamp {
    let latest = backend.now().plus_seconds(MAX_STREAM_SECONDS);
    caller.until.min(latest)
}

fn stream_name<B: Backend>(backend: &B) -> String {
    let mut name = [0; 8];
    backend.random(&mut name);
    format!("{:016x}", u64::from_be_bytes(name))
}

/// `GET /api/v1/events/ws`: the upgrade. What is read is said by the client's first frame.
pub fn socket<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let upgrades = request
        .header("upgrade")
        .is_some_and(|upgrade| upgrade.eq_ignore_ascii_case("websocket"));
    if !upgrades {
        return Err(HubError::invalid("This path takes WebSocket upgrades only.").into());
    }
    if caller.session.is_some() {
        check_origin(request)?;
    }
    let mut response = Response::empty(101);
    response.body = Body::EventSocket(EventSocket {
        ends: end_of_stream(backend, caller),
        // As for the operation that does nothing else.
        may_checkpoint: caller.can(Action::WriteConfigurations),
        name: stream_name(backend),
    });
    Ok(response)
}

/// `POST /api/v1/events/checkpoint`
pub async fn checkpoint<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let body = json::parse_object(&request.body)?;
    let group = json::text_member(&body, "group")?.unwrap_or(DEFAULT_GROUP);
    let cursor = json::text_member(&body, "cursor")?
        .ok_or_else(|| HubError::invalid("cursor is required: take it from a page of events."))?;
    let force = json::flag_member(&body, "force")?.unwrap_or(false);
    let cursor = EventCursor::decode(cursor, backend.layout().partitions)?;
    check_group_name(group)?;
    check_group_exists(backend, Some(group)).await?;
    store_checkpoint(backend, group, &cursor, force).await?;
    Ok(Response::empty(204))
}

/// Remembers how far a group has read, partition by partition.
pub async fn store_checkpoint<B: Backend>(
    backend: &B,
    group: &str,
    cursor: &EventCursor,
    force: bool,
) -> Result<(), HubError> {
    let writes = cursor.0.iter().map(|(partition, sequence)| {
        let request = EventsRequest::Checkpoint {
            group: group.to_owned(),
            sequence_number: *sequence,
            force,
        };
        backend.events(*partition, request)
    });
    for written in join_all(writes).await {
        written?;
    }
    Ok(())
}

/// Groups live in the hub object, off the hot path: `$Default` is never asked for.
pub async fn check_group_exists<B: Backend>(
    backend: &B,
    group: Option<&str>,
) -> Result<(), HubError> {
    let Some(group) = group.filter(|group| *group != DEFAULT_GROUP) else {
        return Ok(());
    };
    let names = group_names(backend).await?;
    if names.iter().any(|name| name == group) {
        return Ok(());
    }
    Err(HubError::new(
        ErrorCode::GenericNotFound,
        format!(
            "There is no consumer group {group}; create it with PUT /api/v1/consumer-groups/{group}."
        ),
    ))
}

async fn group_names<B: Backend>(backend: &B) -> Result<Vec<String>, HubError> {
    match backend.hub(HubRequest::ListConsumerGroups).await? {
        HubReply::ConsumerGroups(names) => Ok(names),
        _ => Err(unexpected("the hub").error),
    }
}

/// `GET /api/v1/consumer-groups`
pub async fn list_groups<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let names = group_names(backend).await?;
    let groups: Vec<Value> = names.iter().map(|name| json!({ "name": name })).collect();
    Ok(Response::json(200, &Value::Array(groups)))
}

/// `PUT /api/v1/consumer-groups/{name}`: 201 for a new one, else 200
pub async fn put_group<B: Backend>(backend: &B, name: &str) -> Result<Response, Failure> {
    check_group_name(name)?;
    let answer = json!({ "name": name });
    if name == DEFAULT_GROUP {
        return Ok(Response::json(200, &answer));
    }
    match backend
        .hub(HubRequest::PutConsumerGroup(name.to_owned()))
        .await?
    {
        HubReply::Changed(is_new) => Ok(Response::json(if is_new { 201 } else { 200 }, &answer)),
        _ => Err(unexpected("the hub")),
    }
}

/// `DELETE /api/v1/consumer-groups/{name}`: with its checkpoints
pub async fn delete_group<B: Backend>(backend: &B, name: &str) -> Result<Response, Failure> {
    if name == DEFAULT_GROUP {
        return Err(HubError::invalid("The consumer group $Default cannot be deleted.").into());
    }
    check_group_name(name)?;
    match backend
        .hub(HubRequest::DeleteConsumerGroup(name.to_owned()))
        .await?
    {
        HubReply::Changed(_) => {}
        _ => return Err(unexpected("the hub")),
    }
    // Also when the hub knew no such group: a deletion that failed half way can be repeated.
    ask_all(backend, |_| EventsRequest::ForgetGroup(name.to_owned())).await?;
    Ok(Response::empty(204))
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
