//! Schemas of the OpenAPI document: what a value may be in a few words, the members of a document,
//! and a document to begin with. References are followed, at most a few levels deep.

use serde_json::Value;

/// How deep documents are shown.
const DEEPEST: usize = 3;

/// A member of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// How deep it stands.
    pub depth: usize,
    /// Its name.
    pub name: String,
    /// What it may be.
    pub kind: String,
    /// What it is for, and what it is when left out.
    pub note: String,
    /// Whether it has to be there.
    pub is_required: bool,
    /// Whether the hub makes it.
    pub is_read_only: bool,
}

/// A member that is a text; empty if there is none.
pub fn text(value: &Value, name: &str) -> String {
    let found = value.get(name).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

/// Whether a member is true.
pub fn flag(value: &Value, name: &str) -> bool {
    value.get(name) == Some(&Value::Bool(true))
}

/// The document in which references lead somewhere.
#[derive(Clone, Copy)]
pub struct Schemas<'a>(pub &'a Value);

impl<'a> Schemas<'a> {
    /// What stands for a reference.
    pub fn resolved(self, value: &'a Value) -> &'a Value {
        let reference = value.get("$ref").and_then(Value::as_str);
        let found = reference.and_then(|path| self.0.pointer(path.trim_start_matches('#')));
        found.unwrap_or(value)
    }

    /// Members of what a schema is about, of the first choice if there are several.
    pub fn members(self, schema: &'a Value, depth: usize, found: &mut Vec<Member>) {
        let schema = self.inside(schema);
        let required = schema.get("required").and_then(Value::as_array);
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, of) in properties.into_iter().flatten() {
            found.push(Member {
                depth,
                name: name.clone(),
                kind: self.kind(of),
                note: with_default(text(of, "description"), of),
                is_required: required.is_some_and(|names| names.iter().any(|one| one == name)),
                is_read_only: flag(of, "readOnly"),
            });
            if depth < DEEPEST {
                self.members(of, depth + 1, found);
            }
        }
    }

    /// The object at the heart of a schema: behind references, lists and choices.
    fn inside(self, schema: &'a Value) -> &'a Value {
        let schema = self.resolved(schema);
        let choices = schema.get("allOf").or_else(|| schema.get("oneOf"));
        let next = match choices.and_then(Value::as_array) {
            Some(choices) => choices.first(),
            None => schema.get("items").or_else(|| {
                schema
                    .get("additionalProperties")
                    .filter(|one| one.is_object())
            }),
        };
        match next {
            Some(next) if next != schema => self.inside(next),
            _ => schema,
        }
    }

    /// What a value may be, in a few words.
    pub fn kind(self, schema: &'a Value) -> String {
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            let target = self.resolved(schema);
            let name = reference.rsplit('/').next().unwrap_or_default();
            return match target.get("properties") {
                Some(_) => name.to_owned(),
                None => self.kind(target),
            };
        }
        for (choice, between) in [("allOf", " and "), ("oneOf", " or ")] {
            if let Some(choices) = schema.get(choice).and_then(Value::as_array) {
                let kinds: Vec<String> = choices.iter().map(|one| self.kind(one)).collect();
                return kinds.join(between);
            }
        }
        if let Some(values) = schema.get("enum").and_then(Value::as_array) {
            let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
            return values.join(" | ");
        }
        match schema.get("type") {
            Some(Value::Array(kinds)) => {
                let kinds: Vec<&str> = kinds.iter().filter_map(Value::as_str).collect();
                kinds.join(" or ")
            }
            Some(Value::String(kind)) => match (&**kind, schema.get("items")) {
                ("array", Some(items)) => format!("{}[]", self.kind(items)),
                ("string", _) if schema.get("format") == Some(&Value::from("date-time")) => {
                    "time".to_owned()
                }
                ("integer" | "number", _) => format!("{kind}{}", bounds(schema)),
                _ => kind.clone(),
            },
            _ => "any".to_owned(),
        }
    }

    /// A document to begin with: the schema's own example, or what it cannot do without.
    pub fn sample(self, schema: &'a Value, depth: usize) -> Value {
        let schema = self.resolved(schema);
        if let Some(example) = schema.pointer("/examples/0") {
            return example.clone();
        }
        let kind = schema.get("type").and_then(Value::as_str);
        if let Some(first) = schema
            .pointer("/enum/0")
            .or_else(|| schema.pointer("/allOf/0"))
        {
            return match first {
                Value::Object(_) => self.sample(first, depth + 1),
                first => first.clone(),
            };
        }
        match (kind, schema.get("items")) {
            (Some("array"), Some(items)) if depth < DEEPEST => {
                Value::Array(vec![self.sample(items, depth + 1)])
            }
            (Some("object"), _) => {
                let required = schema.get("required").and_then(Value::as_array);
                let names = required.into_iter().flatten().filter_map(Value::as_str);
                let members = names.filter_map(|name| {
                    let of = schema.get("properties")?.get(name)?;
                    Some((name.to_owned(), self.sample(of, depth + 1)))
                });
                Value::Object(members.collect())
            }
            (Some("integer" | "number"), _) => schema.get("minimum").cloned().unwrap_or(1.into()),
            (Some("boolean"), _) => Value::Bool(true),
            (Some("string"), _) => Value::from("…"),
            _ => Value::Object(serde_json::Map::new()),
        }
    }
}

/// ` 1–100`, or nothing.
fn bounds(schema: &Value) -> String {
    let bound = |name: &str| schema.get(name).map(Value::to_string);
    match (bound("minimum"), bound("maximum")) {
        (Some(least), Some(most)) => format!(" {least}–{most}"),
        (Some(least), None) => format!(" {least}–"),
        (None, Some(most)) => format!(" –{most}"),
        (None, None) => String::new(),
    }
}

/// A note, and behind it what holds when nothing is said.
pub fn with_default(note: String, schema: &Value) -> String {
    let default = match schema.get("default") {
        None => return note,
        Some(Value::String(default)) => default.clone(),
        Some(default) => default.to_string(),
    };
    format!("{note} Default: {default}.").trim().to_owned()
}
