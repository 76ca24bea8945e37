//! Fields of a form and the members of a document that they stand for.

use serde_json::{Map, Value, json};

/// What a field's text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text; empty: no such member.
    Text,
    /// A whole number; empty: no such member.
    Number,
    /// `true` or `false`.
    Switch,
    /// Texts, one on each line.
    Lines,
    /// The document itself, which other members are put into.
    Whole,
}

/// Why a text is none of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unfit;

/// A field: the place of its member, steps between slashes, and what its text stands for.
pub type Place = (&'static str, Kind);

/// The text of a member of a document, for a form that changes it. A whole document goes without
/// what the hub makes itself.
pub fn text_of(document: &Value, (place, kind): Place) -> String {
    let member = document.pointer(&format!("/{place}"));
    match (kind, member) {
        (Kind::Whole, _) => {
            let mut whole = document.clone();
            if let Value::Object(members) = &mut whole {
                members
                    .retain(|name, _| !["etag", "version", "isBuiltIn"].contains(&name.as_str()));
            }
            super::json_document::pretty(&whole)
        }
        (Kind::Lines, Some(Value::Array(lines))) => {
            let lines = lines.iter().filter_map(Value::as_str);
            lines.collect::<Vec<_>>().join("\n")
        }
        (_, None | Some(Value::Null)) => String::new(),
        (_, Some(Value::String(text))) => text.clone(),
        (_, Some(value)) => value.to_string(),
    }
}

/// The document that the texts of a form make. `Err`: the number of the field that does not fit.
pub fn document_of(fields: &[(Place, String)]) -> Result<Value, usize> {
    let mut document = json!({});
    for (number, ((place, kind), text)) in fields.iter().enumerate() {
        match read(*kind, text).map_err(|Unfit| number)? {
            Some(Value::Object(whole)) if *kind == Kind::Whole => merge(&mut document, whole),
            Some(value) => put(&mut document, place, value),
            None => {}
        }
    }
    Ok(document)
}

/// What a text stands for.
pub fn read(kind: Kind, text: &str) -> Result<Option<Value>, Unfit> {
    let trimmed = text.trim();
    match kind {
        Kind::Switch => Ok(Some(Value::Bool(trimmed == "true"))),
        Kind::Lines => {
            let lines = trimmed
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty());
            Ok(Some(lines.map(|line| json!(line)).collect()))
        }
        Kind::Whole => match super::json_document::parse(text) {
            Ok(whole @ Value::Object(_)) => Ok(Some(whole)),
            _ => Err(Unfit),
        },
        _ if trimmed.is_empty() => Ok(None),
        Kind::Number => trimmed
            .parse::<u64>()
            .map(|n| Some(json!(n)))
            .map_err(|_| Unfit),
        Kind::Text => Ok(Some(json!(text))),
    }
}

fn merge(document: &mut Value, whole: Map<String, Value>) {
    if let Value::Object(members) = document {
        for (name, value) in whole {
            members.entry(name).or_insert(value);
        }
    }
}

fn put(document: &mut Value, place: &str, value: Value) {
    let mut node = document;
    let mut steps = place.split('/').peekable();
    while let Some(step) = steps.next() {
        let Value::Object(members) = node else {
            return;
        };
        if steps.peek().is_none() {
            members.insert(step.to_owned(), value);
            return;
        }
        node = members.entry(step).or_insert_with(|| json!({}));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_makes_a_document_and_shows_it_again() {
        let fields = [
            (("id", Kind::Text), "a"),
            (("days", Kind::Number), " 30 "),
            (("isEnabled", Kind::Switch), "true"),
            (("paths", Kind::Lines), "tags.a\n\n tags.b "),
            (("properties/certificate", Kind::Text), "-----"),
            (("scope", Kind::Text), " "),
        ];
        let fields = fields.map(|(place, text)| (place, text.to_owned()));
        let document = document_of(&fields).unwrap();
        assert_eq!(
            document,
            json!({
                "id": "a",
                "days": 30,
                "isEnabled": true,
                "paths": ["tags.a", "tags.b"],
                "properties": { "certificate": "-----" },
            })
        );
        let again: Vec<String> = fields
            .iter()
            .map(|(place, _)| text_of(&document, *place))
            .collect();
        assert_eq!(again, ["a", "30", "true", "tags.a\ntags.b", "-----", ""]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let of = |kind, text: &str| {
            document_of(&[(("id", Kind::Text), "a".into()), (("x", kind), text.into())])
        };
        assert_eq!(of(Kind::Number, "many"), Err(1));
        assert_eq!(of(Kind::Number, "-1"), Err(1));
        assert_eq!(of(Kind::Whole, "[1]"), Err(1));
        assert_eq!(of(Kind::Whole, "{"), Err(1));
        assert_eq!(of(Kind::Number, ""), Ok(json!({ "id": "a" })));
    }

    #[test]
    fn a_whole_document_never_overwrites_its_fields_and_leaves_what_the_hub_makes() {
        let fields = [
            (("id", Kind::Text), "a".to_owned()),
            (("", Kind::Whole), r#"{"id":"b","priority":1}"#.to_owned()),
        ];
        assert_eq!(
            document_of(&fields).unwrap(),
            json!({ "id": "a", "priority": 1 })
        );
        let shown = text_of(
            &json!({ "id": "a", "etag": "x", "version": 3 }),
            ("", Kind::Whole),
        );
        assert_eq!(shown, "{\n  \"id\": \"a\"\n}");
    }
}
