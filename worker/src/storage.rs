//! The storage port over a Durable Object's SQLite.

use crate::platform::{describe, in_transaction, run_statement};
use shared::error::HubError;
use shared::sql::{Row, Sql, SqlValue};
use wasm_bindgen::{JsCast, JsValue};
use worker::State;

/// SQL of one object.
pub struct ObjectSql {
    storage: JsValue,
    sql: JsValue,
}

impl ObjectSql {
    /// Of this object.
    pub fn new(state: &State) -> Self {
        let storage = state.storage();
        let sql = JsValue::from(storage.sql().as_ref());
        Self {
            storage: JsValue::from(storage.as_raw()),
            sql,
        }
    }
}

fn to_js(value: &SqlValue) -> JsValue {
    match value {
        SqlValue::Null => JsValue::NULL,
        SqlValue::Integer(number) => JsValue::from_f64(*number as f64),
        SqlValue::Real(number) => JsValue::from_f64(*number),
        SqlValue::Text(text) => JsValue::from_str(text),
        SqlValue::Blob(bytes) => js_sys::Uint8Array::from(bytes.as_slice()).into(),
    }
}

fn from_js(value: &JsValue) -> SqlValue {
    if let Some(number) = value.as_f64() {
        SqlValue::Real(number)
    } else if let Some(text) = value.as_string() {
        SqlValue::Text(text)
    } else if value.is_null() || value.is_undefined() {
        SqlValue::Null
    } else {
        SqlValue::Blob(js_sys::Uint8Array::new(value).to_vec())
    }
}

impl Sql for ObjectSql {
    fn query(&self, statement: &str, parameters: &[SqlValue]) -> Result<Vec<Row>, HubError> {
        let bound = js_sys::Array::new();
        for parameter in parameters {
            bound.push(&to_js(parameter));
        }
        let rows = run_statement(&self.sql, statement, &bound)
            .map_err(|error| HubError::internal(format!("SQL: {}", describe(&error))))?;
        Ok(rows
            .iter()
            .map(|row| {
                let columns: js_sys::Array = row.unchecked_into();
                Row(columns.iter().map(|value| from_js(&value)).collect())
            })
            .collect())
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
