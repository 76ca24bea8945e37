//! What the archive screen shows, as it stands in the address.

use super::url_state::{decode, encode, query_value, write_query};

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
            cursors: query_value(search, "page")
                .map(|page| {
                    page.split(' ')
                        .filter(|cursor| !cursor.is_empty())
                        .map(decode)
                        .collect()
                })
                .unwrap_or_default(),
        }
    }

    /// The query string that reads back as this filter.
    pub fn write(&self) -> String {
        let page: Vec<String> = self.cursors.iter().map(|cursor| encode(cursor)).collect();
        write_query([("device", self.device.clone()), ("page", page.join(" "))])
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
