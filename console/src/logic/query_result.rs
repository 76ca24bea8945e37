//! What the query screen shows of results: columns, cells, files, and what else a query is good
//! for.

use super::number::decimal;
use super::url_state::{query_value, write_query};
use serde_json::Value;

/// Columns of whole twins, which have far more than fits on a screen.
const OF_TWINS: [&str; 6] = [
    "deviceId",
    "moduleId",
    "connectionState",
    "lastActivityTime",
    "tags",
    "properties.reported",
];
/// Most columns that are found by looking at results.
const MOST_COLUMNS: usize = 24;

/// The query and the columns asked for, as they stand in the address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Workbench {
    /// The query that was run; empty before the first one.
    pub text: String,
    /// Paths of the columns, with commas; empty: whatever there is.
    pub columns: String,
}

impl Workbench {
    /// Reads a query string.
    pub fn read(search: &str) -> Self {
        let text = |name: &str| query_value(search, name).unwrap_or_default();
        Self {
            text: text("q"),
            columns: text("columns"),
        }
    }

    /// The query string that reads back as this.
    pub fn write(&self) -> String {
        write_query([("q", self.text.clone()), ("columns", self.columns.clone())])
    }

    /// The columns that were asked for, or those that results have.
    pub fn columns_of(&self, rows: &[Value]) -> Vec<String> {
        let wanted = self.columns.split(',').map(str::trim);
        let wanted: Vec<String> = wanted
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect();
        if wanted.is_empty() {
            columns(rows)
        } else {
            wanted
        }
    }
}

/// The columns that results have, in the order in which they turn up.
fn columns(rows: &[Value]) -> Vec<String> {
    let is_twin = |row: &Value| row.get("deviceId").is_some() && row.get("properties").is_some();
    if rows.iter().all(is_twin) && !rows.is_empty() {
        let used = |path: &str| rows.iter().any(|row| at(row, path).is_some());
        let used = OF_TWINS.into_iter().filter(|path| used(path));
        return used.map(str::to_owned).collect();
    }
    let mut found: Vec<String> = Vec::new();
    for row in rows {
        for name in row.as_object().into_iter().flat_map(|row| row.keys()) {
            if found.len() < MOST_COLUMNS && !found.contains(name) {
                found.push(name.clone());
            }
        }
    }
    found
}

/// The value at a path with dots. A name that holds dots itself goes before.
pub fn at<'a>(row: &'a Value, path: &str) -> Option<&'a Value> {
    if let Some(value) = row.get(path) {
        return Some(value).filter(|value| !value.is_null());
    }
    let mut names = path.split('.');
    let first = names.next().and_then(|name| row.get(name));
    let value = names.try_fold(first?, |value, name| value.get(name));
    value.filter(|value| !value.is_null())
}

/// A cell as text: texts as they are, everything else as JSON without what the hub adds to
/// reported properties.
pub fn cell(row: &Value, path: &str) -> String {
    match at(row, path) {
        None => String::new(),
        // What never happened.
        Some(Value::String(text)) if text.starts_with("0001-01-01T00:00:00") => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(members)) => {
            let mut members = members.clone();
            members.retain(|name, _| !name.starts_with('$'));
            if members.is_empty() {
                return String::new();
            }
            Value::Object(members).to_string()
        }
        Some(other) => other.to_string(),
    }
}

/// Results as a table for other programs. What a spreadsheet would take for a formula is text.
pub fn csv(rows: &[Value], columns: &[String]) -> String {
    let quoted = |text: &str| {
        let guarded = if text.starts_with(['=', '+', '-', '@']) && decimal(text).is_none() {
            format!("'{text}")
        } else {
            text.to_owned()
        };
        if guarded.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", guarded.replace('"', "\"\""))
        } else {
            guarded
        }
    };
    let line = |cells: Vec<String>| format!("{}\r\n", cells.join(","));
    let mut text = line(columns.iter().map(|name| quoted(name)).collect());
    for row in rows {
        let cells = columns.iter().map(|path| quoted(&cell(row, path)));
        text.push_str(&line(cells.collect()));
    }
    text
}

