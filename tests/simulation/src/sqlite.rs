//! The storage port over an in-memory SQLite that is as narrow as workerd's.
//!
//! Numbers go in and come out as floats, statements have workerd's limits, and nobody can
//! write transactions by hand. What survives a simulated crash is exactly this object.

use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};
use shared::error::HubError;
use shared::sql::{Row, Sql, SqlValue};
use std::cell::Cell;

/// Largest whole number that a float holds exactly.
const MAX_EXACT: i64 = 1 << 53;

/// One object's database.
#[derive(Debug)]
pub struct Sqlite {
    connection: Connection,
    rows_written: Cell<u64>,
    depth: Cell<u32>,
    /// Writes fail from now on, to test what an actor does then.
    broken: Cell<bool>,
}

impl Default for Sqlite {
    fn default() -> Self {
        Self::new()
    }
}

impl Sqlite {
    /// An empty database with workerd's limits.
    pub fn new() -> Self {
        let connection = Connection::open_in_memory().expect("SQLite opens in memory");
        for (limit, value) in [
            (Limit::SQLITE_LIMIT_LENGTH, 2_200_000),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000),
            (Limit::SQLITE_LIMIT_COLUMN, 100),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 100),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 5),
            (Limit::SQLITE_LIMIT_FUNCTION_ARG, 32),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 50),
            (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 100),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 10),
        ] {
            connection
                .set_limit(limit, value)
                .expect("SQLite knows the limit");
        }
        connection.set_prepared_statement_cache_capacity(128);
        Self {
            connection,
            rows_written: Cell::new(0),
            depth: Cell::new(0),
            broken: Cell::new(false),
        }
    }

    /// Rows inserted, updated and deleted so far: what the edge bills.
    pub fn rows_written(&self) -> u64 {
        self.rows_written.get()
    }

    /// Makes every statement fail, or work again.
    pub fn set_broken(&self, broken: bool) {
        self.broken.set(broken);
    }

    /// One number of one row, for looking at an object's storage from outside.
    pub fn number(&self, statement: &str, parameters: &[SqlValue]) -> Option<i64> {
        let rows = self
            .query(statement, parameters)
            .expect("a statement of the test is right");
        rows.first().and_then(|row| row.integer(0))
    }
}

fn failed(error: &rusqlite::Error, statement: &str) -> HubError {
    HubError::internal(format!("SQLite: {error} in {statement}"))
}

fn refuse_what_workerd_refuses(statement: &str) -> Result<(), HubError> {
    let word: String = statement
        .trim_start()
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect();
    let refused = [
        "BEGIN",
        "COMMIT",
        "END",
        "ROLLBACK",
        "SAVEPOINT",
        "RELEASE",
        "PRAGMA",
        "ATTACH",
        "DETACH",
        "VACUUM",
    ];
    if refused
        .iter()
        .any(|refused| word.eq_ignore_ascii_case(refused))
    {
        return Err(HubError::internal(format!("workerd does not allow {word}")));
    }
    Ok(())
}

fn to_sqlite(value: &SqlValue) -> Result<rusqlite::types::Value, HubError> {
    use rusqlite::types::Value;
    Ok(match value {
        SqlValue::Null => Value::Null,
        // JavaScript has one kind of number.
        SqlValue::Integer(number) if number.abs() <= MAX_EXACT => Value::Real(*number as f64),
        SqlValue::Integer(number) => {
            return Err(HubError::internal(format!("{number} does not fit a float")));
        }
        SqlValue::Real(number) => Value::Real(*number),
        SqlValue::Text(text) => Value::Text(text.clone()),
        SqlValue::Blob(bytes) => Value::Blob(bytes.clone()),
    })
}

fn from_sqlite(value: ValueRef<'_>) -> Result<SqlValue, HubError> {
    Ok(match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(number) if number.abs() <= MAX_EXACT => SqlValue::Real(number as f64),
        ValueRef::Integer(number) => {
            return Err(HubError::internal(format!("{number} comes back inexact")));
        }
        ValueRef::Real(number) => SqlValue::Real(number),
        ValueRef::Text(text) => SqlValue::Text(
            std::str::from_utf8(text)
                .map_err(|error| HubError::internal(error.to_string()))?
                .to_owned(),
        ),
        ValueRef::Blob(bytes) => SqlValue::Blob(bytes.to_vec()),
    })
}

impl Sql for Sqlite {
    fn query(&self, statement: &str, parameters: &[SqlValue]) -> Result<Vec<Row>, HubError> {
        if self.broken.get() {
            return Err(HubError::internal("the storage is broken on purpose"));
        }
        refuse_what_workerd_refuses(statement)?;
        let values: Vec<_> = parameters.iter().map(to_sqlite).collect::<Result<_, _>>()?;
        let before = self.connection.total_changes();
        let mut prepared = self
            .connection
            .prepare_cached(statement)
            .map_err(|error| failed(&error, statement))?;
        if prepared.parameter_count() != values.len() {
            return Err(HubError::internal(format!(
                "{} parameters for {} places in {statement}",
                values.len(),
                prepared.parameter_count()
            )));
        }
        let columns = prepared.column_count();
        let mut rows = Vec::new();
        let mut cursor = prepared
            .query(params_from_iter(values))
            .map_err(|error| failed(&error, statement))?;
        while let Some(row) = cursor.next().map_err(|error| failed(&error, statement))? {
            let mut values = Vec::with_capacity(columns);
            for column in 0..columns {
                let value = row
                    .get_ref(column)
                    .map_err(|error| failed(&error, statement))?;
                values.push(from_sqlite(value)?);
            }
            rows.push(Row(values));
        }
        let written = self.connection.total_changes() - before;
        self.rows_written.set(self.rows_written.get() + written);
        Ok(rows)
    }

    fn usage(&self) -> (u64, u64) {
        let pragma = |name: &str| {
            let read = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
            let value = self.connection.pragma_query_value(None, name, read);
            value.map_or(0, i64::unsigned_abs)
        };
        let bytes = pragma("page_count") * pragma("page_size");
        (self.rows_written(), bytes)
    }

    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), HubError>) -> Result<(), HubError> {
        let depth = self.depth.get();
        let run = |text: &str| {
            self.connection
                .execute_batch(&format!("{text} level_{depth}"))
                .map_err(|error| failed(&error, text))
        };
        run("SAVEPOINT")?;
        self.depth.set(depth + 1);
        let outcome = work();
        self.depth.set(depth);
        if outcome.is_err() {
            run("ROLLBACK TO")?;
        }
        run("RELEASE")?;
        outcome
    }
}
