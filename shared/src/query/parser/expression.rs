//! Conditions, by operator precedence (`query-routing-events.md` §1.3).
//!
//! Loosest first: `OR`, `AND`, `NOT`, comparison and `IN`, `+ -`, `* / %`, unary minus.
//! Comparisons do not chain: `a = b = c` is refused.

use super::{MAX_LIST, MAX_NESTING, Parser, RESERVED, is_one_of};
use crate::query::ast::{Comparison, Expression, Literal, Operator};
use crate::query::error::QueryError;
use crate::query::function::Function;
use crate::query::lexer::TokenKind;

/// Binds as loosely as anything.
pub(super) const LOWEST: u8 = OR;
const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const COMPARISON: u8 = 4;
const SUM: u8 = 5;
const PRODUCT: u8 = 6;
const UNARY: u8 = 7;

/// What may follow an operand.
enum Infix {
    Or,
    And,
    Compare(Comparison),
    In { negated: bool },
    Arithmetic(Operator),
}

impl Infix {
    fn power(&self) -> u8 {
        match self {
            Self::Or => OR,
            Self::And => AND,
            Self::Compare(_) | Self::In { .. } => COMPARISON,
            Self::Arithmetic(Operator::Add | Operator::Subtract) => SUM,
            Self::Arithmetic(_) => PRODUCT,
        }
    }
}

impl Parser {
    /// An expression of operators that bind at least so tightly.
    pub(super) fn expression(&mut self, lowest: u8) -> Result<Expression, QueryError> {
        let mut left = self.prefix(lowest)?;
        let mut compared = false;
        while let Some(infix) = self.infix() {
            let power = infix.power();
            if power < lowest {
                break;
            }
            if power == COMPARISON {
                if compared {
                    return Err(self.unexpected("comparisons do not chain; use AND"));
                }
                compared = true;
            } else if power < COMPARISON {
                compared = false;
            }
            self.advance();
            left = match infix {
                Infix::Or => any(left, self.expression(power + 1)?),
                Infix::And => all(left, self.expression(power + 1)?),
                Infix::Compare(comparison) => {
                    let right = self.expression(power + 1)?;
                    Expression::Compare(comparison, Box::new(left), Box::new(right))
                }
                Infix::Arithmetic(operator) => {
                    arithmetic(left, operator, self.expression(power + 1)?)
                }
                Infix::In { negated } => {
                    // `NOT IN` is two words.
                    if negated && self.is_word("IN") {
                        self.advance();
                    }
                    Expression::In {
                        operand: Box::new(left),
                        list: self.list()?,
                        negated,
                    }
                }
            };
        }
        Ok(left)
    }

    fn infix(&self) -> Option<Infix> {
        use Comparison::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
        Some(match self.peek() {
            TokenKind::Sign(sign) => match *sign {
                "=" => Infix::Compare(Equal),
                "!=" | "<>" => Infix::Compare(NotEqual),
                "<" => Infix::Compare(Less),
                "<=" => Infix::Compare(LessOrEqual),
                ">" => Infix::Compare(Greater),
                ">=" => Infix::Compare(GreaterOrEqual),
                "+" => Infix::Arithmetic(Operator::Add),
                "-" => Infix::Arithmetic(Operator::Subtract),
                "*" => Infix::Arithmetic(Operator::Multiply),
                "/" => Infix::Arithmetic(Operator::Divide),
                "%" => Infix::Arithmetic(Operator::Remainder),
                _ => return None,
            },
            TokenKind::Word(_) if self.is_word("OR") => Infix::Or,
            TokenKind::Word(_) if self.is_word("AND") => Infix::And,
            TokenKind::Word(_) if self.is_word("IN") => Infix::In { negated: false },
            TokenKind::Word(_) if self.is_word("NIN") => Infix::In { negated: true },
            TokenKind::Word(_) if self.is_word("NOT") => match self.peek_second() {
                Some(TokenKind::Word(word)) if word.eq_ignore_ascii_case("IN") => {
                    Infix::In { negated: true }
                }
                _ => return None,
            },
            _ => return None,
        })
    }

    fn prefix(&mut self, lowest: u8) -> Result<Expression, QueryError> {
        match self.peek().clone() {
            TokenKind::Sign("(") => {
                self.advance();
                let inner = self.nested(LOWEST)?;
                self.expect_sign(")")?;
                Ok(inner)
            }
            TokenKind::Sign("-") => {
                self.advance();
                if self.peek() == &TokenKind::Sign("-") {
                    return Err(self.unexpected("one minus is enough"));
                }
                Ok(match self.nested(UNARY)? {
                    Expression::Literal(Literal::Number(number)) => {
                        Expression::Literal(Literal::Number(-number))
                    }
                    other => Expression::Negative(Box::new(other)),
                })
            }
            TokenKind::Sign("[") => Ok(Expression::List(self.list()?)),
            TokenKind::Word(_) if self.is_word("NOT") => {
                if lowest > NOT {
                    return Err(self.unexpected("here NOT needs parentheses around it"));
                }
                self.advance();
                Ok(Expression::Not(Box::new(self.nested(NOT)?)))
            }
            TokenKind::Word(word) if self.peek_second() == Some(&TokenKind::Sign("(")) => {
                self.call(&word)
            }
            TokenKind::Text(_) | TokenKind::Number(_) => self.literal().map(Expression::Literal),
            TokenKind::Word(word) if is_constant(&word) => self.literal().map(Expression::Literal),
            TokenKind::Word(word) if is_one_of(RESERVED, &word) => {
                Err(self.unexpected("a value should stand here"))
            }
            TokenKind::Word(_) | TokenKind::Segment(_) => self.bound_path().map(Expression::Path),
            _ => Err(self.unexpected("a value should stand here")),
        }
    }

