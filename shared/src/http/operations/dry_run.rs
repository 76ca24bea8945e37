//! What an import would do, line by line, without doing it (ours).
//!
//! The shards apply the lines and undo them again, so that the answer is not a guess: it
//! comes from the very code that an import runs. The file is read as it comes in, a window of
//! it at a time; of what was read before, only the answer and the identities are kept.
//!
//! A shard is asked about a part of its lines at a time, so that devices never wait long for
//! it. What one part does is undone before the next, so lines of one device that are in the
//! same window are in the same part, and those of earlier windows go before them once more,
//! as far as they matter ([`Again`]). No other lines of a file have to do with each other,
//! since none may name an identity twice.

use super::bulk::by_shard;
use super::{Failure, scopes, unexpected};
use crate::error::{ErrorCode, HubError};
use crate::http::backend::Backend;
use crate::http::json;
use crate::http::message::{Request, Response};
use crate::ids::{DeviceId, Identity, ModuleId};
use crate::import::{Content, Format, Line, Reader};
use crate::ipc::registry::{ApplyItems, Planned, RegistryReply, RegistryRequest};
use crate::json;
use crate::ordered::OrderedMap;
use crate::query::project::weight;
use crate::together::join_all;
use serde_json::Value;
use std::collections::HashMap;

/// Lines of one part, and of one device.
const MAX_PART: usize = 500;
/// Lines of a file: what is kept of each is the answer to it and its identity.
const MAX_LINES: usize = 200_000;
/// About the bytes of one part; the lines of a device stay together all the same.
const MAX_PART_BYTES: usize = 1_000_000;
/// Bytes of the file that are looked at together: enough that every shard gets whole parts,
/// and that a file takes few of the calls that a request may make.
const MAX_WINDOW_BYTES: usize = 4 * 1024 * 1024;

/// The content type of answers with one JSON object a line.
const NDJSON: &str = "application/x-ndjson; charset=utf-8";

/// What becomes of a line.
enum Outcome {
    Planned(Planned),
    Skip(&'static str),
    Refused(HubError, Option<usize>),
}

/// What an earlier line did that lines of the same device may depend on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    /// It was refused, or changed a twin.
    Nothing,
    /// It created the identity; a device as one of the edge, or not.
    Create { is_edge: bool },
    /// It replaced a device, which is one of the edge since, or not.
    Replace { is_edge: bool },
    /// It deleted the identity.
    Delete,
}

impl Again {
    fn new(planned: Planned, item: &Value) -> Self {
        let Some(item) = item.as_object() else {
            return Self::Nothing;
        };
        let is_edge = json::member(item, "capabilities")
            .and_then(Value::as_object)
            .and_then(|capabilities| json::member(capabilities, "iotEdge"))
            == Some(&Value::Bool(true));
        match planned {
            Planned::Create => Self::Create { is_edge },
            Planned::UpdateTwin => Self::Nothing,
            Planned::Update => Self::Replace { is_edge },
            Planned::Delete => Self::Delete,
        }
    }

    /// The smallest item that does the same.
    fn item(self, identity: &Identity) -> Option<Value> {
        let (mode, is_edge) = match self {
            Self::Nothing => return None,
            Self::Create { is_edge } => ("create", is_edge),
            Self::Replace { .. } if identity.module.is_some() => return None,
            Self::Replace { is_edge } => ("update", is_edge),
            Self::Delete => ("delete", false),
        };
        let id = &identity.device;
        Some(match &identity.module {
            Some(module) => json!({ "id": id, "moduleId": module, "importMode": mode }),
            None => json!({
                "id": id,
                "importMode": mode,
                "status": "enabled",
                "capabilities": { "iotEdge": is_edge },
            }),
        })
    }
}

/// A line that was looked at.
struct Seen {
    module: Option<ModuleId>,
    line: usize,
    again: Again,
}

/// The lines of a device so far. Most devices have one, which needs no list.
enum Lines {
    One(Seen),
    More(Vec<Seen>),
}

impl Lines {
    fn all(&self) -> &[Seen] {
        match self {
            Self::One(seen) => std::slice::from_ref(seen),
            Self::More(seen) => seen,
        }
    }

