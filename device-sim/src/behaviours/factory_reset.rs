//! Factory reset (`device-management.md` §3.3): erase, come back, clear all other reported
//! properties and say so, in one patch.

use super::Action;
use super::procedure::{Procedure, Situation};
use serde_json::{Map, Value, json};
use shared::time::Timestamp;

/// A factory reset under way.
pub struct FactoryReset {
    finished: bool,
}

impl FactoryReset {
    /// Begins: reports and goes down to erase.
    pub fn start(situation: &Situation<'_>, actions: &mut Vec<Action>) -> Self {
        actions.push(Action::Report(json!({"iothubDM": {"factoryReset":
            {"status": "resetting", "startedFactoryReset": situation.now}}})));
        actions.push(Action::GoOffline(situation.step * 3));
        Self { finished: false }
    }
}

/// Why a payload does not allow the reset of this device; `None` if it does.
pub fn refusal(device_id: &str, payload: &Value) -> Option<String> {
    match payload.get("confirm").and_then(Value::as_str) {
        Some(confirm) if confirm == device_id => None,
        Some(_) => Some("\"confirm\" is not the id of this device; nothing was erased.".to_owned()),
        None => Some(
            "\"confirm\" with the id of this device is required; nothing was erased.".to_owned(),
        ),
    }
}

/// The patch that leaves only the success in the reported properties.
fn clearing_patch(reported: &Value, now: Timestamp) -> Value {
    let nulls = |section: Option<&Value>, kept: &str| -> Map<String, Value> {
        let keys = section
            .and_then(Value::as_object)
            .into_iter()
            .flat_map(Map::keys);
        keys.filter(|key| !key.starts_with('$') && *key != kept)
            .map(|key| (key.clone(), Value::Null))
            .collect()
    };
    let mut management = nulls(reported.get("iothubDM"), "factoryReset");
    management.insert(
        "factoryReset".to_owned(),
        json!({"status": "succeeded", "lastFactoryReset": now}),
    );
    let mut patch = nulls(Some(reported), "iothubDM");
    patch.insert("iothubDM".to_owned(), Value::Object(management));
    Value::Object(patch)
}

impl Procedure for FactoryReset {
    fn due(&self) -> Option<Timestamp> {
        None
    }

    fn on_due(&mut self, _: &mut Situation<'_>, _: &mut Vec<Action>) {}

    fn on_reconnected(
        &mut self,
        situation: &mut Situation<'_>,
        reported: &Value,
        actions: &mut Vec<Action>,
    ) {
        actions.push(Action::Report(clearing_patch(reported, situation.now)));
        self.finished = true;
    }

    fn finished(&self) -> bool {
        self.finished
    }

    fn name(&self) -> &'static str {
        "a factory reset"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_devices_own_id_confirms() {
        assert_eq!(
            refusal("pump-7", &json!({"confirm": "pump-7", "keepNetwork": true})),
            None
        );
        assert!(refusal("pump-7", &json!({"confirm": "pump-8"})).is_some());
        assert!(refusal("pump-7", &json!({"confirm": 7})).is_some());
        assert!(refusal("pump-7", &Value::Null).is_some());
    }

    #[test]
    fn everything_but_the_reset_is_cleared() {
        let reported = json!({"deviceInfo": {"a": 1}, "lastCommand": {}, "$version": 9,
            "iothubDM": {"reboot": {"status": "succeeded"}, "factoryReset": {"status": "resetting"}}});
        let now = Timestamp::from_milliseconds(0);
        assert_eq!(
            clearing_patch(&reported, now),
            json!({"deviceInfo": null, "lastCommand": null, "iothubDM": {"reboot": null,
                "factoryReset": {"status": "succeeded", "lastFactoryReset": "1970-01-01T00:00:00.0000000Z"}}})
        );
    }
}
