//! What the screen for developers shows, as it stands in the address.

use super::snippet::Side;
use super::url_state::{query_value, write_query};

/// The place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevelopersPlace {
    /// Whose program shows.
    pub side: Side,
    /// In which language; empty for the first one.
    pub language: String,
    /// Words that operations have to hold.
    pub search: String,
    /// Only operations of this group; empty for all.
    pub group: String,
    /// The operation that is open; empty for none.
    pub operation: String,
}

impl Default for DevelopersPlace {
    fn default() -> Self {
        Self::read("")
    }
}

impl DevelopersPlace {
    /// Reads the place of a query string.
    pub fn read(search: &str) -> Self {
        let text = |name: &str| query_value(search, name).unwrap_or_default();
        Self {
            side: Side::named(&text("for")),
            language: text("language"),
            search: text("search"),
            group: text("group"),
            operation: text("operation"),
        }
    }

    /// The query string that reads back as this place.
    pub fn write(&self) -> String {
        let side = match self.side {
            Side::Device => "",
            Side::Service => self.side.name(),
        };
        write_query([
            ("for", side.to_owned()),
            ("language", self.language.clone()),
            ("search", self.search.clone()),
            ("group", self.group.clone()),
            ("operation", self.operation.clone()),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_reads_back() {
        let place = DevelopersPlace {
            side: Side::Service,
            language: "curl".into(),
            search: "get & put".into(),
            group: "Import and export".into(),
            operation: "createJob".into(),
        };
        assert_eq!(DevelopersPlace::read(&place.write()), place);
        assert_eq!(DevelopersPlace::default().write(), "");
        let odd = DevelopersPlace::read("?for=nobody");
        assert_eq!(odd, DevelopersPlace::default());
    }
}
