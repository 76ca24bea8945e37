//! What the archive screen shows, as it stands in the address.

use super::url_state::{query_value, read_cursors, write_cursors, write_query};

/// The filter of the archive and the page shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ArchiveFilter {
    /// Id of one device; empty for all.
    pub device: String,
    /// Cursors of the pages passed, the current one last; empty on the first page.
    pub cursors: Vec<String>,
}

impl ArchiveFilter {
    /// Reads the filter of a query string.
    pub fn read(search: &str) -> Self {
        Self {
            device: query_value(search, "device").unwrap_or_default(),
            cursors: read_cursors(search),
        }
    }

    /// The query string that reads back as this filter.
    pub fn write(&self) -> String {
        write_query([
            ("device", self.device.clone()),
            ("page", write_cursors(&self.cursors)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_reads_back() {
        let filter = ArchiveFilter {
            device: "pump 1".into(),
            cursors: vec!["a b+=".into(), "c".into()],
        };
        assert_eq!(ArchiveFilter::read(&filter.write()), filter);
        assert_eq!(ArchiveFilter::default().write(), "");
        assert_eq!(ArchiveFilter::read("?x=1"), ArchiveFilter::default());
    }
}
