//! Single conditions on a place: SQL that is true at least where the language's is
//! (`query-routing-events.md` §1.5).
//!
//! Traps that decide what may be translated: JSON null is SQL NULL; truth values are 0 and
//! 1; objects come out as text; SQLite may read a decimal number one bit off, so numbers
//! are compared with a margin.

use super::column::{Place, extract};
use super::{MAX_PARAMETERS, MAX_TEXT, Prefilter};
use crate::query::ast::{Comparison, Literal};
use crate::query::value::instant;
use crate::sql::SqlValue;

/// Numbers beyond it are not exact.
pub(super) const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

pub(super) fn operator(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Equal => "=",
        Comparison::NotEqual => "IS NOT",
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
    }
}

/// Texts that SQLite's string functions take as they are.
pub(super) fn plain_text(text: &str) -> bool {
    !text.contains('\0') && text.len() <= MAX_TEXT
}

/// The SQL value of a place, with the parameters that it needs.
pub(super) fn value(place: &Place) -> (String, Vec<SqlValue>) {
    match place {
        Place::Text(sql) | Place::Flag(sql) | Place::Number(sql) | Place::OnlyElement(sql) => {
            ((*sql).to_owned(), Vec::new())
        }
        Place::Time(sql) => (sql.clone(), Vec::new()),
        Place::Json {
            column,
            path,
            is_indexed: true,
        } => (extract(column, path), Vec::new()),
        Place::Json { column, path, .. } => (
            format!("json_extract({column}, ?)"),
            vec![path.as_str().into()],
        ),
    }
}

/// A value compared with bound ones.
pub(super) fn condition(place: &Place, rest: &str, bound: Vec<SqlValue>) -> Prefilter {
    let (value, mut parameters) = value(place);
    parameters.extend(bound);
    Prefilter::new(format!("({value}) {rest}"), parameters)
}

/// A place compared with a constant.
pub(super) fn compares(
    place: &Place,
    comparison: Comparison,
    literal: &Literal,
) -> Option<Prefilter> {
    match (place, literal) {
        (_, Literal::Undefined) => Some(Prefilter::new("0", Vec::new())),
        // Different types are never in order, and never equal, but always unequal.
        (Place::Text(_) | Place::Json { .. }, Literal::Text(text)) => {
            text_compares(place, comparison, text)
        }
        (Place::Json { .. }, Literal::Number(number)) => {
            number_compares(place, comparison, *number)
        }
        (Place::Number(_), Literal::Number(number)) => number_compares(place, comparison, *number),
        (Place::Json { column, path, .. }, Literal::Bool(flag)) => match comparison {
            Comparison::Equal => Some(Prefilter::new(
                format!("json_type({column}, ?) = '{flag}'"),
                vec![path.as_str().into()],
            )),
            _ => is_defined(place, true),
        },
        (Place::Json { .. }, Literal::Null) => is_defined(place, true),
        (Place::Flag(column), Literal::Bool(flag)) => {
            let equals = match comparison {
                Comparison::Equal => *flag,
                Comparison::NotEqual => !*flag,
                _ => return None,
            };
            let operator = if equals { "=" } else { "<>" };
            Some(Prefilter::new(format!("{column} {operator} 1"), Vec::new()))
        }
        (Place::Time(_), Literal::Text(text)) => {
            let moment = instant(text)?;
            let operator = operator(comparison);
            Some(condition(
                place,
                &format!("{operator} ?"),
                vec![moment.milliseconds().into()],
            ))
        }
        _ => None,
    }
}

fn text_compares(place: &Place, comparison: Comparison, text: &str) -> Option<Prefilter> {
    if !plain_text(text) {
        return None;
    }
    if comparison == Comparison::NotEqual && matches!(place, Place::Json { .. }) {
        return is_defined(place, true);
    }
    let operator = operator(comparison);
    Some(condition(
        place,
        &format!("{operator} ?"),
        vec![text.into()],
    ))
}

/// SQLite may read a decimal number one bit off.
pub(super) fn margins(number: f64) -> (f64, f64) {
    let margin = number.abs() * 1e-9 + 1e-300;
    (number - margin, number + margin)
}

