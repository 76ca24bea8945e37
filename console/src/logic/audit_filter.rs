//! What the audit screen shows, as it stands in the address.

use super::time::{self, Millis};
use super::url_state::{query_value, write_query};

/// Names of the periods that end now, with their length in minutes.
const PERIODS: [(&str, u32); 4] = [
    ("hour", 60),
    ("day", 1_440),
    ("week", 10_080),
    ("month", 43_200),
];

/// The period that two moments in the address bound.
pub const BETWEEN: &str = "between";

/// The filters of the audit screen and the record that is open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditFilter {
    /// Id of the device that records are about.
    pub device: String,
    /// Who did it, as recorded: `person:Ada`, `policy:service`.
    pub actor: String,
    /// What was done, as recorded: `updateTwin`.
    pub action: String,
    /// `hour`, `day`, `week`, `month`, `between`, or empty for all time.
    pub period: String,
    /// First moment of `between`; empty leaves it open.
    pub since: String,
    /// End of `between`; empty leaves it open.
    pub until: String,
    /// The record that is open: its chain and number.
    pub record: String,
}

impl AuditFilter {
    /// Reads the filter of a query string; unknown values count as not set.
    pub fn read(search: &str) -> Self {
        let text = |name: &str| query_value(search, name).unwrap_or_default();
        let moment = |name: &str| {
            query_value(search, name)
                .filter(|text| time::parse(text).is_some())
                .unwrap_or_default()
        };
        let period = query_value(search, "period")
            .filter(|name| name == BETWEEN || PERIODS.iter().any(|(known, _)| known == name))
            .unwrap_or_default();
        let between = period == BETWEEN;
        Self {
            device: text("device"),
            actor: text("actor"),
            action: text("action"),
            period,
            since: if between {
                moment("since")
            } else {
                String::new()
            },
            until: if between {
                moment("until")
            } else {
                String::new()
            },
            record: text("record"),
        }
    }

    /// The query string that reads back as this filter.
    pub fn write(&self) -> String {
        write_query([
            ("device", self.device.clone()),
            ("actor", self.actor.clone()),
            ("action", self.action.clone()),
            ("period", self.period.clone()),
            ("since", self.since.clone()),
            ("until", self.until.clone()),
            ("record", self.record.clone()),
        ])
    }

    /// The same records with none open.
    pub fn closed(&self) -> Self {
        Self {
            record: String::new(),
            ..self.clone()
        }
    }

    /// Whether anything narrows the list.
    pub fn narrows(&self) -> bool {
        self.closed() != Self::default()
    }

    /// The moments asked of the hub: since and until; empty is open.
    pub fn bounds(&self, now: Millis) -> (String, String) {
        let length = PERIODS.iter().find(|(name, _)| *name == self.period);
        match length {
            Some((_, minutes)) => {
                let since = now - f64::from(*minutes) * 60_000.0;
                (time::timestamp(since), String::new())
            }
            None => (self.since.clone(), self.until.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_reads_back() {
        let filter = AuditFilter {
            device: "pump &1".into(),
            actor: "person:Ada".into(),
            action: "updateTwin".into(),
            period: "between".into(),
            since: "2026-03-01T10:00:00Z".into(),
            until: "2026-03-02T10:00:00Z".into(),
            record: "registry-0.12".into(),
        };
        assert_eq!(AuditFilter::read(&filter.write()), filter);
        assert_eq!(AuditFilter::default().write(), "");
        assert!(filter.narrows());
    }

    #[test]
    fn an_open_record_does_not_narrow() {
        let filter = AuditFilter::read("?record=hub.3");
        assert!(!filter.narrows());
        assert_eq!(filter.closed(), AuditFilter::default());
    }

    #[test]
    fn nonsense_in_the_address_is_ignored() {
        let filter = AuditFilter::read("?period=century&since=2026-03-01T10:00:00Z&until=x");
        assert_eq!(filter, AuditFilter::default());
        let filter = AuditFilter::read("?period=between&since=yesterday");
        assert_eq!(filter.since, "");
    }

    #[test]
    fn periods_end_now_and_bounds_stay_as_they_are() {
        let now = time::parse("2026-03-02T10:00:00Z").unwrap();
        let day = AuditFilter::read("?period=day");
        assert_eq!(
            day.bounds(now),
            ("2026-03-01T10:00:00Z".to_owned(), String::new())
        );
        let between = AuditFilter::read("?period=between&until=2026-03-01T10:00:00Z");
        assert_eq!(
            between.bounds(now),
            (String::new(), "2026-03-01T10:00:00Z".to_owned())
        );
    }
}
