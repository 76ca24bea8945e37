//! What a condition is for a message (`query-routing-events.md` §1.5, §3.6).
//!
//! It cannot fail: what makes no sense is undefined. What need not be known is not looked at,
//! so that a twin or a body is only read where it decides.

use super::expression::{Expression, Operator};
use super::function::{Function, number, substring};
use super::message::Message;
use super::path::resolve;
use crate::query::value::{Operand, compare, not};
use serde_json::Value;
use std::borrow::Cow;

pub(super) fn evaluate<'a>(expression: &'a Expression, message: &'a dyn Message) -> Operand<'a> {
    match expression {
        Expression::Literal(literal) => Operand::literal(literal),
        Expression::Application(name) => text(message.application(name)),
        Expression::System(name, or_application) => {
            let system = message.system(name.get(1..).unwrap_or_default());
            match system {
                None if *or_application => text(message.application(name)),
                system => text(system),
            }
        }
        Expression::Body(path) => at(message.body(), path),
        Expression::Twin(path) => at(message.twin(), path),
        Expression::Change(path) => message.body().map_or(Operand::Undefined, |body| {
            Operand::Bool(resolve(body, path).is_some())
        }),
        Expression::Negative(inner) => match evaluate(inner, message) {
            Operand::Number(number) => Operand::Number(-number),
            _ => Operand::Undefined,
        },
        Expression::Not(inner) => Operand::truth(not(truth(&evaluate(inner, message)))),
        Expression::Call(function, arguments) => call(*function, arguments, message),
        Expression::Is(function, operand) => match evaluate(operand, message) {
            Operand::Undefined => Operand::Undefined,
            value => function.of_one(value),
        },
        Expression::Chain(first, others) => {
            let mut left = evaluate(first, message);
            for (operator, right) in others {
                left = operate(*operator, left, right, message);
            }
            left
        }
    }
}

fn text(property: Option<Cow<'_, str>>) -> Operand<'_> {
    property.map_or(Operand::Undefined, |text| Operand::Text {
        text,
        is_time: false,
    })
}

fn at<'a>(root: Option<&'a Value>, path: &str) -> Operand<'a> {
    Operand::of(root.and_then(|root| resolve(root, path)), false)
}

/// As an operand of logic: null counts as false, whatever else is no truth value as undefined.
pub(super) fn truth(operand: &Operand<'_>) -> Option<bool> {
    match operand {
        Operand::Null => Some(false),
        other => other.as_truth(),
    }
}

fn operate<'a>(
    operator: Operator,
    left: Operand<'a>,
    right: &'a Expression,
    message: &'a dyn Message,
) -> Operand<'a> {
    match operator {
        Operator::Coalesce => match left {
            // What is no primitive value is not defined (§3.5).
            Operand::Undefined | Operand::Compound(_) => evaluate(right, message),
            left => left,
        },
        Operator::Or | Operator::And => {
            // The value that decides whatever the other one is.
            let decides = operator == Operator::Or;
            let left = truth(&left);
            if left == Some(decides) {
                return Operand::Bool(decides);
            }
            let right = truth(&evaluate(right, message));
            Operand::truth(match (left, right) {
                (_, Some(right)) if right == decides => Some(decides),
                (Some(_), Some(right)) => Some(right),
                _ => None,
            })
        }
        Operator::Compare(comparison) => {
            Operand::truth(compare(comparison, &left, &evaluate(right, message)))
        }
        Operator::Concat => match (left.as_text(), evaluate(right, message).as_text()) {
            (Some(left), Some(right)) => Operand::computed([left, right].concat()),
            _ => Operand::Undefined,
        },
        _ => match (left, evaluate(right, message)) {
            (Operand::Number(left), Operand::Number(right)) => number(match operator {
                Operator::Add => left + right,
                Operator::Subtract => left - right,
                Operator::Multiply => left * right,
                Operator::Divide => left / right,
                _ => left % right,
            }),
            _ => Operand::Undefined,
        },
    }
}

fn call<'a>(
    function: Function,
    arguments: &'a [Expression],
    message: &'a dyn Message,
) -> Operand<'a> {
    match (function, arguments) {
        (Function::Concat, parts) => {
            let mut whole = String::new();
            for part in parts {
                match evaluate(part, message).as_text() {
                    Some(part) => whole.push_str(part),
                    None => return Operand::Undefined,
                }
            }
            Operand::computed(whole)
        }
        (_, [one]) => function.of_one(evaluate(one, message)),
        (_, [one, other]) => function.of_two(&evaluate(one, message), &evaluate(other, message)),
        (Function::Substring, [whole, start, length]) => substring(
            &evaluate(whole, message),
            &evaluate(start, message),
            Some(&evaluate(length, message)),
        ),
        _ => Operand::Undefined,
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
