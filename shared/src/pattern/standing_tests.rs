use super::*;
use crate::json;
use crate::pattern::builtin;
use crate::twin::Twin;
use proptest::prelude::*;

fn at_second(second: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_772_000_000_000).plus_seconds(second)
}

/// Areas with their times, as a device wrote them: member, value, second.
fn area(members: &[(&str, Value, i64)]) -> (Value, Value) {
    let (mut area, mut times) = (json!({}), json!({}));
    for (name, value, second) in members {
        area[name] = value.clone();
        times[name] = json!({ "$lastUpdated": at_second(*second) });
    }
    (area, times)
}

struct Device {
    reported: (Value, Value),
    desired: (Value, i64),
    connected: Option<i64>,
    called: Option<i64>,
}

impl Device {
    fn says(members: &[(&str, Value, i64)]) -> Self {
        Self {
            reported: area(members),
            desired: (Value::Null, 0),
            connected: None,
            called: None,
        }
    }

    fn wants(mut self, desired: Value, second: i64) -> Self {
        self.desired = (desired, second);
        self
    }

    fn connected(mut self, second: i64) -> Self {
        self.connected = Some(second);
        self
    }

    fn called(mut self, second: i64) -> Self {
        self.called = Some(second);
        self
    }

    fn at(&self, id: &str, now: i64) -> Standing {
        let times = json!({ "$lastUpdated": at_second(self.desired.1) });
        let facts = Facts {
            area: &self.reported.0,
            area_times: &self.reported.1,
            desired: &self.desired.0,
            desired_times: &times,
            connected_since: self.connected.map(at_second),
            called: self.called.map(at_second),
        };
        standing(&builtin::pattern(id).unwrap(), &facts, at_second(now))
    }

    /// Phase and second.
    fn stands(&self, id: &str) -> (Phase, Option<i64>) {
        let standing = self.at(id, 1);
        let second = |since: Timestamp| since.seconds() - at_second(0).seconds();
        (standing.phase, standing.since.map(second))
    }
}

#[test]
fn words_in_any_case_and_words_that_nobody_knows() {
    let says = |text: Value| Device::says(&[("status", text, 5)]).stands("firmwareUpdate");
    assert_eq!(
        says(json!("downloadComplete")),
        (Phase::Downloading, Some(5))
    );
    assert_eq!(says(json!("DOWNLOADFAILED")), (Phase::Failed, Some(5)));
    assert_eq!(says(json!("brewing")), (Phase::Unknown, Some(5)));
    assert_eq!(says(json!(7)), (Phase::Unknown, Some(5)));
    assert_eq!(
        Device::says(&[]).stands("firmwareUpdate"),
        (Phase::NotStarted, None)
    );
    assert_eq!(
        Device::says(&[("progress", json!(50), 5)]).stands("firmwareUpdate"),
        (Phase::NotStarted, None)
    );
}

#[test]
fn samples_that_report_no_status_are_inferred() {
    let time = || json!("2001-01-01T00:00:00Z");
    let older = Device::says(&[("lastReboot", time(), 9)]);
    assert_eq!(older.stands("reboot"), (Phase::Succeeded, Some(9)));
    let newer = || Device::says(&[("startedRebootTime", time(), 9)]);
    assert_eq!(newer().stands("reboot"), (Phase::Rebooting, Some(9)));
    assert_eq!(
        newer().connected(8).stands("reboot"),
        (Phase::Rebooting, Some(9))
    );
    assert_eq!(
        newer().connected(11).stands("reboot"),
        (Phase::Succeeded, Some(11))
    );
    let both = |started, ended| {
        Device::says(&[
            ("startedRebootTime", time(), started),
            ("lastReboot", time(), ended),
        ])
        .stands("reboot")
    };
    assert_eq!(both(3, 4), (Phase::Succeeded, Some(4)));
    assert_eq!(
        both(4, 4),
        (Phase::Succeeded, Some(4)),
        "one report of both"
    );
    assert_eq!(both(5, 4), (Phase::Rebooting, Some(5)), "it began anew");
    let reset = Device::says(&[("startedFactoryReset", time(), 9)]).connected(11);
    assert_eq!(
        reset.stands("factoryReset"),
        (Phase::Applying, Some(9)),
        "being connected is not its end"
    );
}

#[test]
fn an_end_before_the_call_is_that_of_another_time() {
    let ended = |second| Device::says(&[("lastReboot", json!("x"), second)]);
    let stands = |device: Device| device.stands("reboot");
    assert_eq!(stands(ended(9).called(20)), (Phase::Waiting, Some(20)));
    assert_eq!(stands(ended(21).called(20)), (Phase::Succeeded, Some(21)));
    let again = ended(9).called(20).connected(25);
    assert_eq!(stands(again), (Phase::Succeeded, Some(25)));
    let before = ended(9).called(20).connected(15);
    assert_eq!(stands(before), (Phase::Waiting, Some(20)));
    let started = |second| Device::says(&[("startedRebootTime", json!("x"), second)]);
    assert_eq!(stands(started(9).called(20)), (Phase::Waiting, Some(20)));
    assert_eq!(stands(started(21).called(20)), (Phase::Rebooting, Some(21)));
    assert_eq!(
        stands(ended(20).called(21)),
        (Phase::Succeeded, Some(20)),
        "its record may come a little later than the report"
    );
    let reset = Device::says(&[("lastFactoryReset", json!("x"), 9)]).called(20);
    assert_eq!(
        reset.connected(25).stands("factoryReset"),
        (Phase::Waiting, Some(20))
    );
    assert_eq!(
        stands(Device::says(&[]).called(20)),
        (Phase::NotStarted, None)
    );
}

