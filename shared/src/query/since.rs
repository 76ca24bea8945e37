//! The query by which a client watches who fulfils a condition, and since when.
//!
//! Documents do not say when a condition became true. They say when what it reads was last
//! written, and the latest of these times is the best that is known. Must never refuse: a
//! condition about which nothing is known is watched without times.

use super::ast::Expression;
use super::error::MAX_QUERY_CHARACTERS;
use super::lexer::{begins_word, continues_word};
use super::parser::parse_condition;
use super::path::Path;

/// Most times of a row.
const MAX_COLUMNS: usize = 8;

/// A query over devices: who fulfils a condition, with the times `since1`, `since2`, ….
pub fn watch_query(condition: &str) -> String {
    let mut columns: Vec<String> = Vec::new();
    let mut room = MAX_QUERY_CHARACTERS.saturating_sub(text(&[], condition).chars().count());
    if let Ok(expression) = parse_condition(condition) {
        let mut paths = Vec::new();
        Expression::collect_paths(&expression, &mut paths);
        for column in paths.into_iter().filter_map(since) {
            let length = column.chars().count() + ",  AS since1".len();
            if columns.len() < MAX_COLUMNS && length <= room && !columns.contains(&column) {
                room -= length;
                columns.push(column);
            }
        }
    }
    text(&columns, condition)
}

fn text(columns: &[String], condition: &str) -> String {
    let mut text = "SELECT deviceId".to_owned();
    for (column, number) in columns.iter().zip(1..) {
        text.push_str(&format!(", {column} AS since{number}"));
    }
    text.push_str(" FROM devices WHERE ");
    text.push_str(condition);
    text
}

/// Where documents say when what stands at a path was last written, if they do.
fn since(path: &Path) -> Option<String> {
    let names = path.names();
    let (section, inner) = match names.as_slice() {
        ["properties", section @ ("desired" | "reported"), inner @ ..] => (section, inner),
        ["connectionState"] => return Some("connectionStateUpdatedTime".to_owned()),
        ["status" | "statusReason" | "statusUpdateTime"] => {
            return Some("statusUpdateTime".to_owned());
        }
        ["lastActivityTime"] => return Some("lastActivityTime".to_owned()),
        _ => return None,
    };
    let inner = match inner {
        ["$metadata", inner @ .., "$lastUpdated"] if path.is_time => inner,
        ["$metadata", ..] => return None,
        ["$version", ..] => &[],
        // An array has one time for all of it, and `names` end there.
        inner => inner,
    };
    let mut text = format!("properties.{section}.$metadata");
    for name in inner {
        push_name(&mut text, name);
    }
    text.push_str(".$lastUpdated");
    Some(text)
}

/// Goes on to a member, in brackets if its name is no word.
fn push_name(text: &mut String, name: &str) {
    if name.starts_with(begins_word) && name.chars().all(continues_word) {
        text.push('.');
        text.push_str(name);
        return;
    }
    text.push_str("['");
    for character in name.chars() {
        if matches!(character, '\'' | '\\') {
            text.push('\\');
        }
        text.push(character);
    }
    text.push_str("']");
}

#[cfg(test)]
#[path = "since_tests.rs"]
mod tests;
