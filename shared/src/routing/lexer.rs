//! From the text of a condition to tokens (`query-routing-events.md` §3.6).
//!
//! A name is everything up to whitespace or a separator, so it may hold `-` or `+`; only at the
//! beginning of a word are these operators. Must not panic on any text; must not know which
//! token may follow which.

use super::function::read_number;
use crate::query::error::Position;

/// A token and its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    /// As written, quotes included.
    pub text: &'a str,
    pub start: Position,
    pub end: Position,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A property, a function or a keyword.
    Name,
    /// Begins with `$`; may hold brackets.
    System,
    /// `'…'` or `"…"`.
    Text,
    /// A text whose end is missing.
    Unterminated,
    /// Decimal or hexadecimal, without sign.
    Number,
    /// An operator or a punctuation mark.
    Sign,
    /// No character of the language.
    Unknown,
    /// Behind the last character.
    End,
}

impl Token<'_> {
    /// Whether it is this word, in any case.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Name && self.text.eq_ignore_ascii_case(word)
    }
}

/// Longer ones first, so that they are found.
const SIGNS: &[&str] = &[
    "!=", "<>", "<=", ">=", "||", "??", "=", "<", ">", "+", "-", "*", "/", "%", "(", ")", ",", "{",
    "}",
];

/// A text that is taken apart token by token.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    rest: &'a str,
    position: Position,
}

impl<'a> Lexer<'a> {
    pub fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            position: Position::START,
        }
    }

    /// The next token; the last one comes again and again.
    pub fn token(&mut self) -> Token<'a> {
        self.skip_space();
        let start = self.position;
        let (kind, length) = self.measure();
        let text = self.take(length);
        Token {
            kind,
            text,
            start,
            end: self.position,
        }
    }

    /// Space and comments.
    fn skip_space(&mut self) {
        loop {
            let space = self.rest.len() - self.rest.trim_start_matches(is_space).len();
            let comment = self
                .rest
                .strip_prefix("/*")
                .and_then(|rest| rest.find("*/"))
                .map_or(0, |end| end + 4);
            // Only one of them can begin here.
            if self.take(space.max(comment)).is_empty() {
                return;
            }
        }
    }

    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self
            .rest
            .split_at_checked(length)
            .unwrap_or((self.rest, ""));
        self.rest = rest;
        for character in taken.chars() {
            if character == '\n' {
                self.position.line = self.position.line.saturating_add(1);
                self.position.column = 1;
            } else {
                self.position.column = self.position.column.saturating_add(1);
            }
        }
        taken
    }

    /// What begins here, and how many bytes of it there are.
    fn measure(&self) -> (Kind, usize) {
        let Some(first) = self.rest.chars().next() else {
            return (Kind::End, 0);
        };
        if matches!(first, '\'' | '"') {
            return self.measure_text(first);
        }
        if let Some(sign) = SIGNS.iter().find(|sign| self.rest.starts_with(**sign)) {
            return (Kind::Sign, sign.len());
        }
        // What no name may begin with either, as it would pass for an operator.
        if ends_name(first) || matches!(first, '[' | ']' | '!' | '|') {
            return (Kind::Unknown, first.len_utf8());
        }
        let is_system = first == '$';
        let length = self
            .rest
            .find(|character| {
                ends_name(character) || (!is_system && matches!(character, '[' | ']'))
            })
            .unwrap_or(self.rest.len());
        let word = self.rest.get(..length).unwrap_or_default();
        let kind = if is_system {
            Kind::System
        } else if literal_number(word).is_some() {
            Kind::Number
        } else {
            Kind::Name
        };
        (kind, length)
    }

    fn measure_text(&self, quote: char) -> (Kind, usize) {
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            if character == '\\' {
                characters.next();
            } else if character == quote {
                return (Kind::Text, at + 1);
            }
        }
        (Kind::Unterminated, self.rest.len())
    }
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\r' | '\n')
}

fn ends_name(character: char) -> bool {
    is_space(character) || "()<>@,;:\\\"/?={}".contains(character)
}

/// The number that a word is, if it is one.
pub(super) fn literal_number(word: &str) -> Option<f64> {
    if let Some(digits) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
        // A sign would be taken for a part of the digits.
        let legal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        return legal
            .then(|| u64::from_str_radix(digits, 16).ok())
            .flatten()
            .map(|number| number as f64);
    }
    read_number(word)
}

/// The characters of a text token; `None` if a backslash stands before something else than a
/// quote, a backslash or `uXXXX`.
pub(super) fn unescape(token: &str) -> Option<String> {
    let inner = token.get(1..token.len().checked_sub(1)?)?;
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match characters.next()? {
            plain @ ('\'' | '"' | '\\') => text.push(plain),
            'u' => text.push(unicode(&mut characters)?),
            _ => return None,
        }
    }
    Some(text)
}

/// Four hexadecimal digits; characters beyond U+FFFF come as a pair of surrogates.
fn unicode(characters: &mut std::str::Chars<'_>) -> Option<char> {
    let first = four_digits(characters)?;
    if let Some(character) = char::from_u32(u32::from(first)) {
        return Some(character);
    }
    if characters.next()? != '\\' || characters.next()? != 'u' {
        return None;
    }
    let second = four_digits(characters)?;
    char::decode_utf16([first, second]).next()?.ok()
}

fn four_digits(characters: &mut std::str::Chars<'_>) -> Option<u16> {
    let mut value = 0_u16;
    for _ in 0..4 {
        let digit = characters.next()?.to_digit(16)?;
        value = (value << 4) | u16::try_from(digit).ok()?;
    }
    Some(value)
}

#[cfg(test)]
#[path = "lexer_tests.rs"]
mod tests;
