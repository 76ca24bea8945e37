//! What a result of one document holds (`query-routing-events.md` §1.7).

use super::ast::{Query, Select, Source};
use serde_json::{Map, Value};

/// The result for a document.
pub fn project(query: &Query, document: Value) -> Value {
    let Select::Columns(columns) = &query.select else {
        return document;
    };
    let mut item = Map::new();
    for column in columns {
        if let Source::Path(path) = &column.source
            && let Some(value) = path.resolve(&document)
        {
            item.insert(column.name.clone(), value.clone());
        }
    }
    Value::Object(item)
}

/// About how many bytes a value takes as JSON, without writing it.
pub fn weight(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(_) => 12,
        Value::String(text) => text.len() + 3,
        Value::Array(elements) => 2 + elements.iter().map(weight).sum::<usize>(),
        Value::Object(members) => {
            2 + members
                .iter()
                .map(|(name, value)| name.len() + 4 + weight(value))
                .sum::<usize>()
        }
    }
}
