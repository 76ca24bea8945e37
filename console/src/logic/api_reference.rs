//! The OpenAPI document as the reference of the API shows it: operations by group, and what one of
//! them takes and answers. Reads the hub's own document only, in the shapes that it uses; what it
//! does not understand is left out.

use super::api_schema::{Member, Schemas, flag, text, with_default};
use super::curl;
use serde_json::Value;
use shared::letter_case;

/// Verbs in the order in which they are shown.
const METHODS: [&str; 6] = ["get", "head", "put", "post", "patch", "delete"];

/// The document, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reference {
    /// Operations by what they are about.
    pub groups: Vec<Group>,
    document: Value,
}

/// Operations about one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What it is called.
    pub name: String,
    /// One sentence.
    pub description: String,
    /// In the document's order.
    pub operations: Vec<Operation>,
}

/// A line of the reference.
#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    /// Its name in addresses.
    pub id: String,
    /// In capitals.
    pub method: String,
    /// With names in braces.
    pub path: String,
    /// A few words.
    pub summary: String,
    /// Who may: the least role, or `device`, `anyone` and the like.
    pub role: String,
}

impl Operation {
    /// Whether each word of a search stands in it somewhere, in any case.
    pub fn fits(&self, search: &str) -> bool {
        let texts = [&self.method, &self.path, &self.summary, &self.id];
        let texts = texts.map(|text| letter_case::lower(text));
        let search = letter_case::lower(search);
        let mut words = search.split_whitespace();
        words.all(|word| texts.iter().any(|text| text.contains(word)))
    }
}

/// What one operation takes and answers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Details {
    /// More about it; may be empty.
    pub description: String,
    /// What a shared access policy needs; empty if none will do.
    pub right: String,
    /// Of path, query and headers.
    pub parameters: Vec<Parameter>,
    /// What is sent.
    pub body: Option<Content>,
    /// What comes back, by status.
    pub answers: Vec<Answer>,
    /// The same by hand.
    pub curl: String,
}

/// A parameter.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `path`, `query` or `header`.
    pub place: String,
    /// Whether it has to be there.
    pub is_required: bool,
    /// What it may be.
    pub kind: String,
    /// What it is for.
    pub note: String,
}

/// A document or text that is sent.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Content {
    /// Media types.
    pub types: String,
    /// What it is.
    pub kind: String,
    /// What is in it.
    pub members: Vec<Member>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Three digits.
    pub status: String,
    /// When.
    pub note: String,
    /// What comes along; refusals all have the same envelope and show none.
    pub content: Option<Content>,
}

impl Reference {
    /// Reads the document; `None` if it is no OpenAPI document.
    pub fn read(document: Value) -> Option<Self> {
        let mut groups = Vec::new();
        for tag in document.get("tags")?.as_array()? {
            let name = text(tag, "name");
            groups.push(Group {
                operations: operations(&document, &name)?,
                description: text(tag, "description"),
                name,
            });
        }
        Some(Self { groups, document })
    }

    /// How many operations there are.
    pub fn count(&self) -> usize {
        self.groups.iter().map(|group| group.operations.len()).sum()
    }

    /// What is to be shown: of one group, or of all if it has no name; only what fits a search.
    pub fn shown(&self, group: &str, search: &str) -> Vec<Group> {
        let wanted = self
            .groups
            .iter()
            .filter(|known| group.is_empty() || known.name == group);
        let fitting = wanted.map(|known| {
            let operations = known.operations.iter().filter(|one| one.fits(search));
            Group {
                operations: operations.cloned().collect(),
                ..known.clone()
            }
        });
        fitting
            .filter(|group| !group.operations.is_empty())
            .collect()
    }

    /// What an operation takes and answers.
    pub fn details(&self, operation: &Operation, origin: &str) -> Details {
        let whole = self
            .document
            .get("paths")
            .and_then(|paths| paths.get(&operation.path));
        let method = letter_case::lower(&operation.method);
        let Some(whole) = whole.and_then(|verbs| verbs.get(&*method)) else {
            return Details::default();
        };
        let listed = whole.get("parameters").and_then(Value::as_array);
        let resolved: Vec<&Value> = listed
            .into_iter()
            .flatten()
            .map(|one| self.schemas().resolved(one))
            .collect();
        let body = whole
            .get("requestBody")
            .and_then(|body| body.get("content"));
        let answers = whole.get("responses").and_then(Value::as_object);
        Details {
            description: text(whole, "description"),
            right: text(whole, "x-required-right"),
            parameters: resolved.iter().map(|one| self.parameter(one)).collect(),
            body: body.and_then(|body| self.content(body)),
            answers: answers
                .into_iter()
                .flatten()
                .map(|(status, answer)| self.answer(status, answer))
                .collect(),
            curl: curl::line(
                &curl::Asked {
                    method: &operation.method,
                    path: &operation.path,
                    role: &operation.role,
                    parameters: &resolved,
                    body: body.and_then(|body| self.example(body)),
                    is_stream: whole.pointer("/responses/200/$ref")
                        == Some(&Value::String("#/components/responses/Stream".to_owned())),
                },
                origin,
            ),
        }
    }

    fn schemas(&self) -> Schemas<'_> {
        Schemas(&self.document)
    }

    fn parameter(&self, one: &Value) -> Parameter {
        let schema = one.get("schema").unwrap_or(&Value::Null);
        Parameter {
            name: text(one, "name"),
            place: text(one, "in"),
            is_required: flag(one, "required"),
            kind: self.schemas().kind(schema),
            note: with_default(text(one, "description"), schema),
        }
    }

    fn answer(&self, status: &str, answer: &Value) -> Answer {
        let whole = self.schemas().resolved(answer);
        let works = !status.starts_with(['4', '5']);
        let content = whole.get("content").filter(|_| works);
        Answer {
            status: status.to_owned(),
            note: text(whole, "description"),
            content: content.and_then(|content| self.content(content)),
        }
    }

    fn content(&self, content: &Value) -> Option<Content> {
        let kinds = content.as_object()?;
        let (_, last) = kinds.iter().next_back()?;
        let schema = last.get("schema")?;
        let mut members = Vec::new();
        self.schemas().members(schema, 0, &mut members);
        let types: Vec<&str> = kinds.keys().map(String::as_str).collect();
        Some(Content {
            types: types.join(", "),
            kind: self.schemas().kind(schema),
            members,
        })
    }

    /// A body to begin with: the schema's own example, or what it cannot do without.
    fn example(&self, content: &Value) -> Option<Value> {
        let schema = content.get("application/json")?.get("schema")?;
        Some(self.schemas().sample(schema, 0))
    }
}

fn operations(document: &Value, group: &str) -> Option<Vec<Operation>> {
    let mut found = Vec::new();
    for (path, verbs) in document.get("paths")?.as_object()? {
        for method in METHODS {
            let Some(of) = verbs.get(method) else {
                continue;
            };
            if of.pointer("/tags/0").and_then(Value::as_str) == Some(group) {
                found.push(Operation {
                    id: text(of, "operationId"),
                    method: letter_case::upper(method),
                    path: path.clone(),
                    summary: text(of, "summary"),
                    role: text(of, "x-required-role"),
                });
            }
        }
    }
    Some(found)
}

#[cfg(test)]
#[path = "api_reference_tests.rs"]
mod tests;
