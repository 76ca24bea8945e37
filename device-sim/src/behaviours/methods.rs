//! Direct methods: which there are, and the answer to each (`device-management.md` §3.2–3.5).
//!
//! Answers come at once; what a method starts goes on afterwards as a [`super::procedure::Procedure`].

use super::factory_reset;
use super::firmware::Package;
use serde_json::{Value, json};

/// The methods a device implements.
pub const NAMES: [&str; 4] = ["reboot", "factoryReset", "firmwareUpdate", "ping"];

/// What a call starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Nothing.
    Nothing,
    /// A reboot.
    Reboot,
    /// A factory reset.
    FactoryReset,
    /// A firmware update.
    FirmwareUpdate(Package),
}

/// Answers a call: status, payload and what begins. `running` names the operation under way.
pub fn answer(
    device_id: &str,
    name: &str,
    payload: &Value,
    running: Option<&str>,
) -> (i32, Value, Begin) {
    let refused = |status: i32, text: String| (status, Value::String(text), Begin::Nothing);
    let busy = || running.map(|running| refused(409, format!("Conflict: {running} is under way.")));
    match name {
        "ping" => (200, payload.clone(), Begin::Nothing),
        "reboot" => busy().unwrap_or((200, json!("Reboot started"), Begin::Reboot)),
        "factoryReset" => match factory_reset::refusal(device_id, payload) {
            Some(why) => refused(400, why),
            None => busy().unwrap_or((200, json!("Factory reset started"), Begin::FactoryReset)),
        },
        "firmwareUpdate" => {
            match Package::parse(
                payload.get("fwPackageUri"),
                payload.get("version"),
                payload.get("sha256"),
            ) {
                Err(why) => refused(400, why),
                Ok(package) => busy().unwrap_or((
                    200,
                    json!("Firmware update started."),
                    Begin::FirmwareUpdate(package),
                )),
            }
        }
        _ => refused(
            404,
            format!(
                "This device has no method {name:?}; it has {}.",
                NAMES.join(", ")
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ping_echoes_and_unknown_names_are_404() {
        let payload = json!({"n": [1, 2]});
        assert_eq!(
            answer("d", "ping", &payload, Some("a reboot")),
            (200, payload, Begin::Nothing)
        );
        let (status, text, begin) = answer("d", "selfDestruct", &Value::Null, None);
        assert_eq!((status, begin), (404, Begin::Nothing));
        assert!(text.as_str().unwrap().contains("firmwareUpdate"));
    }

    #[test]
    fn a_second_operation_is_a_conflict() {
        let update = json!({"fwPackageUri": "https://files.test/fw-3.0.bin"});
        for (name, payload) in [
            ("reboot", Value::Null),
            ("factoryReset", json!({"confirm": "d"})),
            ("firmwareUpdate", update),
        ] {
            assert_eq!(answer("d", name, &payload, None).0, 200, "{name}");
            assert_eq!(
                answer("d", name, &payload, Some("a firmware update")).0,
                409,
                "{name}"
            );
        }
    }

    #[test]
    fn an_update_needs_https() {
        let (status, text, begin) = answer(
            "d",
            "firmwareUpdate",
            &json!({"fwPackageUri": "http://x/fw"}),
            None,
        );
        assert_eq!((status, begin), (400, Begin::Nothing));
        assert!(text.as_str().unwrap().starts_with("Invalid URL format."));
    }
}
