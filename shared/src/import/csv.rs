//! Identities as a table, for people with a spreadsheet (ours).
//!
//! The first record names the columns, in any order and case: `id`, `moduleId`, `importMode`,
//! `eTag`, `twinETag`, `status`, `statusReason`, `managedBy`, `primaryKey`, `secondaryKey`,
//! `primaryThumbprint`, `secondaryThumbprint`, `authenticationType`, `iotEdge`, `deviceScope`;
//! and `tags.<path>` and `desired.<path>` with dots between the names. Empty fields count as
//! absent. Values of tags and desired properties are read as JSON where they are JSON numbers,
//! `true` or `false`, else as text.

use super::line::identity_of_line;
use super::{Content, Line, MAX_LINE_BYTES};
use crate::error::{ErrorCode, HubError};
use crate::json;
use csv_core::ReadRecordResult;
use serde_json::{Map, Value};

/// Most columns of a table.
const MAX_COLUMNS: usize = 200;
/// Most fields of a record: enough to tell that there are too many.
const MAX_FIELDS: usize = 1024;

/// Where a field goes in an item.
#[derive(Debug, Clone, PartialEq)]
struct Column {
    path: Vec<String>,
    /// Read as JSON where it is a number or a truth.
    typed: bool,
}

const KNOWN: [(&str, &[&str]); 15] = [
    ("id", &["id"]),
    ("moduleId", &["moduleId"]),
    ("importMode", &["importMode"]),
    ("eTag", &["eTag"]),
    ("twinETag", &["twinETag"]),
    ("status", &["status"]),
    ("statusReason", &["statusReason"]),
    ("managedBy", &["managedBy"]),
    ("deviceScope", &["deviceScope"]),
    ("iotEdge", &["capabilities", "iotEdge"]),
    ("authenticationType", &["authentication", "type"]),
    (
        "primaryKey",
        &["authentication", "symmetricKey", "primaryKey"],
    ),
    (
        "secondaryKey",
        &["authentication", "symmetricKey", "secondaryKey"],
    ),
    (
        "primaryThumbprint",
        &["authentication", "x509Thumbprint", "primaryThumbprint"],
    ),
    (
        "secondaryThumbprint",
        &["authentication", "x509Thumbprint", "secondaryThumbprint"],
    ),
];

fn column(name: &str) -> Result<Column, String> {
    let name = name.trim().trim_start_matches('\u{feff}');
    if let Some((_, path)) = KNOWN
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
    {
        return Ok(Column {
            path: path.iter().map(|part| (*part).to_owned()).collect(),
            typed: path == &["capabilities", "iotEdge"],
        });
    }
    let (section, rest) = name.split_once('.').unwrap_or((name, ""));
    let begin: &[&str] = match section.to_ascii_lowercase().as_str() {
        "tags" => &["tags"],
        "desired" => &["properties", "desired"],
        _ => &[],
    };
    if begin.is_empty() || rest.is_empty() || rest.split('.').any(str::is_empty) {
        return Err(format!("{name:?} is no column of an import table"));
    }
    let path = begin.iter().copied().chain(rest.split('.'));
    Ok(Column {
        path: path.map(str::to_owned).collect(),
        typed: true,
    })
}

/// A table that comes in pieces.
#[derive(Debug)]
pub(super) struct Table {
    reader: csv_core::Reader,
    columns: Option<Vec<Column>>,
    /// The fields of the record that has begun, one behind the other, and where they end.
    fields: Vec<u8>,
    length: usize,
    ends: Vec<usize>,
    count: usize,
    is_too_long: bool,
    /// The line of the next byte, and the one where the record began.
    line: usize,
    first: Option<usize>,
}

impl Default for Table {
    fn default() -> Self {
        Self {
            reader: csv_core::Reader::new(),
            columns: None,
            fields: vec![0; 1024],
            length: 0,
            ends: vec![0; 32],
            count: 0,
            is_too_long: false,
            line: 1,
            first: None,
        }
    }
}

impl Table {
    /// Takes the next piece and adds the records that end in it; `Err` if the first of all
    /// makes no sense.
    pub(super) fn push(&mut self, piece: &[u8], lines: &mut Vec<Line>) -> Result<(), HubError> {
        let mut rest = piece;
        while let Some(first) = rest.first() {
            if self.first.is_none() && matches!(first, b'\r' | b'\n') {
                // Between records, where the reader would skip it and lose count of lines.
                self.line += usize::from(*first == b'\n');
                rest = rest.get(1..).unwrap_or_default();
                continue;
            }
            rest = self.read(rest, lines)?;
        }
        Ok(())
    }

