use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_700_000_000_000).plus_seconds(seconds)
}

fn note(changes: &Changes, device: &str, now: Timestamp) {
    changes.note(&DeviceId::parse(device).unwrap(), "", false, now);
}

fn device(changes: &Changes, number: u64) -> Option<String> {
    changes.get(number).map(|change| change.key.device)
}

#[test]
fn nothing_is_kept_while_nobody_watches() {
    let changes = Changes::default();
    note(&changes, "a", at(0));
    assert!(changes.0.borrow().is_none());
    let place = changes.watch(7, at(0));
    assert_eq!(place.number, 0);
    note(&changes, "b", at(1));
    changes.note(&DeviceId::parse("c").unwrap(), "m", true, at(1));
    assert_eq!(device(&changes, 1).as_deref(), Some("b"));
    let heard = changes.get(2).unwrap();
    assert_eq!((heard.key.module.as_str(), heard.only_heard), ("m", true));
    assert_eq!((changes.get(0), changes.get(3)), (None, None));
    assert!(changes.knows(place));

    // Whoever asks again keeps it awake.
    changes.watch(8, at(WATCHED_SECONDS));
    note(&changes, "d", at(2 * WATCHED_SECONDS));
    assert_eq!(device(&changes, 3).as_deref(), Some("d"));
    note(&changes, "e", at(2 * WATCHED_SECONDS + 1));
    assert!(changes.0.borrow().is_none());
    assert!(!changes.knows(place));
}

#[test]
fn a_memory_without_a_change_since_is_as_good_as_new() {
    let changes = Changes::default();
    let place = changes.watch(7, at(0));
    assert_eq!(changes.watch(9, at(10 * WATCHED_SECONDS)), place);
    assert!(changes.knows(place));
}

#[test]
fn what_falls_out_is_not_known() {
    let changes = Changes::default();
    let begin = changes.watch(7, at(0));
    let more = u64::try_from(KEPT).unwrap();
    for _ in 0..more {
        note(&changes, "a", at(1));
    }
    assert!(changes.knows(begin));
    note(&changes, "b", at(1));
    assert!(!changes.knows(begin));
    let next = ChangePlace { number: 1, ..begin };
    assert!(changes.knows(next));
    assert_eq!(changes.get(1), None);
    assert_eq!(device(&changes, 2).as_deref(), Some("a"));
    assert_eq!(device(&changes, more + 1).as_deref(), Some("b"));
    assert_eq!(changes.watch(8, at(1)).number, more + 1);
}

#[test]
fn a_memory_is_known_by_its_epoch() {
    let changes = Changes::default();
    let old = changes.watch(7, at(0));
    note(&changes, "a", at(0));
    // The memory is lost, and the request that began it comes once more.
    let changes = Changes::default();
    let new = changes.watch(7, at(1));
    assert_ne!(old.epoch, new.epoch);
    assert!(!changes.knows(old));
    let ahead = ChangePlace { number: 1, ..new };
    assert!(!changes.knows(ahead));
}
