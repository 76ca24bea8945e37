//! What the console asks beyond the public API: counts, the paged list, a device's
//! connection and queue. Keys never appear here.

use super::devices::id_of;
use super::events::partition_infos;
use super::{Failure, ask_all_shards, ask_shard, settings, statistics, unexpected};
use crate::error::HubError;
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::continuation::Position::Place;
use crate::http::cursor::{decode_id, encode_id};
use crate::http::message::{Request, Response};
use crate::http::parameters;
use crate::http::query_pages::{self, Asked};
use crate::ids::{DeviceId, Identity};
use crate::ipc::events::{EventsReply, EventsRequest, PartitionInfo, Position, ReadEvents};
use crate::ipc::registry::{BrowseDevices, RegistryReply, RegistryRequest};
use crate::json;
use crate::query::{DocumentKey, SortValue, parse, quoted};
use crate::sorting;
use crate::time::Timestamp;
use crate::together::join_all;
use serde::Serialize;
use serde_json::Value;

const VERSION: &str = env!("CARGO_PKG_VERSION");
const DEFAULT_PAGE: u32 = 50;
const MAX_PAGE: u32 = 200;
/// Longest text to search for: ids are not longer.
const MAX_SEARCH: usize = 128;
/// The span over which the event rate is averaged.
const RATE_SECONDS: i64 = 10;

/// `GET /api/v1/health`
pub fn health() -> Response {
    Response::json(200, &json!({ "status": "ok", "version": VERSION }))
}

/// `GET /api/v1/overview`
pub async fn overview<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let settings = settings(backend).await?;
    let layout = backend.layout();
    let now = backend.now();
    let devices = statistics::total(backend).await?;
    let partitions = partition_infos(backend).await?;
    let total: u64 = partitions
        .iter()
        .map(|info| info.last_sequence_number)
        .sum();
    let recent = events_since(backend, &partitions, now.plus_seconds(-RATE_SECONDS)).await?;
    Ok(Response::json(
        200,
        &json!({
            "devices": {
                "total": devices.total,
                "enabled": devices.enabled,
                "disabled": devices.disabled,
                "connected": devices.connected,
                "neverConnected": devices.never_connected,
            },
            "events": { "total": total, "perSecond": recent as f64 / RATE_SECONDS as f64 },
            "hub": {
                "hostName": settings.host_name(),
                "version": VERSION,
                "shards": layout.shards,
                "gateways": layout.gateways,
                "partitions": layout.partitions,
            },
            "time": now.to_string(),
        }),
    ))
}

/// How many events were stored since a moment and are kept: numbers are dense, so the first
/// event behind it tells.
pub(super) async fn events_since<B: Backend>(
    backend: &B,
    partitions: &[PartitionInfo],
    since: Timestamp,
) -> Result<u64, Failure> {
    let busy = partitions
        .iter()
        .filter(|info| info.last_enqueued_time.is_some_and(|last| last >= since));
    let asks = busy.map(|info| async move {
        let read = ReadEvents {
            position: Position::Time(since),
            max: 1,
            device: None,
            sources: Vec::new(),
            filter: None,
            wait_until: None,
            place: None,
        };
        (
            info,
            backend.events(info.id, EventsRequest::Read(read)).await,
        )
    });
    let mut count = 0;
    for (info, reply) in join_all(asks).await {
        let EventsReply::Page(page) = reply? else {
            return Err(unexpected("a partition"));
        };
        let first = page
            .events
            .first()
            .and_then(|event| event.get("sequenceNumber"))
            .and_then(Value::as_u64);
        if let Some(first) = first {
            count += (info.last_sequence_number + 1).saturating_sub(first);
        }
    }
    Ok(count)
}

/// `GET /api/v1/hub`
pub async fn hub<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let settings = settings(backend).await?;
    let layout = backend.layout();
    Ok(Response::json(
        200,
        &json!({
            "hostName": settings.host_name(),
            "hostNames": settings.host_names,
            "version": VERSION,
            "shards": layout.shards,
            "gateways": layout.gateways,
            "partitions": layout.partitions,
        }),
    ))
}

/// `GET /api/v1/devices`: a page in order of id over all shards. `before` says how many of all
/// that match do not come after the cursor: with it whoever wants a row far down finds the way by
/// trying ids, which can be added up over shards, where an offset cannot. `count=false` leaves the
/// counts out, which cost more than the rows.
pub async fn devices<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let browse = read_browse(request)?;
    if caller.scope.is_some() {
        return some_devices(backend, &browse, caller).await;
    }
    let top = usize::try_from(browse.top).unwrap_or(usize::MAX);
    let counted = !browse.uncounted;
    let (mut items, mut more, mut total, mut before) = (Vec::new(), false, 0u64, 0u64);
    for reply in ask_all_shards(backend, &RegistryRequest::BrowseDevices(browse)).await? {
        let RegistryReply::DevicePage(page) = reply else {
            return Err(unexpected("the registry"));
        };
        items.extend(page.items);
        more |= page.more;
        total += page.total;
        before += page.before;
    }
    sorting::sort_by(&mut items, |one, other| id_of(one).cmp(id_of(other)));
    more |= items.len() > top;
    items.truncate(top);
    let cursor = if more {
        items.last().map(|last| encode_id(id_of(last)))
    } else {
        None
    };
    Ok(listed(&items, cursor, counted.then_some((total, before))))
}

