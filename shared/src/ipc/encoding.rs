//! How calls between objects are written: bytes of our own, for both ends of one deployment.
//!
//! Each value begins with a byte that says what it is, so that JSON of any shape travels too. A
//! struct is its fields in order, an enum the number of its variant: names would make calls
//! twice as long, and what reads them a tenth of the worker (`docs/PERFORMANCE.md`). A field
//! that is left out is written as nothing, and nothing is read as whatever a field is empty
//! with; so fields may be added at the end of a struct with a default, and variants at the end
//! of an enum, as between two versions of the worker.
//!
//! Nothing that is stored may be written like this: what is stored outlives a deploy by far.

use crate::error::HubError;
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    self, Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected,
    IgnoredAny, MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};
use serde::ser::{self, Serialize, Serializer};
use std::fmt;

const NOTHING: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const UNSIGNED: u8 = 3;
const NEGATIVE: u8 = 4;
const FLOAT: u8 = 5;
const TEXT: u8 = 6;
const BYTES: u8 = 7;
const LIST: u8 = 8;
const MAP: u8 = 9;
const END: u8 = 10;

/// How `serde_json` names JSON that stays text.
const RAW: &str = "$serde_json::private::RawValue";

/// Writes a value.
pub fn to_bytes<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, HubError> {
    let mut writer = Writer(Vec::new());
    value.serialize(&mut writer).map_err(HubError::from)?;
    Ok(writer.0)
}

/// Reads a value.
pub fn from_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, HubError> {
    let mut reader = Reader(bytes);
    let value = T::deserialize(&mut reader)?;
    if reader.0.is_empty() {
        Ok(value)
    } else {
        Err(Unreadable.into())
    }
}

/// What was written is nothing that the other end knows. Says no more: both ends are ours, and
/// texts for each type would be a good part of the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a call between objects cannot be read")
    }
}

impl std::error::Error for Unreadable {}

impl From<Unreadable> for HubError {
    fn from(unreadable: Unreadable) -> Self {
        Self::internal(unreadable.to_string())
    }
}

impl ser::Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl de::Error for Unreadable {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

struct Writer(Vec<u8>);

impl Writer {
    fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }

    fn unsigned(&mut self, number: u64) {
        self.0.push(UNSIGNED);
        self.number(number);
    }

    fn slice(&mut self, kind: u8, bytes: &[u8]) {
        self.0.push(kind);
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn variant(&mut self, index: u32) -> &mut Self {
        self.0.push(LIST);
        self.unsigned(u64::from(index));
        self
    }
}

macro_rules! numbers {
    ($($method:ident $type:ty => $as:ident,)*) => {$(
        fn $method(self, value: $type) -> Result<(), Unreadable> {
            self.$as(value.into())
        }
    )*};
}

impl Serializer for &mut Writer {
    type Ok = ();
    type Error = Unreadable;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    numbers! {
        serialize_u8 u8 => serialize_u64,
        serialize_u16 u16 => serialize_u64,
        serialize_u32 u32 => serialize_u64,
        serialize_i8 i8 => serialize_i64,
        serialize_i16 i16 => serialize_i64,
        serialize_i32 i32 => serialize_i64,
        serialize_f32 f32 => serialize_f64,
    }

