//! The state that lives in the URL: filters, tabs, picks. Reading never fails: what is not
//! understood is left out, so that an old link still opens.

use shared::letter_case;
use shared::query::quoted;
use std::fmt::Write as _;

/// Percent-encodes a path segment or query value (RFC 3986 unreserved characters stay).
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(byte as char);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// Decodes percent escapes; malformed ones stay as they are.
pub fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        match escape {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Name and value pairs of a query string (with or without `?`), decoded once.
pub fn read_query(search: &str) -> Vec<(String, String)> {
    search
        .trim_start_matches('?')
        .split('&')
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (
                decode(&name.replace('+', " ")),
                decode(&value.replace('+', " ")),
            )
        })
        .collect()
}

/// The query string of pairs, empty values left out: `?a=b&c=d`, or nothing.
pub fn write_query<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !value.is_empty() {
            out.push(if out.is_empty() { '?' } else { '&' });
            let _ = write!(out, "{}={}", encode(name), encode(&value));
        }
    }
    out
}

/// One value of a query string.
pub fn query_value(search: &str, name: &str) -> Option<String> {
    read_query(search)
        .into_iter()
        .find(|(n, v)| n == name && !v.is_empty())
        .map(|(_, v)| v)
}

/// A query string with one value replaced; an empty value takes it out.
pub fn with_value(search: &str, name: &str, value: &str) -> String {
    let mut pairs: Vec<(String, String)> = read_query(search)
        .into_iter()
        .filter(|(n, _)| n != name)
        .collect();
    pairs.push((name.to_owned(), value.to_owned()));
    write_query(pairs.iter().map(|(n, v)| (n.as_str(), v.clone())))
}

/// Cursors of the pages passed, of the value `page` of a query string.
pub fn read_cursors(search: &str) -> Vec<String> {
    let page = query_value(search, "page").unwrap_or_default();
    let passed = page.split(' ').filter(|cursor| !cursor.is_empty());
    passed.map(decode).collect()
}

/// The value `page` that reads back as these cursors.
pub fn write_cursors(cursors: &[String]) -> String {
    let page: Vec<String> = cursors.iter().map(|cursor| encode(cursor)).collect();
    page.join(" ")
}

/// The filters of the device list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DeviceFilter {
    /// Text looked for in device ids.
    pub search: String,
    /// `enabled`, `disabled` or empty for both.
    pub status: String,
    /// `connected`, `disconnected` or empty for both.
    pub connection: String,
    /// A condition of the query language that devices must fulfil too.
    pub condition: String,
}

impl DeviceFilter {
    /// Reads the filter of a query string; unknown values count as not set.
    pub fn read(search: &str) -> Self {
        let one_of = |name: &str, allowed: [&str; 2]| {
            query_value(search, name)
                .filter(|v| allowed.contains(&v.as_str()))
                .unwrap_or_default()
        };
        Self {
            search: query_value(search, "search").unwrap_or_default(),
            status: one_of("status", ["enabled", "disabled"]),
            connection: one_of("connection", ["connected", "disconnected"]),
            condition: query_value(search, "condition").unwrap_or_default(),
        }
    }

    /// The query string that reads back as this filter.
    pub fn write(&self) -> String {
        write_query([
            ("search", self.search.clone()),
            ("status", self.status.clone()),
            ("connection", self.connection.clone()),
            ("condition", self.condition.clone()),
        ])
    }

    /// Whether anything narrows the list.
    pub fn narrows(&self) -> bool {
        let filters = [
            &self.search,
            &self.status,
            &self.connection,
            &self.condition,
        ];
        filters.iter().any(|filter| !filter.is_empty())
    }

    /// All of it as a condition, for a list that the query language makes.
    pub fn whole_condition(&self) -> String {
        let mut whole = if self.condition.is_empty() {
            // Whatever is a device.
            "IS_DEFINED(deviceId)".to_owned()
        } else {
            // On lines of its own: it may end with a comment.
            format!("(\n{}\n)", self.condition)
        };
        if !self.search.is_empty() {
            let search = quoted(&letter_case::lower(&self.search));
            let _ = write!(whole, " AND CONTAINS(LOWER(deviceId), {search})");
        }
        if !self.status.is_empty() {
            let _ = write!(whole, " AND status = '{}'", self.status);
        }
        match self.connection.as_str() {
            "connected" => whole.push_str(" AND connectionState = 'Connected'"),
            "disconnected" => whole.push_str(" AND connectionState = 'Disconnected'"),
            _ => {}
        }
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_device_id_survives_the_url() {
        for id in ["pump-1", "d 1/#%", "a%41b", "펌프?x=1&y", "+", "%zz", "%"] {
            assert_eq!(decode(&encode(id)), id);
            let query = write_query([("id", id.to_owned())]);
            assert_eq!(query_value(&query, "id").as_deref(), Some(id));
        }
    }

    #[test]
    fn malformed_escapes_are_kept() {
        assert_eq!(decode("100%"), "100%");
        assert_eq!(decode("%G1%4"), "%G1%4");
        assert_eq!(decode("%é1"), "%é1");
    }

    #[test]
    fn filter_reads_back_what_it_wrote() {
        let filter = DeviceFilter {
            search: "pump &x".into(),
            status: "disabled".into(),
            connection: "connected".into(),
            condition: "tags.a = 'x&y' OR\ntags.b".into(),
        };
        assert_eq!(DeviceFilter::read(&filter.write()), filter);
        assert_eq!(DeviceFilter::default().write(), "");
    }

    #[test]
    fn all_filters_make_one_condition() {
        let filter = DeviceFilter {
            search: "It's\\A".into(),
            status: "disabled".into(),
            connection: "disconnected".into(),
            condition: "a = 1 OR b = 2 -- either".into(),
        };
        assert_eq!(
            filter.whole_condition(),
            "(\na = 1 OR b = 2 -- either\n) AND CONTAINS(LOWER(deviceId), 'it\\'s\\\\a') \
             AND status = 'disabled' AND connectionState = 'Disconnected'"
        );
        let only = DeviceFilter {
            condition: "a = 1".into(),
            ..Default::default()
        };
        assert_eq!(only.whole_condition(), "(\na = 1\n)");
        assert!(only.narrows());
        assert_eq!(
            DeviceFilter::default().whole_condition(),
            "IS_DEFINED(deviceId)"
        );
    }

    #[test]
    fn unknown_values_are_ignored() {
        let filter = DeviceFilter::read("?status=broken&connection=CONNECTED&other=1&search=");
        assert_eq!(filter, DeviceFilter::default());
        assert!(!filter.narrows());
    }

    #[test]
    fn replacing_one_value_keeps_the_others() {
        assert_eq!(with_value("?a=1&b=2", "a", "3"), "?b=2&a=3");
        assert_eq!(with_value("?a=1&b=2", "a", ""), "?b=2");
        assert_eq!(with_value("", "a", ""), "");
    }
}
