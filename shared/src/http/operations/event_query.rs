//! What a reader of events asks for: where to begin, which partitions, which filters
//! (`query-routing-events.md` §5.2).

use crate::error::{ErrorCode, HubError};
use crate::http::cursor::EventCursor;
use crate::http::event_reader::{EventFilter, EventReader};
use crate::http::message::Request;
use crate::ids::DeviceId;
use crate::ipc::Layout;
use crate::ipc::events::Position;
use crate::ordered::OrderedMap;
use crate::routing;
use crate::sorting;
use crate::time::Timestamp;
use std::borrow::Cow;

/// The group that always exists.
pub const DEFAULT_GROUP: &str = "$Default";
/// Sources as they stand in events.
const SOURCES: [&str; 6] = [
    "Telemetry",
    "twinChangeEvents",
    "deviceLifecycleEvents",
    "deviceConnectionStateEvents",
    "digitalTwinChangeEvents",
    "deviceJobLifecycleEvents",
];

/// Gives a parameter by its name, if it is there and not empty.
pub type Given<'f, 'a> = dyn Fn(&str) -> Option<Cow<'a, str>> + 'f;

/// A checked question.
#[derive(Debug, Clone)]
pub struct EventQuery {
    /// The reader, at its beginning.
    pub reader: EventReader,
    /// The consumer group that it named.
    pub named_group: String,
    /// The consumer group whose checkpoint is read, if one is.
    pub group: Option<String>,
    /// The consumer group whose readers it counts among: none for a single device's events.
    pub counts_in: Option<String>,
}

impl EventQuery {
    /// Reads `partition`, `deviceId`, `source`, `group` and `from`, which is `default_from`
    /// when absent.
    pub fn read(request: &Request, layout: Layout, default_from: &str) -> Result<Self, HubError> {
        Self::of(&|name| request.filled_parameter(name), layout, default_from)
    }

    /// The same from wherever the parameters stand.
    pub fn of<'a>(
        given: &Given<'_, 'a>,
        layout: Layout,
        default_from: &str,
    ) -> Result<Self, HubError> {
        let from = given("from");
        Self::beginning(given, layout, from.as_deref().unwrap_or(default_from))
    }

    /// The same, but behind the event whose `id:` a stream's client saw last.
    pub fn resume(request: &Request, layout: Layout, last_id: &str) -> Result<Self, HubError> {
        let from = format!("cursor:{last_id}");
        Self::beginning(&|name| request.filled_parameter(name), layout, &from)
    }

    fn beginning(given: &Given<'_, '_>, layout: Layout, from: &str) -> Result<Self, HubError> {
        let text = |name| given(name).map(Cow::into_owned);
        let filter = EventFilter {
            device: text("deviceId"),
            sources: read_sources(given("source").as_deref())?,
            condition: text("filter"),
        };
        if let Some(condition) = &filter.condition {
            routing::event::filter(condition, &filter.sources)?;
        }
        let whole_partitions = filter.device.is_none();
        let partition = given("partition");
        let partitions = read_partitions(partition.as_deref(), layout, filter.device.as_deref())?;
        let group = read_group(given("group").as_deref())?;
        let (positions, untouched) = begin(from, &group, &partitions, layout)?;
        let uses_checkpoint = positions
            .values()
            .any(|position| matches!(position, Position::Checkpoint(_)));
        Ok(Self {
            reader: EventReader::new(positions, untouched, filter),
            counts_in: whole_partitions.then(|| group.clone()),
            named_group: group.clone(),
            group: uses_checkpoint.then_some(group),
        })
    }
}

/// Only the named partition, or the device's, or all.
fn read_partitions(
    partition: Option<&str>,
    layout: Layout,
    device: Option<&str>,
) -> Result<Vec<u16>, HubError> {
    if let Some(text) = partition {
        return match text.parse() {
            Ok(partition) if partition < layout.partitions => Ok(vec![partition]),
            _ => Err(HubError::invalid(format!(
                "partition must be a number from 0 to {}.",
                layout.partitions.saturating_sub(1)
            ))),
        };
    }
    match device {
        None => Ok((0..layout.partitions).collect()),
        Some(device) => {
            let device = DeviceId::parse(device)
                .map_err(|error| HubError::invalid(format!("deviceId is not legal: {error}.")))?;
            Ok(vec![layout.partition_of(&device)])
        }
    }
}