    pub(super) fn finish(mut self, lines: &mut Vec<Line>) -> Result<(), HubError> {
        if self.first.is_some() {
            self.read(&[], lines)?;
        }
        if self.columns.is_none() {
            return Err(needs_columns());
        }
        Ok(())
    }

    /// Reads on to the end of the record or of the piece, an empty one being the end of the
    /// file; gives back what is left.
    fn read<'a>(&mut self, piece: &'a [u8], lines: &mut Vec<Line>) -> Result<&'a [u8], HubError> {
        self.first.get_or_insert(self.line);
        let mut rest = piece;
        loop {
            let fields = self.fields.get_mut(self.length..).unwrap_or_default();
            let ends = self.ends.get_mut(self.count..).unwrap_or_default();
            let (result, read, written, ended) = self.reader.read_record(rest, fields, ends);
            let (taken, left) = rest.split_at_checked(read).unwrap_or((rest, &[]));
            self.line += taken.iter().filter(|byte| **byte == b'\n').count();
            self.length += written;
            self.count += ended;
            rest = left;
            match result {
                ReadRecordResult::InputEmpty => return Ok(rest),
                ReadRecordResult::OutputFull if self.fields.len() < MAX_LINE_BYTES => {
                    self.fields.resize(self.fields.len() * 2, 0);
                }
                ReadRecordResult::OutputEndsFull if self.ends.len() < MAX_FIELDS => {
                    self.ends.resize(self.ends.len() * 2, 0);
                }
                // What comes until the record ends is written over what came.
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    self.is_too_long = true;
                    (self.length, self.count) = (0, 0);
                }
                ReadRecordResult::Record => {
                    let record = self.record();
                    (self.length, self.count, self.is_too_long) = (0, 0, false);
                    let number = self.first.take().unwrap_or(self.line);
                    match &self.columns {
                        Some(columns) => lines.push(Line {
                            number,
                            content: record.map_or_else(broken, |record| content(columns, &record)),
                        }),
                        None => self.columns = Some(read_header(record)?),
                    }
                    return Ok(rest);
                }
                ReadRecordResult::End => {
                    self.first = None;
                    return Ok(rest);
                }
            }
        }
    }

    /// The fields of the record that has ended.
    fn record(&self) -> Result<Vec<String>, String> {
        if self.is_too_long {
            return Err(format!(
                "it has more than {MAX_LINE_BYTES} bytes, or more than {MAX_FIELDS} fields"
            ));
        }
        let mut begin = 0;
        let ends = self.ends.get(..self.count).unwrap_or_default();
        let fields = ends.iter().map(|end| {
            let field = self.fields.get(begin..*end).unwrap_or_default();
            begin = *end;
            std::str::from_utf8(field).map(str::to_owned)
        });
        fields
            .collect::<Result<_, _>>()
            .map_err(|error| format!("it is not UTF-8: {error}"))
    }
}

fn broken(why: String) -> Content {
    let text = format!("Invalid device format in line: {why}.");
    Content::Broken(HubError::new(ErrorCode::DeserializationError, text), None)
}

fn needs_columns() -> HubError {
    HubError::invalid("The first line must name the columns, and one of them must be id.")
}

fn read_header(header: Result<Vec<String>, String>) -> Result<Vec<Column>, HubError> {
    let header = header.map_err(|why| {
        HubError::invalid(format!("The table's first line cannot be read: {why}."))
    })?;
    if header.len() > MAX_COLUMNS {
        return Err(HubError::invalid(format!(
            "The table has more than {MAX_COLUMNS} columns."
        )));
    }
    let columns: Vec<Column> = header
        .iter()
        .enumerate()
        .map(|(index, name)| {
            column(name).map_err(|why| HubError::invalid(format!("Column {}: {why}.", index + 1)))
        })
        .collect::<Result<_, _>>()?;
    if columns.iter().any(|column| column.path == ["id"]) {
        Ok(columns)
    } else {
        Err(needs_columns())
    }
}

