use crate::routing::{CompilationError, Condition};
use proptest::prelude::*;

/// Message, line, first column, and the column behind the last one.
fn errors(text: &str) -> Vec<(String, u32, u32, u32)> {
    let errors = Condition::compile(text, "DeviceMessages").unwrap_err();
    errors
        .into_iter()
        .map(|error| {
            assert!(!error.is_warning);
            (
                error.message,
                error.start.line,
                error.start.column,
                error.end.column,
            )
        })
        .collect()
}

fn error(text: &str) -> (String, u32, u32, u32) {
    let mut all = errors(text);
    assert_eq!(all.len(), 1, "{text}: {all:?}");
    all.remove(0)
}

#[track_caller]
fn assert_error(text: &str, message: &str, column: u32, end: u32) {
    assert_eq!(error(text), (message.to_owned(), 1, column, end), "{text}");
}

#[test]
fn broken_texts_are_refused_where_they_break() {
    assert_error("test == true", "Syntax error.", 7, 8);
    assert_error("a = ", "Syntax error.", 5, 6);
    assert_error("= 'a'", "Syntax error.", 1, 2);
    assert_error("a = 'x", "Syntax error: unterminated string", 5, 7);
    assert_error(
        "(2 + 22 )) = 24",
        "Syntax error: unmatched closing ')'",
        10,
        11,
    );
    assert_error(
        "as_number('2')) = 2",
        "Syntax error: unmatched closing ')'",
        15,
        16,
    );
    assert_error(
        "true AND (3 = 3",
        "Syntax error: missing closing ')'",
        10,
        11,
    );
    assert_error("length('a' = 1", "Syntax error: missing closing ')'", 7, 8);
    assert_error("a ; b", "Syntax error: invalid symbol ';'", 3, 4);
    assert_error("a[0] = 'b'", "Syntax error: invalid symbol '['", 2, 3);
    assert_error("a = !b", "Syntax error: invalid symbol '!'", 5, 6);
    assert_error("a = 'b' c", "Syntax error.", 9, 10);
    assert_error("a = and", "Syntax error.", 5, 8);
    assert_error("not", "Syntax error.", 4, 5);
    assert_error("length('a',) = 1", "Syntax error.", 12, 13);
    assert_error("{to} = 'a'", "Syntax error.", 2, 4);
    assert_error("{$to = 'a'", "Syntax error.", 6, 7);
    let escape = "Syntax error: behind \\ stands one of ' \" \\ uXXXX";
    assert_error("a = '\\n'", escape, 5, 9);
    for path in [
        "$body..a",
        "$body.",
        "$body.a[x]",
        "$twin.tags[0",
        "$body.a[0]b",
    ] {
        let message = format!("Syntax error: invalid path in symbol '{path}'");
        let end = 1 + u32::try_from(path.len()).unwrap();
        assert_error(&format!("{path} = 1"), &message, 1, end);
    }
    assert_eq!(
        error("true\nAND ?"),
        ("Syntax error: invalid symbol '?'".to_owned(), 2, 5, 6)
    );
}

