use crate::json;
use crate::routing::{Condition, Message, Outcome};
use serde_json::Value;
use std::borrow::Cow;

/// A message of fixed properties.
struct Fixed {
    application: Vec<(&'static str, &'static str)>,
    system: Vec<(&'static str, &'static str)>,
    body: Option<Value>,
    twin: Option<Value>,
}

fn find<'a>(properties: &[(&'a str, &'a str)], name: &str) -> Option<Cow<'a, str>> {
    properties
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| Cow::Borrowed(*value))
}

impl Message for Fixed {
    fn application(&self, name: &str) -> Option<Cow<'_, str>> {
        find(&self.application, name)
    }
    fn system(&self, name: &str) -> Option<Cow<'_, str>> {
        find(&self.system, name)
    }
    fn body(&self) -> Option<&Value> {
        self.body.as_ref()
    }
    fn twin(&self) -> Option<&Value> {
        self.twin.as_ref()
    }
}

/// The message of the contract's vectors (§3.10), with a twin.
fn message() -> Fixed {
    Fixed {
        application: vec![
            ("key1", "value1"),
            ("key2", "3"),
            ("$own", "mine"),
            ("$to", "shadowed"),
            ("a+b", "sum"),
            ("TRUE", "yes"),
            ("space", " 1e2 "),
            ("word", "abc"),
            ("wide", "aé😀b"),
        ],
        system: vec![
            ("contentType", "application/json"),
            ("contentEncoding", "utf-8"),
            ("to", "/devices/d"),
            ("enqueuedTime", "2026-06-06T22:56:07.000Z"),
            ("connectionDeviceId", "pump-7"),
        ],
        body: Some(json!({
            "w": {"t": 50, "n": null, "on": true, "h": [{"m": "Feb"}]},
            "Case": 1, "case": 2, "date": "2026-06-06T22:56:06Z", "text": "50",
        })),
        twin: Some(json!({
            "tags": {"site": "s1"},
            "properties": {"desired": {"limit": 40}, "reported": {"fw": null}},
        })),
    }
}

#[track_caller]
fn outcome(text: &str) -> Outcome {
    Condition::compile(text, "DeviceMessages")
        .unwrap_or_else(|errors| panic!("{text}: {errors:?}"))
        .evaluate(&message())
}

#[track_caller]
fn assert_true(texts: &[&str]) {
    for text in texts {
        assert_eq!(outcome(text), Outcome::True, "{text}");
    }
}

#[track_caller]
fn assert_false(texts: &[&str]) {
    for text in texts {
        assert_eq!(outcome(text), Outcome::False, "{text}");
    }
}

#[track_caller]
fn assert_undefined(texts: &[&str]) {
    for text in texts {
        assert_eq!(outcome(text), Outcome::Undefined, "{text}");
    }
}

/// §3.10, row by row; the compile errors are in `parser_tests`.
#[test]
fn vectors_of_the_contract() {
    assert_true(&[
        "KEY1 = \"value1\"",
        "as_number(key2) * 3 = 9",
        "true OR none = 'x'",
        "(none ?? \"hello\") = \"hello\"",
        "'a' || key1 = 'avalue1'",
        "-(3 + 4) = -7",
        "$body.w.t >= 50 AND $body.w.on",
        "$body.w.h[0].m = 'Feb'",
        "$body.w.t != '50'",
        "$body.w.n = null",
        "IS_NULL($body.w.n)",
        "IS_OBJECT($body.w)",
        "length($body.w.h[0].m) = 3",
        "substring('abc', 3) = ''",
    ]);
    assert_false(&[
        "false AND none = 'x'",
        "3 + 4 < 7",
        "$body.w.t = '50'",
        "IS_DEFINED($body.w)",
        "$contentEncoding = 'UTF-8'",
    ]);
    assert_undefined(&[
        "none = 'x'",
        "none != 'x'",
        "NOT (none = 'x')",
        "$body.w.missing = null",
        "substring('abc', 4) = ''",
    ]);
    for broken in [
        "key2 = 3",
        "none ?? \"hello\" = \"hello\"",
        "test == true",
        "- (key1)",
        "none and true",
    ] {
        assert!(
            Condition::compile(broken, "DeviceMessages").is_err(),
            "{broken}"
        );
    }
}

