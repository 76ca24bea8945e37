//! A schema for the tags of device twins (`device-management.md` §7): a small part of JSON
//! Schema, read as it stands.
//!
//! [`check`] judges a schema when somebody sets it; [`violation`] judges tags by a schema
//! that passed. A keyword that is not known is refused, since a rule that is silently not
//! applied is worse than none. It must never decide which writes are judged; that is the
//! registry's.

use super::patch::kind_of;
use crate::error::HubError;
use crate::writing::JsonText;
use serde_json::{Map, Value};

/// Largest schema, in bytes of JSON without spaces.
pub const MAX_SCHEMA_BYTES: usize = 16 * 1024;
/// Deepest nesting of schemas; tags are no deeper.
const MAX_DEPTH: usize = 10;
/// Longest text about a violation, in bytes.
const MAX_TEXT: usize = 400;
/// Longest part of it that shows one value or one list.
const MAX_SHOWN: usize = 120;

const TYPES: [&str; 5] = ["string", "number", "integer", "boolean", "object"];

/// Set by the hub itself at the replacement of a retired device, whatever the schema says.
const OWN_TAG: &str = "replaces";

/// Whether a document is a schema for tags; the error names the place in it.
pub fn check(schema: &Value) -> Result<(), HubError> {
    let size = schema.json_text().len();
    if size > MAX_SCHEMA_BYTES {
        return Err(HubError::invalid(format!(
            "The schema has {size} bytes; at most {MAX_SCHEMA_BYTES} are allowed."
        )));
    }
    if schema.get("type").is_some_and(|kind| kind != "object") {
        return Err(refused("schema.type", "tags are always an object"));
    }
    check_at(schema, "schema", 1)
}

fn refused(place: &str, why: &str) -> HubError {
    let mut place = place.to_owned();
    shorten(&mut place, MAX_TEXT);
    HubError::invalid(format!("The schema is invalid at {place}: {why}."))
}

fn check_at(schema: &Value, place: &str, depth: usize) -> Result<(), HubError> {
    let Value::Object(schema) = schema else {
        return Err(refused(place, "a schema must be an object"));
    };
    if depth > MAX_DEPTH {
        return Err(refused(place, "schemas are nested too deeply"));
    }
    for (keyword, value) in schema {
        let place = format!("{place}.{keyword}");
        let fault = match keyword.as_str() {
            "type" if !value.as_str().is_some_and(|kind| TYPES.contains(&kind)) => {
                "it must be one of string, number, integer, boolean, object"
            }
            "enum" if !is_list(value, |item| !item.is_object() && !item.is_array()) => {
                "it must be a list of strings, numbers or booleans, at least one"
            }
            "required" if !is_list(value, Value::is_string) => "it must be a list of names",
            "additionalProperties" if !value.is_boolean() => "it must be true or false",
            "minimum" | "maximum" if !value.is_number() => "it must be a number",
            "maxLength" if !value.is_u64() => "it must be a whole number from 0 on",
            "title" | "description" if !value.is_string() => "it must be a string",
            "properties" => {
                let Value::Object(members) = value else {
                    return Err(refused(&place, "it must be an object of schemas"));
                };
                for (name, member) in members {
                    check_at(member, &format!("{place}.{name}"), depth + 1)?;
                }
                continue;
            }
            "type"
            | "enum"
            | "required"
            | "additionalProperties"
            | "minimum"
            | "maximum"
            | "maxLength"
            | "title"
            | "description" => continue,
            _ => {
                "this keyword is not supported; there are type, enum, required, properties, \
                 additionalProperties, minimum, maximum, maxLength, title and description"
            }
        };
        return Err(refused(&place, fault));
    }
    Ok(())
}

fn is_list(value: &Value, of: impl Fn(&Value) -> bool) -> bool {
    matches!(value, Value::Array(items) if !items.is_empty() && items.iter().all(of))
}

/// What is wrong with tags, if anything: where, which rule, what is allowed. The first
/// thing found counts.
pub fn violation(schema: &Value, tags: &Map<String, Value>) -> Option<String> {
    let mut path = "tags".to_owned();
    let (rule, allowed) = broken_in_object(schema, tags, &mut path)?;
    let mut text = format!("{path} breaks the rule {rule} of the tag schema: {allowed}.");
    shorten(&mut text, MAX_TEXT);
    Some(text)
}

