//! The patterns that every hub has (`device-management.md` §3.2–3.6).

use super::{Matching, Pattern, Phase, Phases, Trigger};

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
    use Phase::{Applying, Downloading, Failed, Rebooting, Succeeded, Waiting};
    let method = || Trigger::Method(id.to_owned());
    let desired = |path: &str, wanted: &str, reported: &str| Trigger::Desired {
        path: path.to_owned(),
        matching: vec![Matching {
            desired: wanted.to_owned(),
            reported: reported.to_owned(),
        }],
    };
    let (trigger, status_path, timeout_seconds, words): (_, _, _, &[(Phase, &str)]) = match id {
        "reboot" => (
            method(),
            "iothubDM.reboot.status",
            900,
            &[
                (Rebooting, "rebooting"),
                (Succeeded, "succeeded"),
                (Failed, "failed"),
                (Failed, "error"),
            ],
        ),
        "factoryReset" => (
            method(),
            "iothubDM.factoryReset.status",
            1800,
            &[
                (Applying, "resetting"),
                (Succeeded, "succeeded"),
                (Failed, "failed"),
                (Failed, "error"),
            ],
        ),
        "configuration" => (
            desired("telemetryConfig", "configId", "configId"),
            "telemetryConfig.status",
            3600,
            &[
                (Waiting, "Pending"),
                (Succeeded, "Success"),
                (Failed, "Error"),
            ],
        ),
        "firmwareUpdate" => (
            method(),
            "iothubDM.firmwareUpdate.status",
            3600,
            &[
                (Waiting, "waiting"),
                (Downloading, "downloading"),
                (Downloading, "downloadComplete"),
                (Downloading, "download complete"),
                (Applying, "applying"),
                (Applying, "applyComplete"),
                (Applying, "apply firmware image complete"),
                (Rebooting, "rebooting"),
                (Succeeded, "current"),
                (Succeeded, "succeeded"),
                (Failed, "downloadFailed"),
                (Failed, "applyFailed"),
                (Failed, "error"),
                (Failed, "rolledback"),
                (Failed, "Download image failed"),
                (Failed, "Apply image failed"),
            ],
        ),
        "firmware" => (
            desired("firmware", "fwVersion", "currentFwVersion"),
            "firmware.fwUpdateStatus",
            3600,
            &[
                (Downloading, "downloading"),
                (Applying, "verifying"),
                (Applying, "applying"),
                (Rebooting, "rebooting"),
                (Succeeded, "current"),
                (Failed, "error"),
                (Failed, "rolledback"),
            ],
        ),
        _ => return None,
    };
    let words = words
        .iter()
        .map(|(phase, word)| (*phase, (*word).to_owned()));
    Some(Pattern {
        id: id.to_owned(),
        trigger,
        status_path: status_path.to_owned(),
        disruptive: id != "configuration",
        timeout_seconds,
        phases: Phases(words.collect()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::check::read;

    #[test]
    fn all_of_them_are_good_patterns() {
        for id in IDS {
            let pattern = pattern(id).unwrap();
            assert_eq!(pattern.id, id);
            assert_eq!(read(&pattern.document()).unwrap(), pattern, "{id}");
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
