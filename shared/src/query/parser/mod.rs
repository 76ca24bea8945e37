//! From tokens to a [`Query`]: the clauses (`query-routing-events.md` §1.3).
//!
//! Refuses everything that the language does not have, with the place and the reason. Must
//! not panic, and must not recurse deeper than [`MAX_NESTING`] allows, on any text.

mod columns;
mod expression;

use super::ast::{Collection, Expression, Order, Query, Select, Shape, Source};
use super::error::{MAX_QUERY_CHARACTERS, Position, QueryError};
use super::lexer::{Token, TokenKind, tokens};
use super::path::{Path, Step};

/// Deepest nesting of parentheses, `NOT` and calls.
pub const MAX_NESTING: u32 = 64;
/// Most elements of a list of constants.
pub const MAX_LIST: usize = 1000;
/// Most columns of a result.
pub const MAX_COLUMNS: usize = 100;
/// Larger positions in arrays cannot exist.
const MAX_INDEX: f64 = 1_000_000.0;

/// Words that no path may begin with. Behind a dot they are names like others.
const RESERVED: &[&str] = &[
    "SELECT",
    "TOP",
    "FROM",
    "WHERE",
    "GROUP",
    "ORDER",
    "BY",
    "AS",
    "ASC",
    "DESC",
    "AND",
    "OR",
    "NOT",
    "IN",
    "NIN",
    "TRUE",
    "FALSE",
    "NULL",
    "UNDEFINED",
];

/// Words of other query languages, to say plainly that they are missing here.
const UNSUPPORTED: &[&str] = &[
    "JOIN", "HAVING", "DISTINCT", "LIKE", "BETWEEN", "EXISTS", "UNION", "LIMIT", "OFFSET", "IS",
    "CASE",
];

/// Reads a query.
pub fn parse(text: &str) -> Result<Query, QueryError> {
    Parser::new(text)?.query()
}

/// Reads a condition over device twins, as it stands behind `WHERE`.
pub fn parse_condition(text: &str) -> Result<Expression, QueryError> {
    let mut parser = Parser::new(text)?;
    let condition = parser.expression(expression::LOWEST)?;
    parser.end("the condition should end")?;
    Ok(condition)
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
    nesting: u32,
    /// Known once `FROM` was read.
    collection: Collection,
}

/// A path as written, before it is known which documents it is about.
struct Written {
    steps: Vec<Step>,
    position: Position,
}

impl Parser {
    fn new(text: &str) -> Result<Self, QueryError> {
        if text.chars().count() > MAX_QUERY_CHARACTERS {
            return Err(QueryError::TooLong);
        }
        Ok(Self {
            tokens: tokens(text)?,
            next: 0,
            nesting: 0,
            collection: Collection::Devices,
        })
    }

    fn end(&self, complaint: &str) -> Result<(), QueryError> {
        if self.peek() == &TokenKind::End {
            return Ok(());
        }
        Err(self.unexpected(complaint))
    }

    fn query(mut self) -> Result<Query, QueryError> {
        self.expect_word("SELECT")?;
        let top = self.top()?;
        let columns = self.columns()?;
        self.expect_word("FROM")?;
        self.collection = self.from()?;
        let select = self.bind_columns(columns)?;
        let condition = if self.take_word("WHERE") {
            Some(self.expression(expression::LOWEST)?)
        } else {
            None
        };
        let group_position = self.position();
        let group_by = if self.take_word("GROUP") {
            self.expect_word("BY")?;
            Some(self.bound_path()?)
        } else {
            None
        };
        let order_position = self.position();
        let order_by = if self.take_word("ORDER") {
            self.expect_word("BY")?;
            let path = self.bound_path()?;
            let descending = !self.take_word("ASC") && self.take_word("DESC");
            Some(Order { path, descending })
        } else {
            None
        };
        self.take_sign(";");
        self.end("the query should end")?;
        let query = Query {
            collection: self.collection,
            select,
            top,
            condition,
            group_by,
            order_by,
        };
        check_groups(&query, group_position, order_position)?;
        Ok(query)
    }

    fn top(&mut self) -> Result<Option<u64>, QueryError> {
        if !self.take_word("TOP") {
            return Ok(None);
        }
        let in_parentheses = self.take_sign("(");
        let position = self.position();
        let top = match self.advance() {
            TokenKind::Number(top) if top >= 1.0 && top.fract() == 0.0 && top < 9e15 => top as u64,
            _ => {
                return Err(QueryError::at(
                    position,
                    "TOP needs a whole number from 1 on",
                ));
            }
        };
        if in_parentheses {
            self.expect_sign(")")?;
        }
        Ok(Some(top))
    }

    fn from(&mut self) -> Result<Collection, QueryError> {
        let complaint = "FROM takes devices, devices.modules or devices.jobs";
        if !self.take_word("devices") {
            return Err(self.unexpected(complaint));
        }
        let collection = if !self.take_sign(".") {
            Collection::Devices
        } else if self.take_word("modules") {
            Collection::Modules
        } else if self.take_word("jobs") {
            Collection::Jobs
        } else {
            return Err(self.unexpected(complaint));
        };
        if self.peek() == &TokenKind::Sign(",") {
            return Err(self.unexpected("a query goes over one collection; there are no joins"));
        }
        Ok(collection)
    }

