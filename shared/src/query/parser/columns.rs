//! `SELECT`: columns, their aggregates and names (`query-routing-events.md` §1.3, §1.7).
//!
//! Columns stand before `FROM`, so they are read first and bound to a collection later.

use super::{MAX_COLUMNS, Parser, Written};
use crate::query::ast::{Aggregate, Collection, Column, Select, Source};
use crate::query::error::{Position, QueryError};
use crate::query::lexer::TokenKind;
use crate::query::path::Path;

/// A column as written.
pub(super) struct WrittenColumn {
    path: Option<Written>,
    aggregate: Option<&'static str>,
    alias: Option<String>,
    position: Position,
}

impl Parser {
    /// `None`: everything.
    pub(super) fn columns(&mut self) -> Result<Option<Vec<WrittenColumn>>, QueryError> {
        if self.take_sign("*") {
            if self.peek() == &TokenKind::Sign(",") {
                return Err(self.unexpected("* stands alone"));
            }
            return Ok(None);
        }
        let mut columns = Vec::new();
        loop {
            if columns.len() == MAX_COLUMNS {
                return Err(self.unexpected(&format!("there may be at most {MAX_COLUMNS} columns")));
            }
            columns.push(self.column()?);
            if !self.take_sign(",") {
                return Ok(Some(columns));
            }
            if self.peek() == &TokenKind::Sign("*") {
                return Err(self.unexpected("* stands alone"));
            }
        }
    }

    fn column(&mut self) -> Result<WrittenColumn, QueryError> {
        let position = self.position();
        let calls = self.peek_second() == Some(&TokenKind::Sign("("));
        let (aggregate, path) = match self.peek().clone() {
            TokenKind::Word(word) if calls => {
                let known = ["COUNT", "AVG", "SUM", "MIN", "MAX"];
                let Some(function) = known
                    .into_iter()
                    .find(|known| known.eq_ignore_ascii_case(&word))
                else {
                    return Err(self.unexpected(
                        "a result holds paths, COUNT(), AVG(), SUM(), MIN() and MAX()",
                    ));
                };
                self.advance();
                self.advance();
                let path = if function == "COUNT" {
                    let one = self.peek() == &TokenKind::Number(1.0);
                    if one || self.peek() == &TokenKind::Sign("*") {
                        self.advance();
                    }
                    None
                } else {
                    Some(self.path()?)
                };
                self.expect_sign(")")?;
                (Some(function), path)
            }
            _ => (None, Some(self.path()?)),
        };
        let alias = if self.take_word("AS") {
            let position = self.position();
            match self.advance() {
                TokenKind::Word(name) | TokenKind::Segment(name) => Some(name),
                _ => return Err(QueryError::at(position, "AS needs a name")),
            }
        } else {
            None
        };
        Ok(WrittenColumn {
            path,
            aggregate,
            alias,
            position,
        })
    }

    pub(super) fn bind_columns(
        &self,
        written: Option<Vec<WrittenColumn>>,
    ) -> Result<Select, QueryError> {
        let Some(written) = written else {
            return Ok(Select::Everything);
        };
        let mut columns: Vec<Column> = Vec::with_capacity(written.len());
        let mut unnamed = 0;
        for column in written {
            if self.collection == Collection::Jobs {
                return Err(QueryError::at(
                    column.position,
                    "devices.jobs can only be read with SELECT *",
                ));
            }
            let path = column.path.map(|path| self.bind(path)).transpose()?;
            let (own_name, source) = match (column.aggregate, path) {
                (None, Some(path)) => (path.name.clone(), Source::Path(path)),
                (Some(function), path) => {
                    if column.alias.is_none() {
                        unnamed += 1;
                    }
                    let aggregate = aggregate(function, path, column.position)?;
                    (format!("${unnamed}"), Source::Aggregate(aggregate))
                }
                (None, None) => {
                    return Err(QueryError::at(column.position, "a column is missing"));
                }
            };
            let name = column.alias.unwrap_or(own_name);
            if columns.iter().any(|other| other.name == name) {
                return Err(QueryError::at(
                    column.position,
                    format!("two columns are called {name}; rename one with AS"),
                ));
            }
            columns.push(Column { name, source });
        }
        Ok(Select::Columns(columns))
    }
}

fn aggregate(
    function: &str,
    path: Option<Path>,
    position: Position,
) -> Result<Aggregate, QueryError> {
    Ok(match (function, path) {
        ("AVG", Some(path)) => Aggregate::Average(path),
        ("SUM", Some(path)) => Aggregate::Sum(path),
        ("MIN", Some(path)) => Aggregate::Minimum(path),
        ("MAX", Some(path)) => Aggregate::Maximum(path),
        ("COUNT", None) => Aggregate::Count,
        _ => return Err(QueryError::at(position, "this function needs a path")),
    })
}