/// Results as one JSON document a line.
pub fn lines(rows: &[Value]) -> String {
    rows.iter().map(|row| format!("{row}\n")).collect()
}

/// The condition of a query over devices, for a job over the same ones; none if the query is
/// about anything else.
pub fn condition(text: &str) -> Option<String> {
    let flat: Vec<&str> = text.split_whitespace().collect();
    let place = |word: &str| flat.iter().position(|one| one.eq_ignore_ascii_case(word));
    let from = place("from")?;
    if !flat.get(from + 1)?.eq_ignore_ascii_case("devices") || place("group").is_some() {
        return None;
    }
    let Some(begin) = place("where") else {
        return Some("*".to_owned());
    };
    let end = place("order").unwrap_or(flat.len());
    let words = flat.get(begin + 1..end)?;
    (!words.is_empty()).then(|| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_address_reads_back() {
        let bench = Workbench {
            text: "SELECT * FROM devices WHERE tags.a = 'x & y'\nORDER BY deviceId".into(),
            columns: "deviceId, tags.site".into(),
        };
        assert_eq!(Workbench::read(&bench.write()), bench);
        assert_eq!(bench.columns_of(&[]), ["deviceId", "tags.site"]);
    }

    #[test]
    fn columns_are_what_results_have() {
        let rows = [
            json!({ "n": 1, "site": "s1" }),
            json!({ "n": 2, "other": 3 }),
        ];
        let none = Workbench::default();
        assert_eq!(none.columns_of(&rows), ["n", "site", "other"]);
        let twin = json!({ "deviceId": "a", "etag": "x", "connectionState": "Connected",
            "tags": { "site": "s1" }, "properties": { "reported": { "$version": 1 } } });
        let shown = none.columns_of(&[twin]);
        assert_eq!(
            shown,
            ["deviceId", "connectionState", "tags", "properties.reported"]
        );
    }

    #[test]
    fn cells_are_texts() {
        let row = json!({ "a.b": 1, "a": { "b": 2, "c": "x" }, "n": null,
            "r": { "$version": 3, "t": 4 } });
        assert_eq!(cell(&row, "a.b"), "1");
        assert_eq!(cell(&row, "a.c"), "x");
        assert_eq!(cell(&row, "n"), "");
        assert_eq!(cell(&row, "r"), r#"{"t":4}"#);
        assert_eq!(cell(&row, "a.c.d"), "");
        let never = json!({ "lastActivityTime": "0001-01-01T00:00:00Z" });
        assert_eq!(cell(&never, "lastActivityTime"), "");
    }

    #[test]
    fn files_can_be_opened_by_spreadsheets() {
        let rows = [json!({ "a": "x,\"y\"", "b": "=1+1" }), json!({ "a": -5 })];
        let text = csv(&rows, &["a".to_owned(), "b".to_owned()]);
        assert_eq!(text, "a,b\r\n\"x,\"\"y\"\"\",'=1+1\r\n-5,\r\n");
        assert_eq!(lines(&rows[1..]), "{\"a\":-5}\n");
    }

    #[test]
    fn a_query_over_devices_is_a_target() {
        let known = |text: &str| condition(text);
        assert_eq!(known("SELECT * FROM devices").as_deref(), Some("*"));
        assert_eq!(
            known("select deviceId from devices\nwhere tags.a = 1 order by deviceId").as_deref(),
            Some("tags.a = 1")
        );
        assert_eq!(
            known("SELECT COUNT() AS n FROM devices GROUP BY tags.a"),
            None
        );
        assert_eq!(known("SELECT * FROM devices.modules"), None);
        assert_eq!(known("nonsense"), None);
    }
}
