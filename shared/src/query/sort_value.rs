//! Values as keys of order and of groups (`query-routing-events.md` §1.8, §1.9).
//!
//! All values have one total order: null, truth values, numbers, texts, and last what is
//! not there or cannot be a key. Keys cross actors and lie in continuation tokens, so
//! numbers are written bit by bit: read back inexactly, they would lose or repeat results.

use super::ast::{Order, Query};
use super::path::Path;
use crate::ids::Identity;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::cmp::Ordering;

/// A value as a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum SortValue {
    /// JSON null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number.
    Number(#[serde(with = "exact_number")] f64),
    /// A text.
    Text(String),
    /// Undefined, an object or an array.
    Absent,
}

impl Eq for SortValue {}

impl PartialOrd for SortValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SortValue {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Bool(one), Self::Bool(other)) => one.cmp(other),
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            _ => self.rank().cmp(&other.rank()),
        }
    }
}

impl SortValue {
    /// What a document has at a path.
    pub fn of(path: &Path, document: &Value) -> Self {
        Self::from_json(path.resolve(document))
    }

    /// Of a value, or of nothing.
    pub fn from_json(value: Option<&Value>) -> Self {
        match value {
            Some(Value::Null) => Self::Null,
            Some(Value::Bool(flag)) => Self::Bool(*flag),
            // Adding zero makes -0 equal to 0.
            Some(Value::Number(number)) => number
                .as_f64()
                .map_or(Self::Absent, |number| Self::Number(number + 0.0)),
            Some(Value::String(text)) => Self::Text(text.clone()),
            Some(Value::Array(_) | Value::Object(_)) | None => Self::Absent,
        }
    }

    /// As a result shows it; `None`: the member is left out.
    pub fn to_json(&self) -> Option<Value> {
        match self {
            Self::Null => Some(Value::Null),
            Self::Bool(flag) => Some(Value::Bool(*flag)),
            Self::Number(number) => Some(number_to_json(*number)),
            Self::Text(text) => Some(Value::from(text.as_str())),
            Self::Absent => None,
        }
    }

    /// Before or behind another; what is absent is last in either direction.
    pub fn compare(&self, other: &Self, descending: bool) -> Ordering {
        if descending && *self != Self::Absent && *other != Self::Absent {
            other.cmp(self)
        } else {
            self.cmp(other)
        }
    }

    /// Bytes that a group with this key costs at most.
    pub fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            _ => 8,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Null => 0,
            Self::Bool(_) => 1,
            Self::Number(_) => 2,
            Self::Text(_) => 3,
            Self::Absent => 4,
        }
    }
}

/// Whole numbers are written without a fraction, as devices wrote them.
pub fn number_to_json(number: f64) -> Value {
    if number.fract() == 0.0 && number.abs() < 9e15 {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
}

/// Numbers bit by bit.
pub mod exact_number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the bits.
    pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        number.to_bits().serialize(serializer)
    }

    /// Reads the bits.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        u64::deserialize(deserializer).map(f64::from_bits)
    }
}

/// Where a document stands in its collection: the order of all lists.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DocumentKey {
    /// The device.
    pub device: String,
    /// The module, or nothing.
    #[serde(default)]
    pub module: String,
}

impl DocumentKey {
    /// Of an identity.
    pub fn of(identity: &Identity) -> Self {
        Self {
            device: identity.device.as_str().to_owned(),
            module: identity.module_key().to_owned(),
        }
    }
}

/// Where a result stands among the results of a query that gives one per document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// What `ORDER BY` names; absent without it.
    pub value: SortValue,
    /// Decides between equal values.
    pub key: DocumentKey,
}

impl Place {
    /// Of a document.
    pub fn of(order: Option<&Order>, document: &Value, key: DocumentKey) -> Self {
        Self {
            value: order.map_or(SortValue::Absent, |order| {
                SortValue::of(&order.path, document)
            }),
            key,
        }
    }

    /// Before or behind another.
    pub fn compare(&self, other: &Self, query: &Query) -> Ordering {
        self.value
            .compare(&other.value, query.is_descending())
            .then_with(|| self.key.cmp(&other.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn absent_is_last_in_both_directions() {
        let (low, high) = (SortValue::Number(1.0), SortValue::Text("a".into()));
        assert_eq!(low.compare(&high, false), Ordering::Less);
        assert_eq!(low.compare(&high, true), Ordering::Greater);
        for descending in [false, true] {
            assert_eq!(low.compare(&SortValue::Absent, descending), Ordering::Less);
            assert_eq!(
                SortValue::Absent.compare(&high, descending),
                Ordering::Greater
            );
        }
    }

    proptest! {
        #[test]
        fn numbers_survive_the_way_between_actors(number in any::<f64>()) {
            prop_assume!(number.is_finite());
            let text = serde_json::to_string(&SortValue::Number(number)).unwrap();
            prop_assert_eq!(serde_json::from_str::<SortValue>(&text).unwrap(), SortValue::Number(number));
        }
    }
}
