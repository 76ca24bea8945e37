//! A shard's part of a query (`query-routing-events.md` §1): slices of a scan in order of id.
//!
//! Reads the rows of this very moment, so a query sees every acknowledged write. The SQL
//! prefilter takes out rows that cannot match; the evaluator decides about the others. A
//! slice is bounded in rows and bytes, so that a query never keeps devices waiting long.

use super::identity::{COLUMNS, IdentityRow};
use super::query_changes::Sight;
use super::twins::Member;
use super::{Context, Registry, job_documents, tally, twins};
use crate::configuration::marks::{self, Marks};
use crate::error::HubError;
use crate::ipc::query::{QueryItem, QueryPart, QueryScan};
use crate::ipc::registry::RegistryReply;
use crate::json;
use crate::query::plan::{IndexedPath, Prefilter, prefilter};
use crate::query::project::with_since;
use crate::query::{
    Collection, DocumentKey, Groups, Place, Query, Sections, Select, Shape, matches, parse,
    parse_condition, project,
};
use crate::reading;
use crate::sorting;
use crate::sql::{Row, Sql, SqlValue};
use crate::twin::stored::{ObjectText, StoredTwin};
use crate::twin::tag_schema::violation;
use crate::twin::{Section, Twin};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

/// Rows of one statement: they are all in memory at once. One more than a page has, since
/// that is what a page without a condition asks for.
pub(super) const BATCH: u32 = 101;
/// Rows that one slice looks at.
const SLICE: u64 = 2_000;
/// Results of one slice, about; a single larger one goes alone.
const MAX_PART_BYTES: usize = 1_000_000;
/// Most results of one slice.
const MAX_ITEMS: u32 = 1_001;

impl Registry {
    /// Scans on.
    pub(super) fn scan(
        &self,
        scan: &QueryScan,
        context: &mut Context<'_>,
    ) -> Result<RegistryReply, HubError> {
        let sight = scan.watch.map(|watch| self.sight(&watch, context.now));
        if let Some(part) = sight.and_then(Sight::nothing) {
            return Ok(RegistryReply::QueryPart(Box::new(part)));
        }
        let mut query = parse(&scan.text)?;
        if let Some(scope) = &scan.scope {
            query.narrow(parse_condition(scope)?)?;
        }
        let nothing = json!({});
        let known = self
            .settings
            .as_ref()
            .and_then(|known| known.tag_schema.as_ref());
        let mut slice = Slice {
            scan,
            query: &query,
            indexed: &self.indexed,
            schema: scan
                .violations
                .then(|| known.map_or(&nothing, |known| &known.schema)),
            limit: usize::try_from(scan.limit.clamp(1, MAX_ITEMS)).unwrap_or(1),
            part: QueryPart::default(),
            max_bytes: scan.watch.map_or(MAX_PART_BYTES, |watch| {
                usize::try_from(watch.max_bytes).unwrap_or(MAX_PART_BYTES)
            }),
            bytes: 0,
            places: Vec::new(),
            groups: Groups::default(),
        };
        match sight {
            Some(sight) => slice.watch(sight, &self.changes, context.sql)?,
            None => slice.run(context.sql)?,
        }
        Ok(RegistryReply::QueryPart(Box::new(slice.part)))
    }
}

/// A part in the making.
pub(super) struct Slice<'a> {
    scan: &'a QueryScan,
    pub(super) query: &'a Query,
    indexed: &'a [IndexedPath],
    /// Only documents count whose tags break it, and results say how.
    schema: Option<&'a Value>,
    limit: usize,
    pub(super) part: QueryPart,
    max_bytes: usize,
    bytes: usize,
    /// Candidates of an ordered query, without what they hold.
    places: Vec<Place>,
    groups: Groups,
}

