//! What is evaluated: expressions and their operators (`query-routing-events.md` §3.6).

use super::check::Operands;
use super::function::Function;
use super::lexer::{Kind, Token};
use crate::query::ast::{Comparison, Literal};

/// What is evaluated.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Expression {
    Literal(Literal),
    /// An application property.
    Application(String),
    /// A system property, with its `$`; if the message has none, and the second is true, an
    /// application property of that very name.
    System(String, bool),
    /// A path in the body.
    Body(String),
    /// A path in the twin of the sender.
    Twin(String),
    /// Whether the body has something at a path.
    Change(String),
    Negative(Box<Expression>),
    Not(Box<Expression>),
    Call(Function, Vec<Expression>),
    /// A question about the type of something dynamic.
    Is(Function, Box<Expression>),
    /// Operators of one level, from the left. So long texts do not make deep trees.
    Chain(Box<Expression>, Vec<(Operator, Expression)>),
}

/// What stands between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Coalesce,
    Or,
    And,
    Compare(Comparison),
    Concat,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

impl Operator {
    /// What a token is between two operands.
    pub fn of(token: &Token<'_>) -> Option<Self> {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        Some(match (token.kind, token.text) {
            (Kind::Sign, "??") => Self::Coalesce,
            (Kind::Sign, "=") => Self::Compare(Equal),
            (Kind::Sign, "!=" | "<>") => Self::Compare(NotEqual),
            (Kind::Sign, "<") => Self::Compare(Less),
            (Kind::Sign, "<=") => Self::Compare(LessOrEqual),
            (Kind::Sign, ">") => Self::Compare(Greater),
            (Kind::Sign, ">=") => Self::Compare(GreaterOrEqual),
            (Kind::Sign, "||") => Self::Concat,
            (Kind::Sign, "+") => Self::Add,
            (Kind::Sign, "-") => Self::Subtract,
            (Kind::Sign, "*") => Self::Multiply,
            (Kind::Sign, "/") => Self::Divide,
            (Kind::Sign, "%") => Self::Remainder,
            (Kind::Name, _) if token.is_word("OR") => Self::Or,
            (Kind::Name, _) if token.is_word("AND") => Self::And,
            _ => return None,
        })
    }

    /// How tightly it binds.
    pub fn power(self) -> u8 {
        match self {
            Self::Coalesce => 0,
            Self::Or => 1,
            Self::And => 2,
            Self::Compare(Comparison::Equal | Comparison::NotEqual) => 3,
            Self::Compare(_) => 4,
            Self::Add | Self::Subtract | Self::Concat => 5,
            Self::Multiply | Self::Divide | Self::Remainder => 6,
        }
    }

    /// What it takes.
    pub fn operands(self) -> Operands {
        match self {
            Self::Coalesce => Operands::Either,
            Self::Or | Self::And => Operands::Truths,
            Self::Compare(_) => Operands::Alike,
            Self::Concat => Operands::Texts,
            _ => Operands::Numbers,
        }
    }
}
