use super::*;
use crate::json;

fn check(section: SectionName, value: &Value) -> Result<(), HubError> {
    check_patch(section, value.as_object().unwrap())
}

/// Legal in every section, or refused in every section with this in the message.
fn expect(value: &Value, refusal: Option<&str>) {
    for section in [
        SectionName::Tags,
        SectionName::Desired,
        SectionName::Reported,
    ] {
        match (check(section, value), refusal) {
            (Ok(()), None) => {}
            (Err(error), Some(text)) => {
                assert_eq!(error.code.number(), 400_004);
                assert!(error.message.contains(text), "{}", error.message);
                assert!(
                    error.message.starts_with(section.path()),
                    "{}",
                    error.message
                );
            }
            (found, expected) => panic!("{section:?} {value}: {found:?}, expected {expected:?}"),
        }
    }
}

fn keyed(key: &str) -> Value {
    let mut object = Map::new();
    object.insert(key.to_owned(), json!(1));
    Value::Object(object)
}

/// `levels` containers inside one another below the section, made by `wrap`.
fn nested(levels: usize, innermost: Value, wrap: impl Fn(Value) -> Value) -> Value {
    json!({"p": (1..levels).fold(wrap(innermost), |inner, _| wrap(inner))})
}

#[test]
fn key_length_counts_bytes() {
    expect(&keyed(&"k".repeat(1024)), None);
    expect(&keyed(&"k".repeat(1025)), Some("1025 bytes"));
    expect(&keyed(&"ä".repeat(512)), None);
    expect(&keyed(&("ä".repeat(512) + "k")), Some("1025 bytes"));
}

#[test]
fn key_characters() {
    for key in ["Temp-1_(°C)", "온도", "a:b/c\"d'e", "\u{a0}"] {
        expect(&keyed(key), None);
    }
    for key in [
        "a.b", "$a", "a$", "a#", "a b", "a\tb", "\u{0}", "\u{1f}", "\u{7f}", "\u{80}", "\u{9f}",
    ] {
        expect(&keyed(key), Some("are not allowed"));
        expect(
            &json!({"x": {"y": [keyed(key)]}}),
            Some(".x.y[0] holds the key"),
        );
    }
}

#[test]
fn the_empty_key_is_for_the_service_only() {
    assert!(check(SectionName::Tags, &keyed("")).is_ok());
    assert!(check(SectionName::Desired, &keyed("")).is_ok());
    assert!(check(SectionName::Reported, &keyed("")).is_err());
}

#[test]
fn string_length_counts_bytes() {
    expect(&json!({"s": "x".repeat(4096)}), None);
    expect(
        &json!({"a": {"s": "x".repeat(4097)}}),
        Some(".a.s is a string of 4097 bytes"),
    );
    expect(&json!({"s": "€".repeat(1365)}), None);
    expect(&json!({"s": "€".repeat(1366)}), Some("4098 bytes"));
    expect(
        &json!({"s": ["", "x".repeat(4097)]}),
        Some(".s[1] is a string"),
    );
}

#[test]
fn ten_levels_and_a_scalar_in_the_tenth() {
    let object = |inner: Value| json!({"p": inner});
    let array = |inner: Value| json!([inner]);
    expect(&nested(10, json!(1), object), None);
    expect(&nested(10, json!({}), object), Some("nested 11 levels"));
    expect(&nested(11, json!(1), object), Some("nested 11 levels"));
    expect(&nested(10, json!(1), array), None);
    expect(&nested(11, json!(1), array), Some("nested 11 levels"));
    // As deep as the JSON reader lets through.
    expect(&nested(126, json!(1), object), Some("nested 11 levels"));
}

#[test]
fn whole_numbers_have_a_range_and_floats_do_not() {
    expect(&json!({"n": 4_503_599_627_370_495_i64}), None);
    expect(
        &json!({"n": 4_503_599_627_370_496_i64}),
        Some("n is 4503599627370496;"),
    );
    expect(&json!({"n": -4_503_599_627_370_496_i64}), None);
    expect(
        &json!({"n": -4_503_599_627_370_497_i64}),
        Some("n is -4503599627370497;"),
    );
    expect(&json!({"n": u64::MAX}), Some("whole numbers"));
    expect(&json!({"n": [i64::MIN]}), Some("n[0] is"));
    expect(&json!({"n": 6.022e23, "m": -0.5}), None);
}

#[test]
fn null_deletes_but_not_inside_arrays() {
    expect(&json!({"a": null, "b": {"c": null}}), None);
    expect(&json!({"a": [1, [], {"b": false}]}), None);
    expect(&json!({"a": [null]}), Some("a[0] is null"));
    expect(&json!({"a": [[1, null]]}), Some("a[0][1] is null"));
    expect(
        &json!({"a": [{"b": {"c": null}}]}),
        Some("a[0].b.c is null"),
    );
}

#[test]
fn size_counts_keys_strings_numbers_and_booleans_only() {
    let size = |value: Value| counted_size(value.as_object().unwrap());
    assert_eq!(size(json!({})), 0);
    assert_eq!(size(json!({"a": 1})), 9);
    assert_eq!(size(json!({"a": 1.25, "bb": true, "c": "xyz"})), 9 + 6 + 4);
    assert_eq!(
        size(json!({"a": {"b": [1, "x", {"c": false}]}})),
        1 + 1 + 8 + 1 + 5
    );
    assert_eq!(size(json!({"ä": "€\n\u{85}!"})), 2 + 3 + 1);
}

#[test]
fn section_sizes_hold_to_the_byte() {
    for (section, limit) in [
        (SectionName::Tags, 8_192),
        (SectionName::Desired, 32_768),
        (SectionName::Reported, 32_768),
    ] {
        // Keys of 4 bytes with strings of 4092: 4096 each.
        let mut properties = Map::new();
        for number in 0..limit / 4096 {
            properties.insert(format!("k{number:03}"), json!("x".repeat(4092)));
        }
        assert_eq!(counted_size(&properties), limit);
        assert!(check_size(section, &properties).is_ok());
        properties.insert("y".to_owned(), json!(""));
        let error = check_size(section, &properties).unwrap_err();
        assert_eq!(error.code.number(), 400_004);
        for part in [section.path(), &(limit + 1).to_string(), &limit.to_string()] {
            assert!(error.message.contains(part), "{}", error.message);
        }
    }
}

#[test]
fn messages_stay_short_and_printable() {
    let key = "k\n".repeat(500);
    let error = check(SectionName::Reported, &keyed(&key)).unwrap_err();
    assert!(error.message.len() < 500, "{}", error.message.len());
    assert!(!error.message.contains('\n'));
}