    fn serialize_bool(self, value: bool) -> Result<(), Unreadable> {
        self.0.push(if value { TRUE } else { FALSE });
        Ok(())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Unreadable> {
        self.unsigned(value);
        Ok(())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Unreadable> {
        match u64::try_from(value) {
            Ok(value) => self.unsigned(value),
            Err(_) => {
                self.0.push(NEGATIVE);
                self.number(value.unsigned_abs());
            }
        }
        Ok(())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Unreadable> {
        self.0.push(FLOAT);
        self.0.extend_from_slice(&value.to_le_bytes());
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Unreadable> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Unreadable> {
        self.slice(TEXT, value.as_bytes());
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Unreadable> {
        self.slice(BYTES, value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Unreadable> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Unreadable> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Unreadable> {
        self.0.push(NOTHING);
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Unreadable> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
    ) -> Result<(), Unreadable> {
        self.unsigned(u64::from(index));
        Ok(())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unreadable> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        value: &T,
    ) -> Result<(), Unreadable> {
        let writer = self.variant(index);
        value.serialize(&mut *writer)?;
        writer.0.push(END);
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self, Unreadable> {
        self.0.push(LIST);
        Ok(self)
    }

    fn serialize_tuple(self, _: usize) -> Result<Self, Unreadable> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self, Unreadable> {
        self.serialize_seq(None)
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Unreadable> {
        Ok(self.variant(index))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self, Unreadable> {
        self.0.push(MAP);
        Ok(self)
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self, Unreadable> {
        self.serialize_seq(None)
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        index: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self, Unreadable> {
        Ok(self.variant(index))
    }
}

macro_rules! lists {
    ($($trait:ident $method:ident,)*) => {$(
        impl ser::$trait for &mut Writer {
            type Ok = ();
            type Error = Unreadable;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unreadable> {
                value.serialize(&mut **self)
            }

            fn end(self) -> Result<(), Unreadable> {
                self.0.push(END);
                Ok(())
            }
        }
    )*};
}

lists! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

macro_rules! structs {
    ($($trait:ident,)*) => {$(
        impl ser::$trait for &mut Writer {
            type Ok = ();
            type Error = Unreadable;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                _: &'static str,
                value: &T,
            ) -> Result<(), Unreadable> {
                value.serialize(&mut **self)
            }

            fn skip_field(&mut self, _: &'static str) -> Result<(), Unreadable> {
                self.0.push(NOTHING);
                Ok(())
            }

            fn end(self) -> Result<(), Unreadable> {
                self.0.push(END);
                Ok(())
            }
        }
    )*};
}

structs! {
    SerializeStruct,
    SerializeStructVariant,
}

impl ser::SerializeMap for &mut Writer {
    type Ok = ();
    type Error = Unreadable;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Unreadable> {
        key.serialize(&mut **self)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Unreadable> {
        value.serialize(&mut **self)
    }

    fn end(self) -> Result<(), Unreadable> {
        self.0.push(END);
        Ok(())
    }
}

struct Reader<'de>(&'de [u8]);

impl<'de> Reader<'de> {
    fn kind(&self) -> Result<u8, Unreadable> {
        self.0.first().copied().ok_or(Unreadable)
    }

    fn take(&mut self) -> Result<u8, Unreadable> {
        let (first, rest) = self.0.split_first().ok_or(Unreadable)?;
        self.0 = rest;
        Ok(*first)
    }

    /// Passes a kind over if it is next.
    fn passes(&mut self, kind: u8) -> bool {
        let is_next = self.kind() == Ok(kind);
        if is_next {
            self.0 = self.0.get(1..).unwrap_or_default();
        }
        is_next
    }

    fn expect(&mut self, kind: u8) -> Result<(), Unreadable> {
        if self.passes(kind) {
            Ok(())
        } else {
            Err(Unreadable)
        }
    }

    fn number(&mut self) -> Result<u64, Unreadable> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.take()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Unreadable)
    }

    fn slice(&mut self) -> Result<&'de [u8], Unreadable> {
        let length = usize::try_from(self.number()?).map_err(|_| Unreadable)?;
        let (slice, rest) = self.0.split_at_checked(length).ok_or(Unreadable)?;
        self.0 = rest;
        Ok(slice)
    }

    fn text(&mut self) -> Result<&'de str, Unreadable> {
        self.expect(TEXT)?;
        std::str::from_utf8(self.slice()?).map_err(|_| Unreadable)
    }

    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unreadable> {
        // A field that was left out is empty.
        if self.passes(NOTHING) {
            return visitor.visit_seq(Items(None));
        }
        self.expect(LIST)?;
        self.items(visitor)
    }

    /// What is left of a list.
    fn items<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Unreadable> {
        let value = visitor.visit_seq(Items(Some(self)))?;
        // Whoever wrote this may know more fields.
        while !self.passes(END) {
            <IgnoredAny as Deserialize>::deserialize(&mut *self)?;
        }
        Ok(value)
    }
}

macro_rules! any {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            self.deserialize_any(visitor)
        }
    )*};
}

macro_rules! unsigned {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
            if self.passes(NOTHING) {
                return visitor.visit_u64(0);
            }
            self.deserialize_any(visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Unreadable;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        match self.kind()? {
            TEXT => return visitor.visit_str(self.text()?),
            LIST => return self.list(visitor),
            _ => {}
        }
        match self.take()? {
            NOTHING => visitor.visit_unit(),
            FALSE => visitor.visit_bool(false),
            TRUE => visitor.visit_bool(true),
            UNSIGNED => visitor.visit_u64(self.number()?),
            NEGATIVE => visitor.visit_i64(0_i64.wrapping_sub_unsigned(self.number()?)),
            FLOAT => {
                let (bytes, rest) = self.0.split_first_chunk().ok_or(Unreadable)?;
                self.0 = rest;
                visitor.visit_f64(f64::from_le_bytes(*bytes))
            }
            BYTES => visitor.visit_bytes(self.slice()?),
            MAP => {
                let value = visitor.visit_map(Items(Some(self)))?;
                self.expect(END)?;
                Ok(value)
            }
            _ => Err(Unreadable),
        }
    }

    any! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_f32
        deserialize_f64 deserialize_char deserialize_bytes deserialize_byte_buf deserialize_unit
        deserialize_identifier deserialize_ignored_any
    }

    unsigned! { deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.passes(NOTHING) {
            return visitor.visit_bool(false);
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.passes(NOTHING) {
            return visitor.visit_str("");
        }
        visitor.visit_str(self.text()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.passes(NOTHING) {
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.deserialize_any(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        if name == RAW {
            self.expect(LIST)?;
            let text = self.text()?;
            self.expect(END)?;
            return visitor.visit_map(RawText(Some(text), false));
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        self.list(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        self,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.list(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.list(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Unreadable> {
        if self.passes(NOTHING) {
            return visitor.visit_map(Items(None));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.list(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        visitor.visit_enum(self)
    }
}

/// Items of a list or entries of a map; none at all of what was left out.
struct Items<'a, 'de>(Option<&'a mut Reader<'de>>);

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Unreadable;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Unreadable> {
        match &mut self.0 {
            Some(reader) if reader.kind()? != END => seed.deserialize(&mut **reader).map(Some),
            _ => Ok(None),
        }
    }
}

impl<'de> MapAccess<'de> for Items<'_, 'de> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unreadable> {
        self.next_element_seed(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Unreadable> {
        match &mut self.0 {
            Some(reader) => seed.deserialize(&mut **reader),
            None => Err(Unreadable),
        }
    }
}

/// JSON that stays text, in the form in which `serde_json` takes it.
struct RawText<'de>(Option<&'de str>, bool);

impl<'de> MapAccess<'de> for RawText<'de> {
    type Error = Unreadable;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Unreadable> {
        if std::mem::replace(&mut self.1, true) {
            return Ok(None);
        }
        seed.deserialize(BorrowedStrDeserializer::new(RAW))
            .map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, Unreadable> {
        let text = self.0.take().ok_or(Unreadable)?;
        seed.deserialize(BorrowedStrDeserializer::new(text))
    }
}

impl<'a, 'de> EnumAccess<'de> for &'a mut Reader<'de> {
    type Error = Unreadable;
    type Variant = Variant<'a, 'de>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Variant<'a, 'de>), Unreadable> {
        let has_content = self.passes(LIST);
        let variant = seed.deserialize(&mut *self)?;
        Ok((variant, Variant(self, has_content)))
    }
}

/// What a variant holds, if it holds something.
struct Variant<'a, 'de>(&'a mut Reader<'de>, bool);

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = Unreadable;

    fn unit_variant(self) -> Result<(), Unreadable> {
        if self.1 { Err(Unreadable) } else { Ok(()) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, Unreadable> {
        if !self.1 {
            return Err(Unreadable);
        }
        let value = seed.deserialize(&mut *self.0)?;
        self.0.expect(END)?;
        Ok(value)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Unreadable> {
        if !self.1 {
            return Err(Unreadable);
        }
        self.0.items(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Unreadable> {
        self.tuple_variant(0, visitor)
    }
}

#[cfg(test)]
#[path = "encoding_tests.rs"]
mod tests;
