//! JSON text as people edit it: where it fails to parse, how it looks when printed, and how large
//! the hub will count it (`device.md §5.4`). Never changes a document's meaning.

use serde_json::{Map, Value};

/// A text of a document; empty if it has none of that name.
pub fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document
        .get(name)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// The same, to keep.
pub fn words(document: &Value, name: &str) -> String {
    text(document, name).to_owned()
}

/// The same, if there is one.
pub fn words_if_any(document: &Value, name: &str) -> Option<String> {
    document
        .get(name)
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// A count of a document; nothing else than a whole number counts.
pub fn whole(document: &Value, name: &str) -> Option<u64> {
    document.get(name).and_then(Value::as_u64)
}

/// Whether a document says so.
pub fn is(document: &Value, name: &str) -> bool {
    document.get(name).and_then(Value::as_bool) == Some(true)
}

/// A part of a document; null if it is not there.
pub fn part(document: &Value, name: &str) -> Value {
    document.get(name).cloned().unwrap_or_default()
}

/// A parse error with the place a person can go to. Lines and columns start at 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Line of the first character that cannot be there.
    pub line: usize,
    /// Column of it.
    pub column: usize,
    /// What the parser expected, without the position.
    pub message: String,
}

/// Parses a document, or says where it fails.
pub fn parse(text: &str) -> Result<Value, JsonError> {
    serde_json::from_str::<Value>(text).map_err(|error| {
        let full = error.to_string();
        let message = match full.rfind(" at line ") {
            Some(at) => full[..at].to_owned(),
            None => full,
        };
        JsonError {
            line: error.line().max(1),
            column: error.column().max(1),
            message,
        }
    })
}

/// The document with two-space indentation.
pub fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// A twin section without the hub's own `$metadata` and `$version`.
pub fn without_hub_fields(section: &Value) -> Value {
    match section {
        Value::Object(map) => Value::Object(
            map.iter()
                .filter(|(key, _)| !key.starts_with('$'))
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
        ),
        other => other.clone(),
    }
}

/// Size as the hub counts it: keys and strings by UTF-8 length without control characters,
/// 8 per number, 4 per boolean, hub fields free (`device.md §5.4`).
pub fn counted_size(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 4,
        Value::Number(_) => 8,
        Value::String(text) => text_size(text),
        Value::Array(items) => items.iter().map(counted_size).sum(),
        Value::Object(map) => object_size(map),
    }
}

fn object_size(map: &Map<String, Value>) -> usize {
    map.iter()
        .filter(|(key, _)| *key != "$metadata" && *key != "$version")
        .map(|(key, value)| text_size(key) + counted_size(value))
        .sum()
}

fn text_size(text: &str) -> usize {
    text.chars()
        .filter(|c| !c.is_control())
        .map(char::len_utf8)
        .sum()
}

/// The value at a path of object keys.
pub fn at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |node, key| node.get(key))
}

/// `$lastUpdated` of the nearest node of a path in a section's `$metadata` (`device.md §5.5`).
pub fn last_updated<'a>(section: &'a Value, path: &[String]) -> Option<&'a str> {
    let mut node = section.get("$metadata")?;
    for key in path {
        match node.get(key) {
            Some(next) => node = next,
            None => return None,
        }
    }
    node.get("$lastUpdated").and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn error_names_line_and_column_without_repeating_them() {
        let error = parse("{\n  \"a\": 1,\n  \"b\": ,\n}").unwrap_err();
        assert_eq!((error.line, error.column), (3, 8));
        assert_eq!(error.message, "expected value");
    }

    #[test]
    fn empty_text_fails_at_the_start() {
        let error = parse("").unwrap_err();
        assert_eq!((error.line, error.column), (1, 1));
    }

    #[test]
    fn order_and_number_spelling_survive_a_round_trip() {
        let value = parse(r#"{"z":1.0,"a":1}"#).unwrap();
        assert_eq!(pretty(&value), "{\n  \"z\": 1.0,\n  \"a\": 1\n}");
    }

    #[test]
    fn size_counts_as_the_contract_says() {
        let section =
            json!({"ab": "cde", "n": 1, "t": true, "$version": 4, "$metadata": {"x": "y"}});
        assert_eq!(counted_size(&section), 2 + 3 + 1 + 8 + 1 + 4);
        assert_eq!(counted_size(&json!({"k": "a\u{0007}é"})), 1 + 1 + 2);
        assert_eq!(
            counted_size(&json!({"a": [1, {"b": false}]})),
            1 + 8 + 1 + 4
        );
    }

    #[test]
    fn hub_fields_are_taken_off_the_top_level() {
        let section = json!({"a": 1, "$metadata": {}, "$version": 3});
        assert_eq!(without_hub_fields(&section), json!({"a": 1}));
    }

    #[test]
    fn age_of_a_leaf_comes_from_its_metadata_node() {
        let section = json!({"a": {"b": 1}, "$metadata": {"$lastUpdated": "t0", "a": {"$lastUpdated": "t1", "b": {"$lastUpdated": "t2"}}}});
        let path = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(last_updated(&section, &path), Some("t2"));
        assert_eq!(last_updated(&section, &path[..1]), Some("t1"));
        assert_eq!(last_updated(&section, &["c".to_owned()]), None);
    }
}
