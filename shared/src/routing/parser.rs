//! From tokens to an expression, by operator precedence (`query-routing-events.md` §3.6).
//!
//! Loosest first: `??`, `OR`, `AND`, `=`, `<`, `+ - ||`, `* / %`, prefixes; all of them chain
//! from the left. Types are checked on the way ([`super::check`]). Must not panic, and must not
//! recurse deeper than [`MAX_NESTING`] allows, on any text.

use super::check::{Findings, Type};
use super::error::CompilationError;
use super::expression::{Expression, Operator};
use super::function::Known;
use super::lexer::{Kind, Lexer, Token, literal_number, unescape};
use super::path::is_path;
use super::{TWIN_CHANGE_EVENTS, message};
use crate::query::ast::Literal;

/// Deepest nesting of parentheses, prefixes and calls.
const MAX_NESTING: u32 = 64;
/// The one function whose argument is a path and no expression.
const TWIN_CHANGE_INCLUDES: &str = "TWIN_CHANGE_INCLUDES";

/// A condition as it was read.
pub(super) struct Parsed {
    pub expression: Expression,
    pub warnings: Vec<CompilationError>,
    pub reads_body: bool,
    pub reads_twin: bool,
}

/// Reads a condition for messages of a source.
pub(super) fn parse(text: &str, source: &str) -> Result<Parsed, Vec<CompilationError>> {
    let mut lexer = Lexer::new(text);
    let mut parser = Parser {
        token: lexer.token(),
        lexer,
        nesting: 0,
        findings: Findings::default(),
        about_twin_changes: source.eq_ignore_ascii_case(TWIN_CHANGE_EVENTS),
        reads_body: false,
        reads_twin: false,
    };
    // What is wrong with the types of a text that is broken helps nobody.
    let expression = parser.condition().map_err(|error| vec![*error])?;
    let Findings { errors, warnings } = parser.findings;
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok(Parsed {
        expression,
        warnings,
        reads_body: parser.reads_body,
        reads_twin: parser.reads_twin,
    })
}

/// The one error of a text that is no condition.
type Broken = Box<CompilationError>;

struct Parser<'a> {
    lexer: Lexer<'a>,
    /// What comes next.
    token: Token<'a>,
    nesting: u32,
    findings: Findings,
    about_twin_changes: bool,
    reads_body: bool,
    reads_twin: bool,
}

