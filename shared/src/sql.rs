//! The storage port: one SQL text for workerd's SQLite and for rusqlite in tests.
//!
//! Limits of workerd that statements must respect (`design.md` §3): 100 bound
//! parameters, no `BEGIN`, integers cross as f64 (so a number beyond 2^53 would have to be
//! TEXT; ours are counters and milliseconds, far below), booleans are 0/1.

use crate::error::HubError;

/// A value going into or coming out of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue {
    /// SQL NULL.
    Null,
    /// A whole number within ±2^53.
    Integer(i64),
    /// A float.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl From<&str> for SqlValue {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
impl From<String> for SqlValue {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}
impl From<i64> for SqlValue {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}
impl From<u64> for SqlValue {
    /// Counters of ours stay far below 2^53.
    fn from(number: u64) -> Self {
        Self::Integer(i64::try_from(number).unwrap_or(i64::MAX))
    }
}
impl From<bool> for SqlValue {
    fn from(flag: bool) -> Self {
        Self::Integer(i64::from(flag))
    }
}
impl From<Vec<u8>> for SqlValue {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Blob(bytes)
    }
}
impl<T: Into<SqlValue>> From<Option<T>> for SqlValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// One result row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row(pub Vec<SqlValue>);

impl Row {
    /// The text of a column; `None` for NULL or another type.
    pub fn text(&self, column: usize) -> Option<&str> {
        match self.0.get(column) {
            Some(SqlValue::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The text of a column that the schema declares NOT NULL.
    pub fn required_text(&self, column: usize) -> Result<&str, HubError> {
        self.text(column)
            .ok_or_else(|| HubError::internal(format!("column {column} holds no text")))
    }

    /// The number of a column; `None` for NULL or another type.
    pub fn integer(&self, column: usize) -> Option<i64> {
        match self.0.get(column) {
            Some(SqlValue::Integer(number)) => Some(*number),
            // workerd hands every number over as a float.
            Some(SqlValue::Real(number)) if number.fract() == 0.0 => Some(*number as i64),
            _ => None,
        }
    }

    /// The bytes of a column; `None` for NULL or another type.
    pub fn blob(&self, column: usize) -> Option<&[u8]> {
        match self.0.get(column) {
            Some(SqlValue::Blob(bytes)) => Some(bytes),
            _ => None,
        }
    }
}

/// What an actor may do with its storage. All calls are synchronous; a Durable
/// Object makes everything between two awaits atomic and durable together.
pub trait Sql {
    /// Runs one statement and returns its rows.
    fn query(&self, statement: &str, parameters: &[SqlValue]) -> Result<Vec<Row>, HubError>;

    /// Runs one statement that returns nothing.
    fn execute(&self, statement: &str, parameters: &[SqlValue]) -> Result<(), HubError> {
        self.query(statement, parameters).map(|_| ())
    }

    /// Rows written since the storage was opened, and bytes that it takes now: for people.
    fn usage(&self) -> (u64, u64) {
        (0, 0)
    }

    /// Runs `work` so that either all of its writes happen or, if it returns an error, none.
    fn transaction(&self, work: &mut dyn FnMut() -> Result<(), HubError>) -> Result<(), HubError>;
}

/// Brings an object's tables to the newest version: `steps[n]` leads from version n to n+1.
///
/// The version is kept in a table of its own, since workerd refuses `PRAGMA user_version`.
/// A database of a newer version than the code knows is refused, not touched.
pub fn migrate(sql: &dyn Sql, steps: &[&[&str]]) -> Result<(), HubError> {
    sql.execute(
        "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL)",
        &[],
    )?;
    let rows = sql.query("SELECT version FROM schema_version LIMIT 1", &[])?;
    let current = rows.first().and_then(|row| row.integer(0)).unwrap_or(0);
    let current = usize::try_from(current).unwrap_or(0);
    if current > steps.len() {
        return Err(HubError::internal(format!(
            "stored data has schema version {current}, this hub knows up to {}; run the newer hub",
            steps.len()
        )));
    }
    if current == steps.len() {
        return Ok(());
    }
    sql.transaction(&mut || {
        for step in steps.iter().skip(current) {
            for statement in *step {
                sql.execute(statement, &[])?;
            }
        }
        sql.execute("DELETE FROM schema_version", &[])?;
        let version = i64::try_from(steps.len()).unwrap_or(i64::MAX);
        sql.execute(
            "INSERT INTO schema_version (version) VALUES (?)",
            &[version.into()],
        )
    })
}
