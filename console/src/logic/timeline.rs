//! What happened to one device, from several lists of the hub, as one list: newest first, nothing
//! twice, and nothing shown past the point from which one of the lists is not read yet.

use super::json_document::text;
use super::time::{self, Millis};
use super::url_state::{query_value, write_query};
use serde_json::Value;
use shared::sorting::sort_by;

/// A list of the hub that the timeline reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// How its sessions began and ended.
    Sessions,
    /// Changes of its twin.
    Twin,
    /// The record of changes: what people and back ends did to it.
    Audit,
    /// What went wrong between it and the hub.
    Operations,
    /// Jobs that it is in.
    Jobs,
    /// Alerts about it.
    Alerts,
}

/// What kind of thing happened, as the filter names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Connected, disconnected, refused.
    Connection,
    /// The twin changed.
    Twin,
    /// A method, a message.
    Command,
    /// A job did something with it.
    Job,
    /// An alert was raised.
    Alert,
    /// Its identity changed, or whatever else was done to it.
    Identity,
}

impl Kind {
    /// All of them, in the order of the filter.
    pub const ALL: [Self; 6] = [
        Self::Connection,
        Self::Twin,
        Self::Command,
        Self::Job,
        Self::Alert,
        Self::Identity,
    ];

    /// Its name in the address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Twin => "twin",
            Self::Command => "command",
            Self::Job => "job",
            Self::Alert => "alert",
            Self::Identity => "identity",
        }
    }
}

/// What the address says: the kind shown, `None` for all.
pub fn read_kind(search: &str) -> Option<Kind> {
    let name = query_value(search, "kind")?;
    Kind::ALL.into_iter().find(|kind| kind.name() == name)
}

/// The query string that reads back as this kind.
pub fn write_kind(kind: Option<Kind>) -> String {
    let name = kind.map_or("", Kind::name);
    write_query([("kind", name.to_owned())])
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When.
    pub at: Millis,
    /// The same, as the hub wrote it.
    pub time: String,
    /// What kind.
    pub kind: Kind,
    /// Where it was read.
    pub source: Source,
    /// `connected`, `ended`, or nothing where the document tells all.
    pub act: &'static str,
    /// The hub's document of it.
    pub document: Value,
    /// How many of the same were joined to it, itself included.
    pub times: usize,
}

/// A list as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Read {
    /// Which one.
    pub source: Source,
    /// Its documents, newest first.
    pub documents: Vec<Value>,
    /// Whether there are older ones that were not read.
    pub more: bool,
}

/// The timeline of what was read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Timeline {
    /// What happened, newest first.
    pub entries: Vec<Entry>,
    /// Whether something older can be read.
    pub more: bool,
}

/// Puts the lists together.
pub fn merge(read: Vec<Read>) -> Timeline {
    let more = read.iter().any(|list| list.more);
    let mut entries = Vec::new();
    let mut complete_from = Millis::NEG_INFINITY;
    for list in read {
        // What is older than the oldest of a list that goes on may lack something between; also if
        // the oldest does not show here.
        if list.more {
            let times = list.documents.iter();
            let times = times.filter_map(|document| time::parse(&time_of(list.source, document)));
            complete_from = complete_from.max(times.fold(Millis::INFINITY, Millis::min));
        }
        let documents = list.documents.into_iter();
        entries.extend(documents.flat_map(|document| happened(list.source, document)));
    }
    entries.retain(|entry| entry.at >= complete_from);
    sort_by(&mut entries, |a, b| b.at.total_cmp(&a.at));
    Timeline {
        entries: joined(entries),
        more,
    }
}

/// Reports of a device follow each other by the hundred: those without anything between are one.
fn joined(entries: Vec<Entry>) -> Vec<Entry> {
    let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
    for entry in entries {
        match kept.last_mut() {
            Some(last) if is_report(last) && is_report(&entry) => last.times += 1,
            _ => kept.push(entry),
        }
    }
    kept
}

fn is_report(entry: &Entry) -> bool {
    entry.source == Source::Twin && text(&entry.document, "cause") == "device"
}

/// When what a document tells has happened, or ended.
fn time_of(source: Source, document: &Value) -> String {
    let names: &[&str] = match source {
        Source::Jobs => &["lastUpdatedDateTimeUtc", "endTimeUtc", "startTimeUtc"],
        Source::Alerts => &["openedAt"],
        _ => &["time"],
    };
    let times = names.iter().map(|name| text(document, name));
    let known = times.into_iter().find(|time| !time.is_empty());
    known.unwrap_or_default().to_owned()
}

/// What a document tells.
fn happened(source: Source, document: Value) -> Vec<Entry> {
    let entry = |act, kind, time: String| {
        let at = time::parse(&time)?;
        Some(Entry {
            at,
            time,
            kind,
            source,
            act,
            document: document.clone(),
            times: 1,
        })
    };
    let time = time_of(source, &document);
    let found = match source {
        Source::Sessions => {
            let ended = entry("ended", Kind::Connection, time);
            let began = ended.as_ref().and_then(|ended| {
                let lasted = document.get("sessionSeconds").and_then(Value::as_f64)?;
                let began = time::timestamp(ended.at - lasted * 1000.0);
                entry("connected", Kind::Connection, began)
            });
            // The session that goes on has a beginning only.
            let since = text(&document, "connectedAt").to_owned();
            let goes_on = entry("connected", Kind::Connection, since);
            vec![ended, began, goes_on]
        }
        Source::Twin => vec![entry("", Kind::Twin, time)],
        Source::Audit => vec![entry("", kind_of_act(&document), time)],
        Source::Operations => {
            let kind = match text(&document, "category") {
                "Connections" => Kind::Connection,
                "C2DCommands" | "DirectMethods" => Kind::Command,
                _ => Kind::Identity,
            };
            // A session that ended badly is among the sessions.
            if text(&document, "operationName") == "deviceDisconnect" {
                return Vec::new();
            }
            vec![entry("", kind, time)]
        }
        Source::Jobs => vec![entry("", Kind::Job, time)],
        Source::Alerts => vec![entry("", Kind::Alert, time)],
    };
    // A written twin is in its own history, unless it was refused.
    let is_told_elsewhere = source == Source::Audit
        && text(&document, "result") == "ok"
        && matches!(text(&document, "action"), "updateTwin" | "replaceTwin");
    if is_told_elsewhere {
        return Vec::new();
    }
    found.into_iter().flatten().collect()
}

fn kind_of_act(record: &Value) -> Kind {
    match text(record, "action") {
        "invokeMethod" | "sendMessage" | "purgeMessages" | "resendDeadLetter"
        | "deleteDeadLetters" => Kind::Command,
        "updateTwin" | "replaceTwin" => Kind::Twin,
        "createJob" | "cancelJob" | "cancelJobDevice" => Kind::Job,
        _ => Kind::Identity,
    }
}

#[cfg(test)]
#[path = "timeline_tests.rs"]
mod tests;
