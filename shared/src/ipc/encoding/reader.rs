//! Reads values as calls between objects carry them.

use super::{
    BYTES, END, FALSE, FLOAT, LIST, MAP, NEGATIVE, NOTHING, TEXT, TRUE, UNSIGNED, Unreadable,
};
use serde::de::value::BorrowedStrDeserializer;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, EnumAccess, IgnoredAny, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

/// How `serde_json` names JSON that stays text.
const RAW: &str = "$serde_json::private::RawValue";

/// What is not read yet.
pub(super) struct Reader<'de>(pub(super) &'de [u8]);

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
pub(super) struct Variant<'a, 'de>(&'a mut Reader<'de>, bool);

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
