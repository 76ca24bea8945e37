//! Values of expressions and how they compare (`query-routing-events.md` §1.5).
//!
//! There is a value for "not there", and whatever touches it becomes undefined too. Only
//! primitives compare. Nothing is converted.

use super::ast::{Comparison, Literal};
use crate::time::Timestamp;
use serde_json::Value;
use std::borrow::Cow;
use std::cmp::Ordering;

/// What an expression is for one document.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand<'a> {
    /// Not there.
    Undefined,
    /// JSON null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A finite number.
    Number(f64),
    /// A text.
    Text {
        /// Its characters.
        text: Cow<'a, str>,
        /// From a field that holds points in time.
        is_time: bool,
    },
    /// A JSON object or array.
    Compound(&'a Value),
    /// An array written in the query.
    List(&'a [Literal]),
}

impl<'a> Operand<'a> {
    /// What a document has at a path.
    pub fn of(value: Option<&'a Value>, is_time: bool) -> Self {
        match value {
            None => Self::Undefined,
            Some(Value::Null) => Self::Null,
            Some(Value::Bool(flag)) => Self::Bool(*flag),
            Some(Value::Number(number)) => Self::number(number.as_f64().unwrap_or(f64::NAN)),
            Some(Value::String(text)) => Self::Text {
                text: Cow::Borrowed(text),
                is_time,
            },
            Some(compound) => Self::Compound(compound),
        }
    }

    /// A constant of the query.
    pub fn literal(literal: &'a Literal) -> Self {
        match literal {
            Literal::Undefined => Self::Undefined,
            Literal::Null => Self::Null,
            Literal::Bool(flag) => Self::Bool(*flag),
            Literal::Number(number) => Self::number(*number),
            Literal::Text(text) => Self::Text {
                text: Cow::Borrowed(text),
                is_time: false,
            },
        }
    }

    /// A number; what no number can hold is undefined.
    pub fn number(number: f64) -> Self {
        if number.is_finite() {
            Self::Number(number)
        } else {
            Self::Undefined
        }
    }

    /// A text that was computed.
    pub fn computed(text: String) -> Self {
        Self::Text {
            text: Cow::Owned(text),
            is_time: false,
        }
    }

    /// A result of three-valued logic.
    pub fn truth(truth: Option<bool>) -> Self {
        truth.map_or(Self::Undefined, Self::Bool)
    }

    /// As an operand of logic: whatever is no truth value counts as undefined.
    pub fn as_truth(&self) -> Option<bool> {
        match self {
            Self::Bool(flag) => Some(*flag),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// How two values stand to each other.
enum Relation {
    Undefined,
    DifferentTypes,
    Ordered(Ordering),
}

fn relation(left: &Operand<'_>, right: &Operand<'_>) -> Relation {
    use Operand::{Bool, Compound, List, Null, Number, Text, Undefined};
    match (left, right) {
        (Undefined | Compound(_) | List(_), _) | (_, Undefined | Compound(_) | List(_)) => {
            Relation::Undefined
        }
        (Null, Null) => Relation::Ordered(Ordering::Equal),
        (Bool(left), Bool(right)) => Relation::Ordered(left.cmp(right)),
        (Number(left), Number(right)) => left
            .partial_cmp(right)
            .map_or(Relation::Undefined, Relation::Ordered),
        (
            Text {
                text: left,
                is_time: left_is_time,
            },
            Text {
                text: right,
                is_time: right_is_time,
            },
        ) => {
            // A time and what cannot be read as one are just two texts.
            let instants = (*left_is_time || *right_is_time)
                .then(|| Some((instant(left)?, instant(right)?)))
                .flatten();
            Relation::Ordered(match instants {
                Some((left, right)) => left.cmp(&right),
                // UTF-8 sorts by code point.
                None => left.as_ref().cmp(right.as_ref()),
            })
        }
        _ => Relation::DifferentTypes,
    }
}

/// A point in time as queries write it; a bare date is its midnight in UTC.
pub fn instant(text: &str) -> Option<Timestamp> {
    if text.len() == 10 {
        return Timestamp::parse(&format!("{text}T00:00:00Z"));
    }
    Timestamp::parse(text)
}

/// Compares; `None` is undefined.
pub fn compare(comparison: Comparison, left: &Operand<'_>, right: &Operand<'_>) -> Option<bool> {
    match (relation(left, right), comparison) {
        (Relation::Undefined, _) => None,
        (Relation::DifferentTypes, Comparison::Equal) => Some(false),
        (Relation::DifferentTypes, Comparison::NotEqual) => Some(true),
        (Relation::DifferentTypes, _) => None,
        (Relation::Ordered(order), comparison) => Some(match comparison {
            Comparison::Equal => order.is_eq(),
            Comparison::NotEqual => order.is_ne(),
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }),
    }
}

/// `OR` over any number of members: true wins over undefined.
pub fn any(members: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    let mut outcome = Some(false);
    for member in members {
        match member {
            Some(true) => return Some(true),
            Some(false) => {}
            None => outcome = None,
        }
    }
    outcome
}

/// `AND` over any number of members: false wins over undefined.
pub fn all(members: impl IntoIterator<Item = Option<bool>>) -> Option<bool> {
    any(members.into_iter().map(not)).map(|any| !any)
}

/// `NOT`
pub fn not(truth: Option<bool>) -> Option<bool> {
    truth.map(|truth| !truth)
}
