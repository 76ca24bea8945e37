use super::*;
use proptest::prelude::*;

const FOR: i64 = 120;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(1_772_323_200_000).plus_seconds(seconds)
}

fn alone() -> Group {
    Group {
        is_alerted: false,
        failing: 1,
        size: GroupSize::Unknowable,
    }
}

/// Looks at a condition at every second of a stretch and carries out what it says; when alerts
/// were opened (true) and resolved.
fn live(condition: &mut Condition, from: i64, to: i64) -> Vec<(i64, bool)> {
    let mut happened = Vec::new();
    for second in from..to {
        match condition.step(FOR, at(second), alone) {
            Step::Open => {
                condition.note_opened(at(second));
                happened.push((second, true));
            }
            Step::Resolve => {
                condition.standing = Standing::Quiet;
                happened.push((second, false));
            }
            Step::Wait(_) | Step::Rest | Step::Forget => {}
            other => panic!("{other:?}"),
        }
    }
    happened
}

#[test]
fn it_opens_when_it_has_lasted_and_ends_when_it_is_over_for_as_long() {
    let mut condition = Condition::new(at(0));
    assert_eq!(live(&mut condition, 0, 400), [(120, true)]);
    condition.hear(false, at(400));
    assert_eq!(live(&mut condition, 400, 450), []);
    // It was no end.
    condition.hear(true, at(450));
    assert_eq!(live(&mut condition, 450, 900), []);
    condition.hear(false, at(900));
    assert_eq!(live(&mut condition, 900, 2_000), [(1_020, false)]);
}

#[test]
fn what_is_over_before_it_counts_is_nothing() {
    let mut condition = Condition::new(at(0));
    assert_eq!(live(&mut condition, 0, 119), []);
    condition.hear(false, at(119));
    assert_eq!(condition.due(FOR), Some(at(119)));
    assert_eq!(condition.step(FOR, at(119), alone), Step::Forget);
}

#[test]
fn what_comes_back_three_times_is_held_open() {
    let mut condition = Condition::new(at(0));
    let mut happened = Vec::new();
    // Two and a half minutes so, and as long not.
    for round in 0..5 {
        let begin = round * 300;
        condition.hear(true, at(begin));
        happened.extend(live(&mut condition, begin, begin + 150));
        condition.hear(false, at(begin + 150));
        happened.extend(live(&mut condition, begin + 150, begin + 300));
    }
    let opened: Vec<i64> = happened
        .iter()
        .filter_map(|(second, opened)| opened.then_some(*second))
        .collect();
    assert_eq!(opened, [120, 420, 720]);
    assert_eq!(happened.len(), 5, "the third is not resolved: {happened:?}");
    assert!(condition.is_flapping());
    // Half an hour after the last time it is over.
    let last = 4 * 300 + 150;
    let end = live(&mut condition, 1_500, 10_000);
    assert_eq!(end, [(last + FLAP_SECONDS, false)]);
}

#[test]
fn many_of_a_group_are_one_alert() {
    let group = |failing, size| Group {
        is_alerted: false,
        failing,
        size,
    };
    let step = |group: Group| Condition::new(at(0)).step(FOR, at(FOR), || group);
    assert_eq!(step(group(19, GroupSize::Known(1_000))), Step::Open);
    assert_eq!(step(group(20, GroupSize::Unknowable)), Step::Gather);
    assert_eq!(step(group(3, GroupSize::Unknown)), Step::Count);
    assert_eq!(step(group(3, GroupSize::Known(16))), Step::Open);
    assert_eq!(step(group(3, GroupSize::Known(15))), Step::Gather);
    assert_eq!(step(group(1, GroupSize::Known(1))), Step::Open);
    let alerted = Group {
        is_alerted: true,
        ..group(1, GroupSize::Unknown)
    };
    assert_eq!(step(alerted), Step::Join);
    // Who joined leaves as quietly.
    let mut member = Condition::new(at(0));
    member.standing = Standing::Grouped;
    assert_eq!(member.due(FOR), None);
    member.hear(false, at(10));
    assert_eq!(member.step(FOR, at(10 + FOR), alone), Step::Leave);
}

proptest! {
    #[test]
    fn an_alert_stands_only_for_what_lasted(changes in prop::collection::vec(1_i64..700, 1..12)) {
        let mut condition = Condition::new(at(0));
        let (mut now, mut open) = (0, false);
        for stretch in changes {
            let was_so = condition.is_so;
            for (second, opened) in live(&mut condition, now, now + stretch) {
                // One at a time, and each after it was so, or was not, for long enough.
                prop_assert_ne!(opened, open);
                prop_assert_eq!(opened, was_so);
                prop_assert!(at(second) >= condition.since.plus_seconds(FOR));
                open = opened;
            }
            now += stretch;
            condition.hear(!was_so, at(now));
        }
        // Whatever happened, it ends when it is over.
        condition.hear(false, at(now));
        let rest = live(&mut condition, now, now + FLAP_SECONDS + FOR + 1);
        prop_assert_eq!(rest.len(), usize::from(open));
    }
}
