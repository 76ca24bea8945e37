//! What an import would do, line by line, without doing it (ours).
//!
//! The shards apply the lines and undo them again, so that the answer is not a guess: it
//! comes from the very code that an import runs. A shard is asked about a part of its lines
//! at a time, so that devices never wait long for it. What one part does is undone before
//! the next, so a device and its modules are always in the same part; no other lines of a
//! file have to do with each other, since none may name an identity twice.

use super::bulk::by_shard;
use super::{Failure, scopes, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::message::{Request, Response};
use crate::ids::{DeviceId, Identity};
use crate::import::{Content, Line, csv_items, json_items};
use crate::ipc::registry::{ApplyItems, Planned, RegistryReply, RegistryRequest};
use crate::query::project::weight;
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};

/// Lines of one part, and of one device.
const MAX_PART: usize = 500;
/// Lines of a file: each part is a call, of which a request has not many.
const MAX_LINES: usize = 200_000;
/// About the bytes of one part; the lines of a device stay together all the same.
const MAX_PART_BYTES: usize = 1_000_000;

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
    if lines.len() > MAX_LINES {
        return Err(HubError::invalid(format!(
            "A file has at most {MAX_LINES} lines here; split it."
        ))
        .into());
    }
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
    let mut of_device: HashMap<&DeviceId, usize> = HashMap::new();
    let mut named: Vec<(usize, Identity)> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        outcomes.push(match &line.content {
            Content::Nothing => Outcome::Skip("The line holds no item."),
            Content::Broken(error, column) => Outcome::Refused(error.clone(), *column),
            Content::Item(identity, _) => match seen.insert(identity, line.number) {
                Some(first) => Outcome::Refused(twice(identity, first), None),
                None => {
                    let count = of_device.entry(&identity.device).or_default();
                    *count += 1;
                    if *count > MAX_PART {
                        Outcome::Refused(too_many(identity), None)
                    } else {
                        named.push((index, identity.clone()));
                        // Stays only if the shard forgets to answer.
                        Outcome::Skip("No answer.")
                    }
                }
            },
        });
    }
    let item = |index: usize| match &lines.get(index)?.content {
        Content::Item(_, item) => Some(item),
        _ => None,
    };
    let items = named.iter().filter_map(|(index, _)| item(*index));
    let missing_scopes = &scopes::missing(backend, items).await?;
    let shards = by_shard(backend, named);
    let asks = shards.into_iter().map(|(shard, lines)| async move {
        let mut answers = Vec::with_capacity(lines.len());
        for part in parts(lines, |index| item(index).map_or(0, weight)) {
            let items = part
                .iter()
                .filter_map(|(index, identity)| Some((identity.clone(), item(*index)?.clone())));
            let items: Vec<(Identity, Value)> = items.collect();
            let ask = ApplyItems {
                missing_scopes: scopes::of(missing_scopes, items.iter().map(|(_, item)| item)),
                items,
                entropy: Vec::new(),
            };
            let reply = backend
                .registry(shard, RegistryRequest::PlanItems(ask))
                .await?;
            let RegistryReply::Plans(plans) = reply else {
                return Err(unexpected("the registry"));
            };
            answers.extend(part.into_iter().map(|(index, _)| index).zip(plans));
        }
        Ok::<_, Failure>(answers)
    });
    for answers in join_all(asks).await {
        for (index, plan) in answers? {
            if let Some(outcome) = outcomes.get_mut(index) {
                *outcome = match plan {
                    Ok(planned) => Outcome::Planned(planned),
                    Err(error) => Outcome::Refused(error, None),
                };
            }
        }
    }
    Ok(outcomes)
}

/// Cuts a shard's lines into parts. Lines of a device come together, in their order, and
/// stay together.
fn parts(
    lines: Vec<(usize, Identity)>,
    weight: impl Fn(usize) -> usize,
) -> Vec<Vec<(usize, Identity)>> {
    let mut devices: BTreeMap<DeviceId, Vec<(usize, Identity)>> = BTreeMap::new();
    for line in lines {
        devices.entry(line.1.device.clone()).or_default().push(line);
    }
    let mut parts: Vec<Vec<(usize, Identity)>> = Vec::new();
    let mut bytes = 0;
    for lines in devices.into_values() {
        let more = lines.iter().map(|(index, _)| weight(*index)).sum::<usize>();
        match parts.last_mut() {
            Some(part)
                if part.len() + lines.len() <= MAX_PART && bytes + more <= MAX_PART_BYTES =>
            {
                part.extend(lines);
                bytes += more;
            }
            _ => {
                parts.push(lines);
                bytes = more;
            }
        }
    }
    parts
}

fn too_many(identity: &Identity) -> HubError {
    HubError::new(
        ErrorCode::TooManyModulesOnDevice,
        format!(
            "A file has at most {MAX_PART} lines for one device, and {} has more.",
            identity.device
        ),
    )
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_bounded_and_keep_devices_whole() {
        let mut lines = Vec::new();
        for index in 0..2_000 {
            let device = DeviceId::parse(&format!("d{}", index % 700)).unwrap();
            lines.push((index, Identity::device(device)));
        }
        let parts_of = |bytes: usize| parts(lines.clone(), move |_| bytes);
        for (bytes, most) in [(10, MAX_PART), (10_000, 100)] {
            let parts = parts_of(bytes);
            let mut seen = Vec::new();
            for part in &parts {
                assert!(part.len() <= most, "{}", part.len());
                let mut devices: Vec<&DeviceId> = part.iter().map(|line| &line.1.device).collect();
                devices.dedup();
                assert!(part.is_sorted_by_key(|line| (line.1.device.clone(), line.0)));
                seen.extend(devices);
            }
            assert_eq!(seen.len(), 700, "no device is in two parts");
            assert_eq!(parts.iter().map(Vec::len).sum::<usize>(), 2_000);
        }
    }
}
