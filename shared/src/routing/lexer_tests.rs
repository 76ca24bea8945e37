use super::*;
use proptest::prelude::*;

/// Kinds and texts up to the end.
fn tokens(text: &str) -> Vec<(Kind, &str)> {
    let mut lexer = Lexer::new(text);
    let mut tokens = Vec::new();
    loop {
        let token = lexer.token();
        if token.kind == Kind::End {
            return tokens;
        }
        tokens.push((token.kind, token.text));
    }
}

#[test]
fn names_are_greedy_and_operators_only_begin_words() {
    use Kind::{Name, Number, Sign, System, Text};
    for name in [
        "a+b", "x!", "3-4", "key1!", "a.b", "a|b'c", "é", "0xfg", "1e", "0x",
    ] {
        assert_eq!(tokens(name), [(Name, name)]);
    }
    assert_eq!(
        tokens("key1!='x'"),
        [(Name, "key1!"), (Sign, "="), (Text, "'x'")]
    );
    assert_eq!(
        tokens("'a'||b -7 - +c"),
        [
            (Text, "'a'"),
            (Sign, "||"),
            (Name, "b"),
            (Sign, "-"),
            (Number, "7"),
            (Sign, "-"),
            (Sign, "+"),
            (Name, "c")
        ]
    );
    assert_eq!(
        tokens("{$to}$Body.a-b[0][1].c=a??b"),
        [
            (Sign, "{"),
            (System, "$to"),
            (Sign, "}"),
            (System, "$Body.a-b[0][1].c"),
            (Sign, "="),
            (Name, "a"),
            (Sign, "??"),
            (Name, "b")
        ]
    );
    assert_eq!(
        tokens("a /* ( ' */<>/**/b"),
        [(Name, "a"), (Sign, "<>"), (Name, "b")]
    );
}

#[test]
fn what_is_no_token_is_told() {
    assert_eq!(tokens("a[0]").get(1), Some(&(Kind::Unknown, "[")));
    for symbol in ["!", "|", "?", "@", ";", ":", "\\", "]"] {
        assert_eq!(tokens(symbol), [(Kind::Unknown, symbol)]);
    }
    assert_eq!(tokens("\"a'"), [(Kind::Unterminated, "\"a'")]);
    assert_eq!(tokens("'a\\'"), [(Kind::Unterminated, "'a\\'")]);
}

#[test]
fn places_are_lines_and_characters() {
    let mut lexer = Lexer::new("é\n  'a\nb' c");
    let places: Vec<_> = (0..4)
        .map(|_| {
            let Token { start, end, .. } = lexer.token();
            (start.line, start.column, end.line, end.column)
        })
        .collect();
    assert_eq!(
        places,
        [(1, 1, 1, 2), (2, 3, 3, 3), (3, 4, 3, 5), (3, 5, 3, 5)]
    );
}

#[test]
fn numbers_as_they_may_be_written() {
    for (text, number) in [
        ("0", 0.0),
        ("007", 7.0),
        ("3.25", 3.25),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e25", 1e25),
        ("1E-2", 0.01),
        ("1e+2", 100.0),
        ("0x1F", 31.0),
        ("0Xffffffffffffffff", 18446744073709551615.0),
        ("0.1", 0.1),
    ] {
        assert_eq!(literal_number(text), Some(number), "{text}");
    }
    for text in [
        "",
        ".",
        "e5",
        "1e",
        "1e400",
        "0x",
        "0x10000000000000000",
        "0x+1",
        "1.2.3",
    ] {
        assert_eq!(literal_number(text), None, "{text}");
    }
}

#[test]
fn escapes() {
    let text = |token| unescape(token);
    assert_eq!(
        text(r#"'a\'\"\\\u00e9\ud83d\uDE00'"#).as_deref(),
        Some("a'\"\\é😀")
    );
    assert_eq!(text("\"\"").as_deref(), Some(""));
    for broken in [
        r"'\n'",
        r"'\u12'",
        r"'\ud83d'",
        r"'\ud83d\u0041'",
        r"'\udc00'",
    ] {
        assert_eq!(text(broken), None, "{broken}");
    }
}

proptest! {
    /// Tokens and what is skipped between them are the whole text.
    #[test]
    fn nothing_of_a_text_is_lost(text in "[ \\n()<>@,;:\\\\\"/?={}'$a-c0-9.+*%!|\\[\\]é-]{0,60}") {
        let mut lexer = Lexer::new(&text);
        let mut rest = text.as_str();
        loop {
            let token = lexer.token();
            let at = rest.find(token.text).unwrap();
            let between = &rest[..at];
            prop_assert!(
                between.chars().all(is_space) || between.contains("/*"),
                "{between:?} of {text:?}"
            );
            rest = &rest[at + token.text.len()..];
            if token.kind == Kind::End {
                break;
            }
            prop_assert!(!token.text.is_empty());
        }
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        tokens(&text);
        unescape(&text);
        literal_number(&text);
    }
}
