//! Many devices that fail for one cause, as one incident (`device-management.md` §9.1).

use super::{Failure, ask_all_shards, unexpected};
use crate::doctor::incident::{self, Tally};
use crate::error::HubError;
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::json;
use crate::sorting;
use crate::time::Timestamp;
use serde_json::Value;

/// How far back, unless the request says otherwise, and at most.
const DEFAULT_MINUTES: i64 = 60;
const MOST_MINUTES: i64 = 24 * 60;

/// `GET /api/v1/connection-incidents?minutes=60`: the one that most devices have comes first.
pub async fn list<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let minutes = match request.filled_parameter("minutes") {
        None => DEFAULT_MINUTES,
        Some(text) => text
            .parse()
            .ok()
            .filter(|minutes| (1..=MOST_MINUTES).contains(minutes))
            .ok_or_else(|| {
                HubError::invalid(format!(
                    "minutes must be a number from 1 to {MOST_MINUTES}."
                ))
            })?,
    };
    let request = RegistryRequest::ConnectionIncidents(minutes);
    let items = merged(ask_all_shards(backend, &request).await?)?;
    Ok(Response::json(
        200,
        &json!({ "minutes": minutes, "items": items }),
    ))
}

/// What all shards say of each cause.
fn merged(replies: Vec<RegistryReply>) -> Result<Vec<Value>, Failure> {
    let mut found: Vec<(String, Tally)> = Vec::new();
    for reply in replies {
        let RegistryReply::Explained(Value::Array(parts)) = reply else {
            return Err(unexpected("the registry"));
        };
        for part in &parts {
            let number = |name: &str| part.get(name).and_then(Value::as_i64).unwrap_or(0);
            let text = |name: &str| part.get(name).and_then(Value::as_str).unwrap_or_default();
            // Each device is of one shard, so numbers add up.
            let devices = number("devices").unsigned_abs();
            let (first, last) = (number("first"), number("last"));
            let tally = Tally::from_stored(first, last, &[], devices, text("examples"));
            let cause = text("cause");
            match found.iter_mut().find(|(known, _)| known == cause) {
                Some((_, sum)) => sum.merge(&tally),
                None => found.push((cause.to_owned(), tally)),
            }
        }
    }
    sorting::sort_by(&mut found, |(_, one), (_, other)| {
        (other.devices(), other.last).cmp(&(one.devices(), one.last))
    });
    Ok(found.iter().map(document).collect())
}

fn document((cause, tally): &(String, Tally)) -> Value {
    let (word, packet, summary, hint) = incident::words(cause);
    let examples: Vec<&str> = tally.examples.split(' ').collect();
    json!({
        "cause": word,
        "packet": Some(packet).filter(|packet| !packet.is_empty()),
        "summary": summary,
        "devices": tally.devices(),
        "first": Timestamp::from_milliseconds(tally.first),
        "last": Timestamp::from_milliseconds(tally.last),
        "examples": examples,
        "hint": hint,
    })
}