    /// An expression one level further in.
    fn nested(&mut self, lowest: u8) -> Result<Expression, QueryError> {
        if self.nesting == MAX_NESTING {
            return Err(QueryError::at(
                self.position(),
                format!("expressions may be nested at most {MAX_NESTING} deep"),
            ));
        }
        self.nesting += 1;
        let inner = self.expression(lowest);
        self.nesting -= 1;
        inner
    }

    fn call(&mut self, name: &str) -> Result<Expression, QueryError> {
        let position = self.position();
        if is_one_of(RESERVED, name) {
            return Err(self.unexpected("a value should stand here"));
        }
        let function = Function::parse(name).ok_or_else(|| {
            QueryError::at(
                position,
                format!("there is no function {name} in conditions"),
            )
        })?;
        self.advance();
        self.advance();
        let mut arguments = Vec::new();
        if !self.take_sign(")") {
            loop {
                arguments.push(self.nested(LOWEST)?);
                if !self.take_sign(",") {
                    break;
                }
                if arguments.len() == MAX_LIST {
                    return Err(self.unexpected("there are too many arguments"));
                }
            }
            self.expect_sign(")")?;
        }
        let wanted = function.arguments();
        if arguments.len() != wanted {
            return Err(QueryError::at(
                position,
                format!(
                    "{} takes {wanted} argument{}, not {}",
                    name.to_ascii_uppercase(),
                    if wanted == 1 { "" } else { "s" },
                    arguments.len()
                ),
            ));
        }
        if function == Function::IsDefined
            && !matches!(arguments.first(), Some(Expression::Path(_)))
        {
            return Err(QueryError::at(position, "IS_DEFINED takes a path"));
        }
        Ok(Expression::Call(function, arguments))
    }

    /// `[…]`: constants only, at least one.
    fn list(&mut self) -> Result<Vec<Literal>, QueryError> {
        if self.peek() == &TokenKind::Sign("(") {
            return Err(self.unexpected("a list stands in square brackets"));
        }
        self.expect_sign("[")?;
        let mut list = Vec::new();
        loop {
            if list.len() == MAX_LIST {
                return Err(self.unexpected(&format!("a list has at most {MAX_LIST} elements")));
            }
            list.push(self.literal()?);
            if !self.take_sign(",") {
                break;
            }
        }
        self.expect_sign("]")?;
        Ok(list)
    }

    fn literal(&mut self) -> Result<Literal, QueryError> {
        let negative = self.take_sign("-");
        let literal = match self.peek().clone() {
            TokenKind::Number(number) => Literal::Number(if negative { -number } else { number }),
            _ if negative => return Err(self.unexpected("a number should follow the minus")),
            TokenKind::Text(text) => Literal::Text(text),
            TokenKind::Word(_) if self.is_word("true") => Literal::Bool(true),
            TokenKind::Word(_) if self.is_word("false") => Literal::Bool(false),
            TokenKind::Word(_) if self.is_word("null") => Literal::Null,
            TokenKind::Word(_) if self.is_word("undefined") => Literal::Undefined,
            _ => return Err(self.unexpected("a constant should stand here")),
        };
        self.advance();
        Ok(literal)
    }
}

fn is_constant(word: &str) -> bool {
    is_one_of(&["true", "false", "null", "undefined"], word)
}

/// `OR` is associative, so both sides may be taken apart.
fn any(left: Expression, right: Expression) -> Expression {
    let mut members = match left {
        Expression::Any(members) => members,
        other => vec![other],
    };
    match right {
        Expression::Any(more) => members.extend(more),
        other => members.push(other),
    }
    Expression::Any(members)
}

fn all(left: Expression, right: Expression) -> Expression {
    let mut members = match left {
        Expression::All(members) => members,
        other => vec![other],
    };
    match right {
        Expression::All(more) => members.extend(more),
        other => members.push(other),
    }
    Expression::All(members)
}

/// The left side was complete before the operator, so a chain simply grows by it.
fn arithmetic(left: Expression, operator: Operator, right: Expression) -> Expression {
    match left {
        Expression::Arithmetic(first, mut others) => {
            others.push((operator, right));
            Expression::Arithmetic(first, others)
        }
        other => Expression::Arithmetic(Box::new(other), vec![(operator, right)]),
    }
}