    fn bound_path(&mut self) -> Result<Path, QueryError> {
        let written = self.path()?;
        self.bind(written)
    }

    fn bind(&self, written: Written) -> Result<Path, QueryError> {
        Path::bind(self.collection, written.steps, written.position)
    }

    /// A path as it is written.
    fn path(&mut self) -> Result<Written, QueryError> {
        let position = self.position();
        let first = match self.peek().clone() {
            TokenKind::Word(word) if !is_one_of(RESERVED, &word) => word,
            TokenKind::Segment(name) => name,
            _ => return Err(self.unexpected("a path should stand here")),
        };
        self.advance();
        let mut steps = vec![Step::Name(first)];
        loop {
            let step = if self.take_sign(".") {
                match self.peek().clone() {
                    TokenKind::Word(name) | TokenKind::Segment(name) => {
                        self.advance();
                        Step::Name(name)
                    }
                    TokenKind::Sign("[") => self.bracket()?,
                    _ => return Err(self.unexpected("a name should follow the dot")),
                }
            } else if self.peek() == &TokenKind::Sign("[") {
                self.bracket()?
            } else {
                return Ok(Written { steps, position });
            };
            steps.push(step);
        }
    }

    /// `['name']` or `[0]`
    fn bracket(&mut self) -> Result<Step, QueryError> {
        self.expect_sign("[")?;
        let position = self.position();
        let step = match self.advance() {
            TokenKind::Text(name) => Step::Name(name),
            TokenKind::Number(index) if index.fract() == 0.0 && index <= MAX_INDEX => {
                Step::Index(index as usize)
            }
            _ => {
                return Err(QueryError::at(
                    position,
                    "between [ and ] stands a name in quotes or a position",
                ));
            }
        };
        self.expect_sign("]")?;
        Ok(step)
    }

    fn peek(&self) -> &TokenKind {
        self.tokens
            .get(self.next)
            .map_or(&TokenKind::End, |token| &token.kind)
    }

    fn peek_second(&self) -> Option<&TokenKind> {
        self.tokens.get(self.next + 1).map(|token| &token.kind)
    }

    fn position(&self) -> Position {
        let token = self.tokens.get(self.next).or(self.tokens.last());
        token.map_or(Position::START, |token| token.position)
    }

    fn advance(&mut self) -> TokenKind {
        let kind = self.peek().clone();
        if kind != TokenKind::End {
            self.next += 1;
        }
        kind
    }

    fn is_word(&self, wanted: &str) -> bool {
        matches!(self.peek(), TokenKind::Word(word) if word.eq_ignore_ascii_case(wanted))
    }

    fn take_word(&mut self, wanted: &str) -> bool {
        let found = self.is_word(wanted);
        if found {
            self.advance();
        }
        found
    }

    fn take_sign(&mut self, wanted: &'static str) -> bool {
        let found = self.peek() == &TokenKind::Sign(wanted);
        if found {
            self.advance();
        }
        found
    }

    fn expect_word(&mut self, wanted: &str) -> Result<(), QueryError> {
        if self.take_word(wanted) {
            return Ok(());
        }
        Err(self.unexpected(&format!("{wanted} is missing")))
    }

    fn expect_sign(&mut self, wanted: &'static str) -> Result<(), QueryError> {
        if self.take_sign(wanted) {
            return Ok(());
        }
        Err(self.unexpected(&format!("'{wanted}' is missing")))
    }

    /// A refusal of the next token.
    fn unexpected(&self, complaint: &str) -> QueryError {
        let reason = match self.peek() {
            TokenKind::Word(word) if is_one_of(UNSUPPORTED, word) => {
                format!("{} is not supported", word.to_ascii_uppercase())
            }
            found => format!("{complaint}, not {}", found.describe()),
        };
        QueryError::at(self.position(), reason)
    }
}

fn is_one_of(words: &[&str], word: &str) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// What may stand together (`query-routing-events.md` §1.7, §1.8).
fn check_groups(query: &Query, group: Position, order: Position) -> Result<(), QueryError> {
    if query.group_by.is_some() && query.collection == Collection::Jobs {
        return Err(QueryError::at(group, "devices.jobs cannot be grouped"));
    }
    if query.shape() != Shape::Groups {
        return Ok(());
    }
    let Select::Columns(columns) = &query.select else {
        return Err(QueryError::at(
            group,
            "SELECT * cannot be grouped; name the columns",
        ));
    };
    let key = query.group_by.as_ref().map(|path| &path.steps);
    for column in columns {
        if let Source::Path(path) = &column.source
            && key != Some(&path.steps)
        {
            return Err(QueryError::at(
                group,
                format!(
                    "beside an aggregate, {} must be what GROUP BY names",
                    column.name
                ),
            ));
        }
    }
    if let Some(by) = &query.order_by
        && key != Some(&by.path.steps)
    {
        return Err(QueryError::at(
            order,
            "groups can only be ordered by what GROUP BY names",
        ));
    }
    Ok(())
}

#[cfg(test)]
#[path = "../parser_tests.rs"]
mod tests;
