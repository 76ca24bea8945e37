//! Things that are kept as JSON and travel between objects as they are kept.
//!
//! A call has a form of its own (`encoding`), which needs code for each type. What is read from
//! rows as JSON anyway needs no second form: an outbox hands its rows on unread, and the worker
//! carries one reader and one writer of such a type instead of two.

use crate::error::HubError;
use crate::reading;
use serde::de::{DeserializeOwned, Error as _};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::marker::PhantomData;

/// A `T` as JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Stored<T> {
    text: String,
    #[serde(skip)]
    kind: PhantomData<T>,
}

impl<T> Stored<T> {
    /// A row, as it is kept.
    pub fn from_row(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            kind: PhantomData,
        }
    }

    /// The JSON text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl<T: Serialize> Stored<T> {
    /// Of a value.
    pub fn of(value: &T) -> Result<Self, HubError> {
        Ok(Self {
            text: write(value)?,
            kind: PhantomData,
        })
    }
}

impl<T: DeserializeOwned> Stored<T> {
    /// The value.
    pub fn read(&self) -> Result<T, HubError> {
        reading::from_str(&self.text)
            .map_err(|error| HubError::internal(format!("a document cannot be read: {error}")))
    }
}

fn write<T: Serialize>(value: &T) -> Result<String, HubError> {
    serde_json::to_string(value).map_err(|error| HubError::internal(error.to_string()))
}

/// For `#[serde(with)]`: a field that travels as JSON text.
pub fn serialize<T: Serialize, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&write(value).map_err(|error| S::Error::custom(error.message))?)
}

/// For `#[serde(with)]`: a field that travels as JSON text.
pub fn deserialize<'de, T: DeserializeOwned, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Box<T>, D::Error> {
    let text = String::deserialize(deserializer)?;
    reading::from_str(&text)
        .map(Box::new)
        .map_err(D::Error::custom)
}
