//! What the history of a twin shows, as it stands in the address, and past twins as documents to
//! compare.

use super::json_document::without_hub_fields;
use super::url_state::{query_value, read_cursors, write_cursors, write_query};
use serde_json::{Value, json};

/// Sections of a twin by the hub's names.
pub const SECTIONS: [&str; 3] = ["tags", "desired", "reported"];

/// With what a version is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Against {
    /// The one before: what the change did.
    #[default]
    Before,
    /// The twin as it is: what going back would undo.
    Present,
}

/// The filter, the page, the version that is open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HistoryFilter {
    /// One of `SECTIONS`; empty for all.
    pub section: String,
    /// The version that is open.
    pub version: Option<u64>,
    /// With what it is compared.
    pub against: Against,
    /// Where the pages passed began, the current one last; empty on the first page.
    pub cursors: Vec<String>,
}

impl HistoryFilter {
    /// Reads the filter of a query string; unknown values count as not set.
    pub fn read(search: &str) -> Self {
        let value = |name: &str| query_value(search, name).unwrap_or_default();
        Self {
            section: Some(value("section"))
                .filter(|name| SECTIONS.contains(&name.as_str()))
                .unwrap_or_default(),
            version: value("version").parse().ok(),
            against: if value("against") == "present" {
                Against::Present
            } else {
                Against::Before
            },
            cursors: read_cursors(search),
        }
    }

    /// The query string that reads back as this filter.
    pub fn write(&self) -> String {
        let version = self.version.map(|version| version.to_string());
        let against = match self.against {
            Against::Before => "",
            Against::Present => "present",
        };
        write_query([
            ("section", self.section.clone()),
            ("version", version.unwrap_or_default()),
            ("against", against.to_owned()),
            ("page", write_cursors(&self.cursors)),
        ])
    }
}

/// Tags and properties of a twin without the hub's own fields, in one order.
pub fn comparable(twin: &Value) -> Value {
    let section = |pointer: &str| {
        let section = twin.pointer(pointer).cloned();
        without_hub_fields(&section.unwrap_or_else(|| json!({})))
    };
    json!({
        "tags": section("/tags"),
        "desired": section("/properties/desired"),
        "reported": section("/properties/reported"),
    })
}

/// Without what a device reported: what going back to a version writes.
pub fn writable(twin: &Value) -> Value {
    let mut document = comparable(twin);
    if let Value::Object(sections) = &mut document {
        sections.remove("reported");
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_reads_back() {
        let filter = HistoryFilter {
            section: "desired".into(),
            version: Some(12),
            against: Against::Present,
            cursors: vec!["40".into()],
        };
        assert_eq!(HistoryFilter::read(&filter.write()), filter);
        assert_eq!(HistoryFilter::default().write(), "");
        let odd = HistoryFilter::read("?section=other&version=x&against=y");
        assert_eq!(odd, HistoryFilter::default());
    }

    #[test]
    fn past_and_present_twins_compare() {
        let present = json!({
            "etag": "a", "version": 3, "tags": { "site": "s1" },
            "properties": {
                "desired": { "hz": 5, "$version": 2, "$metadata": {} },
                "reported": { "hz": 4, "$version": 1 },
            },
        });
        let past = json!({ "tags": { "site": "s1" },
            "properties": { "desired": { "hz": 5 }, "reported": { "hz": 4 } } });
        assert_eq!(comparable(&present), comparable(&past));
        assert_eq!(
            writable(&present),
            json!({ "tags": { "site": "s1" }, "desired": { "hz": 5 } })
        );
        assert_eq!(comparable(&json!({}))["tags"], json!({}));
    }
}