fn read_sources(given: Option<&str>) -> Result<Vec<String>, HubError> {
    let Some(text) = given else {
        return Ok(Vec::new());
    };
    text.split(',')
        .map(|name| {
            let name = if name.eq_ignore_ascii_case("DeviceMessages") {
                "Telemetry"
            } else {
                name
            };
            let known = SOURCES
                .iter()
                .find(|source| source.eq_ignore_ascii_case(name));
            known.map(|source| (*source).to_owned()).ok_or_else(|| {
                HubError::invalid(format!(
                    "source must be one or more of {}.",
                    SOURCES.join(", ")
                ))
            })
        })
        .collect()
}

fn read_group(given: Option<&str>) -> Result<String, HubError> {
    let name = given.unwrap_or(DEFAULT_GROUP);
    check_group_name(name).map(|()| name.to_owned())
}

/// `$Default`, or 1–50 of letters, digits, `-`, `.`, `_` (`query-routing-events.md` §5.1).
pub fn check_group_name(name: &str) -> Result<(), HubError> {
    let legal = (1..=50).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if legal || name == DEFAULT_GROUP {
        Ok(())
    } else {
        Err(HubError::invalid(
            "A consumer group's name has 1 to 50 letters, digits, '-', '.' or '_'.",
        ))
    }
}

type Beginning = (OrderedMap<u16, Position>, OrderedMap<u16, u64>);

fn begin(
    from: &str,
    group: &str,
    partitions: &[u16],
    layout: Layout,
) -> Result<Beginning, HubError> {
    let everywhere = |position: Position| {
        let positions = partitions
            .iter()
            .map(|partition| (*partition, position.clone()));
        (sorting::map(positions), OrderedMap::new())
    };
    let one_only = |position: Position| match partitions {
        [_] => Ok(everywhere(position)),
        _ => Err(HubError::invalid(
            "A sequence number or offset belongs to one partition: add partition= or deviceId=.",
        )),
    };
    let (kind, argument) = from.split_once(':').unwrap_or((from, ""));
    match (kind, argument) {
        ("earliest", "") => Ok(everywhere(Position::Earliest)),
        ("latest", "") => Ok(everywhere(Position::Latest)),
        ("checkpoint", "") => Ok(everywhere(Position::Checkpoint(group.to_owned()))),
        ("seq", text) => {
            let sequence = text.parse().map_err(|_| {
                HubError::invalid("from=seq: needs a sequence number, such as seq:25325.")
            })?;
            one_only(Position::After(sequence))
        }
        ("offset", text) if !text.is_empty() => one_only(Position::AfterOffset(text.to_owned())),
        ("time", text) => {
            let time = Timestamp::parse(text).ok_or_else(|| {
                HubError::invalid("from=time: needs a time, such as time:2026-03-01T10:00:00Z.")
            })?;
            Ok(everywhere(Position::Time(time)))
        }
        ("cursor", text) => continue_at(EventCursor::decode(text, layout.partitions)?, partitions),
        _ => Err(HubError::invalid(
            "from must be earliest, latest, checkpoint, seq:<n>, offset:<text>, time:<ISO time> or cursor:<cursor>.",
        )),
    }
}

/// Positions from a cursor; partitions in it that are not read stay as they are.
fn continue_at(cursor: EventCursor, partitions: &[u16]) -> Result<Beginning, HubError> {
    let mut untouched = cursor.0;
    let mut positions = OrderedMap::new();
    for partition in partitions {
        let sequence = untouched.remove(partition).ok_or_else(|| {
            HubError::new(
                ErrorCode::ArgumentInvalid,
                "The cursor does not cover all partitions that are asked for: keep the partition= or \
                 deviceId= that it was made with.",
            )
        })?;
        positions.insert(*partition, Position::After(sequence));
    }
    Ok((positions, untouched))
}

#[cfg(test)]
#[path = "event_query_tests.rs"]
mod tests;
