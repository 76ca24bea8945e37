use super::*;
use proptest::prelude::*;

fn device(name: u16, phase: Phase, second: i64, stalled: bool) -> (String, Standing) {
    let standing = Standing {
        phase,
        since: Some(Timestamp::from_milliseconds(second * 1000)),
        stalled: stalled && phase.is_in_progress(),
    };
    (format!("pump-{name:05}"), standing)
}

fn any_device() -> impl Strategy<Value = ((String, Standing), u8)> {
    let phase = prop::sample::select(vec![
        Phase::Waiting,
        Phase::Downloading,
        Phase::Applying,
        Phase::Rebooting,
        Phase::Succeeded,
        Phase::Failed,
        Phase::Unknown,
        Phase::NotStarted,
    ]);
    ((any::<u16>(), phase, 0i64..50, any::<bool>()), 0u8..4).prop_map(
        |((name, phase, second, stalled), site)| (device(name, phase, second, stalled), site),
    )
}

fn add(totals: &mut Totals, ((id, standing), site): &((String, Standing), u8)) {
    let key = (*site > 0).then(|| SortValue::Number(f64::from(*site)));
    let key = Some(key.unwrap_or(SortValue::Absent));
    totals.note(id, key, standing).unwrap();
}

proptest! {
    /// Whatever shard a device lives in, and in whatever order parts come, the sum is the same.
    #[test]
    fn parts_add_up_to_the_whole(
        mut devices in prop::collection::vec(any_device(), 0..60), cuts in prop::collection::vec(0usize..4, 60),
    ) {
        devices.sort_by(|((one, _), _), ((other, _), _)| one.cmp(other));
        devices.dedup_by(|((one, _), _), ((other, _), _)| one == other);
        let mut whole = Totals::default();
        let mut parts = vec![Totals::default(); 4];
        for (device, cut) in devices.iter().zip(cuts) {
            add(&mut whole, device);
            add(&mut parts[cut], device);
        }
        let mut sum = Totals::default();
        for part in parts.into_iter().rev() {
            sum.merge(part).unwrap();
        }
        prop_assert_eq!(&sum, &whole);
        let stalled = devices.iter().filter(|((_, standing), _)| standing.stalled).count();
        prop_assert_eq!(whole.stalled.len(), stalled.min(MAX_STALLED));
        prop_assert_eq!(whole.counts.total(), devices.len() as u64);
        let groups: u64 = whole.groups.iter().map(|group| group.counts.total()).sum();
        prop_assert_eq!(groups, devices.len() as u64);
    }
}

#[test]
fn the_first_hundred_stalled_are_named_whoever_comes_first() {
    let mut totals = Totals::default();
    for name in (0..250).rev() {
        let (id, standing) = device(name, Phase::Applying, 7, true);
        totals.note(&id, None, &standing).unwrap();
    }
    let document = Value::Object(totals.document());
    assert_eq!(document["phases"]["stalled"], 250);
    assert_eq!(document["phases"]["applying"], 0);
    let stalled = document["stalled"].as_array().unwrap();
    assert_eq!(stalled.len(), 100);
    assert_eq!(stalled[0]["deviceId"], "pump-00000");
    assert_eq!(stalled[99]["deviceId"], "pump-00099");
    assert_eq!(document["oldestInProgress"]["deviceId"], "pump-00000");
}

#[test]
fn the_document_is_the_contracts() {
    let mut totals = Totals::default();
    for (name, phase, second, stalled) in [
        (1, Phase::Downloading, 9, false),
        (2, Phase::Applying, 4, true),
        (3, Phase::Succeeded, 1, false),
        (4, Phase::NotStarted, 0, false),
    ] {
        let (id, mut standing) = device(name, phase, second, stalled);
        if phase == Phase::NotStarted {
            standing.since = None;
        }
        let key = match name {
            4 => SortValue::Absent,
            _ => SortValue::Text("oslo".to_owned()),
        };
        totals.note(&id, Some(key), &standing).unwrap();
    }
    let phases = |downloading: u64, succeeded: u64, stalled: u64, not_started: u64| {
        json!({
            "waiting": 0, "downloading": downloading, "applying": 0, "rebooting": 0,
            "succeeded": succeeded, "failed": 0, "stalled": stalled, "unknown": 0,
            "notStarted": not_started,
        })
    };
    let stalled = json!({
        "deviceId": "pump-00002", "phase": "applying", "since": Timestamp::from_milliseconds(4000),
    });
    assert_eq!(
        Value::Object(totals.document()),
        json!({
            "total": 4,
            "phases": phases(1, 1, 1, 1),
            "groups": [
                { "key": "oslo", "total": 3, "phases": phases(1, 1, 1, 0) },
                { "total": 1, "phases": phases(0, 0, 0, 1) },
            ],
            "oldestInProgress": stalled,
            "stalled": [stalled],
        })
    );
    assert_eq!(
        Totals::default().document()["oldestInProgress"],
        Value::Null
    );
}

#[test]
fn groups_are_bounded_in_number_and_in_bytes() {
    let (id, standing) = device(1, Phase::Succeeded, 1, false);
    for (length, most) in [(5, 1_000), (4_000, 125)] {
        let mut totals = Totals::default();
        let refused = (0..=1_000).find(|number| {
            let key = SortValue::Text(format!("{number:0>length$}"));
            totals.note(&id, Some(key), &standing).is_err()
        });
        assert_eq!(refused, Some(most), "{length}");
    }
}

#[test]
fn a_condition_is_one_condition_and_a_group_one_path() {
    let ask = |condition: Option<&str>, group_by: Option<&str>| {
        RollUp {
            patterns: Vec::new(),
            condition: condition.map(str::to_owned),
            group_by: group_by.map(str::to_owned),
            after: None,
            as_of: Timestamp::UNSET,
        }
        .query()
    };
    assert!(ask(None, None).is_ok());
    let query = ask(Some("tags.a = 1 OR tags.b = 2"), Some("tags.site")).unwrap();
    assert!(query.condition.is_some() && query.group_by.is_some());
    for condition in [
        "",
        "tags.",
        "1 = 1) OR (2 = 2",
        "tags.a = 1 GROUP BY tags.b",
    ] {
        assert!(ask(Some(condition), None).is_err(), "{condition}");
    }
    for path in [
        "",
        "tags.site ORDER BY tags.site",
        "COUNT()",
        "tags.a, tags.b",
    ] {
        assert!(ask(None, Some(path)).is_err(), "{path}");
    }
    assert!(ask(Some(&format!("tags.a = '{}'", "x".repeat(8000))), None).is_err());
}
