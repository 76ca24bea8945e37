use super::*;
use crate::ipc::hub::ThrottleOverride;
use proptest::prelude::*;

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_767_225_600_000 + milliseconds)
}

fn overridden(class: OperationClass, per_minute: u64, burst: u64) -> ThrottleSettings {
    ThrottleSettings {
        units: 1,
        overrides: vec![ThrottleOverride {
            class: class.name().to_owned(),
            per_minute,
            burst,
        }],
    }
}

#[test]
fn classes_stand_at_their_numbers() {
    for (index, class) in OperationClass::ALL.into_iter().enumerate() {
        assert_eq!(class as usize, index, "{class:?}");
    }
}

#[test]
fn the_default_is_one_s3_unit_and_units_multiply_it() {
    let mut settings = ThrottleSettings::default();
    let of = |settings: &ThrottleSettings, class| {
        let limit = limit(settings, class);
        (limit.per_minute, limit.burst)
    };
    use OperationClass as C;
    assert_eq!(of(&settings, C::IdentityRegistry), (5_000, 5_000));
    assert_eq!(of(&settings, C::NewConnections), (360_000, 60_000));
    assert_eq!(of(&settings, C::DeviceToCloudSends), (360_000, 60_000));
    assert_eq!(of(&settings, C::CloudToDeviceSends), (5_000, 5_000));
    assert_eq!(of(&settings, C::CloudToDeviceReceives), (50_000, 50_000));
    assert_eq!(of(&settings, C::FileUploads), (5_000, 5_000));
    assert_eq!(of(&settings, C::Queries), (1_000, 1_000));
    assert_eq!(of(&settings, C::DirectMethods).0 * 4 / 60, 24 * 1_024);
    assert_eq!(of(&settings, C::TwinReads), (30_000, 5_000));
    assert_eq!(of(&settings, C::TwinUpdates), (15_000, 2_500));
    assert_eq!(of(&settings, C::Jobs), (5_000, 5_000));
    assert_eq!(of(&settings, C::Configurations), (20, 20));
    settings.units = 3;
    assert_eq!(of(&settings, C::Queries), (3_000, 3_000));
    let own = overridden(C::Queries, 7, 2);
    assert_eq!(of(&own, C::Queries), (7, 2));
}

#[test]
fn what_no_bucket_can_hold_is_refused() {
    use OperationClass as C;
    assert!(check(&ThrottleSettings::default()).is_ok());
    assert!(check(&overridden(C::Jobs, 1, 1)).is_ok());
    for (per_minute, burst) in [(0, 1), (1, 0), (MAX_LIMIT + 1, 1)] {
        assert!(check(&overridden(C::Jobs, per_minute, burst)).is_err());
    }
    for units in [0, MAX_UNITS + 1] {
        let settings = ThrottleSettings {
            units,
            overrides: Vec::new(),
        };
        assert!(check(&settings).is_err());
    }
    let mut settings = overridden(C::Jobs, 1, 1);
    settings.overrides.push(settings.overrides[0].clone());
    assert!(check(&settings).is_err(), "twice");
    settings.overrides.truncate(1);
    settings.overrides[0].class = "jobz".to_owned();
    assert!(check(&settings).is_err(), "unknown");
}

#[test]
fn two_hundred_fifty_registry_reads_in_ten_seconds_pass() {
    let mut bucket = Bucket::new(limit(
        &ThrottleSettings::default(),
        OperationClass::IdentityRegistry,
    ));
    assert!((0..250).all(|n| bucket.take(at(n * 42), 1).is_ok()));
}

#[test]
fn a_request_larger_than_the_burst_passes_once_and_is_paid_for() {
    let limit = Limit {
        per_minute: 60,
        burst: 10,
    };
    let mut bucket = Bucket::new(limit);
    assert_eq!(bucket.take(at(0), 100), Ok(()));
    assert_eq!(bucket.take(at(0), 1), Err(91));
    assert_eq!(bucket.take(at(90_999), 1), Err(1));
    assert_eq!(bucket.take(at(91_000), 1), Ok(()));
    assert_eq!(bucket.refused(), 2);
}

#[test]
fn a_clock_that_was_far_ahead_does_not_stop_the_bucket() {
    let limit = Limit {
        per_minute: 60,
        burst: 1,
    };
    let mut bucket = Bucket::new(limit);
    assert_eq!(bucket.take(at(86_400_000), 1), Ok(()));
    assert!(bucket.take(at(0), 1).is_err());
    assert_eq!(bucket.take(at(1_000), 1), Ok(()));
}

#[test]
fn new_limits_begin_full_and_the_same_ones_change_nothing() {
    let class = OperationClass::Queries;
    let mut throttles = Throttles::default();
    let small = overridden(class, 60, 2);
    throttles.configure(1, &small, 1);
    assert!(throttles.take(class, at(0), 2).is_ok());
    throttles.configure(2, &small, 1);
    assert_eq!(throttles.take(class, at(0), 1), Err(1));
    throttles.configure(3, &overridden(class, 60, 3), 1);
    assert!(throttles.take(class, at(0), 3).is_ok());
    throttles.configure(2, &ThrottleSettings::default(), 1);
    assert!(throttles.take(class, at(0), 1).is_err(), "older settings");
    throttles.give_back(class, 1);
    assert!(throttles.take(class, at(0), 1).is_ok());
}