#[test]
fn operands() {
    assert_true(&[
        // An application property by its own name, a system property before it.
        "$own = 'mine'",
        "$TO = '/devices/d'",
        "{$to} = '/devices/d'",
        "$connectionDeviceId = 'pump-7'",
        // Words of the language in other cases are names.
        "True = 'yes'",
        "a+b = 'sum'",
        // Exact case first, then any.
        "$body.case = 2 AND $body.Case = 1 AND $BODY.CASE = 1",
        "$Twin.Tags.SITE = 's1'",
        "$body.w.t > $twin.properties.desired.limit",
        // Points in time are texts.
        "$enqueuedTime > '2026-06-06T22:56:06Z'",
        "$body.date = '2026-06-06T22:56:06Z' AND is_defined($body.date)",
        "$body.date != '2026-06-06T22:56:06.000Z'",
    ]);
    assert_undefined(&[
        "{$own} = 'mine'",
        "$messageId = 'x'",
        "$body = 'x'",
        "$body[0] = 'x'",
        "$twin = 'x'",
        "$body.w = $body.w",
        "$body.w.h = 'x'",
        "$body.w.h[1].m = 'x'",
        "$twin.tags.none = 'x'",
        "$twin.deviceId = 'x'",
        "",
        " \n",
        "undefined",
        "null",
        "$body.w.t",
        "$body.w",
        "$body.text",
    ]);
    let bare = Fixed {
        application: Vec::new(),
        system: Vec::new(),
        body: None,
        twin: None,
    };
    for text in [
        "$body.w.t = 50",
        "$twin.tags.site = 's1'",
        "$to = 'x'",
        "a = 'b'",
    ] {
        let condition = Condition::compile(text, "DeviceMessages").unwrap();
        assert_eq!(condition.evaluate(&bare), Outcome::Undefined, "{text}");
    }
}

#[test]
fn operators_bind_as_the_grammar_says() {
    assert_true(&[
        // Tighter first, from the left within a level.
        "2 + 3 * 4 = 14",
        "2 - 3 - 4 = -5",
        "100 / 10 / 2 = 5",
        "7 % 4 * 2 = 6",
        "1 < 2 = true",
        "1 = 1 = true",
        "false AND false OR true",
        "true OR false AND false",
        // NOT binds tighter than anything between operands.
        "NOT false = true",
        "NOT (1 = 2)",
        "not not true",
        "- - 3 = 3",
        "-3 + 4 = 1",
        "3 - -4 = 7",
        "undefined ?? false OR true",
        "(undefined ?? undefined ?? 'a') = 'a'",
        "'a' || 'b' || 'c' = 'abc'",
    ]);
    assert_false(&["NOT true = true", "(true OR true) AND false"]);
}

#[test]
fn comparisons() {
    assert_true(&[
        "'a' < 'b'",
        "'B' < 'a'",
        "'é' > 'z'",
        "false < true",
        "null <= null AND null >= null AND null = null",
        "$body.w.t <> 'x'",
        "$body.w.n != 3",
        "$body.w.on != 1",
        "0x1F = 31",
        "3 / 0 > 1e300",
        "-3 / 0 < 3 / 0",
    ]);
    assert_false(&[
        "null < null",
        "null != null",
        "$body.w.t = true",
        "'a' = 'A'",
    ]);
    assert_undefined(&[
        "$body.w.t < '60'",
        "$body.w.n < 3",
        "$body.w.on > 0",
        "3 % 0 = 0",
        "3 / 0 - 3 / 0 = 0",
        "$body.text + 1 = 51",
        "$body.w.n * 1 = 0",
        "undefined = undefined",
        "undefined != 1",
    ]);
}

