use super::*;

#[derive(Debug, Clone, PartialEq)]
struct Row(String);

impl Keyed for Row {
    fn key(&self) -> &str {
        &self.0
    }
}

/// A hub with these ids; counts what it was asked.
struct Hub {
    ids: Vec<String>,
    asked: usize,
}

impl Hub {
    fn new(mut ids: Vec<String>) -> Self {
        ids.sort();
        Self { ids, asked: 0 }
    }

    fn answer(&mut self, rows: &mut SparseRows<Row>, ask: &Ask) -> Moved {
        self.asked += 1;
        let before = self.ids.partition_point(|one| *one <= ask.id);
        let page = self.ids.iter().skip(before).take(ask.most as usize);
        let page = page.cloned().map(Row).collect();
        rows.take(ask, page, before as u64, self.ids.len() as u64)
    }

    fn fill(&mut self, rows: &mut SparseRows<Row>, wanted: Range<u64>) -> usize {
        self.asked = 0;
        while let Some(ask) = rows.missing(wanted.clone()) {
            self.answer(rows, &ask);
            assert!(self.asked < 200, "the search does not end");
        }
        for index in wanted {
            let known = rows.row(index).map(|row| row.0.as_str());
            assert_eq!(known, self.ids.get(index as usize).map(String::as_str));
        }
        self.asked
    }
}

#[test]
fn a_row_far_down_is_found_in_a_few_tries() {
    let numbered = (0..100_000).map(|n| format!("pump-{n:06}")).collect();
    let plain = (0..100_000).map(|n| format!("device-{n}")).collect();
    let hashed = (0..100_000u64)
        .map(|n| format!("{:016x}", n.wrapping_mul(0x9E37_79B9_7F4A_7C15)))
        .collect();
    let mixed = (0..100_000)
        .map(|n| match n % 3 {
            0 => format!("boiler-{n}"),
            1 => format!("Site{}/pump_{n}", n % 40),
            _ => format!("{n}.valve"),
        })
        .collect();
    for (ids, most) in [(numbered, 3), (plain, 3), (hashed, 8), (mixed, 15)] {
        let mut hub = Hub::new(ids);
        let mut rows = SparseRows::default();
        hub.fill(&mut rows, 0..40);
        for place in [70_000, 35_000, 99_960, 12_345, 50_000] {
            let asked = hub.fill(&mut rows, place..place + 40);
            assert!(asked <= most, "{}: {place}: {asked} questions", hub.ids[7]);
        }
        assert!(rows.known().count() <= MOST_ROWS);
    }
}

#[test]
fn scrolling_asks_for_one_page_after_the_other() {
    let mut hub = Hub::new((0..5_000).map(|n| format!("d{n:04}")).collect());
    let mut rows = SparseRows::default();
    let mut asked = 0;
    for place in (0..4_960).step_by(20) {
        asked += hub.fill(&mut rows, place..place + 40);
    }
    assert_eq!(asked, 50);
    assert!(rows.known().count() <= MOST_ROWS);
}

#[test]
fn rows_that_moved_say_by_how_much() {
    let mut hub = Hub::new((0..1_000).map(|n| format!("d{n:04}")).collect());
    let mut rows = SparseRows::default();
    hub.fill(&mut rows, 0..40);
    hub.fill(&mut rows, 100..140);
    let again = rows.again(100..140);
    hub.ids.insert(0, "a".to_owned());
    hub.ids.insert(0, "A".to_owned());
    let Some(ask) = again else {
        panic!("the rows are known")
    };
    assert_eq!(hub.answer(&mut rows, &ask), Moved(2));
    assert_eq!(rows.total(), 1_002);
    assert_eq!(rows.row(102).map(|row| row.0.as_str()), Some("d0100"));
    assert!(rows.row(3).is_none(), "where the others are is not known");
    hub.fill(&mut rows, 100..140);
}

#[test]
fn rows_that_went_are_gone() {
    let mut hub = Hub::new((0..30).map(|n| format!("d{n:02}")).collect());
    let mut rows = SparseRows::default();
    hub.fill(&mut rows, 0..40);
    hub.ids.truncate(10);
    let Some(ask) = rows.again(0..40) else {
        panic!("the rows are known")
    };
    assert_eq!(hub.answer(&mut rows, &ask), Moved(0));
    assert_eq!((rows.total(), rows.known().count()), (10, 10));
    hub.ids.clear();
    hub.answer(&mut rows, &ask);
    assert_eq!(rows.total(), 0);
    assert_eq!(rows.missing(0..40), None);
}