    fn all_mut(&mut self) -> &mut [Seen] {
        match self {
            Self::One(seen) => std::slice::from_mut(seen),
            Self::More(seen) => seen,
        }
    }

    fn with(self, next: Seen) -> Self {
        Self::More(match self {
            Self::One(first) => vec![first, next],
            Self::More(mut seen) => {
                seen.push(next);
                seen
            }
        })
    }
}

/// `POST /api/v1/import/dry-run` with NDJSON, or CSV if the content type says `text/csv`
///
/// Answers NDJSON: an object for each line, `{"line","id","moduleId"?,"outcome","errorCode"?,
/// "errorStatus"?,"column"?}`, and at last `{"counts":{…}}`. Outcomes are `create`, `update`,
/// `delete`, `skip`, `conflict` (something else is there, or another etag) and `error`.
pub async fn plan<B: Backend>(backend: &B, request: &Request) -> Result<Response, Failure> {
    let is_table = request
        .header("content-type")
        .is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/csv"));
    let mut reader = Reader::new(if is_table { Format::Csv } else { Format::Json });
    let mut plan = Plan::new(backend);
    let mut lines = Vec::new();
    let mut bytes = 0;
    let most = MAX_PART * usize::from(backend.layout().shards.max(1));
    while let Some(piece) = backend.body_piece().await? {
        reader.push(&piece, &mut lines)?;
        bytes += piece.len();
        if lines.len() >= most || bytes >= MAX_WINDOW_BYTES {
            bytes = 0;
            plan.window(std::mem::take(&mut lines)).await?;
        }
    }
    reader.finish(&mut lines)?;
    plan.window(lines).await?;
    Ok(plan.answer())
}

/// What is known of a file so far.
struct Plan<'a, B> {
    backend: &'a B,
    seen: HashMap<DeviceId, Lines>,
    lines: usize,
    counts: OrderedMap<&'static str, u64>,
    text: Vec<u8>,
}

impl<'a, B: Backend> Plan<'a, B> {
    fn new(backend: &'a B) -> Self {
        Self {
            backend,
            seen: HashMap::new(),
            lines: 0,
            counts: OrderedMap::new(),
            text: Vec::new(),
        }
    }

    fn answer(mut self) -> Response {
        self.write(&json!({ "counts": self.counts, "lines": self.lines }));
        Response::bytes(200, NDJSON, self.text)
    }

    fn write(&mut self, document: &Value) {
        // Writing a value into memory cannot fail.
        let _written = serde_json::to_writer(&mut self.text, document);
        self.text.push(b'\n');
    }