fn number_compares(place: &Place, comparison: Comparison, number: f64) -> Option<Prefilter> {
    if number.abs() > MAX_EXACT {
        return None;
    }
    let (low, high) = margins(number);
    let real = SqlValue::Real;
    Some(match comparison {
        Comparison::Equal => condition(place, "BETWEEN ? AND ?", vec![real(low), real(high)]),
        Comparison::NotEqual => return is_defined(place, true),
        Comparison::Less | Comparison::LessOrEqual => condition(place, "<= ?", vec![real(high)]),
        Comparison::Greater | Comparison::GreaterOrEqual => {
            condition(place, ">= ?", vec![real(low)])
        }
    })
}

/// Whether something is there, null included.
pub(super) fn is_defined(place: &Place, wanted: bool) -> Option<Prefilter> {
    let Place::Json { column, path, .. } = place else {
        return None;
    };
    let not = if wanted { " NOT" } else { "" };
    Some(Prefilter::new(
        format!("json_type({column}, ?) IS{not} NULL"),
        vec![path.as_str().into()],
    ))
}

/// `IN`
pub(super) fn is_one_of(place: &Place, list: &[Literal]) -> Option<Prefilter> {
    let mut texts = Vec::new();
    for literal in list {
        match literal {
            Literal::Text(text) if plain_text(text) => texts.push(SqlValue::from(text.as_str())),
            // Equal to nothing.
            Literal::Undefined => {}
            _ => return is_one_of_anything(place, list),
        }
    }
    if !matches!(place, Place::Text(_) | Place::Json { .. }) {
        return is_one_of_anything(place, list);
    }
    if texts.is_empty() {
        return Some(Prefilter::new("0", Vec::new()));
    }
    if texts.len() >= MAX_PARAMETERS {
        return None;
    }
    let places = vec!["?"; texts.len()].join(", ");
    Some(condition(place, &format!("IN ({places})"), texts))
}

/// Each element on its own.
fn is_one_of_anything(place: &Place, list: &[Literal]) -> Option<Prefilter> {
    if list.len() > MAX_PARAMETERS {
        return None;
    }
    let parts = list
        .iter()
        .map(|literal| compares(place, Comparison::Equal, literal));
    super::joined(parts.collect::<Option<_>>()?, "OR")
}

/// `NIN`
pub(super) fn is_none_of(place: &Place) -> Option<Prefilter> {
    is_defined(place, true)
}

/// `STARTSWITH`
pub(super) fn starts_with(place: &Place, part: &str) -> Option<Prefilter> {
    if !plain_text(part) {
        return None;
    }
    let length = i64::try_from(part.chars().count()).ok()?;
    match place {
        Place::Text("identity.device_id") => Some(Prefilter::new(
            // The first bound lets SQLite begin at the right place of the index.
            "(identity.device_id >= ? AND substr(identity.device_id, 1, ?) = ?)",
            vec![part.into(), length.into(), part.into()],
        )),
        Place::Text(_) | Place::Json { .. } => {
            let (value, mut parameters) = value(place);
            parameters.extend([length.into(), part.into()]);
            Some(Prefilter::new(
                format!("substr({value}, 1, ?) = ?"),
                parameters,
            ))
        }
        _ => None,
    }
}

/// `CONTAINS`
pub(super) fn contains(place: &Place, part: &str) -> Option<Prefilter> {
    if !plain_text(part) || !matches!(place, Place::Text(_) | Place::Json { .. }) {
        return None;
    }
    let (value, mut parameters) = value(place);
    parameters.push(part.into());
    Some(Prefilter::new(format!("instr({value}, ?) > 0"), parameters))
}

/// `ARRAY_CONTAINS`
pub(super) fn array_contains(place: &Place, literal: &Literal) -> Option<Prefilter> {
    match (place, literal) {
        (Place::OnlyElement(_), Literal::Text(text)) if plain_text(text) => {
            Some(condition(place, "= ?", vec![text.as_str().into()]))
        }
        (Place::Json { column, path, .. }, _) => Some(Prefilter::new(
            format!("json_type({column}, ?) = 'array'"),
            vec![path.as_str().into()],
        )),
        _ => None,
    }
}