#[test]
fn types_are_checked_before_there_is_a_message() {
    assert_error(
        "severity <= 2",
        "Invalid operands to binary operator '<=': have 'string' and 'number', expected \
         'string' and 'string'",
        10,
        12,
    );
    assert_error(
        "key2 = 3",
        "Invalid operands to binary operator '=': have 'string' and 'number', expected \
         'string' and 'string'",
        6,
        7,
    );
    assert_error(
        "none ?? \"hello\" = \"hello\"",
        "Invalid operands to binary operator '??': have 'string' and 'bool', expected 'string' \
         and 'string'",
        6,
        8,
    );
    assert_error(
        "none and true",
        "Invalid operands to binary operator 'and': have 'string' and 'bool', expected 'bool' \
         and 'bool'",
        6,
        9,
    );
    assert_error(
        "1 = - (key1)",
        "Invalid operands to unary operator '-': have 'string', expected 'number'",
        5,
        6,
    );
    assert_error(
        "NOT a = 'b'",
        "Invalid operands to unary operator 'NOT': have 'string', expected 'bool'",
        1,
        4,
    );
    assert_error(
        "abs('3') = 3",
        "Invalid arguments to built-in function 'abs': abs(string)",
        1,
        4,
    );
    assert_error(
        "Power(1, true) = 3",
        "Invalid arguments to built-in function 'Power': Power(number, bool)",
        1,
        6,
    );
    assert_error("1 = nope(3)", "Invalid built-in function 'nope'", 5, 9);
    let key = "Invalid condition: have 'string', expected 'bool'";
    assert_error("key1", key, 1, 5);
    assert_error(
        "3 + 4 ",
        "Invalid condition: have 'number', expected 'bool'",
        1,
        7,
    );
    // All of them at once, from left to right.
    assert_eq!(errors("'a' = 1 OR abs('b') = - 'c'").len(), 3);
    assert_eq!(errors(&vec!["1 = 'a'"; 40].join(" OR ")).len(), 20);
}

#[test]
fn types_that_can_only_be_told_later_are_not_refused() {
    for text in [
        "$body.a = 1",
        "$body.a AND $twin.tags.b",
        "undefined = 1",
        "abs($body.a) > 1",
        "NOT null",
        "null AND true",
        "null",
        "undefined",
        "",
        "  /* nothing */ ",
        "($body.a ?? 1) = 'x'",
        "- $body.a < 3",
        "$body = 1",
        "$body[0] = 'x'",
    ] {
        assert!(Condition::compile(text, "DeviceMessages").is_ok(), "{text}");
    }
}

#[test]
fn changes_of_twins_may_be_asked_for_only_where_there_are_some() {
    let text = "twin_change_includes(properties.reported.fw) AND true";
    let condition = Condition::compile(text, "twinchangeevents").unwrap();
    assert!(condition.reads_body() && !condition.reads_twin());
    assert_error(
        text,
        "Invalid built-in function 'twin_change_includes'",
        1,
        21,
    );
    for argument in ["", "'a'", "a..b"] {
        let text = format!("twin_change_includes({argument})");
        assert!(
            Condition::compile(&text, "TwinChangeEvents").is_err(),
            "{text}"
        );
    }
}

#[test]
fn what_a_condition_reads_is_known() {
    let reads = |text| {
        let condition = Condition::compile(text, "DeviceMessages").unwrap();
        (condition.reads_body(), condition.reads_twin())
    };
    assert_eq!(reads("a = 'b' AND $to = 'c' AND $body = 1"), (false, false));
    assert_eq!(reads("{$BODY.a} = 1"), (true, false));
    assert_eq!(reads("a = 'b' OR is_defined($Twin.tags.a)"), (false, true));
    let is_always = |text| {
        Condition::compile(text, "DeviceMessages")
            .unwrap()
            .is_always()
    };
    assert!(is_always("true") && is_always(" (true) "));
    assert!(!is_always("true OR true") && !is_always("false") && !is_always(""));
}

#[test]
fn names_that_may_be_meant_as_operators_are_pointed_out() {
    let warnings = |text| {
        let condition = Condition::compile(text, "DeviceMessages").unwrap();
        let place = |warning: &CompilationError| (warning.start.column, warning.end.column);
        assert!(
            condition
                .warnings()
                .iter()
                .all(|warning| warning.is_warning)
        );
        condition.warnings().iter().map(place).collect::<Vec<_>>()
    };
    assert_eq!(warnings("key1!='x'"), [(1, 6)]);
    assert_eq!(warnings("a+b = 'x' OR $body.x-1 = 3"), [(1, 4), (14, 23)]);
    assert_eq!(warnings("a||'b' = 'x'"), [(1, 7)]);
    assert_eq!(warnings("a = 'a+b' AND 3 - 4 = -1"), []);
    assert_eq!(
        warnings("$creation-time-utc > '2026' AND $dt-subject = 'a'"),
        []
    );
    assert_eq!(warnings("$twin.deviceId = 'a'"), [(1, 15)]);
    assert_eq!(warnings("$TWIN.Tags.a = 'a'"), []);
    let condition = Condition::compile("a+b = 'x'", "DeviceMessages").unwrap();
    assert_eq!(
        condition.warnings()[0].to_json(),
        crate::json!({
            "message": "'a+b' is one name; put spaces around what is meant as an operator.",
            "severity": "warning",
            "location": {"start": {"line": 1, "column": 1}, "end": {"line": 1, "column": 4}},
        })
    );
}