/// The rule that is broken, and what it allows.
type Broken = (&'static str, String);

/// `path` is left at the place of what is wrong.
fn broken(schema: &Value, value: &Value, path: &mut String) -> Option<Broken> {
    if let Some(kind) = schema.get("type").and_then(Value::as_str)
        && !is_of(value, kind)
    {
        let text = format!("it is {} and must be of type {kind}", kind_of(value));
        return Some(("type", text));
    }
    if let Some(Value::Array(allowed)) = schema.get("enum")
        && !allowed.iter().any(|one| equals(one, value))
    {
        let list = list(allowed.iter());
        return Some((
            "enum",
            format!("it is {}, allowed are {list}", shown(value)),
        ));
    }
    let beyond = |keyword: &str, is_beyond: fn(f64, f64) -> bool| {
        let limit = schema.get(keyword)?;
        is_beyond(value.as_f64()?, limit.as_f64()?).then_some(limit)
    };
    if let Some(least) = beyond("minimum", |value, least| value < least) {
        let text = format!(
            "it is {}, allowed is {} or more",
            value.json_text(),
            least.json_text()
        );
        return Some(("minimum", text));
    }
    if let Some(most) = beyond("maximum", |value, most| value > most) {
        let text = format!(
            "it is {}, allowed is {} or less",
            value.json_text(),
            most.json_text()
        );
        return Some(("maximum", text));
    }
    if let (Some(text), Some(most)) = (value.as_str(), schema.get("maxLength")) {
        let length = text.chars().count();
        if most.as_u64().is_some_and(|most| length as u64 > most) {
            let text = format!(
                "it has {length} characters, allowed are {} or fewer",
                most.json_text()
            );
            return Some(("maxLength", text));
        }
    }
    match value {
        Value::Object(members) => broken_in_object(schema, members, path),
        _ => None,
    }
}

fn broken_in_object(
    schema: &Value,
    members: &Map<String, Value>,
    path: &mut String,
) -> Option<Broken> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let length = path.len();
    let is_root = path == "tags";
    let step = |path: &mut String, name: &str| {
        path.truncate(length);
        path.push('.');
        path.push_str(name);
    };
    for name in schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let name = name.as_str().unwrap_or_default();
        if !members.contains_key(name) {
            step(path, name);
            return Some(("required", "it must be there".to_owned()));
        }
    }
    for (name, value) in members {
        step(path, name);
        match properties.and_then(|properties| properties.get(name)) {
            Some(schema) => {
                let found = broken(schema, value, path);
                if found.is_some() {
                    return found;
                }
            }
            None if is_root && name == OWN_TAG => {}
            None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                let names = properties.into_iter().flat_map(Map::keys);
                let mut names = names.map(String::as_str).collect::<Vec<_>>().join(", ");
                shorten(&mut names, MAX_SHOWN);
                return Some(("additionalProperties", format!("allowed are only {names}")));
            }
            None => {}
        }
        path.truncate(length);
    }
    None
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "boolean" => value.is_boolean(),
        _ => value.is_object(),
    }
}

/// Numbers are equal by value, as in JSON: 1 is 1.0.
fn equals(one: &Value, other: &Value) -> bool {
    match (one.as_f64(), other.as_f64()) {
        (Some(one), Some(other)) => one == other,
        _ => one == other,
    }
}

fn list<'a>(values: impl Iterator<Item = &'a Value>) -> String {
    let mut text = String::new();
    for value in values {
        if !text.is_empty() {
            text.push_str(", ");
        }
        text.push_str(&shown(value));
        if text.len() > MAX_SHOWN {
            break;
        }
    }
    shorten(&mut text, MAX_SHOWN);
    text
}

fn shown(value: &Value) -> String {
    let mut text = value.json_text();
    shorten(&mut text, MAX_SHOWN);
    text
}

/// Cuts a text at a character, and says so.
fn shorten(text: &mut String, longest: usize) {
    if text.len() > longest {
        text.truncate(text.floor_char_boundary(longest));
        text.push('…');
    }
}

#[cfg(test)]
#[path = "tag_schema_tests.rs"]
mod tests;
