//! Identities as a table, for people with a spreadsheet (ours).
//!
//! The first record names the columns, in any order and case: `id`, `moduleId`, `importMode`,
//! `eTag`, `twinETag`, `status`, `statusReason`, `managedBy`, `primaryKey`, `secondaryKey`,
//! `primaryThumbprint`, `secondaryThumbprint`, `authenticationType`, `iotEdge`, `deviceScope`;
//! and `tags.<path>` and `desired.<path>` with dots between the names. Empty fields count as
//! absent. Values of tags and desired properties are read as JSON where they are JSON numbers,
//! `true` or `false`, else as text.

use super::line::identity_of_line;
use super::{Content, Line};
use crate::error::{ErrorCode, HubError};
use csv::{ReaderBuilder, StringRecord};
use serde_json::{Map, Value, json};

/// Most columns of a table.
const MAX_COLUMNS: usize = 200;

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

/// The lines of a table; `Err` if its first record makes no sense.
pub fn items(text: &str) -> Result<Vec<Line>, HubError> {
    let mut reader = ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.as_bytes());
    let header = reader
        .headers()
        .map_err(|error| HubError::invalid(format!("The table cannot be read: {error}.")))?;
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
    if !columns.iter().any(|column| column.path == ["id"]) {
        return Err(HubError::invalid(
            "The first line must name the columns, and one of them must be id.",
        ));
    }
    let mut lines = Vec::new();
    for record in reader.records() {
        let (number, content) = match record {
            Ok(record) => (line_of(record.position()), content(&columns, &record)),
            Err(error) => {
                let number = line_of(error.position());
                let text = format!("Invalid device format in line: {error}.");
                let error = HubError::new(ErrorCode::DeserializationError, text);
                (number, Content::Broken(error, None))
            }
        };
        lines.push(Line { number, content });
    }
    Ok(lines)
}

fn line_of(position: Option<&csv::Position>) -> usize {
    position.map_or(0, |position| {
        usize::try_from(position.line()).unwrap_or(usize::MAX)
    })
}

fn content(columns: &[Column], record: &StringRecord) -> Content {
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
    use super::*;
    use proptest::prelude::*;

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