    /// Looks at the next lines.
    async fn window(&mut self, lines: Vec<Line>) -> Result<(), Failure> {
        self.lines += lines.len();
        if self.lines > MAX_LINES {
            return Err(HubError::invalid(format!(
                "A file has at most {MAX_LINES} lines here; split it."
            ))
            .into());
        }
        let mut outcomes: Vec<Outcome> = Vec::with_capacity(lines.len());
        let mut named: Vec<(usize, Identity)> = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            outcomes.push(match &line.content {
                Content::Nothing => Outcome::Skip("The line holds no item."),
                Content::Broken(error, column) => Outcome::Refused(error.clone(), *column),
                Content::Item(identity, _) => match self.note(identity, line.number) {
                    Err(error) => Outcome::Refused(error, None),
                    Ok(()) => {
                        named.push((index, identity.clone()));
                        // Stays only if the shard forgets to answer.
                        Outcome::Skip("No answer.")
                    }
                },
            });
        }
        self.ask(&lines, named, &mut outcomes).await?;
        for (line, outcome) in lines.iter().zip(&outcomes) {
            if let (Content::Item(identity, item), Outcome::Planned(planned)) =
                (&line.content, outcome)
                && let Some(seen) = self.seen.get_mut(&identity.device)
                && let Some(seen) = seen
                    .all_mut()
                    .iter_mut()
                    .find(|seen| seen.module == identity.module)
            {
                seen.again = Again::new(*planned, item);
            }
            *self.counts.or_default(name(outcome)) += 1;
            self.write(&document(line, outcome));
        }
        Ok(())
    }

    /// Notes that a line names an identity, which no other may.
    fn note(&mut self, identity: &Identity, line: usize) -> Result<(), HubError> {
        let noted = Seen {
            module: identity.module.clone(),
            line,
            again: Again::Nothing,
        };
        let Some((device, seen)) = self.seen.remove_entry(&identity.device) else {
            self.seen.insert(identity.device.clone(), Lines::One(noted));
            return Ok(());
        };
        let all = seen.all();
        let refusal = match all.iter().find(|seen| seen.module == identity.module) {
            Some(first) => Some(twice(identity, first.line)),
            None if all.len() >= MAX_PART => Some(too_many(identity)),
            None => None,
        };
        let seen = match refusal {
            Some(_) => seen,
            None => seen.with(noted),
        };
        self.seen.insert(device, seen);
        refusal.map_or(Ok(()), Err)
    }

    /// What lines before the window did to a device, as items.
    fn again(&self, device: &DeviceId, of_window: usize) -> Vec<(Identity, Value)> {
        let seen = self.seen.get(device).map_or(&[][..], Lines::all);
        // Lines of the window are the last ones.
        let before = seen.len().saturating_sub(of_window);
        let before = seen.iter().take(before).filter_map(|seen| {
            let identity = Identity {
                device: device.clone(),
                module: seen.module.clone(),
            };
            let item = seen.again.item(&identity)?;
            Some((identity, item))
        });
        before.collect()
    }

    /// Asks the shards about lines by their place in the window.
    async fn ask(
        &self,
        lines: &[Line],
        named: Vec<(usize, Identity)>,
        outcomes: &mut [Outcome],
    ) -> Result<(), Failure> {
        let backend = self.backend;
        let item = |index: usize| match &lines.get(index)?.content {
            Content::Item(_, item) => Some(item),
            _ => None,
        };
        let items = named.iter().filter_map(|(index, _)| item(*index));
        let missing_scopes = &scopes::missing(backend, items).await?;
        let asks = by_shard(backend, named)
            .into_iter()
            .map(|(shard, lines)| async move {
                let mut answers = Vec::with_capacity(lines.len());
                for part in parts(lines, |index| item(index).map_or(0, weight)) {
                    // Where the answers to the part's own lines will be.
                    let mut places = Vec::with_capacity(part.len());
                    let mut items = Vec::with_capacity(part.len());
                    for of_device in part.chunk_by(|one, next| one.1.device == next.1.device) {
                        if let Some((_, first)) = of_device.first() {
                            items.extend(self.again(&first.device, of_device.len()));
                        }
                        for (index, identity) in of_device {
                            if let Some(item) = item(*index) {
                                places.push((items.len(), *index));
                                items.push((identity.clone(), item.clone()));
                            }
                        }
                    }
                    let ask = ApplyItems {
                        missing_scopes: scopes::of(
                            missing_scopes,
                            items.iter().map(|(_, item)| item),
                        ),
                        items,
                        entropy: Vec::new(),
                    };
                    let request = RegistryRequest::PlanItems(ask);
                    let reply = backend.registry(shard, request).await?;
                    let RegistryReply::Plans(plans) = reply else {
                        return Err(unexpected("the registry"));
                    };
                    let mut plans: Vec<_> = plans.into_iter().map(Some).collect();
                    for (place, index) in places {
                        let plan = plans.get_mut(place).and_then(Option::take);
                        answers.extend(plan.map(|plan| (index, plan)));
                    }
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
        Ok(())
    }
}

/// Cuts a shard's lines into parts. Lines of a device come together, in their order, and
/// stay together.
fn parts(
    lines: Vec<(usize, Identity)>,
    weight: impl Fn(usize) -> usize,
) -> Vec<Vec<(usize, Identity)>> {
    let mut devices: OrderedMap<DeviceId, Vec<(usize, Identity)>> = OrderedMap::new();
    for line in lines {
        devices.or_default(line.1.device.clone()).push(line);
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
        Outcome::Planned(Planned::Update | Planned::UpdateTwin) => "update",
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
