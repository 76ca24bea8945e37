//! Numeric paths in message bodies: which there are, and the value at one. A path is written
//! `engine.temperature` or `axes[0].x`; keys with dots or brackets are quoted: `["a.b"]`.

use serde_json::Value;
use std::fmt::Write as _;

/// Deepest level looked at and most paths found in one body; a body is untrusted input.
const DEEPEST: usize = 10;
const MOST: usize = 64;

/// One step into a body.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    Index(usize),
}

/// All paths of a body that lead to a number, in document order.
pub fn find(body: &Value) -> Vec<String> {
    let mut out = Vec::new();
    walk(body, &mut String::new(), 0, &mut out);
    out
}

fn walk(value: &Value, path: &mut String, depth: usize, out: &mut Vec<String>) {
    if out.len() >= MOST || depth > DEEPEST {
        return;
    }
    let length = path.len();
    match value {
        Value::Number(_) if !path.is_empty() => out.push(path.clone()),
        Value::Object(map) => {
            for (key, child) in map {
                let plain = !key.is_empty() && !key.contains(['.', '[', ']', '"', ',']);
                if !plain {
                    let _ = write!(path, "[{}]", Value::String(key.clone()));
                } else {
                    if length > 0 {
                        path.push('.');
                    }
                    path.push_str(key);
                }
                walk(child, path, depth + 1, out);
                path.truncate(length);
            }
        }
        Value::Array(items) => {
            for (index, child) in items.iter().enumerate().take(8) {
                let _ = write!(path, "[{index}]");
                walk(child, path, depth + 1, out);
                path.truncate(length);
            }
        }
        _ => {}
    }
}

/// The finite number at a path, if the body has one there.
pub fn pick(body: &Value, path: &str) -> Option<f64> {
    let steps = parse(path)?;
    let mut node = body;
    for step in &steps {
        node = match step {
            Step::Key(key) => node.get(key)?,
            Step::Index(index) => node.get(index)?,
        };
    }
    node.as_f64().filter(|number| number.is_finite())
}

fn parse(path: &str) -> Option<Vec<Step>> {
    let mut steps = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('[') {
            if inner.starts_with('"') {
                let mut stream = serde_json::Deserializer::from_str(inner).into_iter::<String>();
                let key = stream.next()?.ok()?;
                let after = &inner[stream.byte_offset()..];
                steps.push(Step::Key(key));
                rest = after.strip_prefix(']')?;
            } else {
                let (digits, after) = inner.split_once(']')?;
                steps.push(Step::Index(digits.parse().ok()?));
                rest = after;
            }
        } else {
            let start = rest.strip_prefix('.').unwrap_or(rest);
            let end = start.find(['.', '[']).unwrap_or(start.len());
            let (key, after) = start.split_at(end);
            if key.is_empty() {
                return None;
            }
            steps.push(Step::Key(key.to_owned()));
            rest = after;
        }
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn finds_numbers_wherever_they_are() {
        let body = json!({"t": 21.5, "name": "x", "engine": {"rpm": 900, "on": true}, "axes": [{"x": 1}, {"x": 2}]});
        assert_eq!(find(&body), ["t", "engine.rpm", "axes[0].x", "axes[1].x"]);
    }

    #[test]
    fn every_path_found_can_be_picked() {
        let body = json!({"a.b": {"c": 1}, "d": [[2, 3]], "q\"x": 4, "": 5, "한글": 6});
        let values: Vec<f64> = find(&body)
            .iter()
            .map(|p| pick(&body, p).unwrap())
            .collect();
        assert_eq!(values, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    }

    #[test]
    fn paths_that_lead_nowhere_give_nothing() {
        let body = json!({"a": {"b": "text"}});
        for path in ["a", "a.b", "a.c", "a[0]", "[", "[x]", "a..b"] {
            assert_eq!(pick(&body, path), None, "{path}");
        }
    }

    #[test]
    fn hostile_bodies_are_bounded() {
        let mut deep = json!(1);
        for _ in 0..40 {
            deep = json!({ "a": deep });
        }
        assert!(find(&deep).is_empty());
        let wide: Value = (0..500)
            .map(|n| (format!("k{n}"), json!(n)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        assert_eq!(find(&wide).len(), 64);
    }
}
