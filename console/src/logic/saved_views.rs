//! Lists that a person comes back to: a name and the query string of an address. They are kept in
//! this browser; whoever wants to give one to others sends its address.

use serde_json::{Map, Value, json};

/// Most views kept.
pub const MOST: usize = 50;
/// Longest name, in characters.
pub const LONGEST_NAME: usize = 60;

/// A view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedView {
    /// What it is called.
    pub name: String,
    /// The query string of its address.
    pub search: String,
}

/// Reads what was kept; what is not understood is left out.
pub fn read(text: &str) -> Vec<SavedView> {
    let kept: Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    let views = kept.into_iter().filter_map(|(name, search)| {
        let search = search.as_str()?.to_owned();
        Some(SavedView { name, search })
    });
    views.take(MOST).collect()
}

/// What reads back as these.
pub fn write(views: &[SavedView]) -> String {
    let views = views
        .iter()
        .map(|view| (view.name.clone(), json!(view.search)));
    Value::Object(views.collect()).to_string()
}

/// With a view under a name, which takes the place of one of the same name.
pub fn with(views: &[SavedView], name: &str, search: &str) -> Vec<SavedView> {
    let name: String = name.trim().chars().take(LONGEST_NAME).collect();
    let mut views = without(views, &name);
    if !name.is_empty() && views.len() < MOST {
        let search = search.to_owned();
        views.push(SavedView { name, search });
        shared::sorting::sort_by(&mut views, |one, other| one.name.cmp(&other.name));
    }
    views
}

/// Without the view of a name.
pub fn without(views: &[SavedView], name: &str) -> Vec<SavedView> {
    let mut views = views.to_vec();
    views.retain(|view| view.name != name);
    views
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_read_back() {
        let views = with(&[], " Silent pumps ", "?search=pump");
        let views = with(&views, "All", "");
        let again = read(&write(&views));
        assert_eq!(again.len(), 2);
        assert!(again.contains(&SavedView {
            name: "Silent pumps".into(),
            search: "?search=pump".into()
        }));
        assert!(read("nonsense").is_empty());
        assert!(read(r#"{"a":1}"#).is_empty());
    }

    #[test]
    fn a_name_is_there_once() {
        let views = with(&[], "A", "?x=1");
        let views = with(&views, "A", "?x=2");
        assert_eq!(views.len(), 1);
        assert_eq!(views[0].search, "?x=2");
        assert!(without(&views, "A").is_empty());
        assert!(with(&[], "  ", "").is_empty());
    }
}
