//! Static types: what can be told of an expression before there is a message
//! (`query-routing-events.md` §3.6).
//!
//! A mistake becomes an error with the place of its operator or function, and what is wrong
//! counts as undefined, which fits everywhere. So all mistakes are told at once, and each once.

use super::error::{CompilationError, MAX_ERRORS};
use super::function::Known;
use super::lexer::Token;

/// The type of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Number,
    Text,
    Null,
    /// Known to be undefined.
    Undefined,
    /// From a body or a twin; known when there is a message.
    Dynamic,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Number => "number",
            Self::Text => "string",
            Self::Null => "null",
            Self::Undefined => "undefined",
            Self::Dynamic => "dynamic",
        }
    }

    /// Whether it can turn out to be of another type.
    pub fn may_be(self, other: Self) -> bool {
        self == other || matches!(self, Self::Undefined | Self::Dynamic)
    }

    fn fits_logic(self) -> bool {
        self == Self::Null || self.may_be(Self::Bool)
    }
}

/// What operators have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operands {
    /// `+ - * / %`
    Numbers,
    /// `||`
    Texts,
    /// Comparisons: both of one type.
    Alike,
    /// `AND`, `OR`
    Truths,
    /// `??`
    Either,
}

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub errors: Vec<CompilationError>,
    pub warnings: Vec<CompilationError>,
}

impl Findings {
    pub fn error(&mut self, token: &Token<'_>, message: String) {
        if self.errors.len() < MAX_ERRORS {
            self.errors.push(finding(token, message, false));
        }
    }

    pub fn warning(&mut self, token: &Token<'_>, message: String) {
        if self.warnings.len() < MAX_ERRORS {
            self.warnings.push(finding(token, message, true));
        }
    }

    /// The type of `left operator right`.
    pub fn binary(
        &mut self,
        operands: Operands,
        operator: &Token<'_>,
        left: Type,
        right: Type,
    ) -> Type {
        let (expected, fits) = match operands {
            Operands::Numbers => (Type::Number, None),
            Operands::Texts => (Type::Text, None),
            Operands::Truths => (Type::Bool, Some(left.fits_logic() && right.fits_logic())),
            Operands::Alike | Operands::Either => {
                (left, Some(left.may_be(right) || right.may_be(left)))
            }
        };
        let fits = fits.unwrap_or_else(|| left.may_be(expected) && right.may_be(expected));
        if !fits {
            let [left, right, expected] = [left, right, expected].map(Type::name);
            let operator_text = operator.text;
            self.error(
                operator,
                format!(
                    "Invalid operands to binary operator '{operator_text}': have '{left}' and \
                     '{right}', expected '{expected}' and '{expected}'"
                ),
            );
            return Type::Undefined;
        }
        match operands {
            Operands::Numbers | Operands::Texts => expected,
            Operands::Alike | Operands::Truths => Type::Bool,
            Operands::Either if left == Type::Undefined => right,
            Operands::Either if right == Type::Dynamic => right,
            Operands::Either => left,
        }
    }

    /// The type of `-` or `NOT` before an operand.
    pub fn unary(&mut self, operator: &Token<'_>, expected: Type, given: Type) -> Type {
        let fits = match expected {
            Type::Bool => given.fits_logic(),
            _ => given.may_be(expected),
        };
        if !fits {
            let (operator_text, given, wanted) = (operator.text, given.name(), expected.name());
            self.error(
                operator,
                format!(
                    "Invalid operands to unary operator '{operator_text}': have '{given}', \
                     expected '{wanted}'"
                ),
            );
            return Type::Undefined;
        }
        expected
    }

    /// The type of a call; `known` is `None` if there is no such function.
    pub fn call(&mut self, name: &Token<'_>, known: Option<&Known>, given: &[Type]) -> Type {
        let text = name.text;
        let Some(known) = known else {
            self.error(name, format!("Invalid built-in function '{text}'"));
            return Type::Undefined;
        };
        if !known.takes(given) {
            let given = given.iter().map(|given| given.name()).collect::<Vec<_>>();
            self.arguments(name, &given.join(", "));
            return Type::Undefined;
        }
        known.gives()
    }

    /// The arguments of a function do not fit.
    pub fn arguments(&mut self, name: &Token<'_>, given: &str) {
        let text = name.text;
        self.error(
            name,
            format!("Invalid arguments to built-in function '{text}': {text}({given})"),
        );
    }

    /// The type of the whole.
    pub fn whole(&mut self, token: &Token<'_>, given: Type) {
        if !given.fits_logic() {
            let given = given.name();
            self.error(
                token,
                format!("Invalid condition: have '{given}', expected 'bool'"),
            );
        }
    }
}

fn finding(token: &Token<'_>, message: String, is_warning: bool) -> CompilationError {
    CompilationError {
        message,
        is_warning,
        start: token.start,
        end: token.end,
    }
}
