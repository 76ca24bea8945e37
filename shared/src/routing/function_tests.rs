use super::*;

#[test]
fn numbers_of_texts() {
    for (text, number) in [
        ("3", Some(3.0)),
        ("+3", Some(3.0)),
        ("-0.50", Some(-0.5)),
        ("1e25", Some(1e25)),
        ("-.5E-1", Some(-0.05)),
        ("000", Some(0.0)),
        ("--3", None),
        ("3 4", None),
        ("0x10", None),
        ("1,000", None),
        ("NaN", None),
        ("inf", None),
        ("", None),
        ("-", None),
        ("+.", None),
        ("1e1.5", None),
    ] {
        assert_eq!(read_number(text), number, "{text}");
    }
}

#[test]
fn every_function_is_found_and_takes_what_its_kind_takes() {
    for known in KNOWN {
        let found = Known::find(&known.0.to_lowercase()).unwrap();
        assert_eq!(found.1, known.1);
        assert!(!known.takes(&[]), "{}", known.0);
        assert!(!known.takes(&[Type::Undefined; 4]) || known.1 == Function::Concat);
    }
    let takes = |name, given: &[Type]| Known::find(name).unwrap().takes(given);
    assert!(takes("as_number", &[Type::Text]) && takes("as_number", &[Type::Number]));
    assert!(!takes("as_number", &[Type::Bool]));
    assert!(takes("concat", &[Type::Text; 9]) && !takes("concat", &[Type::Text]));
    assert!(!takes("concat", &[Type::Text, Type::Text, Type::Number]));
    assert!(takes("substring", &[Type::Text, Type::Number]));
    assert!(takes(
        "substring",
        &[Type::Text, Type::Number, Type::Dynamic]
    ));
    assert!(!takes("substring", &[Type::Text]));
    assert!(!takes("power", &[Type::Number]));
    assert!(takes("is_null", &[Type::Text]));
}
