//! From a query text to tokens (`query-routing-events.md` §1.2).
//!
//! Knows how words, texts and numbers are written, and nothing of what they mean: which
//! words are keywords is the parser's business. Must not panic on any text.

use super::error::{Position, QueryError};
use std::iter::Peekable;
use std::str::Chars;

/// A token and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Its first character.
    pub position: Position,
}

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub enum TokenKind {
    /// A keyword, a name or a function.
    Word(String),
    /// `[[…]]`, without its brackets.
    Segment(String),
    /// `'…'` or `"…"`, unescaped.
    Text(String),
    /// A number without sign, decimal or hexadecimal.
    Number(f64),
    /// An operator or a punctuation mark.
    Sign(&'static str),
    /// Behind the last character.
    End,
}

impl TokenKind {
    /// As an error message names it.
    pub fn describe(&self) -> String {
        match self {
            Self::Word(word) => format!("'{word}'"),
            Self::Segment(_) => "a segment in [[ ]]".to_owned(),
            Self::Text(_) => "a text".to_owned(),
            Self::Number(_) => "a number".to_owned(),
            Self::Sign(sign) => format!("'{sign}'"),
            Self::End => "the end of the query".to_owned(),
        }
    }
}

/// Two characters first, so that the longest one is found.
const SIGNS: &[&str] = &[
    "!=", "<>", "<=", ">=", "=", "<", ">", "(", ")", "[", "]", ",", ".", ";", "+", "-", "*", "/",
    "%",
];

/// All tokens of a text; the last one is always [`TokenKind::End`].
pub fn tokens(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut lexer = Lexer {
        rest: text.chars().peekable(),
        position: Position::START,
    };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token()?;
        let ended = token.kind == TokenKind::End;
        tokens.push(token);
        if ended {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    position: Position,
}

impl Lexer<'_> {
    fn peek(&mut self) -> Option<char> {
        self.rest.peek().copied()
    }

    fn peek_second(&self) -> Option<char> {
        self.rest.clone().nth(1)
    }

    fn take(&mut self) -> Option<char> {
        let character = self.rest.next()?;
        if character == '\n' {
            self.position.line = self.position.line.saturating_add(1);
            self.position.column = 1;
        } else {
            self.position.column = self.position.column.saturating_add(1);
        }
        Some(character)
    }

    fn take_if(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.take();
        }
        found
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(character) = self.peek().filter(|character| wanted(*character)) {
            taken.push(character);
            self.take();
        }
        taken
    }

    fn token(&mut self) -> Result<Token, QueryError> {
        self.skip_space()?;
        let position = self.position;
        let kind = match (self.peek(), self.peek_second()) {
            (None, _) => TokenKind::End,
            (Some(quote @ ('\'' | '"')), _) => self.text(quote)?,
            (Some('['), Some('[')) => self.segment()?,
            (Some(digit), _) if digit.is_ascii_digit() => self.number()?,
            (Some(first), _) if begins_word(first) => {
                TokenKind::Word(self.take_while(continues_word))
            }
            (Some(first), second) => self.sign(first, second)?,
        };
        Ok(Token { kind, position })
    }

    /// Space and comments.
    fn skip_space(&mut self) -> Result<(), QueryError> {
        loop {
            match (self.peek(), self.peek_second()) {
                (Some(' ' | '\t' | '\r' | '\n'), _) => {
                    self.take();
                }
                (Some('-'), Some('-')) => {
                    self.take_while(|character| character != '\n');
                }
                (Some('/'), Some('*')) => self.skip_comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn skip_comment(&mut self) -> Result<(), QueryError> {
        let begin = self.position;
        self.take();
        self.take();
        loop {
            match self.take() {
                None => return Err(QueryError::at(begin, "the comment does not end with */")),
                Some('*') if self.take_if('/') => return Ok(()),
                Some(_) => {}
            }
        }
    }

    fn text(&mut self, quote: char) -> Result<TokenKind, QueryError> {
        let begin = self.position;
        self.take();
        let mut text = String::new();
        loop {
            let position = self.position;
            match self.take() {
                None => {
                    return Err(QueryError::at(
                        begin,
                        format!("the text does not end with {quote}"),
                    ));
                }
                Some('\\') => text.push(self.escaped(position)?),
                Some(character) if character == quote => return Ok(TokenKind::Text(text)),
                Some(character) => text.push(character),
            }
        }
    }

    /// What stands behind a backslash.
    fn escaped(&mut self, backslash: Position) -> Result<char, QueryError> {
        match self.take() {
            Some(character @ ('\'' | '"' | '\\')) => Ok(character),
            Some('u') => self.unicode(backslash),
            _ => Err(QueryError::at(
                backslash,
                "behind \\ stands one of ' \" \\ or uXXXX",
            )),
        }
    }

    /// Four hexadecimal digits; characters beyond U+FFFF come as a pair of surrogates.
    fn unicode(&mut self, backslash: Position) -> Result<char, QueryError> {
        let wrong = |reason: &str| QueryError::at(backslash, reason);
        let first = self
            .four_digits()
            .ok_or_else(|| wrong("\\u needs four hexadecimal digits"))?;
        if let Some(character) = char::from_u32(first) {
            return Ok(character);
        }
        let second = if self.take_if('\\') && self.take_if('u') {
            self.four_digits()
        } else {
            None
        };
        second
            .and_then(|second| {
                char::decode_utf16([u16::try_from(first).ok()?, u16::try_from(second).ok()?])
                    .next()?
                    .ok()
            })
            .ok_or_else(|| wrong("half of a pair of surrogates is no character"))
    }

    fn four_digits(&mut self) -> Option<u32> {
        let mut value = 0;
        for _ in 0..4 {
            value = value * 16 + self.take()?.to_digit(16)?;
        }
        Some(value)
    }

    fn segment(&mut self) -> Result<TokenKind, QueryError> {
        let begin = self.position;
        self.take();
        self.take();
        let mut text = String::new();
        loop {
            match self.take() {
                None => return Err(QueryError::at(begin, "the segment does not end with ]]")),
                Some(']') if self.peek() == Some(']') => break,
                Some(character) => text.push(character),
            }
        }
        self.take();
        if text.is_empty() {
            return Err(QueryError::at(begin, "there is nothing between [[ and ]]"));
        }
        Ok(TokenKind::Segment(text))
    }

    fn number(&mut self) -> Result<TokenKind, QueryError> {
        let begin = self.position;
        let wrong = |reason: &str| QueryError::at(begin, reason);
        let value = if self.peek() == Some('0') && matches!(self.peek_second(), Some('x' | 'X')) {
            self.take();
            self.take();
            let digits = self.take_while(|digit| digit.is_ascii_hexdigit());
            u64::from_str_radix(&digits, 16)
                .map_err(|_| wrong("0x needs 1 to 16 hexadecimal digits"))? as f64
        } else {
            self.decimal()
                .ok_or_else(|| wrong("this number cannot be read"))?
        };
        if self.peek().is_some_and(continues_word) {
            return Err(wrong("letters follow a number without a space"));
        }
        Ok(TokenKind::Number(value))
    }

    fn decimal(&mut self) -> Option<f64> {
        let mut text = self.take_while(|digit| digit.is_ascii_digit());
        if self.peek() == Some('.') && self.peek_second().is_some_and(|next| next.is_ascii_digit())
        {
            self.take();
            text.push('.');
            text.push_str(&self.take_while(|digit| digit.is_ascii_digit()));
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.take();
            text.push('e');
            if let Some(sign) = self.peek().filter(|sign| matches!(sign, '+' | '-')) {
                self.take();
                text.push(sign);
            }
            text.push_str(&self.take_while(|digit| digit.is_ascii_digit()));
        }
        // Stored documents are read by the same parser, so that the same digits are the
        // same number; leading zeros are the one thing it does not take.
        let whole = text.trim_start_matches('0');
        let text = if whole.starts_with(|first: char| first.is_ascii_digit()) {
            whole.to_owned()
        } else {
            format!("0{whole}")
        };
        serde_json::from_str::<f64>(&text)
            .ok()
            .filter(|number| number.is_finite())
    }

    fn sign(&mut self, first: char, second: Option<char>) -> Result<TokenKind, QueryError> {
        let position = self.position;
        let matches = |sign: &&&str| {
            let mut characters = sign.chars();
            characters.next() == Some(first)
                && characters.next().is_none_or(|next| Some(next) == second)
        };
        let Some(sign) = SIGNS.iter().find(matches) else {
            return Err(QueryError::at(
                position,
                format!("the character '{}' has no place here", first.escape_debug()),
            ));
        };
        for _ in 0..sign.len() {
            self.take();
        }
        Ok(TokenKind::Sign(sign))
    }
}

/// Whether a name may begin so.
pub fn begins_word(character: char) -> bool {
    character.is_alphabetic() || matches!(character, '_' | '$')
}

/// Whether a name may go on so.
pub fn continues_word(character: char) -> bool {
    begins_word(character) || character.is_numeric()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        let tokens = tokens(text).unwrap();
        tokens.into_iter().map(|token| token.kind).collect()
    }

    fn refusal(text: &str) -> String {
        tokens(text).unwrap_err().to_string()
    }

    #[test]
    fn all_kinds_of_tokens() {
        use TokenKind::{End, Number, Segment, Sign, Text, Word};
        assert_eq!(
            kinds("$a.[[b-c d]]<>0x1F/*x*/2.5e3'it''s' -- end"),
            [
                Word("$a".into()),
                Sign("."),
                Segment("b-c d".into()),
                Sign("<>"),
                Number(31.0),
                Number(2500.0),
                Text("it".into()),
                Text("s".into()),
                End
            ]
        );
        assert_eq!(
            kinds("'\\u00e9\\'\\\\\\uD83D\\uDE00'"),
            [Text("é'\\😀".into()), End]
        );
        assert_eq!(
            kinds("007 0 0.5"),
            [Number(7.0), Number(0.0), Number(0.5), End]
        );
        assert_eq!(
            kinds("a[0]"),
            [Word("a".into()), Sign("["), Number(0.0), Sign("]"), End]
        );
    }

    #[test]
    fn refusals_say_where() {
        assert_eq!(
            refusal("a =\n  'b\\n'"),
            "The query is invalid at line 2, column 5: behind \\ stands one of ' \" \\ or uXXXX."
        );
        assert!(refusal("a\n\"x").contains("line 2, column 1"));
        assert!(refusal("60abc").contains("letters follow"));
        assert!(refusal("1e999").contains("cannot be read"));
        assert!(refusal("2e").contains("cannot be read"));
        assert!(refusal("0x").contains("hexadecimal"));
        assert!(refusal("a & b").contains("column 3"));
        assert!(refusal("[[]]").contains("nothing"));
        assert!(refusal("[[a]").contains("]]"));
        assert!(refusal("/* a").contains("*/"));
        assert!(refusal("'\\ud800'").contains("surrogates"));
    }

    proptest! {
        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = tokens(&text);
        }

        #[test]
        fn nothing_near_the_language_panics(text in "[\\[\\]'\"\\\\u0-9a-fxX.eE*/\\-<>=! \n$_]{0,60}") {
            let _ = tokens(&text);
        }
    }
}