impl Slice<'_> {
    pub(super) fn run(&mut self, sql: &dyn Sql) -> Result<(), HubError> {
        let sections = Sections::to_scan(self.query);
        let condition = self.query.condition.as_ref();
        let mut prefilter = prefilter(condition, self.indexed);
        let mut after = self.scan.after.clone();
        let counts_only = self.scan.explain || self.query.shape() == Shape::Groups;
        if counts_only
            && self.schema.is_none()
            && let Some(tally) = tally::plan(
                self.query,
                self.scan.explain,
                prefilter.as_ref(),
                self.indexed,
            )
        {
            if after.is_none() {
                self.part.matched += tally.count(self.query, sql, &mut self.groups)?;
            }
            let Some(rest) = tally.rest else {
                self.part.groups = std::mem::take(&mut self.groups).into_parts();
                return Ok(());
            };
            prefilter = Some(rest);
        }
        let is_job = self.query.collection == Collection::Jobs;
        'slice: loop {
            let read = if is_job {
                job_documents::read_rows
            } else {
                read_rows
            };
            let rows = read(
                sql,
                self.query,
                sections,
                prefilter.as_ref(),
                after.as_ref(),
            )?;
            let last_batch = rows.len() < usize::try_from(BATCH).unwrap_or(0);
            for row in &rows {
                after = Some(self.read(row)?);
                self.part.scanned += 1;
                if self.is_full() {
                    self.part.scanned_to = after;
                    break 'slice;
                }
            }
            if last_batch {
                break;
            }
            if self.part.scanned >= SLICE {
                self.part.scanned_to = after;
                break;
            }
        }
        self.part.groups = std::mem::take(&mut self.groups).into_parts();
        self.load_ordered(sql)
    }

    /// Takes a row if it is a result. The same text comes of the same row, however it was found.
    pub(super) fn read(&mut self, row: &Row) -> Result<DocumentKey, HubError> {
        if self.shows_whole_rows() {
            self.show(row)
        } else {
            self.look_at(row)
        }
    }

    /// Whether every row is a result as it stands, so that nobody needs to look inside.
    fn shows_whole_rows(&self) -> bool {
        self.query.collection != Collection::Jobs
            && self.query.condition.is_none()
            && self.query.shape() == Shape::Rows
            && self.query.select == Select::Everything
            && self.schema.is_none()
            && !self.scan.explain
    }

    /// Whether a result that is made on the way is complete.
    pub(super) fn is_full(&self) -> bool {
        self.part.items.len() >= self.limit || self.bytes > self.max_bytes
    }

    /// Takes a row as it stands.
    fn show(&mut self, row: &Row) -> Result<DocumentKey, HubError> {
        let (identity, body) = read_document_text(row)?;
        let key = DocumentKey::of(&identity.identity);
        self.part.matched += 1;
        self.push(Place::of(None, &Value::Null, key.clone()), body);
        Ok(key)
    }

    /// Takes a row if it fulfils the condition.
    fn look_at(&mut self, row: &Row) -> Result<DocumentKey, HubError> {
        let (key, since, document) = if self.query.collection == Collection::Jobs {
            let (key, document) = job_documents::read_document(row)?;
            (key, None, document)
        } else {
            let (identity, document) = read_document(row)?;
            let key = DocumentKey::of(&identity.identity);
            (key, identity.state_updated, document)
        };
        let result = match self.schema {
            _ if !matches(self.query.condition.as_ref(), &document) => None,
            Some(schema) => broken(schema, &document),
            None => Some(document),
        };
        if let Some(result) = result {
            self.part.matched += 1;
            self.take(key.clone(), with_since(self.query, result, since))?;
        }
        Ok(key)
    }

    fn take(&mut self, key: DocumentKey, document: Value) -> Result<(), HubError> {
        if self.scan.explain {
            return Ok(());
        }
        match self.query.shape() {
            Shape::Groups => self.groups.add(self.query, &document)?,
            Shape::Rows => {
                let place = Place::of(None, &document, key);
                let body = match self.schema {
                    Some(_) => document,
                    None => project(self.query, document),
                };
                self.add(place, &body)?;
            }
            Shape::Ordered => {
                let place = Place::of(self.query.order_by.as_ref(), &document, key);
                let behind = self
                    .scan
                    .beyond
                    .as_ref()
                    .is_none_or(|beyond| place.compare(beyond, self.query).is_gt());
                if behind {
                    self.places.push(place);
                }
                if self.places.len() >= 2 * self.limit {
                    self.keep_first_places();
                }
            }
        }
        Ok(())
    }

    fn keep_first_places(&mut self) {
        let query = self.query;
        sorting::sort_by(&mut self.places, |one, other| one.compare(other, query));
        self.part.cut |= self.places.len() > self.limit;
        self.places.truncate(self.limit);
    }

    /// Loads what the first results of an ordered query hold, now that they are known.
    fn load_ordered(&mut self, sql: &dyn Sql) -> Result<(), HubError> {
        self.keep_first_places();
        let sections = Sections::to_show(self.query);
        for place in std::mem::take(&mut self.places) {
            if self.bytes > MAX_PART_BYTES {
                self.part.cut = true;
                break;
            }
            let document = if self.query.collection == Collection::Jobs {
                job_documents::read_one(sql, &place.key)?
            } else {
                let row = read_row(sql, sections, &place.key)?;
                let read = row.as_ref().map(read_document).transpose()?;
                read.map(|(row, document)| with_since(self.query, document, row.state_updated))
            };
            let Some(document) = document else {
                continue;
            };
            self.add(place, &project(self.query, document))?;
        }
        Ok(())
    }

    fn add(&mut self, place: Place, body: &Value) -> Result<(), HubError> {
        let body =
            to_raw_value(body).map_err(|error| HubError::internal(format!("a result: {error}")))?;
        self.push(place, body);
        Ok(())
    }

    fn push(&mut self, place: Place, body: Box<RawValue>) {
        self.bytes += body.get().len();
        self.part.items.push(QueryItem { place, body });
    }
}

