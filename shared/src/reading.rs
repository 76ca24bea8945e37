//! Reads what the hub itself has written: calls between objects, and rows.
//!
//! `serde`'s derived readers take a struct either as an object or as an array, and both are
//! compiled for each of some two hundred types. The hub writes objects only, so this reader
//! offers nothing else: what takes arrays is never compiled, which is a good part of the
//! worker's size (`docs/PERFORMANCE.md`). Values of any shape are read as ever.
//!
//! Must never read what somebody else has written.

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Error, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};
use std::fmt;

/// Reads JSON that the hub has written.
pub fn from_str<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(Objects(&mut reader))?;
    reader.end()?;
    Ok(value)
}

/// Reads JSON of anybody as it is. Everything reads JSON from texts: from bytes all of it would
/// be compiled a second time.
pub fn value<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let text = std::str::from_utf8(bytes).map_err(serde_json::Error::custom)?;
    serde_json::from_str(text)
}

/// A reader that takes structs from objects only; so does whatever it hands on.
struct Objects<D>(D);

macro_rules! as_it_is {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(visitor)
        }
    )*};
}

macro_rules! with_parts {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
            self.0.$method(Parts(visitor))
        }
    )*};
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Objects<D> {
    type Error = D::Error;

    as_it_is! {
        deserialize_any deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32
        deserialize_i64 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_f32 deserialize_f64 deserialize_char deserialize_str deserialize_string
        deserialize_bytes deserialize_byte_buf deserialize_unit deserialize_identifier
        deserialize_ignored_any
    }

    with_parts! { deserialize_option deserialize_seq deserialize_map }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_unit_struct(name, visitor)
    }

    /// Not with parts: it is how raw values are read.
    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(length, Parts(visitor))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0
            .deserialize_tuple_struct(name, length, Parts(visitor))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(Object(visitor))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_enum(name, variants, Parts(visitor))
    }
}

/// A visitor whose parts are read the same way.
struct Parts<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Parts<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    fn visit_none<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_none()
    }

    fn visit_unit<E: Error>(self) -> Result<V::Value, E> {
        self.0.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, reader: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(Objects(reader))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<V::Value, A::Error> {
        self.0.visit_seq(Items(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Items(members))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, variant: A) -> Result<V::Value, A::Error> {
        self.0.visit_enum(Items(variant))
    }
}

/// A visitor of a struct.
struct Object<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Object<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(formatter)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Items(members))
    }
}

/// What reads a value, made to read it this way.
struct Seed<S>(S);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Seed<S> {
    type Value = S::Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<S::Value, D::Error> {
        self.0.deserialize(Objects(reader))
    }
}

/// Items of an array, members of an object, or a variant.
struct Items<A>(A);

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Items<A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_element_seed(Seed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Items<A> {
    type Error = A::Error;

    fn next_key_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, A::Error> {
        self.0.next_key_seed(seed)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, A::Error> {
        self.0.next_value_seed(Seed(seed))
    }

    fn size_hint(&self) -> Option<usize> {
        self.0.size_hint()
    }
}

impl<'de, A: EnumAccess<'de>> EnumAccess<'de> for Items<A> {
    type Error = A::Error;
    type Variant = Items<A::Variant>;

    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, Self::Variant), A::Error> {
        let (value, variant) = self.0.variant_seed(seed)?;
        Ok((value, Items(variant)))
    }
}

impl<'de, A: VariantAccess<'de>> VariantAccess<'de> for Items<A> {
    type Error = A::Error;

    fn unit_variant(self) -> Result<(), A::Error> {
        self.0.unit_variant()
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        self.0.newtype_variant_seed(Seed(seed))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        length: usize,
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.tuple_variant(length, Parts(visitor))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        self.0.struct_variant(fields, Object(visitor))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;
    use serde::{Deserialize, Serialize};
    use serde_json::Value;
    use serde_json::value::RawValue;
    use std::collections::BTreeMap;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Whole {
        number: Option<u64>,
        #[serde(default)]
        parts: Vec<Part>,
        by_name: BTreeMap<String, Part>,
        pair: (i64, Named),
        any: Value,
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Named(String);

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "camelCase")]
    enum Part {
        Nothing,
        One(Box<Inner>),
        Two(Inner, f64),
        Struct { inner: Option<Inner>, flag: bool },
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Inner {
        text: String,
    }

    fn inner(text: &str) -> Inner {
        Inner {
            text: text.to_owned(),
        }
    }

    fn whole() -> Whole {
        let parts = || {
            vec![
                Part::Nothing,
                Part::One(Box::new(inner("\"\u{d55c}\n"))),
                Part::Two(inner(""), -0.5),
                Part::Struct {
                    inner: Some(inner("x")),
                    flag: true,
                },
                Part::Struct {
                    inner: None,
                    flag: false,
                },
            ]
        };
        Whole {
            number: Some(u64::MAX),
            parts: parts(),
            by_name: parts()
                .into_iter()
                .enumerate()
                .map(|(number, part)| (number.to_string(), part))
                .collect(),
            pair: (i64::MIN, Named("n".to_owned())),
            any: json!({ "a": [1, { "b": null }, "c"], "d": 1.5e300 }),
        }
    }

    #[test]
    fn what_was_written_is_read() {
        let text = serde_json::to_string(&whole()).unwrap();
        assert_eq!(from_str::<Whole>(&text).unwrap(), whole());
        assert_eq!(serde_json::from_str::<Whole>(&text).unwrap(), whole());
    }

    #[test]
    fn raw_values_keep_their_text() {
        let raw: Vec<Box<RawValue>> = from_str(r#"[ {"b": 1.0, "a":[ ]}, null ]"#).unwrap();
        let texts: Vec<&str> = raw.iter().map(|raw| raw.get()).collect();
        assert_eq!(texts, [r#"{"b": 1.0, "a":[ ]}"#, "null"]);
    }

    #[test]
    fn nothing_else_is_read() {
        for text in [
            r#"["x"]"#,
            r#"{"text":"x"} 1"#,
            r#"{"text":"x""#,
            r#"{"text":1}"#,
            "{}",
            "",
        ] {
            assert!(from_str::<Inner>(text).is_err(), "{text}");
        }
        for text in [
            r#"{"one":["x"]}"#,
            r#"{"struct":[null,true]}"#,
            r#""three""#,
        ] {
            assert!(from_str::<Part>(text).is_err(), "{text}");
        }
    }

    #[test]
    fn members_that_only_a_newer_hub_knows_are_passed_over() {
        let read = from_str::<Inner>(r#"{"newer":{"x":[1,2]},"text":"x"}"#);
        assert_eq!(read.unwrap(), inner("x"));
    }
}
