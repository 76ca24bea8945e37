//! What a run must achieve, judged for scripts by the exit code.

use crate::behaviours::desired::Desired;
use serde_json::Value;

/// A value that the desired properties of every device must have.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredExpectation {
    /// Dotted path, such as `telemetryConfig.interval`.
    pub path: String,
    /// The value.
    pub value: Value,
}

/// Reads `PATH=VALUE`; the value is JSON if it can be read as JSON, and a text otherwise.
pub fn parse_desired_expectation(text: &str) -> Result<DesiredExpectation, String> {
    let (path, value) = text
        .split_once('=')
        .ok_or_else(|| format!("{text:?} has no '='; write for example fleet.ring=b"))?;
    if path.is_empty() || path.split('.').any(str::is_empty) {
        return Err(format!(
            "{path:?} is no path; write for example telemetryConfig.interval"
        ));
    }
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    if value.is_null() {
        return Err("null cannot be expected: a twin has no null values".to_owned());
    }
    Ok(DesiredExpectation {
        path: path.to_owned(),
        value,
    })
}

impl DesiredExpectation {
    /// Whether a device's desired properties meet it. Numbers are compared by value: 60 is 60.0.
    pub fn is_met(&self, desired: &Desired) -> bool {
        match (desired.at(&self.path), &self.value) {
            (Some(Value::Number(found)), Value::Number(expected)) => {
                found.as_f64() == expected.as_f64()
            }
            (Some(found), expected) => found == expected,
            (None, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_are_json_or_text() {
        let value = |text: &str| parse_desired_expectation(text).unwrap().value;
        assert_eq!(value("a=60"), json!(60));
        assert_eq!(value("a=true"), json!(true));
        assert_eq!(value("a=\"60\""), json!("60"));
        assert_eq!(value("a.b=ring b=c"), json!("ring b=c"));
        assert_eq!(value("a={\"b\":[1]}"), json!({"b": [1]}));
        assert_eq!(value("a="), json!(""));
    }

    #[test]
    fn broken_expectations_are_refused() {
        for text in ["a", "=1", "a..b=1", ".a=1", "a=null"] {
            assert!(parse_desired_expectation(text).is_err(), "{text}");
        }
    }

    #[test]
    fn judged_against_the_devices_copy() {
        let mut desired = Desired::default();
        desired
            .replace(&json!({"telemetryConfig": {"interval": 60.0}, "ring": "b", "$version": 2}));
        let met = |text: &str| parse_desired_expectation(text).unwrap().is_met(&desired);
        assert!(met("telemetryConfig.interval=60"));
        assert!(met("ring=b"));
        assert!(!met("ring=c"));
        assert!(!met("telemetryConfig.missing=60"));
    }
}
