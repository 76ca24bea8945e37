//! Import files as tables (`shared::import`, ours).

use csv::WriterBuilder;
use serde_json::Value;
use shared::error::HubError;
use shared::import::{Content, Format, Line, Reader, json_item, read};

/// An accepted row says the same as a JSON line and as a table of its own; pieces may end
/// anywhere.
pub fn check(data: &[u8]) {
    let whole = read(Format::Csv, data);
    assert_eq!(in_pieces(data), whole);
    let Ok(lines) = whole else {
        return;
    };
    let text = String::from_utf8_lossy(data);
    let mut last = 0;
    for line in lines {
        // A bare CR ends a record too, but is no line to an editor.
        assert!(line.number >= last, "lines in order: {text:?}");
        last = line.number;
        match &line.content {
            Content::Item(_, item) => {
                assert_eq!(
                    json_item(item.to_string().as_bytes()),
                    line.content,
                    "{text:?}"
                );
                let table = table_of(item);
                let again = read(Format::Csv, table.as_bytes()).map(|lines| {
                    let contents: Vec<Content> =
                        lines.into_iter().map(|line| line.content).collect();
                    contents
                });
                assert_eq!(again, Ok(vec![line.content.clone()]), "{table:?}");
            }
            Content::Broken(error, column) => {
                assert_eq!(error.code.status(), 400, "{text:?}");
                assert_ne!(*column, Some(0), "columns count from 1");
            }
            Content::Nothing => {}
        }
    }
}

fn in_pieces(data: &[u8]) -> Result<Vec<Line>, HubError> {
    let mut lines = Vec::new();
    let mut reader = Reader::new(Format::Csv);
    for piece in data.chunks(3) {
        reader.push(piece, &mut lines)?;
    }
    reader.finish(&mut lines)?;
    Ok(lines)
}

/// A table with this item alone.
fn table_of(item: &Value) -> String {
    let mut columns = Vec::new();
    collect(item, &mut Vec::new(), &mut columns);
    let mut writer = WriterBuilder::new().from_writer(Vec::new());
    let (names, fields): (Vec<String>, Vec<String>) = columns.into_iter().unzip();
    writer.write_record(names).expect("memory");
    writer.write_record(fields).expect("memory");
    String::from_utf8(writer.into_inner().expect("memory")).expect("UTF-8")
}

fn collect<'a>(value: &'a Value, path: &mut Vec<&'a str>, columns: &mut Vec<(String, String)>) {
    let Value::Object(members) = value else {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        columns.push((name(path), text));
        return;
    };
    for (member, value) in members {
        path.push(member);
        collect(value, path, columns);
        path.pop();
    }
}

/// The column that leads to a path.
fn name(path: &[&str]) -> String {
    match path {
        ["properties", "desired", rest @ ..] => format!("desired.{}", rest.join(".")),
        ["tags", ..] => path.join("."),
        ["authentication", "type"] => "authenticationType".to_owned(),
        // All others are called like the last name of their path.
        _ => path.last().copied().unwrap_or_default().to_owned(),
    }
}
