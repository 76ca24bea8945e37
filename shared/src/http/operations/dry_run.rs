//! What an import would do, line by line, without doing it (ours).
//!
//! The shards apply the lines and undo them again, so that the answer is not a guess: it
//! comes from the very code that an import runs.

use super::bulk::by_shard;
use super::{Failure, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::ids::Identity;
use crate::import::{Content, Line, csv_items, json_items};
use crate::ipc::registry::{Planned, RegistryReply, RegistryRequest};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// The content type of answers with one JSON object a line.
const NDJSON: &str = "application/x-ndjson; charset=utf-8";

/// What becomes of a line.
enum Outcome {
    Planned(Planned),
    Skip(&'static str),
    Refused(HubError, Option<usize>),
}

/// `POST /api/v1/import/dry-run` with NDJSON, or CSV if the content type says `text/csv`
///
/// Answers NDJSON: an object for each line, `{"line","id","moduleId"?,"outcome","errorCode"?,
/// "errorStatus"?,"column"?}`, and at last `{"counts":{…}}`. Outcomes are `create`, `update`,
/// `delete`, `skip`, `conflict` (something else is there, or another etag) and `error`.
pub async fn plan<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let text = std::str::from_utf8(&request.body).map_err(|error| {
        HubError::new(
            ErrorCode::IotHubFormatError,
            format!("The file is not UTF-8: {error}."),
        )
    })?;
    let is_table = request
        .header("content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/csv"));
    let lines: Vec<Line> = if is_table {
        csv_items(text)?
    } else {
        json_items(text).collect()
    };
    let outcomes = outcomes(backend, &lines).await?;
    let mut answer = String::new();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (line, outcome) in lines.iter().zip(&outcomes) {
        let document = document(line, outcome);
        *counts.entry(name(outcome)).or_default() += 1;
        answer.push_str(&document.to_string());
        answer.push('\n');
    }
    answer.push_str(&json!({ "counts": counts, "lines": lines.len() }).to_string());
    answer.push('\n');
    Ok(Response::bytes(200, NDJSON, answer.into_bytes()))
}

async fn outcomes<B: Backend>(backend: &B, lines: &[Line]) -> Result<Vec<Outcome>, Failure> {
    let mut outcomes: Vec<Outcome> = Vec::with_capacity(lines.len());
    let mut seen: HashMap<&Identity, usize> = HashMap::new();
    let mut named: Vec<(usize, Identity)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        outcomes.push(match &line.content {
            Content::Nothing => Outcome::Skip("The line holds no item."),
            Content::Broken(error, column) => Outcome::Refused(error.clone(), *column),
            Content::Item(identity, _) => match seen.insert(identity, line.number) {
                Some(first) => Outcome::Refused(twice(identity, first), None),
                None => {
                    named.push((index, identity.clone()));
                    // Stays only if the shard forgets to answer.
                    Outcome::Skip("No answer.")
                }
            },
        });
    }
    let parts = by_shard(backend, named);
    let asks = parts.iter().map(|(shard, part)| {
        let items = part
            .iter()
            .filter_map(|(index, identity)| match &lines.get(*index)?.content {
                Content::Item(_, item) => Some((identity.clone(), item.clone())),
                _ => None,
            })
            .collect();
        backend.registry(*shard, RegistryRequest::PlanItems(items))
    });
    for (reply, (_, part)) in join_all(asks).await.into_iter().zip(&parts) {
        let RegistryReply::Plans(plans) = reply? else {
            return Err(unexpected("the registry"));
        };
        for ((index, _), plan) in part.iter().zip(plans) {
            if let Some(outcome) = outcomes.get_mut(*index) {
                *outcome = match plan {
                    Ok(planned) => Outcome::Planned(planned),
                    Err(error) => Outcome::Refused(error, None),
                };
            }
        }
    }
    Ok(outcomes)
}

fn twice(identity: &Identity, first: usize) -> HubError {
    HubError::new(
        ErrorCode::DeviceDefinedMultipleTimes,
        format!("{identity} stands in line {first} already."),
    )
}

fn name(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Planned(Planned::Create) => "create",
        Outcome::Planned(Planned::Update) => "update",
        Outcome::Planned(Planned::Delete) => "delete",
        Outcome::Skip(_) => "skip",
        Outcome::Refused(error, _) if matches!(error.code.status(), 409 | 412) => "conflict",
        Outcome::Refused(..) => "error",
    }
}

fn document(line: &Line, outcome: &Outcome) -> Value {
    let mut document = json!({ "line": line.number, "outcome": name(outcome) });
    let Value::Object(members) = &mut document else {
        return document;
    };
    if let Content::Item(identity, _) = &line.content {
        members.insert("id".into(), json!(identity.device));
        if let Some(module) = &identity.module {
            members.insert("moduleId".into(), json!(module));
        }
    }
    match outcome {
        Outcome::Planned(_) => {}
        Outcome::Skip(why) => {
            members.insert("errorStatus".into(), json!(why));
        }
        Outcome::Refused(error, column) => {
            members.insert("errorCode".into(), json!(error.code.number()));
            members.insert("errorStatus".into(), json!(error.message));
            if let Some(column) = column {
                members.insert("column".into(), json!(column));
            }
        }
    }
    document
}
