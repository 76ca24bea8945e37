use super::*;
use crate::ids::{DeviceId, ModuleId};
use crate::json;
use proptest::prelude::*;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_772_359_200_000 + milliseconds)
}

fn pump() -> Identity {
    Identity::device(DeviceId::parse("pump-7").unwrap())
}

fn patch(body: Value) -> TwinPatch {
    TwinPatch::parse(&body).unwrap()
}

/// A twin with some of everything: version 4, etag 2, desired 2, reported 2.
fn sample() -> Twin {
    let mut twin = Twin::new();
    twin.patch_service(
        &patch(json!({"tags": {"site": "s1"}, "properties": {"desired": {"cfg": {"hz": 5}}}})),
        at(1),
    )
    .unwrap();
    twin.patch_reported(&json!({"hz": 5}), None, at(2)).unwrap();
    twin
}

#[test]
fn a_new_twin_is_the_documented_one() {
    let twin = Twin::new();
    assert_eq!(
        twin.event_body(&Identity::device(DeviceId::parse("pump-9").unwrap())),
        json!({"deviceId": "pump-9", "etag": "AAAAAAAAAAE=", "version": 2, "properties": {
            "desired": {"$metadata": {"$lastUpdated": "0001-01-01T00:00:00Z"}, "$version": 1},
            "reported": {"$metadata": {"$lastUpdated": "0001-01-01T00:00:00Z"}, "$version": 1}}})
    );
    assert_eq!(
        twin.device_view(),
        json!({"desired": {"$version": 1}, "reported": {"$version": 1}})
    );
    assert_eq!(twin.service_sections()["tags"], json!({}));
}

#[test]
fn a_twin_created_with_content_has_the_versions_of_a_new_one() {
    let initial = patch(json!({"tags": {"a": 1, "b": null},
        "properties": {"desired": {"c": {"d": true, "e": null}}}}));
    let twin = Twin::create(&initial, at(0)).unwrap();
    assert_eq!((twin.version, twin.etag, twin.desired.version), (2, 1, 1));
    assert_eq!(Value::Object(twin.tags.clone()), json!({"a": 1}));
    let now = at(0).to_string();
    let node = |inner: Value| {
        let mut node = json!({"$lastUpdated": now, "$lastUpdatedVersion": 1});
        node.as_object_mut()
            .unwrap()
            .extend(inner.as_object().unwrap().clone());
        node
    };
    assert_eq!(
        twin.service_sections()["properties"]["desired"],
        json!({"c": {"d": true}, "$metadata": node(json!({"c": node(json!({"d": node(json!({}))}))})),
            "$version": 1})
    );
    assert_eq!(
        Twin::create(&TwinPatch::default(), at(0)).unwrap(),
        Twin::new()
    );
    let large = patch(json!({"tags": {"a": "x".repeat(4096), "b": "x".repeat(4096)}}));
    assert!(Twin::create(&large, at(0)).is_err());
}

#[test]
fn a_service_patch_moves_versions_and_says_what_follows() {
    let mut twin = sample();
    let change = twin
        .patch_service(
            &patch(json!({"tags": {"site": "s2"},
                "properties": {"desired": {"interval": 60, "cfg": {"hz": null}}}})),
            at(9),
        )
        .unwrap();
    assert_eq!((twin.version, twin.etag), (5, 3));
    assert_eq!((twin.desired.version, twin.reported.version), (3, 2));
    assert!(change.changed);
    assert_eq!(
        change.desired_push,
        Some(json!({"interval": 60, "cfg": {"hz": null}, "$version": 3}))
    );
    assert_eq!(change.event_op, "updateTwin");
    let now = at(9).to_string();
    assert_eq!(
        change.event_body,
        json!({"version": 5, "tags": {"site": "s2"}, "properties": {"desired": {
            "interval": 60, "cfg": {"hz": null},
            "$metadata": {"$lastUpdated": now, "$lastUpdatedVersion": 3,
                "interval": {"$lastUpdated": now, "$lastUpdatedVersion": 3},
                "cfg": {"$lastUpdated": now, "$lastUpdatedVersion": 3}},
            "$version": 3}}})
    );
    assert_eq!(
        twin.device_view(),
        json!({"desired": {"cfg": {}, "interval": 60, "$version": 3},
            "reported": {"hz": 5, "$version": 2}})
    );
}

