//! What a result of one document holds (`query-routing-events.md` §1.7).

use super::ast::{Collection, Query, Select, Source};
use super::path::CONNECTION_STATE_SINCE;
use crate::json;
use crate::time::Timestamp;
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

/// Adds since when the connection state is what it is, if a column shows it. Comes behind the
/// condition, which must not see it.
pub fn with_since(query: &Query, mut document: Value, since: Option<Timestamp>) -> Value {
    let is_wanted = query.select != Select::Everything && query.reads(CONNECTION_STATE_SINCE);
    if let Value::Object(members) = &mut document
        && is_wanted
        && query.collection != Collection::Jobs
    {
        let since = json!(since.unwrap_or(Timestamp::UNSET));
        members.insert(CONNECTION_STATE_SINCE.to_owned(), since);
    }
    document
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
