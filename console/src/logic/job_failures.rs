//! Failures of a job grouped by their cause: what a person has to look into is a handful of
//! causes, not a thousand devices.

use serde::Deserialize;
use serde_json::Value;
use shared::sorting::sort_by;

/// Why the hub could not do it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(default)]
pub struct RowError {
    /// The error's name.
    pub code: String,
    /// In words.
    pub description: String,
}

/// One device of a job.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobRow {
    /// The device.
    pub device_id: String,
    /// `pending`, `running`, `completed`, `failed` or `canceled`.
    pub status: String,
    /// When that last changed.
    #[serde(default)]
    pub last_updated_date_time_utc: Option<String>,
    /// What came back.
    #[serde(default)]
    pub outcome: Value,
    /// Why it failed.
    #[serde(default)]
    pub error: Option<RowError>,
    /// What holds it, if something does.
    #[serde(default)]
    pub hold: Option<Value>,
}

impl JobRow {
    /// The status of a method's answer.
    pub fn answer_status(&self) -> Option<i64> {
        self.outcome
            .pointer("/deviceMethodResponse/status")
            .and_then(Value::as_i64)
    }

    /// The payload of a method's answer as one line of JSON; empty if there is none.
    pub fn answer_payload(&self) -> String {
        match self.outcome.pointer("/deviceMethodResponse/payload") {
            None | Some(Value::Null) => String::new(),
            Some(payload) => payload.to_string(),
        }
    }
}

/// Devices that failed for the same reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// The error's name; empty if the device itself answered.
    pub code: String,
    /// The status that the device answered.
    pub answered: Option<i64>,
    /// In words.
    pub text: String,
    /// How many.
    pub devices: u64,
    /// The first of them.
    pub first: String,
}

/// Rows grouped by cause, the most frequent first; equal ones in the order they came.
pub fn clusters(rows: &[JobRow]) -> Vec<Cluster> {
    let mut found: Vec<Cluster> = Vec::new();
    for row in rows {
        let error = row.error.clone().unwrap_or_default();
        let (answered, text) = match row.answer_status() {
            Some(status) => (Some(status), row.answer_payload()),
            None => (None, error.description),
        };
        let same = found
            .iter_mut()
            .find(|c| c.code == error.code && c.answered == answered && c.text == text);
        match same {
            Some(cluster) => cluster.devices += 1,
            None => found.push(Cluster {
                code: error.code,
                answered,
                text,
                devices: 1,
                first: row.device_id.clone(),
            }),
        }
    }
    sort_by(&mut found, |one, other| other.devices.cmp(&one.devices));
    found
}

/// The rows that a retry would take back: failed ones, and those whose device answered with
/// another status than 2xx.
pub fn query_of_failures(job: &str) -> String {
    let id = job.replace('\'', "\\'");
    format!(
        "SELECT * FROM devices.jobs WHERE jobId = '{id}' AND (status = 'failed' \
         OR outcome.deviceMethodResponse.status < 200 OR outcome.deviceMethodResponse.status > 299)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn row(device: &str, rest: Value) -> JobRow {
        let mut document = json!({ "deviceId": device, "status": "failed", "outcome": {} });
        for (name, value) in rest.as_object().unwrap() {
            document[name] = value.clone();
        }
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn failures_are_grouped_by_cause() {
        let late = json!({ "error": { "code": "GatewayTimeout", "description": "No answer." } });
        let refused = json!({ "status": "completed",
            "outcome": { "deviceMethodResponse": { "status": 409, "payload": { "why": "busy" } } } });
        let rows = [
            row("a", refused.clone()),
            row("b", late.clone()),
            row("c", late),
        ];
        let found = clusters(&rows);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].code.as_str(), found[0].devices, &*found[0].first),
            ("GatewayTimeout", 2, "b")
        );
        assert_eq!(found[1].answered, Some(409));
        assert_eq!(found[1].text, "{\"why\":\"busy\"}");
        assert!(clusters(&[]).is_empty());
    }

    #[test]
    fn a_row_without_answer_has_none() {
        let plain = row("a", json!({}));
        assert_eq!(plain.answer_status(), None);
        assert_eq!(plain.answer_payload(), "");
    }

    #[test]
    fn the_id_cannot_leave_its_quotes() {
        assert!(query_of_failures("it's").contains("jobId = 'it\\'s' AND"));
    }
}