#[test]
fn a_tags_patch_concerns_no_device() {
    let mut twin = sample();
    let change = twin
        .patch_service(&patch(json!({"tags": {"site": null}})), at(9))
        .unwrap();
    assert_eq!(change.desired_push, None);
    assert_eq!(
        change.event_body,
        json!({"version": 5, "tags": {"site": null}})
    );
    assert_eq!((twin.version, twin.etag, twin.desired.version), (5, 3, 2));
    assert!(twin.tags.is_empty());
}

#[test]
fn an_empty_patch_does_nothing() {
    for body in [
        json!({}),
        json!({"tags": {}}),
        json!({"properties": {}}),
        json!({"tags": {}, "properties": {"desired": {"$version": 7}, "reported": {"x": 1}}}),
        json!({"deviceId": "other", "etag": "x"}),
    ] {
        let mut twin = sample();
        let change = twin.patch_service(&patch(body.clone()), at(9)).unwrap();
        assert!(!change.changed, "{body}");
        assert_eq!(change.desired_push, None);
        assert_eq!(twin, sample(), "{body}");
    }
}

#[test]
fn equal_values_still_move_the_version_by_one() {
    let mut twin = sample();
    let same = patch(json!({"properties": {"desired": {"cfg": {"hz": 5}}}}));
    let change = twin.patch_service(&same, at(9)).unwrap();
    assert!(change.changed);
    assert_eq!((twin.desired.version, twin.version, twin.etag), (3, 5, 3));
    assert_eq!(
        change.desired_push,
        Some(json!({"cfg": {"hz": 5}, "$version": 3}))
    );
    let change = twin
        .patch_reported(&json!({"hz": 5}), None, at(10))
        .unwrap();
    assert!(change.changed);
    assert_eq!((twin.reported.version, twin.version, twin.etag), (3, 6, 3));
}

#[test]
fn the_root_of_the_mirror_carries_the_sections_version() {
    let mut twin = sample();
    let no_op = patch(json!({"properties": {"desired": {"absent": null}}}));
    twin.patch_service(&no_op, at(9)).unwrap();
    assert_eq!(twin.desired.version, 3);
    assert_eq!(twin.desired.metadata["$lastUpdatedVersion"], json!(3));
    assert_eq!(
        twin.desired.metadata["cfg"]["$lastUpdatedVersion"],
        json!(2)
    );
}

#[test]
fn null_for_a_section_empties_it_and_the_device_learns_what_went() {
    let mut twin = sample();
    let clear = patch(json!({"tags": null, "properties": {"desired": null}}));
    let change = twin.patch_service(&clear, at(9)).unwrap();
    assert!(twin.tags.is_empty() && twin.desired.properties.is_empty());
    assert_eq!(twin.desired.version, 3);
    assert_eq!(
        change.desired_push,
        Some(json!({"cfg": null, "$version": 3}))
    );
    assert_eq!(change.event_body["tags"], json!({"site": null}));
    assert_eq!(
        change.event_body["properties"]["desired"]["cfg"],
        Value::Null
    );
}

