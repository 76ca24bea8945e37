//! The storage port over a Durable Object's SQLite.
//!
//! A crossing into JavaScript costs more than most statements, so values travel together:
//! `storage.js` says how.

use crate::platform::{describe, in_transaction};
use shared::error::HubError;
use shared::ordered::OrderedMap;
use shared::sql::{Row, Sql, SqlValue};
use std::cell::RefCell;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use worker::State;

/// Statements that are kept; those of people's queries are always new.
const MAX_STATEMENTS: usize = 500;

const NULL: f64 = 0.0;
const NUMBER: f64 = 1.0;
const TEXT: f64 = 2.0;
const BYTES: f64 = 3.0;

#[wasm_bindgen(module = "/src/storage.js")]
extern "C" {
    type Database;

    #[wasm_bindgen(constructor)]
    fn new(sql: &JsValue) -> Database;
    #[wasm_bindgen(method)]
    fn keep(this: &Database, statement: &str) -> u32;
    #[wasm_bindgen(method, js_name = forgetAll)]
    fn forget_all(this: &Database);
    #[wasm_bindgen(method, catch)]
    fn execute(
        this: &Database,
        number: u32,
        shape: &[f64],
        text: &str,
        bytes: &[u8],
    ) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    fn query(
        this: &Database,
        number: u32,
        shape: &[f64],
        text: &str,
        bytes: &[u8],
    ) -> Result<Option<Rows>, JsValue>;

    #[wasm_bindgen(method, getter, js_name = rowsWritten)]
    fn rows_written(this: &Database) -> f64;
    #[wasm_bindgen(method)]
    fn size(this: &Database) -> f64;

    type Rows;

    #[wasm_bindgen(method, getter)]
    fn width(this: &Rows) -> usize;
    #[wasm_bindgen(method, getter)]
    fn shape(this: &Rows) -> Vec<f64>;
    #[wasm_bindgen(method, getter)]
    fn text(this: &Rows) -> String;
    #[wasm_bindgen(method, getter)]
    fn bytes(this: &Rows) -> Vec<u8>;
}

/// SQL of one object.
pub struct ObjectSql {
    storage: JsValue,
    database: Database,
    statements: RefCell<OrderedMap<Box<str>, u32>>,
}

/// Parameters as they travel.
#[derive(Default)]
struct Packed {
    shape: Vec<f64>,
    text: String,
    bytes: Vec<u8>,
}

impl Packed {
    fn new(parameters: &[SqlValue]) -> Self {
        let mut packed = Self::default();
        for parameter in parameters {
            let (kind, value) = match parameter {
                SqlValue::Null => (NULL, 0.0),
                SqlValue::Integer(number) => (NUMBER, *number as f64),
                SqlValue::Real(number) => (NUMBER, *number),
                SqlValue::Text(text) => {
                    packed.text.push_str(text);
                    (TEXT, length_in_utf16(text) as f64)
                }
                SqlValue::Blob(bytes) => {
                    packed.bytes.extend_from_slice(bytes);
                    (BYTES, bytes.len() as f64)
                }
            };
            packed.shape.extend([kind, value]);
        }
        packed
    }
}

fn length_in_utf16(text: &str) -> usize {
    if text.is_ascii() {
        text.len()
    } else {
        text.encode_utf16().count()
    }
}

/// How many bytes so many UTF-16 units at the beginning of a text have.
fn bytes_of_utf16(text: &str, units: usize) -> usize {
    let mut left = units;
    let mut bytes = 0;
    for character in text.chars() {
        if left == 0 {
            break;
        }
        left = left.saturating_sub(character.len_utf16());
        bytes += character.len_utf8();
    }
    bytes
}

fn unpack(rows: &Rows) -> Vec<Row> {
    let (shape, text, bytes) = (rows.shape(), rows.text(), rows.bytes());
    let (mut text, mut bytes) = (text.as_str(), bytes.as_slice());
    let is_ascii = text.is_ascii();
    let mut value = |pair: &[f64]| {
        let (kind, value) = match pair {
            [kind, value] => (*kind, *value),
            _ => (NULL, 0.0),
        };
        if kind == NUMBER {
            SqlValue::Real(value)
        } else if kind == TEXT {
            let length = if is_ascii {
                value as usize
            } else {
                bytes_of_utf16(text, value as usize)
            };
            let (first, rest) = text.split_at_checked(length).unwrap_or((text, ""));
            text = rest;
            SqlValue::Text(first.to_owned())
        } else if kind == BYTES {
            let (first, rest) = bytes
                .split_at_checked(value as usize)
                .unwrap_or((bytes, &[]));
            bytes = rest;
            SqlValue::Blob(first.to_owned())
        } else {
            SqlValue::Null
        }
    };
    let width = rows.width().max(1);
    shape
        .chunks(2 * width)
        .map(|row| Row(row.chunks(2).map(&mut value).collect()))
        .collect()
}

impl ObjectSql {
    /// Of this object.
    pub fn new(state: &State) -> Self {
        let storage = state.storage();
        Self {
            database: Database::new(storage.sql().as_ref()),
            storage: JsValue::from(storage.as_raw()),
            statements: RefCell::default(),
        }
    }

    fn number(&self, statement: &str) -> u32 {
        let mut known = self.statements.borrow_mut();
        if let Some(number) = known.get(statement) {
            return *number;
        }
        if known.len() >= MAX_STATEMENTS {
            known.clear();
            self.database.forget_all();
        }
        let number = self.database.keep(statement);
        known.insert(statement.into(), number);
        number
    }
}

fn failed(error: &JsValue) -> HubError {
    HubError::internal(format!("SQL: {}", describe(error)))
}

impl Sql for ObjectSql {
    fn query(&self, statement: &str, parameters: &[SqlValue]) -> Result<Vec<Row>, HubError> {
        let Packed { shape, text, bytes } = Packed::new(parameters);
        let rows = self
            .database
            .query(self.number(statement), &shape, &text, &bytes)
            .map_err(|error| failed(&error))?;
        Ok(rows.as_ref().map(unpack).unwrap_or_default())
    }

    fn execute(&self, statement: &str, parameters: &[SqlValue]) -> Result<(), HubError> {
        let Packed { shape, text, bytes } = Packed::new(parameters);
        self.database
            .execute(self.number(statement), &shape, &text, &bytes)
            .map_err(|error| failed(&error))
    }

    fn usage(&self) -> (u64, u64) {
        let database = &self.database;
        (database.rows_written() as u64, database.size() as u64)
    }

    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), HubError>) -> Result<(), HubError> {
        let mut outcome = Ok(());
        in_transaction(&self.storage, &mut || {
            outcome = work();
            outcome.is_ok()
        })
        .map_err(|error| HubError::internal(format!("transaction: {}", describe(&error))))?;
        outcome
    }
}
