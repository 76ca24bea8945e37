//! Colours for JSON while somebody writes it. Never parses: text that is not JSON yet keeps every
//! character and its place, because the coloured copy lies exactly on the text that is typed.

use super::json_lines::Piece;

/// Bytes up to which text is coloured; beyond it one plain piece keeps typing fast.
const MOST_BYTES: usize = 24 * 1024;

/// Splits a text into pieces that join to the same text.
pub fn ink(text: &str) -> Vec<(Piece, &str)> {
    if text.len() > MOST_BYTES {
        return vec![(Piece::Punctuation, text)];
    }
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '"' => string_length(rest),
            first if is_plain(first) => run(rest, is_plain),
            _ => run(rest, |c| c != '"' && !is_plain(c)),
        };
        let (piece, after) = rest.split_at(length);
        out.push((kind(first, piece, after), piece));
        rest = after;
    }
    out
}

/// Characters of numbers and words.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '-' | '+' | '.')
}

/// Bytes of the leading characters that belong together; at least one character long.
fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|c| !belongs(c)).unwrap_or(text.len())
}

/// Bytes of the string that opens the text; a missing quote ends it with its line.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\n' => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn kind(first: char, piece: &str, after: &str) -> Piece {
    match first {
        '"' if after.trim_start().starts_with(':') => Piece::Key,
        '"' => Piece::Text,
        '-' | '0'..='9' => Piece::Number,
        _ if matches!(piece, "true" | "false" | "null") => Piece::Word,
        _ => Piece::Punctuation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coloured(text: &str) -> Vec<(Piece, &str)> {
        ink(text)
            .into_iter()
            .filter(|(piece, _)| *piece != Piece::Punctuation)
            .collect()
    }

    #[test]
    fn every_character_keeps_its_place() {
        for text in [
            "",
            "{\n  \"a\": [1, -2.5e3, true], \"b\" : \"x\\\"y\"\n}\n",
            "{\"open: 1,\n\"next\": \"한\\",
            "nonsense ÷ \" \\ {{{ 'x' \r\n\t,,",
            "🦀\"🦀\"🦀",
        ] {
            let joined: String = ink(text).into_iter().map(|(_, piece)| piece).collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn keys_strings_numbers_and_words_differ() {
        assert_eq!(
            coloured("{\"a\" : \"b: c\", \"n\": -1.5, \"w\": null}"),
            [
                (Piece::Key, "\"a\""),
                (Piece::Text, "\"b: c\""),
                (Piece::Key, "\"n\""),
                (Piece::Number, "-1.5"),
                (Piece::Key, "\"w\""),
                (Piece::Word, "null"),
            ]
        );
    }

    #[test]
    fn an_open_string_ends_with_its_line() {
        assert_eq!(
            coloured("{\"a\": \"open\n\"b\": 1}"),
            [
                (Piece::Key, "\"a\""),
                (Piece::Text, "\"open"),
                (Piece::Key, "\"b\""),
                (Piece::Number, "1"),
            ]
        );
    }

    #[test]
    fn huge_text_stays_plain() {
        let text = "1,".repeat(MOST_BYTES);
        assert_eq!(ink(&text), [(Piece::Punctuation, text.as_str())]);
    }
}
