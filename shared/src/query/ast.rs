//! What a query says, free of how it was written (`query-routing-events.md` §1.3).
//!
//! Chains of the same rank (`a AND b AND c`, `1 + 2 - 3`) are one node with many children,
//! so that the depth of a tree is bounded by the nesting that the parser allows, and every
//! recursion over it is safe.

use super::function::Function;
use super::path::Path;
use crate::error::{ErrorCode, HubError};

/// A whole query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// Over which documents.
    pub collection: Collection,
    /// What each result holds.
    pub select: Select,
    /// At most so many results over all pages.
    pub top: Option<u64>,
    /// Which documents.
    pub condition: Option<Expression>,
    /// One result for each value of it.
    pub group_by: Option<Path>,
    /// In which order; by id if absent.
    pub order_by: Option<Order>,
}

impl Query {
    /// Leaves only devices for which another condition is true as well. Documents of modules and
    /// jobs do not tell whose they are, so these cannot be narrowed.
    pub fn narrow(&mut self, scope: Expression) -> Result<(), HubError> {
        if self.collection != Collection::Devices {
            return Err(HubError::new(
                ErrorCode::Forbidden,
                format!(
                    "You see only some of the devices, and {} shows all; query devices.",
                    self.collection.name()
                ),
            ));
        }
        self.condition = Some(match self.condition.take() {
            Some(condition) => Expression::All(vec![scope, condition]),
            None => scope,
        });
        Ok(())
    }
}

/// Over which documents a query goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collection {
    /// `devices`: twins of devices.
    Devices,
    /// `devices.modules`: twins of modules.
    Modules,
    /// `devices.jobs`: one document per job and device.
    Jobs,
}

impl Collection {
    /// As it stands behind `FROM`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Devices => "devices",
            Self::Modules => "devices.modules",
            Self::Jobs => "devices.jobs",
        }
    }
}

/// What a result holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Select {
    /// `*`: the document itself.
    Everything,
    /// Some of it, or something computed over many.
    Columns(Vec<Column>),
}

/// One member of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// Its name in the result.
    pub name: String,
    /// Its value.
    pub source: Source,
}

/// Where a column's value comes from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A place in the document.
    Path(Path),
    /// Computed over all documents of a group.
    Aggregate(Aggregate),
}

/// A function over many documents.
#[derive(Debug, Clone, PartialEq)]
pub enum Aggregate {
    /// `COUNT()`
    Count,
    /// `AVG(path)`
    Average(Path),
    /// `SUM(path)`
    Sum(Path),
    /// `MIN(path)`
    Minimum(Path),
    /// `MAX(path)`
    Maximum(Path),
}

/// `ORDER BY`
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// By what.
    pub path: Path,
    /// Largest first.
    pub descending: bool,
}

/// Something that has a value for each document.
#[derive(Debug, Clone, PartialEq)]
pub enum Expression {
    /// A constant.
    Literal(Literal),
    /// A list of constants, which is an array.
    List(Vec<Literal>),
    /// A place in the document.
    Path(Path),
    /// A function of values.
    Call(Function, Vec<Expression>),
    /// `-x`
    Negative(Box<Expression>),
    /// Operators of one rank, from left to right.
    Arithmetic(Box<Expression>, Vec<(Operator, Expression)>),
    /// Two values compared.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// `IN`, or `NIN` if negated.
    In {
        /// What is looked for.
        operand: Box<Expression>,
        /// Where.
        list: Vec<Literal>,
        /// `NIN` and `NOT IN`.
        negated: bool,
    },
    /// `NOT`
    Not(Box<Expression>),
    /// `AND`: two or more.
    All(Vec<Expression>),
    /// `OR`: two or more.
    Any(Vec<Expression>),
}

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `undefined`
    Undefined,
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// A text.
    Text(String),
}

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=`, `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

impl Comparison {
    /// The same with its sides exchanged.
    pub fn flipped(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    /// What is true when this is false. (Neither is, when this is undefined.)
    pub fn opposite(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }
}

/// How results come about, which decides how pages are made of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// One per document, in order of id.
    Rows,
    /// One per document, in order of a value.
    Ordered,
    /// One per group of documents.
    Groups,
}

impl Query {
    /// How results come about.
    pub fn shape(&self) -> Shape {
        let aggregates = |column: &Column| matches!(column.source, Source::Aggregate(_));
        let grouped = match &self.select {
            Select::Everything => false,
            Select::Columns(columns) => columns.iter().any(aggregates),
        };
        if grouped || self.group_by.is_some() {
            Shape::Groups
        } else if self.order_by.is_some() {
            Shape::Ordered
        } else {
            Shape::Rows
        }
    }

    /// Whether the order is turned around.
    pub fn is_descending(&self) -> bool {
        self.order_by.as_ref().is_some_and(|order| order.descending)
    }

    /// `x-ms-item-type` (`query-routing-events.md` §1.1).
    pub fn item_type(&self) -> &'static str {
        match (&self.select, self.collection) {
            (Select::Columns(_), _) => "Raw",
            (Select::Everything, Collection::Jobs) => "DeviceJob",
            (Select::Everything, _) => "Twin",
        }
    }

    /// Every path that is read of a document; `None` if the whole document is.
    pub fn paths(&self) -> Option<Vec<&Path>> {
        let Select::Columns(columns) = &self.select else {
            return None;
        };
        let mut paths: Vec<&Path> = columns
            .iter()
            .filter_map(|column| match &column.source {
                Source::Path(path) => Some(path),
                Source::Aggregate(aggregate) => aggregate.path(),
            })
            .collect();
        paths.extend(&self.group_by);
        paths.extend(self.order_by.as_ref().map(|order| &order.path));
        if let Some(condition) = &self.condition {
            condition.collect_paths(&mut paths);
        }
        Some(paths)
    }

    /// Whether a member of documents is read.
    pub fn reads(&self, member: &str) -> bool {
        self.paths().is_none_or(|paths| {
            let mut first = paths.iter().map(|path| path.names().first().copied());
            first.any(|name| name == Some(member))
        })
    }
}

impl Aggregate {
    /// What it is computed over.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Count => None,
            Self::Average(path) | Self::Sum(path) | Self::Minimum(path) | Self::Maximum(path) => {
                Some(path)
            }
        }
    }
}

impl Expression {
    /// Every path that is read to evaluate it.
    pub fn collect_paths<'a>(&'a self, paths: &mut Vec<&'a Path>) {
        match self {
            Self::Literal(_) | Self::List(_) => {}
            Self::Path(path) => paths.push(path),
            Self::Negative(inner) | Self::Not(inner) => inner.collect_paths(paths),
            Self::In { operand, .. } => operand.collect_paths(paths),
            Self::Compare(_, left, right) => {
                left.collect_paths(paths);
                right.collect_paths(paths);
            }
            Self::Arithmetic(first, others) => {
                first.collect_paths(paths);
                for (_, other) in others {
                    other.collect_paths(paths);
                }
            }
            Self::Call(_, all) | Self::All(all) | Self::Any(all) => {
                for one in all {
                    one.collect_paths(paths);
                }
            }
        }
    }
}
