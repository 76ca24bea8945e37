//! Files of storage endpoints (`query-routing-events.md` §3.2): their names, and an event as a
//! line.

use crate::error::HubError;
use crate::json;
use crate::routing::message::SYSTEM_PROPERTIES;
use crate::time::Timestamp;
use crate::writing::JsonText;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

/// The format of names if none is given.
pub const DEFAULT_NAME_FORMAT: &str = "{iothub}/{partition}/{YYYY}/{MM}/{DD}/{HH}/{mm}";
/// All of these have to be in a format.
const TOKENS: [&str; 7] = [
    "{iothub}",
    "{partition}",
    "{YYYY}",
    "{MM}",
    "{DD}",
    "{HH}",
    "{mm}",
];
/// Longest format.
const MAX_FORMAT_LENGTH: usize = 256;
/// Whether a format of names will do.
pub fn check_name_format(format: &str) -> Result<(), HubError> {
    if TOKENS.iter().all(|token| format.contains(token)) && format.len() <= MAX_FORMAT_LENGTH {
        let name = file_name(format, "hub", 0, Timestamp::UNSET, 0);
        if crate::blob::BlobName::parse(&name).is_some() {
            return Ok(());
        }
    }
    Err(HubError::invalid(format!(
        "fileNameFormat must have each of {} in any order, {MAX_FORMAT_LENGTH} characters at \
         most, no '/' at either end, and otherwise only what names of blobs may have.",
        TOKENS.join(", ")
    )))
}

/// The name of a file whose first event came at a time; the `number`th of that name, from 0.
pub fn file_name(format: &str, hub: &str, partition: u16, first: Timestamp, number: u32) -> String {
    let text = first.to_string();
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default().to_owned();
    let values = [
        hub.to_owned(),
        partition.to_string(),
        part(0, 4),
        part(5, 7),
        part(8, 10),
        part(11, 13),
        part(14, 16),
    ];
    let mut name = format.to_owned();
    for (token, value) in TOKENS.iter().zip(values) {
        name = name.replace(token, &value);
    }
    if number > 0 {
        name.push_str(&format!("-{}", number + 1));
    }
    name
}

/// An event as a line, with its end. `raw` is the body as it was sent, of telemetry.
pub fn line(event: &Value, raw: &[u8]) -> String {
    let section = |name: &str| event.get(name).and_then(Value::as_object);
    let enqueued = event.get("enqueuedTime").cloned().unwrap_or_default();
    let mut system = Map::new();
    for (name, value) in section("systemProperties").into_iter().flatten() {
        // Names in files are those of conditions; what those do not know is left out.
        let known = SYSTEM_PROPERTIES.iter().find(|(_, known)| known == name);
        if let Some((ours, _)) = known {
            system.insert((*ours).to_owned(), value.clone());
        }
    }
    system.insert("enqueuedTime".to_owned(), enqueued.clone());
    // A reader's `body` is JSON for the other encodings of Unicode too.
    let is_utf8 = system
        .get("contentEncoding")
        .and_then(Value::as_str)
        .is_some_and(|encoding| encoding.eq_ignore_ascii_case("utf-8"));
    let body = match event.get("body") {
        Some(body) if is_utf8 => body.clone(),
        _ => json!(STANDARD.encode(raw)),
    };
    let mut line = json!({
        "EnqueuedTimeUtc": enqueued,
        "Properties": section("applicationProperties"),
        "SystemProperties": system,
        "Body": body,
    })
    .json_text();
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_the_time_of_its_first_event() {
        let first = Timestamp::parse("2026-03-01T10:07:59.9Z").unwrap();
        let name = |number| file_name(DEFAULT_NAME_FORMAT, "hub1", 3, first, number);
        assert_eq!(name(0), "hub1/3/2026/03/01/10/07");
        assert_eq!(name(1), "hub1/3/2026/03/01/10/07-2");
    }

    #[test]
    fn a_format_needs_every_token() {
        assert!(check_name_format(DEFAULT_NAME_FORMAT).is_ok());
        assert!(check_name_format("{mm}-{HH}-{DD}-{MM}-{YYYY}/{partition}.{iothub}.json").is_ok());
        for format in [
            "{iothub}/{partition}/{YYYY}/{MM}/{DD}/{HH}",
            "/{iothub}/{partition}/{YYYY}/{MM}/{DD}/{HH}/{mm}",
            "{iothub}/../{partition}/{YYYY}/{MM}/{DD}/{HH}/{mm}",
            "",
        ] {
            assert!(check_name_format(format).is_err(), "{format}");
        }
    }

    #[test]
    fn a_line_is_as_azure_writes_it() {
        let event = json!({"enqueuedTime":"2026-03-01T10:00:00.0000000Z",
            "applicationProperties":{"level":"critical"},
            "systemProperties":{"iothub-connection-device-id":"pump-7","content-type":"application/json",
                "content-encoding":"utf-8","iothub-enqueuedtime":1772359200000u64,
                "iothub-message-source":"Telemetry"},
            "body":{"t":93}});
        let written = line(&event, b"{\"t\":93}");
        assert!(written.ends_with('\n') && written.matches('\n').count() == 1);
        assert_eq!(
            serde_json::from_str::<Value>(&written).unwrap(),
            json!({"EnqueuedTimeUtc":"2026-03-01T10:00:00.0000000Z","Properties":{"level":"critical"},
                "SystemProperties":{"connectionDeviceId":"pump-7","contentType":"application/json",
                    "contentEncoding":"utf-8","enqueuedTime":"2026-03-01T10:00:00.0000000Z"},
                "Body":{"t":93}})
        );
        let bytes = json!({"systemProperties":{},"bodyBase64":"AQI="});
        let body = |raw| serde_json::from_str::<Value>(&line(&bytes, raw)).unwrap()["Body"].clone();
        assert_eq!(body(&[1, 2]), "AQI=");
        assert_eq!(body(&[]), "");
    }
}