/// How the tags of a document break a schema, if they do.
fn broken(schema: &Value, document: &Value) -> Option<Value> {
    let text = violation(schema, document.get("tags")?.as_object()?)?;
    Some(json!({ "deviceId": document.get("deviceId"), "violation": text }))
}

/// The columns of the identity.
pub(super) fn identity_columns() -> String {
    let columns = COLUMNS
        .split(", ")
        .map(|column| format!("identity.{column}"));
    columns.collect::<Vec<_>>().join(", ")
}

/// Behind them: etag and version of the twin, its documents as far as they are needed, the
/// number of pending messages, the marks of configurations.
pub(super) fn twin_columns(sections: Sections) -> String {
    let or_null = |needed: bool, sql: &'static str| if needed { sql } else { "NULL" };
    format!(
        "twin.etag, twin.version, {}, {}, {}, {}, json(twin.configurations)",
        or_null(sections.tags, "json(twin.tags)"),
        or_null(sections.desired, "json(twin.desired)"),
        or_null(sections.reported, "json(twin.reported)"),
        or_null(
            sections.messages,
            "(SELECT count(*) FROM message WHERE message.device_id = identity.device_id \
             AND identity.module_id = '')"
        ),
    )
}

pub(super) fn columns(sections: Sections) -> String {
    format!("{}, {}", identity_columns(), twin_columns(sections))
}

/// All of a twin, without the number of messages that wait, which is a query of its own.
pub(super) const TWIN_ALONE: Sections = Sections {
    messages: false,
    ..Sections::ALL
};

/// The next rows in order of id, devices and modules alike.
pub(super) fn rows_behind(
    sql: &dyn Sql,
    sections: Sections,
    after: &DocumentKey,
    limit: u32,
) -> Result<Vec<Row>, HubError> {
    let statement = format!(
        "SELECT {} FROM {TABLES} WHERE (identity.device_id, identity.module_id) > (?, ?) \
         ORDER BY identity.device_id, identity.module_id LIMIT ?",
        columns(sections)
    );
    let parameters: [SqlValue; 3] = [
        after.device.as_str().into(),
        after.module.as_str().into(),
        i64::from(limit).into(),
    ];
    sql.query(&statement, &parameters)
}

pub(super) const TABLES: &str = "identity JOIN twin ON twin.device_id = identity.device_id \
    AND twin.module_id = identity.module_id";

