//! A condition that was compiled, and what it can be for a message (`query-routing-events.md`
//! §3.6).

use super::error::CompilationError;
use super::evaluate::evaluate;
use super::expression::Expression;
use super::message::Message;
use super::parser::{Parsed, parse};
use crate::query::ast::Literal;
use crate::query::error::Position;
use crate::query::value::Operand;

/// Longest text of a condition, in characters.
pub const MAX_CONDITION_CHARACTERS: usize = 2048;

/// What a condition is for a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The message is routed.
    True,
    /// It is not.
    False,
    /// It is not, and whoever wrote the condition may want to know why. Null counts as this.
    Undefined,
}

impl Outcome {
    /// As the test call names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::True => "true",
            Self::False => "false",
            Self::Undefined => "undefined",
        }
    }
}

/// A compiled condition.
#[derive(Debug, Clone)]
pub struct Condition {
    expression: Expression,
    warnings: Vec<CompilationError>,
    reads_body: bool,
    reads_twin: bool,
}

impl Condition {
    /// Compiles a condition for messages of a source.
    pub fn compile(text: &str, source: &str) -> Result<Self, Vec<CompilationError>> {
        if text.chars().count() > MAX_CONDITION_CHARACTERS {
            return Err(vec![CompilationError {
                message: format!(
                    "A condition may have at most {MAX_CONDITION_CHARACTERS} characters"
                ),
                is_warning: false,
                start: Position::START,
                end: Position { line: 1, column: 2 },
            }]);
        }
        let Parsed {
            expression,
            warnings,
            reads_body,
            reads_twin,
        } = parse(text, source)?;
        Ok(Self {
            expression,
            warnings,
            reads_body,
            reads_twin,
        })
    }

    /// What it is for a message.
    pub fn evaluate(&self, message: &dyn Message) -> Outcome {
        match evaluate(&self.expression, message) {
            Operand::Bool(true) => Outcome::True,
            Operand::Bool(false) => Outcome::False,
            _ => Outcome::Undefined,
        }
    }

    /// Whether it names something of the body.
    pub fn reads_body(&self) -> bool {
        self.reads_body
    }

    /// Whether it names something of the sender's twin.
    pub fn reads_twin(&self) -> bool {
        self.reads_twin
    }

    /// Whether it is the constant `true`, so that nobody has to evaluate it.
    pub fn is_always(&self) -> bool {
        matches!(self.expression, Expression::Literal(Literal::Bool(true)))
    }

    /// What looks like a mistake in it.
    pub fn warnings(&self) -> &[CompilationError] {
        &self.warnings
    }
}
