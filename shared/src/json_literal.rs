//! JSON written in code, as `serde_json::json!` has it, but compiled small: the members of an
//! object are data that one function puts in, where the other macro writes out the insertion of
//! each. With more than six hundred such objects that is a hundredth of the worker.

use serde::Serialize;
use serde_json::{Map, Value};

/// An object of these members, which are taken.
#[inline(never)]
pub fn object(members: &mut [(&str, Value)]) -> Value {
    let mut object = Map::new();
    for (name, value) in members {
        object.insert((*name).to_owned(), value.take());
    }
    Value::Object(object)
}

/// An array of these items, which are taken.
#[inline(never)]
pub fn array(items: &mut [Value]) -> Value {
    Value::Array(items.iter_mut().map(Value::take).collect())
}

/// Anything as JSON; what cannot be JSON, such as a map with other keys than texts, is null.
#[inline(never)]
pub fn value<T: Serialize + ?Sized>(value: &T) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

/// JSON with values of variables in it, as `serde_json::json!`.
#[macro_export]
macro_rules! json {
    (null) => { ::serde_json::Value::Null };
    ([ $($items:tt)* ]) => { $crate::json_items!([] $($items)*) };
    ({ $($members:tt)* }) => { $crate::json_members!([] $($members)*) };
    ($value:expr) => { $crate::json_literal::value(&$value) };
}

/// The items of an array, one by one; for `json!` alone.
#[doc(hidden)]
#[macro_export]
macro_rules! json_items {
    ([]) => { ::serde_json::Value::Array(::std::vec::Vec::new()) };
    ([$($done:expr,)+]) => { $crate::json_literal::array(&mut [$($done),+]) };
    ([$($done:expr,)*] null $(, $($rest:tt)*)?) => {
        $crate::json_items!([$($done,)* $crate::json!(null),] $($($rest)*)?)
    };
    ([$($done:expr,)*] [$($inner:tt)*] $(, $($rest:tt)*)?) => {
        $crate::json_items!([$($done,)* $crate::json!([$($inner)*]),] $($($rest)*)?)
    };
    ([$($done:expr,)*] {$($inner:tt)*} $(, $($rest:tt)*)?) => {
        $crate::json_items!([$($done,)* $crate::json!({$($inner)*}),] $($($rest)*)?)
    };
    ([$($done:expr,)*] $next:expr $(, $($rest:tt)*)?) => {
        $crate::json_items!([$($done,)* $crate::json!($next),] $($($rest)*)?)
    };
}

/// The members of an object, one by one; for `json!` alone.
#[doc(hidden)]
#[macro_export]
macro_rules! json_members {
    ([]) => { ::serde_json::Value::Object(::serde_json::Map::new()) };
    ([$(($name:expr, $done:expr),)+]) => {
        $crate::json_literal::object(&mut [$(($name, $done)),+])
    };
    ([$($done:tt)*] $name:tt : null $(, $($rest:tt)*)?) => {
        $crate::json_members!([$($done)* ($name, $crate::json!(null)),] $($($rest)*)?)
    };
    ([$($done:tt)*] $name:tt : [$($inner:tt)*] $(, $($rest:tt)*)?) => {
        $crate::json_members!([$($done)* ($name, $crate::json!([$($inner)*])),] $($($rest)*)?)
    };
    ([$($done:tt)*] $name:tt : {$($inner:tt)*} $(, $($rest:tt)*)?) => {
        $crate::json_members!([$($done)* ($name, $crate::json!({$($inner)*})),] $($($rest)*)?)
    };
    ([$($done:tt)*] $name:tt : $value:expr $(, $($rest:tt)*)?) => {
        $crate::json_members!([$($done)* ($name, $crate::json!($value)),] $($($rest)*)?)
    };
}

#[cfg(test)]
mod tests {
    /// The same text by both macros.
    macro_rules! same {
        ($($text:tt)+) => { assert_eq!($crate::json!($($text)+), ::serde_json::json!($($text)+)) };
    }

    #[test]
    fn it_means_what_the_other_macro_means() {
        let (name, list, none) = ("name", vec![1, 2], None::<u64>);
        same!(null);
        same!(name);
        same!([]);
        same!({});
        same!([null, name, [1, { "a": 2 }], list.len(), list, -1.5, true,]);
        same!({
            "a": null,
            "b": [name, {}],
            "c": { "d": { "e": list, "f": none } },
            "g": if list.is_empty() { "x" } else { "y" },
            "h": list.iter().sum::<i32>(),
            "i": false,
            name: list.len() + 1,
        });
        let text = crate::json!({ "z": 1, "a": { "y": "ü\n" }, "z": 2 });
        assert_eq!(text.to_string(), r#"{"z":2,"a":{"y":"ü\n"}}"#);
    }
}
