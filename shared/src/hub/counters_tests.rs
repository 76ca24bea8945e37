use super::*;
use crate::json;
use crate::sql::{Row, SqlValue};
use std::cell::RefCell;

/// One row.
#[derive(Default)]
struct OneRow(RefCell<Option<String>>, RefCell<u32>);

impl Sql for OneRow {
    fn query(&self, statement: &str, parameters: &[SqlValue]) -> Result<Vec<Row>, HubError> {
        if statement.starts_with("INSERT")
            && let [SqlValue::Text(text)] = parameters
        {
            *self.0.borrow_mut() = Some(text.clone());
            *self.1.borrow_mut() += 1;
            return Ok(Vec::new());
        }
        let row = self.0.borrow().clone();
        Ok(row
            .into_iter()
            .map(|text| Row(vec![SqlValue::Text(text)]))
            .collect())
    }

    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), HubError>) -> Result<(), HubError> {
        work()
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_milliseconds(seconds * 1_000)
}

#[test]
fn many_counts_are_one_row_after_a_while_and_come_back() {
    let sql = OneRow::default();
    let mut counters = Counters::load(&sql).unwrap();
    assert_eq!(counters.document(), json!({}));
    for second in 0..9 {
        counters.add(Counter::Methods, 2, at(second));
        counters.outcome(Counter::TwinReads, second % 2 == 0, at(second));
        counters.write_due(at(second), &sql).unwrap();
    }
    assert_eq!(*sql.1.borrow(), 0, "nothing is due");
    assert!(counters.is_unwritten());
    counters.write_due(at(10), &sql).unwrap();
    counters.write_due(at(100), &sql).unwrap();
    assert_eq!(*sql.1.borrow(), 1);
    let mut again = Counters::load(&sql).unwrap();
    let stored = json!({
        "c2d.methods.success": 18,
        "c2d.twin.read.success": 5,
        "c2d.twin.read.failure": 4,
    });
    assert_eq!(again.document(), stored);
    again.add(Counter::Methods, 1, at(200));
    assert_eq!(again.document()["c2d.methods.success"], 19);
}

#[test]
fn failures_stand_behind_successes_and_names_once() {
    for (place, name) in NAMES.iter().enumerate() {
        assert!(!NAMES[..place].contains(name), "{name}");
        if let Some(group) = name.strip_suffix(".failure") {
            assert_eq!(NAMES[place - 1], format!("{group}.success"));
        }
    }
    assert_eq!(NAMES[Counter::JobsFailed as usize], "jobs.failed");
    assert_eq!(NAMES[Counter::Expired as usize], "C2DMessagesExpired");
}

#[test]
fn lengths_are_about_those_of_the_text() {
    for document in [
        json!({}),
        json!({ "deviceId": "pump", "tags": { "site": "north", "floor": 12 }, "on": true }),
        json!([1, 22, 333, "four", null, { "a": [] }]),
    ] {
        let exact = document.to_string().len() as i64;
        let told = length(&document) as i64;
        assert!((exact - told).abs() <= 3 + exact / 20, "{document}: {told}");
    }
}
