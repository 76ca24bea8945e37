use super::*;
use crate::http::fake::{FakeHub, PARTITIONS, block_on};
use crate::json;

fn everywhere(position: Position) -> EventReader {
    let positions = (0..PARTITIONS)
        .map(|partition| (partition, position.clone()))
        .collect();
    EventReader::new(
        positions,
        crate::ordered::OrderedMap::new(),
        EventFilter::default(),
    )
}

fn bodies(page: &MergedPage) -> Vec<i64> {
    page.events
        .iter()
        .map(|placed| placed.event["body"].as_i64().unwrap())
        .collect()
}

/// Events 1..=9, stored in this order, spread over the partitions.
fn filled() -> FakeHub {
    let hub = FakeHub::new();
    for (number, partition) in [0, 1, 2, 0, 0, 0, 2, 1, 0].into_iter().enumerate() {
        let number = i64::try_from(number).unwrap() + 1;
        hub.store(partition, number, json!(number));
    }
    hub
}

#[test]
fn partitions_are_merged_by_time_and_no_event_is_lost_or_repeated_between_pages() {
    for max in 1..=10 {
        let hub = filled();
        let mut reader = everywhere(Position::Earliest);
        let mut seen = Vec::new();
        loop {
            let page = block_on(reader.page(&hub, max)).unwrap();
            assert!(page.events.len() <= max as usize);
            if page.events.is_empty() {
                break;
            }
            seen.extend(bodies(&page));
            // A new reader continues from the cursor alone.
            let cursor = reader.cursor();
            let positions = cursor
                .0
                .iter()
                .map(|(partition, at)| (*partition, Position::After(*at)))
                .collect();
            reader = EventReader::new(
                positions,
                crate::ordered::OrderedMap::new(),
                EventFilter::default(),
            );
        }
        assert_eq!(seen, (1..=9).collect::<Vec<_>>(), "max {max}");
    }
}

#[test]
fn resolving_takes_no_event_and_fixes_every_position() {
    let hub = filled();
    let mut latest = everywhere(Position::Latest);
    block_on(latest.resolve(&hub)).unwrap();
    assert_eq!(
        latest.cursor(),
        EventCursor([(0, 5), (1, 2), (2, 2)].into())
    );
    let mut earliest = everywhere(Position::Earliest);
    block_on(earliest.resolve(&hub)).unwrap();
    assert_eq!(
        earliest.cursor(),
        EventCursor([(0, 0), (1, 0), (2, 0)].into())
    );
    assert_eq!(
        bodies(&block_on(earliest.page(&hub, 3)).unwrap()),
        [1, 2, 3]
    );
}

#[test]
fn waiting_ends_with_the_first_partition_that_has_news() {
    let hub = filled();
    let mut reader = everywhere(Position::Latest);
    block_on(reader.resolve(&hub)).unwrap();
    let start = hub.now.get();
    let event = json!({"enqueuedTime": start.plus_seconds(3).to_string(), "body": 10});
    hub.arriving
        .borrow_mut()
        .push((start.plus_seconds(3), 1, event));
    let page = block_on(reader.wait(&hub, 10, start.plus_seconds(30))).unwrap();
    assert_eq!(bodies(&page), [10]);
    assert!(hub.now.get() <= start.plus_seconds(30));
    assert_eq!(
        reader.cursor(),
        EventCursor([(0, 5), (1, 3), (2, 2)].into())
    );
}

#[test]
fn waiting_in_vain_ends_at_the_given_time() {
    let hub = FakeHub::new();
    let mut reader = everywhere(Position::After(0));
    let until = hub.now.get().plus_seconds(5);
    assert!(
        block_on(reader.wait(&hub, 10, until))
            .unwrap()
            .events
            .is_empty()
    );
    assert_eq!(hub.now.get(), until);
}

#[test]
fn filtered_events_count_as_read_and_untouched_partitions_stay_in_the_cursor() {
    let hub = filled();
    let filter = EventFilter {
        device: Some("another".into()),
        sources: Vec::new(),
        condition: None,
    };
    let mut reader = EventReader::new([(0, Position::After(0))].into(), [(2, 1)].into(), filter);
    assert!(block_on(reader.page(&hub, 10)).unwrap().events.is_empty());
    assert_eq!(reader.cursor(), EventCursor([(0, 5), (2, 1)].into()));
}

#[test]
fn a_gap_in_one_partition_is_a_gap() {
    let hub = filled();
    hub.first_kept.set(2);
    assert!(
        block_on(everywhere(Position::After(0)).page(&hub, 10))
            .unwrap()
            .gap
    );
    assert!(
        !block_on(everywhere(Position::Earliest).page(&hub, 10))
            .unwrap()
            .gap
    );
}