fn content(columns: &[Column], record: &[String]) -> Content {
    if record.iter().all(|field| field.trim().is_empty()) {
        return Content::Nothing;
    }
    if record.len() > columns.len() {
        let text = format!(
            "The line has {} fields, the table {} columns.",
            record.len(),
            columns.len()
        );
        return Content::Broken(
            HubError::new(ErrorCode::DeserializationError, text),
            Some(columns.len() + 1),
        );
    }
    let mut item = Map::new();
    for (index, (column, field)) in columns.iter().zip(record).enumerate() {
        if field.is_empty() {
            continue;
        }
        let value = if column.typed {
            typed(field)
        } else {
            json!(field)
        };
        if !put(&mut item, &column.path, value) {
            let text = format!(
                "{} stands beside a column that lies within it, or twice.",
                column.path.join(".")
            );
            return Content::Broken(HubError::invalid(text), Some(index + 1));
        }
    }
    match identity_of_line(&item) {
        Ok(identity) => Content::Item(identity, Value::Object(item)),
        Err(error) => {
            let id = columns.iter().position(|column| column.path == ["id"]);
            Content::Broken(error, id.map(|index| index + 1))
        }
    }
}

fn typed(field: &str) -> Value {
    match serde_json::from_str(field) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
        _ => json!(field),
    }
}

/// Puts a value where its path leads; `false` if something else is there.
fn put(item: &mut Map<String, Value>, path: &[String], value: Value) -> bool {
    match path {
        [] => false,
        [name] => {
            if item.contains_key(name) {
                return false;
            }
            item.insert(name.clone(), value);
            true
        }
        [name, rest @ ..] => {
            let inner = item
                .entry(name.clone())
                .or_insert_with(|| Value::Object(Map::new()));
            match inner {
                Value::Object(inner) => put(inner, rest, value),
                _ => false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Format, read};
    use super::*;
    use proptest::prelude::*;

    fn items(text: &str) -> Result<Vec<Line>, HubError> {
        read(Format::Csv, text.as_bytes())
    }

    fn values(text: &str) -> Vec<Value> {
        items(text)
            .unwrap()
            .into_iter()
            .map(|line| match line.content {
                Content::Item(_, item) => item,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_table_becomes_items() {
        let table = "ID,status,tags.site.floor,tags.name,desired.rate,iotEdge,primaryKey\r\n\
                     pump,disabled,3,\"a, \"\"b\"\"\",1.5,true,\r\n\
                     fan,enabled,,,,,a2V5\r\n";
        assert_eq!(
            values(table),
            [
                json!({
                    "id": "pump",
                    "status": "disabled",
                    "tags": { "site": { "floor": 3 }, "name": "a, \"b\"" },
                    "properties": { "desired": { "rate": 1.5 } },
                    "capabilities": { "iotEdge": true },
                }),
                json!({
                    "id": "fan",
                    "status": "enabled",
                    "authentication": { "symmetricKey": { "primaryKey": "a2V5" } },
                }),
            ]
        );
    }

    #[test]
    fn what_is_wrong_has_its_line_and_column() {
        let lines = items("id,status,tags.a,tags.a.b\nx,enabled,1,\ny,enabled,1,2\n,enabled,1,\nz,enabled,1,2,3\nw,,1,\n").unwrap();
        let wrong: Vec<(usize, Option<usize>)> = lines
            .iter()
            .filter_map(|line| match &line.content {
                Content::Broken(_, column) => Some((line.number, *column)),
                _ => None,
            })
            .collect();
        assert_eq!(
            wrong,
            [(3, Some(4)), (4, Some(1)), (5, Some(5)), (6, Some(1))]
        );
    }

    #[test]
    fn a_record_that_is_too_long_costs_itself_alone() {
        let fields = ",".repeat(MAX_FIELDS + 1);
        let bytes = "x".repeat(MAX_LINE_BYTES);
        let lines = items(&format!("id\n{fields}\na\n\"{bytes}\n\"\nb\n")).unwrap();
        let shown: Vec<(usize, bool)> = lines
            .iter()
            .map(|line| {
                let is_too_long = matches!(&line.content, Content::Broken(error, None)
                    if error.message.contains("more than"));
                (line.number, is_too_long)
            })
            .collect();
        assert_eq!(shown, [(2, true), (3, false), (4, true), (6, false)]);
    }

    #[test]
    fn a_table_needs_known_columns_and_an_id() {
        for table in [
            "",
            "status\nenabled\n",
            "id,colour\na,red\n",
            "id,tags.\n",
            "id,tags\n",
        ] {
            let error = items(table).unwrap_err();
            assert_eq!(error.code, ErrorCode::ArgumentInvalid, "{table:?}");
        }
        assert!(items("id\n").unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn any_table_ends_without_panic(text in "[a-z,\"\n\r. ]{0,200}") {
            let _lines = items(&format!("id,tags.a\n{text}"));
            let _whole = items(&text);
        }
    }
}
