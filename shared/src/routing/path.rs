//! Paths into bodies and twins, such as `a.b[0].c` (`query-routing-events.md` §3.5).
//!
//! A path stays the text that it was, checked once; looking it up allocates nothing.

use serde_json::Value;

/// Deepest place that a path may name.
const MAX_STEPS: usize = 64;

/// Whether a text is a path: names with dots between them, each with any number of `[n]`.
pub(super) fn is_path(path: &str) -> bool {
    let mut steps = 0;
    for segment in path.split('.') {
        let (name, indices) = split(segment);
        if name.is_empty() || name.contains(']') {
            return false;
        }
        steps += 1;
        let mut rest = indices;
        while !rest.is_empty() {
            let Some((_, behind)) = index(rest) else {
                return false;
            };
            rest = behind;
            steps += 1;
        }
    }
    steps <= MAX_STEPS
}

/// What lies at a path; names are looked up as they are first, then in any case.
pub(super) fn resolve<'a>(root: &'a Value, path: &str) -> Option<&'a Value> {
    let mut place = root;
    for segment in path.split('.') {
        let (name, mut rest) = split(segment);
        let members = place.as_object()?;
        place = members.get(name).or_else(|| {
            members
                .iter()
                .find(|(key, _)| key.eq_ignore_ascii_case(name))
                .map(|(_, value)| value)
        })?;
        while !rest.is_empty() {
            let (number, behind) = index(rest)?;
            place = place.as_array()?.get(number)?;
            rest = behind;
        }
    }
    Some(place)
}

/// The name of a segment, and its indices with their brackets.
fn split(segment: &str) -> (&str, &str) {
    segment.split_at(segment.find('[').unwrap_or(segment.len()))
}

/// The first of `[n][m]…`, and what is behind it.
fn index(text: &str) -> Option<(usize, &str)> {
    let (digits, behind) = text.strip_prefix('[')?.split_once(']')?;
    // `parse` would take a sign.
    let legal =
        (1..=9).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit());
    Some((legal.then(|| digits.parse().ok())??, behind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn names_in_any_case_and_elements_of_arrays() {
        let document = json!({"A": {"b": [[1, {"c": 2}]]}, "a": 3, "x-y": true, "é": 4});
        let at = |path| resolve(&document, path).cloned();
        assert_eq!(at("a"), Some(json!(3)), "the exact name first");
        assert_eq!(at("A.B[0][1].C"), Some(json!(2)));
        assert_eq!(at("X-Y"), Some(json!(true)));
        assert_eq!(at("é"), Some(json!(4)));
        assert_eq!(at("A.b[1]"), None);
        assert_eq!(at("a.b"), None);
        assert_eq!(at("A.b.c"), None);
        assert_eq!(resolve(&json!([1]), "a"), None);
    }

    #[test]
    fn what_is_no_path() {
        for path in ["a", "a.b", "a[0]", "a[0][12].b-c", "$metadata.$lastUpdated"] {
            assert!(is_path(path), "{path}");
        }
        for path in [
            "",
            ".",
            "a.",
            ".a",
            "a..b",
            "[0]",
            "a[]",
            "a[-1]",
            "a[+1]",
            "a[x]",
            "a[0",
            "a]",
            "a[0]b",
            "a[1234567890]",
            "a.[0]",
        ] {
            assert!(!is_path(path), "{path}");
        }
        assert!(is_path(&vec!["a"; 64].join(".")));
        assert!(!is_path(&vec!["a"; 65].join(".")));
        assert!(!is_path(&format!("a{}", "[0]".repeat(64))));
    }
}
