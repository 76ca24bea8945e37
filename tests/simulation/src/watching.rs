//! Queries that are watched, for tests: what a client makes of the stream's events.

use crate::Simulation;
use crate::rest::Rest;
use serde_json::{Value, json};
use shared::http::{Backend, Body, Method};
use shared::time::Timestamp;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// An event of a stream.
#[derive(Debug, Clone)]
pub struct Told {
    /// When the client had it.
    pub at: Timestamp,
    /// Its name.
    pub event: String,
    /// What it says.
    pub data: Value,
}

/// A client that watches a query.
#[derive(Debug, Clone)]
pub struct Watched(Rc<RefCell<Notes>>);

#[derive(Debug, Default)]
struct Notes {
    told: Vec<Told>,
    taken: usize,
    rows: BTreeMap<String, Value>,
    ended: bool,
    largest: usize,
}

/// Who a row is of: `device`, or `device/module`.
pub fn name(row: &Value) -> String {
    let text = |field: &str| row.get(field).and_then(Value::as_str);
    let device = text("deviceId").unwrap_or_default();
    text("moduleId").map_or_else(|| device.to_owned(), |module| format!("{device}/{module}"))
}

/// Everything that a query says now, by whose row it is.
///
/// # Panics
/// If the hub does not agree.
pub fn direct(hub: &mut Rest, query: &str) -> BTreeMap<String, Value> {
    let mut rows = BTreeMap::new();
    let mut token: Option<String> = None;
    loop {
        let headers: Vec<(&str, &str)> = token
            .iter()
            .map(|token| ("x-ms-continuation", token.as_str()))
            .collect();
        let method = Method::Post;
        let reply = hub.send(
            method,
            "/devices/query",
            &headers,
            json!({ "query": query }),
        );
        assert_eq!(reply.status, 200, "{:?}", reply.body);
        for row in reply.body.as_array().expect("rows") {
            rows.insert(name(row), row.clone());
        }
        token = reply.header("x-ms-continuation").map(str::to_owned);
        if token.is_none() {
            return rows;
        }
    }
}

impl Notes {
    /// # Panics
    /// If an event does not fit what was told before.
    fn note(&mut self, at: Timestamp, event: &str, data: Value) {
        let who = name(&data);
        let row = data.get("row").cloned();
        match event {
            "entered" => {
                let row = row.expect("what enters has a row");
                let before = self.rows.insert(who.clone(), row);
                assert_eq!(before, None, "{who} was there already");
            }
            "changed" => {
                let row = row.expect("what changes has a row");
                let before = self.rows.insert(who.clone(), row.clone());
                assert!(before.is_some(), "{who} was not there");
                assert_ne!(before, Some(row), "{who} is what it was");
            }
            "left" => {
                assert_eq!(row, None, "what has left has no row");
                assert!(self.rows.remove(&who).is_some(), "{who} was not there");
            }
            "current" => assert_eq!(data["count"], self.rows.len()),
            _ => {}
        }
        self.told.push(Told {
            at,
            event: event.to_owned(),
            data,
        });
    }
}

impl Watched {
    /// Begins to watch.
    ///
    /// # Panics
    /// If the hub does not agree.
    pub fn open(simulation: &mut Simulation, query: &str) -> Self {
        let (operator, hub) = (simulation.operator(), simulation.hub());
        let body = json!({ "query": query }).to_string().into_bytes();
        let response = simulation.finish(async move {
            let path = "/api/v1/query/stream";
            operator.respond(Method::Post, path, &[], body).await
        });
        assert_eq!(response.status, 200, "{query}: {response:?}");
        let Body::EventStream(mut stream) = response.body else {
            panic!("{query}: no stream");
        };
        let notes: Rc<RefCell<Notes>> = Rc::default();
        let client = notes.clone();
        simulation.spawn(async move {
            while let Some(chunk) = stream.next(&hub).await {
                let mut notes = client.borrow_mut();
                notes.largest = notes.largest.max(chunk.len());
                let chunk = String::from_utf8(chunk).expect("events are text");
                for block in chunk.split_terminator("\n\n") {
                    let mut fields = block.lines().filter_map(|line| line.split_once(": "));
                    let mut field = |name: &str| {
                        fields
                            .find(|(known, _)| *known == name)
                            .map(|(_, value)| value)
                    };
                    let Some(event) = field("event") else {
                        continue;
                    };
                    let data = field("data").expect("an event has data");
                    let data = serde_json::from_str(data).expect("data is JSON");
                    notes.note(hub.now(), event, data);
                }
            }
            client.borrow_mut().ended = true;
        });
        Self(notes)
    }

    /// What was told since this was asked last: event, whose row, and the row.
    pub fn news(&self) -> Vec<(String, String, Value)> {
        let mut notes = self.0.borrow_mut();
        let all = notes.told.len();
        let from = std::mem::replace(&mut notes.taken, all);
        let told = notes.told[from..].iter();
        told.map(|told| {
            let row = told.data.get("row").cloned().unwrap_or_default();
            (told.event.clone(), name(&told.data), row)
        })
        .collect()
    }

    /// Everything that was told.
    pub fn told(&self) -> Vec<Told> {
        self.0.borrow().told.clone()
    }

    /// What the client shows now.
    pub fn rows(&self) -> BTreeMap<String, Value> {
        self.0.borrow().rows.clone()
    }

    /// How many rows the client shows.
    pub fn count(&self) -> usize {
        self.0.borrow().rows.len()
    }

    /// Whether the stream is over.
    pub fn has_ended(&self) -> bool {
        self.0.borrow().ended
    }

    /// Bytes of the largest chunk.
    pub fn largest_chunk(&self) -> usize {
        self.0.borrow().largest
    }
}
