//! The `telemetryConfig` section (`device-management.md` §3.4): a desired interval is first
//! reported as pending, then applied, then reported as `Success` or `Error`.

use super::Action;
use serde_json::{Map, Value, json};
use shared::time::Timestamp;
use std::time::Duration;

/// How long applying takes.
const APPLYING: i64 = 500;
/// Shortest and longest interval a device accepts, in seconds.
const ALLOWED_SECONDS: std::ops::RangeInclusive<f64> = 0.1..=86_400.0;

#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    config_id: Value,
    interval: Value,
}

/// The device's telemetry configuration.
#[derive(Debug, Clone)]
pub struct Configuration {
    default: Duration,
    interval: Duration,
    last: Option<Wanted>,
    pending: Option<(Timestamp, Wanted)>,
}

impl Configuration {
    /// The interval in force before anything is configured.
    pub fn new(default: Duration) -> Self {
        Self {
            default,
            interval: default,
            last: None,
            pending: None,
        }
    }

    /// The interval in force.
    pub fn interval(&self) -> Duration {
        self.interval
    }

    /// Forgets what was configured, as a factory reset does.
    pub fn reset(&mut self) {
        *self = Self::new(self.default);
    }

    /// When the pending configuration takes effect.
    pub fn due(&self) -> Option<Timestamp> {
        self.pending.as_ref().map(|(due, _)| *due)
    }

    /// Takes over what an earlier life of this device applied already, so that a restart
    /// does not report the same success again.
    pub fn adopt(&mut self, reported: Option<&Value>) {
        let Some(section) = reported.filter(|section| section["status"] == "Success") else {
            return;
        };
        let wanted = Wanted::read(section);
        if let (None, Ok(interval)) = (&self.last, wanted.duration()) {
            self.interval = interval;
            self.last = Some(wanted);
        }
    }

    /// Looks at the desired section.
    pub fn on_desired(
        &mut self,
        section: Option<&Value>,
        now: Timestamp,
        actions: &mut Vec<Action>,
    ) {
        let Some(section) = section.filter(|section| section.is_object()) else {
            return;
        };
        let wanted = Wanted::read(section);
        let latest = self
            .pending
            .as_ref()
            .map(|(_, wanted)| wanted)
            .or(self.last.as_ref());
        if latest == Some(&wanted) {
            return;
        }
        let old = self.interval.as_secs_f64();
        let mut pending = Map::new();
        if !wanted.config_id.is_null() {
            pending.insert("configId".to_owned(), wanted.config_id.clone());
        }
        pending.insert("interval".to_owned(), wanted.interval.clone());
        actions.push(Action::Report(json!({"telemetryConfig": {
            "configId": wanted.config_id, "interval": seconds(old), "status": "Pending",
            "pendingConfig": pending, "error": null}})));
        self.pending = Some((now.plus_milliseconds(APPLYING), wanted));
    }

    /// Applies the pending configuration; true if the interval changed.
    pub fn on_due(&mut self, actions: &mut Vec<Action>) -> bool {
        let Some((_, wanted)) = self.pending.take() else {
            return false;
        };
        let mut changed = false;
        let report = match wanted.duration() {
            Ok(interval) => {
                changed = interval != self.interval;
                self.interval = interval;
                json!({"interval": wanted.interval, "status": "Success", "pendingConfig": null, "error": null})
            }
            Err(message) => {
                json!({"interval": seconds(self.interval.as_secs_f64()), "status": "Error",
                "pendingConfig": null, "error": {"code": 400, "message": message}})
            }
        };
        actions.push(Action::Report(json!({"telemetryConfig": report})));
        self.last = Some(wanted);
        changed
    }
}

impl Wanted {
    fn read(section: &Value) -> Self {
        // Only plain values are echoed: a nested one could break the depth limit of the twin.
        let scalar = |name: &str| match section.get(name) {
            Some(value @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => value.clone(),
            _ => Value::Null,
        };
        Self {
            config_id: scalar("configId"),
            interval: scalar("interval"),
        }
    }

    fn duration(&self) -> Result<Duration, String> {
        match self.interval.as_f64() {
            Some(seconds) if ALLOWED_SECONDS.contains(&seconds) => {
                Ok(Duration::from_secs_f64(seconds))
            }
            _ => Err(format!(
                "interval must be a number of seconds from {} to {}",
                ALLOWED_SECONDS.start(),
                ALLOWED_SECONDS.end()
            )),
        }
    }
}

/// A whole number as `30`, not `30.0`.
pub fn seconds(seconds: f64) -> Value {
    if seconds.fract() == 0.0 {
        json!(seconds as i64)
    } else {
        json!(seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNSET;

    fn reports(actions: Vec<Action>) -> Vec<Value> {
        actions
            .into_iter()
            .map(|action| match action {
                Action::Report(report) => report["telemetryConfig"].clone(),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn a_desired_interval_is_pending_then_applied() {
        let mut configuration = Configuration::new(Duration::from_secs(30));
        let desired = json!({"configId": "c-9", "interval": 60});
        let mut actions = Vec::new();
        configuration.on_desired(Some(&desired), NOW, &mut actions);
        assert_eq!(configuration.interval(), Duration::from_secs(30));
        assert!(configuration.due().is_some());
        assert!(configuration.on_due(&mut actions));
        assert_eq!(configuration.interval(), Duration::from_secs(60));
        assert_eq!(
            reports(actions),
            [
                json!({"configId": "c-9", "interval": 30, "status": "Pending",
                    "pendingConfig": {"configId": "c-9", "interval": 60}, "error": null}),
                json!({"interval": 60, "status": "Success", "pendingConfig": null, "error": null}),
            ]
        );
        let mut again = Vec::new();
        configuration.on_desired(Some(&desired), NOW, &mut again);
        assert_eq!(again, []);
    }

    #[test]
    fn an_impossible_interval_is_an_error_and_changes_nothing() {
        for interval in [
            json!("fast"),
            json!(0),
            json!(-5),
            json!(1e9),
            json!({"deep": 1}),
            Value::Null,
        ] {
            let mut configuration = Configuration::new(Duration::from_secs(30));
            let mut actions = Vec::new();
            configuration.on_desired(
                Some(&json!({"configId": "c", "interval": interval})),
                NOW,
                &mut actions,
            );
            assert!(!configuration.on_due(&mut actions));
            let last = reports(actions).pop().unwrap();
            assert_eq!(
                (last["status"].as_str(), last["interval"].as_i64()),
                (Some("Error"), Some(30)),
                "{interval}"
            );
            assert_eq!(configuration.interval(), Duration::from_secs(30));
        }
    }

    #[test]
    fn what_was_applied_before_a_restart_is_not_applied_again() {
        let mut configuration = Configuration::new(Duration::from_secs(5));
        configuration.adopt(Some(
            &json!({"configId": "c-9", "interval": 60, "status": "Success"}),
        ));
        let mut actions = Vec::new();
        configuration.on_desired(
            Some(&json!({"configId": "c-9", "interval": 60})),
            NOW,
            &mut actions,
        );
        assert_eq!(
            (actions.len(), configuration.interval()),
            (0, Duration::from_secs(60))
        );
    }
}