impl<'a> Parser<'a> {
    fn advance(&mut self) -> Token<'a> {
        let next = self.lexer.token();
        std::mem::replace(&mut self.token, next)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let found = self.token.kind == Kind::Sign && self.token.text == sign;
        if found {
            self.advance();
        }
        found
    }

    /// What is wrong with a token that has no place here.
    fn broken(&self, token: &Token<'a>) -> Broken {
        self.syntax(
            token,
            match token.kind {
                Kind::Unterminated => ": unterminated string",
                Kind::Unknown => ": invalid symbol",
                _ => ".",
            },
        )
    }

    /// A syntax error; where a symbol is named, it is that token.
    fn syntax(&self, token: &Token<'a>, detail: &str) -> Broken {
        let mut message = format!("Syntax error{detail}");
        if detail.ends_with("symbol") {
            message.push_str(&format!(" '{}'", token.text));
        }
        let mut end = token.end;
        if token.kind == Kind::End {
            end.column = end.column.saturating_add(1);
        }
        Box::new(CompilationError {
            message,
            is_warning: false,
            start: token.start,
            end,
        })
    }

    fn condition(&mut self) -> Result<Expression, Broken> {
        let first = self.token;
        if first.kind == Kind::End {
            return Ok(Expression::Literal(Literal::Undefined));
        }
        let (expression, type_) = self.expression(0)?;
        let rest = self.token;
        match (rest.kind, rest.text) {
            (Kind::End, _) => {}
            (Kind::Sign, ")") => return Err(self.syntax(&rest, ": unmatched closing ')'")),
            _ => return Err(self.broken(&rest)),
        }
        let whole = Token {
            end: rest.start,
            ..first
        };
        self.findings.whole(&whole, type_);
        Ok(expression)
    }

    /// Operators that bind at least so tightly, with their operands.
    fn expression(&mut self, lowest: u8) -> Result<(Expression, Type), Broken> {
        let (mut left, mut type_) = self.prefix()?;
        while let Some(operator) = Operator::of(&self.token) {
            let power = operator.power();
            if power < lowest {
                break;
            }
            let token = self.advance();
            let (right, right_type) = self.expression(power + 1)?;
            type_ = self
                .findings
                .binary(operator.operands(), &token, type_, right_type);
            left = match left {
                Expression::Chain(first, mut others)
                    if others.iter().all(|(other, _)| other.power() == power) =>
                {
                    others.push((operator, right));
                    Expression::Chain(first, others)
                }
                first => Expression::Chain(Box::new(first), vec![(operator, right)]),
            };
        }
        Ok((left, type_))
    }

    /// One level further in.
    fn nested<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Broken>,
    ) -> Result<T, Broken> {
        if self.nesting == MAX_NESTING {
            let token = self.token;
            return Err(self.syntax(&token, ": conditions are nested too deep"));
        }
        self.nesting += 1;
        let inner = read(self);
        self.nesting -= 1;
        inner
    }

    fn prefix(&mut self) -> Result<(Expression, Type), Broken> {
        let token = self.token;
        if token.is_word("NOT") {
            self.advance();
            let (inner, given) = self.nested(Self::prefix)?;
            let type_ = self.findings.unary(&token, Type::Bool, given);
            return Ok((Expression::Not(Box::new(inner)), type_));
        }
        if self.take_sign("-") {
            let (inner, given) = self.nested(Self::prefix)?;
            let type_ = self.findings.unary(&token, Type::Number, given);
            return Ok((
                match inner {
                    Expression::Literal(Literal::Number(number)) => {
                        Expression::Literal(Literal::Number(-number))
                    }
                    inner => Expression::Negative(Box::new(inner)),
                },
                type_,
            ));
        }
        if self.take_sign("(") {
            let inner = self.nested(|parser| parser.expression(0))?;
            self.close(&token)?;
            return Ok(inner);
        }
        if self.take_sign("{") {
            let name = self.token;
            if name.kind != Kind::System {
                return Err(self.broken(&name));
            }
            self.advance();
            if !self.take_sign("}") {
                return Err(self.broken(&self.token));
            }
            return self.system(&name, false);
        }
        match token.kind {
            Kind::System => {
                self.advance();
                self.system(&token, true)
            }
            Kind::Name if !is_operator(&token) => {
                self.advance();
                self.name(&token)
            }
            Kind::Text => {
                self.advance();
                let text = unescape(token.text).ok_or_else(|| {
                    self.syntax(&token, ": behind \\ stands one of ' \" \\ uXXXX")
                })?;
                Ok((Expression::Literal(Literal::Text(text)), Type::Text))
            }
            Kind::Number => {
                self.advance();
                // The token is one because it can be read.
                let number = literal_number(token.text).unwrap_or_default();
                Ok((Expression::Literal(Literal::Number(number)), Type::Number))
            }
            _ => Err(self.broken(&token)),
        }
    }

    /// The parenthesis that belongs to an opening one.
    fn close(&mut self, opening: &Token<'a>) -> Result<(), Broken> {
        if self.take_sign(")") {
            return Ok(());
        }
        Err(match self.token.kind {
            Kind::End => self.syntax(opening, ": missing closing ')'"),
            _ => self.broken(&self.token),
        })
    }

    /// A constant, a call or an application property.
    fn name(&mut self, token: &Token<'a>) -> Result<(Expression, Type), Broken> {
        let literal = |literal, type_| Ok((Expression::Literal(literal), type_));
        let opening = self.token;
        match token.text {
            "true" => literal(Literal::Bool(true), Type::Bool),
            "false" => literal(Literal::Bool(false), Type::Bool),
            "null" => literal(Literal::Null, Type::Null),
            "undefined" => literal(Literal::Undefined, Type::Undefined),
            _ if self.take_sign("(") => self.call(token, &opening),
            name => {
                self.warn_of_operators(token, name);
                Ok((Expression::Application(name.to_owned()), Type::Text))
            }
        }
    }

    fn call(
        &mut self,
        name: &Token<'a>,
        opening: &Token<'a>,
    ) -> Result<(Expression, Type), Broken> {
        if self.about_twin_changes && name.is_word(TWIN_CHANGE_INCLUDES) {
            return self.twin_change(name, opening);
        }
        let mut arguments = Vec::new();
        let mut types = Vec::new();
        if !self.take_sign(")") {
            loop {
                let (argument, type_) = self.nested(|parser| parser.expression(0))?;
                arguments.push(argument);
                types.push(type_);
                if !self.take_sign(",") {
                    break;
                }
            }
            self.close(opening)?;
        }
        let known = Known::find(name.text);
        let type_ = self.findings.call(name, known, &types);
        let expression = match known.map(|known| known.1) {
            Some(function) if function.asks_for_type() && types == [Type::Dynamic] => {
                let operand = arguments
                    .pop()
                    .unwrap_or(Expression::Literal(Literal::Undefined));
                Expression::Is(function, Box::new(operand))
            }
            Some(function) => Expression::Call(function, arguments),
            // An error stands for it already.
            None => Expression::Literal(Literal::Undefined),
        };
        Ok((expression, type_))
    }

    /// `TWIN_CHANGE_INCLUDES(path)`
    fn twin_change(
        &mut self,
        name: &Token<'a>,
        opening: &Token<'a>,
    ) -> Result<(Expression, Type), Broken> {
        let path = self.token;
        if !matches!(path.kind, Kind::Name | Kind::Sign) {
            return Err(self.broken(&path));
        }
        if path.kind == Kind::Name {
            self.advance();
        }
        self.close(opening)?;
        if path.kind != Kind::Name || !is_path(path.text) {
            self.findings.arguments(name, path.text);
        }
        self.reads_body = true;
        Ok((Expression::Change(path.text.to_owned()), Type::Bool))
    }

    /// What begins with `$`.
    fn system(
        &mut self,
        token: &Token<'a>,
        or_application: bool,
    ) -> Result<(Expression, Type), Broken> {
        let undefined = (Expression::Literal(Literal::Undefined), Type::Undefined);
        let name = token.text.get(1..).unwrap_or_default();
        let root = |root: &str| {
            let (before, path) = name.split_once('.')?;
            before.eq_ignore_ascii_case(root).then_some(path)
        };
        let path = root("body").map(|path| (path, true));
        if let Some((path, is_body)) = path.or_else(|| root("twin").map(|path| (path, false))) {
            if !is_path(path) {
                return Err(self.syntax(token, ": invalid path in symbol"));
            }
            self.warn_of_operators(token, path);
            if is_body {
                self.reads_body = true;
                return Ok((Expression::Body(path.to_owned()), Type::Dynamic));
            }
            if !is_twin_path(path) {
                self.findings.warning(
                    token,
                    "Twins have tags, properties.desired and properties.reported only; this is \
                     never defined."
                        .to_owned(),
                );
            }
            self.reads_twin = true;
            return Ok((Expression::Twin(path.to_owned()), Type::Dynamic));
        }
        // A root alone is no value (§3.5), and no property has brackets in its name.
        if name.contains(['[', ']'])
            || name.eq_ignore_ascii_case("body")
            || name.eq_ignore_ascii_case("twin")
        {
            return Ok(undefined);
        }
        if message::event_name(name).is_none() {
            self.warn_of_operators(token, name);
        }
        Ok((
            Expression::System(token.text.to_owned(), or_application),
            Type::Text,
        ))
    }

    fn warn_of_operators(&mut self, token: &Token<'a>, name: &str) {
        if name.contains(['+', '-', '*', '%', '!', '|', '\'']) {
            self.findings.warning(
                token,
                format!(
                    "'{}' is one name; put spaces around what is meant as an operator.",
                    token.text
                ),
            );
        }
    }
}

/// Words that are no values.
fn is_operator(token: &Token<'_>) -> bool {
    ["AND", "OR", "NOT"]
        .into_iter()
        .any(|word| token.is_word(word))
}

/// Whether a path into a twin begins with a section that there is.
pub(super) fn is_twin_path(path: &str) -> bool {
    ["tags.", "properties.desired.", "properties.reported."]
        .into_iter()
        .any(|section| {
            path.get(..section.len())
                .is_some_and(|begin| begin.eq_ignore_ascii_case(section))
        })
}

#[cfg(test)]
#[path = "parser_tests.rs"]
mod tests;
