//! What happened to one device, from all lists of the hub that know something of it.

use super::ApiError;
use super::client::own;
use super::devices::{self, Connection};
use super::query;
use crate::logic::timeline::{Read, Source, Timeline, merge};
use crate::logic::url_state::{encode, write_query};
use gloo_net::http::Method;
use serde_json::{Value, json};
use shared::query::quoted;
use shared::together::{Boxed, join_all};

/// Documents of each list to begin with.
pub const FIRST: usize = 30;
/// As many as the shortest list gives in one answer.
pub const MOST: usize = 100;

/// The timeline, and the lists that could not be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// What happened.
    pub timeline: Timeline,
    /// What is missing, and why.
    pub missing: Vec<(Source, ApiError)>,
}

/// Reads `most` of each list at most; how it is connected, too, unless that is known. Fails only when
/// no list could be read.
pub async fn timeline(
    device: &str,
    most: usize,
    connection: Option<Connection>,
) -> Result<Told, ApiError> {
    let history = format!("/twins/{}/history", encode(device));
    let of = |path: &str, name: &str| {
        let asked = [(name, device.to_owned()), ("top", most.to_string())];
        list(format!("{path}{}", write_query(asked)))
    };
    let lists: [(Source, Boxed<'_, Result<Value, ApiError>>); 5] = [
        (
            Source::Twin,
            list(format!(
                "{history}{}",
                write_query([("top", most.to_string())])
            )),
        ),
        (Source::Audit, of("/audit", "deviceId")),
        (Source::Operations, of("/operations", "deviceId")),
        (Source::Jobs, Box::pin(jobs(device, most))),
        (Source::Alerts, of("/alerts", "subject")),
    ];
    let all = lists.len();
    let (sources, reads): (Vec<Source>, Vec<_>) = lists.into_iter().unzip();
    let connection = match connection {
        Some(connection) => Some(connection),
        None => devices::connection(device).await.ok(),
    };
    let mut read = vec![sessions(connection)];
    let mut missing = Vec::new();
    for (source, answer) in sources.into_iter().zip(join_all(reads).await) {
        match answer {
            Ok(answer) => read.push(pages(source, answer)),
            Err(error) => missing.push((source, error)),
        }
    }
    match missing.first() {
        Some((_, error)) if missing.len() == all => Err(error.clone()),
        _ => Ok(Told {
            timeline: merge(read),
            missing,
        }),
    }
}

fn list(path: String) -> Boxed<'static, Result<Value, ApiError>> {
    Box::pin(async move { Ok(own(Method::GET, &path).read().await?.value) })
}

async fn jobs(device: &str, most: usize) -> Result<Value, ApiError> {
    let text = format!(
        "SELECT * FROM devices.jobs WHERE deviceId = {} ORDER BY lastUpdatedDateTimeUtc DESC",
        quoted(device)
    );
    let answer = query::page::<Value>(&text, most, None).await?;
    Ok(json!({ "items": answer.value, "cursor": answer.continuation }))
}

/// An answer with one page of a list, by whichever names it has.
fn pages(source: Source, mut answer: Value) -> Read {
    let taken = ["items", "records"].into_iter().find_map(|name| {
        match answer.get_mut(name).map(Value::take) {
            Some(Value::Array(documents)) => Some(documents),
            _ => None,
        }
    });
    let more = ["cursor", "before"]
        .into_iter()
        .any(|name| answer.get(name).is_some_and(|next| !next.is_null()));
    Read {
        source,
        documents: taken.unwrap_or_default(),
        more,
    }
}

/// What the connection doctor remembers, and the session that goes on.
fn sessions(connection: Option<Connection>) -> Read {
    let mut documents = Vec::new();
    if let Some(connection) = connection {
        let is_connected = connection
            .connection_state
            .eq_ignore_ascii_case("connected");
        if let (true, Some(at)) = (is_connected, connection.since) {
            documents.push(json!({ "connectedAt": at }));
        }
        documents.extend(connection.last_closes);
    }
    // The doctor keeps ten: what is older is simply not known.
    Read {
        source: Source::Sessions,
        documents,
        more: false,
    }
}