/// A page, with how many there are and how many of them come before it, if that was counted.
fn listed(items: &impl Serialize, cursor: Option<String>, counts: Option<(u64, u64)>) -> Response {
    let mut answer = json!({ "items": items, "cursor": cursor });
    if let (Value::Object(members), Some((total, before))) = (&mut answer, counts) {
        members.insert("total".to_owned(), total.into());
        members.insert("before".to_owned(), before.into());
    }
    Response::json(200, &answer)
}

/// The same for who sees only some of the devices, which a query knows how to tell. A search
/// minds the case.
async fn some_devices<B: Backend>(
    backend: &B,
    wanted: &BrowseDevices,
    caller: &Caller,
) -> Result<Response, Failure> {
    let mut conditions = vec!["IS_DEFINED(deviceId)".to_owned()];
    if let Some(search) = wanted.search.as_deref().filter(|search| !search.is_empty()) {
        conditions.push(format!("CONTAINS(deviceId, {})", quoted(search)));
    }
    if let Some(status) = &wanted.status {
        conditions.push(format!("status = '{status}'"));
    }
    if let Some(connected) = wanted.connected {
        let state = if connected {
            "Connected"
        } else {
            "Disconnected"
        };
        conditions.push(format!("connectionState = '{state}'"));
    }
    let text = format!("SELECT * FROM devices WHERE {}", conditions.join(" AND "));
    let asked = Asked {
        text: &text,
        scope: caller.scope.as_deref(),
    };
    let query = parse(&text).map_err(HubError::from)?;
    let mut counts = None;
    if !wanted.uncounted {
        let total = query_pages::rows_of(backend, asked).await?.0;
        let before = match &wanted.after {
            None => 0,
            Some(after) => {
                let text = &format!("{text} AND deviceId <= {}", quoted(after));
                let passed = Asked { text, ..asked };
                query_pages::rows_of(backend, passed).await?.0
            }
        };
        counts = Some((total, before));
    }
    let after = wanted.after.as_ref().map(|after| {
        Place(crate::query::Place {
            value: SortValue::Absent,
            key: DocumentKey {
                device: after.clone(),
                module: String::new(),
            },
        })
    });
    let top = usize::try_from(wanted.top).unwrap_or(usize::MAX);
    let page = query_pages::page(backend, asked, &query, after, top).await?;
    let cursor = match page.next {
        Some(Place(place)) => Some(encode_id(&place.key.device)),
        _ => None,
    };
    Ok(listed(&page.items, cursor, counts))
}

fn read_browse(request: &Request) -> Result<BrowseDevices, HubError> {
    let search = request
        .filled_parameter("search")
        .map(std::borrow::Cow::into_owned);
    if search.as_ref().is_some_and(|text| text.len() > MAX_SEARCH) {
        return Err(HubError::invalid(format!(
            "search has at most {MAX_SEARCH} characters."
        )));
    }
    let status = match request.filled_parameter("status").as_deref() {
        None => None,
        Some(status @ ("enabled" | "disabled")) => Some(status.to_owned()),
        Some(_) => return Err(HubError::invalid("status must be enabled or disabled.")),
    };
    let connected = match request.filled_parameter("connectionState").as_deref() {
        None => None,
        Some(state) if state.eq_ignore_ascii_case("connected") => Some(true),
        Some(state) if state.eq_ignore_ascii_case("disconnected") => Some(false),
        Some(_) => {
            return Err(HubError::invalid(
                "connectionState must be connected or disconnected.",
            ));
        }
    };
    let top = parameters::top(request, DEFAULT_PAGE, MAX_PAGE)?;
    let uncounted = request.filled_parameter("count").as_deref() == Some("false");
    let after = request
        .filled_parameter("cursor")
        .map(|cursor| decode_id(&cursor))
        .transpose()?;
    Ok(BrowseDevices {
        search,
        status,
        connected,
        after,
        top,
        uncounted,
    })
}

/// `GET /api/v1/devices/{id}/connection`, and the same of a module
pub async fn connection<B: Backend>(backend: &B, identity: Identity) -> Result<Response, Failure> {
    let device = identity.device.clone();
    match ask_shard(backend, &device, RegistryRequest::GetConnection(identity)).await? {
        RegistryReply::Connection(facts) => Ok(Response::json(200, &facts)),
        _ => Err(unexpected("the registry")),
    }
}

/// `GET /api/v1/devices/{id}/c2d`
pub async fn pending_messages<B: Backend>(
    backend: &B,
    device: DeviceId,
) -> Result<Response, Failure> {
    match ask_shard(
        backend,
        &device,
        RegistryRequest::ListMessages(device.clone()),
    )
    .await?
    {
        RegistryReply::MessageList(items) => Ok(Response::json(200, &json!({ "items": items }))),
        _ => Err(unexpected("the registry")),
    }
}

#[cfg(test)]
#[path = "console_tests.rs"]
mod tests;
