use super::*;
use crate::json;
use crate::pattern::Phase;
use proptest::prelude::*;
use serde_json::Value;

fn calibrate() -> Value {
    json!({
        "id": "calibrate",
        "trigger": { "method": "calibrate" },
        "statusPath": "calibration.status",
        "phases": { "applying": ["measuring"], "succeeded": ["calibrated"] },
    })
}

fn read_value(value: &Value) -> Result<Pattern, HubError> {
    read(value)
}

fn with(pointer: &str, value: Value) -> Result<Pattern, HubError> {
    let mut body = calibrate();
    match body.pointer_mut(pointer) {
        Some(place) => *place = value,
        None => body[pointer.trim_start_matches('/')] = value,
    }
    read_value(&body)
}

#[test]
fn what_may_be_absent_has_a_default() {
    let pattern = read_value(&calibrate()).unwrap();
    assert_eq!((pattern.disruptive, pattern.timeout_seconds), (false, 3600));
    assert_eq!(
        pattern.status_place(),
        (vec!["calibration"], "status"),
        "below properties.reported"
    );
    assert_eq!(pattern.phases.of("Measuring"), Phase::Applying);
    assert_eq!(pattern.phases.of("asleep"), Phase::Unknown);
    assert_eq!(read_value(&pattern.document()).unwrap(), pattern);
    let mut body = calibrate();
    // A client may send back what it read.
    body["etag"] = json!("AAAA");
    assert_eq!(read_value(&body).unwrap(), pattern);
}

#[test]
fn the_contracts_example_is_a_pattern() {
    let body = r#"{"id":"firmwareUpdate","trigger":{"method":"firmwareUpdate"},
        "statusPath":"iothubDM.firmwareUpdate.status","disruptive":true,"timeoutSeconds":3600,
        "phases":{"waiting":["waiting"],"downloading":["downloading","downloadComplete","download complete"],
        "applying":["applying","applyComplete","apply firmware image complete"],"rebooting":["rebooting"],
        "succeeded":["current","succeeded"],
        "failed":["downloadFailed","applyFailed","error","rolledback","Download image failed","Apply image failed"]}}"#;
    let given: Value = serde_json::from_str(body).unwrap();
    let pattern = builtin::pattern("firmwareUpdate").unwrap();
    assert_eq!(read(&given).unwrap(), pattern);
    assert_eq!(pattern.document(), given);
}

#[test]
fn what_is_not_good_is_refused_and_says_why() {
    let long: Vec<String> = (0..100).map(|n| format!("{n:0>100}")).collect();
    for (pointer, value, said) in [
        ("/trigger", json!({}), "either method"),
        (
            "/trigger",
            json!({ "method": "a", "desired": "b" }),
            "either method",
        ),
        ("/trigger", json!({ "method": "" }), "trigger.method"),
        ("/trigger", json!({ "event": "x" }), "either method"),
        ("/trigger", json!("x"), "either method"),
        ("/trigger", json!({ "desired": "a b" }), "trigger.desired"),
        (
            "/trigger",
            json!({ "method": "a", "match": [{ "desired": "a", "reported": "b" }] }),
            "trigger.match",
        ),
        (
            "/trigger",
            json!({ "desired": "a", "match": [{ "desired": "a" }] }),
            "trigger.match",
        ),
        (
            "/trigger",
            json!({ "desired": "a", "match": {} }),
            "trigger.match",
        ),
        (
            "/trigger",
            json!({ "desired": "a", "match": [1, 2, 3, 4, 5, 6] }),
            "at most 5 pairs",
        ),
        ("/disruptive", json!("yes"), "disruptive"),
        ("/statusPath", json!(""), "statusPath"),
        ("/statusPath", json!("a..b"), "statusPath"),
        ("/statusPath", json!("$metadata.a"), "statusPath"),
        ("/statusPath", json!("a.\"b"), "statusPath"),
        ("/statusPath", json!("a.'b"), "statusPath"),
        ("/statusPath", json!("a.b.c.d.e.f.g.h.i.j.k"), "statusPath"),
        ("/statusPath", json!(7), "statusPath"),
        ("/timeoutSeconds", json!(0), "timeoutSeconds"),
        ("/timeoutSeconds", json!(-1), "timeoutSeconds"),
        ("/timeoutSeconds", json!(40 * 86_400), "timeoutSeconds"),
        ("/phases", json!({}), "phases must say"),
        ("/phases", json!({ "resting": ["a"] }), "phases.resting"),
        (
            "/phases",
            json!({ "waiting": ["a"], "failed": ["A"] }),
            "stands twice",
        ),
        ("/phases", json!({ "waiting": [""] }), "Each text"),
        ("/phases", json!({ "waiting": "a" }), "phases.waiting"),
        ("/phases", json!({ "waiting": long }), "at most 8192 bytes"),
    ] {
        let refused = with(pointer, value.clone()).unwrap_err();
        assert!(
            refused.message.contains(said),
            "{pointer} {value}: {}",
            refused.message
        );
    }
    assert!(read(&json!([])).is_err());
}

#[test]
fn only_what_operators_made_can_be_deleted() {
    for id in builtin::IDS {
        assert!(
            check_deletable(id)
                .unwrap_err()
                .message
                .contains("cannot be deleted")
        );
    }
    assert_eq!(check_deletable("calibrate"), Ok(()));
}

proptest! {
    /// Paths go into SQL between quotes, so nothing that passes may end one.
    #[test]
    fn no_path_that_passes_can_leave_its_quotes(path in ".{0,40}") {
        if check_path("p", &path).is_ok() {
            prop_assert!(!path.contains(['"', '\'', '\\', '$']));
            prop_assert!(!path.contains(char::is_control));
        }
    }

    #[test]
    fn each_word_has_one_phase_in_any_case(words in prop::collection::vec("[a-zA-Zäßİ ]{1,8}", 1..6)) {
        let mut body = calibrate();
        body["phases"] = json!({ "waiting": words[..1], "failed": words[1..] });
        if let Ok(pattern) = read_value(&body) {
            for (phase, word) in &pattern.phases.0 {
                prop_assert_eq!(pattern.phases.of(word), *phase);
                prop_assert_eq!(pattern.phases.of(&word.to_lowercase()), *phase);
            }
        }
    }
}
