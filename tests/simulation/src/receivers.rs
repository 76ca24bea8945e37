//! Those outside of the hub who get its events: receivers of requests, and a store of files.
//!
//! They fail as they are told to, and remember what came.

use serde_json::{Value, json};
use shared::delivery::{Delivered, Delivery, Way, split};
use shared::error::{ErrorCode, HubError};
use shared::http::Request;
use shared::http::outbound::{Answer, PATIENCE_MILLISECONDS};
use shared::time::Timestamp;
use std::collections::BTreeMap;

/// How a receiver behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    /// Takes everything.
    #[default]
    Up,
    /// Cannot be reached.
    Down,
    /// Takes everything and never answers.
    Hangs,
    /// Takes everything, so many milliseconds later.
    Slow(i64),
    /// Answers with a status, and perhaps with `Retry-After`.
    Says(u16, Option<u32>),
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Received {
    /// When.
    pub at: Timestamp,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Value,
    /// Whether the receiver took it.
    pub taken: bool,
}

/// A receiver.
#[derive(Debug, Clone, Default)]
pub struct Receiver {
    /// How it behaves.
    pub mood: Mood,
    /// What came, validations aside.
    pub requests: Vec<Received>,
    /// Whether it answers validations.
    pub refuses: bool,
}

impl Receiver {
    /// All events that it took, in order.
    pub fn events(&self) -> Vec<Value> {
        let taken = self.requests.iter().filter(|request| request.taken);
        taken
            .flat_map(|request| request.body.as_array().cloned().unwrap_or_default())
            .collect()
    }
}

/// Everybody outside.
#[derive(Debug, Default)]
pub struct Receivers {
    /// By `https://host`.
    pub all: BTreeMap<String, Receiver>,
    /// Files by container and name.
    pub files: BTreeMap<(String, String), String>,
    blocks: BTreeMap<(String, String, u32), Vec<u8>>,
    /// The store takes nothing.
    pub store_is_down: bool,
}

impl Receivers {
    /// The receiver at an origin.
    pub fn at(&mut self, origin: &str) -> &mut Receiver {
        self.all.entry(origin.to_owned()).or_default()
    }

    /// A request reaches a receiver; how many milliseconds its answer takes.
    pub fn ask(
        &mut self,
        now: Timestamp,
        origin: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> (Result<Answer, HubError>, i64) {
        let failed = |why: &str| Err(HubError::new(ErrorCode::ServiceUnavailable, why));
        let Some(receiver) = self.all.get_mut(origin) else {
            return (failed("nobody is there"), 5);
        };
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let answer = |status, headers, body: Value| {
            Ok(Answer {
                status,
                headers,
                body: body.to_string().into_bytes(),
            })
        };
        if receiver.mood == Mood::Down {
            return (failed("the connection failed"), 20);
        }
        if let Some(code) = body.get("validationCode") {
            return match receiver.refuses {
                true => (answer(404, vec![], Value::Null), 10),
                false => (answer(200, vec![], json!({"validationResponse": code})), 10),
            };
        }
        let taken = !matches!(receiver.mood, Mood::Says(..));
        receiver.requests.push(Received {
            at: now,
            headers: headers.to_vec(),
            body,
            taken,
        });
        match receiver.mood {
            Mood::Up | Mood::Down => (answer(200, vec![], json!({})), 10),
            Mood::Slow(milliseconds) => (answer(202, vec![], json!({})), milliseconds),
            Mood::Hangs => (
                failed("no answer in time"),
                i64::from(PATIENCE_MILLISECONDS),
            ),
            Mood::Says(status, after) => {
                let after = after.map(|seconds| ("retry-after".to_owned(), seconds.to_string()));
                (answer(status, after.into_iter().collect(), Value::Null), 10)
            }
        }
    }

    /// `Backend::fetch` of the HTTP side.
    pub fn fetch(
        &mut self,
        now: Timestamp,
        origin: &str,
        request: &Request,
    ) -> Result<Answer, HubError> {
        self.ask(now, origin, &request.headers, &request.body).0
    }

    /// A partition's delivery; how many milliseconds it takes to know what came of it.
    pub fn deliver(&mut self, now: Timestamp, delivery: &Delivery) -> (Delivered, i64) {
        match &delivery.way {
            Way::Post { url, headers, body } => {
                let (origin, _, _) = split(url).expect("a stored URL is good");
                let (answer, wait) = self.ask(now, origin, headers, body);
                let delivered = match answer {
                    Ok(answer) => {
                        let after = answer
                            .headers
                            .iter()
                            .find(|(name, _)| name == "retry-after");
                        let after = after.map(|(_, value)| value.as_str());
                        Delivered::answered(answer.status, after, now)
                    }
                    Err(error) => Delivered::failed(error.message),
                };
                (delivered, wait)
            }
            _ if self.store_is_down => (Delivered::failed("the storage cannot be reached"), 20),
            Way::Write {
                container,
                name,
                block,
                content,
                ..
            } => {
                match block {
                    Some(number) => {
                        let place = (container.clone(), name.clone(), *number);
                        self.blocks.insert(place, content.clone());
                    }
                    None => self.keep(container, name, content.clone()),
                }
                (Delivered::answered(201, None, now), 30)
            }
            Way::Join {
                container,
                name,
                blocks,
            } => {
                let mut whole = Vec::new();
                for number in 0..*blocks {
                    let place = (container.clone(), name.clone(), number);
                    whole.extend(self.blocks.remove(&place).expect("the block was written"));
                }
                self.keep(container, name, whole);
                (Delivered::answered(201, None, now), 30)
            }
        }
    }

    fn keep(&mut self, container: &str, name: &str, content: Vec<u8>) {
        let content = String::from_utf8(content).expect("lines of JSON");
        self.files
            .insert((container.to_owned(), name.to_owned()), content);
    }
}
