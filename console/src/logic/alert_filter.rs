//! What the alerts screen shows, as it stands in the address.

use super::url_state::{query_value, read_cursors, write_cursors, write_query};

/// Which alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Show {
    /// Open ones that need a person.
    #[default]
    Attention,
    /// All that are not over, snoozed ones included.
    Unresolved,
    /// Those that are over.
    Resolved,
    /// All.
    All,
}

impl Show {
    /// All choices in their order.
    pub const ALL: [Self; 4] = [Self::Attention, Self::Unresolved, Self::Resolved, Self::All];

    /// Its name in the address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Unresolved => "unresolved",
            Self::Resolved => "resolved",
            Self::All => "all",
        }
    }

    /// The inverse of [`Show::name`].
    pub fn from_name(name: &str) -> Self {
        let known = Self::ALL.into_iter().find(|show| show.name() == name);
        known.unwrap_or_default()
    }
}

/// The filter and the page shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AlertFilter {
    /// Which.
    pub show: Show,
    /// `info`, `warning`, `error`, or empty for all.
    pub severity: String,
    /// A device, a job, an endpoint or the value of a tag, in full; empty for all.
    pub subject: String,
    /// Cursors of the pages passed, the current one last; empty on the first page.
    pub cursors: Vec<String>,
}

impl AlertFilter {
    /// Reads the filter of a query string; unknown values count as not set.
    pub fn read(search: &str) -> Self {
        let text = |name: &str| query_value(search, name).unwrap_or_default();
        let severity = text("severity");
        Self {
            show: Show::from_name(&text("show")),
            severity: match severity.as_str() {
                "info" | "warning" | "error" => severity,
                _ => String::new(),
            },
            subject: text("subject"),
            cursors: read_cursors(search),
        }
    }

    /// The query string that reads back as this filter.
    pub fn write(&self) -> String {
        let show = match self.show {
            Show::Attention => String::new(),
            show => show.name().to_owned(),
        };
        write_query([
            ("show", show),
            ("severity", self.severity.clone()),
            ("subject", self.subject.clone()),
            ("page", write_cursors(&self.cursors)),
        ])
    }

    /// What the hub is asked, behind the path.
    pub fn asked(&self) -> String {
        let (state, attention) = match self.show {
            Show::Attention => ("open", "true"),
            Show::Unresolved => ("unresolved", ""),
            Show::Resolved => ("resolved", ""),
            Show::All => ("", ""),
        };
        write_query([
            ("state", state.to_owned()),
            ("attention", attention.to_owned()),
            ("severity", self.severity.clone()),
            ("subject", self.subject.clone()),
            ("cursor", self.cursors.last().cloned().unwrap_or_default()),
        ])
    }

    /// Whether more than the choice of states narrows the list.
    pub fn narrows(&self) -> bool {
        !(self.severity.is_empty() && self.subject.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_reads_back() {
        for show in Show::ALL {
            let filter = AlertFilter {
                show,
                severity: "error".into(),
                subject: "pump &1".into(),
                cursors: vec!["12".into()],
            };
            assert_eq!(AlertFilter::read(&filter.write()), filter);
        }
        assert_eq!(AlertFilter::default().write(), "");
        assert_eq!(
            AlertFilter::read("?show=x&severity=bad"),
            AlertFilter::default()
        );
    }

    #[test]
    fn what_needs_a_person_is_asked_for_first() {
        let asked = AlertFilter::default().asked();
        assert_eq!(asked, "?state=open&attention=true");
        let all = AlertFilter {
            show: Show::All,
            subject: "s1".into(),
            ..AlertFilter::default()
        };
        assert_eq!(all.asked(), "?subject=s1");
    }
}
