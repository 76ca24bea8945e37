use super::*;
use crate::json;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Everything {
    number: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maybe: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    list: Vec<Kind>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    pair: (u8, f64),
    by_number: BTreeMap<u16, bool>,
    value: Value,
    outcome: Result<u32, String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Unit,
    New(Box<Kind>),
    Pair(u8, String),
    Fields {
        a: Option<u64>,
        #[serde(default)]
        b: Vec<u8>,
    },
}

fn back<T: Serialize + DeserializeOwned>(value: &T) -> T {
    from_bytes(&to_bytes(value).unwrap()).unwrap()
}

fn kinds() -> impl Strategy<Value = Kind> {
    let leaf = prop_oneof![
        Just(Kind::Unit),
        (any::<u8>(), ".{0,5}").prop_map(|(number, text)| Kind::Pair(number, text)),
        (
            any::<Option<u64>>(),
            proptest::collection::vec(any::<u8>(), 0..4)
        )
            .prop_map(|(a, b)| Kind::Fields { a, b }),
    ];
    leaf.prop_recursive(3, 8, 1, |inner| {
        inner.prop_map(|kind| Kind::New(Box::new(kind)))
    })
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-1e300..1e300_f64).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(".{0,4}", inner, 0..4)
                .prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        number in any::<i64>(),
        maybe in proptest::option::of(".{0,5}"),
        list in proptest::collection::vec(kinds(), 0..4),
        text in ".{0,300}",
        pair in (any::<u8>(), -1e9..1e9_f64),
        by_number in proptest::collection::btree_map(any::<u16>(), any::<bool>(), 0..4),
        value in values(),
        outcome in prop_oneof![any::<u32>().prop_map(Ok), ".{0,4}".prop_map(Err)],
    ) {
        let all = Everything { number, maybe, list, text, pair, by_number, value, outcome };
        prop_assert_eq!(back(&all), all.clone());
        prop_assert_eq!(back(&vec![Some(all.clone()), None]), vec![Some(all), None]);
    }

    #[test]
    fn any_bytes_end_without_panic(bytes in proptest::collection::vec(0u8..14, 0..60)) {
        let _outcome = from_bytes::<Everything>(&bytes);
        let _outcome = from_bytes::<Value>(&bytes);
    }
}

#[test]
fn json_that_stays_text_stays_as_it_is() {
    let raw = RawValue::from_string("{ \"a\":  1.50 }".to_owned()).unwrap();
    let all = vec![Some(raw), None];
    let read = back(&all);
    assert_eq!(read[0].as_ref().unwrap().get(), "{ \"a\":  1.50 }");
    assert!(read[1].is_none());
}

#[test]
fn a_field_more_or_less_at_the_end_is_no_matter() {
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct Old {
        a: u8,
    }
    #[derive(Serialize, Deserialize, PartialEq, Debug)]
    struct New {
        a: u8,
        #[serde(default)]
        b: Vec<Value>,
    }
    let new = New {
        a: 1,
        b: vec![json!({"x": [1, null]})],
    };
    let old: Old = from_bytes(&to_bytes(&new).unwrap()).unwrap();
    assert_eq!(old, Old { a: 1 });
    let new: New = from_bytes(&to_bytes(&old).unwrap()).unwrap();
    assert_eq!(
        new,
        New {
            a: 1,
            b: Vec::new()
        }
    );
}

#[test]
fn a_cut_call_is_unreadable() {
    let bytes = to_bytes(&json!({"a": ["text", -5, 1.5]})).unwrap();
    for length in 0..bytes.len() {
        assert!(from_bytes::<Value>(&bytes[..length]).is_err(), "{length}");
    }
}
