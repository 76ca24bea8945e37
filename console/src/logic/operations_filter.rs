//! What the screen of refused connections shows, as it stands in the address.

use super::time::{Millis, timestamp};
use super::url_state::{query_value, read_cursors, write_cursors, write_query};

/// Names of the periods that end now, with their length in minutes. Records are kept for a week.
const PERIODS: [(&str, u32); 2] = [("hour", 60), ("day", 1_440)];

/// The filter and the page shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OperationsFilter {
    /// Id of one device; empty for all.
    pub device: String,
    /// `hour`, `day`, or empty for all that is kept.
    pub period: String,
    /// Cursors of the pages passed, the current one last; empty on the first page.
    pub cursors: Vec<String>,
}

impl OperationsFilter {
    /// Reads the filter of a query string; unknown values count as not set.
    pub fn read(search: &str) -> Self {
        Self {
            device: query_value(search, "device").unwrap_or_default(),
            period: query_value(search, "period")
                .filter(|name| PERIODS.iter().any(|(known, _)| known == name))
                .unwrap_or_default(),
            cursors: read_cursors(search),
        }
    }

    /// The query string that reads back as this filter.
    pub fn write(&self) -> String {
        write_query([
            ("device", self.device.clone()),
            ("period", self.period.clone()),
            ("page", write_cursors(&self.cursors)),
        ])
    }

    /// Whether anything narrows the list.
    pub fn narrows(&self) -> bool {
        !(self.device.is_empty() && self.period.is_empty())
    }

    /// The first moment asked of the hub; empty is open.
    pub fn from(&self, now: Millis) -> String {
        let length = PERIODS.iter().find(|(name, _)| *name == self.period);
        length.map_or_else(String::new, |(_, minutes)| {
            timestamp(now - f64::from(*minutes) * 60_000.0)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::time;
    use super::*;

    #[test]
    fn the_address_reads_back() {
        let filter = OperationsFilter {
            device: "pump &1".into(),
            period: "day".into(),
            cursors: vec!["a b+=".into(), "c".into()],
        };
        assert_eq!(OperationsFilter::read(&filter.write()), filter);
        assert_eq!(OperationsFilter::default().write(), "");
        assert!(filter.narrows());
        let paged = OperationsFilter::read("?page=a&period=year");
        assert_eq!(paged.cursors, ["a"]);
        assert!(!paged.narrows());
    }

    #[test]
    fn periods_end_now() {
        let now = time::parse("2026-03-02T10:00:00Z").unwrap();
        let filter = OperationsFilter::read("?period=hour");
        assert_eq!(filter.from(now), "2026-03-02T09:00:00Z");
        assert_eq!(OperationsFilter::default().from(now), "");
    }
}
