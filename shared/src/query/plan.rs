//! From a condition to an SQL prefilter over a shard's tables (`design.md` §2, §3).
//!
//! A prefilter may let through too much, never too little: for every document for which the
//! condition is true, it must be true. So only what is surely understood is translated, and
//! the evaluator looks at every row that comes through. Texts of a query reach SQL as bound
//! parameters only. workerd's limits (100 parameters, depth 100) are kept by leaving parts
//! out.

mod certain;
mod column;
mod comparison;

use super::ast::{Comparison, Expression, Literal};
use super::function::Function;
use super::path::Path;
use crate::sql::SqlValue;
use column::Place;

pub use certain::{Certain, certain, group_key};
pub use column::IndexedPath;

/// Parameters of a prefilter; the statement around it has some of its own.
const MAX_PARAMETERS: usize = 80;
/// Depth of a prefilter's expression, counted generously.
const MAX_DEPTH: usize = 60;
/// Length of a bound text; longer ones are left to the evaluator.
const MAX_TEXT: usize = 1000;

/// An SQL condition with its parameters.
#[derive(Debug, Clone, PartialEq)]
pub struct Prefilter {
    /// The condition.
    pub sql: String,
    /// In order.
    pub parameters: Vec<SqlValue>,
    depth: usize,
}

impl Prefilter {
    fn new(sql: impl Into<String>, parameters: Vec<SqlValue>) -> Self {
        Self {
            sql: sql.into(),
            parameters,
            // No single condition made here is deeper.
            depth: 6,
        }
    }

    /// What this lets through beside what is `sure`.
    pub fn unless(prefilter: Option<&Self>, sure: &Self) -> Self {
        let not = format!("NOT coalesce({}, 0)", sure.sql);
        match prefilter {
            None => Self {
                sql: not,
                parameters: sure.parameters.clone(),
                depth: sure.depth + 2,
            },
            Some(prefilter) => Self {
                sql: format!("({} AND {not})", prefilter.sql),
                parameters: [&prefilter.parameters[..], &sure.parameters].concat(),
                depth: prefilter.depth.max(sure.depth + 2) + 1,
            },
        }
    }
}

/// The prefilter for a condition, if there is any that helps.
pub fn prefilter(condition: Option<&Expression>, indexed: &[IndexedPath]) -> Option<Prefilter> {
    covers(condition?, true, indexed)
}

/// SQL that is true whenever the expression is `wanted`. `None`: nothing is known.
fn covers(expression: &Expression, wanted: bool, indexed: &[IndexedPath]) -> Option<Prefilter> {
    match (expression, wanted) {
        (Expression::Literal(literal), _) => {
            let holds = *literal == Literal::Bool(wanted);
            Some(Prefilter::new(if holds { "1" } else { "0" }, Vec::new()))
        }
        (Expression::Path(path), _) => comparison::compares(
            &Place::of(path, indexed)?,
            Comparison::Equal,
            &Literal::Bool(wanted),
        ),
        (Expression::Not(inner), _) => covers(inner, !wanted, indexed),
        // All must hold, so any part of them will do; one fails, so all must be known.
        (Expression::All(members), true) | (Expression::Any(members), false) => {
            some_of(members, wanted, indexed)
        }
        (Expression::Any(members), true) | (Expression::All(members), false) => {
            each_of(members, wanted, indexed)
        }
        (Expression::Compare(comparison, left, right), _) => {
            let (comparison, path, literal) = compared(*comparison, left, right, wanted)?;
            comparison::compares(&Place::of(path, indexed)?, comparison, literal)
        }
        (
            Expression::In {
                operand,
                list,
                negated,
            },
            _,
        ) => {
            let Expression::Path(path) = operand.as_ref() else {
                return None;
            };
            let place = Place::of(path, indexed)?;
            if wanted == *negated {
                comparison::is_none_of(&place)
            } else {
                comparison::is_one_of(&place, list)
            }
        }
        (Expression::Call(function, arguments), _) => call(*function, arguments, wanted, indexed),
        (Expression::List(_) | Expression::Negative(_) | Expression::Arithmetic(..), _) => None,
    }
}

/// A path compared with a constant, on whichever side it stands, so that the comparison is
/// true when that of the query is `wanted`.
fn compared<'a>(
    comparison: Comparison,
    left: &'a Expression,
    right: &'a Expression,
    wanted: bool,
) -> Option<(Comparison, &'a Path, &'a Literal)> {
    let (comparison, path, literal) = match (left, right) {
        (Expression::Path(path), Expression::Literal(literal)) => (comparison, path, literal),
        (Expression::Literal(literal), Expression::Path(path)) => {
            (comparison.flipped(), path, literal)
        }
        _ => return None,
    };
    let comparison = if wanted {
        comparison
    } else {
        comparison.opposite()
    };
    Some((comparison, path, literal))
}

fn call(
    function: Function,
    arguments: &[Expression],
    wanted: bool,
    indexed: &[IndexedPath],
) -> Option<Prefilter> {
    let Some(Expression::Path(path)) = arguments.first() else {
        return None;
    };
    let place = Place::of(path, indexed)?;
    match (function, arguments.get(1), wanted) {
        (Function::IsDefined, None, _) => comparison::is_defined(&place, wanted),
        (Function::StartsWith, Some(Expression::Literal(Literal::Text(part))), true) => {
            comparison::starts_with(&place, part)
        }
        (Function::Contains, Some(Expression::Literal(Literal::Text(part))), true) => {
            comparison::contains(&place, part)
        }
        (Function::ArrayContains, Some(Expression::Literal(literal)), true) => {
            comparison::array_contains(&place, literal)
        }
        _ => None,
    }
}

/// `AND` of those that are known and fit.
fn some_of(members: &[Expression], wanted: bool, indexed: &[IndexedPath]) -> Option<Prefilter> {
    let mut parts = Vec::new();
    let mut parameters = 0;
    for part in members
        .iter()
        .filter_map(|member| covers(member, wanted, indexed))
    {
        parameters += part.parameters.len();
        if parameters > MAX_PARAMETERS {
            break;
        }
        parts.push(part);
    }
    joined(parts, "AND")
}

/// `OR`, if all are known and fit.
fn each_of(members: &[Expression], wanted: bool, indexed: &[IndexedPath]) -> Option<Prefilter> {
    let parts = members.iter().map(|member| covers(member, wanted, indexed));
    joined(parts.collect::<Option<_>>()?, "OR")
}

/// Joins in a balanced tree, since SQLite counts the depth of a chain by its length.
fn joined(parts: Vec<Prefilter>, operator: &str) -> Option<Prefilter> {
    let mut parts = parts;
    while parts.len() > 1 {
        let mut pairs = Vec::with_capacity(parts.len().div_ceil(2));
        let mut rest = parts.into_iter();
        while let Some(left) = rest.next() {
            pairs.push(match rest.next() {
                None => left,
                Some(right) => Prefilter {
                    sql: format!("({} {operator} {})", left.sql, right.sql),
                    depth: left.depth.max(right.depth) + 1,
                    parameters: [left.parameters, right.parameters].concat(),
                },
            });
        }
        parts = pairs;
    }
    parts
        .pop()
        .filter(|part| part.parameters.len() <= MAX_PARAMETERS && part.depth <= MAX_DEPTH)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
