//! What the screen of all events shows, as it stands in the address. Source and device are the
//! hub's business, which then sends less; the text is looked for here, so that typing one does not
//! open another stream.

use super::url_state::{query_value, write_query};

/// Kinds of events, as the hub calls them.
pub const SOURCES: [&str; 6] = [
    "Telemetry",
    "twinChangeEvents",
    "deviceLifecycleEvents",
    "deviceConnectionStateEvents",
    "digitalTwinChangeEvents",
    "deviceJobLifecycleEvents",
];

/// The filter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// One of the sources; empty for all.
    pub source: String,
    /// Id of one device; empty for all.
    pub device: String,
    /// Text in body or properties.
    pub text: String,
    /// Whether what is kept is told first.
    pub replays: bool,
}

impl EventFilter {
    /// Reads the filter of a query string; unknown values count as not set.
    pub fn read(search: &str) -> Self {
        let text = |name: &str| query_value(search, name).unwrap_or_default();
        let source = text("source");
        Self {
            source: if SOURCES.contains(&source.as_str()) {
                source
            } else {
                String::new()
            },
            device: text("device"),
            text: text("text"),
            replays: text("from") == "earliest",
        }
    }

    /// The query string that reads back as this filter.
    pub fn write(&self) -> String {
        let from = if self.replays { "earliest" } else { "" };
        write_query([
            ("source", self.source.clone()),
            ("device", self.device.clone()),
            ("text", self.text.clone()),
            ("from", from.to_owned()),
        ])
    }

    /// What the hub is asked for.
    pub fn stream(&self) -> String {
        let from = if self.replays { "earliest" } else { "latest" };
        write_query([
            ("from", from.to_owned()),
            ("source", self.source.clone()),
            ("deviceId", self.device.clone()),
        ])
    }

    /// Whether anything narrows the stream.
    pub fn narrows(&self) -> bool {
        let texts = [&self.source, &self.device, &self.text];
        texts.iter().any(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_reads_back() {
        let filter = EventFilter {
            source: "Telemetry".into(),
            device: "pump &1".into(),
            text: "hot".into(),
            replays: true,
        };
        assert_eq!(EventFilter::read(&filter.write()), filter);
        assert_eq!(
            filter.stream(),
            "?from=earliest&source=Telemetry&deviceId=pump%20%261"
        );
        assert!(filter.narrows());
    }

    #[test]
    fn nonsense_in_the_address_is_ignored() {
        let filter = EventFilter::read("?source=nothing&from=yesterday");
        assert_eq!(filter, EventFilter::default());
        assert_eq!(filter.write(), "");
        assert_eq!(filter.stream(), "?from=latest");
        assert!(!filter.narrows());
    }
}
