//! What the list of scheduled jobs, and the list of one job's devices, show: as it stands in
//! the address.

use super::url_state::{query_value, read_cursors, write_cursors, write_query};

/// Kinds of jobs by the hub's names.
pub const KINDS: [&str; 2] = ["scheduleUpdateTwin", "scheduleDeviceMethod"];

/// States of a job by the hub's names.
pub const STATES: [&str; 6] = [
    "queued",
    "scheduled",
    "running",
    "completed",
    "failed",
    "cancelled",
];

/// States of a device in a job by the hub's names.
pub const ROW_STATES: [&str; 5] = ["completed", "failed", "canceled", "running", "pending"];

fn one_of(search: &str, name: &str, allowed: &[&str]) -> String {
    query_value(search, name)
        .filter(|value| allowed.contains(&value.as_str()))
        .unwrap_or_default()
}

/// The filter and the page of the list of jobs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct JobFilter {
    /// One of `KINDS`; empty for all.
    pub kind: String,
    /// One of `STATES`; empty for all.
    pub status: String,
    /// Cursors of the pages passed, the current one last; empty on the first page.
    pub cursors: Vec<String>,
}

impl JobFilter {
    /// Reads the filter of a query string; unknown values count as not set.
    pub fn read(search: &str) -> Self {
        Self {
            kind: one_of(search, "type", &KINDS),
            status: one_of(search, "status", &STATES),
            cursors: read_cursors(search),
        }
    }

    /// The query string that reads back as this filter.
    pub fn write(&self) -> String {
        write_query([
            ("type", self.kind.clone()),
            ("status", self.status.clone()),
            ("page", write_cursors(&self.cursors)),
        ])
    }

    /// Whether anything narrows the list.
    pub fn narrows(&self) -> bool {
        !(self.kind.is_empty() && self.status.is_empty())
    }
}

/// The filter and the page of a job's devices.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowFilter {
    /// One of `ROW_STATES`; empty for all.
    pub status: String,
    /// Cursors of the pages passed, the current one last; empty on the first page.
    pub cursors: Vec<String>,
}

impl RowFilter {
    /// Devices in one state.
    pub fn of(status: &str) -> Self {
        Self {
            status: status.to_owned(),
            cursors: Vec::new(),
        }
    }

    /// Reads the filter of a query string; unknown values count as not set.
    pub fn read(search: &str) -> Self {
        Self {
            status: one_of(search, "status", &ROW_STATES),
            cursors: read_cursors(search),
        }
    }

    /// The query string that reads back as this filter.
    pub fn write(&self) -> String {
        write_query([
            ("status", self.status.clone()),
            ("page", write_cursors(&self.cursors)),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_back() {
        let filter = JobFilter {
            kind: "scheduleDeviceMethod".into(),
            status: "running".into(),
            cursors: vec!["a b+=".into()],
        };
        assert_eq!(JobFilter::read(&filter.write()), filter);
        assert!(filter.narrows());
        let rows = RowFilter {
            status: "failed".into(),
            cursors: vec!["c".into()],
        };
        assert_eq!(RowFilter::read(&rows.write()), rows);
        assert_eq!(RowFilter::default().write(), "");
    }

    #[test]
    fn unknown_values_are_ignored() {
        let filter = JobFilter::read("?type=export&status=lost&page=a");
        assert!(!filter.narrows());
        assert_eq!(filter.cursors, ["a"]);
        assert_eq!(RowFilter::read("?status=cancelled").status, "");
    }
}
