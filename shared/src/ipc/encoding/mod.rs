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
use reader::Reader;
use serde::de::{self, DeserializeOwned, Expected, Unexpected};
use serde::ser::{self, Serialize};
use std::fmt;
use writer::Writer;

mod reader;
#[cfg(test)]
mod tests;
mod writer;

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
