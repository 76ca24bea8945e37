//! When a batch goes, and who waits for it.

use super::*;

struct Sender {
    batch: u64,
    window: u64,
}

fn send(batcher: &mut Batcher, now: i64, slot: Slot, sender: &mut Sender) {
    let marks = Marks {
        batch: &mut sender.batch,
        window: &mut sender.window,
    };
    let now = Timestamp::from_milliseconds(now);
    batcher
        .push(now, slot, 1, marks, 10, |data| {
            data.extend_from_slice(&[0; 10])
        })
        .unwrap();
}

fn due(batcher: &mut Batcher, now: i64) -> Option<usize> {
    batcher
        .take_due(Timestamp::from_milliseconds(now))
        .map(|batch| batch.acknowledgements.len())
}

#[test]
fn a_lone_sender_never_waits() {
    let mut batcher = Batcher::new();
    let mut sender = Sender {
        batch: 0,
        window: 0,
    };
    for step in 0..50 {
        send(&mut batcher, step * 100, 1, &mut sender);
        assert_eq!(due(&mut batcher, step * 100), Some(1));
    }
}

#[test]
fn a_batch_waits_for_those_who_sent_lately_but_not_for_long() {
    let mut batcher = Batcher::new();
    let mut senders: Vec<Sender> = (0..10)
        .map(|_| Sender {
            batch: 0,
            window: 0,
        })
        .collect();
    for (slot, sender) in senders.iter_mut().enumerate() {
        send(&mut batcher, 0, slot as u32, sender);
    }
    assert_eq!(due(&mut batcher, 0), Some(10));
    // The next second: nine of ten do not suffice, the tenth completes the batch.
    for (slot, sender) in senders.iter_mut().enumerate().take(9) {
        send(&mut batcher, 1000, slot as u32, sender);
    }
    assert_eq!(due(&mut batcher, 1001), None);
    assert_eq!(batcher.wake_at(), Some(Timestamp::from_milliseconds(1450)));
    send(&mut batcher, 1100, 9, &mut senders[9]);
    assert_eq!(due(&mut batcher, 1100), Some(10));
    // Only one sends: its message goes when it has waited the longest allowed time.
    send(&mut batcher, 1200, 3, &mut senders[3]);
    assert_eq!(due(&mut batcher, 1649), None);
    assert_eq!(due(&mut batcher, 1650), Some(1));
}

#[test]
fn even_a_lone_sender_lets_others_be_read_between_two_appends() {
    let mut batcher = Batcher::new();
    let mut sender = Sender {
        batch: 0,
        window: 0,
    };
    let at = Timestamp::from_milliseconds;
    send(&mut batcher, 0, 1, &mut sender);
    let batch = batcher.take_due(at(0)).unwrap();
    batcher.sent(at(0), 1, batch, 1);
    send(&mut batcher, 9, 1, &mut sender);
    let in_flight = batcher.in_flight.take().unwrap();
    batcher.pause(at(9), in_flight.since);
    assert_eq!(due(&mut batcher, 9), None);
    assert_eq!(batcher.wake_at(), Some(at(10)));
    batcher.rested(at(10));
    assert_eq!(due(&mut batcher, 10), Some(1));
}

#[test]
fn time_that_passed_without_a_timer_is_no_pause() {
    let mut batcher = Batcher::new();
    let mut sender = Sender {
        batch: 0,
        window: 0,
    };
    let at = Timestamp::from_milliseconds;
    send(&mut batcher, 0, 1, &mut sender);
    let batch = batcher.take_due(at(0)).unwrap();
    batcher.sent(at(0), 1, batch, 1);
    let in_flight = batcher.in_flight.take().unwrap();
    batcher.pause(at(9), in_flight.since);
    // Nothing waits, but the timer is asked for: the next message shall find the pause over.
    assert_eq!(batcher.wake_at(), Some(at(10)));
    // Other partitions kept the runtime busy for a second.
    send(&mut batcher, 1009, 1, &mut sender);
    assert_eq!(due(&mut batcher, 1009), None);
    // A timer that was due before the append ended says nothing.
    batcher.rested(at(9));
    assert_eq!(due(&mut batcher, 1009), None);
    batcher.rested(at(1009));
    assert_eq!(due(&mut batcher, 1009), Some(1));
    assert_eq!(batcher.wake_at(), None);
}

