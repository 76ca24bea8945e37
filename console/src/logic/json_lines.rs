//! A JSON document as coloured lines that know which path they show, so that a view can put an
//! age or a drift mark beside a leaf. Never used for what is sent to the hub.

use serde_json::Value;

/// What a piece of a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// Braces, brackets, commas, colons and indentation.
    Punctuation,
    /// An object key with its quotes.
    Key,
    /// A string value with its quotes.
    Text,
    /// A number.
    Number,
    /// `true`, `false` or `null`.
    Word,
}

impl Piece {
    /// The class that colours it.
    pub fn class(self) -> &'static str {
        match self {
            Self::Punctuation => "j-p",
            Self::Key => "j-k",
            Self::Text => "j-s",
            Self::Number => "j-n",
            Self::Word => "j-w",
        }
    }
}

/// One line of a printed document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonLine {
    /// Coloured pieces from left to right, indentation included.
    pub pieces: Vec<(Piece, String)>,
    /// Object keys that lead here; array elements carry the path of their array.
    pub path: Vec<String>,
    /// Whether the line shows a whole value (a leaf), not an opening or closing bracket.
    pub leaf: bool,
}

/// Splits a document into lines, two spaces per level.
pub fn lines(value: &Value) -> Vec<JsonLine> {
    let mut out = Vec::new();
    write(value, &mut Vec::new(), None, 0, "", &mut out);
    out
}

fn write(
    value: &Value,
    path: &mut Vec<String>,
    key: Option<&str>,
    depth: usize,
    comma: &str,
    out: &mut Vec<JsonLine>,
) {
    let mut pieces = Vec::new();
    if depth > 0 {
        pieces.push((Piece::Punctuation, "  ".repeat(depth)));
    }
    if let Some(key) = key {
        pieces.push((Piece::Key, quote(key)));
        pieces.push((Piece::Punctuation, ": ".to_owned()));
    }
    match value {
        Value::Object(map) if !map.is_empty() => {
            open(pieces, "{", path, out);
            let last = map.len() - 1;
            for (index, (name, child)) in map.iter().enumerate() {
                path.push(name.clone());
                let comma = if index == last { "" } else { "," };
                write(child, path, Some(name), depth + 1, comma, out);
                path.pop();
            }
            close(depth, "}", comma, path, out);
        }
        Value::Array(items) if !items.is_empty() => {
            open(pieces, "[", path, out);
            let last = items.len() - 1;
            for (index, child) in items.iter().enumerate() {
                let comma = if index == last { "" } else { "," };
                write(child, path, None, depth + 1, comma, out);
            }
            close(depth, "]", comma, path, out);
        }
        leaf => {
            let (kind, text) = match leaf {
                Value::String(text) => (Piece::Text, quote(text)),
                Value::Number(number) => (Piece::Number, number.to_string()),
                Value::Object(_) => (Piece::Punctuation, "{}".to_owned()),
                Value::Array(_) => (Piece::Punctuation, "[]".to_owned()),
                word => (Piece::Word, word.to_string()),
            };
            pieces.push((kind, text));
            if !comma.is_empty() {
                pieces.push((Piece::Punctuation, comma.to_owned()));
            }
            out.push(JsonLine {
                pieces,
                path: path.clone(),
                leaf: true,
            });
        }
    }
}

fn open(mut pieces: Vec<(Piece, String)>, bracket: &str, path: &[String], out: &mut Vec<JsonLine>) {
    pieces.push((Piece::Punctuation, bracket.to_owned()));
    out.push(JsonLine {
        pieces,
        path: path.to_vec(),
        leaf: false,
    });
}

fn close(depth: usize, bracket: &str, comma: &str, path: &[String], out: &mut Vec<JsonLine>) {
    let text = format!("{}{bracket}{comma}", "  ".repeat(depth));
    out.push(JsonLine {
        pieces: vec![(Piece::Punctuation, text)],
        path: path.to_vec(),
        leaf: false,
    });
}

fn quote(text: &str) -> String {
    Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logic::json_document::pretty;
    use serde_json::json;

    fn joined(value: &Value) -> String {
        lines(value)
            .iter()
            .map(|line| {
                line.pieces
                    .iter()
                    .map(|(_, t)| t.as_str())
                    .collect::<String>()
            })
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn lines_join_to_the_same_text_as_the_printer() {
        for value in [
            json!({"a": {"b": [1, {"c": null}], "d": "x\"y"}, "e": {}, "f": []}),
            json!([]),
            json!("text"),
            json!([1, 2.5, true]),
        ] {
            assert_eq!(joined(&value), pretty(&value));
        }
    }

    #[test]
    fn leaves_know_their_path() {
        let all = lines(&json!({"a": {"b": 1}}));
        let leaf = all.iter().find(|line| line.leaf).unwrap();
        assert_eq!(leaf.path, ["a", "b"]);
        assert_eq!(all.iter().filter(|line| line.leaf).count(), 1);
    }
}
