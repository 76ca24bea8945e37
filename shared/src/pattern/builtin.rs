//! The patterns that every hub has (`device-management.md` §3.2–3.6).

use super::{Matching, Pattern, Phases, Trigger};

/// Their names, in order.
pub const IDS: [&str; 5] = [
    "configuration",
    "factoryReset",
    "firmware",
    "firmwareUpdate",
    "reboot",
];

/// One of them.
pub fn pattern(id: &str) -> Option<Pattern> {
    let method = || Trigger {
        method: Some(id.to_owned()),
        ..Trigger::default()
    };
    let desired = |desired: &str, wanted: &str, reported: &str| Trigger {
        desired: Some(desired.to_owned()),
        matching: vec![Matching {
            desired: wanted.to_owned(),
            reported: reported.to_owned(),
        }],
        ..Trigger::default()
    };
    let failed = || words(&["failed", "error"]);
    let (trigger, status_path, timeout_seconds, phases) = match id {
        "reboot" => (
            method(),
            "iothubDM.reboot.status",
            900,
            Phases {
                rebooting: words(&["rebooting"]),
                succeeded: words(&["succeeded"]),
                failed: failed(),
                ..Phases::default()
            },
        ),
        "factoryReset" => (
            method(),
            "iothubDM.factoryReset.status",
            1800,
            Phases {
                applying: words(&["resetting"]),
                succeeded: words(&["succeeded"]),
                failed: failed(),
                ..Phases::default()
            },
        ),
        "configuration" => (
            desired("telemetryConfig", "configId", "configId"),
            "telemetryConfig.status",
            3600,
            Phases {
                waiting: words(&["Pending"]),
                succeeded: words(&["Success"]),
                failed: words(&["Error"]),
                ..Phases::default()
            },
        ),
        "firmwareUpdate" => (
            method(),
            "iothubDM.firmwareUpdate.status",
            3600,
            Phases {
                waiting: words(&["waiting"]),
                downloading: words(&["downloading", "downloadComplete", "download complete"]),
                applying: words(&["applying", "applyComplete", "apply firmware image complete"]),
                rebooting: words(&["rebooting"]),
                succeeded: words(&["current", "succeeded"]),
                failed: words(&[
                    "downloadFailed",
                    "applyFailed",
                    "error",
                    "rolledback",
                    "Download image failed",
                    "Apply image failed",
                ]),
            },
        ),
        "firmware" => (
            desired("firmware", "fwVersion", "currentFwVersion"),
            "firmware.fwUpdateStatus",
            3600,
            Phases {
                downloading: words(&["downloading"]),
                applying: words(&["verifying", "applying"]),
                rebooting: words(&["rebooting"]),
                succeeded: words(&["current"]),
                failed: words(&["error", "rolledback"]),
                ..Phases::default()
            },
        ),
        _ => return None,
    };
    Some(Pattern {
        id: id.to_owned(),
        trigger,
        status_path: status_path.to_owned(),
        disruptive: id != "configuration",
        timeout_seconds,
        phases,
    })
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::Phase;
    use crate::pattern::check::check;

    #[test]
    fn all_of_them_are_good_patterns() {
        for id in IDS {
            let pattern = pattern(id).unwrap();
            assert_eq!(pattern.id, id);
            assert_eq!(check(&pattern), Ok(()), "{id}");
        }
        assert!(IDS.is_sorted());
        assert_eq!(pattern("calibrate"), None);
    }

    #[test]
    fn the_words_of_samples_that_disagree_are_all_known() {
        let update = pattern("firmwareUpdate").unwrap();
        for text in ["downloadfailed", "downloadFailed", "Download image failed"] {
            assert_eq!(update.phases.of(text), Phase::Failed, "{text}");
        }
        assert_eq!(update.phases.of("Apply complete"), Phase::Unknown);
    }
}