#[test]
fn logic_of_three_values_and_null() {
    let tables = [
        ("true", "true", Outcome::True, Outcome::True),
        ("true", "false", Outcome::False, Outcome::True),
        ("true", "undefined", Outcome::Undefined, Outcome::True),
        ("false", "false", Outcome::False, Outcome::False),
        ("false", "undefined", Outcome::False, Outcome::Undefined),
        (
            "undefined",
            "undefined",
            Outcome::Undefined,
            Outcome::Undefined,
        ),
        // Null counts as false, what else is no truth value as undefined.
        ("true", "null", Outcome::False, Outcome::True),
        ("false", "null", Outcome::False, Outcome::False),
        ("null", "null", Outcome::False, Outcome::False),
        ("undefined", "null", Outcome::False, Outcome::Undefined),
        ("true", "$body.w.t", Outcome::Undefined, Outcome::True),
        ("false", "$body.w", Outcome::False, Outcome::Undefined),
        ("true", "$body.w.n", Outcome::False, Outcome::True),
    ];
    for (one, other, both, either) in tables {
        for (left, right) in [(one, other), (other, one)] {
            assert_eq!(
                outcome(&format!("{left} AND {right}")),
                both,
                "{left} and {right}"
            );
            assert_eq!(
                outcome(&format!("{left} OR {right}")),
                either,
                "{left} or {right}"
            );
        }
    }
    assert_true(&["NOT false", "NOT null", "NOT $body.w.n"]);
    assert_false(&["NOT true"]);
    assert_undefined(&["NOT undefined", "NOT $body.w.t", "NOT $body.missing"]);
}

#[test]
fn what_is_defined() {
    assert_true(&[
        "IS_DEFINED(key1)",
        "IS_DEFINED($body.w.n)",
        "IS_DEFINED(null)",
        "IS_DEFINED('a' || 'b')",
        "NOT IS_DEFINED(none)",
        "NOT IS_DEFINED($body.w)",
        "NOT IS_DEFINED($body.w.h)",
        "NOT IS_DEFINED($body.none)",
        "NOT IS_DEFINED(undefined)",
        "NOT IS_DEFINED(3 % 0)",
        "IS_DEFINED($twin.properties.reported.fw)",
        "($body.w.n ?? 3) = null",
        "($body.w ?? 3) = 3",
        "($body.none ?? $body.w.t) = 50",
    ]);
}

#[test]
fn what_a_value_is() {
    assert_true(&[
        "IS_ARRAY($body.w.h)",
        "IS_BOOL($body.w.on) AND IS_BOOL(1 = 1)",
        "IS_NUMBER($body.w.t) AND IS_NUMBER(3)",
        "IS_OBJECT($body.w.h[0])",
        "IS_STRING($body.text) AND IS_STRING(key1)",
        "IS_PRIMITIVE($body.w.n) AND IS_PRIMITIVE(key1)",
        "NOT IS_PRIMITIVE($body.w)",
        "NOT IS_STRING($body.w.t)",
        "NOT IS_NULL($body.w.t)",
        // A property that is not there is a text that is not there.
        "NOT IS_STRING(none) AND NOT IS_NULL(none)",
        "NOT IS_NUMBER(as_number(key1))",
    ]);
    // Something dynamic that is not there could be anything.
    assert_undefined(&[
        "IS_STRING($body.none)",
        "IS_NULL($twin.tags.none)",
        "NOT IS_OBJECT($body.none)",
        "IS_ARRAY($body.none ?? $body.none)",
    ]);
}

#[test]
fn mathematics() {
    assert_true(&[
        "ABS(-3) = 3",
        "EXP(0) = 1",
        "POWER(2, 10) = 1024",
        "square(-3) = 9",
        "CEILING(1.2) = 2 AND FLOOR(-1.2) = -2",
        "SIGN(-7) = -1 AND SIGN(0) = 0 AND SIGN(7) = 1",
        "SQRT(16) = 4",
        "abs($body.w.t) = 50",
        "AS_NUMBER(3) = 3",
        "AS_NUMBER(space) = 100",
        "AS_NUMBER('1e25') = 1e25 AND AS_NUMBER('-3.5') = -3.5 AND AS_NUMBER('+3') = 3",
        "AS_NUMBER($body.text) = $body.w.t",
        "AS_NUMBER($body.w.t) = 50",
    ]);
    assert_undefined(&[
        "SQRT(-4) = 2",
        "abs($body.text) = 50",
        "abs($body.none) = 50",
        "POWER(-8, 0.5) = 1",
        "AS_NUMBER(key1) = 1",
        "AS_NUMBER('') = 0",
        "AS_NUMBER($body.w.on) = 1",
    ]);
}