fn read_rows(
    sql: &dyn Sql,
    query: &Query,
    sections: Sections,
    prefilter: Option<&Prefilter>,
    after: Option<&DocumentKey>,
) -> Result<Vec<Row>, HubError> {
    let mut statement = format!(
        "SELECT {} FROM {TABLES} WHERE identity.module_id {} ''",
        columns(sections),
        if query.collection == Collection::Modules {
            "<>"
        } else {
            "="
        }
    );
    let mut parameters: Vec<SqlValue> = Vec::new();
    if let Some(after) = after {
        statement.push_str(" AND (identity.device_id, identity.module_id) > (?, ?)");
        parameters.push(after.device.as_str().into());
        parameters.push(after.module.as_str().into());
    }
    if let Some(prefilter) = prefilter {
        statement.push_str(" AND ");
        statement.push_str(&prefilter.sql);
        parameters.extend(prefilter.parameters.iter().cloned());
    }
    statement.push_str(" ORDER BY identity.device_id, identity.module_id LIMIT ?");
    parameters.push(i64::from(BATCH).into());
    sql.query(&statement, &parameters)
}

pub(super) fn read_row(
    sql: &dyn Sql,
    sections: Sections,
    key: &DocumentKey,
) -> Result<Option<Row>, HubError> {
    let statement = format!(
        "SELECT {} FROM {TABLES} WHERE identity.device_id = ? AND identity.module_id = ?",
        columns(sections)
    );
    let rows = sql.query(
        &statement,
        &[key.device.as_str().into(), key.module.as_str().into()],
    )?;
    Ok(rows.into_iter().next())
}

/// A row as the document that REST shows; parts that were not fetched look like new ones.
pub(super) fn read_document(row: &Row) -> Result<(IdentityRow, Value), HubError> {
    let (identity, twin) = (IdentityRow::read(row)?, read_twin(row, 0)?);
    let document = twins::body(&identity, &twin, pending(row));
    Ok((identity, document))
}

/// The same document as text, of which nothing is parsed. All parts must have been fetched.
fn read_document_text(row: &Row) -> Result<(IdentityRow, Box<RawValue>), HubError> {
    let identity = IdentityRow::read(row)?;
    let (etag, version, twin) = read_stored_twin(row)?;
    let properties = twin.properties()?;
    let marks = row.text(COLUMNS.split(", ").count() + 6);
    let marks: Option<Marks> = marks
        .map(reading::from_str)
        .transpose()
        .map_err(|error| HubError::internal(format!("stored twin: {error}")))?;
    let mut text = ObjectText::new();
    twins::members(
        &identity,
        etag,
        version,
        pending(row),
        &mut |name, member| match member {
            Member::Plain(value) => text.member(name, &value),
            Member::Tags => text.text(name, twin.tags),
            Member::Properties => text.text(name, &properties),
            Member::Configurations => {
                if let Some(marks) = &marks {
                    text.member(name, &marks::shown(marks));
                }
            }
        },
    );
    Ok((identity, text.finish()?))
}

/// Etag, version and documents of a twin whose parts were all fetched.
pub(super) fn read_stored_twin(row: &Row) -> Result<(u64, u64, StoredTwin<'_>), HubError> {
    let width = COLUMNS.split(", ").count();
    let number = |column: usize| row.integer(width + column).unwrap_or(0).unsigned_abs();
    let twin = StoredTwin {
        tags: row.required_text(width + 2)?,
        desired: row.required_text(width + 3)?,
        reported: row.required_text(width + 4)?,
    };
    Ok((number(0), number(1), twin))
}

/// The number of pending messages.
pub(super) fn pending(row: &Row) -> i64 {
    row.integer(COLUMNS.split(", ").count() + 5).unwrap_or(0)
}

/// The twin, so many columns behind those of the identity.
pub(super) fn read_twin(row: &Row, behind: usize) -> Result<Twin, HubError> {
    fn part<T: serde::de::DeserializeOwned>(
        row: &Row,
        column: usize,
        absent: impl Fn() -> T,
    ) -> Result<T, HubError> {
        row.text(column).map_or_else(
            || Ok(absent()),
            |text| {
                reading::from_str(text)
                    .map_err(|error| HubError::internal(format!("stored twin: {error}")))
            },
        )
    }
    let width = COLUMNS.split(", ").count() + behind;
    let number = |column: usize| row.integer(width + column).unwrap_or(0);
    Ok(Twin {
        etag: number(0).unsigned_abs(),
        version: number(1).unsigned_abs(),
        tags: part(row, width + 2, serde_json::Map::new)?,
        desired: part(row, width + 3, Section::new)?,
        reported: part(row, width + 4, Section::new)?,
        configurations: part(row, width + 6, serde_json::Map::new)?,
    })
}
