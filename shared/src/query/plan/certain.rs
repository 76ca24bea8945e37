//! SQL that is true only where a condition is: the other side of the prefilter.
//!
//! What is certain needs no evaluator, so it can be counted where it is stored. For every
//! document for which this SQL is true the condition must be true; about the others it says
//! nothing. SQL's NULL counts as not true.

use super::column::{IndexedPath, Place};
use super::comparison::{self, MAX_EXACT, condition, margins, operator, plain_text, value};
use super::{MAX_PARAMETERS, Prefilter, compared, joined};
use crate::query::ast::{Comparison, Expression, Literal};
use crate::query::function::Function;
use crate::query::path::Path;
use crate::sql::SqlValue;

/// SQL, and whether it is true for every document for which the condition is.
#[derive(Debug, Clone, PartialEq)]
pub struct Certain {
    /// The SQL.
    pub sql: Prefilter,
    /// Nothing is left for the evaluator.
    pub is_whole: bool,
}

fn whole(sql: Prefilter) -> Option<Certain> {
    Some(Certain {
        sql,
        is_whole: true,
    })
}

fn partly(sql: Prefilter) -> Option<Certain> {
    Some(Certain {
        sql,
        is_whole: false,
    })
}

/// What is certain of a condition; without one every document is.
pub fn certain(expression: Option<&Expression>, indexed: &[IndexedPath]) -> Option<Certain> {
    match expression {
        None => whole(Prefilter::new("1", Vec::new())),
        Some(expression) => surely(expression, true, indexed),
    }
}

/// SQL that is true only if the expression is `wanted`.
fn surely(expression: &Expression, wanted: bool, indexed: &[IndexedPath]) -> Option<Certain> {
    match (expression, wanted) {
        (Expression::Literal(literal), _) => {
            let holds = *literal == Literal::Bool(wanted);
            whole(Prefilter::new(if holds { "1" } else { "0" }, Vec::new()))
        }
        (Expression::Path(path), _) => compares(
            &Place::of(path, indexed)?,
            Comparison::Equal,
            &Literal::Bool(wanted),
        ),
        (Expression::Not(inner), _) => surely(inner, !wanted, indexed),
        (Expression::All(members), true) | (Expression::Any(members), false) => {
            let parts = members.iter().map(|member| surely(member, wanted, indexed));
            together(parts.collect::<Option<Vec<_>>>()?, "AND", true)
        }
        (Expression::Any(members), true) | (Expression::All(members), false) => {
            let parts = members
                .iter()
                .filter_map(|member| surely(member, wanted, indexed));
            let parts: Vec<Certain> = parts.collect();
            let all = parts.len() == members.len();
            together(parts, "OR", all)
        }
        (Expression::Compare(comparison, left, right), _) => {
            let (comparison, path, literal) = compared(*comparison, left, right, wanted)?;
            compares(&Place::of(path, indexed)?, comparison, literal)
        }
        (
            Expression::In {
                operand,
                list,
                negated,
            },
            _,
        ) if wanted != *negated && list.len() <= MAX_PARAMETERS => {
            let Expression::Path(path) = operand.as_ref() else {
                return None;
            };
            let place = Place::of(path, indexed)?;
            let parts = list.iter();
            let parts: Vec<Certain> = parts
                .filter_map(|literal| compares(&place, Comparison::Equal, literal))
                .collect();
            let all = parts.len() == list.len();
            together(parts, "OR", all)
        }
        (Expression::Call(Function::IsDefined, arguments), _) => {
            let [Expression::Path(path)] = arguments.as_slice() else {
                return None;
            };
            whole(comparison::is_defined(&Place::of(path, indexed)?, wanted)?)
        }
        _ => None,
    }
}

fn together(parts: Vec<Certain>, operator: &str, all: bool) -> Option<Certain> {
    let is_whole = all && parts.iter().all(|part| part.is_whole);
    let parts = parts.into_iter().map(|part| part.sql).collect();
    Some(Certain {
        sql: joined(parts, operator)?,
        is_whole,
    })
}