#[test]
fn a_status_wins_over_what_could_be_inferred() {
    let device = Device::says(&[
        ("status", json!("rebooting"), 3),
        ("lastReboot", json!("x"), 9),
    ]);
    assert_eq!(device.stands("reboot"), (Phase::Rebooting, Some(3)));
}

#[test]
fn who_has_not_answered_what_is_desired_is_waited_for() {
    let nine = || json!({ "configId": "c-9", "interval": 60 });
    let says = |id: &str, status: &str| {
        Device::says(&[("configId", json!(id), 5), ("status", json!(status), 5)])
    };
    let stands = |device: Device| device.stands("configuration");
    assert_eq!(
        stands(Device::says(&[]).wants(nine(), 7)),
        (Phase::Waiting, Some(7))
    );
    assert_eq!(
        stands(says("c-8", "Success").wants(nine(), 7)),
        (Phase::Waiting, Some(7))
    );
    assert_eq!(
        stands(says("c-9", "Pending").wants(nine(), 4)),
        (Phase::Waiting, Some(5))
    );
    assert_eq!(
        stands(says("c-9", "Success").wants(nine(), 4)),
        (Phase::Succeeded, Some(5))
    );
    assert_eq!(
        stands(says("c-9", "Success").wants(nine(), 7)),
        (Phase::Succeeded, Some(5)),
        "the same was desired once more"
    );
    assert_eq!(
        stands(says("c-8", "Error").wants(nine(), 4)),
        (Phase::Failed, Some(5))
    );
    assert_eq!(
        stands(says("c-8", "Success").wants(nine(), 4)),
        (Phase::Waiting, Some(4)),
        "drift"
    );
    assert_eq!(
        stands(says("c-8", "Success")),
        (Phase::Succeeded, Some(5)),
        "nothing is desired"
    );
    let silent = Device::says(&[("status", json!("Success"), 5)]);
    assert_eq!(
        stands(silent.wants(nine(), 4)),
        (Phase::Succeeded, Some(5)),
        "it names no id"
    );
}

#[test]
fn firmware_by_configuration_is_compared_by_version() {
    let wanted = json!({ "fwVersion": "3.0", "fwPackageURI": "https://x" });
    let says = |version: &str, status: &str, second| {
        Device::says(&[
            ("currentFwVersion", json!(version), second),
            ("fwUpdateStatus", json!(status), second),
        ])
        .wants(wanted.clone(), 5)
        .stands("firmware")
        .0
    };
    assert_eq!(says("2.7", "current", 1), Phase::Waiting);
    assert_eq!(says("2.7", "verifying", 6), Phase::Applying);
    assert_eq!(says("2.7", "rolledback", 6), Phase::Failed);
    assert_eq!(says("3.0", "current", 6), Phase::Succeeded);
    assert_eq!(
        says("3.0", "current", 1),
        Phase::Succeeded,
        "it ran already"
    );
}

#[test]
fn only_what_is_in_progress_stalls_and_only_after_its_time() {
    let says = |text: &str, now| {
        let device = Device::says(&[("status", json!(text), 0)]);
        device.at("firmwareUpdate", now).stalled
    };
    assert!(!says("applying", 3599));
    assert!(says("applying", 3600));
    for text in ["succeeded", "applyFailed", "brewing"] {
        assert!(!says(text, 1_000_000), "{text}");
    }
    assert!(!says("applying", -50), "another clock is behind");
}

#[test]
fn the_times_are_those_of_the_twins_metadata() {
    let patch = json!({ "iothubDM": { "reboot": { "status": "rebooting" } } });
    let mut twin = Twin::new();
    for second in [10, 20] {
        twin.patch_reported(&patch, None, at_second(second))
            .unwrap();
    }
    let metadata = Value::Object(twin.reported.metadata.clone());
    let properties = Value::Object(twin.reported.properties.clone());
    let facts = Facts {
        area: &properties["iothubDM"]["reboot"],
        area_times: &metadata["iothubDM"]["reboot"],
        desired: &Value::Null,
        desired_times: &Value::Null,
        connected_since: None,
        called: None,
    };
    let found = standing(&builtin::pattern("reboot").unwrap(), &facts, at_second(20));
    assert_eq!(
        (found.phase, found.since),
        (Phase::Rebooting, Some(at_second(20)))
    );
}

fn anything() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        "[a-z]{0,6}".prop_map(Value::from),
        Just(json!({ "status": "rebooting", "lastReboot": {} })),
        Just(json!({ "status": { "$lastUpdated": "2026-03-01T00:00:00Z" }, "$lastUpdated": "x" })),
        Just(json!({ "startedX": 1, "lastX": [], "configId": null })),
    ]
}

proptest! {
    /// Twins hold what devices and people like; every one has a standing.
    #[test]
    fn anything_has_a_standing(
        id in prop::sample::select(builtin::IDS.to_vec()),
        area in anything(), area_times in anything(), desired in anything(), desired_times in anything(),
        connected in prop::option::of(0i64..100), called in prop::option::of(0i64..100), now in 0i64..1_000_000,
    ) {
        let facts = Facts {
            area: &area, area_times: &area_times, desired: &desired, desired_times: &desired_times,
            connected_since: connected.map(at_second), called: called.map(at_second),
        };
        let found = standing(&builtin::pattern(id).unwrap(), &facts, at_second(now));
        prop_assert!(!found.stalled || found.phase.is_in_progress());
        prop_assert!(!found.stalled || found.since.is_some());
    }
}