#[test]
fn a_replacement_is_whole() {
    let mut twin = sample();
    let body = json!({"tags": {"line": 2, "gone": null},
        "properties": {"desired": {"mode": {"on": true, "off": null}}}});
    let change = twin.replace_service(&patch(body), &pump(), at(9)).unwrap();
    assert_eq!(Value::Object(twin.tags.clone()), json!({"line": 2}));
    assert_eq!((twin.version, twin.etag), (5, 3));
    assert_eq!((twin.desired.version, twin.reported.version), (3, 2));
    assert_eq!(
        change.desired_push,
        Some(json!({"mode": {"on": true}, "$version": 3}))
    );
    assert_eq!(change.event_op, "replaceTwin");
    let now = at(9).to_string();
    let node = json!({"$lastUpdated": now, "$lastUpdatedVersion": 3});
    assert_eq!(
        change.event_body,
        json!({"deviceId": "pump-7", "etag": "AAAAAAAAAAM=", "version": 5, "tags": {"line": 2},
            "properties": {
                "desired": {"mode": {"on": true}, "$metadata": {"$lastUpdated": now,
                    "$lastUpdatedVersion": 3, "mode": {"$lastUpdated": now,
                    "$lastUpdatedVersion": 3, "on": node}}, "$version": 3},
                "reported": {"hz": 5, "$metadata": {"$lastUpdated": at(2).to_string(),
                    "hz": {"$lastUpdated": at(2).to_string()}}, "$version": 2}}})
    );
}

#[test]
fn what_a_replacement_does_not_mention_becomes_empty() {
    let mut twin = sample();
    let change = twin
        .replace_service(&patch(json!({"tags": {}})), &pump(), at(9))
        .unwrap();
    assert!(twin.tags.is_empty() && twin.desired.properties.is_empty());
    assert_eq!(change.desired_push, Some(json!({"$version": 3})));
    assert_eq!(twin.reported, sample().reported);
}

#[test]
fn a_report_concerns_only_the_reported_section() {
    let mut twin = sample();
    let change = twin
        .patch_reported(&json!({"hz": null, "up": {"s": 1.0}}), None, at(9))
        .unwrap();
    assert_eq!((twin.version, twin.etag), (5, 2));
    assert_eq!((twin.desired.version, twin.reported.version), (2, 3));
    assert_eq!(change.desired_push, None);
    assert_eq!(change.event_op, "updateTwin");
    let node = json!({"$lastUpdated": at(9).to_string()});
    let up = json!({"$lastUpdated": at(9).to_string(), "s": node});
    assert_eq!(
        change.event_body,
        json!({"version": 5, "properties": {"reported": {"hz": null, "up": {"s": 1.0},
            "$metadata": {"$lastUpdated": at(9).to_string(), "up": up}, "$version": 3}}})
    );
    // Numbers come back as they were written.
    assert!(twin.device_view().to_string().contains("\"s\":1.0"));
}

#[test]
fn an_empty_report_is_a_report() {
    let mut twin = sample();
    assert!(
        twin.patch_reported(&json!({}), None, at(9))
            .unwrap()
            .changed
    );
    assert_eq!(twin.reported.version, 3);
}

#[test]
fn reports_that_are_refused_change_nothing() {
    let mut twin = sample();
    let before = twin.clone();
    for body in [
        json!(null),
        json!([]),
        json!("x"),
        json!({"$version": 3}),
        json!({"$metadata": {}}),
        json!({"a": {"b$": 1}}),
        json!({"a": [null]}),
        json!({"fine": 1, "": 2}),
    ] {
        let error = twin.patch_reported(&body, None, at(9)).unwrap_err();
        assert_eq!(error.code.number(), 400_004, "{body}");
        assert_eq!(twin, before, "{body}");
    }
}

#[test]
fn a_report_may_name_the_version_it_builds_on() {
    let mut twin = sample();
    let before = twin.clone();
    for stale in [1, 3] {
        let error = twin
            .patch_reported(&json!({"a": 1}), Some(stale), at(9))
            .unwrap_err();
        assert_eq!(error.code, ErrorCode::PreconditionFailed);
        assert_eq!(twin, before);
    }
    assert!(
        twin.patch_reported(&json!({"a": 1}), Some(2), at(9))
            .is_ok()
    );
}

#[test]
fn the_size_is_that_of_the_section_after_the_write() {
    // Seven strings of 4096 with keys of one byte: 28,679. One more fits at 4088.
    let mut twin = Twin::new();
    for number in 0..7 {
        let mut report = Map::new();
        report.insert(number.to_string(), json!("x".repeat(4096)));
        twin.patch_reported(&Value::Object(report), None, at(number))
            .unwrap();
    }
    let before = twin.clone();
    let error = twin
        .patch_reported(&json!({"7": "x".repeat(4089)}), None, at(9))
        .unwrap_err();
    assert!(error.message.contains("32769"), "{}", error.message);
    assert_eq!(twin, before);
    twin.patch_reported(&json!({"7": "x".repeat(4088)}), None, at(9))
        .unwrap();
    // A patch that removes as much as it adds fits a full section.
    twin.patch_reported(&json!({"0": null, "8": "x".repeat(4096)}), None, at(10))
        .unwrap();
}