#[test]
fn texts() {
    assert_true(&[
        "CONCAT('a', key1, 'b') = 'avalue1b'",
        "LENGTH('') = 0 AND LENGTH(wide) = 4",
        "LOWER('ÄB') = 'äb' AND UPPER('äb') = 'ÄB'",
        "SUBSTRING('abc', 0) = 'abc' AND SUBSTRING('abc', 1) = 'bc'",
        "SUBSTRING('abc', 1, 1) = 'b' AND SUBSTRING('abc', 0, 3) = 'abc'",
        "SUBSTRING('abc', 1, 0) = ''",
        "SUBSTRING(wide, 1, 2) = 'é😀'",
        "INDEX_OF(word, 'c') = 2 AND INDEX_OF(word, 'x') = -1 AND INDEX_OF(word, '') = 0",
        "INDEX_OF(wide, 'b') = 3",
        "STARTS_WITH(word, 'ab') AND startswith(word, '')",
        "ENDS_WITH(word, 'bc') AND EndsWith(word, 'c')",
        "CONTAINS(word, 'b') AND NOT contains(word, 'B')",
        "contains($body.w.h[0].m, 'eb')",
    ]);
    assert_undefined(&[
        "SUBSTRING('abc', -1) = 'c'",
        "SUBSTRING('abc', 0.5) = 'c'",
        "SUBSTRING('abc', 3, 0) = ''",
        "SUBSTRING('abc', 1, 3) = 'bc'",
        "SUBSTRING('abc', 1, -1) = ''",
        "SUBSTRING('abc', 1e300) = ''",
        "CONCAT('a', none) = 'a'",
        "'a' || none = 'a'",
        "'a' || $body.w.t = 'a50'",
        "LENGTH($body.w.t) = 2",
        "STARTS_WITH(none, 'a')",
        "contains($body.w.h, 'Feb')",
    ]);
}

#[test]
fn what_a_change_of_a_twin_includes() {
    let change = Fixed {
        application: Vec::new(),
        system: Vec::new(),
        body: Some(json!({"properties": {"reported": {"fw": null, "net": {"ip": "1"}}}})),
        twin: None,
    };
    let includes = |path: &str| {
        let text = format!("Twin_Change_Includes({path})");
        let condition = Condition::compile(&text, "TwinChangeEvents").unwrap();
        condition.evaluate(&change)
    };
    assert_eq!(includes("properties.reported.net"), Outcome::True);
    assert_eq!(includes("properties.reported.net.ip"), Outcome::True);
    assert_eq!(
        includes("properties.reported.fw"),
        Outcome::True,
        "it was removed"
    );
    assert_eq!(includes("properties.desired"), Outcome::False);
}

/// A message that counts what is asked of it.
struct Asked(std::cell::Cell<u32>);

impl Message for Asked {
    fn application(&self, _: &str) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed("a"))
    }
    fn system(&self, _: &str) -> Option<Cow<'_, str>> {
        None
    }
    fn body(&self) -> Option<&Value> {
        self.0.set(self.0.get() + 1);
        None
    }
    fn twin(&self) -> Option<&Value> {
        self.0.set(self.0.get() + 1);
        None
    }
}

#[test]
fn what_does_not_decide_is_not_looked_at() {
    let asked = |text| {
        let message = Asked(std::cell::Cell::new(0));
        let condition = Condition::compile(text, "DeviceMessages").unwrap();
        condition.evaluate(&message);
        message.0.get()
    };
    assert_eq!(asked("x = 'a' OR $body.y = 1"), 0);
    assert_eq!(asked("x = 'b' AND $twin.tags.y = 1"), 0);
    assert_eq!(asked("(x ?? $body.y) = 'a'"), 0);
    assert_eq!(asked("x = 'b' OR $body.y = 1"), 1);
}

#[test]
fn plain_comparisons_allocate_nothing() {
    let condition = Condition::compile(
        "level = 'critical' AND $contentType = 'application/json' OR $body.w.t > 90 AND \
         $body.w.h[0].m != 'Jan'",
        "DeviceMessages",
    )
    .unwrap();
    let message = message();
    let allocations = allocation_counter::measure(|| {
        condition.evaluate(&message);
    });
    assert_eq!(allocations.count_total, 0);
}
