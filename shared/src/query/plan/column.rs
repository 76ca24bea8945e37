//! Where a path of a document is in a shard's tables (`hub::registry::schema`).
//!
//! Must know only places whose SQL value stands for the document's value without doubt.

use super::MAX_TEXT;
use crate::query::ast::{Column, Select, Source};
use crate::query::path::{Path, Step};
use crate::time::Timestamp;

/// Longest position in an array that goes into a JSON path.
const MAX_INDEX: usize = 9999;

/// A place in the tables.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// SQL text that is a string, or NULL if the field is undefined.
    Text(&'static str),
    /// A column of 0 and 1, never NULL.
    Flag(&'static str),
    /// A column that is a whole number, never NULL.
    Number(&'static str),
    /// Milliseconds, never NULL.
    Time(String),
    /// The only element of an array, or NULL if there is no array.
    OnlyElement(&'static str),
    /// Within a JSONB column, by SQLite's path.
    Json {
        column: &'static str,
        path: String,
        /// There is an index of it: the path has to stand in the statement itself.
        is_indexed: bool,
    },
}

/// A path that operators have an index made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexedPath {
    column: &'static str,
    path: String,
}

impl IndexedPath {
    /// Of a path as queries write it, such as `tags.site`. `None`: it is none, or not one
    /// into tags or properties.
    pub fn parse(text: &str) -> Option<Self> {
        let query = crate::query::parse(&format!("SELECT {text} FROM devices")).ok()?;
        let Select::Columns(columns) = query.select else {
            return None;
        };
        let [
            Column {
                source: Source::Path(path),
                ..
            },
        ] = columns.as_slice()
        else {
            return None;
        };
        if query.condition.is_some() || query.top.is_some() {
            return None;
        }
        match Place::of(path, &[])? {
            Place::Json { column, path, .. } => Some(Self { column, path }),
            _ => None,
        }
    }

    /// What the index is over, exactly as statements have it.
    pub fn expression(&self) -> String {
        extract(self.column, &self.path)
    }
}

/// The path is part of the statement, so that SQLite knows the index again.
pub(super) fn extract(column: &str, path: &str) -> String {
    format!("json_extract({column}, '{}')", path.replace('\'', "''"))
}

impl Place {
    /// Where a path is. `None`: nowhere that this knows of.
    pub(super) fn of(path: &Path, indexed: &[IndexedPath]) -> Option<Self> {
        let mut place = Self::unindexed(path)?;
        if let Self::Json {
            column,
            path,
            is_indexed,
        } = &mut place
        {
            *is_indexed = indexed
                .iter()
                .any(|known| known.column == *column && known.path == *path);
        }
        Some(place)
    }

    fn unindexed(path: &Path) -> Option<Self> {
        let names = path.names();
        match (names.as_slice(), path.steps.len()) {
            (["deviceId"], 1) => Some(Self::Text("identity.device_id")),
            (["moduleId"], 1) => Some(Self::Text("nullif(identity.module_id, '')")),
            (["status"], 1) => Some(Self::Text("identity.status")),
            (["statusReason"], 1) => Some(Self::Text("identity.status_reason")),
            (["connectionState"], 1) => Some(Self::Text(
                "CASE WHEN identity.gateway IS NULL THEN 'Disconnected' ELSE 'Connected' END",
            )),
            (["modelId"], 1) => Some(Self::Text("coalesce(identity.model_id, '')")),
            (["deviceScope"], 1) => Some(Self::Text("identity.device_scope")),
            (["parentScopes"], 1) => Some(Self::OnlyElement("identity.parent_scope")),
            (["capabilities", "iotEdge"], 2) => Some(Self::Flag("identity.iot_edge")),
            (["version"], 1) => Some(Self::Number("twin.version")),
            (["lastActivityTime"], 1) => Some(time("identity.last_activity")),
            (["statusUpdateTime"], 1) => Some(time("identity.status_updated")),
            // Marks have more members than documents show.
            (["configurations", _, "status"], 3) => {
                json("twin.configurations", "$", path.steps.get(1..)?)
            }
            (["tags", _, ..], _) => json("twin.tags", "$", path.steps.get(1..)?),
            (["properties", section @ ("desired" | "reported"), first, ..], length) => {
                // Compared as instants, which text in SQL is not.
                if path.is_time {
                    return None;
                }
                let column = if *section == "desired" {
                    "twin.desired"
                } else {
                    "twin.reported"
                };
                match *first {
                    "$version" if length == 3 => json(column, "$.version", &[]),
                    "$version" => None,
                    "$metadata" => json(column, "$.metadata", path.steps.get(3..)?),
                    _ => json(column, "$.properties", path.steps.get(2..)?),
                }
            }
            _ => None,
        }
    }
}

fn time(column: &str) -> Place {
    Place::Time(format!(
        "coalesce({column}, {})",
        Timestamp::UNSET.milliseconds()
    ))
}

/// Names with quotes, escapes or letters beyond ASCII are left to the evaluator: SQLite
/// would have to agree about how they are written.
fn json(column: &'static str, root: &str, steps: &[Step]) -> Option<Place> {
    let mut path = root.to_owned();
    for step in steps {
        match step {
            Step::Name(name) => {
                let plain = |byte: u8| {
                    (byte == b' ' || byte.is_ascii_graphic()) && !matches!(byte, b'"' | b'\\')
                };
                if name.is_empty() || !name.bytes().all(plain) {
                    return None;
                }
                path.push_str(&format!(".\"{name}\""));
            }
            Step::Index(index) if *index <= MAX_INDEX => path.push_str(&format!("[{index}]")),
            Step::Index(_) => return None,
        }
    }
    (path.len() <= MAX_TEXT).then_some(Place::Json {
        column,
        path,
        is_indexed: false,
    })
}
