//! What a condition is for a document (`query-routing-events.md` §1.5, §1.6): the truth.
//!
//! Whatever a planner leaves out of the storage's work is decided here, so this must be
//! exact. It cannot fail: what makes no sense is undefined.

use super::ast::{Comparison, Expression, Literal, Operator};
use super::function::Function;
use super::value::{Operand, all, any, compare, not};
use crate::letter_case;
use serde_json::Value;

/// Whether a document is in the result: only if the condition is exactly true.
pub fn matches(condition: Option<&Expression>, document: &Value) -> bool {
    condition.is_none_or(|condition| truth(condition, document) == Some(true))
}

/// What a condition is for a document; `None`: undefined.
pub fn truth(expression: &Expression, document: &Value) -> Option<bool> {
    evaluate(expression, document).as_truth()
}

fn evaluate<'a>(expression: &'a Expression, document: &'a Value) -> Operand<'a> {
    match expression {
        Expression::Literal(literal) => Operand::literal(literal),
        Expression::List(list) => Operand::List(list),
        Expression::Path(path) => Operand::of(path.resolve(document), path.is_time),
        Expression::Call(function, arguments) => call(*function, arguments, document),
        Expression::Negative(inner) => match evaluate(inner, document) {
            Operand::Number(number) => Operand::Number(-number),
            _ => Operand::Undefined,
        },
        Expression::Arithmetic(first, others) => arithmetic(first, others, document),
        Expression::Compare(comparison, left, right) => Operand::truth(compare(
            *comparison,
            &evaluate(left, document),
            &evaluate(right, document),
        )),
        Expression::In {
            operand,
            list,
            negated,
        } => {
            let found = is_in(&evaluate(operand, document), list);
            Operand::truth(if *negated { not(found) } else { found })
        }
        Expression::Not(inner) => Operand::truth(not(truth(inner, document))),
        Expression::All(members) => {
            Operand::truth(all(members.iter().map(|member| truth(member, document))))
        }
        Expression::Any(members) => {
            Operand::truth(any(members.iter().map(|member| truth(member, document))))
        }
    }
}

fn is_in(operand: &Operand<'_>, list: &[Literal]) -> Option<bool> {
    any(list
        .iter()
        .map(|element| compare(Comparison::Equal, operand, &Operand::literal(element))))
}

fn arithmetic<'a>(
    first: &'a Expression,
    others: &'a [(Operator, Expression)],
    document: &'a Value,
) -> Operand<'a> {
    let mut result = evaluate(first, document).as_number();
    for (operator, other) in others {
        let (Some(left), Some(right)) = (result, evaluate(other, document).as_number()) else {
            return Operand::Undefined;
        };
        let value = match operator {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide if right != 0.0 => left / right,
            Operator::Remainder if right != 0.0 => left % right,
            Operator::Divide | Operator::Remainder => return Operand::Undefined,
        };
        result = Some(value).filter(|value| value.is_finite());
    }
    result.map_or(Operand::Undefined, Operand::Number)
}

fn call<'a>(function: Function, arguments: &'a [Expression], document: &'a Value) -> Operand<'a> {
    let argument = |index: usize| {
        arguments
            .get(index)
            .map_or(Operand::Undefined, |argument| evaluate(argument, document))
    };
    let first = argument(0);
    let is = |truth: bool| Operand::Bool(truth);
    match function {
        Function::IsDefined => is(first != Operand::Undefined),
        Function::IsArray => is(matches!(
            first,
            Operand::List(_) | Operand::Compound(Value::Array(_))
        )),
        Function::IsBool => is(matches!(first, Operand::Bool(_))),
        Function::IsNull => is(first == Operand::Null),
        Function::IsNumber => is(matches!(first, Operand::Number(_))),
        Function::IsObject => is(matches!(first, Operand::Compound(Value::Object(_)))),
        Function::IsString => is(matches!(first, Operand::Text { .. })),
        Function::IsPrimitive => is(matches!(
            first,
            Operand::Null | Operand::Bool(_) | Operand::Number(_) | Operand::Text { .. }
        )),
        Function::StartsWith => texts(&first, &argument(1), |text, part| text.starts_with(part)),
        Function::EndsWith => texts(&first, &argument(1), |text, part| text.ends_with(part)),
        Function::Contains => texts(&first, &argument(1), |text, part| text.contains(part)),
        Function::ArrayContains => Operand::truth(array_contains(&first, &argument(1))),
        Function::Lower => text(&first, |text| Operand::computed(letter_case::lower(text))),
        Function::Upper => text(&first, |text| Operand::computed(letter_case::upper(text))),
        Function::Length => text(&first, |text| Operand::Number(text.chars().count() as f64)),
    }
}

fn text(operand: &Operand<'_>, of: impl Fn(&str) -> Operand<'static>) -> Operand<'static> {
    operand.as_text().map_or(Operand::Undefined, of)
}

fn texts(
    left: &Operand<'_>,
    right: &Operand<'_>,
    holds: impl Fn(&str, &str) -> bool,
) -> Operand<'static> {
    match (left.as_text(), right.as_text()) {
        (Some(left), Some(right)) => Operand::Bool(holds(left, right)),
        _ => Operand::Undefined,
    }
}

/// Elements that are objects or arrays equal nothing; a value that is one cannot be sought.
fn array_contains(array: &Operand<'_>, value: &Operand<'_>) -> Option<bool> {
    if matches!(
        value,
        Operand::Undefined | Operand::Compound(_) | Operand::List(_)
    ) {
        return None;
    }
    let equals = |element: &Operand<'_>| compare(Comparison::Equal, element, value) == Some(true);
    match array {
        Operand::Compound(Value::Array(elements)) => Some(
            elements
                .iter()
                .any(|element| equals(&Operand::of(Some(element), false))),
        ),
        Operand::List(list) => Some(
            list.iter()
                .any(|element| equals(&Operand::literal(element))),
        ),
        _ => None,
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
