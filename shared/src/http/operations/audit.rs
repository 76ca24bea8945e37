//! Reading and proving the record of changes (`device-management.md` §6).

use super::record_pages::{Places, milliseconds, read_all, top};
use super::{Failure, unexpected};
use crate::auth::Action;
use crate::http::authorize::Caller;
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::ipc::audit::{AuditProof, ChainPlace};
use crate::ipc::hub::{HubReply, HubRequest};
use crate::ipc::registry::{RegistryReply, RegistryRequest};
use crate::json;
use crate::together::join_all;
use serde_json::Value;

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
    // The whole record tells of devices that there are not for some.
    let own_only = !caller.can(Action::ReadAudit) || caller.scope.is_some();
    let text = |name: &str| request.filled_parameter(name).map(|text| text.into_owned());
    let actor = if own_only {
        Some(caller.actor.clone())
    } else {
        text("actor")
    };
    let wanted = json!({
        "of": "audit",
        "top": top(request)?,
        "deviceId": text("deviceId"),
        "actor": actor,
        "action": text("action"),
        "since": milliseconds(request, "since")?,
        "until": milliseconds(request, "until")?,
    });
    let places = Places::of(request)?;
    let pages = read_all(backend, &wanted, "before", &places).await?;
    Ok(places.merge(pages, top(request)?, |record| record))
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