fn compares(place: &Place, comparison: Comparison, literal: &Literal) -> Option<Certain> {
    match (place, literal) {
        (_, Literal::Undefined) => whole(Prefilter::new("0", Vec::new())),
        (Place::Text(_), Literal::Text(text)) if plain_text(text) => {
            // `IS NOT` would take what is undefined as well.
            let operator = match comparison {
                Comparison::NotEqual => "<>",
                other => operator(other),
            };
            whole(condition(
                place,
                &format!("{operator} ?"),
                vec![text.as_str().into()],
            ))
        }
        (Place::Json { .. }, Literal::Text(text)) => text_compares(place, comparison, text),
        (Place::Json { .. }, Literal::Number(number)) => {
            number_compares(place, comparison, *number)
        }
        (Place::Json { .. } | Place::Flag(_), Literal::Bool(_))
            if comparison == Comparison::Equal =>
        {
            whole(comparison::compares(place, comparison, literal)?)
        }
        _ => None,
    }
}

fn text_compares(place: &Place, comparison: Comparison, text: &str) -> Option<Certain> {
    // Objects and arrays come out of SQLite as their text.
    if !plain_text(text) || text.starts_with(['{', '[']) {
        return None;
    }
    match comparison {
        Comparison::Equal => whole(condition(place, "= ?", vec![text.into()])),
        Comparison::NotEqual => None,
        _ => {
            let compared = format!("{} ?", operator(comparison));
            of_type(
                place,
                "text",
                condition(place, &compared, vec![text.into()]),
                true,
            )
        }
    }
}

fn number_compares(place: &Place, comparison: Comparison, number: f64) -> Option<Certain> {
    if number.abs() > MAX_EXACT || comparison == Comparison::NotEqual {
        return None;
    }
    let against = |number: f64| {
        let compared = format!("{} ?", operator(comparison));
        condition(place, &compared, vec![SqlValue::Real(number)])
    };
    let integers = of_type(place, "integer", against(number), false)?;
    let (low, high) = margins(number);
    let bound = match comparison {
        Comparison::Less | Comparison::LessOrEqual => low,
        Comparison::Greater | Comparison::GreaterOrEqual => high,
        Comparison::Equal | Comparison::NotEqual => return Some(integers),
    };
    let decimals = of_type(place, "real", against(bound), false)?;
    together(vec![integers, decimals], "OR", false)
}

/// Only where the place has a value of this SQLite type.
fn of_type(place: &Place, kind: &str, compared: Prefilter, is_whole: bool) -> Option<Certain> {
    let Place::Json { column, path, .. } = place else {
        return None;
    };
    let parameters = [vec![path.as_str().into()], compared.parameters].concat();
    let sql = Prefilter::new(
        format!("(json_type({column}, ?) = '{kind}' AND {})", compared.sql),
        parameters,
    );
    if is_whole { whole(sql) } else { partly(sql) }
}

/// What `GROUP BY` makes of a path, as SQL with its parameters: a text, and whether that is
/// JSON. What is undefined, an object or an array is NULL.
pub fn group_key(path: &Path, indexed: &[IndexedPath]) -> Option<(String, Vec<SqlValue>, bool)> {
    let place = Place::of(path, indexed)?;
    match &place {
        Place::Text(_) => {
            let (sql, parameters) = value(&place);
            Some((sql, parameters, false))
        }
        // As JSON, since SQLite would read some decimal numbers one bit off.
        Place::Json { column, path, .. } => Some((
            format!(
                "CASE WHEN json_type({column}, ?) IN ('object', 'array') THEN NULL \
                 ELSE {column} -> ? END"
            ),
            vec![path.as_str().into(), path.as_str().into()],
            true,
        )),
        _ => None,
    }
}