#[test]
fn long_and_deep_texts_end() {
    let long = "1=".repeat(1023);
    assert!(Condition::compile(&format!("{long}1"), "").is_err());
    let long = format!("1/{}1=1", "1/".repeat(1021));
    assert!(Condition::compile(&long, "").is_ok());
    assert!(error(&"é".repeat(2049)).0.contains("2048"));
    assert!(Condition::compile(&format!("'{}' = 'a'", "é".repeat(2040)), "").is_ok());
    let nested = |depth: usize| format!("{}true{}", "(".repeat(depth), ")".repeat(depth));
    assert!(Condition::compile(&nested(64), "").is_ok());
    assert_eq!(error(&nested(65)).2, 66);
    for deep in [
        "not ".repeat(500),
        "- ".repeat(1000),
        "abs(".repeat(500),
        "(".repeat(2048),
    ] {
        assert!(error(&deep).0.starts_with("Syntax error"));
    }
    // Every level of operators at every depth.
    let levels = format!(
        "{}true",
        "undefined ?? 1 OR 1 AND 1 = 1 < 1 + 1 * (".repeat(46)
    );
    assert!(levels.len() <= 2048);
    assert!(Condition::compile(&levels, "").is_err());
}

#[test]
fn a_refusal_names_all_places() {
    let errors = Condition::compile("a = 1 OR b = 2", "DeviceMessages").unwrap_err();
    let refusal = crate::routing::error::refusal("The condition of the route hot", &errors);
    assert_eq!(refusal.code.status(), 400);
    assert_eq!(
        refusal.message,
        "The condition of the route hot is invalid. Line 1, column 3: Invalid operands to binary \
         operator '=': have 'string' and 'number', expected 'string' and 'string'. Line 1, \
         column 12: Invalid operands to binary operator '=': have 'string' and 'number', \
         expected 'string' and 'string'."
    );
}

/// Errors lie in the text, or directly behind it.
fn check(text: &str) {
    let findings = match Condition::compile(text, "TwinChangeEvents") {
        Ok(condition) => condition.warnings().to_vec(),
        Err(errors) => {
            assert!(!errors.is_empty());
            errors
        }
    };
    let lines: Vec<usize> = text.split('\n').map(|line| line.chars().count()).collect();
    for finding in findings {
        let (start, end) = (finding.start, finding.end);
        assert!(
            (start.line, start.column) < (end.line, end.column),
            "{text:?}"
        );
        for place in [start, end] {
            let length = lines[place.line as usize - 1];
            assert!(
                (1..=length + 2).contains(&(place.column as usize)),
                "{text:?}"
            );
        }
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<String>()) {
        check(&text);
    }

    #[test]
    fn nothing_near_the_language_panics(
        words in prop::collection::vec(
            prop::sample::select(vec![
                "a", "'b'", "1", "2.5", "true", "null", "undefined", "$body.a[0]", "{$to}", "$twin.x",
                "$a-b", "(", ")", ",", "=", "!=", "<", ">=", "??", "||", "+", "-", "*", "/", "%",
                "AND", "or", "NOT", "abs(", "concat(", "is_null(", "substring(", "\n", "'", "[",
                "twin_change_includes(", "a.b",
            ]),
            0..30,
        )
    ) {
        check(&words.join(" "));
        check(&words.concat());
    }
}
