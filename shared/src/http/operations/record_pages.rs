//! Pages of records that several objects keep, each in a chain of its own: newest first over
//! all of them.

use crate::error::HubError;
use crate::http::message::{Request, Response};
use crate::http::parameters;
use crate::ipc::audit::AuditPage;
use crate::ordered::OrderedMap;
use crate::sorting;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

/// Records of one page unless the request says otherwise.
const DEFAULT_TOP: u32 = 100;
/// Longest accepted cursor.
const MAX_CURSOR_LENGTH: usize = 2048;

/// How many records are wanted.
pub(super) fn top(request: &Request) -> Result<u32, HubError> {
    parameters::top(request, DEFAULT_TOP, crate::hub::audit::MAX_TOP)
}

/// How far each chain has been read.
pub(super) struct Places(OrderedMap<String, u64>);

impl Places {
    /// Where the request's `cursor` says, or at the newest records.
    pub(super) fn of(request: &Request) -> Result<Self, HubError> {
        match request.filled_parameter("cursor") {
            Some(text) => decode(&text).map(Self),
            None => Ok(Self(OrderedMap::new())),
        }
    }

    /// The number of a chain's last record that was read.
    pub(super) fn before(&self, chain: &str) -> Option<u64> {
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
            let (_, chain, number) = order(record);
            self.0.insert(chain.to_owned(), number);
        }
        let records: Vec<Value> = records.into_iter().map(shown).collect();
        let cursor = more.then(|| encode(&self.0));
        Response::json(200, &json!({ "records": records, "cursor": cursor }))
    }
}

/// By time; within one by chain and number, so that pages never depend on chance.
fn order(record: &Value) -> (&str, &str, u64) {
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