#[test]
fn storing_takes_at_most_half_of_the_time_when_many_send() {
    let mut batcher = Batcher::new();
    let mut senders: Vec<Sender> = (0..3)
        .map(|_| Sender {
            batch: 0,
            window: 0,
        })
        .collect();
    let at = Timestamp::from_milliseconds;
    for (slot, sender) in senders.iter_mut().enumerate() {
        send(&mut batcher, 0, slot as u32, sender);
    }
    let batch = batcher.take_due(at(0)).unwrap();
    batcher.sent(at(0), 1, batch, 1);
    for (slot, sender) in senders.iter_mut().enumerate() {
        send(&mut batcher, 5, slot as u32, sender);
    }
    let in_flight = batcher.in_flight.take().unwrap();
    batcher.pause(at(10), in_flight.since);
    batcher.rested(at(11));
    assert_eq!(due(&mut batcher, 19), None);
    assert_eq!(batcher.wake_at(), Some(at(20)));
    assert_eq!(due(&mut batcher, 20), Some(3));
}

#[test]
fn one_append_at_a_time_and_three_tries() {
    let mut batcher = Batcher::new();
    let mut sender = Sender {
        batch: 0,
        window: 0,
    };
    let now = Timestamp::from_milliseconds(0);
    send(&mut batcher, 0, 1, &mut sender);
    let batch = batcher.take_due(now).unwrap();
    batcher.sent(now, 1, batch, 1);
    send(&mut batcher, 0, 1, &mut sender);
    assert!(batcher.take_due(now).is_none());
    for attempt in 1..3 {
        let failed = batcher.in_flight.take().unwrap();
        assert!(batcher.failed(now, failed).is_none());
        let (batch, next) = batcher.take_retry(now.plus_seconds(1)).unwrap();
        assert_eq!(next, attempt + 1);
        batcher.sent(now, 1, batch, next);
    }
    let failed = batcher.in_flight.take().unwrap();
    assert!(batcher.failed(now, failed).is_some());
    assert!(batcher.take_due(now).is_some());
}

/// Runs a batcher in virtual time whose appends take 5 ms. Each sender has its moments to
/// send: every `period`, or `think` after its last acknowledgement.
fn run(senders: usize, period: Option<i64>, think: i64, until: i64) -> Vec<usize> {
    let mut batcher = Batcher::new();
    let mut state: Vec<Sender> = (0..senders)
        .map(|_| Sender {
            batch: 0,
            window: 0,
        })
        .collect();
    let mut next: Vec<i64> = (0..senders as i64)
        .map(|number| number * 37 % 200)
        .collect();
    let mut sizes = Vec::new();
    let mut ends = None;
    for now in 0..until {
        let at = Timestamp::from_milliseconds(now);
        batcher.rested(at);
        if ends == Some(now) {
            ends = None;
            let done = batcher.in_flight.take().unwrap();
            batcher.pause(at, done.since);
            for (slot, _) in &done.batch.acknowledgements {
                if period.is_none() {
                    next[*slot as usize] = now + think;
                }
            }
        }
        for number in 0..senders {
            if next[number] == now {
                next[number] = period.map_or(i64::MAX, |period| now + period);
                send(&mut batcher, now, number as u32, &mut state[number]);
            }
        }
        if let Some(batch) = batcher.take_due(at) {
            sizes.push(batch.acknowledgements.len());
            batcher.sent(at, 1, batch, 1);
            ends = Some(now + 5);
        }
    }
    sizes
}

#[test]
fn senders_that_do_not_wait_share_rows() {
    let sizes = run(25, Some(200), 0, 30_000);
    // The first seconds are for finding out.
    let settled = &sizes[sizes.len() - 50..];
    let mean = settled.iter().sum::<usize>() as f64 / settled.len() as f64;
    assert!(mean >= 44.0, "{mean} messages a row: {sizes:?}");
}

#[test]
fn senders_that_wait_lose_hardly_anything() {
    // An append of 5 ms and a pause as long: every sender could have one message in 11 ms.
    for (senders, think) in [(2, 1), (25, 1), (25, 20)] {
        let sizes = run(senders, None, think, 30_000);
        let messages: usize = sizes.iter().sum();
        let possible = senders as f64 * 30_000.0 / (10 + think) as f64;
        let share = messages as f64 / possible;
        assert!(share > 0.9, "{senders} senders, {think} ms: {share}");
    }
}