#[test]
fn classes_do_not_share_a_bucket() {
    let mut throttles = Throttles::default();
    throttles.configure(1, &overridden(OperationClass::IdentityRegistry, 60, 1), 1);
    assert!(
        throttles
            .take(OperationClass::IdentityRegistry, at(0), 1)
            .is_ok()
    );
    assert!(
        throttles
            .take(OperationClass::IdentityRegistry, at(0), 1)
            .is_err()
    );
    for class in OperationClass::ALL.into_iter().skip(1) {
        assert!(throttles.take(class, at(0), 1).is_ok(), "{class:?}");
    }
}

fn scattered(mut number: u64) -> u64 {
    number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// Devices that together use all of the hub's rate, spread over gateways by chance.
#[test]
fn a_part_of_the_rate_does_not_refuse_who_stays_below_the_whole() {
    const DEVICES: u64 = 1_000;
    let class = OperationClass::DeviceToCloudSends;
    for (seed, holders) in [(1, 2), (2, 2), (3, 2), (4, 3), (5, 4), (6, 4)] {
        let mut gateways: Vec<Throttles> = (0..holders).map(|_| Throttles::default()).collect();
        for gateway in &mut gateways {
            gateway.configure(1, &overridden(class, 60_000, 1_000), holders);
        }
        // One message a second from each, for five minutes.
        let refused = (0..DEVICES * 300)
            .filter(|message| {
                let chance = scattered(message % DEVICES + seed * DEVICES);
                let gateway = chance as usize % gateways.len();
                let now = at(*message as i64);
                gateways[gateway].take(class, now, 1).is_err()
            })
            .count();
        assert_eq!(refused, 0, "seed {seed}");
    }
}

proptest! {
    #[test]
    fn no_window_has_more_than_the_burst_and_the_rate(
        per_minute in 1u64..100_000,
        burst in 1u64..1_000,
        calls in proptest::collection::vec((0i64..3_000, 1u64..5), 1..200),
    ) {
        let mut bucket = Bucket::new(Limit { per_minute, burst });
        let mut now = 0;
        let mut passed: Vec<(i64, u64)> = Vec::new();
        for (pause, cost) in calls {
            now += pause;
            let cost = cost.min(burst);
            if bucket.take(at(now), cost).is_ok() {
                passed.push((now, cost));
            }
        }
        for (index, (from, _)) in passed.iter().enumerate() {
            let mut sum = 0;
            for (to, cost) in &passed[index..] {
                sum += cost;
                let gained = (to - from) as u64 * per_minute;
                prop_assert!(sum * 60_000 <= burst * 60_000 + gained);
            }
        }
    }

    #[test]
    fn who_waits_as_told_passes_and_not_much_earlier(
        per_minute in 1u64..100_000,
        burst in 1u64..1_000,
        before in proptest::collection::vec((-2_000i64..2_000, 1u64..200), 0..50),
        cost in 1u64..200,
    ) {
        let mut bucket = Bucket::new(Limit { per_minute, burst });
        let mut now = 0;
        for (pause, cost) in before {
            now += pause;
            let _ = bucket.take(at(now), cost);
        }
        if let Err(seconds) = bucket.clone().take(at(now), cost) {
            prop_assert!(seconds >= 1);
            let told = now + i64::from(seconds) * 1_000;
            prop_assert!(bucket.clone().take(at(told - 1_000), cost).is_err() || seconds == 1);
            prop_assert!(bucket.take(at(told), cost).is_ok());
        }
    }
}

#[test]
fn a_bucket_says_how_long_the_next_one_takes() {
    let now = Timestamp::from_milliseconds(1_700_000_000_000);
    let mut bucket = Bucket::new(Limit {
        per_minute: 600,
        burst: 3,
    });
    assert_eq!(bucket.wait(now), 0);
    bucket.take(now, 3).unwrap();
    assert_eq!(bucket.wait(now), 100);
    let later = now.plus_milliseconds(99);
    assert_eq!((bucket.wait(later), bucket.available(later)), (1, 0));
    let later = now.plus_milliseconds(100);
    assert_eq!((bucket.wait(later), bucket.available(later)), (0, 1));
}

#[test]
fn what_was_taken_and_refused_lately_is_told_and_forgotten() {
    let limit = Limit {
        per_minute: 60,
        burst: 60,
    };
    let at = |seconds: i64| Timestamp::from_milliseconds(seconds * 1_000);
    let mut bucket = Bucket::new(limit);
    for _ in 0..60 {
        bucket.take(at(3_600), 1).unwrap();
    }
    for _ in 0..5 {
        bucket.take(at(3_600), 1).unwrap_err();
    }
    assert_eq!(bucket.recent(at(3_601)), (60, 5));
    // Half of the next minute has passed: half of the last one still counts.
    assert_eq!(bucket.recent(at(3_690)), (30, 5));
    assert_eq!(bucket.recent(at(3_720)), (0, 5));
    assert_eq!(bucket.recent(at(3_600 + 55 * 60)), (0, 5));
    assert_eq!(bucket.recent(at(3_600 + 61 * 60)), (0, 0));
    assert_eq!(bucket.refused(), 5, "ever");
    bucket.take(at(90_000), 1).unwrap();
    assert_eq!(bucket.recent(at(90_000)), (1, 0));
}
