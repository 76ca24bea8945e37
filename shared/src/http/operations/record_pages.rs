//! Pages of records that several objects keep, each in a chain of its own: newest first over
//! all of them.

use super::unexpected;
use crate::error::HubError;
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::http::parameters;
use crate::ipc::Layout;
use crate::ipc::audit::{AuditPage, ReadRecords};
use crate::ipc::events::{EventsReply, EventsRequest};
use crate::ipc::hub::{HubReply, HubRequest};
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::json;
use crate::ordered::OrderedMap;
use crate::sorting;
use crate::time::Timestamp;
use crate::together::join_all;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::Value;

/// Records of one page unless the request says otherwise.
const DEFAULT_TOP: u32 = 100;
/// Longest accepted cursor.
const MAX_CURSOR_LENGTH: usize = 2048;

/// How many records are wanted.
pub(super) fn top(request: &Request) -> Result<u32, HubError> {
    parameters::top(request, DEFAULT_TOP, crate::hub::audit::MAX_TOP)
}

/// A time as objects read it.
pub(super) fn milliseconds(request: &Request, name: &str) -> Result<Option<i64>, HubError> {
    Ok(parameters::time(request, name)?.map(Timestamp::milliseconds))
}

/// Reads of every object that keeps records, `before` or `after` the places of their chains.
pub(in crate::http) async fn read_all<B: Backend>(
    backend: &B,
    wanted: &ReadRecords,
    side: &str,
    places: &Places,
) -> Result<Vec<AuditPage>, HubError> {
    let of = |chain: &str| {
        let mut wanted = wanted.clone();
        // Behind nothing is at the beginning; before nothing is at the end.
        let beginning = (side == "after").then_some(0);
        let place = places.of_chain(chain).or(beginning);
        if let (Value::Object(wanted), Some(place)) = (&mut wanted, place) {
            wanted.insert(side.to_owned(), Value::from(place));
        }
        Box::new(wanted)
    };
    let shards = (0..backend.layout().shards).map(|shard| {
        let wanted = of(&format!("registry-{shard}"));
        backend.registry(shard, RegistryRequest::ReadRecords(wanted))
    });
    let shards = join_all(shards).await;
    let mut pages = Vec::new();
    match backend.hub(HubRequest::ReadRecords(of("hub"))).await? {
        HubReply::Audit(page) => pages.push(page),
        _ => return Err(unexpected("the hub").error),
    }
    for reply in shards {
        match reply? {
            RegistryReply::Audit(page) => pages.push(page),
            _ => return Err(unexpected("the registry").error),
        }
    }
    // Partitions keep no record of changes: nobody changes what is in them.
    let of_changes = wanted.get("of").and_then(Value::as_str) == Some("audit");
    let partitions = if of_changes {
        0
    } else {
        backend.layout().partitions
    };
    for partition in 0..partitions {
        let wanted = of(&format!("events-{partition}"));
        let asked = EventsRequest::ReadRecords(wanted);
        match backend.events(partition, asked).await? {
            EventsReply::Audit(page) => pages.push(page),
            _ => return Err(unexpected("a partition").error),
        }
    }
    Ok(pages)
}

/// How far each chain has been read.
#[derive(Debug, Default)]
pub(in crate::http) struct Places(OrderedMap<String, u64>);

impl Places {
    /// Where the request's `cursor` says, or at the newest records.
    pub(super) fn of(request: &Request) -> Result<Self, HubError> {
        match request.filled_parameter("cursor") {
            Some(text) => Self::at(&text),
            None => Ok(Self::default()),
        }
    }

    /// Where a cursor says.
    pub(in crate::http) fn at(cursor: &str) -> Result<Self, HubError> {
        decode(cursor).map(Self)
    }

    /// Before the first operations record of every object.
    pub(in crate::http) fn beginning(layout: Layout) -> Self {
        let mut places = Self::default();
        places.0.insert("hub".to_owned(), 0);
        for shard in 0..layout.shards {
            places.0.insert(format!("registry-{shard}"), 0);
        }
        for partition in 0..layout.partitions {
            places.0.insert(format!("events-{partition}"), 0);
        }
        places
    }

    /// A record has been read.
    pub(in crate::http) fn pass(&mut self, record: &Value) {
        let (_, chain, number) = order(record);
        self.0.insert(chain.to_owned(), number);
    }

    /// Where to go on, for a client.
    pub(in crate::http) fn cursor(&self) -> String {
        encode(&self.0)
    }

    /// The number of a chain's last record that was read.
    pub(in crate::http) fn of_chain(&self, chain: &str) -> Option<u64> {
        self.0.get(chain).copied()
    }

    /// The newest `top` records of all chains' pages, as `shown` writes them, and the cursor
    /// of what follows.
    pub(super) fn merge(
        mut self,
        pages: Vec<AuditPage>,
        top: u32,
        shown: fn(Value) -> Value,
    ) -> Response {
        let mut records: Vec<Value> = Vec::new();
        let mut more = false;
        for page in pages {
            more |= page.more;
            records.extend(page.records);
        }
        sorting::sort_by(&mut records, |one, other| order(other).cmp(&order(one)));
        let top = usize::try_from(top).unwrap_or(usize::MAX);
        more |= records.len() > top;
        records.truncate(top);
        for record in &records {
            self.pass(record);
        }
        let records: Vec<Value> = records.into_iter().map(shown).collect();
        let cursor = more.then(|| self.cursor());
        Response::json(200, &json!({ "records": records, "cursor": cursor }))
    }
}

/// By time; within one by chain and number, so that pages never depend on chance.
pub(in crate::http) fn order(record: &Value) -> (&str, &str, u64) {
    let text = |name: &str| record.get(name).and_then(Value::as_str).unwrap_or_default();
    let number = record.get("number").and_then(number).unwrap_or(0);
    (text("time"), text("chain"), number)
}

/// Storage hands numbers over as floats.
fn number(value: &Value) -> Option<u64> {
    value
        .as_u64()
        .or_else(|| value.as_f64().map(|float| float as u64))
}

/// Where the next page goes on in each chain.
fn encode(places: &OrderedMap<String, u64>) -> String {
    let parts: Vec<String> = places
        .iter()
        .map(|(chain, number)| format!("{chain}={number}"))
        .collect();
    URL_SAFE_NO_PAD.encode(parts.join(","))
}

fn decode(text: &str) -> Result<OrderedMap<String, u64>, HubError> {
    let read = || -> Option<OrderedMap<String, u64>> {
        if text.len() > MAX_CURSOR_LENGTH {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let mut places = OrderedMap::new();
        for part in text.split(',') {
            let (chain, number) = part.split_once('=')?;
            places.insert(chain.to_owned(), number.parse().ok()?);
        }
        Some(places)
    };
    read().ok_or_else(|| {
        HubError::invalid("The cursor is not one of this hub; take it from an earlier answer.")
    })
}
