use super::*;
use crate::json;
use crate::query::{Select, matches, parse, project};
use crate::time::Timestamp;
use crate::twin::{Section, Twin};
use proptest::prelude::*;
use serde_json::Value;

/// The columns behind `deviceId`, as they are written.
fn columns(condition: &str) -> Vec<String> {
    let query = watch_query(condition);
    let text = query.strip_suffix(condition).unwrap();
    let text = text.strip_suffix(" FROM devices WHERE ").unwrap();
    let mut columns = text.split(", ").skip(1).zip(1..);
    let names = columns.by_ref().map(|(column, number)| {
        let name = column.strip_suffix(&format!(" AS since{number}"));
        name.unwrap().to_owned()
    });
    names.collect()
}

#[test]
fn each_path_has_its_time() {
    for (condition, wanted) in [
        (
            "properties.reported.battery.level < 20",
            &["properties.reported.$metadata.battery.level.$lastUpdated"][..],
        ),
        (
            "properties.desired.rate != properties.reported.rate",
            &[
                "properties.desired.$metadata.rate.$lastUpdated",
                "properties.reported.$metadata.rate.$lastUpdated",
            ],
        ),
        (
            "connectionState = 'Disconnected' AND status = 'enabled'",
            &["connectionStateUpdatedTime", "statusUpdateTime"],
        ),
        (
            "lastActivityTime < '2026-01-01T00:00:00Z'",
            &["lastActivityTime"],
        ),
        ("IS_DEFINED(tags.site) OR deviceId = 'a'", &[]),
        ("true", &[]),
        (
            "devices.Status = 'disabled' AND devices.properties.reported.ok",
            &[
                "statusUpdateTime",
                "properties.reported.$metadata.ok.$lastUpdated",
            ],
        ),
        // The same time is asked for once.
        (
            "properties.reported.t > 1 AND properties.reported.t < 5 AND statusReason = 'x' AND status = 'disabled'",
            &[
                "properties.reported.$metadata.t.$lastUpdated",
                "statusUpdateTime",
            ],
        ),
    ] {
        assert_eq!(columns(condition), wanted, "{condition}");
    }
}

#[test]
fn arrays_versions_and_metadata_have_the_time_of_what_holds_them() {
    for (condition, wanted) in [
        (
            "properties.reported.faults[0].code = 3",
            "properties.reported.$metadata.faults.$lastUpdated",
        ),
        (
            "properties.reported.$version > 4",
            "properties.reported.$metadata.$lastUpdated",
        ),
        (
            "properties.reported.$metadata.t.$lastUpdated < '2026-01-01T00:00:00Z'",
            "properties.reported.$metadata.t.$lastUpdated",
        ),
        (
            "NOT IS_DEFINED(properties.reported)",
            "properties.reported.$metadata.$lastUpdated",
        ),
    ] {
        assert_eq!(columns(condition), [wanted], "{condition}");
    }
    assert!(columns("properties.desired.$metadata.a.$lastUpdatedVersion = 2").is_empty());
    assert!(columns("IS_DEFINED(properties)").is_empty());
}

#[test]
fn names_that_are_no_words_stand_in_brackets() {
    for (condition, wanted) in [
        (
            "properties.reported['a-b'].c = 1",
            "properties.reported.$metadata['a-b'].c.$lastUpdated",
        ),
        (
            "properties.reported.[[it's 1]] = 1",
            "properties.reported.$metadata['it\\'s 1'].$lastUpdated",
        ),
        (
            "properties.reported['back\\\\slash'] = 1",
            "properties.reported.$metadata['back\\\\slash'].$lastUpdated",
        ),
        (
            "properties.reported.온도 > 1",
            "properties.reported.$metadata.온도.$lastUpdated",
        ),
        // A keyword behind a dot is a name like others.
        (
            "properties.reported.from.where = 1",
            "properties.reported.$metadata.from.where.$lastUpdated",
        ),
    ] {
        assert_eq!(columns(condition), [wanted], "{condition}");
    }
}

#[test]
fn there_are_at_most_eight_times_and_the_query_never_gets_too_long() {
    let many: Vec<String> = (0..12)
        .map(|number| format!("properties.reported.p{number} = 1"))
        .collect();
    assert_eq!(columns(&many.join(" AND ")).len(), 8);

    let long = |padding: usize| {
        format!(
            "properties.reported.{} = 1 AND properties.reported.b = '{}'",
            "a".repeat(200),
            "x".repeat(padding)
        )
    };
    let short = "properties.reported.$metadata.b.$lastUpdated";
    assert_eq!(columns(&long(100)).len(), 2);
    assert_eq!(columns(&long(7700)), [short], "the one that has room");
    let condition = long(7745);
    assert_eq!(condition.chars().count(), 8000);
    assert!(parse(&watch_query(&condition)).is_ok());
}

#[test]
fn the_times_are_those_that_twins_hold() {
    let first = Timestamp::from_milliseconds(1_790_000_000_000);
    let second = first.plus_milliseconds(60_000);
    let mut twin = Twin::new();
    let mut report = |properties: Value, now| {
        twin.patch_reported(&properties, None, now).unwrap();
    };
    report(json!({ "battery": { "level": 80 }, "faults": [1] }), first);
    report(json!({ "battery": { "level": 9 } }), second);
    let document = json!({
        "deviceId": "pump",
        "properties": {
            "desired": Section::new().service_form(),
            "reported": twin.reported.service_form(),
        },
    });
    let condition = "properties.reported.battery.level < 20 AND properties.reported.faults[0] = 1";
    let query = parse(&watch_query(condition)).unwrap();
    assert!(matches(query.condition.as_ref(), &document));
    assert_eq!(
        project(&query, document),
        json!({ "deviceId": "pump", "since1": second, "since2": first })
    );
}

proptest! {
    /// Whatever a condition reads, the query around it is one, with the same condition.
    #[test]
    fn the_query_of_every_condition_is_one(
        names in prop::collection::vec("\\PC{1,12}", 1..5),
        section in prop::sample::select(vec!["properties.reported", "properties.desired", "tags"]),
    ) {
        let mut condition = section.to_owned();
        for name in &names {
            condition.push_str(&format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'")));
        }
        condition.push_str(" = 1");
        let query = parse(&watch_query(&condition)).unwrap();
        prop_assert_eq!(query.condition, parse_condition(&condition).ok());
        let Select::Columns(columns) = query.select else { panic!("columns") };
        prop_assert_eq!(columns.len(), if section == "tags" { 1 } else { 2 });
    }
}
