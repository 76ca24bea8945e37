//! Reading and proving the record of changes (`device-management.md` §6).

use super::{Failure, unexpected};
use crate::auth::Action;
use crate::error::HubError;
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::ipc::audit::{AuditPage, AuditProof, ChainPlace, ReadAudit};
use crate::ipc::hub::{HubReply, HubRequest};
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::sorting;
use crate::time::Timestamp;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Records of one page unless the request says otherwise.
const DEFAULT_TOP: u32 = 100;
/// Longest accepted cursor.
const MAX_CURSOR_LENGTH: usize = 2048;

/// One object's chain of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Chain {
    Hub,
    Registry(u16),
}

impl Chain {
    fn all<B: Backend>(backend: &B) -> Vec<Self> {
        let shards = (0..backend.layout().shards).map(Self::Registry);
        std::iter::once(Self::Hub).chain(shards).collect()
    }

    fn name(self) -> String {
        match self {
            Self::Hub => "hub".to_owned(),
            Self::Registry(shard) => format!("registry-{shard}"),
        }
    }

    async fn read<B: Backend>(self, backend: &B, wanted: ReadAudit) -> Result<AuditPage, Failure> {
        match self {
            Self::Hub => match backend.hub(HubRequest::ReadAudit(wanted)).await? {
                HubReply::Audit(page) => Ok(page),
                _ => Err(unexpected("the hub")),
            },
            Self::Registry(shard) => {
                let request = RegistryRequest::ReadAudit(wanted);
                match backend.registry(shard, request).await? {
                    RegistryReply::Audit(page) => Ok(page),
                    _ => Err(unexpected("the registry")),
                }
            }
        }
    }

    async fn check<B: Backend>(
        self,
        backend: &B,
        after: Option<ChainPlace>,
    ) -> Result<AuditProof, Failure> {
        match self {
            Self::Hub => match backend.hub(HubRequest::CheckAudit(after)).await? {
                HubReply::AuditProof(proof) => Ok(proof),
                _ => Err(unexpected("the hub")),
            },
            Self::Registry(shard) => {
                let request = RegistryRequest::CheckAudit(after);
                match backend.registry(shard, request).await? {
                    RegistryReply::AuditProof(proof) => Ok(proof),
                    _ => Err(unexpected("the registry")),
                }
            }
        }
    }
}

/// `GET /api/v1/audit`: newest first over all chains.
///
/// Filters `deviceId`, `actor`, `action`, `since`, `until`; pages by `top` and `cursor`. Who
/// may read only what is their own sees only that.
pub async fn read<B: Backend>(
    backend: &B,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Failure> {
    let mut wanted = wanted(request)?;
    let own_only = caller
        .session
        .as_ref()
        .is_some_and(|session| !session.role.can(Action::ReadAudit));
    if own_only {
        wanted.actor = Some(caller.actor.clone());
    }
    let mut places = match request.filled_parameter("cursor") {
        Some(text) => decode(&text)?,
        None => BTreeMap::new(),
    };
    let chains = Chain::all(backend);
    let reads = chains.iter().map(|chain| {
        let mut wanted = wanted.clone();
        wanted.before = places.get(&chain.name()).copied();
        chain.read(backend, wanted)
    });
    let mut records: Vec<Value> = Vec::new();
    let mut more = false;
    for page in join_all(reads).await {
        let page = page?;
        more |= page.more;
        records.extend(page.records);
    }
    sorting::sort_by(&mut records, |one, other| order(other).cmp(&order(one)));
    let top = usize::try_from(wanted.top).unwrap_or(usize::MAX);
    more |= records.len() > top;
    records.truncate(top);
    for record in &records {
        let (_, chain, number) = order(record);
        places.insert(chain.to_owned(), number);
    }
    Ok(Response::json(
        200,
        &json!({
            "records": records,
            "cursor": more.then(|| encode(&places)),
        }),
    ))
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

fn wanted(request: &Request) -> Result<ReadAudit, HubError> {
    let text = |name: &str| request.filled_parameter(name).map(|text| text.into_owned());
    let time = |name: &str| -> Result<Option<Timestamp>, HubError> {
        text(name)
            .map(|text| {
                Timestamp::parse(&text).ok_or_else(|| {
                    HubError::invalid(format!(
                        "{name} must be a time such as 2026-03-01T10:00:00Z."
                    ))
                })
            })
            .transpose()
    };
    let top = match text("top") {
        None => DEFAULT_TOP,
        Some(text) => text
            .parse()
            .ok()
            .filter(|top| (1..=crate::hub::audit::MAX_TOP).contains(top))
            .ok_or_else(|| {
                HubError::invalid(format!(
                    "top must be a number from 1 to {}.",
                    crate::hub::audit::MAX_TOP
                ))
            })?,
    };
    Ok(ReadAudit {
        before: None,
        top,
        device_id: text("deviceId"),
        actor: text("actor"),
        action: text("action"),
        since: time("since")?,
        until: time("until")?,
    })
}

/// Where the next page goes on in each chain.
fn encode(places: &BTreeMap<String, u64>) -> String {
    let parts: Vec<String> = places
        .iter()
        .map(|(chain, number)| format!("{chain}={number}"))
        .collect();
    URL_SAFE_NO_PAD.encode(parts.join(","))
}

fn decode(text: &str) -> Result<BTreeMap<String, u64>, HubError> {
    let read = || -> Option<BTreeMap<String, u64>> {
        if text.len() > MAX_CURSOR_LENGTH {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let text = String::from_utf8(bytes).ok()?;
        let mut places = BTreeMap::new();
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

/// `GET /api/v1/audit/verify`: recomputes every chain.
///
/// `head` is the hash of the newest record: whoever keeps it elsewhere can tell later that
/// nothing was cut off at the end.
pub async fn verify<B: Backend>(backend: &B) -> Result<Response, Failure> {
    let chains = Chain::all(backend);
    let results = join_all(chains.iter().map(|chain| verify_chain(backend, *chain))).await;
    let mut listed = Vec::with_capacity(results.len());
    let mut intact = true;
    for result in results {
        let (one_intact, document) = result?;
        intact &= one_intact;
        listed.push(document);
    }
    Ok(Response::json(
        200,
        &json!({ "intact": intact, "chains": listed }),
    ))
}

async fn verify_chain<B: Backend>(backend: &B, chain: Chain) -> Result<(bool, Value), Failure> {
    let mut records = 0;
    let mut after = None;
    loop {
        let proof = chain.check(backend, after.take()).await?;
        records += proof.checked;
        if !proof.done {
            after = proof.last;
            continue;
        }
        let head = proof.last.unwrap_or(ChainPlace {
            number: 0,
            hash: String::new(),
        });
        let document = json!({
            "chain": chain.name(),
            "intact": proof.broken.is_none(),
            "records": records,
            "brokenAt": proof.broken,
            "head": { "number": head.number, "hash": head.hash },
        });
        return Ok((proof.broken.is_none(), document));
    }
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