#[test]
fn a_write_of_two_sections_happens_whole_or_not_at_all() {
    let mut twin = sample();
    let before = twin.clone();
    let mut desired = Map::new();
    for number in 0..9 {
        desired.insert(number.to_string(), json!("x".repeat(4000)));
    }
    let body = patch(json!({"tags": {"site": "s9"}, "properties": {"desired": desired}}));
    assert!(twin.patch_service(&body, at(9)).is_err());
    assert_eq!(twin, before);
    assert!(twin.replace_service(&body, &pump(), at(9)).is_err());
    assert_eq!(twin, before);
}

#[test]
fn a_module_is_named_in_its_events() {
    let identity = Identity {
        device: DeviceId::parse("d").unwrap(),
        module: Some(ModuleId::parse("m").unwrap()),
    };
    let body = Twin::new().event_body(&identity);
    assert_eq!(
        (&body["deviceId"], &body["moduleId"]),
        (&json!("d"), &json!("m"))
    );
}

#[test]
fn a_stored_twin_reads_back() {
    let twin = sample();
    let stored = serde_json::to_string(&twin).unwrap();
    assert_eq!(serde_json::from_str::<Twin>(&stored).unwrap(), twin);
}

/// One write of any kind.
#[derive(Debug, Clone)]
enum Write {
    Patch(Value),
    Put(Value),
    Report(Value),
}

fn any_section() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), (0..3i64).prop_map(Value::from)];
    let object = proptest::collection::btree_map("[a-c]", leaf, 0..3)
        .prop_map(|members| Value::Object(members.into_iter().collect()));
    proptest::collection::btree_map("[a-c]", object, 0..3)
        .prop_map(|members| Value::Object(members.into_iter().collect()))
}

fn any_body() -> impl Strategy<Value = Value> {
    (any_section(), any_section())
        .prop_map(|(tags, desired)| json!({"tags": tags, "properties": {"desired": desired}}))
}

fn any_write() -> impl Strategy<Value = Write> {
    prop_oneof![
        any_body().prop_map(Write::Patch),
        any_body().prop_map(Write::Put),
        any_section().prop_map(Write::Report),
    ]
}

proptest! {
    /// What a device knows from its first GET and all pushes is what a later GET says.
    #[test]
    fn pushes_lead_to_the_same_place_as_a_get(
        writes in proptest::collection::vec(any_write(), 1..12)
    ) {
        let mut twin = Twin::new();
        let mut known = twin.device_view()["desired"].clone();
        for (step, write) in writes.iter().enumerate() {
            let before = twin.clone();
            let now = at(step as i64);
            let change = match write {
                Write::Patch(body) => twin.patch_service(&patch(body.clone()), now),
                Write::Put(body) => twin.replace_service(&patch(body.clone()), &pump(), now),
                Write::Report(body) => twin.patch_reported(body, None, now),
            }
            .unwrap();
            prop_assert_eq!(change.changed, twin != before);
            let step_up = u64::from(change.changed);
            prop_assert_eq!(twin.version, before.version + step_up);
            let by_service = change.changed && !matches!(write, Write::Report(_));
            prop_assert_eq!(twin.etag, before.etag + u64::from(by_service));
            let pushed = u64::from(change.desired_push.is_some());
            prop_assert_eq!(twin.desired.version, before.desired.version + pushed);
            if let Some(push) = change.desired_push {
                match write {
                    Write::Put(_) => known = push,
                    _ => json_patch::merge(&mut known, &push),
                }
            }
            prop_assert_eq!(&known, &twin.device_view()["desired"]);
        }
    }
}
